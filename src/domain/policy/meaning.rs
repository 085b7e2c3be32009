//! What each setting means and what it may be, in a few words for people.

/// What a setting means and may be; `None` for a key that no setting has.
pub fn of(key: &str) -> Option<&'static str> {
    let parts: Vec<&str> = key.split('.').collect();
    Some(match parts.as_slice() {
        ["command-agent"] => "programs of your own as agents (your own settings alone)",
        ["http-agent"] => "models behind an address as agents (your own settings alone)",
        ["classes"] => "classes of findings of the project's own",
        ["commands"] => "commands of the project that run as gates",
        ["prepare"] => "what is fetched with the network before an agent's code is tested without",
        ["protect", "branches"] => "protected branches, beside the remote's default branch; globs",
        ["gates", gate, rest @ ..] => of_gate(gate, rest)?,
        ["watch", name] => of_watch(name)?,
        ["learn", rest @ ..] => of_learn(rest)?,
        ["agents", rest @ ..] => of_agents(rest)?,
        ["budget", "run"] => "US dollars that one run may cost",
        ["budget", "day"] => "US dollars that all runs of a day (UTC) may cost",
        ["review", rest @ ..] => of_review(rest)?,
        ["runs", "at-once"] => {
            "runs that the watcher starts at the same time, 1 to 8 (your own settings)"
        }
        ["runs", "changed"] => "ask, restart or ignore: a spec is changed while it is built",
        ["runs", "tasks-at-once"] => {
            "independent tasks of a run that are built side by side, 1 to 3 (your own settings)"
        }
        ["runs", "ask-every"] => "after how many tasks each a run asks you to look; 0 for never",
        ["runs", "fast-dirty"] => {
            "refuse, or touched: what has to be committed before `--mode fast` begins"
        }
        ["runs", "disk"] => "what checkouts and what was prepared may take, such as 20 GiB",
        ["runs", "extend"] => {
            "ask, or grant where the spec's `touches` names it: a task needs one more file"
        }
        ["planning", "ask-before"] => {
            "dependency, interface, architecture: takes your yes before it is committed"
        }
        ["runs", "research"] => "auto, always or never: research on the web before a plan",
        ["planning", "research"] => "the same for this repository; a never in either counts",
        ["sandbox", name] => of_sandbox(name)?,
        ["prices", .., "input"] => "US dollars for a million tokens of input",
        ["prices", .., "cached"] => "the same for input from a cache",
        ["prices", .., "output"] => "the same for output",
        ["programs", _, "path"] => "where the program is; empty: looked up in PATH",
        ["programs", _, "endpoint"] => "the address it talks to; empty: its own",
        _ => return None,
    })
}

fn of_gate(gate: &str, rest: &[&str]) -> Option<&'static str> {
    Some(match (gate, rest) {
        (_, ["level"]) => "off, warn or block",
        ("secrets", ["generic"]) => "off, warn or block, for values that only look like secrets",
        ("secrets", ["allow"]) => "known values that pass: fingerprints, as a finding shows them",
        (_, ["allow-paths"]) => "globs of files that this gate leaves alone",
        ("large-files", ["max"]) => "the largest file, such as 5 MiB",
        ("commit-message", ["types"]) => "what a first line may begin with",
        ("commit-message", ["subject-max"]) => "the longest first line, in characters",
        ("scope", ["files"]) => "the most files of one change",
        ("scope", ["lines"]) => "the most added and removed lines of one change",
        ("scope", ["exempt"]) => "globs of files that do not count",
        _ => return None,
    })
}

fn of_watch(name: &str) -> Option<&'static str> {
    Some(match name {
        "specs" => "globs of the specs that are watched",
        "method" => "auto, native (the system's events) or poll",
        "settle" => "how long a file must be unchanged before it is read",
        "rescan" => "how often everything is looked at again",
        "start" => "on-demand (a commit starts the watcher) or manual",
        "progress" => "off or file: a page for each spec in docs/progress",
        _ => return None,
    })
}

fn of_learn(rest: &[&str]) -> Option<&'static str> {
    Some(match rest {
        ["after", "findings"] => "a rule is learned after so many findings of one class",
        ["after", "changes"] => "… in at least so many changes",
        ["after", "days"] => "… within so many days",
        ["after", "criticals"] => "or after so many critical ones",
        ["start"] => "active or shadow: how a new rule with a proved check starts",
        ["draft"] => "on or off: an agent drafts rules that code cannot",
        ["noise"] => "hits in the rest of the code that a new rule may have",
        ["budget", "rules"] => "the most rules in force",
        ["budget", "bytes"] => "the most text of all rules",
        _ => return None,
    })
}

fn of_agents(rest: &[&str]) -> Option<&'static str> {
    Some(match rest {
        ["route"] => "auto, A (two vendors), B (one vendor) or C (no agent)",
        ["retries"] => "how often a call that failed for a passing reason is made again",
        ["wait"] => "the longest wait for the end of a rate limit",
        ["parallel"] => "calls of one run at once, 1 to 8",
        [_, "use"] => {
            "claude, codex, or an agent of your own settings; of a list the first that can be asked"
        }
        ["planner" | "reviewer" | "attacker" | "arbiter", "effort"] => {
            "empty: high; default: the program's own"
        }
        [_, "model" | "effort"] => "empty: the program's default",
        [_, "timeout"] => "the longest call",
        [_, "idle"] => "the longest silence in a call",
        [_, "budget"] => "US dollars that one call may cost",
        _ => return None,
    })
}

fn of_review(rest: &[&str]) -> Option<&'static str> {
    Some(match rest {
        ["background"] => "on or off: new commits are reviewed in the background",
        ["pre-push"] => "off, ask-later, warn, block, or ratchet (warn for a time, then block)",
        ["ratchet"] => "how long the ratchet warns, from the first review on",
        ["on-failure"] => "auto (as pre-push says), warn or block, where there is no review",
        ["wait"] => "how long a push waits for a review that is under way",
        ["bytes"] => "how much of a change one call shows",
        ["calls"] => "the most calls for one change",
        ["context"] => "lines around each part of a change",
        ["leave-out"] => "globs of files that no model is shown",
        ["highs"] => "open findings of severity high that may stay",
        ["rounds", "s"] => "rounds of fix and review for a small change",
        ["rounds", "m"] => "… for a medium one",
        ["rounds", "l"] => "… for a large one",
        ["instructions"] => "what reviewers of some files mind: tables of globs and a text",
        ["tell"] => "low, medium, high or critical: the least finding of a review that is told",
        ["spec"] => "auto, required (no review without one) or off: review by the spec of a change",
        ["notify"] => "off or desktop (your own settings alone): a background review or run ended",
        ["plan-rounds"] => "rounds of plan and review",
        ["importants"] => "open important findings that a plan may keep",
        _ => return None,
    })
}

fn of_sandbox(name: &str) -> Option<&'static str> {
    Some(match name {
        "network" => "true or false: commands on an agent's code reach the network",
        "readable" => "files and folders that they may read as well",
        "memory" => "the most memory that they may use, such as 8 GiB",
        "processes" => "the most processes and threads",
        "disk" => "the most that their workspace may hold",
        "file" => "the largest file that is taken from what an agent left",
        "without" => "refuse or run, where nothing can hold them",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use toml::{Table, Value};

    use super::of;

    fn keys(table: &Table, above: &str) -> Vec<String> {
        let below = |(name, value): (&String, &Value)| match value {
            Value::Table(inner) => keys(inner, &format!("{above}{name}.")),
            _ => vec![format!("{above}{name}")],
        };
        table.iter().flat_map(below).collect()
    }

    #[test]
    fn every_setting_has_a_meaning() {
        let defaults: Table = include_str!("default.toml").parse().unwrap();
        let keys = keys(&defaults, "");
        assert!(keys.len() > 50, "{}", keys.len());
        let without: Vec<_> = keys.iter().filter(|key| of(key).is_none()).collect();
        assert!(without.is_empty(), "say in this file what they mean: {without:?}");
        for unknown in ["nope", "gates", "gates.scope.nope", "agents.reviewer.nope"] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }
}
