//! The expression of `find`.

use crate::rules::{Call, Findings};

pub fn analyze(_call: &Call<'_>, _findings: &mut Findings) {}
