//! Builtins that fill variables from their input: `read`, `mapfile`, `printf -v`.

use crate::resolve::command::{Argument, Stdin};
use crate::resolve::interpreter::Interpreter;
use crate::resolve::parameter::{Place, split_subscript};
use crate::resolve::redirection::Io;
use crate::resolve::source::Origin;
use crate::resolve::state::Value;
use crate::resolve::text::Text;
use crate::shared_map::SharedMap;

/// The options of `read` and `mapfile`, as they are given.
#[derive(Default)]
struct Request {
    raw: bool,
    array: Option<String>,
    delimiter: Option<char>,
    /// `-n`, `-N`: characters, and whether delimiters count.
    count: Option<(usize, bool)>,
    /// `-u`
    descriptor: Option<u32>,
    skip: usize,
    origin: Option<i64>,
    trim: bool,
    limit: Option<usize>,
    /// The text of `mapfile -C`.
    callback: Option<Text>,
    /// Something that is not followed: another descriptor, a time limit, a word that is not known.
    unsure: bool,
    names: Vec<String>,
}

/// Letters that take a value, for each of the two.
const READ_VALUES: &str = "adinNptu";
const MAPFILE_VALUES: &str = "dnOsuCc";

impl Request {
    fn new(operands: &[Argument], with_value: &str) -> Self {
        let mut request = Self::default();
        let mut words = operands.iter();
        let mut options = true;
        while let Some(operand) = words.next() {
            let Some(text) = operand.value.exact().filter(|_| !operand.splits) else {
                request.unsure = true;
                continue;
            };
            let Some(letters) = text
                .strip_prefix('-')
                .filter(|letters| options && !letters.is_empty())
            else {
                options = false;
                request.names.push(text.to_owned());
                continue;
            };
            if letters == "-" {
                options = false;
                continue;
            }
            for (at, letter) in letters.char_indices() {
                if !with_value.contains(letter) {
                    request.raw |= letter == 'r';
                    request.trim |= letter == 't';
                    continue;
                }
                let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
                let value = if rest.is_empty() {
                    words.next().map(|word| word.value.clone())
                } else {
                    Some(Text::known(rest))
                };
                request.option(letter, value.unwrap_or_default(), with_value);
                break;
            }
        }
        request
    }

    fn option(&mut self, letter: char, value: Text, with_value: &str) {
        if letter == 'C' {
            self.callback = Some(value);
            return;
        }
        let Some(text) = value.exact() else {
            self.unsure = true;
            return;
        };
        let number = text.parse::<usize>();
        let mapfile = with_value == MAPFILE_VALUES;
        match (letter, number) {
            ('a', _) => self.array = Some(text.to_owned()),
            ('d', _) => self.delimiter = Some(text.chars().next().unwrap_or('\0')),
            // The time to wait for what is there already.
            ('i' | 'p' | 'c', _) => {}
            ('t', _) if text != "0" => {}
            ('n', Ok(count)) if mapfile => self.limit = (count > 0).then_some(count),
            ('n', Ok(count)) => self.count = Some((count, false)),
            ('N', Ok(count)) => self.count = Some((count, true)),
            ('s', Ok(count)) => self.skip = count,
            ('O', Ok(origin)) => self.origin = i64::try_from(origin).ok(),
            ('u', Ok(0)) => {}
            ('u', Ok(number)) if !mapfile => self.descriptor = u32::try_from(number).ok(),
            _ => self.unsure = true,
        }
    }
}

impl Interpreter<'_> {
    pub(super) fn read(&mut self, operands: &[Argument], io: &Io, stdin: &Stdin) {
        let known = matches!(stdin, Stdin::Text(_) | Stdin::File(_));
        if io.stdin.is_none() && known && std::mem::take(&mut self.state.input_shared) {
            // The command that shares the input may have left nothing to read.
            let before = self.state.clone();
            self.read(operands, io, stdin);
            let read = std::mem::replace(&mut self.state, before);
            let nothing = Stdin::Text(Text::empty());
            self.state.stdin.clone_from(&nothing);
            self.read(operands, io, &nothing);
            self.merge(read);
            return;
        }
        let mut request = Request::new(operands, READ_VALUES);
        let descriptor = request.descriptor;
        let held = descriptor.map(|number| {
            let held = self.taken(&number.to_string());
            held.unwrap_or_else(|| Stdin::Unknown("a descriptor".to_owned()))
        });
        let stdin = held.as_ref().unwrap_or(stdin);
        let input = self.known_input(stdin).filter(|_| !request.unsure);
        let taken = input.and_then(|input| take_line(&input, &request));
        let Some((line, rest, ended)) = taken else {
            if descriptor.is_none() {
                self.consume(io, None);
            }
            request.names.extend(request.array);
            if request.names.is_empty() {
                request.names.push("REPLY".to_owned());
            }
            for name in request.names {
                self.forget(split_subscript(&name).0);
            }
            if request.unsure {
                self.forget_variables();
            }
            return;
        };
        match descriptor {
            Some(number) => self.hold(number, &rest),
            None => self.consume(io, Some(rest)),
        }
        self.state.status = Some(u8::from(!ended));
        let Some(separators) = self.field_separators() else {
            request.names.extend(request.array);
            for name in request.names {
                self.forget(&name);
            }
            return;
        };
        if let Some(array) = request.array {
            let fields = split(&line, &separators, usize::MAX);
            if let Some(name) = self.state.target(&array) {
                let world = self.world;
                let list = Value::list(fields.into_iter().map(Text::known));
                self.state.set(world, &name, list);
            }
        } else if request.names.is_empty() {
            let whole: String = line.iter().map(|(character, _)| character).collect();
            self.store("REPLY", None, Text::known(whole), false);
        } else if request.count.is_some_and(|(_, exact)| exact) {
            let whole: String = line.iter().map(|(character, _)| character).collect();
            for (index, name) in request.names.iter().enumerate() {
                let text = if index == 0 { whole.as_str() } else { "" };
                self.store(name, None, Text::known(text), false);
            }
        } else {
            let mut fields = split(&line, &separators, request.names.len()).into_iter();
            for name in &request.names {
                let (name, subscript) = split_subscript(name);
                let place = subscript.map(|text| Place::Element(Text::known(text)));
                let text = Text::known(fields.next().unwrap_or_default());
                self.store(name, place.as_ref(), text, false);
            }
        }
    }

    /// What the input holds, if that is known.
    fn known_input(&self, stdin: &Stdin) -> Option<Text> {
        match stdin {
            Stdin::Text(text) => Some(text.clone()),
            Stdin::File(path) if self.elsewhere.is_none() => self.world.text(path).map(Text::known),
            Stdin::File(_) | Stdin::Inherited | Stdin::Empty | Stdin::Unknown(_) => None,
        }
    }

    /// The shell's own input, after some of it was read.
    fn consume(&mut self, io: &Io, rest: Option<Text>) {
        if io.stdin.is_none() && !matches!(self.state.stdin, Stdin::Inherited | Stdin::Empty) {
            self.state.stdin = match rest {
                Some(rest) => Stdin::Text(rest),
                None => Stdin::Unknown("an input that was read in part".to_owned()),
            };
        }
    }

    pub(super) fn map_file(&mut self, operands: &[Argument], io: &Io, stdin: &Stdin) {
        let request = Request::new(operands, MAPFILE_VALUES);
        let name = request.names.first().map_or("MAPFILE", String::as_str);
        let input = self.known_input(stdin);
        let lines = input
            .as_ref()
            .and_then(Text::exact)
            .filter(|_| !request.unsure)
            .map(|text| lines(text, &request));
        self.consume(
            io,
            lines
                .as_ref()
                .map(|_| Text::empty())
                .filter(|_| request.limit.is_none()),
        );
        let Some(target) = self.state.target(name) else {
            self.forget_variables();
            return;
        };
        let world = self.world;
        let value = match (lines, request.origin) {
            (Some(lines), None) => Value::list(lines.iter().map(|line| Text::known(line.as_str()))),
            (Some(lines), Some(origin)) => {
                let mut elements = match self.state.variable(world, &target) {
                    Some(Value::Array(elements)) => elements,
                    _ => SharedMap::default(),
                };
                for (index, line) in (origin..).zip(&lines) {
                    elements.insert(index, Text::known(line.as_str()));
                }
                Value::Array(elements)
            }
            (None, _) => Value::unknown(&target),
        };
        let known = matches!(value, Value::Array(_));
        if let Some(callback) = &request.callback {
            // bash runs it with an index and a line after it, in this very shell.
            let before = self.state.clone();
            let mut text = callback.clone();
            for name in ["__guard_index", "__guard_line"] {
                self.forget(name);
                text.push_known(&format!(" \"${name}\""));
            }
            let place = self.current.clone();
            self.on_a_way(|shell| {
                shell.unsure_text(&text, Origin::Place(place.clone()), &place, "mapfile")
            });
            self.merge(before);
        }
        self.state.set(world, &target, value);
        self.state.status = known.then_some(0);
    }

    pub(super) fn printf_to_variable(
        &mut self,
        operands: &[Argument],
        stdin: &Stdin,
    ) -> Option<Text> {
        let [flag, variable, rest @ ..] = operands else {
            self.state.status = Some(0).filter(|_| operands.iter().all(|o| !o.value.has_unknown()));
            return None;
        };
        if flag.value.exact() != Some("-v") {
            return None;
        }
        let mut argv = vec![Argument::known("printf", flag.location.clone())];
        argv.extend(rest.iter().cloned());
        let text = self.computed(&argv, stdin);
        let Some(name) = variable.value.exact().filter(|_| !variable.splits) else {
            self.forget_variables();
            return Some(Text::empty());
        };
        let (name, subscript) = split_subscript(name);
        let name = name.to_owned();
        let place = subscript.map(|text| Place::Element(Text::known(text)));
        self.store(&name, place.as_ref(), text, false);
        Some(Text::empty())
    }
}

/// A line of the input with each character's being escaped, what is left after it, and whether the
/// delimiter was found. `None` if what is read is not known.
type Line = Vec<(char, bool)>;

fn take_line(input: &Text, request: &Request) -> Option<(Line, Text, bool)> {
    let known = input.known_prefix();
    let delimiter = request.delimiter.unwrap_or('\n');
    let (limit, exact) = request.count.unwrap_or((usize::MAX, false));
    let mut line = Line::new();
    let mut characters = known.char_indices();
    let mut ended = None;
    while line.len() < limit {
        let Some((at, character)) = characters.next() else {
            break;
        };
        match character {
            _ if character == delimiter && !exact => {
                ended = Some(at + character.len_utf8());
                break;
            }
            '\\' if !request.raw => match characters.next() {
                Some((_, '\n')) => {}
                Some((_, next)) => line.push((next, true)),
                None => break,
            },
            '\0' => {}
            other => line.push((other, false)),
        }
    }
    if ended.is_none() && line.len() == limit {
        ended = characters
            .next()
            .map_or(Some(known.len()), |(at, _)| Some(at));
    }
    match ended {
        Some(end) => Some((line, input.after(end), true)),
        // All of it is known, and it ends here.
        None if input.exact().is_some() => Some((line, Text::empty(), false)),
        None => None,
    }
}

/// Splits a line as `read` does: the last of `count` fields holds all that is left.
fn split(line: &[(char, bool)], separators: &str, count: usize) -> Vec<String> {
    let separates = |at: usize| {
        line.get(at)
            .is_some_and(|(character, escaped)| !escaped && separators.contains(*character))
    };
    let blank = |at: usize| {
        separates(at)
            && line
                .get(at)
                .is_some_and(|(character, _)| " \t\n".contains(*character))
    };
    let mut fields = Vec::new();
    let mut at = 0;
    while blank(at) {
        at += 1;
    }
    while at < line.len() {
        if fields.len() + 1 == count {
            fields.push(last_field(line, at, &separates, &blank));
            break;
        }
        let start = at;
        while at < line.len() && !separates(at) {
            at += 1;
        }
        fields.push(characters(line, start, at));
        while blank(at) {
            at += 1;
        }
        if separates(at) {
            at += 1;
            while blank(at) {
                at += 1;
            }
        }
    }
    fields
}

/// All that is left, without the blanks at its end, and without one other separator if it is the
/// only one.
fn last_field(
    line: &[(char, bool)],
    start: usize,
    separates: &dyn Fn(usize) -> bool,
    blank: &dyn Fn(usize) -> bool,
) -> String {
    let mut end = line.len();
    while end > start && blank(end - 1) {
        end -= 1;
    }
    let first = (start..end).find(|at| separates(*at));
    if first == Some(end.saturating_sub(1)) && end > start {
        end -= 1;
        while end > start && blank(end - 1) {
            end -= 1;
        }
    }
    characters(line, start, end)
}

fn characters(line: &[(char, bool)], from: usize, to: usize) -> String {
    let part = line.get(from..to).unwrap_or_default();
    part.iter().map(|(character, _)| character).collect()
}

fn lines(text: &str, request: &Request) -> Vec<String> {
    let delimiter = request.delimiter.unwrap_or('\n');
    text.split_inclusive(delimiter)
        .skip(request.skip)
        .take(request.limit.unwrap_or(usize::MAX))
        .map(|line| match request.trim {
            true => line.strip_suffix(delimiter).unwrap_or(line).to_owned(),
            false => line.to_owned(),
        })
        .collect()
}
