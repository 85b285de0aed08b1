// What a page costs that stands open for long: no memory that grows, no elements or listeners left behind, and
// nothing at all while nobody looks or time stands still.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { mouse } from "./hands.mjs";
import { Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/// Design §11: what an hour may take; ten minutes may take no more.
const MEMORY_BYTES = 128e6;

// Watches from inside what a page does by itself: frames, timers, and how big the program's memory is.
function watch(page) {
  return page.addInitScript(() => {
    globalThis.watched = { frames: 0, timers: 0, intervals: 0 };
    const count = (name, what) => {
      const original = globalThis[name];
      globalThis[name] = (callback, ...rest) => {
        const counted = (...given) => {
          watched[what] += 1;
          return callback(...given);
        };
        return original.call(globalThis, typeof callback === "function" ? counted : callback, ...rest);
      };
    };
    count("requestAnimationFrame", "frames");
    count("setTimeout", "timers");
    count("setInterval", "intervals");
    const instantiate = WebAssembly.instantiateStreaming;
    WebAssembly.instantiateStreaming = async (...what) => {
      const made = await instantiate.call(WebAssembly, ...what);
      globalThis.program = made.instance;
      return made;
    };
  });
}

// A lab on `name` that is watched; `body` gets its learner and what is counted of it.
const watched = (name, options, body) =>
  lab.visit(name, { ...options, before: watch }, async (page) => {
    const learner = await Learner.at(page);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    await body(learner, {
      /// Elements, listeners and bytes, once what is no longer used has gone.
      async holds() {
        for (let round = 0; round < 3; round += 1) await cdp.send("HeapProfiler.collectGarbage");
        const { metrics } = await cdp.send("Performance.getMetrics");
        const metric = (wanted) => metrics.find(({ name }) => name === wanted).value;
        const program = await page.evaluate(() => globalThis.program.exports.memory.buffer.byteLength);
        return { nodes: metric("Nodes"), listeners: metric("JSEventListeners"), bytes: metric("JSHeapUsedSize") + program };
      },
      /// What ran by itself in so many milliseconds.
      async runs(ms) {
        const now = () => page.evaluate(() => ({ ...globalThis.watched }));
        const before = await now();
        await new Promise((resolve) => setTimeout(resolve, ms));
        const then = await now();
        return Object.fromEntries(Object.entries(then).map(([what, count]) => [what, count - before[what]]));
      },
    });
  });

// Virtual seconds since the beginning.
const seconds = async ({ page }) => parseFloat(await page.locator(".moment-time").innerText());

// Lets time run until so many virtual seconds have passed, and stops it.
async function runsTo(learner, end) {
  await learner.play();
  const patience = Date.now() + 200_000;
  while ((await seconds(learner)) < end) {
    assert.ok(Date.now() < patience, `${await seconds(learner)} s of ${end} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await learner.pause();
}

// The highest speed on offer.
const fastest = async ({ speed }) => speed.selectOption({ index: (await speed.getByRole("option").count()) - 1 });

describe("endurance", { concurrency: 1 }, () => {
  test("ten minutes, and an hour, at top speed keep to the memory, and leave no element or listener behind", () =>
    watched("sandbox.html", {}, async (learner, counts) => {
      await learner.type("nodes 7");
      await learner.type("until leader");
      await learner.ask("etcdctl put name john");
      await learner.open("Logs");
      await fastest(learner);
      await runsTo(learner, 120);
      const early = await counts.holds();
      for (const [minutes, end] of [[10, 600], [60, 3_600]]) {
        await runsTo(learner, Math.max(end, (await seconds(learner)) + 480));
        const late = await counts.holds();
        console.log(`after 2 minutes ${JSON.stringify(early)}, after ${minutes} ${JSON.stringify(late)}`);
        assert.ok(late.bytes <= MEMORY_BYTES, `${late.bytes} bytes`);
        // Messages under way come and go: a few elements more or less are no leak.
        assert.ok(late.nodes < early.nodes + 50, `elements: ${early.nodes}, then ${late.nodes}`);
        assert.ok(late.listeners < early.listeners + 6, `listeners: ${early.listeners}, then ${late.listeners}`);
      }
    }));

  test("every panel and menu, opened and closed fifty times, leaves nothing behind", () =>
    watched("sandbox.html", { reducedMotion: "reduce" }, async (learner, counts) => {
      const { page } = learner;
      const tabs = (await page.getByRole("tab").allInnerTexts()).map((name) => name.split(/\s/)[0]);
      const round = async () => {
        for (const name of tabs) {
          await page.getByRole("tab", { name: new RegExp(`^${name}`) }).click();
          // What another program makes there comes a little later.
          if (name === "Charts") await page.locator('.charts[data-state="made"]').waitFor();
        }
        for (const target of [learner.node(2), learner.link(1, 2)]) {
          await target.press("Enter");
          await learner.menu.waitFor();
          await page.keyboard.press("Escape");
          await learner.menu.waitFor({ state: "detached" });
        }
        await learner.button("Partition…").click();
        await page.getByRole("dialog").waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
      };
      for (let times = 0; times < 5; times += 1) await round();
      const early = await counts.holds();
      for (let times = 0; times < 50; times += 1) await round();
      const late = await counts.holds();
      console.log(`after 5 rounds ${JSON.stringify(early)}, after 55 ${JSON.stringify(late)}`);
      // Fewer than one a round.
      assert.ok(late.nodes < early.nodes + 50, `elements: ${early.nodes}, then ${late.nodes}`);
      assert.ok(late.listeners < early.listeners + 50, `listeners: ${early.listeners}, then ${late.listeners}`);
      assert.ok(late.bytes < early.bytes + 4e6, `bytes: ${early.bytes}, then ${late.bytes}`);
    }));
});

const idle = (runs) => Object.values(runs).every((count) => count === 0);

describe("nobody looks", { concurrency: 2 }, () => {
  test("while time stands still nothing runs", () =>
    watched("sandbox.html", {}, async (learner, counts) => {
      await learner.play();
      assert.ok((await counts.runs(500)).frames > 5, "frames are counted");
      await learner.pause();
      await until("nothing runs", async () => idle(await counts.runs(1_000)));
      const event = await learner.event();
      assert.ok(idle(await counts.runs(5_000)));
      assert.equal(await learner.event(), event);
    }));

  test("charts that are closed ask for nothing, and while time stands still none does", () =>
    watched("sandbox.html", {}, async (learner, counts) => {
      const { page } = learner;
      await page.evaluate(() => {
        const { ask } = globalThis.raftLab;
        globalThis.asked = 0;
        globalThis.raftLab.ask = (...given) => {
          globalThis.asked += 1;
          return ask(...given);
        };
      });
      const asked = () => page.evaluate(() => globalThis.asked);
      await learner.open("Charts");
      await page.locator('.charts[data-state="made"]').waitFor();
      await learner.play();
      await until("they follow", async () => (await asked()) > 3);
      await learner.pause();
      await until("nothing runs", async () => idle(await counts.runs(1_000)));
      let before = await asked();
      assert.ok(idle(await counts.runs(3_000)));
      assert.equal(await asked(), before, "time stands still");
      await learner.open("Keys");
      await learner.play();
      await page.waitForTimeout(500);
      before = await asked();
      await page.waitForTimeout(2_000);
      assert.equal(await asked(), before, "they are closed");
      assert.equal((await counts.runs(1_000)).intervals, 0);
    }));

  test("a lab that was scrolled away costs nothing, and goes on where it was", () =>
    // So low that the card does not stay above the text.
    watched("elections.html", { viewport: { width: 600, height: 480 } }, async (learner, counts) => {
      const { page } = learner;
      await learner.play();
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      await until("nothing runs", async () => idle(await counts.runs(1_000)));
      const event = await learner.event();
      assert.ok(idle(await counts.runs(2_000)));
      assert.equal(await learner.event(), event);
      await page.evaluate(() => scrollTo(0, 0));
      await until("time goes on", async () => (await learner.event()) > event);
    }));

  test("a lab that is not displayed costs nothing", () =>
    watched("sandbox.html", PHONE, async (learner, counts) => {
      const { page } = learner;
      await learner.play();
      const shown = (is) => page.evaluate((is) => (document.querySelector(".page").hidden = !is), is);
      await shown(false);
      await until("nothing runs", async () => idle(await counts.runs(1_000)));
      // What is not displayed has no role.
      const event = Number(await page.locator("input[aria-label=Event]").inputValue());
      assert.ok(idle(await counts.runs(2_000)));
      await shown(true);
      await until("time goes on", async () => (await learner.event()) > event);
    }));

  test("a hidden tab costs nothing, keeps its session, and goes on when it is shown", () =>
    watched("sandbox.html", {}, async (learner, counts) => {
      const { page } = learner;
      await learner.play();
      const hidden = (is) =>
        page.evaluate((is) => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => is });
          Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (is ? "hidden" : "visible") });
          document.dispatchEvent(new Event("visibilitychange"));
        }, is);
      await hidden(true);
      // A headless browser goes on drawing: what stops is ours.
      await until("nothing runs", async () => idle(await counts.runs(1_000)));
      const event = await learner.event();
      const kept = await page.evaluate(() => localStorage.getItem("raft-lab:session:sandbox"));
      assert.ok(kept?.includes("until leader"), `${kept}`);
      assert.ok(idle(await counts.runs(2_000)));
      assert.equal(await learner.event(), event);
      await hidden(false);
      await until("time goes on", async () => (await learner.event()) > event);
    }));

  test("who asked for less motion finds time standing still, and nothing running", () =>
    lab.visit("sandbox.html", { reducedMotion: "reduce", before: watch }, async (page) => {
      const learner = new Learner(page);
      await learner.button("Play").waitFor();
      const frames = () => page.evaluate(() => globalThis.watched.frames);
      await until("the page has come to rest", async () => {
        const before = await frames();
        await page.waitForTimeout(1_000);
        return (await frames()) === before;
      });
      const moving = await page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === "running").length);
      assert.equal(moving, 0, "animations");
    }));

  test("a reload in the middle of a command comes back paused at the same event, and the command goes on", () =>
    watched("sandbox.html", {}, async (learner) => {
      const { page } = learner;
      // Nobody answers: the client waits for its time-out.
      await mouse.choose(learner, learner.node(1), "Crash");
      await learner.type("crash n2");
      await learner.type("crash n3");
      await learner.enter("etcdctl put name john");
      await until("the command runs", async () => !(await learner.idle()));
      await learner.pause();
      const event = await learner.event();
      const end = await learner.end();
      await page.reload();
      await learner.button("One event").waitFor();
      assert.equal(await learner.playing(), false, "time stands still");
      assert.equal(await learner.event(), event);
      assert.equal(await learner.end(), end);
      assert.equal(await learner.idle(), false, "the command still waits");
      await learner.arrives();
      await learner.play();
      const { error } = await learner.answered("etcdctl put name john");
      assert.match(error, /deadline|timed out/i);
    }));
});
