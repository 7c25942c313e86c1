//! `guard rules`: what guard knows, why it says what it says, and the tools to add to it.
//!
//! Owns the choice of packs that each subcommand looks at. Never judges by itself.

mod catalogue;
mod explain;
mod lint;
mod list;
mod new;
mod schema;
mod show;
mod test;

use std::path::Path;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use clap::{Args, Subcommand};

use super::say;
use crate::gate::Failure;
use crate::packs::examples::Scene;
use crate::packs::library::{self, Loaded};
use crate::packs::{Layer, directories};
use crate::rules::document::Complaint;
use crate::rules::schema::Pack;

/// Something was found that is not as it should be.
const EXIT_FOUND: u8 = 1;

#[derive(Debug, Args)]
#[command(
    after_help = "Packs are looked for in /etc/guard/packs and in ~/.config/guard/packs, besides \
                  those that are part of guard.\n\n\
                  Exits with 0 if all is well, with 1 if a test, a check or a look-up found \
                  something, and with 125 if guard itself failed."
)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Rules,
}

#[derive(Debug, Subcommand)]
enum Rules {
    /// Lists rules, with the packs that are broken
    List(list::Options),
    /// Shows everything about one rule
    Show(show::Options),
    /// Says how a command is read, and which rules were tried on it
    Explain(explain::Options),
    /// Runs the examples of packs through the whole pipeline
    Test(test::Options),
    /// Says what a pack should do better
    Lint(lint::Options),
    /// Starts a new pack
    New(new::Options),
    /// Prints the JSON Schema of packs, for editors
    Schema,
    /// Prints a page with every rule
    Catalogue(catalogue::Options),
}

pub(super) fn run(options: Options) -> Result<u8, Failure> {
    match options.command {
        Rules::List(options) => Ok(list::run(&options)),
        Rules::Show(options) => Ok(show::run(&options)),
        Rules::Explain(options) => Ok(explain::run(options)),
        Rules::Test(options) => Ok(test::run(&options)),
        Rules::Lint(options) => Ok(lint::run(&options)),
        Rules::New(options) => Ok(new::run(&options)),
        Rules::Schema => Ok(schema::run()),
        Rules::Catalogue(options) => Ok(catalogue::run(&options)),
    }
}

/// The packs that were added on this machine, and what cannot be looked at.
fn added() -> (Vec<Loaded>, Vec<String>) {
    library::added(&directories(|name| std::env::var_os(name)))
}

/// Every pack, those that are part of guard first.
pub(super) fn all() -> (Vec<Loaded>, Vec<String>) {
    let (added, notes) = added();
    let mut packs = library::built_in();
    packs.extend(added);
    (packs, notes)
}

/// The packs that are named, by their name or by a file; all of them if none is.
fn chosen(names: &[String]) -> Result<Vec<Loaded>, String> {
    let (packs, _) = all();
    if names.is_empty() {
        return Ok(packs);
    }
    let mut found: Vec<Loaded> = names
        .iter()
        .filter(|name| is_file(name))
        .map(|name| library::file(Path::new(name)))
        .collect();
    for name in names.iter().filter(|name| !is_file(name)) {
        if !packs.iter().any(|pack| pack.name == **name) {
            return Err(format!(
                "there is no pack `{name}`, and no file of that name"
            ));
        }
    }
    let named = packs.into_iter();
    found.extend(named.filter(|pack| names.contains(&pack.name)));
    Ok(found)
}

fn is_file(name: &str) -> bool {
    let path = Path::new(name);
    name.contains('/') || path.extension().is_some_and(|ending| ending == "toml")
}

/// The machine on which examples of this pack run: with it, and with the other added packs.
fn scene(tested: &Loaded) -> Result<Scene, String> {
    if tested.origin.layer == Layer::BuiltIn {
        return Scene::new(Vec::new());
    }
    let (others, _) = added();
    let others = others.into_iter().filter(|pack| pack.name != tested.name);
    let mut packs: Vec<Pack> = others.filter_map(|pack| pack.pack.ok()).collect();
    packs.extend(tested.good().cloned());
    Scene::new(packs)
}

/// Complaints as a compiler shows them.
fn render(complaints: &[Complaint], pack: &Loaded, level: &Level<'static>) -> String {
    let path = pack.origin.path.display().to_string();
    let renderer = Renderer::plain()
        .decor_style(DecorStyle::Ascii)
        .term_width(usize::MAX / 4);
    let mut text = String::new();
    for complaint in complaints {
        let length = pack.text.len();
        let start = complaint.span.start.min(length);
        let span = start..complaint.span.end.clamp(start, length);
        let mark = AnnotationKind::Primary.span(span);
        let snippet = Snippet::source(pack.text.as_str())
            .path(path.as_str())
            .annotation(mark);
        let mut group = level
            .clone()
            .primary_title(complaint.message.as_str())
            .element(snippet);
        if let Some(help) = &complaint.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text
}

/// Says that it cannot be done.
fn refuse(message: &str) -> u8 {
    say(&format!("guard: {message}"));
    EXIT_FOUND
}
