// What clients were told, by hand: histories that no order explains, and neighbours that one does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Story } from "./story.mjs";

const put =
  (call, revision, value, more = {}) =>
  (story) =>
    story.call(call, "put", { key: "k", value, ...more }, { revision });
const lost =
  (call, value, key = "k") =>
  (story) =>
    story.call(call, "put", { key, value });
const pair = (mod, value, version = 1, create = mod) => ({
  key: "k",
  value,
  create_revision: create,
  mod_revision: mod,
  version,
});
const get =
  (call, revision, kvs, args = {}) =>
  (story) =>
    story.call(call, "range", { key: "k", ...args }, { revision, kvs, count: kvs.length });
const remove =
  (call, revision, deleted, answer = {}, args = {}) =>
  (story) =>
    story.call(call, "delete-range", { key: "k", ...args }, { revision, deleted, ...answer });
const lostRemoval = (call) => (story) => story.call(call, "delete-range", { key: "k" });

const CONVICTED = {
  "one revision for two writes": [
    (story) =>
      story
        .begin(1, "put", { key: "k", value: "a" })
        .begin(2, "put", { key: "l", value: "b" })
        .end(1, { revision: 2 })
        .end(2, { revision: 2 }),
  ],
  "a write with a revision that was told before it began": [lost(1, "a"), put(2, 2, "b"), put(3, 2, "c")],
  "a write with the revision of a read before it": [
    lost(1, "a"),
    get(2, 2, [pair(2, "a")]),
    (story) => story.call(3, "put", { key: "l", value: "b" }, { revision: 2 }),
  ],
  "more revisions than writes": [put(1, 3, "a")],
  "a serializable read of what no call can have made": [
    put(1, 2, "a"),
    get(2, 3, [pair(2, "a")], { serializable: true }),
  ],
  "a value that nobody wrote": [put(1, 2, "a"), get(2, 2, [pair(2, "b")])],
  "a value that was written later": [
    lost(1, "b"),
    get(2, 2, [pair(2, "a")], { serializable: true }),
    lost(3, "a"),
  ],
  "a value of a write that failed": [
    (story) => story.call(1, "put", { key: "k", value: "a" }, { outcome: "failed" }),
    lost(2, "b"),
    get(3, 2, [pair(2, "a")]),
  ],
  "one lost write seen as two": [
    lost(1, "a"),
    lost(2, "b"),
    get(3, 2, [pair(2, "a")]),
    get(4, 3, [pair(3, "a", 2, 2)]),
  ],
  "a lost write that was seen before what was told when it began": [
    lost(1, "z"),
    put(2, 3, "b"),
    lost(3, "a"),
    get(4, 3, [pair(2, "a")], { revision: 2 }),
  ],
  "a write that is not there any more": [put(1, 2, "a"), get(2, 2, [])],
  "an old value": [put(1, 2, "a"), put(2, 3, "b"), get(3, 3, [pair(2, "a")])],
  "a key that was deleted": [put(1, 2, "a"), remove(2, 3, 1), get(3, 3, [pair(2, "a")])],
  "a deletion that found nothing": [put(1, 2, "a"), remove(2, 2, 0)],
  "a deletion that found what was gone": [put(1, 2, "a"), remove(2, 3, 1), remove(3, 4, 1)],
  "what a deletion says was there": [
    put(1, 2, "a"),
    put(2, 3, "b"),
    remove(3, 4, 1, { prev_kvs: [pair(2, "a")] }, { prev_kv: true }),
  ],
  "what a put says was there": [
    put(1, 2, "a"),
    (story) => story.call(2, "put", { key: "k", value: "b", prev_kv: true }, { revision: 3 }),
  ],
  "one pair, seen in two ways": [
    lost(1, "b"),
    lost(2, "b"),
    get(3, 3, [pair(3, "b")]),
    get(4, 3, [pair(3, "b", 2, 2)]),
  ],
  "fewer pairs than it counts": [
    put(1, 2, "a"),
    (story) => story.call(2, "range", { key: "k" }, { revision: 2, kvs: [], count: 1 }),
  ],
  "more, and there is no more": [
    put(1, 2, "a"),
    (story) =>
      story.call(2, "range", { key: "k" }, { revision: 2, kvs: [pair(2, "a")], count: 1, more: true }),
  ],
  "a pair from the future of the answer": [
    lost(1, "a"),
    lost(2, "b"),
    get(3, 2, [pair(3, "b", 2, 2)], { serializable: true }),
  ],
  "a first version that was made before": [put(1, 2, "a"), put(2, 3, "b"), get(3, 3, [pair(3, "b", 1, 2)])],
  "a version too low": [put(1, 2, "a"), put(2, 3, "b"), put(3, 4, "c"), get(4, 4, [pair(4, "c", 2, 2)])],
  "made before a deletion": [
    put(1, 2, "a"),
    remove(2, 3, 1),
    put(3, 4, "b"),
    get(4, 4, [pair(4, "b", 2, 2)]),
  ],
  "made by another key's put": [
    (story) => story.call(1, "put", { key: "l", value: "a" }, { revision: 2 }),
    lost(2, "x"),
    put(3, 3, "b"),
    get(4, 3, [pair(3, "b", 2, 2)]),
  ],
  "gone before a deletion began": [put(1, 2, "a"), get(2, 2, []), lostRemoval(3)],
  "gone by a deletion that had no revision": [put(1, 2, "a"), lostRemoval(2), get(3, 2, [])],
  "gone by a deletion for which no revision is left": [
    put(1, 2, "a"),
    lostRemoval(2),
    (story) => story.call(3, "put", { key: "l", value: "b" }, { revision: 3 }),
    get(4, 3, []),
  ],
  "a lost write that is counted twice": [
    lost(1, "a"),
    get(2, 2, [pair(2, "a")]),
    put(3, 3, "b"),
    get(4, 3, [pair(3, "b", 3, 2)]),
  ],
  "gone by a deletion that came too late": [
    put(1, 2, "a"),
    lost(2, "x", "l"),
    get(3, 3, [{ ...pair(3, "x"), key: "l" }], { key: "l" }),
    lostRemoval(4),
    get(5, 3, []),
  ],
  "a version too high": [put(1, 2, "a"), put(2, 3, "b"), get(3, 3, [pair(3, "b", 3, 2)])],
  "born again without a deletion": [put(1, 2, "a"), put(2, 3, "b"), get(3, 3, [pair(3, "b")])],
  "a past that was otherwise": [
    put(1, 2, "a"),
    put(2, 3, "b"),
    get(3, 3, [pair(3, "b", 2, 2)], { revision: 2 }),
  ],
  "more counted than there is": [
    put(1, 2, "a"),
    (story) =>
      story.call(
        2,
        "range",
        { key: "a", range_end: "z", limit: 1 },
        { revision: 2, kvs: [pair(2, "a")], count: 2, more: true },
      ),
  ],
  "a key that was not asked for": [put(1, 2, "a"), get(2, 2, [pair(2, "a")], { key: "l" })],
};

const ACQUITTED = {
  "writes, reads, deletions": [
    put(1, 2, "a"),
    get(2, 2, [pair(2, "a")]),
    put(3, 3, "b"),
    get(4, 3, [pair(3, "b", 2, 2)]),
    get(5, 3, [pair(2, "a")], { revision: 2 }),
    remove(6, 4, 1),
    remove(7, 4, 0),
    get(8, 4, []),
    get(9, 4, [pair(2, "a")], { revision: 2, serializable: true }),
  ],
  "a lost write that is seen": [lost(1, "a"), get(2, 2, [pair(2, "a")]), put(3, 3, "b")],
  "a lost write that never was": [lost(1, "a"), get(2, 1, []), put(3, 2, "b")],
  "a lost write that comes late": [lost(1, "a"), put(2, 2, "b"), get(3, 3, [pair(3, "a", 2, 2)])],
  "two equal lost writes, seen as two": [
    lost(1, "a"),
    lost(2, "a"),
    get(3, 2, [pair(2, "a")]),
    get(4, 3, [pair(3, "a", 2, 2)]),
  ],
  "a lost deletion that happened": [
    put(1, 2, "a"),
    lostRemoval(2),
    get(3, 3, []),
    put(4, 4, "b"),
    get(5, 4, [pair(4, "b")]),
  ],
  "a lost deletion that never happened": [put(1, 2, "a"), lostRemoval(2), get(3, 2, [pair(2, "a")])],
  "keys without values": [put(1, 2, "a"), get(2, 2, [pair(2, "")], { keys_only: true })],
  "a value that stays": [
    put(1, 2, "a"),
    put(2, 3, "", { ignore_value: true }),
    get(3, 3, [pair(3, "a", 2, 2)]),
  ],
  "bytes that are not UTF-8": [
    (story) => story.call(1, "put", { key_base64: "/w==", value: "a" }, { revision: 2 }),
    (story) => {
      const { key, ...rest } = pair(2, "a");
      return story.call(
        2,
        "range",
        { key: "k", range_end: "\0" },
        { revision: 2, kvs: [{ key_base64: "/w==", ...rest }], count: 1 },
      );
    },
  ],
};

const told = (steps) => steps.reduce((story, step) => step(story), new Story());

describe("linearizability", () => {
  for (const [name, steps] of Object.entries(CONVICTED)) {
    test(`convicts: ${name}`, async () => {
      const verdict = await told(steps).judge();
      assert.equal(verdict.property, "linearizability", verdict.why);
    });
  }
  for (const [name, steps] of Object.entries(ACQUITTED)) {
    test(`acquits: ${name}`, async () => {
      assert.equal((await told(steps).judge()).why, undefined);
    });
  }
});
