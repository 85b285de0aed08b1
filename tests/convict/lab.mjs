// Runs scripts in the lab, and hands what it wrote to the judge.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { judge } from "./convict.mjs";
import { linesOf } from "./lines.mjs";

/// The repository.
export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");

/// The program `lab`: named by `RAFT_LAB`, or else built by cargo, which knows where it puts it.
const LAB = process.env.RAFT_LAB ?? build();

function build() {
  const words = ["build", "-q", "-p", "lab", "--bin", "lab", "--message-format=json"];
  const messages = execFileSync("cargo", words, { cwd: root, maxBuffer: 2 ** 28, encoding: "utf8" });
  const built = messages
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).executable);
  return built.findLast((executable) => typeof executable === "string");
}

const BROKEN = /a safety property broke: (\S+) broken at event (\d+)/;

/// All that was judged so far.
export const judged = { acquitted: 0, events: 0, calls: 0, convicted: 0 };

function count({ property, events, calls }) {
  if (property !== undefined) {
    judged.convicted += 1;
  } else {
    judged.acquitted += 1;
    judged.events += events;
    judged.calls += calls;
  }
}

/// What `lab` prints, and its exit status.
export function lab(...words) {
  return new Promise((resolve, reject) => {
    execFile(LAB, words, { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(new Error(`${LAB}: ${error.message}`));
      else resolve({ status: error?.code ?? 0, stdout, stderr });
    });
  });
}

/// What a seed of the fuzzer draws.
export async function drawn(seed, steps, rules = []) {
  const off = rules.flatMap((rule) => ["--disable", rule]);
  const { stdout } = await lab(
    "fuzz",
    "--print",
    "--seeds",
    `${seed}..${seed}`,
    "--steps",
    String(steps),
    ...off,
  );
  return stdout;
}

/// Runs a script, and judges it by its files: `{ verdict, told, status }`, where `told` is what the lab's own
/// checkers found.
export async function run(script) {
  const folder = await mkdtemp(path.join(tmpdir(), "convict-"));
  const [file, trace, history] = ["script.lab", "trace", "history"].map((name) => path.join(folder, name));
  try {
    await writeFile(file, script);
    const { status, stderr } = await lab("run", "--trace", trace, "--history", history, file);
    const [, property, seq] = BROKEN.exec(stderr) ?? [];
    const told = property === undefined ? undefined : { property, seq: Number(seq) };
    const verdict = await judge(linesOf(trace), linesOf(history));
    count(verdict);
    return { verdict, told, status };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/// Both name the same property at the same event, or none.
export function assertAgree({ verdict, told }, about) {
  const own = verdict.property === undefined ? undefined : { property: verdict.property, seq: verdict.seq };
  assert.deepEqual(own, told, `${about}: ${verdict.why}`);
}
