//! POSIX regular expressions, basic and extended, against known text: `[[ =~ ]]`, `sed`, `grep`.
//!
//! Finds what every implementation finds, the leftmost of the longest matches. Which part of it a
//! group took is known only where there is but one way to match.

use std::cell::Cell;
use std::ops::Range;

/// Steps of all searches for one expression. Beyond it, it is not known what matches.
const STEP_LIMIT: usize = 1 << 18;
/// Groups within groups, and how often something is repeated one by one.
const DEPTH_LIMIT: usize = 30;
const REPEAT_LIMIT: usize = 255;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `\(a\)\{2\}`
    Basic,
    /// `(a){2}`
    Extended,
}

/// A regular expression, ready to search.
#[derive(Clone, Debug)]
pub(super) struct Regex {
    branches: Vec<Vec<Node>>,
    groups: usize,
    fold: bool,
    left: Cell<usize>,
}

/// A text that is searched.
pub(super) struct Subject(Vec<char>);

/// Where a match is, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) whole: Range<usize>,
    /// What each group matched, and `None` for one that was not needed; `None` for all where it is
    /// not known.
    pub(super) groups: Option<Vec<Option<Range<usize>>>>,
}

#[derive(Clone, Debug)]
enum Node {
    Character(char),
    Any,
    Bracket {
        negated: bool,
        members: Vec<Member>,
    },
    Start,
    End,
    Group {
        number: usize,
        branches: Vec<Vec<Node>>,
    },
    Repeat {
        node: Box<Node>,
        least: usize,
        most: usize,
    },
}

#[derive(Clone, Debug)]
enum Member {
    Range(char, char),
    Class(String),
}

type Groups = Vec<Option<Range<usize>>>;

impl Regex {
    /// Reads an expression; `None` for what is wrong, differs between implementations or depends
    /// on the locale.
    pub(super) fn new(text: &str, syntax: Syntax, fold: bool) -> Option<Self> {
        if !text.is_ascii() {
            return None;
        }
        let text = if fold {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        };
        let mut reader = Reader {
            characters: text.chars().collect(),
            at: 0,
            syntax,
            groups: 0,
            depth: 0,
        };
        let branches = reader.branches()?;
        (reader.at == reader.characters.len()).then_some(Self {
            branches,
            groups: reader.groups,
            fold,
            left: Cell::new(STEP_LIMIT),
        })
    }

    /// The steps that were taken.
    pub(super) fn work(&self) -> usize {
        STEP_LIMIT - self.left.get()
    }

    /// A text, ready to be searched; `None` where the locale says what its characters are.
    pub(super) fn subject(&self, text: &str) -> Option<Subject> {
        let fold = |character: char| match self.fold {
            true => character.to_ascii_lowercase(),
            false => character,
        };
        text.is_ascii()
            .then(|| Subject(text.chars().map(fold).collect()))
    }

    /// The first match from a place on. `None` where it is not known whether there is one.
    pub(super) fn find(&self, subject: &Subject, from: usize) -> Option<Option<Match>> {
        let mut search = Search {
            text: &subject.0,
            left: self.left.get(),
        };
        let mut found = None;
        for start in from..=subject.0.len() {
            found = search.longest(self, start);
            if found.is_some() || search.left == 0 {
                break;
            }
        }
        self.left.set(search.left);
        (search.left > 0).then_some(found)
    }
}

struct Search<'t> {
    text: &'t [char],
    left: usize,
}

/// What is done with each way to match: where it ends, and what its groups took.
type Next<'n> = &'n mut dyn FnMut(&mut Search<'_>, usize, &mut Groups);

impl Search<'_> {
    fn longest(&mut self, regex: &Regex, start: usize) -> Option<Match> {
        let mut best: Option<(usize, Groups)> = None;
        let mut several = false;
        let mut groups = vec![None; regex.groups];
        self.branches(
            &regex.branches,
            start,
            &mut groups,
            &mut |_, end, groups| match &best {
                Some((longest, _)) if *longest > end => {}
                Some((longest, known)) if *longest == end => several |= known != groups,
                _ => {
                    several = false;
                    best = Some((end, groups.clone()));
                }
            },
        );
        best.map(|(end, groups)| Match {
            whole: start..end,
            groups: (!several).then_some(groups),
        })
    }

    fn branches(&mut self, branches: &[Vec<Node>], at: usize, groups: &mut Groups, next: Next<'_>) {
        for branch in branches {
            self.sequence(branch, at, groups, next);
        }
    }

    fn sequence(&mut self, nodes: &[Node], at: usize, groups: &mut Groups, next: Next<'_>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let Some((node, rest)) = nodes.split_first() else {
            next(self, at, groups);
            return;
        };
        self.node(node, at, groups, &mut |search, at, groups| {
            search.sequence(rest, at, groups, next);
        });
    }

    fn node(&mut self, node: &Node, at: usize, groups: &mut Groups, next: Next<'_>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        match node {
            Node::Start if at == 0 => next(self, at, groups),
            Node::End if at == self.text.len() => next(self, at, groups),
            Node::Start | Node::End => {}
            Node::Character(_) | Node::Any | Node::Bracket { .. } => {
                let found = self.text.get(at);
                if found.is_some_and(|character| node.takes(*character)) {
                    next(self, at + 1, groups);
                }
            }
            Node::Group { number, branches } => {
                let before = groups.get(*number).cloned().flatten();
                self.branches(branches, at, groups, &mut |search, end, groups| {
                    let inner = groups.get_mut(*number).map(|group| group.replace(at..end));
                    next(search, end, groups);
                    if let (Some(group), Some(inner)) = (groups.get_mut(*number), inner) {
                        *group = inner;
                    }
                });
                if let Some(group) = groups.get_mut(*number) {
                    *group = before;
                }
            }
            Node::Repeat { node, least, most } => {
                self.repeat(node, (*least, *most), 0, at, groups, next);
            }
        }
    }

    fn repeat(
        &mut self,
        node: &Node,
        (least, most): (usize, usize),
        count: usize,
        at: usize,
        groups: &mut Groups,
        next: Next<'_>,
    ) {
        if node.takes_one() {
            let rest = self.text.get(at..).unwrap_or_default();
            let run = rest.iter().take(most).take_while(|c| node.takes(**c));
            let longest = run.count();
            for length in (least..=longest).rev() {
                if self.left == 0 {
                    return;
                }
                self.left -= 1;
                next(self, at + length, groups);
            }
            return;
        }
        if self.left == 0 || count > REPEAT_LIMIT {
            self.left = 0;
            return;
        }
        self.left -= 1;
        if count < most {
            self.node(node, at, groups, &mut |search, end, groups| {
                // What takes nothing is not repeated for ever.
                if end > at || count < least {
                    search.repeat(node, (least, most), count + 1, end, groups, next);
                }
            });
        }
        if count >= least {
            next(self, at, groups);
        }
    }
}

impl Node {
    /// Whether it is one character, whichever.
    const fn takes_one(&self) -> bool {
        matches!(self, Self::Character(_) | Self::Any | Self::Bracket { .. })
    }

    fn takes(&self, character: char) -> bool {
        match self {
            Self::Character(known) => *known == character,
            Self::Any => true,
            Self::Bracket { negated, members } => {
                members.iter().any(|member| member.takes(character)) != *negated
            }
            Self::Start | Self::End | Self::Group { .. } | Self::Repeat { .. } => false,
        }
    }
}

impl Member {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Range(first, last) => (*first..=*last).contains(&character),
            Self::Class(name) => match name.as_str() {
                "alpha" => character.is_ascii_alphabetic(),
                "digit" => character.is_ascii_digit(),
                "alnum" => character.is_ascii_alphanumeric(),
                "upper" => character.is_ascii_uppercase(),
                "lower" => character.is_ascii_lowercase(),
                "space" => character.is_ascii_whitespace() || character == '\u{b}',
                "blank" => matches!(character, ' ' | '\t'),
                "punct" => character.is_ascii_punctuation(),
                "cntrl" => character.is_ascii_control(),
                "xdigit" => character.is_ascii_hexdigit(),
                "print" => character.is_ascii_graphic() || character == ' ',
                "graph" => character.is_ascii_graphic(),
                _ => false,
            },
        }
    }
}

struct Reader {
    characters: Vec<char>,
    at: usize,
    syntax: Syntax,
    groups: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    /// Whether an operator stands here; basic expressions write it behind a backslash.
    fn operator(&self, operator: char) -> bool {
        match self.syntax {
            Syntax::Extended => self.peek() == Some(operator),
            Syntax::Basic => {
                self.peek() == Some('\\') && self.characters.get(self.at + 1) == Some(&operator)
            }
        }
    }

    fn take_operator(&mut self, operator: char) -> bool {
        let found = self.operator(operator);
        if found {
            self.at += match self.syntax {
                Syntax::Extended => 1,
                Syntax::Basic => 2,
            };
        }
        found
    }

    fn branches(&mut self) -> Option<Vec<Vec<Node>>> {
        let mut branches = vec![self.branch()?];
        while self.take_operator('|') {
            branches.push(self.branch()?);
        }
        Some(branches)
    }

    fn branch(&mut self) -> Option<Vec<Node>> {
        let mut nodes: Vec<Node> = Vec::new();
        while self.peek().is_some() && !self.operator('|') {
            if self.operator(')') {
                if self.depth > 0 {
                    break;
                }
                // In an extended one, it is what it is, or an error.
                return None;
            }
            let first = nodes.is_empty();
            let node = self.atom(first)?;
            nodes.push(self.repeated(node)?);
        }
        Some(nodes)
    }

    fn atom(&mut self, first: bool) -> Option<Node> {
        if self.take_operator('(') {
            self.depth += 1;
            if self.depth > DEPTH_LIMIT {
                return None;
            }
            let number = self.groups;
            self.groups += 1;
            let branches = self.branches()?;
            self.depth -= 1;
            return self
                .take_operator(')')
                .then_some(Node::Group { number, branches });
        }
        let basic = self.syntax == Syntax::Basic;
        let character = self.peek()?;
        self.at += 1;
        Some(match character {
            '.' => Node::Any,
            '[' => self.bracket()?,
            '^' if !basic || first => Node::Start,
            '$' if !basic || self.peek().is_none() || self.operator(')') || self.operator('|') => {
                Node::End
            }
            '*' if basic && first => Node::Character('*'),
            '*' | '+' | '?' | '{' if !basic => return None,
            '*' => return None,
            '\\' => {
                let escaped = self.peek()?;
                self.at += 1;
                match escaped {
                    'n' => Node::Character('\n'),
                    't' => Node::Character('\t'),
                    // Back references and what only GNU knows.
                    _ if escaped.is_ascii_alphanumeric() || "<>`'".contains(escaped) => {
                        return None;
                    }
                    '{' | '}' | '+' | '?' if basic => return None,
                    _ => Node::Character(escaped),
                }
            }
            other => Node::Character(other),
        })
    }

    fn repeated(&mut self, mut node: Node) -> Option<Node> {
        loop {
            let (least, most) = if self.peek() == Some('*') {
                self.at += 1;
                (0, usize::MAX)
            } else if self.take_operator('+') {
                (1, usize::MAX)
            } else if self.take_operator('?') {
                (0, 1)
            } else if self.take_operator('{') {
                self.interval()?
            } else {
                return Some(node);
            };
            // What an anchor does more than once, each one says for itself.
            if matches!(node, Node::Start | Node::End | Node::Repeat { .. }) {
                return None;
            }
            node = Node::Repeat {
                node: Box::new(node),
                least,
                most,
            };
        }
    }

    /// `2}`, `2,}`, `2,3}`
    fn interval(&mut self) -> Option<(usize, usize)> {
        let least = self.number()?;
        let most = if self.peek() == Some(',') {
            self.at += 1;
            match self.number() {
                Some(most) => most,
                None => usize::MAX,
            }
        } else {
            least
        };
        let bounded = least <= REPEAT_LIMIT && (most <= REPEAT_LIMIT || most == usize::MAX);
        (self.take_operator('}') && bounded && least <= most).then_some((least, most))
    }

    fn number(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.characters.get(start..self.at)?.iter().collect();
        digits.parse().ok()
    }

    fn bracket(&mut self) -> Option<Node> {
        let negated = self.peek() == Some('^');
        self.at += usize::from(negated);
        let mut members = Vec::new();
        let mut first = true;
        loop {
            let character = self.peek()?;
            self.at += 1;
            match character {
                ']' if !first => break,
                '[' if self.peek() == Some(':') => {
                    self.at += 1;
                    let mut name = String::new();
                    while let Some(letter) = self.peek().filter(|c| c.is_ascii_lowercase()) {
                        name.push(letter);
                        self.at += 1;
                    }
                    if self.characters.get(self.at..self.at + 2) != Some(&[':', ']']) {
                        return None;
                    }
                    self.at += 2;
                    members.push(Member::Class(name));
                }
                '[' if matches!(self.peek(), Some('.' | '=')) => return None,
                from => {
                    let range = self.peek() == Some('-')
                        && self.characters.get(self.at + 1).is_some_and(|c| *c != ']');
                    let to = if range {
                        self.at += 2;
                        *self.characters.get(self.at - 1)?
                    } else {
                        from
                    };
                    if to < from || range && to == '[' {
                        return None;
                    }
                    members.push(Member::Range(from, to));
                }
            }
            first = false;
        }
        Some(Node::Bracket { negated, members })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        pattern: &str,
        syntax: Syntax,
        text: &str,
    ) -> Option<Option<(String, Option<Vec<String>>)>> {
        let regex = Regex::new(pattern, syntax, false)?;
        let found = regex.find(&regex.subject(text)?, 0)?;
        Some(found.map(|found| {
            let slice = |range: Range<usize>| text[range].to_owned();
            let groups = found.groups.map(|groups| {
                groups
                    .into_iter()
                    .map(|group| group.map_or_else(String::new, slice))
                    .collect()
            });
            (slice(found.whole), groups)
        }))
    }

    /// As bash and GNU sed find it.
    #[test]
    fn the_longest_of_the_leftmost_matches_is_found() {
        for (pattern, text, whole, groups) in [
            ("a(b)", "xabc", "ab", Some(&["b"][..])),
            ("o+", "foo", "oo", Some(&[])),
            ("(a|ab)(c|bcd)(d*)", "abcd", "abcd", None),
            (
                "^([a-z]+)-([0-9]{2,3})$",
                "ab-123",
                "ab-123",
                Some(&["ab", "123"]),
            ),
            ("(a)?b", "b", "b", Some(&[""])),
            ("(a|b)*", "abb", "abb", Some(&["b"])),
            ("a|ab|abc", "abc", "abc", Some(&[])),
            ("[[:upper:]]x?", "aB", "B", Some(&[])),
            ("^$", "", "", Some(&[])),
            (r"a\.b", "axa.b", "a.b", Some(&[])),
        ] {
            let groups = groups.map(|groups| groups.iter().map(|g| (*g).to_owned()).collect());
            let expected = Some(Some((whole.to_owned(), groups)));
            assert_eq!(
                found(pattern, Syntax::Extended, text),
                expected,
                "{pattern}"
            );
        }
        assert_eq!(found("^a", Syntax::Extended, "ba"), Some(None));
        let basic = Some(Some(("a+b".to_owned(), Some(vec!["b".to_owned()]))));
        assert_eq!(found(r"a+\(b\)", Syntax::Basic, "a+b"), basic);
        for wrong in ["[", "*a", "(a", "a{2", r"\1", r"a\w", "é"] {
            assert!(
                Regex::new(wrong, Syntax::Extended, false).is_none(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_takes_too_long_is_not_known() {
        let text = "a".repeat(60);
        assert_eq!(found("(a*)*(a*)*(a*)*b", Syntax::Extended, &text), None);
        let long = "a".repeat(100_000);
        assert_eq!(found("a*b", Syntax::Extended, &long), None);
    }
}
