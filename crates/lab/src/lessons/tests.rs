//! Lessons broken by hand, each in one place, and what is said of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{check_all, check_command, home_list_html, load_all};

pub(super) const MANIFEST: &str = r#"format = 1
id = "first"
title = "First <things>"
summary = "One sentence."
minutes = 3
time_limit_seconds = 30
panels = ["terminal"]
setup = """
until leader
etcdctl put name john
"""

[cluster]
nodes = 3
seed = 1

[[goals]]
id = "write"
text = "Write `joe`."
predicate = "key name = joe on 2 nodes"
hints = ["`etcdctl put`"]
because = "It is there."

[[goals]]
id = "crash"
text = "Crash a node."
predicate = "down = 1"
hints = ["Click it.", "`crash n1`"]
because = "It is gone."

[[goals]]
id = "safe"
text = "Break nothing."
kind = "keep"
predicate = "not violated"
hints = ["Do not."]
because = "Raft is safe."

[[predictions]]
id = "how"
question = "How many of three may fail?"
options = ["None", "One"]
answer = 2
because = "Two are a quorum."

[[solutions]]
script = """
etcdctl put name joe
crash n2
"""

[[questions]]
id = "five"
question = "How many of five may fail?"
options = ["One", "Two"]
answer = 2
because = "Three are a quorum."

[[questions]]
id = "two"
question = "And how many of two?"
options = ["One", "None"]
answer = 2
because = "Both of two are a quorum."
"#;

const PROSE: &str = r#"One node leads. See [below](#what-then).

```lab
$ etcdctl get name
name
john
```

```assert "The store is at revision 2."
assert revision n1 = 2
```

```predict how
```

```goals
```

## What then?

A [quorum](#term:quorum) of two goes on, as in [first](lesson:first).

| Nodes | Quorum |
|------:|--------|
|     3 |      2 |

```check five
```

```check two
```

```remember
- One
- Two
- Three
```
"#;

const GLOSSARY: &str = "[terms]\nquorum = \"A \\\"majority\\\".\"\n";

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("raft-lab-lessons-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("01-first")).unwrap();
        Folder(path)
    }

    fn with(manifest: &str, prose: &str) -> Folder {
        let folder = Folder::new();
        fs::write(folder.0.join("glossary.toml"), GLOSSARY).unwrap();
        fs::write(folder.0.join("01-first/lesson.toml"), manifest).unwrap();
        fs::write(folder.0.join("01-first/en.md"), prose).unwrap();
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Everything said of the lesson with one piece of it replaced, as `FILE:LINE: message`.
fn errors(from: &str, to: &str) -> Vec<String> {
    assert_eq!(MANIFEST.matches(from).count() + PROSE.matches(from).count(), 1, "{from}");
    let folder = Folder::with(&MANIFEST.replace(from, to), &PROSE.replace(from, to));
    let errors = match load_all(&folder.0) {
        Ok(lessons) => check_all(&lessons),
        Err(errors) => errors,
    };
    let name = |error: &super::LessonError| {
        let file = Path::new(&error.file).file_name().unwrap_or_default().to_string_lossy();
        format!("{file}:{}: {}", error.line, error.message)
    };
    errors.iter().map(name).collect()
}

/// `from` replaced by `to` is found out, at this place and with these words. (One slip may bring
/// others with it, such as goals that are placed nowhere.)
#[track_caller]
fn check_error(from: &str, to: &str, expected: &str) {
    let errors = errors(from, to);
    assert!(
        errors.len() <= 3 && errors.iter().any(|error| error.starts_with(expected)),
        "expected {expected}\nfound {errors:#?}"
    );
}

#[test]
fn a_lesson_that_holds_passes() {
    let folder = Folder::with(MANIFEST, PROSE);
    let mut out = Vec::new();
    let proven = check_command(&folder.0, &["first".to_owned()], &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(proven, "{out}");
    assert_eq!(out, "01-first: 3 goals, 2 questions, 1 solution, 1 claim, 1 listing\n");
}

#[test]
fn an_unknown_name_is_an_error() {
    let folder = Folder::with(MANIFEST, PROSE);
    let mut out = Vec::new();
    assert!(!check_command(&folder.0, &["second".to_owned()], &mut out).unwrap());
    assert!(String::from_utf8(out).unwrap().contains("there is no lesson second"));
}

#[test]
fn what_runs_otherwise_than_it_says_is_found() {
    // A wrong number in a claim.
    check_error("revision n1 = 2", "revision n1 = 3", "en.md:10: `assert revision n1 = 3`");
    // A wrong line in a listing.
    check_error("name\njohn\n", "name\njoan\n", "en.md:4: `etcdctl get name` prints:\nname\njohn");
    // A goal that no solution reaches.
    let expected = "lesson.toml:48: the goal write is not reached";
    check_error("name = joe on 2", "name = jim on 2", expected);
    // A goal that is reached before anything was done.
    let expected = "lesson.toml:27: the goal crash is reached before";
    check_error("\"down = 1\"", "\"down = 0\"", expected);
    // A goal to be kept that never held.
    let expected = "lesson.toml:35: the goal safe is broken before";
    check_error("\"not violated\"", "\"violated\"", expected);
    // Steps that fail or take too long.
    check_error("crash n2\n", "crash n2\ncrash n2\n", "lesson.toml:50: `crash n2`");
    let expected = "lesson.toml:49: `advance 31s` is beyond the time limit";
    check_error("crash n2\n", "advance 31s\ncrash n2\n", expected);
    check_error("until leader\n", "until down = 3\n", "lesson.toml:9: `until down = 3`");
}

#[test]
fn what_is_not_understood_is_found_with_file_and_line() {
    check_error("minutes = 3", "minuets = 3", "lesson.toml:5: unknown field `minuets`");
    check_error("seed = 1", "seed = 1\nsize = 3", "lesson.toml:16: unknown field `size`");
    check_error("format = 1", "format = 2", "lesson.toml:1: the format is 1");
    check_error("id = \"first\"", "id = \"last\"", "lesson.toml:2: the id is the folder's name");
    check_error("nodes = 3", "nodes = 8", "lesson.toml:14: a cluster has 1 to 7 nodes");
    check_error("[\"terminal\"]", "[\"sound\"]", "lesson.toml:7: no such panel");
    check_error("\"down = 1\"", "\"down == \"", "lesson.toml:27: the goal crash:");
    check_error("crash n2", "crush n2", "lesson.toml:49: column ");
    check_error("assert revision", "assert revolution", "en.md:10: column ");
    check_error(
        "[\"Click it.\", \"`crash n1`\"]",
        "[]",
        "lesson.toml:24: the goal crash has no hint",
    );
    check_error(
        "options = [\"None\", \"One\"]\nanswer = 2",
        "options = [\"None\", \"One\"]\nanswer = 3",
        "lesson.toml:43: the answer is the number of an option",
    );
    check_error("`etcdctl put`", "`etcdctl put", "lesson.toml:17: a backtick is not closed");
    check_error("minutes = 3", "minutes = 9", "lesson.toml:5: it takes about 3 minutes, not 9");
}

#[test]
fn what_is_wrong_in_the_prose_is_found_with_file_and_line() {
    check_error("lesson:first", "lesson:second", "en.md:21: dead link: there is no lesson second");
    check_error("#what-then", "#what-now", "en.md:1: dead link: there is no heading #what-now");
    check_error(
        "(#term:quorum)",
        "(#term:quart)",
        "en.md:21: the glossary has no term quart: add it to glossary.toml",
    );
    check_error("(lesson:first)", "(../etcd.md)", "en.md:21: dead link: ../etcd.md");
    check_error("One node", "<b>One</b> node", "en.md:1: HTML is not allowed");
    check_error("## What then?", "# What then?", "en.md:19: the title is the only heading");
    check_error("## What then?", "## Lab", "en.md:19: something else on the page");
    check_error("## What then?", "## What then? {.less}", "en.md:19: behind a heading there may");
    check_error(
        "## What then?",
        "## What then? {.more}",
        "en.md:27: this stands in a section with",
    );
    check_error("## What then?", "#### What then?", "en.md:19: a heading skips a level");
    check_error("```goals\n", "```goal\n", "en.md:16: no such block: goal");
    check_error("predict how", "predict why", "en.md:13: lesson.toml has no prediction `why`");
    check_error("- Three\n", "", "en.md:33: what to remember is a list of three lines, not 2");
    let quorum = |inside: &str| format!("```widget quorum-table\n{inside}```\n\n```goals\n");
    check_error(
        "```goals\n",
        "```widget quart\n```\n\n```goals\n",
        "en.md:16: no such widget: quart",
    );
    check_error("```goals\n", &quorum(""), "en.md:16: a `widget` block holds what is read without");
    check_error(
        "```goals\n",
        &quorum("[a](lesson:no)\n"),
        "en.md:17: dead link: there is no lesson no",
    );
    let twice = quorum("A.\n") + "```\n\n```widget quorum-table\nB.\n";
    check_error("```goals\n", &twice, "en.md:23: a widget is placed once");
    let image = "![a](https://example.org/a.png)";
    check_error("One node", image, "en.md:1: pictures are not supported");
}

#[test]
fn what_is_wrong_with_the_check_is_found_with_file_and_line() {
    check_error("check five", "check six", "en.md:27: lesson.toml has no question `six`");
    check_error("check five", "check how", "en.md:27: lesson.toml has no question `how`");
    check_error("predict how", "predict two", "en.md:13: lesson.toml has no prediction `two`");
    check_error(
        "check five",
        "check two",
        "en.md:1: the question five is placed nowhere: write a block `check five`",
    );
    check_error("check five", "check two", "en.md:30: a question is placed once");
    check_error("check five\n", "check five\nWhat?\n", "en.md:27: a `check` block is empty");
    check_error(
        "```goals\n```\n",
        "```check five\n```\n\n```goals\n```\n",
        "en.md:16: a check of what was understood comes after the goals",
    );
    check_error(
        "\"two\"",
        "\"how\"",
        "lesson.toml:60: another prediction or question has the id of this question",
    );
    check_error(
        "[\"One\", \"Two\"]",
        "[\"Two\"]",
        "lesson.toml:52: a question has at least two options",
    );
}

/// Proves: a lesson without its check holds, and is asked for one.
#[test]
fn a_lesson_without_a_check_is_warned() {
    let at = MANIFEST.find("\n[[questions]]\nid = \"two\"").unwrap();
    let manifest = &MANIFEST[..at];
    let folder = Folder::with(manifest, &PROSE.replace("```check two\n```\n", ""));
    let mut out = Vec::new();
    assert!(check_command(&folder.0, &[], &mut out).unwrap());
    let out = String::from_utf8(out).unwrap();
    let warning = "01-first/lesson.toml:1: warning: a lesson has at least 2 `[[questions]]` after its \
                   goals, placed by `check ID`; this one has 1\n";
    assert!(out.contains(warning), "{out}");
}

#[test]
fn the_html_is_whole_and_nothing_in_it_is_markup_by_accident() {
    let prose = PROSE.replace("## What", "```widget availability\nA <b> *c*.\n```\n\n## What");
    let prose = prose.replace("<b>", "`<b>`");
    let folder = Folder::with(MANIFEST, &prose);
    let lessons = load_all(&folder.0).unwrap();
    let html = lessons.first().unwrap().html();
    for piece in [
        "<p class=\"eyebrow\">Lesson 1 · about 3 minutes · 6 steps</p>\n<h1>First &lt;things&gt;</h1>",
        "<p class=\"claim\">The store is at revision 2.</p>",
        "<fieldset class=\"predict\" data-predict=\"how\"><legend>How many of three may fail?",
        "<input type=\"radio\" name=\"predict-how\" value=\"1\"> <span>One</span>",
        "<fieldset class=\"predict check\" data-predict=\"two\"><legend>And how many of two?",
        "<section class=\"goals\" data-goals><h2>Now do it <span class=\"goals-count\" role=\"status\">3 goals",
        "<li data-goal=\"write\">Write <code>joe</code>.<details><summary>Hint</summary>",
        "<summary>Hint 2 of 2</summary><p><code>crash n1</code></p></details>",
        "<a class=\"term\" href=\"glossary.html#quorum\" data-meaning=\"A &quot;majority&quot;.\">quorum</a>",
        "<h2 id=\"what-then\">What then?</h2>",
        "<a href=\"first.html\">first</a>",
        "<th scope=\"col\" class=\"right\">Nodes</th>",
        "<span class=\"prompt\">$ </span><kbd>etcdctl get name</kbd>\n<samp>name</samp>",
        "<section class=\"widget\" data-widget=\"availability\" aria-label=\"How long too few are up\">",
        "<div class=\"widget-body\"><p>A <code>&lt;b&gt;</code> <em>c</em>.</p>\n</div></section>",
        "<aside class=\"remember\"><h2>Remember</h2>\n<ul>\n<li>One</li>",
        "<nav class=\"lesson-foot\" aria-label=\"Lessons\">\n<a class=\"back\" href=\"index.html\" title=\"All lessons\">",
    ] {
        assert!(html.contains(piece), "{piece}\nis not in\n{html}");
    }
    let corner = Folder::with(MANIFEST, &PROSE.replace("| Nodes |", "|       |"));
    let html_of_corner = load_all(&corner.0).unwrap().first().unwrap().html();
    assert!(!html_of_corner.contains("scope=\"col\"></th>"), "{html_of_corner}");
    assert!(!html.contains("style="), "{html}");
    let json = lessons.first().unwrap().data_json();
    assert!(json.contains("First \\u003cthings>") && !json.contains('<'), "{json}");
    assert!(home_list_html(&lessons).contains("<a href=\"first.html\">First &lt;things&gt;</a>"));
}

/// Proves: a section to be looked up is behind a fold, whole, and takes no minutes.
#[test]
fn a_section_to_be_looked_up_is_folded() {
    let long = "word ".repeat(900);
    let more = |class: &str| {
        let section =
            format!("## Every flag {class}\n\n{long}\n\n### One\n\nLast.\n\n## What then?");
        Folder::with(MANIFEST, &PROSE.replace("## What then?", &section))
    };
    let errors = load_all(&more("").0).unwrap_err();
    assert!(errors.iter().any(|error| error.message.contains("about 8 minutes")), "{errors:?}");
    let lessons = load_all(&more("{.more}").0).unwrap();
    let html = lessons.first().unwrap().html();
    let opened =
        "<details class=\"more\"><summary>\n<h2 id=\"every-flag\">Every flag</h2>\n</summary><div>";
    assert!(html.contains(opened), "{html}");
    let closed = "<h3 id=\"one\">One</h3>\n<p>Last.</p>\n</div></details>\n<h2 id=\"what-then\">";
    assert!(html.contains(closed), "{html}");
}

/// The course that this repository carries holds, from its set-ups to its last listing.
#[test]
fn the_course_is_proven() {
    let lessons = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lessons");
    let mut out = Vec::new();
    let proven = check_command(&lessons, &[], &mut out).unwrap();
    assert!(proven, "{}", String::from_utf8_lossy(&out));
}

/// Proves: every lesson of the course has what the course asks for: three goals at least, a prediction
/// before them, and a check of what was understood behind them.
#[test]
fn the_course_is_whole() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lessons");
    let lessons = super::load_all(&folder).expect("the lessons can be read");
    assert!(lessons.len() >= 9, "only {} lessons", lessons.len());
    for lesson in &lessons {
        let goals = lesson.data.goals.len();
        assert!(goals >= 3, "{}: only {goals} goals", lesson.folder);
        assert!(lesson.predicted >= 1, "{}: nothing is predicted", lesson.folder);
        let minutes = lesson.data.minutes;
        assert!((5..=12).contains(&minutes), "{}: {minutes} minutes", lesson.folder);
        assert_eq!(super::warnings(lesson), [], "{}", lesson.folder);
    }
}
