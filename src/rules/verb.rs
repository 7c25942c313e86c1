//! What the name of a command says when no table has it.

/// How a sub-command sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Destroys,
    Reads,
    Unclear,
}

const DESTROYS: &[&str] = &[
    "delete",
    "destroy",
    "remove",
    "rm",
    "drop",
    "purge",
    "wipe",
    "erase",
    "reset",
    "flush",
    "flushall",
    "truncate",
    "terminate",
    "prune",
    "revoke",
    "unpublish",
    "nuke",
    "clean",
    "force",
    "restore",
    "rollback",
    "del",
    "uninstall",
    "obliterate",
    "expire",
    "clear",
    "kill",
    "shred",
    "format",
];

const READS: &[&str] = &[
    "get",
    "list",
    "ls",
    "describe",
    "show",
    "status",
    "logs",
    "log",
    "inspect",
    "search",
    "diff",
    "plan",
    "version",
    "help",
    "whoami",
    "validate",
    "info",
    "view",
    "cat",
    "check",
    "doctor",
    "completion",
    "completions",
    "explain",
    "env",
    "ps",
    "top",
    "tail",
    "watch",
    "history",
];

/// Of those that read, the ones that are no nouns: what follows one is an operand
/// (`instances describe clean-db`).
const ONLY_VERBS: &[&str] = &[
    "list", "ls", "describe", "show", "inspect", "search", "whoami", "validate", "explain", "view",
];

/// Judges by the words of the command: the first that destroys or can only read decides, else
/// whether any reads. With it comes where that word stands.
pub(super) fn of<'a>(words: impl Iterator<Item = &'a str>) -> (Verb, usize) {
    let mut found = (Verb::Unclear, 0);
    // A text of several words is no name of a command.
    let names = words.take_while(|word| !word.contains(char::is_whitespace));
    for (at, word) in names.enumerate() {
        if sounds(word, DESTROYS) {
            return (Verb::Destroys, at);
        }
        let word = word.to_ascii_lowercase();
        if ONLY_VERBS.contains(&word.as_str()) {
            return (Verb::Reads, at);
        }
        if READS.contains(&word.as_str()) {
            found = (Verb::Reads, at);
        }
    }
    found
}

/// As [`of`], where the last word is the verb: one that only reads or makes something decides,
/// whatever the words before it sound like (`delete-policy show`, `table restore create`).
pub(super) fn of_last<'a>(words: impl Iterator<Item = &'a str>) -> (Verb, usize) {
    let words: Vec<&str> = words.collect();
    match words.last().copied() {
        Some(last) if ONLY_VERBS.contains(&last) => (Verb::Reads, words.len() - 1),
        Some("create" | "update") => (Verb::Unclear, words.len() - 1),
        _ => of(words.into_iter()),
    }
}

/// Whether a word of a URL's path says that a request destroys something, though its method does not.
pub(crate) fn deletes(word: &str) -> bool {
    const DELETES: &[&str] = &[
        "delete",
        "destroy",
        "erase",
        "obliterate",
        "purge",
        "terminate",
        "truncate",
        "wipe",
    ];
    sounds(word, DELETES)
}

/// Whether one part of a compound name (`delete-cluster`, `db:drop`, `deleteAll`) is such a verb.
fn sounds(word: &str, verbs: &[&str]) -> bool {
    let mut part = String::new();
    let mut parts = Vec::new();
    for letter in word.chars() {
        if !letter.is_ascii_alphanumeric() || letter.is_ascii_uppercase() {
            parts.push(std::mem::take(&mut part));
        }
        if letter.is_ascii_alphanumeric() {
            part.push(letter.to_ascii_lowercase());
        }
    }
    parts.push(part);
    parts.iter().any(|part| verbs.contains(&part.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_judged_by_its_verb() {
        for (words, verb) in [
            (&["delete"][..], Verb::Destroys),
            (&["delete-cluster"], Verb::Destroys),
            (&["db:drop"], Verb::Destroys),
            (&["deleteAll"], Verb::Destroys),
            (&["memorystore", "instances", "delete"], Verb::Destroys),
            (&["instances", "list"], Verb::Reads),
            (&["instances", "describe", "clean-db"], Verb::Reads),
            (&["logs", "delete"], Verb::Destroys),
            (&["frobnicate"], Verb::Unclear),
            (&["dropbox"], Verb::Unclear),
            (&["remote"], Verb::Unclear),
            (&["guilt", "log --format %H"], Verb::Unclear),
        ] {
            assert_eq!(of(words.iter().copied()).0, verb, "{words:?}");
        }
    }

    #[test]
    fn the_last_word_is_the_verb_where_it_says_so() {
        for (words, verb) in [
            (&["delete-policy", "show"][..], Verb::Reads),
            (&["delete-policy", "update"], Verb::Unclear),
            (&["table", "restore", "create"], Verb::Unclear),
            (&["delete-policy", "delete"], Verb::Destroys),
            (&["param-persist", "delete", "name"], Verb::Destroys),
        ] {
            assert_eq!(of_last(words.iter().copied()).0, verb, "{words:?}");
        }
    }
}
