//! Characters that hide text from a reader, made visible.
//!
//! Owns the list. What a person approves must be what will run: an escape sequence, a
//! right-to-left override or a run of blanks that pushes half of a command out of sight may not
//! reach a terminal as it stands.

use std::ops::Range;

use super::rewrite::Rewritten;

/// Blanks in a row from which on they are counted instead of shown.
const BLANKS: usize = 24;

/// The text with every hiding character replaced by a visible name. Line ends stay.
#[must_use]
pub fn visible(text: &str) -> Rewritten {
    let mut replacements: Vec<(Range<usize>, String)> = Vec::new();
    let mut blanks = 0..0;
    for (at, character) in text.char_indices() {
        if matches!(character, ' ' | '\t') && blanks.end == at {
            blanks.end = at + 1;
            continue;
        }
        flush(&mut replacements, text, blanks);
        if matches!(character, ' ' | '\t') {
            blanks = at..at + 1;
            continue;
        }
        let next = at + character.len_utf8();
        blanks = next..next;
        if let Some(name) = name(character) {
            replacements.push((at..next, name));
        }
    }
    flush(&mut replacements, text, blanks);
    Rewritten::new(text, replacements)
}

/// The same for a text that must stay on one line, such as a name or a reason.
#[must_use]
pub fn one_line(text: &str) -> String {
    visible(text).into_text().replace('\n', "␊")
}

/// Whether a reader would not see this character, or take it for another one.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    name(character).is_some()
}

fn flush(replacements: &mut Vec<(Range<usize>, String)>, text: &str, blanks: Range<usize>) {
    let tabs = text
        .get(blanks.clone())
        .is_some_and(|blanks| blanks.contains('\t'));
    if blanks.len() >= BLANKS {
        replacements.push((blanks.clone(), format!("⟦{} blanks⟧", blanks.len())));
    } else if tabs {
        replacements.push((blanks.clone(), " ".repeat(blanks.len())));
    }
}

fn name(character: char) -> Option<String> {
    let code = u32::from(character);
    match code {
        0x0A => None,
        0x00..=0x1F => char::from_u32(0x2400 + code).map(String::from),
        0x7F => Some("␡".to_owned()),
        _ if hides(code) => Some(format!("⟦U+{code:04X}⟧")),
        _ => None,
    }
}

/// Characters without a shape of their own, or with a shape that passes for a space.
const fn hides(code: u32) -> bool {
    matches!(code,
        0x80..=0xA0 | 0xAD                  // C1 controls, no-break space, soft hyphen
        | 0x034F | 0x061C | 0x115F..=0x1160 // joiners, Arabic letter mark, Hangul fillers
        | 0x1680 | 0x17B4..=0x17B5 | 0x180B..=0x180F
        | 0x2000..=0x200F | 0x2028..=0x202F // spaces, zero widths, marks, separators, overrides
        | 0x205F..=0x206F | 0x3000 | 0x3164
        | 0xE000..=0xF8FF                   // private use: whatever the font says
        | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
        | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF | 0xF0000..=0x10FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Span;

    #[test]
    fn what_hides_is_named() {
        for (text, shown) in [
            ("ls -l", "ls -l"),
            ("größe 日本", "größe 日本"),
            ("a\nb", "a\nb"),
            ("a\tb", "a b"),
            ("rm\u{1b}[2K", "rm␛[2K"),
            ("x\r", "x␍"),
            ("\u{202e}cba", "⟦U+202E⟧cba"),
            ("a\u{200b}b", "a⟦U+200B⟧b"),
            ("a\u{a0}b", "a⟦U+00A0⟧b"),
            ("\u{7f}\u{85}", "␡⟦U+0085⟧"),
            ("\u{e0041}", "⟦U+E0041⟧"),
        ] {
            assert_eq!(visible(text).text(), shown, "{text:?}");
        }
        assert_eq!(
            visible(&format!("ls{}; rm x", " ".repeat(300))).text(),
            "ls⟦300 blanks⟧; rm x"
        );
        assert_eq!(one_line("a\nb\u{7}"), "a␊b␇");
    }

    #[test]
    fn marks_stay_on_what_they_marked() {
        let text = "echo \u{202e}x; rm -rf y";
        let start = text.find("rm").unwrap();
        let shown = visible(text);
        let span = shown.map(Span::new(start, text.len()));
        assert_eq!(shown.text().get(span.start..span.end), Some("rm -rf y"));
    }
}
