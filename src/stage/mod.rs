//! The stage: what stands is SVG and memoised, what flies is on a canvas above it.

pub(crate) mod canvas;
mod client;
pub(crate) mod flight;
pub(crate) mod geometry;
mod legend;
mod link;
pub(crate) mod menu;
mod node;
pub(crate) mod popup;

use std::rc::Rc;

use lab::view::{ClientView, Condition, LinkView, StageView};
use yew::prelude::*;

use self::geometry::{Layout, Point, Rect, Size};
use self::legend::Legend;
use self::link::Link;
use self::menu::Target;
use self::node::{Look, Node};
use crate::el::{El, el};
use crate::part::{part, part_of_many};
use crate::platform::dom;
use crate::words;

/// What a learner does on the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    /// Open the menu of something.
    Open(Target),
    /// Touch a point where nothing stands: a message may fly there.
    Point(Point),
    /// Choose the message that comes so many after the chosen one.
    Flight(i32),
}

/// Keys on a node or link: Enter and Space open its menu, arrows go to its neighbours.
fn key_act(event: &KeyboardEvent, target: Target, on_act: &Callback<Act>) {
    let step = match event.key().as_str() {
        "Enter" | " " => {
            event.prevent_default();
            on_act.emit(Act::Open(target));
            return;
        }
        "ArrowRight" | "ArrowDown" => 1,
        "ArrowLeft" | "ArrowUp" => -1,
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    let among = match target {
        Target::Node(_) => ".node-button",
        Target::Link(..) | Target::Flight(_) => ".link-button",
    };
    dom::focus_along(among, &target.element_id(), step);
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) view: Rc<StageView>,
    pub(crate) layout: Layout,
    /// The message that arrow keys have come to.
    pub(crate) chosen: Option<u64>,
    /// The box that the stage is laid out for, and the canvas in it.
    pub(crate) hosts: (NodeRef, NodeRef),
    pub(crate) on_act: Callback<Act>,
}

/// The stage.
#[component(Stage)]
pub(crate) fn stage(props: &Props) -> Html {
    let Props { view, layout, chosen, hosts: (host, canvas), on_act } = props;
    let size = layout.size();
    let last_index = view.nodes.iter().map(|node| node.last_index).max().unwrap_or(0);
    let asked: Vec<u8> = view.clients.iter().filter_map(|client| client.node).collect();
    let cards = layout.cards(&asked, client::size(layout));
    let onclick = on_act.reform(|event: MouseEvent| {
        Act::Point(Point { x: f64::from(event.offset_x()), y: f64::from(event.offset_y()) })
    });
    let view_box = format!("0 0 {size}");
    let mut nodes = Vec::new();
    for (place, node) in view.nodes.iter().enumerate() {
        let props = node::Props {
            look: Look::of(node, last_index),
            layout: *layout,
            current: place == 0,
            on_act: on_act.clone(),
        };
        nodes.push(part_of_many::<Node>(node.id, props));
    }
    let links = el("svg|id=stage|class=stage-picture|role=group|aria-label=Links between the nodes|tabindex=-1")
        .set("viewBox", view_box.clone())
        .click(onclick)
        .with(walls(view, layout))
        .with(el("g").all(links(view, layout, on_act)));
    let top = "svg|class=stage-picture stage-top|role=group|aria-label=Nodes. Arrow keys go from node to \
        node, Enter opens what can be done.";
    let top = el(top)
        .set("viewBox", view_box)
        .maybe(layout.roomy().then(|| clients(&view.clients, &cards, layout)))
        .maybe(wall_name(view, layout, &cards))
        .with(el("g").all(nodes));
    el("div|class=stage")
        .host(host)
        .with(links)
        .with(el("canvas|class=stage-canvas|aria-hidden=true").host(canvas))
        .with(top)
        .with(flights(view, *chosen, on_act))
        .add(part::<Legend>(legend::Props { open: layout.roomy() && size.width >= 700.0 }))
        .maybe(usual_link(view, layout))
        .html()
}

/// What flies, for the keyboard: arrow keys go from message to message, Enter opens what can be done.
fn flights(view: &StageView, chosen: Option<u64>, on_act: &Callback<Act>) -> El {
    let found = view.flights.iter().find(|flight| Some(flight.id) == chosen);
    let label = match (found, view.flights.len()) {
        (Some(flight), _) => format!("{}: {}", menu::flight_name(flight), flight.text),
        (None, 0) => "No messages under way".to_owned(),
        (None, 1) => "1 message under way".to_owned(),
        (None, count) => format!("{count} messages under way: arrow keys go from one to the next"),
    };
    let open = found.map(|flight| Act::Open(Target::Flight(flight.id)));
    let onclick = on_act.reform(move |event: MouseEvent| {
        event.stop_propagation();
        open.unwrap_or(Act::Flight(0))
    });
    let onkeydown = {
        let on_act = on_act.clone();
        Callback::from(move |event: KeyboardEvent| {
            let step = match event.key().as_str() {
                "ArrowRight" | "ArrowDown" => 1,
                "ArrowLeft" | "ArrowUp" => -1,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            on_act.emit(Act::Flight(step));
        })
    };
    el("button|type=button|id=stage-flights|class=flights|aria-haspopup=menu")
        .click(onclick)
        .keydown(onkeydown)
        .text(label)
}

/// The lines between the groups of a partition.
fn walls(view: &StageView, layout: &Layout) -> El {
    let mut walls = el("g|class=walls");
    for wall in layout.walls(&view.groups) {
        walls = walls.with(el("path|class=wall").set("d", wall.path));
    }
    walls
}

/// The name of a partition, at the end of a line where nothing stands.
fn wall_name(view: &StageView, layout: &Layout, cards: &[Point]) -> Option<El> {
    let walls = layout.walls(&view.groups);
    let card = client::size(layout);
    let em = (layout.radius * 0.28).clamp(11.0, 26.0);
    let size = Size { width: em * 5.4, height: em * 1.5 };
    let card_at = |at: &Point| Rect { x: at.x, y: at.y, width: card.width, height: card.height };
    let taken: Vec<Rect> = (1..=u8::try_from(view.nodes.len()).unwrap_or(u8::MAX))
        .map(|id| layout.ground(id))
        .chain(cards.iter().map(card_at))
        .collect();
    let centre = layout.centre();
    let place = |(end, up): (Point, f64)| {
        let x = if end.x < centre.x { end.x - size.width } else { end.x };
        let y = (end.y - size.height * up).max(30.0);
        layout.inside(Rect { x, y, width: size.width, height: size.height })
    };
    let ends = walls.iter().flat_map(|wall| wall.ends);
    let mut places = ends.flat_map(|end| [0.5, 1.3, -0.3].map(|up| (end, up))).map(place);
    let first = places.clone().next();
    let free = places.find(|place| !taken.iter().any(|other| other.meets(*place)));
    let at = free.or(first).filter(|_| layout.roomy())?;
    let name = el("text|class=wall-name").px("x", at.x + at.width / 2.0).px("y", at.y + em);
    Some(name.px("font-size", em).say("partition"))
}

/// How links are where nothing else is said beside them.
fn usual_link(view: &StageView, layout: &Layout) -> Option<El> {
    let (latency, loss) = view.usual_link;
    if !layout.roomy() || view.nodes.len() < 2 {
        return None;
    }
    let mut text = format!("links: {}", words::span(latency));
    if loss > 0 {
        text.push_str(&format!(", {} lost", words::per_cent(loss)));
    }
    Some(el("p|class=usual-link").text(text))
}

fn links(view: &StageView, layout: &Layout, on_act: &Callback<Act>) -> Vec<Html> {
    let mut pairs = Vec::new();
    for there in &view.links {
        if there.from >= there.to || is_gone(view, there.from) || is_gone(view, there.to) {
            continue;
        }
        let is_back = |link: &&LinkView| link.from == there.to && link.to == there.from;
        let Some(back) = view.links.iter().find(is_back) else { continue };
        let props = link::Props {
            there: *there,
            back: *back,
            layout: *layout,
            current: pairs.is_empty(),
            on_act: on_act.clone(),
        };
        let key = u32::from(there.from) * 8 + u32::from(there.to);
        pairs.push(part_of_many::<Link>(key, props));
    }
    pairs
}

/// Whether a node was removed: nothing comes from there or goes there any more.
fn is_gone(view: &StageView, id: u8) -> bool {
    view.nodes.iter().any(|node| node.id == id && node.condition == Condition::Removed)
}

fn clients(clients: &[ClientView], cards: &[Point], layout: &Layout) -> El {
    let mut shown = el("g");
    let mut cards = cards.iter();
    for client in clients {
        if let Some(id) = client.node
            && let Some(at) = cards.next()
        {
            shown = shown.with(client::card(client, id, layout, *at));
        }
    }
    shown
}
