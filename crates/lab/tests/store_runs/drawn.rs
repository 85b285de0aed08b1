//! A run that a seed draws: clients that do everything that etcd's store can do, watchers that look
//! on, servers that die and come back, links that are cut; then all gets well, and is judged.

use lab::linear::{self, Misfit, keys, revisions, watches};
use sim::member::kv_core::{
    Compare, CompareResult, CompareTarget, DeleteRangeRequest, LeaseGrantRequest, LeaseId,
    PutRequest, RangeRequest, RequestOp, Revision, TxnRequest, WatchRequest,
};
use sim::member::raft_core::NodeId;
use sim::member::{Consistency, LeaseRequest, MaintenanceRequest, Micros, Request};
use sim::{Action, Call, CallId, Cluster, FOREVER, LinkChange, Settings, Stage};

/// For how long clients and faults are at it.
const BUSY: Micros = Micros::from_secs(20);
/// How long all has to get well, and leases to run out.
const CALM: Micros = Micros::from_secs(15);

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

/// A run under way.
struct Drawn {
    random: Random,
    cluster: Cluster,
    nodes: u8,
    values: u64,
    leases: i64,
    watches: Vec<CallId>,
}

/// A request of client `client` to one of these nodes, the first that can be reached.
pub(crate) fn call(cluster: &mut Cluster, client: &str, to: &[u8], request: Request) -> CallId {
    let endpoints = to.iter().copied().map(NodeId).collect();
    let timeout = match request {
        Request::Watch { .. } => FOREVER,
        _ => Micros::from_secs(5),
    };
    let (client, label) = (client.into(), String::new());
    cluster.call(Call { client, endpoints, request, timeout, label }).0
}

/// Lets things happen for so long.
pub(crate) fn run_for(cluster: &mut Cluster, time: Micros) {
    let end = cluster.now() + time;
    cluster.wake_at(end);
    while cluster.now() < end && cluster.step().is_some() {}
}

/// The run of a seed, to its end.
pub(crate) fn run(seed: u64) -> Cluster {
    let mut random = Random(seed);
    let nodes = random.pick(&[1, 3, 3, 3, 5]);
    let snapshot_count = random.pick(&[5, 40, 10_000]);
    let settings = Settings { nodes, seed, snapshot_count, ..Settings::default() };
    let cluster = Cluster::new(settings);
    let (values, leases, watches) = (0, 0, Vec::new());
    let mut drawn = Drawn { random, cluster, nodes, values, leases, watches };
    run_for(&mut drawn.cluster, Micros::from_secs(2));
    drawn.begin();
    drawn.busy();
    drawn.calm();
    drawn.cluster
}

impl Drawn {
    /// One who watches everything from the beginning.
    fn begin(&mut self) {
        let RangeRequest { key, range_end, .. } = RangeRequest::all();
        let start_revision = Revision(1);
        let watch =
            WatchRequest { key, range_end, start_revision, prev_kv: true, ..Default::default() };
        let request = Request::Watch { watch, needs_leader: false };
        let nodes: Vec<u8> = (1..=self.nodes).collect();
        call(&mut self.cluster, "all", &nodes, request);
    }

    fn busy(&mut self) {
        let end = self.cluster.now() + BUSY;
        let (mut next_call, mut next_fault) = (self.cluster.now(), self.cluster.now());
        while self.cluster.now() < end && self.cluster.violation().is_none() {
            if self.cluster.now() >= next_call {
                self.call();
                next_call = self.cluster.now() + Micros(1 + self.random.below(80_000));
                self.cluster.wake_at(next_call);
            }
            if self.cluster.now() >= next_fault {
                let action = self.fault();
                self.cluster.act(action).ok();
                next_fault = self.cluster.now() + Micros(self.random.below(2_000_000));
                self.cluster.wake_at(next_fault);
            }
            self.cluster.step();
        }
    }

    fn calm(&mut self) {
        self.cluster.act(Action::HealAll).ok();
        for node in (1..=self.nodes).map(NodeId) {
            self.cluster.act(Action::Restart(node)).ok();
            self.cluster.act(Action::Resume(node)).ok();
            for to in (1..=self.nodes).map(NodeId) {
                let change = LinkChange::Duplicate(0);
                self.cluster.act(Action::SetLink { from: node, to, change }).ok();
            }
        }
        run_for(&mut self.cluster, CALM);
    }

    fn fault(&mut self) -> Action {
        let node = NodeId(1 + self.random.below(u64::from(self.nodes)) as u8);
        let to = NodeId(1 + self.random.below(u64::from(self.nodes)) as u8);
        let leader = self.cluster.leader().unwrap_or(node);
        let link = |change| Action::SetLink { from: node, to, change };
        match self.random.below(16) {
            0 | 1 => Action::Crash(node),
            2 => Action::Crash(leader),
            3..=6 => Action::Restart(node),
            7 => Action::Isolate(leader),
            8 => link(LinkChange::Cut),
            9 => link(LinkChange::Duplicate(400_000)),
            10 => Action::Transfer(node),
            11 => Action::Pause(node),
            12 => Action::Resume(node),
            _ => Action::HealAll,
        }
    }

    fn key(&mut self) -> &'static str {
        self.random.pick(&["a", "a", "b", "c", "d"])
    }

    fn put(&mut self) -> PutRequest {
        self.values += 1;
        let put = PutRequest::new(self.key(), self.values.to_string());
        let lease = if self.leases > 0 && self.random.one_in(3) {
            LeaseId(self.leases - self.random.below(self.leases.min(3) as u64) as i64)
        } else {
            LeaseId::NONE
        };
        PutRequest { lease, prev_kv: self.random.one_in(4), ..put }
    }

    fn delete(&mut self) -> DeleteRangeRequest {
        let key = self.random.pick(&["a", "b", "c", "d", "none", "none"]);
        let delete = match self.random.below(4) {
            0 => DeleteRangeRequest::prefix(""),
            _ => DeleteRangeRequest::key(key),
        };
        DeleteRangeRequest { prev_kv: self.random.one_in(2), ..delete }
    }

    fn range(&mut self) -> RangeRequest {
        let range = match self.random.below(3) {
            0 => RangeRequest::all(),
            _ => RangeRequest::key(self.key()),
        };
        let newest = self.revision();
        let old = Revision(newest - self.random.below(20) as i64);
        if self.random.one_in(4) && old.0 > 0 { range.at(old) } else { range }
    }

    /// About where the store is.
    fn revision(&self) -> i64 {
        let members = self.cluster.nodes().filter_map(sim::Node::member);
        members.map(|member| member.store().revision().0).max().unwrap_or(1)
    }

    fn txn(&mut self) -> TxnRequest {
        let key = self.key();
        let (result, target) = match self.random.below(5) {
            0 => (CompareResult::Equal, CompareTarget::Version(0)),
            1 => (CompareResult::Greater, CompareTarget::Version(0)),
            2 => {
                let value = self.values.saturating_sub(self.random.below(4)).to_string();
                (CompareResult::Equal, CompareTarget::Value(value.as_str().into()))
            }
            3 => {
                let mod_revision = Revision(self.revision() - self.random.below(5) as i64);
                (CompareResult::Less, CompareTarget::Mod(mod_revision))
            }
            _ => (CompareResult::Greater, CompareTarget::Create(Revision(0))),
        };
        let compare = vec![Compare::key(key, result, target)];
        let mut success = vec![RequestOp::Range(RangeRequest::key(key))];
        let first = PutRequest { lease: LeaseId::NONE, ..self.put() };
        success.push(RequestOp::Put(first.clone()));
        success.push(RequestOp::Range(RangeRequest::all()));
        let second = PutRequest { lease: LeaseId::NONE, ..self.put() };
        if second.key != first.key {
            success.push(RequestOp::Put(second));
        } else {
            success.push(RequestOp::DeleteRange(DeleteRangeRequest::key("none")));
        }
        let mut failure = vec![RequestOp::Range(RangeRequest::all())];
        if self.random.one_in(2) {
            failure.push(RequestOp::DeleteRange(self.delete()));
            failure.push(RequestOp::Range(RangeRequest::all()));
        }
        TxnRequest { compare, success, failure }
    }

    fn watch(&mut self) -> Request {
        let RangeRequest { key, range_end, .. } = match self.random.below(3) {
            0 => RangeRequest::all(),
            _ => RangeRequest::key(self.key()),
        };
        let newest = self.revision();
        let start_revision = Revision(match self.random.below(4) {
            0 => 0,
            1 => newest + self.random.below(10) as i64,
            _ => (newest - self.random.below(60) as i64).max(1),
        });
        let watch = WatchRequest {
            key,
            range_end,
            start_revision,
            prev_kv: self.random.one_in(2),
            no_put: self.random.one_in(8),
            no_delete: self.random.one_in(8),
            ..WatchRequest::default()
        };
        Request::Watch { watch, needs_leader: self.random.one_in(4) }
    }

    fn lease(&mut self) -> LeaseRequest {
        let some = LeaseId(1 + self.random.below(self.leases.max(1) as u64) as i64);
        match self.random.below(6) {
            0 | 1 => {
                self.leases += 1;
                let ttl = 2 + self.random.below(4) as i64;
                LeaseRequest::Grant(LeaseGrantRequest { id: LeaseId(self.leases), ttl })
            }
            2 => LeaseRequest::Revoke(some),
            3 => LeaseRequest::TimeToLive { id: some, keys: true },
            4 => LeaseRequest::List,
            _ => LeaseRequest::KeepAlive(some),
        }
    }

    fn call(&mut self) {
        let request = match self.random.below(40) {
            0..=10 => Request::Put(self.put()),
            11..=13 => Request::DeleteRange(self.delete()),
            14..=19 => {
                let consistency = match self.random.below(3) {
                    0 => Consistency::Serializable,
                    _ => Consistency::Linearizable,
                };
                Request::Range { range: self.range(), consistency }
            }
            20..=27 => Request::Txn(self.txn()),
            28..=34 => Request::Lease(self.lease()),
            35 => {
                let old = (self.revision() - self.random.below(15) as i64).max(1);
                let newest_too = self.random.one_in(4);
                Request::Compact(Revision(if newest_too { self.revision() } else { old }))
            }
            36 if self.random.one_in(2) => Request::Maintenance(MaintenanceRequest::Status),
            36 => Request::Maintenance(MaintenanceRequest::HashKv(Revision(0))),
            37 if !self.watches.is_empty() => {
                let place = self.random.below(self.watches.len() as u64) as usize;
                let watch = self.watches.swap_remove(place);
                self.cluster.cancel(watch);
                return;
            }
            _ => self.watch(),
        };
        let first = 1 + self.random.below(u64::from(self.nodes)) as u8;
        let rest = (1..=self.nodes).filter(|node| *node != first);
        let to: Vec<u8> = std::iter::once(first).chain(rest).collect();
        let watches = matches!(request, Request::Watch { .. });
        let client = self.random.pick(&["a", "b", "c"]);
        let id = call(&mut self.cluster, client, &to, request);
        if watches {
            self.watches.push(id);
        }
    }
}

/// Judges a run that has come to its end: Raft's properties, what clients were told, what watchers
/// were told, and whether all servers hold the same.
pub(crate) fn judge(cluster: &Cluster) -> Result<(), String> {
    if let Some(violation) = cluster.violation() {
        return Err(violation.to_string());
    }
    let operations = linear::operations(cluster.history().iter());
    let words = |misfit: Misfit| misfit.explanation;
    revisions::check(&operations).map_err(words)?;
    let (_, store) = watches::settled_store(cluster).ok_or("it did not get well")?;
    let serving = |stage: &Stage| matches!(stage, Stage::Serving { .. });
    let live = cluster.live_calls().filter(|call| serving(&call.stage)).map(|call| call.id);
    let live: Vec<CallId> = live.collect();
    let quiet = watches::Quiet::Yes(&live);
    watches::check(&operations, Some(watches::Settled { store, quiet })).map_err(words)?;
    keys::check(&operations, 2_000).map_err(words)?;
    for node in cluster.nodes() {
        let other = node.member().ok_or("a server is down")?.store();
        if other.hash() != store.hash() || other.hash_kv(Revision(0)) != store.hash_kv(Revision(0))
        {
            return Err(format!("{} holds something else than the leader", node.id()));
        }
    }
    Ok(())
}
