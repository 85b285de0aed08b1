//! Prose into HTML: a lesson's page without the lab, complete before any script runs.
//!
//! What comes out is valid and holds under a policy without inline scripts and styles: mark-up in
//! the prose is an error, not a way in. Fenced blocks place the widgets: `goals`, `predict ID`,
//! `check ID`, `remember`, `assert "claim"`, `lab`, `widget NAME`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{
    Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, Parser, Tag, TagEnd, html,
};

use super::data::PredictionData;
use super::interactive;
use super::load::{Block, Lesson, LessonError, Script};
use super::manifest::line_at;
use super::pace::{Reading, words};
use super::widgets::{choice_html, escape, goals_html, inline_markdown, listing_html, markdown};

/// What a lesson's prose may refer to.
pub(super) struct Names<'a> {
    /// Words and what they mean.
    pub(super) glossary: &'a BTreeMap<String, String>,
    /// Every lesson of the course.
    pub(super) slugs: &'a BTreeSet<String>,
}

/// Prose as HTML, and what of it is to be run.
pub(super) struct Rendered {
    pub(super) html: String,
    pub(super) blocks: Vec<Block>,
    /// What of it is in sight, and takes time.
    pub(super) reading: Reading,
    pub(super) errors: Vec<LessonError>,
}

/// Code that is shown and not run.
const LANGUAGES: [&str; 6] = ["json", "yaml", "toml", "sh", "text", "console"];

/// Ids that the page around the prose uses: no heading may be called so.
const PAGE_IDS: [&str; 4] = ["lab", "lesson", "main", "meaning"];

/// Renders a lesson's prose; `file` is how its errors name it.
pub(super) fn render(prose: &str, file: &str, lesson: &Lesson, names: &Names<'_>) -> Rendered {
    let mut renderer = Renderer::new(prose, file, 1, lesson, names);
    renderer.walk();
    renderer.check_placed();
    html::push_html(&mut renderer.rendered.html, renderer.out.into_iter());
    // The corner of a table names nothing, and is no heading.
    let html = &mut renderer.rendered.html;
    for class in ["", " class=\"right\"", " class=\"center\""] {
        *html = html.replace(&format!("<th scope=\"col\"{class}></th>"), "<td></td>");
    }
    renderer.rendered
}

/// Which widgets the prose has placed so far.
#[derive(Default)]
struct Placed {
    goals: bool,
    remember: bool,
    predictions: BTreeSet<String>,
    questions: BTreeSet<String>,
    /// Where a question stands before the goals.
    early_question: Option<usize>,
    listings: bool,
    widgets: BTreeSet<String>,
}

struct Renderer<'a> {
    prose: &'a str,
    file: &'a str,
    /// The line of the file that the prose begins in.
    first_line: usize,
    lesson: &'a Lesson,
    names: &'a Names<'a>,
    out: Vec<Event<'a>>,
    rendered: Rendered,
    placed: Placed,
    anchors: BTreeSet<String>,
    /// The level of the last heading.
    heading: HeadingLevel,
    /// The level of the section that is behind a fold.
    folded: Option<HeadingLevel>,
    /// What closes the link that is open.
    link_end: &'static str,
    table: Option<Table>,
}

/// A table that is being written.
struct Table {
    alignments: Vec<Alignment>,
    column: usize,
    in_head: bool,
}

impl<'a> Renderer<'a> {
    fn new(
        prose: &'a str,
        file: &'a str,
        first_line: usize,
        lesson: &'a Lesson,
        names: &'a Names<'a>,
    ) -> Renderer<'a> {
        Renderer {
            prose,
            file,
            first_line,
            lesson,
            names,
            out: Vec::new(),
            rendered: Rendered {
                html: String::new(),
                blocks: Vec::new(),
                reading: Reading::default(),
                errors: Vec::new(),
            },
            placed: Placed::default(),
            anchors: BTreeSet::new(),
            heading: HeadingLevel::H1,
            folded: None,
            link_end: "</a>",
            table: None,
        }
    }

    fn error(&mut self, byte: usize, message: impl Into<String>) {
        let line = self.first_line + line_at(self.prose, byte) - 1;
        self.rendered.errors.push(LessonError::new(self.file, line, message));
    }

    fn html(&mut self, text: impl Into<String>) {
        self.out.push(Event::InlineHtml(CowStr::from(text.into())));
    }

    fn walk(&mut self) {
        let prose = self.prose;
        let events: Vec<(Event<'a>, Range<usize>)> =
            Parser::new_ext(prose, markdown()).into_offset_iter().collect();
        self.collect_anchors(&events);
        let mut at = 0;
        while let Some((event, range)) = events.get(at) {
            at += 1;
            if let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event {
                let text = text_until(&events, &mut at, TagEnd::CodeBlock);
                self.fence(info, &text, range.clone());
            } else if let Event::Start(Tag::Heading { level, classes, .. }) = event {
                let title = text_until(&events, &mut at.clone(), TagEnd::Heading(*level));
                self.unfold(*level);
                self.heading(*level, &title, classes, range.start);
            } else {
                self.event(event.clone(), range.start);
            }
        }
        self.unfold(HeadingLevel::H1);
    }

    /// Ends the section behind a fold where a heading of this level does.
    fn unfold(&mut self, level: HeadingLevel) {
        if self.folded.is_some_and(|folded| level <= folded) {
            self.folded = None;
            self.html("</div></details>\n");
        }
    }

    /// Takes note of something that takes time.
    fn takes(&mut self, reading: Reading) {
        if self.folded.is_none() {
            self.rendered.reading = self.rendered.reading.and(reading);
        }
    }

    fn takes_words(&mut self, text: &str) {
        self.takes(Reading { words: words(text), ..Reading::default() });
    }

    /// What everybody is asked and told stands in sight.
    fn in_sight(&mut self, byte: usize) {
        if self.folded.is_some() {
            self.error(byte, "this stands in a section with `{.more}`, which not everybody reads");
        }
    }

    /// Links to a heading may stand before it.
    fn collect_anchors(&mut self, events: &[(Event<'a>, Range<usize>)]) {
        for (at, (event, range)) in events.iter().enumerate() {
            if let Event::Start(Tag::Heading { level, .. }) = event {
                let title = text_until(events, &mut (at + 1), TagEnd::Heading(*level));
                let anchor = anchor(&title);
                if PAGE_IDS.contains(&anchor.as_str()) || !self.anchors.insert(anchor) {
                    self.error(range.start, "something else on the page has the same name");
                }
            }
        }
    }

    fn event(&mut self, event: Event<'a>, byte: usize) {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {
                self.error(byte, "HTML is not allowed in prose; Markdown is enough");
            }
            Event::Start(Tag::Link { dest_url, .. }) => self.link(&dest_url, byte),
            Event::End(TagEnd::Link) => self.html(self.link_end),
            Event::Start(Tag::Image { .. }) => {
                self.error(byte, "pictures are not supported: the lab draws what is to be seen");
            }
            Event::End(TagEnd::Image) => {}
            Event::Start(Tag::Table(alignments)) => {
                self.table = Some(Table { alignments, column: 0, in_head: false });
                self.html("<div class=\"table\" tabindex=\"0\"><table>\n");
            }
            Event::End(TagEnd::Table) => {
                self.table = None;
                self.html("</tbody></table></div>\n");
            }
            Event::Start(Tag::TableHead) => self.table_row(true),
            Event::End(TagEnd::TableHead) => self.html("</tr></thead><tbody>\n"),
            Event::Start(Tag::TableRow) => self.table_row(false),
            Event::End(TagEnd::TableRow) => self.html("</tr>\n"),
            Event::Start(Tag::TableCell) => self.table_cell(),
            Event::End(TagEnd::TableCell) => {
                let head = self.table.as_ref().is_some_and(|table| table.in_head);
                self.html(if head { "</th>" } else { "</td>" });
            }
            Event::End(TagEnd::Heading(level)) => self.heading_end(level),
            other => {
                if let Event::Text(text) | Event::Code(text) = &other {
                    self.takes_words(text);
                }
                self.out.push(other);
            }
        }
    }

    fn table_row(&mut self, in_head: bool) {
        if let Some(table) = &mut self.table {
            table.in_head = in_head;
            table.column = 0;
        }
        self.html(if in_head { "<thead><tr>" } else { "<tr>" });
    }

    /// Alignment is a class: the policy forbids `style` attributes.
    fn table_cell(&mut self) {
        let Some(table) = &mut self.table else { return };
        let class = match table.alignments.get(table.column) {
            Some(Alignment::Right) => " class=\"right\"",
            Some(Alignment::Center) => " class=\"center\"",
            Some(Alignment::Left | Alignment::None) | None => "",
        };
        table.column += 1;
        let cell = match table.in_head {
            true => format!("<th scope=\"col\"{class}>"),
            false => format!("<td{class}>"),
        };
        self.html(cell);
    }

    fn heading(&mut self, level: HeadingLevel, title: &str, classes: &[CowStr<'_>], byte: usize) {
        if level == HeadingLevel::H1 {
            self.error(byte, "the title is the only heading of the first level: begin with ##");
        } else if level as usize > self.heading as usize + 1 {
            self.error(byte, "a heading skips a level");
        }
        self.heading = level;
        match classes {
            [] => {}
            [class] if &**class == "more" && self.folded.is_none() => {
                self.html("<details class=\"more\"><summary>");
                self.folded = Some(level);
            }
            _ => self.error(byte, "behind a heading there may only stand `{.more}`, and not twice"),
        }
        self.out.push(Event::Start(Tag::Heading {
            level,
            id: Some(CowStr::from(anchor(title))),
            classes: Vec::new(),
            attrs: Vec::new(),
        }));
    }

    fn heading_end(&mut self, level: HeadingLevel) {
        self.out.push(Event::End(TagEnd::Heading(level)));
        if self.folded == Some(level) {
            self.html("</summary><div>\n");
        }
    }

    /// Opens a link or a word of the glossary.
    fn link(&mut self, target: &str, byte: usize) {
        self.link_end = "</a>";
        let address = if let Some(term) = target.strip_prefix("#term:") {
            return self.term(term, byte);
        } else if let Some(slug) = target.strip_prefix("lesson:") {
            if !self.names.slugs.contains(slug) {
                self.error(byte, format!("dead link: there is no lesson {slug}"));
            }
            format!("{slug}.html")
        } else if let Some(anchor) = target.strip_prefix('#') {
            if !self.anchors.contains(anchor) {
                self.error(byte, format!("dead link: there is no heading #{anchor}"));
            }
            target.to_owned()
        } else {
            let page = ["index.html", "sandbox.html", "glossary.html"].contains(&target);
            if !page && !target.starts_with("https://") {
                let message = format!(
                    "dead link: {target}; there are lesson:SLUG, #heading, #term:WORD, \
                     sandbox.html, glossary.html, index.html and https://"
                );
                self.error(byte, message);
            }
            target.to_owned()
        };
        self.html(format!("<a href=\"{}\">", escape(&address)));
    }

    fn term(&mut self, term: &str, byte: usize) {
        let Some(meaning) = self.names.glossary.get(term) else {
            self.link_end = "";
            return self
                .error(byte, format!("the glossary has no term {term}: add it to glossary.toml"));
        };
        let (term, meaning) = (escape(term), escape(meaning));
        self.html(format!(
            "<a class=\"term\" href=\"glossary.html#{term}\" data-meaning=\"{meaning}\">"
        ));
    }

    fn fence(&mut self, info: &str, text: &str, range: Range<usize>) {
        let (word, rest) = info.split_once(' ').unwrap_or((info, ""));
        let (rest, byte) = (rest.trim(), range.start);
        let script = || Script {
            text: text.to_owned(),
            file: self.file.to_owned(),
            first_line: self.first_line + line_at(self.prose, byte),
        };
        match word {
            "goals" => self.goals(rest, text, byte),
            "predict" => self.predict(rest, text, byte),
            "check" => self.check(rest, text, byte),
            "remember" => self.remember(text, byte),
            "widget" => self.widget(rest, text, byte),
            "assert" => {
                let script = script();
                self.rendered.blocks.push(Block::Claim(script));
                let claim = rest.trim_matches('"');
                if !claim.is_empty() {
                    self.takes_words(claim);
                    let claim = inline_markdown(claim);
                    self.html(format!("<p class=\"claim\">{claim}</p>\n"));
                }
            }
            "lab" => {
                let (transcript, continued) = (script(), rest == "continued");
                if !(rest.is_empty() || continued) {
                    self.error(byte, "after `lab` there may only stand `continued`");
                }
                if continued && !self.placed.listings {
                    self.error(byte, "there is no `lab` block before it to continue");
                }
                self.placed.listings = true;
                self.takes(Reading { listed: words(text), ..Reading::default() });
                self.html(listing_html(text));
                self.rendered.blocks.push(Block::Listing { transcript, continued });
            }
            language if LANGUAGES.contains(&language) => {
                self.takes(Reading { listed: words(text), ..Reading::default() });
                self.html(format!("<pre><code>{}</code></pre>\n", escape(text)));
            }
            other => {
                let message = format!(
                    "no such block: {other}; there are goals, predict ID, check ID, remember, \
                     assert, lab, widget NAME and for code {}",
                    LANGUAGES.join(", ")
                );
                self.error(byte, message);
            }
        }
    }

    fn goals(&mut self, rest: &str, text: &str, byte: usize) {
        self.in_sight(byte);
        if !rest.is_empty() || !text.trim().is_empty() {
            self.error(byte, "a `goals` block is empty: the goals stand in lesson.toml");
        }
        if std::mem::replace(&mut self.placed.goals, true) {
            self.error(byte, "the goals are placed once");
        }
        if let Some(byte) = self.placed.early_question.take() {
            self.error(byte, "a check of what was understood comes after the goals");
        }
        if self.placed.predictions.is_empty() {
            self.error(byte, "a prediction comes before the goals: first guess, then act");
        }
        self.heading = HeadingLevel::H2;
        self.html(goals_html(&self.lesson.data.goals, &self.lesson.data.solution));
    }

    fn predict(&mut self, id: &str, text: &str, byte: usize) {
        self.in_sight(byte);
        if !text.trim().is_empty() {
            self.error(byte, "a `predict` block is empty: the question stands in lesson.toml");
        }
        let (predictions, _) = choices(self.lesson);
        let Some(prediction) = predictions.iter().find(|one| one.id == id) else {
            return self.error(byte, format!("lesson.toml has no prediction `{id}`"));
        };
        if !self.placed.predictions.insert(id.to_owned()) {
            self.error(byte, "a prediction is placed once");
        }
        self.html(choice_html("predict", prediction));
    }

    fn check(&mut self, id: &str, text: &str, byte: usize) {
        self.in_sight(byte);
        if !text.trim().is_empty() {
            self.error(byte, "a `check` block is empty: the question stands in lesson.toml");
        }
        if !self.placed.goals {
            self.placed.early_question.get_or_insert(byte);
        }
        let (_, questions) = choices(self.lesson);
        let Some(question) = questions.iter().find(|one| one.id == id) else {
            return self.error(byte, format!("lesson.toml has no question `{id}`"));
        };
        if !self.placed.questions.insert(id.to_owned()) {
            self.error(byte, "a question is placed once");
        }
        self.html(choice_html("predict check", question));
    }

    /// A part of the prose that one can work with. In its block stands what is read without it.
    fn widget(&mut self, name: &str, text: &str, byte: usize) {
        let Some(title) = interactive::title(name) else {
            let names = interactive::names();
            return self.error(byte, format!("no such widget: {name}; there are {names}"));
        };
        if !self.placed.widgets.insert(name.to_owned()) {
            self.error(byte, "a widget is placed once");
        }
        if text.trim().is_empty() {
            self.error(
                byte,
                "a `widget` block holds what is read without it: a sentence or a table",
            );
        }
        let first_line = self.first_line + line_at(self.prose, byte);
        let plain = self.inner(text, first_line);
        self.takes(Reading { widgets: 1, ..Reading::default() });
        self.html(interactive::widget_html(name, title, &plain));
    }

    /// Prose within a block, as HTML.
    fn inner(&mut self, text: &str, first_line: usize) -> String {
        let mut inner = Renderer::new(text, self.file, first_line, self.lesson, self.names);
        inner.anchors.clone_from(&self.anchors);
        inner.walk();
        let mut out = String::new();
        html::push_html(&mut out, inner.out.into_iter());
        self.rendered.errors.append(&mut inner.rendered.errors);
        out
    }

    fn remember(&mut self, text: &str, byte: usize) {
        self.in_sight(byte);
        if std::mem::replace(&mut self.placed.remember, true) {
            self.error(byte, "what to remember is said once");
        }
        let items = Parser::new_ext(text, markdown())
            .filter(|event| matches!(event, Event::Start(Tag::Item)))
            .count();
        if items != 3 {
            self.error(byte, format!("what to remember is a list of three lines, not {items}"));
        }
        let first_line = self.first_line + line_at(self.prose, byte);
        let list = self.inner(text, first_line);
        self.takes_words(text);
        self.heading = HeadingLevel::H2;
        self.html(format!("<aside class=\"remember\"><h2>Remember</h2>\n{list}</aside>\n"));
    }

    /// Everything that a lesson must have, and everything that its manifest speaks of.
    fn check_placed(&mut self) {
        if !self.placed.goals {
            self.error(0, "the goals are placed nowhere: a fenced block `goals` says where");
        }
        if !self.placed.remember {
            self.error(0, "a lesson ends with what to remember: a fenced block `remember`");
        }
        let (predictions, questions) = choices(self.lesson);
        for prediction in predictions {
            if !self.placed.predictions.contains(&prediction.id) {
                let id = &prediction.id;
                let message =
                    format!("the prediction {id} is placed nowhere: write a block `predict {id}`");
                self.error(0, message);
            }
        }
        for question in questions {
            if !self.placed.questions.contains(&question.id) {
                let id = &question.id;
                let message =
                    format!("the question {id} is placed nowhere: write a block `check {id}`");
                self.error(0, message);
            }
        }
    }
}

/// A lesson's predictions and the questions of its check.
fn choices(lesson: &Lesson) -> (&[PredictionData], &[PredictionData]) {
    lesson.data.predictions.split_at(lesson.predicted)
}

/// The text of the events up to `end`, and `at` behind it.
fn text_until(events: &[(Event<'_>, Range<usize>)], at: &mut usize, end: TagEnd) -> String {
    let mut text = String::new();
    while let Some((event, _)) = events.get(*at) {
        *at += 1;
        match event {
            Event::Text(piece) | Event::Code(piece) => text.push_str(piece),
            Event::SoftBreak => text.push(' '),
            Event::End(tag) if *tag == end => break,
            _ => {}
        }
    }
    text
}

/// What a link to a heading names it: its words in small letters with hyphens between.
fn anchor(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}
