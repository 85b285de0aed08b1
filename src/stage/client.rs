//! A client at the rim: what it asked and what it knows.

use lab::view::ClientView;
use yew::prelude::*;

use super::geometry::{Layout, Size};
use crate::words;

/// A client's card; `rank` counts the cards that stand at the same node already.
pub(crate) fn card(client: &ClientView, layout: &Layout, rank: u32) -> Html {
    let Some(id) = client.node else { return Html::default() };
    let em = (layout.radius * 0.29).clamp(11.0, 21.0);
    let card = Size { width: em * 11.6, height: em * 4.9 };
    let node = layout.node(id);
    let at = layout.card(id, rank, card);
    let near = if at.x < node.x { at.x + card.width } else { at.x };
    let rim = if at.x < node.x { -layout.radius } else { layout.radius } * 1.3;
    let middle = at.y + card.height / 2.0;
    let knows = words::knows(client.knows);
    let line = |offset: f64| format!("{:.1}", at.y + em * offset);
    let x = format!("{:.1}", at.x + em * 0.9);
    let size = format!("{em:.1}");
    let says = if client.answer.is_empty() || client.answer == "OK" {
        knows.to_owned()
    } else {
        format!("{knows} · {}", client.answer)
    };
    html! {
        <g key={client.name.clone()} class="client" data-knows={knows}>
            <path class="client-line" d={format!("M{near:.1} {middle:.1}L{:.1} {:.1}", node.x + rim, node.y)} />
            <rect x={format!("{:.1}", at.x)} y={format!("{:.1}", at.y)} width={format!("{:.1}", card.width)}
                height={format!("{:.1}", card.height)} rx="7" />
            <text class="client-name" {x} y={line(1.45)} font-size={size.clone()}>{ format!("client {}", client.name) }</text>
            <text class="client-asked" x={format!("{:.1}", at.x + em * 0.9)} y={line(2.8)} font-size={size.clone()}>{ words::cut(&client.request, 16) }</text>
            <text class="client-knows" x={format!("{:.1}", at.x + em * 0.9)} y={line(4.1)} font-size={size}>{ words::cut(&says, 20) }</text>
        </g>
    }
}
