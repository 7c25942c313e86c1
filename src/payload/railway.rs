//! What `railway` hands on beyond its own command tree.

use crate::rules::{Call, Findings};

pub fn analyze(_call: &Call<'_>, _findings: &mut Findings) {}
