//! Reading: which keys a range holds, and how an answer is filtered, sorted and cut.
//!
//! The order of steps is that of etcd's server (`applierV3backend.Range` over `mvcc` `rangeKeys`),
//! because it can be seen from outside: see [`range`].

use std::ops::Bound;

use crate::{
    Bytes, Error, KeyValue, RangeRequest, RangeResponse, Revision, SortOrder, SortTarget, Store,
};

/// A set of neighbouring keys, as a pair of `key` and `range_end` spells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    start: &'a [u8],
    end: Bound<&'a [u8]>,
}

/// First and last key, as maps want them.
type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

impl<'a> Span<'a> {
    /// Reads etcd's encoding: no end (or an empty one, which the wire cannot tell from none) is the
    /// one key; `"\0"` is everything from `key` on; else the end, which is not part of the range.
    pub(crate) fn new(key: &'a [u8], range_end: Option<&'a [u8]>) -> Span<'a> {
        let end = match range_end {
            None | Some([]) => Bound::Included(key),
            Some([0]) => Bound::Unbounded,
            Some(end) => Bound::Excluded(end),
        };
        Span { start: key, end }
    }

    /// Whether it holds this key.
    pub(crate) fn contains(self, key: &[u8]) -> bool {
        self.start <= key
            && match self.end {
                Bound::Included(end) => key <= end,
                Bound::Excluded(end) => key < end,
                Bound::Unbounded => true,
            }
    }

    /// The span as bounds for a map, unless it ends before it begins: such a range is empty, and
    /// maps refuse it.
    pub(crate) fn bounds(self) -> Option<Bounds<'a>> {
        match self.end {
            Bound::Excluded(end) if end <= self.start => None,
            end => Some((Bound::Included(self.start), end)),
        }
    }
}

/// Answers a range request. What etcd does, and in this order:
///
/// 1. The revision is checked: not before the compacted one, not after the store's.
/// 2. The keys are counted, *all* of them: `count` knows no limit and no filter.
/// 3. Pairs are collected in the order of keys. With neither an order nor a filter, only up to the
///    limit; so `sort_target` without `sort_order` sorts what the limit has left.
/// 4. Filters by revision, then sorting, then the limit; `more` says whether it cut.
/// 5. `keys_only` empties the values, after they have been sorted by.
pub(crate) fn range(store: &Store, request: &RangeRequest) -> Result<RangeResponse, Error> {
    request.check()?;
    let at = readable(store, request.revision)?;
    let range_end = request.range_end.as_ref().map(Bytes::as_slice);
    let span = Span::new(request.key.as_slice(), range_end);
    let revision = store.revision();
    if request.count_only {
        let count = store.visible(span, at).fold(0, |count, _| count + 1);
        return Ok(RangeResponse { revision, kvs: Vec::new(), more: false, count });
    }

    let limit = usize::try_from(request.limit).ok().filter(|&limit| limit > 0);
    let everything = request.sort_order != SortOrder::None || has_filter(request);
    // One more than the limit, to know whether there is more.
    let wanted = limit.filter(|_| !everything).map_or(usize::MAX, |limit| limit.saturating_add(1));
    let mut count: i64 = 0;
    let mut kvs: Vec<KeyValue> = Vec::new();
    for kv in store.visible(span, at) {
        if kvs.len() < wanted {
            kvs.push(kv.clone());
        }
        count += 1;
    }
    if has_filter(request) {
        kvs.retain(|kv| passes(request, kv));
    }
    sort(&mut kvs, request);
    let more = limit.is_some_and(|limit| kvs.len() > limit);
    if let Some(limit) = limit {
        kvs.truncate(limit);
    }
    if request.keys_only {
        kvs.iter_mut().for_each(|kv| kv.value = Bytes::empty());
    }
    Ok(RangeResponse { revision, kvs, more, count })
}

/// The revision that a read asks for, if the store can still, or already, answer for it.
fn readable(store: &Store, asked: Revision) -> Result<Revision, Error> {
    if asked > store.revision() {
        return Err(Error::FutureRevision);
    }
    let at = if asked.0 <= 0 { store.revision() } else { asked };
    // Reading at the compacted revision itself works.
    if at < store.compact_revision() { Err(Error::Compacted) } else { Ok(at) }
}

fn has_filter(request: &RangeRequest) -> bool {
    [
        request.min_mod_revision,
        request.max_mod_revision,
        request.min_create_revision,
        request.max_create_revision,
    ]
    .iter()
    .any(|bound| bound.0 != 0)
}

fn passes(request: &RangeRequest, kv: &KeyValue) -> bool {
    let at_least = |bound: Revision, revision| bound.0 == 0 || revision >= bound;
    let at_most = |bound: Revision, revision| bound.0 == 0 || revision <= bound;
    at_least(request.min_mod_revision, kv.mod_revision)
        && at_most(request.max_mod_revision, kv.mod_revision)
        && at_least(request.min_create_revision, kv.create_revision)
        && at_most(request.max_create_revision, kv.create_revision)
}

/// Sorts pairs that come in the order of keys. Equal ones stay in it: etcd's sort promises no
/// order among them, but keeps it too up to twelve pairs.
fn sort(kvs: &mut [KeyValue], request: &RangeRequest) {
    let compare = |a: &KeyValue, b: &KeyValue| match request.sort_target {
        SortTarget::Key => a.key.cmp(&b.key),
        SortTarget::Version => a.version.cmp(&b.version),
        SortTarget::Create => a.create_revision.cmp(&b.create_revision),
        SortTarget::Mod => a.mod_revision.cmp(&b.mod_revision),
        SortTarget::Value => a.value.cmp(&b.value),
    };
    let descends = request.sort_order == SortOrder::Descend;
    if descends || request.sort_target != SortTarget::Key {
        kvs.sort_by(|a, b| if descends { compare(b, a) } else { compare(a, b) });
    }
}
