// Runs of the real lab: those in which a rule is left out are convicted of what they break, and all others
// acquitted. (`CONVICT_SEEDS=500` tries more seeds of the fuzzer, `CONVICT_STEPS=20000` longer runs.)

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, test } from "node:test";

import { assertAgree, drawn, judged, lab, root, run } from "./lab.mjs";

const SEEDS = Number(process.env.CONVICT_SEEDS ?? 30);
const STEPS = Number(process.env.CONVICT_STEPS ?? 3000);

after(() => {
  const { acquitted, events, calls, convicted } = judged;
  console.log(`acquitted: ${acquitted} runs, ${events} events, ${calls} calls; convicted: ${convicted} runs`);
});

const rules = path.join(root, "tests", "rules");
const scripts = (await readdir(rules)).filter((name) => name.endsWith(".lab")).sort();

describe("rules, switched off one by one", { concurrency: 2 }, () => {
  for (const name of scripts) {
    const rule = path.basename(name, ".lab");
    test(rule, async () => {
      const script = await readFile(path.join(rules, name), "utf8");
      const [, breaks] = /^# breaks: (.*)$/m.exec(script);
      const without = await run(script);
      assertAgree(without, rule);
      // What is said to break is a property, or, where it is progress, a line of the script.
      const property = /^[a-z-]+$/.test(breaks) ? breaks : undefined;
      assert.equal(without.verdict.property, property, without.verdict.why);

      const kept = await run(script.replace(/^disable .*$/m, ""));
      assert.equal(kept.status, 0, "with the rule the script goes to its end");
      assertAgree(kept, `${rule}, kept`);
    });
  }
});

describe("runs full of faults", { concurrency: 2 }, () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    test(`seed ${seed}`, async () => {
      const result = await run(await drawn(seed, STEPS));
      assertAgree(result, `seed ${seed}`);
      assert.equal(result.verdict.property, undefined, result.verdict.why);
      assert.ok(result.verdict.events >= STEPS && result.verdict.calls > 0, "it was a run");
    });
  }
});

// Both judges look at the same runs: here they must find the same property at the same event.
describe("runs full of faults, a rule left out", { concurrency: 2 }, () => {
  const OFF = {
    majority: ["durable-on-quorum", "log-matching"],
    "log-consistency-check": ["log-matching"],
    "truncate-on-conflict-only": ["durable-before-acknowledged", "durable-on-quorum", "state-machine-safety"],
    "one-vote-a-term": ["one-vote-a-term"],
    "up-to-date-check": ["up-to-date-leader"],
    "step-down": ["election-safety"],
  };
  for (const [rule, expected] of Object.entries(OFF)) {
    test(rule, async () => {
      const found = new Set();
      for (let seed = 1; seed <= 12; seed += 1) {
        const result = await run(await drawn(seed, 2500, [rule]));
        assertAgree(result, `${rule}, seed ${seed}`);
        if (result.verdict.property !== undefined) found.add(result.verdict.property);
      }
      for (const property of expected) assert.ok(found.has(property), `${property} was never broken`);
    });
  }
});

test("several clusters in one script, and the program itself", async () => {
  const script =
    "nodes 1\nadvance 1s\nnodes 3\nuntil leader\netcdctl put a 1\nseed 9\nnodes 5\nuntil leader\netcdctl get a\n";
  const { verdict } = await run(script);
  assert.equal(verdict.calls, 2);
  assert.equal((await lab("run", "--help")).status, 0);
});
