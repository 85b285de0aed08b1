//! What the page draws, as plain structs: a component gets one of these and nothing else.
//!
//! Protocol facts are worked out here (or below) and tested here; a component never counts votes
//! or compares indexes itself. Times are virtual microseconds, so that a position on the screen is
//! a function of virtual time and pausing shows exactly what was.

use serde::{Deserialize, Serialize};

/// Everything about the cluster at one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageView {
    /// The last event.
    pub seq: u64,
    /// Its virtual time.
    pub now_micros: u64,
    /// When the next event falls due; `None` after a violation stopped the run.
    pub next_micros: Option<u64>,
    /// One for each node, in the order of their names.
    pub nodes: Vec<NodeView>,
    /// One for each direction of each pair.
    pub links: Vec<LinkView>,
    /// Messages under way.
    pub flights: Vec<FlightView>,
    /// Messages that died of late as they were sent: their link is cut.
    pub lost: Vec<LostView>,
    /// How long a message takes and how many get lost (parts per million) where nothing else is said.
    pub usual_link: (u64, u32),
    /// Clients that have asked something.
    pub clients: Vec<ClientView>,
    /// Groups of nodes that hear each other, where there is more than one (down nodes left out).
    pub groups: Vec<Vec<u8>>,
    /// The leader, as the language's word `leader` means it.
    pub leader: Option<u8>,
    /// The state of the cluster in one sentence.
    pub diagnosis: Diagnosis,
    /// Quorum arithmetic over the configured voters.
    pub quorum: QuorumView,
    /// Rules of Raft that are switched off; not empty means "modified Raft".
    pub rules_off: Vec<String>,
    /// The broken property, in words, if one broke.
    pub violation: Option<String>,
}

/// How the cluster is, said in a line of its own over the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// How bad it is.
    pub level: Level,
    /// One sentence: "n1 leads term 2 but reaches 2 of 5 voters: it cannot commit".
    pub text: String,
}

/// How much a remark matters; never told by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// All is well.
    Good,
    /// Merely so.
    Neutral,
    /// Something is in the way.
    Warning,
    /// Something is lost or broken.
    Bad,
}

/// Configured voters, quorum and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumView {
    /// Configured voters, reachable or not.
    pub voters: u8,
    /// `voters / 2 + 1`.
    pub quorum: u8,
    /// How many may fail: `voters - quorum`.
    pub tolerance: u8,
    /// Voters that run now.
    pub running: u8,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// 1–7; drawn as `n1`.
    pub id: u8,
    /// Whether its process runs.
    pub condition: Condition,
    /// Whether it belongs to the cluster, and votes.
    pub seat: Seat,
    /// Its role; while it is down, the one it had.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// Whom it voted for in its term.
    pub vote: Option<u8>,
    /// Whom it takes for the leader.
    pub leader: Option<u8>,
    /// Highest index known to be committed.
    pub commit: u64,
    /// Highest index applied to its store.
    pub applied: u64,
    /// Highest index on its disk.
    pub durable: u64,
    /// Last index in its log.
    pub last_index: u64,
    /// The last entries of its log, oldest first.
    pub log: Vec<LogCell>,
    /// Its election timer; `None` for leaders and nodes that do not run.
    pub timer: Option<TimerView>,
    /// For candidates: who voted for it so far (itself included), and how many it needs.
    pub votes: Option<VotesView>,
    /// For leaders: what it knows of the others.
    pub progress: Vec<ProgressView>,
    /// The revision of its store.
    pub revision: i64,
    /// The keys of its store, in order (the first hundred).
    pub keys: Vec<KeyRow>,
    /// Clock rate in parts per million; 1,000,000 is true.
    pub clock_ppm: u64,
}

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// It runs.
    Running,
    /// It is frozen; what arrives waits.
    Paused,
    /// It is dead.
    Crashed,
    /// It was added to the cluster and never started.
    Unstarted,
    /// It was removed from the cluster, and its process has ended.
    Removed,
}

/// What a node is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seat {
    /// A member that votes.
    Voter,
    /// A member that receives the log and has no vote.
    Learner,
    /// No member: it was removed.
    None,
}

/// A role in Raft, in the words of the paper (and the pre-candidate of thesis §9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Follows, or waits for a leader.
    Follower,
    /// Asks whether it could win before it disturbs anybody.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Leads its term.
    Leader,
}

/// One cell of a log strip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogCell {
    /// Index in the log.
    pub index: u64,
    /// Term of the entry.
    pub term: u64,
    /// Whether this node knows it to be committed.
    pub committed: bool,
}

/// An election timer: full at `start_micros`, empty at `end_micros`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerView {
    /// When it was last reset.
    pub start_micros: u64,
    /// When it runs out if nothing is heard.
    pub end_micros: u64,
}

/// A candidate's count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VotesView {
    /// Who granted.
    pub granted: Vec<u8>,
    /// Who refused.
    pub rejected: Vec<u8>,
    /// How many are needed.
    pub needed: u8,
}

/// A leader's knowledge of one follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgressView {
    /// The follower.
    pub node: u8,
    /// Highest index known to be on it (`matchIndex`).
    pub match_index: u64,
    /// Next index to send (`nextIndex`).
    pub next_index: u64,
    /// `probe`, `replicate` or `snapshot`.
    pub state: &'static str,
    /// Appends in flight.
    pub in_flight: u32,
}

/// One key of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The key, as text (bytes that are no UTF-8 are escaped).
    pub key: String,
    /// The value, as text, cut after 200 characters.
    pub value: String,
    /// When this incarnation was created.
    pub create_revision: i64,
    /// When it was last changed.
    pub mod_revision: i64,
    /// Changes since it was created.
    pub version: i64,
}

/// The whole store of one node, or most of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreView {
    /// Whose it is.
    pub node: u8,
    /// Its revision.
    pub revision: i64,
    /// Its keys, in order.
    pub keys: Vec<KeyRow>,
    /// How many keys there are besides.
    pub more: u64,
}

/// One direction between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// Sender.
    pub from: u8,
    /// Receiver.
    pub to: u8,
    /// Nothing passes.
    pub cut: bool,
    /// Nothing arrives for now; all of it will.
    pub clogged: bool,
    /// Loss in parts per million.
    pub loss_ppm: u32,
    /// Messages that arrive twice, in parts per million.
    pub duplicate_ppm: u32,
    /// One-way latency.
    pub latency_micros: u64,
    /// Whether that is not the latency of every link.
    pub odd_latency: bool,
    /// Whether its loss is not that of every link.
    pub odd_loss: bool,
}

/// What flies, told apart by shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FlightKind {
    /// A dot.
    Heartbeat,
    /// A labelled block (`+2`), or a bare one for an append without entries.
    Append,
    /// A ring: the answer to a heartbeat or an append.
    Reply,
    /// An open diamond: a request for a vote (or, smaller, for a pre-vote).
    VoteRequest,
    /// A filled diamond: a vote granted.
    Vote,
    /// A diamond with a stroke: a vote refused.
    VoteRefused,
    /// A square with a stack.
    Snapshot,
    /// Anything else: forwarded proposals, ReadIndex, TimeoutNow.
    Other,
}

/// A message under way: at `sent_micros` at its sender, at `arrives_micros` at its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlightView {
    /// Its number; `17` is drawn as `m17`.
    pub id: u64,
    /// Sender.
    pub from: u8,
    /// Receiver.
    pub to: u8,
    /// Its shape.
    pub kind: FlightKind,
    /// What it is called: `AppendEntries`, `RequestVote`, …
    pub name: &'static str,
    /// A short label drawn on it (`+2`), often empty.
    pub label: String,
    /// One line that says what it says.
    pub text: String,
    /// The term it carries.
    pub term: u64,
    /// When it left.
    pub sent_micros: u64,
    /// When it arrives, or would have.
    pub arrives_micros: u64,
    /// If it will be lost on the way: when. Where it is then is where it dies.
    pub dies_micros: Option<u64>,
}

/// A message that died as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostView {
    /// Sender.
    pub from: u8,
    /// Receiver.
    pub to: u8,
    /// When.
    pub at_micros: u64,
}

/// A client at the rim: what it asked and what it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    /// Its name: `a`.
    pub name: String,
    /// The node it asked last.
    pub node: Option<u8>,
    /// What it asked: `put name joe`.
    pub request: String,
    /// What it knows of that.
    pub knows: Knows,
    /// The answer or error in few words: `OK`, `context deadline exceeded`.
    pub answer: String,
    /// When it asked.
    pub since_micros: u64,
}

/// What a client knows of its last request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Knows {
    /// No answer yet.
    Waiting,
    /// It was done.
    Acknowledged,
    /// It was not done, surely.
    Failed,
    /// It may have been done, or may still be.
    Unknown,
}

/// One line of the event feed, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedItem {
    /// The event.
    pub seq: u64,
    /// Its time.
    pub at_micros: u64,
    /// How much it matters.
    pub level: Level,
    /// What kind of thing happened, for marks on the timeline.
    pub mark: Mark,
    /// The node it happened on.
    pub node: Option<u8>,
    /// The term it happened in (0 where none belongs to it).
    pub term: u64,
    /// "n4 became leader of term 3 with 3 of 5 votes".
    pub text: String,
    /// The event that brought it about.
    pub cause: Option<u64>,
}

/// A window of the logs: nodes × index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsView {
    /// The first index shown.
    pub first: u64,
    /// The last index shown.
    pub last: u64,
    /// The last index of any log.
    pub newest: u64,
    /// How many indexes are shown at most.
    pub columns: u64,
    /// One for each node that was ever started.
    pub rows: Vec<LogRowView>,
}

/// One node's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRowView {
    /// Whose it is.
    pub node: u8,
    /// Whether its process runs; if not, the log is that of its disk.
    pub runs: bool,
    /// Whether it leads.
    pub leads: bool,
    /// Its term.
    pub term: u64,
    /// Up to here, entries are gone from the log: a snapshot stands for them.
    pub compacted: u64,
    /// Highest index known to be committed.
    pub commit: u64,
    /// Highest index applied to its store.
    pub applied: u64,
    /// Highest index on its disk.
    pub durable: u64,
    /// Last index of its log.
    pub last: u64,
    /// One for each index shown; none where the log has no such entry.
    pub cells: Vec<Option<LogEntryView>>,
    /// For leaders: what it knows of the others.
    pub progress: Vec<ProgressView>,
}

/// One entry of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntryView {
    /// Its index.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// Whether this node knows it to be committed.
    pub committed: bool,
    /// Whether it is applied to this node's store.
    pub applied: bool,
    /// Whether it is on this node's disk.
    pub durable: bool,
    /// Whether another node has an entry of another term here, and this one may be lost.
    pub conflicts: bool,
    /// What it does: `put name john`.
    pub text: String,
}

/// A client's request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestView {
    /// Its number, counted from 1.
    pub call: u64,
    /// Who asked.
    pub client: String,
    /// What: `put name joe`.
    pub request: String,
    /// The node that answered, or has the request.
    pub node: Option<u8>,
    /// What the client knows of it.
    pub knows: Knows,
    /// The answer or error in few words.
    pub answer: String,
    /// When it was asked.
    pub at_micros: u64,
    /// The event with which it began.
    pub seq: u64,
    /// The event and time of its end.
    pub ended: Option<(u64, u64)>,
    /// The revision in the answer.
    pub revision: Option<i64>,
    /// Where the client does not know: what the lab sees, as far as it can be known. Often empty.
    pub seen: String,
}

/// One step of the way from an event back to what began it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseView {
    /// The event.
    pub seq: u64,
    /// Its time.
    pub at_micros: u64,
    /// The node it happened on.
    pub node: Option<u8>,
    /// The term of that node after it (0 where none belongs to it).
    pub term: u64,
    /// What happened, in one sentence: "n2's election timer runs out: it asks n1 and n3 who would
    /// vote for it".
    pub text: String,
    /// The event that brought it about; none for commands and timers, with which all begins. The
    /// last step of a chain has one only where the chain was too long to be told whole.
    pub cause: Option<u64>,
}

/// What a mark on the timeline stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Somebody stood for election.
    Election,
    /// Somebody won; a term's band begins.
    Leader,
    /// A learner or script did something to nodes or links.
    Fault,
    /// A client call or its return.
    Client,
    /// An entry became committed.
    Commit,
    /// The list of members changed.
    Members,
    /// Somebody stepped down.
    StepDown,
    /// A safety property broke.
    Violation,
}

/// One command in the terminal and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalEntry {
    /// Unique within a session.
    pub id: u64,
    /// The event it was issued at.
    pub seq: u64,
    /// Which client typed it.
    pub client: String,
    /// The line as written, a here-document with its body.
    pub source: String,
    /// Standard output so far.
    pub stdout: String,
    /// Standard error so far.
    pub stderr: String,
    /// Exit status once it has ended.
    pub exit: Option<i32>,
    /// Output of background jobs that arrived during this line, each line prefixed `[1] `.
    pub jobs: String,
    /// What the lab remarks, shown muted.
    pub remarks: Vec<String>,
}

/// A goal of a lesson as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalView {
    /// Its id in the lesson.
    pub id: String,
    /// Whether it is reached (a goal once reached stays reached), or for `keep` goals still kept.
    pub reached: bool,
    /// At which event it was reached.
    pub seq: Option<u64>,
}
