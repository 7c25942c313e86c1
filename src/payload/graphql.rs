//! GraphQL documents and the request bodies that carry them: which mutations would run.
//!
//! Owns the names and arguments of the top-level fields. Knows no schema, and never takes what
//! it cannot read for harmless.

use std::collections::BTreeSet;

use apollo_parser::Parser;
use apollo_parser::cst::{self, CstNode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::holes::{Holes, has_hole};
use super::http::url::form_pairs;
use super::json;

const TOKEN_LIMIT: usize = 100_000;
const DEPTH_LIMIT: usize = 100;

/// A top-level field of a mutation that would run.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    pub field: String,
    /// Values as JSON; an unknown part is a placeholder in a string.
    pub arguments: Map<String, Value>,
}

/// What is known of one or several documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    pub mutations: Vec<Mutation>,
    /// Why part of it cannot be seen.
    pub unseen: Option<String>,
    /// Whether any document was found at all.
    pub found: bool,
}

impl Reading {
    fn unseen(reason: impl Into<String>) -> Self {
        Self {
            unseen: Some(reason.into()),
            found: true,
            ..Self::default()
        }
    }

    /// Puts the findings of another document beside these.
    pub fn join(&mut self, other: Self) {
        self.found |= other.found;
        self.mutations.extend(other.mutations);
        self.unseen = self.unseen.take().or(other.unseen);
    }
}

/// A request's parameters, wherever they stand. A member that comes twice is an error: parsers
/// differ in which one they take.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Payload {
    query: Option<Value>,
    variables: Option<Value>,
    operation_name: Option<Value>,
    extensions: Option<Value>,
    id: Option<Value>,
    document_id: Option<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Reads the text of a request's body, whatever form it has: JSON, a batch, a form, a document.
#[must_use]
pub fn read_body(body: &str, holes: &Holes) -> Reading {
    let text = body.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Reading::default();
    }
    if text.starts_with(['{', '[']) {
        let prepared = json::prepare(text);
        // A list would pass for an object whose members stand in order.
        let payloads = if text.starts_with('[') {
            serde_json::from_str::<Vec<Payload>>(&prepared)
        } else {
            serde_json::from_str::<Payload>(&prepared).map(|payload| vec![payload])
        };
        match payloads {
            Ok(payloads) => {
                let mut all = Reading::default();
                for payload in payloads {
                    all.join(payload.read(holes));
                }
                return all;
            }
            Err(_)
                if serde_json::from_str::<Value>(&prepared).is_ok_and(|json| !json.is_object()) =>
            {
                return Reading::default();
            }
            // `{ me { id } }` is a document, not JSON.
            Err(_)
                if text
                    .get(1..)
                    .is_some_and(|rest| !rest.trim_start().starts_with(['"', '{'])) =>
            {
                return read_document(text, &Value::Null, None, holes);
            }
            Err(error) => {
                return unreadable(text, &format!("the JSON cannot be read: {error}"), holes);
            }
        }
    }
    let pairs = form_pairs(text);
    if pairs.iter().any(|(name, _)| is_parameter(name)) {
        return read_pairs(&pairs, holes);
    }
    read_document(text, &Value::Null, None, holes)
}

fn is_parameter(name: &str) -> bool {
    matches!(name, "query" | "operations" | "extensions")
}

/// Reads the decoded pairs of a query string, a form or a multipart body.
#[must_use]
pub fn read_pairs(pairs: &[(String, String)], holes: &Holes) -> Reading {
    let value = |wanted: &str| {
        let found = pairs.iter().rev().find(|(name, _)| name == wanted);
        found.map(|(_, value)| Value::String(value.clone()))
    };
    let mut reading = Reading::default();
    if let Some((name, _)) = pairs.iter().find(|(name, _)| has_hole(name)) {
        let shown = holes.display(name);
        reading.join(Reading::unseen(format!(
            "parameters are known only when it runs: {shown}"
        )));
    }
    let (variables, operation_name) = (value("variables"), value("operationName"));
    for (name, text) in pairs {
        match name.as_str() {
            "operations" => reading.join(read_body(text, holes)),
            "query" => {
                let payload = Payload {
                    query: Some(Value::String(text.clone())),
                    variables: variables.clone(),
                    operation_name: operation_name.clone(),
                    ..Payload::default()
                };
                reading.join(payload.read(holes));
            }
            _ => {}
        }
    }
    if let (None, Some(extensions)) = (value("query"), value("extensions")) {
        let payload = Payload {
            extensions: Some(extensions),
            ..Payload::default()
        };
        reading.join(payload.read(holes));
    }
    reading
}

impl Payload {
    fn read(&self, holes: &Holes) -> Reading {
        let document = match &self.query {
            Some(Value::String(document)) if !document.trim().is_empty() => document,
            Some(Value::Null | Value::String(_)) | None => {
                if self.others.keys().any(|name| has_hole(name)) {
                    return Reading::unseen("a member of the request has an unknown name");
                }
                let stored = [&self.extensions, &self.id, &self.document_id];
                if stored
                    .iter()
                    .any(|value| value.as_ref().is_some_and(|value| !value.is_null()))
                {
                    return Reading::unseen(
                        "the request names a document that is stored on the server",
                    );
                }
                return Reading::default();
            }
            Some(_) => return Reading::unseen("the document of the request is no text"),
        };
        let variables = match &self.variables {
            // Some clients send them as a text.
            Some(Value::String(text)) if !has_hole(text) || text.trim_start().starts_with('{') => {
                serde_json::from_str(&json::prepare(text)).unwrap_or(Value::Null)
            }
            Some(other) => other.clone(),
            None => Value::Null,
        };
        let operation = self.operation_name.as_ref().and_then(Value::as_str);
        read_document(document, &variables, operation, holes)
    }
}

/// Reads one document. `operation` chooses among several; without it all may run.
#[must_use]
pub fn read_document(
    document: &str,
    variables: &Value,
    operation: Option<&str>,
    holes: &Holes,
) -> Reading {
    let tree = Parser::new(document)
        .token_limit(TOKEN_LIMIT)
        .recursion_limit(DEPTH_LIMIT)
        .parse();
    if let Some(error) = tree.errors().next() {
        let reason = format!("the GraphQL document cannot be read: {}", error.message());
        return unreadable(document, &reason, holes);
    }
    let root = tree.document();
    let mut reader = DocumentReader {
        holes,
        variables,
        fragments: root
            .definitions()
            .filter_map(|definition| match definition {
                cst::Definition::FragmentDefinition(fragment) => Some(fragment),
                _ => None,
            })
            .collect(),
        defaults: Map::new(),
        entered: BTreeSet::new(),
        reading: Reading {
            found: true,
            ..Reading::default()
        },
    };
    let operations: Vec<cst::OperationDefinition> = root
        .definitions()
        .filter_map(|definition| match definition {
            cst::Definition::OperationDefinition(operation) => Some(operation),
            _ => None,
        })
        .collect();
    let named = |wanted: &str| {
        operations.iter().position(|operation| {
            operation
                .name()
                .is_some_and(|name| name.text().as_str() == wanted)
        })
    };
    let chosen = operation.filter(|name| !has_hole(name)).and_then(named);
    for (at, operation) in operations.iter().enumerate() {
        let runs = chosen.is_none_or(|chosen| chosen == at);
        let mutates = operation
            .operation_type()
            .is_some_and(|kind| kind.mutation_token().is_some());
        if runs && mutates {
            reader.operation(operation);
        }
    }
    reader.reading
}

/// What can be said of a text that no parser reads: the words in it that follow an opening
/// brace or stand before a parenthesis may be fields.
fn unreadable(text: &str, reason: &str, holes: &Holes) -> Reading {
    let decoded = text.replace("\\n", " ").replace("\\t", " ");
    let words: Vec<&str> = decoded
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    // Without the keyword no server finds a mutation in it, however it reads the rest.
    if !has_hole(text) && !text.contains("\\u") && !words.contains(&"mutation") {
        return Reading {
            found: true,
            ..Reading::default()
        };
    }
    let mutations = words
        .iter()
        .filter(|word| !matches!(**word, "mutation" | "query" | "variables"))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|word| Mutation {
            field: (*word).to_owned(),
            arguments: Map::new(),
        })
        .collect();
    let hole = super::holes::first_hole(text).and_then(|(start, end)| text.get(start..end));
    let reason = match hole {
        Some(hole) => format!(
            "the GraphQL document is known only when it runs: {}",
            holes.display(hole)
        ),
        None => reason.to_owned(),
    };
    Reading {
        mutations,
        unseen: Some(reason),
        found: true,
    }
}

struct DocumentReader<'a> {
    holes: &'a Holes,
    variables: &'a Value,
    fragments: Vec<cst::FragmentDefinition>,
    /// The default values of the operation's variables.
    defaults: Map<String, Value>,
    /// Fragments being read: each is read once.
    entered: BTreeSet<String>,
    reading: Reading,
}

impl DocumentReader<'_> {
    fn operation(&mut self, operation: &cst::OperationDefinition) {
        self.defaults = Map::new();
        self.entered = BTreeSet::new();
        let definitions = operation.variable_definitions();
        for definition in definitions
            .iter()
            .flat_map(cst::VariableDefinitions::variable_definitions)
        {
            let name = definition.variable().and_then(|variable| variable.name());
            let default = definition
                .default_value()
                .and_then(|default| default.value());
            if let (Some(name), Some(default)) = (name, default) {
                let value = self.value(&default);
                self.defaults.insert(name.text().to_string(), value);
            }
        }
        if let Some(selections) = operation.selection_set() {
            self.selections(&selections);
        }
    }

    /// Directives are ignored: `@skip` may depend on a variable, and is no safeguard.
    fn selections(&mut self, set: &cst::SelectionSet) {
        for selection in set.selections() {
            match selection {
                cst::Selection::Field(field) => self.field(&field),
                cst::Selection::InlineFragment(fragment) => {
                    if let Some(set) = fragment.selection_set() {
                        self.selections(&set);
                    }
                }
                cst::Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name().and_then(|name| name.name());
                    let name = name.map(|name| name.text().to_string()).unwrap_or_default();
                    self.fragment(&name);
                }
            }
        }
    }

    fn fragment(&mut self, name: &str) {
        if has_hole(name) {
            self.unseen(name);
            return;
        }
        if !self.entered.insert(name.to_owned()) {
            return;
        }
        let found = self.fragments.iter().find(|fragment| {
            let own = fragment.fragment_name().and_then(|own| own.name());
            own.is_some_and(|own| own.text().as_str() == name)
        });
        if let Some(set) = found.and_then(cst::FragmentDefinition::selection_set) {
            self.selections(&set);
        }
    }

    fn field(&mut self, field: &cst::Field) {
        let Some(name) = field.name() else { return };
        let name = name.text().to_string();
        if has_hole(&name) {
            self.unseen(&name);
            return;
        }
        let given = field.arguments();
        let arguments = given
            .iter()
            .flat_map(cst::Arguments::arguments)
            .filter_map(|argument| {
                let name = argument.name()?.text().to_string();
                Some((name, self.value(&argument.value()?)))
            })
            .collect();
        self.reading.mutations.push(Mutation {
            field: name,
            arguments,
        });
    }

    fn unseen(&mut self, hole: &str) {
        let shown = self.holes.display(hole);
        let reason = format!("which mutation would run is known only when it does: {shown}");
        self.reading.unseen.get_or_insert(reason);
    }

    fn value(&self, value: &cst::Value) -> Value {
        match value {
            cst::Value::Variable(variable) => {
                let name = variable.name().map(|name| name.text().to_string());
                self.variable(&name.unwrap_or_default())
            }
            cst::Value::StringValue(text) => Value::String(unquote(&text.source_string())),
            cst::Value::BooleanValue(boolean) => Value::Bool(boolean.true_token().is_some()),
            cst::Value::NullValue(_) => Value::Null,
            cst::Value::EnumValue(name) => {
                let name = name.name().map(|name| name.text().to_string());
                Value::String(name.unwrap_or_default())
            }
            cst::Value::IntValue(_) | cst::Value::FloatValue(_) => {
                let text = value.source_string();
                serde_json::from_str(text.trim()).unwrap_or(Value::String(text))
            }
            cst::Value::ListValue(list) => {
                Value::Array(list.values().map(|value| self.value(&value)).collect())
            }
            cst::Value::ObjectValue(object) => {
                let fields = object.object_fields().filter_map(|field| {
                    let name = field.name()?.text().to_string();
                    Some((name, self.value(&field.value()?)))
                });
                Value::Object(fields.collect())
            }
        }
    }

    fn variable(&self, name: &str) -> Value {
        let given = match self.variables {
            Value::Object(map) => map.get(name),
            Value::String(text) if has_hole(text) => {
                return Value::String(text.clone());
            }
            _ => None,
        };
        let value = given.or_else(|| self.defaults.get(name)).cloned();
        value.unwrap_or_else(|| Value::String(self.holes.mark(&format!("${name}"))))
    }
}

/// A string or block string without its quotes; unknown escapes are kept.
fn unquote(source: &str) -> String {
    let source = source.trim();
    if let Some(block) = source
        .strip_prefix("\"\"\"")
        .and_then(|rest| rest.strip_suffix("\"\"\""))
    {
        return block.trim().replace("\\\"\"\"", "\"\"\"");
    }
    let inner = source
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let prepared = format!("\"{}\"", inner.unwrap_or(source));
    serde_json::from_str(&prepared).unwrap_or_else(|_| inner.unwrap_or(source).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::{Part, Text};

    fn fields(reading: &Reading) -> Vec<&str> {
        reading
            .mutations
            .iter()
            .map(|mutation| mutation.field.as_str())
            .collect()
    }

    #[test]
    fn a_body_is_read_in_every_form() {
        for (body, expected) in [
            (
                r#"{"query":"mutation { volumeDelete(volumeId: \"v\") }"}"#,
                &["volumeDelete"][..],
            ),
            (
                r#"{"query":"mutation { \u0076olumeDelete(volumeId: \"v\") }"}"#,
                &["volumeDelete"],
            ),
            (
                r#"{"\u0071uery":"mutation{volumeDelete}"}"#,
                &["volumeDelete"],
            ),
            (
                r#"[{"query":"{me{id}}"},{"query":"mutation{volumeDelete}"}]"#,
                &["volumeDelete"],
            ),
            (
                "mutation { volumeDelete(volumeId: \"v\") }",
                &["volumeDelete"],
            ),
            (
                "query=mutation%20%7B%20volumeDelete%20%7D",
                &["volumeDelete"],
            ),
            ("a=b&query=mutation+{volumeDelete}", &["volumeDelete"]),
            (
                "{\"query\":\"mutation {\n volumeDelete\n}\"}",
                &["volumeDelete"],
            ),
            (r#"{"query":"mutation { a: b }"}"#, &["b"]),
            (
                r#"{"query":"mutation M { volumeCreate: volumeDelete(volumeId: 1) }"}"#,
                &["volumeDelete"],
            ),
            (
                r#"{"query":"mutation { ...F } fragment F on Mutation { volumeDelete }"}"#,
                &["volumeDelete"],
            ),
            (
                r#"{"query":"mutation { ... on Mutation { ... { x } } }"}"#,
                &["x"],
            ),
            (
                r#"{"query":"mutation { ...A } fragment A on M { ...B } fragment B on M { ...A y }"}"#,
                &["y"],
            ),
            (
                r#"{"query":"mutation @live { a @skip(if: true) }"}"#,
                &["a"],
            ),
            (
                r#"{"query":"query A { me } mutation B { b } mutation C { c }"}"#,
                &["b", "c"],
            ),
            (
                r#"{"query":"query A { me } mutation B { b } mutation C { c }","operationName":"C"}"#,
                &["c"],
            ),
            (
                r#"{"query":"query A { me } mutation B { b }","operationName":"A"}"#,
                &[],
            ),
            (
                r#"{"query":"query A { me } mutation B { b }","operationName":"None"}"#,
                &["b"],
            ),
            (r#"{"query":"{ me { id } }"}"#, &[]),
            ("{ me { id } }", &[]),
            (r#"{"query":"{ mutationDelete }"}"#, &[]),
            (r#"{"query":"query { volumeDelete }"}"#, &[]),
            (r#"{"query":"subscription { x }"}"#, &[]),
            (
                r#"{"query":"{ __schema { mutationType { fields { name } } } }"}"#,
                &[],
            ),
            (r#"{"name":"x","query":""}"#, &[]),
            (
                r#"{"query":"{ search(text: \"mutation { volumeDelete }\") }"}"#,
                &[],
            ),
            ("[1,2]", &[]),
            ("", &[]),
            ("hello=world", &[]),
        ] {
            let reading = read_body(body, &Holes::default());
            assert_eq!(fields(&reading), expected, "{body}");
            assert_eq!(reading.unseen, None, "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_harmless() {
        for body in [
            r#"{"query":"mutation { volumeDelete(volumeId: }"}"#,
            r#"{"query":"mutation { volumeDelete", "x"}"#,
            r#"{"query":"{me}","query":"mutation{volumeDelete}"}"#,
            r#"{"query":"\u006dutation { volumeDelete(((("}"#,
        ] {
            let reading = read_body(body, &Holes::default());
            assert!(reading.unseen.is_some(), "{body}");
            assert!(fields(&reading).contains(&"volumeDelete"), "{body}");
        }
        for body in [
            r#"{"extensions":{"persistedQuery":{"sha256Hash":"ab"}}}"#,
            r#"{"id":"stored"}"#,
            r#"{"query":["mutation"]}"#,
        ] {
            assert!(
                read_body(body, &Holes::default()).unseen.is_some(),
                "{body}"
            );
        }
        // No mutation, whatever the rest means.
        assert_eq!(
            read_body(r#"{"query":"{ me { id }"}"#, &Holes::default()).unseen,
            None
        );
    }

    #[test]
    fn a_hole_counts_where_structure_is_decided() {
        let cases: &[(&[&str], bool, &[&str])] = &[
            (
                &[
                    r#"{"query":"mutation { volumeDelete(volumeId: \""#,
                    "$ID",
                    r#"\") }"}"#,
                ],
                false,
                &["volumeDelete"],
            ),
            (
                &[
                    r#"{"query":"mutation { volumeDelete(volumeId: "#,
                    "$ID",
                    r#") }"}"#,
                ],
                false,
                &["volumeDelete"],
            ),
            (
                &[r#"{"query":"mutation { "#, "$OP", r#"(id: 1) }"}"#],
                true,
                &[],
            ),
            (
                &[r#"{"query":"mutation { volume"#, "$ACT", r#"(id: 1) }"}"#],
                true,
                &[],
            ),
            (&[r#"{"query":""#, "$QUERY", r#""}"#], true, &[]),
            (
                &[
                    r#"{"query":"query { service(id: \""#,
                    "$ID",
                    r#"\") { id } }"}"#,
                ],
                false,
                &[],
            ),
            (
                &[r#"{"query":"query { me }","variables":"#, "$V", r"}"],
                false,
                &[],
            ),
            (&[r#"{"query":"#, "$Q", r"}"], true, &[]),
            (&["", "$BODY", ""], true, &[]),
            (&["{\"", "$KEY", "\":\"mutation { a }\"}"], true, &[]),
            (&["{\"query\":\"{me}\" ", "$MORE", "}"], true, &[]),
            (&["a=b&", "$MORE", ""], true, &[]),
        ];
        for (parts, unseen, expected) in cases {
            let mut text = Text::known(parts[0]);
            text.push(Part::Unknown(parts[1].to_owned()));
            text.push_known(parts[2]);
            let holes = Holes::default();
            let reading = read_body(&holes.render(&text), &holes);
            assert_eq!(reading.unseen.is_some(), *unseen, "{parts:?} {reading:?}");
            if !unseen {
                assert_eq!(fields(&reading), *expected, "{parts:?}");
            }
        }
    }

    #[test]
    fn variables_are_put_in() {
        let body = r#"{"query":"mutation($id: String!, $n: Int = 3) { volumeDelete(volumeId: $id, n: $n, input: {a: [$id, E, null], b: \"x\\\"y\"}) }","variables":{"id":"vol_1"}}"#;
        let reading = read_body(body, &Holes::default());
        let arguments = Value::Object(reading.mutations[0].arguments.clone());
        assert_eq!(
            arguments,
            serde_json::json!({"volumeId": "vol_1", "n": 3,
                "input": {"a": ["vol_1", "E", null], "b": "x\"y"}})
        );
        let reading = read_body(
            r#"{"query":"mutation($id: ID) { a(id: $id) }","variables":"{\"id\":\"v\"}"}"#,
            &Holes::default(),
        );
        assert_eq!(reading.mutations[0].arguments["id"], "v");
    }

    #[test]
    fn deep_and_long_documents_end() {
        for body in [
            "{".repeat(200_000),
            format!("mutation {}", "{a".repeat(100_000)),
            format!("mutation{{a(b:{})}}", "[".repeat(100_000)),
            format!("{{\"query\":{}", "[".repeat(100_000)),
            "query=&".repeat(100_000),
            "\"".repeat(300_001),
            format!("mutation {{ {} }}", "a(b: guardhole0x) ".repeat(10_000)),
        ] {
            let _ = read_body(&body, &Holes::default());
        }
    }
}
