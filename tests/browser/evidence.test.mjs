// What happened, and how one knows: causes of events, stores and logs side by side, what clients know, and
// the terminal as a place to work.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { keyboard, tabTo } from "./hands.mjs";
import { Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const sandbox = (options, body) =>
  lab.visit("sandbox.html", options, async (page) => body(await Learner.at(page)));

const region = (learner, name) => learner.page.getByRole("region", { name });
const events = (learner) => region(learner, "Events, newest first");
const number = (text) => Number(text.replaceAll(/\D/g, ""));

async function elected(learner, nodes = 3) {
  await learner.type(`nodes ${nodes}`);
  await learner.type("until leader");
}

describe("causes", { concurrency: 2 }, () => {
  test("by keyboard, why a write was committed leads back to the client, and each step goes to its moment", () =>
    sandbox({}, async (learner) => {
      await elected(learner);
      // Time stands still where the leader was elected: its own first entry is still on its way.
      await learner.type("until agreed");
      await learner.ask("etcdctl put name john");
      await learner.open("Events");
      const commit = events(learner).getByRole("listitem").filter({ hasText: /entry 2 is committed/ }).first();
      const why = commit.getByRole("button", { name: /^why\? entry 2/ });
      await keyboard.press(why);
      const chain = commit.getByRole("list", { name: "Why: back to what began it" });
      await chain.waitFor();
      assert.equal(await why.getAttribute("aria-expanded"), "true");
      const steps = await chain.getByRole("listitem").allInnerTexts();
      const order = ["AppendAccepted", "safe on its disk", "AppendEntries", "client a asks: put name john", "it began"];
      let at = 0;
      for (const words of order) {
        const found = steps.findIndex((step, place) => place >= at && step.includes(words));
        assert.ok(found >= at, `${words}, in its turn, in ${steps.join("\n")}`);
        at = found;
      }
      const first = chain.getByRole("button").last();
      const title = await first.getAttribute("title");
      await keyboard.press(first);
      await until("the event of the first cause", async () => (await learner.event()) === number(title));
      const future = events(learner).getByRole("listitem").filter({ hasText: "still to come" });
      assert.ok((await future.count()) > 0, "what came later is told as future");
      assert.match(await events(learner).getByText(/^now: event/).innerText(), new RegExp(title.match(/[\d,]+/)[0]));
    }));

  test("an event names its cause and goes there; kinds are filtered", () =>
    sandbox({}, async (learner) => {
      await elected(learner);
      await learner.type("crash leader");
      await learner.type("until leader");
      await learner.open("Events");
      const won = events(learner).getByRole("listitem").filter({ hasText: /leads term 2/ }).first();
      const cause = won.getByRole("button", { name: /^because of event/ });
      const of = number((await cause.getAttribute("aria-label")).replace(/:.*/, ""));
      await cause.click();
      await until("the cause's moment", async () => (await learner.event()) === of);
      await events(learner).getByRole("button", { name: "Faults", exact: true }).click();
      const told = async () => (await events(learner).getByRole("button", { name: /leads term/ }).count()) === 0;
      await until("elections are left out", told);
      assert.equal(await events(learner).getByRole("button", { name: /crash leader/ }).count() > 0, true);
    }));
});

describe("stores and logs", { concurrency: 2 }, () => {
  test("a value in JSON is a document under its folder", () =>
    sandbox({}, async (learner) => {
      await elected(learner);
      await learner.ask(`etcdctl put /app/config '{"port":80,"hosts":["a","b"]}'`);
      await learner.open("Keys");
      await learner.button("Documents").click();
      const store = region(learner, /^The store of n\d, revision 2/);
      await store.getByRole("heading", { name: "/app/", exact: true }).waitFor();
      assert.match(await store.innerText(), /"hosts": \[\n {4}"a",\n {4}"b"\n {2}\]/);
      await learner.button("Table").click();
      const table = store.getByRole("table", { name: /^The store of/ });
      const names = await table.getByRole("columnheader").allInnerTexts();
      assert.deepEqual(names, ["key", "value", "create_revision", "mod_revision", "version"]);
      assert.deepEqual((await table.getByRole("cell").allInnerTexts()).slice(1), ["2", "2", "1"]);
    }));

  test("after a partition, what a node lacks and what is older is said in words", () =>
    sandbox({}, async (learner) => {
      await elected(learner);
      await learner.ask("etcdctl put city Rome");
      await learner.type("advance 1s");
      const { id } = await learner.leader();
      const cut = (id % 3) + 1;
      await learner.type(`isolate n${cut}`);
      await learner.ask(`etcdctl --endpoints=n${id} put city Oslo`);
      await learner.ask(`etcdctl --endpoints=n${id} put name john`);
      await learner.type("advance 1s");
      await learner.open("Keys");
      const table = region(learner, "Keys on every node");
      const cells = async (key) =>
        table.getByRole("row").filter({ has: learner.page.getByRole("rowheader", { name: key, exact: true }) })
          .getByRole("cell").allInnerTexts();
      await until("the cut node's store is seen to differ", async () =>
        /older/.test((await cells("city"))[cut - 1]) && (await cells("name"))[cut - 1] === "missing",
      );
    }));

  test("logs of 3,000 entries are paged, read and gone through by keyboard", { timeout: 240_000 }, () =>
    sandbox({}, async (learner) => {
      const { page } = learner;
      await elected(learner);
      await learner.speed.selectOption("max");
      const lines = Array.from({ length: 3_000 }, (_, place) => `etcdctl put k${place % 7} v${place} &`);
      for (let from = 0; from < lines.length; from += 250) {
        await learner.prompt.fill(lines.slice(from, from + 250).join("\n"));
        await learner.prompt.press("Enter");
      }
      // The terminal shows the last 200 lines: their number does not grow any more.
      await learner.prompt.fill("advance 2s");
      await learner.prompt.press("Enter");
      await learner.gave("advance 2s");
      await learner.open("Logs");
      const grid = page.getByRole("grid", { name: "Logs: nodes by index" });
      const columns = async () => (await grid.getByRole("columnheader").allInnerTexts()).slice(1).map(Number);
      const newest = await until("the newest entries", async () => {
        const shown = await columns();
        return shown.at(-1) >= 3_001 && shown;
      });
      assert.ok((await grid.getByRole("gridcell").count()) <= 3 * 40, "only a window is drawn");
      await learner.button("Earlier").click();
      await until("the window before", async () => (await columns()).at(-1) === newest[0] - 1);
      await page.getByRole("textbox", { name: "From entry" }).fill("1500");
      await page.getByRole("textbox", { name: "From entry" }).press("Enter");
      await until("the window of 1,500", async () => (await columns())[0] === 1_500);
      const cell = page.locator("#log-2-1500");
      await tabTo(page, grid.locator('[tabindex="0"]'));
      await page.keyboard.press("ArrowLeft");
      await cell.focus();
      const detail = page.locator(".log-detail");
      await until("the entry is read", async () => /n2, entry 1,500 \(term \d+\): put k\d v\d+/.test(await detail.innerText()));
      await page.keyboard.press("ArrowDown");
      await until("and the next one's", async () => /^n3, entry 1,500/.test(await detail.innerText()));
      await page.getByRole("table", { name: /^What n\d knows, who leads$/ }).waitFor();
    }));
});

describe("clients", { concurrency: 2 }, () => {
  test("a write without an answer is unknown to its client, and seen by the lab", () =>
    sandbox({}, async (learner) => {
      await elected(learner);
      await learner.type("transfer n1");
      await learner.type("until leader is n1");
      await learner.ask("etcdctl put name john");
      await learner.type("partition n1 | n2 n3");
      await learner.ask("etcdctl --endpoints=n1 --command-timeout=300ms put city Oslo");
      await learner.open("Clients");
      const table = region(learner, "Clients").getByRole("table");
      const rows = async () => (await table.getByRole("row").allInnerTexts()).slice(1);
      await until("both requests, the newest first", async () => {
        const [first, second] = await rows();
        return /city Oslo/.test(first) && /unknown/.test(first) && /name john[^]*acknowledged/.test(second);
      });
      await learner.button("Unknown").click();
      await until("the unknown one alone", async () => (await rows()).length === 1);
      assert.match((await rows())[0], /may have been done, or may still be/);
      assert.match((await rows())[0], /The lab, which sees all, knows: not done so far: entry \d+ of n1/);
      await learner.type("heal");
      await learner.type("advance 3s");
      await until("its fate", async () => /it was done: entry \d+|in no log/.test((await rows())[0]));
      const jump = table.getByRole("button", { name: /the client asks put city Oslo/ });
      const event = number(/to event [\d,]+$/.exec(await jump.getAttribute("aria-label"))[0]);
      await jump.click();
      await until("the moment of asking", async () => (await learner.event()) === event);
    }));
});

describe("the terminal", { concurrency: 2 }, () => {
  test("what is typed while a command runs waits in sight, runs in its turn, and Ctrl-C ends it all", () =>
    sandbox({}, async (learner) => {
      const { page, prompt, terminal } = learner;
      await elected(learner, 5);
      // A client far away: on a busy machine too there is time to type the second line behind the first.
      await learner.type("set client-latency 2s");
      await learner.speed.selectOption("1/5 ×");
      await terminal.evaluate((log) => {
        const look = () => (globalThis.waited ||= /start n6 waits/.test(log.innerText));
        new MutationObserver(look).observe(log, { childList: true, characterData: true, subtree: true });
      });
      await prompt.fill("etcdctl member add n6 --peer-urls=http://n6:2380");
      await prompt.press("Enter");
      await prompt.fill("start n6");
      await prompt.press("Enter");
      await until("it waits in sight", () => page.evaluate(() => globalThis.waited === true));
      await until("n6 runs", async () => (await learner.nodes()).some((node) => node.id === 6 && node.role !== "not started"));
      await prompt.fill("advance 1h");
      await prompt.press("Enter");
      await prompt.fill("crash n1");
      await prompt.press("Enter");
      await until("it waits", async () => /crash n1 waits/.test(await terminal.innerText()));
      await prompt.press("Control+c");
      await until("nothing runs or waits", async () => /\[exit 130\]/.test(await terminal.innerText()));
      assert.doesNotMatch(await terminal.innerText(), /crash n1/);
    }));

  test("many lines are pasted, a here-document among them, and the transcript is copied", () =>
    sandbox({ permissions: ["clipboard-read", "clipboard-write"] }, async (learner) => {
      const { page, prompt } = learner;
      await elected(learner);
      const text = "etcdctl put a 1\netcdctl put letter <<'END'\ndear n1,\n  etcdctl del a\nEND\netcdctl get letter";
      await page.evaluate((text) => navigator.clipboard.writeText(text), text);
      await prompt.focus();
      await page.keyboard.press("Control+V");
      assert.equal(await prompt.inputValue(), text);
      await prompt.press("Enter");
      const { out } = await learner.answered("etcdctl get letter");
      assert.match(out, /letter\ndear n1,\n {2}etcdctl del a/);
      await learner.button("Copy").click();
      await learner.button("Copied").waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(copied, /\$ etcdctl put a 1\nOK\n\$ etcdctl put letter <<'END'\ndear n1,\n {2}etcdctl del a\nEND\nOK\n/);
      await prompt.fill("letter");
      await prompt.press("Control+r");
      assert.equal(await prompt.inputValue(), "etcdctl get letter");
    }));

  test("keys pressed in the lab are heard nowhere else", () =>
    sandbox({}, async (learner) => {
      const { page, prompt } = learner;
      await page.evaluate(() => {
        globalThis.heard = [];
        for (const kind of ["keydown", "keyup"]) {
          document.addEventListener(kind, (event) => globalThis.heard.push(`${kind} ${event.key}`));
        }
      });
      const heard = () => page.evaluate(() => globalThis.heard.splice(0));
      await prompt.focus();
      await page.keyboard.type("s/?");
      await learner.node(1).focus();
      await page.keyboard.press("s");
      await page.keyboard.press("ArrowRight");
      await page.getByRole("tab", { name: "Logs" }).focus();
      await page.keyboard.press("/");
      await learner.timeline.focus();
      await page.keyboard.press("j");
      assert.deepEqual(await heard(), []);
      await page.getByRole("link").first().focus();
      await page.keyboard.press("s");
      assert.deepEqual(await heard(), ["keydown s", "keyup s"], "outside, they are");
    }));
});
