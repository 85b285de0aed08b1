//! Writes one HTML file a lesson, whose prose stands there before any script runs.
//!
//! Trunk calls this once it has staged the page: `index.html` there has everything in it but what
//! differs from page to page, which stands as marks (`<!--lesson:title-->`, …). From it come the
//! home page, the sandbox and every lesson. A mark that is missing is an error, since a page
//! without its prose or its data would look finished and not be.

mod assets;
mod glossary;
mod head;
mod search;
mod split;
mod widgets;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use lab::lessons::{Lesson, LessonError, home_list_html, load_all, load_glossary};

use head::Publisher;

/// Pages that are not lessons.
const HOME: &str = "index";
const SANDBOX: &str = "sandbox";
const EMBED: &str = "embed";
const GLOSSARY: &str = "glossary";

/// What stands in the place of prose in an embedded lab: a name for those who hear it, and a host for the way out.
const EMBED_MAIN: &str = "<h1 class=\"hidden-text\">Raft Lab</h1><div id=\"way-out\"></div>";

/// What differs from page to page.
struct Page<'a> {
    /// The file's name without `.html`.
    name: &'a str,
    /// What the program shows beside it: `home`, `sandbox`, `embed` or `lesson`; `glossary` is without it.
    view: &'static str,
    /// The document's title.
    title: String,
    /// One sentence for search engines and previews.
    description: String,
    /// The prose.
    main: String,
    /// The file of the source that the prose is written in, if there is any.
    source: Option<String>,
    /// The lesson's data, as JSON.
    data: String,
}

fn main() -> ExitCode {
    match write_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write_all() -> Result<()> {
    let staged = std::env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from);
    let staged = staged.context("Trunk calls this: there is no TRUNK_STAGING_DIR")?;
    // Asked for when it runs: checkouts that share a target folder share this program too.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.context("cargo runs this: there is no CARGO_MANIFEST_DIR")?;
    let root = package.parent().context("xtask/ has a parent")?;
    let read = |path: PathBuf| {
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let template = read(staged.join("index.html"))?;
    let template = assets::join_styles(&staged, &template)?;
    let template = assets::postpone_program(&staged, &template, &root.join("target/raft-lab"))?;
    let template = widgets::announce(&staged, &template)?;
    let folder = root.join("lessons");
    let lessons = load_all(&folder).map_err(|errors| all_of(&errors))?;
    let terms = load_glossary(&folder).map_err(|errors| all_of(&errors))?;
    let publisher = Publisher::read(|name| std::env::var(name).ok())?;
    let home = read(folder.join("home.html"))?;
    let home = fill(&home, "<!--home:lessons-->", &home_list_html(&lessons))?;
    let first = lessons.first().context("there is no lesson")?;
    let home = fill(&home, "<!--home:first-->", &first_lesson(first))?;
    let mut pages = vec![
        home_page(home),
        sandbox_page(read(folder.join("sandbox.html"))?),
        embed_page(),
        glossary_page(glossary::article(&terms, &lessons)),
    ];
    pages.extend(lessons.iter().map(lesson_page));
    for (place, page) in pages.iter().enumerate() {
        let name = page.name;
        if pages.iter().skip(place + 1).any(|later| later.name == name) {
            bail!("two pages are called {name}.html");
        }
        let html = render(&template, page, &lessons, &publisher);
        let mut html = html.with_context(|| format!("{name}.html"))?;
        match page.view {
            "embed" => html = alone(&html)?,
            "glossary" => html = without_lab(&html)?,
            _ => {}
        }
        fs::write(staged.join(format!("{name}.html")), html)?;
    }
    fs::write(staged.join("search.json"), search::index(&lessons, &terms))?;
    Ok(())
}

/// Everything that is wrong with the lessons.
fn all_of(errors: &[LessonError]) -> anyhow::Error {
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    anyhow!("the lessons have errors:\n{}", errors.join("\n"))
}

fn home_page(main: String) -> Page<'static> {
    Page {
        name: HOME,
        view: "home",
        title: "Raft Lab: a real cluster in a page".to_owned(),
        description: "A real Raft cluster with an etcd-like store runs inside this page: \
                      crash nodes, cut links, rewind time, and learn how it agrees."
            .to_owned(),
        main,
        source: Some("lessons/home.html".to_owned()),
        data: "null".to_owned(),
    }
}

/// The way into the course, which leads to where one was once one was anywhere.
fn first_lesson(lesson: &Lesson) -> String {
    let (id, title) = (escape(&lesson.data.id), escape(&lesson.data.title));
    format!("<a class=\"resume\" href=\"{id}.html\"><span>Begin</span> {title}</a>")
}

fn sandbox_page(main: String) -> Page<'static> {
    Page {
        name: SANDBOX,
        view: "sandbox",
        title: "Sandbox · Raft Lab".to_owned(),
        description: "One to seven Raft nodes with an etcd-like store, to be played with."
            .to_owned(),
        main,
        source: None,
        data: "null".to_owned(),
    }
}

fn embed_page() -> Page<'static> {
    Page {
        name: EMBED,
        view: "embed",
        title: "Raft Lab".to_owned(),
        description: "A real Raft cluster, to be embedded in a page of yours.".to_owned(),
        main: EMBED_MAIN.to_owned(),
        source: None,
        data: "null".to_owned(),
    }
}

fn glossary_page(main: String) -> Page<'static> {
    Page {
        name: GLOSSARY,
        view: "glossary",
        title: "Glossary · Raft Lab".to_owned(),
        description: "The words of Raft and etcd in a sentence or two each: quorum, term, revision and the rest."
            .to_owned(),
        main,
        source: Some("lessons/glossary.toml".to_owned()),
        data: "null".to_owned(),
    }
}

fn lesson_page(lesson: &Lesson) -> Page<'_> {
    Page {
        name: &lesson.data.id,
        view: "lesson",
        title: format!("{} · Raft Lab", lesson.data.title),
        // Texts of a lesson may hold code between backticks; a description is plain.
        description: lesson.data.summary.replace('`', ""),
        main: lesson.article_html(),
        source: Some(format!("lessons/{}/en.md", lesson.folder)),
        data: lesson.data_json(),
    }
}

/// The page's HTML, from the staged `index.html`.
fn render(
    template: &str,
    page: &Page<'_>,
    lessons: &[Lesson],
    publisher: &Publisher,
) -> Result<String> {
    let lesson = lessons.iter().find(|lesson| lesson.data.id == page.name);
    let mut main = page.main.clone();
    if let Some(source) = &page.source {
        main += &end(page, &publisher.source(source));
    }
    main += &lesson.map(Lesson::foot_html).unwrap_or_default();
    let marks = [
        ("data-view=\"home\"", format!("data-view=\"{}\"", page.view)),
        ("<!--lesson:title-->", escape(&page.title)),
        ("<!--lesson:description-->", escape(&page.description)),
        ("<!--head-->", publisher.head(page.name, &page.title, &page.description)),
        ("<!--course-->", course(page, lessons)),
        ("<!--lesson:data-->", page.data.clone()),
        ("<!--lesson:main-->", main),
    ];
    marks.iter().try_fold(template.to_owned(), |html, (mark, text)| fill(&html, mark, text))
}

/// What stands below the prose of every page: where to look things up, what is kept of the reader, and the source.
fn end(page: &Page<'_>, source: &str) -> String {
    let glossary = match page.view {
        "glossary" => "<a href=\"index.html\">All lessons</a>",
        _ => "<a href=\"glossary.html\">Glossary</a>",
    };
    let id = if page.view == "lesson" { escape(page.name) } else { String::new() };
    format!(
        "<footer class=\"page-end\">\n<details class=\"kept\" data-kept=\"{id}\">\
         <summary>Your progress</summary>\
         <p>Kept in this browser and nowhere else.</p></details>\n\
         <p>{glossary} {source}</p>\n</footer>\n"
    )
}

/// A page without the lab: text alone, and no program to load for it.
fn without_lab(html: &str) -> Result<String> {
    let html = cut(html, "<section class=\"lab\"", "</section>")?;
    let html = cut(&html, "<script type=\"application/json\"", "</script>")?;
    let html = cut(&html, "<div id=\"share-host\"", "</div>")?;
    let html = cut(&html, "<link rel=\"modulepreload\"", ">")?;
    let mut html = cut(&html, "<script src=\"./boot-", "</script>")?;
    // The program is one file or two.
    while let Ok(without) = cut(&html, "<link rel=\"program", ">") {
        html = without;
    }
    Ok(html)
}

/// Takes out the first piece from `start` to `end`.
fn cut(html: &str, start: &str, end: &str) -> Result<String> {
    let missing = || format!("there is no {start}");
    let (before, rest) = html.split_once(start).with_context(missing)?;
    let (_, after) = rest.split_once(end).with_context(missing)?;
    Ok(format!("{before}{after}"))
}

/// The page without what surrounds the lab, for a frame of another page; it asks its address how to begin.
fn alone(html: &str) -> Result<String> {
    let (before, rest) = html.split_once("<a class=\"skip\"").context("there is no skip link")?;
    let (_, after) = rest.split_once("</header>").context("there is no header")?;
    let robots = "<meta name=\"robots\" content=\"noindex\">";
    let script = "<script src=\"embed.js\"></script>";
    let before =
        fill(before, "<script src=\"theme.js\"></script>", &format!("{robots}\n  {script}"))?;
    let before = cut(&before, "<script type=\"module\" src=\"book.js\"", "</script>")?;
    Ok(before + after.trim_start())
}

/// Where one is in the course: a bar of links, one a lesson.
fn course(page: &Page<'_>, lessons: &[Lesson]) -> String {
    let Some(here) = lessons.iter().find(|lesson| lesson.data.id == page.name) else {
        return String::new();
    };
    let links: String = lessons
        .iter()
        .map(|lesson| {
            let (id, title) = (escape(&lesson.data.id), escape(&lesson.data.title));
            let label = format!("{}. {title}", lesson.data.number);
            let current = if lesson.data.id == page.name { " aria-current=\"page\"" } else { "" };
            format!(
                "<li data-lesson=\"{id}\"><a href=\"{id}.html\" aria-label=\"{label}\" \
                 title=\"{label}\"{current}></a></li>"
            )
        })
        .collect();
    format!("<span>Lesson {} of {}</span><ol>{links}</ol>", here.data.number, lessons.len())
}

/// Puts `text` in the place of `mark`.
fn fill(html: &str, mark: &str, text: &str) -> Result<String> {
    match html.matches(mark).count() {
        1 => Ok(html.replacen(mark, text, 1)),
        0 => bail!("the mark {mark} is missing"),
        many => bail!("the mark {mark} stands there {many} times"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "<title><!--lesson:title--></title><!--head--><meta content=\"<!--lesson:description-->\">\
        <body data-view=\"home\"><nav><!--course--></nav><main><!--lesson:main--></main>\
        <script><!--lesson:data--></script>";

    fn page() -> Page<'static> {
        Page {
            name: "a",
            view: "sandbox",
            title: "A & B".to_owned(),
            description: "say \"hi\"".to_owned(),
            main: "<p>prose</p>".to_owned(),
            source: Some("lessons/a.html".to_owned()),
            data: "{}".to_owned(),
        }
    }

    /// Every mark is filled, and what is text stays text.
    #[test]
    fn marks_are_filled() {
        let html = render(TEMPLATE, &page(), &[], &Publisher::default()).unwrap();
        assert!(!html.contains("<!--"), "{html}");
        assert!(html.contains("<title>A &amp; B</title>"));
        assert!(html.contains("content=\"say &quot;hi&quot;\""));
        assert!(html.contains("<body data-view=\"sandbox\">"));
    }

    /// A frame gets the lab alone, and its options instead of a chosen theme.
    #[test]
    fn an_embedded_lab_stands_alone() {
        let html = "<head><script src=\"theme.js\"></script><script type=\"module\" src=\"book.js\"></script></head>\
                    <body>\n  <a class=\"skip\">Skip</a>\n\
                    <header>x</header>\n<main></main>";
        let embedded = alone(html).unwrap();
        let expected = "<head><meta name=\"robots\" content=\"noindex\">\n  \
                        <script src=\"embed.js\"></script></head><body>\n  <main></main>";
        assert_eq!(embedded, expected);
        assert!(alone("<body></body>").is_err());
    }

    /// A template without a mark, or with one twice, is an error that names it.
    #[test]
    fn missing_marks_are_errors() {
        let nobody = Publisher::default();
        let without = TEMPLATE.replace("<!--lesson:main-->", "");
        let error = render(&without, &page(), &[], &nobody).unwrap_err().to_string();
        assert_eq!(error, "the mark <!--lesson:main--> is missing");
        assert!(render(&TEMPLATE.repeat(2), &page(), &[], &nobody).is_err());
    }
}
