//! The process that guard is: its descriptors, the programs on `PATH`, and becoming one of them.
//!
//! Owns what has to happen around a judgement so that nobody sees that there was one. Never
//! judges, and never starts anything besides the program that guard stands in for.

#![allow(clippy::disallowed_methods, reason = "this is guard's own process")]

mod process;
mod program;
mod stack;
mod stdin;
mod watch;

pub use process::{
    account_home, hold_standard_descriptors, links_prefix, replace, shim_directory, terminals,
    working_directory,
};
pub use program::{LINKS_MARKER, Lookup, LookupError, Real};
pub use stack::on_own_stack;
pub use stdin::{Patience, Peek, Unseen, peek};
pub use watch::Watch;
