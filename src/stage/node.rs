//! A node as it stands: disc, role, term, votes and log.

use lab::view::{Condition, LogCell, NodeView, Role, Seat, VotesView};
use yew::prelude::*;

use super::geometry::{Layout, Point};
use super::menu::Target;
use super::{Act, key_act};
use crate::el::{El, el, list, shape};
use crate::words::{self, px};

/// How many cells of a log are shown under a node.
const STRIP: u64 = 6;

/// What of a node is drawn by SVG; the timer, which moves, is the canvas's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    id: u8,
    condition: Condition,
    seat: Seat,
    role: Role,
    term: u64,
    votes: Option<VotesView>,
    strip: Vec<Option<LogCell>>,
    earlier: bool,
    label: String,
}

impl Look {
    /// Takes from a node what is drawn; `last_index` is the highest of any node, so that logs of
    /// different lengths line up.
    pub(crate) fn of(node: &NodeView, last_index: u64) -> Look {
        let first = last_index.saturating_sub(STRIP).saturating_add(1).max(1);
        let strip = (first..=last_index)
            .map(|index| node.log.iter().find(|cell| cell.index == index).copied())
            .collect();
        Look {
            id: node.id,
            condition: node.condition,
            seat: node.seat,
            role: node.role,
            term: node.term,
            votes: node.votes.clone(),
            strip,
            earlier: first > 1,
            label: label(node),
        }
    }

    fn leads(&self) -> bool {
        self.role == Role::Leader && self.condition == Condition::Running
    }
}

/// What the disc says to those who do not see it.
fn label(node: &NodeView) -> String {
    let mut text = format!(
        "n{}: {}, term {}, log to {}, committed to {}",
        node.id,
        words::standing(node.condition, node.seat, node.role),
        node.term,
        node.last_index,
        node.commit
    );
    if let Some(votes) = &node.votes {
        text.push_str(&format!(", {} of {} votes needed", votes.granted.len(), votes.needed));
    }
    text
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) look: Look,
    pub(crate) layout: Layout,
    /// Whether Tab comes to this one; arrow keys go to the others.
    pub(crate) current: bool,
    pub(crate) on_act: Callback<Act>,
}

/// A node.
#[component(Node)]
pub(crate) fn node(props: &Props) -> Html {
    let Props { look, layout, current, on_act } = props;
    let target = Target::Node(look.id);
    let onclick = on_act.reform(move |event: MouseEvent| {
        event.stop_propagation();
        Act::Open(target)
    });
    let onkeydown = {
        let on_act = on_act.clone();
        Callback::from(move |event: KeyboardEvent| key_act(&event, target, &on_act))
    };
    let (at, r) = (layout.node(look.id), layout.radius);
    let state = match look.condition {
        Condition::Running => words::role(look.role),
        Condition::Paused => "paused",
        Condition::Crashed | Condition::Unstarted | Condition::Removed => "crashed",
    };
    // Who has no vote is drawn smaller.
    let disc = if look.seat == Seat::Learner { r * 0.8 } else { r };
    let focus = el("g|class=node-button|role=button|aria-haspopup=menu")
        .set("id", target.element_id())
        .set("aria-label", look.label.clone())
        .word("tabindex", if *current { "0" } else { "-1" })
        .click(onclick)
        .keydown(onkeydown)
        .with(shape("circle", &["class", "r"], &["node-focus"], &[r * 1.42]));
    let (mut halo, mut track) = (None, None);
    if look.leads() {
        halo = Some(shape("circle", &["class", "r"], &["node-halo"], &[r * 1.3]));
        let width = (r * 0.085).max(2.0);
        let names = &["class", "r", "stroke-width"];
        track = Some(shape("circle", names, &["node-track"], &[r * 1.17, width]));
    }
    let picture = el("g|class=node-picture|aria-hidden=true")
        .maybe(halo)
        .maybe(track)
        .with(shape("circle", &["class", "r"], &["node-disc"], &[disc]))
        .add(disc_words(look, r))
        .maybe(votes(look, r))
        .with(term_tag(look, r))
        .with(strip(look, r));
    el("g|class=node")
        .word("data-state", state)
        .set("data-hue", words::hue(look.term))
        .set("transform", format!("translate({at})"))
        .with(focus)
        .with(picture)
        .html()
}

/// A line of text: its baseline, and its size.
fn text(class: &'static str, y: f64, size: f64) -> El {
    shape("text", &["class", "y", "font-size"], &[class], &[y, size])
}

fn disc_words(look: &Look, r: f64) -> Html {
    let down = matches!(look.condition, Condition::Crashed | Condition::Removed);
    let mut mark = None;
    if down {
        let arm = px(r * 0.62);
        let path = format!("M-{arm} -{arm}L{arm} {arm}M{arm} -{arm}L-{arm} {arm}");
        mark = Some(el("path|class=node-mark").set("d", path));
    } else if look.condition == Condition::Paused {
        let (left, top) = (px(-r * 0.14), px(-r * 0.78));
        let (right, side) = (px(r * 0.14), px(r * 0.34));
        let path = format!("M{left} {top}v{side}M{right} {top}v{side}");
        mark = Some(el("path|class=node-mark").set("d", path));
    }
    // On a small disc the role is told by rim and fill alone; its words are in the label.
    let roomy = r >= 27.0;
    let name_at = if roomy { 0.06 } else { 0.2 };
    let name = text("node-name", r * name_at, (r * 0.46).max(12.0)).text(words::node(look.id));
    let mut parts = vec![mark.map(El::html).unwrap_or_default(), name.html()];
    if roomy {
        let says = words::standing(look.condition, look.seat, look.role);
        let role_at = if down { 0.5 } else { 0.44 };
        parts.push(text("node-role", r * role_at, (r * 0.26).max(9.5)).say(says).html());
    }
    list(parts)
}

/// A pip for each vote that is needed: full once granted; refusals are crossed out beside them.
fn votes(look: &Look, r: f64) -> Option<El> {
    let votes = look.votes.as_ref().filter(|_| look.condition == Condition::Running)?;
    let granted = votes.granted.len();
    let pips = usize::from(votes.needed).max(granted);
    let total = pips + votes.rejected.len();
    let step = (r * 0.26).min(r * 1.3 / total.max(1) as f64);
    let left = -step * (total.saturating_sub(1)) as f64 / 2.0;
    let mut shown = el("g|class=votes");
    for place in 0..total {
        let x = left + step * place as f64;
        let pip = if place < pips {
            let full = if place < granted { "granted" } else { "open" };
            let names = &["class", "data-vote", "cx", "cy", "r"];
            shape("circle", names, &["pip", full], &[x, r * 0.7, r * 0.085])
        } else {
            let arm = r * 0.07;
            let (left, top, side) = (px(x - arm), px(r * 0.7 - arm), px(arm * 2.0));
            let path = format!("M{left} {top}l{side} {side}m0 -{side}l-{side} {side}");
            el("path|class=pip|data-vote=refused").set("d", path)
        };
        shown = shown.with(pip.key(place.to_string()));
    }
    Some(shown)
}

fn term_tag(look: &Look, r: f64) -> El {
    let text = format!("t{}", look.term);
    let size = (r * 0.28).max(9.5);
    let half = size * (0.55 + 0.31 * text.len() as f64);
    let at = Point { x: r * 0.86, y: -r * 0.86 };
    let names = &["x", "y", "width", "height", "rx"];
    let pill = [-half, -size * 0.8, half * 2.0, size * 1.6, size * 0.8];
    el("g|class=node-term")
        .set("transform", format!("translate({at})"))
        .with(shape("rect", names, &[], &pill))
        .with(shape("text", &["y", "font-size"], &[], &[size * 0.35, size]).text(text))
}

/// The end of the log: full cells are committed, dashed ones not yet, empty ones are missing here.
fn strip(look: &Look, r: f64) -> El {
    let side = (r * 0.44).max(7.0);
    let step = side * 1.12;
    let left = -step * look.strip.len() as f64 / 2.0 + (step - side) / 2.0;
    let top = r * 1.45;
    let mut cells = Vec::new();
    for (place, cell) in look.strip.iter().enumerate() {
        let x = left + step * place as f64;
        let state = match cell {
            None => "missing",
            Some(cell) if cell.committed => "committed",
            Some(_) => "pending",
        };
        let names = &["class", "data-state", "x", "y", "width", "height", "rx"];
        let rect = shape("rect", names, &["cell", state], &[x, top, side, side, side * 0.2]);
        let mut shown = el("g").key(place.to_string()).with(rect);
        if let Some(cell) = cell {
            shown = shown.set("data-hue", words::hue(cell.term));
            if side >= 11.0 {
                let at = [x + side / 2.0, top + side * 0.71, side * 0.6];
                let names = &["class", "data-state", "x", "y", "font-size"];
                let term = shape("text", names, &["cell-term", state], &at);
                shown = shown.with(term.text(cell.term.to_string()));
            }
        }
        cells.push(shown.html());
    }
    let more = look.earlier.then(|| {
        let at = [left - side * 0.55, top + side * 0.6, side * 0.8];
        shape("text", &["class", "x", "y", "font-size"], &["strip-more"], &at).say("…")
    });
    el("g|class=strip").maybe(more).add(list(cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(log: &[(u64, u64, bool)]) -> NodeView {
        let cell =
            |&(index, term, committed): &(u64, u64, bool)| LogCell { index, term, committed };
        NodeView {
            id: 2,
            condition: Condition::Running,
            seat: Seat::Voter,
            role: Role::Follower,
            term: 3,
            vote: None,
            leader: None,
            commit: 1,
            applied: 1,
            durable: 2,
            last_index: 2,
            log: log.iter().map(cell).collect(),
            timer: None,
            votes: None,
            progress: Vec::new(),
            revision: 1,
            keys: Vec::new(),
            clock_ppm: 1_000_000,
        }
    }

    #[test]
    fn logs_line_up_and_what_is_missing_stays_empty() {
        let look = Look::of(&node(&[(1, 1, true), (2, 3, false)]), 3);
        let terms: Vec<_> = look.strip.iter().map(|cell| cell.map(|cell| cell.term)).collect();
        assert_eq!(terms, [Some(1), Some(3), None]);
        assert!(!look.earlier);
        assert!(Look::of(&node(&[]), 9).earlier);
        assert_eq!(Look::of(&node(&[]), 9).strip.len(), 6);
    }

    #[test]
    fn the_label_says_what_the_disc_shows() {
        assert_eq!(label(&node(&[])), "n2: follower, term 3, log to 2, committed to 1");
    }
}
