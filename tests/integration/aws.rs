//! The aws pack: what it says of command lines, and what a real `aws` does to a real server.

mod classes;
mod context;
mod model;
mod moto;

pub(crate) use moto::Server;

use std::collections::BTreeMap;
use std::path::PathBuf;

use guard::effect::{Assessment, Class};
use guard::judge::{Subject, assess};
use guard::resolve::Stdin;
use guard::world::System;

/// This machine with an environment and a home of the test's own.
struct Machine {
    work: PathBuf,
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
            work,
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
        let variables = self
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let world = System::with_environment(self.work.clone(), variables);
        assess(&Subject::script(script), Stdin::Empty, &world)
    }

    fn class(&self, script: &str) -> Class {
        self.assess(script).class()
    }
}
