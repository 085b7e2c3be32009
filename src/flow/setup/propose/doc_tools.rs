//! Documentation tools, by the files that they leave: what they build, nothing is written into.

use crate::flow::setup::propose::facts::matches;

/// Where a sign of a documentation tool is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocPlace {
    /// The top of the work tree.
    Top,
    /// `docs` and the folders in it.
    Docs,
    /// `website`, from where a tool builds `docs`.
    Website,
}

/// The folders in which signs are looked for, but for those in `docs`.
pub const DOC_FOLDERS: [(&str, DocPlace); 3] =
    [("", DocPlace::Top), ("docs", DocPlace::Docs), ("website", DocPlace::Website)];

/// A tool, its signs (a `*` at the end stands for any ending) and the places where these tell that
/// `docs` is built.
type Sign = (&'static str, &'static [&'static str], &'static [DocPlace]);

const SIGNS: [Sign; 18] = [
    ("Sphinx", &["conf.py"], &[DocPlace::Docs]),
    ("Read the Docs", &[".readthedocs.y*", "readthedocs.y*"], &[DocPlace::Top]),
    ("MkDocs", &["mkdocs.y*", "zensical.toml"], &[DocPlace::Top, DocPlace::Docs]),
    ("Docusaurus", &["docusaurus.config.*"], &[DocPlace::Top, DocPlace::Docs, DocPlace::Website]),
    ("VitePress", &[".vitepress"], &[DocPlace::Top, DocPlace::Docs]),
    ("VuePress", &[".vuepress"], &[DocPlace::Top, DocPlace::Docs]),
    ("Astro", &["astro.config.*"], &[DocPlace::Docs]),
    ("mdBook", &["book.toml"], &[DocPlace::Top, DocPlace::Docs]),
    ("Jekyll", &["_config.y*"], &[DocPlace::Top, DocPlace::Docs]),
    ("Hugo", &["hugo.toml", "hugo.y*", "hugo.json"], &[DocPlace::Docs]),
    ("Hugo or Zola", &["config.toml"], &[DocPlace::Docs]),
    ("Antora", &["antora.yml", "antora-playbook.yml"], &[DocPlace::Top, DocPlace::Docs]),
    ("Eleventy", &[".eleventy.*", "eleventy.config.*"], &[DocPlace::Top, DocPlace::Docs]),
    ("GitBook", &[".gitbook.yaml", "SUMMARY.md"], &[DocPlace::Top, DocPlace::Docs]),
    ("Mintlify", &["docs.json", "mint.json"], &[DocPlace::Top, DocPlace::Docs]),
    ("DocFX", &["docfx.json"], &[DocPlace::Top, DocPlace::Docs]),
    ("Documenter.jl", &["make.jl"], &[DocPlace::Docs]),
    (
        "a web site",
        &["index.html", "CNAME", ".nojekyll", "package.json", "next.config.*", "gatsby-config.*"],
        &[DocPlace::Docs],
    ),
];

/// The tool that builds `docs` and the file that tells it, from the names in each folder that was looked
/// into.
pub fn builder(folders: &[(String, DocPlace, Vec<String>)]) -> Option<(&'static str, String)> {
    for (tool, signs, places) in SIGNS {
        for (folder, _, names) in folders.iter().filter(|(_, place, _)| places.contains(place)) {
            let is_sign = |name: &&String| signs.iter().any(|sign| matches(sign, name));
            if let Some(name) = names.iter().find(is_sign) {
                let above = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                return Some((tool, format!("{above}{name}")));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{DocPlace, builder};

    #[test]
    fn who_builds_the_documents_is_known_by_its_files() {
        for (path, tool) in [
            ("docs/conf.py", Some("Sphinx")),
            ("docs/source/conf.py", Some("Sphinx")),
            ("mkdocs.yml", Some("MkDocs")),
            (".readthedocs.yaml", Some("Read the Docs")),
            ("website/docusaurus.config.ts", Some("Docusaurus")),
            ("docusaurus.config.js", Some("Docusaurus")),
            ("docs/.vitepress", Some("VitePress")),
            ("docs/astro.config.mjs", Some("Astro")),
            ("docs/book.toml", Some("mdBook")),
            ("book.toml", Some("mdBook")),
            ("docs/_config.yml", Some("Jekyll")),
            ("docs/hugo.toml", Some("Hugo")),
            ("docs/config.toml", Some("Hugo or Zola")),
            ("docs/antora.yml", Some("Antora")),
            ("docs/index.html", Some("a web site")),
            ("docs/package.json", Some("a web site")),
            // Of the project itself, not of its documents.
            ("conf.py", None),
            ("astro.config.mjs", None),
            ("hugo.toml", None),
            ("config.toml", None),
            ("index.html", None),
            ("package.json", None),
            ("docs/index.md", None),
            ("website/index.html", None),
        ] {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let place = match folder {
                "" => DocPlace::Top,
                "website" => DocPlace::Website,
                _ => DocPlace::Docs,
            };
            let found = builder(&[(folder.to_owned(), place, vec![name.to_owned()])]);
            assert_eq!(found, tool.map(|tool| (tool, path.to_owned())), "{path}");
        }
    }
}
