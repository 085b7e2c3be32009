//! `tribunal spec`: new, lint, list, show.

use crate::harness::Sandbox;

const GOOD: &str = "---\nid: good\n---\n# Good\n\n## Goal\nBe good.\n\n## Acceptance criteria\n\
    - **AC-1** WHEN asked THEN it answers within 200 ms\n  - verify: test\n";

#[test]
fn a_new_spec_is_a_draft_without_errors() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.tribunal(&["spec", "list"]).ok().says("no specs yet");
    repo.tribunal(&["spec", "new", "add-login"]).ok().says("wrote docs/specs/add-login.md");
    let text = repo.read("docs/specs/add-login.md");
    assert!(text.contains("id: add-login\n") && text.contains("# Add login\n"), "{text}");
    repo.tribunal(&["spec", "lint"]).ok().says("1 spec: 0 errors");
    repo.tribunal(&["spec", "list"]).ok().says("draft");
    // Neither that file nor that id is written over.
    repo.tribunal(&["spec", "new", "add-login"]).code(2).says("already has the id `add-login`");
    repo.tribunal(&["spec", "new", "ADD-LOGIN"]).code(2).says("already has the id `ADD-LOGIN`");
    repo.write("docs/specs/held.md", GOOD);
    repo.tribunal(&["spec", "new", "held"]).code(2).says("`docs/specs/held.md` already exists");
    assert_eq!(repo.read("docs/specs/held.md"), GOOD);
    for bad in ["", "../up", "a b", "a/b", ".hidden", "x.lock"] {
        repo.tribunal(&["spec", "new", bad]).code(2).says("cannot be an id");
    }
    repo.tribunal(&["spec", "new", "named", "--title", "By its name"]).ok();
    assert!(repo.read("docs/specs/named.md").contains("# By its name\n"));
}

#[test]
fn lint_names_place_rule_and_remedy() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("docs/specs/good.md", GOOD);
    repo.write("docs/specs/bad.md", GOOD.replace("id: good\n", "id: bad\ncolour: red\n"));
    repo.tribunal(&["spec", "lint"])
        .code(1)
        .says("docs/specs/bad.md:3:1: error[unknown-key]: ")
        .says("hint: ")
        .says("2 specs: 1 error,");
    repo.tribunal(&["spec", "lint", "docs/specs/good.md"]).ok().never_says("error[");
    repo.tribunal(&["spec", "lint", "nowhere.md"]).code(2).says("could not read `nowhere.md`");
    let json = repo.tribunal(&["spec", "lint", "--format", "json"]).code(1).json();
    assert_eq!(json["errors"], 1);
    assert_eq!(json["specs"][0]["path"], "docs/specs/bad.md");
    assert_eq!(json["specs"][0]["problems"][0]["line"], 3);
    assert_eq!(json["specs"][0]["state"], "errors");
    assert_eq!(json["specs"][1]["state"], "ready");
    repo.tribunal(&["spec", "lint", "--format", "github"])
        .code(1)
        .says("::error title=unknown-key,file=docs/specs/bad.md,line=3,col=1::");
}

#[test]
fn what_a_review_would_not_see_is_told_once() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let lint = |text: &str| {
        repo.write("docs/specs/a.md", text);
        let all = repo.tribunal(&["spec", "lint", "--format", "json"]).json();
        let problems = all["specs"][0]["problems"].as_array().unwrap().clone();
        let told = |one: &serde_json::Value| {
            let word = |key: &str| one[key].as_str().unwrap().to_owned();
            format!("{} {} {}", one["line"], word("level"), word("rule"))
        };
        problems.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(lint(GOOD), Vec::<String>::new());
    for way in ["static: `f(`", "`cargo test", "static: `f"] {
        let bad = GOOD.replace("verify: test", &format!("verify: {way}"));
        assert_eq!(lint(&bad), ["11 error bad-verify"], "{way}");
    }
    for (more, told) in [
        ("## Critical if\n", "13 warning empty-section"),
        ("## Constraints\n<!-- - later -->\n", "13 warning empty-section"),
        ("## Critical if\n- **AC-1** it is lost\n", "14 error duplicate-id"),
        ("## Critical if\n- **AC-2** it is lost\n", "14 warning misplaced-id"),
        ("## Constraints\n- **CI-1** keep it\n", "14 warning misplaced-id"),
        ("## Constraints\n- **FR-1** keep it\n", ""),
    ] {
        let expected: Vec<&str> = [told].into_iter().filter(|told| !told.is_empty()).collect();
        assert_eq!(lint(&format!("{GOOD}\n{more}")), expected, "{more}");
        // A draft need not say everything yet.
        if told.contains("empty") {
            let draft = GOOD.replace("id: good", "id: good\nstatus: draft");
            assert_eq!(lint(&format!("{draft}\n{more}")), Vec::<String>::new());
        }
    }
}

#[test]
fn show_tells_what_a_review_assesses() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let key = ["AKIA", "Z7QW3RTY5UIOP2AS"].concat();
    let more = format!("\n## Constraints\n- keep {key}\n\n## Critical if\n- it is lost\n");
    repo.write("docs/specs/good.md", format!("{GOOD}{more}"));
    let shown = repo.tribunal(&["spec", "show", "good"]).ok().never_says(&key);
    let shown =
        shown.says("Goal\n  Be good.").says("AC-1  WHEN asked").says("Constraints\n  C-1  keep");
    shown.says("Critical if\n  CI-1  it is lost");
    let json = repo.tribunal(&["spec", "show", "good", "--format", "json"]).ok().json();
    assert_eq!(json["spec"]["goal"], "Be good.");
    assert_eq!(json["spec"]["critical_if"][0]["id"], "CI-1");
}

#[test]
fn a_file_that_is_no_spec_is_told_so_and_nothing_else() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("README.md", "# A library\n\nIt adds.\n\n## Usage\n\n- call `add`\n");
    repo.write("compose.yaml", "services:\n  web:\n    image: x\n");
    for (file, why) in [
        ("README.md", "it has no front matter and no section such as `## Acceptance criteria`"),
        ("compose.yaml", "it has no key such as `goal` or `acceptance`"),
    ] {
        let said = repo.tribunal(&["spec", "lint", file]).code(1);
        let said = said.says(&format!("{file}:1:1: error[not-a-spec]: this is no spec: {why}"));
        let said = said.says("hint: `tribunal spec new <id>` writes a spec to fill in");
        said.says("1 spec: 1 error, 0 warnings").never_says("no-goal").never_says("unknown");
    }
}

#[test]
fn the_branch_that_a_spec_begins_from_must_be_there() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let with_base = |base: &str| GOOD.replace("id: good\n", &format!("id: good\nbase: {base}\n"));
    let lint = |base: &str| {
        repo.write("docs/specs/good.md", with_base(base));
        repo.tribunal(&["spec", "lint"]).ok()
    };
    // Before the first commit there is the branch that it will be on.
    drop(lint("main").says("0 errors, 0 warnings"));
    repo.commit_unjudged("one").push_to(&sandbox.bare("origin.git"));
    repo.git(&["branch", "release/2"]).ok();
    repo.git(&["push", "--quiet", "origin", "HEAD:refs/heads/theirs"]).ok();
    for base in ["main", "release/2", "theirs", "origin/theirs"] {
        drop(lint(base).says("0 errors, 0 warnings"));
    }
    let said = lint("mian").says(
        "docs/specs/good.md:3:7: warning[unknown-branch]: no branch of this repository is named `mian`\n  \
         hint: did you mean `main`? `git branch --all` lists the branches\n",
    );
    drop(said.says("1 spec: 0 errors, 1 warning"));
    drop(repo.tribunal(&["spec", "show", "good"]).ok().says("warning[unknown-branch]"));
    drop(repo.tribunal(&["spec", "lint", "docs/specs/good.md"]).ok().says("[unknown-branch]"));
}

#[test]
fn show_finds_a_spec_by_its_id_or_names_the_nearest() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("docs/specs/file.md", GOOD);
    repo.tribunal(&["spec", "show", "Good"])
        .ok()
        .says("good: Good")
        .says("AC-1")
        .says("docs/specs/file.md");
    repo.tribunal(&["spec", "show", "goof"]).code(2).says("did you mean `good`");
    let json = repo.tribunal(&["spec", "show", "good", "--format", "json"]).ok().json();
    assert_eq!(json["spec"]["queued"], false);
    assert_eq!(json["spec"]["size"], "S");
    // From a folder within the repository, and with another glob.
    repo.write("tribunal.toml", "[watch]\nspecs = [\"plans/**\"]\n");
    repo.tribunal(&["spec", "new", "x"]).ok().says("wrote plans/x.md");
}
