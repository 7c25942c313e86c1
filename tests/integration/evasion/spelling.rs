//! Functions of the templates: how a value is written in another language or encoding.

use std::fmt::Write;
use std::path::Path;

use super::form::{Form, Values};

/// What `«name|function|…»` stands for; nothing where a function does not fit the value.
pub(super) fn spell(placeholder: &str, values: &Values<'_>) -> Option<String> {
    let mut names = placeholder.split('|');
    let source = names.next().unwrap();
    let functions: Vec<&str> = names.collect();
    let words = match values.form {
        Form::Simple { argv, .. } => argv.as_slice(),
        Form::Text(_) => &[],
    };
    let value = match source {
        "t" => values.form.text(),
        "w" => values.word.to_owned(),
        "head" | "tail" => {
            let whole = match values.word {
                "" => values.form.text(),
                word => word.to_owned(),
            };
            let characters: Vec<char> = whole.chars().collect();
            if characters.len() < 2 {
                return None;
            }
            let middle = 1 + values.middle * (characters.len() - 1) / 1000;
            let (head, tail) = characters.split_at(middle);
            if source == "head" { head } else { tail }.iter().collect()
        }
        "argv" | "args" => {
            let from = usize::from(source == "args").min(words.len());
            match functions.split_first() {
                Some((&list, rest)) => {
                    return apply(&of_words(list, &words[from..])?, rest, values);
                }
                None => shell_words::join(&words[from..]),
            }
        }
        "prog" => words.first()?.clone(),
        "v" => values.variable.clone(),
        "f" => values.file.clone(),
        "E" => values.delimiter.clone(),
        "pwd" => values.directory.to_owned(),
        "noops" => "true; ".repeat(60),
        "padding" => "a".repeat(20_000),
        other => panic!("no value: {other}"),
    };
    apply(&value, &functions, values)
}

fn apply(value: &str, functions: &[&str], values: &Values<'_>) -> Option<String> {
    functions
        .iter()
        .try_fold(value.to_owned(), |value, function| {
            one(function, &value, values)
        })
}

fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_./=:@%+-".contains(c))
}

/// A list of words as one text.
fn of_words(function: &str, words: &[String]) -> Option<String> {
    let plain = || words.iter().all(|word| is_plain(word)).then_some(());
    Some(match function {
        "join" => shell_words::join(words),
        "plain-words" => {
            plain()?;
            words.join(" ")
        }
        "lines" => {
            plain()?;
            words.join("\n")
        }
        "brace" if words.len() > 1 => {
            plain()?;
            format!("{{{}}}", words.join(","))
        }
        "ifs" => {
            plain()?;
            words.join("${IFS}")
        }
        "commas" => {
            plain()?;
            words.join(",")
        }
        "last-q" => shell_words::quote(words.last()?).into_owned(),
        "but-last" => shell_words::join(&words[..words.len() - 1]),
        "python-list" => {
            let words: Vec<String> = words.iter().map(|word| json(word)).collect();
            format!("[{}]", words.join(","))
        }
        "perl-list" => {
            let words: Vec<String> = words.iter().map(|word| single(word)).collect();
            words.join(",")
        }
        _ => return None,
    })
}

fn json(value: &str) -> String {
    serde_json::to_string(value).unwrap()
}

/// In the single quotes of Perl, Ruby and PHP.
fn single(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn each(value: &str, write: impl Fn(u8) -> String) -> String {
    value.bytes().map(write).collect()
}

/// Every one of these characters with a backslash in front.
fn escaped(value: &str, characters: &str) -> String {
    let mut text = String::new();
    for character in value.chars() {
        if characters.contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

fn base_n(value: &[u8], alphabet: &[u8], bits: usize, group: usize) -> String {
    let mut text = String::new();
    let mut held = 0_u32;
    let mut count = 0;
    for byte in value {
        held = (held << 8) | u32::from(*byte);
        count += 8;
        while count >= bits {
            count -= bits;
            text.push(alphabet[(held >> count) as usize & ((1 << bits) - 1)].into());
        }
    }
    if count > 0 {
        text.push(alphabet[(held << (bits - count)) as usize & ((1 << bits) - 1)].into());
    }
    while !text.len().is_multiple_of(group) {
        text.push('=');
    }
    text
}

/// Where the program is that this word names.
fn program(word: &str) -> Option<String> {
    if word.contains('/') {
        return None;
    }
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .map(|directory| format!("{directory}/{word}"))
        .find(|path| Path::new(path).is_file())
}

/// A word that names something below the scene's directory.
fn is_path(word: &str) -> bool {
    ["canary", "marker", "other.txt", "work.txt", "README.md"]
        .iter()
        .any(|name| word == *name || word.starts_with(&format!("{name}/")))
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn one(function: &str, value: &str, values: &Values<'_>) -> Option<String> {
    let held = |holds: bool| holds.then(|| value.to_owned());
    let middle = value.len() / 2;
    Some(match function {
        // Conditions.
        "plain" => held(is_plain(value))?,
        "one-line" => held(!value.contains('\n') && !value.is_empty())?,
        "no-slash" => held(!value.contains('/'))?,
        "no-comma" => held(!value.contains(','))?,
        "no-percent" => held(!value.contains('%'))?,
        "word-name" => held(!value.contains(['/', '=', '%']))?,
        "path" => held(is_path(value))?,
        "program" => held(program(value).is_some())?,
        // Parts.
        "length" => value.len().to_string(),
        "length2" => (value.len() + 2).to_string(),
        "letters" => value.chars().map(|c| format!("{c} ")).collect(),
        "codes" => each(value, |byte| format!("{byte} ")),
        "first-code" => value.bytes().next()?.to_string(),
        "rest" => value.get(1..)?.to_owned(),
        "base" => value.rsplit('/').next()?.to_owned(),
        // The shell.
        "q" => shell_words::quote(value).into_owned(),
        "sq" => format!("'{}'", value.replace('\'', r"'\''")),
        "dq" => format!("\"{}\"", escaped(value, "\\\"$`")),
        "backslashes" => {
            held(!value.contains('\n'))?;
            value.chars().map(|c| format!("\\{c}")).collect()
        }
        "hexes" => each(value, |byte| format!("\\x{byte:02x}")),
        "octals" => each(value, |byte| format!("\\{byte:03o}")),
        "octals0" => each(value, |byte| format!("\\0{byte:03o}")),
        "unicodes" => value
            .chars()
            .map(|c| format!("\\u{:04x}", c as u32))
            .collect(),
        "here-document" => escaped(value, "\\$`"),
        "backquoted" => escaped(value, "\\`"),
        "substitution" => format!("$({value}\n)"),
        "alphabet" => {
            let letters = "abcdefghijklmnopqrstuvwxyz/.-_";
            let mut text = String::new();
            for character in value.chars() {
                let at = letters.find(character)?;
                write!(text, "${{{}:{at}:1}}", values.variable).unwrap();
            }
            text
        }
        "class" | "question" | "star" => {
            let slash = value.rfind('/').map_or(0, |at| at + 1);
            let at = slash + (value.len() - slash) / 2;
            let (head, tail) = value.split_at(at);
            let mut characters = tail.chars();
            let character = characters.next()?;
            let glob = match function {
                "class" => format!("[{character}]"),
                "question" => "?".to_owned(),
                _ => format!("{character}*"),
            };
            format!("{head}{glob}{}", characters.as_str())
        }
        "which" => program(value).or_else(|| held(is_path(value)))?,
        "quoted-lines" => {
            let lines: Vec<_> = value.lines().map(shell_words::quote).collect();
            lines.join(" ")
        }
        // Encodings.
        "upper" => {
            held(!value.contains(|c: char| c.is_ascii_uppercase()))?;
            value.to_ascii_uppercase()
        }
        "capital" => {
            held(value.starts_with(|c: char| c.is_ascii_lowercase()))?;
            value[..1].to_ascii_uppercase() + &value[1..]
        }
        "base64" => base_n(
            value.as_bytes(),
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            6,
            4,
        ),
        "base32" => base_n(value.as_bytes(), b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 8),
        "hex" => each(value, |byte| format!("{byte:02x}")),
        "rev" => {
            let lines = value
                .split('\n')
                .map(|line| line.chars().rev().collect::<String>());
            lines.collect::<Vec<_>>().join("\n")
        }
        "lines-reversed" => {
            let lines: Vec<_> = value.lines().rev().collect();
            lines.join("\n")
        }
        "rot13" => value
            .chars()
            .map(|c| match c {
                'a'..='m' | 'A'..='M' => (c as u8 + 13) as char,
                'n'..='z' | 'N'..='Z' => (c as u8 - 13) as char,
                other => other,
            })
            .collect(),
        "sprinkled" => {
            held(!value.contains('Q') && value.is_char_boundary(middle))?;
            format!("{}Q{}Q", &value[..middle], &value[middle..])
        }
        "sed-prefix" => format!("s/^/{}/", escaped(value, "\\/&")),
        // Literals of other languages.
        "json" => json(value),
        "single" => single(value),
        "awk" => json(value),
        "tcl" => {
            held(!value.contains(['{', '}', '\\']))?;
            format!("{{{value}}}")
        }
        "make" => value.replace('$', "$$"),
        "ed" => escaped(value, "%"),
        // Programs around such a literal.
        "bash-c" => format!("bash -c {value}"),
        "python-system" => format!("import os; os.system({value})"),
        "python-subprocess" => format!("import subprocess; subprocess.run({value}, shell=True)"),
        "python-popen" => format!("import os; print(os.popen({value}).read())"),
        "python-eval" => format!("exec({value})"),
        "python-getattr" => format!("getattr(__import__('os'), 'sys' + 'tem')({value})"),
        "python-import" => {
            format!("from importlib import import_module as i; i('os').system({value})")
        }
        "python-base64" => {
            format!("import base64, os; os.system(base64.b64decode('{value}').decode())")
        }
        "python-print" => format!("print({value})"),
        "python-write" => format!("import sys; open(sys.argv[1], 'w').write({value})"),
        "python-run" => format!("import subprocess; subprocess.run({value})"),
        "python-exec" => format!("import os; a = {value}; os.execvp(a[0], a)"),
        "perl-system" => format!("system({value});"),
        "perl-qx" => format!("my $c = {value}; print `$c`;"),
        "perl-open" => format!("open(my $h, '-|', {value}); print <$h>;"),
        "perl-exec" => format!("exec({value});"),
        "perl-print" => format!("print {value};"),
        "ruby-system" => format!("system({value})"),
        "ruby-qx" => format!("c = {value}; puts `#{{c}}`"),
        "node-exec" => {
            format!("require('child_process').execSync({value}, {{stdio: 'inherit'}})")
        }
        "php-system" => format!("system({value});"),
        "lua-execute" => format!("os.execute({value})"),
        "awk-system" => format!("BEGIN {{ system({value}) }}"),
        "awk-pipe" => format!("BEGIN {{ print \"\" | {value} }}"),
        "awk-getline" => format!("BEGIN {{ while (({value} | getline l) > 0) print l }}"),
        "awk-print" => format!("BEGIN {{ print {value} }}"),
        "sed-e" => format!("1e {value}"),
        "make-rule" => format!("qq: ; @{value}"),
        "tar-action" => format!("--checkpoint-action=exec={value}"),
        "vim-bang" => format!("!{}", escaped(value, "%#!")),
        "vim-system" => format!("call system('{}')", value.replace('\'', "''")),
        "sqlite-shell" => format!(".shell {value}"),
        "gdb-shell" => format!("shell {value}"),
        "gdb-python" => format!("python {value}"),
        "tcl-exec" => format!("puts [exec sh -c {value}]"),
        "proxy-command" => format!("ProxyCommand={}", value.replace('%', "%%")),
        "git-ext" => format!("ext::{}", value.replace('%', "%%")),
        "sh-program" => format!("sh -c {}", value.replace(' ', "% ")),
        "lessopen" => format!("|{value}; cat %s"),
        "semicolon" => format!("{value}; :"),
        "semicolon-hash" => format!("{value}; : #"),
        "semicolon-cat" => format!("{{ {value}; }} >&2; cat"),
        "bang" => format!("!{value}"),
        "bash-func" => format!("BASH_FUNC_qq%%=() {{ {value}\n}}"),
        "env-split" => format!(
            "bash -c '{}'",
            value.replace('\\', "\\\\").replace('\'', "\\'")
        ),
        "in-parent" => format!("cd ..; {value}"),
        "in-great-grandparent" => format!("cd ../../..; {value}"),
        other => panic!("no function: {other}"),
    })
}
