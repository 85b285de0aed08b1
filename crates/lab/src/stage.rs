//! From the cluster to the structs that are drawn.

use std::cmp::Reverse;
use std::fmt::Write as _;

use sim::member::kv_core::{Bytes, KeyValue, RangeRequest};
use sim::member::raft_core::{Body, Index, Message, NodeSet, ProgressState, Raft, RoleKind, Rule};
use sim::{Cluster, Fate, Flight, Node, Sent};

use crate::causes::says;
use crate::diagnose::{diagnose, groups};
use crate::narrate::Narrator;
use crate::requests::{Asked, known};
use crate::view::{
    ClientView, Condition, FlightKind, FlightView, KeyRow, LinkView, LogCell, NodeView,
    ProgressView, QuorumView, Role, Seat, StageView, StoreView, TimerView, VotesView,
};

/// Cells of a log strip: what fits under a disc.
const LOG_CELLS: u64 = 6;
/// Keys that a view lists of one store.
const KEYS_MAX: i64 = 100;
/// Characters of a value that a view shows.
const VALUE_CHARS: usize = 200;
/// Keys that are listed where one store is looked at alone, and characters of their values.
const STORE: (i64, usize) = (400, 4_000);

/// Whether the keys of the stores are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stores {
    /// They are.
    Listed,
    /// They are not, and are not read.
    LeftOut,
}

/// Everything about the cluster that is drawn; `asked` is the last call of each client.
pub(crate) fn stage<'a>(
    cluster: &Cluster,
    narrator: &Narrator,
    asked: impl Iterator<Item = (&'a str, &'a Asked)>,
    stores: Stores,
) -> StageView {
    let config = cluster.configuration();
    let voters = u8::try_from(config.voters.len()).unwrap_or(u8::MAX);
    let quorum = voters / 2 + 1;
    let running = cluster.nodes().filter(|n| n.is_running() && config.is_voter(n.id())).count();
    StageView {
        seq: cluster.seq().0,
        now_micros: cluster.now().0,
        next_micros: cluster.next_at().map(|at| at.0),
        nodes: cluster.nodes().map(|node| node_view(cluster, node, stores)).collect(),
        links: links(cluster),
        flights: flights(cluster),
        lost: narrator.lost().to_vec(),
        usual_link: (cluster.settings().latency.0, cluster.settings().loss_ppm),
        clients: asked.map(|(name, asked)| client(cluster, name, asked)).collect(),
        groups: groups(cluster),
        leader: cluster.leader().map(|node| node.0),
        diagnosis: diagnose(cluster, narrator.lately()),
        quorum: QuorumView {
            voters,
            quorum,
            tolerance: voters - quorum,
            running: u8::try_from(running).unwrap_or(voters),
        },
        rules_off: rules_off(cluster),
        violation: cluster.violation().map(ToString::to_string),
    }
}

/// Rules of Raft that are switched off, by name. PreVote and CheckQuorum are settings of etcd's;
/// without them it is still Raft.
fn rules_off(cluster: &Cluster) -> Vec<String> {
    let rules = &cluster.settings().rules;
    Rule::ALL
        .into_iter()
        .filter(|rule| !rules.on(*rule))
        .map(|rule| rule.name().to_owned())
        .collect()
}

pub(crate) fn condition(cluster: &Cluster, node: &Node) -> Condition {
    match node.condition() {
        sim::Condition::Running => Condition::Running,
        sim::Condition::Paused => Condition::Paused,
        sim::Condition::Crashed if cluster.is_removed(node.id()) => Condition::Removed,
        sim::Condition::Crashed if node.starts() == 0 => Condition::Unstarted,
        sim::Condition::Crashed => Condition::Crashed,
    }
}

pub(crate) fn seat(cluster: &Cluster, node: &Node) -> Seat {
    let config = cluster.configuration();
    if config.is_voter(node.id()) {
        Seat::Voter
    } else if config.is_learner(node.id()) {
        Seat::Learner
    } else {
        Seat::None
    }
}

fn role(kind: RoleKind) -> Role {
    match kind {
        RoleKind::Follower => Role::Follower,
        RoleKind::PreCandidate => Role::PreCandidate,
        RoleKind::Candidate => Role::Candidate,
        RoleKind::Leader => Role::Leader,
    }
}

fn node_view(cluster: &Cluster, node: &Node, stores: Stores) -> NodeView {
    let mut view = of_disk(cluster, node);
    let Some(member) = node.member() else { return view };
    let raft = member.raft();
    view.role = role(raft.role_kind());
    view.term = raft.term().0;
    view.vote = raft.vote().map(|node| node.0);
    view.leader = raft.leader().map(|node| node.0);
    view.commit = raft.commit().0;
    view.applied = raft.last_applied().0;
    view.last_index = raft.last_index().0;
    view.log = log_cells(raft);
    view.timer = timer(cluster, node);
    view.votes = votes(raft);
    view.progress = others(raft);
    view.revision = member.store().revision().0;
    if stores == Stores::Listed
        && let Ok(found) = member.store().range(&RangeRequest::all().limit(KEYS_MAX))
    {
        view.keys = found.kvs.iter().map(|kv| key_row(kv, VALUE_CHARS)).collect();
    }
    view
}

/// What is left of a node whose process is dead: its disk.
fn of_disk(cluster: &Cluster, node: &Node) -> NodeView {
    let stored = node.disk().stored();
    let commit = stored.hard_state.commit;
    let mut log: Vec<LogCell> = Vec::new();
    if node.member().is_none() {
        for entry in stored.log.iter().skip(stored.log.len().saturating_sub(LOG_CELLS as usize)) {
            let (index, term) = (entry.index.0, entry.term.0);
            log.push(LogCell { index, term, committed: entry.index <= commit });
        }
    }
    let durable = node.disk().durable_index().0;
    NodeView {
        id: node.id().0,
        condition: condition(cluster, node),
        seat: seat(cluster, node),
        role: Role::Follower,
        term: stored.hard_state.term.0,
        vote: stored.hard_state.vote.map(|node| node.0),
        leader: None,
        commit: commit.0,
        applied: 0,
        durable,
        last_index: durable,
        log,
        timer: None,
        votes: None,
        progress: Vec::new(),
        revision: 0,
        keys: Vec::new(),
        clock_ppm: u64::from(node.clock_rate_ppm()),
    }
}

fn log_cells(raft: &Raft) -> Vec<LogCell> {
    let last = raft.last_index().0;
    let mut cells = Vec::new();
    let mut index = last.saturating_sub(LOG_CELLS - 1).max(1);
    while index <= last {
        if let Some(term) = raft.log().term(Index(index)) {
            cells.push(LogCell { index, term: term.0, committed: index <= raft.commit().0 });
        }
        index += 1;
    }
    cells
}

fn timer(cluster: &Cluster, node: &Node) -> Option<TimerView> {
    let (start, end) = node.election_deadline(cluster.now())?;
    Some(TimerView { start_micros: start.0, end_micros: end.0 })
}

/// Election timers of the nodes that have one.
pub(crate) fn timers(cluster: &Cluster) -> Vec<(u8, TimerView)> {
    cluster.nodes().filter_map(|node| Some((node.id().0, timer(cluster, node)?))).collect()
}

fn votes(raft: &Raft) -> Option<VotesView> {
    match raft.role_kind() {
        RoleKind::Candidate | RoleKind::PreCandidate => Some(VotesView {
            granted: numbers(raft.votes_granted()),
            rejected: numbers(raft.votes_rejected()),
            needed: u8::try_from(raft.quorum_size()).unwrap_or(u8::MAX),
        }),
        RoleKind::Follower | RoleKind::Leader => None,
    }
}

#[inline(never)]
fn numbers(nodes: NodeSet) -> Vec<u8> {
    nodes.iter().map(|node| node.0).collect()
}

/// What a leader knows of the others.
pub(crate) fn others(raft: &Raft) -> Vec<ProgressView> {
    let mut views = Vec::new();
    for (node, progress) in raft.progress() {
        if node != raft.id() {
            views.push(ProgressView {
                node: node.0,
                match_index: progress.match_index.0,
                next_index: progress.next_index.0,
                state: match progress.state {
                    ProgressState::Probe { .. } => "probe",
                    ProgressState::Replicate => "replicate",
                    ProgressState::Snapshot { .. } => "snapshot",
                },
                in_flight: progress.in_flight(),
            });
        }
    }
    views
}

fn key_row(kv: &KeyValue, chars: usize) -> KeyRow {
    KeyRow {
        key: readable(&kv.key, usize::MAX),
        value: readable(&kv.value, chars),
        create_revision: kv.create_revision.0,
        mod_revision: kv.mod_revision.0,
        version: kv.version,
    }
}

/// Bytes as text of so many characters; those that are none, and what cannot be seen, as `\xff`.
#[inline(never)]
pub(crate) fn readable(bytes: &Bytes, chars: usize) -> String {
    let mut text = String::new();
    for chunk in bytes.as_slice().utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_ascii_control() && !matches!(letter, '\n' | '\t') {
                escape(letter as u8, &mut text);
            } else {
                text.push(letter);
            }
        }
        for byte in chunk.invalid() {
            escape(*byte, &mut text);
        }
    }
    if let Some((end, _)) = text.char_indices().nth(chars) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn escape(byte: u8, text: &mut String) {
    // Writing into a string does not fail.
    let _ = write!(text, "\\x{byte:02x}");
}

/// The store of a node, or of the running one that is furthest.
pub(crate) fn store(cluster: &Cluster, node: Option<u8>) -> Option<StoreView> {
    let revision = |node: &Node| node.member().map(|member| member.store().revision());
    let furthest = || cluster.nodes().max_by_key(|other| (revision(other), Reverse(other.id())));
    let chosen = cluster.nodes().find(|other| node == Some(other.id().0)).or_else(furthest)?;
    let store = chosen.member()?.store();
    let (most, chars) = STORE;
    let found = store.range(&RangeRequest::all().limit(most)).ok()?;
    Some(StoreView {
        node: chosen.id().0,
        revision: store.revision().0,
        keys: found.kvs.iter().map(|kv| key_row(kv, chars)).collect(),
        more: u64::try_from(found.count - most).unwrap_or(0),
    })
}

fn links(cluster: &Cluster) -> Vec<LinkView> {
    let usual = cluster.settings();
    cluster
        .links()
        .map(|link| LinkView {
            from: link.from.0,
            to: link.to.0,
            cut: link.cut,
            clogged: link.clogged,
            loss_ppm: link.loss_ppm,
            duplicate_ppm: link.duplicate_ppm,
            latency_micros: link.latency.0,
            odd_latency: link.latency != usual.latency,
            odd_loss: link.loss_ppm != usual.loss_ppm,
        })
        .collect()
}

/// Messages under way, in the order in which they were sent.
pub(crate) fn flights(cluster: &Cluster) -> Vec<FlightView> {
    let mut flights: Vec<FlightView> = Vec::new();
    for view in cluster.flights().map(flight) {
        // They come nearly in order; inserting keeps a sort out of the page.
        let place = flights.partition_point(|other| other.id < view.id);
        flights.insert(place, view);
    }
    flights
}

fn flight(flight: &Flight) -> FlightView {
    let (kind, label) = shape(&flight.message);
    FlightView {
        id: flight.id.0,
        from: flight.from.0,
        to: flight.to.0,
        kind,
        name: flight.message.kind().name(),
        label,
        text: says(&Sent::of(flight.id, &flight.message)),
        term: flight.message.term.0,
        sent_micros: flight.sent_at.0,
        arrives_micros: flight.arrives_at().0,
        dies_micros: match flight.fate {
            Fate::Lost { .. } => Some(flight.ends_at.0),
            Fate::Arrives => None,
        },
    }
}

fn shape(message: &Message) -> (FlightKind, String) {
    let none = String::new();
    match &message.body {
        Body::Heartbeat { .. } => (FlightKind::Heartbeat, none),
        Body::AppendEntries { entries, .. } if entries.is_empty() => (FlightKind::Append, none),
        Body::AppendEntries { entries, .. } => (FlightKind::Append, format!("+{}", entries.len())),
        Body::AppendAccepted { .. } | Body::HeartbeatReply { .. } => (FlightKind::Reply, none),
        Body::AppendRejected { .. } => (FlightKind::Reply, "no".to_owned()),
        Body::PreVote { .. } => (FlightKind::VoteRequest, "?".to_owned()),
        Body::RequestVote { .. } => (FlightKind::VoteRequest, none),
        Body::PreVoteReply { granted, .. } | Body::RequestVoteReply { granted, .. } => {
            (if *granted { FlightKind::Vote } else { FlightKind::VoteRefused }, none)
        }
        Body::InstallSnapshot { .. } => (FlightKind::Snapshot, none),
        Body::Propose { .. } => (FlightKind::Other, "write".to_owned()),
        Body::ReadIndex { .. } | Body::ReadIndexReply { .. } => {
            (FlightKind::Other, "read".to_owned())
        }
        Body::TimeoutNow => (FlightKind::Other, "now".to_owned()),
    }
}

/// What a client asked last, and what it knows of that.
fn client(cluster: &Cluster, name: &str, asked: &Asked) -> ClientView {
    let (knows, answer, node) = known(cluster, asked.call);
    ClientView {
        name: name.to_owned(),
        node: node.map(|node| node.0),
        request: asked.request.clone(),
        knows,
        answer,
        since_micros: asked.at_micros,
    }
}
