//! One node from inside: everything that it knows, as groups of facts and as tables. Made only
//! while somebody looks at it.
//!
//! Facts have the paper's and etcd's names; where a beginner would stumble, a sentence says what
//! is meant.

mod tables;
#[cfg(test)]
mod tests;

use sim::member::kv_core::RangeRequest;
use sim::member::raft_core::{Configuration, HardState, Index, NodeId, NodeSet, RoleKind, Rule};
use sim::member::{self, Member};
use sim::{Cluster, Condition, Node};

use self::tables::Marks;
use crate::diagnose::join;
use crate::words::{in_words, spaced, span};

/// A node from inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeDetail {
    /// Which node.
    pub id: u8,
    /// All nodes that can be looked at.
    pub nodes: Vec<u8>,
    /// Its term, for the colour.
    pub term: u64,
    /// What it is, in one line.
    pub summary: String,
    /// Facts.
    pub groups: Vec<Group>,
    /// What there is more than one of.
    pub tables: Vec<Table>,
}

/// Facts that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they are about.
    pub name: &'static str,
    /// The facts.
    pub facts: Vec<Fact>,
}

/// One thing that a node knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: &'static str,
    /// As it stands.
    pub value: String,
    /// What is meant; empty where the name says it.
    pub why: &'static str,
}

/// A list with columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it lists.
    pub name: String,
    /// Names of the columns, and what is meant by those that do not say it.
    pub columns: &'static [(&'static str, &'static str)],
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The term it belongs to; 0 if to none.
    pub term: u64,
    /// A text for each column.
    pub cells: Vec<String>,
}

/// The node from inside; none if there is no such node.
pub(crate) fn inspect(cluster: &Cluster, id: u8) -> Option<NodeDetail> {
    let node = cluster.nodes().find(|node| node.id().0 == id)?;
    let stored = node.disk().stored();
    let mut detail = NodeDetail {
        id,
        nodes: cluster.nodes().map(|node| node.id().0).collect(),
        term: stored.hard_state.term.0,
        summary: String::new(),
        groups: Vec::new(),
        tables: Vec::new(),
    };
    match node.member() {
        Some(member) => {
            let raft = member.raft();
            detail.term = raft.term().0;
            detail.summary = summary(node, member);
            detail.groups = alive(cluster, node, member);
            if raft.role_kind() == RoleKind::Leader {
                detail.tables.push(tables::progress(member));
            }
            let marks = Marks {
                commit: raft.commit(),
                applied: raft.last_applied(),
                durable: node.disk().durable_index(),
            };
            detail.tables.push(tables::log(raft.log().entries().iter(), &marks));
            detail.tables.push(tables::keys(member));
        }
        None => {
            let commit = stored.hard_state.commit;
            detail.summary = format!("{} is {}", node.id(), condition(cluster, node));
            detail.groups = vec![group("Node", standing(cluster, node)), on_disk(cluster, node)];
            let durable = node.disk().durable_index();
            let marks = Marks { commit, applied: Index(0), durable };
            detail.tables.push(tables::log(stored.log.iter(), &marks));
        }
    }
    Some(detail)
}

fn fact(name: &'static str, value: impl Into<String>, why: &'static str) -> Fact {
    Fact { name, value: value.into(), why }
}

fn group(name: &'static str, facts: Vec<Fact>) -> Group {
    Group { name, facts }
}

/// What a running or paused node knows.
fn alive(cluster: &Cluster, node: &Node, member: &Member) -> Vec<Group> {
    let mut role = standing(cluster, node);
    role.extend(role_facts(member));
    vec![
        group("Node", role),
        group("Timers", timers(cluster, node, member)),
        log_group(member),
        on_disk(cluster, node),
        members(member.raft().configuration(), member.raft().quorum_size()),
        waiting(member),
        store(member),
    ]
}

fn summary(node: &Node, member: &Member) -> String {
    let raft = member.raft();
    let (id, term) = (node.id(), raft.term());
    let paused = if node.is_running() { "" } else { " (paused)" };
    let does = match (raft.role_kind(), raft.leader()) {
        (RoleKind::Leader, _) => format!("leads term {term}"),
        (RoleKind::Follower, Some(leader)) => format!("follows {leader} in term {term}"),
        (RoleKind::Follower, None) => format!("waits for a leader in term {term}"),
        (RoleKind::PreCandidate, _) => format!("asks whether it could win term {}", term.0 + 1),
        (RoleKind::Candidate, _) => format!("asks for votes in term {term}"),
    };
    format!("{id} {does}{paused}")
}

fn condition(cluster: &Cluster, node: &Node) -> &'static str {
    match node.condition() {
        Condition::Running => "running",
        Condition::Paused => "paused",
        Condition::Crashed if cluster.is_removed(node.id()) => "removed",
        Condition::Crashed if node.starts() == 0 => "not started",
        Condition::Crashed => "down",
    }
}

/// Whether it runs, and what it is to the cluster.
fn standing(cluster: &Cluster, node: &Node) -> Vec<Fact> {
    let config = cluster.configuration();
    let seat = if config.is_voter(node.id()) {
        "voter"
    } else if config.is_learner(node.id()) {
        "learner: has no vote"
    } else {
        "no member"
    };
    let starts = match node.starts() {
        0 => String::new(),
        1 => ", started once".to_owned(),
        starts => format!(", started {starts} times"),
    };
    vec![
        fact("process", format!("{}{starts}", condition(cluster, node)), ""),
        fact("member", seat, ""),
        fact(
            "member id",
            format!("{:x}", member::MemberId::of(node.id()).0),
            "How etcdctl names it in move-leader and member remove.",
        ),
    ]
}

fn role_facts(member: &Member) -> Vec<Fact> {
    let raft = member.raft();
    let mut facts = vec![
        fact("role", raft.role_kind().name(), ""),
        fact("term", raft.term().to_string(), "The newest term it has heard of. Terms only grow."),
        fact(
            "voted for",
            raft.vote().map_or_else(|| "nobody yet".to_owned(), |id| id.to_string()),
            "Its one vote in this term.",
        ),
        fact(
            "leader",
            raft.leader().map_or_else(|| "none known".to_owned(), |id| id.to_string()),
            "Whom it takes for the leader of this term. It may be wrong.",
        ),
    ];
    let (granted, rejected) = (raft.votes_granted(), raft.votes_rejected());
    if !granted.is_empty() {
        let votes = format!("{} of {}: {}", granted.len(), raft.quorum_size(), names(granted));
        facts.push(fact("votes", votes, "So many it has of those that it needs."));
    }
    if !rejected.is_empty() {
        facts.push(fact("refused by", names(rejected), ""));
    }
    if let Some(to) = raft.transferee() {
        facts.push(fact("hands over to", to.to_string(), "It takes no writes meanwhile."));
    }
    facts
}

fn timers(cluster: &Cluster, node: &Node, member: &Member) -> Vec<Fact> {
    let (now, raft) = (cluster.now(), member.raft());
    let left = |at: u64| span(at.saturating_sub(now.0));
    let rate = u64::from(node.clock_rate_ppm());
    let heartbeat = cluster.settings().heartbeat.0 * 1_000_000 / rate;
    let mut facts = Vec::new();
    if let Some((start, end)) = node.election_deadline(now) {
        let value = format!("{} left of {}", left(end.0), span(end.0 - start.0));
        let why = "It stands for election when this runs out. Whoever leads sets it back.";
        facts.push(fact("election timer", value, why));
    }
    let next = match node.next_tick_at() {
        Some(at) => format!("in {}, then every {}", left(at.0), span(heartbeat)),
        None => "none while it is paused".to_owned(),
    };
    if raft.role_kind() == RoleKind::Leader {
        facts.push(fact("heartbeat", next, "It tells every follower that it lives."));
        if raft.rules().on(Rule::CheckQuorum) {
            let ticks = raft.config().election_ticks.saturating_sub(raft.election_elapsed());
            let why = "If no majority was heard by then, it steps down (CheckQuorum).";
            facts.push(fact("quorum check", format!("in {}", in_words(ticks.into(), "tick")), why));
        }
    } else {
        facts.push(fact("tick", next, "Its timers count ticks, one a heartbeat interval."));
    }
    let clock = crate::script::rate_text(crate::script::Ppm(node.clock_rate_ppm()));
    facts.push(fact("clock", format!("{} of true time", spaced(&clock)), ""));
    facts
}

fn log_group(member: &Member) -> Group {
    let raft = member.raft();
    let snapshot = raft.snapshot().map_or_else(
        || "none".to_owned(),
        |snapshot| format!("up to {} of term {}", snapshot.index, snapshot.term),
    );
    let last = if raft.last_index() == Index(0) {
        "0: empty".to_owned()
    } else {
        format!("{} of term {}", raft.last_index(), raft.last_term())
    };
    let facts = vec![
        fact("first index", raft.log().first_index().to_string(), "What was before is compacted."),
        fact("last index", last, "Whose log ends later, in term and index, may win its vote."),
        fact(
            "commitIndex",
            raft.commit().to_string(),
            "Up to here it knows a majority to have it.",
        ),
        fact("lastApplied", raft.last_applied().to_string(), "Up to here it is in the store."),
        fact("snapshot", snapshot, "State that stands for the entries up to there."),
    ];
    group("Log", facts)
}

/// What would be left if the process died now.
fn on_disk(cluster: &Cluster, node: &Node) -> Group {
    let (disk, now) = (node.disk(), cluster.now());
    let stored = disk.stored();
    let mut facts = Vec::new();
    let mut hard_state = said(&stored.hard_state);
    if let Some(memory) = node.member().map(|member| member.raft().hard_state())
        && memory != stored.hard_state
    {
        hard_state.push_str(&format!("; in memory {}", said(&memory)));
    }
    facts.push(fact("hard state", hard_state, "What a restart finds: it must not be forgotten."));
    let durable = disk.durable_index();
    let why = "A crash keeps the log up to here.";
    facts.push(fact("durable index", durable.to_string(), why));
    match node.member().map(|member| member.raft().last_index()) {
        None => {
            let snapshot = stored.snapshot.as_ref().map(|snapshot| snapshot.index.to_string());
            facts.push(fact("snapshot", snapshot.unwrap_or_else(|| "none".to_owned()), ""));
        }
        Some(last) => {
            let tail = match last.0 - durable.0.min(last.0) {
                0 => "nothing".to_owned(),
                1 => format!("entry {last}"),
                _ => format!("entries {}–{last}", durable.0 + 1),
            };
            facts.push(fact("not synced", tail, "A crash loses it, or tears it."));
            let due = disk.next_durable_at().map_or_else(String::new, |at| {
                format!(", the next is safe in {}", span(at.0.saturating_sub(now.0)))
            });
            facts.push(fact("writes under way", format!("{}{due}", disk.writes_under_way()), ""));
        }
    }
    group("Disk", facts)
}

fn said(state: &HardState) -> String {
    let vote = state.vote.map_or_else(|| "nobody".to_owned(), |id| id.to_string());
    format!("term {}, vote {vote}, commit {}", state.term, state.commit)
}

fn names(set: NodeSet) -> String {
    join(&set.iter().collect::<Vec<NodeId>>())
}

fn members(config: &Configuration, quorum: u32) -> Group {
    let why = "As of the changes that it has applied.";
    let mut facts = vec![fact("voters", names(config.voters), why)];
    if config.is_joint() {
        let why = "Joint consensus: both halves must agree, each by majority.";
        facts.push(fact("and of before", names(config.outgoing), why));
    }
    if !config.learners.is_empty() {
        facts.push(fact("learners", names(config.learners), "They get the log and do not vote."));
    }
    let value = format!("{quorum} of {}", config.voters.len());
    facts.push(fact("quorum", value, "Counted over all voters, reachable or not."));
    group("Members", facts)
}

fn waiting(member: &Member) -> Group {
    let backlog = member.backlog();
    let raft = member.raft();
    let leads = raft.role_kind() == RoleKind::Leader;
    let why = if leads { "Until they are applied here." } else { "Forwarded to the leader." };
    let mut facts = vec![
        fact(
            "writes held",
            backlog.writes_held.to_string(),
            "No leader is known to propose them to.",
        ),
        fact("writes proposed", backlog.writes_proposed.to_string(), why),
    ];
    let reads = match backlog.read_index {
        Some(index) => format!("{}, until {index} is applied", backlog.reads_asked),
        None => (backlog.reads_asked + backlog.reads_next).to_string(),
    };
    facts.push(fact("reads", reads, "They wait until the leader says from which index on."));
    if leads {
        let (early, confirming) = raft.reads_waiting();
        let why = "Its own and forwarded ones: a majority must confirm that it leads.";
        facts.push(fact("reads to confirm", confirming.to_string(), why));
        if early > 0 {
            let why = "Until an entry of its own term is committed.";
            facts.push(fact("early reads", early.to_string(), why));
        }
    }
    group("Waiting here", facts)
}

fn store(member: &Member) -> Group {
    let store = member.store();
    let compacted = match store.compact_revision().0 {
        ..=0 => "never".to_owned(),
        revision => format!("up to {revision}"),
    };
    let count = store.range(&RangeRequest::all().limit(1)).map_or(0, |response| response.count);
    let facts = vec![
        fact("revision", store.revision().0.to_string(), "Every change of a key makes a new one."),
        fact("compacted", compacted, "Older revisions cannot be read any more."),
        fact("keys", count.to_string(), ""),
    ];
    group("Store", facts)
}
