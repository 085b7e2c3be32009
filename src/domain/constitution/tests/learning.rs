//! Patterns found from findings, and proved.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use crate::domain::constitution::check::{SourceFile, compile};
use crate::domain::constitution::generalise::{Anchor, candidates, common, language};
use crate::domain::constitution::prove::{Bad, Evidence, FixedFile, Proof, problems, prove};
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleScope};
use crate::domain::constitution::tests::a_rule;
use crate::domain::constitution::token::tokens;
use crate::domain::model::language::Language;

fn patterns(path: &str, lines: &[&str]) -> Vec<String> {
    let anchors: Vec<Anchor<'_>> = lines.iter().map(|text| Anchor { path, text }).collect();
    let Some((_, shared)) = common(&anchors, lines.len()) else { return Vec::new() };
    let checks = candidates(&shared, language(&anchors));
    checks.iter().filter_map(|check| check.pattern().map(ToOwned::to_owned)).collect()
}

#[test]
fn what_agrees_stays_and_what_differs_becomes_a_hole() {
    for (path, lines, expected) in [
        (
            "a.rs",
            &[
                "let _ = fs::remove_file(path);",
                "let _ = fs::write(&a, b); // ok",
                "  let _ = fs::create_dir_all(x.parent());",
            ][..],
            &[
                "let _ = fs::$A($$$B);",
                r"\blet\s+_\s*=\s*fs::\w+\(",
                r"^[ \t]*\blet\s+_\s*=\s*fs::\w+\(",
            ][..],
        ),
        (
            "a.rs",
            &["let x = a.unwrap();", "call(b.c().unwrap())"],
            &["$A.unwrap()", r"\.unwrap\(\s*\)"],
        ),
        ("a.py", &["print('a')", "    print(x, y)"], &["print($$$A)", r"\bprint\("]),
        ("a.py", &["if x == None:", "return y.z == None"], &["$A == None", r"==\s*None\b"]),
        (
            "a.js",
            &["console.log(a)", "  console.log('b', c);"],
            &["console.log($$$A)", r"\bconsole\s*\.log\("],
        ),
        ("a.sh", &["rm -rf $DIR", "rm -rf \"$TMP/x\""], &[r"\brm\s*-rf\b"]),
        (
            "a.go",
            &["os.Remove(path)", "os.Remove(a.b())"],
            &["os.Remove($$$A)", r"\bos\s*\.Remove\("],
        ),
    ] {
        let found = patterns(path, lines);
        for pattern in expected {
            assert!(
                found.iter().any(|found| found == pattern),
                "{pattern} of {lines:?}: {found:#?}"
            );
        }
        assert_eq!(found.first().map(String::as_str), expected.first().copied(), "{found:#?}");
    }
}

#[test]
fn too_little_in_common_is_no_pattern() {
    for lines in [
        &["return a;", "return b;"][..],
        &["if (a) {", "if (b.c) {"],
        &["let x = 1;", "let y = f();"],
        &["foo(a);", "bar(b);"],
        &["", ""],
    ] {
        assert_eq!(patterns("a.rs", lines), [""; 0], "{lines:?}");
    }
}

#[test]
fn the_largest_set_that_agrees_is_taken() {
    let anchors = ["x.ok();", "let _ = fs::write(a);", "let _ = fs::read(b);", "foo()"]
        .map(|text| Anchor { path: "a.rs", text });
    assert_eq!(common(&anchors, 2).unwrap().0, [1, 2]);
    assert_eq!(common(&anchors, 3), None);
}

fn bad(text: &str, line: u32) -> Bad<'_> {
    Bad { path: "src/a.rs", text, line, end_line: line }
}

fn proof(rule: &Rule, fixed: &str, rest: &[(&str, &str)], hits_max: u32) -> Proof {
    let found = [bad("fn f() {\n    let _ = fs::write(a, b);\n}\n", 2)];
    let fixed = [FixedFile { path: "src/a.rs", text: fixed, lines: Some(2..3) }];
    let evidence = Evidence { bad: &found, fixed: &fixed };
    let rest = |visit: &mut dyn FnMut(&str, &str) -> bool| {
        let _stopped = rest.iter().any(|(path, text)| !visit(path, text));
    };
    prove(rule, evidence, &rest, hits_max)
}

#[test]
fn a_check_is_proved_or_stays_prose() {
    let rule = a_rule("R-7f3a", r"let _ = fs::");
    let good = "let _ = fs::old();\nfs::write(a, b)?;\n";
    let again = "let _ = fs::one();\nlet _ = fs::two();\n";
    assert_eq!(proof(&rule, good, &[], 0), Proof::Proved { hits_in_rest: 0 });
    assert_eq!(proof(&rule, good, &[("b.rs", again)], 2), Proof::Proved { hits_in_rest: 2 });
    let same = "    let _ = fs::write(a, b);\n";
    assert_eq!(proof(&rule, good, &[("b.rs", same)], 0), Proof::Proved { hits_in_rest: 0 });
    let mut elsewhere = rule.clone();
    elsewhere.paths = vec!["lib/**".to_owned()];
    let mut example = rule.clone();
    example.good = vec!["let _ = fs::write(a);".to_owned()];
    for (rule, fixed, rest, reason) in [
        (
            rule.clone(),
            good,
            &[("b.rs", again)][..],
            "it fires on the rest of the tree more than once",
        ),
        (rule, "\nlet _ = fs::write(b);\n", &[], "it fires on the fixed version, src/a.rs:2"),
        (
            a_rule("R-7f3a", "let _ = io::"),
            good,
            &[],
            "it does not fire on the finding at src/a.rs:2",
        ),
        (elsewhere, good, &[], "it does not fire on the finding"),
        (example, good, &[], "rule `R-7f3a` matches its good example"),
        (a_rule("R-7f3a", "("), good, &[], "rule `R-7f3a`: `(`: unclosed group"),
    ] {
        let Proof::Prose { reason: given } = proof(&rule, fixed, rest, 1) else {
            panic!("proved: {reason}");
        };
        assert!(given.starts_with(reason), "{given}");
    }
}

#[test]
fn examples_are_checked() {
    assert_eq!(problems(&a_rule("R-7f3a", "let _ = fs::")), []);
    let mut rule = a_rule("R-7f3a", "");
    for (language, pattern, bad, good) in [
        (Language::Rust, "let _ = fs::$F($$$);", "let _ = fs::write(a, b);", "fs::write(a)?;"),
        (Language::Go, "os.Remove($A)", "os.Remove(x)", "os.Stat(x)"),
        (Language::C, "gets($A)", "gets(b);", "fgets(b, n, f);"),
        (Language::Java, "$E.printStackTrace();", "e.printStackTrace();", "log.warn(e);"),
        (Language::Python, "except: pass", "except: pass", "x"),
    ] {
        rule.check =
            RuleCheck::AstGrep { pattern: pattern.to_owned(), language, on: RuleScope::Tree };
        (rule.bad, rule.good) = (vec![bad.to_owned()], vec![good.to_owned()]);
        if language != Language::Python {
            assert_eq!(problems(&rule), [], "{pattern}");
        }
        (rule.bad, rule.good) = (vec![good.to_owned()], vec![bad.to_owned()]);
        assert!(!problems(&rule).is_empty(), "{pattern}");
    }
    rule = a_rule("R-7f3a", "x");
    rule.bad.clear();
    assert!(problems(&rule)[0].message.contains("no `Bad:` example"));
}

proptest! {
    #[test]
    fn tokens_keep_every_sign(code in any::<String>()) {
        let joined: String = tokens(&code).into_iter().map(|token| token.text).collect();
        let without = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(without(&joined), without(&code));
    }

    /// Whatever lines are given, every expression that is made of them matches each of them.
    #[test]
    fn an_expression_matches_what_it_was_made_of(
        name in "[a-z]{3,6}",
        lines in proptest::collection::vec("[ ]?[a-c.,=]{0,4}[ ]?NAME[ ]?\\([a-c, ]{0,5}\\)[;]?", 1..5),
    ) {
        let lines: Vec<String> = lines.iter().map(|line| line.replace("NAME", &name)).collect();
        let anchors: Vec<Anchor<'_>> =
            lines.iter().map(|text| Anchor { path: "a.txt", text }).collect();
        if let Some((chosen, shared)) = common(&anchors, 1) {
            for check in candidates(&shared, None) {
                let pattern = check.pattern().unwrap().to_owned();
                if pattern.starts_with('^') {
                    continue;
                }
                let compiled = compile(&Rule::with_check(check)).unwrap().unwrap();
                for &at in &chosen {
                    let hits = compiled.everywhere(&SourceFile::new("a.txt", &lines[at]));
                    prop_assert!(!hits.is_empty(), "{} of {:?}", pattern, lines);
                }
            }
        }
    }
}
