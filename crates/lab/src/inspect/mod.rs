//! One node from inside: everything that it knows, as groups of facts and as tables. Made only
//! while somebody looks at it.
//!
//! Facts have the paper's and etcd's names; where a beginner would stumble, a sentence says what
//! is meant.

mod tables;
#[cfg(test)]
mod tests;

use std::fmt;

use sim::member::kv_core::RangeRequest;
use sim::member::raft_core::{
    Configuration, HardState, Index, NodeId, NodeSet, Raft, RoleKind, Rule,
};
use sim::member::{self, Member};
use sim::{Cluster, Node};

use self::tables::Marks;
use crate::diagnose::join;
use crate::view::{Condition, Seat};
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

impl NodeDetail {
    /// From here on, facts belong to a new group.
    fn group(&mut self, name: &'static str) {
        self.groups.push(Group { name, facts: Vec::new() });
    }

    /// One more fact of the last group. Not inlined: it is called for every fact there is.
    #[inline(never)]
    fn fact(&mut self, name: &'static str, why: &'static str, value: fmt::Arguments<'_>) {
        if let Some(group) = self.groups.last_mut() {
            group.facts.push(Fact { name, value: fmt::format(value), why });
        }
    }
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
    let mut marks = Marks {
        commit: stored.hard_state.commit,
        applied: Index(0),
        durable: node.disk().durable_index(),
    };
    standing(cluster, node, &mut detail);
    let Some(member) = node.member() else {
        detail.summary = format!("{} is {}", node.id(), condition(cluster, node));
        on_disk(cluster, node, &mut detail);
        let held = stored.log.len() as u64;
        detail.tables.push(tables::log(&mut stored.log.iter().rev(), held, &marks));
        return Some(detail);
    };
    let raft = member.raft();
    detail.term = raft.term().0;
    detail.summary = summary(node, member);
    role(raft, &mut detail);
    timers(cluster, node, raft, &mut detail);
    log(raft, &mut detail);
    on_disk(cluster, node, &mut detail);
    members(raft.configuration(), raft.quorum_size(), &mut detail);
    waiting(member, &mut detail);
    store(member, &mut detail);
    if raft.role_kind() == RoleKind::Leader {
        detail.tables.push(tables::progress(raft));
    }
    (marks.commit, marks.applied) = (raft.commit(), raft.last_applied());
    let entries = raft.log().entries();
    detail.tables.push(tables::log(&mut entries.iter().rev(), entries.len() as u64, &marks));
    detail.tables.push(tables::keys(member));
    Some(detail)
}

fn summary(node: &Node, member: &Member) -> String {
    let raft = member.raft();
    let (id, term) = (node.id(), raft.term());
    let paused = if node.is_running() { "" } else { " (paused)" };
    let does = match raft.role_kind() {
        RoleKind::Leader => "leads term",
        RoleKind::Follower => match raft.leader() {
            Some(leader) => return format!("{id} follows {leader} in term {term}{paused}"),
            None => "waits for a leader in term",
        },
        RoleKind::PreCandidate => {
            return format!("{id} asks whether it could win term {}{paused}", term.0 + 1);
        }
        RoleKind::Candidate => "asks for votes in term",
    };
    format!("{id} {does} {term}{paused}")
}

fn condition(cluster: &Cluster, node: &Node) -> &'static str {
    match crate::stage::condition(cluster, node) {
        Condition::Running => "running",
        Condition::Paused => "paused",
        Condition::Removed => "removed",
        Condition::Unstarted => "not started",
        Condition::Crashed => "down",
    }
}

/// Whether it runs, and what it is to the cluster.
fn standing(cluster: &Cluster, node: &Node, detail: &mut NodeDetail) {
    let seat = match crate::stage::seat(cluster, node) {
        Seat::Voter => "voter",
        Seat::Learner => "learner: has no vote",
        Seat::None => "no member",
    };
    let condition = condition(cluster, node);
    detail.group("Node");
    match node.starts() {
        0 => detail.fact("process", "", format_args!("{condition}")),
        1 => detail.fact("process", "", format_args!("{condition}, started once")),
        starts => detail.fact("process", "", format_args!("{condition}, started {starts} times")),
    }
    detail.fact("member", "", format_args!("{seat}"));
    let id = member::MemberId::of(node.id()).0;
    detail.fact("member id", "So etcdctl names it.", format_args!("{id:x}"));
}

fn role(raft: &Raft, detail: &mut NodeDetail) {
    detail.fact("role", "", format_args!("{}", raft.role_kind().name()));
    detail.fact(
        "term",
        "The newest that it has heard of. Terms only grow.",
        format_args!("{}", raft.term()),
    );
    let why = "Its one vote in this term.";
    detail.fact("voted for", why, format_args!("{}", id_or(raft.vote(), "nobody yet")));
    let why = "Whom it takes for this term's leader. It may be wrong.";
    detail.fact("leader", why, format_args!("{}", id_or(raft.leader(), "none known")));
    let (granted, rejected) = (raft.votes_granted(), raft.votes_rejected());
    if !granted.is_empty() {
        let (has, needs, names) = (granted.len(), raft.quorum_size(), names(granted));
        detail.fact(
            "votes",
            "Those it has of those it needs.",
            format_args!("{has} of {needs}: {names}"),
        );
    }
    if !rejected.is_empty() {
        detail.fact("refused by", "", format_args!("{}", names(rejected)));
    }
    if let Some(to) = raft.transferee() {
        detail.fact("hands over to", "It takes no writes meanwhile.", format_args!("{to}"));
    }
}

fn timers(cluster: &Cluster, node: &Node, raft: &Raft, detail: &mut NodeDetail) {
    let now = cluster.now();
    let rate = u64::from(node.clock_rate_ppm());
    let heartbeat = cluster.settings().heartbeat.0 * 1_000_000 / rate;
    detail.group("Timers");
    if let Some((start, end)) = node.election_deadline(now) {
        let why = "It stands for election when this runs out. Whoever leads sets it back.";
        let (left, of) = (span(end.0.saturating_sub(now.0)), span(end.0 - start.0));
        detail.fact("election timer", why, format_args!("{left} left of {of}"));
    }
    let next = match node.next_tick_at() {
        Some(at) => {
            format!("in {}, then every {}", span(at.0.saturating_sub(now.0)), span(heartbeat))
        }
        None => "none while it is paused".to_owned(),
    };
    if raft.role_kind() == RoleKind::Leader {
        detail.fact("heartbeat", "It tells every follower that it lives.", format_args!("{next}"));
        if raft.rules().on(Rule::CheckQuorum) {
            let ticks = raft.config().election_ticks.saturating_sub(raft.election_elapsed());
            let why = "If no majority was heard by then, it steps down (CheckQuorum).";
            let ticks = in_words(ticks.into(), "tick");
            detail.fact("quorum check", why, format_args!("in {ticks}"));
        }
    } else {
        let why = "Its timers count ticks, one a heartbeat interval.";
        detail.fact("tick", why, format_args!("{next}"));
    }
    let clock = spaced(&crate::script::rate_text(crate::script::Ppm(node.clock_rate_ppm())));
    detail.fact("clock", "", format_args!("{clock} of true time"));
}

fn log(raft: &Raft, detail: &mut NodeDetail) {
    detail.group("Log");
    let why = "What was before is compacted.";
    detail.fact("first index", why, format_args!("{}", raft.log().first_index()));
    let why = "Whose log ends later, in term and index, may win its vote.";
    match raft.last_index() {
        Index(0) => detail.fact("last index", why, format_args!("0: empty")),
        last => detail.fact("last index", why, format_args!("{last} of term {}", raft.last_term())),
    }
    let why = "Up to here it knows a majority to have it.";
    detail.fact("commitIndex", why, format_args!("{}", raft.commit()));
    let why = "Up to here it is in the store.";
    detail.fact("lastApplied", why, format_args!("{}", raft.last_applied()));
    let why = "State that stands for the entries up to there.";
    match raft.snapshot() {
        None => detail.fact("snapshot", why, format_args!("none")),
        Some(snapshot) => {
            let (index, term) = (snapshot.index, snapshot.term);
            detail.fact("snapshot", why, format_args!("up to {index} of term {term}"));
        }
    }
}

/// What would be left if the process died now.
fn on_disk(cluster: &Cluster, node: &Node, detail: &mut NodeDetail) {
    let (disk, now) = (node.disk(), cluster.now());
    let stored = disk.stored();
    detail.group("Disk");
    let why = "What a restart finds: it must not be forgotten.";
    let on_disk = said(&stored.hard_state);
    let memory = node.member().map(|member| member.raft().hard_state());
    match memory.filter(|memory| *memory != stored.hard_state) {
        None => detail.fact("hard state", why, format_args!("{on_disk}")),
        Some(memory) => {
            detail.fact("hard state", why, format_args!("{on_disk}; in memory {}", said(&memory)));
        }
    }
    let durable = disk.durable_index();
    detail.fact("durable index", "A crash keeps the log up to here.", format_args!("{durable}"));
    let Some(member) = node.member() else {
        let index = stored.snapshot.as_ref().map_or(Index(0), |snapshot| snapshot.index);
        return match index {
            Index(0) => detail.fact("snapshot", "", format_args!("none")),
            index => detail.fact("snapshot", "", format_args!("{index}")),
        };
    };
    let last = member.raft().last_index();
    let why = "A crash loses it, or tears it.";
    match last.0.saturating_sub(durable.0) {
        0 => detail.fact("not synced", why, format_args!("nothing")),
        1 => detail.fact("not synced", why, format_args!("entry {last}")),
        _ => detail.fact("not synced", why, format_args!("entries {}–{last}", durable.0 + 1)),
    }
    let writes = disk.writes_under_way();
    match disk.next_durable_at() {
        None => detail.fact("writes under way", "", format_args!("{writes}")),
        Some(at) => {
            let left = span(at.0.saturating_sub(now.0));
            detail.fact(
                "writes under way",
                "",
                format_args!("{writes}, the next is safe in {left}"),
            );
        }
    }
}

fn said(state: &HardState) -> String {
    let vote = id_or(state.vote, "nobody");
    format!("term {}, vote {vote}, commit {}", state.term, state.commit)
}

fn id_or(id: Option<NodeId>, none: &str) -> String {
    id.map_or_else(|| none.to_owned(), |id| id.to_string())
}

fn names(set: NodeSet) -> String {
    join(&set.iter().collect::<Vec<NodeId>>())
}

fn members(config: &Configuration, quorum: u32, detail: &mut NodeDetail) {
    detail.group("Members");
    let why = "As of the changes that it has applied.";
    detail.fact("voters", why, format_args!("{}", names(config.voters)));
    if config.is_joint() {
        let why = "Joint consensus: both halves must agree, each by majority.";
        detail.fact("and of before", why, format_args!("{}", names(config.outgoing)));
    }
    if !config.learners.is_empty() {
        let why = "They get the log and do not vote.";
        detail.fact("learners", why, format_args!("{}", names(config.learners)));
    }
    let why = "Counted over all voters, reachable or not.";
    detail.fact("quorum", why, format_args!("{quorum} of {}", config.voters.len()));
}

fn waiting(member: &Member, detail: &mut NodeDetail) {
    let backlog = member.backlog();
    let raft = member.raft();
    let leads = raft.role_kind() == RoleKind::Leader;
    detail.group("Waiting here");
    let why = "No leader is known to propose them to.";
    detail.fact("writes held", why, format_args!("{}", backlog.writes_held));
    let why = if leads { "Until they are applied here." } else { "Forwarded to the leader." };
    detail.fact("writes proposed", why, format_args!("{}", backlog.writes_proposed));
    let why = "They wait until the leader says from which index on.";
    match backlog.read_index {
        Some(index) => {
            let asked = backlog.reads_asked;
            detail.fact("reads", why, format_args!("{asked}, until {index} is applied"));
        }
        None => {
            detail.fact("reads", why, format_args!("{}", backlog.reads_asked + backlog.reads_next));
        }
    }
    if leads {
        let (early, confirming) = raft.reads_waiting();
        let why = "Its own and forwarded ones: a majority must confirm that it leads.";
        detail.fact("reads to confirm", why, format_args!("{confirming}"));
        if early > 0 {
            let why = "Until an entry of its own term is committed.";
            detail.fact("early reads", why, format_args!("{early}"));
        }
    }
}

fn store(member: &Member, detail: &mut NodeDetail) {
    let store = member.store();
    detail.group("Store");
    let why = "Every change of a key makes a new one.";
    detail.fact("revision", why, format_args!("{}", store.revision().0));
    let why = "Older revisions cannot be read any more.";
    match store.compact_revision().0 {
        ..=0 => detail.fact("compacted", why, format_args!("never")),
        revision => detail.fact("compacted", why, format_args!("up to {revision}")),
    }
    let count = store.range(&RangeRequest::all().limit(1)).map_or(0, |response| response.count);
    detail.fact("keys", "", format_args!("{count}"));
}
