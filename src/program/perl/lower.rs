//! Perl.
//!
//! Owns what Perl's forms mean: a name keeps its sigil (`$x`, `@x` and `%x` are three variables),
//! a list in a list is spread, a call without arguments is often about `$_`, and a call of a
//! method goes to the function of that name, wherever it is.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tree_sitter::Node;

use crate::location::Span;
use crate::program::syntax::{self, Lowering, children, span};
use crate::program::texts;
use crate::program::tree::{
    Argument, ArgumentKind, Binding, Expression, ExpressionKind, Function, Import, Imported,
    Operator, Parameter, ParameterKind, Pattern, Program, Role, Statement, StatementKind,
};

/// Functions that are about `$_` when they get nothing.
const ABOUT_TOPIC: &[&str] = &[
    "chomp",
    "chr",
    "eval",
    "evalbytes",
    "glob",
    "hex",
    "lc",
    "lcfirst",
    "length",
    "oct",
    "ord",
    "pos",
    "quotemeta",
    "readlink",
    "rmdir",
    "uc",
    "ucfirst",
    "unlink",
];

/// Functions that give lists.
const GIVE_LISTS: &[&str] = &[
    "glob", "keys", "map", "readdir", "reverse", "sort", "split", "splice", "values", "bsd_glob",
    "uniq",
];

pub(super) fn parse(text: &str) -> Program {
    // Within a here-document the grammar's scanner looks for the end of a line past the end of the
    // text, for ever.
    let ended = format!("{text}\n");
    syntax::read(
        &ended,
        &[|| ts_parser_perl::LANGUAGE.into()],
        |lowering, root| {
            let mut bodies = Vec::new();
            let mut beginnings = Vec::new();
            let mut functions = BTreeSet::new();
            syntax::each(root, &mut |node| match node.kind() {
                "heredoc_content" => bodies.push(node),
                "heredoc_token" | "command_heredoc_token" => beginnings.push(node.start_byte()),
                "subroutine_declaration_statement" | "method_declaration_statement" => {
                    functions.extend(lowering.field(node, "name").map(str::to_owned));
                }
                _ => {}
            });
            let mut perl = Perl {
                to: lowering,
                heredocs: beginnings.into_iter().zip(bodies).collect(),
                functions,
                subroutines: 0,
            };
            perl.statements(root)
        },
    )
}

struct Perl<'l, 't, 'n> {
    to: &'l mut Lowering<'t>,
    /// The body of each here-document, by where its beginning stands.
    heredocs: BTreeMap<usize, Node<'n>>,
    /// The subroutines of the text.
    functions: BTreeSet<String>,
    /// How many of them are open.
    subroutines: usize,
}

impl<'n> Perl<'_, '_, 'n> {
    fn statements(&mut self, node: Node<'n>) -> Vec<Statement> {
        children(node)
            .into_iter()
            .flat_map(|child| self.statement(child))
            .collect()
    }

    fn block(&mut self, node: Node<'n>, field: &str) -> Vec<Statement> {
        let block = node.child_by_field_name(field);
        block
            .map(|block| self.statements(block))
            .unwrap_or_default()
    }

    fn field(&mut self, node: Node<'n>, name: &str) -> Expression {
        match node.child_by_field_name(name).filter(Node::is_named) {
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
            "heredoc_content"
            | "eof_marker"
            | "data_section"
            | "pod"
            | "comment"
            | "package_statement"
            | "use_version_statement"
            | "format_statement"
            | "identifier" => {
                return Vec::new();
            }
            "expression_statement" => {
                return children(node)
                    .into_iter()
                    .flat_map(|child| self.statement(child))
                    .collect();
            }
            "statement_label" => {
                let inner = node.child_by_field_name("statement");
                return inner.map(|inner| self.statement(inner)).unwrap_or_default();
            }
            "block_statement"
            | "phaser_statement"
            | "class_statement"
            | "role_statement"
            | "defer_statement"
            | "class_phaser_statement" => {
                let blocks = children(node);
                let blocks = blocks.into_iter().filter(|child| child.kind() == "block");
                StatementKind::Block(blocks.flat_map(|block| self.statements(block)).collect())
            }
            "block" => StatementKind::Block(self.statements(node)),
            "use_statement" => return self.used(node),
            "subroutine_declaration_statement" | "method_declaration_statement" => {
                StatementKind::Function(Rc::new(self.subroutine(node)))
            }
            "conditional_statement" | "elsif" => {
                let condition = self.field(node, "condition");
                let unless = self.to.text(node).starts_with("unless");
                let then = self.block(node, "block");
                let rest = children(node)
                    .into_iter()
                    .find(|child| matches!(child.kind(), "elsif" | "else"));
                let otherwise = match rest {
                    Some(rest) if rest.kind() == "else" => self.block(rest, "block"),
                    Some(rest) => self.statement(rest),
                    None => Vec::new(),
                };
                StatementKind::Branch {
                    condition: negated(condition, unless),
                    then,
                    otherwise,
                }
            }
            "postfix_conditional_expression" => {
                let condition = self.field(node, "condition");
                let unless = self.keyword(node, "unless");
                StatementKind::Branch {
                    condition: negated(condition, unless),
                    then: self.first(node),
                    otherwise: Vec::new(),
                }
            }
            "loop_statement" => {
                let condition = self.field(node, "condition");
                let until = self.to.text(node).starts_with("until");
                let mut body = self.block(node, "block");
                body.extend(self.block(node, "continue"));
                let body = self.with_topic(node, body);
                StatementKind::While {
                    condition: negated(condition, until),
                    update: Vec::new(),
                    body,
                    first: false,
                }
            }
            "postfix_loop_expression" => {
                let condition = self.field(node, "condition");
                let until = self.keyword(node, "until");
                let first = children(node).into_iter().next();
                let first = first.is_some_and(|first| first.kind() == "do_expression");
                StatementKind::While {
                    condition: negated(condition, until),
                    update: Vec::new(),
                    body: self.first(node),
                    first,
                }
            }
            "for_statement" | "postfix_for_expression" => {
                let over = node.child_by_field_name("list");
                let over = over.map(|over| self.list(over)).unwrap_or_default();
                let variable = node.child_by_field_name("variable");
                let target = match variable {
                    Some(variable) => self.target(variable),
                    None => Pattern::target(name(at, "$_")),
                };
                let body = if node.kind() == "for_statement" {
                    self.block(node, "block")
                } else {
                    self.first(node)
                };
                StatementKind::For {
                    target,
                    binding: Binding::Block,
                    over: Expression::new(at, ExpressionKind::List(over)),
                    keys: false,
                    body,
                }
            }
            "cstyle_for_statement" => {
                let start = node
                    .child_by_field_name("initialiser")
                    .filter(Node::is_named);
                let start = start.map(|start| self.expression(start));
                let condition = self.field(node, "condition");
                let update = node.child_by_field_name("iterator").filter(Node::is_named);
                let update = update.map(|update| self.expression(update));
                let body = self.block(node, "block");
                let repeat = Statement::new(
                    at,
                    StatementKind::While {
                        condition,
                        update: update.into_iter().collect(),
                        body,
                        first: false,
                    },
                );
                let start = start.into_iter().map(Statement::from);
                StatementKind::Block(start.chain([repeat]).collect())
            }
            "try_statement" => {
                let handler = self.block(node, "catch_block");
                StatementKind::Try {
                    body: self.block(node, "try_block"),
                    handlers: vec![(None, handler)],
                    finally: self.block(node, "finally_block"),
                }
            }
            "return_expression" => {
                let value = children(node).into_iter().next();
                StatementKind::Return(value.map(|value| self.expression(value)))
            }
            "loopex_expression" => match self.to.field(node, "loopex") {
                Some("last") => StatementKind::Break,
                _ => StatementKind::Continue,
            },
            _ => return vec![self.expression(node).into()],
        };
        vec![Statement::new(at, kind)]
    }

    /// `while (<>)` sets `$_`, and so does whatever the body reads.
    fn with_topic(&mut self, node: Node<'n>, body: Vec<Statement>) -> Vec<Statement> {
        let reads = node
            .child_by_field_name("condition")
            .is_some_and(|condition| condition.kind() == "readline_expression");
        if !reads {
            return body;
        }
        let at = span(node);
        let line = Expression::unknown(at, Vec::new());
        let topic = assign(at, name(at, "$_"), Binding::Nearest, None, line);
        std::iter::once(topic.into()).chain(body).collect()
    }

    /// Whether this keyword stands between the children.
    fn keyword(&self, node: Node<'n>, word: &str) -> bool {
        let mut cursor = node.walk();
        node.children(&mut cursor)
            .any(|child| !child.is_named() && self.to.text(child) == word)
    }

    fn first(&mut self, node: Node<'n>) -> Vec<Statement> {
        let first = children(node).into_iter().next();
        first.map(|first| self.statement(first)).unwrap_or_default()
    }

    /// `use constant NAME => value`.
    fn used(&mut self, node: Node<'n>) -> Vec<Statement> {
        let at = span(node);
        match self.to.field(node, "module") {
            Some("constant") => {}
            Some(module) if module.starts_with(char::is_alphabetic) => {
                let import = Import {
                    module: format!("{}.pm", module.replace("::", "/")),
                    names: Imported::All,
                };
                return vec![Statement::new(at, StatementKind::Import(import))];
            }
            _ => return Vec::new(),
        }
        let given: Vec<Node<'n>> = children(node).into_iter().skip(1).collect();
        let mut values: Vec<Expression> =
            given.into_iter().flat_map(|node| self.list(node)).collect();
        if let [
            Expression {
                kind: ExpressionKind::Map(pairs),
                ..
            },
        ] = values.as_mut_slice()
        {
            values = std::mem::take(pairs)
                .into_iter()
                .flat_map(|(key, value)| key.into_iter().chain([value]))
                .collect();
        }
        let mut found = Vec::new();
        let mut values = values.into_iter();
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            if let ExpressionKind::Text(constant) = key.kind {
                let target = name(at, &constant);
                found.push(assign(at, target, Binding::Nearest, None, value).into());
            }
        }
        found
    }

    fn subroutine(&mut self, node: Node<'n>) -> Function {
        let at = span(node);
        self.subroutines += 1;
        let mut body = self.block(node, "body");
        self.subroutines -= 1;
        let signature = children(node)
            .into_iter()
            .find(|child| child.kind() == "signature");
        if let Some(signature) = signature {
            let targets = children(signature)
                .into_iter()
                .filter_map(|parameter| {
                    let mut variable = None;
                    syntax::each(parameter, &mut |node| {
                        if variable.is_none() && matches!(node.kind(), "scalar" | "array" | "hash")
                        {
                            variable = Some(node);
                        }
                    });
                    variable
                })
                .map(|variable| self.target(variable))
                .collect();
            let given = name(at, "@_");
            let bound = ExpressionKind::Assign {
                target: Box::new(Pattern::List(targets)),
                binding: Binding::Block,
                operator: None,
                value: Box::new(given),
            };
            body.insert(0, Expression::new(at, bound).into());
        }
        Function {
            name: self.to.field(node, "name").map(str::to_owned),
            parameters: vec![Parameter {
                pattern: Pattern::target(name(at, "@_")),
                name: None,
                default: None,
                kind: ParameterKind::Rest,
            }],
            body,
            decorators: Vec::new(),
            closed: false,
            detached: false,
            role: Role::Plain,
            implicit_return: true,
            span: at,
        }
    }

    fn target(&mut self, node: Node<'n>) -> Pattern {
        match node.kind() {
            "variable_declaration" => {
                let variables = syntax::fields(node, "variables");
                match node.child_by_field_name("variable") {
                    Some(variable) => self.target(variable),
                    None => Pattern::List(
                        variables
                            .into_iter()
                            .map(|variable| self.target(variable))
                            .collect(),
                    ),
                }
            }
            "localization_expression" => match children(node).into_iter().next() {
                Some(inner) => self.target(inner),
                None => Pattern::List(Vec::new()),
            },
            "parenthesized_expression" | "list_expression" | "variable_group" => {
                let parts: Vec<Node<'n>> = children(node);
                let parts = parts.into_iter().flat_map(|part| match part.kind() {
                    "list_expression" => children(part),
                    _ => vec![part],
                });
                let parts: Vec<Node<'n>> = parts.collect();
                Pattern::List(
                    parts
                        .into_iter()
                        .map(|part| match part.kind() {
                            "array" | "hash" => Pattern::Rest(Box::new(self.target(part))),
                            _ => self.target(part),
                        })
                        .collect(),
                )
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
            "string_literal" => {
                let content = within(node).and_then(|(from, to)| self.to.text.get(from..to));
                ExpressionKind::Text(texts::unquoted(content.unwrap_or_default()))
            }
            "interpolated_string_literal" => return self.quoted(node),
            "command_string" => ExpressionKind::Command(Box::new(self.quoted(node))),
            "heredoc_token" | "command_heredoc_token" => return self.heredoc(node),
            "quoted_word_list" => {
                let words = self.to.field(node, "content").unwrap_or_default();
                let words = words
                    .split_whitespace()
                    .map(|word| Expression::new(at, ExpressionKind::Text(word.to_owned())));
                ExpressionKind::List(words.collect())
            }
            "autoquoted_bareword" => ExpressionKind::Text(text.to_owned()),
            "number" => match texts::number(text) {
                Some(number) => ExpressionKind::Number(number),
                None => ExpressionKind::Unknown(Vec::new()),
            },
            "boolean" => ExpressionKind::Boolean(text == "true"),
            "undef_expression" => ExpressionKind::Null,
            "scalar" | "array" | "hash" | "glob" => return self.variable(node),
            "scalar_deref_expression"
            | "array_deref_expression"
            | "hash_deref_expression"
            | "block" => return self.only(node),
            "array_element_expression" | "hash_element_expression" => self.element(node),
            "bareword" => ExpressionKind::Name(plain_name(text).to_owned()),
            // A function without arguments.
            "function" => return self.named_call(at, text, Vec::new()),
            "func0op_call_expression" => {
                let name = self.to.field(node, "function").unwrap_or_default();
                return call(at, name_of(at, name), Vec::new());
            }
            "func1op_call_expression" => {
                let name = self.to.field(node, "function").unwrap_or_default();
                let arguments = children(node);
                let arguments = arguments.into_iter().filter(|child| {
                    Some(child.id()) != node.child_by_field_name("function").map(|node| node.id())
                });
                let arguments: Vec<Expression> =
                    arguments.flat_map(|argument| self.list(argument)).collect();
                return self.unary_call(at, name, arguments);
            }
            "function_call_expression" | "ambiguous_function_call_expression" => {
                return self.call(node);
            }
            "coderef_call_expression" => {
                let function = self.only(node);
                let arguments = node.child_by_field_name("arguments");
                let arguments = arguments.map(|node| self.list(node)).unwrap_or_default();
                return call(at, function, arguments);
            }
            "method_call_expression" => return self.method_call(node),
            "anonymous_subroutine_expression" | "anonymous_method_expression" => {
                ExpressionKind::Function(Rc::new(self.subroutine(node)))
            }
            "anonymous_array_expression" => {
                let parts = children(node);
                ExpressionKind::List(parts.into_iter().flat_map(|part| self.list(part)).collect())
            }
            "anonymous_hash_expression" => {
                let parts = children(node);
                let parts = parts.into_iter().flat_map(|part| self.list(part)).collect();
                ExpressionKind::Map(pairs(parts))
            }
            "parenthesized_expression" | "list_expression" => {
                let mut values = self.list(node);
                if values.len() == 1
                    && let Some(only) = values.pop()
                {
                    return match only.kind {
                        ExpressionKind::Spread(inner) => *inner,
                        kind => Expression::new(only.span, kind),
                    };
                }
                ExpressionKind::List(values)
            }
            "refgen_expression" => return self.only(node),
            "eval_expression" => return self.eval(node),
            "do_expression" => match children(node).into_iter().next() {
                Some(block) if block.kind() == "block" => {
                    ExpressionKind::Block(self.statements(block))
                }
                Some(file) => ExpressionKind::Unknown(vec![self.expression(file)]),
                None => ExpressionKind::Null,
            },
            "map_grep_expression" => return self.map_or_grep(node),
            "sort_expression" => {
                let values = node.child_by_field_name("list");
                let values = values.map(|list| self.list(list)).unwrap_or_default();
                // In another order they are still the same values.
                ExpressionKind::List(values)
            }
            "fileglob_expression" => {
                let content = node.child_by_field_name("content");
                let pattern = content.map(|content| self.template(content));
                let pattern: Vec<Expression> = pattern.into_iter().collect();
                return call(at, name(at, "glob"), pattern);
            }
            "assignment_expression" => return self.assignment(node),
            "variable_declaration" | "localization_expression" => return self.declared(node),
            "conditional_expression" => ExpressionKind::Conditional {
                condition: Box::new(self.field(node, "condition")),
                then: Box::new(self.field(node, "consequent")),
                otherwise: Box::new(self.field(node, "alternative")),
            },
            "binary_expression"
            | "equality_expression"
            | "relational_expression"
            | "lowprec_logical_expression" => return self.binary(node),
            "logical_not_expression" => ExpressionKind::Not(Box::new(self.field(node, "operand"))),
            "unary_expression" => {
                let operand = Box::new(self.field(node, "operand"));
                match self.to.field(node, "operator") {
                    Some("!") => ExpressionKind::Not(operand),
                    Some("-") => ExpressionKind::Negative(operand),
                    Some("+" | "\\") => return *operand,
                    _ => ExpressionKind::Unknown(vec![*operand]),
                }
            }
            "preinc_expression" | "postinc_expression" => {
                let operand = self.field(node, "operand");
                let value = Expression::unknown(at, vec![operand.clone()]);
                return assign(at, operand, Binding::Nearest, None, value);
            }
            "substitution_regexp" => {
                let topic = name(at, "$_");
                return self.substitution(node, topic);
            }
            "transliteration_expression" => {
                let topic = name(at, "$_");
                let value = Expression::unknown(at, Vec::new());
                return assign(at, topic, Binding::Nearest, None, value);
            }
            "postfix_conditional_expression"
            | "postfix_loop_expression"
            | "postfix_for_expression"
            | "return_expression"
            | "loopex_expression"
            | "conditional_statement" => ExpressionKind::Block(self.statement(node)),
            "readline_expression" | "filehandle" | "match_regexp" | "quoted_regexp" => {
                let mut parts = Vec::new();
                for child in children(node) {
                    if matches!(child.kind(), "regexp_content") {
                        parts.push(self.template(child));
                    }
                }
                ExpressionKind::Unknown(parts)
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
        let Some(inner) = children(node).into_iter().next() else {
            return Expression::unknown(span(node), Vec::new());
        };
        if inner.kind() == "block" || inner.kind() == "expression_statement" {
            return self.only(inner);
        }
        if inner.kind() == "function" {
            // `\&name`.
            let text = self.to.text(inner).trim_start_matches('&').to_owned();
            return name_of(span(inner), &text);
        }
        self.expression(inner)
    }

    /// `$x`, `@x`, or what `${…}` and `@{…}` lead to.
    fn variable(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let text = self.to.text(node);
        let Some(varname) = children(node).into_iter().next() else {
            return name(at, text);
        };
        if let Some(inner) = children(varname).into_iter().next() {
            return match inner.kind() {
                "block" => self.only(inner),
                _ => self.expression(inner),
            };
        }
        if varname.kind() == "block" {
            return self.only(varname);
        }
        let sigil = text.get(..1).unwrap_or("$");
        let bare = self.to.text(varname).trim_matches(['{', '}', ' ']);
        name(at, &format!("{sigil}{bare}"))
    }

    fn element(&mut self, node: Node<'n>) -> ExpressionKind {
        let (container, sigil, key) = if node.kind() == "array_element_expression" {
            ("array", '@', "index")
        } else {
            ("hash", '%', "key")
        };
        let index = Box::new(self.field(node, key));
        let object = match node.child_by_field_name(container) {
            Some(container) => {
                let bare = self.to.text(container);
                let inner = children(container).into_iter().next();
                let inner = inner.and_then(|varname| children(varname).into_iter().next());
                match inner {
                    // `$$r[0]`.
                    Some(inner) => self.expression(inner),
                    None => {
                        let bare = bare.trim_start_matches(['$', '{']).trim_end_matches('}');
                        name(span(container), &format!("{sigil}{bare}"))
                    }
                }
            }
            None => self.only(node),
        };
        ExpressionKind::Index {
            object: Box::new(object),
            index,
        }
    }

    /// The values of a list: what is a list in it is spread.
    fn list(&mut self, node: Node<'n>) -> Vec<Expression> {
        match node.kind() {
            "list_expression" | "parenthesized_expression" | "sequence_expression" => {
                let parts = children(node);
                parts.into_iter().flat_map(|part| self.list(part)).collect()
            }
            _ => {
                let value = self.expression(node);
                vec![if gives_list(&value) {
                    Expression::new(value.span, ExpressionKind::Spread(Box::new(value)))
                } else {
                    value
                }]
            }
        }
    }

    fn call(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let function = node.child_by_field_name("function");
        let arguments = node.child_by_field_name("arguments");
        let mut arguments = arguments.map(|node| self.list(node)).unwrap_or_default();
        let Some(function) = function else {
            return Expression::unknown(at, arguments);
        };
        let object = children(node)
            .into_iter()
            .find(|child| child.kind() == "indirect_object");
        if let Some(object) = object {
            let inner = self.only(object);
            let text = self.to.text(function);
            if matches!(text, "system" | "exec") {
                // `system { PROGRAM } ARGV`: the list begins with what the program calls itself.
                if !arguments.is_empty() {
                    arguments.remove(0);
                }
                arguments.insert(0, inner);
                arguments.push(Expression::new(at, ExpressionKind::List(Vec::new())));
                return call(at, name(at, &format!("{text} program")), arguments);
            }
            arguments.insert(0, inner);
            return Expression::unknown(at, arguments);
        }
        let inner = children(function).into_iter().next();
        match inner.filter(|inner| inner.kind() == "varname") {
            // `&name(…)`, `&$f(…)`, `&{…}(…)`.
            Some(varname) => match children(varname).into_iter().next() {
                Some(inner) => {
                    let called = self.expression(inner);
                    call(at, called, arguments)
                }
                None => {
                    let text = self.to.text(varname).to_owned();
                    call(at, name_of(at, &text), arguments)
                }
            },
            None => match inner {
                Some(inner) => {
                    let called = self.only(inner);
                    call(at, called, arguments)
                }
                None => {
                    let text = self.to.text(function).to_owned();
                    self.named_call(at, &text, arguments)
                }
            },
        }
    }

    fn unary_call(&mut self, at: Span, text: &str, mut arguments: Vec<Expression>) -> Expression {
        match text {
            "shift" | "pop" => {
                let list = match arguments.pop().map(|list| (list.span, list.kind)) {
                    Some((_, ExpressionKind::Spread(inner))) => *inner,
                    Some((at, kind)) => Expression::new(at, kind),
                    None if self.subroutines > 0 => name(at, "@_"),
                    None => name(at, "@ARGV"),
                };
                let object = Box::new(list);
                let method = Expression::new(
                    at,
                    ExpressionKind::Member {
                        object,
                        name: text.to_owned(),
                    },
                );
                return call(at, method, Vec::new());
            }
            "chomp" | "chop" | "defined" | "scalar" | "ref" | "exists" | "delete" | "undef" => {
                return Expression::unknown(at, arguments);
            }
            _ if text.starts_with('-') => return Expression::unknown(at, arguments),
            _ => {}
        }
        self.named_call(at, text, arguments)
    }

    fn named_call(&mut self, at: Span, text: &str, mut arguments: Vec<Expression>) -> Expression {
        let bare = plain_name(text);
        if arguments.is_empty() && ABOUT_TOPIC.contains(&bare) {
            arguments.push(name(at, "$_"));
        }
        if matches!(bare, "push" | "unshift") && arguments.len() > 1 {
            let list = match arguments.remove(0) {
                Expression {
                    kind: ExpressionKind::Spread(inner),
                    ..
                } => inner,
                other => Box::new(other),
            };
            let method = ExpressionKind::Member {
                object: list,
                name: bare.to_owned(),
            };
            return call(at, Expression::new(at, method), arguments);
        }
        if bare == "open" && arguments.len() == 2 {
            let mode = arguments
                .get_mut(1)
                .and_then(leading_text)
                .and_then(|text| {
                    let rest = text.trim_start();
                    let mode = [">>", "+>", ">"]
                        .iter()
                        .find(|mode| rest.starts_with(**mode))?;
                    let path = rest.get(mode.len()..).unwrap_or_default().trim_start();
                    *text = path.trim_end_matches('\n').to_owned();
                    Some((*mode).to_owned())
                });
            if let Some(mode) = mode {
                arguments.insert(1, Expression::new(at, ExpressionKind::Text(mode)));
                return call(at, name(at, "open"), arguments);
            }
            arguments.remove(0);
            return call(at, name(at, "open two"), arguments);
        }
        call(at, name_of(at, text), arguments)
    }

    fn method_call(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let invocant = self.field(node, "invocant");
        let arguments = node.child_by_field_name("arguments");
        let mut arguments = arguments.map(|node| self.list(node)).unwrap_or_default();
        let method = node.child_by_field_name("method");
        let dynamic = method.and_then(|method| children(method).into_iter().next());
        if let Some(dynamic) = dynamic {
            let function = self.expression(dynamic);
            arguments.insert(0, invocant);
            return call(at, function, arguments);
        }
        let text = method.map_or("", |method| self.to.text(method));
        if self.functions.contains(text) {
            arguments.insert(0, invocant);
            return call(at, name(at, text), arguments);
        }
        let object = Box::new(invocant);
        let member = ExpressionKind::Member {
            object,
            name: text.to_owned(),
        };
        call(at, Expression::new(at, member), arguments)
    }

    /// `eval TEXT` runs the text, `eval { … }` catches, `do FILE` runs a file.
    fn eval(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let Some(inner) = children(node).into_iter().next() else {
            return call(at, name(at, "eval"), vec![name(at, "$_")]);
        };
        match inner.kind() {
            "block" => {
                let body = self.statements(inner);
                let caught = Statement::new(
                    at,
                    StatementKind::Try {
                        body,
                        handlers: vec![(None, Vec::new())],
                        finally: Vec::new(),
                    },
                );
                Expression::new(at, ExpressionKind::Block(vec![caught]))
            }
            "filename" => {
                let file = self.only(inner);
                call(at, name(at, "do"), vec![file])
            }
            _ => {
                let text = self.expression(inner);
                call(at, name(at, "eval"), vec![text])
            }
        }
    }

    fn map_or_grep(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let over = node.child_by_field_name("list");
        let over = over.map(|list| self.list(list)).unwrap_or_default();
        let over = Box::new(Expression::new(at, ExpressionKind::List(over)));
        let body = match node.child_by_field_name("callback") {
            Some(block) if block.kind() == "block" => {
                Expression::new(at, ExpressionKind::Block(self.statements(block)))
            }
            Some(callback) => self.expression(callback),
            None => Expression::unknown(at, Vec::new()),
        };
        let topic = name(at, "$_");
        let maps = self.to.text(node).starts_with("map");
        let (conditions, body) = if maps {
            (Vec::new(), body)
        } else {
            (vec![body], topic.clone())
        };
        Expression::new(
            at,
            ExpressionKind::Comprehension {
                target: Pattern::target(topic),
                over,
                conditions,
                body: Box::new(body),
            },
        )
    }

    /// `my $x;` binds it to nothing.
    fn declared(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let target = self.target(node);
        let nothing = match (&target, target.name()) {
            (_, Some(name)) if name.starts_with('@') => ExpressionKind::List(Vec::new()),
            (_, Some(name)) if name.starts_with('%') => ExpressionKind::Map(Vec::new()),
            (Pattern::Target(_), _) => ExpressionKind::Null,
            _ => return Expression::unknown(at, Vec::new()),
        };
        if node.kind() == "localization_expression" {
            return Expression::unknown(at, Vec::new());
        }
        Expression::new(
            at,
            ExpressionKind::Assign {
                target: Box::new(target),
                binding: Binding::Block,
                operator: None,
                value: Box::new(Expression::new(at, nothing)),
            },
        )
    }

    fn assignment(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let left = node.child_by_field_name("left");
        let right = node.child_by_field_name("right");
        let binding = match left.map(|left| left.kind()) {
            Some("variable_declaration") if !self.to.text(node).starts_with("our") => {
                Binding::Block
            }
            _ => Binding::Nearest,
        };
        let target = match left {
            Some(left) => self.target(left),
            None => Pattern::List(Vec::new()),
        };
        let sigil = target.name().and_then(|name| name.chars().next());
        let value = match (right, sigil, &target) {
            (Some(right), Some('@'), _) | (Some(right), _, Pattern::List(_)) => {
                let values = self.list(right);
                Expression::new(at, ExpressionKind::List(values))
            }
            (Some(right), Some('%'), _) => {
                let values = self.list(right);
                Expression::new(at, ExpressionKind::Map(pairs(values)))
            }
            (Some(right), _, _) => self.expression(right),
            (None, _, _) => Expression::unknown(at, Vec::new()),
        };
        let sign = self.to.field(node, "operator").unwrap_or("=");
        let (operator, value) = match sign {
            "=" => (None, value),
            "+=" => {
                // Numbers are added, whatever they are written as.
                let negative = ExpressionKind::Negative(Box::new(value));
                (Some(Operator::Subtract), Expression::new(at, negative))
            }
            _ => match operator_of(sign.trim_end_matches('=')) {
                Some(operator) => (Some(operator), value),
                None => (None, Expression::unknown(at, vec![value])),
            },
        };
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

    fn binary(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let sign = self.to.field(node, "operator").unwrap_or_default();
        let right = node.child_by_field_name("right");
        if matches!(sign, "=~" | "!~")
            && let Some(right) = right
        {
            let left = self.field(node, "left");
            return match right.kind() {
                "substitution_regexp" => self.substitution(right, left),
                "transliteration_expression" => {
                    let value = Expression::unknown(at, vec![left.clone()]);
                    assigned(at, left, value)
                }
                _ => {
                    let right = self.expression(right);
                    Expression::unknown(at, vec![left, right])
                }
            };
        }
        if sign == "." && right.is_some_and(|right| self.is_range(node, right)) {
            let parts = vec![self.field(node, "left"), self.field(node, "right")];
            return Expression::unknown(at, parts);
        }
        let left = self.field(node, "left");
        let right = self.field(node, "right");
        match operator_of(sign) {
            Some(Operator::Add) => {
                let negative = ExpressionKind::Negative(Box::new(right));
                let operands = vec![left, Expression::new(at, negative)];
                let operator = Operator::Subtract;
                Expression::new(at, ExpressionKind::Binary { operator, operands })
            }
            Some(operator) => {
                let operands = match left.kind {
                    // Long chains are not deep.
                    ExpressionKind::Binary {
                        operator: inner,
                        operands,
                    } if inner == operator && operator != Operator::Subtract => {
                        operands.into_iter().chain([right]).collect()
                    }
                    kind => vec![Expression::new(left.span, kind), right],
                };
                Expression::new(at, ExpressionKind::Binary { operator, operands })
            }
            None => Expression::unknown(at, vec![left, right]),
        }
    }

    /// `1..3`, which the grammar may take for `1.` and `.3`.
    fn is_range(&self, node: Node<'n>, right: Node<'n>) -> bool {
        let left = node.child_by_field_name("left");
        let left = left.map_or("", |left| self.to.text(left));
        left.ends_with('.') || (right.kind() == "number" && self.to.text(right).starts_with('.'))
    }

    /// `s/…/…/`: with `e` the replacement is code.
    fn substitution(&mut self, node: Node<'n>, target: Expression) -> Expression {
        let at = span(node);
        let modifiers = self
            .to
            .field(node, "modifiers")
            .unwrap_or_default()
            .to_owned();
        let mut parts = vec![target.clone()];
        for child in children(node) {
            match child.kind() {
                "regexp_content" => parts.push(self.template(child)),
                "replacement" if modifiers.contains('e') => {
                    let code = self.to.text(child).to_owned();
                    let code = Expression::new(span(child), ExpressionKind::Text(code));
                    parts.push(call(at, name(at, "eval"), vec![code]));
                }
                "replacement" => parts.push(self.template(child)),
                _ => {}
            }
        }
        let value = Expression::unknown(at, parts);
        if modifiers.contains('r') {
            return value;
        }
        assigned(at, target, value)
    }

    /// A text in double quotes. The blanks that it begins or ends with are no part of the
    /// grammar's content.
    fn quoted(&mut self, node: Node<'n>) -> Expression {
        let Some((from, to)) = within(node) else {
            return Expression::unknown(span(node), Vec::new());
        };
        match node.child_by_field_name("content") {
            Some(content) => self.template_between(content, from, to),
            None => {
                let text = self.to.text.get(from..to).unwrap_or_default();
                Expression::new(span(node), ExpressionKind::Text(cooked(text)))
            }
        }
    }

    fn template(&mut self, node: Node<'n>) -> Expression {
        self.template_between(node, node.start_byte(), node.end_byte())
    }

    /// The text between the quotes: what is computed in it stands among the children.
    fn template_between(&mut self, node: Node<'n>, mut from: usize, to: usize) -> Expression {
        let at = span(node);
        let mut parts = Vec::new();
        let mut raw = String::new();
        let whole = self.to.text;
        let flush = |raw: &mut String, parts: &mut Vec<Expression>| {
            if !raw.is_empty() {
                let text = cooked(&std::mem::take(raw));
                parts.push(Expression::new(at, ExpressionKind::Text(text)));
            }
        };
        for child in children(node) {
            if matches!(child.kind(), "escape_sequence" | "escaped_delimiter") {
                continue;
            }
            raw.push_str(whole.get(from..child.start_byte()).unwrap_or_default());
            from = child.end_byte();
            if child.kind() == "heredoc_end" {
                flush(&mut raw, &mut parts);
                return joined(at, parts);
            }
            flush(&mut raw, &mut parts);
            let value = self.expression(child);
            // Lists are joined by blanks.
            let value = if gives_list(&value) {
                let blank = Expression::new(at, ExpressionKind::Text(" ".to_owned()));
                let spread = ExpressionKind::Spread(Box::new(value));
                call(
                    at,
                    name(at, "join"),
                    vec![blank, Expression::new(at, spread)],
                )
            } else {
                value
            };
            parts.push(value);
        }
        raw.push_str(whole.get(from..to).unwrap_or_default());
        flush(&mut raw, &mut parts);
        joined(at, parts)
    }

    fn heredoc(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let Some(body) = self.heredocs.get(&node.start_byte()).copied() else {
            return Expression::unknown(at, Vec::new());
        };
        let mark = self.to.text(node);
        let raw = mark.contains('\'');
        let end = children(body)
            .into_iter()
            .find(|child| child.kind() == "heredoc_end");
        let mut text = if raw {
            let end = end.map_or(body.end_byte(), |end| end.start_byte());
            let text = self.to.text.get(body.start_byte()..end).unwrap_or_default();
            Expression::new(at, ExpressionKind::Text(text.to_owned()))
        } else {
            self.template(body)
        };
        crate::program::ruby::first_line_only(&mut text);
        if mark.starts_with("<<~") {
            crate::program::ruby::dedent(&mut text);
        }
        if mark.contains('`') {
            return Expression::new(at, ExpressionKind::Command(Box::new(text)));
        }
        text
    }
}

/// From the end of the opening quote to the beginning of the closing one.
fn within(node: Node<'_>) -> Option<(usize, usize)> {
    let close = node.child(u32::try_from(node.child_count()).ok()?.checked_sub(1)?)?;
    let open = match node.child_by_field_name("content") {
        Some(content) => content.prev_sibling()?,
        None => close.prev_sibling()?,
    };
    Some((open.end_byte(), close.start_byte()))
}

fn joined(at: Span, mut parts: Vec<Expression>) -> Expression {
    match (parts.len(), parts.pop()) {
        (_, None) => Expression::new(at, ExpressionKind::Text(String::new())),
        (
            1,
            Some(Expression {
                kind: ExpressionKind::Text(text),
                ..
            }),
        ) => Expression::new(at, ExpressionKind::Text(text)),
        (_, Some(last)) => {
            parts.push(last);
            Expression::new(at, ExpressionKind::Template(parts))
        }
    }
}

/// The text that an expression begins with.
fn leading_text(value: &mut Expression) -> Option<&mut String> {
    match &mut value.kind {
        ExpressionKind::Text(text) => Some(text),
        ExpressionKind::Template(parts)
        | ExpressionKind::Binary {
            operands: parts, ..
        } => parts.first_mut().and_then(leading_text),
        _ => None,
    }
}

/// Whether a value is a list by its form.
fn gives_list(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Name(name) => name.starts_with(['@', '%']),
        ExpressionKind::List(_) | ExpressionKind::Comprehension { .. } => true,
        ExpressionKind::Call { function, .. } => matches!(
            &function.kind,
            ExpressionKind::Name(name) if GIVE_LISTS.contains(&name.as_str())
        ),
        _ => false,
    }
}

/// `(a => 1, b => 2)` as pairs.
fn pairs(values: Vec<Expression>) -> Vec<(Option<Expression>, Expression)> {
    let mut found = Vec::new();
    let mut values = values.into_iter();
    while let Some(key) = values.next() {
        match key.kind {
            ExpressionKind::Spread(inner) => found.push((None, *inner)),
            kind => {
                let key = Expression::new(key.span, kind);
                let value = values
                    .next()
                    .unwrap_or_else(|| Expression::unknown(key.span, Vec::new()));
                found.push((Some(key), value));
            }
        }
    }
    found
}

fn name(at: Span, text: &str) -> Expression {
    Expression::new(at, ExpressionKind::Name(text.to_owned()))
}

/// `CORE::system` and `main::f` are `system` and `f`.
fn plain_name(text: &str) -> &str {
    ["CORE::GLOBAL::", "CORE::", "main::", "::"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
}

fn name_of(at: Span, text: &str) -> Expression {
    name(at, plain_name(text))
}

fn call(at: Span, function: Expression, arguments: Vec<Expression>) -> Expression {
    let function = Box::new(function);
    let arguments = arguments.into_iter().map(|argument| match argument.kind {
        ExpressionKind::Spread(inner) => Argument {
            value: *inner,
            kind: ArgumentKind::Spread,
        },
        kind => Argument {
            value: Expression::new(argument.span, kind),
            kind: ArgumentKind::Positional,
        },
    });
    let arguments = arguments.collect();
    Expression::new(
        at,
        ExpressionKind::Call {
            function,
            arguments,
        },
    )
}

fn assign(
    at: Span,
    target: Expression,
    binding: Binding,
    operator: Option<Operator>,
    value: Expression,
) -> Expression {
    Expression::new(
        at,
        ExpressionKind::Assign {
            target: Box::new(Pattern::target(target)),
            binding,
            operator,
            value: Box::new(value),
        },
    )
}

/// Changes what can be changed.
fn assigned(at: Span, target: Expression, value: Expression) -> Expression {
    let target = match target.kind {
        // `($x = $y) =~ s/…/…/`.
        ExpressionKind::Assign {
            target: inner,
            binding,
            operator,
            value: before,
        } => {
            let again = match *inner {
                Pattern::Target(ref again) => Expression::clone(again),
                _ => return value,
            };
            let first = Expression::new(
                target.span,
                ExpressionKind::Assign {
                    target: inner,
                    binding,
                    operator,
                    value: before,
                },
            );
            let then = assign(at, again, Binding::Nearest, None, value);
            return Expression::new(at, ExpressionKind::Block(vec![first.into(), then.into()]));
        }
        kind => Expression::new(target.span, kind),
    };
    match target.kind {
        ExpressionKind::Name(_) | ExpressionKind::Index { .. } | ExpressionKind::Member { .. } => {
            assign(at, target, Binding::Nearest, None, value)
        }
        _ => value,
    }
}

fn negated(condition: Expression, negate: bool) -> Expression {
    if negate {
        return Expression::new(condition.span, ExpressionKind::Not(Box::new(condition)));
    }
    condition
}

fn operator_of(sign: &str) -> Option<Operator> {
    Some(match sign {
        "." => Operator::Concatenate,
        "x" | "*" => Operator::Multiply,
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "/" => Operator::Divide,
        "**" => Operator::Power,
        "&&" | "and" => Operator::And,
        "||" | "or" => Operator::Or,
        "//" => Operator::Coalesce,
        "==" | "eq" => Operator::Equal,
        "!=" | "ne" => Operator::NotEqual,
        "<" | "lt" => Operator::Less,
        "<=" | "le" => Operator::LessOrEqual,
        ">" | "gt" => Operator::Greater,
        ">=" | "ge" => Operator::GreaterOrEqual,
        "&" => Operator::BitAnd,
        "|" => Operator::BitOr,
        "^" => Operator::BitXor,
        "<<" => Operator::ShiftLeft,
        ">>" => Operator::ShiftRight,
        _ => return None,
    })
}

/// A piece of a text in double quotes, with its escapes read.
fn cooked(raw: &str) -> String {
    // `\L` and `\U` change what follows, up to `\E`.
    for (mark, change) in [
        ("\\L", str::to_lowercase as fn(&str) -> String),
        ("\\U", str::to_uppercase),
    ] {
        if let Some((before, rest)) = raw.split_once(mark) {
            let (changed, after) = rest.split_once("\\E").unwrap_or((rest, ""));
            return format!(
                "{}{}{}",
                cooked(before),
                change(&cooked(changed)),
                cooked(after)
            );
        }
    }
    let mut text = String::new();
    let mut letters = raw.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        let Some(next) = letters.next() else { break };
        let mut digits = |radix: u32, most: usize, first: Option<char>| {
            let mut code: String = first.into_iter().collect();
            let braced = code.is_empty() && letters.next_if(|letter| *letter == '{').is_some();
            let most = if braced { 8 } else { most };
            while code.len() < most
                && let Some(digit) = letters.next_if(|letter| letter.is_digit(radix))
            {
                code.push(digit);
            }
            if braced {
                letters.next_if(|letter| *letter == '}');
            }
            u32::from_str_radix(&code, radix)
                .ok()
                .and_then(char::from_u32)
        };
        match next {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'e' => text.push('\u{1b}'),
            'a' => text.push('\u{7}'),
            'f' => text.push('\u{c}'),
            'x' => text.extend(digits(16, 2, None)),
            '0'..='7' => text.extend(digits(8, 3, Some(next))),
            'Q' | 'E' | 'U' | 'L' | 'u' | 'l' => {}
            other => text.push(other),
        }
    }
    text
}
