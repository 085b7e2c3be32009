//! Test reports of real runners, and of tests that print what a runner prints.

use crate::domain::gates::test_report::cases::{TestConclusion, TestOutcome, TestReport};
use crate::domain::gates::test_report::read;
use crate::domain::policy::report_format::TestFormat;

const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3" time="0.02" timestamp="2026-11-28T10:00:00.000000" hostname="h"><testcase classname="tests.test_a" name="test_one" time="0.001" /><testcase classname="tests.test_a" name="test_two" time="0.001"><failure message="assert 1 == 2">def test_two():
&gt;       assert 1 == 2
E       assert 1 == 2</failure></testcase><testcase classname="tests.test_a" name="test_three" time="0.000"><skipped type="pytest.skip" message="later">x</skipped></testcase></testsuite></testsuites>"#;

const PYTEST_COLLECT: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="1" failures="0" skipped="0" tests="1" time="0.1"><testcase classname="" name="tests.test_b" time="0.000"><error message="collection failure">ImportError while importing test module</error></testcase></testsuite></testsuites>"#;

const SUREFIRE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0" name="com.example.AppTest" time="0.05" tests="2" errors="0" skipped="0" failures="0"><properties><property name="a" value="b"/></properties>
<testcase name="adds" classname="com.example.AppTest" time="0.01"/><testcase name="subtracts" classname="com.example.AppTest" time="0.01"><system-out><![CDATA[PASSED <everything>]]></system-out></testcase></testsuite>"#;

const GO: &str = r#"{"Time":"2026-11-28T10:00:00Z","Action":"start","Package":"example.com/a"}
{"Action":"run","Package":"example.com/a","Test":"TestOne"}
{"Action":"output","Package":"example.com/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}
{"Action":"output","Package":"example.com/a","Test":"TestOne","Output":"    a_test.go:7: want 2, got 3\n"}
{"Action":"fail","Package":"example.com/a","Test":"TestOne","Elapsed":0}
{"Action":"run","Package":"example.com/a","Test":"TestTwo"}
{"Action":"pass","Package":"example.com/a","Test":"TestTwo","Elapsed":0}
{"Action":"fail","Package":"example.com/a","Elapsed":0.01}
"#;

const CARGO: &str = "   Compiling a v0.1.0\n     Running unittests src/lib.rs\n\nrunning 3 tests\ntest tests::one ... ok\ntest tests::two ... ignored, needs a network\ntest tests::three - should panic ... ok\n\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n   Doc-tests a\n\nrunning 1 test\ntest src/lib.rs - f (line 3) ... FAILED\n\nfailures:\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n";

const JEST: &str = r#"{"numFailedTests":1,"numPassedTests":1,"numFailedTestSuites":1,"success":false,"testResults":[{"name":"/w/sum.test.js","status":"failed","assertionResults":[{"fullName":"sum adds","status":"passed","failureMessages":[]},{"fullName":"sum subtracts","status":"failed","failureMessages":["Error: expect(received).toBe(expected)\n  at x"]},{"fullName":"sum later","status":"pending"}]}]}"#;

fn report(format: TestFormat, text: &str) -> TestReport {
    read(format, text).unwrap()
}

fn wrong(format: TestFormat, text: &str) -> String {
    read(format, text).unwrap_err().to_string()
}

fn names(report: &TestReport) -> Vec<(&str, &str)> {
    let word = |outcome: &TestOutcome| match outcome {
        TestOutcome::Passed => "passed",
        TestOutcome::Failed(_) => "failed",
        TestOutcome::Skipped => "skipped",
    };
    report.cases.iter().map(|case| (case.name.as_str(), word(&case.outcome))).collect()
}

#[test]
fn each_runner_is_read() {
    let read = report(TestFormat::Junit, PYTEST);
    assert_eq!(
        names(&read),
        [
            ("tests.test_a::test_one", "passed"),
            ("tests.test_a::test_two", "failed"),
            ("tests.test_a::test_three", "skipped")
        ]
    );
    assert_eq!(read.failed().collect::<Vec<_>>(), [("tests.test_a::test_two", "assert 1 == 2")]);
    let read = report(TestFormat::Junit, SUREFIRE);
    assert_eq!(names(&read).len(), 2);
    assert_eq!(read.conclude(true), TestConclusion::Passed);
    let read = report(TestFormat::Junit, PYTEST_COLLECT);
    assert_eq!(names(&read), [("tests.test_b", "failed")]);
    let read = report(TestFormat::GoTest, GO);
    assert_eq!(
        read.failed().collect::<Vec<_>>(),
        [("example.com/a.TestOne", "a_test.go:7: want 2, got 3")]
    );
    let read = report(TestFormat::Libtest, CARGO);
    let expected = [
        ("tests::one", "passed"),
        ("tests::three", "passed"),
        ("tests::two", "skipped"),
        ("src/lib.rs - f (line 3)", "failed"),
    ];
    assert_eq!(names(&read), expected);
    let read = report(TestFormat::Jest, JEST);
    assert_eq!(
        read.failed().collect::<Vec<_>>(),
        [("sum subtracts", "Error: expect(received).toBe(expected)")]
    );
}

#[test]
fn a_pass_is_a_test_that_passed_and_an_exit_code_that_agrees() {
    let said = |format, text, ended_well| match report(format, text).conclude(ended_well) {
        TestConclusion::Passed => "passed".to_owned(),
        TestConclusion::Failed(why) => format!("failed: {why}"),
        TestConclusion::Unproven(why) => format!("unproven: {why}"),
    };
    let none = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s\n";
    let skipped = "running 1 test\ntest a ... ignored\n\ntest result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    let build =
        "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"fail\",\"Package\":\"p\"}\n";
    for (format, text, ended_well, expected) in [
        (TestFormat::Libtest, none, true, "unproven: it ran no test"),
        (TestFormat::Libtest, "", true, "unproven: it ran no test"),
        (TestFormat::Libtest, skipped, true, "unproven: it ran no test: 1 test skipped"),
        (
            TestFormat::Libtest,
            CARGO,
            false,
            "failed: 1 of 4 tests failed: `src/lib.rs - f (line 3)`",
        ),
        (
            TestFormat::Libtest,
            CARGO,
            true,
            "unproven: it ended with 0, and its report says that 1 of 4 tests failed: `src/lib.rs - f (line 3)`",
        ),
        (TestFormat::Junit, SUREFIRE, false, "failed: its report names no test that failed"),
        (TestFormat::GoTest, build, false, "failed: no test ran in `p`"),
    ] {
        assert_eq!(said(format, text, ended_well), expected);
    }
}

#[test]
fn what_a_test_prints_makes_no_pass() {
    let last = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    for text in [
        // A test that prints a line of another test, or the end of the block.
        format!("running 1 test\ntest fake ... ok\ntest real ... FAILED\n{last}"),
        format!("running 2 tests\n{last}"),
        format!("test real ... ok\n{last}"),
        "running 1 test\ntest real ... ok\n".to_owned(),
        format!(
            "running 1 test\n{last}test real ... FAILED\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n"
        ),
        format!("running 1 test\nrunning 1 test\ntest real ... ok\n{last}"),
        format!("running 1 test\ntest real ... ok\ntest real ... ok\n{last}"),
    ] {
        wrong(TestFormat::Libtest, &text);
    }
    // Of a package that was ended in the middle nothing is known.
    wrong(TestFormat::GoTest, "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\"}\n");
    wrong(TestFormat::GoTest, "PASS\nok  p 0.01s\n");
    wrong(TestFormat::Junit, "PASSED");
    wrong(
        TestFormat::Junit,
        "<testsuites><testsuite name=\"s\" tests=\"1\" failures=\"1\" errors=\"0\"/></testsuites>",
    );
    wrong(TestFormat::Jest, "{\"numFailedTests\":0,\"numPassedTests\":5,\"testResults\":[]}");
    wrong(TestFormat::Jest, "PASS ./sum.test.js");
}

/// Node 20.20 with `--test-reporter=junit`: tests in the root, beside those of a suite.
const NODE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<testsuites>
	<testcase name="doubles" time="0.001153" classname="test"/>
	<testcase name="/w/test/size.test.js" time="0.081995" classname="test" failure="test failed">
		<failure type="testCodeFailure" message="test failed">
[Error: test failed] { code: 'ERR_TEST_FAILURE' }
		</failure>
	</testcase>
	<testsuite name="sizes" time="0.01" disabled="0" errors="0" tests="1" failures="0" skipped="0" hostname="h">
		<testcase name="halves" time="0.001" classname="test"/>
	</testsuite>
	<!-- tests 3 -->
</testsuites>
"#;

#[test]
fn tests_in_the_root_of_a_report_are_read() {
    let report = read(TestFormat::Junit, NODE).unwrap();
    let passed = report.cases.iter().filter(|case| case.outcome == TestOutcome::Passed).count();
    let failed: Vec<(&str, &str)> = report.failed().collect();
    assert_eq!((passed, failed), (2, vec![("test::/w/test/size.test.js", "test failed")]));
}
