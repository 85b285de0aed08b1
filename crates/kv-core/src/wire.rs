//! What a record looks like in etcd's file: how long it is, and the checksum over many.
//!
//! etcd writes each change under its revision as a protocol buffer (`mvccpb.KeyValue`), and
//! `etcdctl endpoint hashkv` shows a CRC-32C over all of them. Both can be computed from what the
//! store holds, so the numbers are etcd's own.

use serde::{Deserialize, Serialize};

use crate::range::Span;
use crate::record::{Change, Record};
use crate::{Error, KeyValue, LeaseId, PutRequest, RequestOp, Revision, Store, TxnRequest};

/// Length of a record's name in the file: two numbers of eight bytes with `_` between.
const REVISION_LEN: u64 = 17;

/// What etcd reckons a put costs beside its key and value (`kvOverhead`), in bytes.
const PUT_OVERHEAD: u64 = 256;

/// What it reckons a lease costs (`leaseOverhead`), in bytes.
pub const LEASE_COST: u64 = 64;

impl PutRequest {
    /// What etcd reckons it costs of the quota, in bytes.
    pub fn cost(&self) -> u64 {
        PUT_OVERHEAD + self.key.len() as u64 + self.value.len() as u64
    }
}

impl TxnRequest {
    /// What etcd reckons it costs of the quota, in bytes: the dearer of its branches, where only
    /// puts cost, and nested transactions are not looked into. While the alarm for a full store is
    /// raised, those of cost 0 are let through.
    pub fn cost(&self) -> u64 {
        let cost = |ops: &[RequestOp]| -> u64 {
            ops.iter()
                .map(|op| match op {
                    RequestOp::Put(request) => request.cost(),
                    RequestOp::Range(_) | RequestOp::DeleteRange(_) | RequestOp::Txn(_) => 0,
                })
                .sum()
        };
        cost(&self.success).max(cost(&self.failure))
    }
}

/// The answer to `endpoint hashkv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashKv {
    /// The store's revision.
    pub revision: Revision,
    /// Its last compaction; -1 if there was none.
    pub compact_revision: Revision,
    /// The checksum.
    pub hash: u32,
}

impl Store {
    /// The checksum that etcd 3.5 computes of the keys at a revision (0: now): equal on members
    /// that have applied the same changes up to it and are compacted alike.
    ///
    /// # Errors
    /// [`Error::Compacted`], at the compacted revision itself too; [`Error::FutureRevision`].
    pub fn hash_kv(&self, at: Revision) -> Result<HashKv, Error> {
        if at.0 > 0 && at <= self.compact_revision {
            return Err(Error::Compacted);
        }
        if at > self.revision {
            return Err(Error::FutureRevision);
        }
        let at = if at.0 <= 0 { self.revision } else { at };
        // Of what is as old as the compaction only the pairs that can be seen count: etcd takes the
        // rest some time later. Where none can be seen, it counts what compaction has left.
        let everything = Span::new(b"\0", Some(b"\0"));
        let is_empty = self.visible(everything, at).next().is_none();
        let seen_at = if is_empty { self.compact_revision } else { at };
        let mut sum = Checksum::new();
        sum.add(b"key");
        let mut bytes = Vec::new();
        for record in self.records(Revision(0)).take_while(|record| record.at.main <= at) {
            let key = record.change.key().as_slice();
            let is_seen = || self.at(key, seen_at).is_some_and(|(seen, _)| seen == record.at);
            if record.at.main > self.compact_revision || is_seen() {
                bytes.clear();
                encode(record, &mut bytes);
                sum.add(&bytes);
            }
        }
        let Store { revision, compact_revision, .. } = *self;
        Ok(HashKv { revision, compact_revision, hash: sum.done() })
    }
}

/// The length of a record in etcd's file, name and all.
pub(crate) fn record_len(record: &Record) -> u64 {
    match &record.change {
        Change::Put(kv) => REVISION_LEN + kv_len(kv),
        // The mark of a tombstone is a byte of its name.
        Change::Delete { key } => REVISION_LEN + 1 + bytes_len(key.as_slice()),
    }
}

/// The length of a pair as a protocol buffer.
pub(crate) fn kv_len(kv: &KeyValue) -> u64 {
    let numbers = [kv.create_revision.0, kv.mod_revision.0, kv.version, kv.lease.0];
    let numbers =
        numbers.iter().map(|&number| if number == 0 { 0 } else { 1 + varint_len(number) });
    bytes_len(kv.key.as_slice()) + bytes_len(kv.value.as_slice()) + numbers.sum::<u64>()
}

/// A field of bytes, which is left out when empty.
fn bytes_len(bytes: &[u8]) -> u64 {
    let len = bytes.len() as u64;
    if len == 0 { 0 } else { 1 + varint_len(len as i64) + len }
}

/// Seven bits a byte.
fn varint_len(number: i64) -> u64 {
    u64::from((64 - (number as u64 | 1).leading_zeros()).div_ceil(7))
}

/// Writes name and content of a record, as etcd's file has them.
fn encode(record: &Record, to: &mut Vec<u8>) {
    to.extend(record.at.main.0.to_be_bytes());
    to.push(b'_');
    to.extend(record.at.sub.to_be_bytes());
    match &record.change {
        Change::Put(kv) => {
            bytes_field(1, kv.key.as_slice(), to);
            number_field(2, kv.create_revision.0, to);
            number_field(3, kv.mod_revision.0, to);
            number_field(4, kv.version, to);
            bytes_field(5, kv.value.as_slice(), to);
            let LeaseId(lease) = kv.lease;
            number_field(6, lease, to);
        }
        Change::Delete { key } => {
            to.push(b't');
            bytes_field(1, key.as_slice(), to);
        }
    }
}

fn number_field(field: u8, number: i64, to: &mut Vec<u8>) {
    if number != 0 {
        to.push(field << 3);
        varint(number, to);
    }
}

fn bytes_field(field: u8, bytes: &[u8], to: &mut Vec<u8>) {
    if !bytes.is_empty() {
        to.push(field << 3 | 2);
        varint(bytes.len() as i64, to);
        to.extend(bytes);
    }
}

fn varint(number: i64, to: &mut Vec<u8>) {
    let mut rest = number as u64;
    while rest >= 0x80 {
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

/// CRC-32C (Castagnoli), a byte at a time by a table.
struct Checksum {
    table: [u32; 256],
    sum: u32,
}

impl Checksum {
    fn new() -> Checksum {
        let entry = |byte: u32| {
            (0..8).fold(
                byte,
                |rest, _| {
                    if rest & 1 == 1 { rest >> 1 ^ 0x82f6_3b78 } else { rest >> 1 }
                },
            )
        };
        let mut table = [0; 256];
        (0..).zip(&mut table).for_each(|(byte, place)| *place = entry(byte));
        Checksum { table, sum: !0 }
    }

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let [low, ..] = self.sum.to_le_bytes();
            self.sum = self.sum >> 8 ^ self.table[usize::from(low ^ byte)];
        }
    }

    fn done(self) -> u32 {
        !self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeleteRangeRequest, LeaseGrantRequest, RangeRequest};

    #[test]
    fn the_checksum_is_castagnolis() {
        // Proves it by the check value of its definition.
        let mut sum = Checksum::new();
        sum.add(b"123456789");
        assert_eq!(sum.done(), 0xe306_9283);
    }

    #[test]
    fn the_length_is_that_of_the_encoding() {
        // Proves `record_len`, and with it the size of a store, against what is really written.
        let mut store = Store::new();
        let id = LeaseId(-7);
        store.lease_grant(LeaseGrantRequest { id, ttl: 10 }, 2).expect("grants");
        for len in [0, 1, 127, 128, 20_000] {
            let put = PutRequest::new(vec![b'k'; len.max(1)], vec![b'v'; len]);
            store.put(&put).expect("puts");
            store.put(&PutRequest { lease: id, ..put }).expect("puts");
        }
        store.delete_range(&DeleteRangeRequest::prefix("k")).expect("deletes");
        let total = |store: &Store| -> u64 {
            let len = |record: &Record| {
                let mut bytes = Vec::new();
                encode(record, &mut bytes);
                assert_eq!(record_len(record), bytes.len() as u64, "{:?}", record.at);
                bytes.len() as u64
            };
            store.records(Revision(0)).map(len).sum()
        };
        assert_eq!(store.size(), total(&store));
        store.compact(Revision(8)).expect("compacts");
        assert_eq!(store.size(), total(&store));
    }

    #[test]
    fn the_hash_is_the_one_etcd_showed() {
        // Proves it by numbers recorded from etcd 3.5.1.
        let mut store = Store::new();
        store.put(&PutRequest::new("a", "1")).expect("puts");
        assert_eq!(store.hash_kv(Revision(0)).map(|it| it.hash), Ok(2_587_454_935));

        store.put(&PutRequest::new("b", "1")).expect("puts");
        let delete = RequestOp::DeleteRange(DeleteRangeRequest::from_key("a"));
        let put = RequestOp::Put(PutRequest::new("b", "2"));
        let txn = TxnRequest { success: vec![delete, put.clone()], ..TxnRequest::default() };
        store.txn(&txn).expect("is let in");
        store.txn(&TxnRequest { success: vec![put], ..TxnRequest::default() }).expect("puts");
        store.compact(Revision(3)).expect("compacts");
        let hash_at = |at| store.hash_kv(Revision(at)).map(|it| it.hash);
        let expected = [
            Ok(364_060_214),
            Err(Error::Compacted),
            Ok(886_015_414),
            Ok(364_060_214),
            Err(Error::FutureRevision),
        ];
        assert_eq!([0, 3, 4, 5, 6].map(hash_at), expected);
    }

    #[test]
    fn only_puts_cost() {
        // Proves the reckoning that decides what a full store refuses.
        let put = |value| RequestOp::Put(PutRequest::new("key", value));
        let get = RequestOp::Range(RangeRequest::key("key"));
        let txn = TxnRequest {
            compare: Vec::new(),
            success: vec![get, put("12345")],
            failure: vec![RequestOp::Txn(TxnRequest {
                success: vec![put("1"), put("2")],
                ..TxnRequest::default()
            })],
        };
        assert_eq!(txn.cost(), 256 + 8);
        assert_eq!(TxnRequest { success: Vec::new(), ..txn }.cost(), 0);
    }
}
