//! What a fix may not do, as a table.

use crate::domain::review::fix_limits::{
    FixBounds, MeasuredFix, RepairedFile, is_test_path, measure,
};

fn file(path: &str, old: &str, new: &str) -> RepairedFile {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    RepairedFile {
        path: path.to_owned(),
        old: text(old),
        new: text(new),
        is_deleted: new.is_empty(),
    }
}

fn measured(files: &[RepairedFile], message: &str) -> MeasuredFix {
    let (paths, instructions) = (["src/a.rs".to_owned()], ["see lib/b.rs, too".to_owned()]);
    let is_policy = |path: &[u8]| path == b"tribunal.toml" || path.starts_with(b".ai/");
    let bounds = FixBounds { paths: &paths, instructions: &instructions, message, is_policy };
    measure(files, bounds)
}

/// The one reason why a fix is refused.
fn refused(files: &[RepairedFile]) -> String {
    let refused = measured(files, "done").refused;
    assert!(refused.len() <= 1, "{refused:?}");
    refused.into_iter().next().unwrap_or_default()
}

#[test]
fn the_policy_and_the_instructions_of_agents_are_not_its_to_change() {
    for path in [
        "tribunal.toml",
        ".ai/constitution.md",
        ".ai/context/project.md",
        "AGENTS.md",
        "docs/AGENTS.md",
        "CLAUDE.md",
        "claude.md",
        ".claude/settings.json",
        ".codex/config.toml",
        "web/.cursor/rules/a.md",
        ".github/copilot-instructions.md",
        "Tribunal.toml",
    ] {
        // Also where the executor says so.
        let touched = measured(&[file(path, "a\n", "b\n")], &format!("I changed {path}"));
        assert_eq!(touched.refused.len(), 1, "{path}");
        assert!(touched.refused[0].contains(&format!("`{path}`")), "{touched:?}");
    }
}

#[test]
fn what_is_beside_the_findings_is_said_or_refused() {
    let more = [file("src/a.rs", "a\n", "b\n"), file("lib/b.rs", "a\n", "b\n")];
    assert_eq!(measured(&more, "done"), MeasuredFix::default());
    let test = [file("tests/new.rs", "", "#[test]\nfn a() { assert!(b()); }\n")];
    assert_eq!(measured(&test, "done"), MeasuredFix::default());
    let other = [file("src/other.rs", "a\n", "b\n")];
    assert!(refused(&other).contains("`src/other.rs`, which no finding names"));
    assert_eq!(measured(&other, "I had to touch `other.rs` too").beside, ["src/other.rs"]);
    assert!(measured(&other, "another.rs").beside.is_empty());
}

#[test]
fn no_test_is_gone_skipped_or_weaker() {
    let rust =
        "#[test]\nfn sums() {\n    assert_eq!(sum(&[1, 2]), 3);\n    assert!(sum(&[]) == 0);\n}\n";
    let python = "def test_sum():\n    assert total([1, 2]) == 3\n\ndef test_more():\n    run(total)\n    run(1)\n";
    let js = "it('sums', () => {\n  expect(sum([1])).toBe(1);\n});\n";
    let go = "func TestSum(t *testing.T) {\n\tif sum(1) != 1 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n";
    let java =
        "class SumTest {\n  @Test\n  void sums() {\n    assertEquals(3, sum(1, 2));\n  }\n}\n";
    let ruby = "it 'sums' do\n  expect(sum(1)).to eq(1)\nend\n";
    for (path, old, from, to, why) in [
        ("tests/a.rs", rust, "assert_eq!(sum(&[1, 2]), 3);", "", "assertions"),
        ("tests/a.rs", rust, "#[test]\nfn", "fn", "took tests away"),
        ("tests/a.rs", rust, "#[test]", "#[test]\n#[ignore]", "skip"),
        ("tests/a.rs", rust, "sum(&[]) == 0", "true", "whatever the code does"),
        ("src/a.rs", rust, "assert!(sum(&[]) == 0);", "", "assertions"),
        ("tests/test_a.py", python, "    assert total([1, 2]) == 3", "    pass", "assertions"),
        ("tests/test_a.py", python, "    run(total)\n    run(1)", "    pass", "emptied"),
        ("tests/test_a.py", python, "def test_more", "@pytest.mark.xfail\ndef test_more", "skip"),
        ("tests/test_a.py", python, "def test_more", "def more", "took tests away"),
        ("tests/test_a.py", python, "    run(total)", "    # assert it\n    run(total)", ""),
        ("web/sum.test.ts", js, "it('sums'", "it.skip('sums'", "skip"),
        ("web/sum.test.ts", js, "  expect(sum([1])).toBe(1);", "", "assertions"),
        ("web/sum.test.ts", js, "toBe(1)", "toEqual(1)", ""),
        ("sum_test.go", go, "t.Fatal(\"no\")", "", "assertions"),
        ("sum_test.go", go, "\tif sum", "\tt.Skip()\n\tif sum", "skip"),
        ("src/SumTest.java", java, "@Test", "@Disabled @Test", "skip"),
        ("spec/sum_spec.rb", ruby, "  expect(sum(1)).to eq(1)", "", "assertions"),
        ("spec/sum_spec.rb", ruby, "it 'sums' do", "it 'adds' do", ""),
    ] {
        assert!(old.contains(from), "{from}");
        let said = refused(&[file(path, old, &old.replacen(from, to, 1))]);
        assert!(
            if why.is_empty() { said.is_empty() } else { said.contains(why) },
            "{path} {to}: {said:?}"
        );
    }
    assert!(
        refused(&[file("tests/a.rs", rust, "")]).contains("took tests away in `tests/a.rs` (sums)")
    );
    assert!(refused(&[file("tests/run.sh", "./a\n", "")]).contains("took tests away"));
    // What moved is still there.
    assert_eq!(refused(&[file("tests/a.rs", rust, ""), file("tests/b.rs", "", rust)]), "");
    let more = format!("{rust}\n#[test]\nfn more() {{\n    assert!(sum(&[2]) == 2);\n}}\n");
    assert_eq!(refused(&[file("tests/a.rs", rust, &more)]), "");
    // What is no test may have its own checks.
    assert_eq!(refused(&[file("src/a.rs", "fn a() { assert!(b); }\n", "fn a() {}\n")]), "");
}

#[test]
fn tests_are_where_they_usually_are() {
    for path in [
        "tests/a.rs",
        "src/__tests__/a.js",
        "a_test.go",
        "test_a.py",
        "a.spec.ts",
        "src/ATest.java",
    ] {
        assert!(is_test_path(path), "{path}");
    }
    for path in ["src/a.rs", "docs/specs/a.md", "latest.py", "src/contest.rs", "src/attest.js"] {
        assert!(!is_test_path(path), "{path}");
    }
}

/// A text is looked at for tests before it is read as code.
#[test]
fn a_test_of_any_language_is_found_in_a_file_that_is_not_called_one() {
    for (path, test) in [
        ("src/a.rs", "#[test]\nfn a() { assert!(b()); }\n"),
        ("src/a.rs", "#[rstest]\nfn a() { assert!(b()); }\n"),
        ("src/a.rs", "#[tokio::test]\nasync fn a() { assert!(b()); }\n"),
        ("lib/a.py", "def test_a():\n    assert b()\n"),
        ("lib/a.go", "func TestA(t *testing.T) { t.Error(1) }\n"),
        ("lib/a.js", "it('adds', () => { expect(b()).toBe(1); });\n"),
        ("lib/a.js", "it // see above\n  ('adds', () => { expect(b()).toBe(1); });\n"),
        ("lib/a.js", "it\r\n('adds', () => { expect(b()).toBe(1); });\r\n"),
        ("lib/a.js", "it.each([1])('adds', () => { expect(b()).toBe(1); });\n"),
        ("lib/a.js", "test('adds', () => { expect(b()).toBe(1); });\n"),
        ("lib/A.java", "class A { @ParameterizedTest void a() { assertTrue(b()); } }\n"),
        ("lib/A.cs", "class A { [Fact] void a() { Assert.Equal(b(), 1); } }\n"),
        ("lib/A.cs", "class A { [Theory] void a() { Assert.Equal(b(), 1); } }\n"),
        ("lib/a.cc", "TEST_F(A, b) { EXPECT_EQ(b(), 1); }\n"),
    ] {
        let refused = measured(&[file(path, test, "b\n")], "done").refused;
        let has = |line: &String| line.starts_with("it took tests away");
        assert!(refused.iter().any(has), "{path} {test}: {refused:?}");
    }
}
