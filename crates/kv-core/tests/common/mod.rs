//! What the tests share: a generator of operations, and how one is done to a store.

#![allow(dead_code, reason = "each test program uses a part of it")]

use kv_core::{
    Bytes, Compare, CompareResult, CompareTarget, DeleteRangeRequest, DeleteRangeResponse, Error,
    LeaseGrantRequest, LeaseGrantResponse, LeaseId, PutRequest, PutResponse, RangeRequest,
    RangeResponse, RequestOp, Revision, SortOrder, SortTarget, Store, TxnRequest, TxnResponse,
    WatchId, WatchRequest,
};

/// A small generator (SplitMix64): the tests need variety, not quality.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % bound
    }

    pub(crate) fn one_in(&mut self, chance: u64) -> bool {
        self.below(chance) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }
}

/// Keys that are prefixes of each other, differ in the last byte, or cannot grow at the end.
///
/// Twelve of them: of more equal ones etcd's sort does not keep the order.
pub(crate) const KEYS: [&[u8]; 12] = [
    b"\0",
    b"a",
    b"a\0",
    b"aa",
    b"ab",
    b"b",
    b"b/1",
    b"b/2",
    b"c\xff",
    b"c\xff\xff",
    b"d",
    b"\xff\xff",
];

/// The shortest lease in these tests, in seconds: none runs out while they run.
pub(crate) const TTL_MIN: i64 = 2;

/// One thing to do to a store.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Range(RangeRequest),
    Put(PutRequest),
    DeleteRange(DeleteRangeRequest),
    Txn(TxnRequest),
    Compact(Revision),
    Grant(LeaseGrantRequest),
    Revoke(LeaseId),
    /// Which keys hang on a lease.
    Attached(LeaseId),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Range(RangeResponse),
    Put(PutResponse),
    DeleteRange(DeleteRangeResponse),
    Txn(TxnResponse),
    Compact(Revision),
    Grant(LeaseGrantResponse),
    Revoke(Revision),
    /// Granted seconds, and keys; `None` if there is no such lease.
    Attached(Option<(i64, Vec<Bytes>)>),
}

/// Does it.
pub(crate) fn apply(store: &mut Store, op: &Op) -> Result<Answer, Error> {
    Ok(match op {
        Op::Range(request) => Answer::Range(store.range(request)?),
        Op::Put(request) => Answer::Put(store.put(request)?),
        Op::DeleteRange(request) => Answer::DeleteRange(store.delete_range(request)?),
        Op::Txn(request) => Answer::Txn(store.txn(request)?),
        Op::Compact(revision) => {
            store.compact(*revision)?;
            Answer::Compact(store.revision())
        }
        Op::Grant(request) => Answer::Grant(store.lease_grant(*request, TTL_MIN)?),
        Op::Revoke(id) => Answer::Revoke(store.lease_revoke(*id)?.revision),
        Op::Attached(id) => {
            let lease = store.lease(*id);
            Answer::Attached(lease.map(|lease| (lease.ttl(), lease.keys().to_vec())))
        }
    })
}

/// Draws an operation for a store at this revision; one in `compactions` is a compaction.
pub(crate) fn op(draw: &mut Draw, revision: i64, compactions: u64) -> Op {
    if draw.one_in(compactions) {
        let reach = if draw.one_in(4) { revision as u64 + 3 } else { 30 };
        let back = draw.below(reach) as i64;
        return Op::Compact(Revision((revision + 1 - back).max(-1)));
    }
    match draw.below(20) {
        0..=7 => Op::Put(put(draw)),
        8..=10 => Op::DeleteRange(delete_range(draw)),
        11..=14 => Op::Txn(txn(draw, revision, 2)),
        15 => Op::Grant(grant(draw)),
        16 if draw.one_in(2) => Op::Revoke(lease_id(draw)),
        17 if draw.one_in(2) => Op::Attached(lease_id(draw)),
        _ => {
            let request = range(draw, revision);
            let at = match draw.below(4) {
                0 | 1 => 0,
                2 => revision + 1 - draw.below(30) as i64,
                _ => draw.below(revision as u64 + 4) as i64 - 2,
            };
            Op::Range(request.at(Revision(at)))
        }
    }
}

pub(crate) fn lease_id(draw: &mut Draw) -> LeaseId {
    LeaseId(draw.pick(&[1, 2, 3, 0x7fff_ffff_ffff_ffff, -4]))
}

fn grant(draw: &mut Draw) -> LeaseGrantRequest {
    let ttl = match draw.below(12) {
        0 => 9_000_000_000 + draw.below(2) as i64,
        _ => 100_000 + draw.below(1000) as i64,
    };
    LeaseGrantRequest { id: lease_id(draw), ttl }
}

/// An empty key now and then, which is refused.
fn key(draw: &mut Draw) -> &'static [u8] {
    if draw.one_in(60) { b"" } else { draw.pick(&KEYS) }
}

pub(crate) fn put(draw: &mut Draw) -> PutRequest {
    let (ignore_value, ignore_lease) = (draw.one_in(8), draw.one_in(8));
    let value = if ignore_value && !draw.one_in(8) {
        String::new()
    } else {
        draw.pick(&["", "v", "w", "wide"]).repeat(draw.below(3) as usize)
    };
    let has_lease = draw.one_in(3) && (!ignore_lease || draw.one_in(8));
    PutRequest {
        lease: if has_lease { lease_id(draw) } else { LeaseId::NONE },
        prev_kv: draw.one_in(2),
        ignore_value,
        ignore_lease,
        ..PutRequest::new(key(draw), value)
    }
}

pub(crate) fn delete_range(draw: &mut Draw) -> DeleteRangeRequest {
    let RangeRequest { key, range_end, .. } = span(draw);
    DeleteRangeRequest { key, range_end, prev_kv: draw.one_in(2) }
}

/// A key or keys, spelled in any way.
fn span(draw: &mut Draw) -> RangeRequest {
    let (first, end) = (key(draw), draw.pick(&KEYS));
    match draw.below(12) {
        0..=5 => RangeRequest::key(first),
        6 | 7 => RangeRequest::prefix(&first[..draw.below(first.len() as u64 + 1) as usize]),
        8 => RangeRequest::from_key(first),
        9 | 10 => RangeRequest::interval(first, if draw.one_in(6) { b"" } else { end }),
        _ => RangeRequest::all(),
    }
}

/// A read of now with any options.
pub(crate) fn range(draw: &mut Draw, revision: i64) -> RangeRequest {
    let mut bound = |chance| {
        if draw.one_in(chance) {
            Revision(draw.below(revision as u64 + 2) as i64)
        } else {
            Revision(0)
        }
    };
    let [min_mod_revision, max_mod_revision, min_create_revision, max_create_revision] =
        [bound(6), bound(6), bound(6), bound(6)];
    RangeRequest {
        min_mod_revision,
        max_mod_revision,
        min_create_revision,
        max_create_revision,
        limit: if draw.one_in(2) { draw.below(6) as i64 - 1 } else { 0 },
        sort_order: draw.pick(&[SortOrder::None, SortOrder::Ascend, SortOrder::Descend]),
        sort_target: draw.pick(&[
            SortTarget::Key,
            SortTarget::Version,
            SortTarget::Create,
            SortTarget::Mod,
            SortTarget::Value,
        ]),
        keys_only: draw.one_in(4),
        count_only: draw.one_in(8),
        ..span(draw)
    }
}

pub(crate) fn txn(draw: &mut Draw, revision: i64, depth: u64) -> TxnRequest {
    let mut compare: Vec<Compare> =
        (0..draw.below(3)).map(|_| self::compare(draw, revision)).collect();
    if draw.one_in(40) {
        let many = self::compare(draw, revision);
        compare.resize(120 + draw.below(12) as usize, many);
    }
    let success = ops(draw, revision, depth);
    let failure = ops(draw, revision, depth);
    TxnRequest { compare, success, failure }
}

fn ops(draw: &mut Draw, revision: i64, depth: u64) -> Vec<RequestOp> {
    let count = draw.below(4);
    let mut op = || match draw.below(10) {
        0..=3 => RequestOp::Put(put(draw)),
        4 | 5 => RequestOp::DeleteRange(delete_range(draw)),
        6 | 7 if depth > 0 => RequestOp::Txn(txn(draw, revision, depth - 1)),
        _ => {
            let near = revision + 1 - draw.below(30) as i64;
            let at = if draw.one_in(4) { near.max(-2) } else { 0 };
            RequestOp::Range(range(draw, revision).at(Revision(at)))
        }
    };
    (0..count).map(|_| op()).collect()
}

fn compare(draw: &mut Draw, revision: i64) -> Compare {
    let RangeRequest { key, range_end, .. } = span(draw);
    let near = Revision((revision - draw.below(8) as i64).max(0));
    let target = match draw.below(5) {
        0 => CompareTarget::Version(draw.below(4) as i64),
        1 => CompareTarget::Create(if draw.one_in(3) { Revision(0) } else { near }),
        2 => CompareTarget::Mod(if draw.one_in(3) { Revision(0) } else { near }),
        3 => CompareTarget::Value(draw.pick(&["", "v", "vv", "w"]).into()),
        _ => CompareTarget::Lease(if draw.one_in(2) { LeaseId::NONE } else { lease_id(draw) }),
    };
    let result = draw.pick(&[
        CompareResult::Equal,
        CompareResult::NotEqual,
        CompareResult::Less,
        CompareResult::Greater,
    ]);
    Compare { key, range_end, target, result }
}

/// Draws a watch on a store at this revision.
pub(crate) fn watch(draw: &mut Draw, revision: i64) -> WatchRequest {
    let RangeRequest { key, range_end, .. } = span(draw);
    let start = match draw.below(8) {
        0..=2 => 0,
        3..=5 => (revision - draw.below(40) as i64).max(1),
        6 => revision + draw.below(20) as i64,
        _ => draw.below(revision as u64 + 1) as i64,
    };
    WatchRequest {
        key,
        range_end,
        start_revision: Revision(start),
        progress_notify: false,
        no_put: draw.one_in(6),
        no_delete: draw.one_in(6),
        prev_kv: draw.one_in(2),
        watch_id: WatchId(if draw.one_in(6) { 1 + draw.below(5) as i64 } else { 0 }),
        fragment: draw.one_in(3),
    }
}
