//! What only one panel shows is read from the session while that panel is open, and not otherwise.

use std::fmt;
use std::rc::Rc;

use lab::session::Session;
use yew::prelude::*;

use super::Ask;

/// A look into the session.
#[derive(Clone)]
pub(crate) struct Look(Rc<dyn Fn(&Session)>);

impl Look {
    /// Reads something and tells it.
    pub(crate) fn new<T: 'static>(
        read: impl Fn(&Session) -> T + 'static,
        tell: impl Fn(T) + 'static,
    ) -> Look {
        Look(Rc::new(move |session| tell(read(session))))
    }

    /// Looks.
    pub(crate) fn at(&self, session: &Session) {
        (self.0)(session);
    }
}

impl PartialEq for Look {
    fn eq(&self, other: &Look) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look")
    }
}

/// What `read` finds in the session, read anew whenever `about` changes.
#[hook]
pub(crate) fn use_look<A, T>(
    on_ask: &Callback<Ask>,
    about: A,
    read: fn(&Session, &A) -> T,
) -> UseStateHandle<Option<Rc<T>>>
where
    A: PartialEq + Clone + 'static,
    T: PartialEq + 'static,
{
    let found = use_state_eq(|| None::<Rc<T>>);
    let (state, on_ask) = (found.clone(), on_ask.clone());
    use_effect_with(about, move |about| {
        let about = about.clone();
        let tell = move |seen| state.set(Some(Rc::new(seen)));
        on_ask.emit(Ask::Look(Look::new(move |session| read(session, &about), tell)));
    });
    found
}
