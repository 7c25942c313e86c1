//! `$((…))`, `((…))`, `let` and subscripts: arithmetic over known numbers, with its assignments.

/// Variables as an expression reads and sets them. A name that is not known gives `None`, and then
/// the whole expression has no value.
pub(super) trait Variables {
    /// The text of a variable or of one of its elements; empty if it is not set.
    fn text(&mut self, name: &str, subscript: Option<&str>) -> Option<String>;
    fn set(&mut self, name: &str, subscript: Option<&str>, value: i64) -> Option<()>;
}

/// Expressions within expressions, and variables that hold expressions.
const DEPTH_LIMIT: usize = 50;

/// The value of an expression; `None` if it is not known.
pub(super) fn evaluate(
    expression: &str,
    variables: &mut dyn Variables,
) -> Result<Option<i64>, Wrong> {
    let mut reader = Reader {
        rest: expression,
        variables,
        depth: 0,
        idle: 0,
        unknown: false,
    };
    let value = reader.whole();
    if value.is_none() && !reader.unknown {
        return Err(Wrong);
    }
    Ok(value)
}

/// An expression that has no value: a division by zero, or what is no expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong;

/// Whether an expression may set variables, and the names in it.
pub(super) fn assigned(expression: &str) -> Vec<String> {
    let sets = expression.contains("++")
        || expression.contains("--")
        || expression.match_indices('=').any(|(at, _)| {
            let before = expression.get(..at).unwrap_or_default();
            let after = expression.get(at + 1..).unwrap_or_default();
            let shifts = before.ends_with("<<") || before.ends_with(">>");
            !after.starts_with('=') && (shifts || !before.ends_with(['=', '!', '<', '>']))
        });
    if !sets {
        return Vec::new();
    }
    names(expression)
}

/// The names in an expression.
pub(super) fn names(expression: &str) -> Vec<String> {
    expression
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        .map(str::to_owned)
        .collect()
}

struct Reader<'a, 'v> {
    rest: &'a str,
    variables: &'v mut dyn Variables,
    depth: usize,
    /// Above 0 where nothing is computed: the side of `&&`, `||` or `?:` that is not taken.
    idle: usize,
    /// Set where a value is missing that the shell will have.
    unknown: bool,
}

/// What an expression may stand for: something to assign to, or a number.
struct Operand<'a> {
    place: Option<(&'a str, Option<&'a str>)>,
    value: i64,
}

/// Longest first; with their binding strength.
const OPERATORS: &[(&str, u8)] = &[
    ("**", 11),
    ("<<", 8),
    (">>", 8),
    ("<=", 7),
    (">=", 7),
    ("==", 6),
    ("!=", 6),
    ("&&", 2),
    ("||", 1),
    ("*", 10),
    ("/", 10),
    ("%", 10),
    ("+", 9),
    ("-", 9),
    ("<", 7),
    (">", 7),
    ("&", 5),
    ("^", 4),
    ("|", 3),
];

const ASSIGNMENTS: &[&str] = &[
    "<<=", ">>=", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "=",
];

impl<'a> Reader<'a, '_> {
    fn whole(&mut self) -> Option<i64> {
        self.blanks();
        if self.rest.is_empty() {
            return Some(0);
        }
        let value = self.comma()?;
        self.blanks();
        self.rest.is_empty().then_some(value)
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEPTH_LIMIT {
            self.unknown = true;
            return None;
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn comma(&mut self) -> Option<i64> {
        loop {
            let value = self.deeper(Self::assignment)?;
            self.blanks();
            if !self.take(",") {
                return Some(value);
            }
        }
    }

    fn assignment(&mut self) -> Option<i64> {
        let before = self.rest;
        self.blanks();
        if let Some((name, subscript)) = self.place() {
            self.blanks();
            let found = ASSIGNMENTS.iter().find(|token| {
                self.rest
                    .strip_prefix(**token)
                    .is_some_and(|rest| **token != "=" || !rest.starts_with('='))
            });
            if let Some(token) = found {
                self.rest = self.rest.get(token.len()..)?;
                let operator = token.strip_suffix('=').unwrap_or_default();
                // The left side is read before the right one changes it.
                let left = if operator.is_empty() || self.idle > 0 {
                    None
                } else {
                    Some(self.read(name, subscript)?)
                };
                let right = self.deeper(Self::assignment)?;
                let value = match left {
                    Some(left) => apply(operator, left, right)?,
                    None => right,
                };
                self.write(name, subscript, value)?;
                return Some(value);
            }
        }
        self.rest = before;
        self.choice()
    }

    fn choice(&mut self) -> Option<i64> {
        let condition = self.binary(0)?;
        self.blanks();
        if !self.take("?") {
            return Some(condition);
        }
        let first = self.side(condition != 0, Self::comma)?;
        self.blanks();
        if !self.take(":") {
            return None;
        }
        let second = self.side(condition == 0, Self::assignment)?;
        Some(if condition != 0 { first } else { second })
    }

    /// One side of a choice: read, but computed only if it is taken.
    fn side(&mut self, taken: bool, read: impl FnOnce(&mut Self) -> Option<i64>) -> Option<i64> {
        self.idle += usize::from(!taken);
        let value = self.deeper(read);
        self.idle -= usize::from(!taken);
        value
    }

    fn binary(&mut self, weakest: u8) -> Option<i64> {
        self.deeper(|reader| reader.binary_within_limits(weakest))
    }

    fn binary_within_limits(&mut self, weakest: u8) -> Option<i64> {
        let mut left = self.unary()?;
        loop {
            self.blanks();
            let Some((token, strength)) = OPERATORS
                .iter()
                .find(|(token, _)| self.rest.starts_with(token))
                .filter(|(_, strength)| *strength > weakest)
            else {
                return Some(left);
            };
            let rest = self.rest.get(token.len()..)?;
            if rest.starts_with('=') && !matches!(*token, "==" | "!=" | "<=" | ">=") {
                // An assignment to what is none.
                return None;
            }
            self.rest = rest;
            // `**` binds to the right.
            let inner = strength - u8::from(*token == "**");
            let taken = match *token {
                "&&" => left != 0,
                "||" => left == 0,
                _ => true,
            };
            let right = self.side(taken, |reader| reader.binary(inner))?;
            left = if self.idle > 0 {
                0
            } else {
                apply(token, left, right)?
            };
        }
    }

    fn unary(&mut self) -> Option<i64> {
        self.blanks();
        for token in ["++", "--"] {
            let step = if token == "++" { 1 } else { -1 };
            let before = self.rest;
            if self.take(token) {
                self.blanks();
                if let Some((name, subscript)) = self.place() {
                    let value = self.read(name, subscript)?.wrapping_add(step);
                    self.write(name, subscript, value)?;
                    return Some(value);
                }
                // Two signs.
                self.rest = before;
            }
        }
        let first = self.rest.chars().next()?;
        if matches!(first, '-' | '+' | '!' | '~') {
            self.rest = self.rest.get(1..)?;
            let value = self.deeper(Self::unary)?;
            return Some(match first {
                '-' => value.wrapping_neg(),
                '!' => i64::from(value == 0),
                '~' => !value,
                _ => value,
            });
        }
        let operand = self.primary(first)?;
        let Some((name, subscript)) = operand.place else {
            return Some(operand.value);
        };
        let before = self.rest;
        self.blanks();
        for (token, step) in [("++", 1), ("--", -1)] {
            if self.take(token) {
                self.write(name, subscript, operand.value.wrapping_add(step))?;
                return Some(operand.value);
            }
        }
        self.rest = before;
        Some(operand.value)
    }

    fn primary(&mut self, first: char) -> Option<Operand<'a>> {
        let number = |value| Operand { place: None, value };
        match first {
            '(' => {
                self.rest = self.rest.get(1..)?;
                let value = self.deeper(Self::comma)?;
                self.blanks();
                self.take(")").then(|| number(value))
            }
            '0'..='9' => {
                let length = self
                    .rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || "#@_".contains(c)))
                    .unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                literal(digits).map(number)
            }
            _ => {
                let (name, subscript) = self.place()?;
                Some(Operand {
                    place: Some((name, subscript)),
                    value: self.read(name, subscript)?,
                })
            }
        }
    }

    /// A name with its subscript.
    fn place(&mut self) -> Option<(&'a str, Option<&'a str>)> {
        let length = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(length)?;
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        let Some(inner) = rest.strip_prefix('[') else {
            return Some((name, None));
        };
        let mut depth = 0_usize;
        for (at, character) in inner.char_indices() {
            match character {
                '[' => depth += 1,
                ']' if depth == 0 => {
                    self.rest = inner.get(at + 1..)?;
                    return Some((name, Some(inner.get(..at)?)));
                }
                ']' => depth -= 1,
                _ => {}
            }
        }
        None
    }

    fn read(&mut self, name: &str, subscript: Option<&str>) -> Option<i64> {
        if self.idle > 0 {
            return Some(0);
        }
        let text = self.variables.text(name, subscript);
        self.unknown |= text.is_none();
        let text = text?;
        let text = text.trim();
        if let Some(value) = literal(text) {
            return Some(value);
        }
        // A variable may hold an expression.
        let depth = self.depth + 1;
        if depth >= DEPTH_LIMIT {
            self.unknown = true;
            return None;
        }
        let mut inner = Reader {
            rest: text,
            variables: self.variables,
            depth,
            idle: 0,
            unknown: false,
        };
        let value = inner.whole();
        self.unknown |= inner.unknown;
        value
    }

    fn write(&mut self, name: &str, subscript: Option<&str>, value: i64) -> Option<()> {
        if self.idle > 0 {
            return Some(());
        }
        let set = self.variables.set(name, subscript, value);
        self.unknown |= set.is_none();
        set
    }
}

fn literal(digits: &str) -> Option<i64> {
    if let Some((base, digits)) = digits.split_once('#') {
        let base: u32 = base.parse().ok().filter(|base| (2..=64).contains(base))?;
        return in_base(digits, base);
    }
    let hex = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    if let Some(hex) = hex {
        return in_base(hex, 16);
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return in_base(digits, 8);
    }
    in_base(digits, 10)
}

fn in_base(digits: &str, base: u32) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_i64;
    for digit in digits.chars() {
        let digit = match digit {
            '0'..='9' => digit.to_digit(10)?,
            'a'..='z' => u32::from(digit) - u32::from('a') + 10,
            'A'..='Z' if base <= 36 => u32::from(digit) - u32::from('A') + 10,
            'A'..='Z' => u32::from(digit) - u32::from('A') + 36,
            '@' => 62,
            '_' => 63,
            _ => return None,
        };
        if digit >= base {
            return None;
        }
        value = value
            .wrapping_mul(i64::from(base))
            .wrapping_add(i64::from(digit));
    }
    Some(value)
}

fn apply(operator: &str, left: i64, right: i64) -> Option<i64> {
    // The processor takes a shift by its low bits.
    let places = u32::try_from(right & 63).ok()?;
    Some(match operator {
        "**" => {
            let exponent = u64::try_from(right).ok()?;
            let mut value = 1_i64;
            let (mut base, mut exponent) = (left, exponent);
            while exponent > 0 {
                if exponent & 1 == 1 {
                    value = value.wrapping_mul(base);
                }
                base = base.wrapping_mul(base);
                exponent >>= 1;
            }
            value
        }
        "*" => left.wrapping_mul(right),
        "/" if right != 0 => left.wrapping_div(right),
        "%" if right != 0 => left.wrapping_rem(right),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "<<" => left.wrapping_shl(places),
        ">>" => left.wrapping_shr(places),
        "<" => i64::from(left < right),
        ">" => i64::from(left > right),
        "<=" => i64::from(left <= right),
        ">=" => i64::from(left >= right),
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "&" => left & right,
        "^" => left ^ right,
        "|" => left | right,
        "&&" => i64::from(left != 0 && right != 0),
        "||" => i64::from(left != 0 || right != 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Known(BTreeMap<String, String>);

    impl Variables for Known {
        fn text(&mut self, name: &str, subscript: Option<&str>) -> Option<String> {
            let key = format!("{name}[{}]", subscript.unwrap_or("0"));
            self.0.get(&key).cloned()
        }

        fn set(&mut self, name: &str, subscript: Option<&str>, value: i64) -> Option<()> {
            let key = format!("{name}[{}]", subscript.unwrap_or("0"));
            self.0.insert(key, value.to_string());
            Some(())
        }
    }

    #[test]
    fn known_numbers_are_computed() {
        for (expression, value) in [
            ("1 + 2 * 3", Some(7)),
            ("(1 + 2) * 3", Some(9)),
            ("x ** 2", Some(9)),
            ("2 ** 3 ** 2", Some(512)),
            ("-x + 1", Some(-2)),
            ("0x10 + 010 + 2#11 + 64#_", Some(16 + 8 + 3 + 63)),
            ("x > 2 && x < 5", Some(1)),
            ("1 / 0", None),
            ("y + 1", None),
            ("x = 5, x", Some(5)),
            ("x++ + x", Some(7)),
            ("--x", Some(2)),
            ("x += 2, x <<= 1", Some(10)),
            ("x > 5 ? y : 8", Some(8)),
            ("0 && y++", Some(0)),
            ("1 || y", Some(1)),
            ("e + 1", Some(7)),
            ("a[1] = 4, a[1] * 2", Some(8)),
            ("x == 3", Some(1)),
            ("5 = 6", None),
            ("1 - -1", Some(2)),
            ("", Some(0)),
        ] {
            let mut variables = Known(BTreeMap::from([
                ("x[0]".to_owned(), "3".to_owned()),
                ("e[0]".to_owned(), "x * 2".to_owned()),
            ]));
            let found = evaluate(expression, &mut variables).ok().flatten();
            assert_eq!(found, value, "{expression}");
        }
    }

    #[test]
    fn what_may_be_assigned_is_found() {
        assert_eq!(assigned("x = y + 1"), ["x", "y"]);
        assert_eq!(assigned("x++"), ["x"]);
        assert_eq!(assigned("x <<= 1"), ["x"]);
        assert!(assigned("x == 1 && y >= 2 || z != 3").is_empty());
    }
}
