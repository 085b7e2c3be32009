//! Calls of real programs: small scripts as agents of the user's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::domain::model::agent::{Cost, Money, Role};
use crate::domain::model::notice::Notice;
use crate::domain::policy::agent_settings::RoleAgent;
use crate::domain::policy::layers::{read_flags, resolve};
use crate::domain::policy::settings::Policy;
use crate::flow::call::cleanup::clean_up_calls;
use crate::flow::call::client::{AgentClient, AgentQuestion};
use crate::flow::call::roles::{AssignedAgent, find_agent};
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::ask::{Access, Outcome, Reply};
use crate::platform::config::env::Env;
use crate::platform::process::Interrupts;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::call::{Call, UNDER_WAY};
use crate::platform::store::ledger::wait::AgentWait;
use crate::platform::store::runs::RunFolder;
use crate::platform::ui::notice;

/// A place for runs with one agent, whose script tells apart how often it was called.
struct Place {
    root: TempDir,
    env: Env,
    policy: Policy,
    said: Mutex<Vec<String>>,
}

impl Place {
    /// The script finds the number of the call in `$n` and what it was asked in `asked.$n`.
    fn new(script: &str, settings: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["state", "work", "home"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let file = root.path().join("agent.sh");
        let count = root.path().join("count").display().to_string();
        let text = format!(
            "cd '{}'\necho >>'{count}'\nn=$(($(wc -l <'{count}')))\ncat >asked.$n\n{script}\n",
            root.path().display()
        );
        fs::write(&file, text).unwrap();
        let agent = format!(
            "command-agent=[{{ name = \"fake\", family = \"f\", run = [\"/bin/sh\", \"{}\"] }}]",
            file.display()
        );
        let mut flags = vec![agent, "agents.reviewer.use=fake".to_owned()];
        flags.extend(settings.iter().map(|flag| (*flag).to_owned()));
        let env = Env::of(&[("TRIBUNAL_TEST_BACKOFF", "1"), ("PATH", "/usr/bin:/bin")]);
        let policy = resolve(&[], &[], &read_flags(&flags).unwrap()).unwrap().policy;
        Self { root, env, policy, said: Mutex::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn state_dir(&self) -> PathBuf {
        self.path("state")
    }

    fn run_folder(&self, run: &str) -> PathBuf {
        self.state_dir().join("runs").join(run)
    }

    fn assigned(&self) -> AssignedAgent {
        let home = self.path("home");
        find_agent(
            &self.policy,
            Role::Reviewer,
            AgentEnv { env: &self.env, repository: None, home: &home },
        )
        .unwrap()
    }

    fn ask_in(&self, run: &str, key: &str, prompt: &str) -> Reply {
        self.try_to_ask(run, key, prompt).unwrap()
    }

    fn try_to_ask(&self, run: &str, key: &str, prompt: &str) -> Result<Reply> {
        let _held = self.hold(run);
        let home = self.path("home");
        let notices = |notice: &Notice| self.said.lock().unwrap().push(notice::line(notice));
        let client = AgentClient {
            env: &self.env,
            policy: &self.policy,
            agent_env: AgentEnv { env: &self.env, repository: None, home: &home },
            state_dir: self.state_dir(),
            run: run.to_owned(),
            shares_with: Box::new(|| Ok(Vec::new())),
            folder: self.run_folder(run),
            interrupts: Interrupts::listen().unwrap(),
            ledger: Mutex::default(),
            unusable: Mutex::default(),
            notices: &notices,
        };
        let question = AgentQuestion {
            to: &self.assigned(),
            key,
            prompt,
            schema: None,
            access: Access::Read,
            dir: &self.path("work"),
        };
        client.ask(&question)
    }

    fn hold(&self, run: &str) -> RunFolder {
        RunFolder::create(&self.state_dir(), run).unwrap()
    }

    fn clean_up_until(&self, done: impl Fn(&Call) -> bool) {
        clean_up_calls(&self.state_dir(), &self.env, &notice::log).unwrap();
        assert!(self.ledger().calls_of("R").unwrap().iter().all(&done));
    }

    fn ask(&self, key: &str) -> Reply {
        self.ask_in("R", key, "what is it?")
    }

    fn times(&self) -> usize {
        fs::read_to_string(self.path("count")).unwrap_or_default().lines().count()
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.state_dir()).unwrap()
    }

    /// Until when the agent is at its limit.
    fn limit(&self) -> Option<Timestamp> {
        let home = self.path("home");
        let agent_env = AgentEnv { env: &self.env, repository: None, home: &home };
        let account = self.assigned().agent.account(agent_env);
        let wait = self.ledger().wait("fake", &account.by, Timestamp::now()).unwrap();
        wait.map(|wait| wait.until)
    }

    fn limit_until(&self, until: Timestamp) {
        let home = self.path("home");
        let agent_env = AgentEnv { env: &self.env, repository: None, home: &home };
        let account = self.assigned().agent.account(agent_env);
        let (agent, why) = ("fake".to_owned(), "a limit".to_owned());
        let wait = AgentWait { agent, until, since: Timestamp::now(), why };
        self.ledger().keep_wait(&wait, &account.by).unwrap();
    }

    fn calls(&self) -> Vec<(String, String)> {
        let calls = self.ledger().calls_of("R").unwrap();
        calls.into_iter().map(|call| (call.key, call.outcome)).collect()
    }
}

fn text_of(reply: &Reply) -> &str {
    match &reply.outcome {
        Outcome::Answered(answer) => answer.text.trim(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn whatever_the_command_no_call_is_made_from_inside_a_call() {
    let mut place = Place::new("echo yes", &[]);
    place.env = Env::of(&[("TRIBUNAL_AGENT", "executor"), ("PATH", "/usr/bin:/bin")]);
    let error = place.try_to_ask("R", "q", "what is it?").unwrap_err();
    assert_eq!(error.to_string(), "no agent can be asked from inside an agent's call");
    assert_eq!(place.times(), 0);
    place.env = Env::of(&[("PATH", "/usr/bin:/bin")]);
    assert_eq!(text_of(&place.ask("q")), "yes");
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn secret() -> String {
    ["AKIA", "Z7QW", "3RTY", "5UIO", "P2AS"].concat()
}

/// Every file below a folder that holds a text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(holding(&entry.path(), text));
        } else {
            let content = fs::read(entry.path()).unwrap();
            if content.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn what_was_answered_is_not_asked_again() {
    let place = Place::new("echo answer $n", &[]);
    for _ in 0..3 {
        assert_eq!(text_of(&place.ask("review-0")), "answer 1");
    }
    assert_eq!(text_of(&place.ask("review-1")), "answer 2");
    assert_eq!(text_of(&place.ask_in("S", "review-0", "q")), "answer 3");
    assert_eq!(place.calls(), pairs(&[("review-0", "answered"), ("review-1", "answered")]));
    let asked = fs::read_to_string(place.path("asked.1")).unwrap();
    let kept = fs::read_to_string(place.run_folder("R").join("calls/review-0/prompt.md")).unwrap();
    assert_eq!(asked, kept);
}

#[test]
fn what_fails_in_passing_is_tried_again_and_each_try_counts() {
    let place = Place::new("test $n -gt 2 && echo yes && exit\necho overloaded >&2; exit 1", &[]);
    assert_eq!(text_of(&place.ask("k")), "yes");
    let calls = pairs(&[("k", "transient"), ("k.2", "transient"), ("k.3", "answered")]);
    assert_eq!(place.calls(), calls);
    // Another process goes through what is kept.
    assert_eq!(text_of(&place.ask("k")), "yes");
    assert_eq!((place.times(), place.calls()), (3, calls));
}

#[test]
fn tries_are_bounded() {
    let place = Place::new("echo overloaded >&2; exit 1", &["agents.retries=2"]);
    for _ in 0..2 {
        assert_eq!(place.ask("k").outcome.as_str(), "transient");
        assert_eq!(place.times(), 3);
    }
    let never = Place::new("echo overloaded >&2; exit 1", &["agents.retries=0"]);
    assert_eq!(never.ask("k").outcome.as_str(), "transient");
    assert_eq!(never.times(), 1);
}

#[test]
fn a_rate_limit_is_waited_for_and_is_no_try() {
    let script = "test $n -gt 2 && echo yes && exit\necho '429: try again in 1s' >&2; exit 1";
    let place = Place::new(script, &["agents.retries=0"]);
    assert_eq!(text_of(&place.ask("k")), "yes");
    let calls = pairs(&[("k", "rate limited"), ("k.2", "rate limited"), ("k.3", "answered")]);
    assert_eq!(place.calls(), calls);
    let said = place.said.lock().unwrap();
    assert!(said.iter().all(|line| line.starts_with("`fake` is at its rate limit")), "{said:?}");
    assert_eq!(said.len(), 2);
}

#[test]
fn a_limit_beyond_the_patience_is_told_kept_and_honoured_by_the_next_process() {
    let script = "echo 'too many requests, try again in 2 hours' >&2; exit 1";
    let place = Place::new(script, &["agents.wait=1h"]);
    assert_eq!(place.ask("k").outcome.as_str(), "rate limited");
    assert_eq!(place.times(), 1);
    let until = place.limit().unwrap();
    for key in ["k", "other"] {
        let reply = place.ask(key);
        assert_eq!(reply.outcome.as_str(), "rate limited");
        assert!(reply.outcome.why().contains("is at its rate limit until"), "{reply:?}");
        assert_eq!(reply.cost.money, Some(Money(0)));
    }
    assert_eq!((place.times(), place.calls()), (1, pairs(&[("k", "rate limited")])));
    assert_eq!(place.limit(), Some(until));
}

#[test]
fn a_limit_that_was_told_to_the_minute_and_is_just_past_holds_nobody_up_for_a_day() {
    let just_past = Timestamp::now() - Duration::from_secs(90);
    let said = format!("usage limit reached, try again at {} UTC", just_past.strftime("%H:%M"));
    let script = format!("test $n -gt 2 && echo yes && exit\necho '{said}' >&2; exit 1");
    let place = Place::new(&script, &["agents.wait=1m"]);
    assert_eq!(text_of(&place.ask("k")), "yes");
    assert_eq!((place.times(), place.limit()), (3, None));
    // What no service would say is not believed.
    let script =
        "test $n -gt 1 && echo yes && exit\necho 'rate limit, try again in 900 days' >&2; exit 1";
    let place = Place::new(script, &["agents.wait=1m"]);
    assert_eq!(text_of(&place.ask("k")), "yes");
}

#[test]
fn another_key_is_not_held_back_by_a_limit() {
    let mut place = Place::new("echo yes", &["agents.wait=1s"]);
    let with_key = |key: &str| {
        Env::of(&[("KEY", key), ("PATH", "/usr/bin:/bin"), ("TRIBUNAL_TEST_BACKOFF", "1")])
    };
    place.env = with_key("one");
    place.policy.command_agent[0].env = vec!["KEY".to_owned()];
    place.limit_until(Timestamp::now() + Duration::from_hours(1));
    assert_eq!(place.ask("k").outcome.as_str(), "rate limited");
    place.env = with_key("two");
    assert_eq!(text_of(&place.ask("k")), "yes");
}

#[test]
fn a_stored_limit_is_waited_out_before_any_call() {
    let place = Place::new("echo yes", &[]);
    let until = Timestamp::now() + Duration::from_millis(150);
    place.limit_until(until);
    assert_eq!(text_of(&place.ask("k")), "yes");
    assert!(Timestamp::now() >= until);
}

#[test]
fn a_call_that_would_break_a_budget_is_not_made_and_unknown_is_not_zero() {
    // The program tells no cost: each call counts for what a thousand tokens cost, and a little more.
    let place = Place::new("echo yes", &["budget.run=1.05"]);
    for key in ["a", "b"] {
        assert_eq!(place.ask(key).outcome.as_str(), "answered");
    }
    let over = place.ask("c");
    assert_eq!(over.outcome.as_str(), "over budget");
    assert_eq!(
        over.outcome.why(),
        "a call of up to $1.00 would break the budget of the run, which is $1.05: \
         about $0.0600 estimated for calls that told no cost"
    );
    assert_eq!(place.times(), 2);
    // What is answered already stays answered; another run has a budget of its own.
    assert_eq!(place.ask("a").outcome.as_str(), "answered");
    assert_eq!(place.ask_in("S", "c", "q").outcome.as_str(), "answered");

    let day = Place::new("echo yes", &["budget.day=1.01"]);
    assert_eq!(day.ask("a").outcome.as_str(), "answered");
    let over = day.ask_in("S", "a", "q");
    assert!(over.outcome.why().contains("the budget of the day, which is $1.01"), "{over:?}");
}

#[test]
fn the_budget_of_a_role_binds_every_agent() {
    let settings = ["prices.default={ input = 5000.0, output = 5000.0 }"];
    let place = Place::new("echo yes", &settings);
    let reply = place.ask("a");
    assert_eq!(
        reply.outcome.why(),
        "a call to `fake` would cost about $5.01, and `agents.reviewer.budget` is $1.00"
    );
    assert_eq!((reply.outcome.as_str(), place.times()), ("over budget", 0));
}

#[test]
fn what_the_service_refused_or_was_never_reached_counts_for_nothing() {
    for said in [
        "error sending request: connection refused",
        "could not resolve host",
        "503 service unavailable",
        "529 overloaded",
        "429 too many requests, try again in 2 hours",
        "your quota is used up",
        "401 unauthorized",
    ] {
        let script = format!("echo '{said}' >&2; exit 1");
        let place = Place::new(&script, &["agents.retries=1", "agents.wait=1s", "budget.run=1"]);
        let reply = place.ask("a");
        assert_eq!(reply.cost.money, Some(Money(0)), "{reply:?}");
        for call in place.ledger().calls_of("R").unwrap() {
            assert_eq!(call.counted(), Money(0), "{call:?}");
        }
    }
    // What broke off while a model was at work may have cost something.
    let place = Place::new("echo 'the connection was lost' >&2; exit 1", &["agents.retries=0"]);
    assert_eq!(place.ask("a").cost.money, None);
    let calls = place.ledger().calls_of("R").unwrap();
    assert!((1..100_000).contains(&calls[0].counted().0), "{calls:?}");
}

#[test]
fn a_program_that_never_ran_costs_nothing() {
    let place = Place::new("exit 127", &["budget.run=1"]);
    for key in ["a", "b", "c"] {
        let reply = place.ask(key);
        assert_eq!(reply.outcome.as_str(), "could not start");
        assert_eq!(reply.cost.money, Some(Money(0)));
    }
}

#[test]
fn no_secret_reaches_the_agent_or_stays_of_what_it_said() {
    let key = secret();
    let script = format!("echo 'it is {key}'; echo 'also {key}' >&2; echo '{key}' >raw.$n");
    for script in [script.clone(), format!("{script}; exit 3")] {
        let place = Place::new(&script, &[]);
        let reply = place.ask_in("R", "k", &format!("is {key} a secret?"));
        assert!(!format!("{reply:?}").contains(&key), "{reply:?}");
        assert!(fs::read_to_string(place.path("asked.1")).unwrap().contains("is [redacted:"));
        assert_eq!(fs::read_to_string(place.path("raw.1")).unwrap().trim(), key);
        assert_eq!(holding(&place.state_dir(), &key), Vec::<PathBuf>::new());
    }
}

/// A run that was killed while an agent was at work: its call is under way, its stream raw.
fn killed(place: &Place) -> Call {
    let RoleAgent { budget, .. } = place.policy.agents.reviewer;
    let call = Call {
        run: "R".to_owned(),
        key: "k".to_owned(),
        role: Role::Reviewer,
        agent: "fake".to_owned(),
        family: "f".to_owned(),
        model: String::new(),
        version: String::new(),
        started: Timestamp::now(),
        ended: None,
        outcome: UNDER_WAY.to_owned(),
        cost: Cost::default(),
        priced: false,
        budget,
    };
    place.ledger().end_call(&call).unwrap();
    let agents = place.run_folder("R").join("calls/k/agent");
    fs::create_dir_all(&agents).unwrap();
    fs::write(agents.join("stdout"), format!("it was {}\n", secret())).unwrap();
    call
}

#[test]
fn a_call_that_was_killed_is_made_again_and_counts_once() {
    let place = Place::new("echo yes", &["budget.run=1"]);
    killed(&place);
    assert_eq!(text_of(&place.ask("k")), "yes");
    assert_eq!(place.calls(), pairs(&[("k", "answered")]));
    assert_eq!(holding(&place.state_dir(), &secret()), Vec::<PathBuf>::new());
}

#[test]
fn what_a_killed_run_left_is_cleaned_though_nobody_goes_on_with_it() {
    let place = Place::new("echo yes", &[]);
    killed(&place);
    {
        // Not while somebody works on it.
        let _held = place.hold("R");
        clean_up_calls(&place.state_dir(), &place.env, &notice::log).unwrap();
        assert_eq!(place.calls(), pairs(&[("k", UNDER_WAY)]));
    }
    place.clean_up_until(|call| call.outcome == "killed");
    assert_eq!(holding(&place.state_dir(), &secret()), Vec::<PathBuf>::new());
    assert_eq!(text_of(&place.ask("k")), "yes");
    assert_eq!(place.calls(), pairs(&[("k", "answered")]));
}

#[test]
fn a_kill_between_the_reply_and_its_row_is_made_good() {
    let place = Place::new("echo yes", &[]);
    assert_eq!(text_of(&place.ask("k")), "yes");
    let done = place.ledger().calls_of("R").unwrap();
    let row = Call { ended: None, outcome: UNDER_WAY.to_owned(), ..done[0].clone() };
    for way in [true, false] {
        place.ledger().end_call(&row).unwrap();
        if way {
            assert_eq!(text_of(&place.ask("k")), "yes");
        } else {
            place.clean_up_until(|call| call.outcome == "answered");
        }
        assert_eq!(place.ledger().calls_of("R").unwrap(), done);
    }
    assert_eq!(place.times(), 1);
}
