//! What a command line asks of the cluster, and what it comes to without asking.

use sim::NODES_MAX;
use sim::member::kv_core::{
    Bytes, DeleteRangeRequest, LeaseGrantRequest, LeaseId, PutRequest, RangeRequest, Revision,
    SortOrder, SortTarget,
};
use sim::member::raft_core::NodeId;
use sim::member::{
    Consistency, LeaseRequest, MaintenanceRequest, MemberId, MemberRequest, Request, Seat,
};

use super::args::{
    self, AlarmCommand, Del, Get, Invocation, KeyRange, LeaseCommand, MemberCommand, Put, PutValue,
    SnapshotCommand, Subcommand, WriteOut,
};
use super::{EXIT_BAD_ARGUMENTS, EXIT_ERROR, Output, print};

/// What a command line asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whom, in order.
    pub(crate) endpoints: Vec<NodeId>,
    /// What; nothing, if it takes several steps.
    pub(crate) request: Option<Request>,
}

/// Exit status of what etcdctl itself breaks off (etcdctl `ExitInterrupted`).
const EXIT_INTERRUPTED: i32 = 5;

/// Plans an invocation on a cluster of `nodes` nodes; `input` is its standard input.
pub(crate) fn plan(invocation: &Invocation, input: &str, nodes: u8) -> Result<Plan, Output> {
    let bad_arguments = |message: String| Output::error(message, EXIT_BAD_ARGUMENTS);
    let request = match &invocation.command {
        Subcommand::Version => {
            return Err(Output::plain("etcdctl version: 3.5.1\nAPI version: 3.5\n"));
        }
        Subcommand::Help(text) => return Err(Output::plain(text.clone())),
        Subcommand::NotInThisLab(name) => return Err(not_in_this_lab(name)),
        // etcdctl `argOrStdin`: an empty standard input is no value.
        Subcommand::Put(Put { value: PutValue::StandardInput, .. }) if input.is_empty() => {
            let message = "put command needs 1 argument and input from stdin or 2 arguments";
            return Err(Output::error(message, EXIT_BAD_ARGUMENTS));
        }
        Subcommand::Put(put) => Some(Request::Put(put_request(put, input))),
        Subcommand::Get(get) => Some(get_request(get)),
        Subcommand::Del(del) => Some(Request::DeleteRange(delete_request(del))),
        Subcommand::Compaction { revision, .. } => Some(Request::Compact(Revision(*revision))),
        Subcommand::Lease(command) => lease_request(*command).map(Request::Lease),
        Subcommand::Alarm(AlarmCommand::List) => {
            Some(Request::Maintenance(MaintenanceRequest::Alarms))
        }
        Subcommand::Snapshot(SnapshotCommand::Save { .. }) => {
            Some(Request::Maintenance(MaintenanceRequest::Snapshot))
        }
        Subcommand::Member(command) => {
            Some(Request::Member(member_request(command, nodes).map_err(bad_arguments)?))
        }
        Subcommand::Txn { .. }
        | Subcommand::Watch(_)
        | Subcommand::WatchInteractive(_)
        | Subcommand::Endpoint { .. }
        | Subcommand::MoveLeader(_)
        | Subcommand::Alarm(AlarmCommand::Disarm)
        | Subcommand::Defrag { .. }
        | Subcommand::Snapshot(SnapshotCommand::Status(_))
        | Subcommand::Lock { .. }
        | Subcommand::Elect { .. } => None,
    };
    if let Some(refused) = refused_format(invocation) {
        return Err(refused);
    }
    if let Some(refused) = request.as_ref().and_then(too_large_to_send) {
        return Err(refused);
    }
    let endpoints = endpoints(&invocation.globals.endpoints, nodes).map_err(bad_arguments)?;
    if let (Subcommand::Snapshot(SnapshotCommand::Save { .. }), [_, _, ..]) =
        (&invocation.command, endpoints.as_slice())
    {
        let names: Vec<String> = endpoints.iter().map(|node| format!("{node}:2379")).collect();
        let what = "snapshot must be requested to one selected node, not multiple [";
        return Err(Output::error([what, &names.join(" "), "]"].concat(), EXIT_INTERRUPTED));
    }
    Ok(Plan { endpoints, request })
}

fn not_in_this_lab(name: &str) -> Output {
    let message = format!("etcdctl {name} is not in this lab yet; see docs/etcd.md");
    Output::error(message, EXIT_BAD_ARGUMENTS)
}

/// What is asked of leases; `keep-alive` asks more than once.
fn lease_request(command: LeaseCommand) -> Option<LeaseRequest> {
    Some(match command {
        LeaseCommand::Grant(ttl) => {
            LeaseRequest::Grant(LeaseGrantRequest { id: LeaseId::NONE, ttl })
        }
        LeaseCommand::Revoke(id) => LeaseRequest::Revoke(LeaseId(id)),
        LeaseCommand::TimeToLive { id, keys } => LeaseRequest::TimeToLive { id: LeaseId(id), keys },
        LeaseCommand::List => LeaseRequest::List,
        LeaseCommand::KeepAlive { .. } => return None,
    })
}

/// What is asked about members. A node's number is its place in the lab, so that a new one gets the
/// next.
fn member_request(command: &MemberCommand, nodes: u8) -> Result<MemberRequest, String> {
    Ok(match command {
        MemberCommand::List => MemberRequest::List,
        MemberCommand::Remove(id) => MemberRequest::Remove(MemberId(*id)),
        MemberCommand::Promote(id) => MemberRequest::Promote(MemberId(*id)),
        MemberCommand::Update { id, peer_urls } => {
            let id = MemberId(*id);
            let is_its = |node: NodeId| peer_urls.iter().all(|url| *url == peer_url(node));
            if id.node().is_some_and(|node| node.0 <= nodes && !is_its(node)) {
                return Err("a node has one address for ever in this lab".to_owned());
            }
            MemberRequest::Update(id)
        }
        // Answered in `plan`.
        MemberCommand::Add { peer_urls, learner, .. } => {
            let seat = if *learner { Seat::Learner } else { Seat::Voter };
            let known = |node: &NodeId| peer_urls.iter().any(|url| *url == peer_url(*node));
            let last = NODES_MAX.min(nodes + 1);
            match (1..=last).map(NodeId).find(known) {
                Some(node) => MemberRequest::Add(node, seat),
                None if nodes == NODES_MAX => {
                    return Err(format!(
                        "this lab has room for {NODES_MAX} nodes, those that were removed included"
                    ));
                }
                None => {
                    let next = NodeId(last);
                    return Err(format!(
                        "the next new node in this lab is {next}: \
                         etcdctl member add {next} --peer-urls={}",
                        peer_url(next)
                    ));
                }
            }
        }
    })
}

/// Where other members find a node.
pub(super) fn peer_url(node: NodeId) -> String {
    format!("http://{node}:2380")
}

/// The format that the lab does not write.
fn refused_format(invocation: &Invocation) -> Option<Output> {
    let format = invocation.globals.write_out;
    (format == WriteOut::Protobuf).then(|| print::unsupported(format))
}

/// What etcd's client lets through to gRPC (client/v3 `defaultMaxCallSendMsgSize`).
const MESSAGE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A put that the client itself does not send. Smaller ones may still be refused by the server.
fn too_large_to_send(request: &Request) -> Option<Output> {
    let Request::Put(put) = request else { return None };
    let size = message_bytes(put);
    let message = format!(
        "rpc error: code = ResourceExhausted desc = trying to send message larger than max \
         ({size} vs. {MESSAGE_BYTES_MAX})"
    );
    (size > MESSAGE_BYTES_MAX).then(|| Output::error(message, EXIT_ERROR))
}

/// The size of a put in protobuf: what is empty, zero or false is left out.
fn message_bytes(put: &PutRequest) -> usize {
    let varint = |number: u64| (64 - (number | 1).leading_zeros()).div_ceil(7) as usize;
    let bytes = |bytes: &Bytes| match bytes.as_slice().len() {
        0 => 0,
        length => 1 + varint(length as u64) + length,
    };
    // Negative numbers are written as unsigned ones.
    let lease =
        if put.lease == LeaseId::NONE { 0 } else { 1 + varint(put.lease.0.cast_unsigned()) };
    let flags = [put.prev_kv, put.ignore_value, put.ignore_lease].into_iter().filter(|set| *set);
    bytes(&put.key) + bytes(&put.value) + lease + 2 * flags.count()
}

/// The nodes that endpoints name: `n2`, `n2:2379`, `http://n2:2379`; none named is all of them.
fn endpoints(names: &[String], nodes: u8) -> Result<Vec<NodeId>, String> {
    if names.is_empty() {
        return Ok((1..=nodes).map(NodeId).collect());
    }
    // As in the real program, an empty one does no harm beside others: `n1,` or `n1, n2`.
    let mut named = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).peekable();
    if named.peek().is_none() {
        return Err(no_endpoint("", nodes));
    }
    named.map(|name| endpoint(name, nodes)).collect()
}

fn endpoint(name: &str, nodes: u8) -> Result<NodeId, String> {
    let host = name.trim_start_matches("http://").trim_start_matches("https://");
    let host = host.strip_suffix(":2379").unwrap_or(host);
    let number = host.strip_prefix('n').and_then(|digits| digits.parse::<u8>().ok());
    match number {
        Some(number) if (1..=nodes).contains(&number) => Ok(NodeId(number)),
        Some(_) | None => Err(no_endpoint(name, nodes)),
    }
}

fn no_endpoint(name: &str, nodes: u8) -> String {
    format!("no endpoint \"{name}\" in this lab: it has n1 to n{nodes} (port 2379)")
}

/// The range that the ways to name keys come to (etcdctl `getGetOp`).
pub(super) fn range_request(range: &KeyRange) -> RangeRequest {
    match range {
        KeyRange::Key(key) => RangeRequest::key(key.as_str()),
        KeyRange::Interval(from, to) => RangeRequest::interval(from.as_str(), to.as_str()),
        KeyRange::Prefix(prefix) => RangeRequest::prefix(prefix.as_str()),
        KeyRange::FromKey(key) => RangeRequest::from_key(key.as_str()),
    }
}

pub(super) fn put_request(put: &Put, input: &str) -> PutRequest {
    let (value, ignore_value) = match &put.value {
        PutValue::Argument(value) => (value.as_str(), false),
        PutValue::StandardInput => (input, false),
        PutValue::Keep => ("", true),
    };
    PutRequest {
        key: Bytes::from(put.key.as_str()),
        value: Bytes::from(value),
        lease: LeaseId(put.lease),
        prev_kv: put.prev_kv,
        ignore_value,
        ignore_lease: put.ignore_lease,
    }
}

pub(super) fn delete_request(del: &Del) -> DeleteRangeRequest {
    let RangeRequest { key, range_end, .. } = range_request(&del.range);
    DeleteRangeRequest { key, range_end, prev_kv: del.prev_kv }
}

pub(super) fn read_request(get: &Get) -> RangeRequest {
    RangeRequest {
        limit: get.limit,
        revision: Revision(get.revision),
        keys_only: get.keys_only,
        count_only: get.count_only,
        sort_target: sort_target(get),
        sort_order: sort_order(get),
        ..range_request(&get.range)
    }
}

fn get_request(get: &Get) -> Request {
    let consistency = match get.consistency {
        args::Consistency::Linearizable => Consistency::Linearizable,
        args::Consistency::Serializable => Consistency::Serializable,
    };
    Request::Range { range: read_request(get), consistency }
}

fn sort_target(get: &Get) -> SortTarget {
    match get.sort_by {
        None | Some(args::SortBy::Key) => SortTarget::Key,
        Some(args::SortBy::Create) => SortTarget::Create,
        Some(args::SortBy::Modify) => SortTarget::Mod,
        Some(args::SortBy::Value) => SortTarget::Value,
        Some(args::SortBy::Version) => SortTarget::Version,
    }
}

fn sort_order(get: &Get) -> SortOrder {
    match get.order {
        None => SortOrder::None,
        Some(args::SortOrder::Ascend) => SortOrder::Ascend,
        Some(args::SortOrder::Descend) => SortOrder::Descend,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: what stands beside a comma may be nothing, and names that are none are told.
    #[test]
    fn endpoints_between_commas() {
        let endpoints = |list: &str| {
            let names: Vec<String> = list.split(',').map(str::to_owned).collect();
            endpoints(&names, 3)
        };
        assert_eq!(endpoints("n1,"), Ok(vec![NodeId(1)]));
        assert_eq!(endpoints("n3, http://n2:2379"), Ok(vec![NodeId(3), NodeId(2)]));
        for none in ["", ",", "n4", "n1,n0", "n1:2380", "localhost"] {
            assert!(endpoints(none).is_err(), "{none}");
        }
    }

    /// Proves: the size that is refused is the one that real etcdctl 3.5.1 tells.
    #[test]
    fn a_message_has_its_size_in_protobuf() {
        let put = |length: usize| PutRequest::new("big", "x".repeat(length).as_str());
        assert_eq!(message_bytes(&put(2_097_301)), 2_097_311);
        assert_eq!(message_bytes(&put(0)), 5);
        assert_eq!(message_bytes(&put(127)), 5 + 2 + 127);
        assert_eq!(message_bytes(&put(128)), 5 + 3 + 128);
        let all = PutRequest { lease: LeaseId(-1), prev_kv: true, ..put(1) };
        assert_eq!(message_bytes(&all), 5 + 3 + 11 + 2);
        let ask =
            |length| too_large_to_send(&Request::Put(put(length))).map(|refused| refused.stderr);
        assert_eq!(ask(2_097_143), None);
        let text = "Error: rpc error: code = ResourceExhausted desc = trying to send message \
                    larger than max (2097153 vs. 2097152)\n";
        assert_eq!(ask(2_097_144).as_deref(), Some(text));
    }
}
