//! Every integration test, in one binary; one file per feature.

mod oracle;
