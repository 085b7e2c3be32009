//! The record and the template.

use jiff::Timestamp;

use crate::domain::spec::classify::classify;
use crate::domain::spec::identity::identity;
use crate::domain::spec::problem::LintRule;
use crate::domain::spec::read::read;
use crate::domain::spec::record::record;
use crate::domain::spec::template::template;
use crate::domain::spec::tests::{GOOD_MD, GOOD_YAML, has_error};
use crate::domain::spec::types::SpecStatus;

fn page(name: &str, text: &str) -> String {
    let reading = read(text.as_bytes(), name);
    let identity = identity(name, &reading, text.as_bytes());
    let time = Timestamp::from_second(1_790_000_000).unwrap();
    record(&format!("docs/specs/{name}"), &identity, &reading, &classify(&reading), time, None)
}

#[test]
fn the_record_tells_what_was_taken_in_and_what_is_next() {
    let page = page("events.md", GOOD_MD);
    for part in [
        "# Add POST /events\n",
        "**Accepted: 0 errors, 0 warnings**",
        "| spec | `docs/specs/events.md` |",
        "| id | `events-api` |",
        "| read | 2026-09-21 14:13:20 UTC |",
        "| size | M, as the spec says and the signs agree |",
        "- 3 acceptance criteria: S",
        "| AC-2 | WHEN the payload is valid THEN the created event SHALL be returned | a test |",
        "## Problems\n\nNone.",
        "## What is next\n\nIt is on record. `tribunal run` builds it; after `tribunal trust runs` the watcher builds what you save from then on.",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(
        self::page("t.yaml", GOOD_YAML)
            .contains("| contracts.AC-1 | EventType MUST be exported | a test |")
    );
}

#[test]
fn the_record_of_a_bad_spec_lists_the_errors_first() {
    let page = page("t.md", "# T\n## Nonsense\n## Acceptance criteria\n- **AC-1** a | b\n");
    assert!(page.contains("**Not accepted: 1 error, 3 warnings**"), "{page}");
    let error = page.find("| 4:3 | error | criterion-form |").unwrap();
    assert!(error < page.find("| 2:1 | warning | unknown-section |").unwrap());
    assert!(page.contains("| AC-1 | a \\| b | not said |"));
    assert!(page.contains("Fix the errors in `docs/specs/t.md`"));
}

#[test]
fn nothing_from_a_spec_becomes_markup_of_the_record() {
    let text = "title: '# x <script> [a](http://b) |'\nacceptance: ['a MUST `b|c` <img src=x>']\n\"k`|<b>\": 1\n";
    let page = page("t.yaml", text);
    let bare = page.replace("\\<", "").replace("\\[", "");
    assert!(
        !bare.contains("<script") && !bare.contains("<img") && !bare.contains("[a\\]("),
        "{page}"
    );
    let columns = |l: &str| l.replace("\\|", "").matches('|').count();
    assert!(page.lines().filter(|l| l.contains("unknown-key")).all(|l| columns(l) == 6), "{page}");
}

#[test]
fn a_template_is_a_draft_without_errors_and_cannot_be_made_ready_as_it_is() {
    for title in ["Add login", "{id} {title}: \"x\" #1 --- 'y'", "a\nb", ""] {
        let text = template("add-login", title);
        let reading = read(text.as_bytes(), "x.md");
        assert_eq!(reading.errors(), 0, "{:?}", reading.problems);
        let spec = reading.spec.unwrap();
        assert_eq!((spec.id.as_str(), spec.status), ("add-login", SpecStatus::Draft));
        assert_eq!(spec.criteria.len(), 1);
        let ready = text.replace("status: draft", "status: ready");
        assert!(has_error(&read(ready.as_bytes(), "x.md"), LintRule::Placeholder));
        assert!(!page("x.md", &text).is_empty());
    }
}
