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
use super::requests::{delete_request, put_request, read_request};
use super::{Output, argify};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(input: &str) -> (String, i32) {
        let output = read(input, false).expect_err(input);
        assert_eq!(output.stdout, "");
        (output.stderr, output.exit)
    }

    fn operations(line: &str) -> Vec<RequestOp> {
        let (request, _) = read(&format!("\n{line}\n\n\n"), false).expect(line);
        request.success
    }

    /// Proves: compares are refused in the words of etcdctl 3.5.1; where that breaks down, as its
    /// documentation has it.
    #[test]
    fn compares_that_are_none() {
        for (line, reason) in [
            ("foo", "malformed comparison: foo"),
            (r#"value("a""#, r#"malformed comparison: value("a"; got value("a")  """#),
            (r#"value("a")"#, r#"malformed comparison: value("a"); got value("a")  """#),
            (r#"value("a") ="#, r#"malformed comparison: value("a") =; got value("a") = """#),
            (r#"value("a") = 1"#, r#"malformed comparison: value("a") = 1; got value("a") = """#),
            (r#"value("a")="1""#, r#"malformed comparison: value("a")="1"; got value("a")  """#),
            (
                r#"value("a") ="1""#,
                r#"malformed comparison: value("a") ="1"; got value("a") ="1" """#,
            ),
            (
                r#"value("a" ) = "1""#,
                r#"malformed comparison: value("a" ) = "1"; got value("a")  """#,
            ),
            (
                r#"value("\q") = "1""#,
                r#"malformed comparison: value("\q") = "1"; got value("")  """#,
            ),
            (r#"value('a') = "1""#, r#"malformed comparison: value('a') = "1"; got value("")  """#),
            (r#"val(("a") = "1""#, r#"malformed comparison: val(("a") = "1"; got val("")  """#),
            (r#"v("\xff" = "1""#, r#"malformed comparison: v("\xff" = "1"; got v("\xff")  """#),
            (r#"value(a) = "1""#, r#"malformed comparison: value(a) = "1"; got value("")  """#),
            (
                r#"value ("a") = "1""#,
                r#"malformed comparison: value ("a") = "1" (unknown target value )"#,
            ),
            (
                r#"size("a") == "x""#,
                r#"malformed comparison: size("a") == "x" (unknown target size)"#,
            ),
            (r#"mod("a") = "x""#, r#"invalid txn compare request: mod("a") = "x""#),
            (r#"mod("a") == "x""#, r#"invalid txn compare request: mod("a") == "x""#),
            (r#"c("a") = "0x1""#, r#"invalid txn compare request: c("a") = "0x1""#),
            (r#"ver("a") = " 1""#, r#"invalid txn compare request: ver("a") = " 1""#),
            (
                r#"m("a") = "9223372036854775808""#,
                r#"invalid txn compare request: m("a") = "9223372036854775808""#,
            ),
            (
                r#"value("a") == "1""#,
                r#"malformed comparison: value("a") == "1" (unknown operator ==)"#,
            ),
            (r#"lease("a") = "zz""#, r#"invalid txn compare request: lease("a") = "zz""#),
        ] {
            let expected = (format!("Error: {reason}\n"), 3);
            assert_eq!(refused(&format!(" {line}\t\n\n\n\n")), expected);
        }
    }

    /// Proves: compares come out typed.
    #[test]
    fn compares() {
        use CompareResult::{Equal, Greater, Less, NotEqual};
        use CompareTarget::{Create, Lease, Mod, Value, Version};
        let number = Revision;
        for (line, key, result, target) in [
            (r#"mod("a") > "0""#, "a", Greater, Mod(number(0))),
            (r#"m("a")	=  "+7""#, "a", Equal, Mod(number(7))),
            (r#"create("") < "-1""#, "", Less, Create(number(-1))),
            (r#"c("é") = "010""#, "é", Equal, Create(number(10))),
            (r#"version( "a") != "2"x y"#, "a", NotEqual, Version(2)),
            (r#"ver(`a\`) = `1`"#, "a\\", Equal, Version(1)),
            (r#"val("a\x62") = "\n""#, "ab", Equal, Value(Bytes::from("\n"))),
            (r#"value("(") = "\xff""#, "(", Equal, Value(Bytes::from(&b"\xff"[..]))),
            (r#"lease("a") = "694d""#, "a", Equal, Lease(LeaseId(0x694d))),
        ] {
            let (request, _) = read(&format!("{line}\n\n\n\n"), false).expect(line);
            assert_eq!(request.compare, [Compare::key(key, result, target)], "{line}");
        }
    }

    /// Proves: requests are refused in the words of etcdctl 3.5.1, whose usage is in ours.
    #[test]
    fn requests_that_are_none() {
        let get = "get command needs one argument as key and an optional argument as range_end";
        let put = "put command needs 1 argument and input from stdin or 2 arguments";
        for (line, reason, exit) in [
            ("put", "invalid txn compare request: put", 3),
            ("foo a", "invalid txn request: foo a", 3),
            ("watch a", "invalid txn request: watch a", 3),
            ("--prefix get a", "invalid txn request: --prefix get a", 3),
            ("help get", "invalid txn request: help get", 3),
            ("-h x", "invalid txn request: -h x", 3),
            ("put x", put, 128),
            ("get --prefix", get, 128),
            ("del a b c", &get.replace("get", "del"), 128),
            (
                "put x 1 --ignore-value",
                "put command needs only 1 argument when 'ignore-value' is set",
                128,
            ),
            (
                "put x 1 --lease=zz",
                "bad lease ID (strconv.ParseInt: parsing \"zz\": invalid syntax), expecting ID in \
                 Hex",
                128,
            ),
            (
                "get a --prefix --from-key",
                "`--prefix` and `--from-key` cannot be set at the same time, choose one",
                128,
            ),
            ("get a --order=foo", "bad sort order foo", 4),
            ("get a --consistency=x", "unknown consistency flag \"x\"", 4),
            (r#"put "a\q" 1"#, "invalid syntax", 3),
        ] {
            assert_eq!(refused(&format!("\n{line}\n\n\n")), (format!("Error: {reason}\n"), exit));
        }
        for line in ["put x -1", "get a -w json", "get a --limit=x", "get a --hex", "get a --help"]
        {
            let (stderr, exit) = refused(&format!("\n{line}\n\n\n"));
            assert!(stderr.starts_with("Usage:\n   "), "{stderr}");
            assert!(
                stderr.ends_with(&format!("\n\nError: invalid txn request: {line}\n")),
                "{stderr}"
            );
            assert_eq!(exit, 3);
        }
    }

    /// Proves: requests mean what the same words mean on a command line.
    #[test]
    fn requests() {
        use sim::member::kv_core::{DeleteRangeRequest, PutRequest, RangeRequest};
        for (line, expected) in [
            ("put x 1 2", RequestOp::Put(PutRequest::new("x", "1"))),
            ("p -- -x \"1 2\"", RequestOp::Put(PutRequest::new("-x", "1 2"))),
            ("put 'hello' 1", RequestOp::Put(PutRequest::new("h", "1"))),
            ("put \"\" 1", RequestOp::Put(PutRequest::new("", "1"))),
            (
                "put x --ignore-value --prev-kv --lease=12",
                RequestOp::Put(PutRequest {
                    lease: LeaseId(0x12),
                    prev_kv: true,
                    ignore_value: true,
                    ..PutRequest::new("x", "")
                }),
            ),
            ("ge a b", RequestOp::Range(RangeRequest::interval("a", "b"))),
            (
                "--prefix=true get --limit 3 \"\" --rev=7 --count-only --consistency=s",
                RequestOp::Range(RangeRequest {
                    limit: 3,
                    revision: Revision(7),
                    count_only: true,
                    ..RangeRequest::prefix("")
                }),
            ),
            ("del a --from-key", RequestOp::DeleteRange(DeleteRangeRequest::from_key("a"))),
        ] {
            assert_eq!(operations(line), [expected], "{line}");
        }
    }

    /// Proves: three parts, each ended by an empty line; prompts before each; what ends too early
    /// is told, and what comes afterwards is not looked at.
    #[test]
    fn parts() {
        let prompts = [
            "compares:\n",
            "success requests (get, put, del):\n",
            "failure requests (get, put, del):\n",
        ];
        let read_of = |input: &str| {
            let (request, prompts) = read(input, true).expect(input);
            let counts = [request.compare.len(), request.success.len(), request.failure.len()];
            (counts, prompts)
        };
        assert_eq!(read_of("\n\n\nfoo\n"), ([0, 0, 0], prompts.concat()));
        assert_eq!(read_of("\r\n \n\t\n"), ([0, 0, 0], prompts.concat()));
        let input = "mod(\"a\") > \"0\"\nmod(\"a\") > \"1\"\n\nput a 1\n\nget a\nget b\ndel c\n\n";
        assert_eq!(read_of(input), ([2, 1, 3], prompts.concat()));
        for (input, parts, reason) in [
            ("", 1, "EOF"),
            ("\n", 2, "EOF"),
            ("\n\n", 3, "EOF"),
            ("\nput x 1", 2, "EOF"),
            ("foo", 1, "EOF"),
            ("foo\n", 1, "malformed comparison: foo"),
            ("\n\nput\n", 3, "invalid txn compare request: put"),
        ] {
            let stdout = prompts[..parts].concat();
            let expected = Output { stdout, ..Output::error(reason, 3) };
            assert_eq!(read(input, true), Err(expected), "{input}");
        }
    }

    /// Proves: an answer comes line by line, and a reader is empty again after it.
    #[test]
    fn line_by_line() {
        let mut reader = TxnReader::default();
        assert_eq!(reader.line("m(\"a\") = \"0\"\n"), Ok(TxnStep::More));
        assert!(reader.prompt().starts_with("compares"));
        assert_eq!(reader.line(""), Ok(TxnStep::NextPart));
        assert!(reader.prompt().starts_with("success"));
        assert_eq!(reader.line("\n"), Ok(TxnStep::NextPart));
        let Ok(TxnStep::Complete(request)) = reader.line(" ") else { panic!() };
        assert_eq!(request.compare.len(), 1);
        assert_eq!(reader, TxnReader::default());
    }
}
