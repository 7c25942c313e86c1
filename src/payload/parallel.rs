//! GNU parallel: its lists of values, and where they go in the command.
//!
//! Owns the reading of `:::` and its kin and of the replacement strings. A value becomes a
//! parameter of the shell text that is run, for parallel quotes what it puts in.

use crate::call::{Call, Findings, Nested};
use crate::resolve::{Argument, Command, Directory, Origin, Part, Stdin, Text};
use crate::rules;
use crate::shell::Dialect;

/// Jobs that are looked at one by one.
const JOBS: usize = 64;

/// The values of one source; `None` if they are not known.
type Values = Option<Vec<Text>>;

pub fn analyze(call: &Call<'_>, findings: &mut Findings) {
    let operands = &call.args.operands;
    let is_list = |word: &Argument| {
        matches!(
            word.value.exact(),
            Some(":::" | "::::" | ":::+" | "::::+" | "--")
        )
    };
    let end = operands.iter().position(is_list).unwrap_or(operands.len());
    let (command, lists) = operands.split_at(end);
    let semaphore = call
        .command
        .program()
        .is_some_and(|name| name.ends_with("sem"));
    let none = |name: &str| {
        call.args
            .option(name)
            .is_some_and(|count| count.value.exact() == Some("0"))
    };
    let plain = semaphore || call.args.flag("--pipe") || none("--max-args") || none("-N");
    let mut inner = call.command.clone();
    inner.redirections = Vec::new();
    if let Some(host) = call
        .args
        .option("--sshlogin")
        .filter(|host| host.value.exact() != Some(":"))
    {
        inner.environment.clear();
        inner.directory = Directory::Unknown("on another machine".to_owned());
        inner.elsewhere = Some(host.value.display().into_owned().into());
    }
    let template = template(command, call);
    if plain {
        run(template, Vec::new(), command, &inner, call, findings);
        return;
    }
    let sources = sources(lists, call, &inner);
    inner.stdin = Stdin::Empty;
    // A command that is nothing but a value, or nothing: the values are the commands.
    let bare = template.exact().map(str::trim);
    if bare.is_some_and(|text| text.is_empty() || text == "{}" || text == "{1}") {
        for value in sources.into_iter().flat_map(or_unknown) {
            run(value, Vec::new(), command, &inner, call, findings);
        }
        return;
    }
    let (template, found) = marked(&template, call);
    let mut template = template;
    if !found {
        template.push_known(" \"$1\"");
    }
    for arguments in jobs(&sources, call) {
        run(template.clone(), arguments, command, &inner, call, findings);
    }
}

/// Values, or one that is not known.
fn or_unknown(values: Values) -> Vec<Text> {
    values.unwrap_or_else(|| vec![Text::unknown("what it is given then")])
}

/// The command's words as the shell text that they make.
fn template(command: &[Argument], call: &Call<'_>) -> Text {
    let quotes = call.args.flag("--quote");
    let mut text = Text::empty();
    for (index, word) in command.iter().enumerate() {
        if index > 0 {
            text.push_known(" ");
        }
        match word
            .value
            .exact()
            .filter(|word| quotes && !word.contains('{'))
        {
            Some(word) => text.push_known(&shell_words::quote(word)),
            None => text.append(word.value.clone()),
        }
    }
    text
}

/// The template with parameters for its replacement strings: `$1` is the whole value, `$2` and on
/// are the columns or sources. Whether there was any.
fn marked(template: &Text, call: &Call<'_>) -> (Text, bool) {
    let own = call.args.option("-I").and_then(|mark| mark.value.exact());
    let mut marks: Vec<(String, String)> = vec![
        (own.unwrap_or("{}").to_owned(), "\"$1\"".to_owned()),
        ("{.}".to_owned(), "\"${1%.*}\"".to_owned()),
        ("{/}".to_owned(), "\"${1##*/}\"".to_owned()),
        ("{//}".to_owned(), "\"$(dirname -- \"$1\")\"".to_owned()),
        (
            "{/.}".to_owned(),
            "\"$(basename -- \"${1%.*}\")\"".to_owned(),
        ),
        ("{#}".to_owned(), "1".to_owned()),
        ("{%}".to_owned(), "1".to_owned()),
    ];
    for index in 1..=9 {
        let at = index + 1;
        marks.push((format!("{{{index}}}"), format!("\"${{{at}}}\"")));
        marks.push((format!("{{{index}.}}"), format!("\"${{{at}%.*}}\"")));
        marks.push((format!("{{{index}/}}"), format!("\"${{{at}##*/}}\"")));
    }
    let mut text = template.clone();
    let mut found = false;
    for (mark, parameter) in marks {
        let next = rules::replaced(&text, &mark, &Part::Known(parameter));
        found |= next != text;
        text = next;
    }
    (text, found)
}

/// Where the values come from: lists, files, or standard input.
fn sources(lists: &[Argument], call: &Call<'_>, inner: &Command) -> Vec<Values> {
    let mut sources: Vec<Values> = Vec::new();
    let mut rest = lists;
    while let Some((kind, after)) = rest.split_first() {
        let is_list = |word: &Argument| {
            word.value
                .exact()
                .is_some_and(|word| word.starts_with(":::"))
        };
        let end = after.iter().position(is_list).unwrap_or(after.len());
        let (words, next) = after.split_at(end);
        rest = next;
        if kind
            .value
            .exact()
            .is_some_and(|kind| kind.starts_with("::::"))
        {
            sources.extend(words.iter().map(|file| lines_of(file, call)));
        } else {
            let known = !words.iter().any(|word| word.splits);
            sources.push(known.then(|| words.iter().map(|word| word.value.clone()).collect()));
        }
    }
    sources.extend(call.args.all("--arg-file").map(|file| lines_of(file, call)));
    if sources.is_empty() {
        sources.push(match &inner.stdin {
            Stdin::Text(text) => text.exact().map(lines),
            Stdin::File(path) => call.world.read(path).ok().as_deref().map(lines),
            Stdin::Empty => Some(Vec::new()),
            Stdin::Inherited | Stdin::Unknown(_) => None,
        });
    }
    sources
}

fn lines_of(file: &Argument, call: &Call<'_>) -> Values {
    let path = call.command.directory.join(file.value.exact()?)?;
    let text = call.world.read(&path).ok()?;
    Some(lines(&text))
}

fn lines(text: &str) -> Vec<Text> {
    let separator = if text.contains('\0') { '\0' } else { '\n' };
    text.split_terminator(separator).map(Text::known).collect()
}

/// The parameters of each job: every value of one source with every value of the others.
fn jobs(sources: &[Values], call: &Call<'_>) -> Vec<Vec<Text>> {
    let mut jobs: Vec<Vec<Text>> = vec![Vec::new()];
    for source in sources {
        let values = or_unknown(source.clone());
        if jobs.len().saturating_mul(values.len()) > JOBS {
            let unknown = || Text::unknown("what it is given then");
            jobs = vec![vec![unknown(); sources.len()]];
            break;
        }
        jobs = jobs
            .iter()
            .flat_map(|job| {
                values.iter().map(|value| {
                    let mut job = job.clone();
                    job.push(value.clone());
                    job
                })
            })
            .collect();
    }
    let separator = call
        .args
        .option("--colsep")
        .and_then(|text| text.value.exact());
    let with_whole = jobs.into_iter().map(|job| {
        let mut whole = Text::empty();
        for (index, value) in job.iter().enumerate() {
            if index > 0 {
                whole.push_known(" ");
            }
            whole.append(value.clone());
        }
        let columns = match (separator, whole.exact()) {
            (Some(separator), Some(whole)) if !separator.is_empty() => {
                whole.split(separator).map(Text::known).collect()
            }
            (Some(_), _) => vec![Text::unknown("a column"); 9],
            (None, _) => job,
        };
        std::iter::once(whole).chain(columns).collect()
    });
    with_whole.collect()
}

fn run(
    text: Text,
    arguments: Vec<Text>,
    words: &[Argument],
    by: &Command,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    if text.is_empty() {
        return;
    }
    let place = words
        .first()
        .map_or(&call.command.location, |word| &word.location);
    let zero = Text::known("parallel");
    let arguments = std::iter::once(zero)
        .chain(arguments)
        .map(|value| Argument {
            value,
            splits: false,
            verbatim: None,
            location: place.clone(),
        });
    findings.nested.push(Nested::Shell {
        text,
        origin: Origin::Place(place.clone()),
        arguments: arguments.collect(),
        by: Box::new(by.clone()),
        shell: Dialect::from("sh"),
    });
}
