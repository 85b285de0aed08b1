//! What only one panel shows is read from the session while that panel is open, and not otherwise.

use std::fmt;
use std::rc::Rc;

use lab::dials::SettingsView;
use lab::inspect::NodeDetail;
use lab::session::Session;
use lab::view::{LogsView, RequestView, StageView, StoreView};
use yew::prelude::*;

use super::Ask;
use crate::state::{UseStateHandle, use_effect_with, use_state_eq};

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

/// What a panel wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Nothing now.
    Nothing,
    /// The store of a node, or of any.
    Store(Option<u8>),
    /// So many columns of the logs from an index on, or the newest.
    Logs(Option<u64>, u64),
    /// So many requests, maybe only those whose clients know no answer.
    Requests(usize, bool),
    /// A node from inside.
    Node(u8),
    /// The settings.
    Settings,
}

/// What it sees.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing yet.
    Nothing,
    /// A store, if its node has one.
    Store(Option<StoreView>),
    /// Logs.
    Logs(LogsView),
    /// Requests.
    Requests(Vec<RequestView>),
    /// A node, if there is one.
    Node(Option<NodeDetail>),
    /// Settings.
    Settings(Rc<SettingsView>),
}

fn see(session: &Session, question: Question) -> Seen {
    match question {
        Question::Nothing => Seen::Nothing,
        Question::Store(node) => Seen::Store(session.store(node)),
        Question::Logs(from, columns) => Seen::Logs(session.logs(from, columns)),
        Question::Requests(most, unknown) => Seen::Requests(session.requests(most, unknown)),
        // A node of a larger cluster than this may have been looked at.
        Question::Node(id) => Seen::Node(session.inspect(id).or_else(|| session.inspect(1))),
        Question::Settings => Seen::Settings(Rc::new(session.settings())),
    }
}

/// What the session answers, asked anew whenever the stage or the question changes.
#[hook]
pub(crate) fn use_look(
    on_ask: &Callback<Ask>,
    stage: &Rc<StageView>,
    question: Question,
) -> UseStateHandle<Seen> {
    let seen = use_state_eq(|| Seen::Nothing);
    let (state, on_ask) = (seen.clone(), on_ask.clone());
    use_effect_with((stage.clone(), question), move |&(_, question)| {
        let tell = move |seen| state.set(seen);
        on_ask.emit(Ask::Look(Look::new(move |session| see(session, question), tell)));
    });
    seen
}
