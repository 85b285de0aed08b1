//! A node as it stands: disc, role, term, votes and log.

use lab::view::{Condition, LogCell, NodeView, Role, Seat, VotesView};
use yew::prelude::*;

use super::geometry::{Layout, Point};
use super::menu::Target;
use super::{Act, key_act};
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
    html! {
        <g class="node" data-state={state} data-hue={words::hue(look.term)}
            transform={format!("translate({at})")}>
            <g id={target.element_id()} class="node-button" role="button" aria-haspopup="menu"
                aria-label={look.label.clone()} tabindex={if *current { "0" } else { "-1" }} {onclick} {onkeydown}>
                <circle class="node-focus" r={num(r * 1.42)} />
            </g>
            <g class="node-picture" aria-hidden="true">
                if look.leads() {
                    <circle class="node-halo" r={num(r * 1.3)} />
                    <circle class="node-track" r={num(r * 1.17)} stroke-width={num((r * 0.085).max(2.0))} />
                }
                <circle class="node-disc" r={num(disc)} />
                { disc_words(look, r) }
                { votes(look, r) }
                { term_tag(look, r) }
                { strip(look, r) }
            </g>
        </g>
    }
}

fn num(number: f64) -> String {
    px(number).to_string()
}

fn disc_words(look: &Look, r: f64) -> Html {
    let mark = match look.condition {
        Condition::Running | Condition::Unstarted => Html::default(),
        Condition::Paused => html! {
            <path class="node-mark" d={format!("M{0} {1}v{2}M{3} {1}v{2}", px(-r * 0.14), px(-r * 0.78), px(r * 0.34), px(r * 0.14))} />
        },
        Condition::Crashed | Condition::Removed => html! {
            <path class="node-mark" d={format!("M{0} {0}L{1} {1}M{1} {0}L{0} {1}", px(-r * 0.62), px(r * 0.62))} />
        },
    };
    let down = matches!(look.condition, Condition::Crashed | Condition::Removed);
    // On a small disc the role is told by rim and fill alone; its words are in the label.
    let roomy = r >= 27.0;
    let name_at = if roomy { 0.06 } else { 0.2 };
    html! {
        <>
            { mark }
            <text class="node-name" y={num(r * name_at)} font-size={num((r * 0.46).max(12.0))}>{ words::node(look.id) }</text>
            if roomy {
                <text class="node-role" y={num(r * if down { 0.5 } else { 0.44 })} font-size={num((r * 0.26).max(9.5))}>
                    { words::standing(look.condition, look.seat, look.role) }
                </text>
            }
        </>
    }
}

/// A pip for each vote that is needed: full once granted; refusals are crossed out beside them.
fn votes(look: &Look, r: f64) -> Html {
    let Some(votes) = look.votes.as_ref().filter(|_| look.condition == Condition::Running) else {
        return Html::default();
    };
    let granted = votes.granted.len();
    let pips = usize::from(votes.needed).max(granted);
    let total = pips + votes.rejected.len();
    let step = (r * 0.26).min(r * 1.3 / total.max(1) as f64);
    let left = -step * (total.saturating_sub(1)) as f64 / 2.0;
    let pip = |place: usize| {
        let x = left + step * place as f64;
        if place < pips {
            let full = if place < granted { "granted" } else { "open" };
            html! { <circle key={place} class="pip" data-vote={full} cx={num(x)} cy={num(r * 0.7)} r={num(r * 0.085)} /> }
        } else {
            let arm = r * 0.07;
            html! { <path key={place} class="pip" data-vote="refused" d={format!("M{} {}l{2} {2}m0 -{2}l-{2} {2}", px(x - arm), px(r * 0.7 - arm), px(arm * 2.0))} /> }
        }
    };
    html! { <g class="votes">{ for (0..total).map(pip) }</g> }
}

fn term_tag(look: &Look, r: f64) -> Html {
    let text = format!("t{}", look.term);
    let size = (r * 0.28).max(9.5);
    let half = size * (0.55 + 0.31 * text.len() as f64);
    let at = Point { x: r * 0.86, y: -r * 0.86 };
    html! {
        <g class="node-term" transform={format!("translate({at})")}>
            <rect x={num(-half)} y={num(-size * 0.8)} width={num(half * 2.0)} height={num(size * 1.6)} rx={num(size * 0.8)} />
            <text y={num(size * 0.35)} font-size={num(size)}>{ text }</text>
        </g>
    }
}

/// The end of the log: full cells are committed, dashed ones not yet, empty ones are missing here.
fn strip(look: &Look, r: f64) -> Html {
    let side = (r * 0.44).max(7.0);
    let step = side * 1.12;
    let left = -step * look.strip.len() as f64 / 2.0 + (step - side) / 2.0;
    let top = r * 1.45;
    let cell = |(place, cell): (usize, &Option<LogCell>)| {
        let x = left + step * place as f64;
        let rect = |state: &'static str| {
            html! {
                <rect class="cell" data-state={state} x={num(x)} y={num(top)} width={num(side)} height={num(side)} rx={num(side * 0.2)} />
            }
        };
        match cell {
            None => html! { <g key={place}>{ rect("missing") }</g> },
            Some(cell) => html! {
                <g key={place} data-hue={words::hue(cell.term)}>
                    { rect(if cell.committed { "committed" } else { "pending" }) }
                    if side >= 11.0 {
                        <text class="cell-term" data-state={if cell.committed { "committed" } else { "pending" }}
                            x={num(x + side / 2.0)} y={num(top + side * 0.71)} font-size={num(side * 0.6)}>{ cell.term }</text>
                    }
                </g>
            },
        }
    };
    html! {
        <g class="strip">
            if look.earlier { <text class="strip-more" x={num(left - side * 0.55)} y={num(top + side * 0.6)} font-size={num(side * 0.8)}>{ "…" }</text> }
            { for look.strip.iter().enumerate().map(cell) }
        </g>
    }
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
