// What is kept of a reader: answers, goals, the place; in this browser, as a file, and what becomes of it where
// nothing can be kept.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, describe, test } from "node:test";

import { alive, faults, Lab } from "./harness.mjs";
import { tabTo } from "./hands.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const PAGE = "elections.html";
const KEY = "raft-lab:progress";
const calm = { reducedMotion: "reduce" };

const kept = (page) => page.evaluate((key) => JSON.parse(localStorage.getItem(key)), KEY);
const withKept = (progress) => (page) =>
  page.addInitScript(
    ([key, text]) => {
      if (localStorage.getItem(key) === null) localStorage.setItem(key, text);
    },
    [KEY, JSON.stringify(progress)],
  );
const question = (page, id) => page.locator(`[data-predict="${id}"]`);
const goal = (page, id) => page.locator(`[data-goal="${id}"]`);
const isReached = (page, id) => goal(page, id).evaluate((item) => "reached" in item.dataset);
const row = (page, id) => page.locator(`.lessons [data-lesson="${id}"]`);
const note = (page) => page.locator(".kept-note").getByRole("status");
const button = (page, name) => page.getByRole("main").getByRole("button", { name, exact: true });

async function openKept(page) {
  await page.getByText("Your progress").click();
  await button(page, "Export as a file").waitFor();
}

async function exported(page) {
  const download = page.waitForEvent("download");
  await button(page, "Export as a file").click();
  return readFile(await (await download).path(), "utf8");
}

async function imports(page, text, name = "progress.json") {
  const chooser = page.waitForEvent("filechooser");
  await button(page, "Import a file").click();
  await (await chooser).setFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
  const said = page.locator(".kept-said");
  await until("it is said what came of it", async () => (await said.innerText()).includes(name));
  return said.innerText();
}

const SOME = {
  version: 1,
  lessons: {
    elections: { goals: ["crash"], answers: { gap: 1 } },
    partitions: { goals: [], answers: {}, done: true },
  },
  last: { lesson: "elections", heading: "a-timer-in-every-node" },
};

describe("progress", { concurrency: 2 }, () => {
  test("goals, answers and the place are kept, and the front page shows them", () =>
    lab.visit(PAGE, calm, async (page) => {
      const learner = await Learner.at(page);
      await question(page, "gap").getByRole("radio").nth(1).check();
      await learner.type("crash leader");
      await learner.type("until leader");
      await until("the goal is reached", () => isReached(page, "crash"));
      const steps = page.locator(".lesson-foot [data-steps]");
      assert.match(await steps.innerText(), /^2 of \d+ steps$/);
      await page.locator("#a-timer-in-every-node").evaluate((heading) => heading.scrollIntoView({ block: "start" }));
      // A click of a hand scrolls nothing; one of the test would.
      await page.getByRole("banner").getByRole("link", { name: "Raft Lab" }).evaluate((link) => link.click());
      await page.waitForURL(/index\.html$/);
      const { version, lessons, last } = await kept(page);
      assert.deepEqual([version, lessons.elections], [1, { goals: ["crash"], answers: { gap: 1 } }]);
      assert.equal(last.lesson, "elections");
      assert.match(await row(page, "elections").innerText(), /2 of \d+ steps/);
      const way = page.locator(".resume");
      assert.match(await way.innerText(), /Go on with.*Elections/s);
      assert.equal(await way.getAttribute("href"), `elections.html#${last.heading}`);
      await way.click();
      await page.waitForURL(/elections\.html#/);
      await until("the place is in sight", () =>
        page.locator(`#${last.heading}`).evaluate((heading) => heading.getBoundingClientRect().top < innerHeight),
      );
    }));

  test("a goal stays reached when the run is lost, and a question can be tried again", () =>
    lab.visit(PAGE, { ...calm, before: withKept(SOME) }, async (page) => {
      await alive(page);
      assert.ok(await isReached(page, "crash"));
      assert.ok(await goal(page, "crash").locator(".goal-because").isVisible());
      assert.match(await page.locator(".goals-count").innerText(), /^1 of \d/);
      const field = question(page, "gap");
      assert.ok(await field.locator(".because").isVisible());
      await field.getByRole("button", { name: "Try again" }).click();
      assert.ok(await field.locator(".because").isHidden());
      assert.equal(await field.getByRole("radio", { checked: true }).count(), 0);
      assert.ok(await field.getByRole("radio").first().evaluate((radio) => radio === document.activeElement));
      await page.reload();
      assert.ok(await field.getByRole("radio").nth(1).isChecked(), "what was answered stays");
      await field.getByRole("radio").nth(0).check();
      assert.equal((await kept(page)).lessons.elections.answers.gap, 0);
      assert.equal(await field.locator(".because").getAttribute("data-verdict"), "wrong");
    }));

  test("questions answer before and without the program", () =>
    lab.visit(PAGE, { ...calm, before: (page) => page.route("**/*.wasm", (route) => route.abort()), expected: /wasm|Failed to|TypeError/ }, async (page) => {
      await question(page, "gap").getByRole("radio").nth(1).check();
      await question(page, "gap").locator('.because[data-verdict="right"]').waitFor();
    }));

  test("two tabs add to each other", () =>
    lab.visit(PAGE, calm, async (page) => {
      const other = await page.context().newPage();
      await other.goto(lab.base + "partitions.html");
      const field = other.locator("[data-predict]").first();
      await question(page, "gap").getByRole("radio").nth(0).check();
      await field.getByRole("radio").nth(0).check();
      await question(page, "gap").getByRole("radio").nth(1).check();
      const { lessons } = await kept(page);
      assert.deepEqual(lessons.elections.answers, { gap: 1 });
      assert.equal(Object.keys(lessons.partitions.answers).length, 1);
      await until("the first tab knows", () => page.locator(".lesson-foot [data-steps]").innerText().then((text) => /^1 of/.test(text)));
    }));

  test("what a newer version kept is left alone, and that is said", () => {
    const newer = { version: 2, lessons: { elections: { goals: ["crash"], answers: {}, stars: 5 } } };
    return lab.visit(PAGE, { ...calm, before: withKept(newer) }, async (page) => {
      await alive(page);
      assert.match(await note(page).innerText(), /newer version/);
      assert.ok(await isReached(page, "crash"), "as far as it is understood it is shown");
      await question(page, "gap").getByRole("radio").nth(1).check();
      await question(page, "gap").locator(".because").waitFor();
      assert.match(await page.locator(".lesson-foot [data-steps]").innerText(), /^2 of/);
      assert.deepEqual(await kept(page), newer);
      assert.deepEqual(await faults(page), []);
      await page.locator(".kept-note").getByRole("button", { name: "Close" }).click();
      assert.ok(await note(page).isHidden());
    });
  });

  test("where nothing may be kept, everything works, and it is said", () => {
    const before = (page) =>
      page.addInitScript(() => {
        Object.defineProperty(globalThis, "localStorage", {
          get() {
            throw new DOMException("forbidden", "SecurityError");
          },
        });
      });
    return lab.visit(PAGE, { ...calm, before }, async (page) => {
      const learner = await Learner.at(page);
      assert.match(await note(page).innerText(), /keeps nothing/);
      await question(page, "gap").getByRole("radio").nth(1).check();
      await learner.type("crash leader");
      await learner.type("until leader");
      await until("the goal is reached", () => isReached(page, "crash"));
      assert.match(await page.locator(".lesson-foot [data-steps]").innerText(), /^2 of/);
      await openKept(page);
      assert.deepEqual(JSON.parse(await exported(page)).lessons.elections.goals, ["crash"]);
    });
  });

  test("where there is no room, it is said once there is something to keep, and a file still holds it", () => {
    const before = (page) =>
      page.addInitScript((key) => {
        const set = Storage.prototype.setItem;
        Storage.prototype.setItem = function (name, value) {
          if (name === key && !globalThis.room) throw new DOMException("full", "QuotaExceededError");
          set.call(this, name, value);
        };
      }, KEY);
    return lab.visit(PAGE, { ...calm, before }, async (page) => {
      await alive(page);
      assert.equal(await note(page).count(), 0);
      await question(page, "gap").getByRole("radio").nth(1).check();
      assert.match(await note(page).innerText(), /no room/);
      await openKept(page);
      assert.deepEqual(JSON.parse(await exported(page)).lessons.elections.answers, { gap: 1 });
      await page.evaluate(() => (globalThis.room = true));
      await question(page, "gap").getByRole("radio").nth(0).check();
      assert.deepEqual((await kept(page)).lessons.elections.answers, { gap: 0 });
      await note(page).waitFor({ state: "hidden" });
    });
  });

  test("damaged progress is put aside, not lost", () =>
    lab.visit(PAGE, { ...calm, before: (page) => page.addInitScript((key) => localStorage.setItem(key, "{no"), KEY) }, async (page) => {
      await question(page, "gap").getByRole("radio").nth(1).check();
      assert.deepEqual((await kept(page)).lessons.elections.answers, { gap: 1 });
      assert.equal(await page.evaluate((key) => localStorage.getItem(`${key}:damaged`), KEY), "{no");
    }));
});

describe("progress as a file", { concurrency: 2 }, () => {
  test("goes out and comes in, and only adds", () =>
    lab.visit("index.html", { ...calm, before: withKept(SOME) }, async (page) => {
      await openKept(page);
      const file = JSON.parse(await exported(page));
      assert.deepEqual(file, { format: "Raft Lab progress", ...SOME });
      file.lessons.elections = { goals: ["isolate", "crash"], answers: { gap: 0, alone: 2 } };
      file.lessons.reads = { goals: ["x"], answers: {} };
      delete file.lessons.partitions;
      assert.match(await imports(page, JSON.stringify(file)), /^Imported 2 lessons from progress\.json\./);
      const { lessons } = await kept(page);
      assert.deepEqual(lessons.elections, { goals: ["crash", "isolate"], answers: { gap: 1, alone: 2 } });
      assert.deepEqual(lessons.reads.goals, ["x"]);
      assert.equal(lessons.partitions.done, true);
      assert.match(await row(page, "elections").innerText(), /4 of \d+ steps/);
    }));

  test("is shown at once in a lesson that it tells of", () =>
    lab.visit(PAGE, calm, async (page) => {
      await alive(page);
      await openKept(page);
      await imports(page, JSON.stringify({ format: "Raft Lab progress", ...SOME }));
      assert.ok(await isReached(page, "crash"));
      assert.ok(await question(page, "gap").locator(".because").isVisible());
    }));

  test("is refused if it is none, or newer, and nothing changes", () =>
    lab.visit("index.html", { ...calm, before: withKept(SOME) }, async (page) => {
      await openKept(page);
      for (const [text, why] of [
        ["hello", /it is not a file of progress/],
        ["[1]", /it is not a file of progress/],
        [JSON.stringify({ format: "Raft Lab progress", version: 2, lessons: {} }), /newer version/],
        [" ".repeat(1024 * 1024 + 1), /too large/],
      ]) {
        assert.match(await imports(page, text, `f${text.length}.json`), why);
      }
      const strange = { elections: { goals: [1, "<b>", "isolate"], answers: { gap: "x", alone: -1 } }, "../x": {}, y: null };
      await imports(page, JSON.stringify({ format: "Raft Lab progress", version: 1, lessons: strange }));
      const { lessons } = await kept(page);
      assert.deepEqual(lessons, { ...SOME.lessons, elections: { goals: ["crash", "isolate"], answers: { gap: 1 } } });
    }));
});

describe("a reset", { concurrency: 2 }, () => {
  test("of one lesson, by keyboard: asks, can be called off, and begins anew", () =>
    lab.visit(PAGE, { ...calm, before: withKept(SOME) }, async (page) => {
      const learner = await Learner.at(page);
      await learner.type("crash leader");
      await tabTo(page, page.locator(".kept summary"));
      await page.keyboard.press("Enter");
      const reset = button(page, "Reset this lesson");
      await reset.waitFor();
      await tabTo(page, reset);
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: "Reset “Elections”?" });
      await dialog.waitFor();
      assert.ok(await dialog.getByRole("button", { name: "Cancel" }).evaluate((it) => it === document.activeElement));
      assert.deepEqual(await faults(page), []);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      assert.ok(await reset.evaluate((it) => it === document.activeElement), "the focus comes back");
      assert.ok(await isReached(page, "crash"));
      await page.keyboard.press("Enter");
      await dialog.waitFor();
      await page.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });
      assert.ok(await isReached(page, "crash"), "Enter calls it off");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      const reloaded = page.waitForEvent("load");
      await page.keyboard.press("Enter");
      await reloaded;
      await learner.arrives();
      assert.ok(!(await isReached(page, "crash")));
      assert.ok(!(await learner.lines()).some(({ line }) => line === "crash leader"), "the run begins anew");
      assert.ok(await question(page, "gap").locator(".because").isHidden());
      const { lessons } = await kept(page);
      assert.deepEqual(Object.keys(lessons), ["partitions"], "the others stay");
    }));

  test("of one and of all on the front page; the sandbox stays", () => {
    const before = async (page) => {
      await withKept(SOME)(page);
      await page.addInitScript(() => {
        for (const id of ["elections", "partitions", "sandbox"]) localStorage.setItem(`raft-lab:session:${id}`, "x");
      });
    };
    return lab.visit("index.html", { ...calm, before }, async (page) => {
      await openKept(page);
      const sessions = () =>
        page.evaluate(() => Object.keys(localStorage).filter((key) => /^raft-lab:session:(?!home)/.test(key)).sort());
      const reset = page.getByRole("dialog").getByRole("button", { name: "Reset" });
      await button(page, "Reset Elections").click();
      await reset.click();
      await until("it is said", () => page.locator(".kept-said").innerText().then((text) => /Elections/.test(text)));
      assert.deepEqual(Object.keys((await kept(page)).lessons), ["partitions"]);
      assert.deepEqual(await sessions(), ["raft-lab:session:partitions", "raft-lab:session:sandbox"]);
      assert.match(await row(page, "elections").innerText(), / · \d+ steps/);
      await button(page, "Reset all lessons").click();
      await reset.click();
      await until("it is said", () => page.locator(".kept-said").innerText().then((text) => /All/.test(text)));
      assert.deepEqual((await kept(page)).lessons, {});
      assert.deepEqual(await sessions(), ["raft-lab:session:sandbox"]);
      assert.equal(await page.locator(".lessons [data-done]").count(), 0);
      assert.match(await page.locator(".resume").innerText(), /Begin/);
    });
  });
});

describe("nothing moves as a page comes alive", { concurrency: 1 }, () => {
  for (const name of ["index.html", PAGE, "glossary.html"]) {
    for (const viewport of [{ width: 1280, height: 900 }, { width: 360, height: 740 }]) {
      test(`${name}, ${viewport.width} wide`, () => {
        const before = async (page) => {
          await withKept(SOME)(page);
          await page.addInitScript(() => {
            globalThis.shifts = [];
            new PerformanceObserver((list) => {
              for (const { value, sources } of list.getEntries()) {
                // Letters that their font moves by a hair do not count.
                if (value > 0.002) globalThis.shifts.push(`${value} ${sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.nodeName)}`);
              }
            }).observe({ type: "layout-shift", buffered: true });
          });
        };
        return lab.visit(name, { ...calm, viewport, before }, async (page) => {
          if (name !== "glossary.html") await new Learner(page).button("One event").waitFor();
          await page.waitForTimeout(500);
          assert.deepEqual(await page.evaluate(() => globalThis.shifts), []);
        });
      });
    }
  }
});
