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

use self::geometry::{Layout, Point};
use self::link::Link;
use self::menu::Target;
use self::node::{Look, Node};
use crate::platform::dom;
use crate::words::px;

/// What a learner does on the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    /// Open the menu of something.
    Open(Target),
    /// Touch a point where nothing stands: a message may fly there.
    Point(Point),
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
    pub(crate) host: NodeRef,
    pub(crate) canvas: NodeRef,
    pub(crate) on_act: Callback<Act>,
}

/// The stage.
#[component(Stage)]
pub(crate) fn stage(props: &Props) -> Html {
    let Props { view, layout, host, canvas, on_act } = props;
    let size = layout.size();
    let last_index = view.nodes.iter().map(|node| node.last_index).max().unwrap_or(0);
    let onclick = on_act.reform(|event: MouseEvent| {
        Act::Point(Point { x: f64::from(event.offset_x()), y: f64::from(event.offset_y()) })
    });
    html! {
        <div class="stage" ref={host}>
            <svg id="stage" class="stage-picture" viewBox={format!("0 0 {size}")}
                role="group" aria-label="Links between the nodes" tabindex="-1" {onclick}>
                { divisions(view, layout) }
                <g>{ links(view, layout, on_act) }</g>
            </svg>
            <canvas class="stage-canvas" ref={canvas} aria-hidden="true"></canvas>
            <svg class="stage-picture stage-top" viewBox={format!("0 0 {size}")}
                role="group" aria-label="Nodes. Arrow keys go from node to node, Enter opens what can be done.">
                if layout.roomy() { <g>{ clients(&view.clients, layout) }</g> }
                <g>{ for view.nodes.iter().enumerate().map(|(place, node)| html! {
                    <Node key={node.id} look={Look::of(node, last_index)} layout={*layout} current={place == 0} on_act={on_act} />
                }) }</g>
            </svg>
            { legend::legend(layout.roomy()) }
        </div>
    }
}

/// One line for each partition.
fn divisions(view: &StageView, layout: &Layout) -> Html {
    let lines = layout.divisions(&view.groups);
    html! {
        <g class="divisions">
            { for lines.iter().enumerate().map(|(key, (start, bend, end))| html! {
                <path {key} class="division" d={format!("M{start}Q{bend} {end}")} />
            }) }
            if let Some((start, _, end)) = lines.first() {
                { division_name(*start, *end, layout) }
            }
        </g>
    }
}

/// The name of the line: beside its upper end, or above its left one if it lies flat.
fn division_name(start: Point, end: Point, layout: &Layout) -> Html {
    if !layout.roomy() {
        return Html::default();
    }
    let flat = (start.x - end.x).abs() > (start.y - end.y).abs();
    let first = if flat { start.x < end.x } else { start.y < end.y };
    let mut top = if first { start } else { end };
    if flat {
        top.y -= 24.0;
    }
    let right = top.x > layout.size().width - 90.0;
    html! {
        <text class="division-name" text-anchor={if right { "end" } else { "start" }}
            x={px(top.x + if right { -10.0 } else { 10.0 }).to_string()} y={px(top.y + 16.0).to_string()}>{ "partition" }</text>
    }
}

fn links(view: &StageView, layout: &Layout, on_act: &Callback<Act>) -> Html {
    let find = |from: u8, to: u8| view.links.iter().find(|link| link.from == from && link.to == to);
    let pairs: Vec<(LinkView, LinkView)> = view
        .links
        .iter()
        .filter(|link| link.from < link.to && !is_gone(view, link.from) && !is_gone(view, link.to))
        .filter_map(|there| Some((*there, *find(there.to, there.from)?)))
        .collect();
    let pair = |(place, (there, back)): (usize, &(LinkView, LinkView))| {
        html! {
            <Link key={u32::from(there.from) * 8 + u32::from(there.to)} there={*there} back={*back}
                layout={*layout} current={place == 0} on_act={on_act} />
        }
    };
    pairs.iter().enumerate().map(pair).collect()
}

/// Whether a node was removed: nothing comes from there or goes there any more.
fn is_gone(view: &StageView, id: u8) -> bool {
    view.nodes.iter().any(|node| node.id == id && node.condition == Condition::Removed)
}

fn clients(clients: &[ClientView], layout: &Layout) -> Html {
    let rank = |place: usize, client: &ClientView| {
        clients.iter().take(place).filter(|other| other.node == client.node).count() as u32
    };
    let card =
        |(place, client): (usize, &ClientView)| client::card(client, layout, rank(place, client));
    clients.iter().enumerate().map(card).collect()
}
