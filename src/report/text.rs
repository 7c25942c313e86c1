//! The report as a person reads it in a terminal.
//!
//! Owns what is shown. The command is shown whole, with nothing hidden in it, and its meaning does
//! not hang on colour.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Item, Report, one_line, visible};
use crate::effect::{Class, Tier};
use crate::location::Span;
use crate::policy::Decision;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Coloured,
}

/// Places that are marked in the drawing: the labels of more than these on one line would hide it,
/// and each mark is compared with each line.
const MARKS: usize = 60;

/// The report alone.
#[must_use]
pub fn render(report: &Report, style: Style) -> String {
    let command = visible(&report.text);
    let effects = report.effects.iter().map(|item| {
        let place = Span::new(item.start, item.end);
        (item.decision, place, label(item))
    });
    let holes = report.opaque.iter().map(|hole| {
        let place = Span::new(hole.start, hole.end);
        (hole.decision, place, one_line(&hole.reason))
    });
    let mut places: Vec<(Decision, Span, String)> = effects.chain(holes).collect();
    let unmarked = places.len().saturating_sub(MARKS);
    if unmarked > 0 {
        places.sort_by_key(|(decision, ..)| std::cmp::Reverse(*decision));
        places.truncate(MARKS);
    }
    let marks: Vec<Annotation<'_>> = places
        .into_iter()
        .map(|(decision, place, label)| {
            let span = shown(command.map(place), command.text());
            kind(decision).span(span).label(label)
        })
        .collect();
    let mut title = level(report).primary_title(headline(report));
    if let Some(worst) = report.asked().first() {
        title = title.id(one_line(&worst.rule));
    }
    let mut group: Group<'_> = title.element(
        Snippet::source(command.text())
            .fold(false)
            .annotations(marks),
    );
    if unmarked > 0 {
        let places = format!("{unmarked} more places; `guard check --json` names each");
        group = group.element(Level::NOTE.with_name(Some("not marked")).message(places));
    }
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
        Decision::Confirm | Decision::Deny => Level::ERROR,
    }
}

fn headline(report: &Report) -> &'static str {
    let worst = report.asked().first().map(|item| item.class);
    match (report.verdict, worst) {
        (Decision::Allow, _) => "this command runs unasked",
        (Decision::Deny, _) => "the policy does not allow this command",
        (Decision::Confirm, Some(Class::Irreversible)) => "this command cannot be undone",
        (Decision::Confirm, Some(_)) => "this command takes away what only a copy brings back",
        (Decision::Confirm, None) if report.asked_opaque().next().is_none() => {
            "no rule describes what this command runs"
        }
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
    for said in report.policy() {
        notes.push((
            "policy",
            said.lines().map(one_line).collect::<Vec<_>>().join("; "),
        ));
    }
    if !report.unlisted.is_empty() {
        let programs = one_line(&report.unlisted.join(", "));
        notes.push(("not described by any rule", programs));
    }
    notes.extend(
        report
            .notes
            .iter()
            .map(|note| ("attention", one_line(note))),
    );
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Fact, Hole};

    fn item(text: &str, part: &str, target: &str, decision: Decision) -> Item {
        let start = text.find(part).unwrap();
        Item {
            rule: "railway/volume-delete".to_owned(),
            action: "delete".to_owned(),
            class: Class::Irreversible,
            decision,
            policy: None,
            kind: "volume".to_owned(),
            target: target.to_owned(),
            named: true,
            tier: Tier::Production,
            summary: "deletes the volume and every backup of it".to_owned(),
            undo: None,
            also_lost: vec!["every backup of the volume".to_owned()],
            evidence: vec![Fact {
                fact: "environment".to_owned(),
                value: "production".to_owned(),
                source: "flag -e".to_owned(),
            }],
            instead: Some("railway volume backup create".to_owned()),
            start,
            end: start + part.len(),
            file: None,
        }
    }

    fn report(text: &str, effects: Vec<Item>, opaque: Vec<Hole>) -> Report {
        Report {
            text: text.to_owned(),
            cwd: "/srv/app".to_owned(),
            verdict: Decision::Confirm,
            class: Class::Irreversible,
            effects,
            opaque,
            unlisted: Vec::new(),
            unlisted_decision: Decision::Allow,
            unlisted_policy: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_report_shows_the_command_the_loss_and_where_that_is_known_from() {
        let text = "cd infra && railway volume delete -v pg-data -e production -y; eval \"$X\"";
        let hole = Hole {
            reason: "the text is made when it runs: $X".to_owned(),
            decision: Decision::Confirm,
            policy: None,
            start: text.find("eval").unwrap(),
            end: text.len(),
            file: None,
        };
        let part = "railway volume delete -v pg-data -e production -y";
        let effect = item(text, part, "production/pg-data", Decision::Confirm);
        let shown = render(&report(text, vec![effect], vec![hole]), Style::Plain);
        let expected = r#"error[railway/volume-delete]: this command cannot be undone
  |
1 | cd infra && railway volume delete -v pg-data -e production -y; eval "$X"
  |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^  ^^^^^^^^^ the text is made when it runs: $X
  |             |
  |             deletes the volume and every backup of it
  |
  = directory: /srv/app
  = target: production/pg-data (volume; tier production)
  = also lost: every backup of the volume
  = known from: environment `production` (flag -e)
  = way back: none that guard knows of
  = safer: railway volume backup create"#;
        assert_eq!(shown, expected);
    }

    #[test]
    fn nothing_reaches_the_terminal_as_it_stands() {
        for text in [
            "\u{1b}[2Krm\nx\u{202e}\n\nrm -rf y\n",
            "rm y",
            "é rm\trm",
            "rm \u{7}\u{9b}31m\r",
        ] {
            let mut first = item(text, "rm", "a\u{1b}]0;x\u{7}", Decision::Confirm);
            first.summary.push('\u{202e}');
            let mut beyond = item(text, "rm", "a\nb", Decision::Allow);
            beyond.end = text.len() + 9;
            let shown = render(&report(text, vec![first, beyond], vec![]), Style::Plain);
            let hidden = shown
                .chars()
                .find(|c| *c != '\n' && crate::report::is_hidden(*c));
            assert_eq!(hidden, None, "{shown}");
        }
    }

    #[test]
    fn the_command_is_shown_whole() {
        let long = format!("rm {}end", "x".repeat(3000));
        let shown = render(
            &report(
                &long,
                vec![item(&long, "end", "a", Decision::Confirm)],
                vec![],
            ),
            Style::Plain,
        );
        assert!(shown.contains(&long));
        let many = "echo a\n".repeat(500) + "rm x";
        let shown = render(
            &report(
                &many,
                vec![item(&many, "rm x", "a", Decision::Confirm)],
                vec![],
            ),
            Style::Plain,
        );
        assert_eq!(shown.matches("echo a").count(), 500);
    }

    #[test]
    fn many_places_are_counted_and_the_worst_marked() {
        let text = "ls a; ".repeat(5_000) + "rm x";
        let mut effects: Vec<Item> = (0..5_000)
            .map(|_| item(&text, "ls a", "a", Decision::Allow))
            .collect();
        effects.push(item(&text, "rm x", "x", Decision::Confirm));
        effects[5_000].summary = "the worst".to_owned();
        let shown = render(&report(&text, effects, vec![]), Style::Plain);
        assert!(shown.contains("^^^^ the worst"), "{shown}");
        assert!(shown.contains("not marked: 4941 more places"), "{shown}");
    }

    #[test]
    fn what_is_asked_depends_on_what_is_at_stake() {
        let text = "railway volume delete";
        let effect = item(text, text, "production/pg-data", Decision::Confirm);
        let shown = question(
            &report(text, vec![effect], vec![]),
            "production/pg-data",
            Style::Plain,
        );
        assert!(shown.contains("To run it once, type   production/pg-data\n"));
        let hole = Hole {
            reason: "unknown program".to_owned(),
            decision: Decision::Confirm,
            policy: None,
            start: 0,
            end: 4,
            file: None,
        };
        let shown = render(&report(text, vec![], vec![hole]), Style::Plain);
        assert!(shown.starts_with("error: guard cannot see what this command would run"));
        let allowed = Report {
            verdict: Decision::Allow,
            ..report(text, vec![], vec![])
        };
        assert!(render(&allowed, Style::Plain).starts_with("note: this command runs unasked"));
    }
}
