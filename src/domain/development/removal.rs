//! What a task may take out that builds away what a spec no longer asks for, and what proves that it is gone: the tests
//! that were written for it pass before, and put back upon the new code they do not.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::development::red::new_failures;
use crate::domain::development::scope::{is_test, without_declarations};
use crate::domain::development::suite::{
    CaseState, GreenProof, RedProof, SuiteCommand, SuiteRun, shortened,
};
use crate::domain::development::test_failure::NewTests;
use crate::domain::review::fix_limits::RepairedFile;

/// What is known of the versions of a spec that were built before and are part of what is built on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierVersion {
    /// The criteria of this version that ask for nothing new, by their ids: those that the last one had as well, and
    /// those that something is gone.
    pub not_new: Vec<String>,
    pub tests: Vec<EarlierTests>,
}

/// The tests that a task of an earlier run wrote, where something that it served is no longer so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierTests {
    /// The criteria of this version that are against them, by their ids.
    pub against: Vec<String>,
    /// The files that it made.
    pub files: Vec<String>,
    /// Files that were there and name those.
    pub naming: Vec<String>,
    pub names: Vec<TestName>,
    /// Whether it served what is still asked for as well.
    pub is_shared: bool,
}

/// A test, by the command that runs it and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TestName {
    pub command: String,
    pub name: String,
}

/// What one task may take out.
pub struct Removal<'a> {
    tests: Vec<&'a EarlierTests>,
    /// The criteria of the task that the tests are against.
    against: Vec<&'a String>,
    /// Whether the task brings something as well.
    brings: bool,
}

impl EarlierVersion {
    /// What a task of these criteria may take out; `None` where that is nothing.
    pub fn removal<'a>(&'a self, criteria: &'a [String]) -> Option<Removal<'a>> {
        let is_of = |tests: &&EarlierTests| tests.against.iter().any(|id| criteria.contains(id));
        let tests: Vec<&EarlierTests> = self.tests.iter().filter(is_of).collect();
        let is_against = |id: &&String| tests.iter().any(|one| one.against.contains(id));
        let against: Vec<&String> = criteria.iter().filter(is_against).collect();
        let brings = criteria.iter().any(|id| !self.not_new.contains(id));
        (!tests.is_empty()).then_some(Removal { tests, against, brings })
    }
}

impl Removal<'_> {
    fn names(&self) -> impl Iterator<Item = &TestName> {
        self.tests.iter().flat_map(|one| &one.names)
    }

    /// The files that the earlier tests are in, each with those that name it.
    pub fn files(&self) -> Vec<Vec<&str>> {
        let mut all = Vec::new();
        for tests in &self.tests {
            let naming = || tests.naming.iter().map(String::as_str);
            all.extend(tests.files.iter().map(|file| naming().chain([file.as_str()]).collect()));
        }
        all
    }

    /// The files of a step that writes tests which are held to what holds for every task: all but those of the earlier
    /// tests, and those that no longer name them.
    pub fn others(&self, files: Vec<RepairedFile>) -> Vec<RepairedFile> {
        let is_other = |file: &RepairedFile| {
            let has = |files: &[String]| files.contains(&file.path);
            if self.tests.iter().any(|one| has(&one.files)) {
                return !is_test(&file.path);
            }
            let is_naming = self.tests.iter().any(|one| has(&one.naming));
            let [old, new] = [&file.old, &file.new].map(|text| text.as_deref().unwrap_or_default());
            let is_same = || without_declarations(old) == without_declarations(new);
            file.is_deleted || !is_naming || !is_same()
        };
        files.into_iter().filter(is_other).collect()
    }

    /// The outcome of tests without those that may go: what is left must stay as it is.
    pub fn without(&self, suite: &SuiteRun) -> SuiteRun {
        let names: Vec<&TestName> = self.names().collect();
        suite.filtered(|command, name| {
            !names.iter().any(|one| one.command == command && one.name == name)
        })
    }

    /// Those that passed before, may go, and are gone.
    pub fn taken_out(&self, before: &SuiteRun, now: &SuiteRun) -> Vec<TestName> {
        let passed = self.passed(before);
        passed.filter(|one| state(now, one).is_none()).cloned().collect()
    }

    fn passed<'s>(&'s self, suite: &'s SuiteRun) -> impl Iterator<Item = &'s TestName> {
        self.names().filter(|one| state(suite, one) == Some(&CaseState::Passed))
    }

    /// Weighs a run of the tests after its tests were written: they fail, or, where it brings nothing, tests of what is to
    /// go were taken out, and those of all else run.
    pub fn prove_red(&self, before: &SuiteRun, now: &SuiteRun, tests: NewTests<'_>) -> RedProof {
        let kept = self.without(before);
        let failing = match new_failures(&kept, now, tests) {
            Ok(failing) => failing,
            Err(proof) => return proof,
        };
        let lost = lost(&kept, now);
        if !lost.is_empty() {
            return RedProof::Unproven(lost);
        }
        let taken_out = self.taken_out(before, now);
        if failing.is_empty() && (self.brings || taken_out.is_empty()) {
            let also = if self.brings {
                ""
            } else {
                ", and no test of what is no longer asked for was taken out"
            };
            return RedProof::Unproven(vec![format!("no new test failed{also}")]);
        }
        RedProof::Removed { failing, taken_out: named(taken_out.iter()) }
    }

    /// Weighs what the earlier tests come to upon the new code, each file put back by itself as it was before.
    pub fn weigh_put_back(
        &self,
        before: &SuiteRun,
        now: &SuiteRun,
        put_back: &[SuiteRun],
    ) -> GreenProof {
        let mut wrong = Vec::new();
        for id in &self.against {
            let of_it = |one: &&&EarlierTests| one.against.contains(id);
            let names = self.tests.iter().filter(of_it).flat_map(|one| &one.names);
            let passed: Vec<&TestName> =
                names.filter(|one| state(before, one) == Some(&CaseState::Passed)).collect();
            let fails = |one: &TestName| put_back.iter().any(|suite| fails(suite, one));
            if !passed.is_empty() && !passed.iter().any(|one| fails(one)) {
                wrong.push(format!(
                    "`{id}` is not met: every test that was written for what is to go still passes as it was"
                ));
            }
        }
        if !wrong.is_empty() {
            return GreenProof::Red(wrong);
        }
        let taken_out = self.taken_out(before, now);
        let passes = |one: &&TestName| {
            put_back.iter().any(|suite| state(suite, one) == Some(&CaseState::Passed))
        };
        let lost = taken_out.iter().filter(passes).map(|one| {
            format!(
                "`{}` was taken out, and passes upon the new code as it was: it is of what is still asked for, and stays",
                one.name
            )
        });
        let lost = shortened(lost.collect());
        if lost.is_empty() { GreenProof::Green(0) } else { GreenProof::Lost(lost) }
    }
}

/// Whether a test does not pass there, or cannot be built.
fn fails(suite: &SuiteRun, test: &TestName) -> bool {
    match state(suite, test) {
        Some(state) => *state != CaseState::Passed,
        None => suite.command(&test.command).is_none_or(SuiteCommand::is_broken),
    }
}

fn state<'s>(suite: &'s SuiteRun, test: &TestName) -> Option<&'s CaseState> {
    let mut cases = suite.command(&test.command)?.cases();
    cases.find(|(name, _)| *name == test.name).map(|(_, state)| state)
}

/// The tests that passed and are gone, of commands that are not broken.
fn lost(before: &SuiteRun, now: &SuiteRun) -> Vec<String> {
    let mut lost = Vec::new();
    for command in &before.commands {
        let Some(after) = now.command(&command.name).filter(|after| !after.is_broken()) else {
            continue;
        };
        let is_there = |name: &str| after.cases().any(|(known, _)| known == name);
        let passed = command.cases().filter(|(_, state)| **state == CaseState::Passed);
        lost.extend(passed.filter(|(name, _)| !is_there(name)).map(|(name, _)| {
            format!("`{name}` does not run any more, and was not written for what is to go")
        }));
    }
    shortened(lost)
}

/// The tests that ran after a task and not before it.
pub fn new_names(before: &SuiteRun, after: &SuiteRun) -> Vec<TestName> {
    let known = |command: &str, name: &str| {
        let before = before.command(command);
        before.is_some_and(|before| before.cases().any(|(known, _)| known == name))
    };
    let of = |command: &SuiteCommand| {
        let new = command.cases().filter(|(name, _)| !known(&command.name, name));
        let named = |(name, _): (&str, _)| TestName {
            command: command.name.clone(),
            name: name.to_owned(),
        };
        new.map(named).collect::<Vec<_>>()
    };
    after.commands.iter().flat_map(of).collect()
}

fn named<'a>(tests: impl Iterator<Item = &'a TestName>) -> Vec<String> {
    tests.map(|one| one.name.clone()).collect()
}

impl Removal<'_> {
    /// For who writes tests and code.
    pub fn in_words(&self) -> String {
        let mut text = String::new();
        for tests in &self.tests {
            let against: Vec<&str> = tests.against.iter().map(String::as_str).collect();
            let shared = if tests.is_shared {
                " They may be tests of what is still asked for as well: those stay."
            } else {
                ""
            };
            let files = tests.files.join(", ");
            let _ = writeln!(text, "For {}: tests in {files}.{shared}", against.join(", "));
            if !tests.naming.is_empty() {
                let _ = writeln!(text, "They are named in {}.", tests.naming.join(", "));
            }
            for one in &tests.names {
                let _ = writeln!(text, "- {}: {}", one.command, one.name);
            }
        }
        text
    }
}
