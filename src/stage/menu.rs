//! What can be done with a node, a link or a message: labels for people, lines for the session.

use lab::view::{Condition, FlightView, LinkView, NodeView, Role, Seat, StageView};

use crate::words;

/// What a menu is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A node.
    Node(u8),
    /// Both directions between two nodes, the lower first.
    Link(u8, u8),
    /// A message under way.
    Flight(u64),
}

impl Target {
    /// The id of the element that the menu was opened from.
    pub(crate) fn element_id(self) -> String {
        match self {
            Target::Node(id) => format!("node-{id}"),
            Target::Link(a, b) => format!("link-{a}-{b}"),
            Target::Flight(_) => "stage".to_owned(),
        }
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// As a person would say it.
    pub(crate) label: String,
    /// As the language says it.
    pub(crate) line: String,
}

/// A menu: what it is about, what is known of it, what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Menu {
    /// `n2`, `n1 – n3`, `m17`.
    pub(crate) title: String,
    /// What is known, a fact each.
    pub(crate) facts: Vec<String>,
    /// What can be done.
    pub(crate) items: Vec<Item>,
}

/// The menu for `target`, or none if it is gone.
pub(crate) fn menu(target: Target, view: &StageView) -> Option<Menu> {
    match target {
        Target::Node(id) => {
            let node = view.nodes.iter().find(|node| node.id == id)?;
            Some(node_menu(node, view))
        }
        Target::Link(a, b) => {
            let find = |from, to| view.links.iter().find(|link| link.from == from && link.to == to);
            Some(link_menu(find(a, b)?, find(b, a)?))
        }
        Target::Flight(id) => view.flights.iter().find(|flight| flight.id == id).map(flight_menu),
    }
}

fn item(label: impl Into<String>, line: impl Into<String>) -> Item {
    Item { label: label.into(), line: line.into() }
}

fn node_menu(node: &NodeView, view: &StageView) -> Menu {
    let id = node.id;
    let mut items = match node.condition {
        Condition::Running => vec![
            item("Crash", format!("crash n{id}")),
            item("Crash with a torn disk write", format!("tear n{id}")),
            item("Pause", format!("pause n{id}")),
        ],
        Condition::Paused => {
            vec![item("Resume", format!("resume n{id}")), item("Crash", format!("crash n{id}"))]
        }
        Condition::Crashed => vec![item("Restart", format!("restart n{id}"))],
        Condition::Unstarted => vec![item("Start it", format!("start n{id}"))],
        Condition::Removed => Vec::new(),
    };
    let mine = || view.links.iter().filter(|link| link.from == id || link.to == id);
    if mine().any(|link| !link.cut) {
        items.push(item("Isolate: cut all its links", format!("isolate n{id}")));
    }
    let others: Vec<u8> =
        view.nodes.iter().map(|other| other.id).filter(|other| *other != id).collect();
    if mine().any(|link| link.cut) {
        let cut_from = others.iter().filter(|other| {
            mine().any(|link| link.cut && (link.from == **other || link.to == **other))
        });
        let lines: Vec<String> = cut_from.map(|other| format!("heal n{id} n{other}")).collect();
        items.push(item("Heal all its links", lines.join("\n")));
    }
    if node.condition == Condition::Running {
        if view.leader.is_some() && view.leader != Some(id) {
            items.push(item("Hand it the leadership", format!("transfer n{id}")));
        }
        items.push(if node.clock_ppm == 1_000_000 {
            item("Let its clock run 1.5 × as fast", format!("clock n{id} 1.5x"))
        } else {
            item("Set its clock right", format!("clock n{id} 1x"))
        });
    }
    match node.seat {
        Seat::Learner => {
            items.push(item("Let it vote", format!("etcdctl member promote $n{id}")));
            items.push(item("Remove it from the cluster", format!("etcdctl member remove $n{id}")));
        }
        Seat::Voter if view.quorum.voters > 1 => {
            items.push(item("Remove it from the cluster", format!("etcdctl member remove $n{id}")));
        }
        Seat::Voter | Seat::None => {}
    }
    Menu { title: words::node(id), facts: node_facts(node), items }
}

fn node_facts(node: &NodeView) -> Vec<String> {
    let mut facts = vec![format!(
        "{}, term {}",
        words::standing(node.condition, node.seat, node.role),
        node.term
    )];
    if let Some(vote) = node.vote {
        facts.push(format!("voted for {}", words::node(vote)));
    }
    facts.push(format!(
        "log to {}, on disk to {}, committed to {}",
        node.last_index, node.durable, node.commit
    ));
    if node.role == Role::Leader {
        facts.extend(node.progress.iter().map(|progress| {
            format!(
                "n{}: {}, has {}, next {}",
                progress.node, progress.state, progress.match_index, progress.next_index
            )
        }));
    }
    facts
}

fn link_menu(there: &LinkView, back: &LinkView) -> Menu {
    let (a, b) = (there.from, there.to);
    let mut items = Vec::new();
    match (there.cut, back.cut) {
        (false, false) => {
            items.push(item("Cut both ways", format!("cut n{a} n{b}")));
            items.push(item(format!("Cut n{a} → n{b}"), format!("cut n{a} -> n{b}")));
            items.push(item(format!("Cut n{b} → n{a}"), format!("cut n{b} -> n{a}")));
        }
        (true, true) => {
            items.push(item("Heal both ways", format!("heal n{a} n{b}")));
            items.push(item(format!("Heal n{a} → n{b}"), format!("heal n{a} -> n{b}")));
            items.push(item(format!("Heal n{b} → n{a}"), format!("heal n{b} -> n{a}")));
        }
        (true, false) => {
            items.push(item(format!("Heal n{a} → n{b}"), format!("heal n{a} -> n{b}")));
            items.push(item(format!("Cut n{b} → n{a} too"), format!("cut n{b} -> n{a}")));
        }
        (false, true) => {
            items.push(item(format!("Heal n{b} → n{a}"), format!("heal n{b} -> n{a}")));
            items.push(item(format!("Cut n{a} → n{b} too"), format!("cut n{a} -> n{b}")));
        }
    }
    if there.latency_micros < 200_000 || back.latency_micros < 200_000 {
        items.push(item("Slow it to 200 ms", format!("latency n{a} n{b} 200ms")));
    } else {
        items.push(item("Speed it up to 10 ms", format!("latency n{a} n{b} 10ms")));
    }
    if there.loss_ppm == 0 && back.loss_ppm == 0 {
        items.push(item("Lose 20 % of messages", format!("loss n{a} n{b} 20%")));
    } else {
        items.push(item("Lose no messages", format!("loss n{a} n{b} 0%")));
    }
    let facts =
        [there, back].map(|link| format!("n{} → n{}: {}", link.from, link.to, link_state(link)));
    Menu { title: format!("n{a} – n{b}"), facts: facts.into(), items }
}

/// The state of one direction, in words.
pub(crate) fn link_state(link: &LinkView) -> String {
    if link.cut {
        return "cut".to_owned();
    }
    let mut text = words::span(link.latency_micros);
    if link.clogged {
        text.push_str(", clogged");
    }
    if link.loss_ppm > 0 {
        text.push_str(&format!(", loses {}", words::per_cent(link.loss_ppm)));
    }
    text
}

fn flight_menu(flight: &FlightView) -> Menu {
    let id = flight.id;
    Menu {
        title: format!("m{id}: {}, n{} → n{}", flight.name, flight.from, flight.to),
        facts: vec![flight.text.clone(), format!("term {}", flight.term)],
        items: vec![
            item("Drop it", format!("drop m{id}")),
            item("Delay it by 1 s", format!("delay m{id} 1s")),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(from: u8, to: u8, cut: bool) -> LinkView {
        LinkView { from, to, cut, clogged: false, loss_ppm: 0, latency_micros: 10_000 }
    }

    fn lines(menu: &Menu) -> Vec<&str> {
        menu.items.iter().map(|item| item.line.as_str()).collect()
    }

    #[test]
    fn a_link_offers_what_its_directions_lack() {
        let open = link_menu(&link(1, 3, false), &link(3, 1, false));
        assert_eq!(lines(&open)[..3], ["cut n1 n3", "cut n1 -> n3", "cut n3 -> n1"]);
        let half = link_menu(&link(1, 3, true), &link(3, 1, false));
        assert_eq!(lines(&half)[..2], ["heal n1 -> n3", "cut n3 -> n1"]);
        assert_eq!(half.facts, ["n1 → n3: cut", "n3 → n1: 10 ms"]);
    }
}
