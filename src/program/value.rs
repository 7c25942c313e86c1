//! Values as far as they are known, and the store of those that can change.
//!
//! Owns joining: what a name holds after either of two ways. Unknown is a value, never a default.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::tree::{Class, Function};
use crate::resolve::Text;

/// More alternatives of one value are not told apart.
const ALTERNATIVES: usize = 8;
/// Values in the store: beyond it, new lists and maps are unknown.
const STORE_LIMIT: usize = 100_000;

pub(crate) type Id = usize;

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(Text),
    Number(f64),
    Boolean(bool),
    Null,
    List(Id),
    Map(Id),
    /// Something of a library, by its path: `shutil.rmtree`, `boto3.client().delete_bucket`.
    Name(Rc<Name>),
    Function(Rc<Closure>),
    Class(Rc<ClassValue>),
    Instance(Id),
    /// A method of a value, or a function with its first arguments.
    Bound(Rc<Bound>),
    OneOf(Rc<[Value]>),
    /// Only the program's run will tell; the source that yields it.
    Unknown(Rc<str>),
}

/// A path into a library, with the arguments of each call in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Name {
    /// `psycopg.connect().cursor`; `?` where the receiver is not known.
    pub(crate) path: String,
    pub(crate) calls: Vec<Rc<Arguments>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) positional: Vec<Value>,
    pub(crate) keywords: Vec<(String, Value)>,
    /// Further arguments are not known (`*args`).
    pub(crate) open: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Closure {
    pub(crate) function: Rc<Function>,
    pub(crate) scope: Rc<Scope>,
    pub(crate) unit: Rc<Unit>,
    pub(crate) this: Option<Value>,
    /// The class that it is a method of.
    pub(crate) class: Option<Rc<ClassValue>>,
}

#[derive(Debug)]
pub(crate) struct ClassValue {
    pub(crate) class: Rc<Class>,
    pub(crate) bases: Vec<Value>,
    /// Its methods and whatever else its body binds.
    pub(crate) members: Rc<Scope>,
}

#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Method { receiver: Value, name: String },
    Partial { function: Value, first: Arguments },
}

/// One text of a program: the outermost, one that it evaluates, a module beside it.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) text: String,
    pub(crate) source: Rc<crate::resolve::Source>,
    pub(crate) path: Option<std::path::PathBuf>,
    pub(crate) is_main: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    Program,
    Function,
    /// A function that does not see what is around it, but the program's own names.
    Closed,
    Class,
    Block,
}

/// Names and where their values are kept.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) names: RefCell<BTreeMap<String, Id>>,
    /// Names that are bound further out (`global`, `nonlocal`): true for the program's.
    pub(crate) outer: RefCell<BTreeMap<String, bool>>,
    pub(crate) parent: Option<Rc<Scope>>,
    pub(crate) kind: ScopeKind,
}

impl Scope {
    pub(crate) fn new(kind: ScopeKind, parent: Option<Rc<Self>>) -> Rc<Self> {
        Rc::new(Self {
            names: RefCell::default(),
            outer: RefCell::default(),
            parent,
            kind,
        })
    }
}

/// What a value in the store is.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A variable; `None` until it is bound.
    Variable(Option<Value>),
    List {
        items: Vec<Value>,
        /// There may be more of them.
        open: bool,
    },
    Map {
        pairs: Vec<(String, Value)>,
        open: bool,
    },
    Instance {
        class: Rc<ClassValue>,
        members: Vec<(String, Value)>,
    },
}

/// Everything that can change, and what it was before each way that is being tried.
#[derive(Debug, Default)]
pub(crate) struct Store {
    items: Vec<Item>,
    /// For each way being tried: how much there was, and what changed since, as it was.
    ways: Vec<(usize, BTreeMap<Id, Item>)>,
}

/// What one way changed.
pub(crate) type Changes = BTreeMap<Id, Item>;

impl Store {
    pub(crate) fn add(&mut self, item: Item) -> Option<Id> {
        if self.items.len() >= STORE_LIMIT {
            return None;
        }
        self.items.push(item);
        Some(self.items.len() - 1)
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Item> {
        self.items.get(id)
    }

    pub(crate) fn change(&mut self, id: Id) -> Option<&mut Item> {
        let item = self.items.get_mut(id)?;
        for (count, before) in self.ways.iter_mut().rev() {
            if id >= *count || before.contains_key(&id) {
                break;
            }
            before.insert(id, item.clone());
        }
        Some(item)
    }

    /// Begins to try a way.
    pub(crate) fn enter(&mut self) {
        self.ways.push((self.items.len(), BTreeMap::new()));
    }

    /// Ends it: everything is as it was, and what it changed is given back.
    pub(crate) fn leave(&mut self) -> Changes {
        let Some((_, before)) = self.ways.pop() else {
            return Changes::new();
        };
        let mut changes = Changes::new();
        for (id, item) in before {
            if let Some(place) = self.items.get_mut(id) {
                changes.insert(id, std::mem::replace(place, item));
            }
        }
        changes
    }

    /// Takes over what the ways come to, each of which may have been gone.
    pub(crate) fn join(&mut self, ways: Vec<Changes>) {
        let mut ids: Vec<Id> = ways.iter().flat_map(|way| way.keys().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let Some(now) = self.items.get(id).cloned() else {
                continue;
            };
            let joined = ways
                .iter()
                .map(|way| way.get(&id).unwrap_or(&now).clone())
                .reduce(joined_items);
            if let (Some(joined), Some(place)) = (joined, self.change(id)) {
                *place = joined;
            }
        }
    }

    /// Forgets what a loop changed between two rounds, so that a further one stands for all.
    pub(crate) fn widen(&mut self, changes: &Changes, source: &Rc<str>) {
        for (id, after) in changes {
            let Some(now) = self.items.get(*id).cloned() else {
                continue;
            };
            let widened = match (now, after) {
                (Item::Variable(Some(before)), Item::Variable(Some(after))) => {
                    Item::Variable(Some(widened(&before, after, source)))
                }
                (Item::List { items, .. }, Item::List { items: more, .. }) => {
                    let longest = if more.len() > items.len() {
                        more.clone()
                    } else {
                        items
                    };
                    Item::List {
                        items: longest,
                        open: true,
                    }
                }
                (Item::Map { .. }, Item::Map { pairs, .. }) => Item::Map {
                    pairs: pairs.clone(),
                    open: true,
                },
                (_, after) => after.clone(),
            };
            if let Some(place) = self.change(*id) {
                *place = widened;
            }
        }
    }
}

fn joined_items(a: Item, b: Item) -> Item {
    match (a, b) {
        (Item::Variable(a), Item::Variable(b)) => Item::Variable(match (a, b) {
            (Some(a), Some(b)) => Some(a.or(b)),
            (a, b) => a.or(b),
        }),
        (
            Item::List { items, open },
            Item::List {
                items: others,
                open: other_open,
            },
        ) => {
            let open = open || other_open || items.len() != others.len();
            Item::List {
                items: joined_lists(items, others),
                open,
            }
        }
        (
            Item::Map { pairs, open },
            Item::Map {
                pairs: others,
                open: other_open,
            },
        ) => Item::Map {
            open: open || other_open,
            pairs: joined_pairs(pairs, others),
        },
        (
            Item::Instance { class, members },
            Item::Instance {
                members: others, ..
            },
        ) => Item::Instance {
            class,
            members: joined_pairs(members, others),
        },
        (a, _) => a,
    }
}

fn joined_lists(a: Vec<Value>, b: Vec<Value>) -> Vec<Value> {
    let mut others = b.into_iter();
    let mut joined: Vec<Value> = a
        .into_iter()
        .map(|value| match others.next() {
            Some(other) => value.or(other),
            None => value,
        })
        .collect();
    joined.extend(others);
    joined
}

fn joined_pairs(a: Vec<(String, Value)>, b: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut joined = a;
    for (key, value) in b {
        match joined.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = known.clone().or(value),
            None => joined.push((key, value)),
        }
    }
    joined
}

/// What is common to a value before and after one round: a text keeps how it begins.
fn widened(before: &Value, after: &Value, source: &Rc<str>) -> Value {
    if before.same(after) {
        return after.clone();
    }
    match (before, after) {
        (Value::Text(before), Value::Text(after)) => {
            let common: String = before
                .known_prefix()
                .chars()
                .zip(after.known_prefix().chars())
                .take_while(|(a, b)| a == b)
                .map(|(a, _)| a)
                .collect();
            let mut text = Text::known(common);
            text.append(Text::unknown(source.to_string()));
            Value::Text(text)
        }
        (Value::Number(_), Value::Number(_)) => Value::Unknown(Rc::clone(source)),
        // Functions, names and instances stay what they may be.
        _ => before.clone().or(after.clone()),
    }
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(Text::known(text))
    }

    pub(crate) fn unknown(source: impl AsRef<str>) -> Self {
        Self::Unknown(Rc::from(source.as_ref()))
    }

    pub(crate) fn name(path: impl Into<String>) -> Self {
        Self::Name(Rc::new(Name {
            path: path.into(),
            calls: Vec::new(),
        }))
    }

    /// The text, if it is one that is wholly known.
    pub(crate) fn exact(&self) -> Option<&str> {
        match self {
            Self::Text(text) => text.exact(),
            _ => None,
        }
    }

    pub(crate) const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Each that it may be.
    pub(crate) fn alternatives(&self) -> &[Self] {
        match self {
            Self::OneOf(values) => values,
            other => std::slice::from_ref(other),
        }
    }

    /// What holds either of both.
    pub(crate) fn or(self, other: Self) -> Self {
        if self.same(&other) {
            return self;
        }
        let mut values: Vec<Self> = Vec::new();
        for value in self.alternatives().iter().chain(other.alternatives()) {
            if !values.iter().any(|known| known.same(value)) {
                values.push(value.clone());
            }
        }
        if values.len() > ALTERNATIVES {
            return Self::unknown("one of many values");
        }
        Self::OneOf(values.into())
    }

    /// Whether both are certainly one and the same.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a.to_bits() == b.to_bits(),
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Null, Self::Null) => true,
            (Self::List(a), Self::List(b))
            | (Self::Map(a), Self::Map(b))
            | (Self::Instance(a), Self::Instance(b)) => a == b,
            (Self::Name(a), Self::Name(b)) => {
                Rc::ptr_eq(a, b) || (a.path == b.path && a.calls.is_empty() && b.calls.is_empty())
            }
            (Self::Function(a), Self::Function(b)) => {
                Rc::ptr_eq(&a.function, &b.function) && Rc::ptr_eq(&a.scope, &b.scope)
            }
            (Self::Class(a), Self::Class(b)) => Rc::ptr_eq(&a.class, &b.class),
            (Self::Bound(a), Self::Bound(b)) => Rc::ptr_eq(a, b),
            (Self::OneOf(a), Self::OneOf(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.same(b))
            }
            (Self::Unknown(a), Self::Unknown(b)) => a == b,
            _ => false,
        }
    }
}
