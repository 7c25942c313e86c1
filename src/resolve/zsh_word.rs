//! zsh's words: patterns with groups and qualifiers, `=program`, named directories.

use super::expand::Field;
use super::interpreter::Interpreter;
use super::options::ShellOption;
use super::parameter::Expansion;
use super::source::Origin;
use super::state::{Function, Value};
use super::text::Text;
use crate::shell::{Node, Parameter, Piece, ZshOption};
use crate::world::{PathStatus, World};

/// What zsh's own patterns make of a word.
pub(super) enum ZshPattern {
    /// Nothing that bash would read otherwise.
    Plain,
    /// Everything that fits the word fits this one.
    Rewritten(Vec<Piece>),
    /// It gives words that are known only when it runs.
    Unknown(Text),
}

/// How an unquoted value becomes fields.
pub(super) struct ValueRules {
    /// `None` when they are not known; empty when nothing is split.
    pub(super) separators: Option<String>,
    pub(super) patterns: bool,
    /// What stands around the value is repeated for each of its elements.
    pub(super) combines: bool,
}

impl ValueRules {
    /// What stands between words that become one, if it is no blank.
    pub(super) fn first_separator(&self) -> Option<char> {
        let first = self.separators.as_ref()?.chars().next()?;
        (!matches!(first, ' ' | '\t' | '\n')).then_some(first)
    }
}

impl Interpreter<'_> {
    /// How a value becomes fields: a parameter's, or what is not one.
    pub(super) fn value_rules(&self, parameter: Option<&Parameter>) -> ValueRules {
        let dialect = self.state.dialect;
        let zsh = parameter.and_then(|parameter| parameter.zsh.as_deref());
        let splits = zsh
            .and_then(|zsh| zsh.split)
            .map_or(dialect.splits_words(), Some);
        let patterns = zsh
            .and_then(|zsh| zsh.pattern)
            .map_or(dialect.globs_values(), Some);
        let combines = zsh.and_then(|zsh| zsh.combine);
        ValueRules {
            separators: match splits {
                Some(true) => self.field_separators(),
                Some(false) => Some(String::new()),
                None => None,
            },
            patterns: patterns != Some(false) && !self.state.options.has(ShellOption::NoGlob),
            combines: combines.unwrap_or_else(|| {
                dialect.is_zsh() && dialect.option(ZshOption::RcExpandParam) != Some(false)
            }),
        }
    }

    /// Reads zsh's own patterns in a word. What its groups and numbers may be is taken as `*`.
    pub(super) fn zsh_pattern(&mut self, pieces: &[Piece]) -> ZshPattern {
        let dialect = self.state.dialect;
        let literals = || {
            pieces.iter().filter_map(|piece| match piece {
                Piece::Literal { text, .. } => Some(text.as_str()),
                _ => None,
            })
        };
        if let [Piece::Literal { text, .. }, rest @ ..] = pieces
            && let Some(name) = text.strip_prefix('=')
            && rest.is_empty()
            && !name.is_empty()
            && !name.contains(['=', '/'])
            && dialect.option(ZshOption::Equals) != Some(false)
        {
            let path = self.program_path(name);
            return match path.exact() {
                Some(path) => ZshPattern::Rewritten(vec![Piece::Quoted {
                    text: path.to_owned(),
                    offset: None,
                }]),
                None => ZshPattern::Unknown(path),
            };
        }
        if dialect.option(ZshOption::BraceCcl) != Some(false)
            && literals().any(|text| text.contains('{'))
        {
            let _ = self.expand_plain(pieces);
            return ZshPattern::Unknown(Text::unknown("braces"));
        }
        let source = || {
            let mut source = String::new();
            for piece in pieces {
                match piece {
                    Piece::Literal { text, .. } | Piece::Quoted { text, .. } => {
                        source.push_str(text);
                    }
                    Piece::Parameter { parameter, .. } => source.push_str(&parameter.source),
                    Piece::Command { source: text, .. }
                    | Piece::Process { source: text, .. }
                    | Piece::Arithmetic { source: text, .. } => source.push_str(text),
                }
            }
            source
        };
        if dialect.option(ZshOption::ExtendedGlob) != Some(false)
            && literals().enumerate().any(|(index, text)| {
                let text = match text.strip_prefix('~') {
                    Some(rest) if index == 0 => rest,
                    _ => text,
                };
                text.contains(['^', '~', '#'])
            })
        {
            // Its substitutions run all the same.
            let _ = self.expand_plain(pieces);
            return ZshPattern::Unknown(Text::unknown(source()));
        }
        // `<1-9>` is always one literal.
        let numeric = |text: &str| text.contains('<') && text.contains('>');
        if !literals().any(|text| text.contains('(') || numeric(text)) {
            return ZshPattern::Plain;
        }
        let mut rewriter = Rewriter::default();
        for piece in pieces {
            rewriter.piece(piece);
        }
        let Rewriter {
            mut done,
            groups,
            depth,
            ..
        } = rewriter;
        if depth > 0 {
            return ZshPattern::Unknown(Text::unknown(source()));
        }
        // A group at the end without alternatives qualifies what the rest matches.
        let last = groups.last().filter(|group| {
            group.at_end && !group.pieces.contains('|') && dialect.has(ZshOption::BareGlobQual)
        });
        let mut qualified = false;
        if let Some(group) = last {
            let text = group.pieces.clone();
            if self.qualifiers(&text) {
                return ZshPattern::Unknown(Text::unknown(source()));
            }
            qualified = true;
            // It stands for nothing of the name.
            if let Some(Piece::Literal { text, .. }) = done.last_mut()
                && text.ends_with('*')
            {
                text.pop();
            }
        }
        let hidden = groups
            .iter()
            .take(groups.len() - usize::from(qualified))
            .any(|group| group.pieces.contains(['/', '.']));
        if hidden {
            let _ = self.expand_plain(pieces);
            return ZshPattern::Unknown(Text::unknown(source()));
        }
        let magic = done.iter().any(
            |piece| matches!(piece, Piece::Literal { text, .. } if text.contains(['*', '?', '['])),
        );
        if qualified && !magic {
            // A name with qualifiers may give no word at all.
            let _ = self.expand_plain(&done);
            return ZshPattern::Unknown(Text::unknown(source()));
        }
        ZshPattern::Rewritten(done)
    }

    /// Follows the code in qualifiers; true if they change or add words.
    fn qualifiers(&mut self, text: &str) -> bool {
        for (at, letter) in text.char_indices() {
            let rest = text.get(at + letter.len_utf8()..).unwrap_or_default();
            match letter {
                ':' | 'P' | '#' => return true,
                'e' | '+' => {
                    let code = match rest.chars().next() {
                        Some(open) if letter == 'e' => {
                            let close = match open {
                                '[' => ']',
                                '{' => '}',
                                '<' => '>',
                                '(' => ')',
                                other => other,
                            };
                            let inside = rest.get(open.len_utf8()..).unwrap_or_default();
                            inside.rsplit_once(close).map_or(inside, |(code, _)| code)
                        }
                        _ => rest,
                    };
                    let place = self.current.clone();
                    let code = Text::known(code);
                    self.aside(|shell| {
                        let name = Value::Scalar(Text::unknown("$REPLY"));
                        shell.state.set(shell.world, "REPLY", name);
                        shell.unsure_text(&code, Origin::Place(place.clone()), &place, "a pattern")
                    });
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// The path of a program, as `=name` and `$commands[name]` give it.
    pub(super) fn program_path(&self, name: &str) -> Text {
        let path = self.scalar("PATH").unwrap_or_default();
        let Some(path) = path.exact() else {
            return Text::known(name);
        };
        let found = path.split(':').find_map(|directory| {
            let path = self.directory().join(directory)?.join(name);
            matches!(self.world.status(&path), PathStatus::File { .. })
                .then(|| path.to_string_lossy().into_owned())
        });
        // A name that is not found is an error, and nothing runs.
        Text::known(found.unwrap_or_else(|| name.to_owned()))
    }

    /// `~name` where no user has that name: a directory that `hash -d` or a variable names.
    pub(super) fn zsh_named_directory(&self, name: &str) -> Option<Text> {
        if !self.state.dialect.is_zsh() || name.is_empty() {
            return None;
        }
        match self.scalar(name) {
            Some(value) if value.known_prefix().starts_with('/') => Some(value),
            _ => Some(Text::unknown(format!("~{name}"))),
        }
    }

    /// `() { … } arguments`
    pub(super) fn call_anonymous(&mut self, body: &std::rc::Rc<Node>, fields: Vec<Field>) -> Text {
        let known = !fields.iter().any(|field| field.splits);
        let arguments = known.then(|| fields.into_iter().map(|field| field.text).collect());
        let outer = std::mem::replace(&mut self.state.arguments, arguments);
        let output = self.deeper(|shell| shell.node(body));
        self.state.arguments = outer;
        output
    }

    /// Defines a function; one that zsh runs by its name at some point may run.
    pub(super) fn define(&mut self, name: &str, function: Function) {
        // A name that is known only when it runs may be any that is called later.
        let hook = if self.state.dialect.is_zsh() {
            ZSH_HOOKS.contains(&name) || name.starts_with("TRAP") || name.contains(['$', '`'])
        } else {
            name == "command_not_found_handle"
        };
        let body = std::rc::Rc::clone(&function.body);
        self.state.define(name, function);
        if hook {
            self.aside(|shell| shell.node(&body));
        }
    }
}

/// Functions that zsh itself calls.
const ZSH_HOOKS: &[&str] = &[
    "chpwd",
    "periodic",
    "precmd",
    "preexec",
    "zshaddhistory",
    "zshexit",
    "zsh_directory_name",
    "command_not_found_handler",
];

/// The elements of a list, of which each gets what stands around it.
pub(super) fn combined(expansion: Expansion, source: &str) -> Expansion {
    match expansion {
        Expansion::List(texts) if texts.len() != 1 => Expansion::UnknownList(source.to_owned()),
        other => other,
    }
}

/// A group of a pattern: what stands in its parentheses.
struct Group {
    pieces: String,
    /// Nothing of the word comes after it.
    at_end: bool,
}

/// Puts `*` in the place of each group and each `<1-9>`.
#[derive(Default)]
struct Rewriter {
    done: Vec<Piece>,
    groups: Vec<Group>,
    depth: usize,
}

impl Rewriter {
    fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Literal { text, .. } => text.chars().for_each(|letter| self.letter(letter)),
            Piece::Quoted { text, .. } if self.depth > 0 => {
                if let Some(group) = self.groups.last_mut() {
                    group.pieces.push_str(text);
                }
            }
            // What is not known in a group may be a slash.
            _ if self.depth > 0 => {
                if let Some(group) = self.groups.last_mut() {
                    group.pieces.push('/');
                }
            }
            other => {
                self.not_at_end();
                self.done.push(other.clone());
            }
        }
    }

    fn letter(&mut self, letter: char) {
        match letter {
            '(' => {
                if self.depth == 0 {
                    self.not_at_end();
                    self.groups.push(Group {
                        pieces: String::new(),
                        at_end: true,
                    });
                    self.push('*');
                } else if let Some(group) = self.groups.last_mut() {
                    group.pieces.push(letter);
                }
                self.depth += 1;
            }
            ')' if self.depth > 0 => {
                self.depth -= 1;
                if self.depth > 0
                    && let Some(group) = self.groups.last_mut()
                {
                    group.pieces.push(letter);
                }
            }
            _ if self.depth > 0 => {
                if let Some(group) = self.groups.last_mut() {
                    group.pieces.push(letter);
                }
            }
            '<' => {
                self.not_at_end();
                self.push('*');
            }
            '>' => {
                // The digits and the hyphen of `<1-9>` stand for themselves no longer.
                if let Some(Piece::Literal { text, .. }) = self.done.last_mut() {
                    while text.ends_with(|c: char| c.is_ascii_digit() || c == '-') {
                        text.pop();
                    }
                }
            }
            other => {
                self.not_at_end();
                self.push(other);
            }
        }
    }

    fn push(&mut self, letter: char) {
        match self.done.last_mut() {
            Some(Piece::Literal { text, .. }) => text.push(letter),
            _ => self.done.push(Piece::Literal {
                text: letter.into(),
                offset: None,
            }),
        }
    }

    fn not_at_end(&mut self) {
        if let Some(group) = self.groups.last_mut() {
            group.at_end = false;
        }
    }
}
