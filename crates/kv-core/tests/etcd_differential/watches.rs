//! Some watches, on streams of ours and of etcd's.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use kv_core::{
    Bytes, Event, EventKind, PutRequest, RangeRequest, Revision, Store, WatchId, WatchRequest,
    WatchResponse, WatchStream,
};
use serde_json::Value;

use crate::common::{self, Draw, Op};
use crate::server::Server;
use crate::{Step, Tally, json, step};

/// The key that is written when all others are to be told: none of [`common::KEYS`].
const LAST: &str = "~last";
/// The watcher of that key.
const LAST_ID: WatchId = WatchId(99);
/// How long etcd may take to tell.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a watcher was told.
#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    events: Vec<Event>,
    /// Where a compaction ended it.
    compacted: Option<Revision>,
}

/// Some watches, each on a stream of its own.
pub(crate) struct Watches(Vec<Stream>);

impl Watches {
    /// Begins a few on both.
    pub(crate) fn begin(draw: &mut Draw, server: &Server, store: &Store) -> Watches {
        let mut requests: Vec<WatchRequest> =
            (0..1 + draw.below(6)).map(|_| common::watch(draw, store.revision().0)).collect();
        if draw.one_in(3) {
            let RangeRequest { key, range_end, .. } = RangeRequest::all();
            // Below 0, etcd 3.5.1 skips what happens until it sees to the watcher.
            let start_revision = store.compact_revision().max(Revision(1));
            let all = WatchRequest { key, range_end, start_revision, ..WatchRequest::default() };
            requests.push(all);
        }
        if draw.one_in(20) {
            requests.push(WatchRequest { watch_id: LAST_ID, ..requests[0].clone() });
        }
        Watches(requests.into_iter().map(|it| Stream::begin(it, server, store)).collect())
    }

    /// Asks ours for what is new.
    pub(crate) fn poll(&mut self, store: &Store) {
        self.0.iter_mut().for_each(|stream| stream.poll(store));
    }

    /// Waits until etcd has told all it has to tell. False if it was too slow to be asked.
    pub(crate) fn drain(&mut self, server: &Server, store: &mut Store, place: &str) -> bool {
        let last = Op::Put(PutRequest::new(LAST, ""));
        if matches!(step(server, store, &last, place), Step::TooSlow) {
            return false;
        }
        self.poll(store);
        self.0.iter_mut().for_each(|stream| stream.drain(place));
        true
    }

    /// Compares what was told.
    pub(crate) fn end(self, tally: &mut Tally, place: &str) {
        self.0.into_iter().for_each(|stream| stream.end(tally, place));
    }
}

/// A watch, and beside it one of the key that is written last, so that nothing more is to come
/// after it.
struct Stream {
    ours: WatchStream,
    theirs: Receiver<Value>,
    told_by_us: BTreeMap<WatchId, Told>,
    told_by_etcd: BTreeMap<WatchId, Told>,
    /// Changes at this revision may or may not be told to those who began there.
    compacted: Revision,
    began: BTreeMap<WatchId, Revision>,
    /// Whether the answer before to a watcher was a piece of a whole.
    torn: BTreeMap<WatchId, bool>,
}

impl Stream {
    fn begin(request: WatchRequest, server: &Server, store: &Store) -> Stream {
        let last = WatchRequest { watch_id: LAST_ID, key: LAST.into(), ..WatchRequest::default() };
        let requests = [last, request];
        // Once it has begun to answer, etcd's gateway hears no more than what it has read by then.
        let body: String = requests.iter().map(|it| json::watch(it).to_string()).collect();
        assert!(body.len() < 512, "{body}");
        let mut stream = Stream {
            ours: WatchStream::new(),
            theirs: server.stream("watch", body),
            told_by_us: BTreeMap::new(),
            told_by_etcd: BTreeMap::new(),
            compacted: store.compact_revision(),
            began: BTreeMap::new(),
            torn: BTreeMap::new(),
        };
        let created = requests.each_ref().map(|request| stream.ours.create(request, store));
        let began = stream.ours.watchers().map(|(id, watcher)| (id, watcher.next()));
        stream.began = began.collect();
        let mut answers = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while answers.len() < requests.len() && Instant::now() < deadline {
            answers.extend(stream.receive());
        }
        assert_eq!(created[..], answers, "ours on the left: {requests:#?}");
        stream.poll(store);
        stream
    }

    fn poll(&mut self, store: &Store) {
        for answer in self.ours.poll(store, u64::MAX) {
            let told = self.told_by_us.entry(answer.watch_id).or_default();
            note(told, answer);
        }
    }

    fn drain(&mut self, place: &str) {
        // Who is behind is seen to every 100 ms.
        let deadline = Instant::now() + PATIENCE;
        while !self.is_equal() {
            assert!(self.receive().is_none(), "an answer to no request, {place}");
            if Instant::now() > deadline {
                assert_eq!(self.level(&self.told_by_us), self.level(&self.told_by_etcd), "{place}");
            }
        }
    }

    fn end(mut self, tally: &mut Tally, place: &str) {
        // What was sent before the last key is there by now; so is, nearly always, what is wrong.
        while let Ok(json) = self.theirs.try_recv() {
            self.take(&json);
        }
        let (ours, theirs) = (self.level(&self.told_by_us), self.level(&self.told_by_etcd));
        assert_eq!(ours, theirs, "ours on the left, {place}");
        tally.watches += 1;
        for told in ours.values() {
            tally.events += told.events.len() as u64;
            tally.cancelled += u64::from(told.compacted.is_some());
        }
    }

    /// Takes one answer of etcd's; what comes back is an answer to a request.
    fn receive(&mut self) -> Option<WatchResponse> {
        // A watcher that has nothing to tell is silent: no answer is no failure here.
        let json = self.theirs.recv_timeout(Duration::from_millis(200)).ok();
        json.and_then(|json| self.take(&json))
    }

    fn take(&mut self, json: &Value) -> Option<WatchResponse> {
        let answer = json::watch_response(json);
        if answer.created {
            return Some(answer);
        }
        let told = self.told_by_etcd.entry(answer.watch_id).or_default();
        let torn = self.torn.insert(answer.watch_id, answer.fragment).unwrap_or(false);
        if let (Some(last), Some(first)) = (told.events.last(), answer.events.first()) {
            let (last, first) = (last.kv.mod_revision, first.kv.mod_revision);
            assert!(last < first || torn, "etcd itself tears a revision: {json}");
        }
        if let Some(last) = answer.events.last() {
            assert!(last.kv.mod_revision <= answer.revision, "from the future: {json}");
        } else {
            // What etcd says of a watcher that is gone is compared whole.
            let gone = WatchResponse {
                watch_id: answer.watch_id,
                canceled: true,
                compact_revision: answer.compact_revision,
                ..WatchResponse::default()
            };
            assert_eq!(answer, gone);
        }
        note(told, answer);
        None
    }

    fn is_equal(&self) -> bool {
        self.level(&self.told_by_us) == self.level(&self.told_by_etcd)
    }

    /// What was told, without what compaction was about to take when a watcher began.
    fn level(&self, told: &BTreeMap<WatchId, Told>) -> BTreeMap<WatchId, Told> {
        let mut told = told.clone();
        for (id, told) in &mut told {
            if self.began.get(id) == Some(&self.compacted) {
                let is_there = |event: &&Event| event.kv.mod_revision == self.compacted;
                // Ours are whole: they say which keys are concerned.
                let whole = self.told_by_us.get(id).into_iter().flat_map(|it| &it.events);
                let deleted = whole.filter(|it| it.kind == EventKind::Delete).filter(is_there);
                let deleted: Vec<&Bytes> = deleted.map(|event| &event.kv.key).collect();
                told.events.retain(|it| !is_there(&it) || !deleted.contains(&&it.kv.key));
            }
        }
        told.retain(|id, told| *told != Told::default() && !self.is_overtaken(*id));
        told
    }

    /// Whether a compaction came before etcd had seen to a watcher that begins in the past, which
    /// it does every 100 ms; ours had, and found nothing to tell.
    fn is_overtaken(&self, id: WatchId) -> bool {
        let began = self.began.get(&id).copied();
        let [ours, theirs] = [&self.told_by_us, &self.told_by_etcd].map(|told| told.get(&id));
        let goes_on = ours.is_none_or(|told| told.compacted.is_none());
        let is_gone = |told: &Told| told.events.is_empty() && began < told.compacted;
        goes_on && theirs.is_some_and(is_gone)
    }
}

fn note(told: &mut Told, answer: WatchResponse) {
    told.events.extend(answer.events);
    if answer.canceled {
        told.compacted = Some(answer.compact_revision);
    }
}
