//! `guard` stops an agent's irreversible shell commands until a person types the name of what
//! would be lost. `ARCHITECTURE.md` has the flow and the laws.

pub mod call;
pub mod cli;
pub mod context;
pub mod effect;
pub mod gate;
pub mod intercept;
pub mod invocation;
pub mod judge;
pub mod location;
pub mod packs;
pub mod payload;
pub mod policy;
mod printed;
pub mod program;
pub mod report;
pub mod resolve;
pub mod rules;
pub mod runner;
mod shared_map;
pub mod shell;
pub mod supervise;
pub mod sys;
mod wildcard;
pub mod world;

pub use intercept::run;
