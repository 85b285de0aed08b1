// What a word means, beside it and on a page of its own: for a mouse, a keyboard and a finger, and without scripts.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, describe, test } from "node:test";

import { alive, faults, Lab } from "./harness.mjs";
import { tabTo } from "./hands.mjs";
import { until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const toml = await readFile(new URL("../../lessons/glossary.toml", import.meta.url), "utf8");
const terms = [...toml.matchAll(/^([a-z-]+) = "/gm)].map(([, term]) => term);

const PAGE = "elections.html";
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const calm = { reducedMotion: "reduce" };
const meaning = (page) => page.locator(".meaning");
const word = (page) => page.locator("a.term").first();
const gone = (page) => meaning(page).waitFor({ state: "detached" });

describe("a word's meaning", { concurrency: 2 }, () => {
  test("shows to who points at it, lets the pointer come, and goes when it leaves both", () =>
    lab.visit(PAGE, calm, async (page) => {
      await alive(page);
      await word(page).hover();
      await meaning(page).waitFor();
      assert.equal(await meaning(page).locator("#meaning-text").innerText(), await word(page).getAttribute("data-meaning"));
      await meaning(page).hover();
      // Longer than it takes to go.
      await page.waitForTimeout(700);
      assert.ok(await meaning(page).isVisible());
      await page.mouse.move(5, 400);
      await gone(page);
      await word(page).hover();
      await meaning(page).waitFor();
      await page.keyboard.press("Escape");
      await gone(page);
    }));

  test("shows to who comes by Tab, who can go into it and send it away", () =>
    lab.visit(PAGE, calm, async (page) => {
      await alive(page);
      await tabTo(page, word(page));
      await meaning(page).waitFor();
      assert.equal(await word(page).getAttribute("aria-describedby"), "meaning-text");
      await page.keyboard.press("Tab");
      const inside = meaning(page).getByRole("link", { name: "In the glossary" });
      assert.ok(await inside.evaluate((link) => link === document.activeElement), "Tab leads into it");
      await page.keyboard.press("Escape");
      await gone(page);
      assert.ok(await word(page).evaluate((link) => link === document.activeElement), "the focus comes back");
      await page.waitForTimeout(400);
      assert.equal(await meaning(page).count(), 0, "and shows nothing anew");
      await page.keyboard.press("Tab");
      await until("the next word", () => meaning(page).count());
      const second = page.locator("a.term").nth(1);
      assert.equal(await second.getAttribute("aria-describedby"), "meaning-text");
    }));

  test("stays after a tap, until one elsewhere, and leaves nobody's lesson", () =>
    lab.visit(PAGE, { ...PHONE, ...calm }, async (page) => {
      await alive(page);
      const at = page.url();
      for (let place = 0; place < 3; place += 1) {
        const link = page.locator("a.term").nth(place);
        await link.scrollIntoViewIfNeeded();
        await link.tap();
        await meaning(page).waitFor();
        const box = await meaning(page).boundingBox();
        assert.ok(box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
        await page.waitForTimeout(500);
        assert.ok(await meaning(page).isVisible());
        await page.locator("h1").dispatchEvent("pointerdown");
        await gone(page);
      }
      assert.equal(page.url(), at);
    }));

  test("a click keeps it, another sends it away, and its link leads to the glossary", () =>
    lab.visit(PAGE, calm, async (page) => {
      await alive(page);
      await word(page).click();
      await meaning(page).waitFor();
      await page.mouse.move(5, 400);
      await page.waitForTimeout(700);
      assert.ok(await meaning(page).isVisible(), "the pointer left, it stays");
      await word(page).click();
      await gone(page);
      await word(page).click();
      await meaning(page).getByRole("link").click();
      await page.waitForURL(/glossary\.html#leader$/);
    }));

  for (const [name, size] of [["wide", {}], ["on a phone", PHONE]]) {
    test(`has no fault, ${name}`, () =>
      lab.visit(PAGE, { ...size, ...calm }, async (page) => {
        await alive(page);
        await word(page).click();
        await meaning(page).waitFor();
        assert.deepEqual(await faults(page), []);
        assert.ok(await meaning(page).isVisible());
      }));
  }
});

describe("the glossary", { concurrency: 2 }, () => {
  test("has every word, without scripts, and each can be linked to", () =>
    lab.visit("glossary.html", { javaScriptEnabled: false, expected: /\.js csp$/ }, async (page) => {
      assert.ok(terms.length > 20);
      for (const term of terms) {
        const entry = page.locator(`main [id="${term}"]`);
        assert.equal(await entry.getByRole("term").innerText(), term.replaceAll("-", " "));
        assert.ok((await entry.getByRole("definition").innerText()).length > 20);
      }
      assert.equal(await page.getByRole("button").count(), 0, "nothing that needs a script");
    }));

  test("a word in a lesson leads there without scripts, and from there back", () =>
    lab.visit(PAGE, { javaScriptEnabled: false, expected: /\.js csp$/ }, async (page) => {
      await word(page).click();
      await page.waitForURL(/glossary\.html#leader$/);
      await page.locator("#leader").getByRole("link", { name: "Elections" }).click();
      await page.waitForURL(/elections\.html$/);
    }));

  test("is linked from the front page and below every lesson", () =>
    lab.visit("index.html", {}, async (page) => {
      await page.getByRole("article").getByRole("link", { name: "glossary" }).click();
      await page.waitForURL(/glossary\.html$/);
      await page.goto(lab.base + PAGE);
      await page.getByRole("main").getByRole("link", { name: "Glossary", exact: true }).click();
      await page.waitForURL(/glossary\.html$/);
    }));

  test("loads no program", () => {
    const loaded = [];
    return lab.visit(
      "glossary.html",
      { before: (page) => page.on("request", (request) => loaded.push(request.url())) },
      async (page) => {
        await page.waitForLoadState("networkidle");
        assert.ok(loaded.some((url) => url.endsWith("book.js")));
        assert.deepEqual(loaded.filter((url) => /\.wasm|boot|raft-lab-/.test(url)), []);
      },
    );
  });
});
