//! Compare and then write: the requests of etcd's `Txn`, and what its server refuses beforehand.
//!
//! ```text
//! if    version(lock) = 0          every compare holds …
//! then  put lock mine              … `success` is done
//! else  get lock                   … otherwise `failure`
//! ```
//!
//! A branch may hold further transactions. All compares, nested ones too, look at the store as it
//! was before the first operation; the operations see what those before them have written.

use serde::{Deserialize, Serialize};

use crate::range::Span;
use crate::{
    Bytes, DeleteRangeRequest, DeleteRangeResponse, Error, KeyValue, LeaseId, PutRequest,
    PutResponse, RangeRequest, RangeResponse, Revision,
};

/// How many compares or operations a transaction may have (etcd `--max-txn-ops`). What one nests
/// may have so many less as it has itself.
pub const MAX_TXN_OPS: usize = 128;

/// How a compare compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CompareResult {
    /// `=`
    #[default]
    Equal,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `!=`
    NotEqual,
}

/// What of a pair is compared, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompareTarget {
    /// The number of puts since the key came into being.
    Version(i64),
    /// When the key came into being.
    Create(Revision),
    /// When it was last changed.
    Mod(Revision),
    /// Its value, byte by byte.
    Value(Bytes),
    /// The lease it hangs on.
    Lease(LeaseId),
}

/// One condition. On a range it holds if it holds of every pair in it.
///
/// A key that does not exist, and a range without any, compares as zeros; only a compare of
/// values never holds there, as no value is like none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// The key, or the first one of the range. Must not be empty.
    pub key: Bytes,
    /// The end of the range, as in [`RangeRequest::range_end`].
    pub range_end: Option<Bytes>,
    /// What is compared with what …
    pub target: CompareTarget,
    /// … and how: `pair result target`.
    pub result: CompareResult,
}

impl Compare {
    /// A condition on one key.
    pub fn key(key: impl Into<Bytes>, result: CompareResult, target: CompareTarget) -> Compare {
        Compare { key: key.into(), range_end: None, target, result }
    }

    /// The keys it is about.
    pub(crate) fn span(&self) -> Span<'_> {
        Span::new(self.key.as_slice(), self.range_end.as_ref().map(Bytes::as_slice))
    }

    /// Whether it holds of these pairs, the ones in its range.
    pub(crate) fn holds<'k>(&self, kvs: impl Iterator<Item = &'k KeyValue>) -> bool {
        let mut kvs = kvs.peekable();
        if kvs.peek().is_none() {
            return self.holds_of_nothing();
        }
        kvs.all(|kv| self.holds_of(kv))
    }

    fn holds_of(&self, kv: &KeyValue) -> bool {
        self.result.accepts(match &self.target {
            CompareTarget::Version(version) => kv.version.cmp(version),
            CompareTarget::Create(revision) => kv.create_revision.cmp(revision),
            CompareTarget::Mod(revision) => kv.mod_revision.cmp(revision),
            CompareTarget::Value(value) => kv.value.cmp(value),
            CompareTarget::Lease(lease) => kv.lease.cmp(lease),
        })
    }

    fn holds_of_nothing(&self) -> bool {
        let number = match &self.target {
            CompareTarget::Value(_) => return false,
            CompareTarget::Version(version) => *version,
            CompareTarget::Create(revision) | CompareTarget::Mod(revision) => revision.0,
            CompareTarget::Lease(lease) => lease.0,
        };
        self.result.accepts(0.cmp(&number))
    }
}

impl CompareResult {
    fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            CompareResult::Equal => ordering.is_eq(),
            CompareResult::Greater => ordering.is_gt(),
            CompareResult::Less => ordering.is_lt(),
            CompareResult::NotEqual => ordering.is_ne(),
        }
    }
}

/// One operation of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestOp {
    /// Read.
    Range(RangeRequest),
    /// Write one key.
    Put(PutRequest),
    /// Delete a key or a range of keys.
    DeleteRange(DeleteRangeRequest),
    /// A transaction within.
    Txn(TxnRequest),
}

/// Compare, and do one thing or the other, as one change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxnRequest {
    /// The conditions. None at all: they hold.
    pub compare: Vec<Compare>,
    /// What is done if all of them hold.
    pub success: Vec<RequestOp>,
    /// What is done if one of them does not.
    pub failure: Vec<RequestOp>,
}

impl TxnRequest {
    /// What etcd's server refuses before it looks at the store (api/v3rpc `checkTxnRequest`, then
    /// `checkIntervals`): missing keys, bad puts, too many operations, and branches that would
    /// change a key twice.
    pub fn check(&self) -> Result<(), Error> {
        self.check_operations(MAX_TXN_OPS)?;
        Touched::by(&self.success)?;
        Touched::by(&self.failure)?;
        Ok(())
    }

    /// True if neither branch can change anything: such a transaction needs no place in the log.
    pub fn is_read_only(&self) -> bool {
        self.success.iter().chain(&self.failure).all(|op| match op {
            RequestOp::Range(_) => true,
            RequestOp::Put(_) | RequestOp::DeleteRange(_) => false,
            RequestOp::Txn(txn) => txn.is_read_only(),
        })
    }

    fn check_operations(&self, most: usize) -> Result<(), Error> {
        let count = self.compare.len().max(self.success.len()).max(self.failure.len());
        // What is nested may have `left` at most: so the depth, and this recursion, is bounded too.
        let Some(left) = most.checked_sub(count) else {
            return Err(Error::TooManyOperations);
        };
        if self.compare.iter().any(|compare| compare.key.is_empty()) {
            return Err(Error::EmptyKey);
        }
        self.success.iter().chain(&self.failure).try_for_each(|op| match op {
            RequestOp::Range(request) => request.check(),
            RequestOp::Put(request) => request.check(),
            RequestOp::DeleteRange(request) => request.check(),
            RequestOp::Txn(txn) => txn.check_operations(left),
        })
    }
}

/// What a branch would change: no key may be put twice, or put and deleted.
///
/// This is etcd's `checkIntervals`, with the edges that can be seen from outside: the branches of
/// one nested transaction exclude each other, so both may put a key; a nested transaction's puts
/// are held against the deletions of those *before* it only; and a deletion "from this key on" is
/// an interval that ends at `"\0"`, before it begins, and so holds no key at all.
#[derive(Default)]
struct Touched<'r> {
    puts: Vec<&'r [u8]>,
    deletions: Vec<(&'r [u8], Option<&'r [u8]>)>,
}

impl<'r> Touched<'r> {
    fn by(ops: &'r [RequestOp]) -> Result<Touched<'r>, Error> {
        let mut touched = Touched::default();
        for op in ops {
            if let RequestOp::DeleteRange(request) = op {
                let end = request.range_end.as_ref().map(Bytes::as_slice);
                let end = end.filter(|end| !end.is_empty());
                touched.deletions.push((request.key.as_slice(), end));
            }
        }
        for op in ops {
            if let RequestOp::Txn(txn) = op {
                touched.nest(Touched::by(&txn.success)?, Touched::by(&txn.failure)?)?;
            }
        }
        for op in ops {
            if let RequestOp::Put(request) = op {
                touched.put(request.key.as_slice())?;
            }
        }
        Ok(touched)
    }

    /// Adds what the two branches of a nested transaction touch.
    fn nest(&mut self, success: Touched<'r>, failure: Touched<'r>) -> Result<(), Error> {
        for key in &success.puts {
            self.put(key)?;
        }
        for key in &failure.puts {
            // `success` has been held against the rest for this key.
            if !success.puts.contains(key) {
                self.put(key)?;
            }
        }
        self.deletions.extend(success.deletions);
        self.deletions.extend(failure.deletions);
        Ok(())
    }

    fn put(&mut self, key: &'r [u8]) -> Result<(), Error> {
        let is_deleted = self.deletions.iter().any(|&(start, end)| match end {
            None => key == start,
            Some(end) => start <= key && key < end,
        });
        if is_deleted || self.puts.contains(&key) {
            return Err(Error::DuplicateKey);
        }
        self.puts.push(key);
        Ok(())
    }
}

/// The answer to one operation of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseOp {
    /// To a read.
    Range(RangeResponse),
    /// To a put.
    Put(PutResponse),
    /// To a deletion.
    DeleteRange(DeleteRangeResponse),
    /// To a transaction within.
    Txn(TxnResponse),
}

/// The answer to a [`TxnRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxnResponse {
    /// The store's revision after the transaction. 0 in the answer to a nested one: etcd leaves
    /// its header empty.
    pub revision: Revision,
    /// True if all compares held, and so `success` was done.
    pub succeeded: bool,
    /// An answer to each operation of the branch that was done, in order.
    pub responses: Vec<ResponseOp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `+a` as a put, `-a` as a deletion, `-a..c` as one of a range, `?a` as a read, and
    /// `(…|…)` as a transaction with two branches.
    fn ops(script: &str) -> Vec<RequestOp> {
        let (mut ops, mut rest) = (Vec::new(), script);
        while let Some(first) = rest.chars().next() {
            if first == '(' {
                let (mut depth, mut middle, mut end) = (0, None, rest.len());
                for (at, char) in rest.char_indices() {
                    match char {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        '|' if depth == 1 => middle = Some(at),
                        _ => {}
                    }
                    if depth == 0 {
                        end = at;
                        break;
                    }
                }
                let middle = middle.expect("two branches");
                ops.push(RequestOp::Txn(TxnRequest {
                    compare: Vec::new(),
                    success: self::ops(&rest[1..middle]),
                    failure: self::ops(&rest[middle + 1..end]),
                }));
                rest = rest[end + 1..].trim_start();
                continue;
            }
            let end = rest.find([' ', '(']).unwrap_or(rest.len());
            let word = &rest[1..end];
            ops.push(match (first, word.split_once("..")) {
                ('+', _) => RequestOp::Put(PutRequest::new(word, "")),
                ('-', None) => RequestOp::DeleteRange(DeleteRangeRequest::key(word)),
                ('-', Some((key, ""))) => RequestOp::DeleteRange(DeleteRangeRequest::from_key(key)),
                ('-', Some((key, end))) => {
                    RequestOp::DeleteRange(DeleteRangeRequest::interval(key, end))
                }
                _ => RequestOp::Range(RangeRequest::key(word)),
            });
            rest = rest[end..].trim_start();
        }
        ops
    }

    fn check(success: Vec<RequestOp>) -> Result<(), Error> {
        TxnRequest { success, ..TxnRequest::default() }.check()
    }

    #[test]
    fn a_key_is_changed_once() {
        // Proves which branches are refused, etcd's own edges included.
        for (script, fits) in [
            ("+a +b -c -d", true),
            ("+a +a", false),
            ("+a -a", false),
            ("-a +a", false),
            ("-a -a -a..c", true),
            ("-a..c +b", false),
            ("-a..c +c", true),
            ("-c..a +b", true),
            // Seen on etcd 3.5.1: not looked at.
            ("-a.. +b", true),
            ("+a ?a ?a", true),
            ("(+a|+a)", true),
            ("(+a|-a)", true),
            ("(+a|) +a", false),
            ("+a (|+a)", false),
            ("(+a|) (+a|)", false),
            ("(+a|+b) (+c|+b)", false),
            ("-a (+a|)", false),
            ("(-a|) (+a|)", false),
            ("(+a|) (-a|)", true),
            ("(-a|) +a", false),
            ("((+a|)|) (|(|+a))", false),
        ] {
            let expected = if fits { Ok(()) } else { Err(Error::DuplicateKey) };
            assert_eq!(check(ops(script)), expected, "{script}");
        }
    }

    #[test]
    fn there_is_a_most() {
        // Proves the limit of 128, and that what is nested shares it.
        let puts = |count: usize| {
            let put = |number| RequestOp::Put(PutRequest::new(format!("{number}"), ""));
            (0..count).map(put).collect::<Vec<_>>()
        };
        assert_eq!(check(puts(128)), Ok(()));
        assert_eq!(check(puts(129)), Err(Error::TooManyOperations));
        let nested = |count| {
            let inner = TxnRequest { failure: puts(count), ..TxnRequest::default() };
            let mut ops = ops("?a ?b ?c ?d ?e");
            ops.push(RequestOp::Txn(inner));
            check(ops)
        };
        assert_eq!(nested(122), Ok(()));
        assert_eq!(nested(123), Err(Error::TooManyOperations));
        let compare = Compare::key("a", CompareResult::Equal, CompareTarget::Version(0));
        let compares =
            |count| TxnRequest { compare: vec![compare.clone(); count], ..TxnRequest::default() };
        assert_eq!(compares(128).check(), Ok(()));
        assert_eq!(compares(129).check(), Err(Error::TooManyOperations));
    }

    #[test]
    fn reading_alone_is_known_for_it() {
        // Proves what may be answered without the log.
        for (script, reads) in [("", true), ("?a (?a|)", true), ("?a -a", false), ("(|+a)", false)]
        {
            let txn = TxnRequest { failure: ops(script), ..TxnRequest::default() };
            assert_eq!(txn.is_read_only(), reads, "{script}");
        }
    }
}
