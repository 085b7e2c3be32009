//! Whether text looks drawn by chance, written by a person, or put there to be replaced.

/// For each letter, the letters that often follow it in words and names (nine tenths of the pairs
/// in source code and its documentation; a third of the pairs in random letters).
const FOLLOWS: [&[u8]; 26] = [
    b"bcdgilmnprstuvy",
    b"aeilorsu",
    b"acehiklortu",
    b"aeiosu",
    b"acdefglmnprstvx",
    b"aefilou",
    b"aehinr",
    b"aeio",
    b"abcdefglmnoprstvz",
    b"",
    b"eis",
    b"adeilostuy",
    b"aeimopu",
    b"acdefgiknostuv",
    b"bcdgilmnoprstuvw",
    b"aeiloprstu",
    b"u",
    b"acdegikmnorstuy",
    b"acehilopstuy",
    b"acehilorstuy",
    b"abceilmnprst",
    b"aei",
    b"aei",
    b"pt",
    b"",
    b"e",
];

/// Words that stand where a secret is to be put. Long enough not to come up by chance.
const STAND_INS: [&str; 37] = [
    "example",
    "xxxx",
    "your-",
    "your_",
    "yourapi",
    "yourtoken",
    "yoursecret",
    "yourpass",
    "yourkey",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "dummy",
    "redacted",
    "insert",
    "replace",
    "not_a_real",
    "notreal",
    "_here",
    "-here",
    "tokenhere",
    "keyhere",
    "sample",
    "foobar",
    "****",
    "0123456789",
    "123456789012",
    "abcdefghij",
    "....",
    "${",
    "{{",
    "$(",
    "%(",
    "#{",
    "todo_",
    "fixme",
];

/// Whether a text stands in for a secret: a template, an example, one byte over and over.
pub fn is_placeholder(text: &[u8]) -> bool {
    if text.len() >= 8 && distinct(text) <= 3 || longest_repeat(text) >= 10 {
        return true;
    }
    // In a long text such a word can come up by chance.
    let lower = text[..text.len().min(160)].to_ascii_lowercase();
    STAND_INS.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
        || has_slot(text)
}

/// `<your token>`: words in angle brackets.
fn has_slot(text: &[u8]) -> bool {
    memchr::memchr_iter(b'<', text).take(4).any(|open| {
        let inside = text[open + 1..]
            .iter()
            .take_while(|&&b| b.is_ascii_alphanumeric() || b" _-.:/".contains(&b))
            .count();
        inside > 0 && text.get(open + 1 + inside) == Some(&b'>')
    })
}

/// How many different bytes there are.
pub fn distinct(text: &[u8]) -> u32 {
    let mut seen = [0u64; 4];
    for &byte in text {
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    seen.iter().map(|bits| bits.count_ones()).sum()
}

fn longest_repeat(text: &[u8]) -> usize {
    text.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0)
}

/// Shannon's entropy of the bytes, in bits a byte.
pub fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for &byte in text {
        counts[usize::from(byte)] += 1;
    }
    let total = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    counts.iter().filter(|&&n| n > 0).map(|&n| f64::from(n) / total).map(|p| -p * p.log2()).sum()
}

/// The share of neighbouring letters that often stand together in words; `None` where there are
/// fewer than `least` such pairs. A change from lower to upper case parts two words.
pub fn wordiness(text: &[u8], least: u32) -> Option<f64> {
    let (mut pairs, mut common) = (0u32, 0u32);
    for pair in text.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if !a.is_ascii_alphabetic() || !b.is_ascii_alphabetic() {
            continue;
        }
        if a.is_ascii_lowercase() && b.is_ascii_uppercase() {
            continue;
        }
        pairs += 1;
        let row = FOLLOWS[usize::from(a.to_ascii_lowercase() - b'a')];
        common += u32::from(row.contains(&b.to_ascii_lowercase()));
    }
    (pairs >= least).then(|| f64::from(common) / f64::from(pairs.max(1)))
}

/// How often upper and lower case change.
pub fn turns(text: &[u8]) -> usize {
    let differ = |pair: &&[u8]| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase();
    text.windows(2).filter(differ).count()
}

/// Whether both digits and letters are there.
pub fn is_mixed(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic)
}

/// Whether a token looks drawn by chance: varied for its length, and not made of words.
///
/// Hexadecimal text has four bits a byte at most and is measured as such. Letters alone pass only
/// where both cases change without the order of camel case, or where the pairs are rare ones.
pub fn is_random(text: &[u8]) -> bool {
    if text.len() < 10 || is_uuid(text) {
        return is_uuid(text);
    }
    let kinds = distinct(text);
    if text.iter().all(u8::is_ascii_hexdigit) {
        let wanted = if text.len() >= 24 { 7 } else { 6 };
        return kinds >= wanted && is_mixed(text) && entropy(text) > 2.4;
    }
    let wanted = (text.len() * 2 / 5).clamp(6, 14);
    if (kinds as usize) < wanted || is_sentence(text) {
        return false;
    }
    // Every sixth byte a digit: no text is written like that.
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    if digits * 6 >= text.len() && is_mixed(text) {
        return true;
    }
    match wordiness(text, 5) {
        Some(share) if is_mixed(text) => share < 0.68,
        Some(share) => share < if turns(text) >= 5 { 0.6 } else { 0.52 } && text.len() >= 16,
        None => is_mixed(text),
    }
}

/// Whether a text is words put together with `_`, `-`, `.` or `/`: every part is letters that read
/// like a word, or a short number.
pub fn is_sentence(text: &[u8]) -> bool {
    let mut parts = 0;
    let all_words =
        text.split(|b| b"_-./:".contains(b)).filter(|part| !part.is_empty()).all(|part| {
            parts += 1;
            let letters = part.iter().all(u8::is_ascii_alphabetic);
            let digits = part.iter().all(u8::is_ascii_digit) && part.len() <= 4;
            digits
                || part.len() <= 2
                || letters && wordiness(part, 2).is_none_or(|share| share >= 0.5)
        });
    all_words && parts > 1
}

/// Whether the text is a UUID and nothing else.
pub fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, &byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
