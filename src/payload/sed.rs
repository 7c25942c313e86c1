//! Scripts of `sed`: the files that they write and the commands that they run.
//!
//! Owns the reading of `w`, `W`, `e` and the flags of `s`. What else a script does stays in the
//! stream.

use std::iter::Peekable;
use std::str::Chars;

use super::holes::Holes;
use crate::call::{Call, Findings, Nested};
use crate::effect::{Effect, Reversibility, RuleId, Target, Tier};
use crate::location::Location;
use crate::resolve::Origin;
use crate::resolve::{Argument, Content, Part, Stdin, Text, Written};
use crate::rules;

/// What a script does beyond its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Deed {
    Writes(String),
    Runs(String),
    /// `a`, `i`, `c` and the replacement of `s`: text that the file holds then, if it is edited.
    Puts(String),
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
    // Several are one, line by line: `-e 'a\\' -e TEXT`.
    let scripts = args.all("--expression");
    let scripts: Vec<&Argument> = scripts
        .chain(args.operands.first().filter(|_| !given))
        .collect();
    let mut put = Text::empty();
    if let Some(place) = scripts.first().map(|script| &script.location) {
        let mut whole = Text::empty();
        for script in &scripts {
            whole.append(script.value.clone());
            whole.push_known("\n");
        }
        let holes = Holes::default();
        for deed in deeds(&holes.render(&whole)) {
            if let Deed::Puts(text) = &deed {
                put.append(replacement(&holes.restore(text)));
                put.push_known("\n");
            }
            note(deed, place, &holes, call, findings);
        }
    }
    // What a script in a file puts there is not looked at: it is read below for what it runs.
    let edits = args.flag("--in-place") && !put.is_empty();
    let files = args.operands.iter().skip(usize::from(!given));
    for file in files.filter(|_| edits) {
        findings.written.push(Written {
            path: file.value.clone(),
            content: Content::Within(put.clone()),
            location: file.location.clone(),
        });
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
                    note(deed, &file.location, &Holes::default(), call, findings);
                }
            }
            None => {
                let reason = format!("the sed script `{}` cannot be read", file.value.display());
                findings.opaque(reason, &file.location);
            }
        }
    }
}

/// A replacement with what stands for matched text unknown, and its escapes read.
fn replacement(text: &Text) -> Text {
    let mut read = Text::empty();
    for part in text.parts() {
        let Part::Known(known) = part else {
            read.push(part.clone());
            continue;
        };
        let mut letters = known.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '&' => read.push(Part::Unknown("&".to_owned())),
                '\\' => match letters.next() {
                    Some('n') => read.push_known("\n"),
                    Some(digit @ '0'..='9') => read.push(Part::Unknown(format!("\\{digit}"))),
                    Some(other) => read.push_known(other.encode_utf8(&mut [0; 4])),
                    None => {}
                },
                other => read.push_known(other.encode_utf8(&mut [0; 4])),
            }
        }
    }
    read
}

fn note(deed: Deed, place: &Location, holes: &Holes, call: &Call<'_>, findings: &mut Findings) {
    match deed {
        Deed::Puts(_) => {}
        Deed::Writes(file) => {
            let file = holes.restore(&file);
            let mut target = Target::new("file", Some(file.display().into_owned()));
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
            if rules::overwriting(&file, call, &mut effect) {
                findings.effects.push(effect);
            }
        }
        Deed::Runs(command) => {
            let mut by = call.command.clone();
            by.redirections = Vec::new();
            by.stdin = Stdin::Empty;
            findings.nested.push(Nested::Shell {
                text: holes.restore(&command),
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
            '/' => {
                skip(&mut letters, '/');
            }
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
            'a' | 'i' | 'c' => found.push(Deed::Puts(text(&mut letters))),
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

/// Reads past the next unescaped `mark`; in a bracket expression it stands for itself. Gives what
/// stands before it.
fn skip(letters: &mut Peekable<Chars<'_>>, mark: char) -> String {
    let mut read = String::new();
    while let Some(letter) = letters.next() {
        if letter == mark {
            break;
        }
        if letter == '\\' && letters.peek() == Some(&mark) {
            read.extend(letters.next());
            continue;
        }
        read.push(letter);
        if letter == '\\' {
            read.extend(letters.next());
        }
    }
    read
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
fn text(letters: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next()),
            '\n' => break,
            other => text.push(other),
        }
    }
    text.trim_start().to_owned()
}

fn substitute(letters: &mut Peekable<Chars<'_>>, found: &mut Vec<Deed>) {
    let Some(mark) = letters.next() else {
        return;
    };
    skip(letters, mark);
    let replacement = skip(letters, mark);
    if !replacement.is_empty() {
        found.push(Deed::Puts(replacement));
    }
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
    fn text_that_is_put_into_a_file_is_read() {
        for (script, put) in [
            ("1i a b", "a b"),
            ("$a\\\nx y", "x y"),
            ("s/a/b c/", "b c"),
            ("s|a|b\\|c|g", "b|c"),
            ("/x/c\\  y", "y"),
        ] {
            let found = deeds(script).into_iter().find_map(|deed| match deed {
                Deed::Puts(text) => Some(replacement(&Text::known(text)).display().into_owned()),
                _ => None,
            });
            assert_eq!(found.as_deref(), Some(put), "{script}");
        }
        let text = replacement(&Text::known("x \\1 &"));
        assert_eq!(text.display(), "x \\1 &");
        assert!(text.has_unknown());
    }

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
            let mut found = deeds(script);
            found.retain(|deed| !matches!(deed, Deed::Puts(_)));
            assert_eq!(found, expected, "{script}");
        }
    }
}
