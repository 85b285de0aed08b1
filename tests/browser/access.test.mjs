// Everybody can use it: nothing that axe finds wrong, no sideways scroll, everything within the keyboard's
// reach, less motion for those who ask, and a theme that stays.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, describe, test } from "node:test";

import { alive, dist, faults, Lab, TEXTS } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const pages = (await readdir(dist)).filter((name) => name.endsWith(".html")).sort();
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };

const width = (page) => page.evaluate(() => document.documentElement.scrollWidth);

// Opens one panel after another, and the menus, and calls `look` on each.
async function throughEverything(learner, look) {
  const { page } = learner;
  await look("as it stands");
  await learner.node(1).press("Enter");
  await learner.menu.waitFor();
  await look("a node's menu");
  await page.keyboard.press("Escape");
  await learner.link(1, 2).press("Enter");
  await learner.menu.waitFor();
  await look("a link's menu");
  await page.keyboard.press("Escape");
  for (const name of await page.getByRole("tab").allInnerTexts()) {
    await learner.open(name.split(/\s/)[0]);
    await look(`the panel ${name}`);
    if (name === "Tools") {
      await learner.button("Partition…").click();
      await page.getByRole("dialog").waitFor();
      await look("the groups of a partition");
      await page.keyboard.press("Escape");
    }
  }
}

// A cluster with something to see everywhere: keys, clients, a cut link, a node that is down, an error.
async function busy(learner) {
  await learner.ask("etcdctl put name john");
  await learner.ask("crsh n1");
  await learner.type("cut n1 n2");
  await learner.type("crash n3");
}

describe("accessibility", { concurrency: 2 }, () => {
  for (const name of pages) {
    for (const viewport of [WIDE, PHONE]) {
      test(`${name} has no fault and no sideways scroll, ${viewport.width} wide`, () =>
        lab.visit(name, { viewport }, async (page) => {
          const learner = TEXTS.includes(name) ? undefined : await Learner.at(page);
          const look = async (what) => {
            assert.deepEqual(await faults(page), [], what);
            const wide = await width(page);
            assert.ok(wide <= viewport.width, `${what}: ${wide} px wide`);
          };
          await look("at first");
          // What opens is the same on every page; the sandbox stands for all.
          if (name !== "sandbox.html") return;
          await busy(learner);
          await throughEverything(learner, look);
        }));
    }
  }
});

// What Tab comes to, first to last, with how its focus is shown.
async function tabbed(page) {
  const stops = [];
  await page.evaluate(() => document.activeElement?.blur());
  for (let presses = 0; presses < 150; presses += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return null;
      // What shows for the focus alone is gone later: counted on, not counted anew.
      globalThis.stops ??= 0;
      element.dataset.tabbed ??= String((globalThis.stops += 1));
      // Shown on itself, on what holds it, or on what is drawn for it.
      const near = [element, element.parentElement, element.closest("label, .timeline, .terminal-prompt"), element.nextElementSibling, ...element.querySelectorAll("*")];
      const visible = near.some((candidate) => {
        if (!candidate) return false;
        const style = getComputedStyle(candidate);
        return (
          (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) ||
          (style.boxShadow !== "none" && candidate.matches(":focus-within")) ||
          (candidate.matches(".node-focus, .link-hit") && style.stroke !== "none")
        );
      });
      const box = element.getBoundingClientRect();
      // Some of it lies on top of everything else, itself or within its label.
      const seen = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.8], [0.1, 0.8], [0.9, 0.2]].some(([x, y]) => {
        const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
        return top !== null && (element.contains(top) || element.closest("label, .timeline")?.contains(top));
      });
      return {
        place: element.dataset.tabbed,
        name: element.getAttribute("aria-label") ?? element.id + element.textContent.trim().slice(0, 40),
        visible,
        seen,
      };
    });
    if (stop === null || stops.some(({ place }) => place === stop.place)) return stops;
    stops.push(stop);
  }
  return stops;
}

// What should have been come to: everything that takes the focus and is shown.
const missed = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
      .filter((element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility({ visibilityProperty: true }))
      .filter((element) => !(element.type === "radio" && document.querySelector(`[name="${element.name}"][data-tabbed]`)))
      .filter((element) => !("tabbed" in element.dataset))
      .map((element) => element.outerHTML.slice(0, 120)),
  );

describe("the keyboard", { concurrency: 2 }, () => {
  for (const name of pages) {
    for (const viewport of [WIDE, PHONE]) {
      test(`${name}: Tab comes to everything, and shows where it is, ${viewport.width} wide`, () =>
        lab.visit(name, { viewport, reducedMotion: "reduce" }, async (page) => {
          if (!TEXTS.includes(name)) await Learner.at(page);
          // What comes when one comes near is there before: Tab goes faster than a reader.
          for (const widget of await page.locator("[data-widget]").all()) {
            await widget.scrollIntoViewIfNeeded();
            await until("it is made", async () => (await widget.getAttribute("data-state")) === "made");
          }
          await page.evaluate(() => scrollTo(0, 0));
          const stops = await tabbed(page);
          assert.deepEqual(await missed(page), []);
          assert.deepEqual(stops.filter(({ visible }) => !visible), [], "no focus without a sign");
          assert.deepEqual(stops.filter(({ seen }) => !seen), [], "no focus out of sight");
          // An embedded lab has no text.
          if (name !== "embed.html") assert.match(stops[0].name, /Skip to the text/);
        }));
    }
  }

  test("the skip link leads to the text", () =>
    lab.visit("elections.html", {}, async (page) => {
      await alive(page);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
    }));

  test("the terminal lets the keyboard go, completes, and remembers", () =>
    lab.visit("sandbox.html", {}, async (page) => {
      const learner = await Learner.at(page);
      const there = () => learner.prompt.evaluate((field) => field === document.activeElement);
      await learner.type("crash n1");
      await learner.type("restart n1");
      await learner.prompt.press("ArrowUp");
      await until("the last line", async () => (await learner.prompt.inputValue()) === "restart n1");
      await learner.prompt.press("ArrowUp");
      await until("the one before", async () => (await learner.prompt.inputValue()) === "crash n1");
      await learner.prompt.fill("parti");
      await learner.prompt.press("Tab");
      await until("the word is completed", async () => /^partition/.test(await learner.prompt.inputValue()));
      assert.ok(await there());
      await learner.prompt.press("Escape");
      await learner.prompt.press("Tab");
      await until("the focus went on", async () => !(await there()));
    }));

  test("tabs are gone through by arrow keys", () =>
    lab.visit("sandbox.html", {}, async (page) => {
      const learner = await Learner.at(page);
      await learner.open("Keys");
      await page.getByRole("tab", { name: "Keys" }).focus();
      for (const name of ["Logs", "Events", "Messages", "Clients", "Charts", "Node", "Settings", "Keys"]) {
        await page.keyboard.press("ArrowRight");
        await page.getByRole("tabpanel", { name: new RegExp(`^${name}`) }).waitFor();
      }
    }));
});

describe("preferences", { concurrency: 2 }, () => {
  test("time runs from the start, but not for who asked for less motion", async () => {
    await lab.visit("index.html", { reducedMotion: "no-preference" }, async (page) => {
      await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    });
    await lab.visit("index.html", { reducedMotion: "reduce" }, async (page) => {
      await page.getByRole("button", { name: "Play", exact: true }).waitFor();
      const learner = new Learner(page);
      const event = await learner.event();
      await learner.button("One event").click();
      await until("one event", async () => (await learner.event()) === event + 1);
    });
  });

  for (const [colorScheme, other] of [["light", "dark"], ["dark", "light"]]) {
    test(`the theme is changed from ${colorScheme}, and stays so on every page`, () =>
      lab.visit("index.html", { colorScheme }, async (page) => {
        await Learner.at(page);
        const dark = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme === "dark");
        assert.equal(await dark(), colorScheme === "dark");
        const toggle = (to) => page.getByRole("button", { name: `${to[0].toUpperCase()}${to.slice(1)} theme` });
        await toggle(other).click();
        await toggle(colorScheme).waitFor();
        assert.equal(await dark(), other === "dark");
        await page.reload();
        assert.equal(await dark(), other === "dark");
        await page.goto(new URL("sandbox.html", page.url()).href);
        assert.equal(await dark(), other === "dark");
        await toggle(colorScheme).click();
        await toggle(other).waitFor();
        assert.equal(await dark(), colorScheme === "dark");
      }));
  }
});
