//! What an interpreter loads before the program: modules that its options and its settings name.
//!
//! Owns which these are for each language. What they do is walked as a program that loads them.

use super::evaluate::Evaluator;
use super::{Kind, Language, start};
use crate::call::{Call, Findings};
use crate::resolve::{Argument, Directory, Origin, Text, decode};

/// A language's options, and what they come to as program text around the value.
pub(crate) struct Preload {
    /// An option's canonical name, what stands before the value, and what after it.
    pub(crate) options: &'static [(&'static str, &'static str, &'static str)],
    /// The variable and the option that name more directories to look for modules in.
    pub(crate) search: (&'static str, &'static str),
    /// What stands between a module and what it is asked for (`-MModule=name`).
    pub(crate) separator: Option<char>,
    /// Program text that an interpreter starts with wherever that variable is set.
    pub(crate) settings: &'static str,
}

/// Nothing is loaded, or nothing is known of it.
pub(crate) const NONE: Preload = Preload {
    options: &[],
    search: ("", ""),
    separator: None,
    settings: "",
};

/// Walks what is loaded before the program.
pub(super) fn load(language: &'static Language, call: &Call<'_>, findings: &mut Findings) {
    let preload = &language.preload;
    let mut run = |text: Text, origin: Origin| {
        start(
            &text,
            origin,
            Kind::Inline,
            None,
            Vec::new(),
            language,
            call,
            findings,
        );
    };
    for given in &call.args.options {
        let Some((_, before, after)) = preload
            .options
            .iter()
            .find(|(name, _, _)| *name == given.name)
        else {
            continue;
        };
        for value in given.values.iter().filter(|value| !value.value.is_empty()) {
            let origin = Origin::Place(value.location.clone());
            if let Some(program) = written_out(value) {
                run(Text::known(program), origin);
                continue;
            }
            let mut text = Text::known(*before);
            match (value.value.exact(), preload.separator) {
                (Some(known), Some(separator)) => {
                    let module = known.split(separator).next().unwrap_or(known);
                    text.push_known(module.trim_start_matches('-'));
                }
                _ => text.append(value.value.clone()),
            }
            text.push_known(after);
            run(text, origin);
        }
    }
    let variable = call.command.variable(call.world, preload.search.0);
    if !preload.settings.is_empty() && variable.is_some() {
        let origin = Origin::Place(call.command.location.clone());
        run(Text::known(preload.settings), origin);
    }
}

/// The program of `--import data:text/javascript,…`.
fn written_out(value: &Argument) -> Option<String> {
    let (kind, data) = value
        .value
        .exact()?
        .strip_prefix("data:")?
        .split_once(',')?;
    if kind.ends_with(";base64") {
        return String::from_utf8(decode::base64(data)?).ok();
    }
    let mut bytes = Vec::new();
    let mut rest = data.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let code = (*byte == b'%').then(|| after.get(..2)).flatten();
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*byte));
        if code.is_some() {
            rest = after.get(2..).unwrap_or_default();
        }
    }
    String::from_utf8(bytes).ok()
}

impl Evaluator<'_> {
    /// The directories that variables and options add to where modules are looked for.
    pub(crate) fn module_directories(&self) -> Vec<std::path::PathBuf> {
        let (variable, option) = self.language.preload.search;
        let set = self.call.command.variable(self.call.world, variable);
        let set = set.as_ref().and_then(Text::exact).unwrap_or_default();
        let given = self.call.args.all(option);
        let given = given.filter_map(|value| value.value.exact());
        let listed = given.chain(set.split(':')).filter(|path| !path.is_empty());
        let Directory::Known(here) = &self.call.command.directory else {
            return Vec::new();
        };
        listed.map(|path| here.join(path)).collect()
    }
}
