//! The aws pack: what it says of command lines, and what a real `aws` does to a real server.

mod classes;
mod context;
mod model;
mod moto;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use guard::context::{PathStatus, ReadError, System, World};
use guard::effect::{Assessment, Class};
use guard::judge::{Subject, assess};
use guard::resolve::Stdin;

/// This machine with an environment and a home of the test's own.
struct Machine {
    system: System,
    environment: BTreeMap<String, String>,
    home: tempfile::TempDir,
}

impl Machine {
    fn new(environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        // Not below /tmp for the rules: a workspace of its own.
        let work = home.path().join("work");
        std::fs::create_dir(&work).unwrap();
        let mut environment: BTreeMap<_, _> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        environment.insert("HOME".to_owned(), home.path().display().to_string());
        Self {
            system: System::new(work),
            environment,
            home,
        }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn assess(&self, script: &str) -> Assessment {
        assess(&Subject::script(script), Stdin::Empty, self)
    }

    fn class(&self, script: &str) -> Class {
        self.assess(script).class()
    }
}

impl World for Machine {
    fn env(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }
    fn cwd(&self) -> &Path {
        self.system.cwd()
    }
    fn home_of(&self, user: &str) -> Option<PathBuf> {
        self.system.home_of(user)
    }
    fn user(&self) -> Option<String> {
        self.system.user()
    }
    fn read(&self, path: &Path) -> Result<String, ReadError> {
        self.system.read(path)
    }
    fn status(&self, path: &Path) -> PathStatus {
        self.system.status(path)
    }
    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        self.system.canonical(path)
    }
    fn list(&self, path: &Path, limit: usize) -> Option<(Vec<String>, bool)> {
        self.system.list(path, limit)
    }
    fn files_read(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.system.files_read()
    }
}
