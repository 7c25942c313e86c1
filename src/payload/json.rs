//! JSON with unknown parts.
//!
//! Owns making such a text readable for a strict parser. Never reads more into it than is there.

use super::holes::hole_at_start;

/// The text with each placeholder outside of a string quoted, and with raw control characters
/// inside of strings escaped: no parser of the servers is stricter in a way that would make more
/// of the text run.
#[must_use]
pub fn prepare(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let mut prepared = String::with_capacity(text.len() + 8);
    let mut in_string = false;
    let mut escaped = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(end) = hole_at_start(rest).filter(|_| !in_string) {
            prepared.push('"');
            prepared.push_str(rest.get(..end).unwrap_or(""));
            prepared.push('"');
            rest = rest.get(end..).unwrap_or("");
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        match c {
            '\n' if in_string => prepared.push_str("\\n"),
            '\r' if in_string => prepared.push_str("\\r"),
            '\t' if in_string => prepared.push_str("\\t"),
            c => prepared.push(c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    prepared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_become_strings_and_line_ends_escapes() {
        for (text, expected) in [
            ("{\"a\":guardhole0x}", "{\"a\":\"guardhole0x\"}"),
            ("{\"a\":\"guardhole0x\"}", "{\"a\":\"guardhole0x\"}"),
            ("{\"a\":\"x\ny\"}", "{\"a\":\"x\\ny\"}"),
            (
                "{\n\"a\":\"\\\"guardhole1x\"}",
                "{\n\"a\":\"\\\"guardhole1x\"}",
            ),
            ("\u{feff}[1]", "[1]"),
        ] {
            assert_eq!(prepare(text), expected, "{text}");
        }
    }
}
