//! What `etcdctl txn` reads on its standard input: compares and requests, line by line.
//!
//! ```text
//! compares:
//! mod("name") > "0"
//!
//! success requests (get, put, del):
//! put name john
//!
//! failure requests (get, put, del):
//! get name
//!
//! ```
//!
//! Each part ends with an empty line; with `-i` each is asked for. [`TxnReader`] takes a line at a
//! time, so that a here-document and a person at a prompt go the same way (etcdctl
//! `txn_command.go`).

use serde::{Deserialize, Serialize};
use sim::member::kv_core::{
    Bytes, Compare, CompareResult, CompareTarget, LeaseId, RequestOp, Revision, TxnRequest,
};

use super::args::{self, Subcommand, go};
use super::{Output, argify, delete_request, put_request, read_request};

/// Exit status for lines that make no sense (etcdctl `ExitInvalidInput`).
pub(super) const EXIT_INVALID_INPUT: i32 = 3;

/// A transaction as far as it has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxnReader {
    part: Part,
    request: TxnRequest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    #[default]
    Compares,
    Success,
    Failure,
}

/// What comes after a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxnStep {
    /// Another line of the same part.
    More,
    /// The next part: with `-i`, its [`TxnReader::prompt`] is printed.
    NextPart,
    /// Nothing: this is what is to be done.
    Complete(TxnRequest),
}

impl TxnReader {
    /// What `-i` prints before it reads the first line of the part that is being read.
    pub fn prompt(&self) -> &'static str {
        match self.part {
            Part::Compares => "compares:\n",
            Part::Success => "success requests (get, put, del):\n",
            Part::Failure => "failure requests (get, put, del):\n",
        }
    }

    /// Takes a line, with or without its end.
    ///
    /// # Errors
    /// What the real program writes before it ends.
    pub fn line(&mut self, line: &str) -> Result<TxnStep, Output> {
        let line = line.trim();
        if line.is_empty() {
            self.part = match self.part {
                Part::Compares => Part::Success,
                Part::Success => Part::Failure,
                Part::Failure => return Ok(TxnStep::Complete(std::mem::take(self).request)),
            };
            return Ok(TxnStep::NextPart);
        }
        match self.part {
            Part::Compares => self.request.compare.push(compare(line).map_err(invalid)?),
            Part::Success => self.request.success.push(request(line)?),
            Part::Failure => self.request.failure.push(request(line)?),
        }
        Ok(TxnStep::More)
    }

    /// What the real program writes when its input ends before the transaction does.
    pub fn cut_short() -> Output {
        invalid("EOF")
    }
}

/// Reads a transaction from an input that is all there. Gives what is to be done and, with `-i`,
/// the prompts; a last line without an end does not count.
///
/// # Errors
/// What the real program writes before it ends, prompts included.
pub fn read(input: &str, interactive: bool) -> Result<(TxnRequest, String), Output> {
    let mut reader = TxnReader::default();
    let mut prompts = String::new();
    let mut ask = |reader: &TxnReader| {
        if interactive {
            prompts.push_str(reader.prompt());
        }
    };
    ask(&reader);
    let mut end = TxnReader::cut_short();
    for line in input.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        match reader.line(line) {
            Ok(TxnStep::More) => {}
            Ok(TxnStep::NextPart) => ask(&reader),
            Ok(TxnStep::Complete(request)) => return Ok((request, prompts)),
            Err(output) => {
                end = output;
                break;
            }
        }
    }
    Err(Output { stdout: prompts, ..end })
}

fn invalid(message: impl std::fmt::Display) -> Output {
    Output::error(message, EXIT_INVALID_INPUT)
}

/// `mod("name") > "0"` (etcdctl `ParseCompare`).
fn compare(line: &str) -> Result<Compare, String> {
    let Some((target, rest)) = line.split_once('(') else {
        return Err(format!("malformed comparison: {line}"));
    };
    let Scanned { key, operator, value } = Scanned::new(rest);
    let Some(value) = value else {
        let key = go::quote_bytes(&key);
        return Err(format!("malformed comparison: {line}; got {target}({key}) {operator} \"\""));
    };
    let number = |radix| {
        let digits = std::str::from_utf8(&value).unwrap_or("");
        go::parse_int(digits, radix).map_err(|_| format!("invalid txn compare request: {line}"))
    };
    let target = match target {
        "ver" | "version" => CompareTarget::Version(number(10)?),
        "c" | "create" => CompareTarget::Create(Revision(number(10)?)),
        "m" | "mod" => CompareTarget::Mod(Revision(number(10)?)),
        // Real etcdctl 3.5.1 has this one, and breaks down on it.
        "lease" => CompareTarget::Lease(LeaseId(number(16)?)),
        "val" | "value" => CompareTarget::Value(Bytes::from(value.as_slice())),
        _ => return Err(format!("malformed comparison: {line} (unknown target {target})")),
    };
    let result = match operator {
        "=" => CompareResult::Equal,
        "!=" => CompareResult::NotEqual,
        ">" => CompareResult::Greater,
        "<" => CompareResult::Less,
        // Here, too, it breaks down.
        other => return Err(format!("malformed comparison: {line} (unknown operator {other})")),
    };
    Ok(Compare::key(key.as_slice(), result, target))
}

/// What Go's `Sscanf` with `%q) %s %q` reads, as far as the text fits.
struct Scanned<'l> {
    key: Vec<u8>,
    operator: &'l str,
    /// There only if everything fitted. What follows it is not looked at.
    value: Option<Vec<u8>>,
}

impl<'l> Scanned<'l> {
    fn new(text: &'l str) -> Scanned<'l> {
        let mut scanned = Scanned { key: Vec::new(), operator: "", value: None };
        let Some((key, after)) = argify::quoted(text.trim_start()) else { return scanned };
        scanned.key = key;
        let Some(after) = after.strip_prefix(')') else { return scanned };
        let rest = after.trim_start();
        // The operator stands apart.
        if rest.len() == after.len() {
            return scanned;
        }
        let (operator, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        scanned.operator = operator;
        scanned.value = argify::quoted(after.trim_start()).map(|(value, _)| value);
        scanned
    }
}

/// A line of one of the two blocks (etcdctl `parseRequestUnion`).
fn request(line: &str) -> Result<RequestOp, Output> {
    let words = argify::words(line)?;
    if words.len() < 2 {
        return Err(invalid(format!("invalid txn compare request: {line}")));
    }
    Ok(match args::txn_request(line, &words)? {
        Subcommand::Get(get) => RequestOp::Range(read_request(&get)),
        Subcommand::Put(put) => RequestOp::Put(put_request(&put, "")),
        Subcommand::Del(del) => RequestOp::DeleteRange(delete_request(&del)),
        // No other is among those that may stand here.
        _ => return Err(invalid(format!("invalid txn request: {line}"))),
    })
}
