//! What lesson 9 tells its readers to type, read from its own text: so it cannot rot.

const LESSON: &str = include_str!("../../../../lessons/09-setting-up-a-cluster/en.md");

/// The fenced block of the lesson that holds a text: the only one.
pub(crate) fn block(holding: &str) -> &'static str {
    let mut blocks = LESSON.split("```").skip(1).step_by(2).filter(|it| it.contains(holding));
    let block = blocks.next().unwrap_or_else(|| panic!("no block of lesson 9 holds {holding}"));
    assert!(blocks.next().is_none(), "several blocks of lesson 9 hold {holding}");
    block.split_once('\n').map_or("", |(_, block)| block)
}

/// The command of a console block, and what it is said to print.
pub(crate) fn console(holding: &str) -> (String, String) {
    let block = block(holding);
    let command = block.strip_prefix("$ ").expect("a prompt").replace("\\\n", " ");
    let (command, output) = command.split_once('\n').expect("what it prints");
    (command.to_owned(), output.to_owned())
}

/// The pieces of a message that is shown shortened: its lines, and what stands between its dots.
pub(crate) fn pieces(message: &str) -> Vec<&str> {
    message.split(['…', '\n']).map(str::trim).filter(|piece| !piece.is_empty()).collect()
}
