//! Every integration test, in one binary; one file per feature.

mod harness;
mod oracle;
mod shell_forms;
mod shims;
mod transparency;
