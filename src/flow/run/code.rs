//! Lets the executor write tests and code, and measures what it left.

use std::path::Path;

use anyhow::Result;
use bstr::BStr;

use crate::domain::development::prompt;
use crate::domain::development::prompt::TaskPrompt;
use crate::domain::development::scope::{
    CodeStep, NamedBy, TaskBounds, is_test, refuse_code, refuse_tests,
};
use crate::domain::development::suite::{RedReason, RedTest};
use crate::domain::development::words::{FileRequest, LastWords};
use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::gates::scope;
use crate::domain::model::change::{Change, FileChange, FileMode};
use crate::domain::model::finding::Effect;
use crate::domain::model::globs;
use crate::domain::model::globs::Globs;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::{AgentAnswer, JobId};
use crate::domain::pipeline::spec_run::outcome::{SpecOutcome, Work};
use crate::domain::pipeline::spec_run::stage::{RedTests, Snapshot, TaskTry};
use crate::domain::planning::task::is_file_path;
use crate::domain::review::prompt::spec_text;
use crate::flow::evaluate::command_selection::test_commands;
use crate::flow::evaluate::preparing;
use crate::flow::evaluate::preparing::Preparation;
use crate::flow::evaluate::shown_text;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::intake::spec_listing::SpecGlobs;
use crate::flow::review::belonging;
use crate::flow::review::request::request_work;
use crate::flow::run::left_out;
use crate::flow::run::session::{SpecSession, Wanted};
use crate::flow::run::suite;
use crate::flow::workspace::attempt;
use crate::flow::workspace::checkout::{Ignored, Unavailable, Workspace};
use crate::platform::git::diff;

impl SpecSession<'_> {
    /// Asks the executor, and takes what it left.
    pub(super) fn work(
        &self,
        job: &JobId,
        ask: &TaskTry,
        wanted: Wanted<'_>,
    ) -> Result<(SpecOutcome, Vec<AgentAnswer>)> {
        let (executor, key) = (&self.prepared.executor, self.run.call_key(job));
        let workspace = self.workspace_at(&ask.from, &key)?;
        let prompt = self.prompt(job, ask, wanted)?;
        let (worked, answers) =
            request_work(&self.client, executor, &key, &prompt, &workspace.work())?;
        let file_max = self.prepared.effective.policy.sandbox.file;
        let saved = self.or_stopped(workspace.snapshot(self.private, file_max, self.interrupts))?;
        let (context, kept) = (self.context, &self.left_out());
        let left_out = left_out::keep(context, self.private, kept, &workspace, &saved, file_max)?;
        let tree = saved.tree;
        let save = |message: &str| {
            let (number, parent) =
                (self.run.progress().attempt(ask.number), Some(&ask.from.commit));
            attempt::save(self.private, &self.run.id, number, &tree, parent, message)
        };
        let said = match worked {
            Ok(said) => LastWords::of(&said),
            Err(failure) => {
                if tree != ask.from.tree {
                    save("wip: what an executor left unfinished\n")?;
                }
                return Ok((SpecOutcome::Failed(failure), answers));
            }
        };
        let (said, forbidden) = match wanted {
            Wanted::Tests => (said, Vec::new()),
            Wanted::Code(_) => self.weigh_requests(said)?,
        };
        if let Some(beyond) = self.beyond_fast(wanted, &tree, &said)? {
            if tree != ask.from.tree {
                save("wip: code that is beyond fast mode\n")?;
            }
            return Ok((beyond, answers));
        }
        if tree == ask.from.tree {
            return Ok((SpecOutcome::Worked(nothing_taken(said, forbidden, left_out)), answers));
        }
        // Before anything else happens to it.
        let commit = save(match wanted {
            Wanted::Tests => "wip: tests of the task\n",
            Wanted::Code(_) => "wip: code of the task\n",
        })?;
        let at = Snapshot { tree, commit };
        let work = match self.refused(&at, wanted)? {
            (why, files) if why.is_empty() && forbidden.is_empty() => {
                Work::Changed { at, files, words: said }
            }
            (why, _) => Work::Refused { why: [why, forbidden, left_out].concat(), words: said },
        };
        Ok((SpecOutcome::Worked(work), answers))
    }

    /// The executor's workspace with that state of the code, and with a copy of what was prepared for it.
    fn workspace_at(&self, from: &Snapshot, key: &str) -> Result<Workspace> {
        let executor = &self.prepared.executor;
        let preparation = self.prepared_for(from)?;
        let mut workspace = self.workspace()?;
        workspace.keep_copies(&preparation.kept);
        // Where the call is settled the executor had ended before a kill: its work is still there, unless
        // the cache was emptied.
        if !self.client.is_settled(key, executor) || !workspace.work().exists() {
            self.client.discard_replies(key, executor)?;
            let (tree, head) = (&from.tree, Some(&from.commit));
            let interrupts = self.interrupts;
            self.or_stopped(workspace.checkout(self.private, tree, head, Ignored::Go, interrupts))?;
            workspace.copy_in(self.private, preparing::KEEP, &preparation.kept)?;
        }
        Ok(workspace)
    }

    /// The words of an executor with the files that it may be given, and why it is given none of the others.
    fn weigh_requests(&self, mut words: LastWords) -> Result<(LastWords, Vec<String>)> {
        let (has, mut why) = (self.touches()?, Vec::new());
        let spec = self.spec()?;
        let of_spec = Globs::new(spec.touches.iter().map(String::as_str))?;
        for FileRequest { path, .. } in &words.extension {
            let by_bounds = |bounds: TaskBounds<'_>| {
                let refused = if !is_file_path(path) {
                    Some("it is no path of one file of this repository")
                } else if let Some(forbidden) = bounds.forbids(path) {
                    Some(forbidden)
                } else if is_test(path) {
                    Some("the tests stay as they were when they failed")
                } else if has.as_ref().is_some_and(|has| has.matches(path)) {
                    Some("the task may change it already")
                } else if of_spec.takes_out(path) {
                    Some("the spec's `touches` take it out (`!`)")
                } else {
                    None
                };
                refused.map(str::to_owned).into_iter().collect()
            };
            let refused = self.bounded(by_bounds)?;
            why.extend(refused.iter().map(|no| format!("it asked to change `{path}`: {no}")));
        }
        if !why.is_empty() {
            words.extension.clear();
        }
        for file in &mut words.extension {
            file.is_of_spec = of_spec.matches(&file.path);
        }
        Ok((words, why))
    }

    /// Why what was left is beyond the task, and the files that it touched.
    fn refused(&self, at: &Snapshot, wanted: Wanted<'_>) -> Result<(Vec<String>, Vec<String>)> {
        let (objects, head) = (&self.private.objects, self.head());
        let before = match wanted {
            Wanted::Tests => &head.tree,
            Wanted::Code(red) => &red.at.tree,
        };
        let files = shown_text::touched(objects, before, &at.tree)?;
        let names = files.iter().map(|file| file.path.clone()).collect();
        let changed = diff::trees(objects, Some(before), Some(&at.tree))?;
        let is_link = |file: &&FileChange| {
            file.new.as_ref().is_some_and(|entry| entry.mode == FileMode::Symlink)
        };
        if let Wanted::Tests = wanted {
            let files = match self.removal() {
                Some(removal) => removal.others(files),
                None => files,
            };
            let mut why = self.bounded(|bounds| refuse_tests(&files, bounds))?;
            // What it leads to would be written with the code.
            let links = changed.iter().filter(is_link);
            why.extend(
                links.map(|file| format!("`{}` is a link, and no test", shown_path(&file.path))),
            );
            return Ok((why, names));
        }
        let mut why = self.bounded(|bounds| refuse_code(&files, bounds, CodeStep::Code))?;
        why.extend(self.for_person(&at.tree)?);
        let change = Change {
            key: head.commit.to_string(),
            base_tree: Some(before.clone()),
            tree: at.tree.clone(),
            commit: Some(at.commit.clone()),
            message: None,
            files: changed,
            tip_tree: None,
            unlisted: None,
        };
        let limits = &self.prepared.effective.policy.gates.scope;
        if let Some(found) = scope::check(&change, limits, objects, Effect::Block)? {
            let hint = "`gates.scope` sets the limits";
            why.push(format!("it is more than one task: {} ({hint})", found.message));
        }
        Ok((why, names))
    }

    /// Why what a review's fixes left is beyond the task: they are held to what the code was held to, but
    /// for its size, and for tests of their own.
    pub(super) fn refused_fixes(&self, red: &RedTests, tree: &Oid) -> Result<Vec<String>> {
        let files = shown_text::touched(&self.private.objects, &red.at.tree, tree)?;
        let mut why = self.bounded(|bounds| refuse_code(&files, bounds, CodeStep::Fixes))?;
        why.extend(self.for_person(tree)?);
        Ok(why)
    }

    /// Why what runs with the network does not run on the files of a tree: a person has to add them.
    fn for_person(&self, tree: &Oid) -> Result<Option<String>> {
        let refused = preparing::for_person(&self.private.objects, &self.prepared.effective, tree)?;
        Ok(refused.map(|refused| refused.to_string()))
    }

    /// What was prepared for a state of the code, for the executor's own workspace; nothing where that failed: what
    /// is built is tested with it elsewhere, and says so.
    fn prepared_for(&self, at: &Snapshot) -> Result<Preparation> {
        if self.prepared.effective.policy.prepare.is_empty() {
            return Ok(Preparation::default());
        }
        let context = self.private_context();
        let effective = &self.prepared.effective;
        match preparing::for_agent(context, effective, &at.tree, self.interrupts) {
            Err(error) if error.is::<Unavailable>() => self.or_stopped(Err(error)),
            prepared => Ok(prepared.unwrap_or_default()),
        }
    }

    pub(super) fn bounded(
        &self,
        refuse: impl FnOnce(TaskBounds<'_>) -> Vec<String>,
    ) -> Result<Vec<String>> {
        let (touches, runners) = (self.touches()?, self.runners()?);
        let is_planned = self.run.progress().part().is_some_and(|part| part.plan.is_some());
        let named_by = match is_planned {
            _ if self.run.progress().diagnosis.is_some() => NamedBy::Diagnosis,
            true => NamedBy::Task,
            false => NamedBy::Spec,
        };
        let globs = SpecGlobs::new(&self.prepared.effective.policy.watch.specs)?;
        let left_out = &self.prepared.effective.policy.review.leave_out;
        let left_out = globs::union(left_out.iter().map(String::as_str))?;
        // Only a person has code taken that no review reads: not a model that wrote the spec.
        let named = match self.run.progress().written {
            Some(_) => Vec::new(),
            None => self.spec()?.touches.clone(),
        };
        let of_spec = Globs::new(named.iter().map(String::as_str))?;
        Ok(refuse(TaskBounds {
            touches: touches.as_ref(),
            named_by,
            is_policy: is_policy_path,
            runners: &runners,
            is_spec: &|path| globs.is_spec(Path::new(path)),
            is_left_out: &|path| left_out.is_match(path) && !of_spec.names(path),
        }))
    }

    /// The files of the base that the test commands name.
    pub(super) fn runners(&self) -> Result<Vec<String>> {
        let (objects, tree) = (&self.private.objects, &self.run.about.base_tree);
        let mut files = Vec::new();
        for command in test_commands(&self.prepared.effective.policy) {
            let is_end = |c: char| c.is_whitespace() || "'\"`;|&()<>=".contains(c);
            for word in command.run.split(is_end).filter(|word| !word.is_empty()) {
                let path = word.trim_start_matches("./");
                if objects.file_up_to(tree, BStr::new(path), 0)?.is_some() {
                    files.push(path.to_owned());
                }
            }
        }
        Ok(files)
    }

    /// The paths that the task may change; `None` where none are named.
    fn touches(&self) -> Result<Option<Globs>> {
        let named = self.paths();
        if named.is_empty() {
            return Ok(None);
        }
        Ok(Some(Globs::new(named.iter().map(String::as_str))?))
    }

    pub(super) fn paths(&self) -> &[String] {
        self.run.progress().task().map_or(&[], |now| &now.task.paths)
    }

    fn prompt(&self, job: &JobId, ask: &TaskTry, wanted: Wanted<'_>) -> Result<String> {
        let limits = &self.prepared.effective.policy.gates.scope;
        let red = match wanted {
            Wanted::Tests => Vec::new(),
            Wanted::Code(red) => red_in_words(red),
        };
        let task = TaskPrompt {
            spec: &spec_text(&belonging::parse_spec(&self.run.about.spec)?),
            task: &self.task_in_words(),
            touches: self.paths(),
            outdated: &self.removal().map(|removal| removal.in_words()).unwrap_or_default(),
            red: &red,
            failing: &suite::before_task(self.folder, &self.run)?.failing(),
            refused: &ask.refused,
            printed: &self.printed(ask),
            rules: &self.rules()?,
            fence_nonce: &self.fence_nonce(job),
            files_max: limits.files,
            lines_max: limits.lines,
        };
        Ok(match wanted {
            Wanted::Tests => prompt::tests(task),
            Wanted::Code(red) if red.files.is_empty() => prompt::scaffold(task),
            Wanted::Code(_) => prompt::code(task),
        })
    }

    /// The task with the plan that it belongs to; empty where it is all of the spec.
    fn task_in_words(&self) -> String {
        if let Some(diagnosis) = &self.run.progress().diagnosis {
            return diagnosis.in_words();
        }
        let Some(now) = self.run.progress().task() else { return String::new() };
        let Some(agreed) = &now.part.plan else { return String::new() };
        let (all, plan) = (now.part.tasks.len(), agreed.plan.markdown(&now.part.title));
        let task = now.task.markdown(now.number);
        format!("{task}\nIt is task {} of {all}. The plan of all of them:\n\n{plan}", now.number)
    }
}

/// What came of a try that changed nothing, with why it gets no file that it asked for, and what it wrote and is left out.
fn nothing_taken(words: LastWords, forbidden: Vec<String>, left_out: Vec<String>) -> Work {
    let mut why = forbidden;
    if !left_out.is_empty() {
        why.push("nothing was written that is taken".to_owned());
        why.extend(left_out);
    }
    if why.is_empty() { Work::Nothing(words) } else { Work::Refused { why, words } }
}

/// The files of the tests that fail, and each test with why.
fn red_in_words(red: &RedTests) -> Vec<String> {
    let files = red.files.iter().map(|file| format!("file {file}"));
    let tests = red.failing.iter().map(|RedTest { command, name, why }| {
        let name = name.as_deref().unwrap_or("all of them");
        match why {
            RedReason::Assertion => format!("{command}: {name}: it fails"),
            RedReason::MissingSymbol(symbol) => format!("{command}: {name}: `{symbol}` is missing"),
        }
    });
    let taken_out = red.taken_out.iter().map(|name| {
        format!("{name}: it was taken out, and put back once you are done it has to fail")
    });
    files.chain(tests).chain(taken_out).collect()
}
