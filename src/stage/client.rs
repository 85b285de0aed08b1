//! A client at the rim: what it asked and what it knows.

use lab::view::ClientView;
use yew::prelude::*;

use super::geometry::{Layout, Point, Size};
use crate::words::{self, px};

/// The height of a line in a client's card, in pixels of the stage.
fn em(layout: &Layout) -> f64 {
    (layout.radius * 0.27).clamp(11.0, 26.0)
}

/// The size of a client's card.
pub(crate) fn size(layout: &Layout) -> Size {
    let em = em(layout);
    Size { width: em * 11.6, height: em * 4.9 }
}

/// A client's card, with its upper left corner at `at`.
pub(crate) fn card(client: &ClientView, layout: &Layout, at: Point) -> Html {
    let Some(id) = client.node else { return Html::default() };
    let em = em(layout);
    let card = size(layout);
    let node = layout.node(id);
    let near = if at.x < node.x { at.x + card.width } else { at.x };
    let rim = if at.x < node.x { -layout.radius } else { layout.radius } * 1.3;
    let middle = at.y + card.height / 2.0;
    let knows = words::knows(client.knows);
    let line = |offset: f64| px(at.y + em * offset).to_string();
    let x = px(at.x + em * 0.9).to_string();
    let size = px(em).to_string();
    let says = if client.answer.is_empty() || client.answer == "OK" {
        knows.to_owned()
    } else {
        format!("{knows} · {}", client.answer)
    };
    html! {
        <g key={client.name.clone()} class="client" data-knows={knows}>
            <path class="client-line" d={format!("M{}L{}", Point { x: near, y: middle }, Point { x: node.x + rim, y: node.y })} />
            <rect x={px(at.x).to_string()} y={px(at.y).to_string()} width={px(card.width).to_string()}
                height={px(card.height).to_string()} rx="7" />
            <text class="client-name" x={x.clone()} y={line(1.45)} font-size={size.clone()}>{ format!("client {}", client.name) }</text>
            <text class="client-asked" x={x.clone()} y={line(2.8)} font-size={size.clone()}>{ words::cut(&client.request, 16) }</text>
            <text class="client-knows" {x} y={line(4.1)} font-size={size}>{ words::cut(&says, 20) }</text>
        </g>
    }
}
