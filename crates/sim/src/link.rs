//! A directed link between two nodes: how long messages fly, and which of them get through.

use member::Micros;
use member::raft_core::NodeId;
use serde::{Deserialize, Serialize};

use crate::rng::{Purpose, Stream};
use crate::settings::Settings;

/// A directed link. Both directions between two nodes are links of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Where messages come from.
    pub from: NodeId,
    /// Where they go.
    pub to: NodeId,
    /// Cut: what is sent is lost at once.
    pub cut: bool,
    /// Clogged: nothing arrives; all of it does after the link is unclogged.
    pub clogged: bool,
    /// How long a message flies at least.
    pub latency: Micros,
    /// Up to how much longer it flies, at random.
    pub jitter: Micros,
    /// Of a million messages, how many die on their way.
    pub loss_ppm: u32,
    /// Of a million messages, how many arrive twice.
    pub duplicate_ppm: u32,
    jitter_stream: Stream,
    loss_stream: Stream,
    duplicate_stream: Stream,
}

/// What is done to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkChange {
    /// Loses what is in flight, and what is sent from now on.
    Cut,
    /// Ends a cut and a clog. Loss, latency and duplication stay.
    Heal,
    /// Keeps everything on its way.
    Clog,
    /// Lets it arrive.
    Unclog,
    /// Loses so many of a million messages.
    Loss(u32),
    /// Takes so long. Messages in flight keep theirs.
    Latency(Micros),
    /// Takes up to so much longer, at random.
    Jitter(Micros),
    /// Delivers so many of a million messages twice.
    Duplicate(u32),
}

/// What becomes of a message that is sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It is lost at once.
    None,
    /// It dies on its way.
    DiesAt { at: Micros, arrival: Micros },
    /// It arrives at this time.
    ArrivesAt(Micros),
}

impl Link {
    pub(crate) fn new(settings: &Settings, from: NodeId, to: NodeId) -> Link {
        Link {
            from,
            to,
            cut: false,
            clogged: false,
            latency: settings.latency,
            jitter: settings.jitter,
            loss_ppm: settings.loss_ppm,
            duplicate_ppm: 0,
            jitter_stream: Stream::new(settings.seed, Purpose::Jitter(from, to)),
            loss_stream: Stream::new(settings.seed, Purpose::Loss(from, to)),
            duplicate_stream: Stream::new(settings.seed, Purpose::Duplicate(from, to)),
        }
    }

    /// Whether messages get through at all: it is neither cut nor clogged.
    pub fn is_open(&self) -> bool {
        !self.cut && !self.clogged
    }

    /// Draws what becomes of a message that is sent now.
    pub(crate) fn send(&mut self, now: Micros) -> Passage {
        if self.cut {
            return Passage::None;
        }
        let flight = self.latency.0 + self.jitter_stream.micros_up_to(self.jitter.0);
        if self.loss_stream.happens(self.loss_ppm) {
            // It dies somewhere between a quarter and three quarters of its way, where it is seen.
            let died = flight / 4 + self.loss_stream.micros_up_to(flight / 2);
            return Passage::DiesAt { at: Micros(now.0 + died), arrival: Micros(now.0 + flight) };
        }
        Passage::ArrivesAt(Micros(now.0 + flight))
    }

    /// Draws whether a message that is sent now and arrives arrives twice, and when again.
    pub(crate) fn duplicate(&mut self, now: Micros) -> Option<Micros> {
        if !self.duplicate_stream.happens(self.duplicate_ppm) {
            return None;
        }
        let spread = (self.latency.0 + self.jitter.0).max(1);
        let flight = self.latency.0 + self.duplicate_stream.micros_up_to(spread);
        Some(Micros(now.0 + flight))
    }
}
