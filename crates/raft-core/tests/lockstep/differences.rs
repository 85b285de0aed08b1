//! Where the two differ, and what the lockstep does about it.
//!
//! Each difference has its reason and, below, its own test that shows it. Where the crate differs
//! from etcd 3.5, etcd is right: the functions here make the crate do what etcd does, so that
//! everything around the difference is still compared. In 6 and 12 ours leaves etcd 3.5, on
//! purpose, and the lockstep keeps the case from both or from the crate.
//!
//! 1. **Votes carry commit information.** The crate's requests and refusals tell the commit index,
//!    and their receivers believe it. etcd: they do not. The lockstep takes it out.
//! 2. **Early reads.** A ReadIndex that reaches a leader before an entry of its term has committed:
//!    the crate drops it; etcd 3.5 queues it (`pendingReadIndexMessages`), and so do we. The
//!    lockstep queues it for the crate. Ours dies with the leadership, etcd's with the process.
//! 3. **Answers to reads commit.** A follower of the crate moves its commit index to the index in a
//!    ReadIndexReply. etcd: it does not. The lockstep hides the index from that part of the crate.
//! 4. **A changed configuration releases reads.** The crate counts the acknowledgements of waiting
//!    reads again when the quorum may have shrunk. etcd: at the next acknowledgement. The lockstep
//!    hides the waiting reads meanwhile.
//! 5. **The end of a snapshot.** When the follower has it, the crate probes; etcd goes on to
//!    replicate at once (`BecomeProbe(); BecomeReplicate()`). The lockstep lets the crate think that
//!    it was probing, from where it does replicate.
//! 6. **A refusal of what is known to match.** Unless it replicates, a leader in etcd 3.5 and in the
//!    crate believes it, and its next index falls to the match index or behind. But such a refusal
//!    is late: an acceptance has overtaken it. Ours keeps `match_index < next_index`, as etcd 3.6
//!    does: it ignores the refusal, or the part of its hint that is known to match. The lockstep
//!    keeps that from the crate.
//! 7. **A leader that is removed.** It leads on in etcd 3.5 until the server around it stops it; the
//!    crate panics when it next commits or saves anything. The lockstep stops such a server at once.
//! 8. **A sole voter's office.** When a candidate wins by its own vote alone, the crate sends its
//!    first append to the learners at once; etcd: with the next heartbeat's answer. The lockstep
//!    takes these appends back. Also, the crate insists that such a candidate's log is on disk: the
//!    lockstep ends a sole voter's writes before it may stand.
//! 9. **Writes that overtake each other.** A write ends after a part of its entries was overwritten
//!    in memory: ours counts the part that stands as durable, the crate nothing until the next write
//!    ends. etcd 3.5 has no overlapping writes. The lockstep lets such writes end together.
//! 10. **Standing with half a snapshot.** The crate stands for election while a received snapshot is
//!     on its way to disk or state machine, or panics trying. etcd: it does not stand
//!     (`hasPendingSnapshot`). The lockstep lets the snapshot arrive before a server may stand.
//! 11. **Campaigning without a vote.** A server that is no voter and is told to campaign does so in
//!     the crate. etcd: it does not (`promotable`). The lockstep does not tell it.
//! 12. **A demoted leader's reads.** A leader that became a learner beside one single voter answers
//!     reads unconfirmed in etcd 3.5 and the crate. Ours asks that voter, which may have been elected
//!     long since. The lockstep asks no reads there.

use raft::eraftpb::{Message as TheirMessage, MessageType};
use raft::{ProgressState, StateRole};
use raft_core::{ConfigChange, Raft, RoleKind};

use crate::twin::Theirs;
use crate::words;

/// Reads that wait, for the crate, until an entry of the leader's term has committed.
#[derive(Default)]
pub(crate) struct EarlyReads {
    term: u64,
    waiting: Vec<TheirMessage>,
}

impl EarlyReads {
    fn add(&mut self, theirs: &Theirs, message: TheirMessage) {
        if self.term != theirs.raft.term {
            *self = EarlyReads { term: theirs.raft.term, waiting: Vec::new() };
        }
        self.waiting.push(message);
    }

    /// Asks the reads now if it is time to; says whether it did.
    pub(crate) fn release(&mut self, theirs: &mut Theirs) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        if theirs.raft.state != StateRole::Leader || theirs.raft.term != self.term {
            self.waiting.clear();
            return false;
        }
        if !theirs.raft.commit_to_current_term() {
            return false;
        }
        for message in std::mem::take(&mut self.waiting) {
            theirs.raft.step(message).expect("reads are never refused");
        }
        true
    }
}

/// Gives the crate a message as etcd would take it.
pub(crate) fn step(
    theirs: &mut Theirs,
    mut message: TheirMessage,
    early_reads: &mut EarlyReads,
) -> raft::Result<()> {
    let is_leader = theirs.raft.state == StateRole::Leader;
    match message.get_msg_type() {
        MessageType::MsgRequestVote
        | MessageType::MsgRequestPreVote
        | MessageType::MsgRequestVoteResponse
        | MessageType::MsgRequestPreVoteResponse => (message.commit, message.commit_term) = (0, 0),
        MessageType::MsgReadIndex if is_leader && !theirs.raft.commit_to_current_term() => {
            early_reads.add(theirs, message);
            return Ok(());
        }
        MessageType::MsgReadIndexResp => return read_answered(theirs, message),
        MessageType::MsgAppendResponse
            if is_leader
                && message.term == theirs.raft.term
                && prepare_for_answer(theirs, &mut message) == Answer::Late =>
        {
            return Ok(());
        }
        _ => {}
    }
    // A local message goes to the core itself, past the check of its sender.
    if message.from == 0 { theirs.raft.step(message) } else { theirs.step(message) }
}

/// 3: the answer without the commit.
fn read_answered(theirs: &mut Theirs, mut message: TheirMessage) -> raft::Result<()> {
    let index = std::mem::take(&mut message.index);
    let before = theirs.raft.read_states.len();
    theirs.step(message)?;
    for read in theirs.raft.read_states.iter_mut().skip(before) {
        read.index = index;
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Answer {
    Wanted,
    Late,
}

/// 5 and 6: before a follower's answer is taken.
fn prepare_for_answer(theirs: &mut Theirs, message: &mut TheirMessage) -> Answer {
    let (hint_index, hint_term) = (message.reject_hint, message.log_term);
    let meets_at = match hint_term {
        0 => hint_index,
        _ => theirs.raft.raft_log.find_conflict_by_term(hint_index, hint_term).0,
    };
    let Some(progress) = theirs.raft.mut_prs().get_mut(message.from) else {
        return Answer::Wanted;
    };
    let ends_snapshot = !message.reject
        && progress.state == ProgressState::Snapshot
        && message.index > progress.matched
        && message.index >= progress.pending_snapshot;
    if ends_snapshot {
        progress.become_probe();
        // As a snapshot does, so that the commit index is sent along.
        progress.pause();
    }
    if message.reject && progress.state != ProgressState::Replicate {
        if message.index <= progress.matched {
            progress.recent_active = true;
            return Answer::Late;
        }
        if meets_at < progress.matched {
            (message.reject_hint, message.log_term) = (progress.matched, 0);
        }
    }
    Answer::Wanted
}

/// 4: a change of the configuration, which is none of the waiting reads' business.
pub(crate) fn apply_config_change(theirs: &mut Theirs, change: &ConfigChange) {
    let waiting = theirs.raft.read_only.clone();
    theirs.raft.read_only.pending_read_index.clear();
    theirs.raft.read_only.read_index_queue.clear();
    // A change that makes no sense is refused by both, which shows in the configurations.
    let _ = theirs.apply_conf_change(&words::config_change(change));
    theirs.raft.read_only = waiting;
}

/// 8: takes back what a sole voter sent on its election.
pub(crate) fn sole_voter_won(theirs: &mut Theirs, before: StateRole) {
    if before == StateRole::Leader || theirs.raft.state != StateRole::Leader {
        return;
    }
    theirs.raft.msgs.retain(|message| message.get_msg_type() != MessageType::MsgAppend);
    let id = theirs.raft.id;
    for (_, progress) in theirs.raft.mut_prs().iter_mut().filter(|(node, _)| **node != id) {
        progress.resume();
    }
}

/// 11: tells the crate to campaign if it may.
pub(crate) fn campaign(theirs: &mut Theirs) {
    if theirs.raft.promotable() {
        theirs.campaign().expect("a campaign is never refused");
    }
}

/// 12: whether the crate would answer a read without asking those who decide.
pub(crate) fn reads_go_unconfirmed(ours: &Raft) -> bool {
    let configuration = ours.configuration();
    ours.role_kind() == RoleKind::Leader
        && configuration.is_singleton()
        && !configuration.is_voter(ours.id())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;

    use raft_core::{
        Body, Change, Configuration, Data, Entry, Index, Message, NodeId, Payload, ProgressState,
        ReadContext, ReadMode, Snapshot, Term,
    };

    use super::*;
    use crate::schedule::Seeded;
    use crate::twin::{Appends, Letter, Pace, Setup, Twin};

    const READ: ReadContext = ReadContext { node: NodeId(1), number: 7 };

    fn setup(voters: &[u8]) -> Setup {
        Setup {
            initial: Configuration::of_voters(voters.iter().copied().map(NodeId)),
            pre_vote: false,
            check_quorum: false,
            reads: ReadMode::Confirmed,
            election_ticks: 10,
            heartbeat_ticks: 1,
            max_inflight: 256,
            appends: Appends::Whole,
            disk: Pace::AtOnce,
            state_machine: Pace::AtOnce,
        }
    }

    fn start(id: u8, setup: Setup) -> Twin {
        let disks = setup.empty_disks();
        Twin::start(NodeId(id), Rc::new(setup), disks, &mut Seeded::new(1))
    }

    fn message(twin: &Twin, from: u8, term: u64, body: Body) -> Message {
        Message { from: NodeId(from), to: twin.ours.id(), term: Term(term), body }
    }

    /// Both take a message as the lockstep gives it to them.
    fn agree(twin: &mut Twin, from: u8, term: u64, body: Body) {
        let ours = message(twin, from, term, body);
        let theirs = words::message(&ours);
        let letter = Letter { from: ours.from, to: ours.to, ours, theirs };
        twin.deliver(letter, &mut Seeded::new(1)).expect("no difference here");
    }

    /// Both take a message as it is, and nothing is compared.
    fn step(twin: &mut Twin, from: u8, term: u64, body: Body) {
        let ours = message(twin, from, term, body);
        let theirs = words::message(&ours);
        twin.ours.step(ours, &mut Seeded::new(1)).expect("ours takes it");
        twin.theirs.step(theirs).expect("theirs takes it");
    }

    /// n1 leads term 1 by the votes of itself and of n2, and n2 has its first entry.
    fn leader(voters: &[u8]) -> Twin {
        let mut twin = start(1, setup(voters));
        twin.campaign(&mut Seeded::new(1)).expect("no difference");
        agree(&mut twin, 2, 1, Body::RequestVoteReply { granted: true });
        agree(&mut twin, 2, 1, Body::AppendAccepted { match_index: Index(1) });
        assert_eq!(twin.ours.commit(), Index(1));
        twin
    }

    fn entry(term: u64, index: u64) -> Entry {
        let payload = Payload::Normal(Data::from("x"));
        Entry { term: Term(term), index: Index(index), payload }
    }

    fn append(prev: (u64, u64), entries: Vec<Entry>) -> Body {
        let (prev_index, prev_term) = (Index(prev.0), Term(prev.1));
        Body::AppendEntries { prev_index, prev_term, entries, commit: Index(0) }
    }

    /// n1 follows n2 and has one entry, not committed.
    fn follower() -> Twin {
        let mut twin = start(1, setup(&[1, 2, 3]));
        agree(&mut twin, 2, 1, append((0, 0), vec![entry(1, 1)]));
        twin
    }

    fn change_on_both(twin: &mut Twin, change: Change) {
        let change = ConfigChange { changes: vec![change], ..ConfigChange::default() };
        twin.ours.apply_config_change(&change);
        twin.theirs.apply_conf_change(&words::config_change(&change)).expect("it makes sense");
    }

    fn committed(twin: &Twin) -> (u64, u64) {
        (twin.ours.commit().0, twin.theirs.raft.raft_log.committed)
    }

    fn panics(of: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(of)).is_err()
    }

    /// Shows difference 1: a request for a vote moves the crate's commit index.
    #[test]
    fn votes_carry_commit_information_in_the_crate() {
        let mut twin = follower();
        let body = Body::RequestVote {
            last_index: Index(0),
            last_term: Term(0),
            campaign: raft_core::Campaign::Timeout,
        };
        let ours = message(&twin, 3, 2, body);
        let mut theirs = words::message(&ours);
        (theirs.commit, theirs.commit_term) = (1, 1);
        twin.ours.step(ours, &mut Seeded::new(1)).expect("ours takes it");
        twin.theirs.step(theirs).expect("theirs takes it");
        assert_eq!(committed(&twin), (0, 1));
    }

    /// Shows difference 2: the crate forgets a read that comes before an own-term commit.
    #[test]
    fn early_reads_are_lost_in_the_crate() {
        let mut twin = start(1, setup(&[1, 2, 3]));
        twin.campaign(&mut Seeded::new(1)).expect("no difference");
        agree(&mut twin, 2, 1, Body::RequestVoteReply { granted: true });
        twin.ours.read_index(READ);
        twin.theirs.read_index(words::read_context(READ));
        step(&mut twin, 2, 1, Body::AppendAccepted { match_index: Index(1) });
        assert_eq!(committed(&twin), (1, 1));
        let asks =
            |message: &Message| matches!(message.body, Body::Heartbeat { context: Some(READ), .. });
        assert!(twin.ours.ready().messages.iter().any(asks), "ours asks the others now");
        assert_eq!(twin.theirs.raft.pending_read_count(), 0, "theirs has nothing to ask");
    }

    /// Shows difference 3: the answer to a read moves the crate's commit index.
    #[test]
    fn answers_to_reads_commit_in_the_crate() {
        let mut twin = follower();
        step(&mut twin, 2, 1, Body::ReadIndexReply { context: READ, index: Index(1) });
        assert_eq!(committed(&twin), (0, 1));
    }

    /// Shows difference 4: a changed configuration releases a waiting read in the crate.
    #[test]
    fn a_changed_configuration_releases_reads_in_the_crate() {
        let mut twin = leader(&[1, 2]);
        twin.read(READ).expect("no difference");
        change_on_both(&mut twin, Change::Remove(NodeId(2)));
        assert_eq!(twin.ours.ready().reads, [], "nobody has acknowledged it since");
        assert_eq!(twin.theirs.raft.read_states.len(), 1);
    }

    /// Shows difference 5: when a snapshot has arrived ours replicates, and the crate probes.
    #[test]
    fn the_end_of_a_snapshot_is_a_probe_in_the_crate() {
        let mut twin = leader(&[1, 2, 3]);
        twin.compact(0).expect("no difference");
        agree(&mut twin, 3, 1, Body::HeartbeatReply { context: None });
        let state = |twin: &Twin| {
            let ours = twin.ours.progress().find(|(node, _)| *node == NodeId(3));
            let theirs = twin.theirs.raft.prs().get(3).map(|progress| progress.state);
            (ours.map(|(_, progress)| progress.state), theirs)
        };
        let pending = ProgressState::Snapshot { pending: Index(1) };
        assert_eq!(state(&twin), (Some(pending), Some(raft::ProgressState::Snapshot)));
        step(&mut twin, 3, 1, Body::AppendAccepted { match_index: Index(1) });
        let expected = (Some(ProgressState::Replicate), Some(raft::ProgressState::Probe));
        assert_eq!(state(&twin), expected);
    }

    /// Shows difference 6: a late refusal takes the crate behind what is known to match.
    #[test]
    fn a_refusal_of_what_matches_is_believed_by_the_crate() {
        let mut twin = leader(&[1, 2, 3]);
        twin.report_unreachable(NodeId(2)).expect("no difference");
        let refusal =
            Body::AppendRejected { rejected: Index(1), hint_index: Index(0), hint_term: Term(0) };
        step(&mut twin, 2, 1, refusal);
        let ours = twin.ours.progress().find(|(node, _)| *node == NodeId(2));
        let ours = ours.map(|(_, progress)| (progress.match_index.0, progress.next_index.0));
        let theirs = twin.theirs.raft.prs().get(2).map(|of| (of.matched, of.next_idx));
        assert_eq!((ours, theirs), (Some((1, 2)), Some((1, 1))));
    }

    /// Shows difference 7: the crate does not survive that its leader is removed.
    #[test]
    fn a_removed_leader_panics_in_the_crate() {
        let mut twin = leader(&[1, 2]);
        twin.propose(&Payload::Normal(Data::from("x"))).expect("no difference");
        change_on_both(&mut twin, Change::Remove(NodeId(1)));
        let answer = message(&twin, 2, 1, Body::AppendAccepted { match_index: Index(2) });
        let theirs = words::message(&answer);
        twin.ours.step(answer, &mut Seeded::new(1)).expect("ours leads on");
        assert_eq!(twin.ours.commit(), Index(2));
        assert!(panics(|| drop(twin.theirs.step(theirs))));
    }

    /// Shows difference 8: a sole voter of the crate sends an append as soon as it leads.
    #[test]
    fn a_sole_voter_speaks_first_in_the_crate() {
        let mut setup = setup(&[1]);
        setup.initial.learners = [NodeId(2)].into();
        let mut twin = start(1, setup);
        twin.ours.campaign(&mut Seeded::new(1));
        twin.theirs.campaign().expect("it may");
        assert_eq!(twin.ours.role_kind(), RoleKind::Leader);
        let ready = twin.ours.ready();
        assert!(ready.messages.is_empty() && ready.messages_once_durable.is_empty());
        let theirs = twin.theirs.raft.msgs.iter().map(TheirMessage::get_msg_type);
        assert_eq!(theirs.collect::<Vec<_>>(), [MessageType::MsgAppend]);
    }

    /// Shows difference 9: of a write that was overtaken ours counts what still stands.
    #[test]
    fn overtaken_writes_count_for_nothing_in_the_crate() {
        let mut setup = setup(&[1, 2, 3]);
        setup.disk = Pace::WhenTold;
        let mut twin = start(1, setup);
        agree(&mut twin, 2, 1, append((0, 0), vec![entry(1, 1), entry(1, 2)]));
        agree(&mut twin, 3, 2, append((1, 1), vec![entry(2, 2)]));
        twin.ours.persisted(1);
        twin.theirs.on_persist_ready(1);
        assert_eq!((twin.ours.durable_index().0, twin.theirs.raft.raft_log.persisted), (1, 0));
    }

    /// Shows difference 10: with a snapshot half installed ours stays a follower.
    #[test]
    fn the_crate_stands_with_half_a_snapshot() {
        let mut setup = setup(&[1, 2, 3]);
        setup.disk = Pace::WhenTold;
        let config = setup.initial.clone();
        let mut twin = start(1, setup);
        let snapshot = Snapshot { index: Index(5), term: Term(1), config, data: Data::default() };
        agree(&mut twin, 2, 1, Body::InstallSnapshot { snapshot: snapshot.into() });
        (0..20).for_each(|_| twin.ours.tick(&mut Seeded::new(1)));
        assert_eq!(twin.ours.role_kind(), RoleKind::Follower);
        assert!(panics(|| while !twin.theirs.tick() {}), "it looks for entries that are gone");
    }

    /// Shows difference 11: in the crate a server without a vote campaigns when told.
    #[test]
    fn anybody_campaigns_in_the_crate() {
        let mut twin = start(4, setup(&[1, 2, 3]));
        twin.ours.campaign(&mut Seeded::new(1));
        twin.theirs.campaign().expect("it does not mind");
        assert_eq!(twin.ours.role_kind(), RoleKind::Follower);
        assert_eq!(twin.theirs.raft.state, StateRole::Candidate);
    }

    /// Shows difference 12: a demoted leader of the crate answers reads by itself.
    #[test]
    fn a_demoted_leader_asks_nobody_in_the_crate() {
        let mut twin = leader(&[1, 2]);
        change_on_both(&mut twin, Change::AddLearner(NodeId(1)));
        twin.ours.read_index(READ);
        twin.theirs.read_index(words::read_context(READ));
        assert_eq!(twin.ours.ready().reads, []);
        assert_eq!(twin.theirs.raft.read_states.len(), 1);
    }
}
