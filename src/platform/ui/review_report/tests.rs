//! The report as a whole, and that nothing in it is more than text.

use jiff::Timestamp;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::domain::model::agent::{Money, Route, Spent};
use crate::domain::model::change::ChangePlace;
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::report::{Reported, Skipped, Verdict};
use crate::domain::model::severity::Severity;
use crate::platform::ui::review_report::{
    CriterionLine, DecisionPart, FindingPart, Offer, ReviewReport, SaidOfFinding, render_markdown,
};

fn settled(text: &str) -> SaidOfFinding {
    let said = || text.to_owned();
    SaidOfFinding {
        outcome: said(),
        severity: Severity::High,
        title: said(),
        place: said(),
        basis: said(),
        failure: said(),
        evidence: vec![(said(), said())],
        decision: Some(DecisionPart {
            word: "upheld",
            reason: said(),
            instruction: said(),
            evidence: vec![],
        }),
        second: said(),
        resolved_by: vec![(said(), said())],
    }
}

fn review(text: &str) -> ReviewReport {
    let said = || text.to_owned();
    let finding = Finding {
        gate: Gate::Review,
        rule: "security/injection".to_owned(),
        class: Class::new("security/injection"),
        severity: Severity::High,
        effect: Effect::Block,
        place: Some(Location::line(text, 7)),
        anchor: said(),
        message: said(),
        suggestion: said(),
    };
    ReviewReport {
        id: "01J8ZQ".to_owned(),
        title: "commit 0123456789".to_owned(),
        time: Timestamp::from_second(1_700_000_000).unwrap(),
        verdict: Verdict::Block,
        why: said(),
        route: Route::A,
        reviewer: said(),
        arbiter: "claude 2.1".to_owned(),
        reviewed: vec![said()],
        unscanned: vec![(said(), said())],
        skipped: vec![Skipped { gate: "tests".to_owned(), reason: said(), has_run: false }],
        criteria: vec![CriterionLine { id: said(), met: "missing", why: said() }],
        findings: vec![FindingPart {
            reported: Reported { id: Some("01F".to_owned()), status: "open".to_owned(), finding },
            tracked: Some(settled(text)),
        }],
        resolved: vec![settled(text)],
        dismissed: vec![settled(text)],
        places: vec![(said(), said())],
        demands: vec![(said(), said())],
        rounds: 1,
        touched: vec![said()],
        note: said(),
        unanchored: 1,
        spent: Spent { calls: 3, money: Money(1_200_000), estimated: Money(0), unknown: 2 },
        receipt: Some("ab12".to_owned()),
        from_receipt: false,
        spec: format!("login (docs/specs/login.md), {text}"),
        offer: None,
        staying: Vec::new(),
        beside: Vec::new(),
    }
}

/// What a reader makes of it: the headings, and whether anything is more than text.
fn structure(text: &str) -> (Vec<String>, usize, usize) {
    let body = text.splitn(3, "---\n").nth(2).unwrap();
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let (mut headings, mut alive, mut rows) = (Vec::new(), 0, 0);
    for event in Parser::new_ext(body, options) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => headings.push(level.to_string()),
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock) => alive += 1,
            Event::Start(Tag::TableRow) => rows += 1,
            _ => {}
        }
    }
    (headings, alive, rows)
}

#[test]
fn a_report_tells_verdict_proof_and_cost() {
    let text = render_markdown(&review("it is wrong"));
    let expected = "---
run: 01J8ZQ
verdict: block
route: A
independent: true
time: 2023-11-14T22:13:20Z
---
# Review of commit 0123456789

**block**: it is wrong

Route A (independent: another vendor reviewed than wrote). Reviewed by it is wrong; arbiter: claude 2.1.
";
    assert!(text.starts_with(expected), "{text}");
    for part in [
        "## What was reviewed\n\n- `it is wrong`\n",
        "## What was not\n\n- `it is wrong`: it is wrong\n- gate tests: it is wrong\n",
        "| it is wrong | missing | it is wrong |\n",
        "### high: it is wrong\n\n- where: `it is wrong:7`\n",
        "- arbiter: **upheld**: it is wrong\n- to do: it is wrong\n",
        "Evidence from `it is wrong`:\n\n```text\nit is wrong\n```\n",
        "1 more finding names no place in the tree",
        "- 3 calls, at least $1.20, 2 unknown\n- receipt `ab12`\n",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let mut review = review("x");
    review.route = Route::B;
    review.receipt = None;
    review.reviewed.clear();
    review.findings.clear();
    review.resolved.clear();
    review.dismissed.clear();
    review.rounds = 0;
    review.spent.unknown = 3;
    review.offer = Some(Offer {
        branch: "tribunal/x".to_owned(),
        base: "abc".to_owned(),
        fixes: 2,
        place: ChangePlace::Commits,
    });
    let text = render_markdown(&review);
    for part in [
        "Route B (**not independent**",
        "independent: false",
        "## What was reviewed\n\nNothing.",
        "## Findings\n\nNone.",
        "- 3 calls, cost unknown",
        "- no receipt: the review was not complete",
        "2 commits of fixes on `tribunal/x`",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn what_was_resolved_and_refuted_is_told_with_its_reasons() {
    let mut review = review("x");
    review.receipt = None;
    review.findings.clear();
    let text = render_markdown(&review);
    for part in [
        "## Findings\n\nNone is open.",
        "## Resolved\n\n### x: x (high)\n\n- where: `x`\n",
        "## What does not count\n\n### x: x (high)\n",
        "What resolves it, in `x`:\n\n```text\nx\n```\n",
        "The person who asked added: x\n",
        "- no receipt of its own: what was reviewed in full is kept part by part\n- 1 review in full\n",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

proptest! {
    #[test]
    fn nothing_that_was_said_is_more_than_text(
        said in "([a-z`*_#<>!|~\\\\\\[\\]()&@:/.\r\n\t -]|```|\n# |<img src=x>|http://a|\\]\\(b\\)|\n---\n){0,40}"
    ) {
        let (plain_headings, _, plain_rows) = structure(&render_markdown(&review("plain")));
        let (headings, alive, rows) = structure(&render_markdown(&review(&said)));
        prop_assert_eq!(headings, plain_headings);
        prop_assert_eq!((alive, rows), (0, plain_rows));
    }
}
