//! Which failures prove that code is missing, by reports as the usual runners write them.

use crate::domain::development::failure_kind::FailureKind;
use crate::domain::development::imports::missing_import;
use crate::domain::development::test_failure::{NewTests, of_case};
use crate::domain::gates::test_report::cases::{CaseFailure, TestOutcome};
use crate::domain::gates::test_report::read;
use crate::domain::policy::report_format::TestFormat;

/// A test in the project of these tests, and the code beside it.
fn text_of(path: &str) -> Option<String> {
    let known = [
        (
            "tests/a.rs",
            "#[test]\nfn words() { assert!(f() == 3,\n    \"my words\"); }\nlet a = b.unwrap();\n",
        ),
        ("tests/common/mod.rs", "pub fn start() {}\n"),
        ("src/lib.rs", "pub fn f() {}\n"),
        ("src/weight.tsx", "export const weight = () => 1;\n"),
        ("src/size.js", "export const parse = () => 1;\n"),
        ("src/size.py", "def parse(text):\n    return int(text)\n"),
        ("size.go", "package size\n"),
        ("src/main/java/com/example/Size.java", "class Size {}\n"),
        (
            "test/a.test.js",
            "import { parse } from '../src/size.js';\nimport { Unit } from '../src/unit.js';\n",
        ),
        (
            "test/b.test.js",
            "import test from 'node:test';\nconst { parse, none: n } = require('../src/size');\n",
        ),
        ("test/c.test.js", "import { parse } from '../src/size.js';\nif (\n"),
    ];
    known.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned())
}

fn tests_in(files: &[String]) -> NewTests<'_> {
    NewTests { text: "", files, paths: &[], read: &text_of }
}

fn files() -> Vec<String> {
    ["tests/a.rs", "test/a.test.js", "tests/test_a.py", "size_test.go"].map(str::to_owned).to_vec()
}

/// How the only test that failed in a report did.
fn kind(format: TestFormat, report: &str) -> FailureKind {
    let cases = read(format, report).unwrap().cases;
    let failed = cases.into_iter().find_map(|case| match case.outcome {
        TestOutcome::Failed(failed) => Some(failed),
        _ => None,
    });
    of_case(&failed.unwrap(), tests_in(&files()))
}

fn word(kind: &FailureKind) -> &'static str {
    match kind {
        FailureKind::Assertion => "assertion",
        FailureKind::MissingSymbol(_) | FailureKind::MissingModule(_) => "missing",
        FailureKind::UnknownName(_) => "unknown name",
        FailureKind::Compile(_) | FailureKind::OtherUse { .. } => "compile",
        FailureKind::Infrastructure(_) => "infrastructure",
        FailureKind::Thrown(_) => "thrown",
    }
}

fn check(format: TestFormat, report: &str, expected: &str) {
    assert_eq!(word(&kind(format, report)), expected, "{report}");
}

fn junit(element: &str) -> String {
    format!(
        "<testsuites><testsuite name=\"s\"><testcase name=\"a\">{element}</testcase></testsuite></testsuites>"
    )
}

/// Elements of cases, as runners write them.
const ELEMENTS: &[(&str, &str)] = &[
    // Runners of one's own.
    ("<failure message=\"assert: got 1\">assert: got 1</failure>", "assertion"),
    ("<failure message=\"got 1, wanted 2\"/>", "assertion"),
    ("<failure/>", "assertion"),
    ("<failure type=\"CHECK\">size(1) == 2</failure>", "assertion"),
    ("<error message=\"got 1\"/>", "thrown"),
    ("<error type=\"AssertionError\" message=\"failed on setup\"/>", "thrown"),
    // pytest 8
    (
        "<failure message=\"assert 2 == 3\">def test_a():\n&gt;   assert 2 == 3\nE   assert 2 == 3\n\ntests/test_a.py:5: AssertionError</failure>",
        "assertion",
    ),
    (
        "<failure message=\"Failed: DID NOT RAISE &lt;class 'ValueError'&gt;\">E   Failed: DID NOT RAISE\n\ntests/test_a.py:9: Failed</failure>",
        "assertion",
    ),
    (
        "<failure message=\"KeyError: 'HOME'\">E   KeyError: 'HOME'\n\ntests/test_a.py:5: KeyError</failure>",
        "thrown",
    ),
    (
        "<failure message=\"test_a.BadUnit: 2K\">E   test_a.BadUnit: 2K\n\ntests/test_a.py:5: BadUnit</failure>",
        "thrown",
    ),
    // By the code that it calls, which does not know the new input.
    (
        "<failure message=\"ValueError: invalid literal for int()\">tests/test_a.py:5: \n_ _ _\nsrc/size.py:2: ValueError</failure>",
        "assertion",
    ),
    (
        "<failure message=\"NameError: name 'helper' is not defined\">tests/test_a.py:5: NameError</failure>",
        "unknown name",
    ),
    (
        "<failure message=\"TypeError: parse() got an unexpected keyword argument 'unit'\">tests/test_a.py:5: TypeError</failure>",
        "missing",
    ),
    (
        "<error message=\"failed on setup with &quot;ValueError: no&quot;\">E   ValueError: no\n\ntests/conftest.py:3: ValueError</error>",
        "thrown",
    ),
    (
        "<error message=\"collection failure\">tests/test_a.py:1: in &lt;module&gt;\nE   ImportError: cannot import name 'parse' from 'size'</error>",
        "missing",
    ),
    // surefire 3, and Gradle, which calls everything a failure
    (
        "<failure message=\"expected: &lt;1&gt; but was: &lt;2&gt;\" type=\"org.opentest4j.AssertionFailedError\">x</failure>",
        "assertion",
    ),
    (
        "<failure message=\"java.lang.NullPointerException\" type=\"java.lang.NullPointerException\">java.lang.NullPointerException\n\tat com.example.SizeTest.reads(SizeTest.java:9)</failure>",
        "thrown",
    ),
    (
        "<error type=\"java.lang.NumberFormatException\" message=\"2K\">java.lang.NumberFormatException: 2K\n\tat java.base/java.lang.Integer.parseInt(Integer.java:652)\n\tat com.example.Size.parse(Size.java:5)\n\tat com.example.SizeTest.reads(SizeTest.java:9)</error>",
        "assertion",
    ),
    // go-junit-report 2
    ("<failure message=\"Failed\">    size_test.go:7: want 2, got 3</failure>", "assertion"),
    (
        "<failure message=\"Failed\">panic: assignment to entry in nil map\n\ngoroutine 7 [running]:\n\t/w/size_test.go:9 +0x1d</failure>",
        "thrown",
    ),
    // jest-junit 16
    (
        "<failure>Error: expect(received).toBe(expected) // Object.is equality\n    at Object.toBe (/w/test/a.test.js:3:9)</failure>",
        "assertion",
    ),
    (
        "<failure>TypeError: a is null\n    at Object.foo (/w/test/a.test.js:3:9)</failure>",
        "thrown",
    ),
    // Node 20
    (
        "<failure type=\"testCodeFailure\" message=\"my words\">\n[Error [ERR_TEST_FAILURE]: my words] {\n  cause: AssertionError [ERR_ASSERTION]: my words\n      at TestContext.&lt;anonymous> (file:///w/test/a.test.js:5:25)\n}</failure>",
        "assertion",
    ),
    (
        "<failure type=\"testCodeFailure\" message=\"boom\">\n[Error [ERR_TEST_FAILURE]: boom] {\n  cause: Error: boom\n      at TestContext.&lt;anonymous> (file:///w/test/a.test.js:9:29)\n}</failure>",
        "thrown",
    ),
    (
        "<failure type=\"testCodeFailure\" message=\"bad unit\">\n[Error [ERR_TEST_FAILURE]: bad unit] {\n  cause: RangeError [Error]: bad unit\n      at parse (file:///w/src/size.js:1:52)\n      at TestContext.&lt;anonymous> (file:///w/test/a.test.js:6:40)\n}</failure>",
        "assertion",
    ),
    (
        "<failure type=\"testCodeFailure\" message=\"connect ECONNREFUSED\">\n[Error [ERR_TEST_FAILURE]: connect] {\n  cause: Error: connect ECONNREFUSED\n      at parse (file:///w/src/size.js:1:52)\n}</failure>",
        "infrastructure",
    ),
    // Node 20, of what TypeScript compiled
    (
        "<failure type=\"testCodeFailure\" message=\"no\">\n[Error [ERR_TEST_FAILURE]: no] {\n  cause: Error: no\n      at weight (file:///w/build/src/weight.js:1:52)\n      at TestContext.&lt;anonymous> (file:///w/build/test/a.test.js:6:40)\n}</failure>",
        "assertion",
    ),
    (
        "<failure type=\"testCodeFailure\" message=\"no\">\n[Error [ERR_TEST_FAILURE]: no] {\n  cause: Error: no\n      at weight (file:///w/dist/weight.js:1:52)\n}</failure>",
        "assertion",
    ),
    (
        "<failure type=\"testCodeFailure\" message=\"no\">\n[Error [ERR_TEST_FAILURE]: no] {\n  cause: Error: no\n      at weight (file:///w/dist/other.js:1:52)\n}</failure>",
        "thrown",
    ),
    // nextest
    (
        "<failure type=\"test failure\" message=\"thread 'a' panicked at tests/a.rs:4:9\">thread 'a' panicked at tests/a.rs:4:9:\ncalled `Option::unwrap()` on a `None` value</failure>",
        "thrown",
    ),
];

#[test]
fn in_junit_a_failure_is_an_assertion_unless_it_names_an_error_and_an_error_is_none() {
    for (element, expected) in ELEMENTS {
        check(TestFormat::Junit, &junit(element), expected);
    }
}

/// rustc 1.95
#[test]
fn of_rust_a_panic_is_an_assertion_where_the_test_says_so_or_the_code_panics() {
    let report = |said: &str| {
        format!(
            "running 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a stdout ----\n{said}\n\nfailures:\n    a\n\n\
             test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n"
        )
    };
    let cases = [
        (
            "\nthread 'a' (1) panicked at tests/a.rs:1:19:\nassertion `left == right` failed\n  left: 2",
            "assertion",
        ),
        (
            "\nthread 'a' panicked at tests/common/mod.rs:1:1:\nassertion failed: is_up()",
            "assertion",
        ),
        ("note: test did not panic as expected at tests/a.rs:8:28", "assertion"),
        // The words of the test are all that such an assertion prints.
        ("\nthread 'a' panicked at tests/a.rs:2:14:\nmy words", "assertion"),
        (
            "\nthread 'a' panicked at tests/a.rs:4:9:\ncalled `Option::unwrap()` on a `None` value",
            "thrown",
        ),
        ("\nthread 'a' panicked at tests/common/mod.rs:1:1:\nno server", "thrown"),
        ("\nthread 'a' panicked at src/lib.rs:1:1:\nnot yet implemented", "assertion"),
        ("\nthread 'a' panicked at /h/.cargo/registry/src/x/src/lib.rs:1:1:\nno", "thrown"),
        ("hi\nError: \"no\"", "thrown"),
        (
            "Test executable failed (exit status: 101).\n\nthread 'main' panicked at src/lib.rs:5:1:\nassertion failed: x",
            "assertion",
        ),
    ];
    for (said, expected) in cases {
        check(TestFormat::Libtest, &report(said), expected);
    }
    let read = read(TestFormat::Libtest, &report(cases[0].0)).unwrap();
    assert_eq!(read.failed().collect::<Vec<_>>(), [("a", "assertion `left == right` failed")]);
}

#[test]
fn of_go_and_jest_an_error_of_the_test_itself_is_no_assertion() {
    let go = |printed: &[&str]| {
        let lines = printed.iter().map(|line| {
            format!("{{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"T\",\"Output\":\"{line}\\n\"}}\n")
        });
        let end = "{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"fail\",\"Package\":\"p\"}\n";
        lines.collect::<String>() + end
    };
    let panics = ["--- FAIL: T (0.00s)", "panic: nil map [recovered]", "goroutine 7 [running]:"];
    for (printed, expected) in [
        (&["    size_test.go:7: want 2, got 3", "--- FAIL: T (0.00s)"][..], "assertion"),
        (
            &[
                &panics[..],
                &["\\t/usr/local/go/src/runtime/map.go:1 +0x1", "\\t/w/size_test.go:9 +0x1"],
            ]
            .concat(),
            "thrown",
        ),
        (
            &[&panics[..], &["\\t/w/size.go:3 +0x1", "\\t/w/size_test.go:9 +0x1"]].concat(),
            "assertion",
        ),
    ] {
        check(TestFormat::GoTest, &go(printed), expected);
    }
    let jest = |said: &str| {
        format!(
            "{{\"numFailedTests\":1,\"numPassedTests\":0,\"testResults\":[{{\"name\":\"a\",\"status\":\"failed\",\
             \"assertionResults\":[{{\"fullName\":\"a\",\"status\":\"failed\",\"failureMessages\":[\"{said}\"]}}]}}]}}"
        )
    };
    for (said, expected) in [
        (
            "Error: \\u001b[2mexpect(\\u001b[22m\\u001b[31mreceived\\u001b[39m).toBe(1)\\n    at Object.toBe (/w/test/a.test.js:3:9)",
            "assertion",
        ),
        ("AssertionError: expected 1 to be 2", "assertion"),
        ("Error: boom\\n    at Object.<anonymous> (/w/test/a.test.js:3:9)", "thrown"),
        (
            "Error: boom\\n    at parse (/w/src/size.js:3:9)\\n    at Object.<anonymous> (/w/test/a.test.js:3:9)",
            "assertion",
        ),
        ("thrown: \\\"no\\\"", "thrown"),
        (
            "TypeError: (0 , _size.parseSize) is not a function\\n    at Object.<anonymous> (/w/test/a.test.js:3:9)",
            "missing",
        ),
        (
            "ReferenceError: helper is not defined\\n    at Object.<anonymous> (/w/test/a.test.js:3:9)",
            "unknown name",
        ),
        ("", "thrown"),
    ] {
        check(TestFormat::Jest, &jest(said), expected);
    }
}

#[test]
fn first_lines_are_read_as_the_usual_programs_print_them() {
    let symbol = |name: &str| FailureKind::MissingSymbol(name.to_owned());
    let cases = [
        ("ImportError: cannot import name 'parse_size' from 'size'", symbol("parse_size")),
        ("ModuleNotFoundError: No module named 'app.size'", symbol("size")),
        ("AttributeError: module 'size' has no attribute 'parse'", symbol("parse")),
        ("TypeError: (0 , _size.parseSize) is not a function", symbol("parseSize")),
        ("Cannot find module './size' from 'size.test.js'", symbol("size")),
        ("TypeError: double() takes 1 positional argument but 2 were given", symbol("double")),
        ("TypeError: double() missing 1 required positional argument: 'n'", symbol("double")),
        (
            "TypeError: Size.__init__() takes 2 positional arguments but 3 were given",
            symbol("Size"),
        ),
        ("NameError: uninitialized constant SizeTest::Size", symbol("Size")),
        ("AssertionError: assert 3 == 4", FailureKind::Assertion),
        ("expect(received).toBe(expected)", FailureKind::Assertion),
        // An assertion about something is one.
        ("assert: it said `timeout`", FailureKind::Assertion),
        ("AssertionError: expected SyntaxError, got none", FailureKind::Assertion),
    ];
    for (said, kind) in cases {
        let failed = CaseFailure::of_text(said);
        assert_eq!(of_case(&failed, tests_in(&files())), kind, "{said}");
    }
}

/// Node says of a file that it could not load no more than that.
#[test]
fn what_a_test_of_javascript_imports_and_lacks_is_found() {
    for (file, expected) in [
        ("test/a.test.js", Some("unit")),
        ("test/b.test.js", Some("none")),
        ("test/c.test.js", None),
    ] {
        let files = [file.to_owned()];
        assert_eq!(missing_import(tests_in(&files)).as_deref(), expected, "{file}");
    }
}
