//! Small projects of three languages with passing suites, whose test runner and compiler the real package managers
//! install before the tests run without the network, and what can be built in each.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::harness::{Repo, Sandbox, run};
use crate::planned_runs::{Planning, plan, task};
use crate::scene::Scene;
use crate::spec_run_languages::with_toolchain;
use crate::spec_runs::{Step, writes};
use crate::toolchains::{LOCK, PACKAGE, REQUIREMENTS, Toolchain};

/// A project of one language.
pub struct LanguageProject {
    files: &'static [(&'static str, &'static str)],
    /// What its package manager installs; `None` where the tools are all that it needs.
    installs: Option<Installs>,
    format: &'static str,
    /// Runs its tests; what is left to say is where the report goes.
    tests: &'static str,
    /// What can be built in it: each on its own, or one after the other.
    pub features: [Feature; 3],
}

struct Installs {
    toolchain: &'static Toolchain,
    keep: &'static str,
    lock: &'static str,
    prepare: String,
}

pub struct Feature {
    /// Of its spec.
    pub id: &'static str,
    criterion: &'static str,
    test: (&'static str, &'static str),
    /// The file, and what comes to its end.
    code: (&'static str, &'static str),
    says: &'static str,
}

impl Feature {
    /// Writes its spec.
    pub fn spec(&self, repo: &Repo<'_>) {
        spec(repo, self.id, "S", &[self.criterion]);
    }

    pub fn tests(&self) -> Step {
        writes(&[self.test], "")
    }

    /// The first line of its commit.
    pub fn subject(&self) -> &'static str {
        self.says.trim_start_matches("SUBJECT: ")
    }
}

const DOUBLE_PY: &str = "\"\"\"Sizes.\"\"\"\n\n\ndef double(n):\n    return n * 2\n";

/// What is missing for these is a module, a name of a module that is there, and an attribute.
const OF_PYTHON: [Feature; 3] = [
    Feature {
        id: "units",
        criterion: "`parse_size` is given `2K` THEN it gives 2048",
        test: (
            "tests/test_size.py",
            "from sizes.size import parse_size\n\n\ndef test_a_size_with_a_unit_is_read():\n    \
             assert parse_size(\"2K\") == 2048\n\n\n\
             def test_what_is_no_size_is_none():\n    assert parse_size(\"K\") is None\n",
        ),
        code: (
            "sizes/size.py",
            "\"\"\"Reads sizes with a unit.\"\"\"\n\n\ndef parse_size(text):\n    \
             number = text.removesuffix(\"K\")\n    \
             return int(number) * 1024 if number.isdigit() else None\n",
        ),
        says: "SUBJECT: feat(size): read sizes with a unit",
    },
    Feature {
        id: "halves",
        criterion: "`halve` is given 4 THEN it gives 2",
        test: (
            "tests/test_halve.py",
            "from sizes import halve\n\n\ndef test_halves():\n    assert halve(4) == 2\n",
        ),
        code: ("sizes/__init__.py", "\n\ndef halve(n):\n    return n / 2\n"),
        says: "SUBJECT: feat(sizes): halve",
    },
    Feature {
        id: "triples",
        criterion: "`triple` is given 2 THEN it gives 6",
        test: (
            "tests/test_triple.py",
            "import sizes\n\n\ndef test_triples():\n    assert sizes.triple(2) == 6\n",
        ),
        code: ("sizes/__init__.py", "\n\ndef triple(n):\n    return n * 3\n"),
        says: "SUBJECT: feat(sizes): triple",
    },
];

pub fn python(toolchain: &'static Toolchain) -> LanguageProject {
    LanguageProject {
        files: &[
            ("requirements.txt", REQUIREMENTS),
            (".gitignore", ".venv\n__pycache__\n.pytest_cache\n"),
            ("sizes/__init__.py", DOUBLE_PY),
            (
                "tests/test_double.py",
                "from sizes import double\n\n\ndef test_doubles():\n    assert double(2) == 4\n",
            ),
        ],
        installs: Some(Installs {
            toolchain,
            keep: ".venv",
            lock: "requirements.txt",
            prepare: format!(
                "python3 -m venv .venv && .venv/bin/pip install --no-index --find-links {} -r requirements.txt",
                toolchain.downloads.display()
            ),
        }),
        format: "junit",
        tests: ".venv/bin/python -m pytest --junitxml=\"$TRIBUNAL_REPORT\"",
        features: OF_PYTHON,
    }
}

const TSCONFIG: &str = "{\n  \"compilerOptions\": {\n    \"module\": \"nodenext\", \"target\": \"es2022\", \
    \"lib\": [\"es2015\"], \"types\": [], \"skipLibCheck\": true,\n    \"rootDir\": \".\", \"outDir\": \"build\", \"strict\": true\n  },\n  \
    \"include\": [\"src\", \"test\"]\n}\n";

const TS_KILO_TEST: &str = "import test from 'node:test';\nimport { equal } from 'node:assert';\n\
    import { parseSize } from '../src/size.js';\n\n\
    test('kilobytes are read', () => equal(parseSize('2K'), 2048));\n";

/// What is missing for these is a module, a name of a module that is there, of which other errors follow, and a
/// property.
const OF_TYPESCRIPT: [Feature; 3] = [
    Feature {
        id: "units",
        criterion: "`parseSize` is given `2K` THEN it gives 2048",
        test: ("test/kilo.test.ts", TS_KILO_TEST),
        code: (
            "src/size.ts",
            "/** Reads a size such as `2K`, in bytes. */\nexport function parseSize(text: string): number | undefined {\n  \
             const found = /^(\\d+)K$/.exec(text);\n  return found ? Number(found[1]) * 1024 : undefined;\n}\n",
        ),
        says: "SUBJECT: feat(size): read sizes",
    },
    Feature {
        id: "halves",
        criterion: "`halves` is given 4 THEN it gives 2",
        test: (
            "test/halve.test.ts",
            "import test from 'node:test';\nimport { equal } from 'node:assert';\n\
             import { halves } from '../src/double.js';\n\n\
             test('halves', () => halves([4]).forEach((half) => equal(half, 2)));\n",
        ),
        code: (
            "src/double.ts",
            "/** Halves numbers. */\nexport const halves = (all: number[]): number[] => all.map((n) => n / 2);\n",
        ),
        says: "SUBJECT: feat(double): halve",
    },
    Feature {
        id: "triples",
        criterion: "`triple` is given 2 THEN it gives 6",
        test: (
            "test/triple.test.ts",
            "import test from 'node:test';\nimport { equal } from 'node:assert';\n\
             import * as sizes from '../src/double.js';\n\n\
             test('triples', () => equal(sizes.triple(2), 6));\n",
        ),
        code: (
            "src/double.ts",
            "/** Triples a number. */\nexport const triple = (n: number): number => n * 3;\n",
        ),
        says: "SUBJECT: feat(double): triple",
    },
];

pub fn typescript(toolchain: &'static Toolchain) -> LanguageProject {
    LanguageProject {
        files: &[
            ("package.json", PACKAGE),
            ("package-lock.json", LOCK),
            (".gitignore", "node_modules\nbuild\n"),
            ("tsconfig.json", TSCONFIG),
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
        installs: Some(Installs {
            toolchain,
            keep: "node_modules",
            lock: "package-lock.json",
            prepare: format!(
                "cp -R {} $npm_config_cache && npm ci --prefer-offline --no-audit --no-fund",
                toolchain.downloads.display()
            ),
        }),
        format: "junit",
        tests: "rm -rf build && node_modules/.bin/tsc && node --test --test-reporter=junit \
                --test-reporter-destination=\"$TRIBUNAL_REPORT\" build/test/",
        features: OF_TYPESCRIPT,
    }
}

/// What is missing for these is a function, a name that is imported, and a type.
const OF_RUST: [Feature; 3] = [
    Feature {
        id: "units",
        criterion: "`sizes::parse_size` is given `2K` THEN it gives 2048",
        test: (
            "tests/parse_size.rs",
            "#[test]\nfn a_size_with_a_unit_is_read() {\n    assert_eq!(sizes::parse_size(\"2K\"), Some(2048));\n}\n\n\
             #[test]\nfn what_is_no_size_is_none() {\n    assert_eq!(sizes::parse_size(\"K\"), None);\n}\n",
        ),
        code: (
            "src/lib.rs",
            "\n/// Reads a size such as `2K`, in bytes.\npub fn parse_size(text: &str) -> Option<u64> {\n    \
             let number: u64 = text.strip_suffix('K')?.parse().ok()?;\n    number.checked_mul(1024)\n}\n",
        ),
        says: "SUBJECT: feat(size): read sizes with a unit",
    },
    Feature {
        id: "halves",
        criterion: "`sizes::halve` is given 4 THEN it gives 2",
        test: (
            "tests/halve.rs",
            "use sizes::halve;\n\n#[test]\nfn halves() {\n    assert_eq!(halve(4), 2);\n}\n",
        ),
        code: (
            "src/lib.rs",
            "\n/// Halves a number.\npub fn halve(n: u64) -> u64 {\n    n / 2\n}\n",
        ),
        says: "SUBJECT: feat(size): halve",
    },
    Feature {
        id: "triples",
        criterion: "`sizes::Triple::of` is given 2 THEN it holds 6",
        test: (
            "tests/triple.rs",
            "#[test]\nfn triples() {\n    assert_eq!(sizes::Triple::of(2).0, 6);\n}\n",
        ),
        code: (
            "src/lib.rs",
            "\n/// Three times a number.\npub struct Triple(pub u64);\n\nimpl Triple {\n    \
             /// Of that number.\n    pub fn of(n: u64) -> Self {\n        Self(n * 3)\n    }\n}\n",
        ),
        says: "SUBJECT: feat(size): triple",
    },
];

pub fn rust() -> LanguageProject {
    LanguageProject {
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"sizes\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
            ),
            (".gitignore", "target\nCargo.lock\n"),
            (
                "src/lib.rs",
                "//! Sizes.\n\n/// Doubles a number.\npub fn double(n: u64) -> u64 {\n    n * 2\n}\n",
            ),
            (
                "tests/double.rs",
                "#[test]\nfn doubles() {\n    assert_eq!(sizes::double(2), 4);\n}\n",
            ),
        ],
        installs: None,
        format: "libtest",
        tests: "cargo test --offline",
        features: OF_RUST,
    }
}

impl LanguageProject {
    /// Has the programs of the scene's sandbox find the tools.
    pub fn found_in(&self, mut scene: Scene) -> Scene {
        let Some(installs) = &self.installs else { return with_toolchain(scene) };
        if let Some(interpreter) = &installs.toolchain.interpreter {
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
        let mut policy = format!(
            "[gates]\nscope = \"off\"\n[[commands]]\nname = \"tests\"\nrun = {:?}\nformat = {:?}\n",
            self.tests, self.format
        );
        if let Some(Installs { toolchain, keep, lock, prepare }) = &self.installs {
            let places = [Some(&toolchain.downloads), toolchain.interpreter.as_ref()];
            let readable: Vec<_> = places.into_iter().flatten().collect();
            let installed = format!(
                "[sandbox]\nreadable = {readable:?}\n\
                 [[prepare]]\nrun = {prepare:?}\nfiles = [{lock:?}]\nkeep = [{keep:?}]\n"
            );
            policy.push_str(&installed);
        }
        repo.write("tribunal.toml", policy).commit_unjudged("feat: double");
        if let Some(Installs { toolchain, keep, .. }) = &self.installs {
            // As the person has it, who installed it before.
            symlink(&toolchain.installed, repo.path(keep)).unwrap();
        }
        repo.tribunal(&["trust", "commands", "--yes"]).ok();
        repo
    }

    /// Writes the code of a feature, where those before are built.
    pub fn code(&self, feature: &Feature, before: &[Feature]) -> Step {
        let (path, added) = feature.code;
        let there = self.files.iter().filter(|file| file.0 == path).map(|file| file.1);
        let built = before.iter().filter(|one| one.code.0 == path).map(|one| one.code.1);
        let text: String = there.chain(built).chain([added]).collect();
        writes(&[(path, &text)], feature.says)
    }

    /// Writes a spec of its first two features.
    pub fn spec_of_two(&self, repo: &Repo<'_>) {
        let [one, two, _] = &self.features;
        spec(repo, "sizes", "M", &[one.criterion, two.criterion]);
    }

    /// What is planned of that: a task each.
    pub fn planning_of_two(&self) -> Planning {
        let [one, two, _] = &self.features;
        let both = [one.code.0, two.code.0];
        let paths = if both[0] == both[1] { &both[..1] } else { &both[..] };
        Planning {
            plans: vec![plan("first")],
            tasks: vec![json!({"tasks": [
                task("Read sizes", &["AC-1"], paths),
                task("Halve them", &["AC-2"], paths),
            ]})],
            ..Planning::default()
        }
    }

    /// What an executor does of that: for each task, the tests and the code.
    pub fn steps_of_two(&self) -> [Vec<Step>; 2] {
        let two = &self.features[..2];
        let code = two.iter().enumerate().map(|(at, one)| self.code(one, &two[..at])).collect();
        [two.iter().map(Feature::tests).collect(), code]
    }

    /// The first lines of the commits of that.
    pub fn subjects_of_two(&self) -> [&'static str; 4] {
        let [one, two, _] = &self.features;
        let [decisions, proofs] = [
            "docs: record the decisions of `sizes`",
            "docs: record what shows that `sizes` is built",
        ];
        [one.subject(), two.subject(), decisions, proofs]
    }

    /// Each commit of a branch builds and passes its tests by itself.
    #[track_caller]
    pub fn each_commit_passes(&self, repo: &Repo<'_>, branch: &str, subjects: &[&str]) {
        let log = repo.git(&["log", "--reverse", "--format=%s", &format!("main..{branch}")]).ok();
        assert_eq!(log.out().lines().collect::<Vec<_>>(), subjects);
        repo.git(&["checkout", "--quiet", branch]).ok();
        let mut rebase = repo.sandbox.command("git", &repo.dir);
        let report = repo.sandbox.path().join("report.xml");
        let passes = "this commit passes";
        let line = format!("{} && echo {passes}", self.tests);
        rebase.args(["rebase", "--quiet", "--exec", &line, "main"]);
        rebase.env("TRIBUNAL_REPORT", &report);
        let outcome = run(rebase, b"").ok();
        let count = outcome.stdout.lines().filter(|line| *line == passes).count();
        assert_eq!(count, subjects.len(), "{outcome}");
        let has_run = match self.format {
            "junit" => fs::read_to_string(report).unwrap().contains("<testcase"),
            _ => outcome.stdout.contains("test doubles ... ok"),
        };
        assert!(has_run, "{outcome}");
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
