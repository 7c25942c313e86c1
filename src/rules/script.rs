//! Programs that are scripts of a shell: `./deploy.sh`.

use super::Findings;
use crate::context::World;
use crate::resolve::Command;

/// Follows the file that the program word names, if it is a shell script; false if it is not.
pub(super) fn follow(
    _command: &Command,
    _program: &str,
    _world: &dyn World,
    _findings: &mut Findings,
) -> bool {
    false
}
