// What is worked with in the prose, and charts there and in their panel: by mouse, by keyboard alone, in both
// themes, and without the program that makes it.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { come, picture, widget } from "./charts.mjs";
import { accessibilityFaults, alive, faults, Lab } from "./harness.mjs";
import { tabTo } from "./hands.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

/// Every widget, and the page of a lesson that has it.
const PLACES = {
  "table-and-documents": "key-value-versus-tables.html",
  "monte-carlo": "elections.html",
  "quorum-table": "quorum-arithmetic.html",
  availability: "quorum-arithmetic.html",
  "service-generator": "setting-up-a-cluster.html",
  "chart-latency": "from-one-server-to-three.html",
  "chart-terms": "elections.html",
  "chart-writes": "replication.html",
};

/// Has the program of the widgets break.
const trap = (page) =>
  page.evaluate(() => {
    const program = document.querySelector("link[rel=widgets]").dataset.program.replace("./", "");
    const trap = new WebAssembly.RuntimeError("unreachable");
    trap.stack = `RuntimeError: unreachable\n    at ${program}:wasm-function[1]`;
    setTimeout(() => {
      throw trap;
    });
  });

/// Has every word noted that is drawn on a canvas since it was last made empty.
function noteWords() {
  globalThis.drawnWords = new Map();
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (words, ...rest) {
    drawnWords.get(this.canvas)?.push(words);
    return fillText.call(this, words, ...rest);
  };
  const width = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, "width");
  Object.defineProperty(HTMLCanvasElement.prototype, "width", {
    ...width,
    set(value) {
      drawnWords.set(this, []);
      width.set.call(this, value);
    },
  });
}

/// The words on a chart.
const words = (chart) => chart.locator("canvas").evaluate((canvas) => globalThis.drawnWords.get(canvas) ?? []);

const output = (found, name) => found.getByRole("slider", { name }).getAttribute("aria-valuetext");

describe("widgets", { concurrency: 2 }, () => {
  for (const [name, file] of Object.entries(PLACES)) {
    test(`${name}: without scripts, and without its program, the prose stands for it`, async () => {
      const plain = async (page) => {
        const body = widget(page, name).locator(".widget-body");
        assert.ok((await body.innerText()).length > 40, "a sentence in its place");
        assert.equal(await body.locator("button, input, canvas").count(), 0);
      };
      await lab.visit(file, { javaScriptEnabled: false, expected: /\.js csp$/ }, plain);
      const before = (page) => page.route("**/widgets-*", (route) => route.fulfill({ status: 404 }));
      await lab.visit(file, { before, expected: /404|widgets|import/ }, async (page) => {
        const learner = await Learner.at(page);
        await widget(page, name).scrollIntoViewIfNeeded();
        await page.locator(`[data-widget="${name}"][data-state="plain"]`).waitFor();
        await plain(page);
        assert.equal(await page.locator(".broken").count(), 0);
        await learner.type("advance 1s");
      });
    });

    for (const colorScheme of ["light", "dark"]) {
      test(`${name}: accessible, ${colorScheme}; it comes without a jump`, () =>
        lab.visit(file, { colorScheme, reducedMotion: "reduce" }, async (page) => {
          await page.evaluate(() => {
            globalThis.jumps = 0;
            new PerformanceObserver((list) => {
              for (const entry of list.getEntries()) globalThis.jumps += entry.hadRecentInput ? 0 : entry.value;
            }).observe({ type: "layout-shift", buffered: true });
          });
          await Learner.at(page);
          const found = await come(page, name);
          for (const summary of await found.locator("summary").all()) await summary.click();
          assert.deepEqual(await accessibilityFaults(page), []);
          assert.ok((await page.evaluate(() => globalThis.jumps)) < 0.02, "no jump");
          assert.ok(await found.evaluate((element) => element.scrollWidth <= element.clientWidth), "nothing sticks out");
        }));
    }
  }

  for (const colorScheme of ["light", "dark"]) {
    test(`charts are drawn, sharp, and anew when the theme changes, ${colorScheme}`, async () => {
      const seen = [];
      for (const deviceScaleFactor of [1, 2]) {
        await lab.visit("quorum-arithmetic.html", { colorScheme, deviceScaleFactor }, async (page) => {
          const chart = await come(page, "availability");
          const first = await picture(chart);
          assert.ok(first.drawn > 2000, `${first.drawn} dots are drawn`);
          assert.equal(first.width, Math.round(first.across * deviceScaleFactor), "a dot for each of the screen's");
          seen.push(first.drawn);
          await page.getByRole("button", { name: /theme$/ }).click();
          await until("other colours", async () => (await picture(chart)).hash !== first.hash);
          await page.setViewportSize({ width: 800, height: 900 });
          await until("another width", async () => {
            const now = await picture(chart);
            return now.width !== first.width && now.width === Math.round(now.across * deviceScaleFactor);
          });
        });
      }
      assert.ok(seen[1] > 3 * seen[0], "four times the dots on a screen twice as dense");
    });
  }

  test("availability: the slider moves by keyboard, and the numbers follow", () =>
    lab.visit("quorum-arithmetic.html", {}, async (page) => {
      const found = await come(page, "availability");
      const slider = found.getByRole("slider", { name: "Each node is down" });
      assert.equal(await output(found, "Each node is down"), "1 % of the time");
      await found.getByText("Numbers").click();
      const row = found.getByRole("row", { name: /^3 2 1 / });
      assert.match(await row.innerText(), /99\.97 %\s+2\.6 hours/);
      const before = await picture(found);
      await slider.focus();
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      assert.equal(await output(found, "Each node is down"), "0.1 % of the time");
      assert.match(await row.innerText(), /1\.6 minutes/);
      assert.notEqual((await picture(found)).hash, before.hash);
    }));

  test("quorum-table: begins clusters, kills nodes, and says what is reachable", () =>
    lab.visit("quorum-arithmetic.html", {}, async (page) => {
      const learner = await Learner.at(page);
      const found = await come(page, "quorum-table");
      const status = found.getByRole("status");
      await found.getByRole("button", { name: "Begin a cluster of 4" }).focus();
      await page.keyboard.press("Enter");
      await until("four nodes with a leader", async () => /^4 configured, 4 reachable, 3 needed: n\d leads/.test(await status.innerText()));
      assert.equal(await found.locator("tr[data-here]").innerText().then((text) => text.split(/\s+/).join(" ")), "4 3 1 4 of 4");
      const here = (await learner.leader()).id;
      const [one, other] = [1, 2, 3, 4].filter((id) => id !== here);
      await found.getByRole("button", { name: `Crash n${one}` }).click();
      await until("three of four", async () => /3 reachable/.test(await status.innerText()));
      await found.getByRole("button", { name: `Crash n${other}` }).click();
      await until("too few", async () => (await status.innerText()) === "4 configured, 2 reachable, 3 needed: too few: no write is done.");
      await found.getByRole("button", { name: `Restart n${other}` }).click();
      await until("enough", async () => /3 reachable/.test(await status.innerText()));
      // A crash that is done elsewhere is seen here too.
      await learner.type("restart");
      await until("all", async () => /4 reachable/.test(await status.innerText()));
    }));

  test("monte-carlo: elections are held without freezing the page, stopped, and told as numbers", () =>
    lab.visit("elections.html", {}, async (page) => {
      const found = await come(page, "monte-carlo");
      const status = found.locator(".widget-status");
      await tabTo(page, found.getByRole("slider", { name: "Nodes" }));
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      assert.equal(await output(found, "Nodes"), "3 nodes");
      await tabTo(page, found.getByRole("button", { name: "Hold 10,000 elections" }));
      await page.keyboard.press("Enter");
      const held = () => found.getByRole("progressbar").evaluate((bar) => bar.value);
      await until("some are held", async () => (await held()) > 20);
      const longest = await page.evaluate(async () => {
        let longest = 0;
        let last = performance.now();
        for (let frame = 0; frame < 30; frame += 1) {
          await new Promise(requestAnimationFrame);
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        }
        return longest;
      });
      assert.ok(longest < 500, `a frame took ${longest} ms`);
      await found.getByRole("button", { name: "Stop" }).click();
      await until("it stops", async () => /^Stopped after/.test(await status.innerText()));
      await found.getByText("Numbers").click();
      await until("its numbers", async () => (await found.getByRole("row").count()) > 3);
      assert.ok((await picture(found)).drawn > 500);
    }));

  test("table-and-documents: a fact about one is a column for all, by keyboard too", () =>
    lab.visit("key-value-versus-tables.html", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
      const learner = await Learner.at(page);
      const found = await come(page, "table-and-documents");
      await tabTo(page, found.getByRole("button", { name: "Add this fact" }));
      await page.keyboard.press("Enter");
      assert.match(
        await found.getByRole("status").innerText(),
        /^Lily Oliver: the table got 1 column more\. All 5 rows changed, with 4 new empty cells; of the documents, 1 changed\./,
      );
      assert.match(await found.innerText(), /9 of 30 cells are empty/);
      assert.equal(await found.locator("textarea[data-touched]").count(), 1);
      assert.equal(await found.locator("td input[data-touched]").count(), 30);
      const lily = found.getByRole("textbox", { name: "/people/lily", exact: true });
      assert.match(await lily.inputValue(), /"email":"lily@example\.org"/);
      // A document written by hand, and one that is no JSON.
      await lily.fill('{"name":"Lily Oliver","age":16}');
      await lily.blur();
      assert.equal(await found.getByRole("textbox", { name: "age of /people/lily" }).inputValue(), "16");
      await lily.fill('{"name":');
      await lily.blur();
      assert.match(await found.innerText(), /This is not JSON/);
      await found.getByRole("button", { name: "Copy the lines" }).click();
      await found.getByRole("button", { name: "Copied" }).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(copied.split("\n").length, 5);
      await found.getByRole("button", { name: "Put them into the cluster" }).click();
      await until("Lily is there", async () => (await learner.lines()).some(({ line }) => line.startsWith("etcdctl put /people/lily")));
      await until("all is written", () => learner.idle());
      assert.match((await learner.ask("etcdctl get /people/lily")).out, /"age":16/);
    }));

  test("service-generator: files from fields, mistakes with etcd's message, and a compose file", () =>
    lab.visit("setting-up-a-cluster.html", {}, async (page) => {
      const found = await come(page, "service-generator");
      const file = found.getByRole("region", { name: "etcd.service" });
      assert.match(await file.innerText(), /--initial-cluster=n1=https:\/\/10\.0\.0\.1:2380,n2=.*,n3=/);
      await found.getByRole("textbox", { name: "Address of machine 2" }).fill("192.168.7.2");
      await found.getByRole("group", { name: "Whose file" }).getByRole("button", { name: "n2" }).click();
      assert.match(await file.innerText(), /--listen-peer-urls=https:\/\/192\.168\.7\.2:2380/);
      await found.getByRole("checkbox", { name: /Certificates/ }).focus();
      await page.keyboard.press("Space");
      assert.doesNotMatch(await file.innerText(), /https:\/\/\d|cert-file/);
      assert.match(await found.getByRole("status").innerText(), /Without certificates/);
      await found.getByRole("combobox", { name: "Make a mistake" }).selectOption({ label: "Its token differs" });
      assert.match(await found.getByRole("status").innerText(), /cluster ID mismatch/);
      const mistake = found.getByRole("combobox", { name: "Make a mistake" });
      await mistake.selectOption({ label: "One name twice in the list" });
      const own = /n1=http:\/\/192\.168\.7\.2:2380 but missing/;
      assert.match(await found.getByRole("status").innerText(), own, "what the reader typed");
      await found.getByText("Every flag in it, explained").click();
      for (const flag of ["--name", "--initial-cluster-token", "--data-dir"]) {
        assert.ok((await found.innerText()).includes(`${flag}=`), flag);
      }
      const [saved] = await Promise.all([
        page.waitForEvent("download"),
        found.getByRole("button", { name: "Save a compose file" }).click(),
      ]);
      assert.equal(saved.suggestedFilename(), "compose.yaml");
    }));

  test("charts of the session follow it", () =>
    lab.visit("replication.html", {}, async (page) => {
      const learner = await Learner.at(page);
      const found = await come(page, "chart-writes");
      const words = () => found.getByRole("img").getAttribute("aria-label");
      const before = await words();
      await learner.type("etcdctl put name joe");
      await until("one write more", async () => (await words()) !== before && /acknowledged/.test(await words()));
      await found.getByText("Numbers").click();
      await until("its numbers", async () => (await found.getByRole("row").count()) > 1);
      assert.ok((await picture(found)).drawn > 200);
    }));

  test("a chart of writes says what will be seen until there is one, in the room that it takes then", () =>
    lab.visit("from-one-server-to-three.html", {}, async (page) => {
      const learner = await Learner.at(page);
      const found = await come(page, "chart-latency");
      const image = found.getByRole("img");
      const hint = found.locator(".chart-empty");
      const height = () => found.evaluate((element) => element.offsetHeight);
      await until("the session is heard of", async () => (await picture(found)).drawn > 100);
      assert.match(await hint.innerText(), /^No write yet: each will be a mark/);
      assert.equal(await image.getAttribute("aria-label"), await hint.innerText());
      const [empty, lines] = [await height(), await picture(found)];
      await learner.ask("etcdctl put name john");
      await until("a mark", async () => /^1 writes/.test(await image.getAttribute("aria-label")));
      assert.equal(await hint.isVisible(), false);
      assert.equal(await height(), empty);
      assert.notEqual((await picture(found)).hash, lines.hash);
    }));

  test("Tab never goes past a widget that is not there yet", async () => {
    const asked = [];
    let open;
    const gate = new Promise((resolve) => (open = resolve));
    const before = (page) =>
      page.route("**/widgets-*.wasm", async (route) => {
        asked.push(route.request().url());
        await gate;
        await route.continue();
      });
    await lab.visit("elections.html", { before }, async (page) => {
      await alive(page);
      assert.deepEqual(asked, [], "nothing is near");
      await page.keyboard.press("Tab");
      await until("its program is asked for", () => asked.length > 0);
      for (const name of ["chart-terms", "monte-carlo"]) await tabTo(page, widget(page, name));
      open();
      const found = await come(page, "monte-carlo");
      await page.keyboard.press("Tab");
      const first = found.getByRole("slider", { name: "Nodes" });
      assert.ok(await first.evaluate((slider) => slider === document.activeElement), "and goes on into it");
      assert.equal(await widget(page, "chart-terms").getAttribute("tabindex"), null);
    });
  });

  test("a program of the widgets that breaks leaves the lab and gives the prose back", () =>
    lab.visit("quorum-arithmetic.html", { expected: /widgets|unreachable/ }, async (page) => {
      const learner = await Learner.at(page);
      await come(page, "availability");
      await trap(page);
      await page.locator('[data-widget="availability"][data-state="plain"]').waitFor();
      assert.equal(await page.locator(".broken").count(), 0);
      await learner.type("advance 1s");
    }));
});

/// One of the charts in their panel.
const charted = (page, title) => page.locator(".charts").getByRole("group", { name: title, exact: true });
const TITLES = ["Terms and leaders", "How long your writes took", "What your writes came to"];

/// Opens the panel, and waits until its program has filled it.
async function openCharts(learner) {
  await learner.open("Charts");
  await learner.page.locator('.charts[data-state="made"]').waitFor();
}

describe("charts in their panel", { concurrency: 2 }, () => {
  test("are loaded when it is opened, follow the session, and tell their numbers, by keyboard alone", async () => {
    const asked = [];
    const before = async (page) => {
      page.on("request", (request) => request.url().includes("/widgets-") && asked.push(request.url()));
      await page.addInitScript(noteWords);
    };
    await lab.visit("sandbox.html", { before }, async (page) => {
      const learner = await Learner.at(page);
      await learner.open("Keys");
      assert.deepEqual(asked, [], "not before it is opened");
      await tabTo(page, page.getByRole("tab", { name: "Keys" }));
      while ((await page.getByRole("tab", { selected: true }).innerText()) !== "Charts") await page.keyboard.press("ArrowRight");
      await page.locator('.charts[data-state="made"]').waitFor();
      assert.equal(asked.length, 2, "a script and a program");
      assert.deepEqual(await page.locator(".charts .widget-title").allInnerTexts(), TITLES);
      const label = (title) => charted(page, title).getByRole("img").getAttribute("aria-label");
      const [terms, latency, writes] = TITLES;
      for (const title of [latency, writes]) assert.match(await label(title), /^No write yet/);
      await learner.ask("etcdctl put name john");
      await until("a write", async () => /^1 writes: /.test(await label(latency)));
      assert.equal(await label(writes), "1 writes acknowledged, 0 failed, 0 unknown");
      await learner.type("crash leader");
      await learner.type("until leader");
      await until("another leader", async () => /in term 2 from/.test(await label(terms)));
      const summary = charted(page, terms).locator("summary");
      await page.getByRole("tab", { name: "Charts" }).focus();
      await tabTo(page, summary);
      await page.keyboard.press("Enter");
      const rows = charted(page, terms).getByRole("row");
      await until("its numbers", async () => (await rows.count()) === 3);
      assert.match((await rows.allInnerTexts())[2], /^2\s+n\d\s+[\d.]+ m?s\s+now$/);
      // Only what is open is written: the others have no table yet.
      assert.equal(await page.locator(".charts table").count(), 1);
    });
  });

  test("show every node, whether it has led or not", () =>
    lab.visit("sandbox.html", { before: (page) => page.addInitScript(noteWords) }, async (page) => {
      const learner = await Learner.at(page);
      await openCharts(learner);
      const nodes = async () => (await words(charted(page, TITLES[0]))).filter((words) => /^n\d$/.test(words)).join(" ");
      await until("five nodes", async () => (await nodes()) === "n1 n2 n3 n4 n5");
      await learner.ask("etcdctl member add n6 --peer-urls=http://n6:2380");
      await until("six nodes", async () => (await nodes()) === "n1 n2 n3 n4 n5 n6");
      await learner.type("nodes 7");
      await until("seven nodes, without a leader", async () => (await nodes()) === "n1 n2 n3 n4 n5 n6 n7");
    }));

  test("follow the theme, and the panel's size", () =>
    lab.visit("sandbox.html", {}, async (page) => {
      const learner = await Learner.at(page);
      await openCharts(learner);
      const chart = charted(page, TITLES[0]);
      await until("it is drawn", async () => (await picture(chart)).drawn > 100);
      const first = await picture(chart);
      await page.getByRole("button", { name: /theme$/ }).click();
      await until("other colours", async () => (await picture(chart)).hash !== first.hash);
      await page.getByRole("separator", { name: "Height of the panels" }).press("End");
      await until("a higher one", async () => (await picture(chart)).height > first.height);
      await page.setViewportSize({ width: 1900, height: 1000 });
      await until("another width", async () => {
        const now = await picture(chart);
        return now.width !== first.width && now.width === now.across;
      });
    }));

  for (const viewport of [{ width: 1280, height: 900 }, { width: 360, height: 740 }]) {
    test(`are accessible in both themes, ${viewport.width} wide, empty and not`, () =>
      lab.visit("elections.html", { viewport, reducedMotion: "reduce" }, async (page) => {
        const learner = await Learner.at(page);
        // The same chart may stand in the prose.
        await come(page, "chart-terms").then((found) => found.locator("summary").click());
        const look = async (what) => {
          await openCharts(learner);
          for (const summary of await page.locator(".charts summary").all()) {
            if (!(await summary.evaluate((summary) => summary.parentElement.open))) await summary.click();
          }
          assert.deepEqual(await faults(page), [], what);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= viewport.width, `${what}: ${wide} px wide`);
          const panel = page.getByRole("tabpanel");
          assert.ok(await panel.evaluate((element) => element.scrollWidth <= element.clientWidth), `${what}: nothing sticks out`);
        };
        await look("empty");
        await learner.ask("etcdctl put name john");
        await learner.type("crash leader");
        await learner.ask("etcdctl put name joe --command-timeout=300ms");
        await look("with all there is");
      }));
  }

  test("without their program the panel says so, and nothing else breaks", () => {
    const before = (page) => page.route("**/widgets-*", (route) => route.fulfill({ status: 404 }));
    return lab.visit("sandbox.html", { before, expected: /404|[Ww]idgets|import/ }, async (page) => {
      const learner = await Learner.at(page);
      for (let times = 0; times < 2; times += 1) {
        await learner.open("Charts");
        await until("it says so", async () => /^There are no charts: /.test(await page.getByRole("tabpanel").innerText()));
        assert.equal(await page.getByRole("tabpanel").locator("canvas").count(), 0);
        await learner.open("Keys");
      }
      await learner.ask("etcdctl put name john");
      assert.equal(await page.locator(".broken").count(), 0);
    });
  });

  test("a program that breaks leaves the lab, and the panel says so", () =>
    lab.visit("sandbox.html", { expected: /[Ww]idgets|unreachable/ }, async (page) => {
      const learner = await Learner.at(page);
      await openCharts(learner);
      await trap(page);
      await until("it says so", async () => /^There are no charts: /.test(await page.getByRole("tabpanel").innerText()));
      assert.equal(await page.locator(".broken").count(), 0);
      await learner.open("Keys");
      await learner.ask("etcdctl put name john");
    }));

  test("an embedded lab has them, too", () =>
    lab.visit("embed.html?panel=charts&script=etcdctl+put+a+1", { viewport: { width: 640, height: 420 } }, async (page) => {
      await alive(page);
      await page.locator('.charts[data-state="made"]').waitFor();
      const image = charted(page, TITLES[1]).getByRole("img");
      await until("a write", async () => /^1 writes/.test(await image.getAttribute("aria-label")));
    }));
});
