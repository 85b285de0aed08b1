// Links and files: a moment goes from one browser to another and is the same moment there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, describe, test } from "node:test";

import { accessibilityFaults, alive, Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const clipboard = { permissions: ["clipboard-read", "clipboard-write"] };

const sandbox = (options, body) =>
  lab.visit("sandbox.html", options, async (page) => body(await Learner.at(page), page));

const notice = (page) => page.locator(".lab-card").getByRole("status").filter({ hasText: /link|Link|Saved|opened|Opened|given/ });

const tab = (page, name) => page.getByRole("tab", { name: new RegExp(`^${name}`) });

// What a person sees of a moment.
async function seen(learner) {
  return { event: await learner.event(), end: await learner.end(), nodes: await learner.nodes() };
}

// Does something worth a link, and answers with what is seen.
async function play(learner) {
  await learner.type("etcdctl put name john");
  await learner.type("partition n1 n2 | n3 n4 n5");
  await learner.type("advance 2s");
  await learner.type("crash n3");
  return seen(learner);
}

// Copies the link and reads it from the clipboard.
async function copied(learner) {
  await learner.button("Copy link").click();
  await notice(learner.page).filter({ hasText: "Link copied" }).waitFor();
  return learner.page.evaluate(() => navigator.clipboard.readText());
}

// The page's own name for the fragment of an address.
const fragment = (link) => link.slice(link.indexOf("#"));

// One after another: all pages of a browser share one clipboard.
describe("a link", () => {
  test("opens the same event, state and view in another browser, paused", () =>
    sandbox(clipboard, async (learner, page) => {
      const before = await play(learner);
      await tab(page, "Logs").click();
      await learner.speed.selectOption("1/2 ×");
      const link = await copied(learner);
      assert.match(link, /sandbox\.html#v1\.[\w-]+$/);
      await sandbox({}, async (other, elsewhere) => {
        await elsewhere.goto("about:blank");
        await elsewhere.goto(link);
        await alive(elsewhere);
        await notice(elsewhere).filter({ hasText: "Opened from a link" }).waitFor();
        assert.deepEqual(await seen(other), before);
        assert.equal(await other.playing(), false);
        assert.equal(await tab(elsewhere, "Logs").getAttribute("aria-selected"), "true");
        assert.equal(await other.speed.locator("option:checked").innerText(), "1/2 ×");
        assert.equal(new URL(elsewhere.url()).hash, "", "a reload brings what is kept from now on");
        assert.deepEqual(await accessibilityFaults(elsewhere), []);
        // Acting goes on from there, and undo leads back to what was there before the link.
        await other.type("restart");
        await other.becomes(3, "runs again", ({ role }) => role !== "down");
        await other.button("Undo").click();
        await other.button("Undo").click();
        await until("what was there before", async () => (await other.end()) < before.event);
      });
    }));

  test("that is followed in an open page opens there", () =>
    sandbox(clipboard, async (learner, page) => {
      const before = await play(learner);
      const link = await copied(learner);
      await learner.button("Reset").click();
      await until("the beginning", async () => (await learner.end()) < before.event);
      await page.evaluate((hash) => (location.hash = hash), fragment(link));
      await notice(page).filter({ hasText: "Opened from a link" }).waitFor();
      assert.deepEqual(await seen(learner), before);
    }));

  test("of a lesson opens that lesson, wherever it is opened", () =>
    lab.visit("elections.html", clipboard, async (page) => {
      const learner = await Learner.at(page);
      await learner.type("crash leader");
      const before = await seen(learner);
      const link = await copied(learner);
      assert.match(link, /elections\.html#v1\./);
      await page.goto(lab.base + "sandbox.html" + fragment(link));
      await page.waitForURL(/elections\.html/);
      await alive(page);
      await notice(page).filter({ hasText: "Opened from a link" }).waitFor();
      assert.deepEqual(await seen(learner), before);
    }));

  test("with a rule of Raft left out says so where it is opened", () =>
    sandbox(clipboard, async (learner, page) => {
      await learner.type("disable own-term-commit");
      const link = await copied(learner);
      await page.goto("about:blank");
      await page.goto(link);
      await page.getByText(/Modified Raft/).first().waitFor();
    }));

  for (const [what, hash, words] of [
    ["is cut off", (good) => good.slice(0, -30), /damaged/],
    ["was changed", (good) => good.replace(/.{9}$/, "AAAAAAAAA"), /damaged|cannot be read|otherwise/],
    ["is of an older version", () => "#v0.abc", /version 0/],
    ["is of a newer version", () => "#v2.abc", /version 2/],
    ["holds nonsense", () => "#v1.%00%ff<script>", /damaged/],
    ["is endless", () => `#v1.${"A".repeat(40_000)}`, /too long/],
  ]) {
    test(`that ${what} says so and leaves a fresh lab`, () =>
      sandbox(clipboard, async (learner, page) => {
        const good = fragment(await copied(learner));
        await learner.type("crash n1");
        await page.goto("about:blank");
        await page.goto(lab.base + "sandbox.html" + hash(good));
        await alive(page);
        await notice(page).filter({ hasText: words }).waitFor();
        await learner.leader();
        const nodes = await learner.nodes();
        assert.ok(nodes.every(({ role }) => role !== "down"), "a fresh lab");
        assert.equal(await page.evaluate(() => document.querySelectorAll("script:not([src]):not([type])").length), 0);
      }));
  }

  test("whose script leads for ever does not freeze the page", () =>
    sandbox({}, async (learner, page) => {
      // A session of a million lines at once is more than any link may hold; one that runs on is followed
      // in slices.
      const text = "# raft-lab session 1\nnodes 7\nseed 1\n# at event 900000\n";
      const hash = await page.evaluate(async (text) => {
        const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
        const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
        return "#v1." + btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      }, text);
      await page.goto("about:blank");
      await page.goto(lab.base + "sandbox.html" + hash);
      await alive(page);
      const longest = await page.evaluate(
        () =>
          new Promise((resolve) => {
            let [last, longest] = [performance.now(), 0];
            const end = last + 1_500;
            const each = (now) => {
              longest = Math.max(longest, now - last);
              last = now;
              if (now < end) requestAnimationFrame(each);
              else resolve(longest);
            };
            requestAnimationFrame(each);
          }),
      );
      assert.ok(longest < 1_000, `${longest} ms without a frame`);
    }));

  test("that the clipboard refuses stands there to be copied", () =>
    sandbox(
      {
        before: (page) =>
          page.addInitScript(() => {
            Object.defineProperty(navigator, "clipboard", { value: undefined });
          }),
      },
      async (learner, page) => {
        await learner.button("Copy link").click();
        const field = page.getByRole("textbox", { name: "Link" });
        await field.waitFor();
        assert.match(await field.inputValue(), /sandbox\.html#v1\./);
        await learner.button("Close").click();
        await field.waitFor({ state: "detached" });
      },
    ));

  test("works where storage is blocked", () =>
    sandbox(
      {
        ...clipboard,
        before: (page) =>
          page.addInitScript(() => {
            Object.defineProperty(globalThis, "localStorage", {
              get() {
                throw new DOMException("blocked", "SecurityError");
              },
            });
          }),
      },
      async (learner, page) => {
        const before = await play(learner);
        const link = await copied(learner);
        await page.goto("about:blank");
        await page.goto(link);
        await notice(page).filter({ hasText: "Opened from a link" }).waitFor();
        assert.deepEqual(await seen(learner), before);
      },
    ));
});

describe("a file", { concurrency: 2 }, () => {
  // Saves the session and answers with the file's text.
  async function saved(learner) {
    const [download] = await Promise.all([
      learner.page.waitForEvent("download"),
      learner.button("Save as a file").click(),
    ]);
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
  }

  async function open(learner, name, text) {
    const [chooser] = await Promise.all([
      learner.page.waitForEvent("filechooser"),
      learner.button("Open a file").click(),
    ]);
    await chooser.setFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  }

  test("saves the session and opens it again, and undo returns", () =>
    sandbox({}, async (learner, page) => {
      const before = await play(learner);
      const { name, text } = await saved(learner);
      assert.match(name, /^raft-lab-sandbox-\d+\.lab$/);
      assert.match(text, /^# raft-lab session 1\n/);
      assert.match(text, /partition n1 n2 \| n3 n4 n5/);
      await learner.button("Reset").click();
      await until("the beginning", async () => (await learner.end()) < before.event);
      const fresh = await seen(learner);
      await open(learner, name, text);
      await notice(page).filter({ hasText: "Opened from a file" }).waitFor();
      assert.deepEqual(await seen(learner), before);
      await learner.button("Undo").click();
      await until("the fresh lab", async () => (await learner.end()) === fresh.end);
      assert.deepEqual(await seen(learner), fresh);
    }));

  test("with a bad line is refused with its place, and nothing changes", () =>
    sandbox({}, async (learner, page) => {
      const { text } = await saved(learner);
      const before = await seen(learner);
      await open(learner, "bad.lab", text.replace("set latency 40ms", "set latency fast"));
      await notice(page).filter({ hasText: /cannot be read: \d+:\d+/ }).waitFor();
      assert.deepEqual(await seen(learner), before);
    }));

  test("that is any script is typed in", () =>
    sandbox({}, async (learner) => {
      await open(learner, "mine.lab", "crash n1\nadvance 100ms\ncrash n2\n");
      await learner.becomes(2, "is down", ({ role }) => role === "down");
      await learner.becomes(1, "is down", ({ role }) => role === "down");
    }));
});
