//! Components without their types: to Yew there is one, and it draws whatever part it is given.
//!
//! Yew compiles its whole life cycle anew for each type of component, some three kilobytes of the
//! program each. Parts are written as ever, with `#[component]`; only where one is used,
//! `part::<Legend>(legend::Props { open })` stands for `<Legend {open} />`.

use std::any::{Any, type_name};
use std::rc::Rc;

use yew::functional::{FunctionProvider, Hook, HookContext};
use yew::html::HtmlResult;
use yew::prelude::*;
use yew::virtual_dom::{Key, VComp};

/// A function that draws, with what it is to draw.
trait Part: Any {
    /// Whether `other` is of the same kind and would be drawn from equal properties.
    fn same(&self, other: &dyn Any) -> bool;
    fn draw(&self, ctx: &mut HookContext) -> HtmlResult;
}

struct Of<F: FunctionProvider>(F::Properties);

impl<F: FunctionProvider + 'static> Part for Of<F> {
    fn same(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<Self>().is_some_and(|other| self.0 == other.0)
    }

    fn draw(&self, ctx: &mut HookContext) -> HtmlResult {
        F::run(ctx, &self.0)
    }
}

#[derive(Properties)]
struct Props {
    part: Rc<dyn Part>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Props) -> bool {
        let other: &dyn Any = &*other.part;
        self.part.same(other)
    }
}

/// The one component.
#[component(Whole)]
fn whole(props: &Props) -> HtmlResult {
    use_part(&*props.part)
}

/// A part as a hook: the hooks that it uses are those of the component.
struct UsePart<'a>(&'a dyn Part);

impl Hook for UsePart<'_> {
    type Output = HtmlResult;

    fn run(self, ctx: &mut HookContext) -> HtmlResult {
        self.0.draw(ctx)
    }
}

fn use_part(part: &dyn Part) -> UsePart<'_> {
    UsePart(part)
}

/// A part that stands by itself. Its kind is its key: hooks of one kind never meet those of another
/// that comes to stand in the same place.
pub(crate) fn part<F: FunctionProvider + 'static>(props: F::Properties) -> Html {
    node(type_name::<F>().into(), Rc::new(Of::<F>(props)))
}

/// One part of many of its kind, and none of another, known by its key.
pub(crate) fn part_of_many<F: FunctionProvider + 'static>(
    key: impl Into<Key>,
    props: F::Properties,
) -> Html {
    node(key.into(), Rc::new(Of::<F>(props)))
}

#[inline(never)]
fn node(key: Key, part: Rc<dyn Part>) -> Html {
    VComp::new::<Whole>(Rc::new(Props { part }), Some(key)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Properties, PartialEq)]
    struct Word {
        word: &'static str,
    }

    #[component(One)]
    fn one(word: &Word) -> Html {
        word.word.into()
    }

    #[component(Other)]
    fn other(word: &Word) -> Html {
        word.word.into()
    }

    fn of<F: FunctionProvider<Properties = Word> + 'static>(word: &'static str) -> Props {
        Props { part: Rc::new(Of::<F>(Word { word })) }
    }

    #[test]
    fn parts_are_equal_by_kind_and_properties() {
        assert!(of::<One>("a") == of::<One>("a"));
        assert!(of::<One>("a") != of::<One>("b"));
        assert!(of::<One>("a") != of::<Other>("a"));
    }
}
