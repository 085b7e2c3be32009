//! What a run needs before it begins, so that nothing is paid for what could not end.

use std::path::{Path, PathBuf};

use anyhow::Result;
use bstr::BStr;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::agent::{Role, is_same_family};
use crate::domain::model::change::TreeEntry;
use crate::domain::model::error::hinted;
use crate::domain::model::notice::Progress;
use crate::domain::model::size::Size;
use crate::domain::model::text::{counted, shell_word, short_id};
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::about::{RunMode, RunOptions, RunPurpose, SpecAbout};
use crate::domain::pipeline::spec_run::chosen_role::ChosenRole;
use crate::domain::pipeline::spec_run::stage::Snapshot;
use crate::domain::planning::page_changes;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::run_settings::RunSettings;
use crate::domain::policy::settings::Policy;
use crate::domain::research::decision::ResearchAsked;
use crate::domain::spec::classify::{Classification, classify};
use crate::domain::spec::problem::{LintRule, SpecProblem};
use crate::domain::spec::read::read;
use crate::domain::spec::types::{Spec, SpecMode, SpecStatus, Verify};
use crate::flow::call::roles;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::call::route::assign_reviewers;
use crate::flow::context::Context;
use crate::flow::evaluate::command_selection::test_commands;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::review::spec_commands::commands_of;
use crate::flow::review::{belonging, named_spec};
use crate::flow::run::earlier::SpecBeside;
use crate::flow::run::{base, chosen, document_paths, earlier, fast_needs, research_asked};
use crate::flow::setup::consent;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::config::env::now;
use crate::platform::config::random;
use crate::platform::git::command::succeeded;
use crate::platform::git::hooks_dir::git_version;
use crate::platform::git::repo::Repo;

/// What a run is performed with.
pub struct Prepared {
    pub about: SpecAbout,
    pub spec: Spec,
    pub effective: EffectivePolicy,
    pub researcher: AssignedAgent,
    pub planner: AssignedAgent,
    /// Of another vendor than the planner where one can be had.
    pub plan_reviewer: AssignedAgent,
    pub executor: AssignedAgent,
    /// Where the agents' programs keep what is theirs.
    pub agents_home: PathBuf,
}

/// Reads the spec and looks whether it can be built.
pub fn prepare(
    context: Context<'_>,
    spec: &Path,
    mode: RunMode,
    options: RunOptions,
) -> Result<Prepared> {
    let copy = named_spec::copy_spec(context, spec)?;
    refuse_text(&copy, |path| {
        format!(
            "`tribunal run --text - <{path}` has a spec written of it and builds that, as does a file with the name \
             `idea.md`; `tribunal spec new ID` writes a spec to fill in"
        )
    })?;
    let spec = belonging::parse_spec(&copy)?;
    refuse_status(&spec)?;
    let counted_size = size_of(&copy).counted;
    let SpecBeside { copy, spec, earlier } = earlier::beside(context, copy, spec)?;
    let begun = begun(context, copy, &spec)?;
    let mut about = SpecAbout { counted_size, mode, options, earlier, ..begun };
    if spec.mode == Some(SpecMode::Research) && mode != RunMode::Fast {
        // What one task builds is not planned, and there would be nothing to look first for.
        about.stated_size = about.stated_size.map(|size| size.max(Size::M));
        about.counted_size = about.counted_size.max(Size::M);
    }
    if mode != RunMode::Fast {
        document_paths::refuse_in_the_way(context.repo, &about)?;
        return complete(context, about, spec);
    }
    fast_needs::refuse_size(&about)?;
    let prepared = complete(context, about, spec)?;
    let refused = prepared.effective.policy.runs.fast_dirty;
    fast_needs::refuse_uncommitted(context, &prepared.about, refused)?;
    Ok(prepared)
}

/// The same for research alone, which needs neither tests nor who builds; the spec may be a draft.
pub fn prepare_research(
    context: Context<'_>,
    spec: &Path,
    roles: Vec<ChosenRole>,
) -> Result<Prepared> {
    let copy = named_spec::copy_spec(context, spec)?;
    refuse_text(&copy, |path| {
        format!(
            "`tribunal plan --text - <{path} --set runs.research=always` has a spec written of it, and looks into that \
             where it is more than one task"
        )
    })?;
    let spec = belonging::parse_spec(&copy)?;
    let options = RunOptions { roles, ..RunOptions::default() };
    let purpose = RunPurpose::Research;
    let about = SpecAbout { options, purpose, ..begun(context, copy, &spec)? };
    complete(context, about, spec)
}

/// Refuses a text that is no spec, with what `hint` says of its path.
fn refuse_text(copy: &SpecCopy, hint: impl FnOnce(String) -> String) -> Result<()> {
    let name = copy.path.file_name().unwrap_or_default().to_string_lossy();
    let reading = read(copy.text.as_bytes(), &name);
    let is_text = |problem: &SpecProblem| problem.rule == LintRule::NotASpec;
    let Some(problem) = reading.problems.iter().find(|problem| is_text(problem)) else {
        return Ok(());
    };
    let path = shell_word(&copy.path.to_string_lossy());
    Err(hinted(format!("`{}`: {}", copy.path.display(), problem.message), hint(path)))
}

/// What is built, on what, before it is known who builds it.
pub(super) fn begun(context: Context<'_>, copy: SpecCopy, spec: &Spec) -> Result<SpecAbout> {
    let base = base::find(context.repo, spec)?;
    let base_tree = context.repo.tree_of(&base.commit)?;
    let mut documents = Vec::new();
    for path in page_changes::PAGES {
        let entry = context.repo.objects.entry(&base_tree, BStr::new(path))?;
        documents.extend(entry.filter(TreeEntry::is_regular).map(|_| path.to_owned()));
    }
    Ok(SpecAbout {
        spec: copy,
        spec_id: spec.id.clone(),
        title: spec.title.clone(),
        criteria: spec.all_criteria().map(|one| one.id.clone()).collect(),
        for_people: for_people(spec),
        touches: spec.touches.clone(),
        stated_size: spec.size,
        counted_size: Size::S,
        mode: RunMode::Auto,
        base: base.commit,
        base_tree,
        base_name: base.name,
        base_ref: base.full,
        branch: format!("tribunal/{}", spec.id),
        started: now(context.env),
        seed: blake3::hash(random::id().to_string().as_bytes()).to_hex().to_string(),
        asked: String::new(),
        report: None,
        idea: None,
        options: RunOptions::default(),
        research: ResearchAsked::default(),
        purpose: RunPurpose::Build,
        earlier: None,
        documents,
    })
}

/// The same for a run that was begun; what it was begun with holds.
pub fn again(context: Context<'_>, run: &SpecRun) -> Result<Prepared> {
    let spec = belonging::parse_spec(&run.about.spec)?;
    let prepared = complete(context, run.about.clone(), spec)?;
    if prepared.about.asked != run.about.asked {
        return Err(hinted(
            "the policy of the base or the executor changed since the run was stopped",
            format!(
                "change it back, or end the run with `tribunal abort {}` and begin again",
                short_id(&run.id)
            ),
        ));
    }
    Ok(prepared)
}

/// The same for a run that goes on upon another base.
pub fn upon(context: Context<'_>, run: &SpecRun, base: &Snapshot) -> Result<Prepared> {
    let Snapshot { tree, commit } = base.clone();
    let about = SpecAbout { base: commit, base_tree: tree, ..run.about.clone() };
    let spec = belonging::parse_spec(&run.about.spec)?;
    complete(context, about, spec)
}

/// The same, with who builds it, once what is missing would have been said.
pub(super) fn complete(context: Context<'_>, mut about: SpecAbout, spec: Spec) -> Result<Prepared> {
    let effective = policy::read_policy(context, Some(&about.base_tree), RuleSelection::All)?;
    chosen::refuse_unknown(&effective.policy, &about.options.roles)?;
    if about.is_research_only() {
        return for_research(context, about, spec, effective);
    }
    if about.asked.is_empty() {
        let RunSettings { ask_every, extend, tasks_at_once, .. } = effective.policy.runs;
        let tasks_at_once = match tasks_at_once.min(effective.policy.agents.parallel) {
            // Gits before 2.40 cannot put the one upon the other without a work tree.
            several @ 2.. if git_version(&context.repo.git_dir)? >= (2, 40) => several,
            _ => 1,
        };
        let ask_before = effective.policy.planning.ask_before.clone();
        about.options =
            RunOptions { ask_every, tasks_at_once, extend, ask_before, ..about.options };
        about.research = research_asked::asked_of(context, &effective.policy, &spec, &about)?;
    }
    refuse_commands(context, &effective, &spec, &about)?;
    refuse_identity(context.repo)?;
    let agents_home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &agents_home);
    let executor = roles::find_agent(&effective.policy, Role::Executor, agent_env)
        .map_err(|missing| hinted(missing.message, missing.hint))?;
    if !executor.agent.can_write() {
        return Err(hinted(
            format!("the agent `{}` cannot write, and an executor has to", executor.name),
            "`tribunal agents` shows what each can do",
        ));
    }
    // Where no planner is here the executor plans, in a process of its own.
    let planner = roles::find_agent(&effective.policy, Role::Planner, agent_env)
        .unwrap_or_else(|_| executor.clone().in_role(Role::Planner, &effective.policy));
    let researcher = research_asked::researcher(&effective.policy, agent_env, Some(&planner))?;
    let plan_reviewer = match about.mode {
        // Nobody plans, and nobody reviews.
        RunMode::Fast => executor.clone(),
        RunMode::Auto | RunMode::Manual => {
            plan_reviewer(context, &effective.policy, agent_env, &planner, &executor)?
        }
    };
    about.asked = asked_hash(&about, &effective, [&executor.name, &planner.name]);
    Ok(Prepared {
        about,
        spec,
        effective,
        researcher,
        planner,
        plan_reviewer,
        executor,
        agents_home,
    })
}

/// What makes a run another one, beside its choices.
fn asked_hash(about: &SpecAbout, effective: &EffectivePolicy, who: [&String; 2]) -> String {
    let source = about.source_hash();
    let [executor, planner] = who.map(String::as_str);
    let fields = [effective.lasting_hash.as_str(), &source, about.base.as_str(), executor, planner];
    blake3::hash(fields.join("\n").as_bytes()).to_hex().to_string()
}

/// The rest of what research alone is performed with: nobody else is asked.
fn for_research(
    context: Context<'_>,
    mut about: SpecAbout,
    spec: Spec,
    effective: EffectivePolicy,
) -> Result<Prepared> {
    research_asked::refuse_forbidden(&effective.policy)?;
    let agents_home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &agents_home);
    let researcher = research_asked::researcher(&effective.policy, agent_env, None)?;
    about.asked = asked_hash(&about, &effective, [&researcher.name, &researcher.name]);
    let [planner, plan_reviewer, executor] = [(); 3].map(|()| researcher.clone());
    Ok(Prepared {
        about,
        spec,
        effective,
        researcher,
        planner,
        plan_reviewer,
        executor,
        agents_home,
    })
}

/// Who reviews plans. Without reviewers nothing could be built but in fast mode.
fn plan_reviewer(
    context: Context<'_>,
    policy: &Policy,
    agent_env: AgentEnv<'_>,
    planner: &AssignedAgent,
    executor: &AssignedAgent,
) -> Result<AssignedAgent> {
    let assignment = assign_reviewers(policy, agent_env)?;
    let Some(reviewers) = assignment.reviewers else {
        return Err(hinted(
            format!("nobody can review what is built: {}", assignment.notes.join("; ")),
            "`tribunal doctor` shows which agents are here",
        ));
    };
    for note in &assignment.notes {
        context.notify(Progress::Assignment(note.clone()));
    }
    let others = [&reviewers.reviewer, &reviewers.arbiter, executor];
    Ok(of_another_vendor(planner, others).in_role(Role::Reviewer, policy))
}

/// The first that is not of the planner's vendor, else the first.
fn of_another_vendor(planner: &AssignedAgent, others: [&AssignedAgent; 3]) -> AssignedAgent {
    let family = planner.agent.family();
    let other = others.into_iter().find(|one| !is_same_family(one.agent.family(), family));
    other.unwrap_or(others[0]).clone()
}

/// The ids of the criteria that are to be verified by a person.
fn for_people(spec: &Spec) -> Vec<String> {
    let by_people = |ways: &[Verify]| ways.iter().any(|way| matches!(way, Verify::Human));
    let all = spec.verified_by().filter(|(_, ways)| by_people(ways));
    all.map(|(criterion, _)| criterion.id.clone()).collect()
}

/// How large the spec is by what can be counted.
fn size_of(copy: &SpecCopy) -> Classification {
    let name = copy.path.file_name().unwrap_or_default().to_string_lossy();
    classify(&read(copy.text.as_bytes(), &name))
}

fn refuse_status(spec: &Spec) -> Result<()> {
    let (what, hint) = match spec.status {
        SpecStatus::Ready => return Ok(()),
        SpecStatus::Draft => {
            ("is a draft", "set `status: ready` in its front matter once it is whole")
        }
        SpecStatus::Done => {
            ("is done", "set `status: ready` in its front matter to have it built again")
        }
    };
    Err(hinted(format!("the spec `{}` {what}", spec.id), hint))
}

/// Without a command that tells which tests ran nothing can be shown; without the person's yes none runs.
fn refuse_commands(
    context: Context<'_>,
    effective: &EffectivePolicy,
    spec: &Spec,
    about: &SpecAbout,
) -> Result<()> {
    if effective.policy.gates.commands.level.effect().is_none() {
        return Err(hinted(
            "`gates.commands` is `off`, so nothing that is built could be shown to work",
            "set it to `block` or `warn`",
        ));
    }
    let tests = test_commands(&effective.policy);
    if tests.is_empty() {
        return Err(hinted(
            "no command of the base's policy tells which tests ran, so nothing that is built could be shown to work",
            "give the `[[commands]]` that runs the tests a `format` (`junit`, `go-test`, `libtest`, `jest`), \
             and commit it to the base",
        ));
    }
    let agreed = consent::load(context.repo, context.env)?;
    let untrusted = |command: &&CommandGate| !consent::trusts(&agreed, command);
    let names = effective.policy.commands.iter().filter(untrusted);
    let names: Vec<String> = names.map(|command| format!("`{}`", command.name)).collect();
    let of_spec = commands_of(spec, &effective.policy).into_iter();
    let count = of_spec.filter(|command| !consent::trusts(&agreed, &command.gate)).count();
    let steps = effective.policy.prepare.iter();
    let steps = steps.filter(|step| !consent::trusts_step(&agreed, step));
    let steps: Vec<String> = steps.map(|step| format!("`{}`", step.run)).collect();
    if names.is_empty() && !steps.is_empty() {
        return Err(hinted(
            format!("you have not agreed to what `[[prepare]]` runs: {}", steps.join(", ")),
            "`tribunal trust` shows it and asks",
        ));
    }
    if names.is_empty() && count > 0 {
        let path = about.spec.path.display();
        return Err(hinted(
            format!("you have not agreed to {} of the spec", counted(count, "command")),
            format!("`tribunal trust --spec {path}` shows them and asks"),
        ));
    }
    if names.is_empty() {
        return Ok(());
    }
    Err(hinted(
        format!("you have not agreed to the commands of this repository: {}", names.join(", ")),
        "`tribunal trust` shows them and asks",
    ))
}

/// Git must know who commits, before anything is built.
fn refuse_identity(repo: &Repo) -> Result<()> {
    let output = repo.git().args(["var", "GIT_COMMITTER_IDENT"]).capture()?;
    match succeeded(&output, "git var") {
        Ok(_) => Ok(()),
        Err(_) => Err(hinted(
            "git does not know who you are, and what is built is committed in your name",
            "`git config user.name NAME` and `git config user.email ADDRESS` tell it",
        )),
    }
}
