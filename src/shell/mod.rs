//! Text → AST, by the grammar of the shell that reads it.
//!
//! Owns syntax: every byte of the source ends in a node, in a hole or in trivia (blanks,
//! comments, separators). Never looks at the world and never expands anything.

mod ast;
mod condition;
mod dialect;
mod foreign;
mod heredoc;
mod parser;
mod word;
mod zsh_command;
mod zsh_parameter;

pub use ast::{
    AndOrOperator, ArmEnd, Assignment, AssignmentValue, CaseArm, Compound, CompoundKind, Condition,
    Hole, Node, Operator, Parameter, Piece, Redirection, RedirectionOperator, RedirectionTarget,
    Script, SimpleCommand, Subscript, Word, ZshExpansion, ZshFlag,
};
pub use dialect::{Dialect, ZshOption};
pub use parser::parse;
pub(crate) use parser::{DECLARATIONS, is_name};
pub(crate) use word::ansi_c;
