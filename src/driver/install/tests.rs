//! Where hooks go, as a table.

use std::path::{Path, PathBuf};

use crate::driver::install::{Refusal, Way, choose};
use crate::git::hooks_dir::HooksPath;

fn setting(value: &str) -> HooksPath {
    HooksPath {
        value: value.into(),
        scope: "local".into(),
        origin: ".git/config".into(),
        folder: PathBuf::from(value),
    }
}

#[test]
fn the_place_is_chosen_by_git_and_by_setting() {
    let (common, top) = (Path::new("/r/.git"), Path::new("/r"));
    let decide = |version, value: Option<&str>, folder: &str| {
        choose(version, value.map(setting).as_ref(), Path::new(folder), common, Some(top))
    };
    let folder = |path: &str| Ok(Way::Folder(path.into()));
    let old = (2, 47);
    assert_eq!(decide(old, None, "/r/.git/hooks"), folder("/r/.git/hooks"));
    assert_eq!(decide(old, Some(".git/h"), "/r/.git/h"), folder("/r/.git/h"));
    assert_eq!(decide(old, Some(""), "/r"), Err(Refusal::Empty));
    let husky = "/r/.husky/_";
    assert_eq!(decide(old, Some(".husky/_"), husky), Err(Refusal::WorkTree(husky.into())));
    assert_eq!(decide(old, Some("/h"), "/h"), Err(Refusal::Outside("/h".into())));
    assert_eq!(decide(old, None, "/elsewhere"), Err(Refusal::Outside("/elsewhere".into())));
    for value in [None, Some(""), Some("/h"), Some(".husky/_")] {
        assert_eq!(decide((2, 54), value, "/h"), Ok(Way::Config));
    }
    let bare = choose(old, None, Path::new("/b/hooks"), Path::new("/b"), None);
    assert_eq!(bare, folder("/b/hooks"));
}
