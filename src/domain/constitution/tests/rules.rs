//! Rules read, written and edited.

use crate::domain::constitution::waiver::find;
use crate::fuzz;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::sample::select;

use crate::domain::constitution::edit::{insert, remove, render, set_status};
use crate::domain::constitution::parse::{duplicates, is_id, parse};
use crate::domain::constitution::rule::{Rule, RuleCheck, RulePlace, RuleScope, RuleStatus};
use crate::domain::constitution::tests::a_rule;
use crate::domain::model::language::Language;
use crate::domain::model::severity::Severity;

const FILE: &str = include_str!("rules.md");

#[test]
fn a_topic_file_is_read() {
    let parsed = parse("t.md", FILE);
    assert_eq!(parsed.errors, []);
    let [first, second] = &parsed.rules[..] else { panic!("two rules") };
    assert_eq!(first.title, "Return or log every error of a filesystem call");
    assert_eq!((first.status, first.severity), (RuleStatus::Shadow, Severity::High));
    assert_eq!(first.paths, ["src/**/*.rs", "!**/tests/**"]);
    assert_eq!(
        first.sentence,
        "The sentence that people and prompts read,\nand why it matters here."
    );
    assert_eq!(first.bad, ["let _ = fs::remove_file(path);"]);
    assert_eq!(first.good, ["fs::remove_file(path)?;"]);
    assert_eq!((first.at.line, first.at.check_line), (5, 12));
    let origin = first.origin.as_ref().unwrap();
    assert_eq!((origin.changes, origin.first.as_deref()), (3, Some("2026-10-02")));
    assert_eq!(second.severity, Severity::High);
    assert_eq!(
        second.check,
        RuleCheck::AstGrep {
            pattern: "x($$$)".to_owned(),
            language: Language::Rust,
            on: RuleScope::Tree
        }
    );
    assert_eq!(second.bad, ["## R-ffff is no heading here\nx("]);
    assert_eq!(second.good, ["a`b"]);
    assert_eq!(second.sentence, "");
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let block = |body: &str| format!("# T\n\n## R-7f3a Title\n```toml rule\n{body}\n```\n");
    let whole = "status = \"active\"\nseverity = \"high\"\nclass = \"testing/flaky\"\n";
    for (text, line, message, hint) in [
        (
            "## R-7f3a Title\nwords\n".to_owned(),
            1,
            "rule `R-7f3a` has no `toml rule` block",
            "begin",
        ),
        (block("status = \"activ\""), 5, "`activ` is not a known `status`", "`active`?"),
        (block(&format!("{whole}stauts = 1")), 8, "`stauts` is not a key of a rule", "`status`?"),
        (block("status = active"), 5, "", ""),
        (
            block(&format!("{whole}paths = 3")),
            8,
            "`paths` is not a list of texts but a integer",
            "",
        ),
        (
            block(&whole.replace("flaky", "flakey")),
            7,
            "`testing/flakey` is not a known `class`",
            "`testing/flaky`?",
        ),
        (block("severity = \"high\""), 5, "`status` is missing", ""),
        (
            block(&format!("{whole}check = {{ kind = \"regexp\" }}")),
            8,
            "`regexp` is not a known `kind`",
            "`regex`?",
        ),
        (block(&format!("{whole}check = {{ kind = \"regex\" }}")), 8, "`pattern` is missing", ""),
        (block(whole).replace("R-7f3a", "R-7F"), 3, "`R-7F` is not a rule id", "at least four"),
        (
            format!("{}Bad:\n```\nx\n## R-0000 lost\n", block(whole)),
            11,
            "the block that opens here never ends",
            "```",
        ),
        (format!("{}\nBad:\n", block(whole)), 3, "no code follows `Bad:`", "backticks"),
        (block(whole) + &block(whole), 12, "rule `R-7f3a` is on line 3 already", "another id"),
    ] {
        let errors = parse("t.md", &text).errors;
        let error = errors.first().unwrap_or_else(|| panic!("no error for {text}"));
        assert_eq!(error.line, line, "{error} in {text}");
        assert!(error.message.starts_with(message), "{error}");
        assert!(error.hint.contains(hint), "{error}: {}", error.hint);
    }
    let one = a_rule("R-7f3a", "x");
    let mut other = one.clone();
    other.at = RulePlace { path: "b.md".to_owned(), line: 7, check_line: 9 };
    assert_eq!(duplicates(&[one, other])[0].to_string(), "b.md:7: rule `R-7f3a` is at :0 already");
}

#[test]
fn what_an_editor_leaves_in_a_file_is_neither_cut_nor_moved() {
    let wide = FILE.replacen("status ", "# \u{e4}\u{1f600}\nstatus ", 1);
    let marked = FILE.replacen("```toml rule\n", "```toml rule\n\u{feff}", 1);
    for text in [wide, format!("\u{feff}{FILE}"), FILE.replace('\n', "\r\n"), marked] {
        let graded = set_status(&text, "R-7f3a", RuleStatus::Retired);
        assert_eq!(graded, Some(text.replacen("\"shadow\"", "\"retired\"", 1)), "{text}");
        let gone = remove(&text, "R-7f3a").unwrap();
        let (start, end) = (text.find("## R-7f3a").unwrap(), text.find("## R-a0b1").unwrap());
        assert_eq!(gone, format!("{}{}", &text[..start], &text[end..]));
    }
}

#[test]
fn edits_touch_nothing_else() {
    let graded = set_status(FILE, "R-7f3a", RuleStatus::Retired).unwrap();
    assert_eq!(graded, FILE.replacen("\"shadow\"", "\"retired\"", 1));
    assert_eq!(set_status(FILE, "R-0000", RuleStatus::Retired), None);

    let rule = a_rule("R-90aa", "x");
    let grown = insert(FILE, "error-handling", &rule.id, &render(&rule));
    let ids: Vec<_> = parse("t.md", &grown).rules.into_iter().map(|rule| rule.id).collect();
    assert_eq!(ids, ["R-7f3a", "R-90aa", "R-a0b1"]);
    assert_eq!(insert(&grown, "error-handling", &rule.id, "other"), grown, "once");
    assert_eq!(remove(&grown, "R-90aa").unwrap(), FILE);
    assert_eq!(remove(FILE, "R-90aa"), None);

    let last = a_rule("R-ffff", "x");
    let grown = insert(FILE, "error-handling", &last.id, &render(&last));
    assert!(grown.contains("Good: `` a`b ``\n\n## R-ffff "), "{grown}");
    assert!(grown.ends_with("## Notes\nNot a rule.\n"));

    let new = insert("", "error-handling", &rule.id, &render(&rule));
    assert!(new.starts_with("# Error handling\n\n## R-90aa Return"), "{new}");
    assert_eq!(remove(&new, "R-90aa").unwrap(), "# Error handling\n");
    let windows = insert("# T\r\n", "t", &rule.id, &render(&rule));
    assert_eq!(windows.matches('\n').count(), windows.matches("\r\n").count());
    assert_eq!(parse("t.md", &windows).rules.len(), 1);
}

#[test]
fn ids_are_told_apart() {
    for (text, is) in
        [("R-7f3a", true), ("R-7f3", false), ("R-7F3A", false), ("R-7f3a01", true), ("7f3a", false)]
    {
        assert_eq!(is_id(text), is, "{text}");
    }
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let text = "[ -~äλ]{0,40}";
    let line = "[!-~äλ][ -~äλ]{0,30}[!-~äλ]";
    let code = "[!-~ä][ -~ä\n]{0,30}[!-~ä]";
    let check = (text, 0..4, select(RuleScope::ALL.to_vec()), select(Language::ALL.to_vec()))
        .prop_map(|(pattern, kind, on, language)| match kind {
            0 => RuleCheck::Regex { pattern, on },
            1 => RuleCheck::AstGrep { pattern, language, on },
            2 => RuleCheck::Command { run: pattern },
            _ => RuleCheck::None,
        });
    let codes = || proptest::collection::vec(code, 0..3);
    let paths = proptest::collection::vec(text, 0..3);
    ("[0-9a-f]{4,8}", line, check, paths, codes(), codes(), select(RuleStatus::ALL.to_vec()))
        .prop_map(|(id, title, check, paths, bad, good, status)| Rule {
            title: title.trim().to_owned(),
            check,
            paths,
            bad,
            good,
            status,
            ..a_rule(&format!("R-{id}"), "")
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(rule in any_rule(), other in any_rule()) {
        let file = insert("# T\n\nwords\n", "t", &other.id, &render(&other));
        let file = insert(&file, "t", &rule.id, &render(&rule));
        let parsed = parse("t.md", &file);
        prop_assert_eq!(&parsed.errors, &[]);
        let mut read = parsed.rules.into_iter().find(|read| read.id == rule.id).unwrap();
        read.at = RulePlace::default();
        let expected = if other.id == rule.id { other } else { rule.clone() };
        prop_assert_eq!(&read, &expected);
        prop_assert_eq!(insert(&file, "t", &rule.id, &render(&rule)), file);
    }

    #[test]
    fn no_text_breaks_it(
        text in any::<String>(),
        block in "[a-z =\"'#{}\\[\\]\n\r\u{e4}\u{1f600}\u{feff}]{0,60}",
    ) {
        drop(parse("t.md", &text));
        let file = format!("## R-0000 {text}\n```toml rule\n{block}\n```\n{text}");
        drop(parse("t.md", &file));
        drop(set_status(&file, "R-0000", RuleStatus::Active));
        // Where the status can be read, it alone is changed, between whatever stands around it.
        let (head, tail) = (format!("{text}\n## R-0000 {text}\n"), format!("\n```\n{text}"));
        let around = |status: &str| {
            format!("{head}```toml rule\n# {block}\nstatus = \"{status}\" # \u{e4}{tail}")
        };
        if let Some(graded) = set_status(&around("shadow"), "R-0000", RuleStatus::Active) {
            prop_assert_eq!(graded, around("active"));
        }
        drop(remove(&file, "R-0000"));
        drop(insert(&file, &text, "R-0001", &text));
    }
}

#[test]
fn drawn_files_are_edited() {
    let words = [
        "## R-7f3a x\n",
        "```toml rule\n",
        "```\n",
        "status = \"active\"",
        "status",
        "# T\n",
        "\n\n",
        "\"",
        "'''",
    ];
    fuzz::hold("edits of rules", &[FILE.as_bytes()], &words.map(str::as_bytes), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Some(graded) = set_status(&text, "R-7f3a", RuleStatus::Active) {
            assert!(parse("t.md", &graded).rules.len() >= parse("t.md", &text).rules.len());
        }
        drop(remove(&text, "R-7f3a"));
        drop(insert(&text, "t", "R-7f3a", &render(&a_rule("R-7f3a", ""))));
        for line in text.lines() {
            drop(find(None, line, "R-7f3a"));
        }
    });
}
