//! JSON, YAML, TOML and INI as one tree, with the line of each value.

use std::collections::BTreeMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser};
use serde_json::value::RawValue;
use toml::de::{DeTable, DeValue};

/// Values within values; deeper documents are not read.
const DEPTH: usize = 64;

/// A value and the line that it starts on, counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Value {
    #[default]
    Null,
    /// A string, a number or a truth value, as its text.
    Scalar(String),
    List(Vec<Rc<Node>>),
    /// In the order of the file, or of its keys.
    Map(Vec<(String, Rc<Node>)>),
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Rc<Self>> {
        let found = self.entries().iter().rev().find(|(known, _)| known == key);
        found.map(|(_, node)| node)
    }

    /// The value at the end of a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |node, key| node.get(key).map(Rc::as_ref))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(super) fn entries(&self) -> &[(String, Rc<Self>)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Scalar(_) | Value::List(_) => &[],
        }
    }

    pub(super) fn items(&self) -> &[Rc<Self>] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Scalar(_) | Value::Map(_) => &[],
        }
    }

    /// The texts of a list, or of a single scalar.
    pub(super) fn texts(&self) -> Vec<String> {
        let one = self.text().map(str::to_owned);
        let items = self.items().iter();
        let items = items.filter_map(|item| item.text().map(str::to_owned));
        one.into_iter().chain(items).collect()
    }
}

/// The number of each byte's line.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|newline| *newline < offset) + 1
    }
}

/// The document; `None` if it is no JSON.
pub(super) fn json(text: &str) -> Option<Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    json_value(raw, text, &lines, 0)
}

fn json_value(raw: &RawValue, whole: &str, lines: &Lines, depth: usize) -> Option<Node> {
    if depth > DEPTH {
        return None;
    }
    let source = raw.get();
    let offset = (source.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let value = match source.as_bytes().first()? {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(source).ok()?;
            let members = members.into_iter().map(|(key, raw)| {
                let node = json_value(raw, whole, lines, depth + 1)?;
                Some((key, Rc::new(node)))
            });
            Value::Map(members.collect::<Option<_>>()?)
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(source).ok()?;
            let items = items
                .into_iter()
                .map(|raw| json_value(raw, whole, lines, depth + 1).map(Rc::new));
            Value::List(items.collect::<Option<_>>()?)
        }
        b'"' => Value::Scalar(serde_json::from_str(source).ok()?),
        b'n' => Value::Null,
        _ => Value::Scalar(source.to_owned()),
    };
    Some(Node {
        line: lines.at(offset),
        value,
    })
}

/// JSON with comments and commas before closing brackets, as plain JSON of the same length.
pub(super) fn plain_json(text: &str) -> String {
    let mut plain: Vec<u8> = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let (mut at, mut quoted) = (0, false);
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        match (byte, next) {
            (b'\\', Some(next)) if quoted => {
                plain.extend([*byte, *next]);
                at += 2;
                continue;
            }
            (b'"', _) => quoted = !quoted,
            (b'/', Some(b'/' | b'*')) if !quoted => {
                let rest = text.get(at..).unwrap_or_default();
                let length = if next == Some(&b'/') {
                    rest.find('\n').unwrap_or(rest.len())
                } else {
                    rest.find("*/").map_or(rest.len(), |end| end + 2)
                };
                let blank = rest.bytes().take(length);
                plain.extend(blank.map(|byte| if byte == b'\n' { byte } else { b' ' }));
                at += length;
                continue;
            }
            (b'}' | b']', _) if !quoted => {
                let last = plain.iter().rposition(|byte| !byte.is_ascii_whitespace());
                if let Some(comma) = last.and_then(|last| plain.get_mut(last))
                    && *comma == b','
                {
                    *comma = b' ';
                }
            }
            _ => {}
        }
        plain.push(*byte);
        at += 1;
    }
    String::from_utf8(plain).unwrap_or_default()
}

/// The document; `None` if it is no TOML.
pub(super) fn toml(text: &str) -> Option<Node> {
    let lines = Lines::of(text);
    let document = DeTable::parse(text).ok()?;
    Some(Node {
        line: 1,
        value: toml_table(document.get_ref(), &lines),
    })
}

fn toml_table(table: &DeTable<'_>, lines: &Lines) -> Value {
    let entries = table.iter().map(|(key, value)| {
        let node = Node {
            line: lines.at(value.span().start),
            value: toml_value(value.get_ref(), lines),
        };
        (key.get_ref().to_string(), Rc::new(node))
    });
    Value::Map(entries.collect())
}

fn toml_value(value: &DeValue<'_>, lines: &Lines) -> Value {
    match value {
        DeValue::String(text) => Value::Scalar(text.to_string()),
        DeValue::Integer(number) => Value::Scalar(number.as_str().to_owned()),
        DeValue::Float(number) => Value::Scalar(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Value::Scalar(truth.to_string()),
        DeValue::Datetime(time) => Value::Scalar(time.to_string()),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| {
                Rc::new(Node {
                    line: lines.at(item.span().start),
                    value: toml_value(item.get_ref(), lines),
                })
            });
            Value::List(items.collect())
        }
        DeValue::Table(table) => toml_table(table, lines),
    }
}

/// Sections of keys, each with the lines of its value: `key = value` and what is indented below.
pub(super) fn ini(text: &str) -> Node {
    type Entries = Vec<(String, Vec<Rc<Node>>)>;
    let mut sections: Vec<(String, usize, Entries)> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let bare = raw.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        let scalar = |text: &str| {
            let value = Value::Scalar(text.to_owned());
            Rc::new(Node { line, value })
        };
        let Some((_, _, entries)) = sections.last_mut().filter(|_| !raw.starts_with('[')) else {
            if let Some(name) = bare
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                sections.push((name.to_owned(), line, Vec::new()));
            }
            continue;
        };
        if raw.starts_with([' ', '\t']) {
            if let Some((_, lines)) = entries.last_mut() {
                lines.push(scalar(bare));
            }
            continue;
        }
        let (key, value) = bare.split_once(['=', ':']).unwrap_or((bare, ""));
        let first = Some(value.trim()).filter(|value| !value.is_empty());
        let lines = first.map(scalar).into_iter().collect();
        entries.push((key.trim().to_owned(), lines));
    }
    let node = |line: usize, value: Value| Rc::new(Node { line, value });
    let sections = sections.into_iter().map(|(name, line, entries)| {
        let entries = entries
            .into_iter()
            .map(|(key, lines)| (key, node(line, Value::List(lines))));
        (name, node(line, Value::Map(entries.collect())))
    });
    Node {
        line: 1,
        value: Value::Map(sections.collect()),
    }
}

/// A collection whose end is still to come.
struct Open {
    line: usize,
    anchor: usize,
    is_map: bool,
    items: Vec<Rc<Node>>,
}

/// The first document; `None` if it is no YAML.
pub(super) fn yaml(text: &str) -> Option<Rc<Node>> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: BTreeMap<usize, Rc<Node>> = BTreeMap::new();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.ok()?;
        let line = span.start.line();
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == saphyr_parser::ScalarStyle::Plain;
                let value = if plain && matches!(text.as_ref(), "" | "~" | "null") {
                    Value::Null
                } else {
                    Value::Scalar(text.into_owned())
                };
                (Rc::new(Node { line, value }), anchor)
            }
            Event::Alias(anchor) => (Rc::clone(anchors.get(&anchor)?), 0),
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if open.len() >= DEPTH =>
            {
                let _ = anchor;
                return None;
            }
            Event::SequenceStart(anchor, _) => {
                open.push(Open {
                    line,
                    anchor,
                    is_map: false,
                    items: Vec::new(),
                });
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open {
                    line,
                    anchor,
                    is_map: true,
                    items: Vec::new(),
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let closed = open.pop()?;
                let value = if closed.is_map {
                    Value::Map(merged(&closed.items))
                } else {
                    Value::List(closed.items)
                };
                let line = closed.line;
                (Rc::new(Node { line, value }), closed.anchor)
            }
            Event::DocumentEnd | Event::StreamEnd => return None,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, Rc::clone(&node));
        }
        match open.last_mut() {
            Some(outer) => outer.items.push(node),
            None => return Some(node),
        }
    }
    None
}

/// Keys and values in turn as entries; `<<` brings those of another mapping.
fn merged(items: &[Rc<Node>]) -> Vec<(String, Rc<Node>)> {
    let mut brought = Vec::new();
    let mut own = Vec::new();
    for pair in items.chunks(2) {
        let [key, value] = pair else { continue };
        match key.text() {
            Some("<<") => {
                brought.extend(value.entries().iter().cloned());
                let several = value.items().iter();
                brought.extend(several.flat_map(|one| one.entries().iter().cloned()));
            }
            Some(key) => own.push((key.to_owned(), Rc::clone(value))),
            None => {}
        }
    }
    brought.extend(own);
    brought
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(node: &Node, path: &[&str]) -> (usize, String) {
        let found = node.at(path).unwrap();
        (found.line, found.text().unwrap().to_owned())
    }

    #[test]
    fn every_format_knows_its_lines() {
        let json = json("{\n  \"a\": [1, 2],\n  \"b\": {\"c\":\n \"d\\\"e\"}}").unwrap();
        assert_eq!(line(&json, &["b", "c"]), (4, "d\"e".to_owned()));
        assert_eq!(json.get("a").unwrap().items()[1].text(), Some("2"));
        let toml = toml("a = 1\n[b.c]\nd = \"e\"\nf = [\n  'g',\n]\n").unwrap();
        assert_eq!(line(&toml, &["b", "c", "d"]), (3, "e".to_owned()));
        assert_eq!(toml.at(&["b", "c", "f"]).unwrap().items()[0].line, 5);
        let yaml = yaml("a: 1\nb:\n  c: |\n    x\n    y\n  d: [1, 'two']\n").unwrap();
        assert_eq!(yaml.at(&["b", "c"]).unwrap().text(), Some("x\ny\n"));
        assert_eq!(yaml.at(&["b", "d"]).unwrap().items()[1].line, 6);
        let ini = ini("[tox]\nenvlist = a\n# no\n[testenv:b]\ncommands =\n    x = 1\n\n    [y]\n");
        let commands = ini.at(&["testenv:b", "commands"]).unwrap();
        assert_eq!(commands.texts(), ["x = 1", "[y]"]);
        assert_eq!(commands.items()[0].line, 6);
    }

    #[test]
    fn aliases_are_shared_and_merged() {
        let document = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\n";
        let yaml = yaml(document).unwrap();
        assert_eq!(line(&yaml, &["b", "x"]), (1, "1".to_owned()));
        assert_eq!(line(&yaml, &["b", "y"]), (2, "3".to_owned()));
        assert_eq!(line(&yaml, &["c", "y"]), (1, "2".to_owned()));
    }

    #[test]
    fn what_is_too_deep_is_not_read() {
        let deep = "[".repeat(100_000);
        assert_eq!(yaml(&deep), None);
        assert_eq!(json(&format!("{deep}{}", "]".repeat(100_000))), None);
        assert_eq!(toml(&format!("a = {deep}")), None);
        let several = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert!(yaml(several).is_some());
    }

    #[test]
    fn json_with_comments_is_read_as_plain_json() {
        let text = "{ // one\n \"a\": \"//x\", /* two\n */ \"b\": [1,\n ], }";
        let plain = plain_json(text);
        assert_eq!(plain.len(), text.len());
        let node = json(&plain).unwrap();
        assert_eq!(line(&node, &["a"]), (2, "//x".to_owned()));
    }
}
