//! Programs that start others, each run for real: what is asked about is really lost, and what is
//! not asked about really runs.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use guard::judge::{Subject, assess};
use guard::policy::{Decision, Policy};
use guard::report::Report;
use guard::resolve::Stdin;
use guard::world::System;

use crate::cases;

const SEARCH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Nothing of the corpus takes longer by itself.
const PATIENCE: Duration = Duration::from_secs(60);

struct Case {
    line: &'static str,
    needs: Vec<&'static str>,
    template: &'static str,
}

impl Case {
    fn all() -> Vec<Self> {
        let lines = include_str!("../corpus/wrappers.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| {
                let (needs, template) = line.split_once(": ").expect("`needs: text`");
                Self {
                    line,
                    needs: needs.split(' ').collect(),
                    template,
                }
            })
            .collect()
    }

    fn fill(&self, program: &str, path: &str) -> String {
        self.template
            .replace("{cmd}", &format!("{program} {path}"))
            .replace("{do}", program)
            .replace("{to}", path)
    }

    fn destructive(&self) -> String {
        self.fill("rm -rf", "data")
    }

    fn harmless(&self) -> String {
        self.fill("touch", "ran")
    }

    fn twin_asks(&self) -> bool {
        self.needs.contains(&"asks")
    }

    /// Whether everything is here that a real run needs.
    fn runs_here(&self) -> bool {
        self.needs.iter().all(|need| match *need {
            "-" => false,
            "asks" => true,
            "root" => is_root(),
            program => SEARCH
                .split(':')
                .any(|directory| Path::new(directory).join(program).is_file()),
        })
    }
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// A place with something to lose in it.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        // Not below /tmp, where deletions are nobody's loss.
        let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir_all(place.path().join("work/data")).unwrap();
        fs::create_dir(place.path().join("home")).unwrap();
        fs::write(place.path().join("work/data/a"), "the only copy\n").unwrap();
        Self(place)
    }

    fn work(&self) -> PathBuf {
        self.0.path().join("work")
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    fn variables(&self) -> [(&'static str, String); 10] {
        [
            ("PATH", SEARCH.to_owned()),
            ("HOME", self.home().to_string_lossy().into_owned()),
            ("TERM", "xterm".to_owned()),
            // Not the repository that the tests are in.
            (
                "GIT_CEILING_DIRECTORIES",
                self.0.path().to_string_lossy().into_owned(),
            ),
            ("LANG", "C.UTF-8".to_owned()),
            ("SHELL", "/bin/bash".to_owned()),
            ("GIT_AUTHOR_NAME", "a".to_owned()),
            ("GIT_AUTHOR_EMAIL", "a@b".to_owned()),
            ("GIT_COMMITTER_NAME", "a".to_owned()),
            ("GIT_COMMITTER_EMAIL", "a@b".to_owned()),
        ]
    }

    fn decision(&self, text: &str) -> (Decision, String) {
        let variables = self.variables();
        let variables = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let world = System::with_environment(self.work(), variables);
        let assessment = assess(&Subject::script(text), Stdin::Empty, &world);
        let report = Report::new(text, &self.work(), &assessment, &Policy::builtin());
        let holes = report.asked_opaque().map(|hole| hole.reason.clone());
        let rules = report.asked().into_iter().map(|item| item.rule.to_string());
        let why: Vec<String> = holes.chain(rules).collect();
        (report.verdict, why.join("; "))
    }

    /// Runs the text with nothing in its way.
    fn run(&self, text: &str) {
        let mut shell = Command::new("bash")
            .args(["-c", text])
            .current_dir(self.work())
            .env_clear()
            .envs(self.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let end = Instant::now() + PATIENCE;
        while shell.try_wait().unwrap().is_none() {
            if Instant::now() > end {
                let group = format!("-{}", shell.id());
                let _ = Command::new("kill").args(["-9", "--", &group]).status();
                let _ = shell.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // A server or a daemon that the text started does its work a moment later.
        let settled = Instant::now() + Duration::from_millis(1500);
        while self.kept() && !self.ran() && Instant::now() < settled {
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    fn kept(&self) -> bool {
        self.work().join("data/a").exists()
    }

    fn ran(&self) -> bool {
        self.work().join("ran").exists()
    }
}

#[test]
fn what_wrappers_lose_is_asked_about_and_their_twins_are_not() {
    let scene = Scene::new();
    cases::repository(&scene.work());
    let mut wrong = Vec::new();
    let cases = Case::all();
    assert!(cases.len() > 500, "the corpus is there: {}", cases.len());
    for case in &cases {
        let (decision, _) = scene.decision(&case.destructive());
        if decision == Decision::Allow {
            wrong.push(format!("missed: {}", case.destructive()));
        }
        let (decision, why) = scene.decision(&case.harmless());
        if (decision == Decision::Allow) == case.twin_asks() {
            wrong.push(format!("twin: {decision:?} {}  ({why})", case.harmless()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrappers_really_lose_it_and_their_twins_really_run() {
    let cases: Vec<Case> = Case::all().into_iter().filter(Case::runs_here).collect();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let idle = Mutex::new(Vec::new());
    let confirmed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let loser = Scene::new();
                    loser.run(&case.destructive());
                    let twin = Scene::new();
                    twin.run(&case.harmless());
                    let (lost, ran) = (!loser.kept(), twin.ran() && twin.kept());
                    if lost && ran {
                        confirmed.fetch_add(1, Ordering::Relaxed);
                    } else if lost || ran {
                        let line = format!("lost {lost}, twin ran {ran}: {}", case.line);
                        wrong.lock().unwrap().push(line);
                    } else {
                        // A sandbox, a kernel or a version in which the program does not work.
                        idle.lock().unwrap().push(case.line);
                    }
                }
            });
        }
    });
    let (wrong, idle) = (wrong.into_inner().unwrap(), idle.into_inner().unwrap());
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    let confirmed = confirmed.into_inner();
    eprintln!(
        "{confirmed} of {} ways ran for real; did not work here: {idle:#?}",
        cases.len()
    );
    assert!(
        confirmed * 10 >= cases.len() * 9,
        "most of what is installed works"
    );
}
