//! Objects whose files say what is not so.
#![expect(clippy::disallowed_methods, reason = "tests write the files that are read")]

use crate::fuzz;
use std::fs;

use super::*;
use crate::domain::model::error::Hinted;
use crate::platform::git::command::succeeded;

/// A loose object as git stores it, with nothing compressed: its header says what is given here,
/// whatever the content is.
fn loose(kind: &str, size: u64, content: &[u8]) -> Vec<u8> {
    let raw = [format!("{kind} {size}\0").as_bytes(), content].concat();
    let length = u16::try_from(raw.len()).unwrap();
    let (low, high) = raw.iter().fold((1u32, 0u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    let ends = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    [&[0x78, 0x01, 0x01], ends.as_slice(), &raw, &(high << 16 | low).to_be_bytes()].concat()
}

fn put(repo: &Path, name: &str, file: &[u8]) -> Oid {
    let folder = repo.join(".git/objects").join(&name[..2]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(&name[2..]), file).unwrap();
    Oid::parse(name).unwrap()
}

#[test]
fn no_more_than_was_asked_for_is_read_of_an_object_whatever_it_says_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    git2::Repository::init(folder.path()).unwrap();
    // As the program opens it: a hash that is wrong is git's to notice.
    git2::opts::strict_hash_verification(false);
    let objects = Objects::open(&folder.path().join(".git")).unwrap();
    let put = |digit: &str, file: &[u8]| put(folder.path(), &digit.repeat(40), file);
    let small = put("1", &loose("blob", 4, b"text"));
    assert_eq!(objects.content(&small, 10_000).unwrap(), Content::Whole(b"text".into()));
    assert_eq!(objects.content(&small, 3).unwrap(), Content::TooLarge(4));
    let lies = put("2", &loose("blob", 20_000, b"text"));
    assert_eq!(objects.content(&lies, 10_000).unwrap(), Content::TooLarge(20_000));
    let huge = put("3", &loose("blob", 1 << 33, b"text"));
    assert_eq!(objects.content(&huge, 100 * 1024 * 1024).unwrap(), Content::TooLarge(1 << 33));
    // Not the kind that was asked for, whatever its size.
    for (digit, most) in [("4", 100_000), ("5", 3)] {
        let other = put(digit, &loose("commit", 4, b"text"));
        let error = objects.content(&other, most).unwrap_err();
        assert!(error.to_string().ends_with("is not a file"), "{error}");
    }
    let missing = Oid::parse(&"6".repeat(40)).unwrap();
    assert_eq!(objects.content(&missing, 10_000).unwrap(), Content::Missing);
}

/// What is left of a file after a loss of power, or of memory that lost a bit.
fn damages(whole: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut flipped = whole.to_vec();
    let last = flipped.len() - 6;
    flipped[last] ^= 0x20;
    vec![
        ("nothing", Vec::new()),
        ("one byte", whole[..1].to_vec()),
        ("eight bytes", whole[..8].to_vec()),
        ("half", whole[..whole.len() / 2].to_vec()),
        ("all but a byte", whole[..whole.len() - 1].to_vec()),
        ("a bit", flipped),
        ("zeros", vec![0; whole.len()]),
    ]
}

#[test]
fn a_damaged_object_of_any_kind_is_named_and_never_read_without_end() {
    let folder = tempfile::tempdir().unwrap();
    git2::Repository::init(folder.path()).unwrap();
    let objects = Objects::open(&folder.path().join(".git")).unwrap();
    let name = "a".repeat(40);
    for kind in ["commit", "tree", "blob", "tag"] {
        let content = b"tree 0123456789abcdef0123456789abcdef01234567\n\nwords";
        let whole = loose(kind, content.len() as u64, content);
        let mut files = damages(&whole);
        files.push(("a header that says more", loose(kind, 900, content)));
        for (damage, file) in files {
            let oid = put(folder.path(), &name, &file);
            for read in [
                objects.read(&oid).map(drop),
                objects.content(&oid, 10_000).map(drop),
                objects.commit(&oid).map(drop),
            ] {
                let error = read.expect_err(&format!("{kind}, {damage}"));
                let said = format!("{error:#}");
                assert!(said.contains(&name), "{kind}, {damage}: {said}");
                let hint = &error.downcast_ref::<Hinted>().unwrap().hint;
                assert!(hint.contains("git fsck"), "{kind}, {damage}: {hint}");
            }
        }
        // Of a size that no memory has: nothing of it is read.
        let oid = put(folder.path(), &name, &loose(kind, 1 << 40, content));
        let error = objects.read(&oid).map(drop).unwrap_err().to_string();
        assert!(error.contains("1099511627776 bytes"), "{kind}: {error}");
    }
}

#[test]
fn a_folder_or_a_pipe_in_the_place_of_an_object_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    git2::Repository::init(folder.path()).unwrap();
    let objects = Objects::open(&folder.path().join(".git")).unwrap();
    let place = |digit: &str| folder.path().join(".git/objects").join(digit.repeat(2));
    for digit in ["b", "c"] {
        fs::create_dir_all(place(digit)).unwrap();
    }
    fs::create_dir(place("b").join("b".repeat(38))).unwrap();
    let pipe = place("c").join("c".repeat(38));
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    for digit in ["b", "c"] {
        let oid = Oid::parse(&digit.repeat(40)).unwrap();
        let error = objects.content(&oid, 10_000).unwrap_err().to_string();
        assert!(error.contains("not a file"), "{error}");
    }
}

#[test]
fn a_damaged_object_that_a_pack_has_too_is_read_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let git = |words: &[&str]| {
        let git = crate::platform::git::command::git(folder.path());
        let output = git.args(["-c", "user.name=n", "-c", "user.email=e"]).args(words).capture();
        succeeded(&output.unwrap(), "git").unwrap().trim().to_str().unwrap().to_owned()
    };
    git(&["init", "--quiet"]);
    let tree = git(&["write-tree"]);
    let commit = git(&["commit-tree", "-m", "words", &tree]);
    git(&["update-ref", "refs/heads/x", &commit]);
    git(&["repack", "--quiet", "-a", "-d"]);
    let objects = Objects::open(&folder.path().join(".git")).unwrap();
    let oid = put(folder.path(), &commit, b"x");
    assert_eq!(objects.commit(&oid).unwrap().unwrap().message, "words\n");
    // And one in a folder of objects beside its own.
    let other = tempfile::tempdir().unwrap();
    git2::Repository::init(other.path()).unwrap();
    let lies = put(other.path(), &"d".repeat(40), b"x");
    let alternates = folder.path().join(".git/objects/info/alternates");
    fs::create_dir_all(alternates.parent().unwrap()).unwrap();
    fs::write(alternates, format!("{}\n", other.path().join(".git/objects").display())).unwrap();
    let objects = Objects::open(&folder.path().join(".git")).unwrap();
    let error = objects.header(&lies).map(drop).unwrap_err().to_string();
    assert!(error.contains(&"d".repeat(38)), "{error}");
}

#[test]
fn drawn_objects_are_read_or_refused() {
    let (oid, raw) = (Oid::parse(&"a1".repeat(20)).unwrap(), [0xa1; 20]);
    let name = oid.as_str();
    let commit = format!(
        "tree {name}\nparent {name}\nauthor A <a@example.invalid> 1767225600 +0100\n\
         committer A <a@example.invalid> 1767225600 +0100\ngpgsig -----BEGIN\n x\n\nfeat: x\n\nbody\n"
    );
    let tag = format!("object {name}\ntype commit\ntag v1\ntagger A <a> 1 +0000\n\nmessage\n");
    let tree =
        [b"100644 a.rs\0", raw.as_slice(), b"40000 src\0", &raw, b"120000 l\0", &raw].concat();
    let words = [
        "tree ",
        "parent ",
        "committer ",
        "object ",
        "\n\n",
        "> ",
        "40000 ",
        "160000 ",
        "\0",
        "..",
        ".git",
        name,
    ];
    let seeds = [commit.as_bytes(), tag.as_bytes(), &tree];
    let of = oid.clone();
    fuzz::hold("commits, tags and trees", &seeds, &words.map(str::as_bytes), move |bytes| {
        for width in [40, 64] {
            let name = Oid::parse(&"1".repeat(width)).unwrap();
            for item in parse(bytes, &name).into_iter().flatten() {
                assert!(!item.name().contains(&0));
            }
        }
        drop((parse_commit(&of, bytes), parse_tag(bytes)));
    });
}

#[test]
fn a_tree_is_walked_by_what_was_read_of_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let repository = git2::Repository::init(folder.path()).unwrap();
    let blob = repository.blob(b"text").unwrap();
    let tree = |name: &str, of: git2::Oid, mode: i32| {
        let mut builder = repository.treebuilder(None).unwrap();
        builder.insert(name, of, mode).unwrap();
        builder.write().unwrap()
    };
    let root = tree("folder", tree("file", blob, 0o100_755), 0o040_000);
    let root = Oid::parse(&root.to_string()).unwrap();
    let objects = Objects::open(&folder.path().join(".git")).unwrap();
    for is_gone in [false, true] {
        let entry = objects.entry(&root, BStr::new("folder/file")).unwrap().unwrap();
        assert_eq!((entry.oid.as_str(), entry.mode), (&*blob.to_string(), FileMode::Executable));
        assert!(objects.has(&root, BStr::new("folder")).unwrap());
        assert!(!objects.has(&root, BStr::new("folder/file/below")).unwrap());
        assert_eq!(objects.entry(&root, BStr::new("folder")).unwrap(), None, "{is_gone}");
        // What is read again would not be there.
        fs::remove_dir_all(folder.path().join(".git/objects")).unwrap();
        fs::create_dir(folder.path().join(".git/objects")).unwrap();
    }
    let again = Objects::open(&folder.path().join(".git")).unwrap();
    assert!(again.entry(&root, BStr::new("folder/file")).unwrap_err().is::<TreeNotHere>());
}
