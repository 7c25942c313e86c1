//! PostgreSQL statements: what each would lose.

mod scan;
mod source;
mod tree;
