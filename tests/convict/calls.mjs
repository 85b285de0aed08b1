// What the trace says about the calls of clients, and what it takes to convict a read by it: the property
// `read-sees-writes` (docs/trace.md, "Convicting a run").

import { Malformed } from "./lines.mjs";

/// Notes a call or a return. Says in words what is broken, if anything is.
export function readSeesWrites(run, { event, where }) {
  if (event.kind === "call") {
    if (run.calls.has(event.call)) throw new Malformed(where, `call ${event.call} began before`);
    run.calls.set(event.call, { began: event, floor: run.greatestReturned });
  }
  if (event.kind === "notify") {
    const call = run.calls.get(event.call);
    if (call === undefined || call.returned !== undefined) {
      throw new Malformed(where, `call ${event.call} is told something, and is not under way`);
    }
    (call.told ??= []).push(event);
  }
  if (event.kind !== "return") return undefined;
  const call = run.calls.get(event.call);
  if (call === undefined) throw new Malformed(where, `call ${event.call} returns, and never began`);
  if (call.returned !== undefined) throw new Malformed(where, `call ${event.call} returned before`);
  call.returned = event;
  if (event.revision === undefined) return undefined;
  run.greatestReturned = Math.max(run.greatestReturned, event.revision);
  if (event.revision < call.floor) {
    return `call ${event.call} was answered with revision ${event.revision}, and ${call.floor} was told before`;
  }
}

/// Fails unless this line of the history fits to what the trace says of the same call.
export function compareWithTrace(run, { where, value }) {
  const fail = (reason) => {
    throw new Malformed(where, reason);
  };
  const number = value.call ?? value.told ?? value.return;
  const call = run.calls.get(number);
  if (call === undefined) fail(`the trace has no call ${number}`);
  const event = "call" in value ? call.began : "told" in value ? nextTold(call) : call.returned;
  if (event === undefined) fail(`in the trace call ${number} is not told so much, or does not return`);
  if (event.time_us !== value.time_us) fail(`the trace has another time for call ${number}`);
  // The trace has it only of those that `read-sees-writes` is about.
  if (event.revision !== undefined && event.revision !== value.revision)
    fail("the trace has another revision");
  return event;
}

// The event of the next line of a watcher.
function nextTold(call) {
  call.lines = (call.lines ?? 0) + 1;
  return call.told?.[call.lines - 1];
}
