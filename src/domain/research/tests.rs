//! Whether research is done, what is struck out of it, and the page that it becomes.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::model::web::{WebPage, WebRecord};
use crate::domain::policy::run_settings::ResearchWhen;
use crate::domain::research::address::strike;
use crate::domain::research::answer::{ShardAnswer, parse, schema};
use crate::domain::research::decision::{ResearchAsked, ResearchWords, asked, decided};
use crate::domain::research::page::page;
use crate::domain::research::prompt::{ResearchPrompt, question};
use crate::domain::research::record::{ResearchRecord, ShardResult};
use crate::domain::research::shard::ResearchShard;
use crate::domain::research::signs;
use crate::domain::spec::read::read;
use crate::domain::spec::types::{Spec, SpecMode};

#[test]
fn a_no_of_anybody_counts_more_than_a_yes_and_else_the_planner_and_the_signs_decide() {
    use ResearchWhen::{Always, Auto, Never};
    let (direct, research) = (Some(SpecMode::Direct), Some(SpecMode::Research));
    let sign = || vec!["a choice".to_owned()];
    for (own, policy, spec, signs, planner, why) in [
        (Auto, Auto, None, vec![], None, None),
        (Auto, Auto, None, sign(), None, Some("a choice")),
        (Auto, Auto, None, vec![], Some("units"), Some("the planner asks for it: units")),
        (Always, Auto, None, vec![], None, Some("`runs.research` is `always`")),
        (Auto, Always, None, vec![], None, Some("`planning.research` is `always`")),
        (Auto, Auto, research, vec![], None, Some("the spec says `mode: research`")),
        (Auto, Auto, direct, sign(), Some("units"), None),
        (Always, Always, direct, sign(), Some("units"), None),
        (Never, Always, research, sign(), Some("units"), None),
        (Always, Never, research, sign(), Some("units"), None),
    ] {
        let asked = asked(ResearchWords { own, policy, spec }, signs);
        assert_eq!(decided(&asked, planner).as_deref(), why, "{own:?} {policy:?} {spec:?}");
    }
    // A run of an earlier version says nothing of it.
    assert_eq!(decided(&ResearchAsked::default(), None), None);
}

fn spec(goal: &str, criterion: &str) -> Spec {
    let text = format!(
        "# A thing\n\n## Goal\n\n{goal}\n\n## Acceptance criteria\n\n- **AC-1** {criterion}\n"
    );
    read(text.as_bytes(), "a.md").spec.unwrap()
}

#[test]
fn a_choice_and_names_that_the_code_has_not_are_signs() {
    for (goal, is_choice) in [
        ("Pick a library that reads sizes.", true),
        ("Which database fits is open.", true),
        ("Evaluate the protocols in use.", true),
        ("The library reads sizes. Choose a colour.", false),
        ("Select the last row.", false),
    ] {
        let found = signs::choices(&spec(goal, "WHEN it runs THEN it prints 1"));
        assert_eq!(!found.is_empty(), is_choice, "{goal}: {found:?}");
    }
    let named = signs::names(&spec(
        "Events go through Kafka and are kept in PostgreSQL. Sizes are `2K`.",
        "WHEN a WebSocket opens THEN THE server SHALL answer",
    ));
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    assert_eq!(named, ["Kafka", "PostgreSQL", "WebSocket"]);
    let all = named.iter().map(|name| (*name).to_owned()).collect();
    assert!(signs::new_names(&all, &|_| false).unwrap().ends_with("`PostgreSQL`, `WebSocket`"));
    assert_eq!(signs::new_names(&all, &|name| name == "Kafka"), None);
}

fn answer(summary: &str, sources: &[&str]) -> ShardAnswer {
    parse(&json!({
        "summary": summary,
        "points": [{"title": "T", "text": "t", "sources": sources}],
        "table": {"columns": [], "rows": []},
        "recommendation": "",
    }))
    .unwrap()
}

fn record(addresses: &[&str]) -> WebRecord {
    let page = |address: &&str| WebPage { address: (*address).to_owned(), title: "P".to_owned() };
    WebRecord { searches: 1, pages: addresses.iter().map(page).collect() }
}

#[test]
fn an_address_that_no_search_gave_is_struck_out() {
    let known = record(&["https://a.example/x", "https://B.example/", "https://a.example/f_(g)"]);
    let struck = "(address struck out)";
    for (text, left, count) in [
        ("plain", "plain".to_owned(), 0),
        ("see https://a.example/x.", "see https://a.example/x.".to_owned(), 0),
        ("(https://a.example/x#part)", "(https://a.example/x#part)".to_owned(), 0),
        ("https://b.example", "https://b.example".to_owned(), 0),
        ("HTTPS://b.EXAMPLE/", "HTTPS://b.EXAMPLE/".to_owned(), 0),
        ("(https://a.example/f_(g)), and", "(https://a.example/f_(g)), and".to_owned(), 0),
        ("https://a.example/X", struck.to_owned(), 1),
        ("https://a.example/x/y, and", format!("{struck}, and"), 1),
        ("https://a.example/x?q=1", struck.to_owned(), 1),
        ("http://a.example/x", struck.to_owned(), 1),
        ("[x](https://evil.example/y)", format!("[x]({struck})"), 1),
        ("![](HTTPS://evil.example/y.png)", format!("![]({struck})"), 1),
        ("<https://evil.example>é", format!("<{struck}>é"), 1),
        ("evil.com/a, src/a.rs/b", format!("{struck}, src/a.rs/b"), 1),
        ("b.example", "b.example".to_owned(), 0),
        ("www.evil.example/a b", format!("{struck} b"), 1),
        (
            "ftp://evil.example and https://a.example/x",
            format!("{struck} and https://a.example/x"),
            1,
        ),
        ("://", struck.to_owned(), 1),
        ("https://a.example/xhttps://evil.example", struck.to_owned(), 1),
    ] {
        let kept = strike(answer(text, &[]), &known);
        assert_eq!((kept.answer.summary.as_str(), kept.struck), (left.as_str(), count), "{text}");
    }
    let given =
        ["https://a.example/x/", "https://invented.example", "https://a.example/x", "a.example/x"];
    let kept = strike(answer("s", &given), &known);
    assert_eq!(kept.answer.points[0].sources, ["https://a.example/x"; 3]);
    assert_eq!((kept.struck, kept.sources.len()), (1, 1));
    // Without a record nothing is a source.
    let kept = strike(answer("at https://a.example/x", &given), &WebRecord::default());
    assert_eq!((kept.struck, kept.sources.len()), (5, 0));
    assert_eq!(kept.answer.summary, format!("at {struck}"));
}

proptest! {
    #[test]
    fn drawn_texts_keep_no_address_that_is_not_known(text in "[a-wé:/.#() ]{0,40}(https://)?[a-z/.]{0,12}[é)]?") {
        let text = format!("{text}x");
        let kept = strike(answer(&text, &[]), &record(&["https://a.b/c"]));
        let left = kept.answer.summary.replace("https://a.b/c", "");
        prop_assert!(!left.contains("://"), "{left}");
    }
}

#[test]
fn an_answer_that_is_too_much_or_does_not_fit_is_sent_back() {
    let good = || {
        json!({
            "summary": "s", "points": [], "recommendation": "r",
            "table": {"columns": ["speed"], "rows": [{"name": "a", "cells": ["fast"]}]},
        })
    };
    assert!(parse(&good()).is_ok());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut answer = good();
        change(&mut answer);
        parse(&answer).unwrap_err()
    };
    let point = || json!({"title": "t", "text": "t", "sources": []});
    for (why, said) in [
        (with(&|a| a["summary"] = json!(" ")), "`summary` is empty"),
        (with(&|a| a["summary"] = json!("x".repeat(6_001))), "over 6000 characters"),
        (with(&|a| a["points"] = json!(vec![point(); 13])), "at most 12"),
        (with(&|a| a["table"]["rows"][0]["cells"] = json!([])), "has 0 cells"),
        (with(&|a| a["more"] = json!(1)), "unknown field"),
    ] {
        assert!(why.contains(said), "{why}");
    }
    assert_eq!(schema()["additionalProperties"], json!(false));
}

#[test]
fn each_question_shows_the_spec_as_data_and_only_one_speaks_of_the_code() {
    let ask = ResearchPrompt { spec: "Read sizes", note: "in SI", fence_nonce: "0123456789ab" };
    for shard in ResearchShard::ALL {
        let asked = question(shard, ask);
        assert!(asked.contains("| Read sizes\n") && asked.contains("| in SI\n"), "{asked}");
        assert!(!asked.contains("{{") && !asked.contains("version = "), "{asked}");
        assert_eq!(asked.contains("You look into the code base"), shard == ResearchShard::Code);
        let first = question(shard, ResearchPrompt { note: "", ..ask });
        assert!(!first.contains("rejected"), "{first}");
    }
}

#[test]
fn the_page_has_every_part_and_nothing_in_it_is_markup() {
    let known = record(&["https://a.example/x"]);
    let result = |shard: ResearchShard, answer: ShardAnswer| {
        let kept = strike(answer, &known);
        ShardResult {
            shard,
            by: "claude 2".to_owned(),
            answer: Some(kept.answer),
            searches: 1,
            is_recorded: true,
            sources: kept.sources,
            struck: kept.struck,
        }
    };
    let mut table = answer("what decides", &["https://invented.example/y"]);
    table.table.columns = vec!["speed".to_owned()];
    table.table.rows = serde_json::from_value(json!([{"name": "A|B", "cells": ["fast"]}])).unwrap();
    table.recommendation = "take <b>A</b>".to_owned();
    let unread = ShardResult { answer: None, ..result(ResearchShard::Code, answer("s", &[])) };
    let silent = ShardResult {
        searches: 2,
        is_recorded: false,
        ..result(ResearchShard::Solutions, answer("ways\n# no heading", &[]))
    };
    let record = ResearchRecord {
        why: "the spec says so".to_owned(),
        shards: vec![
            result(ResearchShard::Problem, answer("hard", &["https://a.example/x"])),
            silent,
            result(ResearchShard::Comparison, table),
            unread,
        ],
        notes: Vec::new(),
    };
    let page = page("Sizes", &record);
    for part in [
        "# Research: Sizes\n\nWhy it was done: the spec says so.",
        "- solutions: claude 2 does not record what its searches gave, so no source can be shown\n",
        "- code: no answer came that could be read\n",
        "- 1 address is struck out: no search gave it\n",
        "\n## Problem\n\nhard\n",
        "\n## Solutions\n\nways\n\n\\# no heading\n",
        "|  | speed |\n|---|---|\n| A\\|B | fast |\n",
        "\n## Practical experience\n\n- **T**: t (1)\n",
        "\n## Project fit\n\nNothing was found, or nobody looked.\n",
        "\n## Recommendation\n\n- **By comparison**: take \\<b\\>A\\</b\\>\n",
        "\n## Sources\n\n1. P: `https://a.example/x`\n",
    ] {
        assert!(page.contains(part), "`{part}` is not in\n{page}");
    }
    assert!(!page.contains("invented.example"), "{page}");
    assert_eq!(record.in_words(), "3 of 4 questions answered, 1 source, 1 address struck out");
}
