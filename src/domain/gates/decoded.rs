//! A file's bytes as text, in whatever encoding it can be read.

use std::borrow::Cow;

use bstr::ByteSlice as _;

/// The mark at the beginning of a text, which is no part of its first line.
const MARK: char = '\u{feff}';

/// How much of a file without a mark is looked at to know two-byte characters, in bytes.
const LOOKED_AT: usize = 4096;

/// The largest file in another encoding than UTF-8 that is read, in bytes: its text is made anew.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// The text of a file.
pub struct Decoded<'a> {
    pub text: Cow<'a, str>,
    /// A line of the text need not be a line of the bytes.
    pub has_own_lines: bool,
}

/// Reads bytes as UTF-8; as UTF-16 or UTF-32 where a mark says so; else every byte that is no UTF-8 as the
/// character of Latin-1. What looks like UTF-16 without a mark is read both ways. `None` where they would
/// have to be read anew and are too many.
pub fn decode(bytes: &[u8]) -> Option<Vec<Decoded<'_>>> {
    let narrow = bytes.to_str().ok();
    let encodings = encodings_of(bytes);
    if bytes.len() > BYTES_MAX && !(narrow.is_some() && encodings == [Encoding::Utf8]) {
        return None;
    }
    let read = |encoding: Encoding| {
        let text = match (encoding, narrow) {
            (Encoding::Utf8, Some(text)) => Cow::Borrowed(text.trim_start_matches(MARK)),
            (Encoding::Utf8, None) => Cow::Owned(latin_1(bytes)),
            (wide, _) => Cow::Owned(wide_text(bytes, wide)),
        };
        Decoded { text, has_own_lines: encoding != Encoding::Utf8 }
    };
    Some(encodings.into_iter().map(read).collect())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
    Utf32Little,
    Utf32Big,
}

fn encodings_of(bytes: &[u8]) -> Vec<Encoding> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return vec![Encoding::Utf32Little],
        [0, 0, 0xfe, 0xff, ..] => return vec![Encoding::Utf32Big],
        [0xff, 0xfe, ..] => return vec![Encoding::Utf16Little],
        [0xfe, 0xff, ..] => return vec![Encoding::Utf16Big],
        _ => {}
    }
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    if memchr::memchr(0, looked_at).is_none() {
        return vec![Encoding::Utf8];
    }
    // Text without a mark: most characters have a zero in the same half.
    let pairs = looked_at.chunks_exact(2);
    let is_wide = |half: usize| {
        pairs.clone().filter(|pair| pair[half] == 0 && pair[1 - half] != 0).count() * 2
            > pairs.len()
    };
    match (is_wide(1), is_wide(0)) {
        (true, _) => vec![Encoding::Utf8, Encoding::Utf16Little],
        (_, true) => vec![Encoding::Utf8, Encoding::Utf16Big],
        _ => vec![Encoding::Utf8],
    }
}

fn wide_text(bytes: &[u8], encoding: Encoding) -> String {
    let two = |read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let four = |read: fn([u8; 4]) -> u32| {
        let units = bytes.chunks_exact(4).map(|four| read([four[0], four[1], four[2], four[3]]));
        units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let text: String = match encoding {
        Encoding::Utf16Little => two(u16::from_le_bytes),
        Encoding::Utf16Big => two(u16::from_be_bytes),
        Encoding::Utf32Little => four(u32::from_le_bytes),
        Encoding::Utf32Big => four(u32::from_be_bytes),
        Encoding::Utf8 => latin_1(bytes),
    };
    text.trim_start_matches(MARK).to_owned()
}

fn latin_1(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|&byte| char::from(byte)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_that_can_be_read_is() {
        let text = "let é = 1;\nsleep(3);\n";
        let wide = |to: fn(u16) -> [u8; 2], mark: &[u8]| {
            [mark, &text.encode_utf16().flat_map(to).collect::<Vec<u8>>()].concat()
        };
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let four: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        for (bytes, has_own_lines) in [
            (text.as_bytes().to_vec(), false),
            (latin, false),
            (wide(u16::to_le_bytes, b"\xff\xfe"), true),
            (wide(u16::to_be_bytes, b"\xfe\xff"), true),
            (wide(u16::to_le_bytes, b""), true),
            (wide(u16::to_be_bytes, b""), true),
            ([b"\xff\xfe\0\0".as_slice(), &four].concat(), true),
        ] {
            let read = decode(&bytes).unwrap();
            let is_it =
                |read: &Decoded<'_>| read.text == text && read.has_own_lines == has_own_lines;
            assert!(read.iter().any(is_it), "{bytes:?}");
        }
        let torn = decode(b"a\0b\xff").unwrap();
        assert_eq!(torn.len(), 1);
        assert_eq!((&*torn[0].text, torn[0].has_own_lines), ("a\0b\u{ff}", false));
        // What begins like two-byte text may go on as plain text.
        let both = [text.replace('é', "e").replace("", "\0").as_str(), text].concat();
        let read = decode(both.as_bytes()).unwrap();
        assert!(read.len() == 2 && read[0].text.ends_with(text));
        assert!(decode(&vec![0xff; BYTES_MAX + 1]).is_none());
    }
}
