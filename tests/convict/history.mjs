// Is the history linearizable? Judged by revision (docs/trace.md, "Linearizability"): etcd numbers its states,
// so every answer says itself which state it is from, and no order has to be searched.
//
// Here are the numbers; what the states with these numbers held is judged in `store.mjs`.

import { judgeStore } from "./store.mjs";

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
      });
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
    return judgeRevisions(calls) ?? judgeStore(calls);
  }
}

const isWrite = ({ op }) => op === "put" || op === "delete-range";

/// May this call have changed the store? A deletion that found nothing has not.
export function mayChange(call) {
  return isWrite(call) && call.outcome !== "failed" && call.answer?.deleted !== 0;
}

/// Was this call answered, and from the store?
export const answered = ({ outcome, answer }) => outcome === "ok" && answer.revision !== undefined;

// Revisions of one's own, in the order of real time, and no more of them than writes.
function judgeRevisions(calls) {
  const moments = calls.flatMap((call) => [
    { at: call.began, call, begins: true },
    ...(call.ended < Infinity ? [{ at: call.ended, call, begins: false }] : []),
  ]);
  moments.sort((one, other) => one.at - other.at);

  const taken = new Map();
  let told = FIRST;
  let possible = FIRST;
  for (const { call, begins } of moments) {
    if (begins) {
      call.floor = told;
      if (mayChange(call)) possible += 1;
    } else if (answered(call)) {
      const { revision } = call.answer;
      const why = misplaced(call, possible) ?? twice(call, taken);
      if (why !== undefined) return { seq: call.seq, why };
      if (!call.args.serializable) told = Math.max(told, revision);
    }
  }
}

function misplaced(call, possible) {
  const { number, op, args, floor, answer } = call;
  const { revision } = answer;
  if (revision > possible) {
    return `call ${number} was answered with revision ${revision}, and writes can have made ${possible} at most`;
  }
  if (args.serializable) return undefined;
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
