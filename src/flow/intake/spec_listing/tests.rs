//! Which files are specs, and what a listing finds.
#![expect(clippy::disallowed_methods, reason = "tests write the files that are found")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::flow::intake::spec_listing::{SpecGlobs, list};

fn globs(patterns: &[&str]) -> SpecGlobs {
    let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
    SpecGlobs::new(&patterns).unwrap()
}

#[test]
fn names_that_are_specs_and_names_that_are_not() {
    let globs = globs(&["docs/specs/**"]);
    for yes in
        ["docs/specs/a.md", "docs/specs/b/c.YAML", "docs/specs/b/README.md", "docs/specs/a b.yml"]
    {
        assert!(globs.is_spec(Path::new(yes)), "{yes}");
    }
    for no in [
        "docs/specs/README.md",
        "docs/specs/readme.markdown",
        "docs/specs/a.txt",
        "docs/specs/.a.md.swp",
        "docs/specs/.#a.md",
        "docs/specs/#a.md#",
        "docs/specs/a.md~",
        "docs/specs/~$a.md",
        "docs/specs/a.md.tmp",
        "docs/specs/4913",
        "docs/specs/.md",
        "docs/a.md",
        "a.md",
    ] {
        assert!(!globs.is_spec(Path::new(no)), "{no}");
    }
}

#[test]
fn globs_of_other_shapes() {
    assert!(globs(&["SPEC.md"]).is_spec(Path::new("SPEC.md")));
    assert!(globs(&["./specs/"]).is_spec(Path::new("specs/x/a.md")));
    assert!(!globs(&["specs/*.md"]).is_spec(Path::new("specs/x/a.md")));
    assert!(!globs(&["specs", "!specs/old/**"]).is_spec(Path::new("specs/old/a.md")));
    assert!(!globs(&["docs/**"]).is_spec(Path::new("docs/progress/a.md")));
    for bad in ["/etc/*.md", "../a/**", "", "a/[b"] {
        assert!(SpecGlobs::new(&[bad.to_owned()]).is_err(), "{bad}");
    }
}

fn paths(top: &Path, patterns: &[&str]) -> Vec<PathBuf> {
    list(&top.canonicalize().unwrap(), &globs(patterns)).files.into_keys().collect()
}

#[test]
fn a_listing_goes_as_deep_as_its_globs_and_round_no_circle() {
    let top = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = top.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    };
    for name in [
        "docs/specs/a.md",
        "docs/specs/x/b.md",
        "docs/specs/x/y/c.md",
        "docs/specs/.git/d.md",
        "one/e.md",
        "two/deep/f.md",
    ] {
        write(name);
    }
    symlink("..", top.path().join("docs/specs/x/loop")).unwrap();
    symlink("nowhere", top.path().join("docs/specs/dangling.md")).unwrap();
    symlink("../../two", top.path().join("docs/specs/linked")).unwrap();
    let all = [
        "docs/specs/a.md",
        "docs/specs/linked/deep/f.md",
        "docs/specs/x/b.md",
        "docs/specs/x/y/c.md",
    ];
    assert_eq!(paths(top.path(), &["docs/specs/**"]), all.map(PathBuf::from));
    assert_eq!(paths(top.path(), &["docs/specs/*.md"]), [PathBuf::from("docs/specs/a.md")]);
    assert_eq!(paths(top.path(), &["docs/specs/*/*.md"]), [PathBuf::from("docs/specs/x/b.md")]);
    assert_eq!(paths(top.path(), &["one/e.md"]), [PathBuf::from("one/e.md")]);
    assert_eq!(paths(top.path(), &["none/**"]), [] as [PathBuf; 0]);
}

#[test]
fn the_folders_that_are_watched_lead_from_the_top_down() {
    let top = tempfile::tempdir().unwrap();
    let real = top.path().canonicalize().unwrap();
    let folders =
        || list(&real, &globs(&["docs/specs/**"])).folders.into_iter().collect::<Vec<_>>();
    assert_eq!(folders(), std::slice::from_ref(&real));
    fs::create_dir_all(real.join("docs/specs/deep")).unwrap();
    fs::create_dir_all(real.join("docs/other")).unwrap();
    let expected = ["", "docs", "docs/specs", "docs/specs/deep"]
        .map(|f| if f.is_empty() { real.clone() } else { real.join(f) });
    assert_eq!(folders(), expected);
}
