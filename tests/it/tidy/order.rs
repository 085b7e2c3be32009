//! What the structure is held to: the order of every folder's modules, and what still breaks it.

/// Each folder of `src/` with its modules, highest first; `""` is `src/` itself. A module may use
/// what stands below it. `.` is the folder's own file: where it is not in the list it stands above
/// the rest, so that it may use each of them and none may use it; where it is, it holds what the
/// modules above it share. A folder with one module needs no order.
pub const ORDER: &[(&str, &str)] = &[
    (
        "",
        "cli daemon driver pipeline gates review constitution spec agents git store process \
         ui config locate model",
    ),
    ("agents", "claude codex command known call http ask find text"),
    ("agents::claude", "command_line reading"),
    ("agents::codex", "command_line native reading"),
    ("agents::http", "anthropic failure openai"),
    (
        "cli",
        "cost findings review check completions config constitution daemon demo doctor hook \
         init hooks runs spec status trust watch",
    ),
    ("config", "layers env policy unit"),
    ("config::layers", "keys set"),
    (
        "constitution",
        "promote draft drafter case generalise prompt prove check edit recurrence grouping \
         ladder waiver parse rule section token",
    ),
    ("daemon", "control look tree run heads lock news scan settle take_in watch"),
    (
        "driver",
        "learn review call push bypass ruling commands judge event import init install merge \
         judged law message tree own_repo passed propose redact remark sight tool_report \
         trust whereabouts",
    ),
    ("driver::call", "folder next"),
    ("driver::install", "status plan shim ."),
    ("driver::learn", "asking drafting session cases moves record sample standing"),
    (
        "driver::review",
        "push judges ask finish leftovers session fix attempt background matter cast report \
         docket finding gate outcome receipt room subject",
    ),
    (
        "gates",
        "case_conflict commit_message conflict_markers constitution formats governance \
         large_files protected_branch scope secrets sensitive_files view",
    ),
    ("gates::formats", "cargo_json codex lines rdjson sarif"),
    (
        "gates::secrets",
        "engine generic assign baseline context encoded files grams shape chars checksum \
         prefilter gram judge name password providers random table rule wide .",
    ),
    ("gates::secrets::table", "ai cloud code comms ops pay work"),
    ("git", "change diff hooks_dir push repo object command index worktrees"),
    ("locate", "index port symbols"),
    ("model", "agent change kept report finding class class_rules fence gate oid severity"),
    ("pipeline", "apply conclude next run"),
    ("process", "ancestors supervise strays"),
    (
        "review",
        "assemble anchor proof answer fixer prompt arbiter converge decide deliver question \
         standing ruling raised",
    ),
    (
        "spec",
        "record classify identity lint parse_markdown parse_yaml read graph template fields \
         verify wording yaml problem source types",
    ),
    ("store", "backlog known queue runs file inbox ledger crash path"),
    ("store::ledger", "call query receipt record wait rows spec matching . schema error"),
    ("ui", "review_report findings report github sarif log out"),
];

/// What still points upward: the folder, a module of it, and those that use it from below. Nothing
/// may be added; what is gone is taken off.
pub const UPWARD: &[(&str, &str, &str)] = &[
    ("agents", ".", "call claude codex command find http known"),
    ("agents::http", ".", "anthropic openai"),
    (
        "cli",
        ".",
        "check completions config constitution cost daemon demo doctor findings hooks init \
         review runs spec status trust watch",
    ),
    ("config::layers", ".", "keys set"),
    ("daemon", "look", "run"),
    ("driver", "review", "call"),
    ("driver", "learn", "review"),
    ("driver::learn", ".", "drafting session"),
    ("gates::formats", ".", "cargo_json codex lines rdjson sarif"),
    ("gates::secrets", "engine", "."),
    ("process", ".", "ancestors supervise"),
    ("review", "prompt", "arbiter"),
    ("review::deliver", ".", "hunks"),
    ("spec", "identity", "read"),
    ("spec", "lint", "read"),
    ("spec", "parse_markdown", "read"),
    ("spec", "parse_yaml", "read"),
    ("store::ledger", "query", "."),
    ("ui", "report", "sarif"),
];

/// How many cycles those make. May only become less.
pub const CYCLES: usize = 15;
