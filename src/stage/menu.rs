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
            Target::Flight(_) => "stage-flights".to_owned(),
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

/// A setting with a few values to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dial {
    /// What it sets: `Latency`.
    pub(crate) name: &'static str,
    /// Values, and whether each is the present one.
    pub(crate) values: Vec<(Item, bool)>,
}

/// A menu: what it is about, what is known of it, what can be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Menu {
    /// `n2`, `n1 – n3`, `m17`.
    pub(crate) title: String,
    /// What is known, a fact each.
    pub(crate) facts: Vec<String>,
    /// What can be done.
    pub(crate) items: Vec<Item>,
    /// The node that can be looked at from inside.
    pub(crate) inspect: Option<u8>,
    /// What can be set: for a link both ways, there, and back.
    pub(crate) dials: Vec<(String, Vec<Dial>)>,
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
    Menu {
        title: words::node(id),
        facts: node_facts(node),
        items,
        inspect: Some(id),
        dials: Vec::new(),
    }
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
    let ways = [
        ("both ways".to_owned(), format!("n{a} n{b}"), [there, back]),
        (format!("n{a} → n{b}"), format!("n{a} -> n{b}"), [there; 2]),
        (format!("n{b} → n{a}"), format!("n{b} -> n{a}"), [back; 2]),
    ];
    let facts =
        [there, back].map(|link| format!("n{} → n{}: {}", link.from, link.to, link_state(link)));
    Menu {
        title: format!("n{a} – n{b}"),
        facts: facts.into(),
        items,
        inspect: None,
        dials: ways.map(|(name, link, of)| (name, link_dials(&link, of))).into(),
    }
}

/// What can be set of a link, which the language calls `link`, and whose directions are `of`.
fn link_dials(link: &str, of: [&LinkView; 2]) -> Vec<Dial> {
    let [one, other] = of;
    let dial =
        |name, word: &str, values: &[(&str, &str)], is: &dyn Fn(&LinkView, usize) -> bool| {
            let value = |(place, (label, value)): (usize, &(&str, &str))| {
                (item(*label, format!("{word} {link} {value}")), is(one, place) && is(other, place))
            };
            Dial { name, values: values.iter().enumerate().map(value).collect() }
        };
    let share = |ppm: u32, place: usize| SHARES_PPM.get(place) == Some(&ppm);
    vec![
        dial("Latency", "latency", &LATENCIES, &|link, place| {
            LATENCIES_MICROS.get(place) == Some(&link.latency_micros)
        }),
        dial("Lost", "loss", &SHARES, &|link, place| share(link.loss_ppm, place)),
        dial("Twice", "duplicate", &SHARES, &|link, place| share(link.duplicate_ppm, place)),
        Dial {
            name: "Clogged",
            values: [("no", "unclog", false), ("yes: messages wait", "clog", true)]
                .map(|(label, word, clogged)| {
                    let is = one.clogged == clogged && other.clogged == clogged;
                    (item(label, format!("{word} {link}")), is)
                })
                .into(),
        },
    ]
}

/// Latencies to choose from: as shown, and as the language has them.
const LATENCIES: [(&str, &str); 4] =
    [("10 ms", "10ms"), ("50 ms", "50ms"), ("200 ms", "200ms"), ("1 s", "1s")];
const LATENCIES_MICROS: [u64; 4] = [10_000, 50_000, 200_000, 1_000_000];
/// Shares of messages to choose from.
const SHARES: [(&str, &str); 4] = [("0 %", "0%"), ("5 %", "5%"), ("20 %", "20%"), ("50 %", "50%")];
const SHARES_PPM: [u32; 4] = [0, 50_000, 200_000, 500_000];
/// Delays to choose from.
const DELAYS: [(&str, &str); 4] =
    [("50 ms", "50ms"), ("200 ms", "200ms"), ("1 s", "1s"), ("5 s", "5s")];

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
    if link.duplicate_ppm > 0 {
        text.push_str(&format!(", {} twice", words::per_cent(link.duplicate_ppm)));
    }
    text
}

fn flight_menu(flight: &FlightView) -> Menu {
    let id = flight.id;
    let delay = |(label, value): (&str, &str)| (item(label, format!("delay m{id} {value}")), false);
    let mut facts = vec![flight.text.clone(), format!("term {}", flight.term)];
    if flight.dies_micros.is_some() {
        facts.push("it will get lost on its way".to_owned());
    }
    Menu {
        title: flight_name(flight),
        facts,
        items: vec![
            item("Drop it", format!("drop m{id}")),
            item("Duplicate it: it arrives twice", format!("duplicate m{id}")),
        ],
        inspect: None,
        dials: vec![(
            String::new(),
            vec![Dial { name: "Delay by", values: DELAYS.map(delay).into() }],
        )],
    }
}

/// A message under way, as it is called: `m17: Heartbeat, n1 → n2`.
pub(crate) fn flight_name(flight: &FlightView) -> String {
    format!("m{}: {}, n{} → n{}", flight.id, flight.name, flight.from, flight.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(from: u8, to: u8, cut: bool) -> LinkView {
        LinkView {
            from,
            to,
            cut,
            clogged: false,
            loss_ppm: 0,
            duplicate_ppm: 0,
            latency_micros: 10_000,
            odd_latency: false,
            odd_loss: false,
        }
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

    #[test]
    fn a_dial_knows_the_present_value_of_both_directions_or_one() {
        let slow = LinkView { latency_micros: 200_000, ..link(3, 1, false) };
        let menu = link_menu(&link(1, 3, false), &slow);
        let present = |way: usize| {
            let values = menu.dials[way].1[0].values.iter();
            values.filter(|(_, is)| *is).map(|(item, _)| item.line.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(present(0), [""; 0]);
        assert_eq!(present(1), ["latency n1 -> n3 10ms"]);
        assert_eq!(present(2), ["latency n3 -> n1 200ms"]);
    }
}
