// The panels that show one node from inside and the settings, what is said of settings that cannot work,
// rules that are off, and the bars between the parts of the lab.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { keyboard, mouse, tabTo } from "./hands.mjs";
import { Lab, accessibilityFaults } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

const sandbox = (options, body) =>
  lab.visit("sandbox.html", options, async (page) => body(await Learner.at(page)));

// What the inspector says under a name.
const fact = (learner, group, name) =>
  learner.page
    .getByRole("tabpanel", { name: "Node" })
    .getByRole("group", { name: group, exact: true })
    .locator("div", { has: learner.page.getByText(name, { exact: true }) })
    .getByRole("definition")
    .first();

const advice = (learner) => learner.page.getByRole("status", { name: "What cannot work" });
const exactly = (learner, name) => learner.page.getByRole("textbox", { name: `${name}, exactly`, exact: true });

describe("one node from inside", { concurrency: 2 }, () => {
  test("the menu of a node leads there, and it follows a crash and a restart", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await mouse.choose(learner, learner.node(2), "Inspect");
      await page.getByRole("region", { name: "n2 from inside" }).waitFor();
      assert.ok(await page.getByRole("radio", { name: "n2" }).isChecked());
      assert.match(await fact(learner, "Node", "process").innerText(), /^running, started once$/);
      await learner.ask("etcdctl put name john");
      await page.getByRole("cell", { name: "put name john" }).waitFor();

      await learner.type("crash n2");
      await page.getByText("n2 is down", { exact: true }).waitFor();
      assert.match(await fact(learner, "Disk", "hard state").innerText(), /^term \d+, vote n\d, commit \d+$/);
      assert.equal(await page.getByRole("group", { name: "Timers" }).count(), 0);
      assert.equal(await page.getByRole("cell", { name: "put name john" }).count(), 1, "its disk keeps the log");

      await learner.type("restart n2");
      await page.getByText("n2 waits for a leader", { exact: false }).waitFor();
      assert.match(await fact(learner, "Node", "process").innerText(), /started 2 times/);
      await learner.play();
      await page.getByRole("tabpanel").getByText(/^n2 (follows n\d in|leads) term \d+/).waitFor();
    }));

  test("by keyboard: from node to node, to the leader's view of its followers, with explanations", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await keyboard.choose(learner, learner.node(1), "Inspect");
      assert.ok(await page.getByRole("tab", { name: "Node" }).evaluate((tab) => tab === document.activeElement));
      await tabTo(page, page.getByRole("radio", { name: "n1" }));
      const { id } = await learner.leader();
      for (let node = 1; node < id; node += 1) await page.keyboard.press("ArrowRight");
      await page.getByRole("region", { name: `n${id} from inside` }).waitFor();
      const progress = page.getByRole("table", { name: "Progress of its followers" });
      assert.equal(await progress.getByRole("row").count(), 6);
      const meaning = page.getByText("known to be on its disk", { exact: false });
      assert.equal(await meaning.count(), 0);
      await tabTo(page, page.getByRole("checkbox", { name: "Explain" }));
      await page.keyboard.press("Space");
      await meaning.waitFor();
    }));

  test("a smaller cluster has no such node: another one is shown", () =>
    sandbox({}, async (learner) => {
      await mouse.choose(learner, learner.node(5), "Inspect");
      await learner.type("nodes 3");
      await learner.page.getByRole("region", { name: "n1 from inside" }).waitFor();
      assert.equal(await learner.page.getByRole("radio").count(), 3);
    }));
});

describe("the settings", { concurrency: 2 }, () => {
  test("a value that is typed or slid to becomes one line; a bad one says why", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.open("Settings");
      await exactly(learner, "Latency").fill("60");
      await page.keyboard.press("Enter");
      await learner.gave("set latency 60ms");
      assert.equal(await exactly(learner, "Latency").inputValue(), "60 ms");

      const before = (await learner.lines()).length;
      await exactly(learner, "Heartbeat").fill("900 ms");
      await page.keyboard.press("Enter");
      const alert = page.getByRole("alert").filter({ hasText: "two heartbeats" });
      await alert.waitFor();
      assert.equal((await learner.lines()).length, before, "nothing was given");
      await exactly(learner, "Heartbeat").fill("200ms");
      await page.keyboard.press("Enter");
      await learner.gave("set heartbeat 200ms");
      assert.equal(await alert.count(), 0);

      const slider = page.getByRole("slider", { name: "Clock of n2" });
      await tabTo(page, slider);
      await page.keyboard.press("ArrowRight");
      await learner.gave("clock n2 1.01x");
      assert.equal(await slider.getAttribute("aria-valuetext"), "1.01 ×");

      await learner.button("All as at first").click();
      await until("everything is set back", async () => (await exactly(learner, "Latency").inputValue()) === "10 ms");
      assert.ok(await learner.button("All as at first").isDisabled());
    }));

  test("a slider that is dragged gives one line, where it is let go", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.open("Settings");
      const before = (await learner.lines()).length;
      const slider = page.getByRole("slider", { name: "Loss" });
      await slider.scrollIntoViewIfNeeded();
      const { x, y, width, height } = await slider.boundingBox();
      await page.mouse.move(x + 8, y + height / 2);
      await page.mouse.down();
      await page.mouse.move(x + width / 2, y + height / 2, { steps: 12 });
      await page.mouse.up();
      await until("a line", async () => (await learner.lines()).length > before);
      const lines = await learner.lines();
      assert.equal(lines.length, before + 1);
      assert.match(lines.at(-1).line, /^set loss (5|10|20)%$/);
    }));

  test("what cannot work is said, and no longer when it can", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.open("Settings");
      assert.match(await advice(learner).innerText(), /^A lost leader is typically replaced after about [\d.]+ s;/);
      await keyboard.write(learner, exactly(learner, "Latency"), "600ms");
      await page.keyboard.press("Enter");
      await learner.gave("set latency 600ms");
      await until("a warning", async () =>
        /2 × 600 ms, longer than the election timeout of 1 s: .* Elections keep failing/.test(await advice(learner).innerText()),
      );
      await keyboard.write(learner, exactly(learner, "Election timeout"), "5 s");
      await page.keyboard.press("Enter");
      await learner.gave("set election-timeout 5s");
      await until("no warning", async () => !/failing/.test(await advice(learner).innerText()));
    }));

  test("a rule that is off stays on screen in words until it is on again", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.open("Settings");
      const rule = page.getByRole("switch", { name: "A majority decides" });
      const banner = page.getByRole("status").filter({ hasText: "Modified Raft" });
      assert.equal(await banner.count(), 0);
      await tabTo(page, rule);
      await page.keyboard.press("Space");
      await learner.gave("disable majority");
      assert.match(await banner.innerText(), /A majority decides/);
      assert.ok(!(await rule.isChecked()));
      await learner.open("Keys");
      await keyboard.press(learner.button("Switch it on again"));
      await learner.gave("enable majority");
      assert.equal(await banner.count(), 0);
      await learner.open("Settings");
      await page.getByRole("switch", { name: "PreVote: ask before standing" }).click();
      await learner.gave("set pre-vote off");
      assert.equal(await banner.count(), 0, "without PreVote it is still Raft");
    }));
});

describe("the parts of the lab", { concurrency: 2 }, () => {
  const bar = (learner, name) => learner.page.getByRole("separator", { name });
  const place = async (learner, name) => Number(await bar(learner, name).getAttribute("aria-valuenow"));
  const height = async (locator) => (await locator.boundingBox()).height;

  test("bars move by keyboard, keep a picture that can be used, and are remembered", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      const panels = "Height of the panels";
      const first = await place(learner, panels);
      const stage = page.getByRole("group", { name: /^Nodes\. Arrow keys/ });
      await tabTo(page, bar(learner, panels));
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("ArrowUp");
      await until("it has moved", async () => (await place(learner, panels)) === first + 4);
      await page.keyboard.press("End");
      await until("it is as high as may be", async () => (await place(learner, panels)) > first + 10);
      assert.ok((await height(stage)) > 150, "the picture can still be used");
      await page.keyboard.press("ArrowDown");

      const terminal = "Width of the terminal";
      assert.equal(await bar(learner, terminal).getAttribute("aria-orientation"), "vertical");
      await tabTo(page, bar(learner, terminal));
      await page.keyboard.press("ArrowLeft");
      await until("it has moved", async () => (await place(learner, terminal)) === 48);
      const kept = [await place(learner, panels), await place(learner, terminal)];
      await page.reload();
      await learner.arrives();
      await until("both are where they were", async () =>
        (await place(learner, panels)) === kept[0] && (await place(learner, terminal)) === kept[1],
      );
      await bar(learner, panels).dblclick();
      await until("it is as at first", async () => (await place(learner, panels)) === first);
    }));

  test("a bar is dragged", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      const { x, y, width, height } = await bar(learner, "Width of the terminal").boundingBox();
      await page.mouse.move(x + width / 2 + 6, y + height / 4);
      await page.mouse.down();
      await page.mouse.move(x - 200, y + height / 4, { steps: 5 });
      await page.mouse.up();
      await page.mouse.move(x + 100, y + 10);
      const share = await place(learner, "Width of the terminal");
      assert.ok(share > 30 && share < 38, `${share} % after 200 of 1280 pixels to the left`);
    }));

  test("beside a lesson, arrow keys bring each tab into sight", () =>
    lab.visit("partitions.html", {}, async (page) => {
      await Learner.at(page);
      const tabs = page.getByRole("tablist", { name: "Panels" });
      const inSight = async (tab) => {
        const [row, one] = [await tabs.boundingBox(), await tab.boundingBox()];
        return one.x >= row.x - 1 && one.x + one.width <= row.x + row.width + 1;
      };
      await tabTo(page, tabs.getByRole("tab", { selected: true }));
      await page.keyboard.press("Home");
      for (let presses = 0; presses < (await tabs.getByRole("tab").count()); presses += 1) {
        await until("the tab is in sight", () => inSight(tabs.getByRole("tab", { selected: true })));
        await page.keyboard.press("ArrowRight");
      }
    }));

  test("on a phone both panels work, and nothing scrolls sideways", () =>
    sandbox(PHONE, async (learner) => {
      const { page } = learner;
      const narrow = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      assert.equal(await page.getByRole("separator").count(), 0);
      for (const name of ["Node", "Settings"]) {
        await learner.open(name);
        assert.ok(await narrow(), name);
        assert.deepEqual(await accessibilityFaults(page), [], name);
      }
      await exactly(learner, "Latency").fill("80");
      await page.keyboard.press("Enter");
      await learner.gave("set latency 80ms");
      await learner.open("Node");
      await page.getByRole("radio", { name: "n3" }).tap({ force: true });
      await page.getByRole("region", { name: "n3 from inside" }).waitFor();
    }));

  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing, ${colorScheme}`, () =>
      sandbox({ colorScheme }, async (learner) => {
        await learner.type("disable step-down");
        await learner.type("set latency 600ms");
        for (const name of ["Node", "Settings"]) {
          await learner.open(name);
          assert.deepEqual(await accessibilityFaults(learner.page), [], name);
        }
      }));
  }
});
