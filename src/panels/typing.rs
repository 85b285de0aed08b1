//! What is being typed at the prompt: history and completion, without a screen.

use std::sync::Arc;

use lab::view::TerminalEntry;

/// A line in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typing {
    /// As far as it is typed.
    pub(crate) text: String,
    /// What Tab could make of it, where that is not one thing.
    pub(crate) choices: Vec<String>,
    /// How far back in the history it is; 0 for a line of its own.
    back: usize,
    /// What Ctrl-R looks for, while it does.
    needle: String,
    /// Escape was pressed: the next Tab leaves.
    leaving: bool,
}

/// The lines given so far, oldest first, repetitions left out.
pub(crate) fn history(entries: &[Arc<TerminalEntry>]) -> Vec<String> {
    let mut lines: Vec<String> = entries.iter().map(|entry| entry.source.clone()).collect();
    lines.dedup();
    lines
}

impl Typing {
    fn of(text: String) -> Typing {
        Typing { text, ..Typing::default() }
    }

    /// After an edit.
    pub(crate) fn typed(&self, text: String) -> Typing {
        Typing::of(text)
    }

    /// After Escape: choices go away, and the next Tab leaves the terminal.
    pub(crate) fn leave(&self) -> Typing {
        Typing { leaving: true, choices: Vec::new(), ..self.clone() }
    }

    /// Whether Tab completes; if not, it does what it does elsewhere.
    pub(crate) fn takes_tab(&self) -> bool {
        !self.leaving && !self.text.trim().is_empty()
    }

    /// After Tab, given what may follow.
    pub(crate) fn tab(&self, offers: &[String]) -> Typing {
        let common = common_start(offers);
        let whole = merge(&self.text, &common);
        match offers {
            [] => self.clone(),
            [_] if whole == self.text => self.clone(),
            [_] => Typing::of(if whole.ends_with(['=', '/', ' ']) { whole } else { whole + " " }),
            _ => {
                let text = if whole.len() > self.text.len() { whole } else { self.text.clone() };
                Typing { choices: offers.to_vec(), ..Typing::of(text) }
            }
        }
    }

    /// One line back in the history, if the cursor is not to move inside several lines.
    pub(crate) fn older(&self, history: &[String]) -> Option<Typing> {
        self.recall(history, (self.back + 1).min(history.len()))
    }

    /// One line forward again.
    pub(crate) fn newer(&self, history: &[String]) -> Option<Typing> {
        self.recall(history, self.back.saturating_sub(1))
    }

    /// The last line further back that contains what was typed before Ctrl-R; unchanged if none does.
    pub(crate) fn search(&self, history: &[String]) -> Typing {
        let needle = if self.back == 0 { &self.text } else { &self.needle };
        let found = (self.back + 1..=history.len()).find_map(|back| {
            let line =
                history.get(history.len() - back).filter(|line| line.contains(needle.as_str()))?;
            Some(Typing { back, needle: needle.clone(), ..Typing::of(line.clone()) })
        });
        found.unwrap_or_else(|| self.clone())
    }

    fn recall(&self, history: &[String], back: usize) -> Option<Typing> {
        let edited = self.back == 0 && !self.text.is_empty();
        if back == self.back || edited || (self.text.contains('\n') && self.back == 0) {
            return None;
        }
        let text = match back {
            0 => String::new(),
            _ => history.get(history.len() - back)?.clone(),
        };
        Some(Typing { back, ..Typing::of(text) })
    }

    /// Whether a here-document has begun and not ended: Enter then begins a new line.
    pub(crate) fn wants_more(&self) -> bool {
        let mut ends_with = None::<String>;
        for line in self.text.lines() {
            match &ends_with {
                Some(word) if line == word => ends_with = None,
                Some(_) => {}
                None => ends_with = here_document(line),
            }
        }
        ends_with.is_some()
    }
}

/// The word with which a here-document ends that begins in a line.
fn here_document(line: &str) -> Option<String> {
    let (_, after) = line.split_once("<<")?;
    let word = after.split_whitespace().next()?.trim_matches(['\'', '"']);
    (!word.is_empty()).then(|| word.to_owned())
}

/// What all offers begin with.
fn common_start(offers: &[String]) -> String {
    let Some((first, others)) = offers.split_first() else { return String::new() };
    let same = |place: usize, letter: char| {
        others.iter().all(|offer| offer.chars().nth(place) == Some(letter))
    };
    first
        .chars()
        .enumerate()
        .take_while(|(place, letter)| same(*place, *letter))
        .map(|(_, letter)| letter)
        .collect()
}

/// Puts a completion in place of the word it completes, or of the whole line where it repeats that.
fn merge(line: &str, offer: &str) -> String {
    if offer.starts_with(line) {
        return offer.to_owned();
    }
    let word = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let (before, begun) = line.split_at(word.min(line.len()));
    if offer.starts_with(begun) { format!("{before}{offer}") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn tab_completes_a_word_or_shows_what_it_could_be() {
        let typing = Typing::of("cra".to_owned());
        assert_eq!(typing.tab(&offers(&["crash"])).text, "crash ");
        let typing = Typing::of("etcdctl p".to_owned());
        assert_eq!(typing.tab(&offers(&["put"])).text, "etcdctl put ");
        let many = Typing::of("re".to_owned()).tab(&offers(&["restart", "resume"]));
        assert_eq!((many.text.as_str(), many.choices.len()), ("res", 2));
    }

    #[test]
    fn tab_leaves_after_escape_and_on_an_empty_line() {
        assert!(Typing::of("cra".to_owned()).takes_tab());
        assert!(!Typing::of("cra".to_owned()).leave().takes_tab());
        assert!(!Typing::default().takes_tab());
    }

    #[test]
    fn the_history_goes_back_and_forth_and_never_loses_what_is_being_typed() {
        let history = offers(&["one", "two"]);
        let back = Typing::default().older(&history).unwrap();
        assert_eq!(back.text, "two");
        let further = back.older(&history).unwrap();
        assert_eq!(further.text, "one");
        assert_eq!(further.older(&history), None);
        assert_eq!(further.newer(&history).unwrap().text, "two");
        assert_eq!(back.newer(&history).unwrap().text, "");
        assert_eq!(Typing::of("typed".to_owned()).older(&history), None);
    }

    #[test]
    fn ctrl_r_goes_back_through_what_contains_it() {
        let history = offers(&["etcdctl put a 1", "crash n1", "etcdctl get a"]);
        let found = Typing::of("etcd".to_owned()).search(&history);
        assert_eq!(found.text, "etcdctl get a");
        let further = found.search(&history);
        assert_eq!(further.text, "etcdctl put a 1");
        assert_eq!(further.search(&history), further, "there is no other");
        assert_eq!(Typing::of("xyz".to_owned()).search(&history).text, "xyz");
    }

    #[test]
    fn a_here_document_goes_on_until_its_word() {
        assert!(Typing::of("etcdctl txn <<'EOF'".to_owned()).wants_more());
        assert!(!Typing::of("etcdctl txn <<'EOF'\nput a b\nEOF".to_owned()).wants_more());
        assert!(!Typing::of("etcdctl get a".to_owned()).wants_more());
        let two = "crash n1\nputs <<A\nx << y\nA\nputs <<B\nz";
        assert!(Typing::of(two.to_owned()).wants_more());
        assert!(!Typing::of(format!("{two}\nB")).wants_more());
    }
}
