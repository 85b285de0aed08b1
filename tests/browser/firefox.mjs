// The page in Firefox: every page comes alive without a complaint, and each kind of thing that a browser does for
// it is seen once. What the page does is tested in Chromium.
//
//   FIREFOX=/usr/bin/firefox node --test firefox.mjs      in a shell; `cargo xtask test firefox` runs it

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, describe, test } from "node:test";

import { come, picture } from "./charts.mjs";
import { Fox } from "./fox.mjs";
import { alive, dist, Lab, TEXTS } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start({ browser: new Fox() });
after(() => lab.stop());

const PHONE = { width: 360, height: 740 };
const pages = (await readdir(dist)).filter((name) => name.endsWith(".html")).sort();

const isAt = (locator) => locator.evaluate((element) => element === document.activeElement);

// Presses Tab, unless `locator` has the focus already. Firefox leads from a page's last stop into its own bars, so
// one goes on from where one is and never round.
async function tabbedTo(page, locator) {
  if (await isAt(locator)) return true;
  await page.keyboard.press("Tab");
  return false;
}

describe("every page comes alive without a complaint", { concurrency: 2 }, () => {
  for (const name of pages) {
    test(name, () => lab.visit(name, {}, TEXTS.includes(name) ? (page) => page.locator("h1").waitFor() : alive));
  }
});

test("a line is typed and answered, and the program's second part came for it", () =>
  lab.visit("sandbox.html", {}, async (page) => {
    await alive(page);
    const learner = new Learner(page);
    await learner.prompt.click();
    await page.keyboard.type("etcdctl put name john");
    await page.keyboard.press("Enter");
    assert.equal((await learner.answered("etcdctl put name john")).out, "OK");
    assert.equal(await page.evaluate(() => document.documentElement.dataset.program), "whole");
  }));

test("the keyboard alone crashes a node, and every stop of Tab is there to be acted on", () =>
  lab.visit("sandbox.html", {}, async (page) => {
    const learner = await Learner.at(page);
    await page.locator("a.skip").focus();
    await until("Tab came to the nodes", () => tabbedTo(page, learner.node(1)));
    for (const key of ["ArrowRight", "Enter"]) await page.keyboard.press(key);
    await learner.menu.waitFor();
    await page.keyboard.press("Enter");
    await learner.gave("crash n2");
    assert.ok(await isAt(learner.node(2)), "the focus is back");
    // Firefox stops at whatever scrolls, too; what a row of tabs has for that is arrow keys.
    const idle = page.locator(":focus:not(a, button, input, select, textarea, summary, [tabindex='0'])");
    await until("Tab came to the panels", async () => {
      assert.equal(await idle.count(), 0, "a stop where nothing can be done");
      return tabbedTo(page, page.getByRole("tab", { selected: true }));
    });
  }));

test("a word's meaning is the next stop after the word, on a phone without a bar to scroll it", () =>
  lab.visit("elections.html", { viewport: PHONE, colorScheme: "dark" }, async (page) => {
    await alive(page);
    await page.locator("a.term").first().focus();
    const meaning = page.locator(".meaning");
    await meaning.waitFor();
    assert.ok(await meaning.evaluate((box) => box.clientWidth + 2 === box.offsetWidth), "borders alone");
    await page.keyboard.press("Tab");
    assert.ok(await isAt(meaning.getByRole("link", { name: "In the glossary" })));
  }));

test("a solution plays, and what was reached is kept over a reload", () =>
  lab.visit("partitions.html", {}, async (page) => {
    const learner = await Learner.at(page);
    await learner.speed.selectOption("100 ×");
    await learner.button("Play the solution").click();
    await page.getByText("All done").waitFor({ timeout: 30_000 });
    await page.reload();
    await learner.arrives();
    assert.equal(await page.locator("[data-goal]:not([data-reached])").count(), 0);
  }));

test("a chart is drawn, a dot for each of the screen's, and anew in another theme", () =>
  lab.visit("quorum-arithmetic.html", { colorScheme: "dark" }, async (page) => {
    const chart = await come(page, "availability");
    const first = await picture(chart);
    assert.ok(first.drawn > 2_000, `${first.drawn} dots are drawn`);
    assert.equal(first.width, first.across);
    await page.getByRole("button", { name: "Light theme" }).click();
    await until("other colours", async () => (await picture(chart)).hash !== first.hash);
  }));
