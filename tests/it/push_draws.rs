//! Drawn policies, histories and pushes: whatever a remote accepted, nothing that the policies before
//! the push forbid came onto a protected branch. The judge reads commits and refs with plain git.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;

use crate::harness::{Outcome, Repo, Sandbox, cases, run};
use crate::lock_out::Drawing;
use crate::push_policy::RULE;

const RULE_FILE: &str = ".ai/constitution/tests.md";

const REMOTES: [&str; 2] = ["origin", "two"];
const BRANCHES: [&str; 4] = ["main", "release/1", "dev", "topic"];

/// What a commit may bring that some policy forbids; each that is drawn is like no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Marker,
    Secret,
    Sleep,
    Large,
    Message,
}

const KINDS: [Kind; 5] = [Kind::Marker, Kind::Secret, Kind::Sleep, Kind::Large, Kind::Message];

/// The kind and the line in which it stands.
type Thing = (Kind, String);

/// A commit as it is drawn.
#[derive(Clone, Default)]
struct Drawn {
    parents: Vec<usize>,
    files: BTreeMap<String, String>,
    message: String,
    /// In seconds; not every clock is right.
    date: usize,
}

fn is_policy(name: &str) -> bool {
    ["tribunal.toml", RULE_FILE].contains(&name)
}

/// A sequence of numbers that its seed fixes.
struct Dice {
    drawing: Drawing,
    made: u32,
}

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.drawing.below(limit)
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn number(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    /// Settings that are laxer, stricter, or cannot be used.
    fn settings(&mut self) -> String {
        match self.below(20) {
            0 => return "[gates\n".to_owned(),
            1 => return "[gates]\nconflict-markers = \"loud\"\n".to_owned(),
            _ => {}
        }
        let mut text = "[gates]\nscope = \"off\"\n".to_owned();
        for (chance, line) in [
            (35, "conflict-markers = \"off\""),
            (30, "secrets = \"off\""),
            (25, "constitution = \"off\""),
            (35, "large-files = { level = \"block\", max = \"1 KiB\" }"),
            (35, "commit-message = \"block\""),
            (6, "protected-branch = \"off\""),
        ] {
            if self.percent(chance) {
                writeln!(text, "{line}").unwrap();
            }
        }
        if self.percent(70) {
            text.push_str("[protect]\nbranches = [\"main\", \"release/*\"]\n");
        }
        text
    }

    /// Adds a line to a file, which some policy may forbid.
    fn change(&mut self, commit: &mut Drawn) {
        let number = self.number();
        let kind = if self.percent(40) { Some(KINDS[self.below(KINDS.len())]) } else { None };
        let mut path = ["a", "src/v", "src/w"][self.below(3)].to_owned();
        let line = match kind {
            None => format!("line {number}"),
            Some(Kind::Marker) => format!("{} t{number}", "<".repeat(7)),
            Some(Kind::Secret) => {
                let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
                let number = usize::try_from(number).unwrap();
                let end = [letters[number / 32 % 32], letters[number % 32]].map(char::from);
                format!(
                    "{}{}{}",
                    ["AK", "IA", "Z7QW", "3RTY"].concat(),
                    "5UIOP2",
                    String::from_iter(end)
                )
            }
            Some(Kind::Sleep) => format!("sleep({number})"),
            Some(Kind::Large) => {
                path = format!("big/{number}");
                format!("big-{number} {}", "word ".repeat(400))
            }
            Some(Kind::Message) => {
                commit.message = format!("untyped {number}");
                return;
            }
        };
        let text = commit.files.entry(path).or_default();
        // Before the lines that are there or after them.
        *text =
            if self.percent(50) { format!("{text}{line}\n") } else { format!("{line}\n{text}") };
    }

    fn change_policy(&mut self, commit: &mut Drawn) {
        if self.percent(60) {
            commit.files.insert("tribunal.toml".to_owned(), self.settings());
        } else {
            let rules = match self.below(6) {
                0 | 1 => None,
                2 => Some(RULE.replace("'sleep'", "'('")),
                _ => Some(RULE.to_owned()),
            };
            commit.files.remove(RULE_FILE);
            commit.files.extend(rules.map(|rules| (RULE_FILE.to_owned(), rules)));
        }
    }

    /// A merge that takes each file from one of two commits, or the lines of both.
    fn merge(&mut self, (one, other): (&Drawn, &Drawn)) -> BTreeMap<String, String> {
        let names: BTreeSet<&String> = one.files.keys().chain(other.files.keys()).collect();
        let mut files = BTreeMap::new();
        for name in names {
            let from = if self.percent(50) { one } else { other };
            let text = from.files.get(name).or_else(|| one.files.get(name));
            let text = text.or_else(|| other.files.get(name).filter(|_| self.percent(80)));
            let Some(mut text) = text.cloned() else { continue };
            if !is_policy(name)
                && self.percent(40)
                && let [Some(ours), Some(theirs)] = [one, other].map(|side| side.files.get(name))
            {
                let more = theirs.lines().filter(|line| !ours.lines().any(|known| known == *line));
                text = format!("{ours}{}", more.fold(String::new(), |all, line| all + line + "\n"));
            }
            files.insert(name.clone(), text);
        }
        files
    }

    fn history(&mut self) -> Vec<Drawn> {
        let mut commits: Vec<Drawn> = Vec::new();
        let count = 6 + self.below(9);
        while commits.len() < count {
            let at = commits.len();
            // Mostly one of the latest, so that there are lines of several commits.
            let parent = |dice: &mut Self| at - 1 - dice.below(at.min(4));
            let mut commit = Drawn::default();
            if at > 0 && !self.percent(6) {
                let first = parent(self);
                commit = Drawn { parents: vec![first], ..commits[first].clone() };
                let second = parent(self);
                if second != first && self.percent(45) {
                    commit.files = self.merge((&commits[first], &commits[second]));
                    commit.parents.push(second);
                }
            }
            commit.message = format!("feat: {}", self.number());
            commit.date = if self.percent(15) { self.below(9_000_000) } else { 4_000_000 + at };
            let is_merge = commit.parents.len() == 2;
            if commit.parents.is_empty() || self.percent(if is_merge { 15 } else { 30 }) {
                self.change_policy(&mut commit);
            }
            for _ in 0..self.below(if is_merge { 2 } else { 3 }) {
                self.change(&mut commit);
            }
            if self.percent(10)
                && let Some(name) = commit.files.keys().next().cloned()
            {
                commit.files.remove(&name);
            }
            commits.push(commit);
        }
        commits
    }
}

/// What git says of the commits of a history.
struct Facts {
    oids: Vec<String>,
    parents: HashMap<String, Vec<String>>,
    /// What is in each commit's tree and message.
    things: HashMap<String, BTreeSet<Thing>>,
    /// The settings and the rules of each commit, as text.
    policies: HashMap<String, [String; 2]>,
}

impl Facts {
    /// Brings a drawn history into a repository and reads it back.
    fn import(repo: &Repo<'_>, commits: &[Drawn]) -> Self {
        let mut stream = String::new();
        for (at, commit) in commits.iter().enumerate() {
            let Drawn { message, date, .. } = commit;
            write!(
                stream,
                "commit refs/drawn/{at}\nmark :{}\ncommitter A <a@example.invalid> {date} +0000\n\
                 data {}\n{message}\n",
                at + 1,
                message.len()
            )
            .unwrap();
            for (word, parent) in ["from", "merge"].iter().zip(&commit.parents) {
                writeln!(stream, "{word} :{}", parent + 1).unwrap();
            }
            stream.push_str("deleteall\n");
            for (name, text) in &commit.files {
                write!(stream, "M 100644 inline {name}\ndata {}\n{text}\n", text.len()).unwrap();
            }
        }
        let mut import = repo.sandbox.command("git", &repo.dir);
        import.args(["fast-import", "--quiet", "--export-marks=../marks"]);
        run(import, stream.as_bytes()).ok();
        let marks = fs::read_to_string(repo.path("../marks")).unwrap();
        let mut oids: Vec<(usize, String)> = marks
            .lines()
            .map(|line| {
                let (mark, oid) = line[1..].split_once(' ').unwrap();
                (mark.parse().unwrap(), oid.to_owned())
            })
            .collect();
        oids.sort();
        let oids = oids.into_iter().map(|(_, oid)| oid).collect();
        let mut facts = Self {
            oids,
            parents: HashMap::new(),
            things: HashMap::new(),
            policies: HashMap::new(),
        };
        facts.read(repo);
        facts
    }

    fn read(&mut self, repo: &Repo<'_>) {
        let list = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned()).chain(self.oids.clone());
            repo.git(&words.collect::<Vec<_>>()).stdout
        };
        for line in list(&["log", "--no-walk=unsorted", "--format=%H|%P|%s"]).lines() {
            let [oid, parents, subject] =
                line.splitn(3, '|').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
            let things = self.things.entry(oid.clone()).or_default();
            if subject.starts_with("untyped") {
                things.insert((Kind::Message, subject));
            }
            let parents = parents.split_whitespace().map(str::to_owned).collect();
            self.parents.insert(oid, parents);
        }
        for line in list(&["grep", "--extended-regexp", "^(<<<<<<<|AKIA|sleep|big-)"]).lines() {
            let [oid, path, line] =
                line.splitn(3, ':').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
            let kind = match line.as_bytes()[0] {
                b'<' => Kind::Marker,
                b'A' => Kind::Secret,
                b'b' => Kind::Large,
                _ if path.starts_with("src/") => Kind::Sleep,
                _ => continue,
            };
            self.things.entry(oid).or_default().insert((kind, line));
        }
        self.policies = self.oids.iter().map(|oid| (oid.clone(), Default::default())).collect();
        let lines = list(&["grep", "--full-name", "-e", ""]);
        for line in lines.lines() {
            let [oid, path, line] = line.splitn(3, ':').collect::<Vec<_>>().try_into().unwrap();
            if let Some(at) = ["tribunal.toml", RULE_FILE].iter().position(|name| *name == path) {
                let texts = self.policies.get_mut(oid).unwrap();
                texts[at] += line;
                texts[at].push('\n');
            }
        }
    }

    /// The commits below some, with themselves.
    fn below<'f>(&'f self, tips: impl IntoIterator<Item = &'f String>) -> BTreeSet<&'f String> {
        let mut open: Vec<&String> = tips.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(oid) = open.pop() {
            if found.insert(oid) {
                open.extend(&self.parents[oid]);
            }
        }
        found
    }

    fn things_of<'f>(&'f self, commits: &BTreeSet<&'f String>) -> BTreeSet<&'f Thing> {
        commits.iter().flat_map(|oid| &self.things[*oid]).collect()
    }

    /// Whether the policy of a commit forbids a kind.
    fn forbids(&self, commit: &String, kind: Kind) -> bool {
        let [settings, rules] = &self.policies[commit];
        let says = |line: &str| settings.lines().any(|known| known == line);
        match kind {
            Kind::Marker => !says("conflict-markers = \"off\""),
            Kind::Secret => !says("secrets = \"off\""),
            Kind::Sleep => rules.contains("'sleep'") && !says("constitution = \"off\""),
            Kind::Large => settings.contains("large-files = { level = \"block\""),
            Kind::Message => says("commit-message = \"block\""),
        }
    }

    /// Whether one of these policies protects a branch; where there is none, the defaults.
    fn protect<'f>(
        &'f self,
        policies: impl IntoIterator<Item = &'f String>,
        branch: &str,
        default: &str,
    ) -> bool {
        let mut texts: Vec<&str> =
            policies.into_iter().map(|oid| self.policies[oid][0].as_str()).collect();
        if texts.is_empty() {
            texts.push("");
        }
        let is_named = branch == "main"
            || branch == default
            || branch.starts_with("release/")
                && texts.iter().any(|text| text.contains("\"release/*\""));
        is_named && texts.iter().any(|text| !text.contains("protected-branch = \"off\""))
    }

    /// Whether settings or rules cannot be used.
    fn is_broken(&self, commit: &String) -> bool {
        let [settings, rules] = &self.policies[commit];
        settings == "[gates\n" || settings.contains("loud") || rules.contains("'('")
    }
}

type Refs = BTreeMap<String, String>;

fn refs(repo: &Repo<'_>) -> Refs {
    let listed =
        repo.git(&["for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads/"]);
    let lines = listed.stdout.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(name, oid)| (name.to_owned(), oid.to_owned())).collect()
}

/// One push of some refs, each with `+` or without, to commits or to nothing.
struct Push {
    remote: usize,
    updates: BTreeMap<&'static str, (bool, Option<String>)>,
    /// By somebody whom neither side checks.
    unjudged: bool,
}

impl Push {
    /// The words for git, the refs in one order or the other.
    fn words(&self, reverse: bool) -> Vec<String> {
        let mut words = vec!["push".to_owned(), "--quiet".to_owned()];
        if self.unjudged {
            let receive = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
            words.extend(["--no-verify".to_owned(), receive.to_owned()]);
        }
        words.push(REMOTES[self.remote].to_owned());
        let mut refs: Vec<_> = self.updates.iter().collect();
        if reverse {
            refs.reverse();
        }
        words.extend(refs.iter().map(|(branch, (force, new))| {
            let plus = if *force { "+" } else { "" };
            format!("{plus}{}:refs/heads/{branch}", new.as_deref().unwrap_or_default())
        }));
        words
    }
}

fn draw_push(dice: &mut Dice, facts: &Facts, remotes: &[Refs; 2]) -> Push {
    let remote = usize::from(dice.percent(25));
    let present = &remotes[remote];
    let mut updates = BTreeMap::new();
    for _ in 0..1 + dice.below(3) / 2 + dice.below(3) / 2 {
        let branch = if dice.percent(40) { "main" } else { BRANCHES[dice.below(BRANCHES.len())] };
        if present.contains_key(branch) && dice.percent(6) {
            updates.insert(branch, (false, None));
            continue;
        }
        let old = present.get(branch);
        let later: Vec<&String> = facts
            .oids
            .iter()
            .filter(|oid| old.is_none_or(|old| *oid != old && facts.below([*oid]).contains(old)))
            .collect();
        let of =
            if later.is_empty() || dice.percent(20) { facts.oids.iter().collect() } else { later };
        // The earliest are taken most often, so that there is a way to go.
        let at = dice.below(of.len()).min(dice.below(of.len()));
        updates.insert(branch, (dice.percent(20), Some(of[at].clone())));
    }
    Push { remote, updates, unjudged: dice.percent(14) }
}

/// How many pushes came to which end.
#[derive(Debug, Default)]
struct Counts {
    histories: usize,
    pushes: usize,
    accepted: usize,
    refused: usize,
    by_git: usize,
    unjudged: usize,
    /// Pushes in which nothing is that any policy could forbid.
    clean: usize,
    /// New tips of protected branches that were judged.
    judged: usize,
    /// What arrived since no policy forbade it.
    arrived: BTreeMap<Kind, usize>,
    /// What would have arrived and is forbidden.
    stopped: BTreeMap<Kind, usize>,
}

/// What a new tip of a branch would bring, as the remotes are before the push.
#[derive(Default)]
struct Judged<'f> {
    /// The branch is protected, and would be rewritten or deleted.
    rewritten: bool,
    /// What is new to a protected branch, and whether it is forbidden.
    things: Vec<(&'f Thing, bool)>,
    /// The branch is protected.
    protected: bool,
    /// There is something in it that some policy could forbid, or a policy that cannot be used.
    brings_anything: bool,
}

/// Which side has the hook, and the default branch of the remotes.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// The client knows of both remotes.
    at_client: bool,
    default: &'static str,
}

/// Judges one ref of a push to a remote.
fn judge<'f>(
    facts: &'f Facts,
    remotes: &'f [Refs; 2],
    (remote, side): (usize, Side),
    (branch, new): (&str, Option<&'f String>),
) -> Judged<'f> {
    let present = &remotes[remote];
    let old = present.get(branch);
    let others = side.at_client.then(|| &remotes[1 - remote]);
    let default = present.get(side.default).or_else(|| others?.get(side.default));
    let policies: Vec<&String> = old.into_iter().chain(default).collect();
    let after = facts.below(new);
    let anything = |commits: &BTreeSet<&'f String>| {
        !facts.things_of(commits).is_empty() || commits.iter().any(|oid| facts.is_broken(oid))
    };
    if !facts.protect(policies.iter().copied(), branch, side.default) {
        return Judged { brings_anything: anything(&after), ..Judged::default() };
    }
    let rewritten = old.is_some_and(|old| !after.contains(old));
    let before = match old {
        Some(old) => facts.below([old]),
        // What another protected branch has passed when it came there.
        None => facts.below([present].into_iter().chain(others).flat_map(|refs| {
            refs.iter()
                .filter(|(name, _)| facts.protect(default, name, side.default))
                .map(|(_, oid)| oid)
        })),
    };
    let new_commits: BTreeSet<&String> = after.difference(&before).copied().collect();
    let begins = after.is_disjoint(&before);
    let had = facts.things_of(&before);
    let brings_anything = match old {
        Some(_) => {
            facts.things_of(&new_commits).iter().any(|thing| !had.contains(thing))
                || new_commits.iter().any(|oid| facts.is_broken(oid))
        }
        None => anything(&after),
    };
    let things = facts.things_of(&after).into_iter().filter(|thing| !had.contains(thing));
    let is_guard = |kind| matches!(kind, Kind::Marker | Kind::Secret | Kind::Sleep);
    let forbidden = |kind| match new {
        // The history begins with this push: the guards of its own policy hold.
        Some(new) if policies.is_empty() && begins => is_guard(kind) && facts.forbids(new, kind),
        _ => policies.iter().any(|commit| facts.forbids(commit, kind)),
    };
    let things = things.map(|thing| (thing, forbidden(thing.0))).collect();
    Judged { rewritten, things, protected: true, brings_anything }
}

/// The folders that each history starts from: a repository with two remotes.
fn template(at_client: bool) -> Sandbox {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo_with("repo", &["--template="]);
    let mut all = vec![repo];
    for name in REMOTES {
        let remote = sandbox.repo_with(name, &["--bare", "--template="]);
        remote.git(&["config", "receive.denyDeleteCurrent", "ignore"]).ok();
        all[0].git(&["remote", "add", name, &format!("../{name}")]).ok();
        all.push(remote);
    }
    for (at, repo) in all.iter().enumerate() {
        for (key, value) in
            [("maintenance.auto", "false"), ("receive.autogc", "false"), ("core.fsync", "none")]
        {
            repo.git(&["config", key, value]).ok();
        }
        if at_client == (at == 0) {
            repo.tribunal(&["hooks", "install"]).ok();
        }
    }
    sandbox
}

fn run_history(seed: u64, template: &Sandbox, side: Side, counts: &mut Counts) {
    let sandbox = Sandbox::new();
    let mut copy = sandbox.command("cp", sandbox.path());
    copy.arg("-a").args(["repo", "origin", "two"].map(|name| template.path().join(name))).arg(".");
    run(copy, b"").ok();
    let [repo, origin, two] = ["repo", "origin", "two"]
        .map(|name| Repo { sandbox: &sandbox, dir: sandbox.path().join(name) });
    let servers = [origin, two];
    for server in &servers {
        server.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{}", side.default)]).ok();
    }
    let mut dice = Dice { drawing: Drawing(seed), made: 0 };
    let facts = Facts::import(&repo, &dice.history());
    let mut remotes = [Refs::new(), Refs::new()];
    for _ in 0..5 + dice.below(3) {
        let push = draw_push(&mut dice, &facts, &remotes);
        let words = push.words(dice.percent(50));
        let outcome = repo.git(&words);
        let after = refs(&servers[push.remote]);
        let ended = Ended { push: &push, outcome: &outcome, after: &after };
        counts.count(&ended, &remotes);
        if let Err(wrong) = counts.judge(&facts, &remotes, side, &ended) {
            let settings: Vec<_> = facts.oids.iter().map(|c| (c, &facts.policies[c])).collect();
            panic!(
                "history {seed}, {side:?}: {wrong}\n{}\nbefore {remotes:#?}\nafter {after:#?}\n\
                 {settings:#?}\n{outcome}",
                words.join(" ")
            );
        }
        remotes[push.remote] = after;
    }
    counts.histories += 1;
}

/// A push that was tried, and the refs of its remote then.
struct Ended<'a> {
    push: &'a Push,
    outcome: &'a Outcome,
    after: &'a Refs,
}

impl Counts {
    fn count(&mut self, ended: &Ended<'_>, remotes: &[Refs; 2]) {
        self.pushes += 1;
        let end = if ended.push.unjudged {
            &mut self.unjudged
        } else if *ended.after != remotes[ended.push.remote] {
            &mut self.accepted
        } else if ended.outcome.stderr.contains("blocked:") {
            &mut self.refused
        } else {
            &mut self.by_git
        };
        *end += 1;
    }

    /// Says what is wrong with the end of a push that one side checked.
    fn judge(
        &mut self,
        facts: &Facts,
        remotes: &[Refs; 2],
        side: Side,
        Ended { push, outcome, after }: &Ended<'_>,
    ) -> Result<(), String> {
        if push.unjudged {
            return Ok(());
        }
        let before = &remotes[push.remote];
        let mut is_clean = true;
        for (branch, (_, new)) in &push.updates {
            let has_moved = after.get(*branch) != before.get(*branch);
            let new = if has_moved { after.get(*branch) } else { new.as_ref() };
            let judged = judge(facts, remotes, (push.remote, side), (branch, new));
            is_clean &= !judged.rewritten && !judged.brings_anything;
            self.judged += usize::from(judged.protected && has_moved);
            if judged.rewritten && has_moved {
                return Err(format!("`{branch}` was rewritten"));
            }
            for ((kind, line), forbidden) in judged.things {
                if forbidden && has_moved {
                    return Err(format!("`{branch}` has what is forbidden: {line}"));
                }
                let list = if forbidden { &mut self.stopped } else { &mut self.arrived };
                if forbidden || has_moved {
                    *list.entry(*kind).or_default() += 1;
                }
            }
        }
        self.clean += usize::from(is_clean);
        // What nobody forbids is in nobody's way.
        if is_clean && outcome.stderr.contains("blocked:") {
            return Err("nothing is wrong with it, and it was refused".to_owned());
        }
        Ok(())
    }
}

#[test]
fn nothing_forbidden_comes_onto_a_protected_branch_whatever_is_drawn() {
    let draws = cases(24, 400);
    let mut counts = Counts::default();
    let templates = [template(false), template(true)];
    for seed in 0..draws {
        let at_client = seed % 2 == 1;
        // A client learns the default branch of a remote by `git clone` alone.
        let default = if seed % 4 == 2 { "dev" } else { "main" };
        let side = Side { at_client, default };
        run_history(seed, &templates[usize::from(at_client)], side, &mut counts);
    }
    println!("{counts:?}");
    // Where nearly all were accepted, or nearly none, the rest would show little.
    let judged = counts.accepted + counts.refused;
    assert!(counts.accepted * 5 > judged && counts.refused * 5 > judged, "{counts:?}");
    let all = |list: &BTreeMap<Kind, usize>| KINDS.iter().all(|kind| list.contains_key(kind));
    assert!(draws < 100 || all(&counts.stopped) && all(&counts.arrived), "{counts:?}");
}
