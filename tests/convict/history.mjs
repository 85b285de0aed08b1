// Is the history linearizable? Judged by revision (docs/trace.md, "Linearizability"): etcd numbers its states,
// so every answer says itself which state it is from, and no order has to be searched.
//
// Here are the numbers; what the states with these numbers held is judged in `store.mjs`, and what watchers
// were told in `watches.mjs`.

import { made, ways } from "./effects.mjs";
import { judgeStore } from "./store.mjs";
import { judgeWatches } from "./watches.mjs";

/// etcd's store has revision 1 before anything was written.
const FIRST = 1;

/// The calls of one run.
export class History {
  lines = 0;
  calls = new Map();

  /// Takes the next line; `event` is where the trace has it.
  take({ value }, event) {
    this.lines += 1;
    if (value.call !== undefined) {
      const { call: number, op, args } = value;
      this.calls.set(number, {
        number,
        op,
        args,
        began: this.lines,
        seq: event.seq,
        ended: Infinity,
        outcome: "unknown",
        told: [],
      });
    } else if (value.told !== undefined) {
      this.calls.get(value.told).told.push({ ...value, at: this.lines, seq: event.seq });
    } else {
      Object.assign(this.calls.get(value.return), {
        ended: this.lines,
        seq: event.seq,
        outcome: value.outcome,
        answer: value,
      });
    }
  }

  /// What is broken, if anything is: `{ seq, why }`.
  judge() {
    const calls = [...this.calls.values()].sort((one, other) => one.number - other.number);
    return judgeRevisions(calls) ?? judgeStore(calls) ?? judgeCompactions(calls) ?? judgeWatches(calls);
  }
}

/// May this call have changed the store? A deletion that found nothing has not, nor has a transaction that
/// went the way of reading.
export function mayChange(call) {
  if (call.outcome === "failed") return false;
  return answered(call) ? made(call).length > 0 : ways(call).some((way) => way.length > 0);
}

/// Was this call answered, and from the store?
export const answered = ({ outcome, answer }) => outcome === "ok" && answer.revision !== undefined;

/// Was a lease granted, or may it have been? It may end at any later time, in one revision.
export const mayGrant = ({ op, outcome }) => op === "lease-grant" && outcome !== "failed";

const LINEARIZABLE = [
  ...["put", "delete-range", "txn", "compact", "lease-grant", "lease-revoke"],
  ...["alarm-list", "alarm-disarm"],
];

const isLinearizable = ({ op, args }) =>
  LINEARIZABLE.includes(op) || (op === "range" && args.serializable !== true);

// Revisions of one's own, in the order of real time, and no more of them than writes and ends of leases.
function judgeRevisions(calls) {
  const moments = calls.flatMap((call) => [
    { at: call.began, call, begins: true },
    ...call.told.map(({ at, seq, revision }) => ({ at, call, seq, revision })),
    ...(call.ended < Infinity ? [{ at: call.ended, call, begins: false }] : []),
  ]);
  moments.sort((one, other) => one.at - other.at);

  const taken = new Map();
  let told = FIRST;
  let possible = FIRST;
  for (const { call, begins, revision: heard, seq } of moments) {
    if (begins) {
      call.floor = told;
      if (mayChange(call) || mayGrant(call)) possible += 1;
    } else if (heard !== undefined) {
      if (heard > possible) return { seq, why: tooMany(call, heard, possible) };
    } else if (answered(call)) {
      const { revision } = call.answer;
      const why = misplaced(call, possible) ?? twice(call, taken);
      if (why !== undefined) return { seq: call.seq, why };
      if (isLinearizable(call)) told = Math.max(told, revision);
    }
  }
}

const tooMany = ({ number }, revision, possible) =>
  `call ${number} was told of revision ${revision}, and writes can have made ${possible} at most`;

function misplaced(call, possible) {
  const { number, op, floor, answer } = call;
  const { revision } = answer;
  if (revision > possible) return tooMany(call, revision, possible);
  if (!isLinearizable(call)) return undefined;
  const least = mayChange(call) ? floor + 1 : floor;
  if (revision < least) {
    return `call ${number} (${op}) was answered with revision ${revision}, and ${floor} was told before`;
  }
}

function twice(call, taken) {
  if (!mayChange(call)) return undefined;
  const { revision } = call.answer;
  const other = taken.get(revision);
  taken.set(revision, call);
  return other && `calls ${other.number} and ${call.number} both made revision ${revision}`;
}

// What was compacted is neither read nor compacted again.
function judgeCompactions(calls) {
  const done = calls.filter((call) => call.op === "compact" && answered(call));
  for (const call of calls.filter((one) => answered(one) && isLinearizable(one))) {
    const oldest = call.op === "compact" ? call.args.revision - 1 : oldestRead(call);
    const by = done.find(({ ended, args }) => ended < call.began && args.revision > oldest);
    if (by !== undefined) {
      const why = `call ${call.number} asks for revision ${oldest}, which call ${by.number} had compacted`;
      return { seq: call.seq, why };
    }
  }
}

function oldestRead({ op, args, answer }) {
  if (op === "range") return args.revision > 0 ? args.revision : Infinity;
  if (op !== "txn") return Infinity;
  const branch = answer.succeeded ? args.success : args.failure;
  const reads = branch.map((one, place) => oldestRead({ ...one, answer: answer.responses[place] }));
  return Math.min(Infinity, ...reads);
}
