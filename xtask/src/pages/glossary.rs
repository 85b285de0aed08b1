//! The page of all words that the lessons explain, each with the lessons that use it.

use std::fmt::Write as _;

use lab::lessons::Lesson;

use super::escape;

/// The article, complete before any script runs.
pub(crate) fn article(terms: &[(String, String)], lessons: &[Lesson]) -> String {
    let mut out = format!(
        "<article class=\"lesson glossary\">\n<p class=\"eyebrow\">{} words</p>\n<h1>Glossary</h1>\n\
         <p>The words of the lessons, as etcd and Raft use them.</p>\n<dl>\n",
        terms.len()
    );
    for (term, meaning) in terms {
        let (term, meaning) = (escape(term), escape(meaning));
        let word = term.replace('-', " ");
        let _ = write!(out, "<div id=\"{term}\"><dt>{word}</dt><dd>{meaning}");
        let mark = format!("href=\"glossary.html#{term}\"");
        let places: Vec<String> = lessons
            .iter()
            .filter(|lesson| lesson.article_html().contains(&mark))
            .map(|lesson| {
                let (id, title) = (escape(&lesson.data.id), escape(&lesson.data.title));
                format!("<a href=\"{id}.html\">{title}</a>")
            })
            .collect();
        if !places.is_empty() {
            let _ = write!(out, "<span class=\"used\">In {}</span>", places.join(" · "));
        }
        out.push_str("</dd></div>\n");
    }
    out + "</dl>\n</article>\n"
}
