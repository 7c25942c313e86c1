//! A script as it was generated: a tree that can be made smaller piece by piece.

/// A piece of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    /// Fixed text.
    Text(String),
    /// Part of a word, or a word: any other word may stand in its place.
    Word(Vec<Tree>),
    /// A command: any other may stand in its place.
    Command(Vec<Tree>),
    /// Commands, a line each.
    List(Vec<Tree>),
    /// In single quotes, for a shell to read once more.
    Quoted(Box<Tree>),
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Tree {
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Text(fixed) => text.push_str(fixed),
            Self::Word(parts) | Self::Command(parts) => {
                parts.iter().for_each(|part| part.write(text));
            }
            Self::Quoted(inner) => {
                text.push('\'');
                text.push_str(&inner.render().replace('\'', "'\\''"));
                text.push('\'');
            }
            Self::List(commands) => {
                for (index, command) in commands.iter().enumerate() {
                    if index > 0 {
                        text.push('\n');
                    }
                    command.write(text);
                }
            }
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Quoted(inner) => 1 + inner.size(),
            Self::Word(parts) | Self::Command(parts) | Self::List(parts) => {
                1 + parts.iter().map(Self::size).sum::<usize>()
            }
        }
    }

    /// Trees with one piece less, or a simpler one, the largest steps first.
    fn smaller(&self) -> Vec<Self> {
        let mut found = Vec::new();
        match self {
            Self::Text(_) => {}
            Self::Quoted(inner) => {
                let less = inner.smaller().into_iter();
                found.extend(less.map(|tree| Self::Quoted(Box::new(tree))));
            }
            Self::Word(parts) => {
                let plain = Self::Word(vec!["w".into()]);
                if *self != plain {
                    found.push(plain);
                }
                let words = parts.iter().filter(|part| matches!(part, Self::Word(_)));
                found.extend(words.cloned());
            }
            Self::Command(parts) => {
                for part in parts {
                    match part {
                        Self::List(_) | Self::Command(_) => found.push(part.clone()),
                        Self::Quoted(inner) => found.push((**inner).clone()),
                        Self::Text(_) | Self::Word(_) => {}
                    }
                }
                // A word less, with the blank before it.
                for (index, part) in parts.iter().enumerate() {
                    if matches!(part, Self::Word(_)) && index > 0 {
                        let mut rest = parts.clone();
                        rest.remove(index);
                        if rest[index - 1] == Self::from(" ") {
                            rest.remove(index - 1);
                            found.push(Self::Command(rest));
                        }
                    }
                }
            }
            Self::List(commands) => {
                if commands.len() > 3 {
                    let (first, second) = commands.split_at(commands.len() / 2);
                    found.push(Self::List(first.to_vec()));
                    found.push(Self::List(second.to_vec()));
                }
                for index in 0..commands.len() {
                    if commands.len() > 1 {
                        let mut rest = commands.clone();
                        rest.remove(index);
                        found.push(Self::List(rest));
                    }
                }
            }
        }
        if let Self::Word(parts) | Self::Command(parts) | Self::List(parts) = self {
            for (index, part) in parts.iter().enumerate() {
                for less in part.smaller() {
                    let mut changed = parts.clone();
                    changed[index] = less;
                    found.push(match self {
                        Self::Word(_) => Self::Word(changed),
                        Self::Command(_) => Self::Command(changed),
                        _ => Self::List(changed),
                    });
                }
            }
        }
        found
    }

    /// The smallest tree found, within a number of tries, that still `fails`.
    pub(super) fn shrink(&self, mut tries: usize, mut fails: impl FnMut(&str) -> bool) -> Self {
        let mut best = self.clone();
        'again: loop {
            for tree in best.smaller() {
                if tree.size() >= best.size() {
                    continue;
                }
                if tries == 0 {
                    return best;
                }
                tries -= 1;
                if fails(&tree.render()) {
                    best = tree;
                    continue 'again;
                }
            }
            return best;
        }
    }
}
