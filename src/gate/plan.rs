//! What would run, exactly, with everything that an approval of it is bound to.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Failure;
use super::digest::{Canonical, Digest};
use crate::effect::Assessment;
use crate::world::{INPUT, ReadError, System, World};

/// How guard was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// As somebody's shell.
    Shell,
    /// As a program on `PATH`.
    Shim,
    /// By name: `guard -- command`.
    Direct,
    /// As a system call that the supervisor saw.
    Supervised,
}

impl Entry {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Shim => "shim",
            Self::Direct => "direct",
            Self::Supervised => "supervised",
        }
    }
}

/// What the stages before the gate know.
#[derive(Clone, Debug)]
pub struct Draft {
    pub entry: Entry,
    /// The real program: never a link to guard.
    pub program: PathBuf,
    /// Handed on as it is, `argv[0]` too.
    pub argv: Vec<OsString>,
    /// What the program gets as `PATH` instead of guard's own: a person's shell gets the shims.
    pub path: Option<OsString>,
    pub cwd: PathBuf,
    /// The command as it was written: what a person gets to see, and what spans point into.
    pub text: String,
    pub assessment: Assessment,
    /// Parts of the argv that an agent's harness makes anew for every command and that decide
    /// nothing (`/tmp/claude-4f1c-cwd`). An approval is not bound to them.
    pub scaffolding: Vec<String>,
}

impl Draft {
    /// The paths on this machine that its effects name: whoever approves them approves that
    /// everything below them goes.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        let effects = self.assessment.effects.iter();
        effects
            .filter(|effect| effect.is_on_files())
            .filter_map(|effect| Some(self.cwd.join(effect.target.name.as_deref()?)))
            .collect()
    }
}

/// A draft together with the state of the world that it was judged in.
#[derive(Debug)]
#[must_use]
pub struct Plan {
    pub(in crate::gate) draft: Draft,
    bound: Bound,
}

/// The part of the world that decided the assessment.
#[derive(Debug, Default)]
struct Bound {
    /// Which file the program path led to.
    program: Option<(u64, u64)>,
    files: Vec<(PathBuf, Digest)>,
    environment: BTreeMap<String, Option<String>>,
}

/// Variables that choose what a command runs without any rule asking for them.
const DECISIVE: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "HOME",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "PATH",
    "ZDOTDIR",
];

impl Plan {
    /// Binds a draft to what its assessment was made from.
    pub fn new(draft: Draft, world: &dyn World) -> Self {
        let assessment = &draft.assessment;
        // Nothing to approve means nothing to bind: most commands end here.
        let bound = if assessment.effects.is_empty()
            && assessment.opaque.is_empty()
            && assessment.unlisted.is_empty()
        {
            Bound::default()
        } else {
            Bound::new(&draft, world)
        };
        Self { draft, bound }
    }

    /// The digest that an approval names.
    #[must_use]
    pub(in crate::gate) fn digest(&self) -> Digest {
        let draft = &self.draft;
        let mut form = Canonical::new("guard plan 1");
        form.field(draft.entry.as_str());
        form.field(draft.program.as_os_str().as_bytes());
        let (device, inode) = self.bound.program.unwrap_or_default();
        form.field(device.to_be_bytes());
        form.field(inode.to_be_bytes());
        form.count(draft.argv.len());
        for argument in &draft.argv {
            form.field(without(argument.as_bytes(), &draft.scaffolding));
        }
        form.field(draft.cwd.as_os_str().as_bytes());
        form.field(without(draft.text.as_bytes(), &draft.scaffolding));
        form.count(draft.assessment.effects.len());
        for effect in &draft.assessment.effects {
            form.field(effect.rule.to_string());
            form.field(effect.target.to_string());
            form.field(effect.target.tier.as_str());
            form.field(effect.reversibility.class().as_str());
        }
        form.count(draft.assessment.opaque.len());
        for opaque in &draft.assessment.opaque {
            form.field(&opaque.reason);
        }
        form.count(self.bound.files.len());
        for (path, content) in &self.bound.files {
            form.field(path.as_os_str().as_bytes());
            form.field(content.as_str());
        }
        form.count(self.bound.environment.len());
        for (name, value) in &self.bound.environment {
            form.field(name);
            form.field(if value.is_some() { "=" } else { "" });
            form.field(value.as_deref().unwrap_or_default());
        }
        form.finish()
    }

    /// Whether everything is still as it was judged: a question may have waited for minutes.
    pub(in crate::gate) fn unchanged(&self) -> Result<(), Failure> {
        let draft = &self.draft;
        if identity(&draft.program) != self.bound.program {
            return Err(Failure::Changed(draft.program.clone()));
        }
        let world = System::new(draft.cwd.clone());
        // Standard input is guard's own by now: nobody can change it.
        let files = || {
            let bound = self.bound.files.iter();
            bound.filter(|(path, _)| path.as_os_str() != INPUT)
        };
        for (path, _) in files() {
            // Errors are remembered like contents: a file that was missing must still be missing.
            let _ = world.read(path);
        }
        for (before, after) in files().zip(contents(&world)) {
            if *before != after {
                return Err(Failure::Changed(before.0.clone()));
            }
        }
        Ok(())
    }
}

impl Bound {
    fn new(draft: &Draft, world: &dyn World) -> Self {
        let named = draft
            .assessment
            .effects
            .iter()
            .flat_map(|effect| &effect.evidence)
            .filter_map(|evidence| evidence.source.strip_prefix("environment variable "))
            .map(|name| name.split_whitespace().next().unwrap_or(name));
        let environment = named
            .chain(DECISIVE.iter().copied())
            .map(|name| (name.to_owned(), world.env(name)))
            .collect();
        // A file of a harness's own that is not there yet has another name the next time.
        let is_fresh = |path: &Path| {
            draft.scaffolding.iter().any(|part| Path::new(part) == path)
                && matches!(world.read(path), Err(ReadError::Missing(_)))
        };
        let mut files = contents(world);
        files.retain(|(path, _)| !is_fresh(path));
        Self {
            program: identity(&draft.program),
            files,
            environment,
        }
    }
}

fn identity(program: &Path) -> Option<(u64, u64)> {
    fs::metadata(program)
        .ok()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}

fn contents(world: &dyn World) -> Vec<(PathBuf, Digest)> {
    world
        .files_read()
        .into_iter()
        .map(|(path, content)| (path, Digest::of(&content)))
        .collect()
}

fn without(bytes: &[u8], scaffolding: &[String]) -> Vec<u8> {
    let mut rest = bytes;
    let mut kept = Vec::with_capacity(bytes.len());
    while let Some((first, tail)) = rest.split_first() {
        let part = scaffolding
            .iter()
            .find(|part| !part.is_empty() && rest.starts_with(part.as_bytes()));
        if let Some(part) = part {
            kept.push(0);
            rest = rest.get(part.len()..).unwrap_or_default();
        } else {
            kept.push(*first);
            rest = tail;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{draft, loss, world};
    use super::*;

    #[test]
    fn the_digest_changes_with_everything_that_was_shown() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        fs::write(here.join("wipe.sql"), "drop table a").unwrap();
        let of = |draft: Draft| Plan::new(draft, &world(&draft_cwd(here), &["wipe.sql"])).digest();
        let base = || draft(here, vec![loss("volume-delete", "pg-data")]);
        let digest = of(base());
        assert_eq!(digest, of(base()));
        type Change = fn(&mut Draft);
        let changes: [(&str, Change); 7] = [
            ("argv", |draft| draft.argv.push("more".into())),
            ("argv[0]", |draft| draft.argv[0] = "bash".into()),
            ("cwd", |draft| draft.cwd = "/".into()),
            ("text", |draft| draft.text.push(' ')),
            ("target", |draft| {
                draft.assessment.effects = vec![loss("volume-delete", "pg-data2")];
            }),
            ("one more", |draft| {
                let again = draft.assessment.effects[0].clone();
                draft.assessment.effects.push(again);
            }),
            ("program", |draft| draft.program = "/bin/ls".into()),
        ];
        for (what, change) in changes {
            let mut changed = base();
            change(&mut changed);
            assert_ne!(digest, of(changed), "{what}");
        }
        fs::write(here.join("wipe.sql"), "drop table b").unwrap();
        assert_ne!(digest, of(base()), "file");
        fs::remove_file(here.join("wipe.sql")).unwrap();
        assert_ne!(digest, of(base()), "missing file");
    }

    #[test]
    fn standard_input_that_was_read_counts() {
        let here = Path::new("/");
        let of = |input: Option<&str>| {
            let world = world(here, &[]);
            if let Some(input) = input {
                world.remember_input(input);
            }
            let plan = Plan::new(draft(here, vec![loss("volume-delete", "x")]), &world);
            assert!(plan.unchanged().is_ok());
            plan.digest()
        };
        assert_eq!(of(Some("a")), of(Some("a")));
        assert_ne!(of(Some("a")), of(Some("b")));
        assert_ne!(of(Some("")), of(None));
    }

    fn draft_cwd(path: &Path) -> PathBuf {
        path.to_owned()
    }

    #[test]
    fn what_a_harness_makes_anew_does_not_count() {
        let of = |text: &str, scaffolding: &str| {
            let mut draft = draft(Path::new("/"), vec![loss("volume-delete", "pg-data")]);
            draft.argv.push(text.into());
            draft.scaffolding = vec![scaffolding.to_owned()];
            // Whoever judges a redirection looks at where it goes.
            let file = text.rsplit(' ').next().unwrap();
            Plan::new(draft, &world(Path::new("/"), &[file])).digest()
        };
        assert_eq!(
            of("x >| /tmp/c-1-cwd", "/tmp/c-1-cwd"),
            of("x >| /tmp/c-2-cwd", "/tmp/c-2-cwd")
        );
        assert_ne!(
            of("x >| /tmp/c-1-cwd", "/tmp/c-1-cwd"),
            of("y >| /tmp/c-2-cwd", "/tmp/c-2-cwd")
        );
        assert_ne!(of("x >| /tmp/c-1-cwd", ""), of("x >| /tmp/c-2-cwd", ""));
    }

    #[test]
    fn a_change_while_the_question_waits_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        fs::write(here.join("a.sql"), "drop table a").unwrap();
        let plan = Plan::new(
            draft(here, vec![loss("volume-delete", "pg-data")]),
            &world(here, &["a.sql", "missing.sql"]),
        );
        assert!(plan.unchanged().is_ok());
        fs::write(here.join("missing.sql"), "now there").unwrap();
        assert!(matches!(plan.unchanged(), Err(Failure::Changed(_))));
        fs::remove_file(here.join("missing.sql")).unwrap();
        assert!(plan.unchanged().is_ok());
        fs::write(here.join("a.sql"), "drop table b").unwrap();
        assert!(matches!(plan.unchanged(), Err(Failure::Changed(_))));
    }
}
