//! Shells of a language of their own: only what is as plain as in every shell is read.

use super::ast::{Hole, Node, Piece, Script, SimpleCommand};
use super::dialect::Dialect;
use super::parser::parse;
use crate::location::Span;

/// Words that say before a command when it runs.
const BEFORE_COMMANDS: &[&str] = &["and", "or", "not"];

/// Words that begin what only these shells know, or that change what later words mean.
const KEYWORDS: &[&str] = &[
    "@",
    "alias",
    "begin",
    "breaksw",
    "builtin",
    "case",
    "def",
    "default",
    "do",
    "each",
    "else",
    "emit",
    "end",
    "endif",
    "endsw",
    "eval",
    "exec",
    "fn",
    "for",
    "foreach",
    "func",
    "function",
    "functions",
    "goto",
    "if",
    "let",
    "limit",
    "mut",
    "onintr",
    "par-each",
    "repeat",
    "return",
    "set",
    "setenv",
    "source",
    "switch",
    "then",
    "time",
    "try",
    "unalias",
    "unset",
    "unsetenv",
    "use",
    "var",
    "where",
    "while",
    ".",
];

/// Commands of literal words, joined by `;`, newlines, `&&`, `||`, `|` and `&`; anything else is
/// one hole.
pub(super) fn parse_plain(text: &str, dialect: Dialect) -> Script {
    let mut script = parse(text, Dialect::POSIX);
    let digits_redirect = text
        .as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, [digit, b'<' | b'>'] if digit.is_ascii_digit()));
    let plain = script.holes.is_empty()
        && !text.contains(['\\', '$', '`', '(', ')', '{', '}', '!', '%', '^'])
        && !(dialect.is_csh() && digits_redirect)
        && script.list.iter_mut().all(is_plain);
    if plain {
        return script;
    }
    Script {
        holes: vec![Hole {
            reason: format!("{dialect} reads this by rules of its own"),
            span: Span::new(0, text.len()),
        }],
        ..Script::default()
    }
}

fn is_plain(node: &mut Node) -> bool {
    match node {
        Node::Simple(command) => is_plain_command(command),
        Node::Pipeline { stages, negated } => !*negated && stages.iter_mut().all(is_plain),
        Node::AndOr { first, rest } => {
            is_plain(first) && rest.iter_mut().all(|(_, node)| is_plain(node))
        }
        Node::Background(node) => is_plain(node),
        Node::Compound(_) | Node::Function { .. } => false,
    }
}

fn is_plain_command(command: &mut SimpleCommand) -> bool {
    while command
        .words
        .first()
        .is_some_and(|word| BEFORE_COMMANDS.contains(&word.source.as_ref()))
    {
        command.words.remove(0);
    }
    let literal = |piece: &Piece| matches!(piece, Piece::Literal { .. } | Piece::Quoted { .. });
    command.assignments.is_empty()
        && command
            .words
            .first()
            .is_some_and(|word| !KEYWORDS.contains(&word.source.as_ref()))
        && command
            .words
            .iter()
            .all(|word| word.pieces.iter().all(literal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_shell_reads_alike_is_read() {
        let fish = Dialect::from("fish");
        for text in [
            "rm -rf x",
            "cd build; and make; or rm 'a b'",
            "ls *.txt | wc -l > out 2>&1",
            "true && rm x || ls &",
        ] {
            assert!(parse(text, fish).holes.is_empty(), "{text}");
        }
        for text in [
            "rm (ls)",
            "set x rm; eval $x y",
            "if test -f x; rm x; end",
            "for f in *; rm $f; end",
            "begin; rm x; end",
            "function ls; rm x; end; ls",
            "alias ls=rm; ls x",
            "rm {a,b}",
            "rm 'it\\'s'; ls '",
            "X=1 rm x",
        ] {
            let script = parse(text, fish);
            assert!(script.list.is_empty() && !script.holes.is_empty(), "{text}");
        }
        // It takes the digit for an argument.
        assert!(!parse("rm x 2>y", Dialect::from("tcsh")).holes.is_empty());
    }
}
