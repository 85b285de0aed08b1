//! What the staged page loads, put in order: one style sheet instead of one a component, and no
//! attribute that a browser complains about.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::split;

/// Set by `cargo xtask profile`: the program stays whole, and tells which of its functions run.
const WATCHED: &str = "RAFT_LAB_WATCHED";

/// Joins the style sheets of the staged page into one, and returns the page that links to it.
///
/// A browser paints nothing until it has every style sheet; over a plain host and a phone's
/// network, one request is worth seconds against twenty.
///
/// # Errors
/// The page links to no style sheet, or to one that is not there.
pub(crate) fn join_styles(staged: &Path, html: &str) -> Result<String> {
    let links: Vec<&str> = tags(html, "<link rel=\"stylesheet\"").collect();
    let mut joined = String::new();
    for link in &links {
        let name = attribute(link, "href").context("a style sheet's link has no href")?;
        let file = staged.join(name.trim_start_matches("./"));
        let css = fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
        joined += &without_comments(&css);
        fs::remove_file(file)?;
    }
    let first = links.first().context("the page links to no style sheet")?;
    let name = format!("style-{:016x}.css", fingerprint(joined.as_bytes()));
    fs::write(staged.join(&name), joined)?;
    let link = format!("<link rel=\"stylesheet\" href=\"./{name}\">");
    let mut html = html.replacen(first, &link, 1);
    for rest in links.iter().skip(1) {
        html = html.replacen(rest, "", 1);
    }
    Ok(html.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n") + "\n")
}

/// Announces the program to the boot file alone, and no longer to the browser, which would load it
/// ahead of the fonts: over a phone's network the text would stand there a second later.
///
/// The release page's comes in two parts ([`split`]). What moved into the second is written into
/// `reports`, and Trunk says in TRUNK_PROFILE which page it builds.
///
/// # Errors
/// The page does not announce its program, or that cannot be divided.
pub(crate) fn postpone_program(staged: &Path, html: &str, reports: &Path) -> Result<String> {
    let preload = tags(html, "<link rel=\"preload\"").find(|tag| tag.contains("as=\"fetch\""));
    let preload = preload.context("the page does not announce its program")?;
    let href = attribute(preload, "href").context("the program's link has no href")?;
    let links = if std::env::var("TRUNK_PROFILE").is_ok_and(|profile| profile == "release") {
        in_parts(staged, href, reports)?
    } else {
        format!("<link rel=\"program\" href=\"{href}\">")
    };
    Ok(html.replacen(preload, &links, 1))
}

/// Puts the program's two parts in its place, and returns the links to them.
fn in_parts(staged: &Path, href: &str, reports: &Path) -> Result<String> {
    let whole = staged.join(href.trim_start_matches("./"));
    let wasm = fs::read(&whole).with_context(|| format!("cannot read {href}"))?;
    fs::create_dir_all(reports)?;
    if std::env::var_os(WATCHED).is_some() {
        let watched = split::watched(&wasm)?;
        fs::write(&whole, watched.whole)?;
        fs::write(reports.join("functions.txt"), watched.functions)?;
        return Ok(format!("<link rel=\"program\" href=\"{href}\">"));
    }
    let parts = split::split(&wasm)?;
    fs::write(reports.join("second.txt"), &parts.report)?;
    // One name for both: a browser must never join parts of two builds.
    let both = fingerprint(&[parts.first.as_slice(), &parts.second].concat());
    let mut links = String::new();
    for (rel, name, part) in
        [("program", "first", &parts.first), ("program-second", "second", &parts.second)]
    {
        let name = format!("raft-lab-{both:016x}-{name}.wasm");
        fs::write(staged.join(&name), part)?;
        links += &format!("<link rel=\"{rel}\" href=\"./{name}\">");
    }
    fs::remove_file(whole)?;
    Ok(links)
}

/// Every tag that begins so, with its end.
fn tags<'a>(html: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    html.match_indices(start).filter_map(|(at, _)| {
        let tag = html.get(at..)?;
        tag.get(..=tag.find('>')?)
    })
}

/// The value of a tag's attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split_once('"')?.0)
}

/// CSS without its comments; what stands in strings stays.
fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut chars = css.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '/') if chars.peek() == Some(&'*') => {
                let mut last = ' ';
                // The star that opens must not close as well.
                chars.next();
                for c in chars.by_ref() {
                    if (last, c) == ('*', '/') {
                        break;
                    }
                    last = c;
                }
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (Some(_), '\\') => {
                out.push(c);
                out.extend(chars.next());
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// FNV-1a: names a file after its content, so that hosts may let browsers keep it for ever.
pub(crate) fn fingerprint(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Comments go, whatever is in them; strings stay, whatever is in them.
    #[test]
    fn comments_go_and_strings_stay() {
        let check = |css, expected| assert_eq!(without_comments(css), expected, "{css}");
        check("a { color: red } /* it's \" */ b {}", "a { color: red }  b {}");
        check("/**/a/*/ b */c", "ac");
        check(r#"a::before { content: "/* \" */" }"#, r#"a::before { content: "/* \" */" }"#);
    }

    /// The sheets are joined in their order, and the page links to the whole.
    #[test]
    fn sheets_are_joined_in_order() {
        let staged = std::env::temp_dir().join(format!("raft-lab-pages-{}", std::process::id()));
        fs::create_dir_all(&staged).unwrap();
        fs::write(staged.join("a-1.css"), "a{}").unwrap();
        fs::write(staged.join("b-2.css"), "b{}").unwrap();
        let html = "<head>\n<link rel=\"stylesheet\" href=\"./b-2.css\" integrity=\"x\"/>\n\
                    <link rel=\"stylesheet\" href=\"./a-1.css\"/>\n</head>";
        let joined = join_styles(&staged, html).unwrap();
        let name = attribute(tags(&joined, "<link").next().unwrap(), "href").unwrap().to_owned();
        let css = fs::read_to_string(staged.join(&name)).unwrap();
        let left = fs::read_dir(&staged).unwrap().count();
        fs::remove_dir_all(&staged).unwrap();
        assert_eq!((css.as_str(), left), ("b{}a{}", 1));
        assert_eq!(tags(&joined, "<link").count(), 1);
        assert!(join_styles(&staged, "<head></head>").is_err());
    }

    /// Only the announcement of what is fetched changes, and it keeps saying where that is.
    #[test]
    fn only_the_program_is_postponed() {
        let html = "<link rel=\"modulepreload\" href=\"./p.js\" integrity=\"a\">\
                    <link rel=\"preload\" href=\"./p.wasm\" integrity=\"b\" as=\"fetch\">";
        let nowhere = Path::new("");
        let postponed = postpone_program(nowhere, html, nowhere).unwrap();
        let expected = "<link rel=\"modulepreload\" href=\"./p.js\" integrity=\"a\">\
                        <link rel=\"program\" href=\"./p.wasm\">";
        assert_eq!(postponed, expected);
        assert!(postpone_program(nowhere, "<head></head>", nowhere).is_err());
    }
}
