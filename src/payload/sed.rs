//! Scripts of `sed`: the files that they write and the commands that they run.
//!
//! Owns the reading of `w`, `W`, `e` and the flags of `s`. What else a script does stays in the
//! stream.

use std::iter::Peekable;
use std::str::Chars;

use crate::call::{Call, Findings, Nested};
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier};
use crate::location::Location;
use crate::resolve::Origin;
use crate::resolve::{Stdin, Text};
use crate::rules;

/// What a script does beyond its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Deed {
    Writes(String),
    Runs(String),
    /// `e` without a command, `s///e`: it runs what the stream holds.
    RunsInput,
}

/// Judges the scripts of a sed.
pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let args = call.args;
    if args.flag("--sandbox") {
        return;
    }
    let given = args.option("--expression").is_some() || args.option("--file").is_some();
    let scripts = args.all("--expression");
    let scripts = scripts.chain(args.operands.first().filter(|_| !given));
    for script in scripts {
        let place = &script.location;
        let text = script.value.render(|_, _| "guard".to_owned());
        for deed in deeds(&text) {
            note(deed, place, call, findings);
        }
    }
    for file in args.all("--file") {
        let path = file
            .value
            .exact()
            .and_then(|path| call.command.directory.join(path));
        let text = path.and_then(|path| call.world.read(&path).ok());
        match text.filter(|_| call.command.elsewhere.is_none()) {
            Some(text) => {
                for deed in deeds(&text) {
                    note(deed, &file.location, call, findings);
                }
            }
            None => {
                let reason = format!("the sed script `{}` cannot be read", file.value.display());
                findings.opaque(reason, &file.location);
            }
        }
    }
}

fn note(deed: Deed, place: &Location, call: &Call<'_>, findings: &mut Findings) {
    match deed {
        Deed::Writes(file) => {
            let mut target = Target::new("file", Some(file.clone()));
            target.tier = Tier::Local;
            let mut effect = Effect {
                rule: RuleId::new(call.pack.to_owned(), "sed-writes"),
                action: "overwrite".into(),
                target,
                reversibility: Reversibility::Irreversible { perhaps: None },
                summary: "empties the file before the script writes to it".to_owned(),
                also_lost: Vec::new(),
                evidence: Vec::new(),
                instead: None,
                location: place.clone(),
            };
            if rules::overwriting(&Text::known(file), call, &mut effect) {
                findings.effects.push(effect);
            }
        }
        Deed::Runs(command) => {
            let mut by = call.command.clone();
            by.redirections = Vec::new();
            by.stdin = Stdin::Empty;
            findings.nested.push(Nested::Shell {
                text: Text::known(command),
                origin: Origin::Place(place.clone()),
                arguments: Vec::new(),
                by: Box::new(by),
                shell: "sh".into(),
            });
        }
        Deed::RunsInput => {
            findings.opaque("sed would run the lines that it reads as commands", place);
        }
    }
}

/// Reads a script as GNU sed does, command by command.
fn deeds(script: &str) -> Vec<Deed> {
    let mut found = Vec::new();
    let mut letters = script.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // An address.
            '/' => skip(&mut letters, '/'),
            '\\' => {
                if let Some(mark) = letters.next() {
                    skip(&mut letters, mark);
                }
            }
            '#' => {
                line(&mut letters);
            }
            's' => substitute(&mut letters, &mut found),
            'y' => {
                if let Some(mark) = letters.next() {
                    skip(&mut letters, mark);
                    skip(&mut letters, mark);
                }
            }
            'w' | 'W' => found.push(Deed::Writes(line(&mut letters))),
            'e' => {
                let command = line(&mut letters);
                found.push(if command.is_empty() || command == "}" {
                    Deed::RunsInput
                } else {
                    Deed::Runs(command)
                });
            }
            'r' | 'R' => {
                line(&mut letters);
            }
            'a' | 'i' | 'c' => text(&mut letters),
            ':' | 'b' | 't' | 'T' => {
                while letters
                    .next_if(|letter| !matches!(letter, ';' | '\n' | '}'))
                    .is_some()
                {}
            }
            _ => {}
        }
    }
    found.retain(|deed| {
        // sed's own names for its streams.
        !matches!(deed, Deed::Writes(file) if matches!(file.as_str(), "/dev/stdout" | "/dev/stderr" | ""))
    });
    found
}

/// Reads past the next unescaped `mark`; in a bracket expression it stands for itself.
fn skip(letters: &mut Peekable<Chars<'_>>, mark: char) {
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == mark {
            return;
        }
    }
}

/// The rest of the line, without what stands before it.
fn line(letters: &mut Peekable<Chars<'_>>) -> String {
    let mut rest = String::new();
    while let Some(letter) = letters.next_if(|letter| *letter != '\n') {
        rest.push(letter);
    }
    rest.trim_start().to_owned()
}

/// The text of `a`, `i`, `c`: to the end of a line that no backslash continues.
fn text(letters: &mut Peekable<Chars<'_>>) {
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\n' => return,
            _ => {}
        }
    }
}

fn substitute(letters: &mut Peekable<Chars<'_>>, found: &mut Vec<Deed>) {
    let Some(mark) = letters.next() else {
        return;
    };
    skip(letters, mark);
    skip(letters, mark);
    while let Some(flag) = letters.next_if(|letter| !matches!(letter, ';' | '\n' | '}')) {
        match flag {
            'e' => found.push(Deed::RunsInput),
            'w' => {
                found.push(Deed::Writes(line(letters)));
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_runs_are_found_and_nothing_else() {
        let writes = |file: &str| vec![Deed::Writes(file.to_owned())];
        for (script, expected) in [
            ("w out.txt", writes("out.txt")),
            ("1,1wout.txt", writes("out.txt")),
            ("/x/w out.txt", writes("out.txt")),
            ("s/a/b/w out.txt", writes("out.txt")),
            ("s|a|b|gw out.txt", writes("out.txt")),
            ("s/a/b/e", vec![Deed::RunsInput]),
            ("1e rm -rf x", vec![Deed::Runs("rm -rf x".to_owned())]),
            ("e", vec![Deed::RunsInput]),
            ("s/when/we/g", vec![]),
            ("/where/d", vec![]),
            ("s/\\/w/x/;p", vec![]),
            ("5,10p;w /dev/stdout", vec![]),
            ("a we write", vec![]),
            ("$!N;s/\\n/ /", vec![]),
            ("y/we/ab/", vec![]),
            (":end;N;$!bend", vec![]),
            ("\\,w,d", vec![]),
            ("/start/,/end/{s/a/b/;w out\n}", writes("out")),
        ] {
            assert_eq!(deeds(script), expected, "{script}");
        }
    }
}
