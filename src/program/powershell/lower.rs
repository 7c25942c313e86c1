//! From PowerShell's grammar to the common tree.
//!
//! Owns how a command becomes a call: a cmdlet goes by its whole name in small letters, its
//! parameters by theirs, and what comes through a pipe is the argument `inputobject`. Anything
//! else is a program.

use std::collections::BTreeSet;
use std::rc::Rc;

use tree_sitter::Node;

use crate::location::Span;
use crate::program::syntax::{self, Lowering, children, span};
use crate::program::tree::{
    Argument, ArgumentKind, Binding, Expression, ExpressionKind, Function, Operator, Parameter,
    ParameterKind, Pattern, Program, Role, Statement, StatementKind,
};

/// Other names of cmdlets, on Windows or everywhere.
const ALIASES: &[(&str, &str)] = &[
    ("%", "foreach-object"),
    ("?", "where-object"),
    ("ac", "add-content"),
    ("cat", "get-content"),
    ("cd", "set-location"),
    ("chdir", "set-location"),
    ("clc", "clear-content"),
    ("clear", "clear-host"),
    ("cls", "clear-host"),
    ("compare", "compare-object"),
    ("copy", "copy-item"),
    ("cp", "copy-item"),
    ("cpi", "copy-item"),
    ("del", "remove-item"),
    ("diff", "compare-object"),
    ("dir", "get-childitem"),
    ("echo", "write-output"),
    ("epcsv", "export-csv"),
    ("erase", "remove-item"),
    ("fl", "format-list"),
    ("foreach", "foreach-object"),
    ("ft", "format-table"),
    ("fw", "format-wide"),
    ("gc", "get-content"),
    ("gci", "get-childitem"),
    ("gcm", "get-command"),
    ("gi", "get-item"),
    ("gl", "get-location"),
    ("gm", "get-member"),
    ("gp", "get-itemproperty"),
    ("gps", "get-process"),
    ("group", "group-object"),
    ("gsv", "get-service"),
    ("gv", "get-variable"),
    ("icm", "invoke-command"),
    ("iex", "invoke-expression"),
    ("ii", "invoke-item"),
    ("ipmo", "import-module"),
    ("irm", "invoke-restmethod"),
    ("iwr", "invoke-webrequest"),
    ("kill", "stop-process"),
    ("ls", "get-childitem"),
    ("md", "mkdir"),
    ("measure", "measure-object"),
    ("mi", "move-item"),
    ("move", "move-item"),
    ("mv", "move-item"),
    ("ni", "new-item"),
    ("popd", "pop-location"),
    ("ps", "get-process"),
    ("pushd", "push-location"),
    ("pwd", "get-location"),
    ("rd", "remove-item"),
    ("ren", "rename-item"),
    ("ri", "remove-item"),
    ("rm", "remove-item"),
    ("rmdir", "remove-item"),
    ("rni", "rename-item"),
    ("rp", "remove-itemproperty"),
    ("sajb", "start-job"),
    ("sal", "set-alias"),
    ("saps", "start-process"),
    ("sasv", "start-service"),
    ("sc", "set-content"),
    ("select", "select-object"),
    ("set", "set-variable"),
    ("si", "set-item"),
    ("sl", "set-location"),
    ("sleep", "start-sleep"),
    ("sls", "select-string"),
    ("sort", "sort-object"),
    ("sp", "set-itemproperty"),
    ("spps", "stop-process"),
    ("spsv", "stop-service"),
    ("start", "start-process"),
    ("sv", "set-variable"),
    ("tee", "tee-object"),
    ("type", "get-content"),
    ("where", "where-object"),
    ("write", "write-output"),
];

/// Parameters, those first that a prefix most often stands for.
const PARAMETERS: &[&str] = &[
    "path",
    "recurse",
    "force",
    "literalpath",
    "filepath",
    "filter",
    "file",
    "include",
    "exclude",
    "destination",
    "newname",
    "value",
    "whatif",
    "confirm",
    "argumentlist",
    "command",
    "scriptblock",
    "uri",
    "method",
    "body",
    "headers",
    "outfile",
    "inputobject",
    "name",
    "append",
    "property",
    "driveletter",
    "number",
    "process",
    "begin",
    "end",
    "itemtype",
    "credential",
    "erroraction",
    "computername",
    "removedata",
    "removeoem",
    "id",
    "directory",
    "depth",
    "childpath",
    "noclobber",
    "passthru",
    "wait",
    "nonewline",
    "encoding",
    "stream",
    "verb",
    "windowstyle",
    "workingdirectory",
    "contenttype",
    "first",
    "last",
    "skip",
    "raw",
    "pattern",
    "verbose",
    "debug",
    "warningaction",
    "errorvariable",
    "outvariable",
    "usebasicparsing",
    "variable",
    "query",
    "serverinstance",
    "database",
    "usessl",
    "unique",
    "descending",
    "asjob",
];

/// Parameters that take nothing.
const SWITCHES: &[&str] = &[
    "recurse",
    "force",
    "whatif",
    "confirm",
    "append",
    "file",
    "directory",
    "noclobber",
    "passthru",
    "wait",
    "nonewline",
    "raw",
    "verbose",
    "debug",
    "usebasicparsing",
    "removedata",
    "removeoem",
    "usessl",
    "unique",
    "descending",
    "asjob",
];

/// What a cmdlet of these verbs leaves undone is nobody's data.
const HARMLESS_NOUNS: &[&str] = &[
    "variable",
    "module",
    "pssession",
    "job",
    "host",
    "history",
    "typedata",
    "alias",
    "event",
    "psdrive",
    "psbreakpoint",
    "psreadlinekeyhandler",
    "cimsession",
    "clixml",
    "strings",
    "rotate",
    "member",
    "property",
    "object",
    "item",
    "content",
    "itemproperty",
    "clipboard",
];

pub(super) fn parse(text: &str) -> Program {
    let text = normalized(text);
    syntax::read(
        &text,
        &[|| tree_sitter_powershell::LANGUAGE.into()],
        |lowering, root| {
            let mut functions = BTreeSet::new();
            syntax::each(root, &mut |node| {
                if node.kind() == "function_statement" {
                    let name = children(node)
                        .into_iter()
                        .find(|child| child.kind() == "function_name");
                    functions.extend(name.map(|name| lowering.text(name).to_lowercase()));
                }
            });
            PowerShell {
                to: lowering,
                functions,
            }
            .statements(root)
        },
    )
}

/// The same program as the grammar reads it: words that begin with a variable and go on
/// (`$env:TEMP\x`) in quotes, and no backticks before letters that they do not change.
pub(super) fn normalized(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut found = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut at = 0;
    while let Some(letter) = letters.get(at).copied() {
        let next = letters.get(at + 1).copied();
        match (quote, letter) {
            (Some(open), _) if letter == open => {
                quote = None;
                found.push(letter);
            }
            (Some('"'), '`') => {
                found.push(letter);
                found.extend(next);
                at += 1;
            }
            (Some(_), _) => found.push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                found.push(letter);
            }
            (None, '#') if at == 0 || letters.get(at - 1).is_some_and(|c| c.is_whitespace()) => {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
                continue;
            }
            (None, '`') => match next {
                Some('\n') => {
                    found.push(' ');
                    at += 1;
                }
                Some(next) if next.is_alphanumeric() || next == '-' => {}
                _ => found.push(letter),
            },
            (None, '$') => {
                let before = at.checked_sub(1).and_then(|at| letters.get(at));
                let begins = before.is_none_or(|before| before.is_whitespace() || *before == ',');
                let word: String = letters
                    .iter()
                    .skip(at)
                    .take_while(|letter| {
                        letter.is_alphanumeric() || "$:_\\/.-*?{}~".contains(**letter)
                    })
                    .collect();
                let name = word
                    .chars()
                    .skip(1)
                    .take_while(|letter| letter.is_alphanumeric() || "_:".contains(*letter))
                    .count();
                let rest: String = word.chars().skip(name + 1).collect();
                if begins && rest.starts_with(['\\', '/']) {
                    found.push('"');
                    found.push_str(&word);
                    found.push('"');
                    at += word.chars().count();
                    continue;
                }
                found.push(letter);
            }
            _ => found.push(letter),
        }
        at += 1;
    }
    found
}

struct PowerShell<'l, 't> {
    to: &'l mut Lowering<'t>,
    /// The functions of the text, in small letters.
    functions: BTreeSet<String>,
}

impl<'n> PowerShell<'_, '_> {
    fn statements(&mut self, node: Node<'n>) -> Vec<Statement> {
        children(node)
            .into_iter()
            .flat_map(|child| self.statement(child))
            .collect()
    }

    fn block_of(&mut self, node: Node<'n>) -> Vec<Statement> {
        let block = children(node)
            .into_iter()
            .find(|child| child.kind() == "statement_block");
        block
            .map(|block| self.statements(block))
            .unwrap_or_default()
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
            "comment" | "empty_statement" | "param_block" | "class_statement"
            | "enum_statement" | "data_statement" => return Vec::new(),
            "statement_list"
            | "script_block"
            | "script_block_body"
            | "named_block_list"
            | "named_block"
            | "statement_block"
            | "inlinescript_statement"
            | "parallel_statement"
            | "sequence_statement" => return self.statements(node),
            "if_statement" => {
                let condition = self.condition(node);
                let then = self.block_of(node);
                let mut otherwise = node
                    .child_by_field_name("else_clause")
                    .map(|clause| self.block_of(clause))
                    .unwrap_or_default();
                let clauses = node.child_by_field_name("elseif_clauses");
                for clause in clauses.map(children).unwrap_or_default().into_iter().rev() {
                    let condition = self.condition(clause);
                    let then = self.block_of(clause);
                    otherwise = vec![Statement::new(
                        span(clause),
                        StatementKind::Branch {
                            condition,
                            then,
                            otherwise,
                        },
                    )];
                }
                StatementKind::Branch {
                    condition,
                    then,
                    otherwise,
                }
            }
            "while_statement" | "do_statement" => StatementKind::While {
                condition: self.condition(node),
                update: Vec::new(),
                body: self.block_of(node),
                first: node.kind() == "do_statement",
            },
            "for_statement" => {
                let part = |this: &mut Self, name: &str| {
                    let part = node.child_by_field_name(name);
                    part.map(|part| this.only(part))
                };
                let start = part(self, "for_initializer");
                let condition = part(self, "for_condition");
                let update = part(self, "for_iterator");
                let repeat = Statement::new(
                    at,
                    StatementKind::While {
                        condition: condition
                            .unwrap_or_else(|| Expression::new(at, ExpressionKind::Boolean(true))),
                        update: update.into_iter().collect(),
                        body: self.block_of(node),
                        first: false,
                    },
                );
                return start
                    .into_iter()
                    .map(Statement::from)
                    .chain([repeat])
                    .collect();
            }
            "foreach_statement" => {
                let parts = children(node);
                let variable = parts.iter().find(|child| child.kind() == "variable");
                let over = parts.iter().find(|child| child.kind() == "pipeline");
                let target = variable.map(|variable| self.expression(*variable));
                let over = over.map(|over| self.expression(*over));
                StatementKind::For {
                    target: target.map_or_else(|| Pattern::List(Vec::new()), Pattern::target),
                    binding: Binding::Nearest,
                    over: over.unwrap_or_else(|| Expression::unknown(at, Vec::new())),
                    keys: false,
                    body: self.block_of(node),
                }
            }
            "switch_statement" => {
                let mut arms = Vec::new();
                let mut before: Vec<Statement> = Vec::new();
                syntax::each(node, &mut |inner| {
                    if inner.kind() == "switch_clause" {
                        arms.push(inner);
                    }
                });
                for child in children(node) {
                    if child.kind() == "switch_condition" {
                        before.push(self.only(child).into());
                    }
                }
                let arms = arms.into_iter().map(|arm| self.block_of(arm)).collect();
                before.push(Statement::new(at, StatementKind::Alternatives(arms)));
                return before;
            }
            "try_statement" => {
                let mut handlers = Vec::new();
                let mut finally = Vec::new();
                for child in children(node) {
                    match child.kind() {
                        "catch_clauses" => {
                            for clause in children(child) {
                                handlers.push((None, self.block_of(clause)));
                            }
                        }
                        "finally_clause" => finally.extend(self.block_of(child)),
                        _ => {}
                    }
                }
                StatementKind::Try {
                    body: self.block_of(node),
                    handlers,
                    finally,
                }
            }
            "trap_statement" => StatementKind::Branch {
                condition: Expression::unknown(at, Vec::new()),
                then: self.block_of(node),
                otherwise: Vec::new(),
            },
            "function_statement" => {
                let name = children(node)
                    .into_iter()
                    .find(|child| child.kind() == "function_name");
                let name = name.map(|name| self.to.text(name).to_lowercase());
                StatementKind::Function(Rc::new(self.function(node, name)))
            }
            "flow_control_statement" => {
                let value = children(node).into_iter().next();
                let text = self.to.text(node).to_lowercase();
                match text.split_whitespace().next() {
                    Some("break") => StatementKind::Break,
                    Some("continue") => StatementKind::Continue,
                    Some("throw") => {
                        StatementKind::Throw(value.map(|value| self.expression(value)))
                    }
                    Some("exit") => {
                        let given = value.map(|value| self.expression(value));
                        let exit = call(at, "exit", given.into_iter().collect());
                        return vec![exit.into()];
                    }
                    _ => StatementKind::Return(value.map(|value| self.expression(value))),
                }
            }
            _ => return vec![self.expression(node).into()],
        };
        vec![Statement::new(at, kind)]
    }

    fn condition(&mut self, node: Node<'n>) -> Expression {
        match node.child_by_field_name("condition") {
            Some(condition) => self.expression(condition),
            None => Expression::unknown(span(node), Vec::new()),
        }
    }

    /// A function or a script block: what it is given by place, or by name.
    fn function(&mut self, node: Node<'n>, name: Option<String>) -> Function {
        let at = span(node);
        let mut parameters = Vec::new();
        let mut body = Vec::new();
        let mut blocks = Vec::new();
        syntax::each(node, &mut |inner| {
            if inner.kind() == "script_parameter" {
                blocks.push(inner);
            }
        });
        for parameter in blocks {
            let parts = children(parameter);
            let Some(variable) = parts.iter().find(|child| child.kind() == "variable") else {
                continue;
            };
            let default = parts
                .iter()
                .find(|child| child.kind() == "script_parameter_default");
            let target = self.expression(*variable);
            let bare = self
                .to
                .text(*variable)
                .trim_start_matches('$')
                .to_lowercase();
            parameters.push(Parameter {
                pattern: Pattern::target(target),
                name: Some(bare),
                default: default.map(|default| self.only(*default)),
                kind: ParameterKind::Positional,
            });
        }
        let rest = Expression::new(at, ExpressionKind::Name("$args".to_owned()));
        parameters.push(Parameter {
            pattern: Pattern::target(rest),
            name: None,
            default: None,
            kind: ParameterKind::Rest,
        });
        for child in children(node) {
            if child.kind() == "script_block" || child.kind() == "script_block_body" {
                body.extend(self.statement(child));
            }
        }
        Function {
            name,
            parameters,
            body,
            decorators: Vec::new(),
            closed: false,
            detached: false,
            role: Role::Plain,
            implicit_return: true,
            span: at,
        }
    }

    fn only(&mut self, node: Node<'n>) -> Expression {
        match children(node).as_slice() {
            [] => Expression::unknown(span(node), Vec::new()),
            [inner] => self.expression(*inner),
            parts => {
                let parts = parts.to_vec();
                let parts = parts
                    .into_iter()
                    .map(|part| self.expression(part))
                    .collect();
                Expression::unknown(span(node), parts)
            }
        }
    }

    fn expression(&mut self, node: Node<'n>) -> Expression {
        // The grammar stacks its levels of precedence: they are no depth.
        let mut node = node;
        while !matches!(
            node.kind(),
            "sub_expression"
                | "array_expression"
                | "expression_with_unary_operator"
                | "script_block_expression"
                | "invokation_expression"
                | "command"
                | "member_access"
                | "flow_control_statement"
                | "statement_block"
                | "script_block"
                | "hash_literal_expression"
                | "expandable_string_literal"
                | "expandable_here_string_literal"
                | "variable"
                | "post_increment_expression"
                | "post_decrement_expression"
                | "cast_expression"
        ) && !node.is_error()
        {
            match children(node).as_slice() {
                [inner] if node.child_count() == 1 || node.kind() == "parenthesized_expression" => {
                    node = *inner;
                }
                _ => break,
            }
        }
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
            "verbatim_string_characters" => {
                let inner = text
                    .get(1..text.len().saturating_sub(1))
                    .unwrap_or_default();
                ExpressionKind::Text(inner.replace("''", "'"))
            }
            "verbatim_here_string_characters" => {
                let inner = text.trim_start_matches("@'").trim_end_matches("'@");
                ExpressionKind::Text(inner.trim_matches(['\r', '\n']).to_owned())
            }
            "expandable_string_literal" => {
                return self.template(node, at.start + 1, at.end.saturating_sub(1), true);
            }
            "expandable_here_string_literal" => {
                return self.template(node, at.start + 2, at.end.saturating_sub(2), true);
            }
            "generic_token"
            | "command_name"
            | "path_command_name"
            | "simple_name"
            | "command_argument"
            | "path_command_name_token" => {
                return self.word(at, text);
            }
            "variable" | "braced_variable" => return variable(at, text),
            "decimal_integer_literal" | "real_literal" | "integer_literal" => {
                match text.trim_end_matches(['l', 'L', 'd', 'D']).parse() {
                    Ok(number) => ExpressionKind::Number(number),
                    Err(_) => ExpressionKind::Text(text.to_owned()),
                }
            }
            "hexadecimal_integer_literal" => {
                match i32::from_str_radix(text.trim_start_matches(['0', 'x', 'X']), 16) {
                    Ok(number) => ExpressionKind::Number(f64::from(number)),
                    Err(_) => ExpressionKind::Unknown(Vec::new()),
                }
            }
            "pipeline" => return self.chains(node),
            "pipeline_chain" => return self.pipeline(node),
            "command" => return self.command(node, None),
            "assignment_expression" => return self.assignment(node),
            "parenthesized_expression" | "sub_expression" => {
                let mut found = Vec::new();
                for child in children(node) {
                    found.extend(self.statement(child));
                }
                return block(at, found);
            }
            "array_expression" => {
                let mut found = Vec::new();
                for child in children(node) {
                    found.extend(self.statement(child));
                }
                let inner = block(at, found);
                match inner.kind {
                    ExpressionKind::List(items) => ExpressionKind::List(items),
                    kind => ExpressionKind::List(vec![Expression::new(
                        at,
                        ExpressionKind::Spread(Box::new(Expression::new(at, kind))),
                    )]),
                }
            }
            "array_literal_expression" => {
                let items = children(node);
                ExpressionKind::List(
                    items
                        .into_iter()
                        .map(|item| self.expression(item))
                        .collect(),
                )
            }
            "hash_literal_expression" => return self.map(node),
            "script_block_expression" => {
                ExpressionKind::Function(Rc::new(self.function(node, None)))
            }
            "member_access" => return self.access(node),
            "element_access" => {
                let mut inner = children(node).into_iter();
                let object = inner.next().map(|object| self.expression(object));
                let index = inner.next().map(|index| self.expression(index));
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
            "invokation_expression" => return self.invocation(node),
            "expression_with_unary_operator" => {
                let first = node.child(0).map_or("", |first| self.to.text(first));
                let sign = first.to_lowercase();
                let value = self.only(node);
                match sign.as_str() {
                    "-not" | "!" => ExpressionKind::Not(Box::new(value)),
                    "-join" | "-split" => return call(at, &sign, vec![value]),
                    "-" => ExpressionKind::Negative(Box::new(value)),
                    "," => ExpressionKind::List(vec![value]),
                    _ => return value,
                }
            }
            "cast_expression" => {
                let parts = children(node);
                let class = parts.first().map_or("", |class| self.to.text(*class));
                let class = type_name(class);
                let value = parts.get(1).map(|value| self.expression(*value));
                return call(at, &format!("[{class}]"), value.into_iter().collect());
            }
            "type_literal" => ExpressionKind::Name(type_name(text)),
            "logical_expression"
            | "bitwise_expression"
            | "comparison_expression"
            | "additive_expression"
            | "multiplicative_expression"
            | "format_expression"
            | "range_expression"
            | "logical_argument_expression"
            | "bitwise_argument_expression"
            | "comparison_argument_expression"
            | "additive_argument_expression"
            | "multiplicative_argument_expression"
            | "format_argument_expression"
            | "range_argument_expression" => return self.binary(node),
            _ if node.is_error() => return self.unread(node),
            _ => {
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

    /// `a && b || c`.
    fn chains(&mut self, node: Node<'n>) -> Expression {
        let parts = children(node);
        let statements = parts
            .into_iter()
            .filter(|part| part.kind() != "pipeline_chain_tail")
            .flat_map(|part| self.statement(part))
            .collect();
        block(span(node), statements)
    }

    /// `a | b | c`: what one gives is what the next is given.
    fn pipeline(&mut self, node: Node<'n>) -> Expression {
        let mut value: Option<Expression> = None;
        for part in children(node) {
            let found = match part.kind() {
                "command" => self.command(part, value.take()),
                "redirections" => {
                    let mut statements: Vec<Statement> =
                        value.take().into_iter().map(Statement::from).collect();
                    for redirection in children(part) {
                        statements.extend(self.redirected(redirection).map(Statement::from));
                    }
                    block(span(node), statements)
                }
                _ => self.expression(part),
            };
            value = Some(found);
        }
        value.unwrap_or_else(|| Expression::unknown(span(node), Vec::new()))
    }

    fn redirected(&mut self, node: Node<'n>) -> Option<Expression> {
        let at = span(node);
        let mut operator = "";
        let mut file = None;
        for child in children(node) {
            match child.kind() {
                "file_redirection_operator" => operator = self.to.text(child),
                "redirected_file_name" => {
                    let name = children(child)
                        .into_iter()
                        .find(|part| part.kind() != "command_argument_sep");
                    file = name.map(|name| self.expression(name));
                }
                _ => {}
            }
        }
        let name = if operator.contains(">>") { ">>" } else { ">" };
        Some(call(at, name, vec![file?]))
    }

    fn command(&mut self, node: Node<'n>, input: Option<Expression>) -> Expression {
        let at = span(node);
        let name = node.child_by_field_name("command_name");
        let invoked = children(node)
            .iter()
            .any(|child| child.kind() == "command_invokation_operator");
        let elements = node.child_by_field_name("command_elements");
        let mut redirections = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut last_end = 0;
        for element in elements.map(children).unwrap_or_default() {
            match element.kind() {
                "command_argument_sep" => continue,
                "redirection" => {
                    redirections.extend(self.redirected(element));
                    continue;
                }
                _ => {}
            }
            let gap = self
                .to
                .text
                .get(last_end..element.start_byte())
                .unwrap_or_default();
            let listed = last_end > 0 && gap.contains(',');
            last_end = element.end_byte();
            if element.kind() == "command_parameter" {
                let text = self.to.text(element);
                let colon = self.to.text.get(element.end_byte()..).unwrap_or_default();
                words.push(Word::Parameter {
                    text: text.trim_end_matches(':').to_owned(),
                    attached: text.ends_with(':') || colon.starts_with(':'),
                });
                continue;
            }
            let value = self.expression(element);
            match (listed, words.last_mut()) {
                (true, Some(Word::Value(before))) => {
                    let first = std::mem::replace(before, Expression::unknown(at, Vec::new()));
                    *before = match first.kind {
                        ExpressionKind::List(mut items) => {
                            items.push(value);
                            Expression::new(at, ExpressionKind::List(items))
                        }
                        kind => Expression::new(
                            at,
                            ExpressionKind::List(vec![Expression::new(first.span, kind), value]),
                        ),
                    };
                }
                _ => words.push(Word::Value(value)),
            }
        }
        let written = name.map_or("", |name| self.to.text(name)).to_owned();
        let called = match name {
            Some(name) if invoked || name.kind() == "command_name_expr" => {
                let value = self.expression(name);
                match value.kind {
                    ExpressionKind::Text(text) => Called::Named(text),
                    kind => Called::Value(Expression::new(value.span, kind)),
                }
            }
            _ => Called::Named(written),
        };
        let made = self.called(at, called, words, input);
        if redirections.is_empty() {
            return made;
        }
        let mut statements: Vec<Statement> =
            redirections.into_iter().map(Statement::from).collect();
        statements.push(made.into());
        block(at, statements)
    }

    fn called(
        &mut self,
        at: Span,
        called: Called,
        words: Vec<Word>,
        input: Option<Expression>,
    ) -> Expression {
        let named = match called {
            Called::Named(named) => named,
            Called::Value(value) => {
                // A script block or a name that is computed: `& $f x`.
                let (mut arguments, _) = arguments(words, false);
                arguments.extend(input.map(|value| Argument {
                    value,
                    kind: ArgumentKind::Keyword("inputobject".to_owned()),
                }));
                return call_of(at, value, arguments);
            }
        };
        let lower = named.to_lowercase();
        let lower = lower
            .rsplit('\\')
            .next()
            .filter(|_| lower.contains("microsoft."))
            .unwrap_or(&lower);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == lower);
        let cmdlet = alias.map_or(lower, |(_, cmdlet)| cmdlet);
        let is_cmdlet = self.functions.contains(lower) || cmdlet_verb(cmdlet).is_some();
        if !is_cmdlet {
            return native(at, &named, words, input);
        }
        if matches!(cmdlet, "foreach-object" | "where-object") {
            return self.piped_block(at, cmdlet, words, input);
        }
        let (mut given, what_if) = arguments(words, true);
        let takes_input = given
            .iter()
            .any(|argument| argument.kind == ArgumentKind::Keyword("inputobject".to_owned()));
        if let Some(input) = input.filter(|_| !takes_input) {
            given.push(Argument {
                value: input,
                kind: ArgumentKind::Keyword("inputobject".to_owned()),
            });
        }
        if what_if {
            let parts = given.into_iter().map(|argument| argument.value).collect();
            return Expression::unknown(at, parts);
        }
        let function = if self.functions.contains(lower) {
            lower
        } else {
            cmdlet
        };
        call_of(at, name_at(at, function), given)
    }

    /// `… | ForEach-Object { … }` and `… | Where-Object { … }`.
    fn piped_block(
        &mut self,
        at: Span,
        cmdlet: &str,
        words: Vec<Word>,
        input: Option<Expression>,
    ) -> Expression {
        let over = input.unwrap_or_else(|| Expression::unknown(at, Vec::new()));
        let mut body: Option<Expression> = None;
        let mut rest = Vec::new();
        for word in words {
            match word {
                Word::Value(value) if matches!(value.kind, ExpressionKind::Function(_)) => {
                    let ran = call_of(at, value, Vec::new());
                    body = Some(match body {
                        Some(before) => block(at, vec![before.into(), ran.into()]),
                        None => ran,
                    });
                }
                Word::Value(value) => rest.push(value),
                Word::Parameter { .. } => {}
            }
        }
        let topic = name_at(at, "$_");
        let maps = cmdlet == "foreach-object";
        let (conditions, body) = match (maps, body) {
            (true, Some(body)) => (Vec::new(), body),
            // `% Name`: the member of each, or a method of it.
            (true, None) => {
                let mut rest = rest.into_iter();
                let member = rest.next();
                let member = match member.map(|member| member.kind) {
                    Some(ExpressionKind::Text(name)) => name.to_lowercase(),
                    _ => String::new(),
                };
                let object = Box::new(topic.clone());
                let method = ExpressionKind::Member {
                    object,
                    name: member,
                };
                let arguments = rest.map(positional).collect();
                (
                    Vec::new(),
                    call_of(at, Expression::new(at, method), arguments),
                )
            }
            (false, Some(condition)) => (vec![condition], topic.clone()),
            (false, None) => (vec![Expression::unknown(at, rest)], topic.clone()),
        };
        Expression::new(
            at,
            ExpressionKind::Comprehension {
                target: Pattern::target(topic),
                over: Box::new(over),
                conditions,
                body: Box::new(body),
            },
        )
    }

    fn map(&mut self, node: Node<'n>) -> Expression {
        let mut pairs = Vec::new();
        let mut entries = Vec::new();
        for body in children(node) {
            entries.extend(children(body));
        }
        for entry in entries {
            let mut parts = children(entry).into_iter();
            let key = parts.next().map(|key| {
                let text = self.to.text(key).trim_matches(['"', '\'']).to_lowercase();
                Expression::new(span(key), ExpressionKind::Text(text))
            });
            let value = parts.next().map(|value| self.expression(value));
            if let Some(value) = value {
                pairs.push((key, value));
            }
        }
        Expression::new(span(node), ExpressionKind::Map(pairs))
    }

    fn access(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let mut parts = children(node).into_iter();
        let object = match parts.next() {
            Some(object) => self.expression(object),
            None => Expression::unknown(at, Vec::new()),
        };
        let Some(own) = parts.next() else {
            return object;
        };
        self.member(at, object, own)
    }

    fn member(&mut self, at: Span, object: Expression, own: Node<'n>) -> Expression {
        let inner = children(own).into_iter().next();
        let object = Box::new(object);
        match inner {
            Some(inner) if inner.kind() != "simple_name" => {
                let index = Box::new(self.expression(inner));
                Expression::new(at, ExpressionKind::Index { object, index })
            }
            _ => {
                let name = self.to.text(own).to_lowercase();
                Expression::new(at, ExpressionKind::Member { object, name })
            }
        }
    }

    fn invocation(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let parts = children(node);
        let mut function: Option<Expression> = None;
        let mut given = Vec::new();
        for part in parts {
            match part.kind() {
                "member_name" => {
                    let object = function
                        .take()
                        .unwrap_or_else(|| Expression::unknown(at, Vec::new()));
                    function = Some(self.member(at, object, part));
                }
                "argument_list" => {
                    if let Some(list) = part.child_by_field_name("argument_expression_list") {
                        for argument in children(list) {
                            given.push(positional(self.expression(argument)));
                        }
                    }
                }
                _ => function = Some(self.expression(part)),
            }
        }
        let function = function.unwrap_or_else(|| Expression::unknown(at, Vec::new()));
        // `$f.Invoke(…)`, `{ … }.Invoke()`.
        if let ExpressionKind::Member { object, name } = function.kind {
            if matches!(name.as_str(), "invoke" | "invokereturnasis") {
                return call_of(at, *object, given);
            }
            let kind = ExpressionKind::Member { object, name };
            return call_of(at, Expression::new(function.span, kind), given);
        }
        call_of(at, function, given)
    }

    fn assignment(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let parts = children(node);
        let target = parts.first().map(|target| self.expression(*target));
        let operator = parts
            .iter()
            .find(|part| part.kind() == "assignement_operator")
            .map_or("=", |operator| self.to.text(*operator));
        let value = match node.child_by_field_name("value") {
            Some(value) => block(at, self.statement(value)),
            None => Expression::unknown(at, Vec::new()),
        };
        let target = target.unwrap_or_else(|| Expression::unknown(at, Vec::new()));
        // `[string]$x = …`.
        let target = match target.kind {
            ExpressionKind::Call { mut arguments, .. } => match arguments.pop() {
                Some(argument) => argument.value,
                None => Expression::unknown(at, Vec::new()),
            },
            kind => Expression::new(target.span, kind),
        };
        let operator = match operator.trim() {
            "=" => None,
            "+=" => Some(Operator::Add),
            "-=" => Some(Operator::Subtract),
            _ => Some(Operator::Multiply),
        };
        Expression::new(
            at,
            ExpressionKind::Assign {
                target: Box::new(match target.kind {
                    ExpressionKind::List(items) => {
                        Pattern::List(items.into_iter().map(Pattern::target).collect())
                    }
                    kind => Pattern::target(Expression::new(target.span, kind)),
                }),
                binding: Binding::Nearest,
                operator,
                value: Box::new(value),
            },
        )
    }

    fn binary(&mut self, node: Node<'n>) -> Expression {
        let at = span(node);
        let parts = children(node);
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            return Expression::unknown(at, Vec::new());
        };
        let sign = self
            .to
            .text
            .get(first.end_byte()..last.start_byte())
            .unwrap_or_default()
            .trim()
            .to_lowercase();
        let left = self.expression(*first);
        let right = self.expression(*last);
        let operator = match sign.as_str() {
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "-bxor" => Operator::BitXor,
            "-band" => Operator::BitAnd,
            "-bor" => Operator::BitOr,
            "-and" => Operator::And,
            "-or" => Operator::Or,
            ".." => return call(at, "..", vec![left, right]),
            "-f" | "-join" | "-replace" | "-creplace" | "-ireplace" | "-split" => {
                let name = sign
                    .replace("-creplace", "-replace")
                    .replace("-ireplace", "-replace");
                return call(at, &name, vec![left, right]);
            }
            _ => return Expression::unknown(at, vec![left, right]),
        };
        let operands = vec![left, right];
        Expression::new(at, ExpressionKind::Binary { operator, operands })
    }

    /// A bare word, in which variables stand for their values.
    fn word(&mut self, at: Span, text: &str) -> Expression {
        expanded(at, text)
    }

    /// A text in double quotes.
    fn template(&mut self, node: Node<'n>, from: usize, to: usize, _cooked: bool) -> Expression {
        let at = span(node);
        let mut parts = Vec::new();
        let mut from = from;
        for child in children(node) {
            if !matches!(child.kind(), "variable" | "sub_expression") {
                continue;
            }
            let before = self
                .to
                .text
                .get(from..child.start_byte())
                .unwrap_or_default();
            parts.push(Expression::new(at, ExpressionKind::Text(cooked(before))));
            parts.push(self.expression(child));
            from = child.end_byte();
        }
        let rest = self.to.text.get(from..to).unwrap_or_default();
        if parts.is_empty() {
            return Expression::new(at, ExpressionKind::Text(cooked(rest)));
        }
        parts.push(Expression::new(at, ExpressionKind::Text(cooked(rest))));
        Expression::new(at, ExpressionKind::Template(parts))
    }

    /// What the grammar cannot read: what it found in it, and a note.
    fn unread(&mut self, node: Node<'n>) -> Expression {
        self.to.hole(node);
        let parts = children(node);
        let parts = parts
            .into_iter()
            .map(|part| self.expression(part))
            .collect();
        Expression::unknown(span(node), parts)
    }
}

enum Called {
    Named(String),
    Value(Expression),
}

enum Word {
    Parameter { text: String, attached: bool },
    Value(Expression),
}

/// The cmdlet that an alias stands for.
pub(super) fn canonical(name: &str) -> Option<&'static str> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    alias.map(|(_, cmdlet)| *cmdlet)
}

/// The verb of a cmdlet's name.
fn cmdlet_verb(name: &str) -> Option<&str> {
    let (verb, noun) = name.split_once('-')?;
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric());
    (plain(verb) && plain(noun) && VERBS.contains(&verb)).then_some(verb)
}

/// The verbs that cmdlets are named by.
const VERBS: &[&str] = &[
    "add",
    "approve",
    "assert",
    "backup",
    "block",
    "build",
    "checkpoint",
    "clear",
    "close",
    "compare",
    "complete",
    "compress",
    "confirm",
    "connect",
    "convert",
    "convertfrom",
    "convertto",
    "copy",
    "debug",
    "deny",
    "deploy",
    "disable",
    "disconnect",
    "dismount",
    "edit",
    "enable",
    "enter",
    "exit",
    "expand",
    "export",
    "find",
    "foreach",
    "format",
    "get",
    "grant",
    "group",
    "hide",
    "import",
    "initialize",
    "install",
    "invoke",
    "join",
    "limit",
    "lock",
    "measure",
    "merge",
    "mount",
    "move",
    "new",
    "open",
    "optimize",
    "out",
    "ping",
    "pop",
    "protect",
    "publish",
    "push",
    "read",
    "receive",
    "redo",
    "register",
    "remove",
    "rename",
    "repair",
    "request",
    "reset",
    "resize",
    "resolve",
    "restart",
    "restore",
    "resume",
    "revoke",
    "save",
    "search",
    "select",
    "send",
    "set",
    "show",
    "skip",
    "sort",
    "split",
    "start",
    "step",
    "stop",
    "submit",
    "suspend",
    "switch",
    "sync",
    "tee",
    "test",
    "trace",
    "unblock",
    "undo",
    "uninstall",
    "unlock",
    "unprotect",
    "unpublish",
    "unregister",
    "update",
    "use",
    "wait",
    "watch",
    "where",
    "write",
];

/// Whether a cmdlet that no pack knows deletes something by its name.
pub(super) fn deletes(cmdlet: &str) -> bool {
    cmdlet_verb(cmdlet)
        .is_some_and(|verb| matches!(verb, "remove" | "clear" | "reset" | "uninstall"))
        && cmdlet
            .split_once('-')
            .is_some_and(|(_, noun)| !HARMLESS_NOUNS.contains(&noun))
}

/// The arguments by their names, and whether nothing is really done.
fn arguments(words: Vec<Word>, cmdlet: bool) -> (Vec<Argument>, bool) {
    let mut found = Vec::new();
    let mut what_if = false;
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let (text, attached) = match word {
            Word::Value(value) => {
                found.push(positional(value));
                continue;
            }
            Word::Parameter { text, attached } => (text, attached),
        };
        let bare = text.trim_start_matches('-').to_lowercase();
        let name = PARAMETERS
            .iter()
            .find(|known| cmdlet && known.starts_with(&bare) && !bare.is_empty())
            .map_or(bare.clone(), |known| (*known).to_owned());
        let switch = SWITCHES.contains(&name.as_str())
            || (cmdlet && !PARAMETERS.contains(&name.as_str()) && !attached);
        if name == "whatif" && !attached {
            what_if = true;
        }
        if switch && !attached {
            let value = Expression::new(Span::default(), ExpressionKind::Boolean(true));
            found.push(Argument {
                value,
                kind: ArgumentKind::Keyword(name),
            });
            continue;
        }
        let value = match words.peek() {
            Some(Word::Value(_)) => words.next(),
            _ => None,
        };
        let value = match value {
            Some(Word::Value(value)) => value,
            _ => Expression::new(Span::default(), ExpressionKind::Boolean(true)),
        };
        let name = if matches!(name.as_str(), "literalpath") {
            "path".to_owned()
        } else {
            name
        };
        found.push(Argument {
            value,
            kind: ArgumentKind::Keyword(name),
        });
    }
    (found, what_if)
}

/// A program: its words as they stand.
fn native(at: Span, named: &str, words: Vec<Word>, input: Option<Expression>) -> Expression {
    let mut items = vec![expanded(at, named)];
    for word in words {
        items.push(match word {
            Word::Value(value) => Expression::new(at, ExpressionKind::Spread(Box::new(value))),
            Word::Parameter { text, .. } => Expression::new(at, ExpressionKind::Text(text)),
        });
    }
    // A text is one word, a list as many as it holds.
    let items = items
        .into_iter()
        .map(|item| match item.kind {
            ExpressionKind::Spread(inner) if !matches!(inner.kind, ExpressionKind::List(_)) => {
                *inner
            }
            kind => Expression::new(at, kind),
        })
        .collect();
    let words = Expression::new(at, ExpressionKind::List(items));
    let mut given = vec![positional(words)];
    given.extend(input.map(|value| Argument {
        value,
        kind: ArgumentKind::Keyword("inputobject".to_owned()),
    }));
    call_of(at, name_at(at, "program"), given)
}

fn positional(value: Expression) -> Argument {
    Argument {
        value,
        kind: ArgumentKind::Positional,
    }
}

fn name_at(at: Span, name: &str) -> Expression {
    Expression::new(at, ExpressionKind::Name(name.to_owned()))
}

fn call_of(at: Span, function: Expression, arguments: Vec<Argument>) -> Expression {
    let function = Box::new(function);
    Expression::new(
        at,
        ExpressionKind::Call {
            function,
            arguments,
        },
    )
}

fn call(at: Span, name: &str, given: Vec<Expression>) -> Expression {
    call_of(
        at,
        name_at(at, name),
        given.into_iter().map(positional).collect(),
    )
}

/// Statements as a value: one expression is itself.
fn block(at: Span, mut statements: Vec<Statement>) -> Expression {
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
    Expression::new(at, ExpressionKind::Block(statements))
}

/// A variable by its name in small letters; the scope before it does not matter.
fn variable(at: Span, text: &str) -> Expression {
    let bare = text
        .trim_start_matches(['$', '@'])
        .trim_start_matches('{')
        .trim_end_matches('}')
        .to_lowercase();
    let bare = [
        "global:",
        "script:",
        "local:",
        "private:",
        "using:",
        "variable:",
    ]
    .iter()
    .find_map(|scope| bare.strip_prefix(scope))
    .unwrap_or(&bare);
    let kind = match bare {
        "true" => ExpressionKind::Boolean(true),
        "false" => ExpressionKind::Boolean(false),
        "null" => ExpressionKind::Null,
        "psitem" => ExpressionKind::Name("$_".to_owned()),
        _ => ExpressionKind::Name(format!("${bare}")),
    };
    Expression::new(at, kind)
}

/// `[System.IO.File]` is `io.file`.
fn type_name(text: &str) -> String {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let bare = inner.unwrap_or(text).to_lowercase();
    bare.strip_prefix("system.").unwrap_or(&bare).to_owned()
}

/// A word with the variables in it.
fn expanded(at: Span, text: &str) -> Expression {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '`' => plain.extend(letters.next()),
            '$' if letters
                .peek()
                .is_some_and(|next| next.is_alphabetic() || "_{".contains(*next)) =>
            {
                let mut name = String::from("$");
                while let Some(next) =
                    letters.next_if(|next| next.is_alphanumeric() || "_:{}".contains(*next))
                {
                    name.push(next);
                }
                if !plain.is_empty() {
                    let known = ExpressionKind::Text(std::mem::take(&mut plain));
                    parts.push(Expression::new(at, known));
                }
                parts.push(variable(at, &name));
            }
            '"' | '\'' => {}
            other => plain.push(other),
        }
    }
    if parts.is_empty() {
        return Expression::new(at, ExpressionKind::Text(plain));
    }
    if !plain.is_empty() {
        parts.push(Expression::new(at, ExpressionKind::Text(plain)));
    }
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only;
    }
    Expression::new(at, ExpressionKind::Template(parts))
}

/// A piece of a text in double quotes, with its backticks read.
fn cooked(raw: &str) -> String {
    let mut text = String::new();
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '`' => match letters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('0') => text.push('\0'),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text.replace("\"\"", "\"")
}
