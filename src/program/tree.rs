//! One small tree for every language: what a program does, without how it is written.
//!
//! Each language lowers its own syntax to it. A language that means something else by the same
//! form writes it as another form, so that the evaluator knows no language.

use std::rc::Rc;

use crate::location::Span;

/// A program as it was read.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub body: Vec<Statement>,
    /// Where the grammar could not read the text. What stands inside is in the tree all the same.
    pub holes: Vec<Span>,
    /// Part of it is nested deeper, or longer, than is read.
    pub cut: bool,
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub span: Span,
    pub kind: StatementKind,
}

#[derive(Clone, Debug)]
pub enum StatementKind {
    Expression(Expression),
    /// A named function; its name is bound before anything of the same block runs.
    Function(Rc<Function>),
    Class(Rc<Class>),
    Import(Import),
    /// A condition that is known picks its side; of any other both are taken.
    Branch {
        condition: Expression,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    /// `switch`, `match`, `case`: one of these, or none. What the subject and the labels compute
    /// stands before it, as expressions.
    Alternatives(Vec<Vec<Statement>>),
    /// Once for each item.
    For {
        target: Pattern,
        binding: Binding,
        over: Expression,
        /// The keys of a map, not its values (`for … in` in JavaScript, a Python map).
        keys: bool,
        body: Vec<Statement>,
    },
    /// As long as the condition holds. `until` is the condition in a `not`.
    While {
        condition: Expression,
        /// `for (;; UPDATE)`.
        update: Vec<Expression>,
        body: Vec<Statement>,
        /// The body runs before the condition is asked (`do … while`).
        first: bool,
    },
    Try {
        body: Vec<Statement>,
        /// Each alone: the name that is bound to what was thrown, and what is done.
        handlers: Vec<(Option<Pattern>, Vec<Statement>)>,
        finally: Vec<Statement>,
    },
    /// A value that is entered before the body and left after it (`with`, `using`).
    With {
        items: Vec<(Expression, Option<Pattern>)>,
        body: Vec<Statement>,
    },
    /// A scope of its own for names that are bound with [`Binding::Block`].
    Block(Vec<Statement>),
    Return(Option<Expression>),
    Throw(Option<Expression>),
    Break,
    Continue,
    /// These names are the program's (`global`) or the enclosing function's (`nonlocal`).
    Outer {
        names: Vec<String>,
        global: bool,
    },
}

/// `import a.b as c`, `from a import b as c`, `import d, { e as f } from "g"`.
#[derive(Clone, Debug)]
pub struct Import {
    pub module: String,
    pub names: Imported,
}

#[derive(Clone, Debug)]
pub enum Imported {
    /// The module itself, under this name. Python's `import a.b` binds `a`: `module` is then `a`.
    Module(String),
    /// `(name in the module, name here)`.
    Names(Vec<(String, String)>),
    /// `from a import *`.
    All,
    /// Only run (`import "./x.js"`).
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Function {
    pub name: Option<String>,
    pub parameters: Vec<Parameter>,
    pub body: Vec<Statement>,
    /// What it runs around itself, outermost first.
    pub decorators: Vec<Expression>,
    /// It does not see the variables around it (Ruby's `def`, PHP's functions).
    pub closed: bool,
    /// Its caller does not wait for it, so that an `exit` in it ends nothing of the caller.
    pub detached: bool,
    /// What it is to its class.
    pub role: Role,
    /// The value of its last statement is its value (Ruby, Perl, `x => y`).
    pub implicit_return: bool,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    #[default]
    Plain,
    /// Its first parameter is not the instance.
    Static,
    /// Runs when it is looked at, or without a call that could be seen (`__del__`, `toString`).
    Implicit,
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub pattern: Pattern,
    /// The name by which it can be given.
    pub name: Option<String>,
    pub default: Option<Expression>,
    pub kind: ParameterKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    Positional,
    KeywordOnly,
    /// All further positional arguments, as a list.
    Rest,
    /// All further keyword arguments, as a map.
    KeywordRest,
}

#[derive(Clone, Debug)]
pub struct Class {
    pub name: Option<String>,
    pub bases: Vec<Expression>,
    /// Methods are functions in it; anything else runs when the class is made.
    pub body: Vec<Statement>,
    /// The method that makes an instance: `__init__`, `constructor`, `initialize`.
    pub constructor: &'static str,
    /// Whether a method's first parameter is the instance; otherwise it is called `this`.
    pub explicit_self: bool,
    /// What an instance is made of where no constructor says it, in order: `path: str` in the
    /// body of a data class.
    pub fields: Vec<String>,
    pub decorators: Vec<Expression>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Expression {
    pub span: Span,
    pub kind: ExpressionKind,
}

#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// A literal, escapes resolved. It may hold placeholders of [`crate::payload::holes::Holes`].
    Text(String),
    Number(f64),
    Boolean(bool),
    Null,
    /// Texts and values joined without anything between them: f-strings, templates.
    Template(Vec<Expression>),
    Name(String),
    Member {
        object: Box<Expression>,
        name: String,
    },
    Index {
        object: Box<Expression>,
        index: Box<Expression>,
    },
    Slice {
        object: Box<Expression>,
        start: Option<Box<Expression>>,
        end: Option<Box<Expression>>,
        step: Option<Box<Expression>>,
    },
    Call {
        function: Box<Expression>,
        arguments: Vec<Argument>,
    },
    List(Vec<Expression>),
    /// Pairs; a spread map has no key.
    Map(Vec<(Option<Expression>, Expression)>),
    Function(Rc<Function>),
    Class(Rc<Class>),
    /// From left to right, with one operator (`a + b + c`): long chains are not deep.
    Binary {
        operator: Operator,
        operands: Vec<Expression>,
    },
    Not(Box<Expression>),
    Negative(Box<Expression>),
    /// `a if c else b`, `c ? a : b`.
    Conditional {
        condition: Box<Expression>,
        then: Box<Expression>,
        otherwise: Box<Expression>,
    },
    /// An assignment, which is also a value. `operator` for `+=`.
    Assign {
        target: Box<Pattern>,
        binding: Binding,
        operator: Option<Operator>,
        value: Box<Expression>,
    },
    /// Shell text that runs and gives what it prints: backticks.
    Command(Box<Expression>),
    /// `*xs`, `...xs` in a list or a call.
    Spread(Box<Expression>),
    /// A list, each item of which the body yields (`[f(x) for x in xs if c]`).
    Comprehension {
        target: Pattern,
        over: Box<Expression>,
        conditions: Vec<Expression>,
        body: Box<Expression>,
    },
    /// Statements, the last of which is the value.
    Block(Vec<Statement>),
    /// Makes the function around it one that gives all of these.
    Yield(Option<Box<Expression>>),
    /// Any other form: its parts are evaluated, its value is not known.
    Unknown(Vec<Expression>),
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub value: Expression,
    pub kind: ArgumentKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    Positional,
    Keyword(String),
    /// `*xs`, `...xs`.
    Spread,
    /// `**xs`.
    KeywordSpread,
}

/// What a value is bound to.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A name, a member or an item.
    Target(Box<Expression>),
    List(Vec<Pattern>),
    /// `{ key: pattern }`; a rest has no key.
    Map(Vec<(Option<Expression>, Pattern)>),
    Rest(Box<Pattern>),
    Default(Box<Pattern>, Box<Expression>),
}

/// Where a plain name is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Where it is bound already, else as a name of the program (JavaScript's `x = …`).
    Nearest,
    /// In the function (Python, Ruby, `var`).
    Function,
    /// In the block (`let`, `const`, `my`).
    Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Texts are joined, lists too, numbers added.
    Add,
    Subtract,
    Multiply,
    Divide,
    /// `//`.
    Quotient,
    /// Formats, if the left side is a text (`%`).
    Remainder,
    Power,
    /// Texts only: `.` of PHP and Perl.
    Concatenate,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `in`: an item of a list, a key of a map, a part of a text.
    In,
    /// The first that is false, else the last.
    And,
    /// The first that is true, else the last.
    Or,
    /// The first that is not null (`??`).
    Coalesce,
}

impl Expression {
    #[must_use]
    pub const fn new(span: Span, kind: ExpressionKind) -> Self {
        Self { span, kind }
    }

    /// A form of which only the parts are evaluated.
    #[must_use]
    pub const fn unknown(span: Span, parts: Vec<Self>) -> Self {
        Self::new(span, ExpressionKind::Unknown(parts))
    }
}

impl Statement {
    #[must_use]
    pub const fn new(span: Span, kind: StatementKind) -> Self {
        Self { span, kind }
    }
}

impl From<Expression> for Statement {
    fn from(expression: Expression) -> Self {
        Self::new(expression.span, StatementKind::Expression(expression))
    }
}

impl Pattern {
    /// What one expression names.
    #[must_use]
    pub fn target(expression: Expression) -> Self {
        Self::Target(Box::new(expression))
    }

    /// The name, if it is nothing but one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Target(target) => match &target.kind {
                ExpressionKind::Name(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}
