//! What commands make of their words, with the real program's checks in its order.
//!
//! That there are as many words as a command takes was seen to before.

use super::commands::Takes;
use super::flags::{Given, Value};
use super::{
    Consistency, Del, EXIT_BAD_ARGS, EXIT_BAD_FEATURE, EXIT_ERROR, EndpointCommand, Get, KeyRange,
    LeaseCommand, MemberCommand, Put, PutValue, SnapshotCommand, SortBy, SortOrder, Subcommand,
    UsageError, Watch, WatchVariables, go,
};

/// What a command makes of its words when it refuses them.
pub(super) enum Refusal {
    /// Before the flags that all commands have are looked at.
    Early(UsageError),
    /// After them.
    Late(UsageError),
}

impl From<UsageError> for Refusal {
    fn from(error: UsageError) -> Refusal {
        Refusal::Early(error)
    }
}

/// Makes a command of what was given.
pub(super) fn build(
    takes: &Takes,
    build: fn(&Given) -> Result<Subcommand, Refusal>,
    given: &Given,
) -> Result<Subcommand, Refusal> {
    if (takes.least..=takes.most).contains(&given.positional.len()) {
        build(given)
    } else {
        Err(bad_args(takes.otherwise).into())
    }
}

/// `put` (etcdctl `getPutOp`).
pub(super) fn put(given: &Given) -> Result<Subcommand, Refusal> {
    let value = match (given.bool("ignore-value"), given.positional.get(1)) {
        (true, Some(_)) => {
            let message = "put command needs only 1 argument when 'ignore-value' is set";
            return Err(bad_args(message).into());
        }
        (true, None) => PutValue::Keep,
        (false, Some(value)) => PutValue::Argument(value.clone()),
        (false, None) => PutValue::StandardInput,
    };
    let lease = go::parse_int(given.text("lease").unwrap_or("0"), 16)
        .map_err(|error| bad_args(format!("bad lease ID ({error}), expecting ID in Hex")))?;
    Ok(Subcommand::Put(Put {
        key: given.word(0),
        value,
        lease,
        prev_kv: given.bool("prev-kv"),
        ignore_lease: given.bool("ignore-lease"),
    }))
}

/// `get` (etcdctl `getGetOp`, checks in its order).
pub(super) fn get(given: &Given) -> Result<Subcommand, Refusal> {
    refuse_both(given, "prefix", "from-key")?;
    refuse_both(given, "keys-only", "count-only")?;
    let consistency = match given.text("consistency").unwrap_or("l") {
        "l" => Consistency::Linearizable,
        "s" => Consistency::Serializable,
        other => {
            let message = format!("unknown consistency flag {}", go::quote(other));
            return Err(UsageError::error(message, EXIT_BAD_FEATURE).into());
        }
    };
    let range = key_range(given)?;
    let named = |flag: &str| given.text(flag).unwrap_or("").to_ascii_uppercase();
    let bad = |what: &str, flag: &str| {
        let text = given.text(flag).unwrap_or("");
        UsageError::error(format!("bad sort {what} {text}"), EXIT_BAD_FEATURE)
    };
    let order = match named("order").as_str() {
        "" => None,
        "ASCEND" => Some(SortOrder::Ascend),
        "DESCEND" => Some(SortOrder::Descend),
        _ => return Err(bad("order", "order").into()),
    };
    let sort_by = match named("sort-by").as_str() {
        "" => None,
        "CREATE" => Some(SortBy::Create),
        "KEY" => Some(SortBy::Key),
        "MODIFY" => Some(SortBy::Modify),
        "VALUE" => Some(SortBy::Value),
        "VERSION" => Some(SortBy::Version),
        _ => return Err(bad("target", "sort-by").into()),
    };
    Ok(Subcommand::Get(Get {
        range,
        consistency,
        order,
        sort_by,
        limit: given.int("limit"),
        revision: given.int("rev").max(0),
        keys_only: given.bool("keys-only"),
        count_only: given.bool("count-only"),
        print_value_only: given.bool("print-value-only"),
    }))
}

/// `del` (etcdctl `getDelOp`).
pub(super) fn del(given: &Given) -> Result<Subcommand, Refusal> {
    refuse_both(given, "prefix", "from-key")?;
    let range = key_range(given)?;
    Ok(Subcommand::Del(Del { range, prev_kv: given.bool("prev-kv") }))
}

/// `txn`.
pub(super) fn txn(given: &Given) -> Result<Subcommand, Refusal> {
    Ok(Subcommand::Txn { interactive: given.bool("interactive") })
}

/// `compaction`. A revision that is no number is told as a failure, not as a bad argument.
pub(super) fn compaction(given: &Given) -> Result<Subcommand, Refusal> {
    let revision =
        go::parse_int(&given.word(0), 10).map_err(|error| UsageError::error(error, EXIT_ERROR))?;
    Ok(Subcommand::Compaction { revision, physical: given.bool("physical") })
}

/// `defrag`.
pub(super) fn defrag(given: &Given) -> Result<Subcommand, Refusal> {
    if given.text("data-dir").is_some_and(|directory| !directory.is_empty()) {
        return Ok(Subcommand::NotInThisLab("defrag --data-dir".to_owned()));
    }
    Ok(Subcommand::Defrag { cluster: given.bool("cluster") })
}

/// `endpoint …`.
pub(super) fn endpoint(given: &Given, command: EndpointCommand) -> Result<Subcommand, Refusal> {
    Ok(Subcommand::Endpoint { cluster: given.bool("cluster"), command })
}

/// `move-leader`.
pub(super) fn move_leader(given: &Given) -> Result<Subcommand, Refusal> {
    Ok(Subcommand::MoveLeader(go::parse_hex(&given.word(0)).map_err(bad_args)?))
}

/// `watch` and `watch -i` (etcdctl `watchCommandFunc`, `parseWatchArgs`).
pub(super) fn watch(given: &Given) -> Result<Subcommand, Refusal> {
    let WatchVariables { key, range_end } = &given.watch;
    if key.is_empty() && !range_end.is_empty() {
        let end = go::quote(range_end);
        let message = format!("ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END={end}");
        return Err(bad_args(message).into());
    }
    if given.bool("interactive") {
        return Ok(Subcommand::WatchInteractive(given.watch.clone()));
    }
    if given.ends_with_watch && key.is_empty() {
        return Err(bad_args(BAD_NUMBER).into());
    }
    match watched(given)? {
        Watched::Keys(watch) => Ok(Subcommand::Watch(watch)),
        Watched::Command => Ok(Subcommand::NotInThisLab(WATCH_COMMAND.to_owned())),
    }
}

/// What a `watch` would do, on a command line or on a line of `watch -i`.
pub(super) enum Watched {
    /// Follow these keys.
    Keys(Watch),
    /// Run a command at each change.
    Command,
}

/// The name of what the lab leaves out.
pub(super) const WATCH_COMMAND: &str = "watch … -- command";

/// etcdctl `errBadArgsNum`.
const BAD_NUMBER: &str = "bad number of arguments";

/// The keys to watch: from the words, or from the variables. What is late here, `watch -i` takes
/// less seriously (etcdctl `parseWatchArgs`, then `getWatchChan`).
pub(super) fn watched(given: &Given) -> Result<Watched, Refusal> {
    let words = given.before_dashes.unwrap_or(given.positional.len());
    let has_command = words < given.positional.len();
    if given.before_dashes.is_some() && !has_command {
        let message = "bad number of arguments (found separator --, but no commands)";
        return Err(bad_args(message).into());
    }
    let WatchVariables { key, range_end } = &given.watch;
    let mut keys: Vec<String> = given.positional.iter().take(words).cloned().collect();
    if !key.is_empty() {
        if !keys.is_empty() {
            let message = "bad number of arguments (found conflicting environment key)";
            return Err(bad_args(message).into());
        }
        keys.extend([key, range_end].into_iter().filter(|word| !word.is_empty()).cloned());
    }
    let late = |message| Err(Refusal::Late(bad_args(message)));
    let prefix = given.bool("prefix");
    // As in the real program, a third word makes the second one go unseen.
    let range = match keys.as_slice() {
        [] => return late(BAD_NUMBER),
        [_, _] if prefix => return late("`range_end` and `--prefix` are mutually exclusive"),
        [key, end] => KeyRange::Interval(key.clone(), end.clone()),
        [key, ..] if prefix => KeyRange::Prefix(key.clone()),
        [key, ..] => KeyRange::Key(key.clone()),
    };
    if has_command {
        return Ok(Watched::Command);
    }
    Ok(Watched::Keys(Watch {
        range,
        revision: given.int("rev"),
        prev_kv: given.bool("prev-kv"),
        progress_notify: given.bool("progress-notify"),
    }))
}

/// `lease grant`.
pub(super) fn lease_grant(given: &Given) -> Result<Subcommand, Refusal> {
    let ttl = go::parse_int(&given.word(0), 10)
        .map_err(|error| bad_args(format!("bad TTL ({error})")))?;
    Ok(Subcommand::Lease(LeaseCommand::Grant(ttl)))
}

/// `lease timetolive`.
pub(super) fn lease_time_to_live(given: &Given) -> Result<Subcommand, Refusal> {
    let id = lease_id(given).map_err(Refusal::Late)?;
    Ok(Subcommand::Lease(LeaseCommand::TimeToLive { id, keys: given.bool("keys") }))
}

/// `lease keep-alive`.
pub(super) fn lease_keep_alive(given: &Given) -> Result<Subcommand, Refusal> {
    let id = lease_id(given)?;
    Ok(Subcommand::Lease(LeaseCommand::KeepAlive { id, once: given.bool("once") }))
}

/// The lease that the first word names (etcdctl `leaseFromArgs`).
pub(super) fn lease_id(given: &Given) -> Result<i64, UsageError> {
    go::parse_int(&given.word(0), 16)
        .map_err(|error| bad_args(format!("bad lease ID arg ({error}), expecting ID in Hex")))
}

/// `member add` (etcdctl `memberAddCommandFunc`, checks in its order).
pub(super) fn member_add(given: &Given) -> Result<Subcommand, Refusal> {
    if given.positional.len() > 1 {
        let mut message = "too many arguments".to_owned();
        let is_url = |word: &&String| word.to_ascii_lowercase().starts_with("http");
        for url in given.positional.iter().filter(is_url) {
            message += ", did you mean --peer-urls=";
            message += url;
        }
        return Err(bad_args(message).into());
    }
    let (name, learner) = (given.word(0), given.bool("learner"));
    let peer_urls = peer_urls(given)?;
    Ok(Subcommand::Member(MemberCommand::Add { name, peer_urls, learner }))
}

/// `member update`.
pub(super) fn member_update(given: &Given) -> Result<Subcommand, Refusal> {
    let id = member_id(given)?;
    let peer_urls = peer_urls(given)?;
    Ok(Subcommand::Member(MemberCommand::Update { id, peer_urls }))
}

/// What is said where one member should be named and none, or more, are.
pub(super) const NO_MEMBER_ID: &str = "member ID is not provided";

/// The member that the first word names.
pub(super) fn member_id(given: &Given) -> Result<u64, UsageError> {
    go::parse_hex(&given.word(0))
        .map_err(|error| bad_args(format!("bad member ID arg ({error}), expecting ID in Hex")))
}

/// `--peer-urls`, one by one as written.
fn peer_urls(given: &Given) -> Result<Vec<String>, Refusal> {
    let urls = given.text("peer-urls").unwrap_or("");
    if urls.is_empty() {
        return Err(bad_args("member peer urls not provided").into());
    }
    let urls: Vec<String> = urls.split(',').map(str::to_owned).collect();
    match urls.iter().find_map(|url| url_fault(url.trim())) {
        Some(message) => Err(Refusal::Late(UsageError::error(message, EXIT_ERROR))),
        None => Ok(urls),
    }
}

/// What is wrong with a member's address (etcd client/pkg `types.NewURLs`).
fn url_fault(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    if !["http", "https", "unix", "unixs"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Some(format!("URL scheme must be http, https, unix, or unixs: {url}"));
    }
    let authority = rest.strip_prefix("//").unwrap_or("");
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    let (host, path) = authority.split_at(end);
    let is_one = |name: &str| !name.contains(':') || (name.starts_with('[') && name.ends_with(']'));
    match host.rsplit_once(':') {
        Some((name, port)) if is_one(name) => {
            if !port.bytes().all(|digit| digit.is_ascii_digit()) {
                let port = format!("invalid port {} after host", go::quote(&format!(":{port}")));
                return Some(format!("parse {}: {port}", go::quote(url)));
            }
            path.starts_with('/').then(|| format!("URL must not contain a path: {url}"))
        }
        Some(_) | None => Some(format!("URL address does not have the form \"host:port\": {url}")),
    }
}

/// `snapshot save`.
pub(super) fn snapshot_save(given: &Given) -> Result<Subcommand, Refusal> {
    let has_timeout = given.flags.get("command-timeout").is_some();
    Ok(Subcommand::Snapshot(SnapshotCommand::Save { file: given.word(0), has_timeout }))
}

/// `snapshot status`.
pub(super) fn snapshot_status(given: &Given) -> Result<Subcommand, Refusal> {
    Ok(Subcommand::Snapshot(SnapshotCommand::Status(given.word(0))))
}

/// `lock`.
pub(super) fn lock(given: &Given) -> Result<Subcommand, Refusal> {
    let ttl = if given.flags.get("ttl").is_some() { given.int("ttl") } else { 10 };
    let command = given.positional.get(1..).unwrap_or(&[]).to_vec();
    Ok(Subcommand::Lock { name: given.word(0), ttl, command })
}

/// `elect`.
pub(super) fn elect(given: &Given) -> Result<Subcommand, Refusal> {
    let proposal = given.positional.get(1).cloned();
    let late = |message| Err(Refusal::Late(bad_args(message)));
    match (&proposal, given.bool("listen")) {
        (None, false) => late("no proposal argument but -l not set"),
        (Some(_), true) => late("proposal given but -l is set"),
        (None, true) | (Some(_), false) => Ok(Subcommand::Elect { name: given.word(0), proposal }),
    }
}

fn refuse_both(given: &Given, one: &str, other: &str) -> Result<(), UsageError> {
    if given.bool(one) && given.bool(other) {
        let message =
            format!("`--{one}` and `--{other}` cannot be set at the same time, choose one");
        return Err(bad_args(message));
    }
    Ok(())
}

fn key_range(given: &Given) -> Result<KeyRange, UsageError> {
    let key = given.word(0);
    let (prefix, from_key) = (given.bool("prefix"), given.bool("from-key"));
    match given.positional.get(1) {
        Some(_) if prefix || from_key => Err(bad_args(
            "too many arguments, only accept one argument when `--prefix` or `--from-key` is set",
        )),
        Some(end) => Ok(KeyRange::Interval(key, end.clone())),
        None if prefix => Ok(KeyRange::Prefix(key)),
        None if from_key => Ok(KeyRange::FromKey(key)),
        None => Ok(KeyRange::Key(key)),
    }
}

/// What the real program answers to a put that has no value: neither an argument nor anything on
/// standard input. [`PutValue::StandardInput`] with nothing on it is such a put.
pub(super) const NO_VALUE: &str =
    "put command needs 1 argument and input from stdin or 2 arguments";

impl Put {
    /// The answer to a put without a value.
    pub fn without_value() -> UsageError {
        bad_args(NO_VALUE)
    }
}

fn bad_args(message: impl Into<String>) -> UsageError {
    UsageError::error(message, EXIT_BAD_ARGS)
}

/// The endpoints that were given; `None` if none were.
pub(super) fn endpoints(given: &Given) -> Option<&Vec<String>> {
    match given.flags.get("endpoints") {
        Some(Value::List(list)) => Some(list),
        Some(_) | None => None,
    }
}

/// A duration flag in microseconds; what is below nothing is nothing.
pub(super) fn micros(given: &Given, name: &str, unless_given: u64) -> u64 {
    match given.flags.get(name) {
        Some(Value::Duration(nanos)) => u64::try_from(*nanos).unwrap_or(0) / 1_000,
        Some(_) | None => unless_given,
    }
}
