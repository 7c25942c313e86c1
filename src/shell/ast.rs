//! The syntax tree. Spans are byte offsets into the text that was parsed.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::location::Span;

/// A whole text. `holes` are what could not be read; commands before a hole still run in bash,
/// which reads line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub list: Vec<Node>,
    pub holes: Vec<Hole>,
    /// Where patterns begin that bash reads only with `extglob`, outside of `[[ … ]]`.
    pub groups: Vec<usize>,
}

/// A part of the text that is not understood, with the reason for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    pub reason: String,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AndOrOperator {
    And,
    Or,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Simple(SimpleCommand),
    /// Two or more stages, or one that is negated with `!`.
    Pipeline {
        stages: Vec<Node>,
        negated: bool,
    },
    /// `a && b || c`: from left to right.
    AndOr {
        first: Box<Node>,
        rest: Vec<(AndOrOperator, Node)>,
    },
    /// `command &`
    Background(Box<Node>),
    Compound(Compound),
    Function {
        /// One, but for zsh's `function a b { … }`.
        names: Vec<String>,
        body: Rc<Node>,
        span: Span,
    },
}

impl Node {
    /// From its first to its last character.
    #[must_use]
    pub fn span(&self) -> Span {
        let both = |first: &Self, last: &Self| Span::new(first.span().start, last.span().end);
        match self {
            Self::Simple(command) => command.span,
            Self::Compound(compound) => compound.span,
            Self::Function { span, .. } => *span,
            Self::Background(node) => node.span(),
            Self::AndOr { first, rest } => both(first, rest.last().map_or(first, |(_, node)| node)),
            Self::Pipeline { stages, .. } => match (stages.first(), stages.last()) {
                (Some(first), Some(last)) => both(first, last),
                _ => Span::default(),
            },
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compound {
    pub kind: CompoundKind,
    pub redirections: Vec<Redirection>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompoundKind {
    Subshell(Vec<Node>),
    Group(Vec<Node>),
    /// Each `if`/`elif` condition with its `then`, and the `else`.
    If {
        branches: Vec<(Vec<Node>, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
    /// `while` and `until`.
    Loop {
        condition: Vec<Node>,
        until: bool,
        body: Vec<Node>,
    },
    /// `for` and `select`; without `in`, over the positional parameters.
    For {
        /// One, but for zsh's `for x y in …`.
        variables: Vec<String>,
        words: Option<Vec<Word>>,
        select: bool,
        body: Vec<Node>,
    },
    /// `for ((start; condition; step))`
    ArithmeticFor {
        start: Word,
        condition: Word,
        step: Word,
        body: Vec<Node>,
    },
    Case {
        subject: Word,
        arms: Vec<CaseArm>,
    },
    /// `[[ … ]]`
    Test(Condition),
    /// `(( … ))`
    Arithmetic(Word),
    Coproc {
        name: Option<String>,
        body: Box<Node>,
    },
    /// zsh's `repeat n`
    Repeat {
        count: Word,
        body: Vec<Node>,
    },
    /// zsh's `() { … } arguments`.
    Anonymous {
        body: Rc<Node>,
        arguments: Vec<Word>,
    },
}

/// What stands in `[[ … ]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Word(Word),
    /// `-n word`
    Unary(String, Word),
    /// `word == pattern`
    Binary(Word, String, Word),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseArm {
    pub patterns: Vec<Word>,
    pub body: Vec<Node>,
    pub end: ArmEnd,
}

/// What comes after an arm of `case` has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmEnd {
    /// `;;`
    Stop,
    /// `;&`: the next arm runs, too.
    Fall,
    /// `;;&`: the patterns after it are looked at, too.
    Test,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimpleCommand {
    pub assignments: Vec<Assignment>,
    pub words: Vec<Word>,
    pub redirections: Vec<Redirection>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    pub subscript: Option<Box<Word>>,
    /// `+=`
    pub append: bool,
    pub value: AssignmentValue,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignmentValue {
    Scalar(Word),
    /// `(a b [k]=c)`: subscripts and values.
    Array(Vec<(Option<Word>, Word)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirection {
    /// The file descriptor before the operator; `None` is the operator's own default.
    pub descriptor: Option<u32>,
    /// `{name}>`: the variable that gets the number of a new descriptor.
    pub variable: Option<String>,
    pub operator: RedirectionOperator,
    pub target: RedirectionTarget,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectionOperator {
    /// `<`
    Input,
    /// `>`
    Output,
    /// `>|`
    Clobber,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&`
    DuplicateInput,
    /// `>&`
    DuplicateOutput,
    /// `&>`
    OutputAndError,
    /// `&>>`
    AppendOutputAndError,
    /// `<<`, `<<-`
    HereDocument,
    /// `<<<`
    HereString,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectionTarget {
    Word(Word),
    /// The body, ready to expand; set when the line that announces it has ended.
    HereDocument(Rc<OnceCell<Word>>),
}

/// A shell word before expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub pieces: Vec<Piece>,
    pub span: Span,
    /// The word as it is written.
    pub source: Rc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Unquoted characters: patterns, braces and tildes are live.
    Literal { text: String, offset: Option<usize> },
    /// Quoted characters. `offset` is where they stand in the source, if they stand there
    /// unchanged.
    Quoted { text: String, offset: Option<usize> },
    Parameter {
        parameter: Box<Parameter>,
        quoted: bool,
    },
    /// `$(…)`, backquotes.
    Command {
        list: Rc<Script>,
        quoted: bool,
        source: Rc<str>,
    },
    /// `<(…)` or `>(…)`.
    Process {
        list: Rc<Script>,
        output: bool,
        source: Rc<str>,
    },
    /// `$((…))`, `$[…]`
    Arithmetic {
        expression: Box<Word>,
        quoted: bool,
        source: Rc<str>,
    },
}

/// `$name`, `${name…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// A name, a number, or one of `@*#?-$!0`.
    pub name: String,
    pub subscript: Option<Subscript>,
    /// `${!name}`
    pub indirect: bool,
    /// `${#name}`
    pub length: bool,
    pub operator: Operator,
    /// As it is written.
    pub source: Rc<str>,
    /// What only zsh has.
    pub zsh: Option<Box<ZshExpansion>>,
}

/// `${(flags)^=~name[1,3]:modifiers}`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZshExpansion {
    pub flags: Vec<ZshFlag>,
    /// `=`: split into words, whatever the option says; `==`: not.
    pub split: Option<bool>,
    /// `~`: the value is a pattern; `~~`: it is not.
    pub pattern: Option<bool>,
    /// `^`: what stands around it is repeated for each element; `^^`: it is not.
    pub combine: Option<bool>,
    /// `+`: 1 if it is set, else 0.
    pub is_set: bool,
    /// `${${…}…}`, `${$(…)…}`, `${"…"…}`: what stands in the place of the name.
    pub nested: Option<Word>,
    /// `[…]`, each applied to what the one before gives.
    pub subscripts: Vec<Word>,
    /// `t`, `h`, `gs/a/b/` …, as they are written.
    pub modifiers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZshFlag {
    pub letter: char,
    pub arguments: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscript {
    /// `[@]`
    At,
    /// `[*]`
    Star,
    Index(Box<Word>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    None,
    /// `-`, `:-`
    Default {
        colon: bool,
        word: Word,
    },
    /// `=`, `:=`
    Assign {
        colon: bool,
        word: Word,
    },
    /// `?`, `:?`
    Error {
        colon: bool,
        word: Word,
    },
    /// `+`, `:+`
    Alternative {
        colon: bool,
        word: Word,
    },
    /// `#`, `##`
    RemovePrefix {
        longest: bool,
        pattern: Word,
    },
    /// `%`, `%%`
    RemoveSuffix {
        longest: bool,
        pattern: Word,
    },
    /// `/`, `//`, `/#`, `/%`
    Replace {
        all: bool,
        anchor: Option<char>,
        pattern: Word,
        replacement: Word,
    },
    /// `:offset`, `:offset:length`
    Substring {
        offset: Word,
        length: Option<Word>,
    },
    /// `^`, `^^`, `,`, `,,`, `~`, `~~`
    Case {
        symbol: char,
        all: bool,
        pattern: Word,
    },
    /// `@Q`, `@P` …
    Transform(char),
    /// `${!prefix@}`, `${!prefix*}`
    Names,
    /// zsh's `::=`
    Set {
        word: Word,
    },
    /// zsh's `:#`: empty, or without the elements, that match.
    Exclude {
        pattern: Word,
    },
    /// zsh's operations on whole arrays, and what else is not followed.
    Other {
        word: Word,
    },
}
