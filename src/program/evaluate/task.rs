//! Tasks: functions that a program hands to a runner, which calls those that its command line
//! names (rake, invoke, fabric, nox, doit).
//!
//! Owns which function is which task, and what comes before it. Where no runner asks, a task is
//! only kept.

use std::rc::Rc;

use super::Evaluator;
use crate::location::Span;
use crate::program::value::{Arguments, Name, Value};

/// Tasks before tasks.
const DEPTH: usize = 32;

/// What a runner asks of a program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Names of tasks; empty for those that the runner takes by itself.
    pub(crate) names: Vec<String>,
    /// What a task is given first: the path of the library's own value.
    pub(crate) context: Option<&'static str>,
    /// Functions are tasks by this prefix of their names (doit).
    pub(crate) prefix: Option<&'static str>,
}

/// A task that a program has handed over.
#[derive(Clone, Debug)]
struct Task {
    /// With the names of what it stands in: `db:reset`.
    name: String,
    before: Vec<Value>,
    after: Vec<Value>,
    function: Value,
}

/// The tasks of a program that a runner reads.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    asked: Asked,
    known: Vec<Task>,
    /// The names around what is read (`namespace :db do`).
    around: Vec<String>,
    done: Vec<String>,
    /// Names that were asked for and stand in no task here.
    pub(super) missing: Vec<String>,
}

impl Tasks {
    pub(super) fn new(asked: Asked) -> Self {
        Self {
            asked,
            ..Self::default()
        }
    }
}

impl Evaluator<'_> {
    /// Notes a call that hands a task over (`task :clean => :stop do … end`); whether it is one.
    pub(super) fn keeps_task(&mut self, callee: &str, given: &Arguments, span: Span) -> bool {
        if self.tasks.is_none() {
            return false;
        }
        let keywords = given.keywords.iter().map(|(_, value)| value);
        let mut values = given.positional.iter().chain(keywords);
        let function = values.find(|value| is_function(value));
        let function = function.cloned().unwrap_or(Value::Null);
        match callee {
            "namespace" => {
                let name = given.positional.first().and_then(Value::exact);
                let name = name.unwrap_or_default().to_owned();
                if let Some(tasks) = &mut self.tasks {
                    tasks.around.push(name);
                }
                self.call_back(vec![function], &[], span);
                if let Some(tasks) = &mut self.tasks {
                    tasks.around.pop();
                }
                true
            }
            "task" | "multitask" | "file" | "directory" | "rule" => {
                let (name, before) = self.named(given);
                if let Some(tasks) = &mut self.tasks {
                    let around = tasks.around.iter().map(String::as_str);
                    let whole: Vec<&str> = around.chain([name.as_str()]).collect();
                    tasks.known.push(Task {
                        name: whole.join(":"),
                        before,
                        after: Vec::new(),
                        function,
                    });
                }
                true
            }
            _ => false,
        }
    }

    /// The name of a task and what it depends on: `:a`, `a: :b`, `:a => [:b, :c]`, `:a, [:x]`.
    fn named(&mut self, given: &Arguments) -> (String, Vec<Value>) {
        let mut pairs = given.keywords.clone();
        pairs.retain(|(_, value)| !is_function(value));
        if let Some((own, _)) = given.positional.iter().find_map(|value| self.pairs(value)) {
            pairs.extend(own);
        }
        let first = given.positional.first().and_then(Value::exact);
        let first = first.map(str::to_owned);
        match (first, pairs.into_iter().next()) {
            // `task :a, [:x] => :b`
            (Some(name), Some((_, before))) => (name, self.all(&before)),
            (Some(name), None) => (name, Vec::new()),
            (None, Some((name, before))) => (name, self.all(&before)),
            (None, None) => (String::new(), Vec::new()),
        }
    }

    /// The items of a list, or the value itself.
    fn all(&mut self, value: &Value) -> Vec<Value> {
        match self.known_items(value) {
            Some((items, _)) => items.to_vec(),
            None => vec![value.clone()],
        }
    }

    /// Notes a function that a decorator hands over (`@task(pre=[clean])`).
    pub(super) fn keeps_decorated(&mut self, decorator: &Name, function: &Value) {
        let last = decorator.path.trim_end_matches("()");
        let last = last.rsplit('.').next().unwrap_or_default();
        if self.tasks.is_none() || !matches!(last, "task" | "session") {
            return;
        }
        let Value::Function(closure) = function else {
            return;
        };
        let name = closure.function.name.clone().unwrap_or_default();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for call in &decorator.calls {
            before.extend(
                call.positional
                    .iter()
                    .filter(|one| is_function(one))
                    .cloned(),
            );
            for (key, value) in &call.keywords {
                match key.as_str() {
                    "pre" => before.extend(self.all(value)),
                    "post" => after.extend(self.all(value)),
                    _ => {}
                }
            }
        }
        if let Some(tasks) = &mut self.tasks {
            tasks.known.push(Task {
                name,
                before,
                after,
                function: function.clone(),
            });
        }
    }

    /// Calls the tasks that the runner asks for, each behind what comes before it.
    pub(super) fn run_tasks(&mut self) {
        let Some(tasks) = &self.tasks else { return };
        let asked = tasks.asked.clone();
        if let Some(prefix) = asked.prefix {
            self.described(&asked, prefix);
            return;
        }
        let mut names = asked.names.clone();
        if names.is_empty() {
            names = tasks.known.iter().map(|task| task.name.clone()).collect();
        }
        for name in names {
            self.run_task(&name, 0);
        }
    }

    fn run_task(&mut self, name: &str, depth: usize) {
        let Some(tasks) = &mut self.tasks else { return };
        if depth > DEPTH || tasks.done.iter().any(|done| done == name) {
            return;
        }
        tasks.done.push(name.to_owned());
        let plain = name.replace('-', "_");
        // `ns.task` is found by its last name, wherever the collection has it.
        let last = plain.rsplit('.').next().unwrap_or_default().to_owned();
        let is_named = |task: &&Task| task.name == name || task.name == plain || task.name == last;
        let found: Vec<Task> = tasks.known.iter().filter(is_named).cloned().collect();
        if found.is_empty() {
            tasks.missing.push(name.to_owned());
        }
        let around = name.rsplit_once(':').map(|(around, _)| around.to_owned());
        for task in found {
            for one in &task.before {
                self.bring(one, around.as_deref(), depth);
            }
            let span = Span::default();
            if is_function(&task.function) {
                let arguments = self.context();
                self.call_back(vec![task.function.clone()], &arguments, span);
            }
            for one in &task.after {
                self.bring(one, around.as_deref(), depth);
            }
        }
    }

    /// A task by its name, as seen from its neighbour, or by its function.
    fn bring(&mut self, one: &Value, around: Option<&str>, depth: usize) {
        let name = match one {
            Value::Function(closure) => closure.function.name.clone(),
            other => other.exact().map(str::to_owned),
        };
        let Some(name) = name else { return };
        if let Some(around) = around {
            let near = format!("{around}:{name}");
            let known = self.tasks.iter().flat_map(|tasks| &tasks.known);
            if known.into_iter().any(|task| task.name == near) {
                self.run_task(&near, depth + 1);
                return;
            }
        }
        self.run_task(&name, depth + 1);
    }

    /// What a task is given first.
    fn context(&self) -> Vec<Value> {
        let context = self.tasks.as_ref().and_then(|tasks| tasks.asked.context);
        let context = context.map(|path| {
            Value::Name(Rc::new(Name {
                path: path.to_owned(),
                calls: vec![Rc::new(Arguments::default())],
            }))
        });
        context.into_iter().collect()
    }

    /// Functions that describe tasks: what their maps say under `actions` is run.
    fn described(&mut self, asked: &Asked, prefix: &str) {
        let all = self
            .scope
            .names
            .borrow()
            .keys()
            .cloned()
            .collect::<Vec<_>>();
        let tasks = all.into_iter().filter(|name| {
            let own = name.strip_prefix(prefix);
            own.is_some_and(|own| {
                // `build:web` is one of those that `build` describes.
                let mut asked = asked.names.iter().map(|name| name.split(':').next());
                asked.len() == 0 || asked.any(|name| name == Some(own))
            })
        });
        let span = Span::default();
        for name in tasks.collect::<Vec<_>>() {
            let Some(function) = self.lookup(&name).filter(is_function) else {
                continue;
            };
            let made = self.apply(&function, &Arguments::default(), span);
            let several = self.all(&made);
            for one in several {
                let Some((pairs, _)) = self.pairs(&one) else {
                    continue;
                };
                let actions = pairs.into_iter().filter(|(key, _)| key == "actions");
                for (_, actions) in actions {
                    for action in self.all(&actions) {
                        self.action(&action, span);
                    }
                }
            }
        }
    }

    /// A text for the shell, a list of words, a function, or a function with its arguments.
    fn action(&mut self, action: &Value, span: Span) {
        let (function, given) = match self.known_items(action) {
            Some((items, _)) if items.first().is_some_and(is_function) => {
                (items.first().cloned().unwrap_or(Value::Null), Vec::new())
            }
            _ if is_function(action) => (action.clone(), Vec::new()),
            Some((..)) => (
                Value::name("subprocess.run".to_owned()),
                vec![action.clone()],
            ),
            None => (Value::name("os.system".to_owned()), vec![action.clone()]),
        };
        let arguments = Arguments {
            positional: given,
            ..Arguments::default()
        };
        self.apply(&function, &arguments, span);
    }
}

const fn is_function(value: &Value) -> bool {
    matches!(value, Value::Function(_) | Value::Bound(_))
}
