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
        let mut sources = Vec::new();
        for part in text.parts() {
            if let Part::Unknown(source) = part
                && !self.is_for_this_shell(source)
                && !is_number(source)
            {
                sources.push(source.clone());
            }
        }
        if let Some(source) = sources.first() {
            let reason = format!("`{by}` runs text that is known only when it runs: {source}");
            self.sink.opaque(reason, location.clone());
        }
        // What stands around the unknown parts is still known.
        let mut holes = Vec::new();
        let mut rendered = text.render(|index, source| {
            holes.push(source.to_owned());
            format!("${{__guard_hole_{index}}}")
        });
        for (index, _) in holes.iter().enumerate().filter(|(_, hole)| is_number(hole)) {
            // Digits before `<` or `>` are a descriptor.
            for operator in ['<', '>'] {
                let hole = format!(" ${{__guard_hole_{index}}}{operator}");
                rendered = rendered.replace(&hole, &format!(" {GIVEN_OUT}{operator}"));
            }
        }
        for (index, source) in holes.into_iter().enumerate() {
            let name = format!("__guard_hole_{index}");
            if self.is_for_this_shell(&source) {
                self.state
                    .set(self.world, &name, Value::Scalar(Text::known(":")));
                self.state.environment.uncertain = true;
            } else {
                self.state
                    .set(self.world, &name, Value::Scalar(Text::unknown(source)));
            }
        }
        if text
            .parts()
            .iter()
            .all(|part| matches!(part, Part::Unknown(_)))
        {
            return Text::unknown("an unknown text");
        }
        self.text(&rendered, Origin::Place(location.clone()))
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
