//! From the AST to the commands as the kernel would see them.
//!
//! Owns expansion, functions, builtins and nested shell text. Never knows what a command means.

mod command;
mod text;

pub use command::{Argument, Command, Directory, Environment, Redirection, RedirectionKind, Stdin};
pub use text::{Part, Text};
