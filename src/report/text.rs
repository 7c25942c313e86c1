//! The report as a person reads it in a terminal.
//!
//! Owns what is shown. The command is shown whole, with nothing hidden in it, and its meaning does
//! not hang on colour.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Item, Report, one_line, visible};
use crate::config::Decision;
use crate::effect::{Class, Tier};
use crate::location::Span;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Coloured,
}

/// The report alone.
#[must_use]
pub fn render(report: &Report, style: Style) -> String {
    let command = visible(&report.text);
    let mut marks: Vec<Annotation<'_>> = Vec::new();
    for item in &report.effects {
        let kind = kind(item.decision);
        let span = shown(command.map(Span::new(item.start, item.end)), command.text());
        marks.push(kind.span(span).label(label(item)));
    }
    for hole in &report.opaque {
        let span = shown(command.map(Span::new(hole.start, hole.end)), command.text());
        marks.push(kind(hole.decision).span(span).label(one_line(&hole.reason)));
    }
    let mut title = level(report).primary_title(headline(report));
    if let Some(worst) = report.asked().first() {
        title = title.id(one_line(&worst.rule));
    }
    let mut group: Group<'_> = title.element(
        Snippet::source(command.text())
            .fold(false)
            .annotations(marks),
    );
    for (name, note) in notes(report) {
        group = group.element(Level::NOTE.with_name(Some(name)).message(note));
    }
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    renderer
        .decor_style(DecorStyle::Ascii)
        // Wider than any line: what does not fit is wrapped by the terminal, never cut.
        .term_width(usize::MAX / 4)
        .render(&[group])
}

/// The report with the question under it.
#[must_use]
pub fn question(report: &Report, phrase: &str, style: Style) -> String {
    let report = render(report, style);
    format!(
        "\n{report}\n\nTo run it once, type   {phrase}\nAnything else refuses it; nothing has run.\n"
    )
}

fn kind(decision: Decision) -> AnnotationKind {
    if decision > Decision::Allow {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    }
}

fn level(report: &Report) -> Level<'static> {
    match report.verdict {
        Decision::Allow => Level::NOTE,
        Decision::Confirm => Level::WARNING,
        Decision::Deny => Level::ERROR,
    }
}

fn headline(report: &Report) -> &'static str {
    let worst = report.asked().first().map(|item| item.class);
    match (report.verdict, worst) {
        (Decision::Allow, _) => "this command runs unasked",
        (Decision::Deny, _) => "the policy does not allow this command",
        (Decision::Confirm, Some(Class::Irreversible)) => "this command cannot be undone",
        (Decision::Confirm, Some(_)) => "this command takes away what only a copy brings back",
        (Decision::Confirm, None) => "guard cannot see what this command would run",
    }
}

fn label(item: &Item) -> String {
    let summary = one_line(&item.summary);
    match &item.file {
        Some(file) => format!("{summary} (in {})", one_line(file)),
        None => summary,
    }
}

/// A span that the drawing can mark: within the text, on character boundaries, not empty if
/// anything is there.
fn shown(span: Span, text: &str) -> std::ops::Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    // A mark on a line end alone is drawn on nothing.
    let marked = text.get(start..end).unwrap_or_default();
    start..start + marked.trim_end_matches('\n').len()
}

fn notes(report: &Report) -> Vec<(&'static str, String)> {
    let mut notes = vec![("directory", one_line(&report.cwd))];
    let asked = report.asked();
    let shown: Vec<&Item> = if asked.is_empty() {
        report.effects.iter().collect()
    } else {
        asked
    };
    for item in shown {
        notes.push(("target", target(item)));
        if !item.also_lost.is_empty() {
            notes.push(("also lost", one_line(&item.also_lost.join(", "))));
        }
        if !item.evidence.is_empty() {
            notes.push(("known from", evidence(item)));
        }
        notes.push(("way back", way_back(item)));
        if let Some(instead) = &item.instead {
            notes.push(("safer", one_line(instead)));
        }
    }
    if !report.unlisted.is_empty() {
        let programs = one_line(&report.unlisted.join(", "));
        notes.push(("not described by any rule", programs));
    }
    notes
}

fn target(item: &Item) -> String {
    let place = match item.tier {
        Tier::Unknown => "guard does not know how much this place matters".to_owned(),
        tier => format!("tier {tier}"),
    };
    let name = if item.named {
        one_line(&item.target)
    } else {
        format!("{}, name not known before it runs", one_line(&item.target))
    };
    format!("{name} ({}; {place})", one_line(&item.kind))
}

fn evidence(item: &Item) -> String {
    let facts: Vec<String> = item
        .evidence
        .iter()
        .map(|fact| one_line(&format!("{} `{}` ({})", fact.fact, fact.value, fact.source)))
        .collect();
    facts.join(", ")
}

fn way_back(item: &Item) -> String {
    match (&item.undo, item.class) {
        (Some(undo), _) => one_line(undo),
        (None, Class::Irreversible) => "none that guard knows of".to_owned(),
        (None, _) => "not stated".to_owned(),
    }
}
