// The lab in a frame of somebody's page: it begins as its address says, keeps to itself, and leads out.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { accessibilityFaults, alive, Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const SMALL = { width: 640, height: 420 };
const PHONE = { width: 360, height: 420 };

// The address of an embedded lab that begins so; `fragment` are options that reach no server.
const embed = (query = {}, fragment = {}) => {
  const search = new URLSearchParams(query);
  const hash = new URLSearchParams(fragment);
  return `embed.html${search.size ? `?${search}` : ""}${hash.size ? `#${hash}` : ""}`;
};

const visit = (name, body, options = {}) => lab.visit(name, { viewport: SMALL, ...options }, body);

// A learner in front of it who changes nothing yet.
async function before(page) {
  await alive(page);
  const learner = new Learner(page);
  await learner.button("One event").waitFor();
  return learner;
}

const wayOut = (page) => page.getByRole("link", { name: "Open in Raft Lab" });

// Follows the way out, and answers with the learner in front of the window that it opens.
async function leave(page) {
  const [opened] = await Promise.all([page.context().waitForEvent("page"), wayOut(page).click()]);
  await opened.waitForURL((url) => url.pathname.endsWith(".html"));
  return before(opened);
}

const stored = (page) => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("raft-lab:session")));

// The fragment of a link to a text.
const fragment = (page, text) =>
  page.evaluate(async (text) => {
    const { address } = await import(new URL("share.js", document.baseURI).href);
    return new URL(await address(text, "sandbox")).hash;
  }, text);

describe("the address of an embedded lab", { concurrency: 2 }, () => {
  test("says how many nodes, which script, panel, speed and theme, and that time stands still", () =>
    visit(embed({ nodes: "3", seed: "7", script: "crash n1", panel: "logs", speed: "0.1", theme: "dark", paused: "" }), async (page) => {
      const learner = await before(page);
      assert.equal((await page.getByRole("button", { name: /^n\d: / }).count()), 3);
      assert.match(await learner.node(1).getAttribute("aria-label"), /: down,/);
      await page.getByRole("tabpanel", { name: "Logs" }).waitFor();
      assert.equal(await learner.speed.locator("option:checked").innerText(), "1/10 ×");
      assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "dark");
      assert.equal(await learner.playing(), false);
      await learner.open("Terminal");
      await until("the script stands in the terminal", async () => (await learner.lines()).at(-1)?.line === "crash n1");
    }));

  test("may say so in the fragment, where no server hears it, and over several lines", () =>
    visit(embed({ paused: "" }, [["script", "etcdctl put name john\ncrash n1"], ["script", "crash n2"]]), async (page) => {
      const learner = await before(page);
      for (const id of [1, 2]) assert.match(await learner.node(id).getAttribute("aria-label"), /: down,/);
      await learner.open("Keys");
      await page.getByRole("cell", { name: "john" }).first().waitFor();
    }));

  test("lets time run unless it is told otherwise, by it or by whoever asked for less motion", async () => {
    await visit("embed.html", async (page) => assert.ok(await (await before(page)).playing()));
    await visit("embed.html", async (page) => assert.ok(!(await (await before(page)).playing())), { reducedMotion: "reduce" });
  });

  test("may hold a mistake, which is named with its line and not passed over", async () => {
    await visit(embed({ script: "crash n1\ncrsh n2" }), async (page) => {
      await alive(page);
      await until("the mistake", async () => /2:1: unknown command/.test(await page.getByRole("alert").innerText()));
    });
    await visit(embed({ nodes: "9" }), async (page) => {
      await alive(page);
      assert.match(await page.getByRole("alert").innerText(), /could not be set up/);
    });
    await visit(embed({ panels: "logs" }), alive, { expected: /no option is called panels; there are nodes/ });
  });

  test("may be a bad link: it says so, and there is a fresh lab", () =>
    visit("embed.html#v2.abc", async (page) => {
      const learner = await before(page);
      await page.getByText(/this link is of version 2/).waitFor();
      await learner.pause();
      const event = await learner.event();
      await learner.button("One event").click();
      await until("one event", async () => (await learner.event()) === event + 1);
    }));

  test("may change under an open frame", () =>
    visit(embed({ paused: "" }), async (page) => {
      await before(page);
      await page.evaluate(() => { location.hash = "nodes=2"; });
      await until("two nodes", async () => (await page.getByRole("button", { name: /^n\d: / }).count()) === 2);
    }));
});

describe("the way out of an embedded lab", { concurrency: 2 }, () => {
  test("carries the very moment, and so does a link into it", () =>
    visit(embed({ paused: "", script: "crash n3\netcdctl put name john" }), async (page) => {
      const inside = await before(page);
      for (let step = 0; step < 3; step += 1) await inside.button("One event").click();
      const [event, nodes] = [await inside.event(), await inside.nodes()];
      const outside = await leave(page);
      assert.match(outside.page.url(), /sandbox\.html/);
      await until("the same event", async () => (await outside.event()) === event);
      assert.deepEqual(await outside.nodes(), nodes);
      assert.equal(await outside.playing(), false);
      assert.deepEqual(await stored(page), ["raft-lab:session:sandbox"], "kept by the sandbox alone");

      // The same link in a frame, where undo and the lab's own pages have no part.
      const text = await outside.page.evaluate(() => raftLab.kept("sandbox"));
      await page.goto(lab.base + "embed.html" + (await fragment(page, text)));
      await page.reload();
      await alive(page);
      await until("the same event again", async () => (await inside.event()) === event);
      assert.deepEqual(await inside.nodes(), nodes);
      assert.equal(await inside.playing(), false);
    }));

  test("leads to the lesson that a link belongs to", () =>
    visit("sandbox.html", async (page) => {
      await (await Learner.at(page)).type("crash n1");
      const text = await page.evaluate(() => raftLab.kept("sandbox"));
      await page.goto(lab.base + "embed.html" + (await fragment(page, `${text}# belongs to elections\n`)));
      await before(page);
      const outside = await leave(page);
      await until("the lesson", () => /elections\.html/.test(outside.page.url()));
      await outside.arrives();
      assert.match(await outside.node(1).getAttribute("aria-label"), /: down,/);
    }));

  test("saves a file where a link would be too long", () =>
    visit(embed({ paused: "" }), async (page) => {
      await before(page);
      const noise = Array.from({ length: 60_000 }, () => String.fromCharCode(97 + Math.floor(Math.random() * 26))).join("");
      await page.goto(`${lab.base}embed.html?paused#script=etcdctl%20put%20noise%20${noise}`);
      await page.reload();
      await before(page);
      const [download] = await Promise.all([page.waitForEvent("download"), wayOut(page).click()]);
      assert.equal(download.suggestedFilename(), "raft-lab.lab");
      await page.getByText(/saved as a file/).waitFor();
    }));
});

// A page of somebody else, with frames in it, each `gap` pixels below the one before.
async function hosting(frames, gap, body) {
  const html = frames
    .map(({ src, title }) => `<iframe src="${lab.base}${src}" title="${title}" width="640" height="420"></iframe><p class="gap"></p>`)
    .join("\n");
  const page = `<!doctype html><html lang="en"><title>A course</title><style>.gap { height: ${gap}px }</style><main>${html}</main>`;
  const before = (tab) => tab.route("**/course.html", (route) => route.fulfill({ contentType: "text/html", body: page }));
  await lab.visit("course.html", { viewport: { width: 800, height: 900 }, before }, async (tab) => {
    const frame = (title) => tab.frames().find((frame) => frame.url() === lab.base + frames.find((one) => one.title === title).src);
    await body(tab, frame);
  });
}

describe("several embedded labs on a page", { concurrency: 2 }, () => {
  const frames = [
    { title: "First", src: embed({ nodes: "3", paused: "" }) },
    { title: "Second", src: embed({ nodes: "5", paused: "" }) },
  ];

  test("run apart, and keep nothing", () =>
    hosting(frames, 0, async (tab, frame) => {
      const [first, second] = [await before(frame("First")), await before(frame("Second"))];
      const was = await second.event();
      await first.open("Terminal");
      await first.prompt.fill("crash n1");
      await first.prompt.press("Enter");
      await until("n1 is down", async () => /: down,/.test(await first.node(1).getAttribute("aria-label")));
      assert.equal(await second.event(), was);
      assert.doesNotMatch(await second.node(1).getAttribute("aria-label"), /: down,/);
      assert.deepEqual(await stored(tab), []);
      await tab.reload();
      assert.doesNotMatch(await (await before(frame("First"))).node(1).getAttribute("aria-label"), /: down,/);
    }));

  test("cost nothing while nobody sees them", () =>
    hosting([{ title: "First", src: "embed.html" }, { title: "Second", src: embed({ nodes: "3" }) }], 3_000, async (tab, frame) => {
      const first = await before(frame("First"));
      const scroll = (y) => tab.evaluate((y) => scrollTo(0, y), y);
      const state = () => frame("Second").evaluate(() => document.documentElement.dataset.lab);
      const moves = async () => {
        const event = await first.event();
        await tab.waitForTimeout(1_000);
        return (await first.event()) !== event;
      };
      assert.equal(await moves(), true, "in sight");
      assert.equal(await state(), "loading", "not begun");
      await scroll(3_500);
      await until("the second begins", async () => (await state()) === "ready");
      await tab.waitForTimeout(200);
      assert.equal(await moves(), false, "out of sight");
      await scroll(0);
      await until("the first goes on", moves);
    }));
});

describe("an embedded lab", { concurrency: 2 }, () => {
  for (const viewport of [SMALL, PHONE]) {
    test(`shows every panel without a fault, ${viewport.width} by ${viewport.height}`, () =>
      visit(embed({ paused: "" }), async (page) => {
        const learner = await before(page);
        const fits = () => page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
        for (const name of ["Tools", "Terminal", "Keys", "Logs", "Events", "Messages", "Clients"]) {
          await learner.open(name);
          assert.deepEqual(await accessibilityFaults(page), [], name);
          assert.deepEqual(await fits(), [viewport.width, viewport.height], name);
          const panel = await page.getByRole("tabpanel").boundingBox();
          assert.ok(panel.height >= 120 && panel.width >= 250, `${name}: ${panel.width} by ${panel.height}`);
          assert.ok(panel.y + panel.height <= viewport.height, `${name} ends within the frame`);
        }
      }, { viewport }));
  }

  test("works where storage is blocked", () =>
    visit(embed({ paused: "" }), async (page) => {
      const learner = await before(page);
      await learner.type("crash n1");
      assert.match(await learner.node(1).getAttribute("aria-label"), /: down,/);
    }, {
      before: (page) =>
        page.addInitScript(() => {
          Object.defineProperty(globalThis, "localStorage", { get() { throw new DOMException("blocked", "SecurityError"); } });
        }),
    }));

  test("offers to begin afresh when it breaks, and does not promise to bring back what it does not keep", () =>
    visit(embed({ paused: "" }), async (page) => {
      const learner = await before(page);
      await learner.type("crash n1");
      await page.evaluate(() => raftLab.panic("trial"));
      const broken = page.getByRole("alert").filter({ hasText: "The simulator stopped" });
      assert.match(await broken.locator("pre").textContent(), /crash n1/);
      assert.equal(await page.getByRole("button", { name: "Start again with this script" }).count(), 0);
      await page.getByRole("button", { name: "Start afresh" }).click();
      await broken.waitFor({ state: "detached" });
      assert.doesNotMatch(await (await before(page)).node(1).getAttribute("aria-label"), /: down,/);
    }));
});
