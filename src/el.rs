//! Elements by calls instead of by `html!`.
//!
//! The macro writes some hundred bytes of program for every element; a page of panels is a page of
//! elements. Here an element is one text, its tag and its fixed attributes, and a call for each
//! thing that changes. Attributes are compared one by one when something is drawn anew, so what is
//! drawn in every frame stays with the macro.

use std::rc::Rc;

use yew::html::{
    onchange, onclick, onfocus, onfocusout, oninput, onkeydown, onpointerleave, onpointermove,
};
use yew::prelude::*;
use yew::virtual_dom::{
    AttributeOrProperty, Attributes, Key, Listener, ListenerKind, VList, VNode, VTag, VText,
};

use crate::words::px;

/// Hears events of one kind, whatever kind that is.
struct On {
    /// Made anew when asked: a copy of such a value would be a large piece of program.
    kind: fn() -> ListenerKind,
    callback: Callback<Event>,
}

impl Listener for On {
    fn kind(&self) -> ListenerKind {
        (self.kind)()
    }

    fn handle(&self, event: Event) {
        self.callback.emit(event);
    }

    fn passive(&self) -> bool {
        false
    }
}

/// An element in the making.
pub(crate) struct El(Box<Making>);

/// Attributes and what is inside are gathered, and become the element's at the end: changing those
/// of an element one by one takes kilobytes of program.
struct Making {
    tag: VTag,
    attributes: Vec<(AttrValue, AttributeOrProperty)>,
    inside: Vec<Html>,
}

#[inline(never)]
fn begin(tag: &'static str) -> El {
    El(Box::new(Making { tag: VTag::new(tag), attributes: Vec::new(), inside: Vec::new() }))
}

/// Begins an element: its tag, then its fixed attributes, as in `button|type=button|class=link`.
#[inline(never)]
pub(crate) fn el(spec: &'static str) -> El {
    let mut parts = spec.split('|');
    let mut el = begin(parts.next().unwrap_or_default());
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        el = el.word(name, value);
    }
    el
}

/// Begins a shape of a picture that is drawn often: its attributes, `names` for the `words` and then for
/// the `numbers`, are compared by their places. One that is added later takes that away.
#[inline(never)]
pub(crate) fn shape(
    tag: &'static str,
    names: &'static [&'static str],
    words: &[&'static str],
    numbers: &[f64],
) -> El {
    let words = words.iter().map(|word| Some(AttributeOrProperty::Static(word)));
    let number = |number: &f64| AttrValue::from(px(*number).to_string());
    let numbers = numbers.iter().map(|it| Some(AttributeOrProperty::Attribute(number(it))));
    let values: Box<[_]> = words.chain(numbers).collect();
    let keys = names.get(..values.len()).unwrap_or_default();
    let mut el = begin(tag);
    el.0.tag.attributes = Attributes::Dynamic { keys, values };
    el
}

/// A button that looks like one.
#[inline(never)]
pub(crate) fn button(on_click: Callback<MouseEvent>) -> El {
    el("button|type=button|class=button").click(on_click)
}

/// A button that looks like a link.
#[inline(never)]
pub(crate) fn link(name: &'static str, on_click: Callback<MouseEvent>) -> Html {
    el("button|type=button|class=link").click(on_click).say(name).html()
}

/// What happens on a click: `what` is told.
#[inline(never)]
pub(crate) fn telling<T: Clone + 'static>(to: &Callback<T>, what: T) -> Callback<MouseEvent> {
    to.reform(move |_: MouseEvent| what.clone())
}

/// Some beside each other.
#[inline(never)]
pub(crate) fn list(nodes: Vec<Html>) -> Html {
    VNode::VList(Rc::new(VList::with_children(nodes, None)))
}

impl El {
    /// An attribute.
    #[inline(never)]
    pub(crate) fn set(self, name: &'static str, value: String) -> El {
        self.attribute(name, AttributeOrProperty::Attribute(AttrValue::from(value)))
    }

    /// An attribute whose value is one of some words.
    #[inline(never)]
    pub(crate) fn word(self, name: &'static str, value: &'static str) -> El {
        self.attribute(name, AttributeOrProperty::Static(value))
    }

    #[inline(never)]
    fn attribute(mut self, name: &'static str, value: AttributeOrProperty) -> El {
        self.0.attributes.push((AttrValue::Static(name), value));
        self
    }

    /// An attribute without a value, if `is`.
    #[inline(never)]
    pub(crate) fn flag(self, name: &'static str, is: bool) -> El {
        if is { self.word(name, "") } else { self }
    }

    /// `true` or `false`, as ARIA has it.
    #[inline(never)]
    pub(crate) fn aria(self, name: &'static str, is: bool) -> El {
        self.word(name, if is { "true" } else { "false" })
    }

    /// A length or coordinate in a picture.
    #[inline(never)]
    pub(crate) fn px(self, name: &'static str, number: f64) -> El {
        self.set(name, px(number).to_string())
    }

    /// What a button is called by those who do not see it, and by those who point at it.
    #[inline(never)]
    pub(crate) fn named(self, name: String) -> El {
        self.set("aria-label", name.clone()).set("title", name)
    }

    /// What stands in a field.
    #[inline(never)]
    pub(crate) fn value(mut self, value: String) -> El {
        self.0.tag.set_value(Some(AttrValue::from(value)));
        self
    }

    /// Whether a box is ticked.
    #[inline(never)]
    pub(crate) fn checked(mut self, is: bool) -> El {
        self.0.tag.set_checked(is);
        self
    }

    /// What tells it from its siblings.
    #[inline(never)]
    pub(crate) fn key(mut self, key: String) -> El {
        self.0.tag.key = Some(Key::from(key));
        self
    }

    #[inline(never)]
    pub(crate) fn hear(mut self, listener: Rc<dyn Listener>) -> El {
        self.0.tag.add_listener(listener);
        self
    }

    /// What happens on a click.
    #[inline(never)]
    pub(crate) fn click(self, callback: Callback<MouseEvent>) -> El {
        self.hear(Rc::new(onclick::Wrapper::new(callback)))
    }

    /// What happens when a key goes down.
    #[inline(never)]
    pub(crate) fn keydown(self, callback: Callback<KeyboardEvent>) -> El {
        self.hear(Rc::new(onkeydown::Wrapper::new(callback)))
    }

    /// What happens when something else is chosen.
    #[inline(never)]
    pub(crate) fn change(self, callback: Callback<Event>) -> El {
        self.hear(Rc::new(onchange::Wrapper::new(callback)))
    }

    /// What happens with every letter, or every step of a slider.
    #[inline(never)]
    pub(crate) fn input(self, callback: Callback<InputEvent>) -> El {
        self.hear(Rc::new(oninput::Wrapper::new(callback)))
    }

    /// What happens when the focus comes.
    #[inline(never)]
    pub(crate) fn focus(self, callback: Callback<FocusEvent>) -> El {
        self.hear(Rc::new(onfocus::Wrapper::new(callback)))
    }

    /// What happens when the focus goes.
    #[inline(never)]
    pub(crate) fn focusout(self, callback: Callback<FocusEvent>) -> El {
        self.hear(Rc::new(onfocusout::Wrapper::new(callback)))
    }

    /// What happens when a pointer moves over it.
    #[inline(never)]
    pub(crate) fn pointermove(self, callback: Callback<PointerEvent>) -> El {
        self.hear(Rc::new(onpointermove::Wrapper::new(callback)))
    }

    /// What happens when a pointer leaves it.
    #[inline(never)]
    pub(crate) fn pointerleave(self, callback: Callback<PointerEvent>) -> El {
        self.hear(Rc::new(onpointerleave::Wrapper::new(callback)))
    }

    /// What happens on any event that has no call of its own here.
    #[inline(never)]
    pub(crate) fn on(self, kind: fn() -> ListenerKind, callback: Callback<Event>) -> El {
        self.hear(Rc::new(On { kind, callback }))
    }

    /// A way to it.
    #[inline(never)]
    pub(crate) fn host(mut self, node: &NodeRef) -> El {
        self.0.tag.node_ref = node.clone();
        self
    }

    /// Fixed words inside.
    #[inline(never)]
    pub(crate) fn say(self, text: &'static str) -> El {
        self.add(VNode::VText(VText::new(text)))
    }

    /// Words inside.
    #[inline(never)]
    pub(crate) fn text(self, text: String) -> El {
        self.add(VNode::VText(VText::new(text)))
    }

    /// An element inside.
    #[inline(never)]
    pub(crate) fn with(self, child: El) -> El {
        self.add(child.html())
    }

    /// Anything inside.
    #[inline(never)]
    pub(crate) fn add(mut self, child: Html) -> El {
        self.0.inside.push(child);
        self
    }

    /// An element inside, if there is one; if not, its place stays free, and those behind it keep
    /// theirs.
    #[inline(never)]
    pub(crate) fn maybe(self, child: Option<El>) -> El {
        self.add(child.map(El::html).unwrap_or_default())
    }

    /// Many inside.
    #[inline(never)]
    pub(crate) fn all(mut self, children: Vec<Html>) -> El {
        self.0.inside.extend(children);
        self
    }

    /// The element.
    #[inline(never)]
    pub(crate) fn html(self) -> Html {
        let Making { mut tag, mut attributes, inside } = *self.0;
        if !attributes.is_empty() {
            if let Attributes::Dynamic { keys, values } = &mut tag.attributes {
                for (name, value) in keys.iter().zip(values) {
                    attributes.extend(value.take().map(|value| (AttrValue::Static(name), value)));
                }
            }
            tag.attributes = Attributes::IndexMap(Rc::new(attributes.into_iter().collect()));
        }
        if let Some(place) = tag.children_mut() {
            *place = list(inside);
        }
        VNode::VTag(Rc::new(tag))
    }
}
