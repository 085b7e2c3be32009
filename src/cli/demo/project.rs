//! The project of `tribunal demo run`, its specs, and what the rehearsal agent has prepared for them.

/// A file of the project, by its path and its text.
pub type ProjectFile = (&'static str, &'static str);

/// The project as it is before anything is built.
pub const FILES: [ProjectFile; 6] = [
    (
        "Cargo.toml",
        "[package]\nname = \"sizes\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
         [lib]\ntest = false\ndoctest = false\n\n[profile.dev]\ndebug = false\n",
    ),
    (".gitignore", "/target\n/Cargo.lock\n"),
    ("README.md", "# sizes\n\nSizes of files, for people.\n"),
    (
        "tribunal.toml",
        "[[commands]]\nname = \"tests\"\nrun = \"cargo test --offline\"\nformat = \"libtest\"\n\n\
         [review]\npre-push = \"block\"\n",
    ),
    (
        LIBRARY,
        "//! Sizes of files, for people.\n\n/// A size as it is shown.\npub fn show(bytes: u64) -> String {\n    format!(\"{bytes} B\")\n}\n",
    ),
    (
        OLD_TEST,
        "#[test]\nfn bytes_are_shown_as_they_are() {\n    assert_eq!(sizes::show(512), \"512 B\");\n}\n",
    ),
];

/// The one file of code.
pub const LIBRARY: &str = "src/lib.rs";

/// The test that is there from the beginning.
pub const OLD_TEST: &str = "tests/show.rs";

/// The spec that is built.
pub const SPEC: ProjectFile = (
    "docs/specs/sizes.md",
    "---\nid: sizes\nstatus: ready\nsize: M\n---\n# Read sizes and add them up\n\n## Goal\n\
     People write sizes as `2K`; the library reads them and adds them up.\n\n## Acceptance criteria\n\
     - **AC-1** WHEN `sizes::parse(\"2K\")` is called THEN it SHALL return `Some(2048)`. verify: test\n\
     - **AC-2** WHEN a size does not fit into 64 bits THEN `parse` SHALL return `None`. verify: test\n\
     - **AC-3** WHEN `sizes::total(&[\"1K\", \"512\"])` is called THEN it SHALL return `Some(1536)`. verify: test\n",
);

/// The spec that is not built.
pub const BROKEN_SPEC: ProjectFile = (
    "docs/specs/shown.md",
    "---\nid: shown\nstatus: ready\nsize: S\n---\n# Show sizes in KB\n\n## Goal\n\
     Large sizes are easy to read.\n\n## Acceptance criteria\n\
     - **AC-1** WHEN `sizes::show(2048)` is called THEN it SHALL return `2 KB`. verify: test\n",
);

/// What tells the second spec from the first in a prompt: its title.
pub const BROKEN_TITLE: &str = "Show sizes in KB";

/// The tests of the first task. None of them is for AC-2.
pub const PARSE_TEST: ProjectFile = (
    "tests/parse.rs",
    "#[test]\nfn a_size_with_a_unit_is_read() {\n    assert_eq!(sizes::parse(\"2K\"), Some(2048));\n}\n\n\
     #[test]\nfn what_is_no_size_is_none() {\n    assert_eq!(sizes::parse(\"K\"), None);\n}\n",
);

/// The code of the first task, with the mistake in it.
pub const PARSE: &str = "\n/// Reads a size such as `2K` or `512`, in bytes.\npub fn parse(text: &str) -> Option<u64> {\n    \
     let (number, unit) = match text.strip_suffix('K') {\n        Some(number) => (number, 1024),\n        \
     None => (text, 1),\n    };\n    let number: u64 = number.parse().ok()?;\n    Some(number * unit)\n}\n";

/// The mistake: a product that does not fit panics, or is a wrong number in a release build.
pub const MISTAKE: &str = "Some(number * unit)";

/// What repairs it.
pub const REPAIR: &str = "number.checked_mul(unit)";

/// The test that comes with the repair.
pub const REPAIR_TEST: ProjectFile = (
    "tests/too_large.rs",
    "#[test]\nfn what_does_not_fit_into_64_bits_is_none() {\n    \
     assert_eq!(sizes::parse(\"18446744073709551615K\"), None);\n}\n",
);

/// The tests of the second task.
pub const TOTAL_TEST: ProjectFile = (
    "tests/total.rs",
    "#[test]\nfn sizes_are_added_up() {\n    assert_eq!(sizes::total(&[\"1K\", \"512\"]), Some(1536));\n}\n\n\
     #[test]\nfn with_what_is_no_size_there_is_no_sum() {\n    assert_eq!(sizes::total(&[\"1K\", \"K\"]), None);\n}\n",
);

/// The code of the second task.
pub const TOTAL: &str = "\n/// Adds sizes up; nothing where one is no size, or the sum does not fit.\n\
     pub fn total(sizes: &[&str]) -> Option<u64> {\n    \
     sizes.iter().try_fold(0, |sum: u64, size| sum.checked_add(parse(size)?))\n}\n";

/// The tests of the second spec.
pub const SHOWN_TEST: ProjectFile = (
    "tests/kilobytes.rs",
    "#[test]\nfn a_large_size_is_shown_in_kilobytes() {\n    assert_eq!(sizes::show(2048), \"2 KB\");\n}\n",
);

/// What the executor does about the second spec: the code, and the old test that would then fail, bent.
pub const BENT: [(&str, &str, &str); 2] = [
    (LIBRARY, "format!(\"{bytes} B\")", "format!(\"{} KB\", bytes / 1024)"),
    (OLD_TEST, "\"512 B\"", "\"0 KB\""),
];
