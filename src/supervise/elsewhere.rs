//! Systems whose kernel does not let guard look on.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use crate::packs::Packs;
use crate::policy::Policy;

/// Never made: there is none on this system.
#[derive(Debug)]
pub enum Supervisor {}

impl Supervisor {
    pub fn new(
        _packs: Rc<Packs>,
        _policy: Policy,
        _approved: Vec<PathBuf>,
    ) -> Result<Self, String> {
        Err("there is no supervisor on this system".to_owned())
    }

    pub(crate) fn enter(self) -> io::Result<()> {
        match self {}
    }
}

/// Whether this system can supervise; the error says why not.
pub fn probe() -> Result<(), String> {
    Err("supervision needs Linux on x86-64 or aarch64".to_owned())
}
