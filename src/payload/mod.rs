//! Languages inside arguments and standard input.
//!
//! Owns what a pack's data cannot say: SQL, HTTP requests and GraphQL, the AWS operation model,
//! `find` expressions. Never decides.
