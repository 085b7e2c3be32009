//! Whether what an evaluation finds is a finding that is already known.

use std::collections::BTreeMap;

/// From a locator's name to its hash. `context…` stands for a line with its neighbours, `symbol`
/// for the line and what encloses it, and `line` for the line with all that is on it: the others
/// may leave out a comment, and two secrets can stand in one.
pub type StoredLocators = BTreeMap<String, String>;

/// What there is to recognise a finding by, beside its gate, rule and file.
pub struct Trace<'a> {
    pub line: u32,
    pub column: u32,
    pub anchor: &'a str,
    pub message: &'a str,
    /// The object it stands in.
    pub content: Option<&'a str>,
    pub locators: &'a StoredLocators,
}

/// What kind of findings are compared.
#[derive(Clone, Copy)]
pub struct Terms {
    /// In a file; otherwise the findings are of one and the same change.
    pub in_file: bool,
    /// Two with different messages are never the same: what people and other tools write has no
    /// rule that tells two remarks on one line apart.
    pub by_message: bool,
}

/// A known finding.
pub struct KnownFinding<'a> {
    pub trace: Trace<'a>,
    /// Whether somebody said that a change may pass with it. That must not silence another one.
    pub answered: bool,
}

/// Why something seen may be a finding that is known, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchEvidence {
    /// It reads alike: enough to keep the id, not enough to keep an answer.
    Alike,
    /// So many locators agree: a context, and beside it the symbol and the whole line, which do not
    /// follow from it.
    Located(usize),
    /// The very same place of the very same content.
    Same,
}

/// How many pairs of things that could be the same are compared one by one. More than 32 lines that
/// read alike in one file are hardly written by people; there the nearest are compared.
const COMPARED_MAX: usize = 32 * 32;

/// How many neighbours on each side are compared with where too much reads alike.
const NEIGHBOURS: usize = 4;

/// What two findings share that may be the same. Only those are compared: what is seen is looked up
/// and never held against all that is known.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Place(&'a str, u32, u32, &'a str),
    /// The symbol, the whole line, and one context by its name.
    Lines(&'a str, &'a str, &'a str, &'a str),
    /// The words, and the message where that must be the same, too.
    Words(String, Option<&'a str>),
    /// Of what is not in a file: all that is said of it, and that alone which must be the same.
    Said(&'a str, &'a str, Option<&'a str>),
    Any(Option<&'a str>),
}

/// What has one key.
#[derive(Default)]
struct Bucket {
    seen: Vec<usize>,
    known: Vec<usize>,
}

/// For each thing seen, which known finding it is. One known finding is given once.
///
/// The best evidence wins; where it is equal, an open finding goes before an answered one, so that
/// an answer never moves to a twin while there is a choice, and then the nearest line. Where very
/// many read alike the nearest is tried first, and what is left over is given in the order of lines.
pub fn assign(seen: &[Trace], known: &[KnownFinding], terms: Terms) -> Vec<Option<usize>> {
    let mut buckets: BTreeMap<Key, Bucket> = BTreeMap::new();
    for (s, trace) in seen.iter().enumerate() {
        for key in keys(trace, terms, false) {
            buckets.entry(key).or_default().seen.push(s);
        }
    }
    for (k, old) in known.iter().enumerate() {
        for key in keys(&old.trace, terms, true) {
            if let Some(bucket) = buckets.get_mut(&key) {
                bucket.known.push(k);
            }
        }
    }
    let mut matching = Matching { seen, known, terms, pairs: Vec::new() };
    let (crowded, few): (Vec<_>, Vec<_>) = buckets
        .into_values()
        .partition(|bucket| bucket.seen.len() * bucket.known.len() > COMPARED_MAX);
    for bucket in few {
        for s in bucket.seen {
            for k in &bucket.known {
                matching.compare(s, *k);
            }
        }
    }
    let crowded: Vec<Bucket> =
        crowded.into_iter().map(|bucket| matching.in_order(bucket)).collect();
    for bucket in &crowded {
        matching.compare_neighbours(bucket);
    }
    matching.pairs.sort_unstable();
    let mut given = vec![None; seen.len()];
    let mut taken = vec![false; known.len()];
    for (_, _, _, _, s, k) in std::mem::take(&mut matching.pairs) {
        if given[s].is_none() && !taken[k] {
            given[s] = Some(k);
            taken[k] = true;
        }
    }
    for bucket in &crowded {
        matching.give_the_rest(bucket, &mut given, &mut taken);
    }
    given
}

/// What one thing can be looked up by.
fn keys<'a>(trace: &Trace<'a>, terms: Terms, is_known: bool) -> Vec<Key<'a>> {
    let message = terms.by_message.then_some(trace.message);
    if !terms.in_file {
        return vec![Key::Said(trace.message, trace.anchor, trace.content), Key::Any(message)];
    }
    let mut keys = Vec::new();
    if let Some(content) = trace.content {
        keys.push(Key::Place(content, trace.line, trace.column, trace.anchor));
    }
    if let (Some(symbol), Some(line)) = (trace.locators.get("symbol"), trace.locators.get("line")) {
        let contexts = trace.locators.iter().filter(|(name, _)| name.starts_with("context"));
        keys.extend(contexts.map(|(name, value)| Key::Lines(symbol, line, name, value)));
    }
    let words = trace.anchor.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_blank = words.is_empty();
    if is_blank && message.is_none() && (is_known || trace.line > 0) {
        keys.push(Key::Words(String::new(), Some(trace.message)));
        if !is_known {
            return keys;
        }
    }
    keys.push(Key::Words(words, message));
    keys
}

type Pair = (std::cmp::Reverse<MatchEvidence>, bool, u32, u32, usize, usize);

struct Matching<'a> {
    seen: &'a [Trace<'a>],
    known: &'a [KnownFinding<'a>],
    terms: Terms,
    pairs: Vec<Pair>,
}

impl Matching<'_> {
    /// Notes a pair that may be the same.
    fn compare(&mut self, s: usize, k: usize) {
        let (trace, old) = (&self.seen[s], &self.known[k]);
        if let Some(evidence) = evidence(trace, old, self.terms) {
            let lines = trace.line.abs_diff(old.trace.line);
            let columns = trace.column.abs_diff(old.trace.column);
            self.pairs.push((std::cmp::Reverse(evidence), old.answered, lines, columns, s, k));
        }
    }

    fn fits(&self, s: usize, k: usize) -> bool {
        evidence(&self.seen[s], &self.known[k], self.terms).is_some()
    }

    /// The bucket in the order of lines, open findings before answered ones.
    fn in_order(&self, mut bucket: Bucket) -> Bucket {
        bucket.seen.sort_by_key(|s| (self.seen[*s].line, self.seen[*s].column));
        bucket.known.sort_by_key(|k| {
            let old = &self.known[*k];
            (old.answered, old.trace.line, old.trace.column)
        });
        bucket
    }

    fn compare_neighbours(&mut self, bucket: &Bucket) {
        let known = self.known;
        let answered = bucket.known.partition_point(|k| !known[*k].answered);
        for part in [&bucket.known[..answered], &bucket.known[answered..]] {
            for s in &bucket.seen {
                let place = (self.seen[*s].line, self.seen[*s].column);
                let at = part
                    .partition_point(|k| (known[*k].trace.line, known[*k].trace.column) < place);
                let near = at.saturating_sub(NEIGHBOURS)..part.len().min(at + NEIGHBOURS);
                for k in &part[near] {
                    self.compare(*s, *k);
                }
            }
        }
    }

    /// Gives what nothing is given to yet what nobody has, in the order of lines.
    fn give_the_rest(&self, bucket: &Bucket, given: &mut [Option<usize>], taken: &mut [bool]) {
        let mut known = bucket.known.iter().filter(|k| !taken[**k]).collect::<Vec<_>>().into_iter();
        let mut given_now = Vec::new();
        for s in bucket.seen.iter().filter(|s| given[**s].is_none()) {
            // One that does not fit is passed over: it is not looked for again.
            if let Some(k) = known.find(|k| self.fits(*s, **k)) {
                given_now.push((*s, *k));
            }
        }
        for (s, k) in given_now {
            given[s] = Some(k);
            taken[k] = true;
        }
    }
}

/// Why what is seen may be that finding; `None` where it is not. What merely reads alike does not get
/// the answer that another one has.
pub fn evidence(seen: &Trace, known: &KnownFinding, terms: Terms) -> Option<MatchEvidence> {
    let evidence = compare(seen, &known.trace, terms)?;
    (!known.answered || evidence != MatchEvidence::Alike).then_some(evidence)
}

fn compare(new: &Trace, old: &Trace, terms: Terms) -> Option<MatchEvidence> {
    let same_message = new.message == old.message;
    if terms.by_message && !same_message {
        return None;
    }
    if !terms.in_file {
        let same = same_message && new.anchor == old.anchor && new.content == old.content;
        return Some(if same { MatchEvidence::Same } else { MatchEvidence::Alike });
    }
    let place = |trace: &Trace| (trace.line, trace.column);
    let same_content = new.content.is_some() && new.content == old.content;
    if same_content && place(new) == place(old) && new.anchor == old.anchor {
        return Some(MatchEvidence::Same);
    }
    if let Some(count) = agreement(new.locators, old.locators) {
        return Some(MatchEvidence::Located(count));
    }
    let says_nothing = new.line > 0 && new.anchor.trim().is_empty();
    let alike = new.anchor.split_whitespace().eq(old.anchor.split_whitespace());
    (alike && (same_message || !says_nothing)).then_some(MatchEvidence::Alike)
}

/// How many locators agree, where they are enough to carry an answer over.
fn agreement(new: &StoredLocators, old: &StoredLocators) -> Option<usize> {
    let agrees = |name: &String| old.contains_key(name) && old.get(name) == new.get(name);
    let agreeing: Vec<&String> = new.keys().filter(|name| agrees(name)).collect();
    let has = |wanted: &str| agreeing.iter().any(|name| *name == wanted);
    let context = agreeing.iter().any(|name| name.starts_with("context"));
    (context && has("symbol") && has("line")).then_some(agreeing.len())
}
