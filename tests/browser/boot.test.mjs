// Whatever breaks, the page says what, shows the script, and offers a way on.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { accessibilityFaults, alive, holdProgram, Lab } from "./harness.mjs";
import { Learner } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const PAGE = "elections.html";
const HOSTILE = '# <img src=x onerror="document.title=1"> & </pre>\nnodes 5\nseed 7';

const broken = (page) => page.locator(".broken");

test("a panic shows what broke and the script, as text", () =>
  lab.visit(PAGE, {}, async (page) => {
    await alive(page);
    await page.evaluate((script) => {
      raftLab.keep("trial", script);
      raftLab.panic("assertion failed: <b>terms</b> at core.rs:7");
    }, HOSTILE);
    assert.equal(await broken(page).getAttribute("role"), "alert");
    assert.match(await broken(page).innerText(), /assertion failed: <b>terms<\/b> at core\.rs:7/);
    assert.ok((await broken(page).locator("pre").textContent()).includes(HOSTILE));
    assert.equal(await broken(page).locator("img, b").count(), 0);
    assert.deepEqual(await accessibilityFaults(page), []);
  }));

test("a trap is shown, and only the first of several", () =>
  lab.visit(PAGE, { expected: /unreachable/ }, async (page) => {
    await alive(page);
    await page.evaluate(() => {
      const trap = () => {
        throw new WebAssembly.RuntimeError("unreachable");
      };
      setTimeout(trap);
      setTimeout(trap, 10);
    });
    await broken(page).waitFor();
    await page.waitForTimeout(50);
    assert.equal(await broken(page).count(), 1);
    assert.match(await broken(page).innerText(), /unreachable/);
  }));

test("a broken program is shown with seed and script, and both ways on work", () =>
  lab.visit(
    "sandbox.html",
    {
      expected: /RuntimeError|unreachable|out of bounds|table index|memory access|null function/i,
      // So that it can be broken from inside.
      before: holdProgram,
    },
    async (page) => {
      const breakIt = () =>
        page.evaluate(() => new Uint8Array(program.exports.memory.buffer).fill(0xff));
      const learner = await Learner.at(page);
      await learner.ask("etcdctl put name john");
      await learner.play();
      await breakIt();
      await broken(page).waitFor();
      assert.match(await broken(page).innerText(), /The simulator stopped/);
      const script = await broken(page).locator("pre").textContent();
      assert.match(script, /seed 1/);
      assert.match(script, /etcdctl put name john/);
      assert.deepEqual(await accessibilityFaults(page), []);

      await page.getByRole("button", { name: "Start again with this script" }).click();
      await broken(page).waitFor({ state: "detached" });
      await learner.arrives();
      assert.equal((await learner.ask("etcdctl get name")).out, "name\njohn");

      await learner.play();
      await breakIt();
      await page.getByRole("button", { name: "Start afresh" }).click();
      await broken(page).waitFor({ state: "detached" });
      await learner.arrives();
      assert.deepEqual((await learner.lines()).filter(({ line }) => line.startsWith("etcdctl")), []);
    },
  ));

test("an ordinary error of a script leaves the page standing", () =>
  lab.visit(PAGE, { expected: /ordinary/ }, async (page) => {
    await alive(page);
    await page.evaluate(() => setTimeout(() => { throw new Error("ordinary"); }));
    await page.waitForTimeout(50);
    assert.equal(await broken(page).count(), 0);
  }));

test("starting again keeps the script, starting afresh forgets it", () =>
  lab.visit(PAGE, {}, async (page) => {
    const stored = () => page.evaluate(() => localStorage.getItem("raft-lab:session:trial"));
    const breakWith = (script) =>
      page.evaluate((script) => {
        raftLab.keep("trial", script);
        raftLab.panic("trial");
      }, script);
    await alive(page);
    await breakWith("seed 7");
    await page.getByRole("button", { name: "Start again with this script" }).click();
    await broken(page).waitFor({ state: "detached" });
    await alive(page);
    assert.equal(await stored(), "seed 7");
    await breakWith("seed 8");
    await page.getByRole("button", { name: "Start afresh" }).click();
    await broken(page).waitFor({ state: "detached" });
    await alive(page);
    assert.equal(await stored(), null);
  }));

test("a program that cannot be loaded leaves the prose and says so", () =>
  lab.visit(
    PAGE,
    { before: (page) => page.route("**/*.wasm", (route) => route.abort()), expected: /wasm|fetch|ERR_FAILED/i },
    async (page) => {
      await broken(page).waitFor();
      assert.match(await broken(page).innerText(), /could not be loaded/);
      assert.equal(await page.locator("main h1").count(), 1);
    },
  ));

test("the script can be copied", () =>
  lab.visit(PAGE, { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await alive(page);
    await page.evaluate((script) => {
      raftLab.keep("trial", script);
      raftLab.panic("trial");
    }, HOSTILE);
    await page.getByRole("alert").getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    assert.ok((await page.evaluate(() => navigator.clipboard.readText())).includes(HOSTILE));
  }));
