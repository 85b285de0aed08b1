// What `cargo xtask bench` measures of the page itself: the release page in Chromium, on a good host.
//
//   CHROME=… RAFT_LAB_DIST=dist node bench/page.mjs frame|jump|load|long …
//
// Each figure is printed as `name TAB value`, in seconds, bytes or counts; floors and targets stand in
// xtask/src/bench/report.rs. The page is driven as a person drives it, through roles and names, and watched from
// outside: what a frame costs is read from the browser's own trace, not from a clock inside the page.

import { readdir } from "node:fs/promises";

import { alive, dist, holdProgram, Lab } from "../tests/browser/harness.mjs";
import { Learner } from "../tests/browser/learner.mjs";

const say = (name, value) => console.log(`${name}\t${value}`);
const at = (sorted, hundredths) => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * hundredths) / 100))];
const byNumber = (one, other) => one - other;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Frames

const FRAME_SECONDS = 5;
// What the browser calls script, and what it does with the document after it; outermost slices only.
const SCRIPT = new Set(["FireAnimationFrame", "FunctionCall", "RunMicrotasks", "TimerFire", "EventDispatch", "EvaluateScript", "v8.callFunction"]);
const DRAWING = new Set(["UpdateLayoutTree", "Layout", "PrePaint", "Paint", "Layerize", "Commit"]);

// Seven nodes far apart and a heartbeat that keeps about a hundred messages under way, at the speed of real time:
// several events a frame.
const BUSY = ["nodes 7", "set election-timeout 5s", "set latency 800ms", "until leader", "advance 3s"];

async function trace(cdp, seconds) {
  const events = [];
  const take = ({ value }) => events.push(...value);
  cdp.on("Tracing.dataCollected", take);
  await cdp.send("Tracing.start", { categories: "devtools.timeline,v8", transferMode: "ReportEvents" });
  await sleep(1000 * seconds);
  const done = new Promise((resolve) => cdp.once("Tracing.tracingComplete", resolve));
  await cdp.send("Tracing.end");
  await done;
  cdp.off("Tracing.dataCollected", take);
  return events;
}

// Milliseconds that slices of these kinds took in each frame, from one animation frame to the next.
function perFrame(events, kinds) {
  const starts = events.filter(({ name }) => name === "FireAnimationFrame");
  const { pid, tid } = starts[0] ?? {};
  const slices = events
    .filter((event) => event.ph === "X" && event.pid === pid && event.tid === tid && kinds.has(event.name))
    .sort((one, other) => one.ts - other.ts || other.dur - one.dur);
  const frames = starts.map(({ ts }) => ({ ts, took: 0 })).sort((one, other) => one.ts - other.ts);
  let frame = -1;
  let end = -Infinity;
  for (const { ts, dur } of slices) {
    if (ts < end) continue;
    end = ts + dur;
    while (frame + 1 < frames.length && frames[frame + 1].ts <= ts) frame += 1;
    if (frame >= 0) frames[frame].took += dur / 1000;
  }
  // The last one was cut off.
  return frames.slice(0, -1).map(({ took }) => took);
}

async function frame(lab) {
  await lab.visit("sandbox.html", {}, async (page) => {
    const learner = await Learner.at(page);
    for (const line of BUSY) await learner.type(line);
    await learner.open("Messages");
    await learner.speed.selectOption("1 ×");
    await learner.play();
    const counted = page.getByText(/^Messages under way: \d+$/);
    say("frame/messages", Number((await counted.innerText()).match(/\d+/)[0]));
    // What most people look at while time runs: keys, not a table of a hundred rows.
    await learner.open("Keys");
    const cdp = await page.context().newCDPSession(page);
    for (const [name, rate] of [["frame", 1], ["frame-throttled", 4]]) {
      await cdp.send("Emulation.setCPUThrottlingRate", { rate });
      await sleep(500);
      const events = await trace(cdp, FRAME_SECONDS);
      const script = perFrame(events, SCRIPT).sort(byNumber);
      const drawing = perFrame(events, DRAWING).sort(byNumber);
      say(`${name}/median`, at(script, 50) / 1000);
      say(`${name}/p95`, at(script, 95) / 1000);
      say(`${name}/drawing-p95`, at(drawing, 95) / 1000);
      say(`${name}/per-second`, script.length / FRAME_SECONDS);
    }
  });
}

// Seeks

const EVENTS = 100_000;
const JUMPS = 200;

async function jump(lab) {
  await lab.visit("sandbox.html", {}, async (page) => {
    const learner = await Learner.at(page);
    await learner.type("nodes 7");
    await learner.type("until leader");
    await learner.ask("etcdctl put name john");
    await fastest(learner);
    await learner.play();
    while ((await learner.event()) < EVENTS) await sleep(200);
    await learner.pause();
    const took = await learner.timeline.evaluate(
      async (slider, [events, jumps]) => {
        // As the browser has it: input is dispatched where frames begin, and what follows is painted in it.
        const jumpTo = (event) =>
          new Promise((resolve) =>
            requestAnimationFrame(() => {
              const start = performance.now();
              slider.value = String(event);
              slider.dispatchEvent(new InputEvent("input", { bubbles: true }));
              const channel = new MessageChannel();
              // A message is taken after this frame's style, layout and paint.
              channel.port1.onmessage = () => resolve(performance.now() - start);
              channel.port2.postMessage(0);
            }),
          );
        let random = 1;
        const all = [];
        while (all.length < jumps) {
          random = (random * 48271) % 2147483647;
          const event = random % events;
          const ms = await jumpTo(event);
          if (Number(slider.value) !== event) throw new Error(`at ${slider.value}, not ${event}`);
          all.push(ms);
        }
        return all;
      },
      [EVENTS, JUMPS],
    );
    took.sort(byNumber);
    say("jump/median", at(took, 50) / 1000);
    say("jump/p95", at(took, 95) / 1000);
    say("jump/worst", at(took, 100) / 1000);
  });
}

// The highest speed on offer.
async function fastest(learner) {
  const names = await learner.speed.getByRole("option").allInnerTexts();
  const last = names.length - 1;
  await learner.speed.selectOption({ index: last });
  return names[last];
}

// The first load

// What Lighthouse calls slow 4G, and a phone of the middle.
const SLOW = { offline: false, latency: 150, downloadThroughput: (1.6 * 1024 * 1024) / 8, uploadThroughput: (750 * 1024) / 8 };

async function firstLoad(lab, name, slow) {
  let bytes = 0;
  let seconds = 0;
  const before = async (page) => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Network.enable");
    cdp.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    if (!slow) return;
    await cdp.send("Network.emulateNetworkConditions", SLOW);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  };
  await lab.visit(name, { before }, async (page) => {
    await alive(page);
    await new Learner(page).button("One event").waitFor();
    // As the page has it: from the moment that the address was asked for.
    seconds = (await page.evaluate(() => performance.now())) / 1000;
    await page.waitForLoadState("networkidle");
  });
  return { bytes, seconds };
}

async function load(lab) {
  const lessons = (await readdir(dist)).filter((name) => name.endsWith(".html") && !["index.html", "sandbox.html", "embed.html"].includes(name));
  // The first compresses for all.
  await firstLoad(lab, lessons[0], false);
  const loads = [];
  for (const name of lessons) loads.push(await firstLoad(lab, name, false));
  const biggest = loads.reduce((one, other) => (other.bytes > one.bytes ? other : one));
  say("load/bytes", biggest.bytes);
  say("load/seconds", biggest.seconds);
  say("load/seconds-slow", (await firstLoad(lab, lessons[loads.indexOf(biggest)], true)).seconds);
}

// Long runs

async function memory(page, cdp) {
  await cdp.send("HeapProfiler.collectGarbage");
  const { metrics } = await cdp.send("Performance.getMetrics");
  const heap = metrics.find(({ name }) => name === "JSHeapUsedSize").value;
  return heap + (await page.evaluate(() => program.exports.memory.buffer.byteLength));
}

async function long(lab) {
  await lab.visit("sandbox.html", { before: holdProgram }, async (page) => {
    const learner = await Learner.at(page);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    await learner.type("nodes 7");
    await learner.type("until leader");
    await fastest(learner);
    const seconds = async () => parseFloat((await page.locator(".moment-time").innerText()).replaceAll(/[^\d.]/g, ""));
    const passes = async (goal) => {
      const start = performance.now();
      while ((await seconds()) < goal) await sleep(200);
      return (performance.now() - start) / 1000;
    };
    await learner.play();
    const tenMinutes = await passes(600);
    say("long/ten-minutes-bytes", await memory(page, cdp));
    say("long/ten-minutes-seconds", tenMinutes);
    const hour = 6 * tenMinutes;
    if (hour > 300) {
      console.log(`an hour in the page would take ${Math.round(hour)} s at its highest speed: not measured`);
      return;
    }
    await passes(3600);
    say("long/hour-bytes", await memory(page, cdp));
    say("long/hour-events", await learner.event());
  });
}

const KNOWN = { frame, jump, load, long };
const words = process.argv.slice(2);
const lab = await Lab.start({ good: true });
try {
  for (const word of words) {
    if (!(word in KNOWN)) throw new Error(`nothing is called ${word}: ${Object.keys(KNOWN).join(", ")}`);
    await KNOWN[word](lab);
  }
} finally {
  await lab.stop();
}
