// What every browser test stands on: the built page behind a plain static host, and Chromium.
//
// The host serves it below a path, as course pages are served, with the content policy as a header, so that
// an inline script or style cannot slip in. Whatever a page complains about (an error in its console, a
// violation of the policy, a file that is missing) fails the test that visited it.

import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));

/// The folder with the built page.
export const dist = process.env.RAFT_LAB_DIST ?? path.join(here, "..", "..", "dist");

/// The policy of the design: no inline script, no inline style, nothing from elsewhere.
export const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; " +
  "img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'";

const BASE = "/docs/raft-lab/";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".md": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

async function answer(request, response) {
  const name = decodeURIComponent(new URL(request.url, "http://host").pathname);
  const headers = { "Content-Security-Policy": policy, "Cache-Control": "no-store" };
  const file = path.join(dist, name.slice(BASE.length) || "index.html");
  if (!name.startsWith(BASE) || !file.startsWith(dist)) {
    response.writeHead(404, headers).end();
    return;
  }
  const content = await readFile(file).catch(() => null);
  if (content === null) {
    response.writeHead(404, headers).end();
    return;
  }
  const type = TYPES[path.extname(file)] ?? "application/octet-stream";
  response.writeHead(200, { ...headers, "Content-Type": type }).end(content);
}

/// A browser and a host; `stop` ends both.
export class Lab {
  static async start() {
    await access(path.join(dist, "index.html")).catch(() => {
      throw new Error(`no page in ${dist}: run \`cargo xtask build\` first`);
    });
    const server = createServer(answer);
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await chromium.launch({
      executablePath: process.env.CHROME || "/usr/bin/chromium",
      chromiumSandbox: false,
      args: FLAGS,
    });
    return new Lab(server, browser);
  }

  constructor(server, browser) {
    this.server = server;
    this.browser = browser;
    this.base = `http://127.0.0.1:${server.address().port}${BASE}`;
  }

  async stop() {
    await this.browser.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
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
    if (failure !== "net::ERR_ABORTED") complaints.push(`request: ${request.url()} ${failure}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`response: ${response.status()} ${response.url()}`);
  });
  return complaints;
}

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
