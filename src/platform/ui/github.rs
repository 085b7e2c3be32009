//! A report as workflow commands, which GitHub shows beside the lines of a change.

use crate::domain::model::finding::{Effect, LocationKind};
use crate::domain::model::log_command;
use crate::domain::model::report::{Report, Reported};
use crate::domain::model::terminal::is_hidden;
use crate::platform::ui::sarif::rule_id;

/// Writes a report; what a hook would not show is left out.
pub fn render(report: &Report) -> String {
    let shown = report.findings.iter().filter(|f| f.finding.effect != Effect::Shadow);
    let skipped = report.skipped.iter().map(|skipped| {
        let word = if skipped.has_run { "no pass of" } else { "skipped" };
        let title = format!("{word} {}", skipped.gate);
        command("warning", &[("title", title)], &skipped.reason)
    });
    let lines: Vec<String> = shown.map(finding).chain(skipped).collect();
    lines.join("\n")
}

fn finding(reported: &Reported) -> String {
    let finding = &reported.finding;
    let name = if finding.effect == Effect::Block { "error" } else { "warning" };
    let mut properties = vec![("title", rule_id(finding))];
    let mut message = finding.message.clone();
    match finding.place.as_ref().map(|place| (place, &place.kind)) {
        Some((place, LocationKind::File(path))) => {
            properties.push(("file", path.to_string()));
            if place.line > 0 {
                properties.push(("line", place.line.to_string()));
                properties.push(("endLine", place.end_line.max(place.line).to_string()));
                if place.column > 0 && finding.anchor.is_ascii() {
                    properties.push(("col", place.column.to_string()));
                }
            }
        }
        Some((place, _)) => message = format!("{}: {message}", place.kind.display()),
        None => {}
    }
    if !finding.suggestion.is_empty() {
        message = format!("{message}\nhint: {}", finding.suggestion);
    }
    command(name, &properties, &message)
}

/// A workflow command (`error`, `warning`) with its properties, whatever they and the message hold.
pub fn command(name: &str, properties: &[(&str, impl AsRef<str>)], message: &str) -> String {
    let property = |(key, value): &(&str, _)| format!("{key}={}", property(AsRef::as_ref(value)));
    let properties: Vec<String> = properties.iter().map(property).collect();
    let command = format!("{name} {}::{}", properties.join(","), data(message));
    // What other services take for a command wherever it stands.
    let command = log_command::escaped(&command, |c| c.escape_unicode().to_string());
    format!("::{command}")
}

/// A message can hold no line end: with one, what follows would be a command of its own. What cannot
/// be seen is shown: the log is read on terminals.
fn data(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => safe.push_str("%25"),
            '\r' => safe.push_str("%0D"),
            '\n' => safe.push_str("%0A"),
            '\t' => safe.push(c),
            c if is_hidden(c) => safe.extend(c.escape_default()),
            c => safe.push(c),
        }
    }
    safe
}

/// A property ends at a colon or a comma too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::domain::model::class::Class;
    use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
    use crate::domain::model::gate::Gate;
    use crate::domain::model::report::{Report, Reported, Skipped, Verdict};
    use crate::domain::model::severity::Severity;

    fn finding(place: Option<Location>, message: &str, effect: Effect) -> Reported {
        let finding = Finding {
            gate: Gate::Review,
            rule: "a::b,c".to_owned(),
            class: Class::new("security/injection"),
            severity: Severity::High,
            effect,
            place,
            anchor: String::new(),
            message: message.to_owned(),
            suggestion: String::new(),
        };
        Reported { id: Some("I".to_owned()), status: "open".to_owned(), finding }
    }

    #[test]
    fn what_a_repository_says_cannot_become_a_command() {
        let cases = [
            (
                finding(
                    Some(Location::line("d,e:f%/g\nh", 7)),
                    "x\r\n::set-output name=a::b 100%",
                    Effect::Block,
                ),
                "::error title=review/a%3A%3Ab%2Cc,file=d%2Ce%3Af%25/g%0Ah,line=7,endLine=7::x%0D%0A::set-output name=a::b 100%25",
            ),
            (
                finding(Some(Location::file("f")), "m", Effect::Warn),
                "::warning title=review/a%3A%3Ab%2Cc,file=f::m",
            ),
            (
                finding(
                    Some(Location {
                        kind: LocationKind::Ref("refs/heads/x".into()),
                        line: 0,
                        column: 0,
                        end_line: 0,
                    }),
                    "m",
                    Effect::Block,
                ),
                "::error title=review/a%3A%3Ab%2Cc::refs/heads/x: m",
            ),
            (
                finding(None, "a\u{1b}[2J\u{202e}b##[x]", Effect::Warn),
                r"::warning title=review/a%3A%3Ab%2Cc::a\u{1b}[2J\u{202e}b\u{23}#[x]",
            ),
            (finding(None, "m", Effect::Shadow), ""),
        ];
        for (reported, expected) in cases {
            let report = Report {
                verdict: Verdict::Block,
                findings: vec![reported],
                skipped: vec![],
                gates: vec![],
                ran: vec![],
                elapsed_ms: 0,
            };
            assert_eq!(render(&report), expected);
            assert!(!render(&report).contains('\n'));
        }
        let skipped =
            vec![Skipped { gate: "a\nb".to_owned(), reason: "c\nd".to_owned(), has_run: false }];
        let report = Report {
            verdict: Verdict::Pass,
            findings: vec![],
            skipped,
            gates: vec![],
            ran: vec![],
            elapsed_ms: 0,
        };
        assert_eq!(render(&report), "::warning title=skipped a%0Ab::c%0Ad");
    }
}
