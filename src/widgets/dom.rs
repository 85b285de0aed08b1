//! Elements, made and changed: a thin layer over the browser's own, without a framework.

use std::cell::Cell;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    AbortController, AbortSignal, AddEventListenerOptions, Document, Element, Event, EventTarget,
    HtmlElement, HtmlInputElement, HtmlSelectElement, ResizeObserver, Window,
};

/// The window; there always is one where this runs.
pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
pub(crate) fn document() -> Option<Document> {
    window()?.document()
}

/// An element of the page.
#[derive(Clone, Debug)]
pub(crate) struct El(Option<HtmlElement>);

impl From<HtmlElement> for El {
    fn from(element: HtmlElement) -> El {
        El(Some(element))
    }
}

/// Makes an element: its name, and attributes behind bars, `button|type=button|class=link`.
pub(crate) fn el(what: &str) -> El {
    let mut parts = what.split('|');
    let name = parts.next().unwrap_or("div");
    let made = document().and_then(|document| document.create_element(name).ok());
    let made = El(made.and_then(|made| made.dyn_into().ok()));
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        made.put(name, value);
    }
    made
}

/// A name for an element that no other has.
pub(crate) fn fresh_id() -> String {
    thread_local!(static LAST: Cell<u32> = const { Cell::new(0) });
    let number = LAST.get() + 1;
    LAST.set(number);
    format!("widget-{number}")
}

impl El {
    /// The browser's own.
    pub(crate) fn raw(&self) -> Option<&HtmlElement> {
        self.0.as_ref()
    }

    /// Sets an attribute.
    pub(crate) fn put(&self, name: &str, value: &str) {
        if let Some(element) = &self.0 {
            // Refused for names that are none; ours are fixed.
            let _ = element.set_attribute(name, value);
        }
    }

    /// Sets or takes away an attribute.
    pub(crate) fn flag(&self, name: &str, on: bool) {
        match (on, &self.0) {
            (true, _) => self.put(name, ""),
            (false, Some(element)) => drop(element.remove_attribute(name)),
            (false, None) => {}
        }
    }

    /// The same with an attribute.
    pub(crate) fn set(self, name: &str, value: &str) -> El {
        self.put(name, value);
        self
    }

    /// Its text from now on, unless it is that already.
    pub(crate) fn say(&self, text: &str) {
        if let Some(element) = &self.0
            && element.text_content().as_deref() != Some(text)
        {
            element.set_text_content(Some(text));
        }
    }

    /// The same with a text.
    pub(crate) fn text(self, text: &str) -> El {
        self.say(text);
        self
    }

    /// Adds a child.
    pub(crate) fn push(&self, child: &El) {
        if let (Some(element), Some(child)) = (&self.0, &child.0) {
            let _ = element.append_child(child);
        }
    }

    /// The same with a child more.
    pub(crate) fn add(self, child: &El) -> El {
        self.push(child);
        self
    }

    /// The same with children more.
    pub(crate) fn all<'a>(self, children: impl IntoIterator<Item = &'a El>) -> El {
        for child in children {
            self.push(child);
        }
        self
    }

    /// Has these children and no others.
    pub(crate) fn only(&self, children: impl IntoIterator<Item = El>) {
        self.say("");
        for child in children {
            self.push(&child);
        }
    }

    /// Calls `hear` at every event of this kind.
    pub(crate) fn on(self, event: &str, hear: impl Fn(&Event) + 'static) -> El {
        if let Some(element) = &self.0 {
            listen(element, event, hear);
        }
        self
    }

    /// Calls `hear` at every click.
    pub(crate) fn click(self, hear: impl Fn() + 'static) -> El {
        self.on("click", move |_| hear())
    }

    /// What stands in a field, or is chosen.
    pub(crate) fn value(&self) -> String {
        let Some(element) = &self.0 else { return String::new() };
        if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
            input.value()
        } else {
            element.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value).unwrap_or_default()
        }
    }

    /// Puts something into a field, unless it stands there: the cursor would jump.
    pub(crate) fn fill(&self, value: &str) {
        if let Some(input) =
            self.0.as_ref().and_then(|element| element.dyn_ref::<HtmlInputElement>())
            && input.value() != value
        {
            input.set_value(value);
        }
    }

    /// Whether a box is ticked.
    pub(crate) fn ticked(&self) -> bool {
        let input = self.0.as_ref().and_then(|element| element.dyn_ref::<HtmlInputElement>());
        input.is_some_and(HtmlInputElement::checked)
    }

    /// Whether it is in the page.
    pub(crate) fn is_here(&self) -> bool {
        self.0.as_ref().is_some_and(|element| element.is_connected())
    }

    /// Ends when the element, which is put into the page in this very task, leaves it again: a panel is
    /// closed, and nothing that was made for it may stay. Until then `sized` is called whenever its
    /// size is another.
    pub(crate) fn stay(&self, sized: impl Fn() + 'static) -> Option<Stay> {
        let element = self.0.clone()?;
        let leave = AbortController::new().ok()?;
        let stay = Stay(leave.signal());
        // What is taken out of the page has no size any more, so its watch hears of that too; but only
        // if it was there in a frame.
        let begin = Closure::once_into_js(move || {
            let (mine, end) = (element.clone(), leave.clone());
            let hear = move |_: JsValue, watch: ResizeObserver| {
                if mine.is_connected() {
                    return sized();
                }
                watch.disconnect();
                // Without a reason given, it would be an error whose stack holds this function.
                end.abort_with_reason(&JsValue::NULL);
            };
            let hear = Closure::<dyn Fn(JsValue, ResizeObserver)>::new(hear).into_js_value();
            match ResizeObserver::new(hear.unchecked_ref()) {
                Ok(watch) if element.is_connected() => watch.observe(&element),
                Ok(_) | Err(_) => leave.abort_with_reason(&JsValue::NULL),
            }
        });
        window()?.request_animation_frame(begin.unchecked_ref()).ok()?;
        Some(stay)
    }
}

/// As long as an element is in the page: see [`El::stay`].
pub(crate) struct Stay(AbortSignal);

impl Stay {
    /// Calls `hear` at every event of this kind, as long as it lasts.
    pub(crate) fn listen(&self, target: &EventTarget, event: &str, hear: impl Fn() + 'static) {
        let function = Closure::<dyn Fn()>::new(hear).into_js_value();
        let options = AddEventListenerOptions::new();
        options.set_signal(&self.0);
        let function = function.unchecked_ref();
        let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
            event, function, &options,
        );
    }
}

/// Calls `hear` at every event of this kind, as long as the page lives.
pub(crate) fn listen(target: &EventTarget, event: &str, hear: impl Fn(&Event) + 'static) {
    let closure = Closure::<dyn Fn(Event)>::new(move |event: Event| hear(&event));
    let function: JsValue = closure.into_js_value();
    let _ = target.add_event_listener_with_callback(event, function.unchecked_ref());
}

/// A button.
pub(crate) fn button(text: &str) -> El {
    el("button|type=button|class=button").text(text)
}

/// A field under its name: label and field together, and the field.
pub(crate) fn labelled(name: &str, field: El) -> (El, El) {
    let id = fresh_id();
    let field = field.set("id", &id);
    let label = el("label").set("for", &id).text(name);
    (el("p|class=widget-field").add(&label).add(&field), field)
}

/// A choice among texts, of which one is chosen.
pub(crate) fn choice(options: &[(&str, &str)], chosen: &str) -> El {
    let select = el("select|class=field");
    for (value, text) in options {
        let option = el("option").set("value", value).text(text);
        option.flag("selected", *value == chosen);
        select.push(&option);
    }
    select
}

/// A slider from 0 to `most`, its name, and beside that what it stands at in words.
pub(crate) struct Slider {
    /// All of it.
    pub(crate) whole: El,
    input: El,
    output: El,
}

impl Slider {
    /// A slider that stands at `at`.
    pub(crate) fn new(name: &str, most: usize, at: usize) -> Slider {
        let id = fresh_id();
        let input = el("input|type=range|min=0|step=1")
            .set("id", &id)
            .set("max", &most.to_string())
            .set("value", &at.to_string());
        let output = el("output").set("for", &id);
        let label = el("label").set("for", &id).text(name);
        let whole = el("p|class=widget-slider").all([&label, &output, &input]);
        Slider { whole, input, output }
    }

    /// Where it stands.
    pub(crate) fn at(&self) -> usize {
        self.input.value().parse().unwrap_or(0)
    }

    /// Says where it stands.
    pub(crate) fn say(&self, words: &str) {
        self.output.say(words);
        self.input.put("aria-valuetext", words);
    }

    /// Calls `hear` whenever it is moved.
    pub(crate) fn moved(&self, hear: impl Fn() + 'static) {
        drop(self.input.clone().on("input", move |_| hear()));
    }
}

/// A table: names of its columns, and rows whose first cell names them. Columns from the second on
/// are numbers if `numbers`.
pub(crate) fn table<N: AsRef<str>, R: AsRef<[String]>>(
    names: &[N],
    rows: &[R],
    numbers: bool,
) -> El {
    let class = |at: usize| if numbers && at > 0 { "right" } else { "" };
    let head = el("tr");
    for (at, name) in names.iter().enumerate() {
        head.push(&el("th|scope=col").set("class", class(at)).text(name.as_ref()));
    }
    let body = el("tbody");
    for row in rows {
        let line = el("tr");
        for (at, cell) in row.as_ref().iter().enumerate() {
            let made = if at == 0 { el("th|scope=row") } else { el("td") };
            line.push(&made.set("class", class(at)).text(cell));
        }
        body.push(&line);
    }
    el("table").add(&el("thead").add(&head)).add(&body)
}

/// A button that copies a text, which `text` tells when it is pressed, and says so.
pub(crate) fn copier(name: &'static str, text: impl Fn() -> String + 'static) -> El {
    let made = button(name);
    let says = made.clone();
    made.click(move || {
        let (told, back) = (says.clone(), says.clone());
        let tell = Closure::once_into_js(move |what: JsValue| {
            let copied = what.as_string().as_deref() == Some("copied");
            told.say(if copied { "Copied" } else { "Not allowed here" });
        });
        share("copy", &text().into(), &tell);
        gloo_timers::callback::Timeout::new(2_500, move || back.say(name)).forget();
    })
}

/// Saves a text as a file.
pub(crate) fn save(name: &str, text: &str) {
    share("save", &name.into(), &text.into());
}

/// What `static/share.js` does, by way of the boot file.
fn share(function: &str, first: &JsValue, second: &JsValue) -> Option<()> {
    let lab = Reflect::get(&js_sys::global(), &"raftLab".into()).ok()?;
    let share: Function = Reflect::get(&lab, &"share".into()).ok()?.dyn_into().ok()?;
    share.call3(&lab, &function.into(), first, second).ok().map(drop)
}

/// The nearest thing that an event came from which has this attribute, and the attribute.
pub(crate) fn came_from(event: &Event, attribute: &str) -> Option<String> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(&format!("[{attribute}]")).ok()??.get_attribute(attribute)
}
