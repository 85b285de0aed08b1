// Takes pictures of every view of the page into docs/screens/: `cargo xtask screens [VIEW…]`.
//
// A view is a line of VIEWS: its name, its page, the lines given to the cluster, the event that time then stands
// at, and what is opened. Whatever moves is paused at an event, so a picture changes only if the page does.

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { dist, Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";
import { withPalette } from "./palette.mjs";

const out = process.env.RAFT_LAB_SCREENS ?? path.join(path.dirname(fileURLToPath(import.meta.url)), "../../docs/screens");

const SIZES = { wide: [1280, 900], tablet: [768, 1024], phone: [360, 740] };
const THEMES = ["light", "dark"];

// Lines that several views share.
const KEYS = ["etcdctl put name john", "etcdctl put city Oslo", "etcdctl put course distributed-systems"];
const PARTED = [...KEYS, "set check-quorum off", "partition n1 n2 | n3 n4 n5", "advance 3s", "etcdctl --endpoints=n4 put name joan"];
const STALE = [...PARTED, "client b etcdctl --endpoints=n2 put name joe &", "advance 300ms"];
const OUTAGE = [
  ...KEYS, "crash leader", "etcdctl put city Bergen", "until leader", "etcdctl put name joan", "restart",
  "etcdctl put city Narvik", "crash n1", "crash n2", "crash n3", "etcdctl put name joe --command-timeout=1s",
];
const TWO_IN_A_TERM = [
  "nodes 3", "set pre-vote off", "set check-quorum off", "disable one-vote-a-term", "cut n1 n2", "clock n1 10x",
  "until role n1 = leader", "clock n1 1x", "cut n1 n3", "clock n2 10x", "until role n2 = leader",
];

// What is opened.
const panel = (name) => (learner) => learner.open(name);
async function charts(learner) {
  await learner.open("Charts");
  await learner.page.locator('.charts[data-state="made"]').waitFor();
  // They look at the session a moment after it has changed.
  await learner.page.waitForTimeout(500);
  await learner.page.locator(".chart-empty:not(:empty)").first().scrollIntoViewIfNeeded({ timeout: 100 }).catch(() => {});
}
const widget = (name) => async ({ page }) => {
  await page.locator(`[data-widget="${name}"]`).scrollIntoViewIfNeeded();
  await page.locator(`[data-widget="${name}"][data-state="made"]`).waitFor();
  // It looks at the session a moment after it has changed.
  await page.waitForTimeout(500);
  await page.locator(`[data-widget="${name}"]`).evaluate((element) => element.scrollIntoView({ block: "start" }));
};
const menuOf = (target) => async (learner) => {
  await target(learner).press("Enter");
  await learner.menu.waitFor();
};

/// Every view. `lines` are given together, so that each begins at the very event where the one before ends;
/// `back` goes back so many events from there; `stops` says that the last of them breaks a safety property, which
/// stops time; `open` opens what is to be seen. A page that was not built is passed over.
const VIEWS = [
  { name: "home", page: "index.html" },
  { name: "lesson-elections", page: "elections.html", lines: ["crash leader", "advance 600ms"] },
  { name: "lesson-partitions", page: "partitions.html", lines: PARTED },
  { name: "sandbox", page: "sandbox.html", lines: KEYS },
  { name: "panel-terminal", page: "sandbox.html", lines: ["status", ...KEYS, "etcdctl get name -w table"], open: (learner) => learner.atTerminal() },
  { name: "panel-keys", page: "sandbox.html", lines: PARTED, open: panel("Keys") },
  { name: "panel-logs", page: "sandbox.html", lines: PARTED, open: panel("Logs") },
  { name: "panel-events", page: "sandbox.html", lines: ["crash leader", "until leader"], open: panel("Events") },
  { name: "panel-messages", page: "sandbox.html", lines: KEYS, back: 3, open: panel("Messages") },
  { name: "panel-clients", page: "sandbox.html", lines: PARTED, open: panel("Clients") },
  { name: "panel-charts", page: "sandbox.html", lines: OUTAGE, open: charts },
  { name: "panel-charts-empty", page: "sandbox.html", sizes: ["wide", "phone"], lines: ["advance 500ms"], open: charts },
  { name: "panel-node", page: "sandbox.html", lines: KEYS, open: panel("Node") },
  { name: "panel-settings", page: "sandbox.html", lines: ["set latency 600ms", "advance 1s"], open: panel("Settings") },
  { name: "panel-tools", page: "sandbox.html", sizes: ["tablet", "phone"], open: panel("Tools") },
  { name: "menu-node", page: "sandbox.html", open: menuOf((learner) => learner.node(2)) },
  { name: "menu-link", page: "sandbox.html", open: menuOf((learner) => learner.link(1, 2)) },
  { name: "menu-message", page: "sandbox.html", lines: KEYS, sizes: ["wide", "phone"], open: touchMessage },
  { name: "partition", page: "sandbox.html", sizes: ["wide", "phone"], open: partition },
  { name: "election", page: "sandbox.html", lines: ["crash leader", "until role n5 = candidate", "advance 25ms"] },
  { name: "stale-leader", page: "sandbox.html", lines: STALE },
  { name: "modified-raft", page: "sandbox.html", lines: ["disable own-term-commit", "advance 1s"] },
  { name: "violation", page: "sandbox.html", lines: TWO_IN_A_TERM, stops: true },
  { name: "widget-people", page: "key-value-versus-tables.html", sizes: ["wide", "phone"], open: widget("table-and-documents") },
  { name: "widget-chances", page: "elections.html", sizes: ["wide", "phone"], open: widget("monte-carlo") },
  { name: "widget-quorum", page: "quorum-arithmetic.html", sizes: ["wide", "phone"], lines: ["crash n1", "advance 1s"], open: widget("quorum-table") },
  { name: "widget-availability", page: "quorum-arithmetic.html", sizes: ["wide", "phone"], open: widget("availability") },
  { name: "widget-unit-files", page: "setting-up-a-cluster.html", sizes: ["wide", "phone"], open: widget("service-generator") },
  { name: "chart-latency", page: "from-one-server-to-three.html", sizes: ["wide", "phone"], lines: KEYS, open: widget("chart-latency") },
  { name: "chart-terms", page: "elections.html", sizes: ["wide", "phone"], lines: ["crash leader", "until leader", "advance 2s"], open: widget("chart-terms") },
  { name: "chart-writes", page: "replication.html", sizes: ["wide", "phone"], lines: KEYS, open: widget("chart-writes") },
  { name: "embed", page: "embed.html" },
  { name: "broken", page: "sandbox.html", lines: KEYS, open: breakIt },
];

// The messages under way, by keyboard: arrow keys go from one to the next, Enter opens its menu.
async function touchMessage(learner) {
  const flights = learner.page.locator("#stage-flights");
  await until("a message is under way", async () => {
    if (!/^No messages/.test(await flights.innerText())) return true;
    const event = await learner.event();
    await learner.button("One event").click();
    await until("the next event", async () => (await learner.event()) > event);
    return false;
  });
  await flights.focus();
  await learner.page.keyboard.press("ArrowRight");
  await until("one is chosen", async () => /^m\d+: /.test(await flights.innerText()));
  await learner.page.keyboard.press("Enter");
  await learner.menu.waitFor();
}

async function partition(learner) {
  const { page } = learner;
  if ((await learner.button("Partition…").count()) === 0) await learner.open("Tools");
  await learner.button("Partition…").click();
  await page.getByRole("dialog").waitFor();
}

function breakIt({ page }) {
  return page.evaluate(() => raftLab.panic("assertion failed: a picture of the page that remains"));
}

// Everything has arrived and nothing fades any more.
const settled = (page) =>
  page.evaluate(async () => {
    await document.fonts.ready;
    // A page that broke draws no frames any more.
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    });
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  });

// On a narrow screen lines are given in a panel that covers the text: it is closed again.
async function closePanel(page) {
  if ((await page.getByRole("tab", { name: "Tools" }).count()) === 0) return;
  const open = page.getByRole("tab", { selected: true });
  if ((await open.count()) > 0) await open.click();
}

// Takes no time and changes nothing: it stands where the lines before it ended.
const MARK = "assert term >= 0";

// Gives the lines, and comes back to where they end: frames go further than that, and how far differs.
async function give(learner, { lines, stops, back = 0 }) {
  const { page } = learner;
  await learner.atTerminal();
  await learner.prompt.fill([...lines, MARK].join("\n"));
  await learner.prompt.press("Enter");
  if (stops) return page.locator(".banner[data-kind=violation]").waitFor();
  await learner.gave(MARK);
  await learner.pause();
  const kept = await page.evaluate(() => {
    // As one leaves, the session is kept, each line with its event.
    dispatchEvent(new Event("pagehide"));
    return Object.entries({ ...localStorage }).filter(([key]) => key.startsWith("raft-lab:session:"));
  });
  const marked = kept.find(([, text]) => text.includes(MARK));
  const end = Number(new RegExp(`^@(\\d+) ${MARK}$`, "m").exec(marked[1])[1]);
  const script = marked[1]
    .split("\n")
    .filter((line) => !line.endsWith(MARK))
    .map((line) => line.replace(/^# at event \d+$/, `# at event ${end}`));
  await page.addInitScript(([key, text]) => localStorage.setItem(key, text), [marked[0], script.join("\n")]);
  await page.reload();
  await learner.button("One event").waitFor();
  await until(`event ${end}`, async () => (await learner.event()) === end);
  if (back === 0) return;
  await learner.timeline.fill(String(end - back));
  await until(`event ${end - back}`, async () => (await learner.event()) === end - back);
}

async function arrange(view, page) {
  const learner = new Learner(page);
  await learner.button("One event").waitFor();
  await learner.speed.selectOption({ index: (await learner.speed.getByRole("option").count()) - 1 });
  if (view.lines !== undefined) await give(learner, view);
  await closePanel(page);
  await page.evaluate(() => document.activeElement?.blur());
  await page.evaluate(() => scrollTo(0, 0));
  await view.open?.(learner);
}

async function take(lab, view) {
  let bytes = 0;
  for (const size of view.sizes ?? Object.keys(SIZES)) {
    for (const colorScheme of THEMES) {
      const [width, height] = SIZES[size];
      const options = { viewport: { width, height }, colorScheme, reducedMotion: "reduce" };
      await lab.visit(view.page, options, async (page) => {
        await arrange(view, page);
        await settled(page);
        const picture = withPalette(await page.screenshot());
        bytes += picture.length;
        await writeFile(path.join(out, `${view.name}-${size}-${colorScheme}.png`), picture);
      });
    }
  }
  return bytes;
}

const wanted = process.argv.slice(2);
const chosen = VIEWS.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)));
if (chosen.length === 0) throw new Error(`no view is called ${wanted.join(" ")}: ${VIEWS.map(({ name }) => name).join(", ")}`);
const built = new Set(await readdir(dist));
await mkdir(out, { recursive: true });
if (wanted.length === 0) {
  // What no view is called any more goes.
  for (const name of await readdir(out)) if (name.endsWith(".png")) await rm(path.join(out, name));
}
const lab = await Lab.start();
try {
  let total = 0;
  for (const view of chosen) {
    if (!built.has(view.page)) {
      console.log(`${view.name}: there is no ${view.page}`);
      continue;
    }
    const bytes = await take(lab, view);
    total += bytes;
    console.log(`${view.name}: ${Math.round(bytes / 1000)} kB`);
  }
  console.log(`${Math.round(total / 1000)} kB in ${out}`);
} finally {
  await lab.stop();
}
