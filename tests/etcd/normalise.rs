//! What is left out when a transcript of the simulator is held against one of real etcd.
//!
//! [`RULES`] is the whole list; everything else must be equal to the letter.

/// What is left out, in words, and the function that leaves it out.
type Rule = (&'static str, fn(&str) -> String);

/// The rules in the order in which they are applied to what one command printed.
pub(crate) const RULES: [Rule; 8] = [
    ("tables: how wide a column is, as ids are of different lengths", tables),
    (
        "ids of clusters, members and leases; raft's terms and indexes; hashes and sizes in bytes, in \
      JSON and fields",
        numbers,
    ),
    ("the same in rows of `endpoint status`, `endpoint hashkv` and `snapshot status`", rows),
    ("ids in hexadecimal", hex_ids),
    ("sizes of databases", sizes),
    ("how long something took", times),
    ("the order of members, which follows from their ids", members),
    ("whose clock ran out first: the client's, or the server's in one of two wordings", timeouts),
];

/// What remains to be compared of a command's output.
pub(crate) fn normalise(text: &str) -> String {
    RULES.iter().fold(text.to_owned(), |text, (_, rule)| rule(&text))
}

fn each_line(text: &str, rule: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| rule(line) + "\n").collect()
}

/// Fields whose numbers are left out.
const NUMBERS: [&str; 28] = [
    "cluster_id",
    "member_id",
    "raft_term",
    "id",
    "ID",
    "lease",
    "leader",
    "raftIndex",
    "raftTerm",
    "raftAppliedIndex",
    "dbSize",
    "dbSizeInUse",
    "hash",
    "totalSize",
    "ClusterID",
    "MemberID",
    "RaftTerm",
    "RaftIndex",
    "RaftAppliedIndex",
    "Lease",
    "Leader",
    "Hash",
    "Size",
    "DBSize",
    "DBSizeInUse",
    "memberID",
    "HashRevision",
    "DB Size",
];

fn numbers(text: &str) -> String {
    let mut text = text.to_owned();
    for name in NUMBERS {
        for between in [":", " : "] {
            let before = format!("\"{name}\"{between}");
            text = without_digits_after(&text, &before);
        }
    }
    // As alarms have it.
    without_digits_after(&text, "memberID:")
}

/// `#` for the digits that follow each `before`; a 0, which often means "none", stays.
fn without_digits_after(text: &str, before: &str) -> String {
    let mut pieces = text.split(before);
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|next: char| !next.is_ascii_digit()).unwrap_or(piece.len());
        let (digits, rest) = piece.split_at(end);
        kept.push_str(before);
        kept.push_str(if digits.is_empty() || digits == "0" { digits } else { "#" });
        kept.push_str(rest);
    }
    kept
}

fn rows(text: &str) -> String {
    each_line(text, |line| {
        let cells: Vec<&str> = line.split(", ").collect();
        let is_endpoint = |cell: &str| cell.starts_with('n') && cell.ends_with(":2379");
        match cells.as_slice() {
            [endpoint, id, version, size, leads, learner, _, _, _, errors]
                if is_endpoint(endpoint.trim_start_matches("http://")) =>
            {
                [endpoint, id, version, size, leads, learner, "#", "#", "#", errors].join(", ")
            }
            [endpoint, _] if is_endpoint(endpoint.trim_start_matches("http://")) => {
                format!("{endpoint}, #")
            }
            [hash, revision, keys, size] if is_hex(hash, 6..=8) => {
                ["#", revision, keys, size].join(", ")
            }
            _ => line.to_owned(),
        }
    })
}

fn is_hex(word: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    let is_digit = |next: char| next.is_ascii_digit() || ('a'..='f').contains(&next);
    lengths.contains(&word.len()) && word.chars().all(is_digit)
}

fn hex_ids(text: &str) -> String {
    let mut kept = String::new();
    let mut word = String::new();
    for next in text.chars().chain(['\n']) {
        if next.is_ascii_alphanumeric() {
            word.push(next);
            continue;
        }
        kept.push_str(if is_hex(&word, 13..=16) { "<id>" } else { &word });
        word.clear();
        kept.push(next);
    }
    kept.pop();
    // `member remove` makes room for 16 digits.
    kept.replace("cluster  <id>", "cluster <id>")
}

fn sizes(text: &str) -> String {
    each_line(text, |line| {
        let words: Vec<&str> = line.split(' ').collect();
        let unit = |word: Option<&&str>| {
            word.is_some_and(|word| ["B", "kB", "MB"].contains(&word.trim_end_matches(',')))
        };
        let size = |place: usize| unit(words.get(place + 1)) && words[place].parse::<f64>().is_ok();
        let kept = (0..words.len()).map(|place| if size(place) { "#" } else { words[place] });
        kept.collect::<Vec<_>>().join(" ")
    })
}

fn times(text: &str) -> String {
    each_line(text, |line| {
        for before in ["took = ", "\"took\":\"", "took "] {
            if let Some((start, rest)) = line.split_once(before) {
                let is_time = |next: char| next.is_ascii_alphanumeric() || ".µ".contains(next);
                let end = rest.find(|next: char| !is_time(next)).unwrap_or(rest.len());
                return format!("{start}{before}#{}", &rest[end..]);
            }
        }
        line.to_owned()
    })
}

/// Rows of tables with single blanks round their cells, and what [`numbers`] leaves out of JSON left
/// out of the columns of that name.
fn tables(text: &str) -> String {
    const COLUMNS: [&str; 5] = ["RAFT TERM", "RAFT INDEX", "RAFT APPLIED INDEX", "HASH", "TOOK"];
    let mut heading: Vec<String> = Vec::new();
    let mut kept = String::new();
    for line in text.lines() {
        if line.starts_with("+-") {
            kept.push_str("+-+\n");
        } else if line.starts_with("| ") && line.ends_with(" |") {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let is_out = |place: usize| {
                heading.get(place).is_some_and(|name| COLUMNS.contains(&name.as_str()))
            };
            let cell = |place: usize| if is_out(place) { "#" } else { cells[place] };
            let row = (0..cells.len()).map(cell).collect::<Vec<_>>().join(" | ");
            kept.push_str(&format!("| {row} |\n"));
            if heading.is_empty() {
                heading = cells.iter().map(|cell| (*cell).to_owned()).collect();
            }
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Members in the order of their names, in rows, tables, fields, JSON and the settings that `member add` shows.
fn members(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(members_in_line).collect();
    let is_row = |line: &String| {
        let rows = ["started, ", "started | "];
        rows.iter().any(|row| line.contains(row)) || line.starts_with("http://n")
    };
    let by_address = |line: &String| line.find("http://").map(|place| line[place..].to_owned());
    lines.chunk_by_mut(|one, next| is_row(one) && is_row(next)).for_each(|rows| {
        rows.sort_by_key(by_address);
    });
    let text: String = lines.iter().map(|line| line.clone() + "\n").collect();
    members_in_fields(&text)
}

/// Each member is a paragraph there; the first follows the header.
fn members_in_fields(text: &str) -> String {
    let Some((header, list)) = text.split_once("\"ID\" : #\n\"Name\" : ") else {
        return text.to_owned();
    };
    let list = ["\"ID\" : #\n\"Name\" : ", list].concat();
    let mut members: Vec<&str> = list.split_inclusive("\n\n").collect();
    members.sort_unstable();
    [header, &members.concat()].concat()
}

fn members_in_line(line: &str) -> String {
    if let Some(list) = line.strip_prefix("ETCD_INITIAL_CLUSTER=\"") {
        let mut members: Vec<&str> = list.trim_end_matches('"').split(',').collect();
        members.sort_unstable();
        return format!("ETCD_INITIAL_CLUSTER=\"{}\"", members.join(","));
    }
    let Some((before, rest)) = line.split_once("\"members\":[{") else { return line.to_owned() };
    let Some((list, after)) = rest.split_once("}]") else { return line.to_owned() };
    let mut members: Vec<&str> = list.split("},{").collect();
    members.sort_by_key(|member| member.find("http://").map(|place| &member[place..]));
    format!("{before}\"members\":[{{{}}}]{after}", members.join("},{"))
}

fn timeouts(text: &str) -> String {
    each_line(text, |line| {
        let line = line.replace("rpc error: code = Unknown desc = ", "");
        let line = line.replace(
            "etcdserver: request timed out, possibly due to previous leader failure",
            "context deadline exceeded",
        );
        let line = line.replace(
            "etcdserver: request timed out, possibly due to connection lost",
            "context deadline exceeded",
        );
        line.replace("etcdserver: request timed out", "context deadline exceeded")
    })
}
