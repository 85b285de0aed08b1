//! Held against what etcdctl 3.5.1 printed; ids are the lab's in place of the real ones.

use sim::CallError;
use sim::member::kv_core::{
    Bytes, DeleteRangeResponse, KeyValue, LeaseGrantResponse, LeaseId, PutResponse, RangeResponse,
    ResponseOp, TxnResponse,
};
use sim::member::raft_core::Index;
use sim::member::{LeaseResponse, MaintenanceResponse};

use super::failure::endpoint_failure;
use super::*;
use crate::etcdctl::args::{EndpointCommand, Environment};

const LEASE: LeaseId = LeaseId(0x694d_7a3f_2f3e_1a05);

fn header(revision: i64) -> Header {
    Header { node: NodeId(1), revision: Revision(revision), raft_term: Term(2) }
}

fn kv(key: &str, value: &str, [create, modified, version]: [i64; 3]) -> KeyValue {
    KeyValue {
        key: Bytes::from(key),
        value: Bytes::from(value),
        create_revision: Revision(create),
        mod_revision: Revision(modified),
        version,
        lease: LeaseId::NONE,
    }
}

fn range(revision: i64, kvs: Vec<KeyValue>, count: i64) -> RangeResponse {
    let more = (kvs.len() as i64) < count;
    RangeResponse { revision: Revision(revision), kvs, more, count }
}

fn put(revision: i64, prev_kv: Option<KeyValue>) -> PutResponse {
    PutResponse { revision: Revision(revision), prev_kv }
}

fn deleted(revision: i64, kv: KeyValue) -> DeleteRangeResponse {
    DeleteRangeResponse { revision: Revision(revision), deleted: 1, prev_kvs: vec![kv] }
}

fn k_2() -> KeyValue {
    kv("k", "2", [2, 3, 2])
}

fn time_to_live(id: i64, ttl: i64, granted_ttl: i64, keys: &[&str]) -> Response {
    Response::Lease(LeaseResponse::TimeToLive {
        revision: Revision(8),
        id: LeaseId(id),
        ttl,
        granted_ttl,
        keys: keys.iter().copied().map(Bytes::from).collect(),
    })
}

fn member(node: u8) -> MemberRecord {
    let is_new = node == 2;
    let seat = if is_new { Seat::Learner } else { Seat::Voter };
    MemberRecord { node: NodeId(node), seat, started: !is_new }
}

fn members(nodes: &[u8], added: Option<u8>) -> Response {
    let members = nodes.iter().copied().map(member).collect();
    Response::Members(MembersResponse { members, added: added.map(member) })
}

fn not_found() -> CallError {
    CallError::Server(ServerError::Store(Error::LeaseNotFound))
}

/// What the servers answered to the recorded commands.
fn answered(command: &str) -> Result<Response, CallError> {
    let revision = Revision(9);
    let lease = |response| Ok(Response::Lease(response));
    let alive =
        |id, ttl| lease(LeaseResponse::KeptAlive { revision: Revision(8), id: LeaseId(id), ttl });
    let done = Ok(Response::Maintenance(MaintenanceResponse::Done(revision)));
    Ok(match command {
        "put k strange" => Response::Put(put(2, None)),
        "put k 2 --prev-kv" => Response::Put(put(3, Some(kv("k", "x\n\t\"é\u{1}<", [2, 2, 1])))),
        "get k" => Response::Range(range(3, vec![k_2()], 1)),
        "get  --prefix --limit=1" => Response::Range(range(4, vec![k_2()], 2)),
        "get nothing" => Response::Range(range(4, vec![], 0)),
        "get k --keys-only" => Response::Range(range(4, vec![kv("k", "", [2, 3, 2])], 1)),
        "get k --print-value-only" => Response::Range(range(4, vec![k_2()], 1)),
        "get k --count-only" | "get k --count-only --print-value-only" => {
            Response::Range(RangeResponse { more: false, ..range(4, vec![], 1) })
        }
        "txn" => {
            let responses = vec![
                ResponseOp::Put(put(5, None)),
                ResponseOp::Range(range(5, vec![k_2()], 1)),
                ResponseOp::Range(range(5, vec![], 0)),
                ResponseOp::DeleteRange(deleted(5, kv("l", "3", [4, 4, 1]))),
                ResponseOp::Put(put(5, None)),
                ResponseOp::Put(put(5, Some(k_2()))),
            ];
            Response::Txn(TxnResponse { revision: Revision(5), succeeded: true, responses })
        }
        "txn -i=false" => {
            let responses = vec![ResponseOp::Range(range(5, vec![kv("k", "4", [2, 5, 3])], 1))];
            Response::Txn(TxnResponse { revision: Revision(5), succeeded: false, responses })
        }
        "del k --prev-kv" => Response::DeleteRange(deleted(6, kv("k", "4", [2, 5, 3]))),
        "get la" => {
            let pair = KeyValue { lease: LEASE, ..kv("la", "1", [7, 7, 1]) };
            Response::Range(range(8, vec![pair], 1))
        }
        "lease timetolive 694d7a3f2f3e1a05" => time_to_live(LEASE.0, 99, 100, &[]),
        "lease timetolive 694d7a3f2f3e1a05 --keys" => time_to_live(LEASE.0, 99, 100, &["la", "lb"]),
        "lease timetolive 1234 --keys" => time_to_live(0x1234, -1, 0, &[]),
        "lease keep-alive --once 694d7a3f2f3e1a05" => return alive(LEASE.0, 100),
        "lease keep-alive --once 1234" => return alive(0x1234, 0),
        "lease list" => {
            return lease(LeaseResponse::List { revision: Revision(8), leases: vec![LEASE] });
        }
        "lease revoke 694d7a3f2f3e1a05" => return lease(LeaseResponse::Revoked(revision)),
        "lease revoke 1234" => return Err(not_found()),
        "member update 9e3779b97f4a7c15 --peer-urls=http://n1:2380" => members(&[1], None),
        "alarm list" | "alarm disarm" => {
            Response::Maintenance(MaintenanceResponse::Alarms { revision, raised_by: vec![] })
        }
        "compaction 4" => Response::Compact(revision),
        "compaction again" => return Err(CallError::Server(ServerError::Store(Error::Compacted))),
        "move-leader 9e3779b97f4a7c15" | "defrag" | "snapshot save s.db" => return done,
        other => panic!("nobody knows what was answered to {other}"),
    })
}

fn invocation(words: &[&str]) -> Invocation {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    Invocation::parse(&words, &Environment::new()).expect("recorded commands are understood")
}

/// An output as the recordings have it.
fn shown(output: &Output) -> String {
    let mut text = output.stdout.clone();
    output.stderr.lines().for_each(|line| text += &format!("2> {line}\n"));
    if output.exit != 0 {
        text += &format!("[exit {}]\n", output.exit);
    }
    text
}

/// Proves: in each format, to each command, with each answer, what the real program printed.
#[test]
fn recorded_answers() {
    let recorded = include_str!("recorded.txt");
    let mut count = 0;
    for block in recorded.strip_prefix("$ ").expect("a command first").split("\n$ ") {
        let (line, expected) = block.split_once('\n').unwrap_or((block, ""));
        let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches('"')).collect();
        let mut command = line.replace('"', "");
        for flag in [" --hex", " -w json", " -w fields", " -w table"] {
            command = command.replace(flag, "");
        }
        let is_again = expected.starts_with("2> Error: etcdserver: mvcc: required");
        let command = if is_again { "compaction again" } else { &command };
        let invocation = invocation(&words);
        let output = match answered(command) {
            Ok(response) => answer(&invocation, &header(response.revision().0), &response),
            Err(error) => failure(&invocation, &error),
        };
        // The recording calls its one server by its address.
        let output = shown(&output).replace("[n1:2379]", "[127.0.0.1:23790]");
        assert_eq!(output.trim_end_matches('\n'), expected.trim_end_matches('\n'), "{line}");
        count += 1;
    }
    assert!(count > 150, "{count}");
}
fn written(words: &str, revision: i64, response: &Response) -> String {
    let words: Vec<&str> = words.split(' ').collect();
    shown(&answer(&invocation(&words), &header(revision), response))
}

/// Proves: what becomes of members that are added and removed, and how a list of them looks.
#[test]
fn answers_about_members() {
    let list = members(&[2, 1], None);
    let is = |words: &str, expected: &str| assert_eq!(written(words, 0, &list), expected);
    is(
        "member list",
        "3c6ef372fe94f82a, unstarted, , http://n2:2380, , true\n\
         9e3779b97f4a7c15, started, n1, http://n1:2380, http://n1:2379, false\n",
    );
    is(
        "member list -w table",
        "+------------------+-----------+------+----------------+----------------+------------+\n\
         |        ID        |  STATUS   | NAME |   PEER ADDRS   |  CLIENT ADDRS  | IS LEARNER |\n\
         +------------------+-----------+------+----------------+----------------+------------+\n\
         | 3c6ef372fe94f82a | unstarted |      | http://n2:2380 |                |       true |\n\
         | 9e3779b97f4a7c15 |   started |   n1 | http://n1:2380 | http://n1:2379 |      false |\n\
         +------------------+-----------+------+----------------+----------------+------------+\n",
    );
    is(
        "member list -w fields",
        "\"ClusterID\" : 6554737125877612545\n\"MemberID\" : 11400714819323198485\n\
         \"Revision\" : 0\n\"RaftTerm\" : 2\n\
         \"ID\" : 4354685564936845354\n\"Name\" : \"\"\n\"PeerURL\" : \"http://n2:2380\"\n\
         \"IsLearner\" : true\n\n\
         \"ID\" : 11400714819323198485\n\"Name\" : \"n1\"\n\"PeerURL\" : \"http://n1:2380\"\n\
         \"ClientURL\" : \"http://n1:2379\"\n\"IsLearner\" : false\n\n",
    );
    is(
        "member list -w json --hex",
        "{\"header\":{\"cluster_id\":\"5af71ab000000001\",\"member_id\":\"9e3779b97f4a7c15\",\
         \"raft_term\":2},\"members\":[{\"ID\":\"3c6ef372fe94f82a\",\"name\":\"\",\
         \"peerURLs\":[\"http://n2:2380\"],\"clientURLS\":null},\
         {\"ID\":\"9e3779b97f4a7c15\",\"name\":\"n1\",\"peerURLs\":[\"http://n1:2380\"],\
         \"clientURLS\":[\"http://n1:2379\"]}]}\n",
    );
    let header = "{\"header\":{\"cluster_id\":6554737125877612545,\
                  \"member_id\":11400714819323198485,\"raft_term\":2},";
    let n1 = "{\"ID\":11400714819323198485,\"name\":\"n1\",\"peerURLs\":[\"http://n1:2380\"],\
              \"clientURLs\":[\"http://n1:2379\"]}";
    let n2 = "{\"ID\":4354685564936845354,\"peerURLs\":[\"http://n2:2380\"],\"isLearner\":true}";
    is("member list -w json", &format!("{header}\"members\":[{n2},{n1}]}}\n"));

    let added = members(&[2, 1], Some(2));
    let add = "member add n2 --learner --peer-urls=http://n2:2380";
    assert_eq!(
        written(add, 0, &added),
        "Member 3c6ef372fe94f82a added to cluster 5af71ab000000001\n\n\
         ETCD_NAME=\"n2\"\nETCD_INITIAL_CLUSTER=\"n2=http://n2:2380,n1=http://n1:2380\"\n\
         ETCD_INITIAL_ADVERTISE_PEER_URLS=\"http://n2:2380\"\n\
         ETCD_INITIAL_CLUSTER_STATE=\"existing\"\n"
    );
    assert_eq!(
        written(&format!("{add} -w json"), 0, &added),
        format!("{header}\"member\":{n2},\"members\":[{n2},{n1}]}}\n")
    );
    for (command, done) in [("remove", "removed from"), ("promote", "promoted in")] {
        let id = "3c6ef372fe94f82a";
        let command = format!("member {command} {id}");
        let answer = members(&[1], None);
        let done = format!("Member {id} {done} cluster 5af71ab000000001\n");
        assert_eq!(written(&command, 0, &answer), done);
        let json = format!("{header}\"members\":[{n1}]}}\n");
        assert_eq!(written(&format!("{command} -w json"), 0, &answer), json);
        let fields = "2> Error: fields not supported as output format\n[exit 4]\n";
        assert_eq!(written(&format!("{command} -w fields"), 0, &answer), fields);
    }
}

fn status() -> Status {
    Status {
        revision: Revision(74),
        db_size: 159_744,
        db_size_in_use: 151_552,
        leader: Some(NodeId(1)),
        raft_term: Term(2),
        raft_index: Index(144),
        raft_applied_index: Index(144),
        is_learner: false,
        raised_by: vec![NodeId(1)],
    }
}

/// Proves: how a server stands, with an alarm, without a leader, as a learner.
#[test]
#[rustfmt::skip]
fn statuses_of_endpoints() {
    let rows = |status| [("127.0.0.1:23790".to_owned(), header(74), status)];
    let alarmed = rows(status());
    assert_eq!(
        statuses(WriteOut::Json, &alarmed),
        "[{\"Endpoint\":\"127.0.0.1:23790\",\"Status\":{\"header\":{\
         \"cluster_id\":6554737125877612545,\"member_id\":11400714819323198485,\"revision\":74,\
         \"raft_term\":2},\"version\":\"3.5.1\",\"dbSize\":159744,\
         \"leader\":11400714819323198485,\"raftIndex\":144,\"raftTerm\":2,\
         \"raftAppliedIndex\":144,\"errors\":[\"memberID:11400714819323198485 alarm:NOSPACE \"],\
         \"dbSizeInUse\":151552}}]\n"
    );
    assert_eq!(
        statuses(WriteOut::Fields, &alarmed),
        "\"ClusterID\" : 6554737125877612545\n\"MemberID\" : 11400714819323198485\n\
         \"Revision\" : 74\n\"RaftTerm\" : 2\n\"Version\" : \"3.5.1\"\n\"DBSize\" : 159744\n\
         \"Leader\" : 11400714819323198485\n\"IsLearner\" : false\n\"RaftIndex\" : 144\n\
         \"RaftTerm\" : 2\n\"RaftAppliedIndex\" : 144\n\
         \"Errors\" : [memberID:11400714819323198485 alarm:NOSPACE ]\n\
         \"Endpoint\" : \"127.0.0.1:23790\"\n\n"
    );
    let table = "\
+-----------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+--------------------------------+
|    ENDPOINT     |        ID        | VERSION | DB SIZE | IS LEADER | IS LEARNER | RAFT TERM | RAFT INDEX | RAFT APPLIED INDEX |             ERRORS             |
+-----------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+--------------------------------+
| 127.0.0.1:23790 | 9e3779b97f4a7c15 |   3.5.1 |  160 kB |      true |      false |         2 |        144 |                144 |  memberID:11400714819323198485 |
|                 |                  |         |         |           |            |           |            |                    |                 alarm:NOSPACE  |
+-----------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+--------------------------------+
";
    assert_eq!(statuses(WriteOut::Table, &alarmed), table);
    let lost = Status { leader: None, raised_by: vec![], db_size: 20_480, ..status() };
    assert_eq!(
        statuses(WriteOut::Simple, &rows(lost)),
        "127.0.0.1:23790, 9e3779b97f4a7c15, 3.5.1, 20 kB, false, false, 2, 144, 144, \
         etcdserver: no leader\n"
    );
    let learner = Status { leader: Some(NodeId(2)), is_learner: true, ..status() };
    let json = statuses(WriteOut::Json, &rows(learner));
    assert!(json.ends_with("\"dbSizeInUse\":151552,\"isLearner\":true}}]\n"), "{json}");
    assert_eq!(statuses(WriteOut::Json, &[]), "[]\n");
}

/// Proves: hashes, saved files and their sizes.
#[test]
fn hashes_and_snapshots() {
    let hash = HashKv { revision: Revision(22), compact_revision: Revision(-1), hash: 932_117_871 };
    let rows = [("127.0.0.1:23790".to_owned(), header(22), hash)];
    assert_eq!(hashes(WriteOut::Simple, &rows), "127.0.0.1:23790, 932117871\n");
    assert_eq!(
        hashes(WriteOut::Json, &rows),
        "[{\"Endpoint\":\"127.0.0.1:23790\",\"HashKV\":{\"header\":{\
         \"cluster_id\":6554737125877612545,\"member_id\":11400714819323198485,\"revision\":22,\
         \"raft_term\":2},\"hash\":932117871,\"compact_revision\":-1}}]\n"
    );
    assert_eq!(
        hashes(WriteOut::Fields, &rows),
        "\"ClusterID\" : 6554737125877612545\n\"MemberID\" : 11400714819323198485\n\
         \"Revision\" : 22\n\"RaftTerm\" : 2\n\"Endpoint\" : \"127.0.0.1:23790\"\n\
         \"Hash\" : 932117871\n\n"
    );
    assert_eq!(
        hashes(WriteOut::Table, &rows),
        "+-----------------+-----------+\n\
         |    ENDPOINT     |   HASH    |\n\
         +-----------------+-----------+\n\
         | 127.0.0.1:23790 | 932117871 |\n\
         +-----------------+-----------+\n"
    );
    let file = SnapshotFile {
        revision: Revision(2),
        hash: 2_434_369_132,
        total_keys: 9,
        total_size: 20_480,
    };
    let deprecated = "2> Deprecated: Use `etcdutl snapshot status` instead.\n2> \n";
    let is = |format, expected: &str| {
        assert_eq!(shown(&snapshot_status(format, &file)), [expected, deprecated].concat());
    };
    is(WriteOut::Simple, "9119866c, 2, 9, 20 kB\n");
    let json = "{\"hash\":2434369132,\"revision\":2,\"totalKey\":9,\"totalSize\":20480}\n";
    is(WriteOut::Json, json);
    is(
        WriteOut::Fields,
        "\"Hash\" : 2434369132\n\"Revision\" : 2\n\"Keys\" : 9\n\"Size\" : 20480\n",
    );
    is(
        WriteOut::Table,
        "+----------+----------+------------+------------+\n\
         |   HASH   | REVISION | TOTAL KEYS | TOTAL SIZE |\n\
         +----------+----------+------------+------------+\n\
         | 9119866c |        2 |          9 |      20 kB |\n\
         +----------+----------+------------+------------+\n",
    );
    // The last ones are by the rules of the library that the real program uses.
    for (bytes, text) in [
        (20_480, "20 kB"),
        (24_576, "25 kB"),
        (28_672, "29 kB"),
        (159_744, "160 kB"),
        (0, "0 B"),
        (9, "9 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_572_864, "1.6 MB"),
        (20_500, "20 kB"),
        (21_500, "22 kB"),
        (2_147_483_648, "2.1 GB"),
    ] {
        assert_eq!(size(bytes), text, "{bytes}");
    }
}

/// Proves: who is well is told on one stream, who is not on the other; times are as Go prints them.
#[test]
fn healths_of_endpoints() {
    let row = |is_healthy, micros, error: &str| Health {
        endpoint: "127.0.0.1:23790".to_owned(),
        is_healthy,
        took: Micros(micros),
        error: error.to_owned(),
    };
    let shown = |format, row: &Health| shown(&healths(format, std::slice::from_ref(row)));
    let unhealthy = "2> Error: unhealthy cluster\n[exit 1]\n";
    let (well, ill) = (row(true, 1_617, ""), row(false, 73_703, "Active Alarm(s): NOSPACE "));
    assert_eq!(
        shown(WriteOut::Simple, &well),
        "127.0.0.1:23790 is healthy: successfully committed proposal: took = 1.617ms\n"
    );
    assert_eq!(
        shown(WriteOut::Simple, &ill),
        "2> 127.0.0.1:23790 is unhealthy: failed to commit proposal: Active Alarm(s): NOSPACE \n"
            .to_owned()
            + unhealthy
    );
    assert_eq!(
        shown(WriteOut::Json, &well),
        "[{\"endpoint\":\"127.0.0.1:23790\",\"health\":true,\"took\":\"1.617ms\"}]\n"
    );
    assert_eq!(
        shown(WriteOut::Json, &ill),
        "[{\"endpoint\":\"127.0.0.1:23790\",\"health\":false,\"took\":\"73.703ms\",\
         \"error\":\"Active Alarm(s): NOSPACE \"}]\n"
            .to_owned()
            + unhealthy
    );
    assert_eq!(
        shown(WriteOut::Fields, &ill),
        "\"Endpoint\" : \"127.0.0.1:23790\"\n\"Health\" : false\n\"Took\" : 73.703ms\n\
         \"Error\" : Active Alarm(s): NOSPACE \n\n"
            .to_owned()
            + unhealthy
    );
    assert_eq!(
        shown(WriteOut::Table, &row(false, 1_965, "Active Alarm(s): NOSPACE ")),
        "+-----------------+--------+---------+---------------------------+\n\
         |    ENDPOINT     | HEALTH |  TOOK   |           ERROR           |\n\
         +-----------------+--------+---------+---------------------------+\n\
         | 127.0.0.1:23790 |  false | 1.965ms | Active Alarm(s): NOSPACE  |\n\
         +-----------------+--------+---------+---------------------------+\n"
            .to_owned()
            + unhealthy
    );
    let times = [0, 7, 250_000, 5_003_040, 90_000_000, 3_660_500_000].map(Micros);
    let told = ["0s", "7µs", "250ms", "5.00304s", "1m30s", "1h1m0.5s"];
    assert_eq!(times.map(duration), told);
}

/// Proves: events with the pairs before them, reports of progress, and each way a watch ends.
#[test]
fn messages_of_a_watch() {
    let put = Event {
        kind: EventKind::Put,
        kv: kv("a", "w1", [20, 23, 3]),
        prev_kv: Some(kv("a", "2", [20, 22, 2])),
    };
    let delete = Event { kind: EventKind::Delete, kv: kv("a", "", [0, 24, 0]), prev_kv: None };
    let told = WatchResponse {
        revision: Revision(24),
        events: vec![put, delete],
        ..WatchResponse::default()
    };
    let is = |response: &WatchResponse, format, hex, expected: &str| {
        assert_eq!(shown(&watch(format, hex, &header(1), response)), expected);
    };
    is(&told, WriteOut::Simple, false, "PUT\na\n2\na\nw1\nDELETE\na\n\n");
    is(&told, WriteOut::Simple, true, "PUT\n\\x61\n\\x32\n\\x61\n\\x77\\x31\nDELETE\n\\x61\n\n");
    let header_of = |revision: &str| {
        format!(
            "{{\"cluster_id\":6554737125877612545,\"member_id\":11400714819323198485,\
             {revision}\"raft_term\":2}}"
        )
    };
    let header_json = header_of("\"revision\":24,");
    let end = "\"CompactRevision\":0,\"Canceled\":false,\"Created\":false}\n";
    let json = format!(
        "{{\"Header\":{header_json},\"Events\":[{{\"kv\":{{\"key\":\"YQ==\",\
         \"create_revision\":20,\"mod_revision\":23,\"version\":3,\"value\":\"dzE=\"}},\
         \"prev_kv\":{{\"key\":\"YQ==\",\"create_revision\":20,\"mod_revision\":22,\
         \"version\":2,\"value\":\"Mg==\"}}}},\
         {{\"type\":1,\"kv\":{{\"key\":\"YQ==\",\"mod_revision\":24}}}}],{end}"
    );
    is(&told, WriteOut::Json, false, &json);
    let header_fields = "\"ClusterID\" : 6554737125877612545\n\
                         \"MemberID\" : 11400714819323198485\n\"Revision\" : 24\n\
                         \"RaftTerm\" : 2\n";
    let fields = "\"Type\" : PUT\n\"PrevKey\" : \"a\"\n\"PrevCreateRevision\" : 20\n\
                  \"PrevModRevision\" : 22\n\"PrevVersion\" : 2\n\"PrevValue\" : \"2\"\n\
                  \"PrevLease\" : 0\n\"Key\" : \"a\"\n\"CreateRevision\" : 20\n\
                  \"ModRevision\" : 23\n\"Version\" : 3\n\"Value\" : \"w1\"\n\"Lease\" : 0\n\
                  \"Type\" : DELETE\n\"Key\" : \"a\"\n\"CreateRevision\" : 0\n\
                  \"ModRevision\" : 24\n\"Version\" : 0\n\"Value\" : \"\"\n\"Lease\" : 0\n";
    is(&told, WriteOut::Fields, false, &[header_fields, fields].concat());
    let unsupported = "2> Error: table not supported as output format\n[exit 4]\n";
    is(&told, WriteOut::Table, false, unsupported);

    let progress = WatchResponse { events: vec![], ..told.clone() };
    is(&progress, WriteOut::Simple, false, "progress notify: 24\n");
    let json = format!("progress notify: 24\n{{\"Header\":{header_json},\"Events\":[],{end}");
    is(&progress, WriteOut::Json, false, &json);
    is(&progress, WriteOut::Fields, false, &["progress notify: 24\n", header_fields].concat());
    is(&WatchResponse { created: true, ..told }, WriteOut::Simple, false, "");

    let ended = |reason: &str| {
        format!(
            "2> watch was canceled ({reason})\n\
             2> Error: watch is canceled by the server\n[exit 5]\n"
        )
    };
    let compacted =
        WatchResponse { canceled: true, compact_revision: Revision(5), ..WatchResponse::default() };
    let reason = ended("etcdserver: mvcc: required revision has been compacted");
    is(&compacted, WriteOut::Simple, false, &reason);
    let json = format!(
        "{{\"Header\":{},\"Events\":[],\"CompactRevision\":5,\"Canceled\":true,\
         \"Created\":false}}\n{reason}",
        header_of("")
    );
    is(&compacted, WriteOut::Json, false, &json);
    let refused =
        "2> watch was canceled (etcdserver: mvcc: required revision has been compacted)\n";
    is(&compacted, WriteOut::Table, false, &[refused, unsupported].concat());
    let nothing = "{\"Header\":{},\"Events\":null,\"CompactRevision\":0,\"Canceled\":true,\
                   \"Created\":false}\n";
    let empty = WatchResponse {
        revision: Revision(2),
        canceled: true,
        cancel_reason: Some(WatchError::EmptyRange),
        ..WatchResponse::default()
    };
    let json = [nothing, &ended("mvcc: watcher range is empty")].concat();
    is(&empty, WriteOut::Json, false, &json);
    let lost = failure(
        &invocation(&["watch", "a", "-w", "json"]),
        &CallError::Server(ServerError::NoLeader),
    );
    assert_eq!(shown(&lost), [nothing, &ended("etcdserver: no leader")].concat());
}

/// Proves: grants, alarms and leases that end, whose recordings name other ids.
#[test]
fn leases_and_alarms() {
    let granted = LeaseGrantResponse { revision: Revision(1), id: LEASE, ttl: 100 };
    let granted = Response::Lease(LeaseResponse::Granted(granted));
    let grant = |format: &str| written(&format!("lease grant 100 -w {format}"), 1, &granted);
    let header_json = "\"cluster_id\":6554737125877612545,\"member_id\":11400714819323198485,";
    assert_eq!(grant("simple"), "lease 694d7a3f2f3e1a05 granted with TTL(100s)\n");
    assert_eq!(
        grant("json"),
        format!(
            "{{{header_json}\"revision\":1,\"raft_term\":2,\"ID\":{},\"TTL\":100,\
             \"Error\":\"\"}}\n",
            LEASE.0
        )
    );
    let none = Response::Lease(LeaseResponse::List { revision: Revision(3), leases: vec![] });
    assert_eq!(
        written("lease list -w json", 3, &none),
        format!("{{{header_json}\"revision\":3,\"raft_term\":2,\"leases\":[]}}\n")
    );
    let expired = Response::Lease(LeaseResponse::KeptAlive {
        revision: Revision(3),
        id: LeaseId(0x1234),
        ttl: 0,
    });
    let keep = "lease keep-alive 1234";
    assert_eq!(written(keep, 3, &expired), "lease 0000000000001234 expired or revoked.\n");
    assert_eq!(written(&format!("{keep} -w json"), 3, &expired), "");

    let raised = Response::Maintenance(MaintenanceResponse::Alarms {
        revision: Revision(74),
        raised_by: vec![NodeId(1)],
    });
    let alarm = "memberID:11400714819323198485 alarm:NOSPACE \n";
    let json = "\"alarms\":[{\"memberID\":11400714819323198485,\"alarm\":1}]}\n";
    assert_eq!(written("alarm list", 74, &raised), alarm);
    assert_eq!(written("alarm disarm", 74, &raised), alarm);
    assert_eq!(
        written("alarm list -w json", 74, &raised),
        format!("{{\"header\":{{{header_json}\"revision\":74,\"raft_term\":2}},{json}")
    );
    assert_eq!(written("alarm disarm -w json", 74, &raised), format!("{{{json}"));
    assert_eq!(
        written("alarm list -w fields", 74, &raised),
        "\"ClusterID\" : 6554737125877612545\n\"MemberID\" : 11400714819323198485\n\
         \"Revision\" : 74\n\"RaftTerm\" : 2\n\"MemberID\" : 11400714819323198485\n\
         \"AlarmType\" : NOSPACE\n\n"
    );
}

/// Proves: the words round an error and the exit status follow from the command.
#[test]
fn failures() {
    let late = CallError::DeadlineExceeded;
    let too_late = CallError::Server(ServerError::DeadlineExceeded);
    let unknown = "rpc error: code = Unknown desc = ";
    for (words, error, expected) in [
        ("put a 1", &late, "context deadline exceeded [exit 1]".to_owned()),
        ("put a 1", &too_late, format!("{unknown}context deadline exceeded [exit 1]")),
        (
            "lease grant 10",
            &too_late,
            format!("failed to grant lease ({unknown}context deadline exceeded) [exit 1]"),
        ),
        (
            "lease revoke 1234",
            &late,
            "failed to revoke lease (context deadline exceeded) [exit 1]".to_owned(),
        ),
        ("lease timetolive 1234", &late, "context deadline exceeded [exit 2]".to_owned()),
        ("lease list", &late, "context deadline exceeded [exit 2]".to_owned()),
        (
            "move-leader 1234",
            &late,
            format!(
                "{unknown}etcdserver: request timed out, leader transfer took too long [exit 1]"
            ),
        ),
        (
            "move-leader 1234",
            &CallError::Server(ServerError::BadLeaderTransferee),
            "etcdserver: bad leader transferee [exit 1]".to_owned(),
        ),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let expected = format!("2> Error: {}\n", expected.replace(" [exit", "\n[exit"));
        assert_eq!(shown(&failure(&invocation(&words), error)), expected);
    }
    let status = Subcommand::Endpoint { cluster: false, command: EndpointCommand::Status };
    let hash = EndpointCommand::HashKv { revision: 99 };
    let hash = Subcommand::Endpoint { cluster: false, command: hash };
    let future = CallError::Server(ServerError::Store(Error::FutureRevision));
    let told = [
        endpoint_failure(&status, "n3:2379", &late),
        endpoint_failure(&hash, "n1:2379", &future),
        endpoint_failure(&Subcommand::Defrag { cluster: false }, "n3:2379", &late),
    ];
    assert_eq!(
        told,
        [
            "Failed to get the status of endpoint n3:2379 (context deadline exceeded)\n",
            "Failed to get the hash of endpoint n1:2379 \
             (etcdserver: mvcc: required revision is a future revision)\n",
            "Failed to defragment etcd member[n3:2379] (context deadline exceeded)\n",
        ]
    );
}
