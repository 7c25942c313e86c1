//! The grammar of justfiles.

use std::rc::Rc;

use super::expression::{Expression, Operator};

/// Expressions within expressions.
const DEPTH: usize = 64;

/// A justfile as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Justfile {
    pub(super) settings: Vec<(String, Vec<Expression>)>,
    pub(super) variables: Vec<Variable>,
    pub(super) recipes: Vec<Rc<Recipe>>,
    /// Another name, and the path of the recipe that it stands for.
    pub(super) aliases: Vec<(String, String)>,
    pub(super) imports: Vec<Expression>,
    /// A module's name, and its file where one is given.
    pub(super) modules: Vec<(String, Option<Expression>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: Expression,
    pub(super) exported: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Recipe {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, Vec<Expression>)>,
    pub(super) parameters: Vec<Parameter>,
    /// What runs before it.
    pub(super) dependencies: Vec<Dependency>,
    /// What runs after it (`&&`).
    pub(super) subsequents: Vec<Dependency>,
    pub(super) body: Vec<Line>,
}

impl Recipe {
    pub(super) fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|(name, _)| name == attribute)
    }

    pub(super) fn attribute(&self, attribute: &str) -> Option<&[Expression]> {
        let mut all = self.attributes.iter();
        let found = all.find(|(name, _)| name == attribute);
        found.map(|(_, values)| values.as_slice())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    One,
    /// `*`
    Any,
    /// `+`
    Some,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) count: Count,
    pub(super) exported: bool,
    pub(super) default: Option<Expression>,
}

#[derive(Clone, Debug)]
pub(super) struct Dependency {
    /// `module::recipe`
    pub(super) path: String,
    pub(super) arguments: Vec<Expression>,
}

/// A line of a recipe.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) fragments: Vec<Fragment>,
}

#[derive(Clone, Debug)]
pub(super) enum Fragment {
    Text(String),
    /// `{{…}}`
    Value(Expression),
}

/// Reads a justfile; the error is the line that cannot be read.
pub(super) fn parse(text: &str) -> Result<Justfile, usize> {
    let mut parser = Parser::new(text, 1);
    let mut file = Justfile::default();
    parser.file(&mut file).ok_or_else(|| parser.line())?;
    Ok(file)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// The number of the text's first line.
    first: usize,
    depth: usize,
    /// Brackets that are open: line ends are blanks within them.
    brackets: usize,
}

impl<'a> Parser<'a> {
    const fn new(text: &'a str, first: usize) -> Self {
        Self {
            text,
            at: 0,
            first,
            depth: 0,
            brackets: 0,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn line(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        self.first + before.matches('\n').count()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Blanks, continued lines, and line ends where brackets are open.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            let mut bare = rest.trim_start_matches([' ', '\t', '\r']);
            if self.brackets > 0 {
                bare = rest.trim_start();
                if bare.starts_with('#') {
                    bare = bare.trim_start_matches(|c| c != '\n');
                }
            }
            if let Some(continued) = bare.strip_prefix("\\\n") {
                bare = continued;
            }
            if bare.len() == rest.len() {
                return;
            }
            self.at += rest.len() - bare.len();
        }
    }

    /// A token after blanks.
    fn token(&mut self, token: &str) -> bool {
        let start = self.at;
        self.blanks();
        if self.eat(token) {
            return true;
        }
        self.at = start;
        false
    }

    fn name(&mut self) -> Option<String> {
        self.blanks();
        let rest = self.rest();
        let is_first = |c: char| c.is_alphabetic() || c == '_';
        rest.chars().next().filter(|c| is_first(*c))?;
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).map(str::to_owned)
    }

    /// `a::b::c`
    fn path(&mut self) -> Option<String> {
        let mut path = self.name()?;
        while self.eat("::") {
            path.push_str("::");
            path.push_str(&self.name()?);
        }
        Some(path)
    }

    /// The end of a line, after which only a comment may stand.
    fn end(&mut self) -> Option<()> {
        self.blanks();
        if self.peek() == Some('#') {
            let rest = self.rest();
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
        (self.eat("\n") || self.rest().is_empty()).then_some(())
    }

    fn file(&mut self, file: &mut Justfile) -> Option<()> {
        self.eat("\u{feff}");
        let mut attributes = Vec::new();
        loop {
            match self.peek() {
                None => return Some(()),
                Some('[') => {
                    self.eat("[");
                    self.attributes(&mut attributes)?;
                }
                Some(c) if c.is_whitespace() || c == '#' => {
                    self.end()?;
                }
                Some(_) => {
                    let given = std::mem::take(&mut attributes);
                    self.item(file, given)?;
                }
            }
        }
    }

    /// `name`, `name: 'x'`, `name('x', 'y')`, between commas.
    fn attributes(&mut self, found: &mut Vec<(String, Vec<Expression>)>) -> Option<()> {
        loop {
            let name = self.name()?;
            let mut values = Vec::new();
            if self.token("(") {
                self.brackets += 1;
                while !self.token(")") {
                    // `name=value` names what the value is for.
                    let start = self.at;
                    if self.name().is_none() || !self.token("=") {
                        self.at = start;
                    }
                    values.push(self.expression()?);
                    self.token(",");
                }
                self.brackets -= 1;
            } else if self.token(":") {
                values.push(self.expression()?);
            }
            found.push((name, values));
            if !self.token(",") {
                break;
            }
        }
        self.token("]").then_some(())?;
        self.end()
    }

    fn item(
        &mut self,
        file: &mut Justfile,
        attributes: Vec<(String, Vec<Expression>)>,
    ) -> Option<()> {
        let start = self.at;
        let quiet = self.eat("@");
        let name = self.name()?;
        if !quiet && self.token(":=") {
            return self.variable(name, false, file);
        }
        if !quiet && self.keyword(&name, file).is_some() {
            return Some(());
        }
        self.at = start;
        self.recipe(attributes, file)
    }

    /// An item that starts with a word of just's own; nothing where the word names a recipe.
    fn keyword(&mut self, word: &str, file: &mut Justfile) -> Option<()> {
        match word {
            "export" => {
                let name = self.name()?;
                self.token(":=").then_some(())?;
                self.variable(name, true, file)
            }
            "unexport" => {
                self.name()?;
                self.end()
            }
            "alias" => {
                let name = self.name()?;
                self.token(":=").then_some(())?;
                let path = self.path()?;
                file.aliases.push((name, path));
                self.end()
            }
            "import" => {
                self.eat("?");
                let path = self.primary()?;
                self.end()?;
                file.imports.push(path);
                Some(())
            }
            "mod" => {
                self.eat("?");
                let name = self.name()?;
                let start = self.at;
                let path = self.primary();
                if path.is_none() {
                    self.at = start;
                }
                self.end()?;
                file.modules.push((name, path));
                Some(())
            }
            "set" => {
                let name = self.name()?;
                let mut values = Vec::new();
                if self.token(":=") {
                    if self.token("[") {
                        self.brackets += 1;
                        while !self.token("]") {
                            values.push(self.expression()?);
                            self.token(",");
                        }
                        self.brackets -= 1;
                    } else {
                        values.push(self.expression()?);
                    }
                }
                self.end()?;
                file.settings.push((name, values));
                Some(())
            }
            _ => None,
        }
    }

    fn variable(&mut self, name: String, exported: bool, file: &mut Justfile) -> Option<()> {
        let value = self.expression()?;
        self.end()?;
        file.variables.push(Variable {
            name,
            value,
            exported,
        });
        Some(())
    }

    fn recipe(
        &mut self,
        attributes: Vec<(String, Vec<Expression>)>,
        file: &mut Justfile,
    ) -> Option<()> {
        self.eat("@");
        let mut recipe = Recipe {
            name: self.name()?,
            attributes,
            ..Recipe::default()
        };
        while !self.token(":") {
            let count = if self.token("*") {
                Count::Any
            } else if self.token("+") {
                Count::Some
            } else {
                Count::One
            };
            let exported = self.token("$");
            let name = self.name()?;
            let default = if self.token("=") {
                Some(self.primary()?)
            } else {
                None
            };
            recipe.parameters.push(Parameter {
                name,
                count,
                exported,
                default,
            });
        }
        let mut after = false;
        loop {
            self.blanks();
            match self.peek() {
                None | Some('\n' | '#') => break,
                Some('&') => {
                    self.token("&&").then_some(())?;
                    after = true;
                    continue;
                }
                _ => {}
            }
            let dependency = if self.token("(") {
                self.brackets += 1;
                let path = self.path()?;
                let mut arguments = Vec::new();
                while !self.token(")") {
                    arguments.push(self.expression()?);
                }
                self.brackets -= 1;
                Dependency { path, arguments }
            } else {
                Dependency {
                    path: self.path()?,
                    arguments: Vec::new(),
                }
            };
            if after {
                recipe.subsequents.push(dependency);
            } else {
                recipe.dependencies.push(dependency);
            }
        }
        self.end()?;
        recipe.body = self.body()?;
        file.recipes.push(Rc::new(recipe));
        Some(())
    }

    /// The lines that are indented.
    fn body(&mut self) -> Option<Vec<Line>> {
        let mut lines: Vec<Line> = Vec::new();
        let mut indent: Option<&str> = None;
        loop {
            let rest = self.rest();
            let first = rest.split('\n').next().unwrap_or_default();
            let text = first.trim_end_matches('\r');
            let is_blank = text.trim().is_empty();
            if rest.is_empty() || !(is_blank || text.starts_with([' ', '\t'])) {
                break;
            }
            let number = self.line();
            let own = text.len() - text.trim_start().len();
            let common = indent.map_or(own, str::len).min(own);
            if !is_blank && indent.is_none() {
                indent = text.get(..own);
            }
            let end = self.at + first.len();
            self.at += if is_blank { first.len() } else { common };
            let fragments = self.fragments(end)?;
            self.eat("\n");
            lines.push(Line { number, fragments });
        }
        while lines.last().is_some_and(|line| line.fragments.is_empty()) {
            lines.pop();
        }
        Some(lines)
    }

    /// Text up to here, with the values in it. A value may go on over more lines.
    fn fragments(&mut self, mut end: usize) -> Option<Vec<Fragment>> {
        let mut fragments = Vec::new();
        let mut known = String::new();
        while self.at < end {
            if self.eat("{{{{") {
                known.push_str("{{");
            } else if self.eat("{{") {
                if !known.is_empty() {
                    fragments.push(Fragment::Text(std::mem::take(&mut known)));
                }
                self.brackets += 1;
                fragments.push(Fragment::Value(self.expression()?));
                self.token("}}").then_some(())?;
                self.brackets -= 1;
                let rest = self.rest();
                end = end.max(self.at + rest.find('\n').unwrap_or(rest.len()));
            } else {
                let next = self.peek()?;
                self.at += next.len_utf8();
                if next != '\r' {
                    known.push(next);
                }
            }
        }
        if !known.is_empty() {
            fragments.push(Fragment::Text(known));
        }
        Some(fragments)
    }

    fn expression(&mut self) -> Option<Expression> {
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        let found = self.disjunction();
        self.depth -= 1;
        found
    }

    fn disjunction(&mut self) -> Option<Expression> {
        let left = self.conjunction()?;
        if self.token("||") {
            let right = self.expression()?;
            return Some(Expression::Either(Box::new([left, right])));
        }
        Some(left)
    }

    fn conjunction(&mut self) -> Option<Expression> {
        let left = self.conditional()?;
        if self.token("&&") {
            let right = self.expression()?;
            return Some(Expression::Both(Box::new([left, right])));
        }
        Some(left)
    }

    fn conditional(&mut self) -> Option<Expression> {
        let start = self.at;
        if self.name().as_deref() == Some("if") {
            let left = self.expression()?;
            let operator = self.operator()?;
            let right = self.expression()?;
            self.token("{").then_some(())?;
            self.brackets += 1;
            let then = self.expression()?;
            self.token("}").then_some(())?;
            self.brackets -= 1;
            (self.name().as_deref() == Some("else")).then_some(())?;
            let start = self.at;
            let otherwise = if self.name().as_deref() == Some("if") {
                self.at = start;
                self.expression()?
            } else {
                self.at = start;
                self.token("{").then_some(())?;
                self.brackets += 1;
                let otherwise = self.expression()?;
                self.token("}").then_some(())?;
                self.brackets -= 1;
                otherwise
            };
            return Some(Expression::If {
                condition: Box::new([left, right]),
                operator,
                branches: Box::new([then, otherwise]),
            });
        }
        self.at = start;
        self.joined()
    }

    fn operator(&mut self) -> Option<Operator> {
        [
            ("==", Operator::Equal),
            ("!=", Operator::Unequal),
            ("=~", Operator::Matches),
            ("!~", Operator::Matches),
        ]
        .into_iter()
        .find_map(|(token, operator)| self.token(token).then_some(operator))
    }

    fn joined(&mut self) -> Option<Expression> {
        if self.token("/") {
            let root = Expression::Text(String::new());
            return Some(Expression::Join(Box::new([root, self.expression()?])));
        }
        let first = self.primary()?;
        if self.token("/") {
            let right = self.expression()?;
            return Some(Expression::Join(Box::new([first, right])));
        }
        if self.token("+") {
            let right = self.expression()?;
            return Some(Expression::Concatenated(Box::new([first, right])));
        }
        Some(first)
    }

    fn primary(&mut self) -> Option<Expression> {
        self.blanks();
        let line = self.line();
        match self.peek()? {
            '(' => {
                self.eat("(");
                self.brackets += 1;
                let inner = self.expression()?;
                self.token(")").then_some(())?;
                self.brackets -= 1;
                Some(inner)
            }
            '`' => {
                let text = self.quoted('`')?;
                Some(Expression::Command { text, line })
            }
            quote @ ('\'' | '"') => self.quoted(quote).map(Expression::Text),
            'x' if self.rest().starts_with("x'") || self.rest().starts_with("x\"") => {
                self.eat("x");
                let quote = self.peek()?;
                self.quoted(quote).map(Expression::Expanded)
            }
            'f' if self.rest().starts_with("f'") || self.rest().starts_with("f\"") => {
                self.eat("f");
                let quote = self.peek()?;
                let text = self.quoted(quote)?;
                let mut inner = Parser::new(&text, line);
                inner.depth = self.depth + 1;
                let fragments = inner.fragments(text.len())?;
                Some(Expression::Format(fragments))
            }
            _ => {
                let name = self.name()?;
                if name == "assert" && self.token("(") {
                    self.brackets += 1;
                    self.expression()?;
                    self.operator()?;
                    self.expression()?;
                    self.token(",").then_some(())?;
                    self.expression()?;
                    self.token(")").then_some(())?;
                    self.brackets -= 1;
                    return Some(Expression::Text(String::new()));
                }
                if !self.eat("(") {
                    return Some(Expression::Variable(name));
                }
                self.brackets += 1;
                let mut arguments = Vec::new();
                while !self.token(")") {
                    arguments.push(self.expression()?);
                    self.token(",");
                }
                self.brackets -= 1;
                Some(Expression::Call {
                    name,
                    arguments,
                    line,
                })
            }
        }
    }

    /// A text between quotes, or between three of them, which takes its indentation away.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let rest = self.rest();
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let single = quote.to_string();
        let marks = if rest.starts_with(&triple) {
            triple
        } else {
            single
        };
        let inner = rest.strip_prefix(&marks)?;
        let mut end = 0;
        loop {
            let left = inner.get(end..)?;
            if left.starts_with(&marks) {
                break;
            }
            let mut letters = left.chars();
            let next = letters.next()?;
            end += next.len_utf8();
            if next == '\\' && quote == '"' {
                end += letters.next()?.len_utf8();
            }
        }
        self.at += marks.len() * 2 + end;
        let raw = inner.get(..end)?;
        let text = if marks.len() == 3 {
            unindented(raw)
        } else {
            raw.to_owned()
        };
        Some(if quote == '"' { unescaped(&text) } else { text })
    }
}

/// A text without the line end that it starts with and the blanks that all of its lines share.
fn unindented(text: &str) -> String {
    let Some(body) = text.strip_prefix('\n') else {
        return text.to_owned();
    };
    let indents = body.lines().filter(|line| !line.trim().is_empty());
    let common = indents
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines = body.split('\n').map(|line| line.get(common..));
    let lines: Vec<&str> = lines.map(Option::unwrap_or_default).collect();
    lines.join("\n")
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('\n') | None => {}
            Some('u') => {
                let code: String = letters.by_ref().take_while(|c| *c != '}').collect();
                let code = u32::from_str_radix(code.trim_start_matches('{'), 16);
                plain.extend(code.ok().and_then(char::from_u32));
            }
            Some(other) => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_with_their_lines() {
        let text = "set shell := ['bash', '-uc']\nexport A := 'x' + `b`\n\nalias c := clean\n\
                    import? 'x.just'\nmod docs\n\n[private, no-cd]\n[group('a')]\n\
                    @clean dir='a b' *rest: (pre 'x') && post # why\n  @rm {{dir}}\n\n  -x {{ \"}}\" }} {{{{\n\npre x:\npost:\n";
        let file = parse(text).unwrap();
        assert_eq!(file.settings[0].1.len(), 2);
        assert!(file.variables[0].exported);
        assert_eq!(file.aliases, [("c".to_owned(), "clean".to_owned())]);
        assert_eq!(file.modules.len(), 1);
        let clean = &file.recipes[0];
        assert!(clean.has("no-cd") && clean.has("group"));
        assert_eq!(clean.parameters.len(), 2);
        assert_eq!(clean.parameters[1].count, Count::Any);
        assert_eq!(clean.dependencies[0].arguments.len(), 1);
        assert_eq!(clean.subsequents[0].path, "post");
        let numbers: Vec<usize> = clean.body.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [11, 12, 13]);
        assert_eq!(clean.body[2].fragments.len(), 3);
        assert_eq!(file.recipes.len(), 3);
    }

    #[test]
    fn words_of_its_own_may_name_recipes() {
        let file = parse("set:\n  x\nimport x='a':\n  y\nmod a: set\nif-a b:\n").unwrap();
        let names: Vec<&str> = file.recipes.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["set", "import", "mod", "if-a"]);
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        assert_eq!(parse("a:\n  b\n???\n").map(|_| ()), Err(3));
        let deep = format!("a := {}", "(".repeat(10_000));
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn long_texts_lose_their_indentation() {
        assert_eq!(unindented("\n  a\n    b\n\n  c\n"), "a\n  b\n\nc\n");
        assert_eq!(unescaped("a\\n\\u{41}\\\"\\\nb"), "a\nA\"b");
    }
}
