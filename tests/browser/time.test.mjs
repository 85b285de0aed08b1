// Time in the learner's hands: play, pause, steps, speed, going back, acting in the past, undo, redo, reset;
// and a reload in the middle of it.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { mouse } from "./hands.mjs";
import { Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const sandbox = (options, body) =>
  lab.visit("sandbox.html", options, async (page) => body(await Learner.at(page)));

// Moves the timeline to an event, as dragging its head does.
async function goTo(learner, event) {
  await learner.timeline.fill(String(event));
  await until(`event ${event}`, async () => (await learner.event()) === event);
}

const sourcesOf = async (learner) => (await learner.lines()).map(({ line }) => line);

describe("time", { concurrency: 2 }, () => {
  test("plays, pauses, and takes one event after another", () =>
    sandbox({}, async (learner) => {
      const start = await learner.event();
      await learner.play();
      await until("time passed", async () => (await learner.event()) > start + 20);
      await learner.pause();
      const stopped = await learner.event();
      await learner.button("One event").click();
      await until("one event more", async () => (await learner.event()) === stopped + 1);
      await learner.button("One event").click();
      await until("and another", async () => (await learner.event()) === stopped + 2);
      await learner.type("crash leader");
      const crashed = await learner.event();
      await learner.button("Next interesting event").click();
      await until("something interesting", async () => (await learner.event()) > crashed);
    }));

  test("runs at the speed that is chosen", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      const moment = async () => parseFloat(await page.locator(".moment-time").innerText());
      // Virtual seconds in about one of ours, told by frames and not by sleeping.
      const pace = async (speed) => {
        await learner.speed.selectOption(speed);
        await learner.play();
        const start = await moment();
        const frames = () =>
          page.evaluate(
            () =>
              new Promise((resolve) => {
                const began = performance.now();
                const each = (now) => (now - began > 800 ? resolve(now - began) : requestAnimationFrame(each));
                requestAnimationFrame(each);
              }),
          );
        const took = await frames();
        await learner.pause();
        return ((await moment()) - start) / (took / 1000);
      };
      const slow = await pace("1/20 ×");
      const fast = await pace("3 ×");
      assert.ok(slow > 0 && slow < 0.2, `1/20 is ${slow}`);
      assert.ok(fast > 4 * slow, `3 is ${fast}, 1/20 is ${slow}`);
    }));

  test("goes back; acting in the past makes another future, and undo brings back the first", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.ask("etcdctl put name john");
      await learner.type("crash n5");
      const crashed = await learner.event();
      await learner.play();
      await until("time passed", async () => (await learner.event()) > crashed + 40);
      await learner.pause();
      const end = await learner.end();
      await learner.becomes(5, "is down", (node) => node.role === "down");
      await learner.timeline.focus();
      await page.keyboard.press("Home");
      await until("the beginning", async () => (await learner.event()) === 0);
      assert.equal(await learner.end(), end);
      assert.ok((await learner.nodes()).every(({ role, term }) => role === "follower" && term === 0));
      await page.keyboard.press("ArrowRight");
      await until("the first event", async () => (await learner.event()) === 1);
      await page.keyboard.press("End");
      await until("the end", async () => (await learner.event()) === end);
      await learner.becomes(5, "is down again", (node) => node.role === "down");

      const leader = await learner.leader();
      await goTo(learner, crashed + 20);
      await learner.type(`pause n${leader.id}`);
      assert.ok((await learner.end()) < end, "the old future is gone");
      assert.ok((await sourcesOf(learner)).includes(`pause n${leader.id}`));
      await learner.button("Undo").click();
      await until("the old future is back", async () => (await learner.end()) === end);
      assert.ok(!(await sourcesOf(learner)).includes(`pause n${leader.id}`));
      await learner.timeline.focus();
      await page.keyboard.press("End");
      await learner.becomes(5, "is down as before", (node) => node.role === "down");
    }));

  test("goes back event by event, and from one event that is told to the one before", () =>
    sandbox({}, async (learner) => {
      await learner.type("crash leader");
      const crashed = await learner.event();
      await learner.type("advance 300ms");
      const end = await learner.event();
      await learner.button("One event back").click();
      await until("one event back", async () => (await learner.event()) === end - 1);
      await learner.button("Previous interesting event").click();
      await until("back at the crash", async () => (await learner.event()) === crashed);
      assert.equal(await learner.end(), end, "nothing is lost by going back");
      await learner.timeline.focus();
      await learner.page.keyboard.press("PageDown");
      await until("further back", async () => (await learner.event()) < crashed);
      await learner.page.keyboard.press("PageUp");
      await until("and forth again", async () => (await learner.event()) === crashed);
      await learner.page.keyboard.press("Home");
      await until("the beginning", async () => (await learner.event()) === 0);
      assert.ok(await learner.button("One event back").isDisabled());
    }));

  test("the future that one left can be returned to, and left again", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.type("crash n5");
      const crashed = await learner.event();
      await learner.play();
      await until("time passed", async () => (await learner.event()) > crashed + 40);
      await learner.pause();
      const end = await learner.end();
      assert.equal(await learner.button("Go to the other").count(), 0, "there is one future only");
      const fork = end - 30;
      await goTo(learner, fork);
      await learner.type("pause n4");
      const says = page.locator(".parted").getByRole("status");
      assert.equal(
        await says.innerText(),
        `Two futures part at event ${fork.toLocaleString("en")}: this one, and another of 30 events more.`,
      );
      await learner.type("advance 500ms");
      const second = await learner.end();
      await learner.button("Go to the other").click();
      await until("the first future", async () => (await learner.end()) === end);
      await learner.becomes(4, "is not paused", (node) => node.role !== "paused");
      await learner.becomes(5, "is down", (node) => node.role === "down");
      await learner.button("Go to the other").click();
      await until("the second one", async () => (await learner.end()) === second);
      await learner.becomes(4, "is paused", (node) => node.role === "paused");
    }));

  test("undo and redo say what of", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      const named = (name) => page.getByRole("button", { name, exact: true });
      await learner.type("crash n2");
      await named("Undo: crash n2").click();
      await named("Redo: crash n2").click();
      await learner.becomes(2, "is down", (node) => node.role === "down");
      await learner.type("heal");
      await named("Undo: heal").waitFor();
    }));

  test("as fast as the machine goes is fast, says how fast, and leaves the page to its user", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      const moment = async () => parseFloat(await page.locator(".moment-time").innerText());
      const start = await moment();
      await learner.speed.selectOption({ value: "12" });
      await learner.play();
      await until("ten virtual minutes", async () => (await moment()) > start + 600);
      // The speed is worked out every half second.
      await until("it says how fast it goes", async () => {
        const reached = /max · ([\d,]+) ×/.exec(await learner.speed.innerText());
        return reached && Number(reached[1].replaceAll(",", "")) > 20;
      });
      // A click is heard within some frames, not after all that could be worked off.
      const asked = Date.now();
      await mouse.choose(learner, learner.node(3), "Crash");
      await learner.becomes(3, "is down", (node) => node.role === "down");
      assert.ok(Date.now() - asked < 5_000, `${Date.now() - asked} ms`);
      await learner.pause();
    }));

  test("the pointer on the timeline is told what was there", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.type("crash leader");
      await learner.type("advance 100ms");
      const box = await learner.timeline.boundingBox();
      const share = (await learner.event()) - 1;
      const end = await learner.end();
      await page.mouse.move(box.x + 12 + ((box.width - 24) * share) / end, box.y + box.height / 2);
      await page.locator(".tip").getByText(/^event [\d,]+/).waitFor();
      await page.mouse.move(10, 10);
      await page.locator(".tip").waitFor({ state: "detached" });
      // Dragging goes there.
      await page.mouse.move(box.x + box.width - 14, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 8 });
      await page.mouse.up();
      await until("the middle", async () => Math.abs((await learner.event()) - end / 2) < end / 8);
      assert.equal(await learner.end(), end);
    }));

  test("time stands still where one went, even in the middle of a command", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      const before = await learner.event();
      await learner.type("advance 2s");
      const end = await learner.end();
      const middle = Math.floor((before + end) / 2);
      const frames = (count) =>
        page.evaluate((count) => {
          const next = (left, done) => (left === 0 ? done() : requestAnimationFrame(() => next(left - 1, done)));
          return new Promise((done) => next(count, done));
        }, count);
      await goTo(learner, middle);
      await frames(20);
      assert.equal(await learner.event(), middle);
      await page.reload();
      await learner.button("One event").waitFor();
      await frames(20);
      assert.equal(await learner.event(), middle, "after a reload too");
      await learner.button("One event").click();
      await until("one event", async () => (await learner.event()) === middle + 1);
      await frames(20);
      assert.equal(await learner.event(), middle + 1);
      await learner.play();
      await until("the command goes on and ends", () => learner.idle());
    }));

  test("an event of the feed leads to its moment, and to its cause's", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.type("crash leader");
      await learner.type("until leader");
      const end = await learner.event();
      await learner.open("Events");
      const events = page.getByRole("region", { name: "Events, newest first" });
      const crash = events.getByRole("button", { name: /crash/i }).first();
      await crash.click();
      await until("time went back", async () => (await learner.event()) < end);
      const there = await learner.event();
      await events.getByRole("button", { name: /^because of event/ }).first().click();
      await until("the cause", async () => (await learner.event()) !== there);
      assert.equal(await learner.end(), end);
    }));

  test("undo, redo and reset take lines back, give them again, and begin anew", () =>
    // Time that has not run yet shows where the beginning is.
    sandbox({ reducedMotion: "reduce" }, async (learner) => {
      const begin = await learner.event();
      assert.ok(await learner.button("Undo").isDisabled());
      await mouse.choose(learner, learner.link(1, 2), "Cut both ways");
      await learner.gave("cut n1 n2");
      await learner.type("crash n4");
      const cut = async () => /cut/.test(await learner.link(1, 2).getAttribute("aria-label"));
      const down = async () => (await learner.nodes())[3].role === "down";
      await learner.button("Undo").click();
      await until("n4 is up", async () => !(await down()) && (await cut()));
      await learner.button("Undo").click();
      await until("the link is whole", async () => !(await cut()));
      assert.ok(!(await sourcesOf(learner)).includes("cut n1 n2"));
      await learner.button("Redo").click();
      await until("the link is cut again", cut);
      await learner.button("Redo").click();
      await until("n4 is down again", down);
      assert.ok(await learner.button("Redo").isDisabled());
      await learner.button("Reset").click();
      await until("the beginning", async () => !(await cut()) && !(await down()));
      assert.equal(await learner.event(), begin);
      await learner.button("Undo").click();
      await until("reset can be undone", async () => (await cut()) && (await down()));
    }));

  test("a reload brings back where one was, paused", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.ask("etcdctl put name john");
      await mouse.choose(learner, learner.node(3), "Crash");
      await learner.type("advance 1s");
      await learner.play();
      const before = await learner.event();
      await until("time passed", async () => (await learner.event()) > before + 10);
      await learner.pause();
      const state = async () => ({
        event: await learner.event(),
        nodes: await learner.nodes(),
        lines: await learner.lines(),
      });
      const left = await state();
      await page.reload();
      await learner.button("One event").waitFor();
      assert.equal(await learner.playing(), false, "time stands still");
      assert.deepEqual(await state(), left);
      await learner.arrives();
      assert.equal((await learner.ask("etcdctl get name")).out, "name\njohn");
    }));

  test("a reload while time runs, and a reload in the past, come back near where one was", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.type("crash leader");
      await learner.play();
      await learner.leader();
      const running = await learner.event();
      // What runs is kept every four seconds, and as one leaves; on a busy machine a page may be gone
      // before it hears that one leaves.
      await page.waitForTimeout(6_000);
      await page.reload();
      await learner.button("One event").waitFor();
      assert.equal(await learner.playing(), false);
      assert.ok((await learner.event()) >= running, `${await learner.event()} after ${running}`);
      await learner.arrives();
      await goTo(learner, Math.floor(running / 2));
      const past = await learner.nodes();
      await page.reload();
      await learner.button("One event").waitFor();
      assert.equal(await learner.event(), Math.floor(running / 2));
      assert.deepEqual(await learner.nodes(), past);
    }));
});
