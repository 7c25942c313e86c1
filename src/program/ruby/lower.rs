//! Ruby.
//!
//! Owns what Ruby's forms mean: which bare name is a variable and which a call, what a symbol
//! calls, and where a here-document's text stands.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tree_sitter::Node;

use crate::location::Span;
use crate::payload::holes;
use crate::program::syntax::{self, Lowering, children, span};
use crate::program::texts;
use crate::program::tree::{
    Argument, ArgumentKind, Binding, Class, Expression, ExpressionKind, Function, Import, Imported,
    Operator, Parameter, ParameterKind, Pattern, Program, Role, Statement, StatementKind,
};

pub(super) fn parse(text: &str) -> Program {
    syntax::read(
        text,
        &[|| tree_sitter_ruby::LANGUAGE.into()],
        |lowering, root| {
            let mut bodies = Vec::new();
            let mut beginnings = Vec::new();
            let mut shared = BTreeSet::new();
            syntax::each(root, &mut |node| match node.kind() {
                "heredoc_body" => bodies.push(node),
                "heredoc_beginning" => beginnings.push(node.start_byte()),
                "global_variable" | "constant" => {
                    shared.insert(lowering.text(node).to_owned());
                }
                _ => {}
            });
            let mut ruby = Ruby {
                to: lowering,
                heredocs: beginnings.into_iter().zip(bodies).collect(),
                shared: shared.into_iter().collect(),
                locals: vec![BTreeSet::new()],
                methods: Vec::new(),
            };
            ruby.statements(root)
        },
    )
}

/// The name of the block that a method is given.
const BLOCK: &str = "&block";

struct Ruby<'l, 't, 'n> {
    to: &'l mut Lowering<'t>,
    /// The body of each here-document, by where its beginning stands.
    heredocs: BTreeMap<usize, Node<'n>>,
    /// The names that methods see, too: constants and global variables.
    shared: Vec<String>,
    /// The variables of each scope that is open: a method's, then those of its blocks.
    locals: Vec<BTreeSet<String>>,
    /// The methods of each class that is open.
    methods: Vec<BTreeSet<String>>,
}

impl<'n> Ruby<'_, '_, 'n> {
    fn statements(&mut self, node: Node<'n>) -> Vec<Statement> {
        let body = children(node);
        if !body
            .iter()
            .any(|child| matches!(child.kind(), "rescue" | "ensure" | "else"))
        {
            return body
                .into_iter()
                .flat_map(|child| self.statement(child))
                .collect();
        }
        let mut tried = Vec::new();
        let mut handlers = Vec::new();
        let mut finally = Vec::new();
        for child in body {
            match child.kind() {
                "rescue" => {
                    let name = child.child_by_field_name("variable");
                    let name = name.and_then(|name| children(name).into_iter().next());
                    let name = name.map(|name| self.target(name));
                    let body = child.child_by_field_name("body");
                    let body = body.map(|body| self.statements(body));
                    handlers.push((name, body.unwrap_or_default()));
                }
                "ensure" => finally.extend(self.plain(child)),
                "else" => tried.extend(self.plain(child)),
                _ => tried.extend(self.statement(child)),
            }
        }
        vec![Statement::new(
            span(node),
            StatementKind::Try {
                body: tried,
                handlers,
                finally,
            },
        )]
    }

    /// The statements of a node that is no body with `rescue`.
    fn plain(&mut self, node: Node<'n>) -> Vec<Statement> {
        children(node)
            .into_iter()
            .flat_map(|child| self.statement(child))
            .collect()
    }

    fn optional(&mut self, node: Option<Node<'n>>) -> Vec<Statement> {
        node.map(|node| self.statements(node)).unwrap_or_default()
    }

    fn field(&mut self, node: Node<'n>, name: &str) -> Expression {
        match node.child_by_field_name(name) {
            Some(child) => self.expression(child),
            None => Expression::unknown(span(node), Vec::new()),
        }
    }

    fn statement(&mut self, node: Node<'n>) -> Vec<Statement> {
        if !self.to.enter() {
            return Vec::new();
        }
        let lowered = self.any_statement(node);
        self.to.leave();
        lowered
    }

    fn any_statement(&mut self, node: Node<'n>) -> Vec<Statement> {
        let at = span(node);
        let kind = match node.kind() {
            "empty_statement" | "heredoc_body" | "uninterpreted" | "comment" => return Vec::new(),
            "begin_block"
            | "end_block"
            | "begin"
            | "parenthesized_statements"
            | "then"
            | "do"
            | "block_body"
            | "body_statement"
            | "else" => return self.statements(node),
            "if" | "elsif" | "unless" | "if_modifier" | "unless_modifier" => self.branch(node),
            "while" | "until" | "while_modifier" | "until_modifier" => self.repeat(node),
            "for" => {
                let target = node.child_by_field_name("pattern");
                let target = target.map(|target| self.target(target));
                let over = node.child_by_field_name("value");
                let over = over.and_then(|over| children(over).into_iter().next());
                let over = match over {
                    Some(over) => self.expression(over),
                    None => Expression::unknown(at, Vec::new()),
                };
                StatementKind::For {
                    target: target.unwrap_or_else(|| Pattern::List(Vec::new())),
                    binding: Binding::Function,
                    over,
                    keys: false,
                    body: self.optional(node.child_by_field_name("body")),
                }
            }
            "case" | "case_match" => return self.alternatives(node),
            "rescue_modifier" => {
                let body = node.child_by_field_name("body");
                let handler = node.child_by_field_name("handler");
                StatementKind::Try {
                    body: body.map(|body| self.statement(body)).unwrap_or_default(),
                    handlers: vec![(
                        None,
                        handler
                            .map(|handler| self.statement(handler))
                            .unwrap_or_default(),
                    )],
                    finally: Vec::new(),
                }
            }
            "method" | "singleton_method" => StatementKind::Function(Rc::new(self.method(node))),
            "class" | "module" | "singleton_class" => {
                StatementKind::Class(Rc::new(self.class(node)))
            }
            "return" => StatementKind::Return(self.given(node)),
            "break" => {
                // What it gives is computed first.
                let given = self.given(node).map(Statement::from);
                let leave = Statement::new(at, StatementKind::Break);
                return given.into_iter().chain([leave]).collect();
            }
            // `next` gives the block's value.
            "next" if self.locals.len() > 1 => StatementKind::Return(self.given(node)),
            "next" | "redo" | "retry" => StatementKind::Continue,
            "alias" => {
                let name = self.to.field(node, "name").unwrap_or_default();
                let other = self.to.field(node, "alias").unwrap_or_default();
                let value = Expression::new(at, ExpressionKind::Name(other.to_owned()));
                let target = Expression::new(at, ExpressionKind::Name(name.to_owned()));
                return vec![
                    assign(at, Pattern::target(target), Binding::Nearest, None, value).into(),
                ];
            }
            "undef" => return Vec::new(),
            _ => return vec![self.expression(node).into()],
        };
        vec![Statement::new(at, kind)]
    }

    fn given(&mut self, node: Node<'n>) -> Option<Expression> {
        let arguments = children(node).into_iter().next()?;
        let mut values = self.list(arguments);
        if values.len() == 1 {
            return values.pop();
        }
        Some(Expression::new(span(node), ExpressionKind::List(values)))
    }

    fn branch(&mut self, node: Node<'n>) -> StatementKind {
        let condition = self.field(node, "condition");
        let modifier = node.kind().ends_with("modifier");
        let then = if modifier {
            let body = node.child_by_field_name("body");
            body.map(|body| self.statement(body)).unwrap_or_default()
        } else {
            self.optional(node.child_by_field_name("consequence"))
        };
        let otherwise = node.child_by_field_name("alternative");
        let otherwise = otherwise
            .map(|node| self.statement(node))
            .unwrap_or_default();
        StatementKind::Branch {
            condition: negated(condition, node.kind().starts_with("unless")),
            then,
            otherwise,
        }
    }

    fn repeat(&mut self, node: Node<'n>) -> StatementKind {
        let condition = self.field(node, "condition");
        let body = node.child_by_field_name("body");
        let first = body.is_some_and(|body| body.kind() == "begin");
        StatementKind::While {
            condition: negated(condition, node.kind().starts_with("until")),
            update: Vec::new(),
            body: body.map(|body| self.statement(body)).unwrap_or_default(),
            first,
        }
    }

    fn alternatives(&mut self, node: Node<'n>) -> Vec<Statement> {
        let mut before = Vec::new();
        if let Some(value) = node.child_by_field_name("value") {
            before.extend(self.statement(value));
        }
        let mut arms = Vec::new();
        for child in children(node) {
            match child.kind() {
                "when" => {
                    for pattern in syntax::fields(child, "pattern") {
                        before.extend(self.list(pattern).into_iter().map(Statement::from));
                    }
                    arms.push(self.optional(child.child_by_field_name("body")));
                }
                "in_clause" => {
                    // What the pattern binds is not known.
                    let mut names = Vec::new();
                    if let Some(pattern) = child.child_by_field_name("pattern") {
                        syntax::each(pattern, &mut |node| {
                            if node.kind() == "identifier" {
                                names.push(node);
                            }
                        });
                    }
                    let mut arm = Vec::new();
                    for name in names {
                        let value = Expression::unknown(span(name), Vec::new());
                        let target = self.target(name);
                        let bound = assign(span(name), target, Binding::Function, None, value);
                        arm.push(bound.into());
                    }
                    arm.extend(self.optional(child.child_by_field_name("body")));
                    arms.push(arm);
                }
                "else" => arms.push(self.plain(child)),
                _ => {}
            }
        }
        before.push(Statement::new(
            span(node),
            StatementKind::Alternatives(arms),
        ));
        before
    }

    fn method(&mut self, node: Node<'n>) -> Function {
        let outer = std::mem::replace(&mut self.locals, vec![BTreeSet::new()]);
        let mut parameters = self.parameters(node.child_by_field_name("parameters"));
        let block = Expression::new(span(node), ExpressionKind::Name(BLOCK.to_owned()));
        parameters.push(Parameter {
            pattern: Pattern::target(block),
            name: Some(BLOCK.to_owned()),
            default: None,
            kind: ParameterKind::KeywordOnly,
        });
        let names = self.shared.clone();
        let shared = StatementKind::Outer {
            names,
            global: true,
        };
        let mut body = vec![Statement::new(span(node), shared)];
        if let Some(node) = node.child_by_field_name("body") {
            body.extend(self.statement(node));
        }
        self.locals = outer;
        Function {
            name: self.to.field(node, "name").map(str::to_owned),
            parameters,
            body,
            decorators: Vec::new(),
            closed: true,
            detached: false,
            role: if node.kind() == "singleton_method" {
                Role::Static
            } else {
                Role::Plain
            },
            implicit_return: true,
            span: span(node),
        }
    }

    fn parameters(&mut self, node: Option<Node<'n>>) -> Vec<Parameter> {
        let Some(node) = node else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for child in children(node) {
            let name = self.to.field(child, "name").map(str::to_owned);
            let default = child.child_by_field_name("value");
            let default = default.map(|value| self.expression(value));
            let kind = match child.kind() {
                "splat_parameter" => ParameterKind::Rest,
                "hash_splat_parameter" => ParameterKind::KeywordRest,
                "keyword_parameter" => ParameterKind::KeywordOnly,
                "hash_splat_nil" | "forward_parameter" => continue,
                "block_parameter" => ParameterKind::KeywordOnly,
                _ => ParameterKind::Positional,
            };
            let pattern = match child.kind() {
                "identifier" | "destructured_parameter" => self.target(child),
                _ => {
                    let name = name.clone().unwrap_or_default();
                    self.bind(&name);
                    Pattern::target(Expression::new(span(child), ExpressionKind::Name(name)))
                }
            };
            found.push(Parameter {
                pattern,
                name: match child.kind() {
                    "block_parameter" => Some(BLOCK.to_owned()),
                    _ => name.filter(|_| kind == ParameterKind::KeywordOnly),
                },
                default,
                kind,
            });
        }
        found
    }

    fn class(&mut self, node: Node<'n>) -> Class {
        let body = node.child_by_field_name("body");
        let mut methods = BTreeSet::new();
        for child in body.map(children).unwrap_or_default() {
            if child.kind() == "method" {
                let name = self.to.field(child, "name").unwrap_or_default();
                methods.insert(name.to_owned());
            }
        }
        self.methods.push(methods);
        let outer = std::mem::replace(&mut self.locals, vec![BTreeSet::new()]);
        let bases = node.child_by_field_name("superclass");
        let bases = bases.and_then(|base| children(base).into_iter().next());
        let bases = bases.map(|base| self.expression(base));
        let body = self.optional(body);
        self.locals = outer;
        self.methods.pop();
        Class {
            name: self.to.field(node, "name").map(str::to_owned),
            bases: bases.into_iter().collect(),
            body,
            constructor: "initialize",
            explicit_self: false,
            fields: Vec::new(),
            decorators: Vec::new(),
            span: span(node),
        }
    }

    /// A block, or the body of a lambda.
    fn block(&mut self, node: Node<'n>, parameters: Option<Node<'n>>) -> Expression {
        self.locals.push(BTreeSet::new());
        let parameters = parameters.or_else(|| node.child_by_field_name("parameters"));
        let mut parameters = self.parameters(parameters);
        if parameters.is_empty() {
            for name in ["_1", "it"] {
                self.bind(name);
                let name = Expression::new(span(node), ExpressionKind::Name(name.to_owned()));
                if parameters.is_empty() {
                    parameters.push(positional(Pattern::target(name)));
                }
            }
        }
        let body = self.optional(node.child_by_field_name("body"));
        self.locals.pop();
        function(span(node), parameters, body)
    }

    fn bind(&mut self, name: &str) {
        if let Some(scope) = self.locals.last_mut() {
            scope.insert(name.to_owned());
        }
    }

    fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|scope| scope.contains(name))
    }

    /// Where a name is bound by an assignment here.
    fn binding(&self, pattern: &Pattern) -> Binding {
        let Some(name) = pattern.name() else {
            return Binding::Nearest;
        };
        let starts_local = name.starts_with(|letter: char| {
            letter.is_lowercase() || letter == '_' || !letter.is_ascii()
        });
        let Some((inner, outer)) = self.locals.split_last() else {
            return Binding::Nearest;
        };
        let known_outside = outer.iter().any(|scope| scope.contains(name));
        if starts_local && (inner.contains(name) || !known_outside) {
            Binding::Function
        } else {
            Binding::Nearest
        }
    }

    /// What is assigned to; its names are variables from here on.
    fn target(&mut self, node: Node<'n>) -> Pattern {
        match node.kind() {
            "identifier" => {
                let name = self.to.text(node).to_owned();
                if !self.is_local(&name) {
                    self.bind(&name);
                }
                Pattern::target(Expression::new(span(node), ExpressionKind::Name(name)))
            }
            "left_assignment_list" | "destructured_left_assignment" | "destructured_parameter" => {
                let parts = children(node);
                Pattern::List(parts.into_iter().map(|part| self.target(part)).collect())
            }
            "rest_assignment" | "splat_parameter" => {
                let inner = children(node).into_iter().next();
                let inner = inner.map_or(Pattern::List(Vec::new()), |node| self.target(node));
                Pattern::Rest(Box::new(inner))
            }
            "call" => {
                let object = Box::new(self.field(node, "receiver"));
                let name = self.to.field(node, "method").unwrap_or_default().to_owned();
                let kind = ExpressionKind::Member { object, name };
                Pattern::target(Expression::new(span(node), kind))
            }
            _ => Pattern::target(self.expression(node)),
        }
    }

    fn expression(&mut self, node: Node<'n>) -> Expression {
        if !self.to.enter() {
            return Expression::unknown(span(node), Vec::new());
        }
        let lowered = self.any_expression(node);
        self.to.leave();
        lowered
    }

    fn any_expression(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let text = self.to.text(node);
        let kind = match node.kind() {
            "string" | "bare_string" | "bare_symbol" | "delimited_symbol" | "character"
            | "chained_string" => self.string(node),
            "simple_symbol" => ExpressionKind::Text(text.trim_start_matches(':').to_owned()),
            "hash_key_symbol" => ExpressionKind::Text(text.to_owned()),
            "heredoc_beginning" => self.heredoc(node),
            "subshell" => {
                let command = self.template(node, true);
                ExpressionKind::Command(Box::new(command))
            }
            "integer" | "float" => match texts::number(text) {
                Some(number) => ExpressionKind::Number(number),
                None => ExpressionKind::Unknown(Vec::new()),
            },
            "true" => ExpressionKind::Boolean(true),
            "false" => ExpressionKind::Boolean(false),
            "nil" => ExpressionKind::Null,
            "self" => ExpressionKind::Name("this".to_owned()),
            "identifier" if self.is_local(text) || holes::has_hole(text) => {
                ExpressionKind::Name(text.to_owned())
            }
            "identifier" => {
                let function = self.called(at, text);
                return call(at, function, Vec::new());
            }
            "constant" | "global_variable" | "class_variable" => {
                ExpressionKind::Name(text.to_owned())
            }
            "instance_variable" => ExpressionKind::Member {
                object: Box::new(Expression::new(at, ExpressionKind::Name("this".to_owned()))),
                name: text.to_owned(),
            },
            "scope_resolution" => {
                let name = self.to.field(node, "name").unwrap_or_default().to_owned();
                match node.child_by_field_name("scope") {
                    Some(scope) => ExpressionKind::Member {
                        object: Box::new(self.expression(scope)),
                        name,
                    },
                    None => ExpressionKind::Name(name),
                }
            }
            "call" => return self.call(node),
            "element_reference" => return self.element(node),
            "array" | "string_array" | "symbol_array" | "right_assignment_list" => {
                ExpressionKind::List(self.list(node))
            }
            "hash" => ExpressionKind::Map(self.pairs(node)),
            "splat_argument" => ExpressionKind::Spread(Box::new(self.only(node))),
            "lambda" => {
                let parameters = node.child_by_field_name("parameters");
                match node.child_by_field_name("body") {
                    Some(body) => return self.block(body, parameters),
                    None => ExpressionKind::Null,
                }
            }
            "assignment" | "operator_assignment" => return self.assignment(node),
            "binary" => return self.binary(node),
            "unary" => {
                let operand = Box::new(self.field(node, "operand"));
                match self.to.field(node, "operator") {
                    Some("!" | "not") => ExpressionKind::Not(operand),
                    Some("-") => ExpressionKind::Negative(operand),
                    Some("defined?") => ExpressionKind::Unknown(Vec::new()),
                    _ => ExpressionKind::Unknown(vec![*operand]),
                }
            }
            "conditional" => ExpressionKind::Conditional {
                condition: Box::new(self.field(node, "condition")),
                then: Box::new(self.field(node, "consequence")),
                otherwise: Box::new(self.field(node, "alternative")),
            },
            "parenthesized_statements"
            | "begin"
            | "if"
            | "unless"
            | "while"
            | "until"
            | "for"
            | "case"
            | "case_match"
            | "rescue_modifier"
            | "method"
            | "singleton_method"
            | "class"
            | "module"
            | "singleton_class"
            | "if_modifier"
            | "unless_modifier"
            | "return"
            | "break"
            | "next"
            | "redo"
            | "retry"
            | "begin_block"
            | "end_block" => {
                let mut statements = self.statement(node);
                match statements.as_mut_slice() {
                    [
                        Statement {
                            kind: StatementKind::Expression(_),
                            ..
                        },
                    ] => {
                        if let Some(StatementKind::Expression(only)) =
                            statements.pop().map(|statement| statement.kind)
                        {
                            return only;
                        }
                        ExpressionKind::Null
                    }
                    _ => ExpressionKind::Block(statements),
                }
            }
            "regex" => {
                let pattern = self.template(node, true);
                ExpressionKind::Unknown(vec![pattern])
            }
            "block" | "do_block" => return self.block(node, None),
            "block_argument" => return self.block_argument(node),
            "yield" => {
                let arguments = children(node).into_iter().next();
                let arguments = self.arguments(arguments);
                let block = Expression::new(at, ExpressionKind::Name(BLOCK.to_owned()));
                return call(at, block, arguments);
            }
            _ => {
                if node.is_error() {
                    self.to.hole(node);
                }
                let parts = children(node);
                ExpressionKind::Unknown(
                    parts
                        .into_iter()
                        .map(|part| self.expression(part))
                        .collect(),
                )
            }
        };
        Expression::new(at, kind)
    }

    fn only(&mut self, node: Node<'n>) -> Expression {
        match children(node).into_iter().next() {
            Some(inner) => self.expression(inner),
            None => Expression::unknown(span(node), Vec::new()),
        }
    }

    fn list(&mut self, node: Node<'n>) -> Vec<Expression> {
        let parts = children(node);
        parts
            .into_iter()
            .map(|part| match part.kind() {
                "pair" => Expression::new(span(part), ExpressionKind::Map(vec![self.pair(part)])),
                _ => self.expression(part),
            })
            .collect()
    }

    fn pair(&mut self, node: Node<'n>) -> (Option<Expression>, Expression) {
        let key = self.field(node, "key");
        let value = match node.child_by_field_name("value") {
            Some(value) => self.expression(value),
            // `{x:}` takes the variable of that name.
            None => {
                let name = self.to.field(node, "key").unwrap_or_default();
                Expression::new(span(node), ExpressionKind::Name(name.to_owned()))
            }
        };
        (Some(key), value)
    }

    fn pairs(&mut self, node: Node<'n>) -> Vec<(Option<Expression>, Expression)> {
        let parts = children(node);
        parts
            .into_iter()
            .map(|part| match part.kind() {
                "pair" => self.pair(part),
                _ => (None, self.only(part)),
            })
            .collect()
    }

    /// What a name without a receiver calls.
    fn called(&self, at: Span, name: &str) -> Expression {
        let own = self.methods.last().is_some_and(|own| own.contains(name));
        if own {
            let this = Expression::new(at, ExpressionKind::Name("this".to_owned()));
            return member(at, this, name);
        }
        Expression::new(at, ExpressionKind::Name(name.to_owned()))
    }

    fn call(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let method = node.child_by_field_name("method");
        let name = method.map_or("call", |method| self.to.text(method));
        let receiver = node.child_by_field_name("receiver");
        let mut arguments = self.arguments(node.child_by_field_name("arguments"));
        let block = node.child_by_field_name("block");
        if let Some(block) = block {
            let value = self.block(block, None);
            arguments.push(Argument {
                value,
                kind: ArgumentKind::Keyword(BLOCK.to_owned()),
            });
        }
        let receiver = receiver.filter(|receiver| {
            // These are what a call without a receiver goes to, too.
            !matches!(
                self.to.text(*receiver),
                "self" | "Kernel" | "Object" | "::Kernel"
            ) || matches!(name, "const_get" | "new")
        });
        if matches!(
            name,
            "system"
                | "exec"
                | "spawn"
                | "popen"
                | "capture2"
                | "capture2e"
                | "capture3"
                | "popen2"
                | "popen2e"
                | "popen3"
        ) && let Some(Argument {
            value:
                Expression {
                    kind: ExpressionKind::Map(_),
                    ..
                },
            kind: ArgumentKind::Positional,
        }) = arguments.first()
        {
            // Variables for what it starts.
            let variables = arguments.remove(0).value;
            arguments.push(Argument {
                value: variables,
                kind: ArgumentKind::Keyword("env".to_owned()),
            });
        }
        match name {
            "send" | "public_send" | "__send__" | "method" | "public_method"
                if !arguments.is_empty() =>
            {
                let selector = arguments.remove(0).value;
                let function = self.selected(at, receiver, selector);
                if name.ends_with("method") {
                    return function;
                }
                return call(at, function, arguments);
            }
            "const_get" if !arguments.is_empty() => {
                let selector = arguments.remove(0).value;
                let module = receiver.filter(|node| self.to.text(*node) != "Object");
                return self.selected(at, module, selector);
            }
            "call" | "()" | "yield" if receiver.is_some() => {
                let function = self.field(node, "receiver");
                return call(at, function, arguments);
            }
            "block_given?" => {
                return Expression::new(at, ExpressionKind::Name(BLOCK.to_owned()));
            }
            "require_relative" | "load" | "require" if receiver.is_none() => {
                if let Some(Argument {
                    value:
                        Expression {
                            kind: ExpressionKind::Text(module),
                            ..
                        },
                    ..
                }) = arguments.first()
                    && (name != "require" || module.starts_with(['.', '/']))
                {
                    let import = Import {
                        module: module.clone(),
                        names: Imported::All,
                    };
                    let import = Statement::new(at, StatementKind::Import(import));
                    return Expression::new(at, ExpressionKind::Block(vec![import]));
                }
            }
            "lambda" | "proc" if block.is_some() && receiver.is_none() => {
                if let Some(block) = arguments.pop() {
                    return block.value;
                }
            }
            "new" if receiver.is_some_and(|node| self.to.text(node) == "Proc") => {
                if let Some(block) = arguments.pop() {
                    return block.value;
                }
            }
            "freeze" | "dup" | "clone" | "itself" | "to_sym" if arguments.is_empty() => {
                if let Some(receiver) = receiver {
                    return self.expression(receiver);
                }
            }
            _ => {}
        }
        let function = match receiver {
            Some(receiver) => {
                let receiver = self.expression(receiver);
                member(at, receiver, name)
            }
            None => self.called(at, name),
        };
        call(at, function, arguments)
    }

    /// `send(:name)`, `const_get(:Name)`: what is named by a value.
    fn selected(&mut self, at: Span, receiver: Option<Node<'n>>, name: Expression) -> Expression {
        let text = match &name.kind {
            ExpressionKind::Text(text) => Some(text.clone()),
            _ => None,
        };
        match (receiver, text) {
            (Some(receiver), Some(text)) => {
                let receiver = self.expression(receiver);
                member(at, receiver, &text)
            }
            (None, Some(text)) => self.called(at, &text),
            (receiver, None) => {
                let object = match receiver {
                    Some(receiver) => self.expression(receiver),
                    None => Expression::new(at, ExpressionKind::Name("Kernel".to_owned())),
                };
                let (object, index) = (Box::new(object), Box::new(name));
                Expression::new(at, ExpressionKind::Index { object, index })
            }
        }
    }

    fn arguments(&mut self, node: Option<Node<'n>>) -> Vec<Argument> {
        let Some(node) = node else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for child in children(node) {
            let argument = match child.kind() {
                "pair" => {
                    let key = child.child_by_field_name("key");
                    let name = match key.map(|key| (key.kind(), self.to.text(key))) {
                        Some(("hash_key_symbol", name)) => Some(name.to_owned()),
                        Some(("simple_symbol", name)) => {
                            Some(name.trim_start_matches(':').to_owned())
                        }
                        _ => None,
                    };
                    let pair = self.pair(child);
                    match name {
                        Some(name) => Argument {
                            value: pair.1,
                            kind: ArgumentKind::Keyword(name),
                        },
                        None => Argument {
                            value: Expression::new(span(child), ExpressionKind::Map(vec![pair])),
                            kind: ArgumentKind::Positional,
                        },
                    }
                }
                "splat_argument" => Argument {
                    value: self.only(child),
                    kind: ArgumentKind::Spread,
                },
                "hash_splat_argument" => Argument {
                    value: self.only(child),
                    kind: ArgumentKind::KeywordSpread,
                },
                "forward_argument" => continue,
                "block_argument" => Argument {
                    value: self.block_argument(child),
                    kind: ArgumentKind::Keyword(BLOCK.to_owned()),
                },
                _ => Argument {
                    value: self.expression(child),
                    kind: ArgumentKind::Positional,
                },
            };
            found.push(argument);
        }
        found
    }

    /// `&block`; of a symbol it is a call of that method.
    fn block_argument(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let inner = self.only(node);
        let ExpressionKind::Text(name) = &inner.kind else {
            return inner;
        };
        let item = Expression::new(at, ExpressionKind::Name("it".to_owned()));
        let body = call(at, member(at, item.clone(), name), Vec::new());
        let parameters = vec![positional(Pattern::target(item))];
        function(at, parameters, vec![body.into()])
    }

    fn element(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let object = Box::new(self.field(node, "object"));
        let keys: Vec<Node<'n>> = children(node).into_iter().skip(1).collect();
        if let [range] = keys.as_slice()
            && range.kind() == "range"
        {
            return self.slice(at, object, *range);
        }
        let mut keys: Vec<Expression> = keys.into_iter().map(|key| self.expression(key)).collect();
        let kind = match (keys.len(), keys.pop()) {
            (1, Some(index)) => ExpressionKind::Index {
                object,
                index: Box::new(index),
            },
            (_, last) => {
                keys.extend(last);
                keys.push(*object);
                ExpressionKind::Unknown(keys)
            }
        };
        Expression::new(at, kind)
    }

    fn slice(&mut self, at: Span, object: Box<Expression>, range: Node<'n>) -> Expression {
        let mut bound = |name: &str| {
            let node = range.child_by_field_name(name)?;
            Some(self.expression(node))
        };
        let start = bound("begin");
        let end = bound("end");
        let inclusive = self.to.field(range, "operator") == Some("..");
        let end = match end {
            None => None,
            Some(end) if !inclusive => Some(end),
            // `[1..3]` holds the last one, too; `[1..-1]` holds all that follow.
            Some(end) => match &end.kind {
                ExpressionKind::Number(number) => Some(Expression::new(
                    end.span,
                    ExpressionKind::Number(number + 1.0),
                )),
                ExpressionKind::Negative(inner) => match inner.kind {
                    ExpressionKind::Number(1.0) => None,
                    ExpressionKind::Number(number) => Some(Expression::new(
                        end.span,
                        ExpressionKind::Number(1.0 - number),
                    )),
                    _ => Some(Expression::unknown(end.span, vec![end])),
                },
                _ => Some(Expression::unknown(end.span, vec![end])),
            },
        };
        Expression::new(
            at,
            ExpressionKind::Slice {
                object,
                start: start.map(Box::new),
                end: end.map(Box::new),
                step: None,
            },
        )
    }

    fn assignment(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        // The value is computed before its name is a variable.
        let value = self.field(node, "right");
        let target = match node.child_by_field_name("left") {
            Some(left) => self.target(left),
            None => Pattern::List(Vec::new()),
        };
        let operator = self.to.field(node, "operator");
        let operator = operator
            .filter(|_| node.kind() == "operator_assignment")
            .map(|operator| operator.trim_end_matches('='));
        let binding = self.binding(&target);
        let (operator, value) = match operator {
            None => (None, value),
            Some(sign) => match operator_of(sign) {
                Some(operator) => (Some(operator), value),
                None => (None, Expression::unknown(at, vec![value])),
            },
        };
        assign(at, target, binding, operator, value)
    }

    fn binary(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let left = self.field(node, "left");
        let right = self.field(node, "right");
        let sign = self.to.field(node, "operator").unwrap_or_default();
        match operator_of(sign) {
            Some(operator) => {
                let operands = match left.kind {
                    // Long chains are not deep.
                    ExpressionKind::Binary {
                        operator: inner,
                        operands,
                    } if inner == operator => operands.into_iter().chain([right]).collect(),
                    kind => vec![Expression::new(left.span, kind), right],
                };
                Expression::new(at, ExpressionKind::Binary { operator, operands })
            }
            // A method like any other: `<<` appends to a text, a list or a file.
            None => {
                let argument = Argument {
                    value: right,
                    kind: ArgumentKind::Positional,
                };
                let changed = call(at, member(at, left.clone(), sign), vec![argument]);
                if sign == "<<" && matches!(left.kind, ExpressionKind::Name(_)) {
                    let target = Pattern::target(left);
                    return assign(at, target, Binding::Nearest, None, changed);
                }
                changed
            }
        }
    }

    /// A literal, as one text if nothing is computed in it.
    fn string(&mut self, node: Node<'n>) -> ExpressionKind {
        match node.kind() {
            "chained_string" => {
                let parts = children(node);
                let parts = parts.into_iter().map(|part| self.expression(part));
                ExpressionKind::Template(parts.collect())
            }
            "character" => {
                let text = self.to.text(node).trim_start_matches('?');
                ExpressionKind::Text(text.to_owned())
            }
            _ => {
                let open = node.child(0).map_or("", |open| self.to.text(open));
                let raw = open == "'" || open.starts_with("%q") || open == ":'";
                let parent = node.parent().map_or("", |parent| parent.kind());
                let listed = matches!(node.kind(), "bare_string" | "bare_symbol");
                let cooked = !raw && (!listed || self.cooks(node.parent(), parent));
                self.template(node, cooked).kind
            }
        }
    }

    /// `%W[…]` reads escapes, `%w[…]` does not.
    fn cooks(&self, list: Option<Node<'n>>, kind: &str) -> bool {
        let open = list.and_then(|list| list.child(0));
        let open = open.map_or("", |open| self.to.text(open));
        kind.ends_with("array") && (open.starts_with("%W") || open.starts_with("%I"))
    }

    fn template(&mut self, node: Node<'n>, cooked: bool) -> Expression {
        let parts = children(node);
        self.joined(span(node), &parts, cooked)
    }

    fn joined(&mut self, at: Span, parts: &[Node<'n>], cooked: bool) -> Expression {
        let mut joined: Vec<Expression> = Vec::new();
        let mut text = String::new();
        for part in parts {
            let source = self.to.text(*part);
            match part.kind() {
                "string_content" | "heredoc_content" if cooked => text.push_str(source),
                "string_content" | "heredoc_content" => text.push_str(&texts::unquoted(source)),
                "escape_sequence" if cooked => text.push_str(&escape(source)),
                "escape_sequence" => text.push_str(&texts::unquoted(source)),
                "heredoc_end" => {}
                _ => {
                    if !text.is_empty() {
                        let known = ExpressionKind::Text(std::mem::take(&mut text));
                        joined.push(Expression::new(at, known));
                    }
                    let inner = self.interpolated(*part);
                    joined.push(inner);
                }
            }
        }
        if joined.is_empty() {
            return Expression::new(at, ExpressionKind::Text(text));
        }
        if !text.is_empty() {
            joined.push(Expression::new(at, ExpressionKind::Text(text)));
        }
        Expression::new(at, ExpressionKind::Template(joined))
    }

    fn interpolated(&mut self, node: Node<'n>) -> Expression {
        let mut statements = self.plain(node);
        if statements.len() == 1
            && let Some(Statement {
                kind: StatementKind::Expression(_),
                ..
            }) = statements.last()
            && let Some(StatementKind::Expression(only)) =
                statements.pop().map(|statement| statement.kind)
        {
            return only;
        }
        Expression::new(span(node), ExpressionKind::Block(statements))
    }

    fn heredoc(&mut self, node: Node<'n>) -> ExpressionKind {
        let Some(body) = self.heredocs.get(&node.start_byte()).copied() else {
            return ExpressionKind::Unknown(Vec::new());
        };
        let mark = self.to.text(node);
        let raw = mark.contains('\'');
        let mut text = self.template(body, !raw);
        first_line_only(&mut text);
        if mark.starts_with("<<~") {
            dedent(&mut text);
        }
        if mark.contains('`') {
            return ExpressionKind::Command(Box::new(text));
        }
        text.kind
    }
}

/// The body begins with the line break that ends the line of its beginning.
pub(in crate::program) fn first_line_only(text: &mut Expression) {
    let first = match &mut text.kind {
        ExpressionKind::Template(parts) => match parts.first_mut() {
            Some(Expression {
                kind: ExpressionKind::Text(text),
                ..
            }) => Some(text),
            _ => None,
        },
        ExpressionKind::Text(text) => Some(text),
        _ => None,
    };
    if let Some(text) = first
        && text.starts_with('\n')
    {
        text.remove(0);
    }
}

/// Takes the indentation that all lines share from each.
pub(in crate::program) fn dedent(text: &mut Expression) {
    let parts: Vec<&mut String> = match &mut text.kind {
        ExpressionKind::Text(text) => vec![text],
        ExpressionKind::Template(parts) => parts
            .iter_mut()
            .filter_map(|part| match &mut part.kind {
                ExpressionKind::Text(text) => Some(text),
                _ => None,
            })
            .collect(),
        _ => return,
    };
    let shared = parts
        .iter()
        .enumerate()
        .flat_map(|(index, part)| part.split('\n').skip(usize::from(index > 0)))
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    for (index, part) in parts.into_iter().enumerate() {
        let lines = part.split('\n').enumerate().map(|(line, text)| {
            let starts = line > 0 || index == 0;
            let blank = text.len() - text.trim_start_matches([' ', '\t']).len();
            let cut = if starts { shared.min(blank) } else { 0 };
            text.get(cut..).unwrap_or_default()
        });
        *part = lines.collect::<Vec<_>>().join("\n");
    }
}

fn call(at: Span, function: Expression, arguments: Vec<Argument>) -> Expression {
    let function = Box::new(function);
    Expression::new(
        at,
        ExpressionKind::Call {
            function,
            arguments,
        },
    )
}

fn member(at: Span, object: Expression, name: &str) -> Expression {
    let (object, name) = (Box::new(object), name.to_owned());
    Expression::new(at, ExpressionKind::Member { object, name })
}

fn assign(
    at: Span,
    target: Pattern,
    binding: Binding,
    operator: Option<Operator>,
    value: Expression,
) -> Expression {
    Expression::new(
        at,
        ExpressionKind::Assign {
            target: Box::new(target),
            binding,
            operator,
            value: Box::new(value),
        },
    )
}

fn positional(pattern: Pattern) -> Parameter {
    Parameter {
        pattern,
        name: None,
        default: None,
        kind: ParameterKind::Positional,
    }
}

fn function(at: Span, parameters: Vec<Parameter>, body: Vec<Statement>) -> Expression {
    let function = Function {
        name: None,
        parameters,
        body,
        decorators: Vec::new(),
        closed: false,
        detached: false,
        role: Role::Plain,
        implicit_return: true,
        span: at,
    };
    Expression::new(at, ExpressionKind::Function(Rc::new(function)))
}

fn negated(condition: Expression, negate: bool) -> Expression {
    if negate {
        return Expression::new(condition.span, ExpressionKind::Not(Box::new(condition)));
    }
    condition
}

fn operator_of(sign: &str) -> Option<Operator> {
    Some(match sign {
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "%" => Operator::Remainder,
        "**" => Operator::Power,
        "&&" | "and" => Operator::And,
        "||" | "or" => Operator::Or,
        "==" | "===" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "&" => Operator::BitAnd,
        "|" => Operator::BitOr,
        "^" => Operator::BitXor,
        ">>" => Operator::ShiftRight,
        _ => return None,
    })
}

/// What an escape in double quotes stands for.
fn escape(source: &str) -> String {
    let inner = source.strip_prefix('\\').unwrap_or(source);
    let code = |digits: &str, radix: u32| {
        u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
            .map(String::from)
    };
    let Some(first) = inner.chars().next() else {
        return String::new();
    };
    let rest = inner.get(first.len_utf8()..).unwrap_or_default();
    let bare = rest.trim_start_matches('{').trim_end_matches('}');
    let read = match first {
        'n' => Some("\n".to_owned()),
        't' => Some("\t".to_owned()),
        'r' => Some("\r".to_owned()),
        'e' => Some("\u{1b}".to_owned()),
        's' => Some(" ".to_owned()),
        'a' => Some("\u{7}".to_owned()),
        'b' => Some("\u{8}".to_owned()),
        'f' => Some("\u{c}".to_owned()),
        'v' => Some("\u{b}".to_owned()),
        '\n' => Some(String::new()),
        'x' => code(bare, 16),
        'u' => {
            let letters: Option<Vec<String>> = bare
                .split_whitespace()
                .map(|letter| code(letter, 16))
                .collect();
            letters.map(|letters| letters.concat())
        }
        '0'..='7' => code(inner, 8),
        _ => None,
    };
    read.unwrap_or_else(|| inner.to_owned())
}
