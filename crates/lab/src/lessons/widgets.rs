//! The parts of a lesson's page that are not prose: goals, predictions, listings, the way back and
//! on, and the list of lessons.

use std::fmt::Write as _;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::data::{GoalData, Inline, PredictionData, inline};
use super::load::Lesson;

/// The Markdown that lessons are written in.
pub(super) fn markdown() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_SMART_PUNCTUATION | Options::ENABLE_HEADING_ATTRIBUTES
}

/// Text as HTML text or as the value of a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// One line of Markdown as HTML without a paragraph around it.
pub(super) fn inline_markdown(text: &str) -> String {
    let mut out = String::new();
    let events = Parser::new_ext(text, markdown()).filter_map(|event| match event {
        Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => None,
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        other => Some(other),
    });
    html::push_html(&mut out, events);
    out
}

/// A text of the manifest: words, and code between backticks.
fn text_html(text: &str) -> String {
    inline(text)
        .map(|piece| match piece {
            Inline::Text(words) => escape(words),
            Inline::Code(code) => format!("<code>{}</code>", escape(code)),
        })
        .collect()
}

/// A listing of the lab's language: what is typed and, if it has any `$ `, what that prints.
pub(super) fn listing_html(text: &str) -> String {
    let mut out = String::from("<pre class=\"lab\"><code>");
    let typed_alone = !text.lines().any(|line| line.starts_with("$ "));
    for line in text.lines() {
        let (prompt, typed) = match line.strip_prefix("$ ") {
            Some(typed) => ("<span class=\"prompt\">$ </span>", Some(typed)),
            None => ("", typed_alone.then_some(line)),
        };
        let _ = match typed {
            Some(typed) if typed.starts_with('#') => {
                writeln!(out, "{prompt}<span class=\"comment\">{}</span>", escape(typed))
            }
            Some(typed) => writeln!(out, "{prompt}<kbd>{}</kbd>", escape(typed)),
            None => writeln!(out, "<samp>{}</samp>", escape(line)),
        };
    }
    out.push_str("</code></pre>\n");
    out
}

/// The goals as they read without the lab: hints and the solution behind folds. What each showed stands there
/// hidden until it is reached.
pub(super) fn goals_html(goals: &[GoalData], solution: &[String]) -> String {
    // What the page counts and adds later has its place here from the start.
    let mut out = format!(
        "<section class=\"goals\" data-goals><h2>Now do it <span class=\"goals-count\" \
         role=\"status\">{} goals</span></h2>\n<ol>\n",
        goals.len()
    );
    for goal in goals {
        let (id, text) = (escape(&goal.id), text_html(&goal.text));
        let _ = write!(out, "<li data-goal=\"{id}\">{text}");
        for (at, hint) in goal.hints.iter().enumerate() {
            let summary = match goal.hints.len() {
                1 => "Hint".to_owned(),
                of => format!("Hint {} of {of}", at + 1),
            };
            let hint = text_html(hint);
            let _ = write!(out, "<details><summary>{summary}</summary><p>{hint}</p></details>");
        }
        let because = text_html(&goal.because);
        let _ = writeln!(out, "<p class=\"goal-because\" hidden>{because}</p></li>");
    }
    let solution = listing_html(&solution.join("\n"));
    let _ = write!(
        out,
        "</ol>\n<details class=\"solution\"><summary>A solution</summary>{solution}</details>\n\
         <div class=\"goals-foot\"><p class=\"goals-done\" hidden>All done. On to the next one.</p>\
         <span id=\"solution-host\"></span></div>\n</section>\n"
    );
    out
}

/// A question with its answers; why one is right stands there hidden until one is chosen. A guess
/// before the act and a check after it differ by their class alone.
pub(super) fn choice_html(class: &str, prediction: &PredictionData) -> String {
    let id = escape(&prediction.id);
    let mut out = format!(
        "<fieldset class=\"{class}\" data-predict=\"{id}\"><legend>{}</legend>\n",
        text_html(&prediction.question)
    );
    for (at, option) in prediction.options.iter().enumerate() {
        let option = text_html(option);
        let _ = writeln!(
            out,
            "<label><input type=\"radio\" name=\"predict-{id}\" value=\"{at}\"> \
             <span>{option}</span></label>"
        );
    }
    let because = text_html(&prediction.because);
    let _ = writeln!(out, "<p class=\"because\" hidden>{because}</p></fieldset>");
    out
}

impl Lesson {
    /// What stands in the prose column of the lesson's page: the article, and the way back and on.
    pub fn html(&self) -> String {
        self.article_html() + &self.foot_html()
    }

    /// How many things there are to do: questions to answer and goals to reach.
    pub fn steps(&self) -> usize {
        self.data.predictions.len() + self.data.goals.len()
    }

    /// The lesson itself.
    pub fn article_html(&self) -> String {
        let data = &self.data;
        let minutes = if data.minutes == 1 { "minute" } else { "minutes" };
        format!(
            "<article class=\"lesson\">\n\
             <p class=\"eyebrow\">Lesson {} · about {} {minutes} · {} steps</p>\n\
             <h1>{}</h1>\n{}</article>\n",
            data.number,
            data.minutes,
            self.steps(),
            escape(&data.title),
            self.body,
        )
    }

    /// The way back and on, and how far one is.
    pub fn foot_html(&self) -> String {
        // Where there is little room the title is only heard: the ways stay in their places.
        let way = |class: &str, rel: &str, id: &str, title: &str| {
            let (title, word) = (escape(title), if class == "back" { "Back" } else { "Next" });
            format!(
                "<a class=\"{class}\"{rel} href=\"{id}.html\" title=\"{title}\">\
                 <span class=\"way\">{word}</span> <span class=\"to\">{title}</span></a>\n"
            )
        };
        let back = match &self.data.previous {
            Some(lesson) => way("back", " rel=\"prev\"", &lesson.id, &lesson.title),
            None => way("back", "", "index", "All lessons"),
        };
        let next = match &self.data.next {
            Some(lesson) => way("next", " rel=\"next\"", &lesson.id, &lesson.title),
            None => way("next", "", "sandbox", "Sandbox"),
        };
        let steps = self.steps();
        format!(
            "<nav class=\"lesson-foot\" aria-label=\"Lessons\">\n\
             {back}<span class=\"place\" data-steps=\"{steps}\">{steps} steps</span>\n{next}</nav>\n"
        )
    }

    /// The lesson as JSON for a `<script type="application/json">`: no `<` can end that element.
    ///
    /// # Panics
    /// Never: a lesson's data are strings and numbers.
    pub fn data_json(&self) -> String {
        let json = serde_json::to_string(&self.data).expect("strings and numbers become JSON");
        json.replace('<', "\\u003c")
    }
}

/// The list of lessons for the home page.
pub fn home_list_html(lessons: &[Lesson]) -> String {
    let mut out = String::from("<ol class=\"lessons\">\n");
    for lesson in lessons {
        let (data, steps) = (&lesson.data, lesson.steps());
        let id = escape(&data.id);
        let _ = writeln!(
            out,
            "<li data-lesson=\"{id}\"><a href=\"{id}.html\">{}</a> \
             <span class=\"minutes\">{} min · <span data-steps=\"{steps}\">{steps} steps</span></span>\
             <p>{}</p></li>",
            escape(&data.title),
            data.minutes,
            text_html(&data.summary)
        );
    }
    out.push_str("</ol>\n");
    out
}
