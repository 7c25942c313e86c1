//! Packs: which CLI a command belongs to, its grammar, what it does and how that is undone.
//!
//! Owns the facts. Never decides: policy does.

pub mod argv;
pub mod check;
mod condition;
mod delegate;
pub mod document;
pub mod explain;
pub mod grammar;
mod input;
pub(crate) mod lookup;
mod matcher;
mod own;
pub(crate) mod paths;
mod place;
pub(crate) mod request;
pub mod schema;
mod script;
mod split;
mod target;
mod verb;
mod write;

pub(crate) use crate::payload::later::left_to_run;
pub(crate) use delegate::{origin_of, packaged};
pub(crate) use input::replaced;
pub use matcher::judge;
pub(crate) use paths::{deletion, overwriting};
pub(crate) use request::known as known_request;
pub(crate) use script::{from_stdin as script_from_stdin, interpreter, run as script};
pub(crate) use verb::deletes;
