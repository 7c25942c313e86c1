//! Calls: of the program's own functions and classes, of values' methods, of libraries.

use std::rc::Rc;

use super::{Evaluator, Flow, Frame};
use crate::location::Span;
use crate::program::Invocation;
use crate::program::tree::{Binding, Expression, Function, Parameter, ParameterKind, Role};
use crate::program::value::{
    Arguments, Bound, ClassValue, Closure, Item, Name, Scope, ScopeKind, Value,
};

/// A function within itself is walked with what is known this often, then once for all.
const RECURSION: usize = 3;
/// A longer path into a library is not known.
const PATH_LIMIT: usize = 240;
/// Classes above classes.
const BASES: usize = 16;

impl Evaluator<'_> {
    pub(in crate::program) fn closure(&mut self, function: &Rc<Function>) -> Value {
        let frame = self.frames.last();
        let class = frame.and_then(|frame| frame.class.clone());
        let in_class = self.scope.kind == ScopeKind::Class;
        Value::Function(Rc::new(Closure {
            function: Rc::clone(function),
            scope: Rc::clone(&self.scope),
            unit: Rc::clone(&self.unit),
            this: None,
            class: class.filter(|_| in_class),
        }))
    }

    /// The function as its decorators leave it: one of the program's own may wrap it, any other
    /// is taken to keep it.
    pub(super) fn decorated(&mut self, decorators: &[Expression], mut value: Value) -> Value {
        for decorator in decorators.iter().rev() {
            let span = decorator.span;
            let by = self.expression(decorator);
            let arguments = Arguments {
                positional: vec![value.clone()],
                ..Arguments::default()
            };
            match &by {
                Value::Function(_) | Value::Class(_) | Value::Instance(_) => {
                    let made = self.apply(&by, &arguments, span);
                    if !matches!(made, Value::Null | Value::Unknown(_)) {
                        value = made;
                    }
                }
                Value::Name(name) if (self.language.property)(&name.path) => {
                    value = Value::Bound(Rc::new(Bound::Partial {
                        function: by.clone(),
                        first: arguments,
                    }));
                }
                Value::Name(name) => {
                    self.keeps_decorated(name, &value);
                    let made = self.apply(&by, &arguments, span);
                    if matches!(made, Value::Bound(_)) {
                        value = made;
                    }
                }
                _ => {}
            }
        }
        value
    }

    /// Something of a library, or a name that nobody bound.
    pub(in crate::program) fn library_name(&mut self, path: &str) -> Value {
        let path = self.language.pack().canonical(path);
        if let Some(bound) = self.lookup(&path) {
            return bound;
        }
        if let Some(value) = (self.language.constant)(self, &path) {
            return value;
        }
        Value::name(path)
    }

    /// A member of something of a library.
    pub(in crate::program) fn extended(&mut self, name: &Rc<Name>, member: &str) -> Value {
        if name.path.len() > PATH_LIMIT {
            return Value::unknown(&name.path);
        }
        let path = format!("{}.{member}", name.path);
        if name.calls.is_empty() {
            return self.library_name(&path);
        }
        Value::Name(Rc::new(Name {
            path: self.language.pack().canonical(&path),
            calls: name.calls.clone(),
        }))
    }

    pub(in crate::program) fn member(&mut self, object: &Value, name: &str, span: Span) -> Value {
        if let Some(value) = (self.language.member)(self, object, name, span) {
            return value;
        }
        match object {
            Value::OneOf(values) => values
                .clone()
                .iter()
                .map(|value| self.member(value, name, span))
                .reduce(Value::or)
                .unwrap_or(Value::Null),
            Value::Name(library) => self.extended(library, name),
            Value::Instance(id) => self.instance_member(*id, name, span),
            Value::Class(class) => match self.class_member(class, name, 0) {
                Some(found) => found,
                None => self.base_member(class, name, span),
            },
            Value::Unknown(_) => Value::name(format!("?.{name}")),
            Value::Map(_) if self.language.keys_are_members => {
                let found = self.pairs(object).map(|(pairs, open)| {
                    let found = pairs.into_iter().find(|(known, _)| known == name);
                    (found.map(|(_, value)| value), open)
                });
                match found {
                    Some((Some(value), _)) => self.with_this(&value, object),
                    _ => method(object, name),
                }
            }
            Value::Null => self.unknown(span),
            _ => method(object, name),
        }
    }

    /// A function that is called on this value.
    fn with_this(&self, value: &Value, this: &Value) -> Value {
        match value {
            Value::Function(closure) if closure.this.is_none() => {
                let mut bound = Closure::clone(closure);
                bound.this = Some(this.clone());
                Value::Function(Rc::new(bound))
            }
            _ => value.clone(),
        }
    }

    fn instance_member(&mut self, id: usize, name: &str, span: Span) -> Value {
        let instance = Value::Instance(id);
        let Some(Item::Instance { class, members }) = self.store.get(id) else {
            return self.unknown(span);
        };
        if let Some((_, value)) = members.iter().find(|(known, _)| known == name) {
            return value.clone();
        }
        let class = Rc::clone(class);
        match self.class_member(&class, name, 0) {
            Some(value) => self.bound_to(&value, &instance, span),
            None => self.base_member(&class, name, span),
        }
    }

    /// A member of a class as its instance has it.
    fn bound_to(&mut self, value: &Value, instance: &Value, span: Span) -> Value {
        match value {
            Value::Function(closure) => {
                let explicit = closure
                    .class
                    .as_ref()
                    .is_some_and(|class| class.class.explicit_self);
                if closure.function.role == Role::Static {
                    value.clone()
                } else if explicit {
                    Value::Bound(Rc::new(Bound::Partial {
                        function: value.clone(),
                        first: Arguments {
                            positional: vec![instance.clone()],
                            ..Arguments::default()
                        },
                    }))
                } else {
                    self.with_this(value, instance)
                }
            }
            Value::Bound(bound) => match &**bound {
                Bound::Partial {
                    function: Value::Name(name),
                    first,
                } if (self.language.property)(&name.path) => {
                    let getter = first.positional.first().cloned();
                    match getter {
                        Some(getter) => {
                            let getter = self.bound_to(&getter, instance, span);
                            self.apply(&getter, &Arguments::default(), span)
                        }
                        None => self.unknown(span),
                    }
                }
                _ => value.clone(),
            },
            _ => value.clone(),
        }
    }

    pub(super) fn class_member(
        &self,
        class: &Rc<ClassValue>,
        name: &str,
        depth: usize,
    ) -> Option<Value> {
        let id = class.members.names.borrow().get(name).copied();
        if let Some(id) = id
            && let Some(Item::Variable(Some(value))) = self.store.get(id)
        {
            return Some(value.clone());
        }
        if depth >= BASES {
            return None;
        }
        class.bases.iter().find_map(|base| match base {
            Value::Class(base) => self.class_member(base, name, depth + 1),
            _ => None,
        })
    }

    /// A member that only a library's class above it may have.
    fn base_member(&mut self, class: &Rc<ClassValue>, name: &str, span: Span) -> Value {
        let base = class.bases.iter().find_map(|base| match base {
            Value::Name(base) => Some(Rc::clone(base)),
            _ => None,
        });
        match base {
            Some(base) => {
                let mut called = Name::clone(&base);
                called.path.push_str("()");
                called.calls.push(Rc::default());
                self.extended(&Rc::new(called), name)
            }
            None => self.unknown(span),
        }
    }

    /// Calls a method of an instance, if its class has it.
    pub(in crate::program) fn call_method(
        &mut self,
        instance: &Value,
        name: &str,
        arguments: &Arguments,
        span: Span,
    ) -> Option<Value> {
        let Value::Instance(id) = instance else {
            return None;
        };
        let Some(Item::Instance { class, .. }) = self.store.get(*id) else {
            return None;
        };
        let class = Rc::clone(class);
        let method = self.class_member(&class, name, 0)?;
        let method = self.bound_to(&method, instance, span);
        Some(self.apply(&method, arguments, span))
    }

    /// What a `with` block gets of its value.
    pub(super) fn entered(&mut self, value: &Value, span: Span) -> Value {
        match value {
            Value::Instance(_) => self
                .call_method(value, "__enter__", &Arguments::default(), span)
                .unwrap_or_else(|| value.clone()),
            // A generator that is a context: what it yields.
            Value::List(_) => match self.known_items(value).and_then(|(items, _)| items.first()) {
                Some(first) => first.clone(),
                None => self.unknown(span),
            },
            _ => value.clone(),
        }
    }

    pub(super) fn left(&mut self, value: &Value, span: Span) {
        let arguments = Arguments {
            positional: vec![Value::Null, Value::Null, Value::Null],
            ..Arguments::default()
        };
        self.call_method(value, "__exit__", &arguments, span);
    }

    pub(super) fn yielded(&mut self, value: Value) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        match frame.yielded {
            Some(list) => self.extend(list, vec![value], false),
            None => {
                if let Value::List(id) = self.list(vec![value], false)
                    && let Some(frame) = self.frames.last_mut()
                {
                    frame.yielded = Some(id);
                }
            }
        }
    }

    /// Calls a value.
    pub(in crate::program) fn apply(
        &mut self,
        function: &Value,
        arguments: &Arguments,
        span: Span,
    ) -> Value {
        self.deeper(|this| this.called(function, arguments, span))
            .unwrap_or_else(|| self.unknown(span))
    }

    fn called(&mut self, function: &Value, arguments: &Arguments, span: Span) -> Value {
        match function {
            Value::OneOf(values) => {
                let values = values.to_vec();
                self.alternatives(values, |this, value| this.apply(&value, arguments, span))
            }
            Value::Function(closure) => self.walk_function(closure, arguments, span),
            Value::Class(class) => self.instantiate(class, arguments, span),
            Value::Name(name) => {
                if let ("super", Some(value)) =
                    (name.path.as_str(), self.call_base(arguments, span))
                {
                    return value;
                }
                self.library(name, arguments, span)
            }
            Value::Bound(bound) => match &**bound {
                Bound::Partial { function, first } => {
                    let mut all = first.clone();
                    all.positional.extend(arguments.positional.iter().cloned());
                    all.keywords.extend(arguments.keywords.iter().cloned());
                    all.open |= arguments.open;
                    self.apply(function, &all, span)
                }
                Bound::Method { receiver, name } => {
                    let (receiver, name) = (receiver.clone(), name.clone());
                    self.value_method(&receiver, &name, arguments, span)
                }
            },
            Value::Instance(_) => self
                .call_method(function, "__call__", arguments, span)
                .unwrap_or_else(|| self.unknown(span)),
            // A text may name a function.
            _ => self.value_method(function, "()", arguments, span),
        }
    }

    fn value_method(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        span: Span,
    ) -> Value {
        if let Some(value) = (self.language.method)(self, receiver, name, arguments, span) {
            return value;
        }
        self.print_unseen();
        self.escape(arguments, span);
        self.unknown(span)
    }

    /// The constructor of the class above the one whose method is being walked.
    fn call_base(&mut self, arguments: &Arguments, span: Span) -> Option<Value> {
        let frame = self.frames.last()?;
        let (class, this) = (frame.class.clone()?, frame.this.clone()?);
        if self.language.super_is_called {
            return None;
        }
        let base = class.bases.iter().find_map(|base| match base {
            Value::Class(base) => Some(Rc::clone(base)),
            _ => None,
        })?;
        let constructor = self.class_member(&base, base.class.constructor, 0)?;
        let constructor = self.bound_to(&constructor, &this, span);
        Some(self.apply(&constructor, arguments, span))
    }

    /// A method of the classes above the one whose method is being walked (`super().x`).
    pub(in crate::program) fn base_method(&mut self, name: &str, span: Span) -> Option<Value> {
        let frame = self.frames.last()?;
        let (class, this) = (frame.class.clone()?, frame.this.clone()?);
        let found = class.bases.iter().find_map(|base| match base {
            Value::Class(base) => self.class_member(base, name, 0),
            _ => None,
        });
        match found {
            Some(found) => Some(self.bound_to(&found, &this, span)),
            None => Some(self.base_member(&class, name, span)),
        }
    }

    fn instantiate(&mut self, class: &Rc<ClassValue>, arguments: &Arguments, span: Span) -> Value {
        let item = Item::Instance {
            class: Rc::clone(class),
            members: Vec::new(),
        };
        let Some(id) = self.store.add(item) else {
            return self.unknown(span);
        };
        let instance = Value::Instance(id);
        let constructor = class.class.constructor;
        if self.class_member(class, constructor, 0).is_some() {
            self.call_method(&instance, constructor, arguments, span);
        } else {
            let members = fields_of(class, arguments);
            if let Some(Item::Instance { members: own, .. }) = self.store.change(id) {
                *own = members;
            }
            self.escape(arguments, span);
        }
        let unknown = Arguments {
            open: true,
            ..Arguments::default()
        };
        let mut methods = self.implicit_methods(class);
        // What a library's class calls on it is not seen.
        let library = class
            .bases
            .iter()
            .any(|base| matches!(base, Value::Name(_)));
        if library && self.is_inline {
            let names = class.members.names.borrow();
            methods.extend(names.keys().filter(|name| *name != constructor).cloned());
        }
        self.alternatives(methods, |this, name| {
            this.call_method(&instance, &name, &unknown, span);
            Value::Null
        });
        instance
    }

    /// Functions that are handed to what is not seen: it may call them, with anything.
    pub(super) fn escape(&mut self, arguments: &Arguments, span: Span) {
        let keywords = arguments.keywords.iter().map(|(_, value)| value);
        let mut given: Vec<Value> = arguments
            .positional
            .iter()
            .chain(keywords)
            .cloned()
            .collect();
        // Functions in a map or a list, as handlers are.
        if self.is_inline {
            let within: Vec<Value> = given
                .iter()
                .flat_map(|value| match self.known_items(value) {
                    Some((items, _)) => items.to_vec(),
                    None => self
                        .pairs(value)
                        .map(|(pairs, _)| pairs.into_iter().map(|(_, value)| value).collect())
                        .unwrap_or_default(),
                })
                .collect();
            given.extend(within);
        }
        given.retain(is_callable);
        self.call_back(given, &[], span);
    }

    /// Calls a function with these arguments at some later time, and gives what it comes to.
    pub(in crate::program) fn call_later(
        &mut self,
        function: &Value,
        first: &[Value],
        span: Span,
    ) -> Value {
        let arguments = Arguments {
            positional: first.to_vec(),
            ..Arguments::default()
        };
        let (value, _, changes) = self.way(|this| {
            this.tries += 1;
            let value = this.apply(function, &arguments, span);
            this.tries -= 1;
            value
        });
        self.store.join(vec![super::Changes::new(), changes]);
        value
    }

    /// Calls functions whose time and arguments nobody knows.
    pub(in crate::program) fn call_back(
        &mut self,
        functions: Vec<Value>,
        first: &[Value],
        span: Span,
    ) {
        let arguments = Arguments {
            positional: first.to_vec(),
            keywords: Vec::new(),
            open: true,
        };
        for function in functions {
            let ((), _, changes) = self.way(|this| {
                this.tries += 1;
                this.apply(&function, &arguments, span);
                this.tries -= 1;
            });
            self.store.join(vec![super::Changes::new(), changes]);
        }
    }

    fn walk_function(&mut self, closure: &Rc<Closure>, arguments: &Arguments, span: Span) -> Value {
        let function = &closure.function;
        let within = self
            .frames
            .iter()
            .filter(|frame| frame.function == Some(Rc::as_ptr(function)))
            .count();
        if within > RECURSION || (within > 0 && !self.is_fresh()) {
            return self.unknown(span);
        }
        let unknown = Arguments {
            open: true,
            ..Arguments::default()
        };
        let arguments = if within == RECURSION {
            &unknown
        } else {
            arguments
        };
        let kind = if function.closed {
            ScopeKind::Closed
        } else {
            ScopeKind::Function
        };
        let scope = Scope::new(kind, Some(Rc::clone(&closure.scope)));
        let outer_unit = std::mem::replace(&mut self.unit, Rc::clone(&closure.unit));
        let explicit = closure
            .class
            .as_ref()
            .is_some_and(|class| class.class.explicit_self);
        let this = if explicit {
            arguments.positional.first().cloned()
        } else {
            closure.this.clone()
        };
        self.frames.push(Frame {
            class: closure.class.clone(),
            this: this.clone(),
            function: Some(Rc::as_ptr(function)),
            ..Frame::default()
        });
        self.within(scope, |this_| {
            if let (Some(this), false) = (this, explicit) {
                this_.bind("this", this, Binding::Block);
            }
            this_.bind_parameters(&function.parameters, arguments, span);
            if function.implicit_return {
                this_.block_with_value(&function.body);
            } else {
                this_.block(&function.body);
            }
        });
        let frame = self.frames.pop().unwrap_or_default();
        self.unit = outer_unit;
        self.flow = match self.flow {
            Flow::Throw if !function.detached => Flow::Throw,
            Flow::Exit if !function.detached => Flow::Exit,
            _ => Flow::Next,
        };
        match (frame.yielded, frame.returned) {
            (Some(list), _) => Value::List(list),
            (None, Some(value)) => value,
            (None, None) => Value::Null,
        }
    }

    /// Statements, the last of which is what the function gives.
    fn block_with_value(&mut self, statements: &[crate::program::tree::Statement]) {
        use crate::program::tree::StatementKind;
        let Some((last, rest)) = statements.split_last() else {
            return;
        };
        self.block(rest);
        if self.flow != Flow::Next {
            return;
        }
        match &last.kind {
            StatementKind::Expression(expression) => {
                let value = self.expression(expression);
                self.give(value);
            }
            StatementKind::Branch { .. } | StatementKind::Alternatives(_) => {
                self.block(std::slice::from_ref(last));
                let value = self.unknown(last.span);
                self.give(value);
            }
            _ => self.block(std::slice::from_ref(last)),
        }
    }

    fn bind_parameters(&mut self, parameters: &[Parameter], arguments: &Arguments, span: Span) {
        let mut positional = arguments.positional.iter();
        let mut taken: Vec<&str> = Vec::new();
        for parameter in parameters {
            match parameter.kind {
                ParameterKind::Rest => {
                    let rest: Vec<Value> = positional.by_ref().cloned().collect();
                    let list = self.list(rest, arguments.open);
                    self.assign(&parameter.pattern, list, Binding::Block);
                }
                ParameterKind::KeywordRest => {
                    let rest = arguments.keywords.iter();
                    let rest = rest.filter(|(name, _)| !taken.contains(&name.as_str()));
                    let map = self.map(rest.cloned().collect(), arguments.open);
                    self.assign(&parameter.pattern, map, Binding::Block);
                }
                ParameterKind::Positional | ParameterKind::KeywordOnly => {
                    let by_name = parameter.name.as_deref().and_then(|name| {
                        taken.push(name);
                        let mut keywords = arguments.keywords.iter();
                        keywords.find(|(given, _)| given == name)
                    });
                    let next = if parameter.kind == ParameterKind::Positional && by_name.is_none() {
                        positional.next()
                    } else {
                        None
                    };
                    let value = match (by_name, next) {
                        (Some((_, value)), _) | (None, Some(value)) => value.clone(),
                        (None, None) => self.not_given(parameter, arguments.open, span),
                    };
                    self.assign(&parameter.pattern, value, Binding::Block);
                }
            }
        }
    }

    fn not_given(&mut self, parameter: &Parameter, open: bool, span: Span) -> Value {
        let default = parameter
            .default
            .as_ref()
            .map(|default| self.expression(default));
        match (default, open) {
            (Some(default), false) => default,
            (default, _) => {
                let unknown = match &parameter.name {
                    Some(name) => Value::unknown(name),
                    None => self.unknown(span),
                };
                match default {
                    Some(default) => default.or(unknown),
                    None if self.language.missing_is_null && !open => Value::Null,
                    None => unknown,
                }
            }
        }
    }

    /// Calls something of a library.
    fn library(&mut self, name: &Rc<Name>, arguments: &Arguments, span: Span) -> Value {
        let invocation = Invocation {
            path: &name.path,
            name,
            arguments,
            span,
        };
        if let Some(value) = (self.language.fold)(self, &invocation) {
            return value;
        }
        if let Some(value) = self.effects(&invocation) {
            return value;
        }
        self.print_unseen();
        self.written_to(arguments, span);
        let callee = name.path.rsplit('.').next().unwrap_or_default();
        if name.path == callee && self.keeps_task(callee, arguments, span) {
            return Value::Null;
        }
        if self.is_inline || !self.language.pack().is_deferred(callee) {
            self.escape(arguments, span);
        }
        self.result_of(name, arguments)
    }

    /// Open files that are handed to what is not seen.
    fn written_to(&mut self, arguments: &Arguments, span: Span) {
        let keywords = arguments.keywords.iter().map(|(_, value)| value);
        for value in arguments.positional.iter().chain(keywords) {
            let Value::Name(file) = value else {
                continue;
            };
            if file.calls.is_empty() || !file.path.ends_with("open()") {
                continue;
            }
            let written = Name {
                path: format!("{}.escapes", file.path),
                calls: file.calls.clone(),
            };
            let written = Rc::new(written);
            self.effects(&Invocation {
                path: &written.path,
                name: &written,
                arguments: &Arguments::default(),
                span,
            });
        }
    }

    /// What a call of a library gives, if nobody knows more.
    pub(in crate::program) fn result_of(&self, name: &Name, arguments: &Arguments) -> Value {
        if name.path.len() > PATH_LIMIT {
            return Value::unknown(&name.path);
        }
        let mut calls = name.calls.clone();
        calls.push(Rc::new(arguments.clone()));
        Value::Name(Rc::new(Name {
            path: format!("{}()", name.path),
            calls,
        }))
    }
}

/// What the fields of an instance hold whose class has no constructor of its own. A field that is
/// not given is what the class says of it.
fn fields_of(class: &Rc<ClassValue>, arguments: &Arguments) -> Vec<(String, Value)> {
    let mut names: Vec<String> = Vec::new();
    let mut above = vec![Rc::clone(class)];
    while let Some(class) = above.last().filter(|_| above.len() < BASES) {
        let base = class.bases.iter().find_map(|base| match base {
            Value::Class(base) => Some(Rc::clone(base)),
            _ => None,
        });
        match base {
            Some(base) => above.push(base),
            None => break,
        }
    }
    for class in above.iter().rev() {
        for name in &class.class.fields {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    let named = names.iter().enumerate().filter_map(|(at, name)| {
        let mut keywords = arguments.keywords.iter();
        let keyword = keywords.find(|(given, _)| given == name);
        let value = keyword.map(|(_, value)| value);
        let value = value.or_else(|| arguments.positional.get(at))?;
        Some((name.clone(), value.clone()))
    });
    named.collect()
}

fn method(receiver: &Value, name: &str) -> Value {
    Value::Bound(Rc::new(Bound::Method {
        receiver: receiver.clone(),
        name: name.to_owned(),
    }))
}

pub(in crate::program) fn is_callable(value: &Value) -> bool {
    match value {
        Value::Function(_) | Value::Class(_) | Value::Bound(_) => true,
        Value::OneOf(values) => values.iter().any(is_callable),
        _ => false,
    }
}
