//! Has an agent word the message of a commit: once, and once more with what was wrong.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStringExt as _;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::committing::prompt::{CommitPrompt, commit_message};
use crate::domain::committing::worded::{WordedMessage, parse, schema};
use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::agent::Role;
use crate::domain::model::globs;
use crate::domain::model::notice::Progress;
use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::flow::call::apart::CallsApart;
use crate::flow::call::roles;
use crate::flow::commit::PreparedCommit;
use crate::flow::context::Context;
use crate::flow::review::request::{AskError, ParsedRequest, request_parsed};
use crate::platform::agents::ask::{Access, Answer};
use crate::platform::config::random;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;

/// How many bytes of paths one git command is given.
const PATHS_MAX: usize = 100_000;

/// How many commits show how messages are worded.
const BEFORE: &str = "--max-count=12";

/// What an agent made of it.
#[derive(Clone, Debug)]
pub enum Worded {
    Message {
        text: String,
        by: String,
    },
    /// It is not in the form, for that reason.
    Unfit {
        text: String,
        by: String,
        why: String,
    },
    /// Why nobody worded one.
    Nobody(String),
}

/// Has the executor, who words the commits of runs as well, word the message.
pub fn word(context: Context<'_>, prepared: &PreparedCommit<'_>) -> Result<Worded> {
    let (repo, policy) = (context.repo, &prepared.effective.policy);
    if policy.agents.route == RouteChoice::C {
        return Ok(Worded::Nobody("no agent is asked: `agents.route` is `C`".to_owned()));
    }
    let home = roles::agents_home(repo);
    let agent_env = roles::agent_env(repo, context.env, &home);
    let executor = match roles::find_agent(policy, Role::Executor, agent_env) {
        Ok(executor) => executor,
        Err(missing) => {
            return Ok(Worded::Nobody(format!("{} (hint: {})", missing.message, missing.hint)));
        }
    };
    context.notify(Progress::Assignment(format!("{} words the message", executor.name)));
    let form = &policy.gates.commit_message;
    let nonce = format!("{:012x}", random::number() & 0xffff_ffff_ffff);
    let (diff, before) = (redact_str(&shown(repo, prepared)?), before(repo, prepared)?);
    let ask = CommitPrompt { diff: &diff, before: &before, policy: form, fence_nonce: &nonce };
    let (prompt, schema) = (commit_message(ask), schema());
    let calls = CallsApart::begin(context)?;
    let client = calls.client(context, policy, agent_env, context.notices)?;
    let request = ParsedRequest {
        to: &executor,
        key: "message",
        prompt: &prompt,
        token: &nonce,
        dir: &calls.room()?,
        schema: &schema,
        access: Access::Read,
    };
    let last = RefCell::new(WordedMessage::default());
    let read = |answer: &Answer| {
        let json = answer.json.as_ref().ok_or("it holds no JSON object")?;
        let WordedMessage { subject, body } = parse(json)?;
        let worded = WordedMessage { subject: redact_str(&subject), body: redact_str(&body) };
        last.replace(worded.clone());
        worded.problem(form).map_or(Ok(worded), Err)
    };
    let (worded, answers) = request_parsed(&client, &request, &read)?;
    let by = answers.last().map(|answer| answer.agent.clone()).unwrap_or_default();
    let draft = last.into_inner();
    Ok(match worded {
        Ok(worded) => Worded::Message { text: worded.message(&by), by },
        Err(AskError::Malformed { why, .. }) if !draft.subject.is_empty() => {
            Worded::Unfit { text: draft.message(&by), by, why }
        }
        Err(error) => Worded::Nobody(error.of(&executor).why().to_owned()),
    })
}

/// What is committed as git shows it, apart from what no model is shown.
fn shown(repo: &Repo, prepared: &PreparedCommit<'_>) -> Result<String> {
    let left_out = &prepared.effective.policy.review.leave_out;
    let hidden = globs::union_or_plain(left_out.iter().map(String::as_str));
    let (mut paths, mut bytes) = (Vec::new(), 0);
    for file in &prepared.files {
        let path = OsString::from_vec(file.path.to_vec());
        bytes += path.len();
        if !hidden.is_match(&path) && bytes <= PATHS_MAX {
            paths.push(path);
        }
    }
    let more = prepared.files.len() - paths.len();
    let mut text = String::new();
    if !paths.is_empty() {
        let words = ["diff-tree", "-r", "--patch-with-stat", "--stat=120", "--stat-count=300"];
        let plain = ["-M", "--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short"];
        let from = prepared.base_tree.clone().map_or_else(|| empty_tree(repo), Ok)?;
        // It is no hook that asks: what a partial clone lacks of the base may be fetched.
        let git = repo
            .git()
            .env("GIT_NO_LAZY_FETCH", "0")
            .arg("--literal-pathspecs")
            .args(words)
            .args(plain);
        let git = git.args([from.as_str(), prepared.tree.as_str(), "--"]).args(paths);
        text = succeeded(&git.capture()?, "git diff-tree")?.to_str_lossy().into_owned();
    }
    if more > 0 {
        let _infallible =
            writeln!(text, "(and {} more, which are not shown)", counted(more, "file"));
    }
    Ok(text)
}

fn empty_tree(repo: &Repo) -> Result<Oid> {
    let output = repo.git().args(["hash-object", "-t", "tree", "--stdin"]).capture()?;
    Ok(Oid::parse(succeeded(&output, "git hash-object")?.trim().to_str()?)?)
}

/// The first lines of the last commits.
fn before(repo: &Repo, prepared: &PreparedCommit<'_>) -> Result<Vec<String>> {
    let Some(head) = &prepared.head else { return Ok(Vec::new()) };
    let git =
        repo.git().args(["-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=UTF-8"]);
    let git = git.args(["log", "--no-merges", BEFORE, "--format=%s", head.as_str(), "--"]);
    let output = git.capture()?;
    let text = succeeded(&output, "git log")?.to_str_lossy().into_owned();
    Ok(text.lines().map(redact_str).collect())
}
