//! Programs in other languages: each is run for real in a directory of its own, and what it lost
//! is compared with the verdict.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use guard::judge::Subject;
use guard::resolve::{Stdin, Text};

use crate::cases;

/// What must still be there, and hold this.
const PRECIOUS: &[&str] = &["data/a", "data/sub/b", "keep.txt", "other.db"];

/// What a case says of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// It really loses something, and is asked about.
    Loses,
    /// It really loses nothing, and runs unasked.
    Keeps,
    /// It is not run (it needs a network or a server), and is asked about.
    Asks,
    /// It is not run, and runs unasked.
    Passes,
    /// It really loses something that guard cannot name, and is asked about, except from a file
    /// that is kept.
    Unnamed,
    /// It loses nothing here, and is asked about all the same: what it does is not seen. From a
    /// file that is kept it runs unasked.
    Unseen,
}

struct Case<'c> {
    mark: Mark,
    program: &'c str,
}

fn read(corpus: &str) -> Vec<Case<'_>> {
    corpus
        .split("\n----\n")
        .map(|case| {
            let (mark, program) = case.trim_start().split_once('\n').unwrap();
            let mark = match mark {
                "loses" => Mark::Loses,
                "keeps" => Mark::Keeps,
                "asks" => Mark::Asks,
                "passes" => Mark::Passes,
                "unnamed" => Mark::Unnamed,
                "unseen" => Mark::Unseen,
                other => panic!("no mark: {other}"),
            };
            Case { mark, program }
        })
        .collect()
}

fn fill(root: &Path) {
    cases::fill(root, PRECIOUS);
    fs::write(root.join("list.txt"), "data/a\nkeep.txt\n").unwrap();
    fs::write(
        root.join("config.json"),
        "{\"target\":\"keep.txt\",\"n\":1}\n",
    )
    .unwrap();
    fs::write(
        root.join("helper.py"),
        "import os\n\ndef wipe(path):\n    os.remove(path)\n",
    )
    .unwrap();
    fs::write(
        root.join("helper.js"),
        "const fs = require('fs');\nexports.wipe = (path) => fs.unlinkSync(path);\n",
    )
    .unwrap();
}

fn is_lost(root: &Path) -> bool {
    PRECIOUS
        .iter()
        .any(|file| fs::read_to_string(root.join(file)).ok().as_deref() != Some("the only copy\n"))
}

/// A language, as it is run.
struct Interpreter {
    program: &'static str,
    /// The program behind the name, and not a manager of versions that looks for it each time.
    real: PathBuf,
    inline: &'static str,
    file: &'static str,
}

fn check(interpreter: &Interpreter, corpus: &str, at_least: usize) {
    let cases = read(corpus);
    assert!(cases.len() >= at_least, "{} cases", cases.len());
    cases::nothing_is_wrong(&cases, |case| interpreter.check(case));
}

impl Interpreter {
    /// What is wrong about a case.
    fn check(&self, case: &Case<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        // Not below /tmp, where deletions are nobody's loss.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = home.path();
        fill(root);
        fs::write(root.join(self.file), case.program).unwrap();
        let argv = |words: &[&str]| {
            let words = std::iter::once(self.program).chain(words.iter().copied());
            Subject::Argv(words.map(str::to_owned).collect())
        };
        let written = format!(
            "printf %s {} > written; {} written keep.txt",
            shell_words::quote(case.program),
            self.program
        );
        let ways = [
            ("written", Subject::script(written), Stdin::Empty),
            (
                "inline",
                argv(&[self.inline, case.program, "keep.txt"]),
                Stdin::Empty,
            ),
            (
                "input",
                argv(&["-", "keep.txt"]),
                Stdin::Text(Text::known(case.program)),
            ),
            ("file", argv(&[self.file, "keep.txt"]), Stdin::Empty),
        ];
        for (way, subject, stdin) in ways {
            let wanted = match case.mark {
                Mark::Loses | Mark::Asks => true,
                Mark::Unnamed | Mark::Unseen => way != "file",
                Mark::Keeps | Mark::Passes => false,
            };
            let questions = cases::questions(&subject, stdin, root, &[("VICTIM", "keep.txt")]);
            if questions.is_empty() == wanted {
                wrong.push(format!(
                    "{way}, {:?}: {questions:?}\n{}",
                    case.mark, case.program
                ));
            }
        }
        if matches!(case.mark, Mark::Asks | Mark::Passes) {
            return wrong;
        }
        let output = Command::new(&self.real)
            .args([self.file, "keep.txt"])
            .current_dir(root)
            .env("HOME", root)
            .env("VICTIM", "keep.txt")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if is_lost(root) != matches!(case.mark, Mark::Loses | Mark::Unnamed) {
            let said = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!(
                "really, {:?}:\n{}\n{said}",
                case.mark, case.program
            ));
        }
        wrong
    }
}

/// What an interpreter says that it is itself.
fn real(program: &str, question: &str, expression: &str) -> PathBuf {
    let output = Command::new(program).args([question, expression]).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    PathBuf::from(said.trim())
}

#[test]
fn python_is_seen_as_it_runs() {
    let interpreter = Interpreter {
        program: "python3",
        real: real("python3", "-c", "import sys; print(sys.executable)"),
        inline: "-c",
        file: "program.py",
    };
    check(
        &interpreter,
        include_str!("../corpus/programs/python.txt"),
        100,
    );
}

#[test]
fn javascript_is_seen_as_it_runs() {
    let interpreter = Interpreter {
        program: "node",
        real: real("node", "-p", "process.execPath"),
        inline: "-e",
        file: "program.js",
    };
    check(
        &interpreter,
        include_str!("../corpus/programs/javascript.txt"),
        80,
    );
}
