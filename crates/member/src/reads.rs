//! Linearizable reads: ask the leader for an index, wait until it is applied here, answer
//! (thesis §6.4; etcd `linearizableReadLoop`).
//!
//! One question is under way at a time. Reads that come meanwhile are put to the next one, all
//! together: a read must not be answered by a question that was asked before it came.

use kv_core::{RangeRequest, TxnRequest};
use raft_core::Index;
use serde::{Deserialize, Serialize};

use crate::api::{Micros, RequestId};

/// How long to wait for an index before asking again: the question or its answer may be lost, and
/// a server that knows of no leader drops it (etcd `readIndexRetryTime`).
const RETRY: Micros = Micros::from_millis(500);

/// The linearizable reads that wait.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reads {
    asked: Option<Question>,
    next: Vec<Read>,
    count: u64,
}

/// One read of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) request: RequestId,
    pub(crate) query: Query,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Query {
    /// Keys.
    Range(RangeRequest),
    /// Keys, in a transaction that changes nothing.
    Txn(TxnRequest),
    /// The list of members.
    Members,
}

/// The question that is under way, and who waits for its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Question {
    /// It was asked under every number from here …
    first: u64,
    /// … to here: each time under a new one.
    number: u64,
    reads: Vec<Read>,
    retry_at: Micros,
    deadline: Micros,
    /// The answer: whoever has applied this may answer the reads.
    index: Option<Index>,
}

impl Reads {
    /// Takes a read in; it is part of the next question.
    pub(crate) fn add(&mut self, read: Read) {
        self.next.push(read);
    }

    /// Begins the next question if none is under way and somebody waits for one. Gives the number
    /// under which the leader is to be asked.
    pub(crate) fn begin(&mut self, now: Micros, timeout: Micros) -> Option<u64> {
        if self.asked.is_some() || self.next.is_empty() {
            return None;
        }
        self.count += 1;
        self.asked = Some(Question {
            first: self.count,
            number: self.count,
            reads: std::mem::take(&mut self.next),
            retry_at: now + RETRY,
            deadline: now + timeout,
            index: None,
        });
        Some(self.count)
    }

    /// Asks once more, for a reason that makes an answer likely now. Gives the number for that, if the
    /// question is still open.
    ///
    /// It must be a new one. A leader that has answered a number and hears it again would take it for
    /// a new read; and a late answer to the heartbeat that carried it first would then confirm all
    /// reads that came in between, which it knows nothing of (etcd asks again under the old number).
    pub(crate) fn retry(&mut self, now: Micros) -> Option<u64> {
        let question = self.asked.as_mut().filter(|question| question.index.is_none())?;
        self.count += 1;
        question.number = self.count;
        question.retry_at = now + RETRY;
        Some(question.number)
    }

    /// As [`Reads::retry`], if the time for it has come.
    pub(crate) fn retry_if_due(&mut self, now: Micros) -> Option<u64> {
        let due = self.asked.as_ref().is_some_and(|question| question.retry_at <= now);
        if due { self.retry(now) } else { None }
    }

    /// Another leader leads: an open question is given up, and its reads are put to the next.
    /// (In etcd they end with `etcdserver: leader changed`, and the client asks again, unseen.)
    pub(crate) fn leader_changed(&mut self) {
        if let Some(mut question) = self.asked.take_if(|question| question.index.is_none()) {
            question.reads.append(&mut self.next);
            self.next = question.reads;
        }
    }

    /// The leader's answer to what was asked under `number` has come. Answers to older questions are of
    /// no use; to this one, whichever comes first.
    pub(crate) fn confirmed(&mut self, number: u64, index: Index) {
        if let Some(question) = &mut self.asked
            && (question.first..=question.number).contains(&number)
        {
            question.index.get_or_insert(index);
        }
    }

    /// Takes out the reads that may be answered by a server that has applied `applied`.
    pub(crate) fn answerable(&mut self, applied: Index) -> Vec<Read> {
        let is_fresh = |question: &mut Question| question.index.is_some_and(|it| it <= applied);
        self.asked.take_if(is_fresh).map(|question| question.reads).unwrap_or_default()
    }

    /// Takes out the reads whose question was not answered in time. One that was waits for the
    /// state machine, however long that takes.
    pub(crate) fn expire(&mut self, now: Micros) -> Vec<Read> {
        let is_late =
            |question: &mut Question| question.index.is_none() && question.deadline <= now;
        self.asked.take_if(is_late).map(|question| question.reads).unwrap_or_default()
    }

    /// Forgets a client that has gone. Its question stays open, as in etcd.
    pub(crate) fn cancel(&mut self, request: RequestId) {
        self.next.retain(|read| read.request != request);
        if let Some(question) = &mut self.asked {
            question.reads.retain(|read| read.request != request);
        }
    }

    /// How many wait for the answer to the question that is under way, and how many for the next;
    /// and the answer, if it has come.
    pub(crate) fn counts(&self) -> (u64, u64, Option<Index>) {
        let asked = self.asked.as_ref();
        let waiting = asked.map_or(0, |question| question.reads.len());
        (waiting as u64, self.next.len() as u64, asked.and_then(|question| question.index))
    }

    /// When the question is to be asked again or given up.
    pub(crate) fn next_deadline(&self) -> Option<Micros> {
        let question = self.asked.as_ref().filter(|question| question.index.is_none())?;
        Some(question.retry_at.min(question.deadline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Micros = Micros::from_secs(7);

    fn read(id: u64) -> Read {
        Read { request: RequestId(id), query: Query::Range(RangeRequest::key("k")) }
    }

    fn ids(reads: Vec<Read>) -> Vec<u64> {
        reads.iter().map(|read| read.request.0).collect()
    }

    /// A question that is open for read 1, while read 2 waits for the next.
    fn one_asked() -> Reads {
        let mut reads = Reads::default();
        reads.add(read(1));
        assert_eq!(reads.begin(Micros(0), TIMEOUT), Some(1));
        reads.add(read(2));
        assert_eq!(reads.begin(Micros(1), TIMEOUT), None, "one question at a time");
        reads
    }

    #[test]
    fn a_read_waits_until_the_index_is_applied() {
        // Proves that neither a stale state nor an answer to an older question serves a read, and
        // that a read is served by no question that was asked before it came.
        let mut reads = one_asked();
        reads.confirmed(0, Index(1));
        assert_eq!(ids(reads.answerable(Index(9))), []);
        reads.confirmed(1, Index(5));
        assert_eq!(ids(reads.answerable(Index(4))), []);
        assert_eq!(reads.counts(), (1, 1, Some(Index(5))));
        assert_eq!(reads.next_deadline(), None, "the state machine takes the time it takes");
        assert_eq!(ids(reads.expire(TIMEOUT)), []);
        assert_eq!(ids(reads.answerable(Index(5))), [1]);
        assert_eq!(reads.begin(Micros(2), TIMEOUT), Some(2));
        reads.confirmed(1, Index(5));
        assert_eq!(ids(reads.answerable(Index(5))), []);
    }

    #[test]
    fn an_open_question_is_repeated_and_then_given_up() {
        // Proves the times: every 500 ms, and 7 s in all; then the next question begins.
        let mut reads = one_asked();
        for (number, at) in (2..).zip((500..7000).step_by(500).map(Micros::from_millis)) {
            assert_eq!(reads.next_deadline(), Some(at));
            assert_eq!(reads.retry_if_due(at - Micros(1)), None);
            assert_eq!(reads.retry_if_due(at), Some(number), "never the same number");
        }
        assert_eq!(ids(reads.expire(TIMEOUT - Micros(1))), []);
        assert_eq!(ids(reads.expire(TIMEOUT)), [1]);
        assert_eq!(reads.begin(TIMEOUT, TIMEOUT), Some(15));
    }

    #[test]
    fn the_first_answer_counts_under_whatever_number() {
        // Proves that a slow leader's answer is not lost because the question was repeated meanwhile.
        let mut reads = one_asked();
        assert_eq!(reads.retry(Micros(500_000)), Some(2));
        assert_eq!(reads.retry(Micros(900_000)), Some(3));
        reads.confirmed(4, Index(9));
        assert_eq!(ids(reads.answerable(Index(9))), []);
        reads.confirmed(1, Index(5));
        reads.confirmed(3, Index(7));
        assert_eq!(ids(reads.answerable(Index(5))), [1]);
    }

    #[test]
    fn another_leader_is_asked_anew() {
        // Proves that an open question is given up for a new one, and an answered one is not.
        let mut reads = one_asked();
        reads.leader_changed();
        assert_eq!(reads.begin(Micros(2), TIMEOUT), Some(2));
        reads.confirmed(1, Index(1));
        assert_eq!(ids(reads.answerable(Index(9))), []);
        reads.confirmed(2, Index(3));
        reads.leader_changed();
        assert_eq!(ids(reads.answerable(Index(3))), [1, 2]);
    }

    #[test]
    fn who_has_gone_is_not_answered() {
        // Proves cancelling, before and after the question.
        let mut reads = one_asked();
        reads.cancel(RequestId(1));
        reads.cancel(RequestId(2));
        reads.confirmed(1, Index(1));
        assert_eq!(ids(reads.answerable(Index(1))), []);
        assert_eq!(reads.begin(Micros(2), TIMEOUT), None);
    }
}
