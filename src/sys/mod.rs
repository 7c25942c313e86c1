//! The process that guard is: its descriptors, and the programs on `PATH`.
//!
//! Owns what has to happen around a judgement so that nobody sees that there was one. Never
//! judges, and never starts anything.

mod process;
mod program;
mod stdin;

pub use process::{hold_standard_descriptors, terminals};
pub use program::{LINKS_MARKER, Lookup, LookupError, Real, shim_directory};
pub use stdin::{Peek, Unseen, peek};
