//! Facts about the world, behind one trait.
//!
//! Owns every look at files, variables and the system before a verdict. Never writes, and never
//! runs what is judged or anything else.

mod world;

pub use world::{PathStatus, ReadError, System, World};
