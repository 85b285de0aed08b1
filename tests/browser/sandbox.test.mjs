// The whole way through a cluster's life, by mouse, by keyboard alone and by finger: elect, write, read on
// another node, cut the leader off, see a new one, heal, see the old one follow. And what else the stage
// and the tools offer. Whatever is clicked shows its line in the terminal.

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

// The cells of a key's row, node after node.
async function stores(learner, key) {
  const row = learner.page
    .getByRole("region", { name: "Keys on every node" })
    .getByRole("row")
    .filter({ has: learner.page.getByRole("rowheader", { name: key, exact: true }) });
  return (await row.count()) === 0 ? [] : row.getByRole("cell").allInnerTexts();
}

async function electsAndSurvives(learner, hand) {
  const { page } = learner;
  const narrow = (await page.getByRole("tab", { name: "Tools" }).count()) === 1;
  const tools = () => narrow && hand.press(page.getByRole("tab", { name: "Tools" }));
  const keys = async () => {
    const tab = page.getByRole("tab", { name: "Keys" });
    if ((await tab.getAttribute("aria-selected")) !== "true") await hand.press(tab);
  };

  await tools();
  await hand.press(learner.button("3 nodes"));
  await learner.gave("nodes 3");
  await hand.press(learner.button("Play"));
  const old = await learner.leader();

  await keys();
  await hand.write(learner, page.getByRole("textbox", { name: "Key" }), "city");
  await hand.write(learner, page.getByRole("textbox", { name: "Value" }), "Oslo");
  await hand.press(learner.button("Write"));
  assert.equal((await learner.answered("etcdctl put city Oslo")).out, "OK");
  assert.equal((await learner.ask("etcdctl put name john")).out, "OK");
  await keys();
  await until("all have Oslo", async () =>
    (await stores(learner, "city")).join() === "Oslo,Oslo,Oslo" && (await stores(learner, "name")).length === 3,
  );

  const other = (old.id % 3) + 1;
  await hand.pick(learner, page.getByRole("combobox", { name: "Through" }), `n${other}`);
  await hand.write(learner, page.getByRole("textbox", { name: "Key" }), "city");
  await hand.press(learner.button("Read"));
  assert.equal((await learner.answered(`etcdctl --endpoints=n${other} get city`)).out, "city\nOslo");

  await hand.choose(learner, learner.node(old.id), "Isolate: cut all its links");
  await learner.gave(`isolate n${old.id}`);
  const fresh = await learner.leader((node) => node.id !== old.id);
  assert.ok(fresh.term > old.term, `term ${fresh.term} after term ${old.term}`);

  await tools();
  await hand.press(learner.button("Heal all"));
  await learner.gave("heal");
  await learner.becomes(old.id, "follows", (node) => node.role === "follower" && node.term >= fresh.term);
  assert.match(await learner.diagnosis.innerText(), /\S/);
}

describe("a cluster's life", { concurrency: 2 }, () => {
  test("by mouse", () => sandbox({}, (learner) => electsAndSurvives(learner, mouse)));
  test("by keyboard alone", () => sandbox({}, (learner) => electsAndSurvives(learner, keyboard)));
  test("by finger, on a phone", () => sandbox(PHONE, (learner) => electsAndSurvives(learner, finger)));
});

describe("the stage and the tools", { concurrency: 2 }, () => {
  test("a node is crashed, restarted, paused and resumed from its menu", () =>
    sandbox({}, async (learner) => {
      const does = async (name, line, role) => {
        await mouse.choose(learner, learner.node(2), name);
        await learner.gave(line);
        await learner.becomes(2, `is ${role}`, (node) => role.includes(node.role));
      };
      await does("Crash", "crash n2", "down");
      await does("Restart", "restart n2", "follower");
      await does("Pause", "pause n2", "paused");
      await does("Resume", "resume n2", "follower pre-vote candidate");
      await does("Crash with a torn disk write", "tear n2", "down");
    }));

  test("a link is cut one way, both ways, and healed", () =>
    sandbox({}, async (learner) => {
      const does = async (name, line, label) => {
        await mouse.choose(learner, learner.link(1, 2), name);
        await learner.gave(line);
        assert.match(await learner.link(1, 2).getAttribute("aria-label"), label);
      };
      await does("Cut n1 → n2", "cut n1 -> n2", /n1 to n2: cut\. n2 to n1: 40 ms/);
      await does("Cut n2 → n1 too", "cut n2 -> n1", /n1 to n2: cut\. n2 to n1: cut/);
      await does("Heal n2 → n1", "heal n2 -> n1", /n1 to n2: cut\. n2 to n1: 40 ms/);
      await does("Heal n1 → n2", "heal n1 -> n2", /n1 to n2: 40 ms\. n2 to n1: 40 ms/);
      await does("Cut both ways", "cut n1 n2", /n1 to n2: cut\. n2 to n1: cut/);
      await does("Heal both ways", "heal n1 n2", /n1 to n2: 40 ms\. n2 to n1: 40 ms/);
    }));

  test("a link's menu opens and works by keyboard", () =>
    sandbox({}, async (learner) => {
      await keyboard.choose(learner, learner.link(2, 3), "Cut n3 → n2");
      await learner.gave("cut n3 -> n2");
      assert.match(await learner.link(2, 3).getAttribute("aria-label"), /n3 to n2: cut/);
    }));

  test("Escape closes menus, and the focus is where it was", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      const has = (locator) => locator.evaluate((element) => element === document.activeElement);
      for (const target of [learner.node(3), learner.link(1, 2)]) {
        await target.click();
        await learner.menu.waitFor();
        await page.keyboard.press("Escape");
        await learner.menu.waitFor({ state: "detached" });
        assert.ok(await has(target), "the focus went back");
      }
      await learner.button("Partition…").click();
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      assert.ok(await has(learner.button("Partition…")), "the focus went back");
    }));

  test("nodes are put into groups by keyboard, and the groups are cut from each other", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await keyboard.press(learner.button("Partition…"));
      const dialog = page.getByRole("dialog", { name: "Partition into groups" });
      // The proposal is n1 n2 | n3 n4 n5; n3 joins the first two, n5 stands alone.
      for (const [node, group] of [["n3", "A"], ["n5", "C"]]) {
        const row = dialog.getByRole("group", { name: node });
        const wanted = row.getByRole("radio", { name: group });
        await until(`the keyboard came to ${node}`, async () => {
          await page.keyboard.press("Tab");
          return row.evaluate((element) => element.contains(document.activeElement));
        });
        await until(`${node} is in ${group}`, async () => {
          if (!(await wanted.isChecked())) await page.keyboard.press("ArrowRight");
          return wanted.isChecked();
        });
      }
      await keyboard.press(dialog.getByRole("button", { name: "Partition" }));
      await learner.gave("partition n1 n2 n3 | n4 | n5");
      assert.match(await learner.link(1, 4).getAttribute("aria-label"), /n1 to n4: cut\. n4 to n1: cut/);
      assert.doesNotMatch(await learner.link(1, 3).getAttribute("aria-label"), /cut/);
      await keyboard.press(learner.button("Heal all"));
      assert.doesNotMatch(await learner.link(1, 4).getAttribute("aria-label"), /cut/);
      assert.ok(await learner.button("Heal all").isDisabled(), "nothing is left to heal");
    }));

  test("a cluster has one to seven nodes, and each size elects", () =>
    sandbox({}, async (learner) => {
      for (const count of [1, 2, 3, 4, 5, 6, 7]) {
        await learner.button(count === 1 ? "1 node" : `${count} nodes`).click();
        await learner.gave(`nodes ${count}`);
        assert.equal((await learner.nodes()).length, count);
        await learner.type("until leader");
        await learner.leader();
      }
      const pairs = await learner.page.getByRole("button", { name: /^Link / }).count();
      assert.equal(pairs, 21);
    }));

  test("a node is added, serves, and is removed again", () =>
    sandbox({}, async (learner) => {
      await learner.button("3 nodes").click();
      await learner.gave("nodes 3");
      await learner.type("until leader");
      await learner.type("advance 1s");
      await learner.button("Add n4").click();
      await learner.gave("start n4");
      assert.equal((await learner.nodes()).length, 4);
      assert.equal((await learner.ask("etcdctl put name john")).out, "OK");
      await learner.type("until key name = john on n4");
      await mouse.choose(learner, learner.node(4), "Remove it from the cluster");
      assert.match((await learner.answered("etcdctl member remove $n4")).out, /^Member \w+ removed from/);
      await learner.type("advance 2s");
      assert.equal((await learner.nodes()).find((node) => node.id === 4).role, "removed");
      assert.equal(await learner.button("Add n5").count(), 1, "numbers are not used again");
    }));

  test("a message under way is dropped from the table of messages", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.open("Messages");
      const drop = page.getByRole("button", { name: /^Drop m\d+$/ });
      await until("a message is under way", async () => {
        if ((await drop.count()) === 0) await learner.button("One event").click();
        return (await drop.count()) > 0;
      });
      const name = await drop.first().getAttribute("aria-label");
      await page.getByRole("button", { name, exact: true }).click();
      assert.equal((await learner.gave(name.replace("Drop", "drop"))).error, "");
    }));

  test("the front page holds a cluster that can be hurt at once", () =>
    lab.visit("index.html", {}, async (page) => {
      const learner = await Learner.at(page);
      const old = await learner.leader();
      await mouse.choose(learner, learner.node(old.id), "Crash");
      await learner.play();
      const fresh = await learner.leader((node) => node.id !== old.id);
      assert.ok(fresh.term > old.term);
    }));
});
