//! Takes a script line by line on a real cluster, and prints its transcript.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sim::Condition;

use super::cluster::{Cluster, Failure, LOOK_EVERY};
use super::etcdctl::{Etcdctl, Order, changes_members, granted_lease};
use super::programs::Programs;
use super::settings::Flags;
use super::warden::Warden;
use super::{fit, judge, names, tables};
use crate::etcdctl::{Output, args::Environment};
use crate::predicate::Predicate;
use crate::run::{EXIT_CHECK_FAILED, EXIT_OK, Remarks, RunOptions, print};
use crate::script::{
    Assignment, ClientName, Command, EtcdctlLine, Ground, JobId, Line, Micros, duration_text,
};
use crate::session::terminal;
use crate::shell::{Variables, expand_words};
use crate::view::TerminalEntry;

/// How long `until` waits if it names no limit, as on the simulator.
const UNTIL: Duration = Duration::from_secs(60);
/// How long after a line it is listened for what background jobs print because of it.
const JOBS_LISTEN: Duration = Duration::from_millis(150);

/// Runs the lines and returns the exit status of `lab run`.
///
/// # Errors
/// A process cannot be started, or nothing can be written.
pub(super) fn conduct(
    programs: Programs,
    options: &RunOptions,
    lines: &[Line],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<u8> {
    if options.remarks == Remarks::Written {
        writeln!(err, "etcd {} ({})", programs.version, programs.etcd.display())?;
    }
    let mut conductor = Conductor::new(programs, options.nodes)?;
    for line in lines {
        if matches!(line.command, Command::Blank | Command::Comment(_)) {
            continue;
        }
        let entry = conductor.take(line)?;
        print(&entry, options.remarks, out, err)?;
        out.flush()?;
    }
    Ok(if conductor.failed_checks > 0 { EXIT_CHECK_FAILED } else { EXIT_OK })
}

/// A script under way. Fields are dropped in their order: the warden last, when all processes are
/// gone.
struct Conductor {
    clients: BTreeMap<ClientName, Client>,
    cluster: Option<Cluster>,
    /// Ids of the leases that were granted, in order.
    leases: Vec<String>,
    failed_checks: u32,
    /// What the next cluster is to be.
    nodes: u8,
    flags: Flags,
    /// How many clusters there were.
    clusters: u32,
    programs: Programs,
    folder: PathBuf,
    warden: Rc<RefCell<Warden>>,
}

/// Whoever types.
#[derive(Default)]
struct Client {
    variables: Variables,
    jobs: Vec<Job>,
}

struct Job {
    id: JobId,
    line: String,
    process: Etcdctl,
}

impl Conductor {
    fn new(programs: Programs, nodes: u8) -> io::Result<Conductor> {
        let folder = std::env::temp_dir().join(format!("raft-lab-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let warden = Rc::new(RefCell::new(Warden::start(&folder)?));
        Ok(Conductor {
            clients: BTreeMap::new(),
            cluster: None,
            leases: Vec::new(),
            failed_checks: 0,
            nodes,
            flags: Flags::default(),
            clusters: 0,
            programs,
            folder,
            warden,
        })
    }

    /// Does a line, and tells what it and the background jobs printed.
    fn take(&mut self, line: &Line) -> io::Result<TerminalEntry> {
        let client = line.client.clone().unwrap_or_else(ClientName::usual);
        if fit::needs_cluster(&line.command) && self.cluster.is_none() {
            self.start_cluster()?;
        }
        let output = match self.perform(line, &client) {
            Ok(output) => output,
            Err(Failure::Refused(message)) => terminal::refused(&message),
            Err(Failure::Broken(error)) => return Err(error),
        };
        let jobs = self.listen_to_jobs()?;
        Ok(TerminalEntry {
            id: 0,
            seq: 0,
            client: client.to_string(),
            source: line.text(),
            stdout: output.stdout,
            stderr: output.stderr,
            exit: Some(output.exit),
            jobs,
            remarks: Vec::new(),
        })
    }

    fn start_cluster(&mut self) -> io::Result<()> {
        self.clusters += 1;
        let folder = self.folder.join(format!("cluster{}", self.clusters));
        let (programs, flags) = (self.programs.clone(), self.flags.clone());
        let warden = Rc::clone(&self.warden);
        self.cluster = Some(Cluster::start(programs, folder, self.nodes, flags, warden)?);
        Ok(())
    }

    /// `nodes`, `seed`: the old cluster goes, and whatever ran on it; the new one starts with the
    /// first line that needs it.
    fn end_cluster(&mut self) {
        self.clients.values_mut().for_each(|client| client.jobs.clear());
        self.cluster = None;
        self.leases.clear();
    }

    fn perform(&mut self, line: &Line, client: &ClientName) -> Result<Output, Failure> {
        match &line.command {
            Command::Nodes(nodes) => {
                self.nodes = *nodes;
                self.end_cluster();
            }
            Command::Seed(_) => self.end_cluster(),
            Command::Set(setting) => self.flags.set(*setting),
            Command::Etcdctl(etcdctl) => return Ok(self.etcdctl(line, etcdctl, client)?),
            Command::Assign(assignments) | Command::Export(assignments) => {
                for Assignment { name, value } in assignments {
                    let value = value.expand(&|name| self.variable(client, name));
                    let variables = &mut self.client(client).variables;
                    match line.command {
                        Command::Assign(_) => variables.assign(name, value),
                        _ => variables.export(name, value),
                    }
                }
            }
            Command::Unset(names) => self.client(client).variables.unset(names),
            Command::Jobs => {
                let jobs = &self.client(client).jobs;
                let listed: Vec<(JobId, &str)> =
                    jobs.iter().map(|job| (job.id, job.line.as_str())).collect();
                return Ok(terminal::list_jobs(&listed));
            }
            Command::Kill(id) => self.kill(*id, client)?,
            Command::Interrupt => {
                return Err(Failure::Refused("nothing runs in the foreground".to_owned()));
            }
            Command::Help(topic) => return Ok(terminal::help(topic.as_deref())),
            Command::Advance(time) => std::thread::sleep(Duration::from_micros(time.0)),
            Command::Until { predicate, limit } => return Ok(self.until(predicate, *limit)),
            Command::Assert(predicate) => return Ok(self.assert(predicate)),
            command => return self.steer(command),
        }
        Ok(Output::default())
    }

    /// Lines that do something to the processes.
    fn steer(&mut self, command: &Command) -> Result<Output, Failure> {
        let Some(cluster) = &mut self.cluster else { return Ok(Output::default()) };
        match command {
            Command::Crash(node) => {
                let id = cluster.resolve(*node)?;
                cluster.crash(id)?;
            }
            Command::Restart(Some(node)) => {
                let id = cluster.resolve(*node)?;
                cluster.restart(&[id])?;
            }
            Command::Restart(None) => {
                let ids = cluster.restartable();
                cluster.restart(&ids)?;
            }
            Command::Pause(node) => {
                let id = cluster.resolve(*node)?;
                cluster.pause(id)?;
            }
            Command::Resume(Some(node)) => {
                let id = cluster.resolve(*node)?;
                cluster.resume(id)?;
            }
            Command::Resume(None) => {
                for id in cluster.all() {
                    if cluster.condition(id) == Condition::Paused {
                        cluster.resume(id)?;
                    }
                }
            }
            Command::Start(node) => {
                let id = cluster.resolve(*node)?;
                cluster.start_new(id)?;
            }
            Command::Transfer(node) => {
                let id = cluster.resolve(*node)?;
                cluster.transfer(id)?;
            }
            Command::Status => return Ok(status(cluster)),
            _ => return Err(Failure::Refused("a real cluster cannot do that".to_owned())),
        }
        Ok(Output::default())
    }

    fn client(&mut self, name: &ClientName) -> &mut Client {
        self.clients.entry(name.clone()).or_default()
    }

    fn variable(&self, client: &ClientName, name: &str) -> Option<String> {
        if let Some(id) = name.strip_prefix("lease").and_then(|digits| digits.parse().ok()) {
            let place = usize::checked_sub(id, 1)?;
            return self.leases.get(place).cloned();
        }
        self.clients.get(client)?.variables.get(name)
    }

    /// `$n2`: the member id of n2, where the line asks for it.
    fn member_ids(&mut self) -> BTreeMap<String, String> {
        let Some(cluster) = &mut self.cluster else { return BTreeMap::new() };
        let all: Vec<_> = cluster.all().collect();
        let ids = all.into_iter().filter_map(|node| {
            cluster.member_id(node).map(|id| (node.to_string(), format!("{id:x}")))
        });
        ids.collect()
    }

    fn etcdctl(
        &mut self,
        line: &Line,
        etcdctl: &EtcdctlLine,
        client: &ClientName,
    ) -> io::Result<Output> {
        let members = self.member_ids();
        let lookup =
            |name: &str| members.get(name).cloned().or_else(|| self.variable(client, name));
        let words = expand_words(&etcdctl.words, &lookup);
        let input = etcdctl.input.text(line.here_document.as_deref(), &lookup);
        let known = self.clients.get(client).map(|client| client.variables.exported().clone());
        let mut environment = known.unwrap_or_default();
        for assignment in &etcdctl.environment {
            environment.insert(assignment.name.clone(), assignment.value.expand(&lookup));
        }
        let mut process = self.start(words.clone(), environment, input)?;
        if etcdctl.ground == Ground::Background {
            let jobs = &mut self.client(client).jobs;
            let id = JobId(jobs.iter().map(|job| job.id.0).max().unwrap_or(0) + 1);
            jobs.push(Job { id, line: line.source.trim().to_owned(), process });
            return Ok(Output::default());
        }
        let exit = process.wait()?;
        let output = self.output(process.take_all(), exit);
        self.leases.extend(granted_lease(&words, &output.stdout));
        if changes_members(&words)
            && let Some(cluster) = &mut self.cluster
        {
            cluster.make_room();
        }
        Ok(output)
    }

    fn start(
        &self,
        words: Vec<String>,
        variables: Environment,
        input: String,
    ) -> io::Result<Etcdctl> {
        let Some(cluster) = &self.cluster else { return Err(io::Error::other("no cluster")) };
        let nodes = cluster.count();
        let mut environment: Vec<(String, String)> =
            variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let is_endpoints = |name: &str| name == "ETCDCTL_ENDPOINTS";
        for (name, value) in &mut environment {
            if is_endpoints(name) {
                *value = cluster.addresses.to_real(value, nodes);
            }
        }
        let mut words = cluster.addresses.words_to_real(words, nodes + 1);
        // Without a word of the script, every node is asked. By the flag, not by its variable: some
        // commands take it ill when the variable is set.
        let is_flag = |word: &String| word == "--endpoints" || word.starts_with("--endpoints=");
        if !words.iter().any(is_flag) && !environment.iter().any(|(name, _)| is_endpoints(name)) {
            let started = cluster.all().filter(|node| cluster.was_started(*node));
            let list: Vec<String> = started.map(|node| cluster.addresses.endpoint(node)).collect();
            words.insert(0, format!("--endpoints={}", list.join(",")));
        }
        let order = Order {
            program: &self.programs.etcdctl,
            folder: cluster.folder(),
            words,
            environment,
            input,
        };
        Etcdctl::start(order, &self.warden)
    }

    /// What etcdctl wrote, as the transcript has it.
    fn output(&self, (stdout, stderr): (String, String), exit: i32) -> Output {
        let Some(cluster) = &self.cluster else { return Output { stdout, stderr, exit } };
        let stderr = names::without_log_lines(&stderr);
        // A table was drawn for the addresses; the names are shorter.
        let named = |text: &str| match cluster.addresses.to_lab(text) {
            named if named == text => named,
            named => tables::redraw(&named),
        };
        Output { stdout: named(&stdout), stderr: named(&stderr), exit }
    }

    fn kill(&mut self, id: JobId, client: &ClientName) -> Result<(), Failure> {
        let jobs = &mut self.client(client).jobs;
        let Some(place) = jobs.iter().position(|job| job.id == id) else {
            return Err(Failure::Refused(format!("kill: %{}: no such job", id.0)));
        };
        let mut job = jobs.remove(place);
        Ok(job.process.end_by(Signal::TERM)?)
    }

    /// What jobs have written since the last line, each line with its job's number before it.
    fn listen_to_jobs(&mut self) -> io::Result<String> {
        if self.clients.values().all(|client| client.jobs.is_empty()) {
            return Ok(String::new());
        }
        std::thread::sleep(JOBS_LISTEN);
        let mut heard = Vec::new();
        for client in self.clients.values_mut() {
            let mut still_running = Vec::new();
            for mut job in std::mem::take(&mut client.jobs) {
                if job.process.has_ended()? {
                    heard.push((job.id, job.process.take_all()));
                } else {
                    heard.push((job.id, job.process.take_lines()));
                    still_running.push(job);
                }
            }
            client.jobs = still_running;
        }
        let mut text = String::new();
        for (id, streams) in heard {
            let Output { stdout, stderr, .. } = self.output(streams, 0);
            for line in stdout.lines().chain(stderr.lines()) {
                text.push_str(&format!("[{}] {line}\n", id.0));
            }
        }
        Ok(text)
    }

    fn until(&mut self, predicate: &Predicate, limit: Option<Micros>) -> Output {
        let limit = limit.map_or(UNTIL, |limit| Duration::from_micros(limit.0));
        let end = Instant::now() + limit;
        while !self.holds(predicate) {
            if Instant::now() >= end {
                self.failed_checks += 1;
                let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
                let limit = duration_text(Micros(micros));
                return terminal::refused(&format!("not within {limit}: {predicate}"));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Output::default()
    }

    fn assert(&mut self, predicate: &Predicate) -> Output {
        if self.holds(predicate) {
            return Output::default();
        }
        self.failed_checks += 1;
        terminal::refused(&format!("assertion failed: {predicate}"))
    }

    fn holds(&mut self, predicate: &Predicate) -> bool {
        self.cluster.as_mut().is_some_and(|cluster| judge::holds(predicate, cluster))
    }
}

/// `status`: what servers tell of it. The end of their logs they do not.
fn status(cluster: &mut Cluster) -> Output {
    let look = cluster.look();
    let mut stdout = status_row(["NODE", "ROLE", "TERM", "LOG", "COMMIT", "APPLIED"]);
    for id in cluster.all() {
        let role = match cluster.condition(id) {
            Condition::Crashed if !cluster.was_started(id) => "not started",
            Condition::Crashed => "crashed",
            Condition::Paused => "paused",
            Condition::Running => match look.status(id) {
                None => "silent",
                Some(status) if status.leader == status.id => "leader",
                Some(_) => "follower",
            },
        };
        let row = look.status(id).map_or_else(
            || format!("{:<5}{role}\n", id.to_string()),
            |status| {
                let numbers = [status.term, status.commit, status.applied];
                let [term, commit, applied] = numbers.map(|number| number.to_string());
                status_row([&id.to_string(), role, &term, "-", &commit, &applied])
            },
        );
        stdout.push_str(&row);
    }
    Output { stdout, ..Output::default() }
}

/// In the columns that the simulator's table has.
fn status_row([node, role, term, log, commit, applied]: [&str; 6]) -> String {
    format!("{node:<5}{role:<15}{term:>5}{log:>6}{commit:>8}{applied:>9}\n")
}
