//! From Python's grammar to the common tree.

use std::rc::Rc;

use tree_sitter::Node;

use crate::program::syntax::{self, Lowering, children, fields, span};
use crate::program::tree::{
    Argument, ArgumentKind, Binding, Class, Expression, ExpressionKind, Function, Import, Imported,
    Operator, Parameter, ParameterKind, Pattern, Program, Role, Statement, StatementKind,
};

pub(super) fn parse(text: &str) -> Program {
    syntax::read(text, &[|| tree_sitter_python::LANGUAGE.into()], statements)
}

type Lower<'t> = Lowering<'t>;

fn statements(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    for child in children(node) {
        found.extend(lower.deeper(|lower| statement(lower, child)));
    }
    found
}

/// The statements of a field.
fn body(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> Vec<Statement> {
    match node.child_by_field_name(name) {
        Some(block) => statements(lower, block),
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
        "block" | "module" => statements(lower, node),
        "function_definition" => one(StatementKind::Function(Rc::new(function(
            lower,
            node,
            Vec::new(),
        )))),
        "class_definition" => one(StatementKind::Class(Rc::new(class(
            lower,
            node,
            Vec::new(),
        )))),
        "decorated_definition" => decorated(lower, node),
        "import_statement" | "import_from_statement" | "future_import_statement" => {
            imports(lower, node)
        }
        "if_statement" => one(branch(lower, node)),
        "for_statement" => {
            let target = pattern_field(lower, node, "left");
            let over = field(lower, node, "right");
            let looped = StatementKind::For {
                target,
                binding: Binding::Function,
                over,
                keys: true,
                body: body(lower, node, "body"),
            };
            with_otherwise(lower, node, one(looped))
        }
        "while_statement" => {
            let looped = StatementKind::While {
                condition: field(lower, node, "condition"),
                update: Vec::new(),
                body: body(lower, node, "body"),
                first: false,
            };
            with_otherwise(lower, node, one(looped))
        }
        "try_statement" => one(attempt(lower, node)),
        "with_statement" => one(with(lower, node)),
        "match_statement" => alternatives(lower, node),
        "return_statement" => {
            let value = value_of(lower, node);
            one(StatementKind::Return(value))
        }
        "raise_statement" => {
            let value = value_of(lower, node);
            one(StatementKind::Throw(value))
        }
        "break_statement" => one(StatementKind::Break),
        "continue_statement" => one(StatementKind::Continue),
        "global_statement" | "nonlocal_statement" => one(StatementKind::Outer {
            names: children(node)
                .into_iter()
                .map(|name| lower.text(name).to_owned())
                .collect(),
            global: node.kind() == "global_statement",
        }),
        // Python 2.
        "exec_statement" => {
            let arguments = lower.parts(node, expression);
            vec![call("exec", arguments, node).into()]
        }
        "print_statement" => {
            let arguments = lower.parts(node, expression);
            vec![call("print", arguments, node).into()]
        }
        "pass_statement" | "type_alias_statement" => Vec::new(),
        "ERROR" => {
            lower.hole(node);
            statements(lower, node)
        }
        "else_clause" | "finally_clause" | "elif_clause" | "except_clause" | "case_clause" => {
            // Without what it belongs to: inside an error.
            statements(lower, node)
        }
        _ => vec![expression(lower, node).into()],
    }
}

fn call(name: &str, arguments: Vec<Expression>, node: Node<'_>) -> Expression {
    let place = span(node);
    let function = Expression::new(place, ExpressionKind::Name(name.to_owned()));
    let arguments = arguments.into_iter().map(|value| Argument {
        value,
        kind: ArgumentKind::Positional,
    });
    Expression::new(
        place,
        ExpressionKind::Call {
            function: Box::new(function),
            arguments: arguments.collect(),
        },
    )
}

/// `else` of a loop: what it says is done after it.
fn with_otherwise(
    lower: &mut Lower<'_>,
    node: Node<'_>,
    mut found: Vec<Statement>,
) -> Vec<Statement> {
    if let Some(otherwise) = node.child_by_field_name("alternative") {
        found.extend(body(lower, otherwise, "body"));
    }
    found
}

/// The value of `return` or `raise`.
fn value_of(lower: &mut Lower<'_>, node: Node<'_>) -> Option<Expression> {
    let child = children(node).into_iter().next()?;
    Some(expression(lower, child))
}

fn branch(lower: &mut Lower<'_>, node: Node<'_>) -> StatementKind {
    let condition = field(lower, node, "condition");
    let then = body(lower, node, "consequence");
    let mut otherwise = Vec::new();
    // The last is lowered first: each `elif` holds what follows it.
    for alternative in fields(node, "alternative").into_iter().rev() {
        if alternative.kind() == "elif_clause" {
            let kind = StatementKind::Branch {
                condition: field(lower, alternative, "condition"),
                then: body(lower, alternative, "consequence"),
                otherwise,
            };
            otherwise = vec![Statement::new(span(alternative), kind)];
        } else {
            otherwise = body(lower, alternative, "body");
        }
    }
    StatementKind::Branch {
        condition,
        then,
        otherwise,
    }
}

fn attempt(lower: &mut Lower<'_>, node: Node<'_>) -> StatementKind {
    let mut tried = body(lower, node, "body");
    let mut handlers = Vec::new();
    let mut finally = Vec::new();
    for child in children(node) {
        match child.kind() {
            "except_clause" | "except_group_clause" => {
                let name = child.child_by_field_name("alias");
                let name = name.map(|name| pattern(lower, name));
                let parts = children(child);
                let blocks = parts.into_iter().filter(|part| part.kind() == "block");
                let mut handler = Vec::new();
                for block in blocks {
                    handler.extend(statements(lower, block));
                }
                handlers.push((name, handler));
            }
            "else_clause" => tried.extend(body(lower, child, "body")),
            "finally_clause" => finally.extend(statements(lower, child)),
            _ => {}
        }
    }
    StatementKind::Try {
        body: tried,
        handlers,
        finally,
    }
}

fn with(lower: &mut Lower<'_>, node: Node<'_>) -> StatementKind {
    let clauses = children(node)
        .into_iter()
        .filter(|part| part.kind() == "with_clause");
    let found: Vec<Node<'_>> = clauses.flat_map(children).collect();
    let mut items = Vec::new();
    for item in found {
        let Some(value) = item.child_by_field_name("value") else {
            continue;
        };
        with_item(lower, value, &mut items);
    }
    StatementKind::With {
        items,
        body: body(lower, node, "body"),
    }
}

fn with_item(
    lower: &mut Lower<'_>,
    value: Node<'_>,
    items: &mut Vec<(Expression, Option<Pattern>)>,
) {
    match value.kind() {
        "as_pattern" => {
            let parts = children(value);
            let Some(context) = parts.first() else {
                return;
            };
            let context = expression(lower, *context);
            let alias = value
                .child_by_field_name("alias")
                .and_then(|alias| children(alias).into_iter().next());
            let alias = alias.map(|alias| pattern(lower, alias));
            items.push((context, alias));
        }
        // `with (a as b, c as d):` may be read as a tuple.
        "tuple" | "parenthesized_expression" => {
            for part in children(value) {
                with_item(lower, part, items);
            }
        }
        _ => items.push((expression(lower, value), None)),
    }
}

fn alternatives(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let subject = fields(node, "subject");
    let mut found: Vec<Statement> = subject
        .into_iter()
        .map(|subject| expression(lower, subject).into())
        .collect();
    let mut ways = Vec::new();
    if let Some(block) = node.child_by_field_name("body") {
        for case in children(block) {
            if let Some(guard) = case.child_by_field_name("guard") {
                found.push(expression(lower, guard).into());
            }
            ways.push(body(lower, case, "consequence"));
        }
    }
    found.push(Statement::new(
        span(node),
        StatementKind::Alternatives(ways),
    ));
    found
}

/// The names that the body of a class declares with a type.
fn annotated(lower: &Lower<'_>, class: Node<'_>) -> Vec<String> {
    let body = class.child_by_field_name("body");
    let statements = body.into_iter().flat_map(children);
    let assigned = statements
        .flat_map(children)
        .filter(|node| node.kind() == "assignment" && node.child_by_field_name("type").is_some());
    assigned
        .filter_map(|node| lower.field(node, "left").map(str::to_owned))
        .collect()
}

fn decorated(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let mut decorators = Vec::new();
    for child in children(node) {
        if child.kind() == "decorator" {
            decorators.extend(lower.parts(child, expression));
        }
    }
    let Some(definition) = node.child_by_field_name("definition") else {
        return Vec::new();
    };
    let kind = if definition.kind() == "class_definition" {
        StatementKind::Class(Rc::new(class(lower, definition, decorators)))
    } else {
        StatementKind::Function(Rc::new(function(lower, definition, decorators)))
    };
    vec![Statement::new(span(node), kind)]
}

fn function(lower: &mut Lower<'_>, node: Node<'_>, decorators: Vec<Expression>) -> Function {
    let name = lower.field(node, "name").map(str::to_owned);
    let is = |wanted: &str| {
        decorators.iter().any(
            |decorator| matches!(&decorator.kind, ExpressionKind::Name(name) if name == wanted),
        )
    };
    let role = if is("staticmethod") {
        Role::Static
    } else if name
        .as_deref()
        .is_some_and(|name| name.starts_with("__") && name.ends_with("__") && name != "__init__")
    {
        Role::Implicit
    } else {
        Role::Plain
    };
    let decorators = decorators
        .into_iter()
        .filter(|decorator| {
            !matches!(&decorator.kind, ExpressionKind::Name(name)
                if name == "staticmethod" || name == "classmethod")
        })
        .collect();
    Function {
        name,
        parameters: parameters(lower, node),
        body: body(lower, node, "body"),
        decorators,
        closed: false,
        detached: false,
        role,
        implicit_return: false,
        span: span(node),
    }
}

fn parameters(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Parameter> {
    let Some(list) = node.child_by_field_name("parameters") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut kind = ParameterKind::Positional;
    for child in children(list) {
        match child.kind() {
            "keyword_separator" => kind = ParameterKind::KeywordOnly,
            "positional_separator" => {}
            _ => {
                let parameter = parameter(lower, child, kind);
                if parameter.kind == ParameterKind::Rest {
                    kind = ParameterKind::KeywordOnly;
                }
                found.push(parameter);
            }
        }
    }
    found
}

fn parameter(lower: &mut Lower<'_>, node: Node<'_>, kind: ParameterKind) -> Parameter {
    match node.kind() {
        "default_parameter" | "typed_default_parameter" => {
            let default = node.child_by_field_name("value");
            let default = default.map(|default| expression(lower, default));
            Parameter {
                pattern: pattern_field(lower, node, "name"),
                name: lower.field(node, "name").map(str::to_owned),
                default,
                kind,
            }
        }
        "typed_parameter" => match children(node).into_iter().next() {
            Some(inner) => parameter(lower, inner, kind),
            None => bare(lower, node, kind),
        },
        "list_splat_pattern" | "dictionary_splat_pattern" => {
            let inner = children(node).into_iter().next();
            let kind = if node.kind() == "list_splat_pattern" {
                ParameterKind::Rest
            } else {
                ParameterKind::KeywordRest
            };
            bare(lower, inner.unwrap_or(node), kind)
        }
        _ => bare(lower, node, kind),
    }
}

fn bare(lower: &mut Lower<'_>, node: Node<'_>, kind: ParameterKind) -> Parameter {
    Parameter {
        pattern: pattern(lower, node),
        name: Some(lower.text(node).to_owned()),
        default: None,
        kind,
    }
}

fn class(lower: &mut Lower<'_>, node: Node<'_>, decorators: Vec<Expression>) -> Class {
    let mut bases = Vec::new();
    if let Some(list) = node.child_by_field_name("superclasses") {
        for base in children(list) {
            if base.kind() == "keyword_argument" {
                continue;
            }
            bases.push(expression(lower, base));
        }
    }
    Class {
        name: lower.field(node, "name").map(str::to_owned),
        bases,
        body: body(lower, node, "body"),
        constructor: "__init__",
        explicit_self: true,
        fields: annotated(lower, node),
        decorators,
        span: span(node),
    }
}

fn imports(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Statement> {
    let place = span(node);
    let statement = |module: String, names| {
        Statement::new(place, StatementKind::Import(Import { module, names }))
    };
    let names = fields(node, "name");
    let Some(module) = node.child_by_field_name("module_name") else {
        let plain = names.into_iter().map(|name| match name.kind() {
            "aliased_import" => {
                let module = lower.field(name, "name").unwrap_or_default().to_owned();
                let alias = lower.field(name, "alias").unwrap_or_default().to_owned();
                statement(module, Imported::Module(alias))
            }
            _ => {
                // `import os.path` binds `os`.
                let module = lower.text(name);
                let first = module.split('.').next().unwrap_or(module).to_owned();
                statement(first.clone(), Imported::Module(first))
            }
        });
        return plain.collect();
    };
    let module = lower.text(module).to_owned();
    let starred = children(node)
        .iter()
        .any(|child| child.kind() == "wildcard_import");
    if starred {
        return vec![statement(module, Imported::All)];
    }
    let names = names.into_iter().map(|name| match name.kind() {
        "aliased_import" => (
            lower.field(name, "name").unwrap_or_default().to_owned(),
            lower.field(name, "alias").unwrap_or_default().to_owned(),
        ),
        _ => (lower.text(name).to_owned(), lower.text(name).to_owned()),
    });
    vec![statement(module, Imported::Names(names.collect()))]
}

fn field(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> Expression {
    let found = fields(node, name);
    match found.as_slice() {
        [one] => expression(lower, *one),
        [] => Expression::unknown(span(node), Vec::new()),
        // `for x in 1, 2`, `x[1, 2]`.
        several => {
            let items = several
                .iter()
                .map(|item| expression(lower, *item))
                .collect();
            Expression::new(span(node), ExpressionKind::List(items))
        }
    }
}

fn pattern_field(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> Pattern {
    match node.child_by_field_name(name) {
        Some(found) => pattern(lower, found),
        None => Pattern::List(Vec::new()),
    }
}

fn pattern(lower: &mut Lower<'_>, node: Node<'_>) -> Pattern {
    match node.kind() {
        "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list"
        | "expression_list" => {
            let parts = children(node);
            Pattern::List(parts.into_iter().map(|part| pattern(lower, part)).collect())
        }
        "list_splat_pattern" | "list_splat" => {
            let inner = children(node).into_iter().next();
            Pattern::Rest(Box::new(pattern(lower, inner.unwrap_or(node))))
        }
        "parenthesized_expression" => match children(node).into_iter().next() {
            Some(inner) => pattern(lower, inner),
            None => Pattern::List(Vec::new()),
        },
        "identifier" => Pattern::Target(Box::new(Expression::new(
            span(node),
            ExpressionKind::Name(lower.text(node).to_owned()),
        ))),
        _ => Pattern::Target(Box::new(expression(lower, node))),
    }
}

fn boxed(lower: &mut Lower<'_>, node: Node<'_>, name: &str) -> Box<Expression> {
    Box::new(field(lower, node, name))
}

fn expression(lower: &mut Lower<'_>, node: Node<'_>) -> Expression {
    let place = span(node);
    let kind = lower.deeper(|lower| Some(kind(lower, node)));
    match kind {
        Some(kind) => Expression::new(place, kind),
        None => Expression::unknown(place, Vec::new()),
    }
}

fn kind(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    match node.kind() {
        "identifier" | "dotted_name" => ExpressionKind::Name(lower.text(node).to_owned()),
        "string" => string(lower, node),
        "concatenated_string" => ExpressionKind::Template(lower.parts(node, expression)),
        "integer" | "float" => number(lower.text(node))
            .map_or(ExpressionKind::Unknown(Vec::new()), ExpressionKind::Number),
        "true" => ExpressionKind::Boolean(true),
        "false" => ExpressionKind::Boolean(false),
        "none" => ExpressionKind::Null,
        "attribute" => ExpressionKind::Member {
            object: boxed(lower, node, "object"),
            name: lower
                .field(node, "attribute")
                .unwrap_or_default()
                .to_owned(),
        },
        "subscript" => subscript(lower, node),
        "call" => ExpressionKind::Call {
            function: boxed(lower, node, "function"),
            arguments: arguments(lower, node),
        },
        "list" | "tuple" | "set" | "expression_list" | "pattern_list" => {
            ExpressionKind::List(lower.parts(node, expression))
        }
        "dictionary" => dictionary(lower, node),
        "lambda" => ExpressionKind::Function(Rc::new(lambda(lower, node))),
        "binary_operator" | "boolean_operator" => chain(lower, node),
        "comparison_operator" => comparison(lower, node),
        "not_operator" => ExpressionKind::Not(boxed(lower, node, "argument")),
        "unary_operator" => {
            let operand = boxed(lower, node, "argument");
            match lower.field(node, "operator") {
                Some("-") => ExpressionKind::Negative(operand),
                Some("+") => operand.kind,
                _ => ExpressionKind::Unknown(vec![*operand]),
            }
        }
        "conditional_expression" => {
            let mut parts = lower.parts(node, expression).into_iter();
            match (parts.next(), parts.next(), parts.next()) {
                (Some(then), Some(condition), Some(otherwise)) => ExpressionKind::Conditional {
                    condition: Box::new(condition),
                    then: Box::new(then),
                    otherwise: Box::new(otherwise),
                },
                (first, second, _) => {
                    ExpressionKind::Unknown(first.into_iter().chain(second).collect())
                }
            }
        }
        "assignment" => match node.child_by_field_name("right") {
            Some(right) => ExpressionKind::Assign {
                target: Box::new(pattern_field(lower, node, "left")),
                binding: Binding::Function,
                operator: None,
                value: Box::new(expression(lower, right)),
            },
            // Only an annotation.
            None => ExpressionKind::Null,
        },
        "augmented_assignment" => ExpressionKind::Assign {
            target: Box::new(pattern_field(lower, node, "left")),
            binding: Binding::Function,
            operator: lower
                .field(node, "operator")
                .and_then(|written| operator(written.trim_end_matches('='))),
            value: boxed(lower, node, "right"),
        },
        "named_expression" => ExpressionKind::Assign {
            target: Box::new(pattern_field(lower, node, "name")),
            binding: Binding::Function,
            operator: None,
            value: boxed(lower, node, "value"),
        },
        "parenthesized_expression" | "await" | "interpolation" | "format_expression" => {
            match children(node).into_iter().next() {
                Some(inner) => expression(lower, inner).kind,
                None => ExpressionKind::Null,
            }
        }
        "yield" => {
            let value = children(node).into_iter().next();
            let value = value.map(|value| Box::new(expression(lower, value)));
            ExpressionKind::Yield(value)
        }
        "list_splat" | "parenthesized_list_splat" | "list_splat_pattern" => {
            match children(node).into_iter().next() {
                Some(inner) => ExpressionKind::Spread(Box::new(expression(lower, inner))),
                None => ExpressionKind::Null,
            }
        }
        "list_comprehension" | "set_comprehension" | "generator_expression" => {
            let body = field(lower, node, "body");
            comprehension(lower, node, body)
        }
        "dictionary_comprehension" => {
            let body = node.child_by_field_name("body");
            let parts = body.map(|pair| lower.parts(pair, expression));
            let body = Expression::unknown(span(node), parts.unwrap_or_default());
            comprehension(lower, node, body)
        }
        "as_pattern" => {
            let value = children(node).into_iter().next();
            match value {
                Some(value) => expression(lower, value).kind,
                None => ExpressionKind::Null,
            }
        }
        "ERROR" => {
            lower.hole(node);
            ExpressionKind::Block(statements(lower, node))
        }
        "ellipsis" | "type" | "comment" => ExpressionKind::Unknown(Vec::new()),
        _ => ExpressionKind::Unknown(lower.parts(node, expression)),
    }
}

fn subscript(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    let object = boxed(lower, node, "value");
    let Some(slice) = fields(node, "subscript").into_iter().next() else {
        return ExpressionKind::Unknown(vec![*object]);
    };
    if slice.kind() != "slice" {
        return ExpressionKind::Index {
            object,
            index: boxed(lower, node, "subscript"),
        };
    }
    let mut bounds: [Option<Box<Expression>>; 3] = [None, None, None];
    let mut at = 0;
    let mut cursor = slice.walk();
    for child in slice.children(&mut cursor) {
        if child.kind() == ":" {
            at += 1;
        } else if let (true, Some(bound)) = (child.is_named(), bounds.get_mut(at)) {
            *bound = Some(Box::new(expression(lower, child)));
        }
    }
    let [start, end, step] = bounds;
    ExpressionKind::Slice {
        object,
        start,
        end,
        step,
    }
}

fn arguments(lower: &mut Lower<'_>, node: Node<'_>) -> Vec<Argument> {
    let Some(list) = node.child_by_field_name("arguments") else {
        return Vec::new();
    };
    if list.kind() != "argument_list" {
        return vec![Argument {
            value: expression(lower, list),
            kind: ArgumentKind::Positional,
        }];
    }
    let mut found = Vec::new();
    for child in children(list) {
        let inner = |lower: &mut Lower<'_>| match children(child).into_iter().next() {
            Some(inner) => expression(lower, inner),
            None => Expression::unknown(span(child), Vec::new()),
        };
        let (kind, value) = match child.kind() {
            "keyword_argument" => (
                ArgumentKind::Keyword(lower.field(child, "name").unwrap_or_default().to_owned()),
                field(lower, child, "value"),
            ),
            "list_splat" => (ArgumentKind::Spread, inner(lower)),
            "dictionary_splat" => (ArgumentKind::KeywordSpread, inner(lower)),
            _ => (ArgumentKind::Positional, expression(lower, child)),
        };
        found.push(Argument { value, kind });
    }
    found
}

fn dictionary(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    let mut pairs = Vec::new();
    for child in children(node) {
        if child.kind() == "pair" {
            pairs.push((
                Some(field(lower, child, "key")),
                field(lower, child, "value"),
            ));
        } else {
            let inner = children(child).into_iter().next().unwrap_or(child);
            pairs.push((None, expression(lower, inner)));
        }
    }
    ExpressionKind::Map(pairs)
}

fn lambda(lower: &mut Lower<'_>, node: Node<'_>) -> Function {
    let body = field(lower, node, "body");
    Function {
        name: None,
        parameters: parameters(lower, node),
        body: vec![body.into()],
        decorators: Vec::new(),
        closed: false,
        detached: false,
        role: Role::Plain,
        implicit_return: true,
        span: span(node),
    }
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

fn comparison(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    let operands = lower.parts(node, expression);
    let mut cursor = node.walk();
    let words: Vec<&str> = node
        .children_by_field_name("operators", &mut cursor)
        .map(|word| lower.text(word))
        .collect();
    let negated = words.first() == Some(&"not in");
    let found = match words.as_slice() {
        [word] => operator(if negated { "in" } else { word }),
        _ => None,
    };
    match found {
        Some(operator) if operands.len() == 2 => {
            let compared = ExpressionKind::Binary { operator, operands };
            if negated {
                ExpressionKind::Not(Box::new(Expression::new(span(node), compared)))
            } else {
                compared
            }
        }
        _ => ExpressionKind::Unknown(operands),
    }
}

fn operator(written: &str) -> Option<Operator> {
    Some(match written {
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "//" => Operator::Quotient,
        "%" => Operator::Remainder,
        "**" => Operator::Power,
        "&" => Operator::BitAnd,
        "|" => Operator::BitOr,
        "^" => Operator::BitXor,
        "<<" => Operator::ShiftLeft,
        ">>" => Operator::ShiftRight,
        "==" | "is" => Operator::Equal,
        "!=" | "<>" | "is not" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "in" => Operator::In,
        "and" => Operator::And,
        "or" => Operator::Or,
        _ => return None,
    })
}

/// `[body for a in b if c for d in e]`: the innermost body first.
fn comprehension(lower: &mut Lower<'_>, node: Node<'_>, body: Expression) -> ExpressionKind {
    let mut clauses: Vec<(Pattern, Expression, Vec<Expression>)> = Vec::new();
    for child in children(node) {
        match child.kind() {
            "for_in_clause" => clauses.push((
                pattern_field(lower, child, "left"),
                field(lower, child, "right"),
                Vec::new(),
            )),
            "if_clause" => {
                let conditions = lower.parts(child, expression);
                if let Some((_, _, known)) = clauses.last_mut() {
                    known.extend(conditions);
                }
            }
            _ => {}
        }
    }
    let mut inner = body;
    for (target, over, conditions) in clauses.into_iter().rev() {
        let kind = ExpressionKind::Comprehension {
            target,
            over: Box::new(over),
            conditions,
            body: Box::new(inner),
        };
        inner = Expression::new(span(node), kind);
    }
    inner.kind
}

fn number(written: &str) -> Option<f64> {
    let plain = written.replace('_', "").to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = plain.strip_prefix(prefix) {
            let number = u64::from_str_radix(digits, radix).ok()?;
            #[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
            return (number < 1 << 53).then_some(number as f64);
        }
    }
    let number: f64 = plain.trim_end_matches('l').parse().ok()?;
    (number.abs() < 9_007_199_254_740_992.0).then_some(number)
}

/// A literal with its escapes resolved; with what is put into it, if it is an f-string.
fn string(lower: &mut Lower<'_>, node: Node<'_>) -> ExpressionKind {
    let start = children(node)
        .first()
        .filter(|child| child.kind() == "string_start")
        .map(|child| lower.text(*child).to_ascii_lowercase())
        .unwrap_or_default();
    let raw = start.contains('r');
    let bytes = start.contains('b');
    let formatted = start.contains('f') || start.contains('t');
    let mut parts: Vec<Expression> = Vec::new();
    for child in children(node) {
        match child.kind() {
            "string_content" => {
                let written = lower.text(child);
                let mut text = if raw {
                    Some(written.to_owned())
                } else {
                    unescape(written, bytes)
                };
                if formatted {
                    text = text.map(|text| text.replace("{{", "{").replace("}}", "}"));
                }
                parts.push(match text {
                    Some(text) => Expression::new(span(child), ExpressionKind::Text(text)),
                    None => Expression::unknown(span(child), Vec::new()),
                });
            }
            "interpolation" => parts.push(interpolation(lower, child)),
            _ => {}
        }
    }
    match parts.len() {
        0 => ExpressionKind::Text(String::new()),
        1 if !formatted => parts.remove(0).kind,
        _ => ExpressionKind::Template(parts),
    }
}

/// `{x}`; `{x!r}` and `{x:>10}` are formatted in ways that are not followed.
fn interpolation(lower: &mut Lower<'_>, node: Node<'_>) -> Expression {
    let value = field(lower, node, "expression");
    let plain = node.child_by_field_name("format_specifier").is_none()
        && node
            .child_by_field_name("type_conversion")
            .is_none_or(|conversion| lower.text(conversion) == "!s");
    if plain {
        return value;
    }
    let specifier = node
        .child_by_field_name("format_specifier")
        .map(|found| lower.text(found).trim_start_matches(':').to_owned());
    let specifier = specifier.unwrap_or_default();
    let format = Expression::new(span(node), ExpressionKind::Text(specifier));
    call("format", vec![value, format], node)
}

/// The escapes of a literal; nothing if it holds what is no text.
fn unescape(written: &str, bytes: bool) -> Option<String> {
    let mut text = String::new();
    // Bytes beyond ASCII are gathered, for they may spell a letter together.
    let mut gathered: Vec<u8> = Vec::new();
    let mut letters = written.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            flush(&mut text, &mut gathered)?;
            text.push(letter);
            continue;
        }
        let code = match letters.next()? {
            '\n' => continue,
            'n' => Some(10),
            't' => Some(9),
            'r' => Some(13),
            'a' => Some(7),
            'b' => Some(8),
            'f' => Some(12),
            'v' => Some(11),
            '\\' => Some(92),
            '\'' => Some(39),
            '"' => Some(34),
            'x' => Some(digits(&mut letters, 2, 16, "")?),
            'u' if !bytes => Some(digits(&mut letters, 4, 16, "")?),
            'U' if !bytes => Some(digits(&mut letters, 8, 16, "")?),
            'N' if !bytes => return None,
            octal @ '0'..='7' => Some(digits(&mut letters, 3, 8, &octal.to_string())?),
            other => {
                flush(&mut text, &mut gathered)?;
                text.push('\\');
                text.push(other);
                None
            }
        };
        let Some(code) = code else {
            continue;
        };
        if bytes && code >= 128 {
            gathered.push(u8::try_from(code).ok()?);
        } else {
            flush(&mut text, &mut gathered)?;
            text.push(char::from_u32(code)?);
        }
    }
    flush(&mut text, &mut gathered)?;
    Some(text)
}

/// Up to so many digits, as a number.
fn digits(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    count: usize,
    radix: u32,
    first: &str,
) -> Option<u32> {
    let mut found = first.to_owned();
    while found.len() < count && letters.peek().is_some_and(|letter| letter.is_digit(radix)) {
        found.extend(letters.next());
    }
    u32::from_str_radix(&found, radix).ok()
}

fn flush(text: &mut String, gathered: &mut Vec<u8>) -> Option<()> {
    if !gathered.is_empty() {
        text.push_str(std::str::from_utf8(gathered).ok()?);
        gathered.clear();
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved() {
        for (written, text) in [
            (r"a\x41\n", Some("aA\n")),
            (r"\162\155", Some("rm")),
            (r"A\d", Some("A\\d")),
            ("é\\\nx", Some("éx")),
        ] {
            assert_eq!(unescape(written, false).as_deref(), text, "{written}");
        }
        assert_eq!(unescape(r"\xc3\xa9", true).as_deref(), Some("é"));
        assert_eq!(unescape(r"\xff", true), None);
    }

    #[test]
    fn deep_and_broken_texts_are_read_without_a_fall() {
        let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse(&deep).cut);
        assert!(!parse("if x: os.remove('a'\nfoo(").holes.is_empty());
    }
}
