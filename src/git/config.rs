//! What `git config --list -z` prints, and the form in which it names keys.

use bstr::{BString, ByteSlice as _};

/// Every key with its value, in the order in which they take effect. A key without a value is
/// `true`.
pub fn parse_list(listed: &[u8]) -> Vec<(BString, BString)> {
    let entry = |entry: &[u8]| match entry.split_once_str("\n") {
        Some((key, value)) => (key.into(), value.into()),
        None => (entry.into(), "true".into()),
    };
    listed.split(|byte| *byte == 0).filter(|part| !part.is_empty()).map(entry).collect()
}

/// A key as git lists it: section and name in lower case, what stands between them as it is.
pub fn canonical(key: &str) -> BString {
    let lower = |part: &str| part.to_ascii_lowercase();
    match (key.split_once('.'), key.rsplit_once('.')) {
        (Some((section, rest)), Some((before, name))) if before.len() > section.len() => {
            let middle = &rest[..rest.len() - name.len() - 1];
            format!("{}.{middle}.{}", lower(section), lower(name)).into()
        }
        _ => lower(key).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical, parse_list};

    #[test]
    fn keys_are_named_as_git_lists_them() {
        for (key, listed) in [
            ("core.commentChar", "core.commentchar"),
            ("remote.My.Fork.mirror", "remote.My.Fork.mirror"),
            ("Remote.Origin.pushURL", "remote.Origin.pushurl"),
        ] {
            assert_eq!(canonical(key), listed);
        }
    }

    #[test]
    fn a_list_keeps_line_ends_in_values_and_keys_without_one() {
        let listed = parse_list(b"a.b\none\ntwo\0c.d\0e.f\n\0");
        let expected = [("a.b", "one\ntwo"), ("c.d", "true"), ("e.f", "")];
        assert_eq!(listed.len(), expected.len());
        for ((key, value), expected) in listed.iter().zip(expected) {
            assert_eq!(
                (key.to_string(), value.to_string()),
                (expected.0.into(), expected.1.into())
            );
        }
    }
}
