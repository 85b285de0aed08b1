//! Elements by calls instead of by `html!`.
//!
//! The macro writes some hundred bytes of program for every element; a page of panels is a page of
//! elements. Here an element is one text, its tag and its fixed attributes, and a call for each
//! thing that changes. Attributes are compared one by one when something is drawn anew, so what is
//! drawn in every frame stays with the macro.

use std::rc::Rc;

use yew::html::{onchange, onclick, oninput, onkeydown};
use yew::prelude::*;
use yew::virtual_dom::{Key, Listener, ListenerKind, VNode, VTag, VText};

/// Hears events of one kind, whatever kind that is.
struct On {
    kind: ListenerKind,
    callback: Callback<Event>,
}

impl Listener for On {
    fn kind(&self) -> ListenerKind {
        self.kind.clone()
    }

    fn handle(&self, event: Event) {
        self.callback.emit(event);
    }

    fn passive(&self) -> bool {
        false
    }
}

/// An element in the making.
pub(crate) struct El(Box<VTag>);

/// Begins an element: its tag, then its fixed attributes, as in `button|type=button|class=link`.
#[inline(never)]
pub(crate) fn el(spec: &'static str) -> El {
    let mut parts = spec.split('|');
    let mut tag = Box::new(VTag::new(parts.next().unwrap_or_default()));
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        tag.add_attribute(name, value);
    }
    El(tag)
}

impl El {
    /// An attribute.
    #[inline(never)]
    pub(crate) fn set(mut self, name: &'static str, value: String) -> El {
        self.0.add_attribute(name, value);
        self
    }

    /// An attribute whose value is one of some words.
    #[inline(never)]
    pub(crate) fn word(mut self, name: &'static str, value: &'static str) -> El {
        self.0.add_attribute(name, value);
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

    /// What tells it from its siblings.
    #[inline(never)]
    pub(crate) fn key(mut self, key: String) -> El {
        self.0.key = Some(Key::from(key));
        self
    }

    /// What happens on a click.
    #[inline(never)]
    pub(crate) fn click(mut self, callback: Callback<MouseEvent>) -> El {
        self.0.add_listener(Rc::new(onclick::Wrapper::new(callback)));
        self
    }

    /// What happens when a key goes down.
    #[inline(never)]
    pub(crate) fn keydown(mut self, callback: Callback<KeyboardEvent>) -> El {
        self.0.add_listener(Rc::new(onkeydown::Wrapper::new(callback)));
        self
    }

    /// What happens on any other event.
    #[inline(never)]
    pub(crate) fn on(mut self, kind: ListenerKind, callback: Callback<Event>) -> El {
        self.0.add_listener(Rc::new(On { kind, callback }));
        self
    }

    /// What happens when a field was changed.
    #[inline(never)]
    pub(crate) fn change(self, callback: Callback<Event>) -> El {
        self.listen(Rc::new(onchange::Wrapper::new(callback)))
    }

    /// What happens while something is typed or slid.
    #[inline(never)]
    pub(crate) fn input(self, callback: Callback<InputEvent>) -> El {
        self.listen(Rc::new(oninput::Wrapper::new(callback)))
    }

    /// Whatever hears something.
    #[inline(never)]
    pub(crate) fn listen(mut self, listener: Rc<dyn Listener>) -> El {
        self.0.add_listener(listener);
        self
    }

    /// What stands in a field.
    #[inline(never)]
    pub(crate) fn value(mut self, value: String) -> El {
        self.0.set_value(Some(value));
        self
    }

    /// Whether a field is ticked.
    #[inline(never)]
    pub(crate) fn checked(mut self, is: bool) -> El {
        self.0.set_checked(is);
        self
    }

    /// A way to it.
    #[inline(never)]
    pub(crate) fn host(mut self, node: &NodeRef) -> El {
        self.0.node_ref = node.clone();
        self
    }

    /// Fixed words inside.
    #[inline(never)]
    pub(crate) fn say(mut self, text: &'static str) -> El {
        self.0.add_child(VNode::VText(VText::new(text)));
        self
    }

    /// Words inside.
    #[inline(never)]
    pub(crate) fn text(mut self, text: String) -> El {
        self.0.add_child(VNode::VText(VText::new(text)));
        self
    }

    /// An element inside.
    #[inline(never)]
    pub(crate) fn with(mut self, child: El) -> El {
        self.0.add_child(child.html());
        self
    }

    /// An element inside, if there is one. Its place is kept: siblings before it stay what they are.
    #[inline(never)]
    pub(crate) fn may(self, child: Option<El>) -> El {
        self.add(child.map_or_else(Html::default, El::html))
    }

    /// Anything inside.
    #[inline(never)]
    pub(crate) fn add(mut self, child: Html) -> El {
        self.0.add_child(child);
        self
    }

    /// Many inside.
    #[inline(never)]
    pub(crate) fn all(mut self, children: Vec<Html>) -> El {
        self.0.add_children(children);
        self
    }

    /// The element.
    #[inline(never)]
    pub(crate) fn html(self) -> Html {
        VNode::VTag(Rc::new(*self.0))
    }
}

/// Some in the place of one.
#[inline(never)]
pub(crate) fn list(children: Vec<Html>) -> Html {
    children.into_iter().collect()
}
