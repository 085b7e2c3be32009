//! Objects whose files say what is not so.
#![expect(clippy::disallowed_methods, reason = "tests write the files that are read")]

use std::fs;

use super::*;

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
    let short = put("9", &loose("blob", 5, b"text"));
    assert_ne!(objects.content(&short, 10_000).unwrap(), Content::Whole(b"text".into()));
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
    // Half of a file, as a loss of power leaves it.
    let whole = loose("blob", 4, b"text");
    let half = put("7", &whole[..whole.len() / 2]);
    assert!(
        !matches!(objects.content(&half, 10_000), Ok(Content::Whole(bytes)) if bytes == b"text")
    );
    let empty = put("8", b"");
    assert!(objects.content(&empty, 10_000).is_err());
}
