//! A canvas that knows how dense the screen is, and the page's colours.

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use yew::NodeRef;

use super::dom;
use crate::stage::geometry::Size;

/// The context of a canvas, cleared and scaled so that one unit is one CSS pixel.
pub(crate) fn begin(canvas: &NodeRef, size: Size) -> Option<CanvasRenderingContext2d> {
    let element = canvas.cast::<HtmlCanvasElement>()?;
    let density = dom::window()?.device_pixel_ratio().clamp(1.0, 3.0);
    let (width, height) = ((size.width * density).round(), (size.height * density).round());
    // Setting a canvas's size clears it, even to the same size.
    if f64::from(element.width()) != width || f64::from(element.height()) != height {
        element.set_width(width as u32);
        element.set_height(height as u32);
    }
    let context: CanvasRenderingContext2d =
        element.get_context("2d").ok().flatten()?.dyn_into().ok()?;
    context.set_transform(density, 0.0, 0.0, density, 0.0, 0.0).ok()?;
    context.clear_rect(0.0, 0.0, size.width, size.height);
    Some(context)
}

/// The value of a custom property of the page, as the theme has it now.
pub(crate) fn property(name: &str) -> String {
    let value = || {
        let root = dom::document()?.document_element()?;
        let style = dom::window()?.get_computed_style(&root).ok().flatten()?;
        style.get_property_value(name).ok()
    };
    value().unwrap_or_default().trim().to_owned()
}
