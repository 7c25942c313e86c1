//! Supervision: whatever the disguise, what the kernel is asked to do decides.

mod attacks;
mod held;
mod place;
mod transparent;
mod ways;
