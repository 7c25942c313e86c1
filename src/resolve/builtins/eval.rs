//! Text that runs in this very shell: `eval`.

use crate::location::Location;
use crate::resolve::command::{Argument, base_name};
use crate::resolve::descriptor::{DESCRIPTOR, GIVEN_OUT};
use crate::resolve::interpreter::Interpreter;
use crate::resolve::redirection::Io;
use crate::resolve::source::Origin;
use crate::resolve::state::Value;
use crate::resolve::text::{Part, Text};
use crate::shell;

/// What the unknown parts of a text are called while it runs.
const HOLE: &str = "__guard_hole_";
/// And those that are quoted: they count only where nothing is expanded.
pub(in crate::resolve) const QUOTED: &str = "__guard_quoted_";
/// How both stand in the text.
const NAMED: &str = "${__guard_";

impl Interpreter<'_> {
    pub(in crate::resolve) fn eval(
        &mut self,
        operands: &[Argument],
        io: &Io,
        location: &Location,
    ) -> Text {
        self.emit_redirections(io, location);
        let outer_stdin = self.state.stdin.clone();
        if let Some(stdin) = &io.stdin {
            self.state.stdin = stdin.clone();
        }
        let operands = match operands.first() {
            Some(first) if first.value.exact() == Some("--") => {
                operands.get(1..).unwrap_or_default()
            }
            _ => operands,
        };
        let mut text = Text::empty();
        for (index, operand) in operands.iter().enumerate() {
            if index > 0 {
                text.push_known(" ");
            }
            text.append(operand.value.clone());
        }
        let origin = match operands {
            [only] => only.verbatim.map_or_else(
                || Origin::Place(only.location.clone()),
                |offset| Origin::Verbatim { offset },
            ),
            _ => Origin::Place(location.clone()),
        };
        let output = self.unsure_text(&text, origin, location, "eval");
        self.state.stdin = outer_stdin;
        output
    }

    /// Runs a text of which parts may not be known. Such a part is opaque: it may hold anything.
    pub(in crate::resolve) fn unsure_text(
        &mut self,
        text: &Text,
        origin: Origin,
        location: &Location,
        by: &str,
    ) -> Text {
        if let Some(known) = text.exact() {
            let known = known.to_owned();
            return self.text(&known, origin);
        }
        // What stands around the unknown parts is still known.
        let mut rendered = String::new();
        let mut parts = text.parts().iter().peekable();
        let (mut reason, mut only_holes) = (None, true);
        while let Some(part) = parts.next() {
            let source = match part {
                Part::Known(known) | Part::Glob(known) => {
                    rendered.push_str(known);
                    only_holes &= known.is_empty();
                    continue;
                }
                Part::Unknown(source) => source,
            };
            let marked =
                parts.next_if(|part| matches!(part, Part::Unknown(mark) if mark.is_empty()));
            let several = parts.next_if(|part| matches!(part, Part::Glob(mark) if mark.is_empty()));
            let mut value = Text::unknown(source.as_str());
            self.holes += 1;
            // Behind a dollar, quotes are others.
            if marked.is_some() && !rendered.ends_with('$') {
                if several.is_some() {
                    value = value.several();
                }
                let name = format!("{QUOTED}{}", self.holes);
                rendered.push_str(&format!("'${{{name}}}'"));
                self.state.set(self.world, &name, Value::Scalar(value));
                only_holes = false;
                continue;
            }
            let name = format!("{HOLE}{}", self.holes);
            if self.is_for_this_shell(source) {
                value = Text::known(":");
                self.state.environment.uncertain = true;
            } else if !is_number(source) {
                reason = reason.or(Some(source.clone()));
            }
            // Digits before `<` or `>` are a descriptor.
            let redirects =
                matches!(parts.peek(), Some(Part::Known(next)) if next.starts_with(['<', '>']));
            if is_number(source) && redirects && rendered.ends_with(' ') {
                rendered.push_str(&GIVEN_OUT.to_string());
            } else {
                rendered.push_str(&format!("${{{name}}}"));
            }
            self.state.set(self.world, &name, Value::Scalar(value));
        }
        if let Some(source) = reason {
            let reason = format!("`{by}` runs text that is known only when it runs: {source}");
            self.sink.opaque(reason, location.clone());
        }
        if only_holes {
            return Text::unknown("an unknown text");
        }
        self.text(&rendered, Origin::Place(location.clone()))
    }

    /// Characters that were quoted: in a text of which parts were not known, these stand in them by
    /// their names.
    pub(in crate::resolve) fn literal(&self, characters: &str) -> Text {
        let mut text = Text::empty();
        let mut rest = characters;
        while self.holes > 0
            && let Some((before, after)) = rest.split_once(NAMED)
        {
            text.push_known(before);
            let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = after.find(|c| !part_of_name(c)).unwrap_or(after.len());
            let (name, behind) = after.split_at(end);
            let name = format!("__guard_{name}");
            let known = self.state.variables.get(&name);
            match (known.map(|known| &known.value), behind.strip_prefix('}')) {
                (Some(Value::Scalar(value)), Some(behind)) => {
                    text.append(value.clone());
                    rest = behind;
                }
                _ => {
                    text.push_known(NAMED);
                    rest = after;
                }
            }
        }
        text.push_known(rest);
        text
    }

    /// Whether a text that is not known is what programs print for `eval`, or what the program that
    /// started this shell handed it on a descriptor: the shell's earlier state, as Cursor does.
    fn is_for_this_shell(&self, source: &str) -> bool {
        let inner = source
            .strip_prefix("$(")
            .and_then(|rest| rest.strip_suffix(')'));
        let handed = inner
            .map(str::trim)
            .and_then(|inner| {
                inner
                    .strip_prefix("command ")
                    .unwrap_or(inner)
                    .strip_prefix("cat <&")
            })
            .and_then(|descriptor| descriptor.parse().ok())
            // From 10 on the shell itself gives out numbers.
            .is_some_and(|descriptor: u32| {
                (3..10).contains(&descriptor) && !self.opened.contains(&descriptor)
            });
        (self.outermost && handed) || prints_environment(source)
    }
}

/// Whether what is not known is certainly a number: nothing else can come of it.
fn is_number(source: &str) -> bool {
    let name = |name: &str| {
        let name = name
            .strip_suffix("[@]")
            .or_else(|| name.strip_suffix("[*]"))
            .unwrap_or(name);
        shell::is_name(name) || matches!(name, "@" | "*")
    };
    let counted = source
        .strip_prefix("${#")
        .and_then(|rest| rest.strip_suffix('}'));
    let computed = source
        .strip_prefix("$((")
        .and_then(|rest| rest.strip_suffix("))"));
    matches!(
        source,
        DESCRIPTOR | "$?" | "$#" | "$$" | "$!" | "${?}" | "${#}"
    ) || counted.is_some_and(name)
        || computed.is_some_and(|inner| {
            let plain = |c: char| c.is_ascii_alphanumeric() || " _$+-*/%".contains(c);
            inner.chars().all(plain)
        })
}

/// Programs whose documented use is `eval "$(program …)"`: they print assignments for this very
/// shell, and an agent gains nothing by writing them that it could not have by running them.
fn prints_environment(source: &str) -> bool {
    const PRINTERS: &[&str] = &[
        "ssh-agent",
        "brew shellenv",
        "pyenv init",
        "pyenv virtualenv-init",
        "rbenv init",
        "nodenv init",
        "direnv hook",
        "direnv export",
        "fnm env",
        "mise activate",
        "mise env",
        "opam env",
        "conda shell.bash hook",
        "conda shell.zsh hook",
        "minikube docker-env",
        "minikube -p minikube docker-env",
        "docker-machine env",
        "starship init",
        "zoxide init",
        "dircolors",
        "rtx activate",
        "nvm env",
        "tty -s",
        "locale",
        "luarocks path",
        "register-python-argcomplete",
    ];
    let Some(inner) = source
        .strip_prefix("$(")
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return false;
    };
    let inner = inner.trim();
    if inner.contains([';', '|', '&', '`', '$', '\n', '<', '(']) {
        return false;
    }
    let inner = inner.strip_suffix("2>/dev/null").unwrap_or(inner).trim();
    // `/opt/homebrew/bin/brew shellenv` is brew.
    let (program, arguments) = inner.split_once(' ').unwrap_or((inner, ""));
    let base = base_name(program);
    let named = format!("{base} {arguments}");
    PRINTERS.iter().any(|printer| {
        named
            .strip_prefix(printer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}
