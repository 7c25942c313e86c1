//! Expressions: what is known of their values.

use super::{Evaluator, LIST_LIMIT, STEP_WORK};
use crate::location::Span;
use crate::payload::holes;
use crate::program::Invocation;
use crate::program::tree::{
    Argument, ArgumentKind, Binding, Expression, ExpressionKind, Operator, Pattern, Role,
};
use crate::program::value::{Arguments, Item, Scope, ScopeKind, Value};
use crate::resolve::{Part, Text};
use std::rc::Rc;

/// Combinations of alternatives that are told apart.
const COMBINATIONS: usize = 16;
/// A list or text repeated more often is not known.
const REPEAT_LIMIT: f64 = 10_000.0;

impl Evaluator<'_> {
    pub(in crate::program) fn expression(&mut self, expression: &Expression) -> Value {
        let span = expression.span;
        let value = self.deeper(|this| this.value(expression));
        if let Some(Value::Text(text)) = &value {
            self.spend(text.length());
        }
        value.unwrap_or_else(|| self.unknown(span))
    }

    fn value(&mut self, expression: &Expression) -> Value {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Text(text) if holes::has_hole(text) => {
                Value::Text(self.holes.restore(text))
            }
            ExpressionKind::Text(text) => Value::text(text.clone()),
            ExpressionKind::Number(number) => Value::Number(*number),
            ExpressionKind::Boolean(boolean) => Value::Boolean(*boolean),
            ExpressionKind::Null => Value::Null,
            ExpressionKind::Template(parts) => {
                let parts: Vec<Value> = parts
                    .iter()
                    .map(|part| {
                        let value = self.expression(part);
                        self.hole(value)
                    })
                    .collect();
                self.joined(&parts)
            }
            ExpressionKind::Name(name) if holes::has_hole(name) => {
                if holes::hole_at_start(name) != Some(name.len()) {
                    self.unseen_name(span);
                }
                self.unknown(span)
            }
            ExpressionKind::Name(name) => {
                self.lookup(name).unwrap_or_else(|| self.library_name(name))
            }
            ExpressionKind::Member { object, name } if holes::has_hole(name) => {
                self.expression(object);
                self.unseen_name(span);
                self.unknown(span)
            }
            ExpressionKind::Member { object, name } => {
                let object = self.expression(object);
                self.member(&object, name, span)
            }
            ExpressionKind::Index { object, index } => {
                let object = self.expression(object);
                let index = self.expression(index);
                self.index(&object, &index, span)
            }
            ExpressionKind::Slice {
                object,
                start,
                end,
                step,
            } => {
                let object = self.expression(object);
                let mut bound = |bound: &Option<Box<Expression>>| {
                    bound.as_ref().map(|bound| self.expression(bound))
                };
                let bounds = [bound(start), bound(end), bound(step)];
                self.slice(&object, &bounds, span)
            }
            ExpressionKind::Call {
                function,
                arguments,
            } => {
                if let ExpressionKind::Name(name) = &function.kind
                    && holes::starts_with_hole(name)
                {
                    self.unseen_name(span);
                }
                let function = self.expression(function);
                let arguments = self.arguments(arguments);
                self.apply(&function, &arguments, span)
            }
            ExpressionKind::List(items) => {
                let (items, open) = self.list_items(items);
                self.list(items, open)
            }
            ExpressionKind::Map(pairs) => self.map_value(pairs),
            ExpressionKind::Function(function) => {
                let value = self.closure(function);
                self.decorated(&function.decorators, value)
            }
            ExpressionKind::Class(class) => self.class(class),
            ExpressionKind::Binary { operator, operands } => self.binary(*operator, operands, span),
            ExpressionKind::Not(operand) => {
                let value = self.expression(operand);
                match self.truth(&value) {
                    Some(truth) => Value::Boolean(!truth),
                    None => self.unknown(span),
                }
            }
            ExpressionKind::Negative(operand) => match self.expression(operand).number() {
                Some(number) => Value::Number(-number),
                None => self.unknown(span),
            },
            ExpressionKind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.expression(condition);
                match self.truth(&condition) {
                    Some(true) => self.expression(then),
                    Some(false) => self.expression(otherwise),
                    None => self.alternatives([then, otherwise], |this, way| this.expression(way)),
                }
            }
            ExpressionKind::Assign {
                target,
                binding,
                operator,
                value,
            } => self.assignment(target, *binding, *operator, value),
            ExpressionKind::Command(text) => {
                let text = self.expression(text);
                self.run_shell(&text, span);
                self.unknown(span)
            }
            ExpressionKind::Spread(value) => self.expression(value),
            ExpressionKind::Comprehension {
                target,
                over,
                conditions,
                body,
            } => self.comprehension(target, over, conditions, body),
            ExpressionKind::Block(statements) => {
                let Some((last, rest)) = statements.split_last() else {
                    return Value::Null;
                };
                self.block(rest);
                if let crate::program::tree::StatementKind::Expression(last) = &last.kind {
                    return self.expression(last);
                }
                self.block(std::slice::from_ref(last));
                self.unknown(span)
            }
            ExpressionKind::Yield(value) => {
                let value = value
                    .as_ref()
                    .map_or(Value::Null, |value| self.expression(value));
                self.yielded(value);
                self.unknown(span)
            }
            ExpressionKind::Unknown(parts) => {
                for part in parts {
                    self.expression(part);
                }
                self.print_unseen();
                self.unknown(span)
            }
        }
    }

    /// A name that decides what is done, and is not known.
    fn unseen_name(&mut self, span: Span) {
        let shown = self.shown(span);
        self.unfolded(
            format!("a name in the program is known only then: {shown}"),
            span,
        );
    }

    /// What is put into a text, shown as such where it is not known.
    fn hole(&self, value: Value) -> Value {
        if !matches!(value, Value::Unknown(_) | Value::Name(_)) {
            return value;
        }
        match self.to_text(&value).parts() {
            [Part::Unknown(source)] if !source.starts_with('$') => {
                Value::unknown(format!("${{{source}}}"))
            }
            _ => value,
        }
    }

    fn arguments(&mut self, arguments: &[Argument]) -> Arguments {
        let mut given = Arguments::default();
        for argument in arguments {
            let value = self.expression(&argument.value);
            match &argument.kind {
                ArgumentKind::Positional => given.positional.push(value),
                ArgumentKind::Keyword(name) => given.keywords.push((name.clone(), value)),
                ArgumentKind::Spread => {
                    let (items, open) = self.items(&value, true, argument.value.span);
                    given.positional.extend(items);
                    given.open |= open;
                }
                ArgumentKind::KeywordSpread => match self.pairs(&value) {
                    Some((pairs, open)) => {
                        given.keywords.extend(pairs);
                        given.open |= open;
                    }
                    None => given.open = true,
                },
            }
        }
        given
    }

    fn list_items(&mut self, expressions: &[Expression]) -> (Vec<Value>, bool) {
        let mut items = Vec::new();
        let mut open = false;
        for expression in expressions {
            let value = self.expression(expression);
            if matches!(expression.kind, ExpressionKind::Spread(_)) {
                let (spread, more) = self.items(&value, true, expression.span);
                items.extend(spread);
                open |= more;
            } else {
                items.push(value);
            }
        }
        (items, open)
    }

    fn map_value(&mut self, entries: &[(Option<Expression>, Expression)]) -> Value {
        let mut pairs: Vec<(String, Value)> = Vec::new();
        let mut open = false;
        for (key, value) in entries {
            let key = key.as_ref().map(|key| self.expression(key));
            let value = self.expression(value);
            // `{ get x() { … } }` runs when somebody looks.
            if let Value::Function(closure) = &value
                && closure.function.role == Role::Implicit
            {
                self.call_back(vec![value.clone()], &[], closure.function.span);
            }
            match key {
                Some(key) => match self.to_text(&key).exact() {
                    Some(key) => {
                        pairs.retain(|(known, _)| known != key);
                        pairs.push((key.to_owned(), value));
                    }
                    None => open = true,
                },
                None => match self.pairs(&value) {
                    Some((spread, more)) => {
                        for (key, value) in spread {
                            pairs.retain(|(known, _)| *known != key);
                            pairs.push((key, value));
                        }
                        open |= more;
                    }
                    None => open = true,
                },
            }
        }
        self.map(pairs, open)
    }

    /// The pairs of a map, and whether there may be more.
    pub(in crate::program) fn pairs(&self, value: &Value) -> Option<(Vec<(String, Value)>, bool)> {
        let (Value::Map(id) | Value::Instance(id)) = value else {
            return None;
        };
        match self.store.get(*id)? {
            Item::Map { pairs, open } => Some((pairs.clone(), *open)),
            Item::Instance { members, .. } => Some((members.clone(), false)),
            Item::Variable(_) | Item::List { .. } => None,
        }
    }

    /// What a loop over this value goes through, and whether there may be more.
    pub(in crate::program) fn items(
        &mut self,
        value: &Value,
        keys: bool,
        span: Span,
    ) -> (Vec<Value>, bool) {
        match value {
            Value::List(id) => match self.store.get(*id) {
                Some(Item::List { items, open }) => (items.clone(), *open),
                _ => (Vec::new(), true),
            },
            Value::Map(_) => match self.pairs(value) {
                Some((pairs, open)) => {
                    let items = pairs.into_iter();
                    let items =
                        items.map(|(key, value)| if keys { Value::text(key) } else { value });
                    (items.collect(), open)
                }
                None => (Vec::new(), true),
            },
            Value::Text(text) => match text.exact() {
                Some(text) => {
                    let letters = text.chars().map(|letter| Value::text(letter.to_string()));
                    (letters.collect(), false)
                }
                None => (vec![self.unknown(span)], true),
            },
            Value::OneOf(values) => {
                let mut all = Vec::new();
                for value in values.iter() {
                    all.extend(self.items(value, keys, span).0);
                }
                (all, true)
            }
            Value::Name(name) => {
                // What a loop over a file or its like goes through.
                let path = format!("{}.__iter__", name.path);
                let listed = (self.language.fold)(
                    self,
                    &Invocation {
                        path: &path,
                        name,
                        arguments: &Arguments::default(),
                        span,
                    },
                );
                match listed {
                    Some(listed @ Value::List(_)) => self.items(&listed, keys, span),
                    _ => (vec![self.extended(name, "each")], true),
                }
            }
            Value::Instance(_) => {
                let listed = self.call_method(value, "__iter__", &Arguments::default(), span);
                match listed {
                    Some(listed @ (Value::List(_) | Value::Map(_))) => {
                        self.items(&listed, keys, span)
                    }
                    _ => (vec![self.unknown(span)], true),
                }
            }
            Value::Null | Value::Number(_) | Value::Boolean(_) => (Vec::new(), false),
            Value::Function(_) | Value::Class(_) | Value::Bound(_) | Value::Unknown(_) => {
                (vec![self.unknown(span)], true)
            }
        }
    }

    fn comprehension(
        &mut self,
        target: &Pattern,
        over: &Expression,
        conditions: &[Expression],
        body: &Expression,
    ) -> Value {
        let value = self.expression(over);
        let (items, mut open) = self.items(&value, true, over.span);
        let scope = Scope::new(ScopeKind::Block, Some(Rc::clone(&self.scope)));
        let mut found = Vec::new();
        let nested = matches!(body.kind, ExpressionKind::Comprehension { .. });
        self.within(scope, |this| {
            for item in items {
                this.assign(target, item, Binding::Block);
                let mut certain = true;
                let mut wanted = true;
                for condition in conditions {
                    let value = this.expression(condition);
                    match this.truth(&value) {
                        Some(true) => {}
                        Some(false) => {
                            wanted = false;
                            break;
                        }
                        None => certain = false,
                    }
                }
                if !wanted {
                    continue;
                }
                open |= !certain;
                let value = this.expression(body);
                // `for a in x for b in y` makes one list.
                match (&value, nested) {
                    (Value::List(_), true) => {
                        let (inner, more) = this.items(&value, true, body.span);
                        found.extend(inner);
                        open |= more;
                    }
                    _ => found.push(value),
                }
            }
        });
        self.list(found, open)
    }

    fn assignment(
        &mut self,
        target: &Pattern,
        binding: Binding,
        operator: Option<Operator>,
        value: &Expression,
    ) -> Value {
        let value = match (operator, target) {
            (Some(operator), Pattern::Target(place)) => {
                let before = self.expression(place);
                match operator {
                    Operator::Or | Operator::And | Operator::Coalesce => {
                        let other = self.alternatives([Some(value), None], |this, way| match way {
                            Some(value) => this.expression(value),
                            None => before.clone(),
                        });
                        other.or(before)
                    }
                    _ => {
                        let after = self.expression(value);
                        // A list grows where it stands.
                        if let (Value::List(id), Operator::Add) = (&before, operator) {
                            let (items, open) = self.items(&after, true, value.span);
                            self.extend(*id, items, open);
                            return before;
                        }
                        self.operate(operator, &before, &after, value.span)
                    }
                }
            }
            _ => self.expression(value),
        };
        self.assign(target, value.clone(), binding);
        value
    }

    pub(in crate::program) fn extend(&mut self, list: usize, more: Vec<Value>, unsure: bool) {
        self.spend(more.len() * STEP_WORK);
        if let Some(Item::List { items, open }) = self.store.change(list) {
            let room = LIST_LIMIT.saturating_sub(items.len());
            *open |= unsure || more.len() > room;
            items.extend(more.into_iter().take(room));
        }
    }

    fn binary(&mut self, operator: Operator, operands: &[Expression], span: Span) -> Value {
        let Some((first, rest)) = operands.split_first() else {
            return Value::Null;
        };
        let mut value = self.expression(first);
        for operand in rest {
            value = match operator {
                Operator::And | Operator::Or | Operator::Coalesce => {
                    let decided = match operator {
                        Operator::And => self.truth(&value).map(|truth| !truth),
                        Operator::Or => self.truth(&value),
                        _ => Self::is_present(&value),
                    };
                    match decided {
                        Some(true) => return value,
                        Some(false) => self.expression(operand),
                        None => self.alternatives([Some(operand), None], |this, way| match way {
                            Some(operand) => this.expression(operand),
                            None => value.clone(),
                        }),
                    }
                }
                _ => {
                    let other = self.expression(operand);
                    self.operate(operator, &value, &other, span)
                }
            };
        }
        value
    }

    /// Whether a value is certainly not null, or certainly null.
    fn is_present(value: &Value) -> Option<bool> {
        match value {
            Value::Null => Some(false),
            Value::Unknown(_) | Value::OneOf(_) | Value::Name(_) => None,
            _ => Some(true),
        }
    }

    pub(in crate::program) fn truth(&self, value: &Value) -> Option<bool> {
        if let Some(truth) = (self.language.truth)(value) {
            return Some(truth);
        }
        match value {
            Value::Boolean(truth) => Some(*truth),
            Value::Null => Some(false),
            Value::Number(number) => Some(*number != 0.0),
            Value::Text(text) => match text.exact() {
                Some(text) => Some(!text.is_empty()),
                None if !text.known_prefix().is_empty() => Some(true),
                None => None,
            },
            Value::List(id) | Value::Map(id) => match self.store.get(*id)? {
                Item::List { items, open } if !self.language.empty_is_true => {
                    (!items.is_empty() || !open).then_some(!items.is_empty())
                }
                Item::Map { pairs, open } if !self.language.empty_is_true => {
                    (!pairs.is_empty() || !open).then_some(!pairs.is_empty())
                }
                _ => Some(true),
            },
            Value::Function(_) | Value::Class(_) | Value::Bound(_) => Some(true),
            Value::OneOf(values) => {
                let mut truths = values.iter().map(|value| self.truth(value));
                let first = truths.next()??;
                truths.all(|truth| truth == Some(first)).then_some(first)
            }
            Value::Name(_) | Value::Instance(_) | Value::Unknown(_) => None,
        }
    }

    /// An operator on two values, each of which may be one of several.
    pub(in crate::program) fn operate(
        &mut self,
        operator: Operator,
        left: &Value,
        right: &Value,
        span: Span,
    ) -> Value {
        let (lefts, rights) = (left.alternatives().to_vec(), right.alternatives().to_vec());
        if lefts.len() * rights.len() > COMBINATIONS {
            return self.unknown(span);
        }
        let mut result: Option<Value> = None;
        for left in &lefts {
            for right in &rights {
                let value = self.operate_one(operator, left, right, span);
                result = Some(match result {
                    Some(known) => known.or(value),
                    None => value,
                });
            }
        }
        result.unwrap_or_else(|| self.unknown(span))
    }

    fn operate_one(
        &mut self,
        operator: Operator,
        left: &Value,
        right: &Value,
        span: Span,
    ) -> Value {
        if let Some(value) = (self.language.operate)(self, operator, left, right, span) {
            return value;
        }
        match (operator, left, right) {
            (Operator::Concatenate, _, _) => self.joined(&[left.clone(), right.clone()]),
            (Operator::Add, Value::List(_), _) | (Operator::Add, _, Value::List(_))
                if !self.language.list_is_text =>
            {
                let (mut items, open) = self.items(left, true, span);
                let (more, unsure) = self.items(right, true, span);
                items.extend(more);
                self.list(items, open || unsure)
            }
            (Operator::Add, Value::Text(_), _) | (Operator::Add, _, Value::Text(_)) => {
                self.joined(&[left.clone(), right.clone()])
            }
            (Operator::Multiply, Value::Text(_) | Value::List(_), Value::Number(times)) => {
                self.repeated(left, *times, span)
            }
            (Operator::Multiply, Value::Number(times), Value::Text(_) | Value::List(_)) => {
                self.repeated(right, *times, span)
            }
            (Operator::In, _, _) => match self.contains(right, left) {
                Some(found) => Value::Boolean(found),
                None => self.unknown(span),
            },
            (Operator::Equal, _, _) => self.equal(left, right, false, span),
            (Operator::NotEqual, _, _) => self.equal(left, right, true, span),
            (_, Value::Number(a), Value::Number(b)) => {
                arithmetic(operator, *a, *b).unwrap_or_else(|| self.unknown(span))
            }
            (_, Value::Text(a), Value::Text(b)) => match (operator, a.exact(), b.exact()) {
                (Operator::Less, Some(a), Some(b)) => Value::Boolean(a < b),
                (Operator::Greater, Some(a), Some(b)) => Value::Boolean(a > b),
                (Operator::LessOrEqual, Some(a), Some(b)) => Value::Boolean(a <= b),
                (Operator::GreaterOrEqual, Some(a), Some(b)) => Value::Boolean(a >= b),
                _ => self.unknown(span),
            },
            _ => self.unknown(span),
        }
    }

    fn equal(&mut self, left: &Value, right: &Value, negated: bool, span: Span) -> Value {
        let equal = match (left, right) {
            (Value::Text(a), Value::Text(b)) => match (a.exact(), b.exact()) {
                (Some(a), Some(b)) => Some(a == b),
                _ => None,
            },
            #[expect(clippy::float_cmp, reason = "the language compares them so")]
            (Value::Number(a), Value::Number(b)) => Some(a == b),
            (Value::Boolean(a), Value::Boolean(b)) => Some(a == b),
            (Value::Null, Value::Null) => Some(true),
            (Value::Null, Value::Text(_) | Value::Number(_) | Value::List(_) | Value::Map(_))
            | (Value::Text(_) | Value::Number(_) | Value::List(_) | Value::Map(_), Value::Null) => {
                Some(false)
            }
            _ => None,
        };
        match equal {
            Some(equal) => Value::Boolean(equal != negated),
            None => self.unknown(span),
        }
    }

    fn contains(&self, whole: &Value, part: &Value) -> Option<bool> {
        match whole {
            Value::Text(text) => Some(text.exact()?.contains(part.exact()?)),
            Value::List(id) => match self.store.get(*id)? {
                Item::List { items, open } => {
                    if items.iter().any(|item| item.same(part)) {
                        return Some(true);
                    }
                    let constant =
                        |value: &Value| value.exact().is_some() || value.number().is_some();
                    (!open && constant(part) && items.iter().all(constant)).then_some(false)
                }
                _ => None,
            },
            Value::Map(id) => match self.store.get(*id)? {
                Item::Map { pairs, open } => {
                    let key = part.exact()?;
                    if pairs.iter().any(|(known, _)| known == key) {
                        return Some(true);
                    }
                    (!open).then_some(false)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn repeated(&mut self, value: &Value, times: f64, span: Span) -> Value {
        if !(0.0..REPEAT_LIMIT).contains(&times) {
            return if times < 0.0 {
                Value::text("")
            } else {
                self.unknown(span)
            };
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between zero and the limit"
        )]
        let times = times as usize;
        if let Value::List(_) = value {
            let (items, open) = self.items(value, true, span);
            let count = items.len().saturating_mul(times);
            let repeated = std::iter::repeat_n(items, times).flatten();
            let items = repeated.take(LIST_LIMIT).collect();
            return self.list(items, open || count > LIST_LIMIT);
        }
        let parts: Vec<Value> = std::iter::repeat_n(value.clone(), times).collect();
        self.joined(&parts)
    }

    /// Texts of the values, one after the other.
    pub(in crate::program) fn joined(&self, parts: &[Value]) -> Value {
        let mut found = vec![Text::empty()];
        for part in parts {
            let texts = self.texts(part);
            if found.len() * texts.len() > COMBINATIONS {
                let text = Text::unknown("one of many values");
                for known in &mut found {
                    known.append(text.clone());
                }
                continue;
            }
            if let [text] = texts.as_slice() {
                for known in &mut found {
                    known.append(text.clone());
                }
                continue;
            }
            found = found
                .iter()
                .flat_map(|known| {
                    texts.iter().map(|text| {
                        let mut known = known.clone();
                        known.append(text.clone());
                        known
                    })
                })
                .collect();
        }
        found
            .into_iter()
            .map(Value::Text)
            .reduce(Value::or)
            .unwrap_or(Value::Null)
    }

    /// Each text that the value may be.
    pub(in crate::program) fn texts(&self, value: &Value) -> Vec<Text> {
        value
            .alternatives()
            .iter()
            .map(|value| self.to_text(value))
            .collect()
    }

    /// The value as a text, as the language would print it.
    pub(in crate::program) fn to_text(&self, value: &Value) -> Text {
        if let Some(text) = (self.language.print)(self, value) {
            return text;
        }
        match value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => Text::known(number_text(*number)),
            Value::Boolean(true) => Text::known(self.language.literals[0]),
            Value::Boolean(false) => Text::known(self.language.literals[1]),
            Value::Null => Text::known(self.language.literals[2]),
            Value::List(_) if self.language.list_is_text => {
                let Some((items, open)) = self.known_items(value) else {
                    return Text::unknown("a list");
                };
                let mut text = Text::empty();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        text.push_known(",");
                    }
                    text.append(self.to_text(item));
                }
                if open {
                    text.append(Text::unknown("…"));
                }
                text
            }
            Value::Unknown(source) => Text::unknown(source.to_string()),
            Value::Name(name) => Text::unknown(name.path.clone()),
            Value::OneOf(_) => Text::unknown("one of several values"),
            Value::List(_) => Text::unknown("a list"),
            Value::Map(_) | Value::Instance(_) | Value::Class(_) => Text::unknown("an object"),
            Value::Function(_) | Value::Bound(_) => Text::unknown("a function"),
        }
    }

    /// The items of a list, and whether there may be more.
    pub(in crate::program) fn known_items(&self, value: &Value) -> Option<(&[Value], bool)> {
        let Value::List(id) = value else {
            return None;
        };
        match self.store.get(*id)? {
            Item::List { items, open } => Some((items, *open)),
            _ => None,
        }
    }

    pub(in crate::program) fn index(&mut self, object: &Value, index: &Value, span: Span) -> Value {
        if let Value::OneOf(values) = object {
            return values
                .clone()
                .iter()
                .map(|value| self.index(value, index, span))
                .reduce(Value::or)
                .unwrap_or(Value::Null);
        }
        if let Value::OneOf(indices) = index {
            return indices
                .clone()
                .iter()
                .map(|index| self.index(object, index, span))
                .reduce(Value::or)
                .unwrap_or(Value::Null);
        }
        match object {
            Value::List(id) => {
                let Some(Item::List { items, open }) = self.store.get(*id) else {
                    return self.unknown(span);
                };
                if let Some(at) = index.number().and_then(|at| position(at, items.len()))
                    && let Some(item) = items.get(at)
                {
                    return item.clone();
                }
                if index.exact().is_some() {
                    // A property: `xs["length"]`.
                    let name = index.exact().unwrap_or_default().to_owned();
                    return self.member(object, &name, span);
                }
                let any = items.clone().into_iter().reduce(Value::or);
                if index.number().is_some() && !*open && self.language.missing_is_null {
                    return Value::Null;
                }
                match any {
                    // An item that is not there is an error.
                    Some(_) if index.number().is_some() && !*open => self.unknown(span),
                    Some(any) if index.number().is_none() && !*open => any,
                    Some(any) => any.or(self.unknown(span)),
                    None => self.unknown(span),
                }
            }
            Value::Text(text) => {
                let letters: Option<Vec<char>> = text.exact().map(|text| text.chars().collect());
                match (letters, index.number()) {
                    (Some(letters), Some(at)) => match position(at, letters.len()) {
                        Some(at) => letters
                            .get(at)
                            .map_or(Value::Null, |letter| Value::text(letter.to_string())),
                        None => Value::Null,
                    },
                    _ => match index.exact().map(str::to_owned) {
                        Some(name) => self.member(object, &name, span),
                        None => self.unknown(span),
                    },
                }
            }
            Value::Map(_) | Value::Instance(_) | Value::Class(_) => {
                let key = self.to_text(index);
                match key.exact() {
                    Some(key) => self.keyed(object, key, span),
                    None => match self.pairs(object) {
                        Some((pairs, open)) => {
                            let any = pairs.into_iter().map(|(_, value)| value).reduce(Value::or);
                            match any {
                                Some(any) if !open => any,
                                Some(any) => any.or(self.unknown(span)),
                                None => self.unknown(span),
                            }
                        }
                        None => self.unknown(span),
                    },
                }
            }
            Value::Name(name) => match self.to_text(index).exact() {
                Some(key) => {
                    let key = key.to_owned();
                    self.member(object, &key, span)
                }
                None => self.extended(&Rc::clone(name), "?"),
            },
            Value::Function(_) | Value::Bound(_) => match index.exact().map(str::to_owned) {
                Some(name) => self.member(object, &name, span),
                None => self.unknown(span),
            },
            Value::Unknown(_) => match index.exact().map(str::to_owned) {
                // `x["unlink"]()` is `x.unlink()`.
                Some(name) => self.member(object, &name, span),
                None => self.unknown(span),
            },
            Value::Number(_) | Value::Boolean(_) | Value::Null | Value::OneOf(_) => {
                self.unknown(span)
            }
        }
    }

    fn keyed(&mut self, object: &Value, key: &str, span: Span) -> Value {
        if let Some((pairs, open)) = self.pairs(object) {
            if let Some((_, value)) = pairs.into_iter().find(|(known, _)| known == key) {
                return value;
            }
            if open {
                return self.unknown(span);
            }
        }
        match object {
            Value::Map(_) if !self.language.keys_are_members => self.unknown(span),
            _ => self.member(object, key, span),
        }
    }

    fn slice(&mut self, object: &Value, bounds: &[Option<Value>; 3], span: Span) -> Value {
        let bound = |value: &Option<Value>| match value {
            None | Some(Value::Null) => Some(None),
            Some(value) => value.number().map(Some),
        };
        let [Some(start), Some(end), Some(step)] =
            [bound(&bounds[0]), bound(&bounds[1]), bound(&bounds[2])]
        else {
            return self.unknown(span);
        };
        match object {
            Value::Text(text) => match text.exact() {
                Some(text) => {
                    let letters: Vec<char> = text.chars().collect();
                    let sliced: String = sliced(&letters, start, end, step).into_iter().collect();
                    Value::text(sliced)
                }
                None => self.unknown(span),
            },
            Value::List(_) => match self.known_items(object) {
                Some((items, open)) => {
                    let items = sliced(items, start, end, step);
                    self.list(items, open)
                }
                None => self.unknown(span),
            },
            _ => self.unknown(span),
        }
    }
}

/// What a slice takes, as Python counts.
pub(in crate::program) fn sliced<T: Clone>(
    items: &[T],
    start: Option<f64>,
    end: Option<f64>,
    step: Option<f64>,
) -> Vec<T> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "clamped to the length"
    )]
    let clamp = |bound: f64, low: i64, high: i64| {
        let length = items.len() as f64;
        let bound = if bound < 0.0 { bound + length } else { bound };
        (bound.clamp(-1.0, length) as i64).clamp(low, high)
    };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    #[expect(clippy::cast_possible_truncation, reason = "a step beyond any list")]
    let step = step.unwrap_or(1.0) as i64;
    let mut found = Vec::new();
    if step > 0 {
        let end = end.map_or(length, |end| clamp(end, 0, length));
        let mut at = start.map_or(0, |start| clamp(start, 0, length));
        while at < end {
            found.extend(
                usize::try_from(at)
                    .ok()
                    .and_then(|at| items.get(at))
                    .cloned(),
            );
            at += step;
        }
    } else if step < 0 {
        let end = end.map_or(-1, |end| clamp(end, -1, length - 1));
        let mut at = start.map_or(length - 1, |start| clamp(start, -1, length - 1));
        while at > end {
            found.extend(
                usize::try_from(at)
                    .ok()
                    .and_then(|at| items.get(at))
                    .cloned(),
            );
            at += step;
        }
    }
    found
}

/// An index, counted from the end if it is negative.
fn position(at: f64, length: usize) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
    let at = (at.fract() == 0.0 && at.abs() < 1e9).then_some(at as i64)?;
    let at = if at < 0 {
        at + i64::try_from(length).ok()?
    } else {
        at
    };
    usize::try_from(at).ok()
}

fn arithmetic(operator: Operator, a: f64, b: f64) -> Option<Value> {
    /// Whole numbers beyond it are not exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and exact"
    )]
    let whole =
        |number: f64| (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64);
    let bits = |operate: fn(i64, i64) -> Option<i64>| {
        let value = operate(whole(a)?, whole(b)?)?;
        #[expect(clippy::cast_precision_loss, reason = "checked below")]
        Some(value as f64)
    };
    let number = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide if b != 0.0 => a / b,
        Operator::Quotient if b != 0.0 => (a / b).floor(),
        Operator::Remainder if b != 0.0 => a - b * (a / b).floor(),
        // Whole numbers alone: any other power needs the mathematical library, and that one more
        // file to load at each start.
        Operator::Power => bits(|a, b| a.checked_pow(u32::try_from(b).ok()?))?,
        Operator::BitAnd => bits(|a, b| Some(a & b))?,
        Operator::BitOr => bits(|a, b| Some(a | b))?,
        Operator::BitXor => bits(|a, b| Some(a ^ b))?,
        Operator::ShiftLeft => {
            bits(|a, b| a.checked_mul(1_i64.checked_shl(u32::try_from(b).ok()?)?))?
        }
        Operator::ShiftRight => bits(|a, b| a.checked_shr(u32::try_from(b).ok()?))?,
        Operator::Less => return Some(Value::Boolean(a < b)),
        Operator::LessOrEqual => return Some(Value::Boolean(a <= b)),
        Operator::Greater => return Some(Value::Boolean(a > b)),
        Operator::GreaterOrEqual => return Some(Value::Boolean(a >= b)),
        _ => return None,
    };
    (number.is_finite() && number.abs() < EXACT).then_some(Value::Number(number))
}

/// A number as every language prints a whole one.
pub(in crate::program) fn number_text(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "whole and exact")]
    if number.fract() == 0.0 && number.abs() < 1e15 {
        (number as i64).to_string()
    } else {
        number.to_string()
    }
}
