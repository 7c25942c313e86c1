//! Parameters, in all their operators, and arithmetic.

use super::{Generator, parts};
use crate::oracle::tree::Tree;

const PATTERNS: &[&str] = &[
    "a",
    "*",
    "?",
    "a*",
    "*.",
    "*/",
    "[a-c]",
    ".*",
    "*a",
    "/*",
    "'*'",
    "\"$x\"",
    "[!a]",
    "b",
    "o",
    "-*",
    "*[0-9]",
    "\\*",
    ".",
    "foo",
    "[[:upper:]]",
];

impl Generator {
    /// `$x`, `${x…}`, `$1`, `"$@"` …
    pub(super) fn parameter(&mut self, in_quotes: bool) -> Tree {
        match self.random.below(100) {
            0..62 => {
                let name = self.scalar_name();
                self.scalar_expansion(&name, in_quotes)
            }
            62..78 => match self.any_of(|this| &this.arrays) {
                Some(name) => self.array_expansion(&name),
                None => self.positional(in_quotes),
            },
            78..85 => match self.any_of(|this| &this.maps) {
                Some(name) => self.map_expansion(&name),
                None => self.positional(in_quotes),
            },
            85..97 => self.positional(in_quotes),
            _ => Tree::from(self.random.pick(&[
                "$?",
                "$-",
                "$OLDPWD",
                "${PIPESTATUS[0]}",
                "${FUNCNAME-main}",
                "${BASH_REMATCH[0]}",
                "${DIRSTACK[0]##*/}",
                "${#IFS}",
                "${BASH_VERSION:+v}",
                "$PWD",
                "${#}",
                "$_",
            ])),
        }
    }

    fn scalar_name(&mut self) -> String {
        match self.random.below(20) {
            0 => Some("unset_one".to_owned()),
            1..3 => self.any_of(|this| &this.numbers),
            _ => self.any_of(|this| &this.scalars),
        }
        .unwrap_or_else(|| "x".to_owned())
    }

    fn scalar_expansion(&mut self, name: &str, in_quotes: bool) -> Tree {
        let mut word = match self.random.below(100) {
            0..30 => parts![format!("${name}")],
            30..42 => parts![format!("${{{name}}}")],
            42..56 => {
                let operator = self.random.pick(&[":-", "-", ":+", "+", ":=", "="]);
                let value = self.nested_value(in_quotes);
                parts![format!("${{{name}{operator}"), value, "}"]
            }
            56..66 => {
                let operator = self.random.pick(&["#", "##", "%", "%%"]);
                let pattern = self.random.pick(PATTERNS);
                parts![format!("${{{name}{operator}{pattern}}}")]
            }
            66..74 => {
                let operator = self.random.pick(&["/", "//", "/#", "/%"]);
                let pattern = self.random.pick(PATTERNS).replace('/', "\\/");
                let value = self.nested_value(in_quotes);
                parts![format!("${{{name}{operator}{pattern}/"), value, "}"]
            }
            74..80 => {
                let operator = self
                    .random
                    .pick(&["^", "^^", ",", ",,", "^^[a-c]", "~~", "~"]);
                parts![format!("${{{name}{operator}}}")]
            }
            80..87 => {
                let part = self.random.pick(&[
                    ":1", ":0:2", ": -2", ":1:1", ":1:-1", ":i", ":0", ":99", ":2+1", ": -3:2",
                    ":(1)",
                ]);
                parts![format!("${{{name}{part}}}")]
            }
            87..91 => parts![format!("${{#{name}}}")],
            91..95 => {
                let operator = self.random.pick(&["Q", "U", "u", "L", "E", "a"]);
                parts![format!("${{{name}@{operator}}}")]
            }
            _ => parts![self.random.pick(&["${!x*}", "${!y@}", "${!x@}"])],
        };
        if !in_quotes && self.random.percent(45) {
            word.insert(0, "\"".into());
            word.push("\"".into());
        }
        Tree::Word(word)
    }

    /// What stands behind an operator: within double quotes, only what keeps them balanced.
    fn nested_value(&mut self, in_quotes: bool) -> Tree {
        if in_quotes || self.depth == 0 || self.random.percent(60) {
            let name = self.scalar_name();
            return match self.random.below(5) {
                0 => Tree::Word(vec![format!("${name}").into()]),
                1 => Tree::Word(vec![format!("${{{name}:-deep}}").into()]),
                _ => Tree::Word(vec![
                    self.random
                        .pick(&["def", "a b", "", "b", "\\\\", "x/y", "$HOME", "a  b", "1"])
                        .into(),
                ]),
            };
        }
        self.depth -= 1;
        let value = self.value();
        self.depth += 1;
        value
    }

    fn array_expansion(&mut self, name: &str) -> Tree {
        let body = self.random.pick(&[
            "[@]",
            "[@]",
            "[*]",
            "[0]",
            "[1]",
            "[-1]",
            "[i]",
            "[$i]",
            "[1+1]",
            "[@]:1",
            "[@]:0:2",
            "[@]: -1",
            "[@]/a/b",
            "[@]^^",
            "[@]#a",
            "[@]%b",
            "[*]:1:1",
            "[@]:-none",
            "[5]:-gap",
            "",
            "[@]@Q",
            "[@]+set",
            "[0]:1",
            "[*]//o/0",
            "[i+1]",
        ]);
        let word = match self.random.below(12) {
            0 => format!("${{#{name}[@]}}"),
            1 => format!("${{!{name}[@]}}"),
            2 => format!("${name}"),
            _ => format!("${{{name}{body}}}"),
        };
        self.perhaps_quoted(word)
    }

    fn map_expansion(&mut self, name: &str) -> Tree {
        let key = self
            .random
            .pick(&["k", "a b", "\"a b\"", "$x", "none", "'k'", "1", "k2"]);
        let word = match self.random.below(10) {
            0 => format!("${{#{name}[@]}}"),
            1 => format!("${{{name}[@]}}"),
            2 => format!("${{!{name}[@]}}"),
            3 => format!("${{{name}[{key}]:-no}}"),
            4 => format!("${{{name}[{key}]^}}"),
            _ => format!("${{{name}[{key}]}}"),
        };
        self.perhaps_quoted(word)
    }

    fn positional(&mut self, in_quotes: bool) -> Tree {
        let word = self.random.pick(&[
            "$1",
            "$2",
            "$#",
            "$@",
            "$*",
            "${1:-none}",
            "${@:2}",
            "${*:1:1}",
            "${@: -1}",
            "${10}",
            "$0",
            "${@^}",
            "${1%.*}",
            "${!#}",
            "${@/o/0}",
            "${#@}",
            "${*%o}",
            "${@:1:2}",
            "${@}",
            "$3",
        ]);
        if in_quotes {
            return Tree::Word(vec![word.into()]);
        }
        self.perhaps_quoted(word.to_owned())
    }

    fn perhaps_quoted(&mut self, word: String) -> Tree {
        if self.random.percent(60) && !word.contains('"') {
            return Tree::Word(parts!["\"", word, "\""]);
        }
        Tree::Word(vec![word.into()])
    }

    pub(super) fn arithmetic_word(&mut self) -> Tree {
        let expression = self.expression(2);
        if self.random.percent(6) {
            return Tree::Word(parts!["$[", expression, "]"]);
        }
        Tree::Word(parts!["$((", expression, "))"])
    }

    /// An arithmetic expression.
    pub(super) fn expression(&mut self, depth: usize) -> Tree {
        if depth == 0 || self.random.percent(35) {
            return match self.random.below(10) {
                0..5 => self
                    .random
                    .pick(&[
                        "0", "1", "2", "3", "7", "10", "0x1f", "017", "2#101", "36#z", "100",
                    ])
                    .into(),
                5..8 => self
                    .any_of(|this| &this.numbers)
                    .unwrap_or_else(|| "i".to_owned())
                    .into(),
                8 => {
                    let name = self.any_of(|this| &this.numbers).unwrap_or_default();
                    format!("${{{name}:-4}}").into()
                }
                _ => self
                    .random
                    .pick(&["$#", "${#x}", "${i:-4}", "unset_one"])
                    .into(),
            };
        }
        let left = self.expression(depth - 1);
        match self.random.below(20) {
            0..12 => {
                let operator = self.random.pick(&[
                    " + ", " - ", " * ", " < ", " > ", " == ", " != ", " && ", " || ", " & ",
                    " | ", " ^ ", "+", "*", " <= ", " , ",
                ]);
                let right = self.expression(depth - 1);
                Tree::Word(parts!["(", left, ")", operator, "(", right, ")"])
            }
            12..14 => {
                let operator = self
                    .random
                    .pick(&[" / 3", " % 4", " ** 2", " << 2", " >> 1", "/2", "%5"]);
                Tree::Word(parts!["(", left, ")", operator])
            }
            14 => {
                let (yes, no) = (self.expression(0), self.expression(0));
                Tree::Word(parts!["(", left, ") ? ", yes, " : ", no])
            }
            15 => Tree::Word(parts!["-(", left, ")"]),
            16 => Tree::Word(parts!["!(", left, ")"]),
            17 => Tree::Word(parts!["~(", left, ")"]),
            18 => {
                let name = self.any_of(|this| &this.numbers).unwrap_or_default();
                let operator = self.random.pick(&["=", "+=", "-=", "*="]);
                Tree::Word(parts!["(", name, operator, left, ")"])
            }
            _ => {
                let name = self.any_of(|this| &this.numbers).unwrap_or_default();
                let shape = self.random.below(4);
                Tree::from(match shape {
                    0 => format!("{name}++"),
                    1 => format!("++{name}"),
                    2 => format!("{name}--"),
                    _ => format!("--{name}"),
                })
            }
        }
    }
}
