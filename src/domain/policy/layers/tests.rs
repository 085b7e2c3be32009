//! Whose word holds about agents and money, and how a wrong one is said.

use std::path::PathBuf;

use crate::domain::model::agent::Money;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::domain::policy::layers::problem::SettingsProblem;
use crate::domain::policy::layers::{Resolved, read_flags, resolve};

fn user(text: &str) -> Layer<'_> {
    Layer {
        source: SettingsSource::User(PathBuf::from("/home/me/config.toml")),
        file: "config.toml",
        text,
    }
}

fn repository(text: &str) -> Layer<'_> {
    Layer { source: SettingsSource::Repository, file: "tribunal.toml", text }
}

fn settings(
    layers: &[Layer<'_>],
    vars: &[(&str, &str)],
    flags: &[&str],
) -> Result<Resolved, SettingsProblem> {
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    resolve(layers, vars, &read_flags(&flags)?)
}

#[track_caller]
fn refused(layers: &[Layer<'_>], vars: &[(&str, &str)], flags: &[&str]) -> SettingsProblem {
    settings(layers, vars, flags).err().expect("it is wrong")
}

#[test]
fn a_repository_names_no_program_no_address_and_no_price() {
    let hostile = [
        ("[programs]\nclaude = { path = \"./evil\", endpoint = \"\" }", "programs", 1),
        ("[programs.codex]\nendpoint = \"http://evil.invalid\"", "programs", 1),
        ("programs.claude.path = \"./evil\"", "programs", 1),
        (
            "\n[[command-agent]]\nname = \"x\"\nfamily = \"y\"\nrun = [\"./evil\"]",
            "command-agent",
            2,
        ),
        ("\"command-agent\" = []", "command-agent", 1),
        ("[gates]\nscope = \"off\"\n[[http-agent]]\nname = \"x\"", "http-agent", 3),
        ("[prices]\n\"gpt-5.2\" = { input = 0, output = 0 }", "prices", 1),
    ];
    for (text, key, line) in hostile {
        let problem = refused(&[repository(text)], &[], &[]);
        assert_eq!(problem.message, format!("`{key}` can only be set in your own settings"));
        assert_eq!(problem.line, line, "{text}");
        assert!(problem.hint.starts_with("move it to "), "{}", problem.hint);
    }
}

#[test]
fn what_a_user_says_of_programs_prices_and_agents_holds() {
    let text = r#"
[programs.claude]
path = "/opt/claude"
[prices]
"gpt-5.2" = { input = 1.25, cached = 0.125, output = 10 }
[[command-agent]]
name = "gemini"
family = "google"
run = ["gemini", "-p"]
run-writing = ["gemini", "--yolo"]
env = ["GEMINI_API_KEY"]
[[http-agent]]
name = "local"
family = "qwen"
endpoint = "http://127.0.0.1:11434/v1"
protocol = "openai"
model = "qwen3"
"#;
    let resolved = settings(&[user(text)], &[], &[]).unwrap();
    let policy = &resolved.policy;
    assert_eq!(policy.programs.claude.path, "/opt/claude");
    assert_eq!(policy.prices["gpt-5.2"].cached, Some(Money(125_000)));
    assert_eq!(policy.prices["gpt-5.2"].output, Money(10_000_000));
    assert_eq!(policy.command_agent[0].run_writing, ["gemini", "--yolo"]);
    assert_eq!(policy.http_agent[0].key, "");
    let cheap =
        settings(&[user("[prices]\ndefault = { input = 1, output = 2 }")], &[], &[]).unwrap();
    assert_eq!(cheap.policy.prices["default"].cached, None);
    let origins = resolved.origins();
    let source = |key: &str| origins.iter().find(|(k, _, _)| k == key).unwrap().2.to_string();
    assert_eq!(source("prices.gpt-5.2.input"), "/home/me/config.toml");
    assert_eq!(source("command-agent"), "/home/me/config.toml");
    assert_eq!(source("programs.claude.path"), "/home/me/config.toml");
    assert_eq!(source("programs.claude.endpoint"), "default");
}

#[test]
fn a_repository_lowers_what_is_spent_and_never_raises_it_above_the_users_word() {
    let spent = |own: &str, theirs: &str, vars: &[(&str, &str)]| {
        let policy = settings(&[user(own), repository(theirs)], vars, &[]).unwrap().policy;
        (policy.budget.run, policy.budget.day, policy.agents.reviewer.budget)
    };
    let (one, two, five) = (Money(1_000_000), Money(2_000_000), Money(5_000_000));
    let own = "[budget]\nrun = 2.0\nday = 5\n[agents.reviewer]\nbudget = 1.0";
    let more = "[budget]\nrun = 1000\nday = inf\n[agents]\nreviewer = { budget = 99.5 }";
    assert_eq!(spent(own, more, &[]), (two, five, one));
    let less = "[budget]\nrun = 1\nday = 2.0\n[agents.reviewer]\nbudget = 0.5";
    assert_eq!(spent(own, less, &[]), (one, two, Money(500_000)));
    assert_eq!(spent(own, more, &[("TRIBUNAL_BUDGET_RUN", "5")]).0, five);
    assert_eq!(spent("", "[budget]\nrun = 5.0", &[("TRIBUNAL_BUDGET_RUN", "1")]).0, one);
    // Where the user said nothing, the defaults are the user's word.
    let defaults = (Money(10_000_000), Money(50_000_000), one);
    assert_eq!(spent("", more, &[]), defaults);
    assert_eq!(spent("", less, &[]), (one, two, Money(500_000)));
    assert_eq!(spent("", "[budget]\nrun = 5.0", &[]).0, five);
    // What the user raised is the most that a repository may name.
    assert_eq!(spent("[budget]\nrun = 100", "[budget]\nrun = 60.0", &[]).0, Money(60_000_000));
    let both = [user(own), repository(more)];
    let origins = settings(&both, &[], &[]).unwrap().origins();
    let run = origins.iter().find(|(key, _, _)| key == "budget.run").unwrap();
    assert_eq!(run.2, SettingsSource::User(PathBuf::from("/home/me/config.toml")));
}

#[test]
fn a_slip_is_named_with_its_line_and_the_nearest_key() {
    let cases = [
        (
            "[prices]\nx = { input = 1, outptu = 2 }",
            2,
            "unknown key `prices.x.outptu`",
            "did you mean `prices.x.output`?",
        ),
        (
            "[[command-agent]]\nname = \"a\"\nfamly = \"b\"",
            3,
            "unknown key `command-agent.famly`",
            "did you mean `command-agent.family`?",
        ),
        (
            "[[http-agent]]\nendpont = \"x\"",
            2,
            "unknown key `http-agent.endpont`",
            "did you mean `http-agent.endpoint`?",
        ),
        (
            "[agents.reviewer]\nmodle = \"x\"",
            2,
            "unknown key `agents.reviewer.modle`",
            "did you mean `agents.reviewer.model`?",
        ),
        (
            "[command-agent]\nname = \"a\"",
            1,
            "`command-agent` is not a list of tables",
            "write `[[command-agent]]` with double brackets",
        ),
        (
            "[comand-agent]\nname = \"a\"",
            1,
            "unknown key `comand-agent`",
            "did you mean `command-agent`?",
        ),
    ];
    for (text, line, message, hint) in cases {
        let problem = refused(&[user(text)], &[], &[]);
        assert_eq!((problem.line, problem.message.as_str()), (line, message));
        assert_eq!(problem.hint, hint);
    }
}

#[test]
fn values_that_could_do_harm_are_no_values() {
    let wrong = [
        ("[agents.reviewer]\nmodel = \"-c\"", 2),
        ("[agents.reviewer]\nmodel = \"a b\"", 2),
        ("[agents.executor]\n\neffort = \"high;rm\"", 3),
        ("[agents.executor]\neffort = \"a\\nb\"", 2),
        ("[budget]\nrun = -1", 2),
        ("[budget]\nday = nan", 2),
        ("[budget]\nday = inf", 2),
        ("[agents.arbiter]\nbudget = \"much\"", 2),
        ("[agents]\nroute = \"D\"", 2),
        ("[prices]\nx = { input = -1, output = 2 }", 2),
        ("[prices]\nx = { output = 2 }", 2),
        ("[prices]\nx = 3", 2),
        ("[[command-agent]]\nname = \"a\"\nfamily = \"b\"\nrun = []", 1),
        ("[[command-agent]]\nname = \"\"\nfamily = \"b\"\nrun = [\"x\"]", 1),
        (
            "[[http-agent]]\nname = \"a\"\nfamily = \"b\"\nendpoint = \"x\"\nprotocol = \"soap\"\nmodel = \"m\"",
            1,
        ),
    ];
    for (text, line) in wrong {
        assert_eq!(refused(&[user(text)], &[], &[]).line, line, "{text}");
    }
    for word in ["gpt-5.2", "claude-opus-4-1@20250805", "openrouter/qwen:free", "a_b+c", ""] {
        let text = format!("[agents.reviewer]\nmodel = \"{word}\"");
        assert_eq!(settings(&[user(&text)], &[], &[]).unwrap().policy.agents.reviewer.model, word);
    }
}

#[test]
fn each_agent_has_a_name_of_its_own() {
    let agent = |name: &str| {
        format!("[[command-agent]]\nname = \"{name}\"\nfamily = \"f\"\nrun = [\"x\"]\n")
    };
    let model = "[[http-agent]]\nname = \"a\"\nfamily = \"f\"\nendpoint = \"e\"\nprotocol = \"openai\"\nmodel = \"m\"\n";
    let cases = [
        (agent("claude"), "claude", 1),
        (agent("a") + &agent("codex"), "codex", 5),
        (agent("a") + &agent("a"), "a", 5),
        (agent("a") + model, "a", 5),
    ];
    for (text, name, line) in cases {
        let problem = refused(&[user(&text)], &[], &[]);
        assert_eq!(problem.message, format!("there is another agent `{name}`"));
        assert_eq!(problem.line, line);
    }
    assert!(settings(&[user(&(agent("a") + &agent("b")))], &[], &[]).is_ok());
}

#[test]
fn variables_and_flags_set_every_new_key() {
    let vars = [
        ("TRIBUNAL_AGENTS_ROUTE", "B"),
        ("TRIBUNAL_AGENTS_REVIEWER_USE", "claude"),
        ("TRIBUNAL_AGENTS_REVIEWER_MODEL", "5"),
        ("TRIBUNAL_AGENTS_REVIEWER_BUDGET", "3"),
        ("TRIBUNAL_AGENTS_RETRIES", "1"),
        ("TRIBUNAL_BUDGET_DAY", "7"),
        ("TRIBUNAL_REVIEW_PRE_PUSH", "block"),
        ("TRIBUNAL_REVIEW_ROUNDS_S", "9"),
        ("TRIBUNAL_PROGRAMS_CODEX_PATH", "/opt/codex"),
        ("TRIBUNAL_PRICES", "{ m = { input = 1, output = 2 } }"),
        ("TRIBUNAL_COMMAND_AGENT", "[{ name = \"n\", family = \"f\", run = [\"x\"] }]"),
    ];
    let flags = ["prices.gpt-5.2={ input = 1, output = 2.5 }", "agents.wait=1h", "budget.run=4"];
    let resolved = settings(&[], &vars, &flags).unwrap();
    let policy = &resolved.policy;
    assert_eq!(policy.agents.reviewer.agents, ["claude"]);
    assert_eq!(policy.agents.reviewer.model, "5");
    assert_eq!(policy.agents.reviewer.budget, Money(3_000_000));
    assert_eq!((policy.agents.retries, policy.review.rounds.s), (1, 9));
    assert_eq!((policy.budget.run, policy.budget.day), (Money(4_000_000), Money(7_000_000)));
    assert_eq!(policy.programs.codex.path, "/opt/codex");
    assert_eq!(policy.prices["gpt-5.2"].output, Money(2_500_000));
    assert_eq!(policy.prices["m"].input, Money(1_000_000));
    assert!(policy.prices.contains_key("default"));
    assert_eq!(policy.command_agent[0].name, "n");
    let source_of = |key: &str| {
        let origins = resolved.origins();
        origins.into_iter().find(|(k, _, _)| k == key).unwrap().2
    };
    assert_eq!(source_of("prices.gpt-5.2.output"), SettingsSource::Flag);
    assert_eq!(
        source_of("prices.m.output"),
        SettingsSource::Variable("TRIBUNAL_PRICES".to_owned())
    );
    assert_eq!(source_of("prices.default.output"), SettingsSource::Default);
}

#[test]
fn a_role_has_one_agent_or_several() {
    let used = |value: &str| {
        let flag = format!("agents.reviewer.use={value}");
        settings(&[], &[], &[&flag]).map(|resolved| resolved.policy.agents.reviewer.agents)
    };
    assert_eq!(used("codex").unwrap(), ["codex"]);
    assert_eq!(used("[\"codex\", \"gemini\"]").unwrap(), ["codex", "gemini"]);
    for (value, said) in [
        ("[]", "the list is empty"),
        ("[\"a\", \"a\"]", "`a` is in the list twice"),
        ("[1]", "neither a name nor a list"),
        ("-x", "`-x` is not a name"),
        ("[\"\"]", "a name is not empty"),
    ] {
        let problem = used(value).unwrap_err().to_string();
        assert!(problem.contains(said), "{value}: {problem}");
    }
}

type Vars<'a> = &'a [(&'a str, &'a str)];

#[test]
fn a_wrong_variable_or_flag_is_named() {
    let agent = "[{ name = \"claude\", family = \"f\", run = [\"x\"] }]";
    let cases: [(Vars, &[&str], &str); 10] = [
        (&[("TRIBUNAL_BUDGET_RUN", "lots")], &[], "TRIBUNAL_BUDGET_RUN"),
        (&[("TRIBUNAL_BUDGET_RUN", "-1")], &[], "TRIBUNAL_BUDGET_RUN"),
        (&[("TRIBUNAL_AGENTS_REVIEWER_MODEL", "--x")], &[], "TRIBUNAL_AGENTS_REVIEWER_MODEL"),
        (&[("TRIBUNAL_COMMAND_AGENT", agent)], &[], "TRIBUNAL_COMMAND_AGENT"),
        (&[], &["prices.x={ input = 1 }"], "--set"),
        (&[], &["prices.x=1"], "--set"),
        (&[("TRIBUNAL_PRICES", "cheap")], &[], "TRIBUNAL_PRICES"),
        (&[("TRIBUNAL_AGENTS_PARALLEL", "0")], &[], "TRIBUNAL_AGENTS_PARALLEL"),
        (&[], &["agents.parallel=9"], "--set"),
        (&[], &["agents.parallel=-1"], "--set"),
    ];
    for (vars, flags, giver) in cases {
        assert_eq!(refused(&[], vars, flags).file, giver);
    }
}

#[test]
fn a_wrong_flag_is_an_error_before_any_other_layer_is_read() {
    let read = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        read_flags(&words).map(|flags| flags.words().to_vec())
    };
    let wrong = [
        ("gates.scope", "it is not `key=value`"),
        ("gates.nothing=off", "unknown key"),
        ("gates.scope.level.x=off", "unknown key"),
        ("watch.specs=1", "it is 1 and must be a list"),
        ("prices=cheap", "it is not a table of prices"),
        ("gates.scope=maybe", "`maybe` is not known here"),
    ];
    for (word, message) in wrong {
        let problem = read(&["gates.scope=off", word]).unwrap_err();
        assert!(problem.message.contains(message), "{word}: {}", problem.message);
        assert_eq!(problem.file, "--set", "{word}");
    }
    // As they were typed, for a process that is to have the same settings.
    let words = ["gates.scope=off", "prices={ m = { input = 1, output = 2 } }", "watch.settle=1s"];
    assert_eq!(read(&words).unwrap(), words);
    assert!(read(&[]).unwrap().is_empty());
}

#[test]
fn what_a_repository_allows_of_the_sandbox_beyond_the_user_s_own_settings_is_asked() {
    let whole = "[sandbox]\nnetwork = true\nreadable = [\"/a\", \"~/b\"]\nmemory = \"9 GiB\"\n\
                 processes = 2000\ndisk = \"17 GiB\"\nfile = \"65 MiB\"\nwithout = \"run\"\n";
    let all = [
        "sandbox.network = true",
        "sandbox.memory = \"9 GiB\"",
        "sandbox.processes = 2000",
        "sandbox.disk = \"17 GiB\"",
        "sandbox.file = \"65 MiB\"",
        "sandbox.without = \"run\"",
        "sandbox.readable = [\"/a\"]",
        "sandbox.readable = [\"~/b\"]",
    ];
    let strict =
        "[sandbox]\nnetwork = false\nmemory = \"1 GiB\"\nprocesses = 5\nwithout = \"refuse\"\n";
    let vars: Vars<'_> = &[("TRIBUNAL_SANDBOX_NETWORK", "true")];
    for (own, theirs, vars, flags, asked) in [
        ("", whole, &[][..], &[][..], &all[..]),
        ("", strict, &[], &[], &[]),
        ("", "", &[], &[], &[]),
        (whole, "", &[], &[], &[]),
        (whole, whole, &[], &[], &[]),
        (strict, "[sandbox]\nprocesses = 6\n", &[], &[], &["sandbox.processes = 6"]),
        ("", "[sandbox]\nnetwork = true\n", vars, &[], &[]),
        ("", "[sandbox]\nwithout = \"run\"\n", &[], &["sandbox.without=refuse"], &[]),
        (
            "[sandbox]\nreadable = [\"/a\"]\n",
            whole,
            &[],
            &["sandbox.network=true"],
            &[all[1], all[2], all[3], all[4], all[5], all[7]],
        ),
    ] {
        let layers = [user(own), repository(theirs)];
        let resolved = settings(&layers, vars, flags).unwrap();
        assert_eq!(resolved.asked_of_sandbox, asked, "{own} -> {theirs}");
    }
    for path in ["", "~", "~/", "a", "./a", "../a", "/a/../b", "~/../b", "~//etc", "~me/a"] {
        let text = format!("[sandbox]\nreadable = [{path:?}]");
        let problem = refused(&[repository(&text)], &[], &[]);
        assert!(problem.message.contains("names no file or folder"), "{path}: {problem}");
    }
}
