// The second part of the program: who only reads never loads it, and who acts has it.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, test } from "node:test";

import { alive, dist, Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const SECOND = "**/*-second.wasm";
/// A line that only the second part can do.
const LINE = "etcdctl get --help";

// Which function waits in which slot of the table, as the build wrote it down.
const waiting = await readFile(path.join(dist, "../target/raft-lab/second.txt"), "utf8").catch(() => "");

// Notes the slots of the functions that were called before the second part was there.
function noteSlots() {
  globalThis.slots = [];
  let lab;
  Object.defineProperty(globalThis, "raftLab", {
    get: () => lab,
    set(offered) {
      const load = offered.second;
      offered.second = (slot) => {
        slots.push(slot);
        load(slot);
      };
      lab = offered;
    },
  });
}

/// Opens a page, and gives `body` the list of how its second part was asked for so far: `fetch` is soon, `xhr` at
/// once. `answer(route, how)` may answer in the host's place.
async function visit(name, { answer, ...options }, body) {
  const asked = [];
  const before = async (page) => {
    await page.addInitScript(noteSlots);
    await page.route(SECOND, (route) => {
      const how = route.request().resourceType();
      asked.push(how);
      return answer?.(route, how) || route.continue();
    });
  };
  await lab.visit(name, { ...options, before }, (page) => body(page, asked));
}

// Nothing is to happen here, so several pages may wait side by side.
describe("who only reads", { concurrency: 4 }, async () => {
  for (const name of (await readdir(dist)).filter((file) => file.endsWith(".html"))) {
    // The glossary, say, has no program.
    if (!/-first\.wasm/.test(await readFile(path.join(dist, name), "utf8"))) continue;
    test(`loads the first part of ${name} alone`, () =>
      visit(name, {}, async (page, asked) => {
        await alive(page);
        await page.evaluate(() => scrollTo(0, 900));
        await page.waitForTimeout(2500);
        const slots = await page.evaluate(() => globalThis.slots);
        const called = slots.map((slot) => waiting.split(`${slot} `)[1]?.split("\n")[0] ?? slot);
        assert.deepEqual({ asked, called }, { asked: [], called: [] }, "`cargo xtask profile` measures what waits");
      }));
  }
});

test("the first key typed loads it, and the command works", () =>
  visit("sandbox.html", {}, async (page, asked) => {
    await alive(page);
    const learner = new Learner(page);
    assert.deepEqual(asked, []);
    await learner.prompt.press("e");
    await until("the program is whole", () => page.evaluate(() => document.documentElement.dataset.program));
    assert.equal(asked[0], "fetch");
    assert.match((await learner.ask(LINE)).out, /^NAME:\n\s+get/);
  }));

test("what is called before it is there waits for it", () =>
  visit(
    "sandbox.html",
    { answer: (route, how) => how === "fetch" && route.abort(), expected: /-second\.wasm|fetch|ERR_FAILED/i },
    async (page, asked) => {
      await alive(page);
      const learner = new Learner(page);
      assert.match((await learner.ask(LINE)).out, /^NAME:\n\s+get/);
      assert.equal(asked.filter((how) => how === "xhr").length, 1);
    },
  ));

test("a session that comes back has it from the start", () =>
  visit("sandbox.html", {}, async (page, asked) => {
    const learner = await Learner.at(page);
    await learner.ask("etcdctl put name john");
    await learner.ask(LINE);
    await page.reload();
    await learner.arrives();
    assert.match((await learner.gave(LINE)).out, /^NAME:\n\s+get/);
    assert.equal((await learner.ask("etcdctl get name")).out, "name\njohn");
    assert.deepEqual(asked, ["fetch", "fetch"]);
  }));

test("where it cannot be had, the page says so and shows the script", () => {
  let missing = false;
  const answer = (route) => missing && route.fulfill({ status: 404 });
  const expected = /404|-second\.wasm|compile|is missing/i;
  return visit("sandbox.html", { answer, expected }, async (page) => {
    const learner = await Learner.at(page);
    await learner.ask("etcdctl put name john");
    missing = true;
    await page.reload();
    const broken = page.getByRole("alert").and(page.locator(".broken"));
    await broken.waitFor();
    assert.match(await broken.innerText(), /could not be loaded/);
    assert.match(await broken.locator("pre").textContent(), /seed 1\n[^]*etcdctl put name john/);
    missing = false;
    await page.getByRole("button", { name: "Start again with this script" }).click();
    await learner.arrives();
    assert.equal((await learner.ask("etcdctl get name")).out, "name\njohn");
  });
});
