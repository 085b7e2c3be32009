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

/// The most that is kept of the first line of it, in characters.
const SAID_CHARS_MAX: usize = 1_000;

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
    /// Whether other files were beside it.
    Ran {
        runs: Vec<SuiteRun>,
        beside: bool,
    },
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
        let is_run =
            |file: &&AttackFile| matches!(on_head.get(&file.path), Some(FileRuns::Ran { .. }));
        let run: Vec<AttackFile> = files.iter().filter(is_run).cloned().collect();
        let on_base = match base {
            Some(base) => self.observed(base, own, &run, cases)?,
            None => BTreeMap::new(),
        };
        let verdicts = cases.iter().map(|case| {
            if !case.refused.is_empty() {
                return CaseVerdict::Invalid { why: case.refused.clone() };
            }
            self.verdict_of(case, own, files, (&on_head, &on_base))
        });
        let mut verdicts: Vec<CaseVerdict> = verdicts.collect();
        let was_beside = |file: &&AttackFile| {
            matches!(on_head.get(&file.path), Some(FileRuns::Ran { beside: true, .. }))
        };
        for file in run.iter().filter(was_beside) {
            self.try_alone(own, file, cases, &mut verdicts)?;
        }
        Ok(verdicts)
    }

    /// The verdict on a case by the runs of its file on the change and on its base.
    fn verdict_of(
        &self,
        case: &AttackCase,
        own: &OwnTests,
        files: &[AttackFile],
        (on_head, on_base): (&BTreeMap<String, FileRuns>, &BTreeMap<String, FileRuns>),
    ) -> CaseVerdict {
        let head = &self.target.change.tree;
        let base = self.target.change.base_tree.as_ref().unwrap_or(head);
        let seen = |runs: &BTreeMap<String, FileRuns>, tree: &Oid| match runs.get(&case.file) {
            Some(FileRuns::Ran { runs, .. }) => {
                runs.iter().map(|run| self.seen(run, case, own, files, tree)).collect()
            }
            Some(FileRuns::Broken(why)) => vec![TestSeen::Broken(why.clone()); RUNS],
            Some(FileRuns::NotRun(why)) => vec![TestSeen::NotRun(why.clone()); RUNS],
            None => Vec::new(),
        };
        verdict(case.clause.is_some(), &seen(on_head, head), &seen(on_base, base))
    }

    /// Runs a file once by itself: what came of it beside others may be their doing. What fails beside them alone is
    /// flaky; where something holds beside them alone, its runs by itself count.
    fn try_alone(
        &self,
        own: &OwnTests,
        file: &AttackFile,
        cases: &[AttackCase],
        verdicts: &mut [CaseVerdict],
    ) -> Result<()> {
        let (head, base) = (&self.target.change.tree, self.target.change.base_tree.as_ref());
        let files = std::slice::from_ref(file);
        let alone = self.test(head, &[file])?;
        let of_file = |case: &AttackCase| case.file == file.path && case.refused.is_empty();
        let mut hidden = Vec::new();
        for (at, case) in cases.iter().enumerate().filter(|(_, case)| of_file(case)) {
            let seen = self.seen(&alone, case, own, files, head);
            match &verdicts[at] {
                CaseVerdict::Breaks { .. } if !matches!(seen, TestSeen::Failed(..)) => {
                    let why = "it fails beside the other tests, and not by itself".to_owned();
                    verdicts[at] = CaseVerdict::Flaky { why };
                }
                CaseVerdict::Holds if seen != TestSeen::Passed => hidden.push(at),
                _ => {}
            }
        }
        if hidden.is_empty() {
            return Ok(());
        }
        let on_head = self.observed(head, own, files, cases)?;
        let on_base = match base {
            Some(base) => self.observed(base, own, files, cases)?,
            None => BTreeMap::new(),
        };
        for at in hidden {
            verdicts[at] = self.verdict_of(&cases[at], own, files, (&on_head, &on_base));
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
                    of_file.any(|case| found(suite, case, own).is_some())
                })
        };
        let first = self.test(tree, &all)?;
        let mut groups = Vec::new();
        if is_whole(&first, &all) {
            groups.push((all, first));
        } else {
            for file in all {
                let alone = self.test(tree, &[file])?;
                if is_whole(&alone, &[file]) {
                    groups.push((vec![file], alone));
                } else {
                    let not_run = alone.not_run().map(FileRuns::NotRun);
                    let came = not_run.unwrap_or_else(|| FileRuns::Broken(why_broken(&alone, own)));
                    known.insert(file.path.clone(), came);
                }
            }
            let good: Vec<&AttackFile> = groups.iter().map(|(group, _)| group[0]).collect();
            if good.len() > 1 {
                let together = self.test(tree, &good)?;
                // Else each is well by itself, and together they are not.
                if is_whole(&together, &good) {
                    groups = vec![(good, together)];
                }
            }
        }
        for (group, first) in groups {
            let mut runs = vec![first];
            while runs.len() < RUNS {
                runs.push(self.test(tree, &group)?);
            }
            let ran = FileRuns::Ran { runs, beside: group.len() > 1 };
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
        let Some((state, ended_well)) = found(run, case, own) else {
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
                // Redacted before it is cut: half a secret is not recognised as one.
                let cut = |text: &str, most| redact_str(text).chars().take(most).collect();
                TestSeen::Failed(
                    cut(&failed.said, SAID_CHARS_MAX),
                    cut(&failed.text, OUTPUT_CHARS_MAX),
                )
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

/// What a report says of the test of a case which the change does not have by itself, and whether its command ended with
/// 0: of its whole name; else of the one name that ends so, or that does and names its file; else of the worst of those
/// that differ from such a name by their parameters.
fn found<'r>(
    run: &'r SuiteRun,
    case: &AttackCase,
    own: &OwnTests,
) -> Option<(&'r CaseState, bool)> {
    let below = case.name.strip_prefix(&case.file).and_then(|rest| rest.strip_prefix("::"));
    let name = below.filter(|rest| !rest.is_empty()).unwrap_or(&case.name);
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
    if let Some((_, state, ended_well)) = all.iter().find(|(known, ..)| *known == case.name) {
        return Some((*state, *ended_well));
    }
    let is_end = |known: &str| {
        let before = known.strip_suffix(name);
        before.is_some_and(|before| {
            before.is_empty() || SEPARATORS.iter().any(|separator| before.ends_with(separator))
        })
    };
    let stem = |known: &'r str| match known.split_once('[') {
        Some((stem, _)) if known.ends_with(']') => stem,
        _ => known,
    };
    let mut ends: Vec<_> = all.iter().filter(|(known, ..)| is_end(known)).collect();
    if ends.is_empty() {
        ends = all.iter().filter(|(known, ..)| is_end(stem(known))).collect();
    }
    let stems = |ends: &[&(&'r str, &CaseState, bool)]| {
        ends.iter().map(|(known, ..)| stem(known)).collect::<BTreeSet<_>>().len()
    };
    if stems(&ends) > 1 {
        let module = case.file.rsplit_once('.').map_or(case.file.as_str(), |(module, _)| module);
        let dotted = module.replace('/', ".");
        ends.retain(|(known, ..)| known.contains(&case.file) || known.contains(&dotted));
    }
    let worst = ends.iter().max_by_key(|(_, state, _)| *state).filter(|_| stems(&ends) == 1);
    worst.map(|(_, state, ended_well)| (*state, *ended_well))
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
