//! Every integration test, in one binary; one file per feature.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up must fail"
)]

mod harness;
mod http;
mod oracle;
mod railway;
mod shell_forms;
mod shims;
mod transparency;
