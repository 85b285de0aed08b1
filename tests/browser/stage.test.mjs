// What can be done on the stage: menus of nodes, links and messages by mouse, keyboard and finger, settings
// that a link takes, and dividing the cluster.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { finger, keyboard, mouse } from "./hands.mjs";
import { Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

const sandbox = (options, body) =>
  lab.visit("sandbox.html", options, async (page) => body(await Learner.at(page)));

const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);

// Chooses a value of a setting in the menu of a link or message.
async function sets(learner, press, setting, value) {
  const group = learner.menu.getByRole("group", { name: setting, exact: true });
  await press(group.getByRole("menuitemradio", { name: value, exact: true }));
}

const labelOf = (locator) => locator.getAttribute("aria-label");

// What flies, as the keyboard finds it.
const flights = (learner) => learner.page.locator("#stage-flights");

// Lets single events happen until something flies.
async function somethingFlies(learner) {
  await until("a message is under way", async () => {
    if (!/^No messages/.test(await flights(learner).innerText())) return true;
    await learner.button("One event").click();
    return false;
  });
}

// The number of the message that the arrow keys have come to.
async function chosen(learner) {
  return /^(m\d+): /.exec(await flights(learner).innerText())?.[1];
}

describe("menus", { concurrency: 2 }, () => {
  for (const [how, hand, options] of [
    ["by mouse", mouse, {}],
    ["by keyboard", keyboard, {}],
    ["by finger", finger, PHONE],
  ]) {
    test(`a node is isolated and healed, ${how}`, () =>
      sandbox(options, async (learner) => {
        await hand.choose(learner, learner.node(4), "Isolate: cut all its links");
        await learner.gave("isolate n4");
        await hand.choose(learner, learner.node(4), "Heal all its links");
        await until("its links are whole", async () => !/cut/.test(await labelOf(learner.link(1, 4))));
      }));
  }

  test("leadership is handed over from the menu", () =>
    sandbox({}, async (learner) => {
      const old = await learner.leader();
      const next = (old.id % 5) + 1;
      await mouse.choose(learner, learner.node(next), "Hand it the leadership");
      await learner.gave(`transfer n${next}`);
      await learner.play();
      await learner.leader((node) => node.id === next);
    }));

  test("a link's latency, loss and duplication are set, for both directions or one", () =>
    sandbox({}, async (learner) => {
      const link = learner.link(1, 2);
      await link.click();
      const press = (locator) => locator.click();
      await sets(learner, press, "Latency", "200 ms");
      await learner.gave("latency n1 n2 200ms");
      await sets(learner, press, "Direction", "n2 → n1");
      await sets(learner, press, "Lost", "20 %");
      await learner.gave("loss n2 -> n1 20%");
      await sets(learner, press, "Twice", "5 %");
      await learner.gave("duplicate n2 -> n1 5%");
      await sets(learner, press, "Clogged", "yes: messages wait");
      await learner.gave("clog n2 -> n1");
      assert.equal(
        await labelOf(link),
        "Link n1 – n2. n1 to n2: 200 ms. n2 to n1: 200 ms, clogged, loses 20 %, 5 % twice",
      );
      const now = learner.menu.getByRole("menuitemradio", { checked: true });
      assert.deepEqual(await now.allInnerTexts(), ["n2 → n1", "200 ms", "20 %", "5 %", "yes: messages wait"]);
      await sets(learner, press, "Clogged", "no");
      await learner.gave("unclog n2 -> n1");
      await learner.page.keyboard.press("Escape");
      assert.ok(await hasFocus(link), "the focus went back");
    }));

  test("a link is set by keyboard alone, and by finger on a phone", async () => {
    await sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.link(1, 2).focus();
      await page.keyboard.press("Enter");
      const value = learner.menu.getByRole("menuitemradio", { name: "1 s", exact: true });
      await until("arrow keys came to it", async () => {
        if (!(await hasFocus(value))) await page.keyboard.press("ArrowDown");
        return hasFocus(value);
      });
      await page.keyboard.press("Enter");
      await learner.gave("latency n1 n2 1s");
      assert.ok(await hasFocus(value), "and another can be chosen at once");
    });
    await sandbox(PHONE, async (learner) => {
      await learner.link(1, 2).tap();
      await sets(learner, (locator) => locator.tap(), "Lost", "50 %");
      await until("it is set", async () => /loses 50 %/.test(await labelOf(learner.link(1, 2))));
      const box = await learner.menu.boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= 360 && box.y + box.height <= 740, JSON.stringify(box));
    });
  });

  test("messages are chosen by arrow keys, and duplicated, delayed and dropped from their menu", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      const does = async (choose, line) => {
        await somethingFlies(learner);
        await flights(learner).focus();
        await page.keyboard.press("ArrowRight");
        const name = await until("one is chosen", () => chosen(learner));
        await page.keyboard.press("Enter");
        await learner.menu.waitFor();
        await choose();
        assert.equal((await learner.gave(line.replace("M", name))).error, "");
      };
      await does(() => learner.item("Duplicate it: it arrives twice").click(), "duplicate M");
      await does(() => sets(learner, (locator) => locator.click(), "Delay by", "1 s"), "delay M 1s");
      await does(() => learner.item("Drop it").click(), "drop M");
    }));

  test("a duplicated message flies twice", () =>
    sandbox({}, async (learner) => {
      await somethingFlies(learner);
      await learner.open("Messages");
      const rows = learner.page.getByRole("table", { name: /^Messages under way/ }).getByRole("rowheader");
      const before = await rows.count();
      await flights(learner).focus();
      await learner.page.keyboard.press("ArrowRight");
      await learner.page.keyboard.press("Enter");
      await learner.item("Duplicate it: it arrives twice").click();
      await until("one more", async () => (await rows.count()) === before + 1);
    }));

  test("menus stay on the screen and off what they are about", () =>
    sandbox({ viewport: { width: 768, height: 1024 } }, async (learner) => {
      const { page } = learner;
      for (const id of [1, 2, 3, 4, 5]) {
        await learner.node(id).click();
        const menu = await page.locator(".popup").boundingBox();
        const node = await learner.node(id).locator("circle").first().boundingBox();
        assert.ok(menu.x >= 0 && menu.x + menu.width <= 768, `n${id}: ${JSON.stringify(menu)}`);
        const middle = { x: node.x + node.width / 2, y: node.y + node.height / 2 };
        const covers =
          middle.x > menu.x && middle.x < menu.x + menu.width && middle.y > menu.y && middle.y < menu.y + menu.height;
        assert.ok(!covers, `the menu of n${id} lies over it`);
        await page.keyboard.press("Escape");
      }
    }));
});

describe("dividing the cluster", { concurrency: 2 }, () => {
  const dialogOf = (learner) => learner.page.getByRole("dialog", { name: "Partition into groups" });
  const cell = (learner, node, group) =>
    dialogOf(learner).getByRole("group", { name: node }).locator("label").filter({ hasText: group });

  test("groups are painted by dragging, and each says what it can do", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.button("Partition…").click();
      const outlook = dialogOf(learner).getByRole("status");
      assert.match(await outlook.innerText(), /A: 2 of 5: no quorum\s*B: 3 of 5: quorum/);
      // From n3 to n5, down the column of C.
      const at = async (node) => {
        const box = await cell(learner, node, "C").boundingBox();
        return [box.x + box.width / 2, box.y + box.height / 2];
      };
      await page.mouse.move(...(await at("n3")));
      await page.mouse.down();
      await page.mouse.move(...(await at("n4")), { steps: 4 });
      await page.mouse.up();
      assert.match(await outlook.innerText(), /A: 2 of 5: no quorum\s*B: 1 of 5: no quorum\s*C: 2 of 5: no quorum/);
      await dialogOf(learner).getByRole("button", { name: "Partition", exact: true }).click();
      await learner.gave("partition n1 n2 | n5 | n3 n4");
      assert.match(await labelOf(learner.link(2, 3)), /n2 to n3: cut\. n3 to n2: cut/);
      assert.doesNotMatch(await labelOf(learner.link(3, 4)), /cut/);
      await page.getByText("partition", { exact: true }).first().waitFor();
    }));

  test("three groups by finger, on a phone", () =>
    sandbox(PHONE, async (learner) => {
      await learner.page.getByRole("tab", { name: "Tools" }).tap();
      await learner.button("Partition…").tap();
      await cell(learner, "n5", "C").tap();
      await dialogOf(learner).getByRole("button", { name: "Partition", exact: true }).tap();
      await learner.gave("partition n1 n2 | n3 n4 | n5");
    }));

  test("divisions to start from: the leader alone, a leader that nobody hears, one in between", () =>
    sandbox({}, async (learner) => {
      const leader = await learner.leader();
      const others = [1, 2, 3, 4, 5].filter((id) => id !== leader.id);
      const takes = async (name) => {
        await learner.button("Partition…").click();
        await dialogOf(learner).getByRole("button", { name, exact: true }).click();
        await dialogOf(learner).getByRole("button", { name: "Partition", exact: true }).click();
      };
      await takes("Leader alone");
      await learner.gave(`partition n${leader.id} | ${others.map((id) => `n${id}`).join(" ")}`);
      await learner.button("Heal all").click();
      await takes("Leader unheard");
      await learner.gave(`cut n${leader.id} -> n${others.at(-1)}`);
      await learner.button("Heal all").click();
      await takes("One in between");
      await learner.gave("cut n2 n5");
      assert.match(await labelOf(learner.link(1, 4)), /n1 to n4: cut\. n4 to n1: cut/);
      assert.doesNotMatch(await labelOf(learner.link(3, 5)), /cut/);
    }));

  test("who was removed is in no group", () =>
    sandbox({}, async (learner) => {
      await learner.button("3 nodes").click();
      await learner.type("until leader");
      await learner.type("advance 1s");
      await learner.ask("etcdctl member remove $n3");
      await learner.type("advance 1s");
      await learner.button("Partition…").click();
      await dialogOf(learner).getByRole("group", { name: "n2" }).waitFor();
      assert.equal(await dialogOf(learner).getByRole("group", { name: "n3" }).count(), 0);
    }));
});

describe("a new cluster", () => {
  test("begins at the beginning of time", () =>
    sandbox({}, async (learner) => {
      await learner.type("advance 2s");
      await learner.button("3 nodes").click();
      await learner.gave("nodes 3");
      assert.equal(await learner.page.locator(".moment-time").innerText(), "0.000 s");
      await learner.button("One event").click();
      await until("one event", async () => (await learner.event()) === 1);
    }));
});

describe("for everybody", { concurrency: 2 }, () => {
  test("who asked for less motion finds time paused, and can take it event by event", () =>
    sandbox({ reducedMotion: "reduce" }, async (learner) => {
      assert.equal(await learner.playing(), false);
      const start = await learner.event();
      await learner.button("One event").click();
      await until("one event", async () => (await learner.event()) === start + 1);
      await learner.button("One event back").click();
      await until("and back", async () => (await learner.event()) === start);
    }));

  test("what is said aloud does not change with every event", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await page.evaluate(() => {
        globalThis.said = 0;
        const heard = document.querySelector(".diagnosis [role=status]");
        new MutationObserver(() => (globalThis.said += 1)).observe(heard, { characterData: true, childList: true, subtree: true });
      });
      await learner.type("set pre-vote off");
      await learner.type("set latency 600ms");
      await learner.play();
      await page.waitForTimeout(3_000);
      await learner.pause();
      assert.ok((await page.evaluate(() => globalThis.said)) < 10);
    }));
});
