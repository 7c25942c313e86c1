//! From argv to the program that guard becomes: one line for each way in.

use std::ffi::OsString;
use std::io::Write;

use crate::cli;
use crate::invocation::{ShellLine, Start};
use crate::sys::{self, Lookup, LookupError, Real};

/// Runs guard as it was started; returns the exit status. Returning at all means that guard did
/// not become another program.
#[must_use]
pub fn run(argv: Vec<OsString>) -> u8 {
    let Some(start) = Start::of(&argv) else {
        return fail(cli::FAILED, "started without argv[0]");
    };
    let prepared = match start {
        Start::Own => return cli::run(&argv),
        Start::Shell(name) => shell(name, argv),
        Start::Shim { program } => lookup().and_then(|lookup| {
            let real = lookup.find(&program)?;
            Ok(Prepared {
                real,
                argv,
                interactive: false,
            })
        }),
        Start::Direct { argv } => direct(argv),
        Start::DirectScript { argv } => shell(crate::invocation::ShellName::Bash, argv),
    };
    match prepared {
        Ok(prepared) => go(&prepared),
        Err(error) => fail(error.status(), &error.to_string()),
    }
}

/// What would run.
struct Prepared {
    real: Real,
    argv: Vec<OsString>,
    /// A person's shell: guard's shims go first on its `PATH`.
    interactive: bool,
}

fn lookup() -> Result<Lookup, LookupError> {
    Lookup::new(std::env::var_os("PATH"))
}

fn shell(name: crate::invocation::ShellName, argv: Vec<OsString>) -> Result<Prepared, LookupError> {
    let (real, flavor) = lookup()?.shell(name)?;
    let line = ShellLine::read(flavor, &argv);
    let interactive = line.is_ok_and(|line| line.is_interactive(sys::terminals()));
    Ok(Prepared {
        real,
        argv,
        interactive,
    })
}

fn direct(argv: Vec<OsString>) -> Result<Prepared, LookupError> {
    let program = argv.first().cloned().unwrap_or_default();
    let real = lookup()?.find(&program)?;
    Ok(Prepared {
        real,
        argv,
        interactive: false,
    })
}

/// The seam: what is judged, is judged before this line.
fn go(prepared: &Prepared) -> u8 {
    let _ = prepared.interactive;
    let error = sys::become_program(&prepared.real.path, &prepared.argv, None);
    fail(126, &format!("{}: {error}", prepared.real.path.display()))
}

fn fail(status: u8, message: &str) -> u8 {
    // Nobody may be left to read it; the status says the same.
    let _ = writeln!(std::io::stderr(), "guard: {message}");
    status
}
