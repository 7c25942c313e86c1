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

/// Judges by the words of the command: one that destroys decides, else the last that reads.
pub(super) fn of<'a>(words: impl Iterator<Item = &'a str>) -> Verb {
    let mut found = Verb::Unclear;
    for word in words {
        if sounds(word, DESTROYS) {
            return Verb::Destroys;
        }
        if READS.contains(&word.to_ascii_lowercase().as_str()) {
            found = Verb::Reads;
        }
    }
    found
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
            (&["frobnicate"], Verb::Unclear),
            (&["dropbox"], Verb::Unclear),
            (&["remote"], Verb::Unclear),
        ] {
            assert_eq!(of(words.iter().copied()), verb, "{words:?}");
        }
    }
}
