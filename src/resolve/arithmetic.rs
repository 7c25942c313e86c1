//! `$((…))` over known numbers.

/// The value of an expression, if `lookup` knows every variable in it. Assignments are not
/// evaluated.
pub(super) fn evaluate(expression: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<i64> {
    let mut reader = Reader {
        rest: expression,
        lookup,
        depth: 0,
    };
    let value = reader.binary(0)?;
    reader.blanks();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    depth: usize,
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

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn binary(&mut self, weakest: u8) -> Option<i64> {
        self.depth += 1;
        if self.depth > 50 {
            return None;
        }
        let mut left = self.unary()?;
        loop {
            self.blanks();
            let Some((token, strength)) = OPERATORS
                .iter()
                .find(|(token, _)| self.rest.starts_with(token))
                .filter(|(_, strength)| *strength > weakest)
            else {
                self.depth -= 1;
                return Some(left);
            };
            self.rest = self.rest.get(token.len()..)?;
            if self.rest.starts_with('=') {
                return None;
            }
            // `**` binds to the right.
            let right = self.binary(if *token == "**" {
                strength - 1
            } else {
                *strength
            })?;
            left = apply(token, left, right)?;
        }
    }

    fn unary(&mut self) -> Option<i64> {
        self.blanks();
        let first = self.rest.chars().next()?;
        match first {
            '-' | '+' | '!' | '~' => {
                self.rest = self.rest.get(1..)?;
                self.depth += 1;
                if self.depth > 50 {
                    return None;
                }
                let value = self.unary()?;
                self.depth -= 1;
                match first {
                    '-' => value.checked_neg(),
                    '!' => Some(i64::from(value == 0)),
                    '~' => Some(!value),
                    _ => Some(value),
                }
            }
            '(' => {
                self.rest = self.rest.get(1..)?;
                let value = self.binary(0)?;
                self.blanks();
                self.rest = self.rest.strip_prefix(')')?;
                Some(value)
            }
            '0'..='9' => {
                let length = self
                    .rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '#'))
                    .unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                number(digits)
            }
            _ => {
                let length = self
                    .rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(self.rest.len());
                let (name, rest) = self.rest.split_at_checked(length)?;
                if name.is_empty() {
                    return None;
                }
                self.rest = rest;
                let value = (self.lookup)(name)?;
                if value.is_empty() {
                    Some(0)
                } else {
                    number(value.trim())
                }
            }
        }
    }
}

fn number(digits: &str) -> Option<i64> {
    if let Some((base, digits)) = digits.split_once('#') {
        let base: u32 = base.parse().ok().filter(|base| (2..=36).contains(base))?;
        return i64::from_str_radix(digits, base).ok();
    }
    if let Some(hex) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        return i64::from_str_radix(hex, 16).ok();
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return i64::from_str_radix(digits, 8).ok();
    }
    digits.parse().ok()
}

fn apply(operator: &str, left: i64, right: i64) -> Option<i64> {
    Some(match operator {
        "**" => left.checked_pow(u32::try_from(right).ok()?)?,
        "*" => left.checked_mul(right)?,
        "/" => left.checked_div(right)?,
        "%" => left.checked_rem(right)?,
        "+" => left.checked_add(right)?,
        "-" => left.checked_sub(right)?,
        "<<" => left.checked_shl(u32::try_from(right).ok()?)?,
        ">>" => left.checked_shr(u32::try_from(right).ok()?)?,
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
    use super::evaluate;

    #[test]
    fn known_numbers_are_computed() {
        let lookup = |name: &str| (name == "x").then(|| "3".to_owned());
        for (expression, value) in [
            ("1 + 2 * 3", Some(7)),
            ("(1 + 2) * 3", Some(9)),
            ("x ** 2", Some(9)),
            ("2 ** 3 ** 2", Some(512)),
            ("-x + 1", Some(-2)),
            ("0x10 + 010 + 2#11", Some(27)),
            ("x > 2 && x < 5", Some(1)),
            ("1 / 0", None),
            ("y + 1", None),
            ("x = 5", None),
            ("", None),
        ] {
            assert_eq!(evaluate(expression, &lookup), value, "{expression}");
        }
    }
}
