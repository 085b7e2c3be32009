//! The symbols that enclose each line, guessed from indentation for any language.

use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;

/// The symbols around a line, outermost first; cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path(Option<Rc<Symbol>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Symbol {
    name: String,
    outer: Path,
}

/// Declarations that open a symbol: of functions, types and modules in the usual languages, and
/// of sections in settings files.
static DECLARATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = [
        // `pub(crate) async unsafe fn name`, `export default class Name`, `func (r *T) name`.
        r"^(?:[\w()]+\s+)*?(?:fn|struct|enum|union|trait|mod|class|def|func|function\*?|interface|namespace|module|record|protocol|type|object|package|macro_rules!)\s+(?:\([^)]*\)\s*)?([\w$.]+)",
        // `impl<T> Trait for Type<T> where`, whole, since two of them can have one type.
        r"^(?:unsafe\s+)?(impl\b[^{]*)",
        // `const name = async (x) => {` and `name: function (x) {`.
        r"^(?:export\s+)?(?:const|let|var)\s+([\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>|\w+\s*=>)",
        // `[section]` and `[[table]]`.
        r"^\[{1,2}([\w.:\x22' -]+)\]{1,2}$",
        // `public static int name(String x) throws Y {`, but not `if (x) {` or `else if (x) {`.
        r"^(?:[\w<>\[\],.?*&:~]+\s+)+[*&]?([\w:~]+)\s*\([^;]*\)?\s*(?:const\s*)?(?:throws\s[\w., ]+)?\{$",
    ];
    Regex::new(&words.map(|word| format!("(?:{word})")).join("|")).ok()
});

/// Words that a declaration without a key word cannot begin with.
const STATEMENTS: [&str; 16] = [
    "if", "else", "for", "while", "match", "switch", "return", "do", "try", "catch", "loop", "let",
    "case", "when", "with", "} else",
];

/// The enclosing symbols of every line. A declaration's own line is inside it.
pub fn of_lines(lines: &[&str]) -> Vec<Path> {
    // The indentation plus one; 0 for a section, which only the next section ends.
    let mut open: Vec<(usize, Path)> = Vec::new();
    let mut paths = Vec::with_capacity(lines.len());
    for line in lines {
        let body = line.trim();
        let section = body.starts_with('[') && body.ends_with(']');
        let indent = if section { 0 } else { 1 + line.len() - line.trim_start().len() };
        if !body.is_empty() {
            let ends = |outer| outer > indent || (outer == indent && !continues(body));
            while open.last().is_some_and(|(outer, _)| ends(*outer)) {
                open.pop();
            }
            if let Some(name) = declared(body) {
                let outer = open.last().map(|(_, path)| path.clone()).unwrap_or_default();
                open.push((indent, Path(Some(Rc::new(Symbol { name, outer })))));
            }
        }
        paths.push(open.last().map(|(_, path)| path.clone()).unwrap_or_default());
    }
    paths
}

impl Path {
    /// The names, outermost first, joined so that none can run into the next.
    pub fn join(&self) -> String {
        match &self.0 {
            None => String::new(),
            Some(symbol) => format!("{}\n{}", symbol.outer.join(), symbol.name),
        }
    }

    /// The innermost name; empty outside of every symbol.
    pub fn leaf(&self) -> &str {
        self.0.as_ref().map_or("", |symbol| &symbol.name)
    }
}

/// Whether a line at the indentation of its declaration still belongs to it: a closing or lone
/// opening bracket, the rest of a signature.
fn continues(body: &str) -> bool {
    body.starts_with(['}', ')', ']', '{']) || body.starts_with("where") || body == "end"
}

fn declared(body: &str) -> Option<String> {
    let first = body.split([' ', '(']).next().unwrap_or_default();
    if STATEMENTS.contains(&first) && !body.contains("=>") && !body.contains("function") {
        return None;
    }
    let found = DECLARATION.as_ref()?.captures(body)?;
    let name = found.iter().skip(1).flatten().next()?.as_str();
    Some(name.split_whitespace().collect::<Vec<_>>().join(" "))
}
