//! Runs an attacker's tests in the sandbox, on the change and on its base, three times each.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::attack::answer::{AttackCase, AttackFile};
use crate::domain::attack::verdict::{CaseVerdict, RUNS, TestSeen, verdict};
use crate::domain::development::failure_kind::FailureKind;
use crate::domain::development::suite::{CaseState, SuiteCommand, SuiteOutcome, SuiteRun};
use crate::domain::development::test_failure::{NewTests, of_case};
use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::gates::test_report::cases::CaseFailure;
use crate::domain::model::change::Change;
use crate::domain::model::oid::Oid;
use crate::domain::model::text::{counted, one_line};
use crate::flow::attack::session::AttackSession;
use crate::flow::context::Context;
use crate::flow::evaluate::test_run::Tested;
use crate::flow::evaluate::{shown_text, test_run};
use crate::flow::workspace::checkout::Ignored;
use crate::flow::workspace::with_files;

/// The most that is kept of what a test said, in characters.
const OUTPUT_CHARS_MAX: usize = 4_000;

/// What stands before the name of a test in a report's.
const SEPARATORS: [&str; 5] = ["::", ".", "/", " > ", " "];

/// The tests that the change has by itself.
pub(super) struct OwnTests {
    /// As the report names them.
    pub names: BTreeSet<String>,
}

/// The runs of a file of tests on a tree, or why there are none.
#[derive(Clone)]
enum FileRuns {
    Ran(Vec<SuiteRun>),
    Broken(String),
    NotRun(String),
}

impl AttackSession<'_> {
    /// Runs the tests of the change by themselves; `Err` is why no others can be run beside them.
    pub(super) fn own_tests(&mut self) -> Result<Result<OwnTests, String>> {
        self.tell("running the tests of the change in the sandbox".to_owned());
        let suite = self.test(&self.target.change.tree.clone(), &[])?;
        if let Some(why) = suite.not_run() {
            return Ok(Err(format!("the tests could not be run: {why}")));
        }
        if !suite.broken().is_empty() {
            let said = suite.last_lines().join(" / ");
            return Ok(Err(format!(
                "the tests of the change do not build or end by themselves: {said}"
            )));
        }
        let names = suite.commands.iter().flat_map(SuiteCommand::cases);
        Ok(Ok(OwnTests { names: names.map(|(name, _)| name.to_owned()).collect() }))
    }

    /// The verdict on each case.
    pub(super) fn execute(
        &mut self,
        own: &OwnTests,
        files: &[AttackFile],
        cases: &[AttackCase],
    ) -> Result<Vec<CaseVerdict>> {
        let (head, base) = (&self.target.change.tree, self.target.change.base_tree.as_ref());
        self.tell(format!("running {} in the sandbox", counted(cases.len(), "test")));
        let on_head = self.observed(head, own, files, cases)?;
        // What shows nothing on the change is not asked of the base.
        let is_run = |file: &&AttackFile| matches!(on_head.get(&file.path), Some(FileRuns::Ran(_)));
        let run: Vec<AttackFile> = files.iter().filter(is_run).cloned().collect();
        let on_base = match base {
            Some(base) => self.observed(base, own, &run, cases)?,
            None => BTreeMap::new(),
        };
        let verdicts = cases.iter().map(|case| {
            if !case.refused.is_empty() {
                return CaseVerdict::Invalid { why: case.refused.clone() };
            }
            let seen = |runs: &BTreeMap<String, FileRuns>, tree: &Oid| match runs.get(&case.file) {
                Some(FileRuns::Ran(runs)) => {
                    runs.iter().map(|run| self.seen(run, case, own, files, tree)).collect()
                }
                Some(FileRuns::Broken(why)) => vec![TestSeen::Broken(why.clone()); RUNS],
                Some(FileRuns::NotRun(why)) => vec![TestSeen::NotRun(why.clone()); RUNS],
                None => Vec::new(),
            };
            let (on_head, on_base) = (seen(&on_head, head), seen(&on_base, base.unwrap_or(head)));
            verdict(case.clause.is_some(), &on_head, &on_base)
        });
        let mut verdicts: Vec<CaseVerdict> = verdicts.collect();
        if run.len() > 1 {
            self.try_alone(own, &run, cases, &mut verdicts)?;
        }
        Ok(verdicts)
    }

    /// Runs each file with a test that breaks once by itself: what fails only beside others may be their doing.
    fn try_alone(
        &self,
        own: &OwnTests,
        files: &[AttackFile],
        cases: &[AttackCase],
        verdicts: &mut [CaseVerdict],
    ) -> Result<()> {
        let head = &self.target.change.tree;
        for file in files {
            let of_file = cases.iter().zip(verdicts.iter_mut());
            let of_file =
                of_file.filter(|(case, came)| case.file == file.path && came.is_breaking());
            let breaking: Vec<(&AttackCase, &mut CaseVerdict)> = of_file.collect();
            if breaking.is_empty() {
                continue;
            }
            let alone = self.test(head, &[file])?;
            for (case, came) in breaking {
                if !matches!(self.seen(&alone, case, own, files, head), TestSeen::Failed(..)) {
                    let why = "it fails beside the other tests, and not by itself".to_owned();
                    *came = CaseVerdict::Flaky { why };
                }
            }
        }
        Ok(())
    }

    /// The runs of each file on a tree. A file that does not build, or of which nothing is collected, does not take the
    /// others down: each is run by itself then.
    fn observed(
        &self,
        tree: &Oid,
        own: &OwnTests,
        files: &[AttackFile],
        cases: &[AttackCase],
    ) -> Result<BTreeMap<String, FileRuns>> {
        let mut known = BTreeMap::new();
        if files.is_empty() {
            return Ok(known);
        }
        let all: Vec<&AttackFile> = files.iter().collect();
        let is_whole = |suite: &SuiteRun, files: &[&AttackFile]| {
            suite.not_run().is_none()
                && suite.broken().is_empty()
                && files.iter().all(|file| {
                    let mut of_file = cases.iter().filter(|case| case.file == file.path);
                    of_file.any(|case| found(suite, &case.name, own).is_some())
                })
        };
        let first = self.test(tree, &all)?;
        let mut groups = vec![all.clone()];
        if !is_whole(&first, &all) {
            let mut good = Vec::new();
            for file in all {
                let alone = self.test(tree, &[file])?;
                if is_whole(&alone, &[file]) {
                    good.push(file);
                } else {
                    let not_run = alone.not_run().map(FileRuns::NotRun);
                    let came = not_run.unwrap_or_else(|| FileRuns::Broken(why_broken(&alone, own)));
                    known.insert(file.path.clone(), came);
                }
            }
            groups = match good.as_slice() {
                [] => Vec::new(),
                [_] => vec![good],
                _ if is_whole(&self.test(tree, &good)?, &good) => vec![good],
                // Each is well by itself, and together they are not.
                _ => good.into_iter().map(|file| vec![file]).collect(),
            };
        }
        for group in groups {
            let mut runs = Vec::new();
            for _ in 0..RUNS {
                runs.push(self.test(tree, &group)?);
            }
            let ran = FileRuns::Ran(runs);
            known.extend(group.iter().map(|file| (file.path.clone(), ran.clone())));
        }
        Ok(known)
    }

    /// What came of a case in a run.
    fn seen(
        &self,
        run: &SuiteRun,
        case: &AttackCase,
        own: &OwnTests,
        files: &[AttackFile],
        tree: &Oid,
    ) -> TestSeen {
        if let Some(why) = run.not_run() {
            return TestSeen::NotRun(why);
        }
        let Some((state, ended_well)) = found(run, &case.name, own) else {
            return TestSeen::Missing;
        };
        let failed = match state {
            CaseState::Passed => return TestSeen::Passed,
            CaseState::Skipped => return TestSeen::Skipped,
            CaseState::Failed(failed) => failed,
        };
        if ended_well {
            let why = "its report says that it failed, and the command ended with 0".to_owned();
            return TestSeen::NotRun(why);
        }
        self.failure(failed, files, tree)
    }

    /// Why it failed: by what it asks for, by a mistake of its own, or for want of something that is not here.
    fn failure(&self, failed: &CaseFailure, files: &[AttackFile], tree: &Oid) -> TestSeen {
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let text: String = files.iter().map(|file| file.content.as_str()).collect();
        let objects = &self.context.repo.objects;
        let read = |path: &str| {
            let own = files.iter().find(|file| file.path == path);
            own.map(|file| file.content.clone())
                .or_else(|| shown_text::of_file(objects, tree, path.as_bytes().as_bstr()))
        };
        let tests = NewTests { text: &text, files: &paths, paths: &[], read: &read };
        let said = |what: &str| redact_str(&one_line(&format!("{what} ({})", failed.said)));
        match of_case(failed, tests) {
            FailureKind::Assertion => {
                let output: String = failed.text.chars().take(OUTPUT_CHARS_MAX).collect();
                TestSeen::Failed(redact_str(&failed.said), redact_str(&output))
            }
            FailureKind::Infrastructure(what) => TestSeen::Lacking(said(&what)),
            FailureKind::MissingSymbol(name)
            | FailureKind::MissingModule(name)
            | FailureKind::UnknownName(name) => {
                TestSeen::Mistaken(said(&format!("it uses `{name}`, which is not there")))
            }
            FailureKind::OtherUse { said, .. }
            | FailureKind::Compile(said)
            | FailureKind::Thrown(said) => TestSeen::Mistaken(redact_str(&one_line(&said))),
        }
    }

    /// Runs the tests of a tree with these files beside its own.
    fn test(&self, tree: &Oid, files: &[&AttackFile]) -> Result<SuiteRun> {
        let with = if files.is_empty() {
            tree.clone()
        } else {
            let texts: Vec<(String, String)> =
                files.iter().map(|file| (file.path.clone(), file.content.clone())).collect();
            let index = self.folder.join("attack.index");
            with_files::of_texts(self.private, &index, tree, &texts)?
        };
        let change = Change {
            key: self.head.to_string(),
            base_tree: Some(tree.clone()),
            tree: with,
            commit: Some(self.head.clone()),
            message: None,
            files: Vec::new(),
            tip_tree: None,
            unlisted: None,
        };
        let context = Context { repo: self.private, ..self.context };
        // What an earlier run left may make a test pass, or fail.
        match test_run::run(context, &self.inputs.effective, &change, Ignored::Go)? {
            Tested::Ran(suite) => Ok(suite),
            Tested::Interrupted(signal) => Err(self.stopped(signal)),
        }
    }
}

/// What a report says of the test of that name which the change does not have by itself, and whether its command ended
/// with 0: by its whole name, else by the end of the one name that has it.
fn found<'r>(run: &'r SuiteRun, name: &str, own: &OwnTests) -> Option<(&'r CaseState, bool)> {
    let all: Vec<(&str, &CaseState, bool)> = run
        .commands
        .iter()
        .flat_map(|command| {
            let ended_well =
                matches!(command.outcome, SuiteOutcome::Reported { ended_well: true, .. });
            command.cases().map(move |(known, state)| (known, state, ended_well))
        })
        .filter(|(known, ..)| !own.names.contains(*known))
        .collect();
    let whole = all.iter().find(|(known, ..)| *known == name);
    let is_end = |known: &str| {
        let before = known.strip_suffix(name);
        before.is_some_and(|before| SEPARATORS.iter().any(|separator| before.ends_with(separator)))
    };
    let mut ends = all.iter().filter(|(known, ..)| is_end(known));
    let one = ends.next().filter(|_| ends.next().is_none());
    whole.or(one).map(|(_, state, ended_well)| (*state, *ended_well))
}

/// Why a file by itself is not built, or not collected.
fn why_broken(suite: &SuiteRun, own: &OwnTests) -> String {
    let cases = suite.commands.iter().flat_map(SuiteCommand::cases);
    let said =
        cases.filter(|(name, _)| !own.names.contains(*name)).find_map(|(_, state)| match state {
            CaseState::Failed(failed) if !failed.said.is_empty() => Some(failed.said.clone()),
            _ => None,
        });
    let last = suite.last_lines().join(" / ");
    let nothing = "the report names none of its tests".to_owned();
    redact_str(&said.unwrap_or(if last.is_empty() { nothing } else { last }))
}
