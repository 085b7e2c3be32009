//! What the structure is held to: the order of the modules of every folder, and what still breaks it.

/// Each folder of `src/` with its modules, highest first; `""` is `src/` itself. A module may use
/// what stands below it. `.` is the folder's own file: where it is not in the list it stands above
/// the rest, so that it may use each of them and none may use it; where it is, it holds what the
/// modules above it share. A folder with one module needs no order.
pub const ORDER: &[(&str, &str)] = &[
    ("", "cli daemon flow platform domain"),
    (
        "cli",
        "review check completions config findings constitution cost daemon demo doctor init \
         hooks runs spec status trust watch context hook paths times",
    ),
    ("daemon", "control look events tree run heads lock news watch"),
    ("domain", "pipeline gates review constitution spec locate policy model"),
    (
        "domain::constitution",
        "promote draft drafter case generalise prompt prove check edit recurrence grouping \
         ladder waiver parse rule section token",
    ),
    (
        "domain::gates",
        "case_conflict commit_message conflict_markers constitution formats governance \
         large_files protected_branch scope secrets sensitive_files stricter view",
    ),
    ("domain::gates::formats", "cargo_json codex lines rdjson sarif"),
    (
        "domain::gates::secrets",
        "engine generic assign baseline context encoded files grams shape chars checksum \
         prefilter gram judge name password providers random table rule wide",
    ),
    ("domain::gates::secrets::table", "ai cloud code comms ops pay work"),
    ("domain::locate", "index lines port symbols"),
    (
        "domain::model",
        "agent objects change kept report finding class class_rules error fence gate push oid \
         severity text",
    ),
    ("domain::pipeline", "apply conclude next run"),
    ("domain::policy", "layers settings unit"),
    ("domain::policy::layers", "keys set"),
    (
        "domain::review",
        "assemble anchor proof answer fixer prompt arbiter converge decide deliver question \
         standing ruling raised",
    ),
    (
        "domain::spec",
        "record classify identity lint parse_markdown parse_yaml read graph template fields \
         verify wording yaml problem source types",
    ),
    ("flow", "review learn call evaluate intake setup workspace"),
    ("flow::call", "cast folder inside wait next"),
    (
        "flow::evaluate",
        "push evaluation commands judge passed bookkeeping bypass import merge judged law \
         message remark sight tool_report trust whereabouts",
    ),
    ("flow::evaluate::push", "arrivals mirror policies plan"),
    ("flow::intake", "debounce ingest redact scan"),
    ("flow::learn", "asking deleted drafting due session cases moves record sample standing"),
    (
        "flow::review",
        "arbitration judges ask push background delivery finish fix_prompt leftovers session \
         matter report docket finding fix gate outcome receipt subject texts",
    ),
    ("flow::setup", "event init install propose"),
    ("flow::setup::install", "status plan shim ."),
    ("flow::workspace", "attempt reading_copy checkout private_repo"),
    ("platform", "agents git store process ui config"),
    ("platform::agents", "claude codex command facts call http ask find env probe text"),
    ("platform::agents::claude", "command_line reading"),
    ("platform::agents::codex", "command_line native reading"),
    ("platform::agents::http", "anthropic failure openai reading"),
    (
        "platform::git",
        "change diff hooks_dir push repo places object cat_file config command index \
         worktrees",
    ),
    ("platform::git::push", "history receiver_refs"),
    ("platform::process", "ancestors supervise strays"),
    ("platform::store", "backlog inbox known queue runs file ledger crash path share"),
    ("platform::store::ledger", "call query receipt record wait rows schema spec error matching"),
    ("platform::ui", "review_report findings report github log out sarif"),
];

/// What still points upward: the folder, a module of it, and those that use it from below. Nothing
/// may be added; what is gone is taken off.
pub const UPWARD: &[(&str, &str, &str)] = &[
    ("daemon", "look", "run"),
    ("domain::gates", ".", "stricter"),
    ("domain::gates::formats", ".", "cargo_json codex lines rdjson sarif"),
    ("domain::gates::secrets", ".", "engine judge rule"),
    ("domain::policy::layers", ".", "keys set"),
    ("domain::review", "prompt", "arbiter"),
    ("domain::review::deliver", ".", "hunks"),
    ("domain::spec", "identity", "read"),
    ("domain::spec", "lint", "read"),
    ("domain::spec", "parse_markdown", "read"),
    ("domain::spec", "parse_yaml", "read"),
    ("flow::call", ".", "wait"),
    ("flow::learn", ".", "deleted drafting due session"),
    ("platform::process", ".", "ancestors supervise"),
    ("platform::store::ledger", ".", "call query receipt record spec wait"),
];

/// How many cycles those make. May only become less.
pub const CYCLES: usize = 11;
