//! Commands: calls, assignments, compound commands, and everything that runs a text.

use super::{Generator, parts};
use crate::oracle::tree::Tree;

/// Programs that only write their argv down, and that no pack knows.
const PROGRAMS: &[&str] = &["prog", "tool", "deploy", "r"];

impl Generator {
    /// Any command.
    pub(super) fn command(&mut self) -> Tree {
        if !self.inline && self.random.percent(22) {
            return self.deeper(Self::template);
        }
        match self.random.below(200) {
            0..40 => self.call(),
            40..78 => self.assignment(),
            78..86 => self.deeper(Self::if_clause),
            86..95 => self.deeper(Self::for_loop),
            95..100 => self.deeper(Self::counted_loop),
            100..105 => self.deeper(Self::case),
            105..114 => self.deeper(Self::function),
            114..122 => self.function_call(),
            122..129 => self.deeper(Self::pipeline),
            129..136 => self.deeper(Self::and_or),
            136..141 => self.deeper(Self::group),
            141..146 => self.redirected(),
            146..151 if !self.inline => self.here_document(),
            151..157 => self.deeper(Self::eval),
            157..162 if !self.inline => self.deeper(Self::written_script),
            162..170 => self.deeper(Self::wrapped),
            170..174 => self.positional_parameters(),
            174..177 => self.deeper(Self::directory),
            177..181 => self.separators(),
            181..184 => self.deeper(Self::read_loop),
            184..187 => self.deeper(Self::alias),
            187..189 => self.deeper(Self::trap),
            189..191 => self.getopts(),
            191..193 => self.options(),
            193..196 => self.built_command(),
            196..197 => self.deeper(Self::coproc),
            197..199 => self.flow(),
            _ => self.call(),
        }
    }

    pub(super) fn program(&mut self) -> Tree {
        self.random.pick(PROGRAMS).into()
    }

    /// A program with words.
    pub(super) fn call(&mut self) -> Tree {
        let mut call = Vec::new();
        if self.random.percent(5) {
            call.push("e=".into());
            call.push(self.value());
            call.push(" ".into());
        }
        call.push(match self.random.below(20) {
            0 => self
                .random
                .pick(&[
                    "\\prog", "'prog'", "\"prog\"", "pr''og", "$'prog'", "p\\rog",
                ])
                .into(),
            _ => self.program(),
        });
        call.extend(self.words(1, 4));
        Tree::Command(call)
    }

    pub(super) fn assign_scalar(&mut self) -> String {
        let name = self.random.pick(&["x", "y", "z", "v", "w", "s"]).to_owned();
        if !self.scalars.contains(&name) {
            self.scalars.push(name.clone());
        }
        name
    }

    pub(super) fn assign_number(&mut self) -> String {
        let name = self.random.pick(&["i", "j", "n"]).to_owned();
        if !self.numbers.contains(&name) {
            self.numbers.push(name.clone());
        }
        name
    }

    pub(super) fn assign_array(&mut self) -> String {
        let name = self.random.pick(&["a", "b", "arr"]).to_owned();
        if !self.arrays.contains(&name) {
            self.arrays.push(name.clone());
        }
        name
    }

    fn assignment(&mut self) -> Tree {
        let mut command = match self.random.below(60) {
            0..16 => {
                let name = self.assign_scalar();
                let operator = self.random.pick(&["=", "=", "=", "+="]);
                vec![name.into(), operator.into(), self.value()]
            }
            16..18 => {
                let (one, other) = (self.assign_scalar(), self.assign_scalar());
                vec![
                    one.into(),
                    "=".into(),
                    self.value(),
                    format!(" {other}=").into(),
                    self.value(),
                ]
            }
            18..24 => {
                let name = self.assign_array();
                let operator = self.random.pick(&["=", "=", "+="]);
                let mut assigned = parts![name, operator, "("];
                assigned.extend(self.words(0, 4));
                assigned.push(" )".into());
                assigned
            }
            24..26 => {
                let name = self.assign_array();
                let index = self
                    .random
                    .pick(&["0", "1", "3", "-1", "i", "i+1", "$i", "2"]);
                let operator = self.random.pick(&["=", "+="]);
                vec![format!("{name}[{index}]{operator}").into(), self.value()]
            }
            26..30 => {
                let name = "m".to_owned();
                if self.maps.contains(&name) {
                    let key = self.random.pick(&["k", "'a b'", "k2", "$x", "1", "\"$y\""]);
                    vec![format!("{name}[{key}]=").into(), self.value()]
                } else {
                    self.maps.push(name);
                    let (one, other) = (self.value(), self.value());
                    match self.random.below(3) {
                        0 => parts!["declare -A m=([k]=", one, " ['a b']=", other, ")"],
                        1 => parts!["declare -A m; m[k]=", one, "; m[1]=", other],
                        _ => parts!["declare -A m; m=([k]=", one, " [k2]=", other, ")"],
                    }
                }
            }
            30..33 => {
                let name = self.assign_number();
                let expression = self.expression(2);
                match self.random.below(4) {
                    0 => parts![name, "=$((", expression, "))"],
                    1 => parts!["let '", name, "=", expression, "'"],
                    2 => parts!["((", name, "=", expression, "))"],
                    _ => parts!["((", name, "+=1, ", expression, "))"],
                }
            }
            33..37 => {
                let name = self.assign_scalar();
                let format = self.random.pick(&[
                    "%s", "'%s-%s'", "%d", "%03d", "'%s\\n'", "%q", "'%b'", "%s,", "%x", "%5s",
                ]);
                let mut printf = parts!["printf -v ", name, " ", format];
                printf.extend(self.words(0, 2));
                printf
            }
            37..41 => {
                let name = self.assign_scalar();
                let other = self.assign_scalar();
                let shape = self.random.below(8);
                let value = self.value();
                match shape {
                    0 => parts!["read ", name, " <<< ", value],
                    1 => parts!["read -r ", name, " ", other, " <<< ", value],
                    2 => parts!["IFS=: read -r ", name, " ", other, " <<< ", value],
                    3 => parts!["IFS=, read -ra ", self.assign_array(), " <<< ", value],
                    4 => parts!["read -r ", name, " < a.txt"],
                    5 => parts!["read -n 2 ", name, " <<< ", value],
                    6 => parts!["read -d : ", name, " <<< ", value],
                    _ => parts!["IFS= read -r ", name, " < <(echo ", value, ")"],
                }
            }
            41..44 => {
                let name = self.assign_array();
                let shape = self.random.below(5);
                let value = self.value();
                match shape {
                    0 => parts!["mapfile -t ", name, " < list"],
                    1 => parts!["mapfile -t ", name, " <<< ", value],
                    2 => parts![
                        "readarray -t ",
                        name,
                        " < <(printf '%s\\n' a 'b c' ",
                        value,
                        ")"
                    ],
                    3 => parts!["mapfile ", name, " < a.txt"],
                    _ => parts!["mapfile -t -n 1 -s 1 ", name, " < list"],
                }
            }
            44..48 => {
                let name = self.assign_scalar();
                let declare = self.random.pick(&[
                    "declare",
                    "export",
                    "declare -x",
                    "typeset",
                    "declare -l",
                    "declare -u",
                    "declare -g",
                    "declare -t",
                    "declare +x",
                ]);
                vec![format!("{declare} {name}=").into(), self.value()]
            }
            48..50 => {
                let name = self.assign_number();
                let expression = self
                    .random
                    .pick(&["1+2", "i+1", "'2 * 3'", "0x10", "$#", "7"]);
                vec![format!("declare -i {name}={expression}").into()]
            }
            50..53 => {
                let target = self.assign_scalar();
                let reference = self.fresh("ref");
                self.scalars.push(reference.clone());
                let value = self.value();
                parts![
                    "declare -n ",
                    reference.clone(),
                    "=",
                    target,
                    "; ",
                    reference,
                    "=",
                    value
                ]
            }
            53..55 => {
                let name = self.random.pick(&["x", "y", "z", "a[0]", "a", "m[k]", "v"]);
                parts!["unset ", name]
            }
            55..56 => {
                let name = self.any_of(|this| &this.scalars).unwrap_or_default();
                parts!["export ", name]
            }
            _ => {
                let name = self.assign_scalar();
                vec![name.into(), "=".into(), self.substitution()]
            }
        };
        if self.random.percent(2) {
            command.push(" 2> err".into());
        }
        Tree::Command(command)
    }

    fn condition(&mut self) -> Tree {
        let (one, other) = (self.word(), self.word());
        Tree::Command(match self.random.below(14) {
            0..2 => parts!["[ ", one, " = ", other, " ]"],
            2..4 => {
                let operator = self.random.pick(&["==", "!=", "=", "<", ">"]);
                parts!["[[ ", self.value(), " ", operator, " ", self.value(), " ]]"]
            }
            4 => parts![
                "[[ ",
                self.value(),
                " == ",
                self.random.pick(&["a*", "*b", "?", "[a-c]*"]),
                " ]]"
            ],
            5 => parts![
                "[[ ",
                self.value(),
                " =~ ",
                self.random.pick(&["^(a|b)", "o+", "([a-z])", "^$"]),
                " ]]"
            ],
            6 => {
                let test = self.random.pick(&["-n", "-z"]);
                parts!["[ ", test, " ", self.double_quoted(), " ]"]
            }
            7 => parts![self.random.pick(&[
                "[ -f a.txt ]",
                "[ -e nope ]",
                "[[ -d sub ]]",
                "test -s list",
                "[ -r a.txt -a -w a.txt ]",
                "[[ -v x ]]",
                "[[ ! -e sub/none ]]",
            ])],
            8..10 => parts!["((", self.expression(2), "))"],
            10 => parts![
                self.random
                    .pick(&["true", "false", ":", "! true", "! false"])
            ],
            11 => parts![
                "grep -q ",
                self.random.pick(&["alpha", "nothing"]),
                " a.txt"
            ],
            12 => parts![
                "[[ ",
                self.value(),
                " == ",
                self.value(),
                " && -n ",
                self.value(),
                " ]]"
            ],
            _ => vec![self.call()],
        })
    }

    fn if_clause(&mut self) -> Tree {
        let mut command = parts!["if ", self.condition(), "; then\n", self.list()];
        if self.random.percent(30) {
            command.extend(parts!["\nelif ", self.condition(), "; then\n", self.list()]);
        }
        if self.random.percent(50) {
            command.extend(parts!["\nelse\n", self.list()]);
        }
        command.push("\nfi".into());
        Tree::Command(command)
    }

    fn body(&mut self) -> Tree {
        let outer = std::mem::replace(&mut self.in_loop, true);
        let body = self.list();
        self.in_loop = outer;
        body
    }

    fn for_loop(&mut self) -> Tree {
        let name = self.assign_scalar();
        let mut command = match self.random.below(10) {
            0..6 => {
                let mut words = parts!["for ", name, " in"];
                words.extend(self.words(1, 3));
                words
            }
            6 => parts!["for ", name],
            7 => match self.any_of(|this| &this.arrays) {
                Some(array) => parts!["for ", name, " in \"${", array, "[@]}\""],
                None => parts!["for ", name, " in a 'b c'"],
            },
            8 => match self.any_of(|this| &this.maps) {
                Some(map) => parts!["for ", name, " in \"${!", map, "[@]}\""],
                None => parts!["for ", name, " in *.txt"],
            },
            _ => {
                // An array of two is enough for a menu.
                parts!["select ", name, " in a b"]
            }
        };
        let menu = command.first() == Some(&"select ".into());
        command.extend(parts!["; do\n", self.body()]);
        command.push(
            if menu {
                "\nbreak\ndone <<< 1"
            } else {
                "\ndone"
            }
            .into(),
        );
        Tree::Command(command)
    }

    fn counted_loop(&mut self) -> Tree {
        let counter = self.fresh("c");
        let rounds = 1 + self.random.below(3);
        let (head, tail) = match self.random.below(5) {
            0 => (
                format!("for (({counter} = 0; {counter} < {rounds}; {counter}++)); do\n"),
                "\ndone",
            ),
            1 => (
                format!("{counter}=0; while (({counter}++ < {rounds})); do\n"),
                "\ndone",
            ),
            2 => (
                format!("{counter}=0; while [ $(({counter} += 1)) -le {rounds} ]; do\n"),
                "\ndone",
            ),
            3 => (
                format!("{counter}=0; until (({counter}++ >= {rounds})); do\n"),
                "\ndone",
            ),
            _ => (
                format!(
                    "{counter}={rounds}; while [[ ${counter} -gt 0 ]]; do\n{counter}=$(({counter} - 1))\n"
                ),
                "\ndone",
            ),
        };
        self.numbers.push(counter.clone());
        let body = self.body();
        self.numbers.retain(|name| *name != counter);
        Tree::Command(parts![head, body, tail])
    }

    fn case(&mut self) -> Tree {
        let mut command = parts!["case ", self.word(), " in\n"];
        for _ in 0..1 + self.random.below(3) {
            let pattern = self.random.pick(&[
                "a*", "*", "foo|bar", "[a-c]*", "?", "'*'", "\"$x\"", "(b", "$y", "''", "*.txt",
                "-*",
            ]);
            let end = self.random.pick(&[";;", ";;", ";;", ";&", ";;&"]);
            command.extend(parts![pattern, ")\n", self.list(), "\n", end, "\n"]);
        }
        command.push("esac".into());
        Tree::Command(command)
    }

    fn function(&mut self) -> Tree {
        let name = self.fresh("f");
        let recursive = self.random.percent(15);
        let shape = self.random.below(10);
        let body = self.apart(|this| {
            this.in_function = true;
            let mut commands = Vec::new();
            if this.random.percent(50) {
                let variable = this.assign_scalar();
                let value = match this.random.below(4) {
                    0 => Tree::from("$1"),
                    1 => "\"${2:-none}\"".into(),
                    2 => "\"$*\"".into(),
                    _ => this.value(),
                };
                let option = this
                    .random
                    .pick(&["", "", "-r ", "-a ", "-i ", "-u ", "-n "]);
                let declared = match option {
                    "-a " => parts!["local -a ", this.assign_array(), "=(\"$@\")"],
                    "-n " => parts!["local -n ", this.fresh("ref"), "=x"],
                    "-i " => parts!["local -i ", this.assign_number(), "=2+$#"],
                    "-r " => parts!["local -r ", this.fresh("fixed"), "=", value],
                    _ => parts!["local ", option, variable, "=", value],
                };
                commands.push(Tree::Command(declared));
            }
            commands.push(this.list());
            if this.random.percent(20) {
                commands.push(Tree::Command(parts!["echo ", this.word()]));
            }
            Tree::List(commands)
        });
        self.functions.push(name.clone());
        if recursive {
            let guarded = format!("{name} () {{\n(( ${{1:-0}} > 0 )) || return\n");
            let again = format!("\n{name} $(( ${{1:-0}} - 1 )) \"$@\"\n}}\n{name} 2");
            return Tree::Command(parts![guarded, body, again]);
        }
        let (head, tail) = match shape {
            0 => (format!("function {name} {{\n"), "\n}".to_owned()),
            1 => (format!("{name}() (\n"), "\n)".to_owned()),
            2 => (format!("{name} ()\n{{\n"), "\n} 2> err".to_owned()),
            _ => (format!("{name}() {{\n"), "\n}".to_owned()),
        };
        let mut command = parts![head, body, tail, "\n", name];
        command.extend(self.words(0, 3));
        Tree::Command(command)
    }

    fn function_call(&mut self) -> Tree {
        let Some(function) = self.any_of(|this| &this.functions) else {
            return self.call();
        };
        let mut call = vec![function.into()];
        call.extend(self.words(0, 3));
        Tree::Command(call)
    }

    /// A command on one line, for what stands between operators.
    fn short(&mut self) -> Tree {
        let inline = std::mem::replace(&mut self.inline, true);
        let scalars = self.scalars.clone();
        let command = match self.random.below(10) {
            0..5 => self.call(),
            5 => self.function_call(),
            6..8 => self.pure(),
            8 => self.deeper(Self::group),
            _ => self.condition(),
        };
        self.scalars = scalars;
        self.inline = inline;
        command
    }

    fn pipeline(&mut self) -> Tree {
        let mut command = Vec::new();
        if self.random.percent(15) {
            command.push(self.random.pick(&["! ", "time ", "time -p "]).into());
        }
        command.push(self.short());
        for _ in 0..1 + self.random.below(2) {
            command.push(self.random.pick(&[" | ", " | ", " |& ", " |\n"]).into());
            command.push(self.short());
        }
        Tree::Command(command)
    }

    fn and_or(&mut self) -> Tree {
        let mut command = vec![self.short()];
        for _ in 0..1 + self.random.below(2) {
            command.push(
                self.random
                    .pick(&[" && ", " || ", "; ", " & ", " &&\n"])
                    .into(),
            );
            command.push(if self.random.percent(30) {
                self.assignment()
            } else {
                self.short()
            });
        }
        Tree::Command(command)
    }

    fn group(&mut self) -> Tree {
        match self.random.below(3) {
            0 => {
                let list = self.apart(Self::list);
                Tree::Command(parts!["(\n", list, "\n)"])
            }
            1 => Tree::Command(parts!["{\n", self.list(), "\n}"]),
            _ => {
                let list = self.apart(Self::list);
                Tree::Command(parts!["{\n", list, "\n} & wait"])
            }
        }
    }

    fn redirected(&mut self) -> Tree {
        let command = self.short();
        Tree::Command(match self.random.below(12) {
            0 => parts![command, " > out"],
            1 => parts![command, " >> out 2>&1"],
            2 => parts![command, " &> both"],
            3 => parts![command, " < a.txt"],
            4 => parts![command, " <<< ", self.value()],
            5 => parts!["exec 3> three; ", command, " >&3; exec 3>&-"],
            6 => parts![command, " {fd}> open; ", self.call()],
            7 => parts!["> out ", self.call(), " 2> err < list"],
            8 => parts!["prog <(", command, ") >(cat) end"],
            9 => parts![command, " > >(cat)"],
            10 => parts![command, " 2> /dev/null >| out"],
            _ => parts![command, " > \"$x\".out 2> err"],
        })
    }

    fn here_document(&mut self) -> Tree {
        let end = self.fresh("E");
        let quoted = self.random.percent(40);
        let shape = self.random.below(6);
        let delimiter = if quoted {
            format!("'{end}'")
        } else {
            end.clone()
        };
        let body = if quoted {
            self.random
                .pick(&[
                    "one $x\n`two`",
                    "$(prog no)",
                    "",
                    "a\\b\nline 2",
                    "x=1\n\"quoted\"",
                ])
                .into()
        } else {
            Tree::Word(parts![
                self.random
                    .pick(&["text ", "", "line 1\nline ", "\\$x ", "'single' "]),
                self.parameter(true),
                self.random.pick(&["", " tail", "\nmore", "\\\njoined"])
            ])
        };
        Tree::Command(match shape {
            0 => parts![
                "prog ",
                self.word(),
                format!(" <<{delimiter}\n"),
                body,
                "\n",
                end
            ],
            1 => parts![
                format!("while read -r line; do prog \"$line\"; done <<{delimiter}\n"),
                body,
                "\n",
                end
            ],
            2 => {
                let name = self.assign_scalar();
                parts![
                    name,
                    format!("=$(cat <<{delimiter}\n"),
                    body,
                    "\n",
                    end,
                    "\n)"
                ]
            }
            3 => parts![
                format!("cat <<-{delimiter} | {{ read -r one two; prog \"$one\" \"$two\"; }}\n\t"),
                body,
                "\n\t",
                end
            ],
            4 => parts!["xargs prog x ", format!("<<{delimiter}\n"), body, "\n", end],
            _ => parts![
                format!("cat > doc <<{delimiter}; prog after\n"),
                body,
                "\n",
                end,
                "\nprog \"$(cat doc)\""
            ],
        })
    }

    fn eval(&mut self) -> Tree {
        match self.random.below(8) {
            0..4 => Tree::Command(vec!["eval ".into(), Tree::Quoted(Box::new(self.list()))]),
            4 => {
                let mut command = parts!["eval prog"];
                command.extend(self.words(1, 3));
                Tree::Command(command)
            }
            5 => Tree::Command(parts!["eval \"prog ", self.parameter(true), "\""]),
            6 => Tree::Command(vec![
                "eval eval ".into(),
                Tree::Quoted(Box::new(self.call())),
            ]),
            _ => {
                let name = self.assign_scalar();
                let list = Tree::Quoted(Box::new(self.call()));
                Tree::Command(parts![
                    format!("{name}="),
                    list,
                    format!("; eval \"${name}\"")
                ])
            }
        }
    }

    fn written_script(&mut self) -> Tree {
        let file = format!("{}.sh", self.fresh("s"));
        let end = self.fresh("E");
        let shape = self.random.below(8);
        let first = match shape {
            3 => "#!/bin/bash\n",
            4 => "#!/bin/sh\n",
            _ => "",
        };
        let sourced = shape < 2;
        let script = if sourced {
            self.list()
        } else {
            self.apart(|this| {
                this.in_function = false;
                this.list()
            })
        };
        let simple = shape == 4 || shape == 5;
        let script = if simple {
            // A shell that knows no more than POSIX does.
            Tree::List(vec![
                Tree::from("prog posix \"$1\" \"$@\""),
                Tree::from("x=${1:-none}; prog \"$x\""),
            ])
        } else {
            script
        };
        let written = match self.random.below(3) {
            0 if first.is_empty() && !simple => Tree::Command(vec![
                "echo ".into(),
                Tree::Quoted(Box::new(script)),
                format!(" > {file}").into(),
            ]),
            1 if first.is_empty() && !simple => Tree::Command(vec![
                "printf '%s\\n' ".into(),
                Tree::Quoted(Box::new(script)),
                format!(" > {file}").into(),
            ]),
            _ => Tree::Command(parts![
                format!("cat > {file} <<'{end}'\n{first}"),
                script,
                "\n",
                end
            ]),
        };
        let mut words = self.words(0, 2);
        let run = match shape {
            0 => format!("\n. ./{file}"),
            1 => format!("\nsource ./{file}"),
            2 => format!("\nbash {file}"),
            3 | 4 => format!("\nchmod +x {file}; ./{file}"),
            5 => format!("\nsh {file}"),
            6 => {
                words.clear();
                format!("\nbash < {file}")
            }
            _ => {
                words.clear();
                format!("\ncat {file} | bash")
            }
        };
        let mut command = parts![written, run];
        command.extend(words);
        Tree::Command(command)
    }

    fn wrapped(&mut self) -> Tree {
        let wrapper = self.random.below(24);
        let mut command = match wrapper {
            0 => parts!["command ", self.call()],
            1 => parts!["command -p true; command ", self.call()],
            2 => return Tree::Command(parts!["(exec ", self.call(), ")"]),
            3 => parts!["env E=1 ", self.program()],
            4 => parts!["env -u HOME ", self.program()],
            5 => parts!["nice -n 5 ", self.program()],
            6 => parts!["nohup ", self.program()],
            7 => parts!["timeout 5 ", self.program()],
            8 => return Tree::Command(parts!["(exec -a other ", self.call(), ")"]),
            9 => {
                let value = self.value();
                return Tree::Command(parts!["echo ", value, " | xargs ", self.call()]);
            }
            10 => {
                let option =
                    self.random
                        .pick(&["-n1", "-n 2", "-0", "-t", "-r", "-L1", "-d,", "-P 2 -n 1"]);
                return Tree::Command(parts![
                    "printf '%s\\n' a 'b c' d | xargs ",
                    option,
                    " ",
                    self.program(),
                    " x"
                ]);
            }
            11 => {
                return Tree::Command(parts![
                    "cat list | xargs -I{} ",
                    self.program(),
                    " {} 'in {}' y"
                ]);
            }
            12 => {
                let end = self.random.pick(&["\\;", "+"]);
                let name = self.random.pick(&[
                    "-name '*.txt'",
                    "-type f",
                    "-maxdepth 1 -name 'a*'",
                    "-newer list",
                ]);
                return Tree::Command(parts![
                    "find . ",
                    name,
                    " -exec ",
                    self.program(),
                    " x {} ",
                    end
                ]);
            }
            13 => {
                let text = Tree::Quoted(Box::new(self.apart(Self::list)));
                let mut command = parts!["bash -c ", text];
                command.extend(self.words(0, 3));
                return Tree::Command(command);
            }
            14 => {
                return Tree::Command(parts!["bash -c \"prog ", self.parameter(true), "\""]);
            }
            15 => {
                let name = self.fresh("h");
                let mut command = parts![format!("hash -p \"$(command -v tool)\" {name}; {name}")];
                command.extend(self.words(1, 2));
                return Tree::Command(command);
            }
            16 => {
                let text = Tree::Quoted(Box::new(self.apart(Self::call)));
                return Tree::Command(parts!["echo ", text, " | bash"]);
            }
            17 => {
                let text = Tree::Quoted(Box::new(self.call()));
                return Tree::Command(parts!["source <(echo ", text, ")"]);
            }
            18 => parts!["bash -c 'prog \"$@\"' _"],
            19 => parts!["bash -c '\"$@\"' _ ", self.program()],
            20 => {
                let text = Tree::Quoted(Box::new(self.apart(Self::list)));
                return Tree::Command(parts!["bash <<< ", text]);
            }
            21 => parts!["builtin command ", self.program()],
            22 => parts!["setsid ", self.program()],
            _ => {
                let text = Tree::Quoted(Box::new(self.apart(Self::list)));
                return Tree::Command(parts!["env bash -c ", text]);
            }
        };
        command.extend(self.words(1, 2));
        Tree::Command(command)
    }

    fn positional_parameters(&mut self) -> Tree {
        let mut command = match self.random.below(5) {
            0 | 1 => parts!["set --"],
            2 => return Tree::Command(parts!["shift"]),
            3 => return Tree::Command(parts!["shift 2"]),
            _ => {
                let mut command = parts!["set -- \"$@\""];
                command.extend(self.words(1, 2));
                return Tree::Command(command);
            }
        };
        command.extend(self.words(0, 3));
        Tree::Command(command)
    }

    fn directory(&mut self) -> Tree {
        match self.random.below(8) {
            0 => Tree::Command(parts!["cd sub && ", self.short()]),
            1 => Tree::Command(parts!["cd ..; cd - > /dev/null; ", self.short()]),
            2 => Tree::Command(parts!["(cd sub/deep; ", self.short(), ")"]),
            3 => Tree::Command(parts!["pushd sub > out; ", self.short(), "; popd > out"]),
            4 => Tree::Command(parts!["cd nowhere || ", self.short()]),
            5 => Tree::Command(parts![
                "mkdir -p new/dir && cd new/dir; prog \"${PWD##*/}\"; cd ../.."
            ]),
            6 => Tree::Command(parts!["cd sub; prog *; cd \"$OLDPWD\"; prog *.txt"]),
            _ => Tree::Command(parts![
                "CDPATH=sub; cd deep > out; prog *; unset CDPATH; cd ../.."
            ]),
        }
    }

    fn separators(&mut self) -> Tree {
        let name = self.any_of(|this| &this.scalars).unwrap_or_default();
        match self.random.below(6) {
            0 => Tree::Command(parts!["IFS=,; prog $", name, "; unset IFS"]),
            1 => Tree::Command(parts!["IFS=:; ", self.assignment()]),
            2 => Tree::Command(parts!["IFS=$' \\t\\n'"]),
            3 => Tree::Command(parts!["IFS=; prog $", name, " \"$*\"; unset IFS"]),
            4 => Tree::Command(parts![
                "OLD=$IFS; IFS=/; set -- $",
                name,
                "; IFS=$OLD; prog \"$@\""
            ]),
            _ => Tree::Command(parts![
                "IFS='ab '; prog ",
                self.word(),
                " $",
                name,
                "; IFS=$' \\t\\n'"
            ]),
        }
    }

    fn read_loop(&mut self) -> Tree {
        let name = self.assign_scalar();
        let input = self.pure();
        let body = self.body();
        match self.random.below(5) {
            0 => Tree::Command(parts![
                "while read -r ",
                name,
                "; do\n",
                body,
                "\ndone < list"
            ]),
            1 => Tree::Command(parts![
                "while IFS= read -r ",
                name,
                "; do\n",
                body,
                "\ndone < <(",
                input,
                ")"
            ]),
            2 => Tree::Command(parts![
                input,
                " | while read -r ",
                name,
                " rest; do\n",
                body,
                "\ndone"
            ]),
            3 => Tree::Command(parts![
                "while read -r ",
                name,
                "; do\n",
                body,
                "\ndone <<< ",
                self.value()
            ]),
            _ => Tree::Command(parts![
                "printf '%s\\0' a 'b c' | while read -r -d '' ",
                name,
                "; do\n",
                body,
                "\ndone"
            ]),
        }
    }

    fn alias(&mut self) -> Tree {
        let name = self.fresh("al");
        let text = match self.random.below(4) {
            0 => Tree::from("prog "),
            1 => "prog aliased; tool".into(),
            _ => self.call(),
        };
        let mut command = parts!["shopt -s expand_aliases\nalias ", name.clone(), "="];
        command.push(Tree::Quoted(Box::new(text)));
        command.push("\n".into());
        command.push(name.clone().into());
        command.extend(self.words(1, 2));
        self.aliases.push(name);
        Tree::Command(command)
    }

    fn trap(&mut self) -> Tree {
        let inline = std::mem::replace(&mut self.inline, true);
        let text = Tree::Quoted(Box::new(self.apart(Self::call)));
        self.inline = inline;
        let signal = self.random.pick(&[
            "EXIT", "EXIT", "0", "ERR", "DEBUG", "RETURN", "USR1", "TERM",
        ]);
        let mut command = parts!["trap ", text, " ", signal];
        match signal {
            "USR1" => command.push("; kill -USR1 $$".into()),
            "ERR" => command.push("; false".into()),
            "DEBUG" => command.push("; prog traced; trap - DEBUG".into()),
            _ => {}
        }
        Tree::Command(command)
    }

    fn getopts(&mut self) -> Tree {
        let mut command = parts!["set -- -a -b ", self.value()];
        command.extend(self.words(0, 2));
        command.push(
            "\nwhile getopts ab:c opt; do\ncase $opt in\na) prog A ;;\nb) prog B \"$OPTARG\" ;;\n*) prog other ;;\nesac\ndone\nshift $((OPTIND - 1)); prog rest \"$@\"\nOPTIND=1"
                .into(),
        );
        Tree::Command(command)
    }

    fn options(&mut self) -> Tree {
        let option = self.random.pick(&[
            "set -f; prog *.txt; set +f",
            "shopt -s nullglob; prog no*such *.txt; shopt -u nullglob",
            "shopt -s dotglob; prog *; shopt -u dotglob",
            "shopt -s globstar; prog **; shopt -u globstar",
            "set +e",
            "set -a; z=exported; set +a; bash -c 'prog \"$z\"'",
            "shopt -s extglob\nprog @(a|b).txt !(a*)\nshopt -u extglob",
            "set -k; prog a=b c; set +k",
            "shopt -s failglob; shopt -u failglob",
            "set -o noglob; prog *; set +o noglob",
            "set +B; prog {a,b}; set -B",
            "shopt -s nocaseglob; prog A*; shopt -u nocaseglob",
            "GLOBIGNORE=a.txt; prog *.txt; unset GLOBIGNORE",
        ]);
        Tree::Command(vec![option.into()])
    }

    /// A command whose program is put together first.
    fn built_command(&mut self) -> Tree {
        let mut command = match self.random.below(9) {
            0 => parts!["cmd=prog; $cmd"],
            1 => parts!["cmd='prog one two'; $cmd"],
            2 => parts!["cmd=(prog one 'two words'); \"${cmd[@]}\""],
            3 => parts!["p=pr; ${p}og"],
            4 => parts!["$(echo prog)"],
            5 => parts!["cmd=gorp; $(rev <<< $cmd)"],
            6 => parts!["cmd=prog; args=(-a \"$x\"); \"$cmd\" \"${args[@]}\""],
            7 => parts!["c=cmd; cmd=prog; ${!c}"],
            _ => parts!["set -- prog \"$@\"; \"$@\""],
        };
        command.extend(self.words(0, 2));
        Tree::Command(command)
    }

    fn coproc(&mut self) -> Tree {
        match self.random.below(3) {
            0 => Tree::Command(parts!["coproc ", self.call(), "\nwait"]),
            1 => Tree::Command(parts!["coproc CO { ", self.call(), "; }\nwait"]),
            _ => Tree::Command(parts![
                "coproc cat; echo ",
                self.value(),
                " >&${COPROC[1]}; eval \"exec ${COPROC[1]}>&-\"; read -r line <&${COPROC[0]}; prog \"$line\"; wait"
            ]),
        }
    }

    fn flow(&mut self) -> Tree {
        let condition = self.condition();
        if self.in_loop {
            let leave = self.random.pick(&["break", "continue"]);
            return Tree::Command(parts![condition, " && ", leave]);
        }
        if self.in_function {
            return Tree::Command(parts![
                condition,
                " && return ",
                self.random.pick(&["", "1"])
            ]);
        }
        Tree::Command(parts![
            condition,
            " || exit ",
            self.random.pick(&["0", "3", ""])
        ])
    }
}
