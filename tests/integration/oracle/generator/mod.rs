//! Scripts from a grammar of bash: every script by its seed, all of them end.
//!
//! What is written keeps to what bash can run: variables have been assigned (mostly), functions
//! defined, loops counted by a variable that nothing else touches. Programs come from `PATH`, files
//! are written in the script's own directory.

mod commands;
mod templates;
mod values;
mod words;

use super::random::Random;
use super::tree::Tree;

/// Text and trees, one after the other.
macro_rules! parts {
    ($($part:expr),* $(,)?) => { vec![$(Tree::from($part)),*] };
}
use parts;

/// A script that is being written.
pub(super) struct Generator {
    random: Random,
    /// How many more levels of commands within commands.
    depth: usize,
    scalars: Vec<String>,
    numbers: Vec<String>,
    arrays: Vec<String>,
    maps: Vec<String>,
    functions: Vec<String>,
    aliases: Vec<String>,
    /// For names that nothing else uses.
    count: usize,
    in_function: bool,
    in_loop: bool,
    /// A command that must fit on its line: no here-document.
    inline: bool,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            random: Random::new(seed),
            depth: 3,
            scalars: owned(&["x", "y", "HOME"]),
            numbers: owned(&["i"]),
            arrays: Vec::new(),
            maps: Vec::new(),
            functions: Vec::new(),
            aliases: Vec::new(),
            count: 0,
            in_function: false,
            in_loop: false,
            inline: false,
        }
    }

    pub(super) fn script(&mut self) -> Tree {
        let count = 2 + self.random.below(7);
        let mut commands = Vec::new();
        if self.random.percent(12) {
            let option = self.random.pick(&[
                "set -e",
                "set -u",
                "set -f",
                "set -o pipefail",
                "set -eu",
                "shopt -s nullglob",
                "shopt -s extglob",
                "shopt -s dotglob globstar",
                "shopt -s nocasematch",
                "shopt -s lastpipe",
                "set -- one 'two words' three",
            ]);
            commands.push(Tree::Command(vec![option.into()]));
        }
        // What is used is set, unless the script is about what is not.
        if self.random.percent(90) {
            for name in ["x", "y"] {
                let value = self.value();
                commands.push(Tree::Command(parts![name, "=", value]));
            }
            let number = self.random.pick(&["0", "1", "2", "7"]);
            commands.push(Tree::Command(parts!["i=", number]));
        }
        for _ in 0..count {
            commands.push(self.command());
        }
        Tree::List(commands)
    }

    fn fresh(&mut self, stem: &str) -> String {
        self.count += 1;
        format!("{stem}{}", self.count)
    }

    fn any_of(&mut self, names: fn(&Self) -> &Vec<String>) -> Option<String> {
        let count = names(self).len();
        let index = self.random.below(count);
        names(self).get(index).cloned()
    }

    /// Within a level more, or the plainest command where there is none left.
    fn deeper(&mut self, build: impl FnOnce(&mut Self) -> Tree) -> Tree {
        if self.depth == 0 {
            return self.call();
        }
        self.depth -= 1;
        let built = build(self);
        self.depth += 1;
        built
    }

    /// Commands for a body.
    fn list(&mut self) -> Tree {
        let count = 1 + self.random.below(3);
        let inline = std::mem::take(&mut self.inline);
        let commands = (0..count).map(|_| self.command()).collect();
        self.inline = inline;
        Tree::List(commands)
    }

    /// What another shell, or a function, reads: nothing of this one's names is sure there.
    fn apart(&mut self, build: impl FnOnce(&mut Self) -> Tree) -> Tree {
        let scalars = self.scalars.clone();
        let arrays = self.arrays.clone();
        let maps = self.maps.clone();
        let functions = self.functions.clone();
        let aliases = self.aliases.clone();
        let (in_loop, in_function) = (self.in_loop, self.in_function);
        self.in_loop = false;
        let built = build(self);
        self.in_loop = in_loop;
        self.in_function = in_function;
        self.scalars = scalars;
        self.arrays = arrays;
        self.maps = maps;
        self.functions = functions;
        self.aliases = aliases;
        built
    }
}
