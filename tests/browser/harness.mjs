// What every browser test stands on: the built page behind a plain static host, and Chromium or another browser.
//
// Whatever a page complains about (an error in its console, a violation of the policy, a file that is
// missing) fails the test that visited it.

import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { chromium } from "playwright-core";

import { dist, policy, serve } from "./host.mjs";

export { dist, policy };

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// How browsers call what they no longer need.
const ABORTED = ["net::ERR_ABORTED", "NS_BINDING_ABORTED"];

/// Pages of text alone, without a lab.
export const TEXTS = ["glossary.html"];

/// A browser and a host; `stop` ends both.
export class Lab {
  /// Options: `good`, whether the host is a good one (see `serve`); `args`, more flags for Chromium;
  /// `browser`, another one in its place.
  static async start({ good = false, args = [], browser } = {}) {
    await access(path.join(dist, "index.html")).catch(() => {
      throw new Error(`no page in ${dist}: run \`cargo xtask build\` first`);
    });
    const host = await serve({ good });
    browser ??= await chromium.launch({
      executablePath: process.env.CHROME || "/usr/bin/chromium",
      chromiumSandbox: false,
      args: [...FLAGS, ...args],
    });
    return new Lab(host, browser);
  }

  constructor(host, browser) {
    this.host = host;
    this.browser = browser;
    this.base = host.base;
  }

  async stop() {
    await this.browser.close();
    await this.host.stop();
  }

  /// Opens `page` in a fresh profile, runs `body(page)`, and fails if the page complained meanwhile.
  ///
  /// Options are Playwright's for a context, and besides: `before(page)` runs before the page is opened;
  /// `expected` matches the complaints that the test is about.
  async visit(name, options, body) {
    const { before, expected, ...contextOptions } = options;
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: "no-preference",
      ...contextOptions,
    });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    const complaints = listen(page);
    try {
      await before?.(page);
      await page.goto(this.base + name, { waitUntil: "load" });
      await body(page);
      const unexpected = complaints.filter((complaint) => !expected?.test(complaint));
      assert.deepEqual(unexpected, [], `${name} complained`);
    } finally {
      await context.close();
    }
  }
}

// Everything that a page may complain about, as it comes.
function listen(page) {
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => {
    // A page that is left while it still loads has failed nothing.
    const failure = request.failure()?.errorText ?? "";
    if (!ABORTED.includes(failure)) complaints.push(`request: ${request.url()} ${failure}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`response: ${response.status()} ${response.url()}`);
  });
  return complaints;
}

/// Holds on to the running program as `program`: to be asked for its memory, or broken from inside.
export const holdProgram = (page) =>
  page.addInitScript(() => {
    const instantiate = WebAssembly.instantiateStreaming;
    WebAssembly.instantiateStreaming = async (...what) => {
      const made = await instantiate.call(WebAssembly, ...what);
      globalThis.program = made.instance;
      return made;
    };
  });

/// Waits until the program runs.
export async function alive(page) {
  await page.waitForFunction(() => ["ready", "broken"].includes(document.documentElement.dataset.lab));
  assert.equal(await page.evaluate(() => document.documentElement.dataset.lab), "ready");
}

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/// What axe finds wrong with the page as it stands, one line each.
export async function accessibilityFaults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
  );
}

// Waits until no colour fades any more.
const settled = (page) =>
  page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const fades = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(fades.map((fade) => fade.finished));
  });

/// What axe finds in both themes.
export async function faults(page) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await settled(page);
    found.push(...(await accessibilityFaults(page)).map((fault) => `${colorScheme}: ${fault}`));
  }
  return found;
}
