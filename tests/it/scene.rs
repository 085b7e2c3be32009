//! A person at work: a sandbox with settings, agents and those who answer for them, and repositories.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::brain::{BUGGY, LEFT_OUT, Question, diligent};
use crate::harness::{Outcome, Repo, Sandbox, executable, run};
use crate::model_server::{Asked, ModelServer, Say};
use crate::real::Programs;
use crate::stand_in::StandIns;

/// What a person who has subscriptions logs in with.
pub const TOKENS: [(&str, &str); 2] =
    [("CLAUDE_CODE_OAUTH_TOKEN", "key-for-one"), ("CODEX_API_KEY", "key-for-the-other")];

/// What a person who pays by use logs in with.
pub const KEYS: [(&str, &str); 2] =
    [("ANTHROPIC_API_KEY", "key-for-one"), ("CODEX_API_KEY", "key-for-the-other")];

/// Who answers for the agents.
pub enum Model {
    /// There are no agents, or each is a script that answers for itself.
    Nobody,
    Server(ModelServer),
    StandIns(StandIns),
}

/// A sandbox with agents, which go before it: their folder is in it.
pub struct Scene {
    pub model: Model,
    pub sandbox: Sandbox,
}

impl Scene {
    /// With stand-ins of claude and codex, for which this brain answers.
    pub fn new(settings: &str, brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let sandbox = Sandbox::new();
        let agents = StandIns::start(&sandbox.path().join("stand-ins"), brain);
        let programs = programs([(&agents.claude(), ""), (&agents.codex(), "")]);
        Self::of(sandbox, Model::StandIns(agents), &(programs + settings))
    }

    /// With the real claude and codex, for whose models this brain answers.
    pub fn real(
        sandbox: Sandbox,
        real: &Programs,
        settings: &str,
        brain: impl Fn(&Asked) -> Say + Send + Sync + 'static,
    ) -> Self {
        let server = ModelServer::start(brain);
        let programs = programs([(&real.claude, &server.url()), (&real.codex, &server.v1())]);
        Self::of(sandbox, Model::Server(server), &(programs + settings))
    }

    /// With a reviewer and an arbiter of two vendors behind a model server, `eye` and `scale`.
    pub fn with_model_server(brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let server = ModelServer::start(brain);
        let settings = reviewers(&server);
        Self::of(Sandbox::new(), Model::Server(server), &settings)
    }

    /// With agents that the settings alone tell of.
    pub fn of(sandbox: Sandbox, model: Model, settings: &str) -> Self {
        sandbox.settings(settings);
        Self { model, sandbox }.logged_in(&TOKENS)
    }

    /// With a reviewer that quotes a secret in what it says, which must be kept nowhere.
    pub fn diligent() -> Self {
        let brain = diligent(&[LEFT_OUT]);
        Self::new("", move |asked| match brain(asked) {
            Say::Words(mut words) => {
                words.delay = Duration::from_millis(20);
                if let Some(finding) =
                    words.json.as_mut().and_then(|j| j.pointer_mut("/findings/0"))
                {
                    finding["failure"] = format!("with {} the last item is lost", secret()).into();
                }
                Say::Words(words)
            }
            other => other,
        })
    }

    /// The same, where the person logs in with these variables alone.
    pub fn logged_in(mut self, by: &[(&'static str, &str)]) -> Self {
        self.sandbox.vars = by.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.sandbox.vars.push(("TRIBUNAL_TEST_BACKOFF", "5".to_owned()));
        self
    }

    /// Every question, in the order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        match &self.model {
            Model::Nobody => Vec::new(),
            Model::Server(server) => server.asked(),
            Model::StandIns(agents) => agents.asked(),
        }
    }

    /// The processes of stand-ins that are still alive.
    pub fn alive(&self) -> Vec<String> {
        match &self.model {
            Model::Nobody | Model::Server(_) => Vec::new(),
            Model::StandIns(agents) => agents.alive(),
        }
    }

    /// A repository with one commit, of a library without code.
    pub fn library(&self) -> Repo<'_> {
        let repo = self.sandbox.repo("r");
        repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
        repo
    }

    /// A library whose last commit brings the code in.
    pub fn library_of(&self, code: &str) -> Repo<'_> {
        let repo = self.library();
        repo.write("src/sum.rs", code).commit_unjudged("feat: sum");
        repo
    }

    /// A library whose last commit brings the mistake in.
    pub fn repo(&self) -> Repo<'_> {
        self.library_of(BUGGY)
    }

    /// A library whose last commit is reviewed in two chunks, and has the mistake in each.
    pub fn two_chunks(&self) -> Repo<'_> {
        let repo = self.library();
        for name in ["one", "two"] {
            let lines = (0..60).map(|line| format!("/// Line {line} of {name}.\n"));
            repo.write(format!("src/{name}.rs"), lines.collect::<String>() + BUGGY);
        }
        repo.commit_unjudged("feat: two sums");
        repo
    }

    /// A library with hooks and a remote, whose `main` has this policy and is pushed; its person agreed
    /// to reviews in the background.
    pub fn guarded(&self, policy: &str) -> Repo<'_> {
        let repo = self.library();
        repo.write("tribunal.toml", format!("[gates]\nscope = \"off\"\n{policy}"));
        repo.commit_unjudged("chore: policy").push_to(&self.sandbox.bare("origin.git"));
        repo.tribunal(&["hooks", "install"]).ok();
        repo.tribunal(&["trust", "reviews", "--yes"]).ok();
        repo
    }
}

/// What the reviewer of `Scene::diligent` quotes.
pub fn secret() -> String {
    ["AKIA", "Z7QW", "3RTY", "5UIO", "P2AS"].concat()
}

/// The settings of claude and codex: where each is, and where its model is.
fn programs([claude, codex]: [(&PathBuf, &str); 2]) -> String {
    let entry = |(path, endpoint): (&PathBuf, &str)| {
        format!("{{ path = \"{}\", endpoint = \"{endpoint}\" }}", path.display())
    };
    format!("[programs]\nclaude = {}\ncodex = {}\n", entry(claude), entry(codex))
}

/// The settings of a reviewer and an arbiter of two vendors behind a model server.
pub fn reviewers(server: &ModelServer) -> String {
    let roles = "[agents]\nreviewer.use = \"eye\"\narbiter.use = \"scale\"\nretries = 0\n";
    let [one, two] =
        [["eye", "one"], ["scale", "two"]].map(|name| served(server, name, "PERSON_KEY"));
    [roles, &one, &two].concat()
}

/// The settings of an agent behind a model server.
pub fn served(server: &ModelServer, [name, family]: [&str; 2], key: &str) -> String {
    format!(
        "[[http-agent]]\nname = \"{name}\"\nfamily = \"{family}\"\nendpoint = \"{}\"\n\
         protocol = \"openai\"\nmodel = \"m\"\nkey = \"{key}\"\n",
        server.v1()
    )
}

/// The settings of an agent that is a script of that name in the sandbox and is given these words.
pub fn script(sandbox: &Sandbox, [name, family]: [&str; 2], words: &[&str], body: &str) -> String {
    let program = sandbox.path().join(name);
    executable(&program, format!("#!/bin/sh\n{body}\n"));
    let run = [&[program.to_str().unwrap()], words].concat();
    format!(
        "[[command-agent]]\nname = \"{name}\"\nfamily = \"{family}\"\nrun = {run:?}\n\
         run-writing = {run:?}\n"
    )
}

/// The program beside the test, with its streams in files.
pub struct Beside {
    pub child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Beside {
    /// Starts it; its files have that name.
    pub fn start(repo: &Repo<'_>, words: &[&str], name: &str) -> Self {
        Self::start_with(repo, words, name, &[])
    }

    /// With more variables.
    pub fn start_with(repo: &Repo<'_>, words: &[&str], name: &str, vars: &[(&str, &str)]) -> Self {
        let path = |end: &str| repo.sandbox.path().join(format!("{name}.{end}"));
        let (out, err) = (path("out"), path("err"));
        let mut command = repo.command(words);
        command.stdin(Stdio::null()).envs(vars.iter().copied());
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Self { child: command.spawn().unwrap(), out, err }
    }

    /// What it has said until now.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Outcome {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let stdout = fs::read_to_string(&self.out).unwrap();
        Outcome { code, stdout, stderr: self.said() }
    }
}

/// A watcher in the background, ended when the test is over.
pub struct Watcher<'a>(pub &'a Repo<'a>);

impl<'a> Watcher<'a> {
    /// Starts it, as the person in the sandbox would, who agreed to reviews.
    pub fn start(repo: &'a Repo<'a>) -> Self {
        repo.tribunal(&["trust", "reviews", "--yes"]).ok();
        Self::without_reviews(repo)
    }

    /// The same for a person who was not asked about reviews.
    pub fn without_reviews(repo: &'a Repo<'a>) -> Self {
        let mut start = repo.command(&["daemon", "start"]);
        start.env_remove("TRIBUNAL_NO_DAEMON");
        run(start, b"").ok();
        Self(repo)
    }

    /// Whether it has done all that is to be done about the present HEAD.
    pub fn knows_head(&self) -> bool {
        let text = fs::read(self.0.path(".git/tribunal/heads.json")).unwrap_or_default();
        let heads: Value = serde_json::from_slice(&text).unwrap_or_default();
        let seen = heads.as_object().and_then(|heads| heads.values().next());
        seen.is_some_and(|seen| seen["head"] == self.0.rev("HEAD"))
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        self.0.tribunal(&["daemon", "stop"]);
    }
}

/// The state of a run that ended, as a kill just before it was closed leaves it.
pub fn unclosed(state: &str) -> String {
    let (ended, closing) = ("\"ended\": {", "\"closing\": {");
    assert!(state.contains(ended), "{state}");
    // The stage stands before the journal.
    state.replacen(ended, closing, 1)
}

/// Reviews, and reports for programs.
pub fn review(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    repo.tribunal(&[&["review", "--format", "json"], words].concat())
}

/// The files that reviewers were shown since so many questions.
pub fn shown(scene: &Scene, since: usize) -> Vec<String> {
    let asked = scene.asked();
    let sections = asked[since..].iter().flat_map(|asked| Question::read(asked).sections);
    let mut paths: Vec<String> = sections.map(|section| section.path).collect();
    paths.sort();
    paths.dedup();
    paths
}
