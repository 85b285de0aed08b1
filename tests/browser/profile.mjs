// Which functions of the program run while a page is opened and nobody acts: `cargo xtask profile`.
//
//   RAFT_LAB_DIST=… node profile.mjs FUNCTIONS LIST
//
// The page's program gives `raftLab.second` the index of every function that runs. FUNCTIONS has each one's bytes
// and name, in the order of their indices; LIST gets the names of those that never ran and are worth moving into
// the program's second part.

import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { alive, dist, Lab } from "./harness.mjs";

const [functionsFile, listFile] = process.argv.slice(2);

/// Smaller ones are left where they are: the list is shorter by half, and the first part longer by one hundredth.
const WORTH_MOVING = 60;
const IDLE_MS = 8000;

const VISITS = [
  { viewport: { width: 1280, height: 900 } },
  { viewport: { width: 390, height: 844 }, colorScheme: "dark", reducedMotion: "reduce" },
];

// Marks what runs, as soon as the boot file offers the function that is told.
function mark() {
  const ran = new Set();
  let lab;
  Object.defineProperty(globalThis, "raftLab", {
    get: () => lab,
    set(offered) {
      lab = { ...offered, ran, second: (index) => ran.add(index) };
    },
  });
}

// What one does who only reads.
async function read(page) {
  await alive(page);
  await page.mouse.move(200, 300);
  for (let scrolled = 0; scrolled < 5; scrolled += 1) {
    await page.mouse.wheel(0, 700);
    await page.waitForTimeout(200);
  }
  for (const width of [1000, 1280, page.viewportSize().width]) {
    await page.setViewportSize({ width, height: page.viewportSize().height });
    await page.waitForTimeout(300);
  }
  const theme = page.getByRole("button", { name: /theme|dark|light/i });
  if (await theme.count()) await theme.first().click();
  await page.waitForTimeout(IDLE_MS);
  // As when the tab is left, and come back to.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
  return page.evaluate(() => [...raftLab.ran]);
}

const functions = (await readFile(functionsFile, "utf8")).trimEnd().split("\n").map((line) => {
  const [, bytes, name] = /^(\d+) (.*)$/.exec(line);
  return { bytes: Number(bytes), name };
});
const ran = new Set();
const lab = await Lab.start();
try {
  // The glossary, say, has no program.
  const files = (await readdir(dist)).filter((file) => file.endsWith(".html"));
  const texts = await Promise.all(files.map((file) => readFile(path.join(dist, file), "utf8")));
  const pages = files.filter((_, place) => /raft-lab-[^"]*\.wasm/.test(texts[place]));
  const visits = pages.flatMap((name) => VISITS.map((visit) => ({ name, visit })));
  const visitNext = async () => {
    for (let next = visits.pop(); next !== undefined; next = visits.pop()) {
      const options = { ...next.visit, before: (page) => page.addInitScript(mark) };
      await lab.visit(next.name, options, async (page) => {
        for (const index of await read(page)) ran.add(index);
      });
      console.log(`${next.name}, ${next.visit.viewport.width} wide: ${ran.size} functions ran so far`);
    }
  };
  // Mostly they wait, which several can do at once.
  await Promise.all(Array.from({ length: 4 }, visitNext));
} finally {
  await lab.stop();
}

if (ran.size === 0) throw new Error(`nothing ran: no page in ${dist} has a program`);

// Several functions may have one name; numbers at its end are the optimiser's, and others next time.
const awake = new Set(functions.filter((_, index) => ran.has(index)).map(({ name }) => name));
const idle = functions.filter(
  ({ bytes, name }) => bytes >= WORTH_MOVING && name !== "" && !awake.has(name) && !/(\.\d+|\[\d+\])$/.test(name),
);
await writeFile(listFile, [...new Set(idle.map(({ name }) => name))].sort().join("\n") + "\n");
const sum = (list) => list.reduce((bytes, one) => bytes + one.bytes, 0);
console.log(`${idle.length} functions with ${sum(idle)} bytes of ${sum(functions)} can wait until somebody acts`);
