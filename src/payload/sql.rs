//! PostgreSQL statements: what each would lose.
