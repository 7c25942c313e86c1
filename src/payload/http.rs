//! HTTP clients: which request they would send.

use crate::rules::{Call, Findings};

pub fn analyze_curl(_call: &Call<'_>, _findings: &mut Findings) {}

pub fn analyze_wget(_call: &Call<'_>, _findings: &mut Findings) {}

pub fn analyze_httpie(_call: &Call<'_>, _findings: &mut Findings) {}
