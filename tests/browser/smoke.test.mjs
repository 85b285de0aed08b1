// Every page reads without scripts, comes alive with them, and keeps to the policy.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";

import { alive, dist, Lab, TEXTS } from "./harness.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const pages = (await readdir(dist)).filter((name) => name.endsWith(".html")).sort();
const lessons = pages.filter((name) => !["index.html", "sandbox.html", "embed.html", ...TEXTS].includes(name));
const source = (name) => readFile(path.join(dist, name), "utf8");

test("the course has its pages", () => {
  assert.ok(pages.includes("index.html") && pages.includes("sandbox.html"));
  assert.ok(lessons.length >= 4, `${lessons.length} lessons`);
});

for (const name of pages) {
  test(`${name} comes alive without a complaint`, () =>
    lab.visit(name, {}, TEXTS.includes(name) ? (page) => page.locator("h1").waitFor() : alive));

  test(`${name} holds nothing that the policy forbids, and no mark that was not filled`, async () => {
    const html = await source(name);
    assert.doesNotMatch(html, /\sstyle\s*=|<style|\son[a-z]+\s*=\s*["']|javascript:/i);
    assert.doesNotMatch(html, /<!--(lesson|home|course|head)/);
    for (const [tag] of html.matchAll(/<script[^>]*>/g)) {
      assert.match(tag, /\ssrc=|type="application\/json"/, tag);
    }
  });

  test(`${name} leads nowhere that is not there`, async () => {
    const html = await source(name);
    for (const [, link] of html.matchAll(/\s(?:href|src)="([^"#]+)(?:#[^"]*)?"/g)) {
      assert.doesNotMatch(link, /^\//, `${link} holds at one base path only`);
      if (!/^(https:|data:)/.test(link)) await readFile(path.join(dist, link));
    }
  });
}

test("every page says what it is to those who have not opened it, and no two say the same", async () => {
  const said = { title: new Set(), description: new Set() };
  for (const name of pages) {
    const html = await source(name);
    const of = (key) => new RegExp(`<meta (?:name|property)="${key}" content="([^"]+)">`).exec(html)?.[1];
    const title = /<title>([^<]+)<\/title>/.exec(html)[1];
    assert.equal(of("og:title"), title.replaceAll('"', "&quot;"), name);
    assert.equal(of("og:description"), of("description"), name);
    assert.equal(of("og:type"), name === "index.html" ? "website" : "article", name);
    assert.match(of("twitter:card"), /^summary/, name);
    // A picture and the one address of a page are known to its publisher alone.
    assert.equal(of("og:image") === undefined, !html.includes('rel="canonical"'), name);
    for (const [what, set] of Object.entries(said)) {
      const text = what === "title" ? title : of(what);
      assert.ok(!set.has(text), `${name}: its ${what} is another page's too`);
      set.add(text);
    }
  }
});

for (const name of lessons) {
  test(`${name} reads without scripts`, () =>
    // What was announced to be run is not run: that is what the test asks for.
    lab.visit(name, { javaScriptEnabled: false, expected: /\.js csp$/ }, async (page) => {
      const prose = await page.locator("main").innerText();
      assert.ok(prose.split(/\s+/).length > 200, "prose");
      assert.equal(await page.locator("main h1").count(), 1);
      assert.match(await page.title(), / · Raft Lab$/);
    }));
}

test("a chosen theme stands before the first paint and outlives a reload", () =>
  lab.visit("index.html", { colorScheme: "light" }, async (page) => {
    await page.evaluate(() => localStorage.setItem("raft-lab:theme", "dark"));
    await page.reload({ waitUntil: "commit" });
    await page.waitForSelector("body", { state: "attached" });
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await alive(page);
  }));
