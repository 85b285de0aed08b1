//! Answers in the format `simple`, the usual one (etcdctl `printer_simple.go`).

use sim::member::kv_core::{
    DeleteRangeResponse, KeyValue, LeaseId, PutResponse, RangeResponse, ResponseOp, TxnResponse,
    WatchResponse,
};
use sim::member::{
    LeaseResponse, MaintenanceResponse, MemberId, MemberRecord, MembersResponse, Response,
};

use super::{CLUSTER_ID, Header, alarm, kind, told};
use crate::etcdctl::args::{Get, Invocation, LeaseCommand, MemberCommand, Subcommand};
use crate::etcdctl::requests::peer_url;

/// Writes an answer.
pub(super) fn answer(invocation: &Invocation, header: &Header, response: &Response) -> String {
    let mut text = Simple { text: String::new(), hex: invocation.globals.hex };
    match response {
        Response::Range(range) => {
            let is_bare =
                matches!(&invocation.command, Subcommand::Get(Get { print_value_only: true, .. }));
            if is_bare {
                range.kvs.iter().for_each(|kv| text.bytes(kv.value.as_slice()));
            } else {
                text.range(range);
            }
        }
        Response::Put(put) => text.put(put),
        Response::DeleteRange(deleted) => text.deleted(deleted),
        Response::Txn(txn) => text.txn(txn),
        Response::Lease(response) => text.lease(&invocation.command, response),
        Response::Members(response) => text.members(&invocation.command, response),
        Response::Maintenance(MaintenanceResponse::Alarms { raised_by, .. }) => {
            raised_by.iter().for_each(|node| text.line(&[&alarm(*node)]));
        }
        Response::Maintenance(_) => {
            if let Subcommand::MoveLeader(target) = &invocation.command {
                let leader = MemberId::of(header.node).0;
                let (leader, target) = (format!("{leader:x}"), format!("{target:x}"));
                text.line(&["Leadership transferred from ", &leader, " to ", &target]);
            }
        }
        // Written by `answer` and `watch` of the parent.
        Response::Compact(_) | Response::Watch(_) => {}
    }
    text.text
}

/// The events of a watch.
pub(super) fn watch(hex: bool, response: &WatchResponse) -> String {
    let mut text = Simple { text: String::new(), hex };
    for event in &response.events {
        text.line(&[kind(event)]);
        event.prev_kv.iter().for_each(|kv| text.pair(kv));
        text.pair(&event.kv);
    }
    text.text
}

/// What is being written.
struct Simple {
    text: String,
    /// Whether bytes are written as `\x6e\x61…`.
    hex: bool,
}

impl Simple {
    fn line(&mut self, pieces: &[&str]) {
        pieces.iter().for_each(|piece| self.text.push_str(piece));
        self.text.push('\n');
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.hex {
            bytes.iter().for_each(|byte| self.text.push_str(&format!("\\x{byte:02x}")));
        } else {
            self.text.push_str(&String::from_utf8_lossy(bytes));
        }
        self.text.push('\n');
    }

    fn pair(&mut self, kv: &KeyValue) {
        self.bytes(kv.key.as_slice());
        self.bytes(kv.value.as_slice());
    }

    fn range(&mut self, range: &RangeResponse) {
        range.kvs.iter().for_each(|kv| self.pair(kv));
    }

    fn put(&mut self, put: &PutResponse) {
        self.line(&["OK"]);
        put.prev_kv.iter().for_each(|kv| self.pair(kv));
    }

    fn deleted(&mut self, deleted: &DeleteRangeResponse) {
        self.line(&[&deleted.deleted.to_string()]);
        deleted.prev_kvs.iter().for_each(|kv| self.pair(kv));
    }

    fn txn(&mut self, txn: &TxnResponse) {
        self.line(&[if txn.succeeded { "SUCCESS" } else { "FAILURE" }]);
        for answer in &txn.responses {
            self.line(&[]);
            match answer {
                ResponseOp::Range(range) => self.range(range),
                ResponseOp::Put(put) => self.put(put),
                ResponseOp::DeleteRange(deleted) => self.deleted(deleted),
                // etcdctl asks for none.
                ResponseOp::Txn(txn) => self.txn(txn),
            }
        }
    }

    fn lease(&mut self, command: &Subcommand, response: &LeaseResponse) {
        let name = |LeaseId(id): LeaseId| format!("lease {id:016x}");
        match response {
            LeaseResponse::Granted(granted) => {
                let ttl = granted.ttl.to_string();
                self.line(&[&name(granted.id), " granted with TTL(", &ttl, "s)"]);
            }
            LeaseResponse::Revoked(_) => {
                if let Subcommand::Lease(LeaseCommand::Revoke(id)) = command {
                    self.line(&[&name(LeaseId(*id)), " revoked"]);
                }
            }
            LeaseResponse::KeptAlive { id, ttl, .. } => {
                self.line(&[&name(*id), " keepalived with TTL(", &ttl.to_string(), ")"]);
            }
            LeaseResponse::TimeToLive { id, ttl: -1, granted_ttl: 0, .. } => {
                self.line(&[&name(*id), " already expired"]);
            }
            LeaseResponse::TimeToLive { id, ttl, granted_ttl, keys, .. } => {
                let (granted, left) = (granted_ttl.to_string(), ttl.to_string());
                let has_keys = matches!(
                    command,
                    Subcommand::Lease(LeaseCommand::TimeToLive { keys: true, .. })
                );
                let keys: Vec<String> = keys.iter().map(|key| key.to_text_lossy()).collect();
                let keys = ["), attached keys([", &keys.join(" "), "]"].concat();
                let keys = if has_keys { keys } else { String::new() };
                let id = name(*id);
                let pieces =
                    [&id, " granted with TTL(", &granted, "s), remaining(", &left, "s", &keys, ")"];
                self.line(&pieces);
            }
            LeaseResponse::List { leases, .. } => {
                self.line(&["found ", &leases.len().to_string(), " leases"]);
                leases.iter().for_each(|LeaseId(id)| self.line(&[&format!("{id:016x}")]));
            }
        }
    }

    /// `member list` is written as a table.
    fn members(&mut self, command: &Subcommand, response: &MembersResponse) {
        let Subcommand::Member(command) = command else { return };
        let (id, done) = match command {
            MemberCommand::Remove(id) => (*id, "removed from"),
            MemberCommand::Promote(id) => (*id, "promoted in"),
            MemberCommand::Update { id, .. } => (*id, "updated in"),
            MemberCommand::Add { .. } => {
                let Some(added) = response.added else { return };
                (MemberId::of(added.node).0, "added to")
            }
            MemberCommand::List => return,
        };
        let (id, cluster) = (format!("{id:16x}"), format!("{CLUSTER_ID:16x}"));
        self.line(&["Member ", &id, " ", done, " cluster ", &cluster]);
        let (MemberCommand::Add { name, .. }, Some(added)) = (command, response.added) else {
            return;
        };
        let entry = |member: &MemberRecord| {
            let name = if member.node == added.node { name.clone() } else { told(member) };
            [&name, "=", &peer_url(member.node)].concat()
        };
        let all: Vec<String> = response.members.iter().map(entry).collect();
        self.line(&[]);
        for (setting, value) in [
            ("NAME", name),
            ("INITIAL_CLUSTER", &all.join(",")),
            ("INITIAL_ADVERTISE_PEER_URLS", &peer_url(added.node)),
            ("INITIAL_CLUSTER_STATE", &"existing".to_owned()),
        ] {
            self.line(&["ETCD_", setting, "=\"", value, "\""]);
        }
    }
}
