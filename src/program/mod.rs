//! Programs in other languages than the shell's, in arguments, on standard input and in files.
//!
//! Each language is lowered to one small tree ([`tree`]), which one abstract interpreter walks. A
//! call that matters becomes the command that does the same, and is judged as that command: what
//! the calls of a language do is data, in `rules/program/`. Never decides, and never runs anything.

#![allow(
    dead_code,
    unused_imports,
    reason = "the languages that lower to the tree come next"
)]

pub mod pack;
mod syntax;
pub mod tree;

use tree::Program;

/// A language, as far as the evaluator needs to know it.
pub(crate) struct Language {
    /// The name of its pack in `rules/program/`.
    pub(crate) name: &'static str,
    pub(crate) parse: fn(&str) -> Program,
}
