//! Patterns held against files, and waivers.

use std::ops::Range;

use proptest::prelude::{any, proptest};

use crate::domain::constitution::check::{
    CompiledRule, NotHeld, RuleMatches, SourceFile, compile, scope,
};
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleScope};
use crate::domain::constitution::tests::a_rule;
use crate::domain::constitution::waiver::{Waiver, find};
use crate::domain::model::language::Language;

fn regex(pattern: &str, on: RuleScope) -> Rule {
    let mut rule = a_rule("R-7f3a", "");
    rule.check = RuleCheck::Regex { pattern: pattern.to_owned(), on };
    rule
}

fn structure(pattern: &str, language: Language) -> Rule {
    let mut rule = a_rule("R-7f3a", "");
    rule.check = RuleCheck::AstGrep { pattern: pattern.to_owned(), language, on: RuleScope::Tree };
    rule
}

fn compiled(rule: &Rule) -> CompiledRule {
    compile(rule).unwrap().unwrap()
}

fn lines(rule: &Rule, path: &str, text: &str) -> Vec<u32> {
    let hits = compiled(rule).everywhere(&SourceFile::new(path, text));
    hits.into_iter().map(|hit| hit.line).collect()
}

#[test]
fn a_regex_hits_lines() {
    let text = "a\n  let _ = fs::write(\n    x);\nlet _ = fs::a(); let _ = fs::b();\n";
    let rule = regex(r"let _ = fs::\w+\(\s*", RuleScope::AddedLines);
    let hits = compiled(&rule).everywhere(&SourceFile::new("a.rs", text));
    assert_eq!(hits.len(), 2, "a line counts once");
    assert_eq!((hits[0].line, hits[0].column, hits[0].end_line), (2, 3, 3));
    assert_eq!(hits[0].text, "  let _ = fs::write(\n    x);");
    let on = |added: &[(u32, u32)]| {
        let added: Vec<_> = added.iter().map(|(start, end)| *start..*end).collect();
        let hits = compiled(&rule).matches(&SourceFile::new("a.rs", text), &added);
        hits.hits.into_iter().map(|hit| hit.line).collect::<Vec<_>>()
    };
    assert_eq!(on(&[(1, 2)]), [0; 0]);
    assert_eq!(on(&[(3, 4)]), [2], "an added line within the match");
    assert_eq!(on(&[(1, 3), (4, 9)]), [2, 4]);
    assert_eq!(on(&[]), [0; 0]);
    let whole = regex("fs::", RuleScope::TouchedFiles);
    assert_eq!(compiled(&whole).matches(&SourceFile::new("a.rs", text), &[]).hits.len(), 2);
}

#[test]
fn paths_choose_files() {
    let mut rule = regex("x", RuleScope::Tree);
    rule.paths = ["src/*.rs", "lib/**", "!**/tests/**"].map(ToOwned::to_owned).to_vec();
    let scope = scope(&rule).ok().unwrap();
    for (path, covered) in [
        ("src/a.rs", true),
        ("src/b/a.rs", false),
        ("lib/b/c/d.py", true),
        ("lib/tests/d.py", false),
        ("other", false),
    ] {
        assert_eq!(scope.matches(path), covered, "{path}");
    }
    rule.paths.remove(0);
    rule.paths.remove(0);
    assert!(compiled(&rule).covers("anything") && !compiled(&rule).covers("a/tests/b"));
}

#[test]
fn structures_hit_in_every_language() {
    for (pattern, language, path, text, expected) in [
        (
            "let _ = fs::$F($$$A);",
            Language::Rust,
            "a.rs",
            "fn f() {\n    let _ = fs::\n        write(a, b);\n    // let _ = fs::x();\n}\n",
            2,
        ),
        (
            "$A.unwrap()",
            Language::Rust,
            "a.rs",
            "fn f() {\n    a.b().unwrap();\n    \"x.unwrap()\";\n}\n",
            2,
        ),
        ("print($$$)", Language::Python, "a.py", "def f():\n    print('a', b)\n", 2),
        (
            "console.log($$$)",
            Language::JavaScript,
            "a.jsx",
            "function f() {\n  console.log(a);\n}\n",
            2,
        ),
        ("$A as any", Language::TypeScript, "a.ts", "\nlet x = y as any;\n", 2),
        (
            "console.log($$$)",
            Language::TypeScript,
            "a.tsx",
            "const A = () => <b>{x}</b>;\nconsole.log(1);\n",
            2,
        ),
        ("fmt.Println($$$)", Language::Go, "a.go", "package a\nfunc f() { fmt.Println(1) }\n", 2),
        (
            "$A.printStackTrace()",
            Language::Java,
            "A.java",
            "class A {\n void f() { e.printStackTrace(); }\n}\n",
            2,
        ),
        ("gets($A)", Language::C, "a.c", "int main() {\n  gets(b);\n}\n", 2),
    ] {
        let rule = structure(pattern, language);
        assert_eq!(lines(&rule, path, text), [expected], "{pattern} in {path}");
        assert_eq!(lines(&rule, "a.txt", text), [0; 0], "{pattern} in another language");
    }
}

#[test]
fn a_broken_rule_says_what_and_where() {
    let mut glob = regex("x", RuleScope::Tree);
    glob.paths = vec!["src/[".to_owned()];
    for (rule, message) in [
        (regex("a(", RuleScope::Tree), "unclosed group"),
        (regex("a*", RuleScope::Tree), "matches everywhere"),
        (regex("(?:a{1000}){1000}", RuleScope::Tree), "too large"),
        (structure("$A", Language::Rust), "matches everywhere"),
        (structure("a; b", Language::Rust), "multiple ast nodes"),
        (structure("", Language::Rust), ""),
        (structure("let = = (", Language::Rust), ""),
        (glob, "`src/[` is not a glob"),
    ] {
        let error = compile(&rule).err().unwrap_or_else(|| panic!("{:?}", rule.check));
        assert!(error.message.contains(message), "{error}");
    }
    let mut prose = regex("x", RuleScope::Tree);
    prose.check = RuleCheck::None;
    assert!(compile(&prose).unwrap().is_none());
}

#[test]
fn a_waiver_needs_a_reason() {
    let reason = |text: &str| Some(Waiver::Reason(text.to_owned()));
    let at = |text: &str, line: usize| {
        let lines: Vec<&str> = text.lines().collect();
        let before = line.checked_sub(2).and_then(|at| lines.get(at).copied());
        find(before, lines.get(line - 1).copied().unwrap_or_default(), "R-7f3a")
    };
    for (text, line, waiver) in [
        ("x(); // tribunal:allow R-7f3a best effort", 1, reason("best effort")),
        ("/* tribunal:allow R-7f3a: best effort */\nx();", 2, reason("best effort")),
        ("# tribunal:allow R-7f3a\nx()", 2, Some(Waiver::WithoutReason)),
        ("<!-- tribunal:allow R-7f3a -->\nx()", 2, Some(Waiver::WithoutReason)),
        ("x(); // tribunal:allow R-7f3b best effort", 1, None),
        ("x(); // tribunal:allow R-7f3a best effort\ny();", 2, None),
        (
            "// tribunal:allow R-0000 other thing tribunal:allow R-7f3a this one",
            1,
            reason("this one"),
        ),
        ("", 3, None),
    ] {
        assert_eq!(at(text, line), waiver, "{text}");
    }
    let rule = regex("fs", RuleScope::Tree);
    let text = "fs\n// tribunal:allow R-7f3a not ours\nfs\n";
    let hits = compiled(&rule).everywhere(&SourceFile::new("a", text));
    assert_eq!(hits[0].waiver, None);
    assert_eq!(hits[1].waiver, reason("not ours"));
}

proptest! {
    #[test]
    fn no_pattern_and_no_text_breaks_it(pattern in any::<String>(), text in any::<String>()) {
        for rule in [regex(&pattern, RuleScope::Tree), structure(&pattern, Language::Rust)] {
            if let Ok(Some(compiled)) = compile(&rule) {
                drop(compiled.everywhere(&SourceFile::new("a.rs", &text)));
            }
        }
        drop(find(Some(&pattern), &text, "R-7f3a"));
    }

    #[test]
    fn no_likely_pattern_breaks_it(pattern in "[a-c$A_.(){}\\[\\]*+?|\n ]{0,12}", text in "[a-c.(){}\n ]{0,30}") {
        for rule in [regex(&pattern, RuleScope::Tree), structure(&pattern, Language::JavaScript)] {
            if let Ok(Some(compiled)) = compile(&rule) {
                drop(compiled.everywhere(&SourceFile::new("a.js", &text)));
            }
        }
    }
}

#[test]
fn old_and_waived_hits_hide_no_new_one() {
    let added = RuleScope::AddedLines;
    let old = "sleep(1)\n".repeat(3_000);
    let text = format!("{old}sleep(2)\n");
    let found = |text: &str, added: &[Range<u32>]| {
        compiled(&regex("sleep", RuleScope::AddedLines)).matches(&SourceFile::new("a", text), added)
    };
    let last = std::slice::from_ref(&(3_001..3_002));
    let lines = |found: &RuleMatches| found.hits.iter().map(|hit| hit.line).collect::<Vec<_>>();
    assert_eq!(lines(&found(&text, last)), [3_001]);
    assert_eq!(found(&text, last).cut, None);
    let waived = "sleep(1) // tribunal:allow R-7f3a as agreed\n".repeat(3_000);
    let all = std::slice::from_ref(&(1..4_000));
    assert_eq!(lines(&found(&format!("{waived}sleep(2)\n"), all)), [3_001]);
    let many = found(&text, all);
    assert_eq!((many.hits.len(), many.cut), (1_000, Some(NotHeld::TooManyHits)));

    let code = |calls: usize| format!("{}f(2);\n", "g(1);\n".repeat(calls));
    let mut rule = structure("f($A)", Language::JavaScript);
    rule.check = RuleCheck::AstGrep {
        pattern: "f($A)".to_owned(),
        language: Language::JavaScript,
        on: added,
    };
    let found =
        compiled(&rule).matches(&SourceFile::new("a.js", &code(5)), std::slice::from_ref(&(6..7)));
    assert_eq!((lines(&found), found.cut), (vec![6], None));
    let large = compiled(&rule).matches(&SourceFile::new("a.js", &code(200_000)), all);
    assert_eq!((lines(&large), large.cut), (vec![], Some(NotHeld::TooLarge)));
}

#[test]
fn matching_reads_a_text_once() {
    // Counted anew from the top for each hit, this would take minutes.
    let text = format!("{}{}", "plain\n".repeat(300_000), "sleep(1) x\n".repeat(20_000));
    let rule = compiled(&regex("sleep", RuleScope::Tree));
    let started = std::time::Instant::now();
    let last = rule.matches(&SourceFile::new("a", &text), &[]).hits.pop().unwrap();
    assert_eq!((last.line, last.column), (301_000, 1));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
