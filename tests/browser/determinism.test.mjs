// One seed gives one trace: in WebAssembly the same as natively.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";

import { alive, Lab } from "./harness.mjs";

const lab = await Lab.start();
after(() => lab.stop());

test("WebAssembly has the native traces", async () => {
  const file = process.env.RAFT_LAB_HASHES;
  assert.ok(file, "no native hashes: run `cargo xtask test determinism` first");
  const native = (await readFile(file, "utf8")).trim().split("\n");
  assert.ok(native.length >= 1_000, `${native.length} seeds`);
  await lab.visit("index.html", {}, async (page) => {
    await alive(page);
    const seeds = native.map((line) => line.split(/\s+/)[0]);
    const wasm = await page.evaluate(
      (seeds) => seeds.map((seed) => `${seed} ${raftLab.traceHash(BigInt(seed))}`),
      seeds,
    );
    assert.deepEqual(wasm, native);
  });
});
