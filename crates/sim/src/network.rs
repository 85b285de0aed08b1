//! All links, and the messages in flight on them.

use member::Micros;
use member::raft_core::{Body, Delivery, Message, NodeId};
use serde::{Deserialize, Serialize};

use crate::link::{Link, Passage};
use crate::queue::{Queue, What};
use crate::settings::Settings;
use crate::trace::{Event, MessageId, Sent, Seq};

/// What becomes of a message in flight, if nobody interferes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It arrives at [`Flight::ends_at`].
    Arrives,
    /// It dies on its way, at [`Flight::ends_at`]; until then it flies as one that would arrive at
    /// `arrival`, so that a picture can show where it dies.
    Lost {
        /// When it would have arrived.
        arrival: Micros,
    },
}

/// A message in flight.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flight {
    /// Its number.
    pub id: MessageId,
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// What is sent.
    pub message: Message,
    /// When it was sent.
    pub sent_at: Micros,
    /// When it arrives or dies. In the past while it waits at a clogged link's end or at a paused
    /// node.
    pub ends_at: Micros,
    /// What becomes of it.
    pub fate: Fate,
    /// The event that sent it.
    pub cause: Seq,
    token: u32,
}

impl Flight {
    /// When it arrives, or would if it were not lost.
    pub fn arrives_at(&self) -> Micros {
        match self.fate {
            Fate::Arrives => self.ends_at,
            Fate::Lost { arrival } => arrival,
        }
    }

    /// Whether it will be lost.
    pub fn is_lost(&self) -> bool {
        self.fate != Fate::Arrives
    }
}

/// All links, and the messages in flight. Flights live in slots that are used again, so that the
/// queue can point at them and nothing is searched or allocated for one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Network {
    nodes: u8,
    links: Vec<Link>,
    slots: Vec<Option<Flight>>,
    free: Vec<u32>,
    sent: u64,
    token: u32,
}

impl Network {
    pub(crate) fn new(settings: &Settings) -> Network {
        let mut links = Vec::new();
        for from in settings.node_ids() {
            links.extend(settings.node_ids().map(|to| Link::new(settings, from, to)));
        }
        let nodes = settings.nodes;
        Network { nodes, links, slots: Vec::new(), free: Vec::new(), sent: 0, token: 0 }
    }

    /// Gives one more node its links.
    pub(crate) fn grow(&mut self, settings: &Settings) {
        let new = NodeId(self.nodes + 1);
        let mut old = std::mem::take(&mut self.links).into_iter();
        for from in (1..=new.0).map(NodeId) {
            let known = if from < new { self.nodes } else { 0 };
            self.links.extend(old.by_ref().take(usize::from(known)));
            let others = (known + 1..=new.0).map(NodeId);
            self.links.extend(others.map(|to| Link::new(settings, from, to)));
        }
        self.nodes = new.0;
    }

    fn place(&self, from: NodeId, to: NodeId) -> usize {
        let inside = 1..=self.nodes;
        assert!(inside.contains(&from.0) && inside.contains(&to.0), "no link {from} -> {to}");
        usize::from(from.0 - 1) * usize::from(self.nodes) + usize::from(to.0 - 1)
    }

    pub(crate) fn link(&self, from: NodeId, to: NodeId) -> &Link {
        &self.links[self.place(from, to)]
    }

    pub(crate) fn link_mut(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        let place = self.place(from, to);
        &mut self.links[place]
    }

    /// All links between two different nodes.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(|link| link.from != link.to)
    }

    pub(crate) fn links_mut(&mut self) -> impl Iterator<Item = &mut Link> {
        self.links.iter_mut().filter(|link| link.from != link.to)
    }

    pub(crate) fn flights(&self) -> impl Iterator<Item = &Flight> {
        self.slots.iter().flatten()
    }

    /// The flight that a queue item means; none if it is stale.
    pub(crate) fn flight(&self, slot: u32, token: u32) -> Option<&Flight> {
        self.slots.get(slot as usize)?.as_ref().filter(|flight| flight.token == token)
    }

    /// Takes a flight out of the air.
    pub(crate) fn take(&mut self, slot: u32) -> Flight {
        self.free.push(slot);
        self.slots[slot as usize].take().expect("only slots of valid items are taken")
    }

    /// Sends a message now; `event` is what sends it.
    pub(crate) fn send(&mut self, queue: &mut Queue, event: &mut Event, message: Message) {
        let now = event.at;
        let (from, to) = (message.from, message.to);
        let id = self.next_id();
        event.sent.push(Sent::of(id, &message));
        let link = self.link_mut(from, to);
        let (ends_at, fate) = match link.send(now) {
            Passage::None => {
                event.dropped.push(id);
                self.report(queue, event, &message, Delivery::Failed);
                return;
            }
            Passage::ArrivesAt(at) => (at, Fate::Arrives),
            Passage::DiesAt { at, arrival } => (at, Fate::Lost { arrival }),
        };
        let again = match fate {
            Fate::Arrives => link.duplicate(now),
            Fate::Lost { .. } => None,
        };
        let cause = event.seq;
        let flight = Flight { id, from, to, message, sent_at: now, ends_at, fate, cause, token: 0 };
        if let Some(ends_at) = again {
            let copy = Flight { ends_at, ..flight.clone() };
            self.copy(queue, event, copy);
        }
        self.fly(queue, flight);
    }

    /// Lets the network itself send a copy of a message, under an id of its own.
    pub(crate) fn copy(&mut self, queue: &mut Queue, event: &mut Event, original: Flight) {
        let id = self.next_id();
        let sent = Sent::of(id, &original.message);
        event.sent.push(Sent { copy_of: Some(original.id), ..sent });
        self.fly(queue, Flight { id, ..original });
    }

    /// Finds a flight by its id.
    pub(crate) fn find(&self, id: MessageId) -> Option<(u32, &Flight)> {
        let mut flights = self.slots.iter().enumerate();
        flights.find_map(|(slot, flight)| {
            flight.as_ref().filter(|flight| flight.id == id).map(|flight| (slot as u32, flight))
        })
    }

    /// Makes a flight end at another time.
    pub(crate) fn reschedule(&mut self, queue: &mut Queue, slot: u32, ends_at: Micros) {
        let token = self.next_token();
        if let Some(flight) = &mut self.slots[slot as usize] {
            flight.ends_at = ends_at;
            flight.token = token;
            let cause = flight.cause;
            queue.schedule(ends_at, What::Arrive { slot, token }, Some(cause));
        }
    }

    /// Loses what is in flight from one node to another; what has arrived at a paused node and
    /// waits there is past the link already.
    pub(crate) fn lose_flights(
        &mut self,
        queue: &mut Queue,
        event: &mut Event,
        from: NodeId,
        to: NodeId,
    ) {
        let clogged = self.link(from, to).clogged;
        for slot in 0..self.slots.len() as u32 {
            let on_link = self.slots[slot as usize].as_ref().is_some_and(|flight| {
                let on_its_way = clogged || flight.ends_at > event.at;
                flight.from == from && flight.to == to && on_its_way
            });
            if on_link {
                let flight = self.take(slot);
                event.dropped.push(flight.id);
                self.report(queue, event, &flight.message, Delivery::Failed);
            }
        }
        event.dropped.sort_unstable();
    }

    /// The sender of a snapshot hears a little later what became of it: it goes over a connection
    /// of its own, as in etcd, and a leader that heard nothing would wait for ever.
    pub(crate) fn report(
        &self,
        queue: &mut Queue,
        event: &Event,
        message: &Message,
        delivery: Delivery,
    ) {
        let Message { from, to, body: Body::InstallSnapshot { .. }, .. } = *message else { return };
        let at = Micros(event.at.0 + self.link(to, from).latency.0);
        let what = match delivery {
            Delivery::Delivered => What::SnapshotArrived { from, to },
            Delivery::Failed => What::SnapshotLost { from, to },
        };
        queue.schedule(at, what, Some(event.seq));
    }

    fn fly(&mut self, queue: &mut Queue, mut flight: Flight) {
        let token = self.next_token();
        flight.token = token;
        let (at, cause) = (flight.ends_at, flight.cause);
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(flight);
                slot
            }
            None => {
                self.slots.push(Some(flight));
                self.slots.len() as u32 - 1
            }
        };
        queue.schedule(at, What::Arrive { slot, token }, Some(cause));
    }

    fn next_id(&mut self) -> MessageId {
        self.sent += 1;
        MessageId(self.sent)
    }

    fn next_token(&mut self) -> u32 {
        self.token = self.token.wrapping_add(1);
        self.token
    }
}
