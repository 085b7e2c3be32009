//! What the structure is held to: the order of the modules of every folder, and what still breaks it.

/// Each folder of `src/` with its modules, highest first; `""` is `src/` itself. A module may use
/// what stands below it. `.` is the folder's own file: where it is not in the list it stands above
/// the rest, so that it may use each of them and none may use it; where it is, it holds what the
/// modules above it share. A folder with one module needs no order.
pub const ORDER: &[(&str, &str)] = &[
    ("", "cli daemon flow platform domain"),
    (
        "cli",
        "attack review runs logs spec_runs develop fix research commit push check completions config findings constitution sandbox cost daemon run build_source given_text daemon_log daemon_status demo doctor init \
         uninstall hooks hooks_status spec status spec_progress run_row agents trust consent_answers consent_questions watch elsewhere invocation help formats hook push_reviews hook_report kept_hook paths times selection unchecked",
    ),
    ("cli::demo", "run guard agent project live toolchain stage"),
    ("cli::demo::agent", "work answers prompt"),
    ("cli::findings", "allow classes decide printed ledger values"),
    ("cli::spec", "list show record pages"),
    (
        "daemon",
        "control process event_loop repository work wakeups listing slots reconcile lost_hooks hook_events request_reviews spec_runs \
         backoff spec_files daemon_event head_moves learner lock reflog watched_worktree file_events watched_repo \
         environment",
    ),
    (
        "domain",
        "pipeline committing pushing specifying diagnosis research attack development planning gates review constitution spec locate policy model",
    ),
    (
        "domain::constitution",
        "promote draft generalise prompt prove check drafter edit incident recurrence \
         grouping ladder waiver parse rule section token",
    ),
    (
        "domain::gates",
        "case_conflict commit_message conflict_markers stricter policy constitution test_report formats \
         governance large_files protected_branch scope generated policy_files secrets sensitive_files view decoded fenced_code",
    ),
    ("domain::gates::test_report", "go_test jest junit libtest cases"),
    ("domain::gates::formats", "cargo_json codex lines rdjson sarif report"),
    (
        "domain::gates::secrets",
        "gate redact scan engine generic weak assign baseline_file known_value context encoded files grams shape \
         chars checksum contextual prefilter gram hit name password providers random table \
         rule tier wide",
    ),
    ("domain::gates::secrets::table", "ai cloud code comms ops pay work"),
    ("domain::locate", "known_code syntax index lines port symbols"),
    (
        "domain::model",
        "notice agent objects limits change report standing stored_finding finding class class_rules id_part encoding error fence \
         gate globs language log_command markdown nearest push oid path severity size terminal text toml_text web",
    ),
    (
        "domain::pipeline",
        "run_log format format_1 dropped spec_run plan_loop apply said conclude findings inputs next run result review_loop journal job_place job",
    ),
    (
        "domain::pipeline::spec_run",
        "apply said ahead rebased built bug specified proposed planned researched asking checkpoint_file result . pages estimate progress job_name outcome begun proposal stage stop about chosen_role",
    ),
    ("domain::committing", "prompt result worded left_out"),
    ("domain::pushing", "result answer target"),
    ("domain::specifying", "prompt check answer draft idea"),
    ("domain::diagnosis", "prompt check answer"),
    ("domain::attack", "prompt page record weighing verdict answer intake number clause"),
    ("domain::research", "page prompt address record answer decision signs shard"),
    (
        "domain::planning",
        "independent prompt page_changes part plan_review plan task size_vote reading",
    ),
    (
        "domain::development",
        "removal red imports failed_before suite test_failure failure typescript failure_kind message prompt fast_scope reach scope words",
    ),
    (
        "domain::policy",
        "difference prepare_proposal layers meaning allow_edit weaker settings consent agent_settings command_settings prepare_settings gate_settings learn_settings review_settings run_settings sandbox_settings switch watch_settings own_classes unit allow_entry report_format",
    ),
    (
        "domain::policy::layers",
        "flags set reading keys commands values prepare_steps problem layer",
    ),
    (
        "domain::review",
        "assemble surroundings bearing fix_limits prompt proof answer fixer arbiter second_look evidence reported_path anchor converge record demand tracked arbiter_decision decide \
         coverage deliver same_finding finding question_hash template",
    ),
    ("domain::review::deliver", "pairs packing hunks long_lines excerpt unscanned file"),
    (
        "domain::spec",
        "record reported belongs dropped classify read lint graph identity parse_markdown parse_yaml step_text fields outline \
         parsed reading verify wording yaml problem source template types requirement_id",
    ),
    (
        "flow",
        "run_log dropped run attack commit push review learn call evaluate intake setup workspace context",
    ),
    ("flow::commit", "making wording index_ahead ."),
    (
        "flow::call",
        "apart cleanup failover limit_wait client folder nested_call budget retry listing attacker route roles",
    ),
    (
        "flow::evaluate",
        "push evaluation allowed_next allow test_run commands standing shown_text command_cache command_selection command_progress preparing command_shell command_output command_outcome command_findings \
         recording bookkeeping bypass \
         uncommitted fingerprint gates import manual_finding merge message passed_trees policy relocate seen_on \
         report tool_report inside_command",
    ),
    ("flow::evaluate::bypass", "past_hooks . names"),
    (
        "flow::evaluate::push",
        "refs new_commits evaluate_commits mirror progress outcome before_hooks policies plan",
    ),
    (
        "flow::evaluate::standing",
        "holders reviews inquiry past branches subject elsewhere files raised places",
    ),
    ("flow::intake", "debounce ingest ingested_spec redact spec_listing"),
    (
        "flow::learn",
        "on_branch researcher drafting decision deleted due incidents session outcome status_changes \
         memory request rule_files sample statistics",
    ),
    (
        "flow::review",
        "push_reviews push_change switched_off background told desktop driver chosen announce claim cleanup arbitration reviewer fix_prompt layout session progress \
         subject reading_copies finish spec_words outcomes story earlier earlier_names places demands written delivery finding request fix gates_job spec_patterns limits spec_inputs named_spec inputs asked_spec conventions instructions spec_commands belonging calls receipt report \
         target texts",
    ),
    (
        "flow::run",
        "side_by_side specify proposals documents task_review join removal bug research planning rebase commit publish code fast session left_out checkpoint claim idea wanted prepare earlier suite research_asked document_paths fast_needs kept chosen branch base at_work",
    ),
    ("flow::dropped", "start work activity telling origin ."),
    ("flow::attack", "announce questions execution weighing findings kept session"),
    ("flow::setup", "purge consent inbox_event init written baseline install propose"),
    ("flow::setup::propose", "tests_of neighbours doc_tools facts"),
    (
        "flow::setup::install",
        "status guard plan config_keys kept_name answer shim scripts record . managers script_lines calls shell",
    ),
    (
        "flow::workspace",
        "attempt reading_copy nearest changed with_files prepared disk share snapshot left_out checkout private_repo work_tree",
    ),
    ("platform", "agents git sandbox store process ui config"),
    ("platform::sandbox", ". confine syscalls bubblewrap mounts access"),
    (
        "platform::agents",
        "claude codex command facts call http ask find agent_env probe reset_time text",
    ),
    ("platform::agents::claude", "command_line reading"),
    ("platform::agents::codex", "command_line native reading"),
    ("platform::agents::http", "anthropic failure openai reading"),
    (
        "platform::git",
        "own_index change behind diff hooks_dir lazy_fetch push refs history trailers work_tree unstaged repo places object library cat_file loose alternates read_object config command index \
         worktrees reflog",
    ),
    ("platform::git::push", "history receiver_refs"),
    ("platform::config", "env random"),
    (
        "platform::process",
        "passed_on beside deferred supervise interrupts work_group started ancestors command adopted alive limits usage orphans own_path",
    ),
    (
        "platform::store",
        "review_queue dropped_specs inbox known_specs spec_queue test_results runs stop_mark user_state file ledger folder crash lock permissions regular",
    ),
    ("platform::store::folder", "read write resolve ."),
    (
        "platform::store::ledger",
        "reviewed call gate_findings record disposition query receipt wait . known marks scan rows \
         schema keyed error matching",
    ),
    (
        "platform::ui",
        "attack_result commit_result push_result review_report review_findings review_hints run_log spec_result bug_result research_result idea_result proposal_result review_result ask notice findings report github columns log out json styled_text time sarif",
    ),
];

/// What still points upward: the folder, a module of it, and those that use it from below. Nothing
/// may be added; what is gone is taken off.
pub const UPWARD: &[(&str, &str, &str)] = &[];

/// How many cycles those make. May only become less.
pub const CYCLES: usize = 0;
