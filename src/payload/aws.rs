//! The AWS operation model: which of the operations loses what.

use crate::rules::{Call, Findings};

pub fn analyze(_call: &Call<'_>, _findings: &mut Findings) {}
