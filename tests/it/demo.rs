//! `tribunal demo` tells its story to the end.

use crate::harness::{Repo, Sandbox};

#[test]
fn every_step_does_what_the_story_says() {
    let sandbox = Sandbox::new();
    let home = Repo { sandbox: &sandbox, dir: sandbox.home() };
    home.tribunal(&["demo"]).ok().says("every step did what the story says");
}
