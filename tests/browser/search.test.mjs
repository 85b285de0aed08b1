// The search over lessons and glossary: what it finds, how it is gone through by keys, and that it needs no lab.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, test } from "node:test";

import { alive, dist, faults, Lab } from "./harness.mjs";
import { tabTo } from "./hands.mjs";
import { until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const index = JSON.parse(await readFile(path.join(dist, "search.json"), "utf8"));
const html = (page) => readFile(path.join(dist, `${page}.html`), "utf8");

const calm = { reducedMotion: "reduce" };
const PHONE = { viewport: { width: 360, height: 740 } };
const field = (page) => page.getByRole("combobox", { name: "Search lessons and glossary" });
const options = (page) => page.getByRole("search").getByRole("option");
const status = (page) => page.getByRole("search").getByRole("status");

// Types into the field, and waits for what is said of it.
async function ask(page, text) {
  await field(page).fill("");
  await until("nothing is said", async () => (await status(page).textContent()) === "");
  await field(page).fill(text);
  await until(`an answer to ${text}`, async () => (await status(page).textContent()) !== "");
  return options(page).evaluateAll((found) => found.map((one) => one.getAttribute("href")));
}

test("every place that the index names is there, and nothing gives away what is to be found out", async () => {
  assert.ok(index.length > 4);
  for (const { page, sections } of index) {
    const source = await html(page);
    const ids = new Set([...source.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
    for (const [id, heading, text] of sections) {
      assert.ok(id === "" || ids.has(id), `${page}.html has no #${id}`);
      assert.doesNotMatch(heading + text, /&(lt|gt|amp|quot);|<\/?[a-z]+[ >]/);
    }
    if (page === "glossary") continue;
    const lesson = JSON.parse(/id="lesson">([\s\S]*?)<\/script>/.exec(source)[1]);
    const said = sections.map(([, , text]) => text).join(" ");
    for (const { because } of [...lesson.goals, ...lesson.predictions]) {
      assert.ok(!said.includes(because.replaceAll("`", "")), because);
    }
  }
});

describe("the search", { concurrency: 2 }, () => {
  test("finds words of titles, headings, prose and glossary, and the nearest first", () =>
    lab.visit("index.html", calm, async (page) => {
      assert.equal((await ask(page, "partitions"))[0], "partitions.html");
      assert.equal((await ask(page, "quorum"))[0], "glossary.html#quorum");
      assert.ok((await ask(page, "timer every node")).includes("elections.html#a-timer-in-every-node"));
      assert.ok((await ask(page, "BANGALORE")).some((href) => href.startsWith("key-value-versus-tables.html")));
      // The beginning of a word is enough.
      assert.ok((await ask(page, "heartb")).includes("glossary.html#heartbeat"));
      const found = options(page).first();
      assert.ok((await found.locator("mark").allInnerTexts()).every((mark) => /heartb/i.test(mark)));
    }));

  test("leads into a section behind a fold, which a finger or a key opens, too", async () => {
    const place = "setting-up-a-cluster.html#when-a-flag-is-wrong";
    await lab.visit("index.html", calm, async (page) => {
      assert.equal((await ask(page, "already been bootstrapped"))[0], place);
      await options(page).first().click();
      await page.waitForURL(`**/${place}`);
      const fold = page.locator("details.more", { has: page.locator("#when-a-flag-is-wrong") });
      await fold.getByText("One name twice.").waitFor();
      await fold.locator("summary").focus();
      await page.keyboard.press("Enter");
      await fold.getByText("One name twice.").waitFor({ state: "hidden" });
    });
    await lab.visit(place, { ...calm, javaScriptEnabled: false, expected: /\.js csp$/ }, (page) =>
      page.getByRole("heading", { name: "When a flag is wrong" }).click().then(() => page.getByText("One name twice.").waitFor()),
    );
  });

  test("forgives a slip, says so, and says when there is nothing", () =>
    lab.visit("index.html", calm, async (page) => {
      assert.equal((await ask(page, "quroum"))[0], "glossary.html#quorum");
      assert.match(await status(page).innerText(), /Nothing was found for “quroum”; \d+ places for “quorum”\./);
      assert.deepEqual(await ask(page, "zzzzzz"), []);
      assert.match(await status(page).innerText(), /Nothing was found for “zzzzzz”\./);
      assert.equal(await field(page).getAttribute("aria-expanded"), "false");
    }));

  test("is gone through by arrow keys, and Enter leads to the heading", () =>
    lab.visit("index.html", calm, async (page) => {
      await tabTo(page, field(page));
      await page.keyboard.type("timer every node");
      await until("all of it is looked for", async () => (await options(page).count()) < 4);
      const active = () => field(page).getAttribute("aria-activedescendant");
      assert.equal(await field(page).getAttribute("aria-expanded"), "true");
      assert.equal(await active(), null, "nothing is chosen of itself");
      await page.keyboard.press("ArrowDown");
      assert.equal(await active(), await options(page).first().getAttribute("id"));
      assert.equal(await options(page).first().getAttribute("aria-selected"), "true");
      await page.keyboard.press("ArrowUp");
      assert.equal(await active(), null, "above the first one types");
      await page.keyboard.press("ArrowUp");
      assert.equal(await active(), await options(page).last().getAttribute("id"));
      assert.equal(await page.getByRole("search").getByRole("option", { selected: true }).count(), 1);
      // Escape closes the list, and once more empties the field.
      await page.keyboard.press("Escape");
      assert.equal(await options(page).count(), 0);
      assert.equal(await field(page).inputValue(), "timer every node");
      await page.keyboard.press("ArrowDown");
      await options(page).first().waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      assert.equal(await field(page).inputValue(), "");
      await page.keyboard.type("timer every node");
      await until("all of it is looked for", async () => (await options(page).count()) < 4);
      const hrefs = await options(page).evaluateAll((found) => found.map((one) => one.getAttribute("href")));
      const wanted = hrefs.indexOf("elections.html#a-timer-in-every-node");
      for (let presses = 0; presses <= wanted; presses += 1) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForURL(/elections\.html#a-timer-in-every-node$/);
      await until("the heading is in sight", () =>
        page.locator("#a-timer-in-every-node").evaluate((heading) => {
          const { top, bottom } = heading.getBoundingClientRect();
          return top >= 0 && bottom <= innerHeight;
        }),
      );
    }));

  test("loads its index at the first letter, and needs no program", () => {
    const loaded = [];
    const before = async (page) => {
      page.on("request", (request) => loaded.push(new URL(request.url()).pathname.split("/").at(-1)));
      await page.route("**/*.wasm", (route) => route.abort());
    };
    return lab.visit("index.html", { ...calm, before, expected: /wasm|Failed to (fetch|load)|TypeError/ }, async (page) => {
      await field(page).focus();
      await until("the search is there", () => loaded.includes("search.js"));
      assert.ok(!loaded.includes("search.json"));
      assert.ok((await ask(page, "leader")).length > 0);
      assert.ok(loaded.includes("search.json"));
    });
  });

  test("says when it cannot be loaded", () => {
    const before = (page) => page.route("**/search.json", (route) => route.abort());
    return lab.visit("index.html", { ...calm, before, expected: /search\.json|Failed to load/ }, async (page) => {
      await ask(page, "leader");
      assert.equal(await status(page).textContent(), "The search could not be loaded.");
    });
  });

  test("opens from a lesson by keyboard, and gives the focus back", () =>
    lab.visit("elections.html", calm, async (page) => {
      await alive(page);
      const way = page.getByRole("banner").getByRole("link", { name: "Search" });
      await tabTo(page, way);
      await page.keyboard.press("Enter");
      await page.getByRole("dialog", { name: "Search" }).waitFor();
      await ask(page, "term");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      assert.equal(await page.getByRole("dialog").count(), 1, "the field is emptied first");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      assert.ok(await way.evaluate((link) => link === document.activeElement));
      await page.keyboard.press("Enter");
      // On the page that one is on, the window goes and the heading comes.
      await ask(page, "timer every node");
      await page.locator('[role=option][href="elections.html#a-timer-in-every-node"]').click();
      await page.waitForURL(/#a-timer-in-every-node$/);
      assert.equal(await page.getByRole("dialog").count(), 0);
    }));

  for (const [name, size] of [["wide", {}], ["on a phone", PHONE]]) {
    test(`has no fault with its list open, ${name}`, () =>
      lab.visit("index.html", { ...size, ...calm }, async (page) => {
        await alive(page);
        await field(page).focus();
        await ask(page, "quorum");
        await page.keyboard.press("ArrowDown");
        assert.deepEqual(await faults(page), []);
        assert.ok((await options(page).count()) > 0);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= (size.viewport?.width ?? 1280), `${wide} px wide`);
      }));
  }

  test("has no fault over a lesson", () =>
    lab.visit("elections.html", calm, async (page) => {
      await alive(page);
      await page.getByRole("banner").getByRole("link", { name: "Search" }).click();
      await page.getByRole("dialog").waitFor();
      await ask(page, "quroum");
      assert.deepEqual(await faults(page), []);
    }));
});
