//! Other spellings of a text: base64, hexadecimal, one set of characters for another.

/// More characters than this are not told apart in a set.
const LIMIT: usize = 1000;

pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\n' => continue,
            // What is left of the bits only fills up; another text may follow.
            b'=' => {
                (bits, count) = (0, 0);
                continue;
            }
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

pub(super) fn base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            b'\n' | b'=' => continue,
            _ => return None,
        };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// In lines of so many characters; 0 for one line without an end.
pub(super) fn to_base64(bytes: &[u8], width: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    let mut column = 0;
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            if width > 0 && column == width {
                text.push('\n');
                column = 0;
            }
            let letter = LETTERS.get(bits >> (18 - 6 * place) & 63).copied();
            text.push(
                letter
                    .filter(|_| place <= group.len())
                    .map_or('=', char::from),
            );
            column += 1;
        }
    }
    if width > 0 && column > 0 {
        text.push('\n');
    }
    text
}

pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok())
        .collect()
}

/// As `xxd -p` writes it: 30 bytes a line.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes
        .chunks(30)
        .map(|line| {
            let digits = line.iter().map(|byte| format!("{byte:02x}"));
            digits.chain(["\n".to_owned()]).collect::<String>()
        })
        .collect()
}

/// `tr` with its flags and sets.
pub(super) fn translate(flags: &[(&str, &str)], sets: &[&str], input: &str) -> Option<String> {
    // Outside of ASCII it works on bytes.
    if !input.is_ascii() {
        return None;
    }
    let has = |letter: &str| flags.iter().any(|(flag, _)| *flag == letter);
    let complement = has("-c") || has("-C");
    match (has("-d"), has("-s"), sets) {
        (true, false, [set]) => {
            let set = characters(set)?;
            Some(
                input
                    .chars()
                    .filter(|c| set.contains(c) == complement)
                    .collect(),
            )
        }
        (false, true, [set]) => {
            let set = characters(set)?;
            Some(squeezed(input.chars(), |c| set.contains(&c) != complement))
        }
        (false, squeeze, [from, to]) => {
            let (from, to) = (characters(from)?, characters(to)?);
            let last = *to.last()?;
            let changed = input.chars().map(|c| {
                let place = from.iter().rposition(|found| *found == c);
                match (complement, place) {
                    (true, None) => last,
                    (true, Some(_)) | (false, None) => c,
                    (false, Some(index)) => to.get(index).copied().unwrap_or(last),
                }
            });
            Some(if squeeze {
                squeezed(changed, |c| to.contains(&c))
            } else {
                changed.collect()
            })
        }
        _ => None,
    }
}

/// Of repeated characters that `squeezes`, only the first.
fn squeezed(characters: impl Iterator<Item = char>, squeezes: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    for character in characters {
        if !(text.ends_with(character) && squeezes(character)) {
            text.push(character);
        }
    }
    text
}

/// The characters of one of `tr`'s sets, in order; `None` for what is not understood.
fn characters(set: &str) -> Option<Vec<char>> {
    let mut found = Vec::new();
    let mut rest = set;
    while let Some(first) = rest.chars().next() {
        if let Some(class) = rest.strip_prefix("[:") {
            let (name, after) = class.split_once(":]")?;
            found.extend(class_members(name)?);
            rest = after;
            continue;
        }
        // `[a*3]` and `[=a=]` are more than characters.
        if rest.starts_with("[=") || (first == '[' && rest.contains("*")) || !first.is_ascii() {
            return None;
        }
        let start = character(&mut rest)?;
        match rest.strip_prefix('-').filter(|after| !after.is_empty()) {
            Some(after) => {
                rest = after;
                let end = character(&mut rest)?;
                if end < start {
                    return None;
                }
                found.extend(start..=end);
            }
            None => found.push(start),
        }
        if found.len() > LIMIT {
            return None;
        }
    }
    Some(found)
}

/// One character, perhaps behind a backslash.
fn character(rest: &mut &str) -> Option<char> {
    let mut letters = rest.chars();
    let mut found = letters.next()?;
    if found == '\\' {
        found = match letters.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '\\' => '\\',
            // Octal numbers, and what else there is.
            other if other.is_ascii_alphanumeric() => return None,
            other => other,
        };
    }
    *rest = letters.as_str();
    found.is_ascii().then_some(found)
}

fn class_members(name: &str) -> Option<Vec<char>> {
    let is: fn(&char) -> bool = match name {
        "upper" => char::is_ascii_uppercase,
        "lower" => char::is_ascii_lowercase,
        "digit" => char::is_ascii_digit,
        "alpha" => char::is_ascii_alphabetic,
        "alnum" => char::is_ascii_alphanumeric,
        "punct" => char::is_ascii_punctuation,
        "space" => |c| c.is_ascii_whitespace() || *c == '\x0b',
        "blank" => |c| matches!(c, ' ' | '\t'),
        _ => return None,
    };
    Some((0..128_u8).map(char::from).filter(is).collect())
}
