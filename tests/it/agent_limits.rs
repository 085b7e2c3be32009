//! Agents that cannot be asked, or not now: limits, who is asked in whose place, what counts in budgets,
//! and who a receipt says has answered.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, Part, Question, diligent};
use crate::harness::{Outcome, Repo, Sandbox, happens};
use crate::model_server::{Asked, Call, ModelServer, Say};
use crate::scene::{KEYS, Model, Scene, TOKENS, script, served};
use crate::stand_in::StandIns;

fn review(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    repo.tribunal(&[&["review", "--commit", "HEAD", "--format", "json"], words].concat())
}

/// A reviewer `first` with `second` in its place, and an arbiter, each behind a model server.
struct Two {
    first: ModelServer,
    scene: Scene,
}

impl Two {
    /// `first` answers so; the others are diligent.
    fn with(first: impl Fn(&Asked) -> Say + Send + Sync + 'static, more: &str) -> Self {
        let first = ModelServer::start(first);
        let others = ModelServer::start(diligent(&[LEFT_OUT]));
        let settings = format!(
            "[agents]\nreviewer.use = [\"first\", \"second\"]\narbiter.use = \"scale\"\nretries = 0\n\
             wait = \"1s\"\n{more}{}{}{}",
            served(&first, ["first", "one"], "FIRST_KEY"),
            served(&others, ["second", "three"], ""),
            served(&others, ["scale", "two"], ""),
        );
        let scene = Scene::of(Sandbox::new(), Model::Server(others), &settings);
        let scene = scene.logged_in(&[("FIRST_KEY", "a-key")]);
        Self { first, scene }
    }
}

fn limited() -> Say {
    Say::limited_until(jiff::Timestamp::now().as_second() + 7200, 7200)
}

#[test]
fn the_next_agent_of_a_list_is_asked_where_the_first_is_limited() {
    let Two { first, scene } = Two::with(|_| limited(), "");
    let repo = scene.repo();
    let outcome = review(&repo, &[]).code(1);
    outcome
        .clone()
        .says("`first` cannot be asked (rate limited")
        .says("`second` is asked in its place");
    let json = outcome.json();
    let who = json["review"]["reviewer"].as_str().unwrap();
    assert!(who.starts_with("second (m) at http://"), "{who}");
    assert_eq!((json["review"]["route"].as_str(), first.asked().len()), (Some("A"), 1));

    // Its limit is kept: nobody asks it for the next review, or for one by the same receipt.
    review(&repo, &[]).code(1);
    repo.write("src/sum.rs", CLEAN).commit_unjudged("fix: sum");
    review(&repo, &[]).ok().says("`first` cannot be asked (at its limit until");
    assert_eq!(first.asked().len(), 1);

    // Each place that tells of agents tells until when and why, and how to end it.
    for words in [&["agents"][..], &["status"], &["doctor"]] {
        let told = repo.tribunal(words);
        told.says("limit until")
            .says("usage limit has been reached")
            .says("`tribunal agents clear first`");
    }
    let listed = repo.tribunal(&["agents", "--format", "json"]).ok().json();
    let found = |name: &str| {
        let agents = listed["agents"].as_array().unwrap();
        agents.iter().find(|agent| agent["name"] == name).unwrap().clone()
    };
    assert!(found("first")["limit"]["until"].is_string(), "{listed}");
    assert_eq!(found("second")["limit"], Value::Null);
    assert_eq!(found("second")["roles"][0]["role"], "reviewer");

    repo.tribunal(&["agents", "clear", "nobody"])
        .code(2)
        .says("no role is given to an agent `nobody`");
    repo.tribunal(&["agents", "clear", "first"]).ok().says("1 limit cleared");
    repo.tribunal(&["agents", "clear"]).ok().says("no limit was kept");
    repo.tribunal(&["agents"]).ok().never_says("limit until");
    review(&repo, &["--fresh"]).ok();
    assert_eq!(first.asked().len(), 2, "it is asked again");
    // `--fresh` asks anyway, once.
    review(&repo, &["--fresh"]).ok();
    assert_eq!(first.asked().len(), 3);
}

#[test]
fn each_agent_that_answered_is_named() {
    let right = diligent(&[]);
    let brain = move |asked: &Asked| if asked.number == 0 { right(asked) } else { limited() };
    let Two { first, scene } = Two::with(brain, "parallel = 1\n");
    let repo = scene.library();
    for name in ["one", "two"] {
        let lines = (0..60)
            .fold(String::new(), |text, line| text + &format!("/// Line {line} of a sum.\n"));
        repo.write(format!("src/{name}.rs"), lines + CLEAN);
    }
    repo.commit_unjudged("feat: two sums");
    let json = review(&repo, &["--set", "review.bytes=3 KiB"]).ok().json();
    let who = json["review"]["reviewer"].as_str().unwrap();
    assert!(who.starts_with("first (m) at ") && who.contains(" and second (m) at "), "{json}");
    assert_eq!(first.asked().len(), 2);
}

#[test]
fn the_next_agent_of_a_list_is_asked_where_the_first_is_missing_or_not_logged_in() {
    for (first, said) in [
        ("codex", "`codex` is not in `PATH`: `second` reviews in its place"),
        ("first", "`first` cannot be asked (not logged in: the variable `FIRST_KEY` is not set)"),
    ] {
        let Two { first: server, mut scene } = Two::with(|_| limited(), "");
        scene.sandbox.vars.retain(|(name, _)| *name != "FIRST_KEY");
        scene.sandbox.vars.push(("PATH", "/usr/bin:/bin".to_owned()));
        let repo = scene.library_of(CLEAN);
        let list = format!("agents.reviewer.use=[\"{first}\", \"second\"]");
        let outcome = review(&repo, &["--set", &list]).ok();
        outcome.clone().says(said);
        assert!(outcome.json()["review"]["reviewer"].as_str().unwrap().starts_with("second"));
        assert_eq!(server.asked().len(), 0);
    }
}

#[test]
fn an_agent_of_the_executors_vendor_in_another_s_place_is_not_independent() {
    let hand = |sandbox: &Sandbox| script(sandbox, ["hand", "Three"], &[], "exit 1");
    let Two { first, scene } = Two::with(|_| limited(), "executor.use = \"hand\"\n");
    let settings = fs::read_to_string(scene.sandbox.settings_file()).unwrap();
    scene.sandbox.settings(&(settings + &hand(&scene.sandbox)));
    let repo = scene.library_of(CLEAN);
    // Who was asked first would have been of another vendor; who answered is of `three`.
    let json = review(&repo, &[]).ok().json();
    assert_eq!(json["review"]["route"], "B", "{json}");
    assert_eq!(json["review"]["independent"], false, "{json}");
    assert_eq!(first.asked().len(), 1);
    let refused = review(&repo, &["--fresh", "--set", "agents.route=A"]).code(4);
    assert_eq!(refused.json()["verdict"], "inconclusive", "{refused}");
}

#[test]
fn where_all_are_limited_it_is_waited_for_and_told() {
    let Two { first, scene } = Two::with(|_| limited(), "");
    let repo = scene.library_of(CLEAN);
    let outcome = review(&repo, &["--set", "agents.reviewer.use=first"]).code(4);
    assert!(outcome.json()["review"]["reason"].as_str().unwrap().contains("limit"), "{outcome}");
    assert_eq!(first.asked().len(), 1);
    review(&repo, &["--set", "agents.reviewer.use=first"]).code(4);
    assert_eq!(first.asked().len(), 1, "its limit is kept");
    // It is the limit of one key, at one address.
    let other = [("FIRST_KEY", "another-key")];
    let words = ["review", "--commit", "HEAD", "--set", "agents.reviewer.use=first"];
    repo.tribunal_with(&words, &other, b"").code(4);
    assert_eq!(first.asked().len(), 2, "another key may be asked with");
    repo.tribunal_with(&["agents"], &[("FIRST_KEY", "a-third")], b"")
        .ok()
        .says("with another key or address");
}

#[test]
fn nothing_is_spent_where_nobody_was_reached() {
    let server = ModelServer::start(|_| Say::overloaded());
    let settings = format!(
        "[agents]\nreviewer.use = \"eye\"\narbiter.use = \"scale\"\nretries = 1\n{}{}\
         [budget]\nday = 1.5\n",
        served(&server, ["eye", "one"], ""),
        served(&server, ["scale", "two"], ""),
    );
    let mut scene = Scene::of(Sandbox::new(), Model::Server(server), &settings).logged_in(&[]);
    let repo = scene.sandbox.repo("r");
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    let dir = repo.dir;
    // First it is busy, then it is gone: reviews without end, and no budget is used up.
    for reached in [true, false] {
        if let (false, Model::Server(server)) = (reached, &mut scene.model) {
            server.stop();
        }
        let repo = Repo { sandbox: &scene.sandbox, dir: dir.clone() };
        for number in 0..3 {
            repo.write("src/sum.rs", format!("// {reached} {number}\n{CLEAN}"));
            repo.commit_unjudged("feat: sum");
            let json = review(&repo, &[]).code(4).json();
            let reason = json["review"]["reason"].as_str().unwrap();
            assert!(reason.contains("transient"), "{json}");
            assert_eq!(json["review"]["cost"]["unknown"], 0, "{json}");
        }
    }
    let repo = Repo { sandbox: &scene.sandbox, dir };
    let cost = repo.tribunal(&["cost", "--format", "json"]).ok().json();
    assert_eq!(cost["total"]["counted_dollars"], 0.0, "{cost}");
    assert_eq!(cost["total"]["calls"], 12, "{cost}");
}

#[test]
fn the_budget_of_a_role_binds_every_agent() {
    let scene = Scene::new("", diligent(&[LEFT_OUT])).logged_in(&KEYS);
    let repo = scene.repo();
    for reviewer in ["codex", "claude"] {
        let using = format!("agents.reviewer.use={reviewer}");
        let words = ["--set", "agents.reviewer.budget=0.01", "--set", &using];
        let outcome = review(&repo, &words).code(3);
        let reason = outcome.json()["review"]["reason"].to_string();
        assert!(
            reason.contains(&format!("a call to `{reviewer}` would cost about $0.0")),
            "{outcome}"
        );
        assert!(reason.contains("`agents.reviewer.budget` is $0.0100"), "{outcome}");
    }
    assert_eq!(scene.asked().len(), 0);
    let outcome = review(&repo, &[]).code(1);
    assert_eq!(scene.asked().len(), 2);
    // What codex cost is known by the price table alone, and marked as that.
    assert!(outcome.json()["review"]["cost"]["estimated_usd"].as_f64().unwrap() > 0.0, "{outcome}");
    repo.tribunal(&["review", "--commit", "HEAD", "--fresh"]).code(1).says("1 call, about $0.");
    repo.tribunal(&["cost"]).ok().says("is estimated by `[prices]`").says("~$0.");
}

#[test]
fn the_reviewer_and_the_arbiter_think_and_it_is_said() {
    let scene = Scene::new("", diligent(&[LEFT_OUT])).logged_in(&KEYS);
    let repo = scene.repo();
    let words_of = |part: Part| {
        let asked = scene.asked();
        let last = asked.iter().rfind(|asked| Question::read(asked).part == part).unwrap();
        last.body["words"].as_str().unwrap().to_owned()
    };
    let outcome = review(&repo, &["--fix"]).ok().json();
    assert!(words_of(Part::Review).contains("model_reasoning_effort=\"high\""));
    assert!(words_of(Part::Arbitrate).contains("--effort\nhigh\n"));
    assert!(!words_of(Part::Fix).contains("--effort"));
    assert_eq!(outcome["review"]["reviewer"], "codex 0.169.0 (effort high)", "{outcome}");
    assert_eq!(outcome["review"]["arbiter"], "claude 2.1.329 (claude-stand-in, effort high)");
    repo.tribunal(&["doctor"]).says("reviewer (effort high)").says("arbiter (effort high)");
    for (effort, said) in [("low", true), ("default", false)] {
        let set = format!("agents.reviewer.effort={effort}");
        review(&repo, &["--set", &set]).code(1);
        let words = words_of(Part::Review);
        assert_eq!(words.contains(&format!("model_reasoning_effort=\"{effort}\"")), said);
        assert_eq!(words.contains("model_reasoning_effort"), said);
    }
    // Nothing of the repository's log is asked for either.
    let asked = scene.asked();
    let claude = asked.iter().find(|asked| Question::read(asked).part == Part::Fix).unwrap();
    let env = claude.body["env"].as_str().unwrap();
    assert!(env.contains("CLAUDE_CODE_DISABLE_GIT_INSTRUCTIONS=1"), "{env}");
}

#[test]
fn another_model_effort_version_or_address_is_another_question() {
    let scene = Scene::new("", diligent(&[LEFT_OUT])).logged_in(&KEYS);
    let repo = scene.library_of(CLEAN);
    let is_asked = |words: &[&str]| {
        let before = scene.asked().len();
        review(&repo, words).ok();
        scene.asked().len() > before
    };
    assert!(is_asked(&[]));
    assert!(!is_asked(&[]));
    assert!(is_asked(&["--set", "agents.reviewer.effort=low"]));
    let named = ["--set", "agents.reviewer.model=m"];
    assert!(is_asked(&named) && !is_asked(&named));
    assert!(is_asked(&["--set", "programs.codex.endpoint=http://127.0.0.1:9/v1"]));
    // A newer program may have another default model; a model that is named stays what it is.
    let Model::StandIns(stand_ins) = &scene.model else { unreachable!() };
    let text = fs::read_to_string(stand_ins.codex()).unwrap();
    crate::harness::executable(stand_ins.codex(), text.replace("0.169.0", "0.170.0"));
    assert!(!is_asked(&named));
    assert!(is_asked(&[]));
}

#[test]
fn one_vendor_alone_is_not_independent_whatever_the_settings_name() {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let Model::StandIns(stand_ins) = &scene.model else { unreachable!() };
    let path = stand_ins.codex().display().to_string();
    scene
        .sandbox
        .settings(&format!("[programs]\ncodex = {{ path = \"{path}\", endpoint = \"\" }}\n"));
    let mut scene = scene.logged_in(&KEYS);
    scene.sandbox.vars.push(("PATH", "/usr/bin:/bin".to_owned()));
    let repo = scene.repo();
    let words = ["review", "--commit", "HEAD"];
    let outcome = repo.tribunal(&words).code(1);
    outcome
        .says("on route B, not independent")
        .says("reviewer and arbiter are both of openai (route B), as `claude` is not in `PATH`")
        .says("`tribunal findings dismiss ")
        .never_says("--fix");
    let refused = [&words[..], &["--set", "agents.route=A"]].concat();
    repo.tribunal(&refused).code(2).says("is the only vendor's agent here").says("npm install");
    let id = repo.tribunal(&["runs", "--format", "json"]).ok().json()["runs"][0]["id"].clone();
    repo.tribunal(&["runs", "show", id.as_str().unwrap()]).ok().never_says("--fix");
}

#[test]
fn the_name_of_a_vendor_is_one_name_however_it_is_written() {
    let own = |sandbox: &Sandbox| script(sandbox, ["own", "OpenAI"], &[], "exit 1");
    let sandbox = Sandbox::new();
    let settings = own(&sandbox);
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let both = fs::read_to_string(scene.sandbox.settings_file()).unwrap();
    scene.sandbox.settings(&(both + &settings));
    let repo = scene.library_of(CLEAN);
    let words = ["--set", "agents.executor.use=own"];
    assert_eq!(review(&repo, &words).ok().json()["review"]["route"], "B");
}

#[test]
fn an_executor_is_shown_what_a_failed_command_printed() {
    let scene = Scene::new("", |asked: &Asked| match Question::read(asked).part {
        Part::Fix => {
            Say::done(vec![Call::Write { path: "src/repaired".to_owned(), content: String::new() }])
        }
        _ => diligent(&[])(asked),
    })
    .logged_in(&KEYS);
    let repo = scene.library();
    let key = ["AKIA", "Z7QW", "3RTY", "5UIO", "P2AS"].concat();
    let said = scene.sandbox.path().join("said");
    let lines = |word: &str| {
        (0..100).fold(String::new(), |text, number| {
            text + &format!(
                "{word} {number}
"
            )
        })
    };
    let error = "assertion failed: sum(&[1]) == 1";
    fs::write(&said, format!("{}{error}\n{}with the key {key}\n", lines("before"), lines("after")))
        .unwrap();
    let policy = format!(
        "[[commands]]\nname = \"tests\"\nrun = '''[ -e src/repaired ] || {{ cat '{}'; false; }}'''\n\
         on = [\"run\"]\n",
        said.display()
    );
    repo.write("tribunal.toml", policy).commit_unjudged("chore: tests");
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    review(&repo, &["--fix"]).ok();
    let asked = scene.asked();
    let fix = asked.iter().find(|asked| Question::read(asked).part == Part::Fix).unwrap();
    for line in [
        error,
        "[100 lines left out]",
        "[41 lines left out]",
        "after 99",
        "with the key [redacted:",
    ] {
        assert!(fix.prompt.contains(line), "no `{line}` in\n{}", fix.prompt);
    }
    for line in [key.as_str(), "before 50", "logs/commands"] {
        assert!(!fix.prompt.contains(line), "`{line}` in\n{}", fix.prompt);
    }
    // What failed is repaired: the next executor is told nothing of it.
    assert_eq!(asked.iter().filter(|asked| Question::read(asked).part == Part::Fix).count(), 1);
}

#[test]
fn a_review_that_the_environment_switches_off_at_a_push_is_a_recorded_bypass() {
    let scene = Scene::new("", diligent(&[LEFT_OUT])).logged_in(&TOKENS);
    let repo = scene.guarded("[review]\npre-push = \"block\"\non-failure = \"warn\"\n");
    for (number, variable) in [
        ("TRIBUNAL_REVIEW_PRE_PUSH", "off"),
        ("TRIBUNAL_REVIEW_HIGHS", "99"),
        ("TRIBUNAL_AGENTS_ROUTE", "C"),
        ("TRIBUNAL_AGENT", "reviewer"),
    ]
    .into_iter()
    .enumerate()
    {
        repo.write("src/sum.rs", format!("// {number}\n{CLEAN}")).commit_unjudged("feat: sum");
        let pushed = repo.git_env(&["push", "--quiet", "origin", "main"], &[variable]).ok();
        let line = format!("{}={}", variable.0, variable.1);
        pushed.says(&format!("reviews were not looked at in full: {line}"));
        repo.tribunal(&["status"]).ok().says(&line).says(&format!("bypassed  {}", number + 1));
    }
    // What makes it stricter, or changes nothing, is none.
    repo.write("src/sum.rs", CLEAN).commit_unjudged("feat: sum");
    for variable in [("TRIBUNAL_REVIEW_PRE_PUSH", "block"), ("TRIBUNAL_REVIEW_HIGHS", "0")] {
        let pushed = repo.git_env(&["push", "--dry-run", "origin", "main"], &[variable]);
        pushed.never_says("reviews were not looked at");
    }
    repo.tribunal(&["status"]).ok().says("bypassed  4");
}

#[test]
fn what_one_agent_writes_where_it_reads_no_other_one_sees() {
    let sandbox = Sandbox::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let right = diligent(&[LEFT_OUT]);
    // Whoever is asked looks round, and leaves something behind for who reads the folder next.
    let brain = move |asked: &Asked| {
        let env = asked.body["env"].as_str().unwrap();
        let dir = env.lines().find_map(|line| line.strip_prefix("PWD=")).unwrap();
        let mut files: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        files.push(fs::read_to_string(Path::new(dir).join("src/sum.rs")).unwrap());
        // The next one's folder is filled meanwhile; where it is not, this one goes on and tells.
        let next = Path::new(dir.rsplit_once('.').unwrap().0).join("src/sum.rs");
        kept.lock().unwrap().push((files, happens(|| next.exists())));
        let Say::Words(mut words) = right(asked) else { panic!("{asked:?}") };
        for path in ["src/sum.rs", "planted"] {
            words
                .calls
                .push(Call::Write { path: path.to_owned(), content: "tampered\n".to_owned() });
        }
        Say::Words(words)
    };
    let stand_ins = StandIns::start(&sandbox.path().join("stand-ins"), brain);
    let agent = |name: &str| {
        format!(
            "[[command-agent]]\nname = \"{name}\"\nfamily = \"{name}\"\nrun = [\"{}\", \"exec\", \
             \"--output-schema\", \"{{schema}}\", \"--output-last-message\", \"{{answer}}\", \"-\"]\n",
            stand_ins.codex().display()
        )
    };
    let settings = format!(
        "[agents]\nreviewer.use = \"eye\"\narbiter.use = \"scale\"\nretries = 0\n{}{}",
        agent("eye"),
        agent("scale")
    );
    let scene = Scene::of(sandbox, Model::StandIns(stand_ins), &settings);
    let repo = scene.repo();
    review(&repo, &[]).code(1);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2, "a reviewer and an arbiter");
    for (files, is_next_filled) in seen.iter() {
        assert_eq!(*files, ["README.md", "src", BUGGY], "what another one left is not there");
        assert!(is_next_filled, "the next folder is filled once it is wanted");
    }
    let trees = scene.sandbox.home().join(".cache/tribunal/trees");
    let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let rooms = below(&trees).flat_map(|tree| below(&tree.path()).collect::<Vec<_>>());
    let left: Vec<_> = rooms.map(|room| room.file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.starts_with("room-")), "{left:?}");
}

#[test]
fn what_a_fix_counts_for_that_tells_no_cost_is_said_and_can_be_set() {
    for (prices, is_over) in [("", true), ("[prices]\nhand = { input = 0, output = 0 }\n", false)] {
        let sandbox = Sandbox::new();
        let server = ModelServer::start(diligent(&[LEFT_OUT]));
        // It changes something each time, and never what is wrong.
        let body = "cat > /dev/null; echo '// More.' >> src/sum.rs; echo done";
        let settings = format!(
            "[agents]\nreviewer.use = \"eye\"\narbiter.use = \"scale\"\nexecutor.use = \"hand\"\nretries = 0\n{}{}{}{prices}",
            served(&server, ["eye", "one"], ""),
            served(&server, ["scale", "two"], ""),
            script(&sandbox, ["hand", "three"], &[], body),
        );
        let scene = Scene::of(sandbox, Model::Server(server), &settings).logged_in(&[]);
        let repo = scene.library_of(BUGGY);
        // One fix is all that there is room for.
        let most = "--set=agents.executor.budget=5.0";
        let outcome = repo.tribunal(&["review", "--commit", "HEAD", "--fix", most]).code(3);
        if is_over {
            outcome
                .says("would break the budget of the run, which is $10.00")
                .says("1 call told no cost and counts as estimated")
                .says("`agents.executor.budget`");
        } else {
            outcome.never_says("budget").says("unresolved after two fixes");
        }
    }
}

/// A call that is killed cost nothing where its agent costs nothing, and that is known.
#[test]
fn what_a_killed_call_cost_is_known_where_its_agent_is_free() {
    let unknown = |repo: &Repo<'_>| {
        let json = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let runs = json["runs"].as_array().unwrap().iter();
        runs.map(|run| run["cost"]["unknown"].as_u64().unwrap()).sum::<u64>()
    };
    for (prices, is_known) in
        [("", false), ("[prices]\ndefault = { input = 0, output = 0 }\n", true)]
    {
        let mut left_unknown = 0;
        for save in (1..).step_by(4) {
            let server = ModelServer::start(diligent(&[]));
            let settings = format!(
                "[agents]\nreviewer.use = \"eye\"\narbiter.use = \"scale\"\nretries = 0\n{}{}{prices}",
                served(&server, ["eye", "one"], ""),
                served(&server, ["scale", "two"], ""),
            );
            let scene = Scene::of(Sandbox::new(), Model::Server(server), &settings).logged_in(&[]);
            let repo = scene.library_of(BUGGY);
            let outcome = repo.until_save(&["review", "--commit", "HEAD"], save);
            if outcome.code != -1 {
                break;
            }
            left_unknown += unknown(&repo);
        }
        assert_eq!(left_unknown == 0, is_known, "{left_unknown}");
    }
}
