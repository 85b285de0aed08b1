//! Writes one HTML file a lesson, whose prose stands there before any script runs.
//!
//! Trunk calls this once it has staged the page: `index.html` there has everything in it but what
//! differs from page to page, which stands as marks (`<!--lesson:title-->`, …). From it come the
//! home page, the sandbox and every lesson. A mark that is missing is an error, since a page
//! without its prose or its data would look finished and not be.

mod assets;
mod split;
mod widgets;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use lab::lessons::{Lesson, home_list_html, load_all};

/// Pages that are not lessons.
const HOME: &str = "index";
const SANDBOX: &str = "sandbox";
const EMBED: &str = "embed";

/// What stands in the place of prose in an embedded lab: a name for those who hear it, and a host for the way out.
const EMBED_MAIN: &str = "<h1 class=\"hidden-text\">Raft Lab</h1><div id=\"way-out\"></div>";

/// What differs from page to page.
struct Page<'a> {
    /// The file's name without `.html`.
    name: &'a str,
    /// What the program shows beside it: `home`, `sandbox`, `embed` or `lesson`.
    view: &'static str,
    /// The document's title.
    title: String,
    /// One sentence for search engines and previews.
    description: String,
    /// The prose.
    main: String,
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
    let lessons = load_all(&root.join("lessons")).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow!("the lessons have errors:\n{}", errors.join("\n"))
    })?;
    let home = read(root.join("lessons/home.html"))?;
    let home = fill(&home, "<!--home:lessons-->", &home_list_html(&lessons))?;
    let sandbox = read(root.join("lessons/sandbox.html"))?;
    let mut pages = vec![
        Page {
            name: HOME,
            view: "home",
            title: "Raft Lab: a real cluster in a page".to_owned(),
            description: "A real Raft cluster with an etcd-like store runs inside this page: \
                          crash nodes, cut links, rewind time, and learn how it agrees."
                .to_owned(),
            main: home,
            data: "null".to_owned(),
        },
        Page {
            name: SANDBOX,
            view: "sandbox",
            title: "Sandbox · Raft Lab".to_owned(),
            description: "One to seven Raft nodes with an etcd-like store, to be played with."
                .to_owned(),
            main: sandbox,
            data: "null".to_owned(),
        },
        Page {
            name: EMBED,
            view: "embed",
            title: "Raft Lab".to_owned(),
            description: "A real Raft cluster, to be embedded in a page of yours.".to_owned(),
            main: EMBED_MAIN.to_owned(),
            data: "null".to_owned(),
        },
    ];
    pages.extend(lessons.iter().map(lesson_page));
    for page in &pages {
        let name = page.name;
        if lessons.iter().filter(|lesson| lesson.data.id == name).count() > 1
            || (page.view == "lesson" && [HOME, SANDBOX, EMBED].contains(&name))
        {
            bail!("two pages are called {name}.html");
        }
        let mut html = render(&template, page, &lessons).with_context(|| format!("{name}.html"))?;
        if page.view == "embed" {
            html = alone(&html)?;
        }
        fs::write(staged.join(format!("{name}.html")), html)?;
    }
    Ok(())
}

fn lesson_page(lesson: &Lesson) -> Page<'_> {
    Page {
        name: &lesson.data.id,
        view: "lesson",
        title: format!("{} · Raft Lab", lesson.data.title),
        // Texts of a lesson may hold code between backticks; a description is plain.
        description: lesson.data.summary.replace('`', ""),
        main: lesson.html(),
        data: lesson.data_json(),
    }
}

/// The page's HTML, from the staged `index.html`.
fn render(template: &str, page: &Page<'_>, lessons: &[Lesson]) -> Result<String> {
    let marks = [
        ("data-view=\"home\"", format!("data-view=\"{}\"", page.view)),
        ("<!--lesson:title-->", escape(&page.title)),
        ("<!--lesson:description-->", escape(&page.description)),
        ("<!--course-->", course(page, lessons)),
        ("<!--lesson:data-->", page.data.clone()),
        ("<!--lesson:main-->", page.main.clone()),
    ];
    marks.iter().try_fold(template.to_owned(), |html, (mark, text)| fill(&html, mark, text))
}

/// The page without what surrounds the lab, for a frame of another page; it asks its address how to begin.
fn alone(html: &str) -> Result<String> {
    let (before, rest) = html.split_once("<a class=\"skip\"").context("there is no skip link")?;
    let (_, after) = rest.split_once("</header>").context("there is no header")?;
    let robots = "<meta name=\"robots\" content=\"noindex\">";
    let script = "<script src=\"embed.js\"></script>";
    let before =
        fill(before, "<script src=\"theme.js\"></script>", &format!("{robots}\n  {script}"))?;
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

    const TEMPLATE: &str = "<title><!--lesson:title--></title><meta content=\"<!--lesson:description-->\">\
        <body data-view=\"home\"><nav><!--course--></nav><main><!--lesson:main--></main>\
        <script><!--lesson:data--></script>";

    fn page() -> Page<'static> {
        Page {
            name: "a",
            view: "sandbox",
            title: "A & B".to_owned(),
            description: "say \"hi\"".to_owned(),
            main: "<p>prose</p>".to_owned(),
            data: "{}".to_owned(),
        }
    }

    /// Every mark is filled, and what is text stays text.
    #[test]
    fn marks_are_filled() {
        let html = render(TEMPLATE, &page(), &[]).unwrap();
        assert!(!html.contains("<!--"), "{html}");
        assert!(html.contains("<title>A &amp; B</title>"));
        assert!(html.contains("content=\"say &quot;hi&quot;\""));
        assert!(html.contains("<body data-view=\"sandbox\">"));
    }

    /// A frame gets the lab alone, and its options instead of a chosen theme.
    #[test]
    fn an_embedded_lab_stands_alone() {
        let html = "<head><script src=\"theme.js\"></script></head><body>\n  <a class=\"skip\">Skip</a>\n\
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
        let without = TEMPLATE.replace("<!--lesson:main-->", "");
        let error = render(&without, &page(), &[]).unwrap_err().to_string();
        assert_eq!(error, "the mark <!--lesson:main--> is missing");
        assert!(render(&TEMPLATE.repeat(2), &page(), &[]).is_err());
    }
}
