// Judges a run of Raft Lab by its files alone.
//
//   node tests/convict/convict.mjs TRACE HISTORY
//
// The files are those of `lab run --trace TRACE --history HISTORY SCRIPT`. Exit status: 0 acquitted; 3
// convicted; 2 if the files are not what docs/trace.md says.
//
// This was written from docs/trace.md alone, by somebody who had not read the lab's own checkers. Read on in
// `replay.mjs` (what happened), `properties.mjs` (what must not), `history.mjs` (what clients were told).

import { pathToFileURL } from "node:url";

import { compareWithTrace, readSeesWrites } from "./calls.mjs";
import { History } from "./history.mjs";
import { linesOf, Malformed, objects } from "./lines.mjs";
import { judgeStep } from "./properties.mjs";
import { Run } from "./replay.mjs";
import { checkEvent, checkHistoryLine, isHeading } from "./schema.mjs";

/// Judges the lines of a trace and of a history: `{ property, seq, why, run }`, or, if nothing is broken,
/// `{ events, calls }`. Fails with `Malformed`.
export async function judge(traceLines, historyLines) {
  const runs = [];
  let events = 0;
  for await (const { where, value } of objects("trace", traceLines)) {
    if (isHeading(where, value)) {
      runs.push(new Run(value));
      continue;
    }
    const run = runs.at(-1);
    if (run === undefined) throw new Malformed(where, "the heading is missing");
    checkEvent(where, value);
    const step = run.follow(where, value);
    events += 1;
    const stale = readSeesWrites(run, step);
    const broken = stale === undefined ? judgeStep(run, step) : { property: "read-sees-writes", why: stale };
    if (broken !== undefined) return { ...broken, seq: value.seq, run: runs.length };
  }
  if (runs.length === 0) throw new Malformed("trace:1", "the heading is missing");
  return (
    (await judgeHistory(runs, historyLines)) ?? { events, calls: sum(runs.map(({ calls }) => calls.size)) }
  );
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

// A history has no headings: a new run is where calls are numbered from 1 anew. A run without calls has no
// lines in it.
async function judgeHistory(runs, lines) {
  const withCalls = runs.filter(({ calls }) => calls.size > 0);
  const histories = [];
  for await (const line of objects("history", lines)) {
    checkHistoryLine(line.where, line.value);
    if (line.value.call === 1) {
      if (histories.length === withCalls.length) throw new Malformed(line.where, "the trace has no such run");
      histories.push(new History(line.where));
    }
    const run = withCalls[histories.length - 1];
    if (run === undefined) throw new Malformed(line.where, "call 1 is missing");
    const event = compareWithTrace(run, line);
    histories.at(-1).take(line, event);
  }
  for (const [place, history] of histories.entries()) {
    const broken = history.judge();
    const run = withCalls[place];
    if (broken !== undefined) return { property: "linearizability", ...broken, run: runs.indexOf(run) + 1 };
    if (history.lines !== callLines(run)) throw new Malformed("history", "it lacks lines that the trace has");
  }
  if (histories.length < withCalls.length) throw new Malformed("history", "it lacks runs that the trace has");
}

const callLines = (run) =>
  sum([...run.calls.values()].map(({ returned, told = [] }) => (returned === undefined ? 1 : 2) + told.length));

async function main(trace, history) {
  if (history === undefined) {
    console.error("usage: convict.mjs TRACE HISTORY");
    return 2;
  }
  try {
    const verdict = await judge(linesOf(trace), linesOf(history));
    if (verdict.property === undefined) {
      console.log(`acquitted: ${verdict.events} events, ${verdict.calls} calls`);
      return 0;
    }
    const cluster = verdict.run > 1 ? ` of cluster ${verdict.run}` : "";
    console.log(`convicted of ${verdict.property} at event ${verdict.seq}${cluster}: ${verdict.why}`);
    return 3;
  } catch (error) {
    if (!(error instanceof Malformed) && error.code !== "ENOENT") throw error;
    console.error(error.message);
    return 2;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await main(...process.argv.slice(2));
}
