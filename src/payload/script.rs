//! Programs in Python or JavaScript, given on the command line, on standard input or as a file.
//!
//! Owns what their text alone says: which Railway mutations it would send. It reads no program as
//! a program; what a script computes, or starts, is for the shims and the supervisor to see.

use std::collections::BTreeSet;

use serde_json::Map;

use super::graphql::{self, Mutation};
use super::holes::Holes;
use super::railway;
use crate::call::{Call, Findings};
use crate::resolve::Stdin;

pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let holes = Holes::default();
    for text in texts(call, &holes, findings) {
        requests(call, &holes, &text, findings);
    }
}

/// The program's text: every inline piece, or its file, or standard input.
fn texts(call: &Call<'_>, holes: &Holes, findings: &mut Findings) -> Vec<String> {
    let evaluated = call.args.operands.iter().take(1);
    let evaluated = evaluated.filter(|_| call.args.command.iter().any(|word| word == "eval"));
    let inline: Vec<String> = [
        "--eval",
        "--print",
        "-c",
        "-e",
        "-E",
        "--run",
        "--process-code",
    ]
    .iter()
    .flat_map(|name| call.args.all(name))
    .chain(evaluated)
    .map(|code| holes.render(&code.value))
    .collect();
    if !inline.is_empty() {
        return inline;
    }
    if call.args.option("--module").is_some() {
        return Vec::new();
    }
    let file = call.args.option("--file").or(call.args.operands.first());
    let file = file.map(|file| &file.value);
    if let Some(file) = file.filter(|file| file.exact() != Some("-")) {
        if call.command.elsewhere.is_some() {
            return Vec::new();
        }
        let path = file
            .exact()
            .and_then(|path| call.command.directory.join(path));
        let text = path.and_then(|path| call.world.read(&path).ok());
        return text.into_iter().collect();
    }
    match &call.command.stdin {
        Stdin::Text(text) => {
            let text = holes.render(text);
            deletions(call, &text, findings);
            vec![text]
        }
        Stdin::File(path) => {
            let text = call.world.read(path).ok();
            deletions(call, text.as_deref().unwrap_or_default(), findings);
            text.into_iter().collect()
        }
        Stdin::Unknown(source) => {
            let reason = format!("it runs the program that `{source}` prints");
            findings.opaque(reason, &call.command.location);
            Vec::new()
        }
        Stdin::Inherited | Stdin::Empty => Vec::new(),
    }
}

/// Calls that delete files, as these languages spell them.
const DELETIONS: &[&str] = &[
    "rmtree(",
    "os.remove(",
    "os.unlink(",
    ".unlink(",
    "os.rmdir(",
    "removedirs(",
    "drop_all(",
    "rmSync(",
    "unlinkSync(",
    "rmdirSync(",
    "fs.rm(",
    "rm_rf",
    "File.delete(",
    "Deno.remove",
];

/// A program that is written down only to be run, and deletes: which files is not read.
fn deletions(call: &Call<'_>, text: &str, findings: &mut Findings) {
    if let Some(found) = DELETIONS.iter().find(|call| text.contains(*call)) {
        let reason = format!("the program on standard input deletes files: `{found}…`");
        findings.opaque(reason, &call.command.location);
    }
}

/// Judges the mutations that the text names.
pub(crate) fn requests(call: &Call<'_>, holes: &Holes, text: &str, findings: &mut Findings) {
    let words: BTreeSet<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    if !words.contains("mutation") {
        return;
    }
    let mut found: Vec<Mutation> = Vec::new();
    let literals = literals(text).into_iter();
    for literal in literals.filter(|literal| literal.contains("mutation")) {
        let reading = graphql::read_body(&literal, holes);
        if reading.unseen.is_none() {
            found.extend(reading.mutations);
        }
    }
    let to_railway = text.to_ascii_lowercase().contains("backboard.railway");
    for word in words
        .into_iter()
        .filter(|word| railway::is_irreversible(word))
    {
        if !found.iter().any(|mutation| mutation.field == word) {
            found.push(Mutation {
                field: word.to_owned(),
                arguments: Map::new(),
            });
        }
    }
    if found.is_empty() && to_railway {
        let reason = "the program sends Railway a mutation that cannot be read from its text";
        findings.opaque(reason, &call.command.location);
    }
    for mutation in &found {
        if to_railway || railway::is_irreversible(&mutation.field) {
            railway::mutation(call, holes, mutation, None, findings);
        }
    }
}

/// The string literals of the text, quoted in any way that these languages share.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '`']) {
        let tail = rest.get(at..).unwrap_or("");
        let quote = ["\"\"\"", "'''", "\"", "'", "`"]
            .into_iter()
            .find(|quote| tail.starts_with(quote))
            .unwrap_or("\"");
        let inside = tail.get(quote.len()..).unwrap_or("");
        let (literal, after) = literal(inside, quote);
        found.push(literal);
        rest = after;
    }
    found
}

/// A literal up to its closing quote, with its escapes taken away, and what follows.
fn literal<'a>(text: &'a str, quote: &str) -> (String, &'a str) {
    let mut literal = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let rest = text.get(at..).unwrap_or("");
        if let Some(after) = rest.strip_prefix(quote) {
            return (literal, after);
        }
        if c != '\\' {
            literal.push(c);
            continue;
        }
        match chars.next().map(|(_, next)| next) {
            Some('n') => literal.push('\n'),
            Some('t') => literal.push('\t'),
            Some('\n') | None => {}
            Some(other) => literal.push(other),
        }
    }
    (literal, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_every_kind_are_found() {
        let text = r#"a = "x\"y" + 'it' + `t${v}` + """long "one" """ # done"#;
        let expected = ["x\"y", "it", "t${v}", "long \"one\" "];
        assert_eq!(literals(text), expected);
        assert_eq!(literals("'open"), ["open"]);
    }
}
