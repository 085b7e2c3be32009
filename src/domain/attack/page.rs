//! An attack as a page, and its tests as patches.

use std::fmt::Write as _;

use crate::domain::attack::answer::AttackFile;
use crate::domain::attack::clause::SpecClause;
use crate::domain::attack::intake::IntakeLine;
use crate::domain::attack::record::{AttackRecord, CaseRecord};
use crate::domain::attack::verdict::CaseVerdict;
use crate::domain::model::text::{counted, one_line};

/// The longest text that a line shows of what a test said, in characters.
const SAID_CHARS_MAX: usize = 240;

/// One case: from its input to what came.
pub fn case_line(one: &CaseRecord) -> String {
    let CaseRecord { case, verdict, weighed } = one;
    let got: String = one_line(verdict.why()).chars().take(SAID_CHARS_MAX).collect();
    let got = match verdict {
        CaseVerdict::Holds => "as expected".to_owned(),
        CaseVerdict::Breaks { .. } if got.is_empty() => "something else".to_owned(),
        _ => got,
    };
    let clause = case.clause.as_ref().map_or_else(
        || format!("no clause (`{}`)", case.said_clause),
        |clause| if clause.id.is_empty() { clause.text.clone() } else { clause.id.clone() },
    );
    let name = if case.name == case.file {
        case.file.clone()
    } else {
        format!("`{}` in {}", case.name, case.file)
    };
    let mut line = format!(
        "{} {} {}: {} → {} → {got} [{clause}; {name}]",
        case.id,
        verdict.as_str(),
        case.kind.as_str(),
        case.input,
        case.expected,
    );
    if let Some(weighed) = weighed {
        let _ = write!(line, "; {}: {}", weighed.as_str(), one_line(weighed.reason()));
    }
    line
}

/// One line of the intake.
pub fn intake_line(line: &IntakeLine) -> String {
    let asks = line.asks.as_ref().map_or_else(|| "silent".to_owned(), SpecClause::in_words);
    let quote = one_line(&line.quote);
    let state = line.state.as_str();
    format!(
        "{} {state} {}: `{quote}`: the spec: {asks}; the code: {}",
        line.id, line.path, line.does
    )
}

/// How many cases have each verdict, by kind: `boundary: 2 holds, 1 breaks`.
pub fn count_lines(record: &AttackRecord) -> Vec<String> {
    let words = |(kind, counts): (&str, std::collections::BTreeMap<&str, usize>)| {
        let counts: Vec<String> =
            counts.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
        format!("{kind}: {}", counts.join(", "))
    };
    record.counts().into_iter().map(words).collect()
}

/// The page of an attack.
pub fn page(record: &AttackRecord) -> String {
    let mut page = format!("# Attack on {}\n\n", record.title);
    let mut line = |text: &str| {
        page.push_str(text);
        page.push('\n');
    };
    line(&format!("- attack: {}", record.id));
    let spec = if record.spec.is_empty() { "none" } else { &record.spec };
    line(&format!("- spec: {spec}"));
    line(&format!("- attacker: {}; arbiter: {}", record.attacker, record.arbiter));
    line(&format!("- verdict: {}", record.verdict().as_str()));
    line(&format!("- cost: {}", record.cost));
    if !record.no_attack.is_empty() {
        line(&format!("- no attack: {}", record.no_attack));
    }
    for note in record.notes.iter().chain(&record.unread) {
        line(&format!("- {}", one_line(note)));
    }
    let mut section = |title: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return;
        }
        line(&format!("\n## {title}\n"));
        for one in lines {
            line(&format!("- {one}"));
        }
    };
    section(
        "Findings",
        record
            .findings
            .iter()
            .map(|one| {
                let tests = one.tests.join(", ");
                format!(
                    "{} ({}) {}: {} [{}; {tests}]",
                    one.id, one.severity, one.path, one.title, one.clause
                )
            })
            .collect(),
    );
    section("Tests", record.cases.iter().map(case_line).collect());
    section("Tests by kind", count_lines(record));
    section("Intake", record.intake.iter().map(intake_line).collect());
    let struck = &record.struck_out;
    let struck_title = format!("Struck out: {}", counted(struck.len(), "line"));
    section(
        &struck_title,
        struck.iter().map(|one| format!("{}: {}", one_line(&one.what), one.why)).collect(),
    );
    page
}

/// A patch that adds a file, as `git apply` takes it.
pub fn patch_of(file: &AttackFile) -> String {
    let AttackFile { path, content } = file;
    let lines: Vec<&str> = content.split_inclusive('\n').collect();
    let mut patch = format!(
        "diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{} @@\n",
        lines.len()
    );
    for line in lines {
        patch.push('+');
        patch.push_str(line);
        if !line.ends_with('\n') {
            patch.push_str("\n\\ No newline at end of file\n");
        }
    }
    patch
}
