//! Asks the attacker what code and spec say of a part of the change, and for tests of it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::BStr;
use serde_json::Value;

use crate::domain::attack::answer;
use crate::domain::attack::answer::{AttackAnswer, AttackGround, share_a_place};
use crate::domain::attack::clause::SpecClause;
use crate::domain::attack::intake;
use crate::domain::attack::intake::IntakeAnswer;
use crate::domain::attack::number::{TestNumber, asked_for};
use crate::domain::attack::prompt;
use crate::domain::attack::prompt::{AttackPrompt, TestsHere};
use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::model::text::counted;
use crate::domain::review::deliver::Chunk;
use crate::domain::review::fix_limits::is_steering;
use crate::domain::review::prompt::repair;
use crate::domain::review::proof;
use crate::domain::review::reported_path::meant;
use crate::flow::attack::execution::OwnTests;
use crate::flow::attack::session::{AttackSession, Gathered};
use crate::flow::evaluate::command_selection::test_commands;
use crate::flow::intake::spec_listing::SpecGlobs;
use crate::flow::review::request::{AskError, ParsedRequest, request_parsed, without_secrets};
use crate::flow::review::texts::Texts;
use crate::platform::agents::ask::{Access, Answer};

/// The most names of tests that the attacker is shown.
const NAMES_MAX: usize = 200;

/// Reads an answer, with what is wrong with it, one a line.
type ReadAnswer<'q, T> = dyn Fn(&Value) -> Result<(T, Vec<String>), String> + 'q;

/// An answer that was read.
struct ReadReply<T> {
    answer: T,
    wrong: Vec<String>,
    /// Verbatim.
    gave: String,
}

/// A question whose answer is asked for once more, where it could be better.
struct AttackQuestion<'q, T> {
    key: String,
    prompt: String,
    token: &'q str,
    schema: Value,
    parse: &'q ReadAnswer<'q, T>,
}

impl AttackSession<'_> {
    /// Has the attacker list what the code of a chunk does and what the spec asks for.
    pub(super) fn intake(
        &mut self,
        chunk: usize,
        clauses: &[SpecClause],
        gathered: &mut Gathered,
    ) -> Result<()> {
        let delivery = &self.delivered.delivery;
        let part = delivery.calls.get(chunk).context("the change is laid out differently now")?;
        let (spec, rules) = (self.spec_text(), self.rules());
        let sections = sections_of(part);
        let ask = AttackPrompt {
            spec: &spec,
            rules: &rules,
            sections: &sections,
            fence_nonce: &part.fence_nonce,
        };
        self.tell(format!(
            "{} lists what {} and the spec say",
            self.agents.attacker.name,
            counted(part.sections.len(), "section")
        ));
        let texts = Texts::new(&self.context.repo.objects, &self.target.change.tree, delivery);
        let is_elsewhere = |path: &str| {
            !meant(path, &delivery.places, |path| texts.text(path).is_some()).is_empty()
        };
        let parse = |value: &Value| -> Result<(IntakeAnswer, Vec<String>), String> {
            let answer = intake::parse(value)?;
            let wrong = proof::check(part, &answer.proof, &is_elsewhere);
            let words = wrong.iter().filter_map(|one| {
                let section = part.sections.get(one.section)?;
                Some(format!("{}: {}", section.path, one.fault.to_reviewer()))
            });
            let words = words.collect();
            Ok((answer, words))
        };
        let question = AttackQuestion {
            key: format!("intake-{chunk}"),
            prompt: prompt::intake(ask, part.sections.len()),
            token: &part.fence_nonce,
            schema: intake::schema(),
            parse: &parse,
        };
        let (answer, unread) = match self.ask_attacker(&question)? {
            Ok(answered) => answered,
            Err(error) => {
                let failure = error.of(&self.agents.attacker);
                let why = self.failed("the attacker did not list what the change does", &failure);
                gathered.unread.push(why);
                return Ok(());
            }
        };
        gathered
            .unread
            .extend(unread.into_iter().map(|one| format!("not shown to be read: {one}")));
        let read = |path: &str| texts.meant_text(path);
        let next = gathered.lines.len() + 1;
        let (lines, struck) = intake::standing(answer.lines, clauses, &read, next);
        gathered.lines.extend(lines);
        gathered.struck.extend(struck);
        Ok(())
    }

    /// Has the attacker write tests for a chunk, of which the lines of the intake begin at that place.
    pub(super) fn ask_for_tests(
        &mut self,
        (chunk, from): (usize, usize),
        clauses: &[SpecClause],
        own: &OwnTests,
        gathered: &mut Gathered,
    ) -> Result<()> {
        let delivery = &self.delivered.delivery;
        let part = delivery.calls.get(chunk).context("the change is laid out differently now")?;
        let lines = gathered.lines[from..].to_vec();
        if lines.is_empty() {
            gathered.note_no_line();
            return Ok(());
        }
        let number = asked_for(self.changed_lines(), delivery.calls.len());
        let (spec, rules) = (self.spec_text(), self.rules());
        let (commands, names) = (self.commands_in_words(), in_words(&own.names));
        let sections = sections_of(part);
        let ask = AttackPrompt {
            spec: &spec,
            rules: &rules,
            sections: &sections,
            fence_nonce: &part.fence_nonce,
        };
        let here = TestsHere { commands: &commands, names: &names, number };
        let TestNumber { least, most } = number;
        self.tell(format!("{} writes {least} to {most} tests", self.agents.attacker.name));
        let (taken_paths, closed) = (self.taken(gathered), self.closed()?);
        let known = gathered.cases.iter().map(|case| case.name.clone()).collect();
        let ground = AttackGround {
            clauses,
            lines: &lines,
            is_taken: &taken_paths,
            is_closed: &closed,
            number,
            known: &known,
        };
        let parse = |value: &Value| -> Result<(AttackAnswer, Vec<String>), String> {
            let answer = answer::parse(value)?;
            let wrong = answer::wrong(&answer, ground);
            Ok((answer, wrong))
        };
        let question = AttackQuestion {
            key: format!("attack-{chunk}"),
            prompt: prompt::attack(ask, &lines, here),
            token: &part.fence_nonce,
            schema: answer::schema(),
            parse: &parse,
        };
        let (answer, wrong) = match self.ask_attacker(&question)? {
            Ok(answered) => answered,
            Err(error) => {
                let failure = error.of(&self.agents.attacker);
                let why = self.failed("the attacker wrote no tests", &failure);
                gathered.notes.push(why);
                return Ok(());
            }
        };
        if answer.cases.is_empty() {
            gathered.notes.push("the attacker wrote no tests: it gave no case, twice".to_owned());
        }
        let next = gathered.cases.len() + 1;
        let (files, cases, notes) = answer::taken(answer, ground, next);
        let few = wrong.into_iter().filter(|one| one.ends_with(" is the least"));
        drop((taken_paths, closed));
        gathered.notes.extend(few.chain(notes));
        gathered.files.extend(files);
        gathered.cases.extend(cases);
        Ok(())
    }

    /// Asks the attacker; once more where something is wrong with the answer that a second one may mend. The second
    /// counts, where there is one.
    fn ask_attacker<T>(
        &mut self,
        question: &AttackQuestion<'_, T>,
    ) -> Result<Result<(T, Vec<String>), AskError>> {
        let attacker = &self.agents.attacker.clone();
        let dir = self.reading_copy_for(attacker, &question.key)?;
        let first = self.ask_once(question, &question.key, &question.prompt, &dir)?;
        let came = match first {
            Ok(first) if !first.wrong.is_empty() => {
                let wrong = first.wrong.join("\n");
                let again = repair(&question.prompt, &wrong, &first.gave, question.token);
                let key = format!("{}-again", question.key);
                let second = self.ask_once(question, &key, &again, &dir)?;
                Ok(second.unwrap_or_else(|error| {
                    let failure = error.of(attacker);
                    self.tell(format!(
                        "the first answer counts, there is no second: {}",
                        failure.why()
                    ));
                    first
                }))
            }
            came => came,
        };
        self.copies.give_back(&question.key);
        Ok(came.map(|ReadReply { answer, wrong, .. }| (answer, wrong)))
    }

    fn ask_once<T>(
        &self,
        question: &AttackQuestion<'_, T>,
        key: &str,
        prompt: &str,
        dir: &Path,
    ) -> Result<Result<ReadReply<T>, AskError>> {
        let request = ParsedRequest {
            to: &self.agents.attacker,
            key,
            prompt,
            token: question.token,
            dir,
            schema: &question.schema,
            access: Access::Read,
        };
        let parse = |answer: &Answer| {
            let json = answer.json.as_ref().ok_or_else(|| "it holds no JSON object".to_owned())?;
            let (read, wrong) = (question.parse)(&without_secrets(json))?;
            Ok(ReadReply { answer: read, wrong, gave: answer.text.clone() })
        };
        let (reply, _) = request_parsed(self.client, &request, &parse)?;
        Ok(reply)
    }

    pub(super) fn rules(&self) -> Vec<String> {
        self.inputs.rules_for(&self.target.change.files)
    }

    /// How many lines the change adds and removes.
    fn changed_lines(&self) -> usize {
        let places = self.delivered.delivery.places.values();
        let lines = places.map(|place| {
            let added: u32 = place.touched.iter().map(|lines| lines.end - lines.start).sum();
            usize::try_from(added).unwrap_or(usize::MAX).saturating_add(place.removed.len())
        });
        lines.fold(0, usize::saturating_add)
    }

    fn commands_in_words(&self) -> String {
        let commands = test_commands(self.inputs.policy()).into_iter();
        let lines = commands.map(|command| {
            let format = command.format.as_ref().map(|format| format!("{format:?}"));
            format!("{}: {} (report: {})", command.name, command.run, format.unwrap_or_default())
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Whether the change, or a question before, has a file of that path, or one where a folder of it would be.
    fn taken(&self, gathered: &Gathered) -> impl Fn(&str) -> bool + use<> {
        let trees: Vec<_> = [Some(&self.target.change.tree), self.target.change.base_tree.as_ref()]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let objects = self.context.repo.again();
        let written: Vec<String> = gathered.files.iter().map(|file| file.path.clone()).collect();
        move |path: &str| {
            let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
            let Ok(repo) = &objects else { return true };
            // A folder as well: git would put the file in its place.
            let is_there = trees
                .iter()
                .any(|tree| repo.objects.has_in_any_case(tree, BStr::new(path)).unwrap_or(true));
            let is_entry = |path: &str| {
                let path = BStr::new(path);
                trees.iter().any(|tree| {
                    repo.objects.entry(tree, path).map_or(true, |entry| entry.is_some())
                })
            };
            written.iter().any(|known| share_a_place(known, path))
                || is_there
                || folders.into_iter().any(is_entry)
        }
    }

    /// Whether nobody but a person may write a path.
    fn closed(&self) -> Result<impl Fn(&str) -> bool + use<>> {
        let policy = self.inputs.policy();
        let globs = SpecGlobs::new(&policy.watch.specs)?;
        let runs: Vec<&str> =
            test_commands(policy).iter().map(|command| command.run.as_str()).collect();
        let runs = runs.join("\n");
        Ok(move |path: &str| {
            is_steering(path, is_policy_path)
                || globs.is_spec(Path::new(path))
                || runs.contains(path)
        })
    }
}

impl Gathered {
    /// Says once that there is nothing to attack.
    fn note_no_line(&mut self) {
        let why = "nobody was asked for tests of a part of it: no line of its intake counts";
        self.notes.retain(|note| note != why);
        self.notes.push(why.to_owned());
    }
}

fn sections_of(part: &Chunk) -> String {
    part.sections.iter().map(|section| section.text.as_str()).collect()
}

fn in_words(names: &BTreeSet<String>) -> String {
    let mut lines: Vec<&str> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
    let more = names.len().saturating_sub(NAMES_MAX);
    let rest = format!("and {more} more");
    if more > 0 {
        lines.push(&rest);
    }
    lines.join("\n")
}
