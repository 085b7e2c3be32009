//! Against small programs of `sh`.
#![expect(clippy::disallowed_methods, reason = "tests look at what was written")]

use crate::fuzz;
use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::CommandLineAgent;
use crate::domain::model::agent::Role;
use crate::domain::model::web::WebRecord;
use crate::domain::policy::agent_settings::CommandAgent;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::ask::{Access, Answer, Outcome, Request};
use crate::platform::agents::call::{Exit, ProgramOutput};
use crate::platform::agents::probe::Login;
use crate::platform::config::env::Env;
use crate::platform::process::Interrupts;

struct Trial {
    settings: CommandAgent,
    env: Env,
    top: TempDir,
    schema: Option<Value>,
    access: Access,
    wall: Duration,
}

impl Trial {
    /// An agent that is this line for `sh`, with its further words.
    fn new(line: &str, words: &[&str]) -> Self {
        let run = ["sh", "-c", line, "agent"].into_iter().chain(words.iter().copied());
        let settings = CommandAgent {
            name: "mine".to_owned(),
            family: "somebody".to_owned(),
            run: run.map(str::to_owned).collect(),
            run_writing: Vec::new(),
            env: vec!["A_KEY".to_owned()],
        };
        let vars = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/of/somebody"),
            ("A_KEY", "key-of-mine"),
            ("ANOTHER_KEY", "key-of-another"),
            ("GIT_DIR", "/elsewhere"),
            ("TRIBUNAL_TEST_NOW", "2026-11-20T19:00:00Z"),
        ];
        Self {
            settings,
            env: Env::of(&vars),
            top: tempfile::tempdir().unwrap(),
            schema: None,
            access: Access::Read,
            wall: Duration::from_secs(20),
        }
    }

    fn agent_env(&self) -> AgentEnv<'_> {
        AgentEnv { env: &self.env, repository: None, home: self.top.path() }
    }

    fn ask(&self) -> Outcome {
        let folder = self.top.path().join("call");
        drop(fs::remove_dir_all(&folder));
        fs::create_dir(&folder).unwrap();
        let request = Request {
            role: Role::Reviewer,
            model: Some("large one"),
            effort: None,
            prompt: "what is it?\n",
            schema: self.schema.as_ref(),
            access: self.access,
            dir: self.top.path(),
            folder: &folder,
            note: None,
            wall: self.wall,
            idle: self.wall,
            budget: None,
        };
        CommandLineAgent::find(&self.settings, self.agent_env())
            .unwrap()
            .ask(&request, self.agent_env(), Interrupts::listen().unwrap())
            .outcome
    }

    fn text(&self) -> String {
        let outcome = self.ask();
        let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
        answer.text
    }
}

#[test]
fn the_prompt_is_on_its_input_and_the_answer_on_its_output() {
    assert_eq!(Trial::new("cat", &[]).text(), "what is it?\n");
    let trial = Trial::new("echo noise; cat > \"$1\"", &["{answer}"]);
    assert_eq!(trial.text(), "what is it?\n");
    let trial = Trial::new("printf '%s|' \"$@\"; pwd", &["--model={model}", "{dir}", "$(id)"]);
    let dir = trial.top.path().display().to_string();
    assert_eq!(trial.text(), format!("--model=large one|{dir}|$(id)|{dir}\n"));
}

#[test]
fn it_gets_the_variables_that_are_named_and_no_other() {
    let trial = Trial::new("env; echo \"[$A_KEY]\" | tr k K", &[]);
    let said = trial.text();
    let has = |line: &str| said.lines().any(|own| own == line);
    assert!(has("HOME=/home/of/somebody") && has("TRIBUNAL_AGENT=reviewer"), "{said}");
    assert!(said.contains("[Key-of-mine]"), "it is given the key: {said}");
    assert!(!said.contains("GIT_DIR") && !said.contains("key-of-"), "{said}");
    let kept = fs::read_to_string(trial.top.path().join("call/stdout")).unwrap();
    assert!(!kept.contains("key-of-mine"));
}

#[test]
fn an_object_is_read_where_one_was_asked_for() {
    let mut trial = Trial::new("cat \"$1\"", &["{schema}"]);
    trial.schema = Some(json!({ "type": "object" }));
    let answer = Answer {
        text: "{\"type\":\"object\"}".to_owned(),
        json: trial.schema.clone(),
        web: WebRecord::default(),
    };
    assert_eq!(trial.ask(), Outcome::Answered(answer));
    for (line, expected) in [
        ("echo 'Well: ```json'; echo '{\"a\": 1}'; echo '```'", "answered"),
        ("echo '{\"a\": 1} {\"a\": 2}'", "malformed"),
        ("echo '{\"a\": [{\"b\": 1}], '", "malformed"),
        ("echo nothing to say", "malformed"),
        ("", "malformed"),
    ] {
        let mut trial = Trial::new(line, &[]);
        trial.schema = Some(json!({ "type": "object" }));
        assert_eq!(trial.ask().as_str(), expected, "{line}");
    }
}

#[test]
fn each_failure_is_told_apart() {
    for (line, expected) in [
        ("echo '{}' ; exit 3", "failed"),
        ("kill -9 $$", "killed"),
        ("exec no-such-program-anywhere", "could not start"),
        ("echo 'Error: invalid API key' >&2; exit 1", "not logged in"),
        ("echo 'You exceeded your quota' >&2; exit 1", "quota used up"),
        ("echo 'Rate limit reached. Try again in 20s.' >&2; exit 1", "rate limited"),
        ("echo 'HTTP 529 overloaded' >&2; exit 1", "transient"),
        ("echo 'maximum context length' >&2; exit 1", "context too long"),
    ] {
        let outcome = Trial::new(line, &[]).ask();
        assert_eq!(outcome.as_str(), expected, "{line}: {outcome:?}");
        if let Outcome::RateLimited { until, .. } = outcome {
            assert_eq!(until, Some("2026-11-20T19:00:20Z".parse().unwrap()));
        }
    }
    let mut trial = Trial::new("sleep 300", &[]);
    trial.wall = Duration::from_millis(200);
    assert_eq!(trial.ask().as_str(), "timed out");
}

#[test]
fn it_writes_by_its_own_words_alone() {
    let mut trial = Trial::new("cat", &[]);
    trial.access = Access::Write;
    let outcome = trial.ask();
    assert_eq!(outcome.as_str(), "could not start");
    assert!(outcome.why().contains("`run-writing`"));
    let words = ["sh", "-c", "cat > here; echo done"];
    trial.settings.run_writing = words.map(str::to_owned).to_vec();
    assert_eq!(trial.text(), "done\n");
    assert_eq!(fs::read_to_string(trial.top.path().join("here")).unwrap(), "what is it?\n");
}

#[test]
fn it_is_found_outside_of_the_repository() {
    let mut trial = Trial::new("", &[]);
    let mut message = |program: &str| {
        trial.settings.run = vec![program.to_owned()];
        CommandLineAgent::find(&trial.settings, trial.agent_env())
            .err()
            .map(|missing| missing.message)
    };
    assert_eq!(message("/bin/sh"), None);
    assert_eq!(message("sh"), None);
    for program in ["./sh", "bin/sh", "/bin", "no-such-program-anywhere", ""] {
        assert!(message(program).is_some(), "{program}");
    }
    trial.settings.run = vec!["/bin/sh".to_owned()];
    let agent_env = AgentEnv { repository: Some(Path::new("/")), ..trial.agent_env() };
    assert!(CommandLineAgent::find(&trial.settings, agent_env).is_err());
}

#[test]
fn what_is_not_set_is_told() {
    let mut trial = Trial::new("", &["{effort}"]);
    assert!(trial.ask().why().contains("no effort is set"));
    let probe = |trial: &Trial| {
        CommandLineAgent::find(&trial.settings, trial.agent_env()).unwrap().probe(trial.agent_env())
    };
    assert_eq!(probe(&trial).login, Login::By("A_KEY".to_owned()));
    trial.settings.env = vec!["NOT_SET".to_owned()];
    assert_eq!(probe(&trial).login, Login::Missing);
    assert_eq!(probe(&trial).hints, ["set the variable `NOT_SET`"]);
}

#[test]
fn an_answer_is_a_file_of_bounded_size_or_none() {
    let outside = tempfile::tempdir().unwrap();
    let other = outside.path().join("other");
    fs::File::create(&other).unwrap();
    let link = format!("ln -s {} \"$1\"", other.display());
    for (line, why) in [
        (link.as_str(), "it is a symbolic link"),
        ("ln -s /dev/zero \"$1\"", "it is a symbolic link"),
        ("mkfifo \"$1\"", "it is a pipe, not a file"),
        ("mkdir \"$1\"", "it is a folder, not a file"),
        ("head -c 9000000 /dev/zero > \"$1\"", "the most that is read of an answer"),
    ] {
        let outcome = Trial::new(line, &["{answer}"]).ask();
        assert_eq!(outcome.as_str(), "malformed", "{line}: {outcome:?}");
        assert!(outcome.why().contains(why), "{line}: {outcome:?}");
    }
    let printed = Trial::new("head -c 9000000 /dev/zero", &[]).ask();
    assert!(printed.why().contains("the most that is read of an answer"), "{printed:?}");
    // How it ended says more than what it left.
    let ended = Trial::new("mkfifo \"$1\"; exit 3", &["{answer}"]).ask();
    assert!(ended.why().contains("it ended with 3"), "{ended:?}");
}

#[test]
fn drawn_answers_hold_one_object_or_none() {
    let seeds = [
        "Here:\n```json\n{\"a\": {\"b\": [1, 2]}}\n```\n",
        "{\"a\": 1}",
        "429: try again in 1 day 2 hours",
    ];
    let words = [
        "{",
        "}",
        "{\"a\":1}",
        "```json\n",
        "\"",
        "[",
        "again at Nov 25th, 2026 3:53 PM.",
        "resets 3:53pm (UTC)",
        "again in ",
        "1.5s",
        "99999999999999999999 days",
        "resets Feb 30, 9am",
        "again in 1e308 hours",
        "\\u0000",
    ];
    let now: Timestamp = "2026-11-20T19:00:00Z".parse().unwrap();
    fuzz::hold(
        "outputs of commands",
        &seeds.map(str::as_bytes),
        &words.map(str::as_bytes),
        move |bytes| {
            for code in [0, 1] {
                let ran =
                    ProgramOutput { exit: Exit::Code(code), out: bytes.into(), err: bytes.into() };
                let outcome = super::read(&ran, None, true, now);
                assert!(outcome.why().chars().count() <= 300 && !outcome.why().contains('\n'));
            }
        },
    );
}
