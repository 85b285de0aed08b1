//! A model that is too simple to be wrong: a list of all changes ever made, replayed for every
//! question. It shares no code with the store.

use std::collections::BTreeMap;

use kv_core::{
    Bytes, Compare, CompareResult, CompareTarget, DeleteRangeRequest, DeleteRangeResponse, Error,
    Event, EventKind, KeyValue, LeaseGrantRequest, LeaseGrantResponse, LeaseId, PutRequest,
    PutResponse, RangeRequest, RangeResponse, RequestOp, ResponseOp, Revision, SortOrder,
    SortTarget, TxnRequest, TxnResponse, WatchRequest,
};

use crate::common::{Answer, Op, TTL_MIN};

pub(crate) type State = BTreeMap<Vec<u8>, KeyValue>;

/// All changes ever made, in order: what is left after the one of revision r is the state at r.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) changes: Vec<(i64, Change)>,
    pub(crate) revision: i64,
    pub(crate) compacted: i64,
    leases: BTreeMap<i64, i64>,
}

#[derive(Clone)]
pub(crate) enum Change {
    Put { key: Vec<u8>, value: Vec<u8>, lease: i64 },
    Delete { key: Vec<u8> },
}

impl Change {
    pub(crate) fn key(&self) -> &[u8] {
        match self {
            Change::Put { key, .. } | Change::Delete { key } => key,
        }
    }
}

impl Model {
    pub(crate) fn new() -> Model {
        Model { changes: Vec::new(), revision: 1, compacted: -1, leases: BTreeMap::new() }
    }

    pub(crate) fn apply(&mut self, op: &Op) -> Result<Answer, Error> {
        let main = self.revision + 1;
        Ok(match op {
            Op::Range(request) => Answer::Range(self.range(request, |model, at| model.at(at))?),
            Op::Put(request) => {
                check_put(request)?;
                if !self.has_lease(request.lease) {
                    return Err(Error::LeaseNotFound);
                }
                self.check_kept(request)?;
                Answer::Put(self.put(main, request))
            }
            Op::DeleteRange(request) => {
                check_key(&request.key)?;
                Answer::DeleteRange(self.delete_range(main, request))
            }
            Op::Txn(request) => Answer::Txn(self.txn(main, request)?),
            Op::Compact(Revision(at)) => {
                if *at <= self.compacted {
                    return Err(Error::Compacted);
                }
                if *at > self.revision {
                    return Err(Error::FutureRevision);
                }
                self.compacted = *at;
                Answer::Compact(Revision(self.revision))
            }
            Op::Grant(request) => Answer::Grant(self.grant(request)?),
            Op::Revoke(id) => {
                self.leases.remove(&id.0).ok_or(Error::LeaseNotFound)?;
                for kv in self.now().into_values().filter(|kv| kv.lease == *id) {
                    self.delete(main, &kv.key);
                }
                Answer::Revoke(Revision(self.revision))
            }
            Op::Attached(id) => {
                let keys = self.now().into_values().filter(|kv| kv.lease == *id);
                let keys = keys.map(|kv| kv.key).collect();
                Answer::Attached(self.leases.get(&id.0).map(|ttl| (*ttl, keys)))
            }
        })
    }

    /// The state at a revision.
    pub(crate) fn at(&self, revision: i64) -> State {
        self.after(self.changes.partition_point(|(main, _)| *main <= revision))
    }

    /// The state after so many changes.
    fn after(&self, count: usize) -> State {
        let mut state = State::new();
        for (main, change) in &self.changes[..count] {
            match change {
                Change::Delete { key } => drop(state.remove(key)),
                Change::Put { key, value, lease } => {
                    let old = state.get(key);
                    let kv = KeyValue {
                        key: Bytes::from(key.as_slice()),
                        value: Bytes::from(value.as_slice()),
                        create_revision: old.map_or(Revision(*main), |old| old.create_revision),
                        mod_revision: Revision(*main),
                        version: old.map_or(1, |old| old.version + 1),
                        lease: LeaseId(*lease),
                    };
                    state.insert(key.clone(), kv);
                }
            }
        }
        state
    }

    fn now(&self) -> State {
        self.at(self.revision)
    }

    fn has_lease(&self, id: LeaseId) -> bool {
        id == LeaseId::NONE || self.leases.contains_key(&id.0)
    }

    fn grant(&mut self, request: &LeaseGrantRequest) -> Result<LeaseGrantResponse, Error> {
        if request.ttl > 9_000_000_000 {
            return Err(Error::LeaseTtlTooLarge);
        }
        if self.leases.contains_key(&request.id.0) {
            return Err(Error::LeaseExists);
        }
        let ttl = request.ttl.max(TTL_MIN);
        self.leases.insert(request.id.0, ttl);
        Ok(LeaseGrantResponse { revision: Revision(self.revision), id: request.id, ttl })
    }

    fn check_kept(&self, request: &PutRequest) -> Result<(), Error> {
        let keeps = request.ignore_value || request.ignore_lease;
        let is_there = || self.now().contains_key(request.key.as_slice());
        if keeps && !is_there() { Err(Error::KeyNotFound) } else { Ok(()) }
    }

    fn put(&mut self, main: i64, request: &PutRequest) -> PutResponse {
        let key = request.key.as_slice().to_vec();
        let old = self.now().remove(&key);
        let kept = |keep: bool| old.as_ref().filter(|_| keep);
        let value = kept(request.ignore_value).map_or(&request.value, |old| &old.value);
        let lease = kept(request.ignore_lease).map_or(request.lease, |old| old.lease).0;
        self.revision = main;
        let value = value.as_slice().to_vec();
        self.changes.push((main, Change::Put { key, value, lease }));
        PutResponse { revision: Revision(main), prev_kv: old.filter(|_| request.prev_kv) }
    }

    fn delete(&mut self, main: i64, key: &Bytes) {
        self.revision = main;
        self.changes.push((main, Change::Delete { key: key.as_slice().to_vec() }));
    }

    fn delete_range(&mut self, main: i64, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let DeleteRangeRequest { key, range_end, prev_kv } = request;
        let mut doomed: Vec<KeyValue> =
            self.now().into_values().filter(|kv| holds(key, range_end, &kv.key)).collect();
        doomed.iter().for_each(|kv| self.delete(main, &kv.key));
        let deleted = doomed.len() as i64;
        if !prev_kv {
            doomed.clear();
        }
        DeleteRangeResponse { revision: Revision(self.revision), deleted, prev_kvs: doomed }
    }

    /// Answers a read; `state` gives the state at a revision.
    pub(crate) fn range(
        &self,
        request: &RangeRequest,
        state: impl FnOnce(&Model, i64) -> State,
    ) -> Result<RangeResponse, Error> {
        check_key(&request.key)?;
        if request.revision.0 > self.revision {
            return Err(Error::FutureRevision);
        }
        let at = if request.revision.0 <= 0 { self.revision } else { request.revision.0 };
        if at < self.compacted {
            return Err(Error::Compacted);
        }
        let is_in = |kv: &KeyValue| holds(&request.key, &request.range_end, &kv.key);
        let mut kvs: Vec<KeyValue> = state(self, at).into_values().filter(is_in).collect();
        let count = kvs.len() as i64;
        let bounds = [
            (request.min_mod_revision, request.max_mod_revision),
            (request.min_create_revision, request.max_create_revision),
        ];
        let unbounded = bounds == [(Revision(0), Revision(0)); 2];
        // Seen on etcd: without an order or a filter the limit comes before the sorting.
        if request.limit > 0 && unbounded && request.sort_order == SortOrder::None {
            kvs.truncate(request.limit as usize + 1);
        }
        kvs.retain(|kv| {
            [kv.mod_revision, kv.create_revision]
                .iter()
                .zip(bounds)
                .all(|(it, (low, high))| (low.0 == 0 || low <= *it) && (high.0 == 0 || *it <= high))
        });
        sort(&mut kvs, request);
        let more = request.limit > 0 && kvs.len() as i64 > request.limit;
        if more {
            kvs.truncate(request.limit as usize);
        }
        if request.keys_only {
            kvs.iter_mut().for_each(|kv| kv.value = Bytes::empty());
        }
        let (kvs, more) = if request.count_only { (Vec::new(), false) } else { (kvs, more) };
        Ok(RangeResponse { revision: Revision(self.revision), kvs, more, count })
    }

    fn txn(&mut self, main: i64, request: &TxnRequest) -> Result<TxnResponse, Error> {
        check_size(request, 128)?;
        for ops in [&request.success, &request.failure] {
            let mut changes = Vec::new();
            list_changes(ops, &mut Vec::new(), &mut changes);
            if changes.iter().enumerate().any(|(at, a)| changes[..at].iter().any(|b| clash(a, b))) {
                return Err(Error::DuplicateKey);
            }
        }
        let before = self.now();
        // Tried on a copy: what is refused changes nothing.
        let mut copy = self.clone();
        copy.check_chosen(request, &before)?;
        let answer = copy.carry_out(main, request, &before)?;
        *self = copy;
        Ok(TxnResponse { revision: Revision(self.revision), ..answer })
    }

    fn check_chosen(&self, request: &TxnRequest, before: &State) -> Result<(), Error> {
        let mut chosen = Vec::new();
        list_chosen(request, before, &mut chosen);
        for (place, op) in chosen.iter().enumerate() {
            if let RequestOp::Put(put) = op {
                self.check_kept(put)?;
                // Where etcd 3.5.1 would die in the middle.
                let is_deleted = chosen[..place].iter().any(|op| match op {
                    RequestOp::DeleteRange(it) => holds(&it.key, &it.range_end, &put.key),
                    _ => false,
                });
                if is_deleted && (put.ignore_value || put.ignore_lease) {
                    return Err(Error::KeyNotFound);
                }
                if !self.has_lease(put.lease) {
                    return Err(Error::LeaseNotFound);
                }
            }
        }
        for op in &chosen {
            if let RequestOp::Range(RangeRequest { revision: Revision(at), .. }) = op
                && *at != 0
            {
                if *at > self.revision {
                    return Err(Error::FutureRevision);
                }
                if *at < self.compacted {
                    return Err(Error::Compacted);
                }
            }
        }
        Ok(())
    }

    fn carry_out(
        &mut self,
        main: i64,
        request: &TxnRequest,
        before: &State,
    ) -> Result<TxnResponse, Error> {
        let succeeded = request.compare.iter().all(|compare| compare_holds(compare, before));
        let ops = if succeeded { &request.success } else { &request.failure };
        let mut responses = Vec::new();
        for op in ops {
            responses.push(match op {
                RequestOp::Range(request) => {
                    ResponseOp::Range(self.range(request, |model, at| model.at(at))?)
                }
                RequestOp::Put(request) => {
                    self.check_kept(request)?;
                    ResponseOp::Put(self.put(main, request))
                }
                RequestOp::DeleteRange(request) => {
                    ResponseOp::DeleteRange(self.delete_range(main, request))
                }
                RequestOp::Txn(request) => ResponseOp::Txn(self.carry_out(main, request, before)?),
            });
        }
        Ok(TxnResponse { revision: Revision(0), succeeded, responses })
    }

    /// All events from `from` on that a watch asks for, with the revision of each.
    pub(crate) fn events(&self, request: &WatchRequest, from: i64) -> Vec<Event> {
        let mut events = Vec::new();
        let first = if request.key.is_empty() { Bytes::from(b"\0") } else { request.key.clone() };
        let all = self.changes.iter().enumerate();
        for (place, (main, change)) in all.filter(|(_, (main, _))| *main >= from) {
            let key = Bytes::from(change.key());
            if !holds(&first, &request.range_end, &key) {
                continue;
            }
            let before = self.at(main - 1).remove(change.key());
            let (kind, kv, is_new) = match change {
                Change::Put { .. } => {
                    let kv = self.after(place + 1).remove(change.key()).expect("was put");
                    let is_new = kv.create_revision.0 == *main;
                    (EventKind::Put, kv, is_new)
                }
                Change::Delete { .. } => {
                    let zero = Revision(0);
                    let kv = KeyValue {
                        key,
                        value: Bytes::empty(),
                        create_revision: zero,
                        mod_revision: Revision(*main),
                        version: 0,
                        lease: LeaseId::NONE,
                    };
                    (EventKind::Delete, kv, false)
                }
            };
            if (kind == EventKind::Put && request.no_put)
                || (kind == EventKind::Delete && request.no_delete)
            {
                continue;
            }
            let asks = request.prev_kv && !is_new && *main > self.compacted;
            events.push(Event { kind, kv, prev_kv: before.filter(|_| asks) });
        }
        events
    }
}

pub(crate) fn holds(first: &Bytes, range_end: &Option<Bytes>, key: &Bytes) -> bool {
    match range_end.as_ref().map(Bytes::as_slice) {
        None | Some(b"") => key == first,
        Some(b"\0") => key >= first,
        Some(end) => key >= first && key.as_slice() < end,
    }
}

fn sort(kvs: &mut [KeyValue], request: &RangeRequest) {
    let descending = request.sort_order == SortOrder::Descend;
    match request.sort_target {
        SortTarget::Key if descending => kvs.reverse(),
        SortTarget::Key => {}
        SortTarget::Value if descending => {
            kvs.sort_by_key(|kv| std::cmp::Reverse(kv.value.clone()));
        }
        SortTarget::Value => kvs.sort_by_key(|kv| kv.value.clone()),
        SortTarget::Version | SortTarget::Create | SortTarget::Mod => kvs.sort_by_key(|kv| {
            let number = match request.sort_target {
                SortTarget::Version => kv.version,
                SortTarget::Create => kv.create_revision.0,
                SortTarget::Mod | SortTarget::Key | SortTarget::Value => kv.mod_revision.0,
            };
            if descending { -number } else { number }
        }),
    }
}

fn check_key(key: &Bytes) -> Result<(), Error> {
    if key.is_empty() { Err(Error::EmptyKey) } else { Ok(()) }
}

fn check_put(request: &PutRequest) -> Result<(), Error> {
    check_key(&request.key)?;
    match request {
        PutRequest { ignore_value: true, value, .. } if !value.is_empty() => {
            Err(Error::ValueProvided)
        }
        PutRequest { ignore_lease: true, lease, .. } if lease.0 != 0 => Err(Error::LeaseProvided),
        _ => Ok(()),
    }
}

fn check_size(txn: &TxnRequest, most: i64) -> Result<(), Error> {
    let TxnRequest { compare, success, failure } = txn;
    let count = [compare.len(), success.len(), failure.len()].into_iter().max().unwrap_or(0) as i64;
    if count > most {
        return Err(Error::TooManyOperations);
    }
    for compare in compare {
        check_key(&compare.key)?;
    }
    for op in success.iter().chain(failure) {
        match op {
            RequestOp::Range(request) => check_key(&request.key)?,
            RequestOp::Put(request) => check_put(request)?,
            RequestOp::DeleteRange(request) => check_key(&request.key)?,
            RequestOp::Txn(inner) => check_size(inner, most - count)?,
        }
    }
    Ok(())
}

fn compare_holds(compare: &Compare, state: &State) -> bool {
    let accepts = |ordering: std::cmp::Ordering| match compare.result {
        CompareResult::Equal => ordering.is_eq(),
        CompareResult::NotEqual => ordering.is_ne(),
        CompareResult::Less => ordering.is_lt(),
        CompareResult::Greater => ordering.is_gt(),
    };
    let mut found: Vec<KeyValue> = state
        .values()
        .filter(|kv| holds(&compare.key, &compare.range_end, &kv.key))
        .cloned()
        .collect();
    if found.is_empty() {
        if matches!(compare.target, CompareTarget::Value(_)) {
            return false;
        }
        let zero = Revision(0);
        found.push(KeyValue {
            key: Bytes::empty(),
            value: Bytes::empty(),
            create_revision: zero,
            mod_revision: zero,
            version: 0,
            lease: LeaseId::NONE,
        });
    }
    found.iter().all(|kv| {
        accepts(match &compare.target {
            CompareTarget::Version(version) => kv.version.cmp(version),
            CompareTarget::Create(revision) => kv.create_revision.cmp(revision),
            CompareTarget::Mod(revision) => kv.mod_revision.cmp(revision),
            CompareTarget::Value(value) => kv.value.cmp(value),
            CompareTarget::Lease(lease) => kv.lease.cmp(lease),
        })
    })
}

/// Where an operation stands: for each level its place in the list there, and for all but the last
/// the branch (0 or 1) of the transaction at that place.
type Path = Vec<(usize, usize)>;

fn list_changes<'r>(ops: &'r [RequestOp], to: &mut Path, list: &mut Vec<(Path, &'r RequestOp)>) {
    for (place, op) in ops.iter().enumerate() {
        if let RequestOp::Txn(inner) = op {
            for (branch, ops) in [&inner.success, &inner.failure].into_iter().enumerate() {
                to.push((place, branch));
                list_changes(ops, to, list);
                to.pop();
            }
        } else {
            let mut path = to.clone();
            path.push((place, 0));
            list.push((path, op));
        }
    }
}

/// Whether two changes of one branch may not stand together.
fn clash((path_a, a): &(Path, &RequestOp), (path_b, b): &(Path, &RequestOp)) -> bool {
    let apart = path_a.iter().zip(path_b).position(|(a, b)| a != b).expect("two operations");
    let ((place_a, _), (place_b, _)) = (path_a[apart], path_b[apart]);
    if place_a == place_b {
        return false; // The two branches of one transaction.
    }
    let is_nested = |path: &Path| path.len() > apart + 1;
    match (a, b) {
        (RequestOp::Put(a), RequestOp::Put(b)) => a.key == b.key,
        (RequestOp::Put(_), RequestOp::DeleteRange(_)) => {
            put_clashes((path_a, a), (path_b, b), is_nested(path_a) && is_nested(path_b), apart)
        }
        (RequestOp::DeleteRange(_), RequestOp::Put(_)) => {
            put_clashes((path_b, b), (path_a, a), is_nested(path_a) && is_nested(path_b), apart)
        }
        _ => false,
    }
}

/// A put and a deletion. In two transactions side by side they clash only if the deletion's comes
/// first; and a deletion "from this key on" clashes with nothing.
fn put_clashes(
    (put_path, put): (&Path, &RequestOp),
    (deletion_path, deletion): (&Path, &RequestOp),
    both_nested: bool,
    apart: usize,
) -> bool {
    let (RequestOp::Put(put), RequestOp::DeleteRange(deletion)) = (put, deletion) else {
        return false;
    };
    let is_open = deletion.range_end.as_ref().is_some_and(|end| end.as_slice() == b"\0");
    !is_open
        && holds(&deletion.key, &deletion.range_end, &put.key)
        && (!both_nested || deletion_path[apart].0 < put_path[apart].0)
}

fn list_chosen<'r>(txn: &'r TxnRequest, before: &State, list: &mut Vec<&'r RequestOp>) {
    let succeeded = txn.compare.iter().all(|compare| compare_holds(compare, before));
    for op in if succeeded { &txn.success } else { &txn.failure } {
        match op {
            RequestOp::Txn(inner) => list_chosen(inner, before, list),
            op => list.push(op),
        }
    }
}
