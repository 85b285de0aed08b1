//! A client at the rim: what it asked and what it knows.

use lab::view::ClientView;

use super::geometry::{Layout, Point, Size};
use crate::el::{El, el};
use crate::words;

/// The height of a line in a client's card, in pixels of the stage.
fn em(layout: &Layout) -> f64 {
    (layout.radius * 0.27).clamp(11.0, 26.0)
}

/// The size of a client's card.
pub(crate) fn size(layout: &Layout) -> Size {
    let em = em(layout);
    Size { width: em * 11.6, height: em * 4.9 }
}

/// The card of a client that asked node `id`, with its upper left corner at `at`.
pub(crate) fn card(client: &ClientView, id: u8, layout: &Layout, at: Point) -> El {
    let em = em(layout);
    let card = size(layout);
    let node = layout.node(id);
    let near = if at.x < node.x { at.x + card.width } else { at.x };
    let rim = if at.x < node.x { -layout.radius } else { layout.radius } * 1.3;
    let middle = at.y + card.height / 2.0;
    let knows = words::knows(client.knows);
    let says = if client.answer.is_empty() || client.answer == "OK" {
        knows.to_owned()
    } else {
        format!("{knows} · {}", client.answer)
    };
    let (from, to) = (Point { x: near, y: middle }, Point { x: node.x + rim, y: node.y });
    let line = |line: El, offset: f64, text: String| {
        line.px("x", at.x + em * 0.9).px("y", at.y + em * offset).px("font-size", em).text(text)
    };
    el("g|class=client")
        .key(client.name.clone())
        .word("data-knows", knows)
        .with(el("path|class=client-line").set("d", format!("M{from}L{to}")))
        .with(
            el("rect|rx=7")
                .px("x", at.x)
                .px("y", at.y)
                .px("width", card.width)
                .px("height", card.height),
        )
        .with(line(el("text|class=client-name"), 1.45, format!("client {}", client.name)))
        .with(line(el("text|class=client-asked"), 2.8, words::cut(&client.request, 16)))
        .with(line(el("text|class=client-knows"), 4.1, words::cut(&says, 20)))
}
