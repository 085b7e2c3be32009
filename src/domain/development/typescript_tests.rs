//! Which errors of `tsc` prove that code is missing, as TypeScript 5.9 prints them.

use crate::domain::development::failure_kind::FailureKind;
use crate::domain::development::red::prove_red;
use crate::domain::development::suite::{RedProof, SuiteCommand, SuiteOutcome, SuiteRun};
use crate::domain::development::test_failure::NewTests;
use crate::domain::development::typescript::{failures, named_at};

const TEST: &str = "import test from 'node:test';\nimport { equal } from 'node:assert';\n\
    import { parseSize } from '../src/size.js';\nimport { many } from '../src/double.js';\n\
    import dflt, * as all from '../src/double.js';\n\
    test('a', () => equal(all.double(2, 3), 6));\ntest('b', () => equal(1));\n\
    test('c', () => many([1]).map(({ a }) => a.unit));\n";

fn suite(outcome: SuiteOutcome, printed: &str) -> SuiteRun {
    let command = SuiteCommand { name: "t".to_owned(), outcome, printed: printed.to_owned() };
    SuiteRun { commands: vec![command] }
}

/// What the compiler's lines prove of a new test.
fn proof(printed: &str) -> RedProof {
    let files = ["test/a.test.ts".to_owned()];
    let read = |path: &str| (path == files[0]).then(|| TEST.to_owned());
    let tests = NewTests { text: TEST, files: &files, paths: &[], read: &read };
    let base = SuiteRun { commands: Vec::new() };
    prove_red(&base, &suite(SuiteOutcome::Unreported, printed), tests)
}

#[test]
fn a_test_that_does_not_compile_for_want_of_the_code_is_red() {
    let proven = [
        (
            "(3,27): error TS2307: Cannot find module '../src/size.js' or its corresponding type declarations.",
            "size",
        ),
        (
            "(3,10): error TS2305: Module '\"../src/size.js\"' has no exported member 'parseSize'.",
            "parseSize",
        ),
        (
            "(3,10): error TS2724: '\"../src/size.js\"' has no exported member named 'parseSize'. Did you mean 'parse'?",
            "parseSize",
        ),
        (
            "(3,10): error TS2459: Module '\"../src/size.js\"' declares 'parseSize' locally, but it is not exported.",
            "parseSize",
        ),
        (
            ":3:10 - \u{1b}[91merror\u{1b}[0m\u{1b}[90m TS2305: \u{1b}[0mModule '\"./a\"' has no exported member 'many'.",
            "many",
        ),
        ("(8,46): error TS2339: Property 'unit' does not exist on type 'number'.", "unit"),
        (
            "(8,46): error TS2353: Object literal may only specify known properties, and 'unit' does not exist in type '{ a: number; }'.",
            "unit",
        ),
        ("(5,8): error TS1192: Module '\"/w/src/double\"' has no default export.", "dflt"),
        ("(6,37): error TS2554: Expected 1 arguments, but got 2.", "double"),
        ("(6,27): error TS2555: Expected at least 3 arguments, but got 2.", "double"),
    ];
    for (said, symbol) in proven {
        let RedProof::Proven(red) = proof(&format!("test/a.test.ts{said}\n")) else {
            panic!("{said}: {:?}", proof(&format!("test/a.test.ts{said}\n")))
        };
        assert!(format!("{red:?}").contains(&format!("MissingSymbol(\"{symbol}\")")), "{red:?}");
    }
    // What has no type since it is missing brings further errors.
    let follows = "test/a.test.ts(4,10): error TS2305: Module '\"../src/double.js\"' has no exported member 'many'.\n\
        test/a.test.ts(8,34): error TS7031: Binding element 'a' implicitly has an 'any' type.\n";
    assert!(matches!(proof(follows), RedProof::Proven(red) if red.len() == 1));
}

#[test]
fn a_test_that_does_not_compile_for_another_reason_is_no_proof() {
    let refused = [
        (
            "test/a.test.ts(6,27): error TS2345: Argument of type 'string' is not assignable to parameter of type 'number'.",
            "cannot be read or built",
        ),
        ("test/a.test.ts(9,1): error TS1005: ')' expected.", "cannot be read or built"),
        // A mistake in the use of what is no code of the project.
        (
            "test/a.test.ts(7,17): error TS2554: Expected 2 arguments, but got 1.",
            "cannot be read or built",
        ),
        (
            "test/a.test.ts(8,34): error TS7031: Binding element 'a' implicitly has an 'any' type.",
            "cannot be read or built",
        ),
        (
            "test/a.test.ts(7,5): error TS2304: Cannot find name 'helper'.",
            "is not defined where it is used",
        ),
        (
            "test/a.test.ts(1,18): error TS2307: Cannot find module 'node:test' or its corresponding type declarations.",
            "what it needs is not here",
        ),
        (
            "test/a.test.ts(1,18): error TS2307: Cannot find module 'left-pad' or its corresponding type declarations.",
            "what it needs is not here",
        ),
        (
            "src/double.ts(1,1): error TS2305: Module '\"./size.js\"' has no exported member 'parseSize'.",
            "it is none of the new tests",
        ),
    ];
    let missing = "test/a.test.ts(3,10): error TS2305: Module '\"../src/size.js\"' has no exported member 'parseSize'.";
    for (said, why) in refused {
        // Beside what is missing the rest counts as well.
        let beside = if said.contains("TS7031") { "" } else { missing };
        for printed in [said.to_owned(), format!("{beside}\n{said}")] {
            let RedProof::Unproven(told) = proof(&printed) else { panic!("{printed}") };
            assert!(told.join("\n").contains(why), "{why} in {told:?}");
        }
    }
}

#[test]
fn what_an_error_is_about_is_read_at_its_place() {
    let text = "f(1,\n  g([2], 'é'), 3);\nü.size(4);\nh<number>(5);\n";
    let named = |line, column, is_value| {
        named_at(text, line, column, is_value).map(|(first, name)| format!("{first} {name}"))
    };
    assert_eq!(named(2, 16, true).as_deref(), Some("f f"));
    assert_eq!(named(2, 10, true).as_deref(), Some("g g"));
    assert_eq!(named(3, 3, false).as_deref(), Some("ü size"));
    assert_eq!(named(3, 8, true).as_deref(), Some("ü size"));
    for (line, column) in [(4, 11), (9, 1), (0, 0), (3, 99)] {
        assert_eq!(named(line, column, true), None);
    }
    let one = failures("a.ts(1,2): error TS2554: Expected 0-1 arguments, but got 2.\n");
    assert!(matches!(
        one[0].kind,
        FailureKind::OtherUse { line: 1, column: 2, is_value: true, .. }
    ));
}
