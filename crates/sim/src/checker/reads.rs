//! What clients were told: answers that are asked for later are not older.

use member::kv_core::Revision;
use serde::{Deserialize, Serialize};

use super::{Property, Verdict, broken};
use crate::client::CallId;
use crate::trace::{Event, EventKind};

/// The newest revision that any client was told, and what it was when each call under way began.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Reads {
    newest: Revision,
    /// In the order in which they began.
    under_way: Vec<(CallId, Revision)>,
}

impl Reads {
    /// A linearizable read sees every write that was acknowledged before the read was asked
    /// (Raft §8, thesis §6.4): the store's revision, which every answer carries, does not go back
    /// from an answer to one that was asked for after it.
    pub(super) fn check(&mut self, event: &Event) -> Verdict {
        let Some(call) = event.call else { return Ok(()) };
        if event.kind == EventKind::Call {
            self.under_way.push((call, self.newest));
        }
        if event.kind != EventKind::Return {
            return Ok(());
        }
        let place = self.under_way.iter().position(|(begun, _)| *begun == call);
        let Some(place) = place else { return Ok(()) };
        let (_, least) = self.under_way.remove(place);
        let Some(revision) = event.revision else { return Ok(()) };
        if revision < least {
            let text = format!(
                "call {call} was answered from revision {revision}, though a client had been told \
                 of revision {least} before it was asked"
            );
            return broken(Property::ReadSeesWrites, &[], None, None, text);
        }
        self.newest = self.newest.max(revision);
        Ok(())
    }
}
