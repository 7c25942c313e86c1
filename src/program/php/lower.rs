//! PHP.
//!
//! Owns what PHP's forms mean: a variable keeps its `$`, a function's name has no case, and a text
//! that is called names a function.

use std::rc::Rc;

use tree_sitter::Node;

use crate::location::Span;
use crate::program::syntax::{self, Lowering, children, span};
use crate::program::tree::{
    Argument, ArgumentKind, Binding, Class, Expression, ExpressionKind, Function, Import, Imported,
    Operator, Parameter, ParameterKind, Pattern, Program, Role, Statement, StatementKind,
};

pub(super) fn parse(text: &str) -> Program {
    let lower: fn(&mut Lowering<'_>, Node<'_>) -> Vec<Statement> = |lowering, root| {
        let mut php = Php {
            to: lowering,
            classes: Vec::new(),
        };
        php.statements(root)
    };
    let templates =
        |text: &str| syntax::read(text, &[|| tree_sitter_php::LANGUAGE_PHP.into()], lower);
    let code =
        |text: &str| syntax::read(text, &[|| tree_sitter_php::LANGUAGE_PHP_ONLY.into()], lower);
    let after_line = text
        .strip_prefix("#!")
        .and_then(|rest| rest.split_once('\n'))
        .map_or(text, |(_, rest)| rest);
    if after_line.trim_start().starts_with("<?") {
        return templates(text);
    }
    let mut program = code(text);
    // A page with code in it, or code that only speaks of one.
    if text.contains("<?") {
        program.body.extend(templates(text).body);
    }
    program
}

struct Php<'l, 't> {
    to: &'l mut Lowering<'t>,
    /// The classes that are open, with the class above each.
    classes: Vec<(String, Option<String>)>,
}

impl<'n> Php<'_, '_> {
    fn statements(&mut self, node: Node<'n>) -> Vec<Statement> {
        children(node)
            .into_iter()
            .flat_map(|child| self.statement(child))
            .collect()
    }

    fn body(&mut self, node: Node<'n>, field: &str) -> Vec<Statement> {
        let body = node.child_by_field_name(field);
        body.map(|body| self.statement(body)).unwrap_or_default()
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
            "php_tag"
            | "php_end_tag"
            | "comment"
            | "empty_statement"
            | "named_label_statement"
            | "interface_declaration" => return Vec::new(),
            // What stands outside is printed as it is; what is leapt over is not.
            "text_interpolation" | "text" | "goto_statement" => {
                return vec![Expression::unknown(at, Vec::new()).into()];
            }
            "program"
            | "compound_statement"
            | "colon_block"
            | "expression_statement"
            | "namespace_definition"
            | "declare_statement"
            | "else_clause" => {
                return self.statements(node);
            }
            "namespace_name" | "declare_directive" => return Vec::new(),
            "namespace_use_declaration" => return self.imports(node),
            "function_definition" => StatementKind::Function(Rc::new(self.function(node, false))),
            "class_declaration" | "trait_declaration" | "enum_declaration" => {
                StatementKind::Class(Rc::new(self.class(node)))
            }
            "global_declaration" => StatementKind::Outer {
                names: children(node)
                    .into_iter()
                    .map(|name| self.to.text(name).to_owned())
                    .collect(),
                global: true,
            },
            "function_static_declaration" => {
                let parts = children(node);
                return parts
                    .into_iter()
                    .map(|part| {
                        let target = self.field(part, "name");
                        let value = self.field(part, "value");
                        // It may be another one on a later call.
                        let value = Expression::unknown(at, vec![value]);
                        assign(at, Pattern::target(target), None, value).into()
                    })
                    .collect();
            }
            "if_statement" | "else_if_clause" => {
                let condition = self.field(node, "condition");
                let then = self.body(node, "body");
                let others = syntax::fields(node, "alternative");
                let otherwise = self.alternatives(&others);
                StatementKind::Branch {
                    condition,
                    then,
                    otherwise,
                }
            }
            "while_statement" | "do_statement" => {
                let condition = self.field(node, "condition");
                StatementKind::While {
                    condition,
                    update: Vec::new(),
                    body: self.body(node, "body"),
                    first: node.kind() == "do_statement",
                }
            }
            "for_statement" => return self.for_statement(node),
            "foreach_statement" => return self.foreach(node),
            "switch_statement" => return self.switch(node),
            "try_statement" => {
                let mut handlers = Vec::new();
                let mut finally = Vec::new();
                for child in children(node) {
                    match child.kind() {
                        "catch_clause" => {
                            let name = child.child_by_field_name("name");
                            let name = name.map(|name| self.target(name));
                            handlers.push((name, self.body(child, "body")));
                        }
                        "finally_clause" => finally.extend(self.body(child, "body")),
                        _ => {}
                    }
                }
                StatementKind::Try {
                    body: self.body(node, "body"),
                    handlers,
                    finally,
                }
            }
            "return_statement" => {
                let value = children(node).into_iter().next();
                StatementKind::Return(value.map(|value| self.expression(value)))
            }
            "break_statement" => StatementKind::Break,
            "continue_statement" => StatementKind::Continue,
            "exit_statement" => {
                let given = self.parts(node);
                return vec![call(at, name(at, "exit"), given).into()];
            }
            "unset_statement" => {
                let given = self.parts(node);
                return vec![Expression::unknown(at, given).into()];
            }
            "echo_statement" => {
                let given = self.parts(node);
                return vec![call(at, name(at, "echo"), given).into()];
            }
            "const_declaration" => {
                let mut found = Vec::new();
                for element in children(node) {
                    let mut parts = children(element).into_iter();
                    if let (Some(constant), Some(value)) = (parts.next(), parts.next()) {
                        let target = Pattern::target(name(at, self.to.text(constant)));
                        let value = self.expression(value);
                        found.push(assign(at, target, None, value).into());
                    }
                }
                return found;
            }
            "property_declaration" => {
                let mut found = Vec::new();
                for element in children(node) {
                    let Some(property) = element.child_by_field_name("name") else {
                        continue;
                    };
                    let value = element.child_by_field_name("default_value");
                    let value = value.map(|value| self.expression(value));
                    let bare = self.to.text(property).trim_start_matches('$').to_owned();
                    let target = Pattern::target(name(at, &bare));
                    let value = value.unwrap_or_else(|| Expression::new(at, ExpressionKind::Null));
                    found.push(assign(at, target, None, value).into());
                }
                return found;
            }
            "method_declaration" => StatementKind::Function(Rc::new(self.function(node, true))),
            "enum_case" | "use_declaration" => return Vec::new(),
            _ => return vec![self.expression(node).into()],
        };
        vec![Statement::new(at, kind)]
    }

    fn alternatives(&mut self, others: &[Node<'n>]) -> Vec<Statement> {
        let Some((first, rest)) = others.split_first() else {
            return Vec::new();
        };
        if first.kind() == "else_clause" {
            return self.body(*first, "body");
        }
        let condition = self.field(*first, "condition");
        let then = self.body(*first, "body");
        let otherwise = self.alternatives(rest);
        vec![Statement::new(
            span(*first),
            StatementKind::Branch {
                condition,
                then,
                otherwise,
            },
        )]
    }

    fn imports(&mut self, node: Node<'n>) -> Vec<Statement> {
        let mut found = Vec::new();
        syntax::each(node, &mut |clause| {
            if clause.kind() != "namespace_use_clause" {
                return;
            }
            let whole = self.to.text(clause);
            let (path, alias) = match whole.rsplit_once(" as ") {
                Some((path, alias)) => (path.trim(), alias.trim()),
                None => (whole.trim(), whole.rsplit('\\').next().unwrap_or(whole)),
            };
            let import = Import {
                module: class_name(path),
                names: Imported::Module(alias.to_owned()),
            };
            found.push(Statement::new(span(clause), StatementKind::Import(import)));
        });
        found
    }

    fn for_statement(&mut self, node: Node<'n>) -> Vec<Statement> {
        let mut found = Vec::new();
        for start in syntax::fields(node, "initialize") {
            found.push(self.expression(start).into());
        }
        let condition = self.field(node, "condition");
        let update = syntax::fields(node, "update");
        let update = update
            .into_iter()
            .map(|step| self.expression(step))
            .collect();
        let body = self.body(node, "body");
        found.push(Statement::new(
            span(node),
            StatementKind::While {
                condition,
                update,
                body,
                first: false,
            },
        ));
        found
    }

    fn foreach(&mut self, node: Node<'n>) -> Vec<Statement> {
        let at = span(node);
        let body = node.child_by_field_name("body");
        let parts: Vec<Node<'n>> = children(node)
            .into_iter()
            .filter(|child| Some(child.id()) != body.map(|body| body.id()))
            .collect();
        let (Some(over), Some(item)) = (parts.first(), parts.get(1)) else {
            return Vec::new();
        };
        let over = self.expression(*over);
        let mut before = Vec::new();
        let target = if item.kind() == "pair" {
            let mut inner = children(*item).into_iter();
            if let Some(key) = inner.next() {
                let key = self.target(key);
                let value = Expression::unknown(at, Vec::new());
                before.push(assign(at, key, None, value).into());
            }
            inner.next().map(|value| self.target(value))
        } else {
            Some(self.target(*item))
        };
        let mut statements = before;
        statements.extend(body.map(|body| self.statement(body)).unwrap_or_default());
        vec![Statement::new(
            at,
            StatementKind::For {
                target: target.unwrap_or_else(|| Pattern::List(Vec::new())),
                binding: Binding::Function,
                over,
                keys: false,
                body: statements,
            },
        )]
    }

    fn switch(&mut self, node: Node<'n>) -> Vec<Statement> {
        let mut found = vec![self.field(node, "condition").into()];
        let mut arms = Vec::new();
        if let Some(body) = node.child_by_field_name("body") {
            for case in children(body) {
                let value = case.child_by_field_name("value");
                let arm = children(case)
                    .into_iter()
                    .filter(|child| Some(child.id()) != value.map(|value| value.id()))
                    .flat_map(|child| self.statement(child))
                    .collect();
                arms.push(arm);
            }
        }
        found.push(Statement::new(
            span(node),
            StatementKind::Alternatives(arms),
        ));
        found
    }

    fn function(&mut self, node: Node<'n>, method: bool) -> Function {
        let mut body = Vec::new();
        let mut parameters = Vec::new();
        let given = node.child_by_field_name("parameters");
        for parameter in given.map(children).unwrap_or_default() {
            let Some(variable) = parameter.child_by_field_name("name") else {
                continue;
            };
            let at = span(parameter);
            let text = self.to.text(variable);
            let bare = text.trim_start_matches('$').to_owned();
            let kind = match parameter.kind() {
                "variadic_parameter" => ParameterKind::Rest,
                _ => ParameterKind::Positional,
            };
            if parameter.kind() == "property_promotion_parameter" {
                let target = Pattern::target(member(at, name(at, "this"), &bare));
                body.push(assign(at, target, None, name(at, text)).into());
            }
            let default = parameter.child_by_field_name("default_value");
            parameters.push(Parameter {
                pattern: Pattern::target(name(at, text)),
                name: Some(bare),
                default: default.map(|value| self.expression(value)),
                kind,
            });
        }
        let expression = node.kind() == "arrow_function";
        if let Some(inner) = node.child_by_field_name("body") {
            if expression {
                let value = self.expression(inner);
                body.push(Statement::new(
                    span(inner),
                    StatementKind::Return(Some(value)),
                ));
            } else {
                body.extend(self.statement(inner));
            }
        }
        let is_static = children(node)
            .into_iter()
            .any(|child| child.kind() == "static_modifier");
        let own = self.to.field(node, "name").map(str::to_lowercase);
        let implicit = matches!(
            own.as_deref(),
            Some("__destruct" | "__tostring" | "__wakeup")
        );
        Function {
            role: if method && is_static {
                Role::Static
            } else if method && implicit {
                Role::Implicit
            } else {
                Role::Plain
            },
            name: own,
            parameters,
            body,
            decorators: Vec::new(),
            closed: matches!(node.kind(), "function_definition" | "method_declaration"),
            detached: false,
            implicit_return: false,
            span: span(node),
        }
    }

    fn class(&mut self, node: Node<'n>) -> Class {
        let own = self.to.field(node, "name").map(str::to_owned);
        let base = children(node)
            .into_iter()
            .find(|child| child.kind() == "base_clause");
        let base = base.and_then(|base| children(base).into_iter().next());
        let base_name = base.map(|base| class_name(self.to.text(base)));
        let bases = base.map(|base| self.expression(base));
        self.classes.push((
            own.clone().unwrap_or_else(|| "static".to_owned()),
            base_name,
        ));
        let body = node.child_by_field_name("body");
        let body = body.or_else(|| {
            children(node)
                .into_iter()
                .find(|child| child.kind() == "declaration_list")
        });
        let body = body.map(|body| self.statements(body)).unwrap_or_default();
        self.classes.pop();
        Class {
            name: own,
            bases: bases.into_iter().collect(),
            body,
            constructor: "__construct",
            explicit_self: false,
            fields: Vec::new(),
            decorators: Vec::new(),
            span: span(node),
        }
    }

    fn target(&mut self, node: Node<'n>) -> Pattern {
        match node.kind() {
            "list_literal" | "array_creation_expression" => {
                let parts = children(node);
                let parts = parts.into_iter().map(|part| match part.kind() {
                    "array_element_initializer" => match children(part).into_iter().next_back() {
                        Some(inner) => self.target(inner),
                        None => Pattern::List(Vec::new()),
                    },
                    _ => self.target(part),
                });
                Pattern::List(parts.collect())
            }
            "by_ref" => match children(node).into_iter().next() {
                Some(inner) => self.target(inner),
                None => Pattern::List(Vec::new()),
            },
            _ => Pattern::target(self.expression(node)),
        }
    }

    fn parts(&mut self, node: Node<'n>) -> Vec<Expression> {
        let mut found = Vec::new();
        for part in children(node) {
            match part.kind() {
                "sequence_expression" => found.extend(self.parts(part)),
                _ => found.push(self.expression(part)),
            }
        }
        found
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
            "encapsed_string" | "heredoc_body" => return self.template(node, '"'),
            "string" => {
                let mut found = String::new();
                for part in children(node) {
                    found.push_str(&unquoted(self.to.text(part)));
                }
                ExpressionKind::Text(found)
            }
            "heredoc" | "nowdoc" => match node.child_by_field_name("value") {
                Some(body) if node.kind() == "heredoc" => {
                    let mut text = self.template(body, '\0');
                    crate::program::ruby::dedent(&mut text);
                    text.kind
                }
                Some(body) => ExpressionKind::Text(self.to.text(body).to_owned()),
                None => ExpressionKind::Text(String::new()),
            },
            "shell_command_expression" => {
                ExpressionKind::Command(Box::new(self.template(node, '`')))
            }
            "integer" | "float" => match number(text) {
                Some(number) => ExpressionKind::Number(number),
                None => ExpressionKind::Unknown(Vec::new()),
            },
            "boolean" => ExpressionKind::Boolean(text.eq_ignore_ascii_case("true")),
            "null" => ExpressionKind::Null,
            "variable_name" if text == "$this" => ExpressionKind::Name("this".to_owned()),
            "variable_name" => ExpressionKind::Name(text.to_owned()),
            "name" | "qualified_name" | "relative_name" => ExpressionKind::Name(class_name(text)),
            "relative_scope" => ExpressionKind::Name(self.scope(text)),
            "parenthesized_expression"
            | "error_suppression_expression"
            | "by_ref"
            | "reference_assignment_expression"
            | "clone_expression"
            | "argument"
                if children(node).len() == 1 =>
            {
                return self.only(node);
            }
            "reference_assignment_expression" | "assignment_expression" => {
                let value = self.field(node, "right");
                let target = self.assignee(node);
                return assign(at, target, None, value);
            }
            "augmented_assignment_expression" => {
                let value = self.field(node, "right");
                let target = self.assignee(node);
                let sign = self.to.field(node, "operator").unwrap_or_default();
                let (operator, value) = match operator_of(sign.trim_end_matches('=')) {
                    Some(Operator::Add) => {
                        // Numbers are added, whatever they are written as.
                        let negative = ExpressionKind::Negative(Box::new(value));
                        (Some(Operator::Subtract), Expression::new(at, negative))
                    }
                    Some(operator) => (Some(operator), value),
                    None => (None, Expression::unknown(at, vec![value])),
                };
                return assign(at, target, operator, value);
            }
            "update_expression" => {
                let target = self.field(node, "argument");
                let one = Expression::new(at, ExpressionKind::Number(-1.0));
                let (operator, value) = if text.contains("++") {
                    (Operator::Subtract, one)
                } else {
                    let one = Expression::new(at, ExpressionKind::Number(1.0));
                    (Operator::Subtract, one)
                };
                return assign(at, Pattern::target(target), Some(operator), value);
            }
            "binary_expression" => return self.binary(node),
            "unary_op_expression" => {
                let operand = self.only(node);
                match text.chars().next() {
                    Some('!') => ExpressionKind::Not(Box::new(operand)),
                    Some('-') => ExpressionKind::Negative(Box::new(operand)),
                    _ => ExpressionKind::Unknown(vec![operand]),
                }
            }
            "cast_expression" => {
                let value = self.field(node, "value");
                match self.to.field(node, "type") {
                    Some("string") => ExpressionKind::Template(vec![value]),
                    Some("array") => return value,
                    _ => ExpressionKind::Unknown(vec![value]),
                }
            }
            "conditional_expression" => {
                let condition = self.field(node, "condition");
                let otherwise = Box::new(self.field(node, "alternative"));
                match node.child_by_field_name("body") {
                    Some(then) => ExpressionKind::Conditional {
                        condition: Box::new(condition),
                        then: Box::new(self.expression(then)),
                        otherwise,
                    },
                    None => ExpressionKind::Binary {
                        operator: Operator::Or,
                        operands: vec![condition, *otherwise],
                    },
                }
            }
            "array_creation_expression" | "list_literal" => return self.array(node),
            "subscript_expression" => {
                let mut inner = children(node).into_iter();
                let object = inner.next().map(|object| self.expression(object));
                let index = inner.next().map(|index| match index.kind() {
                    // In a text a bare key is a text.
                    "name" => Expression::new(
                        span(index),
                        ExpressionKind::Text(self.to.text(index).to_owned()),
                    ),
                    _ => self.expression(index),
                });
                match (object, index) {
                    (Some(object), Some(index)) => ExpressionKind::Index {
                        object: Box::new(object),
                        index: Box::new(index),
                    },
                    (object, index) => {
                        ExpressionKind::Unknown(object.into_iter().chain(index).collect())
                    }
                }
            }
            "member_access_expression"
            | "nullsafe_member_access_expression"
            | "scoped_property_access_expression"
            | "class_constant_access_expression" => {
                return self.access(node);
            }
            "function_call_expression" => {
                let function = match node.child_by_field_name("function") {
                    Some(function)
                        if matches!(
                            function.kind(),
                            "name" | "qualified_name" | "relative_name"
                        ) =>
                    {
                        name(span(function), &function_name(self.to.text(function)))
                    }
                    Some(function) => self.expression(function),
                    None => Expression::unknown(at, Vec::new()),
                };
                return self.called(node, function);
            }
            "member_call_expression"
            | "nullsafe_member_call_expression"
            | "scoped_call_expression" => {
                let function = self.access(node);
                return self.called(node, function);
            }
            "object_creation_expression" => return self.creation(node),
            "anonymous_function" | "anonymous_function_creation_expression" | "arrow_function" => {
                ExpressionKind::Function(Rc::new(self.function(node, false)))
            }
            "print_intrinsic" => {
                let given = self.parts(node);
                return call(at, name(at, "print"), given);
            }
            "throw_expression" | "yield_expression" => ExpressionKind::Unknown(self.parts(node)),
            "include_expression"
            | "include_once_expression"
            | "require_expression"
            | "require_once_expression" => {
                let file = self.parts(node);
                return call(at, name(at, "include"), file);
            }
            "match_expression" => return self.matched(node),
            "dynamic_variable_name" => {
                let inner = self.parts(node);
                ExpressionKind::Unknown(inner)
            }
            _ => {
                if node.is_error() {
                    self.to.hole(node);
                }
                ExpressionKind::Unknown(self.parts(node))
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

    fn assignee(&mut self, node: Node<'n>) -> Pattern {
        match node.child_by_field_name("left") {
            Some(left) => self.target(left),
            None => Pattern::List(Vec::new()),
        }
    }

    /// `self`, `static` and `parent` by the class around them.
    fn scope(&self, text: &str) -> String {
        match (self.classes.last(), text) {
            (Some((_, Some(base))), "parent") => base.clone(),
            (Some((own, _)), _) => own.clone(),
            (None, _) => text.to_owned(),
        }
    }

    fn access(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let mut inner = children(node).into_iter();
        let object = node
            .child_by_field_name("object")
            .or_else(|| node.child_by_field_name("scope"));
        let (object, own) = match object {
            Some(object) => (Some(object), node.child_by_field_name("name")),
            None => (inner.next(), inner.next()),
        };
        let object = match object {
            Some(object) => self.expression(object),
            None => Expression::unknown(at, Vec::new()),
        };
        match own {
            Some(own) if own.kind() == "name" => {
                let text = self.to.text(own);
                if node.kind().ends_with("call_expression") {
                    return member(at, object, &text.to_lowercase());
                }
                member(at, object, text)
            }
            Some(own)
                if own.kind() == "variable_name" && node.kind().starts_with("scoped_property") =>
            {
                let text = self.to.text(own).trim_start_matches('$').to_owned();
                member(at, object, &text)
            }
            Some(own) => {
                let index = Box::new(self.expression(own));
                let object = Box::new(object);
                Expression::new(at, ExpressionKind::Index { object, index })
            }
            None => object,
        }
    }

    fn called(&mut self, node: Node<'n>, function: Expression) -> Expression {
        let at = span(node);
        let given = node.child_by_field_name("arguments");
        let arguments = self.arguments(given);
        let function = Box::new(function);
        Expression::new(
            at,
            ExpressionKind::Call {
                function,
                arguments,
            },
        )
    }

    fn arguments(&mut self, node: Option<Node<'n>>) -> Vec<Argument> {
        let mut found = Vec::new();
        for argument in node.map(children).unwrap_or_default() {
            let label = argument.child_by_field_name("name");
            let own = label.map(|label| self.to.text(label).to_owned());
            let value = children(argument)
                .into_iter()
                .rfind(|child| Some(child.id()) != label.map(|label| label.id()));
            let Some(value) = value else { continue };
            let argument = match (value.kind(), own) {
                ("variadic_placeholder", _) => continue,
                ("variadic_unpacking", _) => Argument {
                    value: self.only(value),
                    kind: ArgumentKind::Spread,
                },
                (_, Some(own)) => Argument {
                    value: self.expression(value),
                    kind: ArgumentKind::Keyword(own),
                },
                _ => Argument {
                    value: self.expression(value),
                    kind: ArgumentKind::Positional,
                },
            };
            found.push(argument);
        }
        found
    }

    fn creation(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let mut class = None;
        let mut given = None;
        for child in children(node) {
            match child.kind() {
                "arguments" => given = Some(child),
                "declaration_list" | "anonymous_class" => {
                    let made = self.class(if child.kind() == "anonymous_class" {
                        child
                    } else {
                        node
                    });
                    class = Some(Expression::new(at, ExpressionKind::Class(Rc::new(made))));
                }
                _ if class.is_none() => class = Some(self.expression(child)),
                _ => {}
            }
        }
        let class = class.unwrap_or_else(|| Expression::unknown(at, Vec::new()));
        let arguments = self.arguments(given);
        Expression::new(
            at,
            ExpressionKind::Call {
                function: Box::new(class),
                arguments,
            },
        )
    }

    fn array(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let elements = children(node);
        let keyed = elements.iter().any(|element| {
            element.kind() == "array_element_initializer" && children(*element).len() > 1
        });
        let mut items = Vec::new();
        let mut pairs = Vec::new();
        for element in elements {
            let inner = if element.kind() == "array_element_initializer" {
                children(element)
            } else {
                vec![element]
            };
            match inner.as_slice() {
                [key, value] => {
                    let key = self.expression(*key);
                    let value = self.expression(*value);
                    pairs.push((Some(key), value));
                }
                [spread] if spread.kind() == "variadic_unpacking" => {
                    let value = self.only(*spread);
                    if keyed {
                        pairs.push((None, value));
                    } else {
                        items.push(Expression::new(at, ExpressionKind::Spread(Box::new(value))));
                    }
                }
                [value] if keyed => {
                    let index = Expression::new(at, ExpressionKind::Text(pairs.len().to_string()));
                    let value = self.expression(*value);
                    pairs.push((Some(index), value));
                }
                [value] => items.push(self.expression(*value)),
                _ => {}
            }
        }
        let kind = if keyed {
            ExpressionKind::Map(pairs)
        } else {
            ExpressionKind::List(items)
        };
        Expression::new(at, kind)
    }

    fn matched(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let mut parts = vec![self.field(node, "condition")];
        let mut ways: Vec<Expression> = Vec::new();
        if let Some(body) = node.child_by_field_name("body") {
            for arm in children(body) {
                if let Some(conditions) = arm.child_by_field_name("conditional_expressions") {
                    parts.extend(self.parts(conditions));
                }
                ways.push(self.field(arm, "return_expression"));
            }
        }
        // One of them is taken.
        let way = ways.into_iter().reduce(|otherwise, then| {
            Expression::new(
                at,
                ExpressionKind::Conditional {
                    condition: Box::new(Expression::unknown(at, Vec::new())),
                    then: Box::new(then),
                    otherwise: Box::new(otherwise),
                },
            )
        });
        let mut statements: Vec<Statement> = parts.into_iter().map(Statement::from).collect();
        statements.extend(way.map(Statement::from));
        Expression::new(at, ExpressionKind::Block(statements))
    }

    fn binary(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let sign = self.to.field(node, "operator").unwrap_or_default();
        let left = self.field(node, "left");
        let right = self.field(node, "right");
        match operator_of(&sign.to_lowercase()) {
            Some(Operator::Add) => {
                let negative = Expression::new(at, ExpressionKind::Negative(Box::new(right)));
                let operands = vec![left, negative];
                let operator = Operator::Subtract;
                Expression::new(at, ExpressionKind::Binary { operator, operands })
            }
            Some(operator) => {
                let operands = match left.kind {
                    // Long chains are not deep.
                    ExpressionKind::Binary {
                        operator: inner,
                        operands,
                    } if inner == operator && operator == Operator::Concatenate => {
                        operands.into_iter().chain([right]).collect()
                    }
                    kind => vec![Expression::new(left.span, kind), right],
                };
                Expression::new(at, ExpressionKind::Binary { operator, operands })
            }
            None => Expression::unknown(at, vec![left, right]),
        }
    }

    fn template(&mut self, node: Node<'n>, quote: char) -> Expression {
        let at = span(node);
        let mut parts: Vec<Expression> = Vec::new();
        let mut text = String::new();
        for part in children(node) {
            match part.kind() {
                "string_content" => text.push_str(self.to.text(part)),
                "escape_sequence" => text.push_str(&escape(self.to.text(part), quote)),
                _ => {
                    if !text.is_empty() {
                        let known = ExpressionKind::Text(std::mem::take(&mut text));
                        parts.push(Expression::new(at, known));
                    }
                    parts.push(self.expression(part));
                }
            }
        }
        if parts.is_empty() {
            return Expression::new(at, ExpressionKind::Text(text));
        }
        if !text.is_empty() {
            parts.push(Expression::new(at, ExpressionKind::Text(text)));
        }
        Expression::new(at, ExpressionKind::Template(parts))
    }
}

fn name(at: Span, text: &str) -> Expression {
    Expression::new(at, ExpressionKind::Name(text.to_owned()))
}

fn member(at: Span, object: Expression, text: &str) -> Expression {
    let (object, name) = (Box::new(object), text.to_owned());
    Expression::new(at, ExpressionKind::Member { object, name })
}

fn call(at: Span, function: Expression, given: Vec<Expression>) -> Expression {
    let arguments = given.into_iter().map(|value| Argument {
        value,
        kind: ArgumentKind::Positional,
    });
    let arguments = arguments.collect();
    let function = Box::new(function);
    Expression::new(
        at,
        ExpressionKind::Call {
            function,
            arguments,
        },
    )
}

fn assign(at: Span, target: Pattern, operator: Option<Operator>, value: Expression) -> Expression {
    Expression::new(
        at,
        ExpressionKind::Assign {
            target: Box::new(target),
            binding: Binding::Function,
            operator,
            value: Box::new(value),
        },
    )
}

/// A function by its bare name, which has no case: `\Unlink` is `unlink`.
fn function_name(text: &str) -> String {
    text.rsplit('\\').next().unwrap_or(text).to_lowercase()
}

/// A class or constant by its path: `\GuzzleHttp\Client` is `GuzzleHttp.Client`.
fn class_name(text: &str) -> String {
    let path = text.trim_start_matches('\\');
    path.replace('\\', ".")
}

fn operator_of(sign: &str) -> Option<Operator> {
    Some(match sign {
        "." => Operator::Concatenate,
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "**" => Operator::Power,
        "&&" | "and" => Operator::And,
        "||" | "or" => Operator::Or,
        "??" => Operator::Coalesce,
        "==" | "===" => Operator::Equal,
        "!=" | "!==" | "<>" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "&" => Operator::BitAnd,
        "|" => Operator::BitOr,
        "<<" => Operator::ShiftLeft,
        ">>" => Operator::ShiftRight,
        _ => return None,
    })
}

fn number(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|letter| *letter != '_').collect();
    let radix = |from: usize, radix: u32| i64::from_str_radix(plain.get(from..)?, radix).ok();
    let whole = match plain.get(..2) {
        Some("0x" | "0X") => radix(2, 16),
        Some("0b" | "0B") => radix(2, 2),
        Some("0o" | "0O") => radix(2, 8),
        _ if plain.len() > 1 && plain.starts_with('0') && !plain.contains('.') => radix(1, 8),
        _ => return plain.parse().ok(),
    };
    #[allow(clippy::cast_precision_loss, reason = "numbers of programs are small")]
    whole.map(|whole| whole as f64)
}

/// In single quotes a backslash escapes itself and the quote.
fn unquoted(source: &str) -> String {
    match source {
        "\\\\" => "\\".to_owned(),
        "\\'" => "'".to_owned(),
        other => other.to_owned(),
    }
}

/// What an escape stands for in a text between these quotes; any other stays as it is.
fn escape(source: &str, quote: char) -> String {
    let inner = source.strip_prefix('\\').unwrap_or(source);
    let code = |digits: &str, radix: u32| {
        u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
            .map(String::from)
    };
    let read = match inner.chars().next() {
        Some('n') => Some("\n".to_owned()),
        Some('t') => Some("\t".to_owned()),
        Some('r') => Some("\r".to_owned()),
        Some('v') => Some("\u{b}".to_owned()),
        Some('e') => Some("\u{1b}".to_owned()),
        Some('f') => Some("\u{c}".to_owned()),
        Some('x') => code(inner.get(1..).unwrap_or_default(), 16),
        Some('u') => code(inner.trim_matches(['u', '{', '}']), 16),
        Some('0'..='7') => code(inner, 8),
        Some(letter @ ('\\' | '$')) => Some(letter.to_string()),
        Some(letter) if letter == quote => Some(letter.to_string()),
        _ => None,
    };
    read.unwrap_or_else(|| source.to_owned())
}
