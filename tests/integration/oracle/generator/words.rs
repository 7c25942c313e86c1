//! Words: quoting, braces, globs, and what expands.

use super::{Generator, parts};
use crate::oracle::tree::Tree;

const PLAIN: &[&str] = &[
    "a",
    "b",
    "foo",
    "bar",
    "x1",
    "-r",
    "-n",
    "--flag",
    "--key=val",
    "a.txt",
    "b.txt",
    "sub",
    "sub/e.txt",
    "./here",
    "../up",
    "a:b:c",
    "a,b,c",
    "k=v",
    "%d",
    "@x",
    "+3",
    "_",
    "10",
    "0",
    "7",
    "-",
    "--",
    "UPPER",
    "é",
    "a-b_c.d",
    "main",
    "HEAD~1",
    "list",
    "]",
    "}",
    "^a",
    "!",
    "~x",
    "a#b",
    "{}",
    "{a}",
    "x=*",
    "a\\ b",
    "\\*",
    "\\$x",
    "\\\"",
    "\\'",
    "\\\\",
    "a\\\nb",
];

const SINGLE: &[&str] = &[
    "", "a b", "$x", "*", "#no", "a  b", "\"", "\\n", "`x`", "$(x)", "a\nb", "~", "{a,b}",
    "a;b|c&d", "%s\\n", "!", "\t", " ",
];

const ANSI: &[&str] = &[
    "a\\tb",
    "\\x41",
    "\\101",
    "\\u00e9",
    "it\\'s",
    "\\n",
    "a\\\\b",
    "\\e[0m",
    "\\cA",
    "a\\x20b",
    "\\\"",
    "x\\ny",
    "\\U0001F600",
    "\\q",
];

const BRACES: &[&str] = &[
    "{a,b}",
    "{1..3}",
    "{a..c}",
    "{x,}",
    "{,x}y",
    "p{a,b}q",
    "{01..03}",
    "{a..e..2}",
    "{3..1}",
    "{a,b}{1,2}",
    "{a,{b,c}}",
    "{a}",
    "{a,b",
    "{'a b',c}",
    "{$x,z}",
    "x{1..2}.txt",
    "{-1..1}",
    "{a..C}",
    "{\\,,b}",
    "\\{a,b}",
    "{1..3..0}",
    "\"{a,b}\"",
    "{a,\"b c\"}",
    "{1..a}",
    "{,}",
];

const GLOBS: &[&str] = &[
    "*.txt",
    "?.txt",
    "[ab].txt",
    "sub/*",
    "*/",
    "no*match",
    "*",
    "[!a]*.txt",
    "sub/*.log",
    "*/*.txt",
    "[a-b].t?t",
    ".*x",
    "\\*.txt",
    "\"*\".txt",
    "a*",
    "[[:lower:]].txt",
    "s*/d*/g*",
];

impl Generator {
    /// A word that a command may get.
    pub(super) fn word(&mut self) -> Tree {
        let pieces =
            1 + usize::from(self.random.percent(30)) + usize::from(self.random.percent(10));
        let mut word = Vec::new();
        if self.random.percent(3) {
            let tilde = self
                .random
                .pick(&["~", "~/x", "~+", "~/*.txt", "~nobody-such/x"]);
            return Tree::Word(parts![tilde]);
        }
        for _ in 0..pieces {
            word.push(self.piece());
        }
        Tree::Word(word)
    }

    /// Blank-separated words behind a command's name.
    pub(super) fn words(&mut self, least: usize, most: usize) -> Vec<Tree> {
        let count = least + self.random.below(most - least + 1);
        let mut words = Vec::new();
        for _ in 0..count {
            words.push(" ".into());
            words.push(self.word());
        }
        words
    }

    fn piece(&mut self) -> Tree {
        match self.random.below(100) {
            0..26 => self.random.pick(PLAIN).into(),
            26..34 => format!("'{}'", self.random.pick(SINGLE)).into(),
            34..48 => self.double_quoted(),
            48..53 => format!("$'{}'", self.random.pick(ANSI)).into(),
            53..54 => "$\"locale\"".into(),
            54..61 => self.random.pick(BRACES).into(),
            61..64 => self.random.pick(GLOBS).into(),
            64..83 => self.parameter(false),
            83..89 => self.arithmetic_word(),
            89..98 => self.substitution(),
            _ => "''".into(),
        }
    }

    pub(super) fn double_quoted(&mut self) -> Tree {
        let mut word = parts!["\""];
        for _ in 0..=self.random.below(3) {
            let piece = match self.random.below(10) {
                0..3 => self
                    .random
                    .pick(&[
                        "a", " ", "a b", "*", "'", "\\\"", "\\\\", "\\$x", "\\`", "#", "\\n", "~",
                    ])
                    .into(),
                3..8 => self.parameter(true),
                8 => self.arithmetic_word(),
                _ => self.substitution(),
            };
            word.push(piece);
        }
        word.push("\"".into());
        Tree::Word(word)
    }

    /// A word that does not split, glob or brace: what stands behind `=` or inside `${x:-…}`.
    pub(super) fn value(&mut self) -> Tree {
        let piece = match self.random.below(10) {
            0..3 => self
                .random
                .pick(&[
                    "a",
                    "foo",
                    "b-c",
                    "7",
                    "12",
                    "a.tar.gz",
                    "sub/e.txt",
                    "x:y:z",
                    "Hello",
                    "a,b,c",
                    "''",
                    "a\\ b",
                    "{a,b}",
                    "~/x",
                    "prog",
                    "tool",
                    "ABC",
                ])
                .into(),
            3..5 => format!("'{}'", self.random.pick(SINGLE)).into(),
            5..7 => self.double_quoted(),
            7 => self.parameter(false),
            8 => self.substitution(),
            _ => format!("$'{}'", self.random.pick(ANSI)).into(),
        };
        Tree::Word(vec![piece])
    }

    /// A command substitution whose output can be computed.
    pub(super) fn substitution(&mut self) -> Tree {
        if self.depth == 0 {
            return Tree::Word(parts![
                "$(echo ",
                self.random.pick(&["a", "a b", "'*'"]),
                ")"
            ]);
        }
        self.depth -= 1;
        let inline = std::mem::replace(&mut self.inline, true);
        let scalars = self.scalars.clone();
        let inner = match self.random.below(12) {
            0..8 => self.pure(),
            8 => self.call(),
            9 => Tree::from("< a.txt"),
            10 => Tree::Command(vec![self.pure(), "; ".into(), self.pure()]),
            _ => match self.any_of(|this| &this.functions) {
                Some(function) => {
                    let mut call = vec![function.into()];
                    call.extend(self.words(0, 2));
                    Tree::Command(call)
                }
                None => self.pure(),
            },
        };
        self.scalars = scalars;
        self.inline = inline;
        self.depth += 1;
        let backquotes = self.random.percent(10);
        let text = inner.render();
        if backquotes && !text.contains(['`', '\\', '$', '"', '\'']) {
            return Tree::Word(parts!["`", inner, "`"]);
        }
        Tree::Word(parts!["$(", inner, ")"])
    }

    /// A command that only computes.
    pub(super) fn pure(&mut self) -> Tree {
        let first = match self.random.below(10) {
            0..4 => {
                let option = self.random.pick(&["", "", "", " -n", " -e"]);
                let mut echo = parts!["echo", option];
                echo.extend(self.words(0, 3));
                Tree::Command(echo)
            }
            4..7 => {
                let format = self.random.pick(&[
                    "'%s\\n'",
                    "'%s'",
                    "'%s %s\\n'",
                    "%s",
                    "'a\\tb\\n'",
                    "'%d\\n'",
                    "'%5s|'",
                    "'%03d'",
                    "'\\x41\\n'",
                    "'%s\\0'",
                    "'%b\\n'",
                    "'%q\\n'",
                    "'%%'",
                    "'%x'",
                    "'%-4s|'",
                    "'%c'",
                ]);
                let mut printf = parts!["printf ", format];
                printf.extend(self.words(0, 3));
                Tree::Command(printf)
            }
            7 => Tree::Command(vec!["cat <<< ".into(), self.value()]),
            8 => Tree::from(self.random.pick(&[
                "cat a.txt",
                "seq 3",
                "seq 2 4",
                "basename /a/b.txt .txt",
                "dirname a/b/c",
                "basename a/b/",
                "expr 1 + 2",
                "head -n1 list",
                "tail -n 1 list",
                "wc -l < list",
                "cut -d' ' -f2 b.txt",
                "sort -r list",
                "ls",
                "pwd",
                "basename \"$PWD\"",
                "true",
                "echo",
                "grep two list",
                "awk '{print $1}' b.txt",
                "date -d @0 +%Y",
                "find sub -name '*.txt'",
                "uname -s",
            ])),
            _ => {
                let mut echo = parts!["echo"];
                echo.extend(self.words(1, 2));
                Tree::Command(echo)
            }
        };
        let mut command = vec![first];
        for _ in 0..2 {
            if !self.random.percent(25) {
                break;
            }
            command.push(" | ".into());
            command.push(
                self.random
                    .pick(&[
                        "cat",
                        "rev",
                        "tr a-z A-Z",
                        "tr -d a",
                        "tr ' ' '\\n'",
                        "cut -c1-3",
                        "cut -d' ' -f1",
                        "head -n1",
                        "head -c 4",
                        "tail -n1",
                        "sed s/a/b/",
                        "sed 's/[aeiou]/_/g'",
                        "sed -n 1p",
                        "sort",
                        "uniq",
                        "base64",
                        "base64 | base64 -d",
                        "xxd -p",
                        "xxd -p | xxd -r -p",
                        "tac",
                        "wc -c",
                        "tr -s a",
                        "nl",
                        "od -An -tx1",
                        "tr a-z n-za-m",
                        "paste -sd,",
                        "awk '{print $1}'",
                        "grep a",
                        "fold -w2",
                        "sed -E 's/(.)(.)/\\2\\1/'",
                        "tee copy",
                    ])
                    .into(),
            );
        }
        Tree::Command(command)
    }
}
