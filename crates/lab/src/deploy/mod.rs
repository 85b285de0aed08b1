//! A cluster on real machines: the flags of each member, as a systemd unit and as a compose file; what
//! each flag means; and the mistakes that are made with them, with what etcd says of each.
//!
//! A [`Plan`] is what a form asks for. It becomes one [`Unit`] a member, which is only its flags: those
//! can be changed by hand, be read back from a file ([`Unit::parse`]), and are [judged](check) together.

mod flags;
mod judge;
mod mistakes;

pub use flags::{Flag, explain, flag_rows};
pub use judge::{Finding, check};
pub use mistakes::{MISTAKES, Mistake};

use std::fmt::Write as _;
use std::net::IpAddr;

/// A machine that is to run a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The member's name.
    pub name: String,
    /// The machine's address: an IP, or a name that all others can resolve.
    pub host: String,
    /// Where it listens for the other members.
    pub peer_port: u16,
    /// Where it listens for clients.
    pub client_port: u16,
}

impl Machine {
    /// A machine that listens where etcd usually does.
    pub fn new(name: &str, host: &str) -> Machine {
        Machine { name: name.to_owned(), host: host.to_owned(), peer_port: 2380, client_port: 2379 }
    }
}

/// Whether there is a cluster to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All members of the list start for the first time and make a cluster.
    New,
    /// The member was added to a cluster that runs, and joins it.
    Existing,
}

impl State {
    /// As `--initial-cluster-state` has it.
    pub fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Existing => "existing",
        }
    }
}

/// Where on each machine its certificates are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Who has to have signed the certificates of clients.
    pub ca: String,
    /// The member's certificate, shown to clients.
    pub cert: String,
    /// Its key.
    pub key: String,
    /// Who has to have signed the certificates of members.
    pub peer_ca: String,
    /// The member's certificate, shown to other members, as server and as client.
    pub peer_cert: String,
    /// Its key.
    pub peer_key: String,
}

impl Default for Tls {
    fn default() -> Tls {
        // As lesson 9 makes them: one pair for both doors.
        let path = |name: &str| format!("/etc/etcd/{name}");
        Tls {
            ca: path("ca.crt"),
            cert: path("server.crt"),
            key: path("server.key"),
            peer_ca: path("ca.crt"),
            peer_cert: path("server.crt"),
            peer_key: path("server.key"),
        }
    }
}

/// What a cluster is to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The members.
    pub machines: Vec<Machine>,
    /// Where on each machine its data are kept.
    pub data_dir: String,
    /// A word for this cluster and no other.
    pub token: String,
    /// Whether there is a cluster to join.
    pub state: State,
    /// Certificates; none: everybody who reaches a port may read and write everything.
    pub tls: Option<Tls>,
    /// Which etcd, as in `3.5.1`.
    pub version: String,
    /// Where on each machine the program is.
    pub program: String,
}

impl Default for Plan {
    fn default() -> Plan {
        let machine = |number| Machine::new(&format!("n{number}"), &format!("10.0.0.{number}"));
        Plan {
            machines: (1..=3).map(machine).collect(),
            data_dir: "/var/lib/etcd".to_owned(),
            token: "my-cluster".to_owned(),
            state: State::New,
            tls: None,
            version: "3.5.1".to_owned(),
            program: "/usr/local/bin/etcd".to_owned(),
        }
    }
}

/// One member: its flags, in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Unit {
    flags: Vec<(String, String)>,
}

impl Unit {
    /// The value of a flag, which is named without its hyphens.
    pub fn get(&self, flag: &str) -> Option<&str> {
        let found = self.flags.iter().find(|(name, _)| name == flag);
        found.map(|(_, value)| value.as_str())
    }

    /// Gives a flag a value.
    pub fn set(&mut self, flag: &str, value: &str) {
        match self.flags.iter_mut().find(|(name, _)| name == flag) {
            Some((_, known)) => value.clone_into(known),
            None => self.flags.push((flag.to_owned(), value.to_owned())),
        }
    }

    /// Its name; as etcd's, if it has none.
    pub fn name(&self) -> &str {
        self.get("name").unwrap_or("default")
    }

    /// All flags, without their hyphens, and their values.
    pub fn flags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.flags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// `--name=n1` and so on: what the program is given.
    pub fn arguments(&self) -> Vec<String> {
        self.flags().map(|(name, value)| format!("--{name}={value}")).collect()
    }

    /// Reads the flags out of a unit file, a compose file's service, or a command line. What is no
    /// flag is passed over.
    pub fn parse(text: &str) -> Unit {
        let mut unit = Unit::default();
        for line in text.replace("\\\n", " ").lines() {
            unit.parse_line(line);
        }
        unit
    }

    fn parse_line(&mut self, line: &str) {
        let mut words = line.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let word = word.trim_matches(['"', '\'', ',']);
            let Some(flag) = word.strip_prefix("--").filter(|flag| !flag.is_empty()) else {
                continue;
            };
            match flag.split_once('=') {
                Some((name, value)) => self.set(name, value.trim_matches(['"', '\''])),
                None => {
                    let value = words.next_if(|next| !next.starts_with("--"));
                    self.set(flag, value.unwrap_or("true").trim_matches(['"', '\'']));
                }
            }
        }
    }

    /// The members that it expects at first, and where: names and URLs, in its order.
    pub fn initial_cluster(&self) -> Vec<(&str, &str)> {
        let list = self.get("initial-cluster").unwrap_or_default();
        list.split(',').filter_map(|one| one.trim().split_once('=')).collect()
    }

    /// The values of a flag that is a list.
    pub fn list(&self, flag: &str) -> Vec<&str> {
        let list = self.get(flag).unwrap_or_default();
        list.split(',').map(str::trim).filter(|one| !one.is_empty()).collect()
    }
}

impl Plan {
    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Each member's flags, in the order of the machines.
    pub fn units(&self) -> Vec<Unit> {
        let scheme = self.scheme();
        let peer = |machine: &Machine| {
            format!("{scheme}://{}:{}", in_url(&machine.host), machine.peer_port)
        };
        let list: Vec<String> =
            self.machines.iter().map(|it| format!("{}={}", it.name, peer(it))).collect();
        let list = list.join(",");
        let unit = |machine: &Machine| self.unit(machine, &peer(machine), &list);
        self.machines.iter().map(unit).collect()
    }

    fn unit(&self, machine: &Machine, peer: &str, list: &str) -> Unit {
        let scheme = self.scheme();
        // etcd listens at addresses only. A name leaves no choice but all of them.
        let (bind, is_ip) = match machine.host.parse::<IpAddr>() {
            Ok(_) => (in_url(&machine.host), true),
            Err(_) => ("0.0.0.0".to_owned(), false),
        };
        let Machine { peer_port, client_port, .. } = machine;
        let mut clients = format!("{scheme}://{bind}:{client_port}");
        if is_ip && !is_loopback(&machine.host) {
            let _ = write!(clients, ",{scheme}://127.0.0.1:{client_port}");
        }
        let mut unit = Unit::default();
        unit.set("name", &machine.name);
        unit.set("data-dir", &self.data_dir);
        unit.set("listen-peer-urls", &format!("{scheme}://{bind}:{peer_port}"));
        unit.set("listen-client-urls", &clients);
        unit.set("initial-advertise-peer-urls", peer);
        let advertised = format!("{scheme}://{}:{client_port}", in_url(&machine.host));
        unit.set("advertise-client-urls", &advertised);
        unit.set("initial-cluster", list);
        unit.set("initial-cluster-token", &self.token);
        unit.set("initial-cluster-state", self.state.name());
        if let Some(tls) = &self.tls {
            unit.set("cert-file", &tls.cert);
            unit.set("key-file", &tls.key);
            unit.set("trusted-ca-file", &tls.ca);
            unit.set("client-cert-auth", "true");
            unit.set("peer-cert-file", &tls.peer_cert);
            unit.set("peer-key-file", &tls.peer_key);
            unit.set("peer-trusted-ca-file", &tls.peer_ca);
            unit.set("peer-client-cert-auth", "true");
        }
        unit
    }

    /// A member's `etcd.service`, whole.
    pub fn service(&self, unit: &Unit) -> String {
        let name = unit.name();
        let flags: Vec<String> =
            unit.flags().map(|(flag, value)| format!("  --{flag}={value}")).collect();
        format!(
            "# /etc/systemd/system/etcd.service on the machine of {name}, for etcd {version}\n\
             [Unit]\n\
             Description=etcd member {name}\n\
             Documentation=https://etcd.io/docs/\n\
             Wants=network-online.target\n\
             After=network-online.target\n\
             \n\
             [Service]\n\
             # etcd says when it is ready, which a new member is once a quorum has met: no hurry.\n\
             Type=notify\n\
             TimeoutStartSec=0\n\
             User=etcd\n\
             ExecStart={program} \\\n{flags}\n\
             Restart=on-failure\n\
             RestartSec=5\n\
             LimitNOFILE=65536\n\
             \n\
             [Install]\n\
             WantedBy=multi-user.target\n",
            version = self.version,
            program = self.program,
            flags = flags.join(" \\\n"),
        )
    }

    /// The same cluster as one compose file, to be tried on one machine: there the members find each
    /// other by their names, and each one's port for clients is published on loopback, the first's as
    /// it is, the next one's 10,000 higher, and so on. A member's certificates are in a folder of its
    /// name, beside the file.
    pub fn compose(&self) -> String {
        let machines =
            self.machines.iter().map(|machine| Machine::new(&machine.name, &machine.name));
        let inside = Plan { machines: machines.collect(), ..self.clone() };
        let mut text = format!("# docker compose up, for etcd {}\nservices:\n", self.version);
        for (unit, port) in inside.units().iter().zip((2379_u32..).step_by(10_000)) {
            let name = unit.name();
            let _ = write!(
                text,
                "  \"{name}\":\n    image: quay.io/coreos/etcd:v{}\n    restart: unless-stopped\n    \
                 command:\n      - etcd\n",
                self.version
            );
            for argument in unit.arguments() {
                let _ = writeln!(text, "      - \"{argument}\"");
            }
            let _ = write!(
                text,
                "    ports:\n      - \"127.0.0.1:{port}:2379\"\n    volumes:\n      - \
                 \"{name}-data:{}\"\n",
                self.data_dir
            );
            for folder in self.certificate_folders() {
                let _ = writeln!(text, "      - \"./{name}:{folder}:ro\"");
            }
        }
        text.push_str("volumes:\n");
        for machine in &self.machines {
            let _ = writeln!(text, "  \"{}-data\":", machine.name);
        }
        text
    }

    /// The folders that certificates are in, each once.
    fn certificate_folders(&self) -> Vec<&str> {
        let mut folders = Vec::new();
        if let Some(tls) = &self.tls {
            for path in [&tls.ca, &tls.cert, &tls.key, &tls.peer_ca, &tls.peer_cert, &tls.peer_key]
            {
                let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
        }
        folders
    }

    /// What of the plan itself cannot be written into files, or should not be; then what [`check`]
    /// finds.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = judge::plan(self);
        found.extend(check(&self.units()));
        found
    }
}

/// An address as it stands in a URL.
fn in_url(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

fn is_loopback(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
