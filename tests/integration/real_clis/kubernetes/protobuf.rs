//! The encoding in which some clients send a secret or a config map: what a server reads of it.

use serde_json::{Map, Value, json};

/// A field of a message: its number and its bytes. Numbers are not kept.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = number(&mut bytes)?;
        match tag & 7 {
            0 => drop(number(&mut bytes)?),
            2 => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                let (field, rest) = bytes.split_at_checked(length)?;
                found.push((tag >> 3, field));
                bytes = rest;
            }
            _ => return None,
        }
    }
    Some(found)
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..9 {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << (7 * place);
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The entries of a map that is this field of the message.
fn map(message: &[(u64, &[u8])], field: u64, value: impl Fn(&[u8]) -> String) -> Option<Value> {
    let mut map = Map::new();
    for (_, entry) in message.iter().filter(|(number, _)| *number == field) {
        let entry = fields(entry)?;
        let part = |wanted| entry.iter().find(|(number, _)| *number == wanted);
        let name = part(1).map(|(_, bytes)| text(bytes))?;
        let value = part(2).map_or_else(String::new, |(_, bytes)| value(bytes));
        map.insert(name, json!(value));
    }
    Some(Value::Object(map))
}

/// The object that the bytes are, with its name, labels and data.
pub(super) fn object(bytes: &[u8]) -> Option<Value> {
    let envelope = fields(bytes.strip_prefix(b"k8s\0")?)?;
    let part = |number| envelope.iter().find(|(field, _)| *field == number);
    let kind = fields(part(1)?.1)?;
    let kind = text(kind.iter().find(|(number, _)| *number == 2)?.1);
    let object = fields(part(2)?.1)?;
    let metadata = fields(object.iter().find(|(number, _)| *number == 1)?.1)?;
    let name = text(metadata.iter().find(|(number, _)| *number == 1)?.1);
    let data = match kind.as_str() {
        "Secret" => map(&object, 2, base64)?,
        _ => map(&object, 2, text)?,
    };
    let labels = map(&metadata, 11, text)?;
    Some(json!({"metadata": {"name": name, "labels": labels}, "data": data}))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut bits = [0; 3];
        bits[..group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}
