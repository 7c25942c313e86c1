//! Patterns over paths, matched against the disk as a shell or `find` would.
//!
//! Owns `*`, `?`, `[…]` and `**` (any depth, hidden names too). What it does not know, extended
//! patterns among it, has no answer.

use std::path::{Path, PathBuf};

use crate::resolve::{Part, Text};
use crate::world::{EntryKind, PathStatus, World};

/// Entries that are looked at for one pattern.
const LIMIT: usize = 4000;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Exactly(char),
    AnyOne,
    AnyMany,
    /// `[a-z]`, `[!a-z]`.
    OneOf {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// The components of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    components: Vec<Vec<Token>>,
    pub(super) absolute: bool,
}

impl Pattern {
    /// The pattern of a text without unknown parts.
    pub(super) fn of(text: &Text) -> Option<Self> {
        let mut components = vec![Vec::new()];
        for part in text.parts() {
            match part {
                Part::Known(text) => {
                    for letter in text.chars() {
                        push(&mut components, Token::Exactly(letter));
                    }
                }
                Part::Glob(glob) => read(glob, &mut components)?,
                Part::Unknown(_) => return None,
            }
        }
        let absolute = components.first().is_some_and(Vec::is_empty);
        components.retain(|component| !component.is_empty());
        Some(Self {
            components,
            absolute,
        })
    }

    /// The components before the first that is a pattern, and the others.
    fn split(&self) -> (PathBuf, &[Vec<Token>]) {
        let mut base = PathBuf::from(if self.absolute { "/" } else { "" });
        for (index, component) in self.components.iter().enumerate() {
            match literal(component) {
                Some(name) => base.push(name),
                None => return (base, self.components.get(index..).unwrap_or_default()),
            }
        }
        (base, &[])
    }

    /// The directory that everything that fits lies under.
    pub(super) fn base(&self) -> PathBuf {
        self.split().0
    }

    /// Whether what fits lies right in the base, or anywhere below it without following a link.
    pub(super) fn stays(&self) -> bool {
        let (_, rest) = self.split();
        rest.len() == 1 || (rest.len() == 2 && rest.first().is_some_and(|any| is_globstar(any)))
    }

    /// What fits below `base`; `None` if there is more to look at than guard does.
    pub(super) fn expand(&self, base: &Path, world: &dyn World) -> Option<Vec<PathBuf>> {
        let (_, rest) = self.split();
        let mut walk = Walk {
            world,
            left: LIMIT,
            found: Vec::new(),
        };
        walk.below(base, rest, 0)?;
        Some(walk.found)
    }
}

/// The paths that fit a pattern as seen from a directory, named as the pattern names them; `None`
/// if there is more to look at than guard does.
pub(crate) fn names(pattern: &str, directory: &Path, world: &dyn World) -> Option<Vec<String>> {
    let mut text = Text::empty();
    text.push(Part::Glob(pattern.to_owned()));
    let read = Pattern::of(&text)?;
    let found = read.expand(&directory.join(read.base()), world)?;
    let here = if pattern.starts_with("./") { "./" } else { "" };
    let named = found.iter().filter(|path| world.entry(path).is_some());
    Some(
        named
            .map(|path| match path.strip_prefix(directory) {
                Ok(below) if !read.absolute => format!("{here}{}", below.display()),
                _ => path.display().to_string(),
            })
            .collect(),
    )
}

struct Walk<'a> {
    world: &'a dyn World,
    left: usize,
    found: Vec<PathBuf>,
}

impl Walk<'_> {
    fn below(&mut self, directory: &Path, rest: &[Vec<Token>], depth: usize) -> Option<()> {
        let Some((component, after)) = rest.split_first() else {
            self.found.push(directory.to_owned());
            return Some(());
        };
        if depth > 64 {
            return None;
        }
        if let Some(name) = literal(component) {
            let path = directory.join(name);
            if self.world.entry(&path).is_some() {
                self.below(&path, after, depth + 1)?;
            }
            return Some(());
        }
        let Some((names, more)) = self.world.list(directory, self.left) else {
            // No directory, or one that cannot be read: nothing is known to fit.
            let unreadable = self.world.status(directory) == PathStatus::Directory;
            return (!unreadable).then_some(());
        };
        self.left = self.left.checked_sub(names.len()).filter(|_| !more)?;
        let any_depth = is_globstar(component);
        for name in names {
            let path = directory.join(&name);
            if any_depth {
                let [last] = after else {
                    return None;
                };
                if fits(last, &name, true) {
                    self.found.push(path.clone());
                }
                let entry = self.world.entry(&path);
                if entry.is_some_and(|entry| entry.kind == EntryKind::Directory) {
                    self.below(&path, rest, depth + 1)?;
                }
            } else if fits(component, &name, false) {
                self.below(&path, after, depth + 1)?;
            }
        }
        Some(())
    }
}

fn push(components: &mut Vec<Vec<Token>>, token: Token) {
    if token == Token::Exactly('/') {
        components.push(Vec::new());
    } else if let Some(last) = components.last_mut() {
        last.push(token);
    }
}

fn literal(component: &[Token]) -> Option<String> {
    component
        .iter()
        .map(|token| match token {
            Token::Exactly(letter) => Some(*letter),
            Token::AnyOne | Token::AnyMany | Token::OneOf { .. } => None,
        })
        .collect()
}

fn is_globstar(component: &[Token]) -> bool {
    component == [Token::AnyMany, Token::AnyMany]
}

/// Adds the tokens of unquoted pattern text.
fn read(glob: &str, components: &mut Vec<Vec<Token>>) -> Option<()> {
    let mut letters = glob.chars().peekable();
    while let Some(letter) = letters.next() {
        let extended = matches!(letter, '?' | '*' | '+' | '@' | '!');
        if extended && letters.peek() == Some(&'(') {
            return None;
        }
        let token = match letter {
            '*' => Token::AnyMany,
            '?' => Token::AnyOne,
            '\\' => Token::Exactly(letters.next()?),
            '[' => one_of(&mut letters)?,
            other => Token::Exactly(other),
        };
        push(components, token);
    }
    Some(())
}

fn one_of(letters: &mut impl Iterator<Item = char>) -> Option<Token> {
    let mut inside = Vec::new();
    loop {
        match letters.next()? {
            ']' if !inside.is_empty() && inside != ['!'] && inside != ['^'] => break,
            // `[[:alpha:]]` and quoting in it are left alone.
            '[' | '\\' => return None,
            other => inside.push(other),
        }
    }
    let negated = matches!(inside.first(), Some('!' | '^'));
    let mut rest = inside.get(usize::from(negated)..)?;
    let mut ranges = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        match after {
            ['-', last, more @ ..] => {
                ranges.push((*first, *last));
                rest = more;
            }
            _ => {
                ranges.push((*first, *first));
                rest = after;
            }
        }
    }
    Some(Token::OneOf { negated, ranges })
}

/// Whether a name fits one component.
fn fits(component: &[Token], name: &str, hidden: bool) -> bool {
    if name.starts_with('.') && !hidden && component.first() != Some(&Token::Exactly('.')) {
        return false;
    }
    let name: Vec<char> = name.chars().collect();
    // The set of positions in the component that fit the name so far.
    let mut at = vec![false; component.len() + 1];
    set(&mut at, 0, component);
    for letter in name {
        let mut next = vec![false; component.len() + 1];
        for (index, token) in component.iter().enumerate() {
            if !at.get(index).copied().unwrap_or(false) {
                continue;
            }
            let taken = match token {
                Token::Exactly(wanted) => *wanted == letter,
                Token::AnyOne | Token::AnyMany => true,
                Token::OneOf { negated, ranges } => {
                    let inside = ranges.iter().any(|(a, z)| (*a..=*z).contains(&letter));
                    inside != *negated
                }
            };
            if taken {
                let to = if *token == Token::AnyMany {
                    index
                } else {
                    index + 1
                };
                set(&mut next, to, component);
            }
        }
        at = next;
    }
    at.last().copied().unwrap_or(false)
}

/// Reaches a position, and those behind a `*` that takes nothing.
fn set(at: &mut [bool], index: usize, component: &[Token]) {
    let mut index = index;
    loop {
        if let Some(slot) = at.get_mut(index) {
            *slot = true;
        }
        if component.get(index) != Some(&Token::AnyMany) {
            return;
        }
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_components() {
        for (glob, name, yes) in [
            ("*.o", "main.o", true),
            ("*.o", ".o", false),
            (".*", ".env", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]*", "bar", true),
            ("[!a-c]*", "bar", false),
            ("*a*b*", "xaxbx", true),
            ("*a*b*", "xbxax", false),
            ("**", "x", true),
        ] {
            let mut components = vec![Vec::new()];
            read(glob, &mut components).unwrap();
            assert_eq!(fits(&components[0], name, false), yes, "{glob} {name}");
        }
        assert!(read("@(a|b)", &mut vec![Vec::new()]).is_none());
        assert!(read("[[:alpha:]]", &mut vec![Vec::new()]).is_none());
    }
}
