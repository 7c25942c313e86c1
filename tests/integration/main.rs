//! Every integration test, in one binary; one file per feature.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up must fail"
)]

mod added_packs;
mod approval;
mod audit;
mod aws;
mod bad_input;
mod bypasses;
mod cases;
mod evasion;
mod exec;
mod families;
mod grammar;
mod harness;
mod http;
mod install;
mod mutation;
mod names;
mod oracle;
mod ordinary;
mod policy;
mod postgres;
mod program;
mod railway;
mod real_clis;
mod runners;
mod scripts;
mod shell_forms;
mod shell_pack;
mod shims;
mod stage;
mod supervise;
mod teams;
mod transparency;
mod wrappers;
