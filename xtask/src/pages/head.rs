//! What a page says of itself to those who have not opened it: search engines, previews in a chat.
//!
//! Two things about the page only its publisher knows. Each is one variable of the environment in which the
//! page is built, and what needs it is left out without it:
//!
//! - `RAFT_LAB_URL`, where the page will be, as in `https://example.org/raft-lab/`: scrapers want whole
//!   addresses of pictures, and a canonical link names one address for copies of the page.
//! - `RAFT_LAB_EDIT_URL`, where files of the source are edited, as in
//!   `https://example.org/me/raft-lab/edit/main/`: without it the page says which file it is.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::escape;

/// What the publisher says.
#[derive(Debug, Default)]
pub(crate) struct Publisher {
    /// Where the page will be; ends with a slash.
    url: Option<String>,
    /// What the path of a source file is put behind; ends with a slash.
    edit_url: Option<String>,
}

impl Publisher {
    /// Reads it from variables, as `lookup` knows them.
    ///
    /// # Errors
    /// What should be an address is none.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Publisher> {
        let address = |name: &str| -> Result<Option<String>> {
            let Some(text) = lookup(name).filter(|text| !text.is_empty()) else { return Ok(None) };
            let is_whole = text.starts_with("https://") || text.starts_with("http://");
            if !is_whole || text.contains(['"', '<', '>', ' ', '#', '?']) {
                bail!(
                    "{name} is not the address of a folder, as in https://example.org/raft-lab/: {text}"
                );
            }
            Ok(Some(format!("{}/", text.trim_end_matches('/'))))
        };
        Ok(Publisher { url: address("RAFT_LAB_URL")?, edit_url: address("RAFT_LAB_EDIT_URL")? })
    }

    /// The part of a page's head that is read by others than browsers. The home page's `name` is `index`.
    pub(crate) fn head(&self, name: &str, title: &str, description: &str) -> String {
        let kind = if name == "index" { "website" } else { "article" };
        let mut out = String::new();
        let mut property = |name: &str, content: &str| {
            let content = escape(content);
            let _ = write!(out, "<meta property=\"{name}\" content=\"{content}\">\n  ");
        };
        property("og:site_name", "Raft Lab");
        property("og:type", kind);
        property("og:title", title);
        property("og:description", description);
        if let Some(url) = &self.url {
            let page = if name == "index" { url.clone() } else { format!("{url}{name}.html") };
            property("og:url", &page);
            property("og:image", &format!("{url}icons/preview.png"));
            property("og:image:width", "1200");
            property("og:image:height", "630");
            property("og:image:alt", "Five nodes of a cluster, one of them its leader");
            let _ = write!(out, "<link rel=\"canonical\" href=\"{}\">\n  ", escape(&page));
        }
        let card = if self.url.is_some() { "summary_large_image" } else { "summary" };
        let _ = write!(out, "<meta name=\"twitter:card\" content=\"{card}\">");
        out
    }

    /// The way to the source of a page, or at least its name.
    pub(crate) fn source(&self, path: &str) -> String {
        let path = escape(path);
        match &self.edit_url {
            Some(url) => format!("<a href=\"{}{path}\">Edit this page</a>", escape(url)),
            None => format!("<span>Source of this page: <code>{path}</code></span>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publisher(url: &str, edit_url: &str) -> Result<Publisher> {
        Publisher::read(|name| Some(if name == "RAFT_LAB_URL" { url } else { edit_url }.to_owned()))
    }

    /// Whoever publishes nothing promises nothing: no picture, no canonical address, no place to edit.
    #[test]
    fn what_is_not_known_is_left_out() {
        let nobody = publisher("", "").unwrap();
        let head = nobody.head("reads", "Reads \"&\"", "How");
        assert!(
            head.contains("<meta property=\"og:title\" content=\"Reads &quot;&amp;&quot;\">"),
            "{head}"
        );
        assert!(head.contains("twitter:card\" content=\"summary\""), "{head}");
        for absent in ["og:image", "og:url", "canonical"] {
            assert!(!head.contains(absent), "{head}");
        }
        assert_eq!(
            nobody.source("lessons/08-reads/en.md"),
            "<span>Source of this page: <code>lessons/08-reads/en.md</code></span>"
        );
    }

    /// Whoever does gets whole addresses, however the setting ends.
    #[test]
    fn addresses_are_whole() {
        let publisher = publisher("https://example.org/lab", "https://example.org/edit/").unwrap();
        let head = publisher.head("reads", "Reads", "How");
        assert!(
            head.contains("rel=\"canonical\" href=\"https://example.org/lab/reads.html\""),
            "{head}"
        );
        assert!(head.contains("og:image\" content=\"https://example.org/lab/icons/"), "{head}");
        assert!(publisher.head("index", "", "").contains("href=\"https://example.org/lab/\""));
        let source = publisher.source("lessons/home.html");
        assert!(source.contains("href=\"https://example.org/edit/lessons/home.html\""), "{source}");
    }

    /// A slip of the pen is not published.
    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["example.org", "https://example.org/?a", "https://a b/", "ftp://example.org"]
        {
            assert!(publisher(wrong, "").is_err(), "{wrong}");
        }
    }
}
