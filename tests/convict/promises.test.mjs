// Transactions, leases, compaction and watchers, by hand: what breaks a sentence of docs/trace.md, and a
// neighbour that does not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Story } from "./story.mjs";

const pair = (key, value, mod, version = 1, create = mod, more = {}) => ({
  ...{ key, value, create_revision: create, mod_revision: mod, version },
  ...more,
});
const put = (call, key, value, revision, more = {}) => ({
  tell: (story) => story.call(call, "put", { key, value, ...more }, { revision }),
});
const lost = (call, op, args) => ({ tell: (story) => story.call(call, op, args) });
const get = (call, key, kvs, revision, args = {}) => ({
  tell: (story) => story.call(call, "range", { key, ...args }, { revision, kvs, count: kvs.length }),
});
const txn = (call, args, answer) => ({
  tell: (story) => story.call(call, "txn", { compare: [], success: [], failure: [], ...args }, answer),
});
const opPut = (key, value) => ({ op: "put", args: { key, value } });
const opGet = (key) => ({ op: "range", args: { key } });
const didPut = { op: "put" };
const didGet = (...kvs) => ({ op: "range", kvs, count: kvs.length });
const grant = (call, revision, lease = 7) => ({
  tell: (story) => story.call(call, "lease-grant", { lease, ttl: 5 }, { revision, lease, ttl: 5 }),
});
const compact = (call, at, revision) => ({
  tell: (story) => story.call(call, "compact", { revision: at }, { revision }),
});
const EVERYTHING = { key: "\0", range_end: "\0", start_revision: 2 };
// Call 1 watches.
const watch = (args = {}) => ({
  watches: true,
  tell: (story) => story.begin(1, "watch", { ...EVERYTHING, ...args }).tell(1, 1, [], { created: true }),
});
const told = (revision, ...events) => ({ tell: (story) => story.tell(1, revision, events) });
const piece = (revision, ...events) => ({
  tell: (story) => story.tell(1, revision, events, { fragment: true }),
});
const ended = (at) => ({
  tell: (story) => story.end(1, { revision: 0, canceled: true, compact_revision: at }),
});
const was = (kv, prev) => ({ type: "put", kv, ...(prev === undefined ? {} : { prev_kv: prev }) });
const gone = (key, mod) => ({ type: "delete", kv: { key, mod_revision: mod } });

const both = txn(
  2,
  { success: [opPut("x", "1"), opPut("y", "2")] },
  { revision: 2, succeeded: true, responses: [didPut, didPut] },
);
const reads = (...kvs) =>
  txn(
    3,
    { success: [opGet("x"), opPut("x", "2"), opGet("x")] },
    { revision: 3, succeeded: true, responses: [didGet(kvs[0]), didPut, didGet(kvs[1])] },
  );
const isNew = { key: "x", target: "version", result: "=", number: 0 };
const ifNew = (call, succeeded, revision) =>
  txn(
    call,
    { compare: [isNew], success: [opPut("x", "9")] },
    { revision, succeeded, responses: succeeded ? [didPut] : [] },
  );
const unsure = lost(2, "txn", { compare: [isNew], success: [opPut("x", "1")], failure: [opPut("y", "2")] });
const leased = [grant(2, 1), put(3, "x", "1", 2, { lease: 7 }), put(4, "y", "2", 3, { lease: 7 })];
const on = (key, value, mod) => pair(key, value, mod, 1, mod, { lease: 7 });
const twice = [put(2, "x", "1", 2), put(3, "x", "2", 3)];
const [one, two] = [pair("x", "1", 2), pair("x", "2", 3, 2, 2)];

const STORIES = {
  "a transaction's keys have one revision": {
    acquits: [both, get(3, "y", [pair("y", "2", 2)], 2)],
    convicts: [both, get(3, "y", [], 2)],
  },
  "nobody else has it": { convicts: [both, put(3, "z", "1", 2)] },
  "it sees what it wrote": {
    acquits: [put(2, "x", "1", 2), reads(one, two)],
    convicts: [put(2, "x", "1", 2), reads(one, one)],
  },
  "its conditions are judged by what was": {
    acquits: [ifNew(2, true, 2), ifNew(3, false, 2)],
    convicts: [ifNew(2, true, 2), ifNew(3, true, 3)],
  },
  "and do hold": { convicts: [ifNew(2, false, 1)] },
  "an unknown one went one way": {
    acquits: [unsure, get(3, "x", [one], 2)],
    convicts: [unsure, get(3, "x", [one], 2), get(4, "y", [pair("y", "2", 2)], 2)],
  },
  "what was compacted is not read": {
    acquits: [...twice, compact(4, 3, 3), get(5, "x", [two], 3, { revision: 3 })],
    convicts: [...twice, compact(4, 3, 3), get(5, "x", [one], 3, { revision: 2 })],
  },
  "nor compacted again": { convicts: [...twice, compact(4, 3, 3), compact(5, 3, 3)] },
  "a lease takes its keys": {
    acquits: [...leased, get(5, "x", [], 4)],
    convicts: [grant(2, 1), put(3, "x", "1", 2), get(4, "x", [], 3)],
  },
  "in a revision of its own": { convicts: [...leased, get(5, "x", [], 3)] },
  "and all at once": {
    acquits: [
      watch(),
      ...leased,
      told(4, was(on("x", "1", 2)), was(on("y", "2", 3)), gone("x", 4), gone("y", 4)),
    ],
    convicts: [
      watch(),
      ...leased,
      grant(5, 3, 8),
      told(5, was(on("x", "1", 2)), was(on("y", "2", 3)), gone("x", 4), gone("y", 5)),
    ],
  },
  "watchers are told in order": {
    acquits: [watch(), ...twice, told(2, was(one)), told(3, was(two))],
    convicts: [watch(), ...twice, told(3, was(two)), told(3, was(one))],
  },
  "and once": { convicts: [watch(), ...twice, told(2, was(one)), told(3, was(one), was(two))] },
  "and nothing is left out": {
    acquits: [watch(), ...twice, told(2, was(one))],
    convicts: [watch(), ...twice, told(3, was(two))],
  },
  "a revision is not torn": {
    acquits: [watch(), both, piece(2, was(pair("x", "1", 2))), told(2, was(pair("y", "2", 2)))],
    convicts: [watch(), both, told(2, was(pair("x", "1", 2))), told(2, was(pair("y", "2", 2)))],
  },
  "progress keeps its word": {
    acquits: [watch(), ...twice, told(2, was(one)), told(2)],
    convicts: [watch(), ...twice, told(2, was(one)), told(3)],
  },
  "what is told was written": { convicts: [watch(), ...twice, told(2, was(pair("x", "0", 2)))] },
  "and has happened": { convicts: [watch(), ...twice, told(3, was(one), was(two), gone("x", 3))] },
  "what was not asked for is not told": {
    acquits: [watch({ no_put: true }), ...twice],
    convicts: [watch({ no_put: true }), ...twice, told(2, was(one))],
  },
  "the pair before is the one before": {
    acquits: [watch({ prev_kv: true }), ...twice, told(3, was(one), was(two, one))],
    convicts: [watch({ prev_kv: true }), ...twice, told(3, was(one), was(two, pair("x", "1", 2, 2, 1)))],
  },
  "and not left out": { convicts: [watch({ prev_kv: true }), ...twice, told(3, was(one), was(two))] },
  "compaction ends a watch": {
    acquits: [watch(), ...twice, compact(4, 3, 3), ended(3)],
    convicts: [watch(), ...twice, ended(3)],
  },
  "that it has overtaken": { convicts: [watch(), ...twice, told(3, was(one), was(two)), compact(4, 3, 3), ended(3)] },
  "and not silently": { convicts: [watch(), ...twice, compact(4, 3, 3), told(3, was(two))] },
};

// Calls are numbered from 1: where nobody watches, call 1 reads.
function judged(steps) {
  const story = steps[0].watches ? new Story() : get(1, "none", [], 1).tell(new Story());
  return steps.reduce((told, step) => step.tell(told), story).judge();
}

describe("what etcd promises", () => {
  for (const [name, { acquits, convicts }] of Object.entries(STORIES)) {
    test(name, async () => {
      if (acquits !== undefined) assert.equal((await judged(acquits)).why, undefined);
      const verdict = await judged(convicts);
      assert.equal(verdict.property, "linearizability", "it was acquitted");
    });
  }
});
