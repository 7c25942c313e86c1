//! Programs in other languages than the shell's, in arguments, on standard input and in files.
//!
//! Each language is lowered to one small tree ([`tree`]), which one abstract interpreter walks. A
//! call that matters becomes the command that does the same, and is judged as that command: what
//! the calls of a language do is data, in `rules/program/`. Never decides, and never runs anything.

mod arguments;
mod awk;
mod evaluate;
mod javascript;
mod library;
pub mod pack;
mod perl;
mod php;
mod powershell;
mod preload;
pub(crate) mod python;
pub(crate) mod ruby;
mod scripts;
mod syntax;
mod texts;
pub mod tree;
mod value;

use std::path::PathBuf;
use std::rc::Rc;

use crate::call::{Call, Findings, Nested};
use crate::location::Span;
use crate::payload::holes::Holes;
use crate::payload::script;
use crate::resolve::{Argument, Origin, Stdin, Text};
use crate::rules::{self, origin_of};
use crate::world::ReadError;
pub(crate) use evaluate::Asked;
use evaluate::{Evaluator, Run};
use library::Library;
pub(crate) use powershell::analyze as analyze_powershell;
use preload::Preload;
pub(crate) use scripts::{analyze_awk, analyze_perl, analyze_php, analyze_ruby};
use tree::{Operator, Program};
use value::{Arguments, Name, Value};

/// Options that make an interpreter print, or change what its program prints.
const PRINTING: &[&str] = &[
    "-0",
    "-F",
    "-a",
    "-i",
    "-l",
    "-n",
    "-p",
    "--print",
    "--process-code",
];

/// Modules beside a program that are read with it.
const MODULES: usize = 24;

/// A language: how its text is read, and what its values and its library do without effects.
///
/// Each function gives nothing where it knows nothing; then the evaluator goes on as for any
/// language.
pub(crate) struct Language {
    /// The name of its pack in `rules/program/`.
    pub(crate) name: &'static str,
    pub(crate) parse: fn(&str) -> Program,
    /// The options of its interpreters that hold program text.
    pub(crate) inline: &'static [&'static str],
    /// The option that names a module to run (`python -m`).
    pub(crate) module_option: Option<&'static str>,
    /// What its interpreters load before the program.
    pub(crate) preload: Preload,
    /// The files of a directory that is run as a program.
    pub(crate) directory_main: &'static [&'static str],
    /// What `true`, `false` and null are as texts.
    pub(crate) literals: [&'static str; 3],
    /// An empty list or map is true.
    pub(crate) empty_is_true: bool,
    /// A list becomes a text where one is wanted (`[1, 2] + ""`).
    pub(crate) list_is_text: bool,
    /// `map.key` is `map["key"]`.
    pub(crate) keys_are_members: bool,
    /// A parameter without an argument is null, and no error.
    pub(crate) missing_is_null: bool,
    /// The base class is reached by `super().x`, not by `super(…)`.
    pub(crate) super_is_called: bool,
    /// The path of the map that holds the environment.
    pub(crate) environment: &'static str,
    /// The program's arguments in order: whether its interpreter's own name comes first.
    pub(crate) arguments_with_interpreter: bool,
    /// A decorator that makes a method a member.
    pub(crate) property: fn(&str) -> bool,
    /// The file of a module beside the program, and its text.
    pub(crate) module: fn(&Evaluator<'_>, &str) -> Option<(PathBuf, String)>,
    /// What a name or a member of the library stands for.
    pub(crate) constant: fn(&mut Evaluator<'_>, &str) -> Option<Value>,
    /// A member of a value that is no method.
    pub(crate) member: fn(&mut Evaluator<'_>, &Value, &str, Span) -> Option<Value>,
    /// A method of a text, a list, a map, a function.
    pub(crate) method: fn(&mut Evaluator<'_>, &Value, &str, &Arguments, Span) -> Option<Value>,
    /// A call of the library that is known by its value.
    pub(crate) fold: fn(&mut Evaluator<'_>, &Invocation<'_>) -> Option<Value>,
    /// An operator that means something else than everywhere.
    pub(crate) operate: fn(&mut Evaluator<'_>, Operator, &Value, &Value, Span) -> Option<Value>,
    /// A value as a text, where that is no text.
    pub(crate) print: fn(&Evaluator<'_>, &Value) -> Option<Text>,
    /// Whether a value is true, where that is another question than everywhere.
    pub(crate) truth: fn(&Value) -> Option<bool>,
}

impl Language {
    pub(crate) fn pack(&self) -> &'static Library {
        Library::of(self.name)
    }
}

/// A call of something of a library.
pub(crate) struct Invocation<'c> {
    pub(crate) path: &'c str,
    /// The same path with the arguments of the calls in it.
    pub(crate) name: &'c Rc<Name>,
    pub(crate) arguments: &'c Arguments,
    pub(crate) span: Span,
}

impl Invocation<'_> {
    /// An argument by its place or its name.
    pub(crate) fn argument(&self, at: usize, name: &str) -> Option<&Value> {
        let mut keywords = self.arguments.keywords.iter();
        let keyword = keywords.find(|(given, _)| given == name);
        keyword
            .map(|(_, value)| value)
            .or_else(|| self.arguments.positional.get(at))
    }

    /// The arguments of the last call within the path.
    pub(crate) fn receiver(&self) -> Option<&Arguments> {
        self.name.calls.last().map(|call| &**call)
    }
}

pub(crate) fn analyze_python(call: &Call<'_>, findings: &mut Findings) {
    preload::load(&python::PYTHON, call, findings);
    analyze(&python::PYTHON, call, findings);
}

pub(crate) fn analyze_javascript(call: &Call<'_>, findings: &mut Findings) {
    preload::load(&javascript::JAVASCRIPT, call, findings);
    analyze(&javascript::JAVASCRIPT, call, findings);
}

/// Finds the program's text as its interpreter would, and walks it.
pub(crate) fn analyze(language: &'static Language, call: &Call<'_>, findings: &mut Findings) {
    unseen_options(call, findings);
    let evaluated = call.args.command.iter().any(|word| word == "eval");
    let mut operands = call.args.operands.iter();
    let inline: Vec<&Argument> = language
        .inline
        .iter()
        .flat_map(|name| call.args.all(name))
        .chain(operands.by_ref().take(usize::from(evaluated)))
        .collect();
    let rest = |from: usize| -> Vec<Text> {
        let operands = call.args.operands.iter().skip(from);
        operands.map(|operand| operand.value.clone()).collect()
    };
    if !inline.is_empty() {
        let name = Text::known(language.inline.first().copied().unwrap_or_default());
        for text in inline {
            let arguments = named(
                language,
                call,
                Some(name.clone()),
                rest(usize::from(evaluated)),
            );
            start(
                &text.value,
                origin_of(text),
                Kind::Inline,
                None,
                arguments,
                language,
                call,
                findings,
            );
        }
        return;
    }
    if let Some(module) = language
        .module_option
        .and_then(|name| call.args.option(name))
    {
        module_file(module, rest(0), language, call, findings);
        return;
    }
    let file = call.args.option("--file").or(operands.next());
    match file {
        Some(file) if file.value.exact() != Some("-") => {
            let skipped = usize::from(call.args.option("--file").is_none());
            script(file, rest(skipped), language, call, findings);
        }
        _ => from_stdin(rest(1), language, call, findings),
    }
}

/// Notes an option of which a part is not known: it may be the one that holds program text.
fn unseen_options(call: &Call<'_>, findings: &mut Findings) {
    for word in call.command.argv.iter().skip(1) {
        let mut options = call.args.options.iter();
        // `-I$DIRECTORY`: what follows is its value.
        let has_value =
            options.any(|given| given.location == word.location && !given.values.is_empty());
        if word.value.has_unknown()
            && word.value.known_prefix().starts_with('-')
            && call.args.uncertain.contains(&word.location)
            && !has_value
        {
            let reason = format!(
                "an option of the interpreter is known only then: {}",
                word.value.display()
            );
            findings.opaque(reason, &word.location);
        }
    }
}

/// Where a program's text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Inline,
    Input,
    File,
}

/// The arguments as the program sees them.
fn named(language: &Language, call: &Call<'_>, name: Option<Text>, rest: Vec<Text>) -> Vec<Text> {
    let interpreter = call.command.argv.first().map(|word| word.value.clone());
    let interpreter = interpreter.filter(|_| language.arguments_with_interpreter);
    // `node -e` puts no name between.
    let name = name.filter(|name| {
        !language.arguments_with_interpreter || !name.known_prefix().starts_with("--")
    });
    interpreter.into_iter().chain(name).chain(rest).collect()
}

#[expect(clippy::too_many_arguments, reason = "each program is all of this")]
fn start(
    text: &Text,
    origin: Origin,
    kind: Kind,
    path: Option<PathBuf>,
    arguments: Vec<Text>,
    language: &'static Language,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    if text.exact().is_none() && text.known_prefix().trim().is_empty() && text.parts().len() == 1 {
        let reason = format!(
            "it runs program text that is known only then: {}",
            text.display()
        );
        findings.opaque(reason, &call.command.location);
        return;
    }
    let holes = Holes::default();
    let written = path
        .as_ref()
        .is_some_and(|path| call.world.is_written(path));
    let origin = if text.exact().is_some() {
        origin
    } else {
        Origin::Place(call.command.location.clone())
    };
    let run = Run {
        text: holes.render(text),
        origin,
        path,
        arguments,
        is_inline: kind != Kind::File || written,
        reads_stdin: kind == Kind::Input,
        holes: &holes,
        asked: None,
    };
    let text = run.text.clone();
    let before = findings.nested.len();
    evaluate::run(run, language, call, findings);
    let mut options = call.args.options.iter();
    if call.args.open || options.any(|given| PRINTING.contains(&given.name.as_str())) {
        findings.printed = Some(Text::unknown("what the program prints"));
    }
    findings.calls = true;
    // What is sent in a way that is not followed is still written somewhere in the text.
    let followed = findings.nested.iter().skip(before).any(sends_to_railway);
    if !followed {
        script::requests(call, &holes, &text, findings);
    }
}

fn sends_to_railway(nested: &Nested) -> bool {
    match nested {
        Nested::Command(command) => {
            let mut words = command.argv.iter();
            words.any(|word| word.value.display().contains("backboard.railway"))
        }
        Nested::Shell { .. } => false,
    }
}

/// Runs what a runner asks of a program in a file; gives the names that are not in it.
pub(crate) fn tasks(
    language: &'static Language,
    path: PathBuf,
    text: String,
    asked: Asked,
    call: &Call<'_>,
    findings: &mut Findings,
) -> Vec<String> {
    findings.programs.push(Rc::from(path.as_path()));
    let holes = Holes::default();
    let run = Run {
        text,
        origin: Origin::File {
            path: Rc::from(path.as_path()),
            place: call.command.location.span,
        },
        path: Some(path),
        arguments: Vec::new(),
        is_inline: false,
        reads_stdin: false,
        holes: &holes,
        asked: Some(asked),
    };
    evaluate::run(run, language, call, findings)
}

/// A program in a file.
fn script(
    file: &Argument,
    rest: Vec<Text>,
    language: &'static Language,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    if call.command.elsewhere.is_some() {
        return;
    }
    let Some(path) = file
        .value
        .exact()
        .and_then(|path| call.command.directory.join(path))
    else {
        return;
    };
    let inside = language.directory_main.iter().map(|name| path.join(name));
    let mut files = std::iter::once(path.clone()).chain(inside);
    let found = files.find_map(|path| {
        let text = call.world.read(&path).ok()?;
        Some((path, text))
    });
    let Some((path, text)) = found else {
        match call.world.read(&path) {
            // What this very text makes of it, nobody has seen.
            Err(error) if call.world.is_written(&path) => findings.opaque(
                format!("it runs a program that guard cannot read: {error}"),
                &file.location,
            ),
            Ok(_) | Err(ReadError::Missing(_) | ReadError::NotRegular(_)) => {}
            Err(error) => findings
                .notes
                .push(format!("a program was not read: {error}")),
        }
        return;
    };
    let origin = Origin::File {
        path: Rc::from(path.as_path()),
        place: file.location.span,
    };
    findings.programs.push(Rc::from(path.as_path()));
    let arguments = named(language, call, Some(file.value.clone()), rest);
    let text = Text::known(text);
    start(
        &text,
        origin,
        Kind::File,
        Some(path),
        arguments,
        language,
        call,
        findings,
    );
}

/// `python -m package.module`, if it lies here.
fn module_file(
    module: &Argument,
    rest: Vec<Text>,
    language: &'static Language,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let Some(name) = module.value.exact() else {
        return;
    };
    let base = name.replace('.', "/");
    for path in [format!("{base}.py"), format!("{base}/__main__.py")] {
        let found = call.command.directory.join(&path);
        if found.is_some_and(|path| call.world.read(&path).is_ok()) {
            let file = Argument {
                value: Text::known(path),
                verbatim: None,
                ..module.clone()
            };
            script(&file, rest, language, call, findings);
            return;
        }
    }
    // A module that is installed does what its program does (`python -m awscli`).
    let program = rules::lookup::of_package(name, call.world);
    let program = program.unwrap_or_else(|| name.to_owned());
    if !rules::lookup::is_known(&program, call.world) {
        return;
    }
    let mut command = call.command.clone();
    command.redirections = Vec::new();
    let word = Argument {
        value: Text::known(program),
        ..module.clone()
    };
    let operands = call.args.operands.iter().cloned();
    command.argv = std::iter::once(word).chain(operands).collect();
    findings.nested.push(Nested::Command(Box::new(command)));
}

/// A program on standard input.
fn from_stdin(
    rest: Vec<Text>,
    language: &'static Language,
    call: &Call<'_>,
    findings: &mut Findings,
) {
    let place = &call.command.location;
    let arguments = named(language, call, Some(Text::known("-")), rest);
    match &call.command.stdin {
        Stdin::Text(text) => {
            let origin = Origin::Place(place.clone());
            start(
                text,
                origin,
                Kind::Input,
                None,
                arguments,
                language,
                call,
                findings,
            );
        }
        Stdin::File(path) => {
            if let Ok(text) = call.world.read(path) {
                let origin = Origin::File {
                    path: Rc::from(path.as_path()),
                    place: place.span,
                };
                start(
                    &Text::known(text),
                    origin,
                    Kind::Input,
                    None,
                    arguments,
                    language,
                    call,
                    findings,
                );
            }
        }
        Stdin::Unknown(source) => {
            let reason = format!("it runs the program that `{source}` prints");
            findings.opaque(reason, place);
        }
        Stdin::Inherited | Stdin::Empty => {}
    }
}
