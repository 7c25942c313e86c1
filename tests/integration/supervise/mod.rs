//! Supervision: whatever the disguise, what the kernel is asked to do decides.

mod attacks;
mod place;
mod ways;
