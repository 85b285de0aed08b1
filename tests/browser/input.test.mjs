// Bad and strange input: a clear answer, nothing changed, and text that stays text.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { alive, Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const sandbox = (options, body) =>
  lab.visit("sandbox.html", options, async (page) => body(await Learner.at(page)));

const REFUSED = [
  ["crsh n2", /^error: 1:1: unknown command `crsh`; did you mean `crash`\?$/],
  ["nodes 0", /^error: 1:7: .*1 to 7 nodes/],
  ["nodes 8", /^error: 1:7: .*1 to 7 nodes/],
  ["crash n9", /^error: 1:7: there is no node n9/],
  ["cut n1 ->", /^error: 1:\d+: .*expected another node/],
  ["partition n1 | n1", /^error: 1:16: n1 is named twice/],
  ["until ledaer", /^error: 1:7: .*did you mean `leader`\?/],
  ["advance 5", /^error: 1:9: /],
  ['etcdctl put a "b', /^error: 1:15: .*never closed/],
  ["loss n1 -> n2 200%", /^error: 1:15: /],
];

const KEYS = [
  "a key with spaces",
  `it's "quoted" \\ and $HOME`,
  "🦀 crab",
  "<img src=x onerror=document.title='owned'>",
  "</script><svg onload=alert(1)>",
  "مفتاح עברית",
  "--prefix",
  "=1+1 # no remark | no pipe & no job",
];

describe("bad input", { concurrency: 2 }, () => {
  test("a bad line is refused with its place, and nothing changes", () =>
    sandbox({}, async (learner) => {
      const state = async () => [await learner.event(), await learner.end(), await learner.nodes()];
      const before = await state();
      for (const [line, message] of REFUSED) {
        const { error } = await learner.ask(line);
        assert.match(error, message, line);
      }
      assert.deepEqual(await state(), before);
      assert.ok(await learner.button("Undo").isDisabled(), "there is nothing to undo");
    }));

  test("of several pasted lines none runs if one is bad", () =>
    sandbox({}, async (learner) => {
      const before = await learner.event();
      const { error } = await learner.ask("crash n1\ncut n2 n3\n  frobnicate\nheal");
      assert.match(error, /^error: 3:3: unknown command `frobnicate`/);
      assert.equal(await learner.event(), before);
      assert.ok((await learner.nodes()).every(({ role }) => role !== "down"));
    }));

  test("a node that this cluster has not is named in the answer", () =>
    sandbox({}, async (learner) => {
      await learner.type("nodes 3");
      const { error } = await learner.ask("crash n4");
      assert.match(error, /there is no n4: this cluster has n1 to n3/);
    }));

  test("keys and values are text, whatever they hold", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.open("Keys");
      const key = page.getByRole("textbox", { name: "Key" });
      const value = page.getByRole("textbox", { name: "Value" });
      const table = page.getByRole("region", { name: "Keys on every node" });
      const title = await page.title();
      const elements = () => page.locator("img, .lab svg[onload], script:not([src]):not([type])").count();
      const before = await elements();
      for (const text of KEYS) {
        await key.fill(text);
        await value.fill(`${text}!`);
        const count = (await learner.lines()).length;
        await learner.button("Write").click();
        await until(`${text} is written`, async () => {
          const lines = await learner.lines();
          return lines.length > count && lines.at(-1).out === "OK";
        });
        await until(`${text} stands in the table`, async () =>
          (await table.getByRole("rowheader").allInnerTexts()).includes(text),
        );
        await learner.button("Read").click();
        await until(`${text} is read`, async () => (await learner.lines()).at(-1).out === `${text}\n${text}!`);
      }
      for (const tab of ["Logs", "Events", "Messages", "Clients"]) await learner.open(tab);
      assert.equal(await elements(), before, "no element was made of it");
      assert.equal(await page.title(), title);
      // The same from the terminal, quoted as in a shell.
      assert.equal((await learner.ask(`etcdctl get '${KEYS[3].replaceAll("'", `'\\''`)}' --print-value-only`)).out, `${KEYS[3]}!`);
      const left = await learner.lines();
      await page.reload();
      await learner.arrives();
      assert.deepEqual(await learner.lines(), left, "a reload brings the same text back");
      assert.equal(await elements(), before);
    }));

  test("a value of 2 MiB gets an answer, and the page lives on", () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await learner.type("until leader");
      await learner.prompt.evaluate((field, line) => {
        field.value = line;
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      }, `etcdctl put big ${"x".repeat(2 << 20)}`);
      await learner.prompt.press("Enter");
      const answer = await until("an answer", async () => {
        const last = await learner.terminal.locator(".entry").last().locator(".err").allInnerTexts();
        return last.join();
      });
      assert.match(answer, /too large|larger than max/);
      assert.equal((await learner.ask("etcdctl put small one")).out, "OK");
      await page.reload();
      await learner.arrives();
      assert.equal((await learner.ask("etcdctl get small")).out, "small\none");
    }));
});

describe("storage", { concurrency: 2 }, () => {
  const works = async (page) => {
    const learner = await Learner.at(page);
    assert.equal((await learner.ask("etcdctl put name john")).out, "OK");
    await page.getByRole("button", { name: /theme$/ }).click();
    await page.locator("html[data-theme=dark]").waitFor();
    await page.getByRole("radio").first().check();
    await page.locator(".because[data-verdict]").first().waitFor();
    await page.reload();
    await learner.arrives();
    assert.equal((await learner.ask("etcdctl put name joe")).out, "OK");
  };

  test("the page works where storage is forbidden", () =>
    lab.visit(
      "elections.html",
      {
        colorScheme: "light",
        before: (page) =>
          page.addInitScript(() => {
            Object.defineProperty(globalThis, "localStorage", {
              get() {
                throw new DOMException("forbidden", "SecurityError");
              },
            });
          }),
      },
      works,
    ));

  test("the page works where storage is full", () =>
    lab.visit(
      "elections.html",
      {
        colorScheme: "light",
        before: (page) =>
          page.addInitScript(() => {
            Storage.prototype.setItem = () => {
              throw new DOMException("full", "QuotaExceededError");
            };
          }),
      },
      works,
    ));

  test("what was kept and is not understood begins anew", () =>
    lab.visit(
      "sandbox.html",
      { before: (page) => page.addInitScript(() => localStorage.setItem("raft-lab:session:sandbox", "no script\n<b>")) },
      async (page) => {
        await alive(page);
        const learner = await Learner.at(page);
        await learner.leader();
      },
    ));
});
