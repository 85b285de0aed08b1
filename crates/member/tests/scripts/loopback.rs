//! A cluster on a table: members joined by a queue, disks that sync at once unless told not to, a
//! clock that jumps from event to event. No randomness: n1 always stands for election first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kv_core::{DeleteRangeRequest, PutRequest, RangeRequest};
use member::{
    Consistency, Member, MemberConfig, MemberRecord, MembersResponse, Micros, Request, RequestId,
    Response, Seat, ServerError, Write, apply_torn, apply_write,
};
use raft_core::{Dice, Message, MessageKind, NodeId, NodeSet, RoleKind, Stored};

pub(crate) const N1: NodeId = NodeId(1);
pub(crate) const N2: NodeId = NodeId(2);
pub(crate) const N3: NodeId = NodeId(3);

/// The time between two ticks.
const TICK: Micros = Micros::from_millis(100);

/// Election timeouts 300 ms apart, in the order of nodes.
struct Fixed(NodeId);

impl Dice for Fixed {
    fn below(&mut self, bound: u32) -> u32 {
        (u32::from(self.0.0 - 1) * 3).min(bound - 1)
    }
}

/// What has come out of the members in answer to requests.
type Answers = BTreeMap<RequestId, (Micros, NodeId, Result<Response, ServerError>)>;

pub(crate) struct Loopback {
    voters: NodeSet,
    pub(crate) now: Micros,
    next_tick: Micros,
    members: BTreeMap<NodeId, Member>,
    pub(crate) disks: BTreeMap<NodeId, Stored>,
    starts: BTreeMap<NodeId, u64>,
    queue: VecDeque<Message>,
    /// Nodes without a network.
    pub(crate) isolated: BTreeSet<NodeId>,
    /// Nodes whose disks do not sync, with what waits for that.
    stalled: BTreeMap<NodeId, Vec<(Write, Vec<Message>)>>,
    /// Every message arrives twice, the second time at the end of the queue.
    pub(crate) doubled: bool,
    pub(crate) snapshot_count: u64,
    pub(crate) sent: Vec<MessageKind>,
    answers: Answers,
    next_request: u64,
}

impl Loopback {
    pub(crate) fn new(nodes: u8) -> Loopback {
        let mut cluster = Loopback {
            voters: (1..=nodes).map(NodeId).collect(),
            now: Micros(0),
            next_tick: TICK,
            members: BTreeMap::new(),
            disks: BTreeMap::new(),
            starts: BTreeMap::new(),
            queue: VecDeque::new(),
            isolated: BTreeSet::new(),
            stalled: BTreeMap::new(),
            doubled: false,
            snapshot_count: 10_000,
            sent: Vec::new(),
            answers: BTreeMap::new(),
            next_request: 0,
        };
        for node in cluster.voters {
            cluster.start(node);
        }
        cluster
    }

    /// As `new`, and run until n1 leads.
    pub(crate) fn with_leader(nodes: u8) -> Loopback {
        let mut cluster = Loopback::new(nodes);
        cluster.run_for(Micros::from_secs(2));
        assert_eq!(cluster.leader(), Some(N1));
        cluster
    }

    pub(crate) fn start(&mut self, node: NodeId) {
        let start = self.starts.entry(node).or_default();
        *start += 1;
        let config = MemberConfig {
            start: *start,
            snapshot_count: self.snapshot_count,
            ..MemberConfig::new(node, self.voters)
        };
        let disk = self.disks.entry(node).or_default().clone();
        self.members.insert(node, Member::new(config, disk, self.now, &mut Fixed(node)));
        self.connect();
        self.settle();
    }

    /// Everybody who runs has a connection to everybody else who does.
    fn connect(&mut self) {
        let running: Vec<NodeId> = self.members.keys().copied().collect();
        for (node, member) in &mut self.members {
            for other in (1..=7).map(NodeId).filter(|other| other != node) {
                if running.contains(&other) {
                    member.connected(self.now, other);
                } else {
                    member.disconnected(other);
                }
            }
        }
    }

    /// The process dies; what was not synced is lost, but for the first `torn` records.
    pub(crate) fn crash(&mut self, node: NodeId, torn: u64) {
        self.members.remove(&node);
        self.connect();
        if let Some((write, _)) = self.stalled.remove(&node).unwrap_or_default().first() {
            apply_torn(self.disks.get_mut(&node).expect("has a disk"), write, torn);
        }
    }

    pub(crate) fn stall_disk(&mut self, node: NodeId) {
        self.stalled.insert(node, Vec::new());
    }

    pub(crate) fn runs(&self, node: NodeId) -> bool {
        self.members.contains_key(&node)
    }

    pub(crate) fn member(&self, node: NodeId) -> &Member {
        &self.members[&node]
    }

    pub(crate) fn member_mut(&mut self, node: NodeId) -> &mut Member {
        self.members.get_mut(&node).expect("runs")
    }

    pub(crate) fn replace(&mut self, node: NodeId, member: Member) {
        self.members.insert(node, member);
    }

    /// Who leads in the highest term.
    pub(crate) fn leader(&self) -> Option<NodeId> {
        let leads = |member: &&Member| member.raft().role_kind() == RoleKind::Leader;
        let leaders = self.members.values().filter(leads);
        leaders.max_by_key(|member| member.raft().term()).map(|member| member.raft().id())
    }

    pub(crate) fn ask(&mut self, node: NodeId, request: Request) -> RequestId {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        let now = self.now;
        self.member_mut(node).request(now, id, request);
        self.settle();
        id
    }

    pub(crate) fn put(&mut self, node: NodeId, key: &str, value: &str) -> RequestId {
        self.ask(node, put(key, value))
    }

    pub(crate) fn read(&mut self, node: NodeId, key: &str, consistency: Consistency) -> RequestId {
        self.ask(node, Request::Range { range: RangeRequest::key(key), consistency })
    }

    /// When, where and what was answered.
    pub(crate) fn answer(
        &self,
        id: RequestId,
    ) -> Option<&(Micros, NodeId, Result<Response, ServerError>)> {
        self.answers.get(&id)
    }

    /// The value read, or the error's text.
    pub(crate) fn text(&self, id: RequestId) -> String {
        match self.answer(id) {
            None => "waits".to_string(),
            Some((_, _, Err(error))) => error.to_string(),
            Some((_, _, Ok(Response::Range(response)))) => {
                response.kvs.first().map_or("missing".to_string(), |kv| kv.value.to_text_lossy())
            }
            Some((_, _, Ok(Response::Put(_)))) => "OK".to_string(),
            Some((_, _, Ok(Response::DeleteRange(response)))) => response.deleted.to_string(),
            Some((_, _, Ok(Response::Members(response)))) => members(response),
            Some((_, _, Ok(other))) => format!("{other:?}"),
        }
    }

    pub(crate) fn run_for(&mut self, time: Micros) {
        let end = self.now + time;
        loop {
            let deadline = self.members.values().filter_map(Member::next_deadline).min();
            let next = deadline.map_or(self.next_tick, |at| at.min(self.next_tick));
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            let is_tick = self.now == self.next_tick;
            for (node, member) in &mut self.members {
                if is_tick {
                    member.tick(self.now, &mut Fixed(*node));
                }
                member.expire(self.now);
            }
            if is_tick {
                self.next_tick = self.now + TICK;
            }
            self.members.retain(|_, member| !member.is_stopped());
            self.connect();
            self.settle();
        }
        self.now = end;
    }

    /// Brings a message from who knows where.
    pub(crate) fn carry(&mut self, message: Message) {
        self.queue.push_back(message);
        self.settle();
    }

    /// Delivers and syncs until nothing is left to do.
    pub(crate) fn settle(&mut self) {
        loop {
            for node in self.members.keys().copied().collect::<Vec<_>>() {
                while self.drain(node) {}
            }
            let Some(message) = self.queue.pop_front() else { break };
            let (from, to) = (message.from, message.to);
            if self.isolated.contains(&from) || self.isolated.contains(&to) {
                continue;
            }
            let now = self.now;
            let Some(member) = self.members.get_mut(&to) else { continue };
            member.deliver(now, message, &mut Fixed(to));
            if member.has_removed(from)
                && let Some(sender) = self.members.get_mut(&from)
            {
                sender.told_removed(now);
            }
        }
    }

    /// Does what a member wants done; true if a write of it is durable now.
    fn drain(&mut self, node: NodeId) -> bool {
        let Some(member) = self.members.get_mut(&node) else { return false };
        let output = member.drain();
        for (id, answer) in output.replies {
            let again = self.answers.insert(id, (self.now, node, answer));
            assert!(again.is_none(), "{id:?} was answered twice");
        }
        output.send.into_iter().for_each(|message| self.send(message));
        let mut promises = output.send_once_durable;
        let mut synced = false;
        for write in output.writes {
            let number = write.number;
            let (ready, later) = promises.into_iter().partition(|(after, _)| *after <= number);
            promises = later;
            let ready: Vec<Message> = ready.into_iter().map(|(_, message)| message).collect();
            if let Some(waiting) = self.stalled.get_mut(&node) {
                waiting.push((write, ready));
            } else {
                apply_write(self.disks.get_mut(&node).expect("has a disk"), &write);
                ready.into_iter().for_each(|message| self.send(message));
                let now = self.now;
                self.member_mut(node).persisted(now, number);
                synced = true;
            }
        }
        for (_, message) in promises {
            // The write that these wait for came out of an earlier drain.
            match self.stalled.get_mut(&node).and_then(|waiting| waiting.last_mut()) {
                Some((_, waiting)) => waiting.push(message),
                None => self.send(message),
            }
        }
        synced
    }

    fn send(&mut self, message: Message) {
        self.sent.push(message.kind());
        if self.doubled {
            self.queue.push_back(message.clone());
        }
        self.queue.push_back(message);
    }
}

pub(crate) fn put(key: &str, value: &str) -> Request {
    Request::Put(PutRequest::new(key, value))
}

/// `n1 n2 n4(unstarted,learner)`, in the order of nodes.
fn members(response: &MembersResponse) -> String {
    let mut members = response.members.clone();
    members.sort_unstable_by_key(|member| member.node);
    let text = |member: &MemberRecord| match (member.started, member.seat) {
        (true, Seat::Voter) => member.node.to_string(),
        (true, Seat::Learner) => format!("{}(learner)", member.node),
        (false, Seat::Voter) => format!("{}(unstarted)", member.node),
        (false, Seat::Learner) => format!("{}(unstarted,learner)", member.node),
    };
    members.iter().map(text).collect::<Vec<_>>().join(" ")
}

pub(crate) fn delete(prefix: &str) -> Request {
    Request::DeleteRange(DeleteRangeRequest::prefix(prefix))
}
