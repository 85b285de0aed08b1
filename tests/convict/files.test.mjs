// Files that are not what docs/trace.md says are refused, with their line: whoever adds a field or a kind has
// to say on the page what it means.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { entry, Story } from "./story.mjs";

const told = () => Story.led(1).call(1, "put", { key: "k", value: "a" }, { revision: 2 });

// What is done to the lines of the trace and of the history, and what is said about it.
const REFUSED = {
  "no heading": [({ trace }) => trace.shift(), /^trace:1: the heading is missing/],
  "another version": [({ trace }) => (trace[0].version = 2), /^trace:1: "version" cannot be 2/],
  "a new setting": [({ trace }) => (trace[0].settings = { mood: "good" }), /^trace:1: "settings" cannot be/],
  "a new field of an event": [({ trace }) => (trace[2].mood = "good"), /^trace:3: unknown field "mood"/],
  "a new kind": [({ trace }) => (trace[2].kind = "sneeze"), /^trace:3: unknown kind "sneeze"/],
  "a new type of message": [
    ({ trace }) => (trace[2].sent = [{ id: 1, to: 2, type: "Hello", term: 1 }]),
    /^trace:3: "sent" cannot be/,
  ],
  "a state with a part missing": [
    ({ trace }) => delete trace[2].digest,
    /^trace:3: a part of the node's state/,
  ],
  "an option that is null": [({ trace }) => (trace[2].vote = null), /^trace:3: "vote" cannot be null/],
  "an empty list": [({ trace }) => (trace[2].appended = []), /^trace:3: "appended" cannot be/],
  "an event that is missing": [({ trace }) => trace.splice(2, 1), /^trace:3: event 1 was expected/],
  "a clock that goes back": [({ trace }) => (trace[4].time_us = 1), /^trace:5: time went back/],
  "a log that ends elsewhere": [({ trace }) => (trace[4].last_index = 2), /^trace:5: the log ends at 1/],
  "a log cut off without a word": [
    ({ trace }) => Object.assign(trace[5], { appended: undefined, last_index: 1 }),
    /^trace:6: the log ends at 0/,
  ],
  "a disk that has more than the log": [({ trace }) => (trace[5].durable = 2), /^trace:6: the disk has more/],
  "a message from nowhere": [
    ({ trace }) => Object.assign(trace[2], { kind: "deliver", delivered: 9 }),
    /^trace:3: message 9 was never sent/,
  ],
  "a new field of an answer": [
    ({ history }) => (history[1].mood = "good"),
    /^history:2: unknown field "mood"/,
  ],
  "a new operation": [({ history }) => (history[0].op = "sing"), /^history:1: "op" cannot be "sing"/],
  "a call that the trace has not": [({ history }) => (history[0].call = 2), /^history:1: call 1 is missing/],
  "another time": [({ history }) => (history[1].time_us += 1), /^history:2: the trace has another time/],
  "another revision": [
    ({ history }) => (history[1].revision = 1),
    /^history:2: the trace has another revision/,
  ],
  "a line that is missing": [({ history }) => history.pop(), /^history: it lacks lines/],
};

describe("files that are not what the page says", () => {
  for (const [name, [harm, reason]] of Object.entries(REFUSED)) {
    test(name, async () => {
      const story = told();
      harm(story);
      await assert.rejects(story.judge(), { message: reason });
    });
  }

  test("digests are compared to the last digit", async () => {
    const digits = (last) => `1801439850948198${last}`;
    const story = Story.led(1)
      .at(1, { commit: 1 })
      .at(1, { applied: 1, digest: digits("4") });
    story.at(2, { commit: 1 }).at(2, { applied: 1, digest: digits("5") });
    assert.equal((await story.judge()).property, "applied-equal");
  });
});

// The program: what it prints, and its exit status.
function convict(...words) {
  const program = path.join(path.dirname(fileURLToPath(import.meta.url)), "convict.mjs");
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words], (error, stdout, stderr) => {
      resolve({ status: error?.code ?? 0, said: stdout + stderr });
    });
  });
}

test("the program", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "convict-"));
  const say = async ({ trace, history }) => {
    const text = (lines) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const files = [path.join(folder, "trace"), path.join(folder, "history")];
    await writeFile(files[0], text(trace));
    await writeFile(files[1], text(history));
    return convict(...files);
  };
  try {
    assert.deepEqual(await say(told()), { status: 0, said: "acquitted: 7 events, 1 calls\n" });
    const gap = await say(told().at(3, { term: 1, appended: [entry(5, 1)] }));
    assert.deepEqual(gap, {
      status: 3,
      said: "convicted of log-matching at event 7: n3 appends at 5, and its log ends at 0\n",
    });
    const bad = told();
    bad.trace[2].kind = "sneeze";
    assert.deepEqual(await say(bad), { status: 2, said: 'trace:3: unknown kind "sneeze"\n' });
    assert.equal((await convict()).status, 2);
    assert.equal((await convict("no-such-file", "nor-this")).status, 2);
  } finally {
    await rm(folder, { recursive: true });
  }
});
