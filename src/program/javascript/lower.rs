//! From JavaScript's and TypeScript's grammars to the common tree.

use std::rc::Rc;

use tree_sitter::Node;

use crate::location::Span;
use crate::program::syntax::{self, Lowering, children, fields, span};
use crate::program::tree::{
    Argument, ArgumentKind, Binding, Class, Expression, ExpressionKind, Function, Import, Imported,
    Operator, Parameter, ParameterKind, Pattern, Program, Role, Statement, StatementKind,
};

pub(super) fn parse(text: &str) -> Program {
    syntax::read(
        text,
        &[
            || tree_sitter_javascript::LANGUAGE.into(),
            || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            || tree_sitter_typescript::LANGUAGE_TSX.into(),
        ],
        statements,
    )
}

type Lower<'t> = Lowering<'t>;

fn statements(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    for child in children(node) {
        found.extend(lower.deeper(|lower| statement(lower, child)));
    }
    found
}

/// The statement of a field, or the statements of its block.
fn body(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> Vec<Statement> {
    match node.child_by_field_name(name) {
        Some(block) if block.kind() == "statement_block" => statements(lower, block),
        Some(one) => lower.deeper(|lower| statement(lower, one)),
        None => Vec::new(),
    }
}

fn statement(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let place = span(node);
    let one = |kind| vec![Statement::new(place, kind)];
    match node.kind() {
        "expression_statement" => lower
            .parts(node, expression)
            .into_iter()
            .map(Statement::from)
            .collect(),
        "program" => statements(lower, node),
        "statement_block" => one(StatementKind::Block(statements(lower, node))),
        "lexical_declaration" | "variable_declaration" | "using_declaration" => {
            declarations(lower, node)
        }
        "function_declaration" | "generator_function_declaration" => {
            one(StatementKind::Function(Rc::new(function(lower, node))))
        }
        "class_declaration" | "abstract_class_declaration" => {
            one(StatementKind::Class(Rc::new(class(lower, node))))
        }
        "import_statement" => imports(lower, node),
        "export_statement" => exports(lower, node),
        "if_statement" => {
            let condition = field(lower, node, "condition");
            let then = body(lower, node, "consequence");
            let otherwise = node.child_by_field_name("alternative");
            let otherwise = otherwise.map(|clause| statements(lower, clause));
            one(StatementKind::Branch {
                condition,
                then,
                otherwise: otherwise.unwrap_or_default(),
            })
        }
        "for_statement" => counted(lower, node),
        "for_in_statement" => {
            let binding = match lower.field(node, "kind") {
                Some("let" | "const" | "using") => Binding::Block,
                Some("var") => Binding::Function,
                _ => Binding::Nearest,
            };
            let target = pattern_field(lower, node, "left");
            one(StatementKind::For {
                target,
                binding,
                over: field(lower, node, "right"),
                keys: lower.field(node, "operator") == Some("in"),
                body: body(lower, node, "body"),
            })
        }
        "while_statement" | "do_statement" => one(StatementKind::While {
            condition: field(lower, node, "condition"),
            update: Vec::new(),
            body: body(lower, node, "body"),
            first: node.kind() == "do_statement",
        }),
        "switch_statement" => alternatives(lower, node),
        "try_statement" => {
            let handler = node.child_by_field_name("handler");
            let handlers = handler.map(|clause| {
                let name = clause.child_by_field_name("parameter");
                let name = name.map(|name| pattern(lower, name));
                (name, body(lower, clause, "body"))
            });
            let finally = node.child_by_field_name("finalizer");
            one(StatementKind::Try {
                body: body(lower, node, "body"),
                handlers: handlers.into_iter().collect(),
                finally: finally
                    .map(|clause| body(lower, clause, "body"))
                    .unwrap_or_default(),
            })
        }
        "return_statement" => {
            let value = children(node).into_iter().next();
            let value = value.map(|value| expression(lower, value));
            one(StatementKind::Return(value))
        }
        "throw_statement" => {
            let value = children(node).into_iter().next();
            let value = value.map(|value| expression(lower, value));
            one(StatementKind::Throw(value))
        }
        "break_statement" => one(StatementKind::Break),
        "continue_statement" => one(StatementKind::Continue),
        "labeled_statement" => body(lower, node, "body"),
        "else_clause" | "catch_clause" | "finally_clause" | "switch_body" | "switch_case"
        | "switch_default" | "class_static_block" => statements(lower, node),
        "empty_statement"
        | "debugger_statement"
        | "hash_bang_line"
        | "statement_identifier"
        | "interface_declaration"
        | "type_alias_declaration"
        | "ambient_declaration"
        | "function_signature" => Vec::new(),
        "ERROR" => {
            lower.hole(node);
            statements(lower, node)
        }
        _ => vec![expression(lower, node).into()],
    }
}

fn declarations(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let binding = if node.kind() == "variable_declaration" {
        Binding::Function
    } else {
        Binding::Block
    };
    let mut found = Vec::new();
    for declarator in children(node) {
        if declarator.kind() != "variable_declarator" {
            continue;
        }
        let value = match declarator.child_by_field_name("value") {
            Some(value) => expression(lower, value),
            None if binding == Binding::Block => {
                Expression::new(span(declarator), ExpressionKind::Null)
            }
            // `var x;` again changes nothing.
            None => continue,
        };
        let kind = ExpressionKind::Assign {
            target: Box::new(pattern_field(lower, declarator, "name")),
            binding,
            operator: None,
            value: Box::new(value),
        };
        found.push(Expression::new(span(declarator), kind).into());
    }
    found
}

/// `for (a; b; c)` in a scope of its own.
fn counted(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let mut inner = match node.child_by_field_name("initializer") {
        Some(first) => statement(lower, first),
        None => Vec::new(),
    };
    let always = Expression::new(span(node), ExpressionKind::Boolean(true));
    let conditions = fields(node, "condition").into_iter();
    let condition = conditions
        .filter(|condition| condition.kind() != "empty_statement")
        .map(|condition| expression(lower, condition))
        .next();
    let update = fields(node, "increment").into_iter();
    let update = update.map(|update| expression(lower, update)).collect();
    let looped = StatementKind::While {
        condition: condition.unwrap_or(always),
        update,
        body: body(lower, node, "body"),
        first: false,
    };
    inner.push(Statement::new(span(node), looped));
    vec![Statement::new(span(node), StatementKind::Block(inner))]
}

/// Each case with those that it falls through to.
fn alternatives(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let mut found: Vec<Statement> = vec![field(lower, node, "value").into()];
    let cases = node
        .child_by_field_name("body")
        .map(children)
        .unwrap_or_default();
    let mut ways = Vec::new();
    for case in cases {
        if let Some(value) = case.child_by_field_name("value") {
            found.push(expression(lower, value).into());
        }
        let mut way = Vec::new();
        for part in fields(case, "body") {
            way.extend(lower.deeper(|lower| statement(lower, part)));
        }
        ways.push(way);
    }
    found.push(Statement::new(
        span(node),
        StatementKind::Alternatives(ways),
    ));
    found
}

fn function(lower: &mut Lower<'_>, node: Node<'_>) -> Function {
    let name = lower
        .field(node, "name")
        .map(|name| name.trim_matches(['"', '\'']).to_owned());
    let written = lower.text(node);
    let head = written
        .get(..written.find('(').unwrap_or(0))
        .unwrap_or_default();
    let has = |word: &str| head.split_whitespace().any(|part| part == word);
    // `toString` and accessors run without a call that could be seen.
    let implicit = has("get")
        || has("set")
        || matches!(
            name.as_deref(),
            Some("toString" | "valueOf" | "toJSON" | "then")
        )
        || name.as_deref().is_some_and(|name| name.starts_with('['));
    let single = node.child_by_field_name("parameter");
    let parameters = match (single, node.child_by_field_name("parameters")) {
        (Some(one), _) => vec![parameter(lower, one)],
        (None, Some(list)) => {
            let list = children(list).into_iter();
            let list = list.filter(|child| child.kind() != "this");
            list.map(|child| parameter(lower, child)).collect()
        }
        (None, None) => Vec::new(),
    };
    let expression_body = node
        .child_by_field_name("body")
        .is_some_and(|body| body.kind() != "statement_block");
    let body = match node.child_by_field_name("body") {
        Some(body) if expression_body => vec![expression(lower, body).into()],
        _ => body(lower, node, "body"),
    };
    Function {
        name,
        parameters,
        body,
        decorators: Vec::new(),
        closed: false,
        detached: head.trim_start().starts_with("async") || has("async"),
        role: if has("static") {
            Role::Static
        } else if implicit {
            Role::Implicit
        } else {
            Role::Plain
        },
        implicit_return: expression_body,
        span: span(node),
    }
}

fn parameter(lower: &mut Lower<'_>, node: Node<'_>) -> Parameter {
    let inner = match node.kind() {
        // TypeScript.
        "required_parameter" | "optional_parameter" => {
            let value = node.child_by_field_name("value");
            let default = value.map(|value| expression(lower, value));
            let inner = node.child_by_field_name("pattern");
            let mut found = match inner {
                Some(inner) => parameter(lower, inner),
                None => parameter_of(lower, node, node),
            };
            found.default = found.default.or(default);
            return found;
        }
        "assignment_pattern" => node.child_by_field_name("left").unwrap_or(node),
        _ => node,
    };
    parameter_of(lower, inner, node)
}

fn parameter_of(lower: &mut Lower<'_>, inner: Node<'_>, whole: Node<'_>) -> Parameter {
    let default = (whole.kind() == "assignment_pattern")
        .then(|| whole.child_by_field_name("right"))
        .flatten();
    Parameter {
        pattern: pattern(lower, inner),
        name: (inner.kind() == "identifier").then(|| lower.text(inner).to_owned()),
        default: default.map(|default| expression(lower, default)),
        kind: if inner.kind() == "rest_pattern" {
            ParameterKind::Rest
        } else {
            ParameterKind::Positional
        },
    }
}

fn class(lower: &mut Lower<'_>, node: Node<'_>) -> Class {
    let mut bases = Vec::new();
    for child in children(node) {
        if child.kind() == "class_heritage" {
            for base in children(child) {
                let base = match base.kind() {
                    "extends_clause" => base.child_by_field_name("value"),
                    "implements_clause" => None,
                    _ => Some(base),
                };
                bases.extend(base.map(|base| expression(lower, base)));
            }
        }
    }
    let members = node
        .child_by_field_name("body")
        .map(children)
        .unwrap_or_default();
    let mut found = Vec::new();
    for member in members {
        let place = span(member);
        match member.kind() {
            "method_definition" => {
                let function = Rc::new(function(lower, member));
                found.push(Statement::new(place, StatementKind::Function(function)));
            }
            "field_definition" | "public_field_definition" => {
                let name = lower
                    .field(member, "property")
                    .or_else(|| lower.field(member, "name"))
                    .unwrap_or_default()
                    .to_owned();
                if let Some(value) = member.child_by_field_name("value") {
                    let target = Expression::new(place, ExpressionKind::Name(name));
                    let kind = ExpressionKind::Assign {
                        target: Box::new(Pattern::Target(Box::new(target))),
                        binding: Binding::Function,
                        operator: None,
                        value: Box::new(expression(lower, value)),
                    };
                    found.push(Expression::new(place, kind).into());
                }
            }
            "class_static_block" => found.extend(body(lower, member, "body")),
            "ERROR" => {
                lower.hole(member);
                found.extend(statements(lower, member));
            }
            _ => {}
        }
    }
    Class {
        name: lower.field(node, "name").map(str::to_owned),
        bases,
        body: found,
        constructor: "constructor",
        explicit_self: false,
        fields: Vec::new(),
        decorators: Vec::new(),
        span: span(node),
    }
}

fn imports(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let place = span(node);
    let module = node.child_by_field_name("source");
    let module = module.and_then(|source| plain_text(lower, source));
    let statement = |module: &str, names| {
        let import = Import {
            module: module.to_owned(),
            names,
        };
        Statement::new(place, StatementKind::Import(import))
    };
    let clause = children(node)
        .into_iter()
        .find(|child| child.kind() == "import_clause");
    let Some(module) = module else {
        // `import fs = require("fs")` of TypeScript.
        let required = children(node)
            .into_iter()
            .find(|child| child.kind() == "import_require_clause");
        return required
            .and_then(|clause| {
                let name = children(clause).into_iter().next()?;
                let source = clause.child_by_field_name("source")?;
                let module = plain_text(lower, source)?;
                let names = Imported::Module(lower.text(name).to_owned());
                Some(vec![statement(&module, names)])
            })
            .unwrap_or_default();
    };
    let Some(clause) = clause else {
        return vec![statement(&module, Imported::Nothing)];
    };
    let mut found = Vec::new();
    for part in children(clause) {
        match part.kind() {
            "identifier" => {
                let names = vec![("default".to_owned(), lower.text(part).to_owned())];
                found.push(statement(&module, Imported::Names(names)));
            }
            "namespace_import" => {
                let name = children(part).into_iter().next();
                let name = name.map(|name| lower.text(name).to_owned());
                found.push(statement(
                    &module,
                    Imported::Module(name.unwrap_or_default()),
                ));
            }
            "named_imports" => {
                let names = children(part).into_iter().map(|specifier| {
                    let name = lower.field(specifier, "name").unwrap_or_default();
                    let alias = lower.field(specifier, "alias").unwrap_or(name);
                    (name.trim_matches(['"', '\'']).to_owned(), alias.to_owned())
                });
                let names = names.collect();
                found.push(statement(&module, Imported::Names(names)));
            }
            _ => {}
        }
    }
    found
}

fn exports(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let place = span(node);
    if let Some(declaration) = node.child_by_field_name("declaration") {
        return lower.deeper(|lower| statement(lower, declaration));
    }
    if let Some(value) = node.child_by_field_name("value") {
        let target = Expression::new(place, ExpressionKind::Name("default".to_owned()));
        let kind = ExpressionKind::Assign {
            target: Box::new(Pattern::Target(Box::new(target))),
            binding: Binding::Nearest,
            operator: None,
            value: Box::new(expression(lower, value)),
        };
        return vec![Expression::new(place, kind).into()];
    }
    let source = node.child_by_field_name("source");
    match source.and_then(|source| plain_text(lower, source)) {
        Some(module) => {
            let names = Imported::All;
            let import = Import { module, names };
            vec![Statement::new(place, StatementKind::Import(import))]
        }
        None => Vec::new(),
    }
}

/// The text of a literal without anything put into it.
fn plain_text(lower: &mut Lower<'_>, node: Node<'_>) -> Option<String> {
    match expression(lower, node).kind {
        ExpressionKind::Text(text) => Some(text),
        _ => None,
    }
}

fn field(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> Expression {
    match node.child_by_field_name(name) {
        Some(found) => expression(lower, found),
        None => Expression::unknown(span(node), Vec::new()),
    }
}

fn boxed(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> Box<Expression> {
    Box::new(field(lower, node, name))
}

fn pattern_field(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> Pattern {
    match node.child_by_field_name(name) {
        Some(found) => pattern(lower, found),
        None => Pattern::List(Vec::new()),
    }
}

fn name_at(place: Span, name: &str) -> Expression {
    Expression::new(place, ExpressionKind::Name(name.to_owned()))
}

fn pattern(lower: &mut Lower<'_>, node: Node<'_>) -> Pattern {
    let place = span(node);
    match node.kind() {
        "array_pattern" | "array" => Pattern::List(
            holes(node)
                .into_iter()
                .map(|part| match part {
                    Some(part) => pattern(lower, part),
                    None => Pattern::Target(Box::new(Expression::new(place, ExpressionKind::Null))),
                })
                .collect(),
        ),
        "object_pattern" | "object" => {
            let parts = children(node);
            Pattern::Map(parts.into_iter().map(|part| pair(lower, part)).collect())
        }
        "rest_pattern" | "spread_element" => {
            let inner = children(node).into_iter().next().unwrap_or(node);
            Pattern::Rest(Box::new(pattern(lower, inner)))
        }
        "assignment_pattern" | "object_assignment_pattern" => Pattern::Default(
            Box::new(pattern_field(lower, node, "left")),
            boxed(lower, node, "right"),
        ),
        "parenthesized_expression" | "non_null_expression" | "as_expression" => {
            match children(node).into_iter().next() {
                Some(inner) => pattern(lower, inner),
                None => Pattern::List(Vec::new()),
            }
        }
        "identifier"
        | "shorthand_property_identifier_pattern"
        | "shorthand_property_identifier"
        | "undefined" => Pattern::Target(Box::new(name_at(place, lower.text(node)))),
        _ => Pattern::Target(Box::new(expression(lower, node))),
    }
}

/// The items of a list, with the ones that are left out.
fn holes(node: Node<'_>) -> Vec<Option<Node<'_>>> {
    let mut cursor = node.walk();
    let mut found = Vec::new();
    let mut filled = false;
    for child in node.children(&mut cursor) {
        if child.is_named() && !child.is_extra() {
            found.push(Some(child));
            filled = true;
        } else if child.kind() == "," {
            if !filled {
                found.push(None);
            }
            filled = false;
        }
    }
    found
}

fn pair(lower: &mut Lower<'_>, node: Node<'_>) -> (Option<Expression>, Pattern) {
    let place = span(node);
    let text = |text: &str| Expression::new(place, ExpressionKind::Text(text.to_owned()));
    match node.kind() {
        "pair_pattern" | "pair" => {
            let key = node
                .child_by_field_name("key")
                .map(|key| property(lower, key));
            (key, pattern_field(lower, node, "value"))
        }
        "object_assignment_pattern" => {
            let name = lower.field(node, "left").unwrap_or_default();
            (Some(text(name)), pattern(lower, node))
        }
        "rest_pattern" | "spread_element" => (None, pattern(lower, node)),
        _ => (Some(text(lower.text(node))), pattern(lower, node)),
    }
}

/// The key of a property as an expression.
fn property(lower: &mut Lower<'_>, node: Node<'_>) -> Expression {
    match node.kind() {
        "computed_property_name" => match children(node).into_iter().next() {
            Some(inner) => expression(lower, inner),
            None => Expression::unknown(span(node), Vec::new()),
        },
        "string" | "number" => expression(lower, node),
        _ => Expression::new(
            span(node),
            ExpressionKind::Text(lower.text(node).to_owned()),
        ),
    }
}

fn expression(lower: &mut Lower<'_>, node: Node<'_>) -> Expression {
    let place = span(node);
    let kind = lower.deeper(|lower| Some(kind(lower, node)));
    match kind {
        Some(kind) => Expression::new(place, kind),
        None => Expression::unknown(place, Vec::new()),
    }
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn kind(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    match node.kind() {
        "identifier" | "property_identifier" | "shorthand_property_identifier" => {
            ExpressionKind::Name(lower.text(node).to_owned())
        }
        "this" | "super" | "import" => ExpressionKind::Name(lower.text(node).to_owned()),
        "undefined" | "null" => ExpressionKind::Null,
        "true" => ExpressionKind::Boolean(true),
        "false" => ExpressionKind::Boolean(false),
        "number" => number(lower.text(node))
            .map_or(ExpressionKind::Unknown(Vec::new()), ExpressionKind::Number),
        "string" | "template_string" => string(lower, node),
        "template_substitution"
        | "parenthesized_expression"
        | "await_expression"
        | "as_expression"
        | "satisfies_expression"
        | "non_null_expression" => first(lower, node).kind,
        "type_assertion" => match children(node).into_iter().next_back() {
            Some(inner) => expression(lower, inner).kind,
            None => ExpressionKind::Null,
        },
        "sequence_expression" => {
            let parts = lower.parts(node, expression);
            ExpressionKind::Block(parts.into_iter().map(Statement::from).collect())
        }
        "member_expression" => ExpressionKind::Member {
            object: boxed(lower, node, "object"),
            name: lower.field(node, "property").unwrap_or_default().to_owned(),
        },
        "subscript_expression" => ExpressionKind::Index {
            object: boxed(lower, node, "object"),
            index: boxed(lower, node, "index"),
        },
        "call_expression" => call(lower, node, "function"),
        "new_expression" => call(lower, node, "constructor"),
        "arrow_function" | "function_expression" | "generator_function" | "method_definition" => {
            ExpressionKind::Function(Rc::new(function(lower, node)))
        }
        "class" | "class_declaration" => ExpressionKind::Class(Rc::new(class(lower, node))),
        "array" => ExpressionKind::List(lower.parts(node, expression)),
        "spread_element" => ExpressionKind::Spread(Box::new(first(lower, node))),
        "object" => object(lower, node),
        "binary_expression" => chain(lower, node),
        "unary_expression" => {
            let operand = boxed(lower, node, "argument");
            match lower.field(node, "operator") {
                Some("!") => ExpressionKind::Not(operand),
                Some("-") => ExpressionKind::Negative(operand),
                Some("void") => ExpressionKind::Block(vec![
                    (*operand).into(),
                    Expression::new(span(node), ExpressionKind::Null).into(),
                ]),
                // `+"5"`, `typeof x`, `delete x.y`.
                _ => ExpressionKind::Unknown(vec![*operand]),
            }
        }
        "update_expression" => {
            let operator = match lower.field(node, "operator") {
                Some("++") => Operator::Add,
                _ => Operator::Subtract,
            };
            let one = Expression::new(span(node), ExpressionKind::Number(1.0));
            ExpressionKind::Assign {
                target: Box::new(pattern_field(lower, node, "argument")),
                binding: Binding::Nearest,
                operator: Some(operator),
                value: Box::new(one),
            }
        }
        "ternary_expression" => ExpressionKind::Conditional {
            condition: boxed(lower, node, "condition"),
            then: boxed(lower, node, "consequence"),
            otherwise: boxed(lower, node, "alternative"),
        },
        "assignment_expression" => ExpressionKind::Assign {
            target: Box::new(pattern_field(lower, node, "left")),
            binding: Binding::Nearest,
            operator: None,
            value: boxed(lower, node, "right"),
        },
        "augmented_assignment_expression" => ExpressionKind::Assign {
            target: Box::new(pattern_field(lower, node, "left")),
            binding: Binding::Nearest,
            operator: lower
                .field(node, "operator")
                .and_then(|written| operator(written.trim_end_matches('='))),
            value: boxed(lower, node, "right"),
        },
        "yield_expression" => {
            let value = children(node).into_iter().next();
            ExpressionKind::Yield(value.map(|value| Box::new(expression(lower, value))))
        }
        "regex" => ExpressionKind::Unknown(Vec::new()),
        "ERROR" => {
            lower.hole(node);
            ExpressionKind::Block(statements(lower, node))
        }
        "expression_statement"
        | "lexical_declaration"
        | "variable_declaration"
        | "if_statement"
        | "for_statement"
        | "return_statement"
        | "statement_block" => ExpressionKind::Block(statement(lower, node)),
        "type_annotation" | "type_arguments" | "comment" | "optional_chain" => {
            ExpressionKind::Unknown(Vec::new())
        }
        _ => ExpressionKind::Unknown(lower.parts(node, expression)),
    }
}

fn first(lower: &mut Lower<'_>, node: Node<'_>) -> Expression {
    match children(node).into_iter().next() {
        Some(inner) => expression(lower, inner),
        None => Expression::new(span(node), ExpressionKind::Null),
    }
}

/// A call, `new X(…)`, or a tagged template, which is a call with its parts.
fn call(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> ExpressionKind {
    let function = boxed(lower, node, name);
    let Some(list) = node.child_by_field_name("arguments") else {
        return ExpressionKind::Call {
            function,
            arguments: Vec::new(),
        };
    };
    if list.kind() == "template_string" {
        let value = expression(lower, list);
        let place = span(list);
        let tagged = Expression::new(
            place,
            ExpressionKind::Member {
                object: function,
                name: "tagged".to_owned(),
            },
        );
        return ExpressionKind::Call {
            function: Box::new(tagged),
            arguments: vec![Argument {
                value,
                kind: ArgumentKind::Positional,
            }],
        };
    }
    let mut arguments = Vec::new();
    for child in children(list) {
        let (kind, value) = if child.kind() == "spread_element" {
            (ArgumentKind::Spread, first(lower, child))
        } else {
            (ArgumentKind::Positional, expression(lower, child))
        };
        arguments.push(Argument { value, kind });
    }
    ExpressionKind::Call {
        function,
        arguments,
    }
}

fn object(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    let mut pairs = Vec::new();
    for child in children(node) {
        let place = span(child);
        match child.kind() {
            "pair" => {
                let key = child
                    .child_by_field_name("key")
                    .map(|key| property(lower, key));
                pairs.push((key, field(lower, child, "value")));
            }
            "method_definition" => {
                let key = child
                    .child_by_field_name("name")
                    .map(|key| property(lower, key));
                let function = ExpressionKind::Function(Rc::new(function(lower, child)));
                pairs.push((key, Expression::new(place, function)));
            }
            "spread_element" => pairs.push((None, first(lower, child))),
            _ => {
                let name = lower.text(child).to_owned();
                let key = Expression::new(place, ExpressionKind::Text(name.clone()));
                pairs.push((Some(key), name_at(place, &name)));
            }
        }
    }
    ExpressionKind::Map(pairs)
}

/// `a + b + c` is one expression with three operands.
fn chain(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    let written = lower.field(node, "operator").unwrap_or_default();
    let Some(operator) = operator(written) else {
        return ExpressionKind::Unknown(lower.parts(node, expression));
    };
    let mut operands = Vec::new();
    let mut here = node;
    loop {
        operands.push(field(lower, here, "right"));
        let Some(left) = here.child_by_field_name("left") else {
            break;
        };
        if left.kind() == node.kind() && lower.field(left, "operator") == Some(written) {
            here = left;
        } else {
            operands.push(expression(lower, left));
            break;
        }
    }
    operands.reverse();
    ExpressionKind::Binary { operator, operands }
}

fn operator(written: &str) -> Option<Operator> {
    Some(match written {
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "%" => Operator::Remainder,
        "**" => Operator::Power,
        "&" => Operator::BitAnd,
        "|" => Operator::BitOr,
        "^" => Operator::BitXor,
        "<<" => Operator::ShiftLeft,
        ">>" | ">>>" => Operator::ShiftRight,
        "==" | "===" => Operator::Equal,
        "!=" | "!==" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "in" => Operator::In,
        "&&" => Operator::And,
        "||" => Operator::Or,
        "??" => Operator::Coalesce,
        _ => return None,
    })
}

fn number(written: &str) -> Option<f64> {
    let plain = written.replace('_', "").to_ascii_lowercase();
    let plain = plain.trim_end_matches('n');
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = plain.strip_prefix(prefix) {
            let number = u64::from_str_radix(digits, radix).ok()?;
            #[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
            return (number < 1 << 53).then_some(number as f64);
        }
    }
    let number: f64 = plain.parse().ok()?;
    (number.abs() < 9_007_199_254_740_992.0).then_some(number)
}

fn string(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    let mut parts: Vec<Expression> = Vec::new();
    let mut plain = String::new();
    for child in children(node) {
        match child.kind() {
            "string_fragment" | "html_character_reference" => plain.push_str(lower.text(child)),
            "escape_sequence" => plain.push_str(&unescape(lower.text(child))),
            "template_substitution" => {
                let before = ExpressionKind::Text(std::mem::take(&mut plain));
                parts.push(Expression::new(span(node), before));
                parts.push(first(lower, child));
            }
            _ => {}
        }
    }
    if parts.is_empty() {
        return ExpressionKind::Text(plain);
    }
    parts.push(Expression::new(span(node), ExpressionKind::Text(plain)));
    ExpressionKind::Template(parts)
}

/// One escape of a literal.
fn unescape(written: &str) -> String {
    let rest = written.strip_prefix('\\').unwrap_or(written);
    let coded = |digits: &str, radix| {
        let code = u32::from_str_radix(digits, radix).ok();
        code.and_then(char::from_u32)
            .map(String::from)
            .unwrap_or_default()
    };
    match rest.chars().next() {
        Some('n') => "\n".to_owned(),
        Some('t') => "\t".to_owned(),
        Some('r') => "\r".to_owned(),
        Some('b') => "\u{8}".to_owned(),
        Some('f') => "\u{c}".to_owned(),
        Some('v') => "\u{b}".to_owned(),
        Some('\n' | '\r' | '\u{2028}' | '\u{2029}') => String::new(),
        Some('x') => coded(rest.get(1..).unwrap_or_default(), 16),
        Some('u') => {
            let digits = rest.get(1..).unwrap_or_default();
            coded(digits.trim_matches(['{', '}']), 16)
        }
        Some('0'..='7') => coded(rest, 8),
        _ => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved() {
        for (written, text) in [
            (r"\x41", "A"),
            (r"\u0041", "A"),
            (r"\u{41}", "A"),
            (r"\101", "A"),
            (r"\'", "'"),
            ("\\\n", ""),
        ] {
            assert_eq!(unescape(written), text, "{written}");
        }
    }

    #[test]
    fn both_dialects_are_read() {
        for text in [
            "const x = require('fs'); x?.rmSync?.('a')",
            "const x: string = <string>y; enum E { A }",
            "const x = <div a={b}>c</div>",
            "abstract class A<T> { private x?: T; constructor(public y: string) {} }",
        ] {
            let program = parse(text);
            assert!(
                program.holes.is_empty() && !program.cut,
                "{text}: {program:?}"
            );
        }
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        assert!(parse(&deep).cut);
    }
}
