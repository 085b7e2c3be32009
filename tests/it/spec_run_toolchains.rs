//! Runs of specs in projects of Python and TypeScript, whose test runner and compiler the real package managers
//! install before the tests run without the network.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::harness::{Outcome, Repo, Sandbox, run as run_command, short};
use crate::planned_runs::{Planning, plan, planned, task};
use crate::scene::Scene;
use crate::spec_runs::{
    NEW_TEST, POLICY, RUNNER, SPEC, Step, builder, good_code, run as run_spec, writes,
};
use crate::toolchains;
use crate::toolchains::{LOCK, PACKAGE, REQUIREMENTS, Toolchain};

/// A project, and what its package manager installs.
pub struct Project {
    toolchain: &'static Toolchain,
    files: &'static [(&'static str, &'static str)],
    /// What is installed, and by which line.
    keep: &'static str,
    lock: &'static str,
    prepare: String,
    /// Runs its tests; what is left to say is where the report goes.
    tests: &'static str,
}

const DOUBLE_PY: &str = "\"\"\"Sizes.\"\"\"\n\n\ndef double(n):\n    return n * 2\n";

pub fn python(toolchain: &'static Toolchain) -> Project {
    Project {
        toolchain,
        files: &[
            ("requirements.txt", REQUIREMENTS),
            (".gitignore", ".venv\n__pycache__\n.pytest_cache\n"),
            ("sizes/__init__.py", DOUBLE_PY),
            (
                "tests/test_double.py",
                "from sizes import double\n\n\ndef test_doubles():\n    assert double(2) == 4\n",
            ),
        ],
        keep: ".venv",
        lock: "requirements.txt",
        prepare: format!(
            "python3 -m venv .venv && .venv/bin/pip install --no-index --find-links {} -r requirements.txt",
            toolchain.downloads.display()
        ),
        tests: ".venv/bin/python -m pytest --junitxml=\"$TRIBUNAL_REPORT\"",
    }
}

const PY_SIZE_TEST: (&str, &str) = (
    "tests/test_size.py",
    "from sizes.size import parse_size\n\n\ndef test_a_size_with_a_unit_is_read():\n    assert parse_size(\"2K\") == 2048\n\n\n\
     def test_what_is_no_size_is_none():\n    assert parse_size(\"K\") is None\n",
);
const PY_SIZE: (&str, &str) = (
    "sizes/size.py",
    "\"\"\"Reads sizes with a unit.\"\"\"\n\n\ndef parse_size(text):\n    number = text.removesuffix(\"K\")\n    \
     return int(number) * 1024 if number.isdigit() else None\n",
);
const PY_HALVE_TEST: (&str, &str) = (
    "tests/test_halve.py",
    "from sizes import halve\n\n\ndef test_halves():\n    assert halve(4) == 2\n",
);
const PY_TRIPLE_TEST: (&str, &str) = (
    "tests/test_triple.py",
    "import sizes\n\n\ndef test_triples():\n    assert sizes.triple(2) == 6\n",
);

fn typescript(toolchain: &'static Toolchain) -> Project {
    Project {
        toolchain,
        files: &[
            ("package.json", PACKAGE),
            ("package-lock.json", LOCK),
            (".gitignore", "node_modules\nbuild\n"),
            (
                "tsconfig.json",
                "{\n  \"compilerOptions\": {\n    \"module\": \"nodenext\", \"target\": \"es2022\", \"lib\": [\"es2022\"], \
                 \"types\": [],\n    \"rootDir\": \".\", \"outDir\": \"build\", \"strict\": true\n  },\n  \
                 \"include\": [\"src\", \"test\"]\n}\n",
            ),
            (
                "src/node.d.ts",
                "declare module 'node:test' {\n  export default function test(name: string, body: () => void): void;\n}\n\
                 declare module 'node:assert' {\n  export function equal(got: unknown, wanted: unknown): void;\n}\n",
            ),
            (
                "src/double.ts",
                "/** Doubles a number. */\nexport const double = (n: number): number => n * 2;\n",
            ),
            (
                "test/double.test.ts",
                "import test from 'node:test';\nimport { equal } from 'node:assert';\n\
                 import { double } from '../src/double.js';\n\ntest('doubles', () => equal(double(2), 4));\n",
            ),
        ],
        keep: "node_modules",
        lock: "package-lock.json",
        prepare: format!(
            "cp -R {} $npm_config_cache && npm ci --prefer-offline --no-audit --no-fund",
            toolchain.downloads.display()
        ),
        tests: "rm -rf build && node_modules/.bin/tsc && node --test --test-reporter=junit \
                --test-reporter-destination=\"$TRIBUNAL_REPORT\" build/test/",
    }
}

const TS_KILO_TEST: (&str, &str) = (
    "test/kilo.test.ts",
    "import test from 'node:test';\nimport { equal } from 'node:assert';\nimport { parseSize } from '../src/size.js';\n\n\
     test('kilobytes are read', () => equal(parseSize('2K'), 2048));\n",
);
const TS_KILO: (&str, &str) = (
    "src/size.ts",
    "/** Reads a size such as `2K`, in bytes. */\nexport function parseSize(text: string): number | undefined {\n  \
     const found = /^(\\d+)K$/.exec(text);\n  return found ? Number(found[1]) * 1024 : undefined;\n}\n",
);
const TS_PRINT_TEST: (&str, &str) = (
    "test/print.test.ts",
    "import test from 'node:test';\nimport { equal } from 'node:assert';\nimport { printSizes } from '../src/size.js';\n\n\
     test('sizes are printed', () => printSizes([2048]).forEach((text) => equal(text, '2K')));\n",
);

impl Project {
    /// Has the programs of the scene's sandbox find the interpreter.
    pub fn found_in(&self, mut scene: Scene) -> Scene {
        if let Some(interpreter) = &self.toolchain.interpreter {
            let bin = interpreter.join("bin");
            let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
            scene.sandbox.vars.push(("PATH", path));
        }
        scene
    }

    pub fn repo<'a>(&self, sandbox: &'a Sandbox) -> Repo<'a> {
        let repo = sandbox.repo("r");
        for (path, text) in self.files {
            repo.write(path, text);
        }
        let Toolchain { downloads, interpreter, installed } = self.toolchain;
        let readable: Vec<_> =
            [Some(downloads), interpreter.as_ref()].into_iter().flatten().collect();
        let policy = format!(
            "[gates]\nscope = \"off\"\n[sandbox]\nreadable = {:?}\n\
             [[prepare]]\nrun = {:?}\nfiles = [{:?}]\nkeep = [{:?}]\n\
             [[commands]]\nname = \"tests\"\nrun = {:?}\nformat = \"junit\"\n",
            readable, self.prepare, self.lock, self.keep, self.tests
        );
        repo.write("tribunal.toml", policy).commit_unjudged("feat: double");
        // As the person has it, who installed it before.
        symlink(installed, repo.path(self.keep)).unwrap();
        repo.tribunal(&["trust", "commands", "--yes"]).ok();
        repo
    }

    /// Each commit of a branch builds and passes its tests by itself.
    fn each_commit_passes(&self, repo: &Repo<'_>, branch: &str, subjects: &[&str]) {
        let log = repo.git(&["log", "--reverse", "--format=%s", &format!("main..{branch}")]).ok();
        assert_eq!(log.out().lines().collect::<Vec<_>>(), subjects);
        repo.git(&["checkout", "--quiet", branch]).ok();
        let mut rebase = repo.sandbox.command("git", &repo.dir);
        let report = repo.sandbox.path().join("report.xml");
        rebase.args(["rebase", "--quiet", "--exec", self.tests, "main"]);
        rebase.env("TRIBUNAL_REPORT", &report);
        run_command(rebase, b"").ok();
        assert!(fs::read_to_string(report).unwrap().contains("<testcase"));
        repo.git(&["checkout", "--quiet", "main"]).ok();
    }
}

fn spec(repo: &Repo<'_>, id: &str, size: &str, criteria: &[&str]) {
    let listed = criteria.iter().enumerate();
    let listed: Vec<String> = listed
        .map(|(at, text)| format!("- **AC-{}** WHEN {text}. verify: test\n", at + 1))
        .collect();
    let text = format!(
        "---\nid: {id}\nstatus: ready\nsize: {size}\n---\n# Work with {id}\n\n## Goal\n\nPeople work with {id}.\n\n\
         ## Acceptance criteria\n\n{}",
        listed.concat()
    );
    repo.write(format!("docs/specs/{id}.md"), text);
}

fn built(outcome: Outcome) -> Value {
    let json = outcome.ok().json();
    assert_eq!(json["verdict"], "pass", "{json}");
    json
}

fn step(file: (&str, &str), says: &'static str) -> Step {
    writes(&[file], says)
}

#[test]
fn specs_are_built_in_a_python_project_in_every_mode() {
    let name = "specs_are_built_in_a_python_project_in_every_mode";
    let Some(toolchain) = toolchains::python(name) else { return };
    let project = python(toolchain);
    let with = |code: &str| format!("{DOUBLE_PY}\n\n{code}");
    let (halve, triple) =
        (with("def halve(n):\n    return n / 2\n"), with("def triple(n):\n    return n * 3\n"));
    // What is missing is a module, a name of a module that is there, and an attribute.
    let scene = project.found_in(builder(
        vec![step(PY_SIZE_TEST, ""), step(PY_HALVE_TEST, ""), step(PY_TRIPLE_TEST, "")],
        vec![
            step(PY_SIZE, "SUBJECT: feat(size): read sizes with a unit"),
            step(("sizes/__init__.py", &halve), "SUBJECT: feat(sizes): halve"),
            step(("sizes/__init__.py", &triple), "SUBJECT: feat(sizes): triple"),
        ],
        &[],
    ));
    let repo = project.repo(&scene.sandbox);
    spec(&repo, "units", "S", &["`parse_size` is given `2K` THEN it gives 2048"]);
    spec(&repo, "halves", "S", &["`halve` is given 4 THEN it gives 2"]);
    spec(&repo, "triples", "S", &["`triple` is given 2 THEN it gives 6"]);
    repo.commit_unjudged("docs: specs");
    let run = |id: &str, words: &[&str]| {
        repo.tribunal(&[&["run", id, "--format", "json"], words].concat())
    };
    built(run("units", &[]));
    project.each_commit_passes(&repo, "tribunal/units", &["feat(size): read sizes with a unit"]);
    built(run("halves", &["--mode=fast", "--commit"]));
    project.each_commit_passes(&repo, "tribunal/halves", &["feat(sizes): halve"]);
    let json = run("triples", &["--mode=manual"]).code(3).json();
    assert_eq!(json["waits_for"]["about"], "the result", "{json}");
    let id = short(json["run"].as_str().unwrap());
    built(repo.tribunal(&["approve", id, "--format", "json"]));
    project.each_commit_passes(&repo, "tribunal/triples", &["feat(sizes): triple"]);
}

#[test]
fn a_spec_of_two_tasks_is_built_in_a_typescript_project() {
    let name = "a_spec_of_two_tasks_is_built_in_a_typescript_project";
    let Some(toolchain) = toolchains::typescript(name) else { return };
    let project = typescript(toolchain);
    let both = format!(
        "{}\n/** Prints sizes in kilobytes. */\nexport const printSizes = (sizes: number[]): string[] => \
         sizes.map((size) => `${{size / 1024}}K`);\n",
        TS_KILO.1
    );
    let planning = Planning {
        plans: vec![plan("first")],
        tasks: vec![serde_json::json!({"tasks": [
            task("Read sizes", &["AC-1"], &["src/size.ts"]),
            task("Print sizes", &["AC-2"], &["src/size.ts"]),
        ]})],
        ..Planning::default()
    };
    // The module is missing first, then a name that it has not, of which other errors follow.
    let scene = project.found_in(planned(
        planning,
        vec![step(TS_KILO_TEST, ""), step(TS_PRINT_TEST, "")],
        vec![
            step(TS_KILO, "SUBJECT: feat(size): read sizes"),
            step((TS_KILO.0, &both), "SUBJECT: feat(size): print sizes"),
        ],
    ));
    let repo = project.repo(&scene.sandbox);
    let criteria = [
        "`parseSize` is given `2K` THEN it gives 2048",
        "`printSizes` is given 2048 THEN it gives `2K`",
    ];
    spec(&repo, "sizes", "M", &criteria);
    built(repo.tribunal(&["run", "sizes", "--format", "json"]));
    let subjects = [
        "feat(size): read sizes",
        "feat(size): print sizes",
        "docs: record the decisions of `sizes`",
        "docs: record what shows that `sizes` is built",
    ];
    project.each_commit_passes(&repo, "tribunal/sizes", &subjects);
}

/// As `tsc` does, which writes what it compiled beside what an earlier call of it did.
#[test]
fn what_was_compiled_of_refused_tests_is_not_run_with_those_that_replace_them() {
    let refused = "echo 'getaddrinfo ENOTFOUND'; exit 1\n";
    let tests = [("tests/first_test.sh", refused), ("tests/size_test.sh", NEW_TEST)];
    let tests = tests.map(|file| step(file, "")).to_vec();
    let scene = builder(tests, vec![good_code()], &[]);
    let repo = scene.sandbox.repo("r");
    let compiles = format!(
        "mkdir -p build && cp tests/*_test.sh build/\n{}",
        RUNNER.replace("tests/*", "build/*")
    );
    repo.write("run-tests", compiles).write(".gitignore", "build\n").write("tribunal.toml", POLICY);
    repo.write("tests/old_test.sh", "true\n").commit_unjudged("feat: begin");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.write("docs/specs/sizes.md", SPEC);
    built(run_spec(&repo));
    let touched = repo.git(&["diff", "--name-only", "main", "tribunal/sizes"]).ok();
    assert_eq!(touched.out(), "src/size.sh\ntests/size_test.sh");
}
