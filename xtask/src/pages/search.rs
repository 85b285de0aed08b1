//! The index that `static/search.js` searches: what the lessons say, section by section, and the glossary.
//!
//! It is read off the HTML that the lessons became, so that what is found is what stands there. What a
//! learner is to find out first is left out: hints, solutions, and why an answer is right.

use lab::lessons::Lesson;
use serde_json::{Value, json};

/// A piece of a page that a result can lead to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Section {
    /// The heading's id; empty for what stands before the first.
    id: String,
    heading: String,
    text: String,
}

/// The index as JSON: a list of pages, `{ page, title, number, sections: [[id, heading, text]] }`. The
/// last is the glossary, a section each word.
pub(crate) fn index(lessons: &[Lesson], terms: &[(String, String)]) -> String {
    let mut pages: Vec<Value> = lessons
        .iter()
        .map(|lesson| {
            let data = &lesson.data;
            let mut sections = sections(&lesson.article_html());
            if let Some(first) = sections.first_mut() {
                first.text = format!("{} {}", data.summary.replace('`', ""), first.text);
            }
            let sections = sections.into_iter().map(|it| json!([it.id, it.heading, it.text]));
            json!({
                "page": data.id,
                "title": data.title,
                "number": data.number,
                "sections": sections.collect::<Vec<_>>(),
            })
        })
        .collect();
    let words = terms.iter().map(|(term, meaning)| json!([term, term.replace('-', " "), meaning]));
    pages.push(json!({
        "page": "glossary",
        "title": "Glossary",
        "sections": words.collect::<Vec<_>>(),
    }));
    Value::from(pages).to_string()
}

/// Splits an article at its headings that have a name.
fn sections(html: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut into_heading = false;
    // Elements that nothing is taken from, as they are open one in another.
    let mut silent: Vec<&str> = Vec::new();
    for piece in html.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else { continue };
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name {
            "h2" | "h3" if tag.contains(" id=\"") => {
                let id = tag.split('"').nth(1).unwrap_or_default().to_owned();
                sections.push(Section { id, ..Section::default() });
                into_heading = true;
            }
            "/h2" | "/h3" => into_heading = false,
            "/h1" => {
                // The title is the page's own.
                if let Some(last) = sections.last_mut() {
                    last.text.clear();
                }
            }
            // What is to be looked up is found.
            "details" if tag.contains("\"more\"") => {}
            // Not even answers: most of them are wrong.
            "details" | "label" => silent.push(name),
            "p" if tag.contains("hidden") => silent.push("p"),
            _ => {}
        }
        if let Some(open) = silent.last() {
            if name.strip_prefix('/') == Some(open) {
                silent.pop();
            } else {
                continue;
            }
        }
        let Some(last) = sections.last_mut() else { continue };
        let out = if into_heading { &mut last.heading } else { &mut last.text };
        if is_block(name) {
            out.push(' ');
        }
        out.push_str(text);
    }
    for section in &mut sections {
        section.heading = plain(&section.heading);
        section.text = plain(&section.text);
    }
    sections.retain(|section| !(section.text.is_empty() && section.heading.is_empty()));
    sections
}

/// Whether the words before and after a tag are apart.
fn is_block(name: &str) -> bool {
    !["a", "code", "em", "strong", "kbd", "samp", "span", "abbr"]
        .contains(&name.trim_start_matches('/'))
}

/// HTML's text as it reads, with single spaces.
fn plain(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sections begin at headings; words in a line stay together, blocks do not; what is to be found out stays out.
    #[test]
    fn an_article_becomes_sections() {
        let html = "<article class=\"lesson\">\n<p class=\"eyebrow\">Lesson 1</p>\n<h1>Title</h1>\n\
            <p>A <a class=\"term\" href=\"glossary.html#q\">quo<em>rum</em></a> of 2 &lt; 3.</p>\n\
            <section class=\"goals\"><h2>Now do it</h2><ol><li>Crash<details><summary>Hint</summary><p>click</p>\
            </details><p class=\"goal-because\" hidden>It <code>fell</code>.</p></li><li>Heal</li></ol></section>\n\
            <h2 id=\"what-then\">What <code>then</code>?</h2><p>One</p><p>Two</p></article>";
        let section = |id: &str, heading: &str, text: &str| Section {
            id: id.to_owned(),
            heading: heading.to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(
            sections(html),
            [
                section("", "", "A quorum of 2 < 3. Now do it Crash Heal"),
                section("what-then", "What then?", "One Two"),
            ]
        );
    }
}
