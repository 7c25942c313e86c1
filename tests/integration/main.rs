//! Every integration test, in one binary; one file per feature.

mod harness;
mod shell_forms;
mod shims;
mod transparency;
