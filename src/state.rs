//! Yew's hooks for state and effects, without the types of what is held.
//!
//! They are called and work as Yew's do, but for two things: a handle shows the state as it was
//! when its component was drawn, and an effect leaves nothing to be undone. Yew compiles its own
//! anew for each type; the state here is an `Rc<dyn Any>` to all that need not know.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use yew::functional::UseForceUpdateHandle;
use yew::{NodeRef, hook, use_effect, use_force_update, use_mut_ref};

type Held = Rc<RefCell<Option<Rc<dyn Any>>>>;

/// A state as it was drawn, and the way to another.
pub(crate) struct UseStateHandle<T> {
    drawn: Rc<T>,
    held: Held,
    redraw: UseForceUpdateHandle,
    /// Whether a state is as good as another, so that nothing is drawn anew.
    same: Option<fn(&T, &T) -> bool>,
}

impl<T: 'static> UseStateHandle<T> {
    /// Changes the state, and has the component drawn anew.
    pub(crate) fn set(&self, value: T) {
        if let Some(same) = self.same
            && now(&self.held).is_some_and(|now| same(&now, &value))
        {
            return;
        }
        self.put(Rc::new(value));
    }

    fn put(&self, value: Rc<dyn Any>) {
        put(&self.held, value);
        self.redraw.force_update();
    }
}

#[inline(never)]
fn put(held: &Held, value: Rc<dyn Any>) {
    // What was held is dropped after the borrow.
    let _before = held.replace(Some(value));
}

fn now<T: 'static>(held: &Held) -> Option<Rc<T>> {
    held.borrow().clone()?.downcast().ok()
}

impl<T> Clone for UseStateHandle<T> {
    fn clone(&self) -> Self {
        let UseStateHandle { drawn, held, redraw, same } = self;
        let (drawn, held, redraw) = (drawn.clone(), held.clone(), redraw.clone());
        UseStateHandle { drawn, held, redraw, same: *same }
    }
}

impl<T> Deref for UseStateHandle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.drawn
    }
}

#[hook]
fn use_held() -> (Held, UseForceUpdateHandle) {
    (use_mut_ref(|| None), use_force_update())
}

fn handle<T: 'static>(
    (held, redraw): (Held, UseForceUpdateHandle),
    first: impl FnOnce() -> T,
    same: Option<fn(&T, &T) -> bool>,
) -> UseStateHandle<T> {
    let drawn = now(&held).unwrap_or_else(|| {
        let first = Rc::new(first());
        put(&held, first.clone());
        first
    });
    UseStateHandle { drawn, held, redraw, same }
}

/// A state of the component; whenever it is set, the component is drawn anew.
#[hook]
pub(crate) fn use_state<T: 'static, F: FnOnce() -> T>(first: F) -> UseStateHandle<T> {
    let held = use_held();
    handle(held, first, None)
}

/// A state of the component; when it is set to another, the component is drawn anew.
#[hook]
pub(crate) fn use_state_eq<T: PartialEq + 'static, F: FnOnce() -> T>(
    first: F,
) -> UseStateHandle<T> {
    let held = use_held();
    handle(held, first, Some(T::eq))
}

/// The element that is drawn with it, for what needs the element itself.
#[hook]
pub(crate) fn use_node_ref() -> NodeRef {
    use_mut_ref(NodeRef::default).borrow().clone()
}

/// What an effect has run for, and what it is to do next.
#[derive(Default)]
struct Effect {
    seen: Option<Rc<dyn Any>>,
    next: Option<Next>,
}

type Next = (Rc<dyn Any>, Box<dyn FnOnce()>);

#[hook]
fn use_effects() -> Rc<RefCell<Effect>> {
    let effect = use_mut_ref(Effect::default);
    let drawn = effect.clone();
    use_effect(move || {
        let next = drawn.borrow_mut().next.take();
        if let Some((seen, run)) = next {
            drawn.borrow_mut().seen = Some(seen);
            run();
        }
    });
    effect
}

/// Runs after the component was drawn, if `about` is not what it was the last time.
#[hook]
pub(crate) fn use_effect_with<A, F>(about: A, run: F)
where
    A: PartialEq + 'static,
    F: FnOnce(&A) + 'static,
{
    let effect = use_effects();
    let mut effect = effect.borrow_mut();
    let seen = effect.seen.as_ref().and_then(|seen| seen.downcast_ref::<A>());
    effect.next = (seen != Some(&about)).then(|| {
        let about = Rc::new(about);
        let next: Next = (about.clone(), Box::new(move || run(&about)));
        next
    });
}
