//! `tribunal hook NAME`: what a shim calls.

use std::ffi::OsString;
use std::io::Read as _;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::cli::hook_report::{
    lost_hooks, print_one_line, print_push, print_stopped_commit, tell_background,
};
use crate::cli::kept_hook::KeptHook;
use crate::cli::push_reviews::consult_reviews;
use crate::cli::unchecked::Guarded;
use crate::daemon::control;
use crate::domain::gates;
use crate::domain::model::error::{Hinted, NotEvaluated, hinted};
use crate::domain::model::finding::LocationKind;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::Receiver;
use crate::domain::model::report::{ExitStatus, Reported, Verdict};
use crate::domain::policy::command_settings::Moment;
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::{Bypass, past_hooks};
use crate::flow::evaluate::command_selection::{CommandRequest, RequestedBy};
use crate::flow::evaluate::evaluation::{EvaluationScope, evaluate};
use crate::flow::evaluate::message::as_committed;
use crate::flow::evaluate::passed_trees::PassedCommits;
use crate::flow::evaluate::push::evaluate_push;
use crate::flow::evaluate::report::build_report;
use crate::flow::evaluate::{bookkeeping, bypass, merge, message, passed_trees, policy};
use crate::flow::review;
use crate::flow::setup::inbox_event;
use crate::flow::setup::install;
use crate::flow::setup::install::plan::is_outdated;
use crate::flow::setup::install::record::recorded;
use crate::platform::config::env::Env;
use crate::platform::git::change;
use crate::platform::git::push::{parse_pre_push, parse_pre_receive};
use crate::platform::git::repo::Repo;
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, MESSAGE};
use crate::platform::ui::notice;
use crate::platform::ui::out;
use crate::platform::ui::report::{OutputFormat, render};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of the hook
    pub name: String,
    /// The arguments that git passed to the hook
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

const NOT_CHECKED: &str = "NOT checked";
const NOT_IN_FULL: &str = "not checked in full";
const NO_REVIEWS: &str = "reviews were not looked at in full";

/// One call by git.
struct HookCall<'a> {
    env: &'a Env,
    name: &'a str,
    args: &'a [OsString],
    /// The hook that was installed before, still to be run.
    kept: Option<KeptHook<'a>>,
}

/// Answers git. Reached without the command line's parser: a commit pays for every millisecond.
pub fn run(env: &Env, name: &str, args: &[OsString]) -> Result<ExitStatus> {
    let (kept, args) = match args {
        [option, kept, rest @ ..] if option == "--kept" => {
            let path = env.current_dir.join(kept);
            let kept = KeptHook { path, args: rest, folder: &env.current_dir };
            ((!is_outdated(&kept.path)).then_some(kept), rest)
        }
        _ => (None, args),
    };
    let call = HookCall { env, name, args, kept };
    match name {
        // A hook that edits what is about to be committed comes first: its outcome is checked.
        "pre-commit" | "pre-merge-commit" => call.after_kept(|call, _| call.pre_commit()),
        "commit-msg" => call.after_kept(|call, _| call.commit_msg()),
        "post-commit" => call.after_kept(|call, _| Ok(call.report_only(call.post_commit()))),
        "post-rewrite" => {
            call.after_kept(|call, input| Ok(call.report_only(call.post_rewrite(input))))
        }
        // A hook that sends something comes last: what is refused must not have left.
        "pre-push" => call.before_kept(HookCall::pre_push),
        "pre-receive" => call.before_kept(HookCall::pre_receive),
        // A typing error in a hook line must not pass for a hook that found nothing.
        _ => Err(install::unknown(name)),
    }
}

impl HookCall<'_> {
    fn after_kept(
        &self,
        evaluate: impl Fn(&Self, &[u8]) -> Result<ExitStatus>,
    ) -> Result<ExitStatus> {
        let input = if self.name == "post-rewrite" { stdin()? } else { Vec::new() };
        match self.run_kept(&input)? {
            ExitStatus::Pass => {
                evaluate(self, &input).map_err(|error| self.with_bypass_hint(error))
            }
            status => Ok(status),
        }
    }

    fn before_kept(
        &self,
        evaluate: impl Fn(&Self, &[u8]) -> Result<ExitStatus>,
    ) -> Result<ExitStatus> {
        let input = stdin()?;
        match evaluate(self, &input).map_err(|error| self.with_bypass_hint(error))? {
            ExitStatus::Pass => self.run_kept(&input),
            status => Ok(status),
        }
    }

    fn run_kept(&self, input: &[u8]) -> Result<ExitStatus> {
        self.kept.as_ref().map_or(Ok(ExitStatus::Pass), |kept| kept.run(input))
    }

    /// An internal error stops what the hook guards: the hint says how to bypass it once.
    fn with_bypass_hint(&self, error: anyhow::Error) -> anyhow::Error {
        let says_what_to_do = error.is::<Hinted>() || error.is::<NotEvaluated>();
        if says_what_to_do || self.name == "pre-receive" {
            return error;
        }
        let message = format!("{} could not check: {error:#}", self.name);
        let command = if self.name == "pre-push" { "git push" } else { "git commit" };
        hinted(
            message,
            format!("bypass it once with `TRIBUNAL=0 {command} …`; the bypass is recorded"),
        )
    }

    fn repo(&self) -> Result<Repo> {
        Repo::discover(&self.env.current_dir, Some(self.env))
    }

    fn context<'r>(&'r self, repo: &'r Repo) -> Context<'r> {
        Context::without_flags(repo, self.env, &notice::print)
    }

    /// The repository, and what is to be left out, which is said and recorded. `None` where all of
    /// it is: that way on is open also where nothing can be read or written.
    fn asked(&self, about: impl Fn(&Repo) -> Vec<Oid>) -> Result<Option<(Repo, Bypass)>> {
        let mut bypass = Bypass::from_env(self.env);
        let repo = match self.repo() {
            Err(error) if bypass.all => {
                let what = bypass.describe();
                out::warn(&format!("{NOT_CHECKED}: {what}; not recorded: {error:#}"));
                return Ok(None);
            }
            repo => repo?,
        };
        // Where the policy cannot be read, what is evaluated says so.
        if !bypass.commands.is_empty()
            && let Ok(known) = policy::policy_of_head(self.context(&repo))
        {
            bypass.keep_known(&known.policy.commands);
        }
        for unknown in &bypass.unknown {
            out::warn(&format!("TRIBUNAL_SKIP: {unknown}"));
        }
        for unknown in &bypass.unknown_variables {
            out::warn(&unknown.to_string());
        }
        let left = if bypass.all { NOT_CHECKED } else { NOT_IN_FULL };
        let what = bypass.describe();
        if bypass.is_any() {
            self.record(&repo, left, &what, &about(&repo));
        }
        Ok((!bypass.all).then_some((repo, bypass)))
    }

    /// Says and records what is left out.
    fn record(&self, repo: &Repo, left: &str, what: &str, about: &[Oid]) {
        let recorded = match bypass::record(self.context(repo), self.name, what, about) {
            Ok(()) => "recorded for `tribunal hooks status`".to_owned(),
            Err(error) => {
                bookkeeping::mark_warned();
                let hint = notice::rights_hint(&repo.state_dir());
                format!("not recorded: {error:#} (hint: {hint})")
            }
        };
        out::warn(&format!("{left}: {what}; {recorded}"));
    }

    /// Says and records what made the policy weaker; nothing where nothing did. No commit goes with a
    /// setting of the user's own: the gates did run.
    fn tell_weaker(&self, repo: &Repo, left: &str, what: &[String], about: &[Oid]) {
        if !what.is_empty() {
            self.record(repo, left, &what.join(", "), about);
        }
    }

    fn pre_commit(&self) -> Result<ExitStatus> {
        let head = |repo: &Repo| repo.head().ok().flatten().into_iter().collect();
        let Some((repo, bypass)) = self.asked(head)? else { return Ok(ExitStatus::Pass) };
        if self.name != "commit-msg"
            && let Some(lost) = lost_hooks(&repo).but(self.name).sentence()
        {
            out::warn(&lost);
        }
        self.evaluate_staged(&repo, &bypass)
    }

    fn evaluate_staged(&self, repo: &Repo, bypass: &Bypass) -> Result<ExitStatus> {
        let started = Instant::now();
        let context = self.context(repo);
        bookkeeping::warn_once(context, tell_background(repo));
        bookkeeping::warn_once(context, past_hooks::tell_commits(context));
        let mut change = change::staged(repo)?;
        let mut effective = policy::policy_of_change(context, &change)?;
        merge::exclude_evaluated(context, &mut change, &effective.hash)?;
        self.tell_weaker(repo, NOT_IN_FULL, &effective.weakened_by_user, &[]);
        bypass.apply(&mut effective.policy);
        let moment = Some(Moment::PreCommit);
        let request = CommandRequest::of_person(moment, RequestedBy::Hook);
        let (tree, base_tree) = (change.tree.clone(), change.base_tree.clone());
        let scope = EvaluationScope::GatesAndCommands(request);
        let mut evaluation = evaluate(context, change, &effective, None, scope)?;
        let interrupted = evaluation.interrupted.is_some();
        let tails = std::mem::take(&mut evaluation.tails);
        let report = evaluation.report(started);
        if interrupted {
            out::talk("tribunal: interrupted; nothing was committed");
            return Ok(ExitStatus::Interrupted);
        }
        if report.verdict == Verdict::Pass {
            if !bypass.is_any() {
                bookkeeping::warn_once(context, passed_trees::record(repo, &tree, &effective.hash));
            }
            let see = match base_tree {
                Some(_) => "tribunal check --from HEAD~1",
                None => "tribunal check --all",
            };
            print_one_line(&report, Some(see));
        } else {
            print_stopped_commit(report.clone(), &tails, context);
        }
        Ok(report.verdict.into())
    }

    fn commit_msg(&self) -> Result<ExitStatus> {
        let started = Instant::now();
        // `pre-commit` said and recorded what is left out.
        let bypass = Bypass::from_env(self.env);
        let Some(path) = self.args.first().filter(|_| !bypass.all) else {
            return Ok(ExitStatus::Pass);
        };
        let repo = self.repo()?;
        let lost = lost_hooks(&repo);
        // Another program's hook stands where this would have been checked. Git shows the same index here.
        if let Some(sentence) = lost.sentence().filter(|_| lost.has("pre-commit")) {
            out::warn(&sentence);
            let status = self.pre_commit()?;
            if status != ExitStatus::Pass {
                return Ok(status);
            }
        }
        let context = self.context(&repo);
        let path = self.env.current_dir.join(path);
        let text = regular::read(&path, LastLink::Follow, MESSAGE)
            .with_context(|| format!("could not read the message in `{}`", path.display()))?;
        let comment = message::comment_string(&repo, &text)?;
        let text = as_committed(&text, message::cleanup(context)?, &comment);
        let mut effective = policy::policy_of_head(context)?;
        bypass.apply(&mut effective.policy);
        let findings = gates::check_message(&text, &LocationKind::CommitMessage, &effective);
        let findings = findings.into_iter().map(Reported::unrecorded).collect();
        let report = build_report(findings, Vec::new(), started);
        if report.verdict == Verdict::Pass {
            print_one_line(&report, None);
            control::start_on_demand(context, &effective.policy.watch);
        } else {
            out::talk(render(&report, OutputFormat::Human));
            let kept = path.display();
            out::hint(&format!("nothing was committed; the message is kept in `{kept}`"));
        }
        Ok(report.verdict.into())
    }

    /// An error after a commit is only reported.
    fn report_only(&self, done: Result<()>) -> ExitStatus {
        if let Err(error) = done {
            out::warn(&format!("{}: {error:#}", self.name));
        }
        ExitStatus::Pass
    }

    fn post_commit(&self) -> Result<()> {
        let repo = self.repo()?;
        if recorded(&repo).contains(&"pre-commit") {
            Self::after_unchecked(&repo);
            return Ok(());
        }
        let Some(event) = inbox_event::of_commit(&repo)? else { return Ok(()) };
        inbox_event::drop_in(&repo, &event)?;
        let context = self.context(&repo);
        let effective = policy::policy_of_head(context)?;
        control::start_on_demand(context, &effective.policy.watch);
        Ok(())
    }

    /// Says what there is to say where neither hook that runs before a commit ran.
    fn after_unchecked(repo: &Repo) {
        let lost = lost_hooks(repo);
        if let Some(sentence) = lost.sentence()
            && lost.has("pre-commit")
            && (lost.has("commit-msg") || !recorded(repo).contains(&"commit-msg"))
        {
            out::warn(&format!("this commit was NOT checked: {sentence}"));
        }
    }

    fn post_rewrite(&self, input: &[u8]) -> Result<()> {
        let repo = self.repo()?;
        let command = self.args.first().map(|name| name.to_string_lossy()).unwrap_or_default();
        inbox_event::drop_in(&repo, &inbox_event::of_rewrite(&repo, &command, input))
    }

    fn pre_push(&self, input: &[u8]) -> Result<ExitStatus> {
        let started = Instant::now();
        let updates = parse_pre_push(input);
        let tips: Vec<Oid> = updates.iter().flatten().map(|update| update.new.clone()).collect();
        let Some((repo, bypass)) = self.asked(|_| tips.clone())? else {
            return Ok(ExitStatus::Pass);
        };
        if let Some(lost) = lost_hooks(&repo).but(self.name).sentence() {
            out::warn(&lost);
        }
        let (updates, receiver) = (updates?, self.receiver(&repo)?);
        let context = self.context(&repo);
        bookkeeping::warn_once(context, tell_background(&repo));
        bookkeeping::warn_once(context, past_hooks::tell_pushes(context, &receiver, &updates));
        let mut evaluation = evaluate_push(context, &bypass, &updates, &receiver)?;
        self.tell_weaker(&repo, NOT_IN_FULL, &evaluation.weakened_by_user, &[]);
        let off = review::switched_off::variables(context, &evaluation.commits);
        self.tell_weaker(&repo, NO_REVIEWS, &off, &tips);
        if !evaluation.refuses() && !bypass.is_any() {
            consult_reviews(context, &mut evaluation);
            if !evaluation.refuses() {
                bookkeeping::warn_once(context, PassedCommits::add_tips(&repo, &tips));
            }
        }
        Ok(print_push(evaluation, Guarded::Push, context, started))
    }

    /// Where the push goes. Git gives the address in place of a name where no remote is named; the
    /// address may be a short form that git rewrites (`url.*.insteadOf`), and is no remote then.
    fn receiver(&self, repo: &Repo) -> Result<Receiver> {
        let Some(name) = self.args.first().and_then(|name| name.to_str()) else {
            return Ok(Receiver::Address);
        };
        let is_remote = repo.remotes()?.iter().any(|remote| remote == name);
        Ok(if is_remote { Receiver::Remote(name.to_owned()) } else { Receiver::Address })
    }

    fn pre_receive(&self, input: &[u8]) -> Result<ExitStatus> {
        let started = Instant::now();
        // A user who pushes over ssh may set variables, and has a home: neither has a say here.
        let env = self.env.of_server();
        let repo = Repo::discover(&env.current_dir, Some(&env))?;
        let updates = parse_pre_receive(input)?;
        let (context, bypass) =
            (Context::without_flags(&repo, &env, &notice::print), Bypass::default());
        let evaluation = evaluate_push(context, &bypass, &updates, &Receiver::Here)?;
        Ok(print_push(evaluation, Guarded::PushHere, context, started))
    }
}

fn stdin() -> Result<Vec<u8>> {
    let mut input = Vec::new();
    std::io::stdin()
        .read_to_end(&mut input)
        .context("could not read what git writes to the hook")?;
    Ok(input)
}
