//! Commands that read their standard input line by line: `txn`, `txn -i`, `watch -i`.
//!
//! A here-document is read to its end at once. Without one, a person types, where one is there;
//! where nobody is, the input ends at once, as that of a script does.

use sim::Outcome;
use sim::member::kv_core::RangeRequest;
use sim::member::{Consistency, Request};

use super::super::args::{Subcommand, WatchVariables};
use super::super::print;
use super::super::txn::{TxnReader, TxnStep};
use super::super::watch::{self, WatchLine};
use super::{Client, Happened, ONLY, Tag, Turn};

/// The call that asks how far the watches are.
const PROGRESS: Tag = 255;

/// What is being read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    kind: Kind,
    /// All has been read.
    is_complete: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Txn { reader: TxnReader, prompts: bool },
    Watches { variables: WatchVariables, count: Tag },
}

impl Reading {
    /// `None` for a command that reads nothing line by line.
    pub(super) fn new(command: &Subcommand) -> Option<Reading> {
        let kind = match command {
            Subcommand::Txn { interactive } => {
                Kind::Txn { reader: TxnReader::default(), prompts: *interactive }
            }
            Subcommand::WatchInteractive(variables) => {
                Kind::Watches { variables: variables.clone(), count: 0 }
            }
            _ => return None,
        };
        Some(Reading { kind, is_complete: false })
    }

    /// Whether it reads what is typed.
    pub(super) fn reads(&self) -> bool {
        !self.is_complete
    }

    /// Whether it goes on until somebody interrupts it.
    pub(super) fn is_endless(&self) -> bool {
        matches!(self.kind, Kind::Watches { .. })
    }

    pub(super) fn go(&mut self, client: &Client<'_>, happened: Happened<'_>, turn: &mut Turn<'_>) {
        match happened {
            Happened::Begun => {
                self.prompt(turn);
                let input = turn.input;
                // A last line without an end does not count.
                for line in input.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
                    if self.is_complete || turn.ended {
                        return;
                    }
                    self.line(client, line.trim_end_matches('\n'), turn);
                }
                let is_over = !input.is_empty() || !turn.attended;
                if is_over && !self.is_complete && !turn.ended {
                    self.end_of_input(turn);
                }
            }
            Happened::Typed(Some(line)) => self.line(client, line, turn),
            Happened::Typed(None) => self.end_of_input(turn),
            Happened::Told(header, response) => client.told(&header, response, turn),
            Happened::Returned(PROGRESS, Outcome::Ok { revision, .. }) => {
                turn.say(&["progress notify: ", &revision.0.to_string(), "\n"].concat());
            }
            Happened::Returned(PROGRESS, _) => {}
            Happened::Returned(_, outcome) => {
                turn.finish(print::present(client.invocation, outcome))
            }
            Happened::Woken | Happened::Interrupted => {}
        }
    }

    fn prompt(&self, turn: &mut Turn<'_>) {
        if let Kind::Txn { reader, prompts: true } = &self.kind {
            turn.say(reader.prompt());
        }
    }

    fn line(&mut self, client: &Client<'_>, line: &str, turn: &mut Turn<'_>) {
        match &mut self.kind {
            Kind::Txn { reader, .. } => match reader.line(line) {
                Ok(TxnStep::More) => {}
                Ok(TxnStep::NextPart) => self.prompt(turn),
                Ok(TxnStep::Complete(request)) => {
                    self.is_complete = true;
                    client.ask(ONLY, Request::Txn(request), turn);
                }
                Err(output) => turn.finish(output),
            },
            Kind::Watches { variables, count } => match watch::line(line, variables) {
                Ok(WatchLine::Watch(watch)) => {
                    let tag = *count;
                    *count = tag.saturating_add(1).min(PROGRESS - 1);
                    client.ask(tag, super::watch::request(&watch), turn);
                }
                Ok(WatchLine::Progress) => {
                    let range = RangeRequest::key("\0");
                    let consistency = Consistency::Serializable;
                    client.ask(PROGRESS, Request::Range { range, consistency }, turn);
                }
                Ok(WatchLine::Invalid(complaint)) => turn.complain(&complaint),
                Err(output) => turn.finish(output),
            },
        }
    }

    fn end_of_input(&mut self, turn: &mut Turn<'_>) {
        self.is_complete = true;
        turn.finish(match self.kind {
            Kind::Txn { .. } => TxnReader::cut_short(),
            Kind::Watches { .. } => watch::end_of_input(),
        });
    }
}
