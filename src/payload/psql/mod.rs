//! What psql reads and runs.

use crate::rules::{Call, Findings};

pub fn analyze(_call: &Call<'_>, _findings: &mut Findings) {}
