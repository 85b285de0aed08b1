//! The command `lab` as another program sees it: streams, exit statuses, files.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn lab(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("lab starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads its input");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("lab writes UTF-8")
}

/// A file for one test, in the folder that cargo keeps for tests.
fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Proves: the transcript of design §8, to the letter.
#[test]
fn run_prints_the_transcript_of_the_contract() {
    let script = "nodes 3\nuntil leader\netcdctl put name john\netcdctl get name\n\
                  etcdctl get / --prefix --keys-only\n";
    let output = lab(&["run", "-"], script);
    let expected = "$ nodes 3\n$ until leader\n$ etcdctl put name john\nOK\n\
                    $ etcdctl get name\nname\njohn\n$ etcdctl get / --prefix --keys-only\n";
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// Proves: a bad line anywhere means that nothing runs, and says where and what was expected.
#[test]
fn a_bad_script_runs_nothing() {
    for (script, place) in [
        ("until leader\n\n  crush n1\n", "<stdin>:3:3: "),
        ("nodes 0\n", "<stdin>:1:7: "),
        ("nodes 8\n", "<stdin>:1:7: "),
        ("etcdctl put 'name\n", "<stdin>:1:13: "),
        ("etcdctl txn <<'EOF'\nput a b\n", "<stdin>:1:"),
    ] {
        let output = lab(&["run", "-"], script);
        assert_eq!(text(&output.stdout), "", "{script}");
        assert!(text(&output.stderr).starts_with(place), "{}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{script}");
    }
}

/// Proves: exit status 1 for a failed check, 3 for a broken safety property.
#[test]
fn the_exit_status_says_what_went_wrong() {
    assert_eq!(lab(&["run"], "assert leader\n").status.code(), Some(1));
    assert_eq!(lab(&["run"], "until term >= 9 limit 1s\n").status.code(), Some(1));
    // Other lines that fail are part of the transcript.
    assert_eq!(lab(&["run"], "crash n7\netcdctl get\n").status.code(), Some(0));
    let unsafe_script = "nodes 5\ndisable majority\nuntil leader\npartition n1 n2 | n3 n4 n5\n\
                         advance 5s\netcdctl --endpoints=n1 put a 1\netcdctl --endpoints=n3 put a 2\n\
                         heal\nadvance 10s\n";
    let output = lab(&["run"], unsafe_script);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("a safety property broke"));
}

/// Proves: remarks go to standard error, and only with -v.
#[test]
fn remarks_are_written_on_demand() {
    let script = "until leader\n";
    assert_eq!(text(&lab(&["run"], script).stderr), "");
    assert!(text(&lab(&["run", "-v"], script).stderr).contains("leads term 1"));
}

/// Proves: trace and history are JSON lines as `docs/trace.md` describes them, and a client's
/// call can be followed through both.
#[test]
fn trace_and_history_tell_the_whole_run() {
    let (trace, history) = (scratch("run.trace.jsonl"), scratch("run.history.jsonl"));
    let script = "nodes 5\nuntil leader\netcdctl put name john\ncrash leader\nadvance 3s\nrestart\n\
                  advance 1s\n";
    let files = [trace.to_str().expect("a path"), history.to_str().expect("a path")];
    let output = lab(&["run", "--trace", files[0], "--history", files[1]], script);
    assert_eq!(output.status.code(), Some(0));
    let read = |path: &PathBuf| -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(path).expect("the file was written");
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    };
    let (trace, history) = (read(&trace), read(&history));
    assert_eq!(trace[0]["format"], "raft-lab-trace");
    assert_eq!((&trace[0]["version"], &trace[0]["nodes"]), (&1.into(), &5.into()));
    for (seq, event) in trace[1..].iter().enumerate() {
        assert_eq!(event["seq"], seq, "events are numbered without a gap");
        if let Some(cause) = event["cause"].as_u64() {
            assert!(cause < seq as u64, "a cause comes before what it brings about");
        }
    }
    let kinds = |kind: &str| trace[1..].iter().filter(|event| event["kind"] == kind).count();
    assert_eq!((kinds("start"), kinds("crash"), kinds("restart")), (1, 1, 1));
    assert!(kinds("tick") > 100 && kinds("deliver") > 100 && kinds("persist") > 4);
    let leaders: Vec<_> = trace[1..]
        .iter()
        .filter(|event| event["role"] == "leader")
        .map(|event| (event["term"].as_u64(), event["node"].as_u64()))
        .collect();
    assert!(leaders.iter().any(|(term, _)| *term >= Some(2)), "a second leader was elected");
    assert_eq!(history[0]["op"], "put");
    assert_eq!(history[0]["args"], serde_json::json!({"key": "name", "value": "john"}));
    assert_eq!((&history[1]["return"], &history[1]["outcome"]), (&1.into(), &"ok".into()));
    assert_eq!(history[1]["revision"], 2);
}

/// Proves: hashes are printed for every seed, and are the same each time.
#[test]
fn hashes_repeat_themselves() {
    let (one, other) =
        (lab(&["hash", "--seeds", "1..7"], ""), lab(&["hash", "--seeds", "1..7"], ""));
    assert_eq!(text(&one.stdout).lines().count(), 7);
    assert_eq!(one.stdout, other.stdout);
}

/// Proves: a campaign says what it did and what struck; one whose faults never struck is no good.
#[test]
fn fuzz_says_what_struck() {
    let output = lab(&["fuzz", "--seeds", "1..8", "--steps", "3000", "--jobs", "2"], "");
    let out = text(&output.stdout);
    assert!(out.starts_with("8 seeds, "), "{out}");
    assert!(out.contains("nothing broke") && out.contains("messages that died by chance"), "{out}");
    let idle = lab(&["fuzz", "--seeds", "1..1", "--steps", "10"], "");
    assert_eq!(idle.status.code(), Some(1));
    assert!(text(&idle.stdout).contains("never struck"));
    assert_eq!(lab(&["fuzz", "--disable", "gravity"], "").status.code(), Some(2));
}

/// Proves: what breaks ends with exit status 3, and its script convicts in `lab run`, be it what nodes
/// committed or what clients were told.
#[test]
fn fuzz_prints_scripts_that_convict() {
    for (rule, property) in
        [("majority", "durable-on-quorum"), ("confirm-leadership-before-read", "read-sees-writes")]
    {
        let arguments = ["fuzz", "--seeds", "1..300", "--steps", "4000", "--disable", rule];
        let output = lab(&arguments, "");
        let out = text(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{out}");
        assert!(out.lines().next().is_some_and(|line| line.ends_with(property)), "{out}");
        let (_, script) = out.split_once("\n\n").expect("a script behind an empty line");
        let convicted = lab(&["run"], script);
        assert_eq!(convicted.status.code(), Some(3), "{script}");
        assert!(text(&convicted.stderr).contains(property), "{}", text(&convicted.stderr));
    }
}

/// Proves: a link that was made opens as a script that leads to the same event, and a link that is
/// none is refused in words.
#[test]
fn a_link_is_made_and_taken_apart() {
    let script = "nodes 5\nset latency 40ms\nuntil leader\netcdctl put name john\n";
    let made = lab(&["link", "make", "--view", "panel=keys"], script);
    let fragment = text(&made.stdout).trim();
    assert!(fragment.starts_with("#v1."), "{fragment}");
    let address = format!("https://example.org/raft/sandbox.html{fragment}");
    let opened = lab(&["link", "open", &address], "");
    let session = text(&opened.stdout);
    assert!(session.starts_with("# raft-lab session 1\n"), "{session}");
    for line in ["@0 set latency 40ms", "etcdctl put name john", "# shows panel=keys"] {
        assert!(session.contains(line), "{session}");
    }
    let again = lab(&["link", "make", "--view", "panel=keys"], session);
    assert_eq!(text(&again.stdout).trim(), fragment);
    let ran = lab(&["run"], session);
    assert_eq!(ran.status.code(), Some(0));
    assert!(text(&ran.stdout).contains("etcdctl put name john\nOK\n"), "{}", text(&ran.stdout));

    for (link, error) in [
        ("#v2.abc", "this link is of version 2, and this lab reads version 1"),
        ("#v1.!!!", "this link is damaged: a part of it is missing or was changed"),
        ("https://example.org/", "this is not a link of Raft Lab"),
    ] {
        let refused = lab(&["link", "open", link], "");
        assert_eq!(text(&refused.stderr), format!("lab: {error}\n"));
        assert_eq!(refused.status.code(), Some(2));
    }
}

/// Proves: the prompt takes the lines of a script, and tells of each what `run` prints below it.
#[test]
fn the_prompt_tells_what_run_prints() {
    let script = "until leader\netcdctl watch a &\netcdctl put a 1\nresume n2\nETCDCTL_API=3 etcdctl txn <<'E'\n\
                  \nput b 2\n\n\nE\netcdctl get b --print-value-only\n";
    let run = lab(&["run", "-"], script);
    let told: Vec<&str> = text(&run.stdout)
        .lines()
        .filter(|line| !line.starts_with("$ ") && !["put b 2", "E"].contains(line))
        .filter(|line| !line.is_empty())
        .collect();
    assert!(told.contains(&"[1] PUT") && told.contains(&"SUCCESS"), "{told:?}");
    let prompt = lab(&["repl"], script);
    let printed: Vec<&str> = text(&prompt.stdout).lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(printed, told);
    assert_eq!(prompt.status.code(), Some(0));
    let broken =
        "disable majority\nuntil leader\npartition n1 n2 | n3 n4 n5\nadvance 10s\nstatus\n";
    let prompt = lab(&["repl", "--nodes", "5"], broken);
    assert_eq!(prompt.status.code(), Some(3), "{}", text(&prompt.stderr));
    assert!(text(&prompt.stderr).contains("a safety property broke: "));
}

/// Proves: a saved session in which something goes on for ever ends where it was saved.
#[test]
fn a_saved_session_ends_where_it_was_saved() {
    let saved = "# raft-lab session 1\nnodes 3\nseed 1\n@0 until leader\n@60 etcdctl watch a\n\
                 # at event 900\n# lines issued 2\n";
    let output = lab(&["run", "-"], saved);
    let told =
        "$ nodes 3\n$ seed 1\n$ @0 until leader\n$ @60 etcdctl watch a\n[exit 130]\n$ interrupt\n";
    assert!(text(&output.stdout).starts_with(told), "{}", text(&output.stdout));
    assert_eq!(output.status.code(), Some(0));
}
