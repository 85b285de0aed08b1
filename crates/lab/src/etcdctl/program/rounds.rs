//! Commands that go from server to server: `endpoint …`, `defrag`, `alarm disarm`, `move-leader`.

use sim::member::kv_core::{HashKv, RangeRequest, Revision};
use sim::member::raft_core::NodeId;
use sim::member::{
    Consistency, MaintenanceRequest, MaintenanceResponse, MemberId, MemberRequest, Request,
    Response, Status,
};
use sim::{CallError, Outcome};

use super::super::args::{AlarmCommand, EndpointCommand, Globals, Invocation, Subcommand};
use super::super::print::{self, Header, Health};
use super::super::{EXIT_BAD_ARGUMENTS, EXIT_ERROR};
use super::{Client, Happened, ONLY, Tag, Turn};

/// How many calls one of them may have at a time: `endpoint health` asks all at once.
const MOST_AT_ONCE: Tag = sim::NODES_MAX;

/// A command that asks one server after the other.
#[derive(Clone, Debug)]
pub(super) struct Rounds {
    /// The servers that it goes to, by the names that it prints.
    places: Vec<(String, NodeId)>,
    /// How many of them have been asked.
    asked: usize,
    stage: Stage,
    found: Found,
    failed: Option<CallError>,
}

/// What is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Who belongs to the cluster.
    Members,
    /// Each server.
    Servers,
    /// Which alarms are raised.
    Alarms,
    /// The leader was found, and hands over.
    HandingOver,
}

/// What was answered so far.
#[derive(Clone, Debug, Default)]
struct Found {
    statuses: Vec<(String, Header, Status)>,
    hashes: Vec<(String, Header, HashKv)>,
    healths: Vec<Option<Health>>,
    raised_by: Vec<NodeId>,
    disarmed: Vec<NodeId>,
}

impl Rounds {
    pub(super) fn new(invocation: &Invocation, endpoints: &[NodeId]) -> Rounds {
        let named = &invocation.globals.endpoints;
        let name = |(place, node): (usize, &NodeId)| {
            let written = named.get(place).filter(|name| name.starts_with("http"));
            (written.cloned().unwrap_or_else(|| format!("{node}:2379")), *node)
        };
        let stage = match &invocation.command {
            Subcommand::Endpoint { cluster: true, .. } | Subcommand::Defrag { cluster: true } => {
                Stage::Members
            }
            Subcommand::Alarm(AlarmCommand::Disarm) => Stage::Alarms,
            _ => Stage::Servers,
        };
        Rounds {
            places: endpoints.iter().enumerate().map(name).collect(),
            asked: 0,
            stage,
            found: Found::default(),
            failed: None,
        }
    }

    pub(super) fn go(&mut self, client: &Client<'_>, happened: Happened<'_>, turn: &mut Turn<'_>) {
        match happened {
            Happened::Begun => match self.stage {
                Stage::Members => client.ask(ONLY, Request::Member(MemberRequest::List), turn),
                Stage::Alarms => {
                    client.ask(ONLY, Request::Maintenance(MaintenanceRequest::Alarms), turn);
                }
                Stage::Servers | Stage::HandingOver => self.ask_servers(client, turn),
            },
            Happened::Returned(tag, outcome) => match self.stage {
                Stage::Members => self.take_members(client, outcome, turn),
                Stage::Alarms => self.take_alarms(client, outcome, turn),
                Stage::Servers => self.take_answer(client, tag, outcome, turn),
                Stage::HandingOver => {
                    turn.finish(print::present(client.invocation, outcome));
                }
            },
            Happened::Told(..) | Happened::Woken | Happened::Typed(_) | Happened::Interrupted => {}
        }
    }

    /// The members' addresses take the place of `--endpoints`.
    fn take_members(&mut self, client: &Client<'_>, outcome: &Outcome, turn: &mut Turn<'_>) {
        match outcome {
            Outcome::Ok { response: Response::Members(members), .. } => {
                let started = members.members.iter().filter(|member| member.started);
                let place = |node: NodeId| (["http://", &node.to_string(), ":2379"].concat(), node);
                self.places = started.map(|member| place(member.node)).collect();
                self.stage = Stage::Servers;
                self.ask_servers(client, turn);
            }
            Outcome::Ok { .. } => {}
            Outcome::Failed(error) | Outcome::Unknown(error) => {
                let error = print::error_text(&client.invocation.command, error);
                let what = "failed to fetch endpoints from etcd cluster member list: ";
                turn.fail([what, &error].concat(), EXIT_ERROR);
            }
        }
    }

    /// The alarms that are raised are disarmed one by one.
    fn take_alarms(&mut self, client: &Client<'_>, outcome: &Outcome, turn: &mut Turn<'_>) {
        let raised_by = match outcome {
            Outcome::Ok {
                response: Response::Maintenance(MaintenanceResponse::Alarms { raised_by, .. }),
                ..
            } => raised_by,
            Outcome::Ok { .. } => return,
            Outcome::Failed(error) | Outcome::Unknown(error) => return client.fail(error, turn),
        };
        if self.asked == 0 {
            self.found.raised_by.clone_from(raised_by);
        } else {
            self.found.disarmed.extend_from_slice(raised_by);
        }
        match self.found.raised_by.get(self.asked) {
            Some(node) => {
                self.asked += 1;
                let disarm = MaintenanceRequest::Disarm(MemberId::of(*node));
                client.ask(ONLY, Request::Maintenance(disarm), turn);
            }
            None => {
                let Outcome::Ok { node, revision, raft_term, .. } = outcome else { return };
                let header = Header { node: *node, revision: *revision, raft_term: *raft_term };
                let raised_by = std::mem::take(&mut self.found.disarmed);
                let alarms = MaintenanceResponse::Alarms { revision: *revision, raised_by };
                let response = Response::Maintenance(alarms);
                turn.finish(print::answer(client.invocation, &header, &response));
            }
        }
    }

    /// Asks the next server; `endpoint health` all of them.
    fn ask_servers(&mut self, client: &Client<'_>, turn: &mut Turn<'_>) {
        let command = &client.invocation.command;
        let at_once =
            matches!(command, Subcommand::Endpoint { command: EndpointCommand::Health, .. });
        let most = if at_once { usize::from(MOST_AT_ONCE) } else { 1 };
        let next: Vec<NodeId> =
            self.places.iter().skip(self.asked).take(most).map(|(_, node)| *node).collect();
        if at_once {
            self.found.healths = vec![None; next.len()];
        }
        for (tag, node) in (0..).zip(next) {
            self.asked += 1;
            client.ask_of(vec![node], tag, question(command), turn);
        }
        if turn.asks.is_empty() {
            self.conclude(client, turn);
        }
    }

    fn take_answer(
        &mut self,
        client: &Client<'_>,
        tag: Tag,
        outcome: &Outcome,
        turn: &mut Turn<'_>,
    ) {
        if !self.found.healths.is_empty() {
            return self.take_health(client, tag, outcome, turn);
        }
        let Some((name, node)) = self.places.get(self.asked - 1).cloned() else { return };
        match outcome {
            Outcome::Failed(error) | Outcome::Unknown(error) => {
                if let Subcommand::MoveLeader(_) = client.invocation.command {
                    return client.fail(error, turn);
                }
                let command = &client.invocation.command;
                turn.complain(&print::endpoint_failure(command, &name, error));
                self.failed = Some(error.clone());
            }
            Outcome::Ok { response, revision, raft_term, .. } => {
                let header = Header { node, revision: *revision, raft_term: *raft_term };
                let Response::Maintenance(response) = response else { return };
                match response {
                    MaintenanceResponse::Status(status) => {
                        if let Subcommand::MoveLeader(to) = client.invocation.command
                            && status.leader == Some(node)
                        {
                            return self.hand_over(client, node, to, turn);
                        }
                        self.found.statuses.push((name, header, status.clone()));
                    }
                    MaintenanceResponse::HashKv(hash) => {
                        self.found.hashes.push((name, header, *hash));
                    }
                    _ => {
                        turn.say(&print::defragmented(&name));
                    }
                }
            }
        }
        self.ask_servers(client, turn);
    }

    /// The leader is asked to hand over.
    fn hand_over(&mut self, client: &Client<'_>, leader: NodeId, to: u64, turn: &mut Turn<'_>) {
        self.stage = Stage::HandingOver;
        let request = Request::Maintenance(MaintenanceRequest::MoveLeader(MemberId(to)));
        client.ask_of(vec![leader], ONLY, request, turn);
    }

    /// `endpoint health` reads a key, and then asks for alarms.
    fn take_health(
        &mut self,
        client: &Client<'_>,
        tag: Tag,
        outcome: &Outcome,
        turn: &mut Turn<'_>,
    ) {
        let place = usize::from(tag);
        let Some((endpoint, node)) = self.places.get(place).cloned() else { return };
        let Some(slot) = self.found.healths.get_mut(place) else { return };
        match (slot.as_mut(), outcome) {
            (None, Outcome::Ok { .. }) => {
                let (took, error) = (turn.took(), String::new());
                *slot = Some(Health { endpoint, is_healthy: true, took, error });
                let request = Request::Maintenance(MaintenanceRequest::Alarms);
                client.ask_of(vec![node], tag, request, turn);
                return;
            }
            (None, Outcome::Failed(error) | Outcome::Unknown(error)) => {
                let (took, error) =
                    (turn.took(), print::error_text(&client.invocation.command, error));
                *slot = Some(Health { endpoint, is_healthy: false, took, error });
            }
            (Some(health), Outcome::Failed(_) | Outcome::Unknown(_)) => {
                health.is_healthy = false;
                "Unable to fetch the alarm list".clone_into(&mut health.error);
            }
            (Some(health), Outcome::Ok { response, .. }) => {
                if let Response::Maintenance(MaintenanceResponse::Alarms { raised_by, .. }) =
                    response
                    && !raised_by.is_empty()
                {
                    health.is_healthy = false;
                    let alarms = "NOSPACE ".repeat(raised_by.len());
                    health.error = ["Active Alarm(s): ", &alarms].concat();
                }
            }
        }
        self.asked -= 1;
        if self.asked == 0 {
            let rows: Vec<Health> = self.found.healths.iter().flatten().cloned().collect();
            turn.finish(print::healths(client.invocation.globals.write_out, &rows));
        }
    }

    /// All have been asked: prints what there is, and ends.
    fn conclude(&mut self, client: &Client<'_>, turn: &mut Turn<'_>) {
        let Globals { write_out, .. } = client.invocation.globals;
        match &client.invocation.command {
            Subcommand::MoveLeader(_) => {
                let names: Vec<&str> = self.places.iter().map(|(name, _)| name.as_str()).collect();
                let message = ["no leader endpoint given at [", &names.join(" "), "]"].concat();
                return turn.fail(message, EXIT_BAD_ARGUMENTS);
            }
            Subcommand::Endpoint { command: EndpointCommand::Status, .. } => {
                turn.say(&print::statuses(write_out, &self.found.statuses));
            }
            Subcommand::Endpoint { command: EndpointCommand::HashKv { .. }, .. } => {
                turn.say(&print::hashes(write_out, &self.found.hashes));
                if let Some(error) = &self.failed {
                    let text = print::error_text(&client.invocation.command, error);
                    return turn.fail(text, EXIT_ERROR);
                }
            }
            _ => {}
        }
        turn.end(if self.failed.is_some() { EXIT_ERROR } else { 0 });
    }
}

/// What each server is asked.
fn question(command: &Subcommand) -> Request {
    let maintenance = match command {
        Subcommand::Defrag { .. } => MaintenanceRequest::Defragment,
        Subcommand::Endpoint { command: EndpointCommand::HashKv { revision }, .. } => {
            MaintenanceRequest::HashKv(Revision(*revision))
        }
        Subcommand::Endpoint { command: EndpointCommand::Health, .. } => {
            let range = RangeRequest::key("health");
            return Request::Range { range, consistency: Consistency::Linearizable };
        }
        _ => MaintenanceRequest::Status,
    };
    Request::Maintenance(maintenance)
}
