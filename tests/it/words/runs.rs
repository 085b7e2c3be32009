//! `tribunal runs`: the reviews that were made, and what came of each.

use crate::brain::{LEFT_OUT, diligent};
use crate::harness::short;
use crate::model_server::{Asked, Say};
use crate::scene::Scene;

#[test]
fn a_review_is_shown_with_what_was_asked_and_found() {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let repo = scene.repo();
    let review = repo.tribunal(&["review", "--commit", "HEAD"]).code(1);
    let json = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let id = json["runs"][0]["id"].as_str().unwrap();
    let review = review.says(&format!("(run {})", short(id)));
    let list = repo.tribunal(&["runs"]).ok();
    let headings = list.stdout.lines().next().unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(headings, ["ID", "STARTED", "TOOK", "KIND", "VERDICT", "COST", "CHANGE"], "{list}");
    let list = list.says(short(id)).says("review  block    $").never_says(id);
    assert!(list.stdout.lines().all(|line| line.chars().count() <= 80), "{list}");
    for part in [short(id), &id[..24], id, &id.to_lowercase()] {
        let shown = repo.tribunal(&["runs", "show", part]).ok();
        let shown = shown.says(&format!("run       {id}")).says("asked     to review it");
        let shown = shown.says("route     A: one vendor's agent writes, another vendor's reviews");
        let shown = shown.says("spec      none given").says("state     block");
        let shown = shown
            .says("found     1 open finding, 0 resolved ones, 0 that do not count")
            .says(LEFT_OUT.title);
        drop(shown.says("hint: `tribunal review --commit "));
    }
    let shown = repo.tribunal(&["runs", "show", short(id), "--format", "json"]).ok().json();
    assert_eq!((&shown["version"], &shown["run"]["id"]), (&1.into(), &id.into()));
    assert_eq!(shown["result"]["verdict"], "block");
    let again = repo.tribunal(&["resume", short(id)]).code(1);
    assert_eq!(again.stdout, review.stdout, "a run that ended is told again");
}

#[test]
fn why_a_review_came_to_nothing_is_told() {
    let scene = Scene::new("", |_: &Asked| Say::unauthorized());
    let repo = scene.repo();
    repo.tribunal(&["review", "--commit", "HEAD"]).code(4);
    let json = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let id = json["runs"][0]["id"].as_str().unwrap();
    let shown = repo.tribunal(&["runs", "show", short(id)]).ok();
    let shown = shown.says("state     paused until it is resumed");
    let shown = shown.says("why       the change could not be reviewed: ");
    drop(shown.says(&format!("`tribunal resume {}` continues it", short(id))));
}
