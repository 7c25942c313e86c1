//! Supervision on Linux: the kernel's own view of what a command and all below it do.
//!
//! Owns the trap at each program that starts and each file that is taken away, by seccomp user
//! notification, without privileges. What waits there is judged by the same rules as text is, and
//! goes on only with the gate's leave. Must never judge by itself.
//!
//! Other systems compile without it, and say so.

#![allow(
    clippy::disallowed_methods,
    reason = "it looks at processes that wait for it"
)]

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod elsewhere;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod linux;

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
pub use elsewhere::{Supervisor, probe};
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub use linux::{Supervisor, probe};
