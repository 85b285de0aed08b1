// Each lesson as its reader goes through it. What is asked and what solves it is read from the lesson's own
// page, so a new lesson is tested by being there.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { dist, Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const lessons = [];
for (const name of (await readdir(dist)).sort()) {
  if (!name.endsWith(".html") || ["embed.html", "glossary.html", "index.html", "sandbox.html"].includes(name)) continue;
  const html = await readFile(path.join(dist, name), "utf8");
  const [, data] = /<script type="application\/json" id="lesson">([\s\S]*?)<\/script>/.exec(html);
  lessons.push({ name, ...JSON.parse(data) });
}
lessons.sort((one, other) => one.number - other.number);

const goal = (page, id) => page.locator(`[data-goal="${id}"]`);
const reached = (page) =>
  page
    .locator("[data-goal]")
    .evaluateAll((items) => items.filter((item) => "reached" in item.dataset).map((item) => item.dataset.goal));
const count = (page) => page.locator("[data-goals]").getByRole("status").first().innerText();

// The lines of the solution, as one types them: without remarks.
const solution = (lesson) =>
  lesson.solution.filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));

describe("lessons", { concurrency: 2 }, () => {
  for (const lesson of lessons) {
    test(`${lesson.id}: its prose, questions, goals and hints stand there without scripts`, () =>
      lab.visit(lesson.name, { javaScriptEnabled: false, expected: /\.js csp$/ }, async (page) => {
        const main = page.getByRole("main");
        assert.equal(await main.getByRole("heading", { level: 1 }).innerText(), lesson.title);
        for (const { question } of lesson.predictions) {
          assert.ok((await main.innerText()).includes(question.replaceAll("`", "")), question);
        }
        assert.equal(await main.getByRole("radio").count(), lesson.predictions.flatMap((one) => one.options).length);
        for (const { id, hints } of lesson.goals) {
          assert.equal(await goal(page, id).locator("details").count(), hints.length, `hints of ${id}`);
        }
        assert.ok(lesson.goals.length >= 2, "two goals");
      }));

    test(`${lesson.id}: a prediction answers, and is remembered`, () =>
      lab.visit(lesson.name, {}, async (page) => {
        const learner = await Learner.at(page);
        for (const { id, options, answer } of lesson.predictions) {
          const field = page.locator(`[data-predict="${id}"]`);
          const choices = field.getByRole("radio");
          const wrong = (answer + 1) % options.length;
          assert.ok(await field.locator(".because").isHidden(), "no answer before the guess");
          await choices.nth(wrong).check();
          await field.locator('.because[data-verdict="wrong"]').waitFor();
          assert.equal(await field.locator('label[data-answer="wrong"]').count(), 1);
          await choices.nth(answer).check();
          await field.locator('.because[data-verdict="right"]').waitFor();
          const label = field.locator("label").nth(answer);
          assert.equal(await label.getAttribute("data-answer"), "right");
          assert.equal(await field.locator('label[data-answer="wrong"]').count(), 0);
        }
        await page.reload();
        await learner.arrives();
        for (const { id, answer } of lesson.predictions) {
          const field = page.locator(`[data-predict="${id}"]`);
          assert.ok(await field.getByRole("radio").nth(answer).isChecked());
          assert.ok(await field.locator('.because[data-verdict="right"]').isVisible());
        }
      }));

    test(`${lesson.id}: typing the solution reaches every goal, across a reload, and for good`, () =>
      lab.visit(lesson.name, {}, async (page) => {
        const learner = await Learner.at(page);
        const all = lesson.goals.map(({ id }) => id);
        assert.deepEqual(await reached(page), lesson.goals.filter(({ kind }) => kind === "keep").map(({ id }) => id));
        const hint = goal(page, all[0]).locator("details").first();
        await hint.getByText("Hint").click();
        assert.equal(await hint.getAttribute("open"), "");

        const lines = solution(lesson);
        const half = Math.ceil(lines.length / 2);
        for (const line of lines.slice(0, half)) await learner.type(line);
        const state = async () => ({
          event: await learner.event(),
          lines: await learner.lines(),
          reached: await reached(page),
          nodes: await learner.nodes(),
        });
        const left = await state();
        await page.reload();
        await learner.button("One event").waitFor();
        assert.equal(await learner.playing(), false, "time stands still");
        assert.deepEqual(await state(), left);
        await learner.arrives();

        for (const line of lines.slice(half)) await learner.type(line);
        await until(`all goals of ${lesson.id}`, async () => (await reached(page)).length === all.length);
        assert.equal(await count(page), `${all.length} of ${all.length}`);
        for (const { id, because } of lesson.goals) {
          if (because !== "") assert.ok((await goal(page, id).innerText()).includes(because.replaceAll("`", "")));
        }
        await page.getByText("All done").waitFor();

        await learner.timeline.focus();
        await page.keyboard.press("Home");
        await until("the beginning", async () => (await learner.event()) === 0);
        assert.deepEqual(await reached(page), all, "what was reached stays reached");
        await learner.button("Reset").click();
        await until("a fresh start", async () => (await learner.event()) > 0);
        assert.deepEqual(await reached(page), all, "after a reset too");
        await page.goto(new URL("index.html", page.url()).href);
        await page.locator(`main [data-lesson="${lesson.id}"][data-done]`).first().waitFor();
      }));

    test(`${lesson.id}: the solution plays by itself, the same at every speed`, () =>
      lab.visit(lesson.name, {}, async (page) => {
        const learner = await Learner.at(page);
        const setUp = await learner.lines();
        const plays = async () => {
          await learner.button("Reset").click();
          await until("a fresh start", async () => isDeepStrictEqual(await learner.lines(), setUp));
          await learner.button("Play the solution").click();
          await until("it has begun", async () => (await learner.lines()).length > setUp.length || !(await learner.idle()));
          await until("the solution ends", () => learner.idle());
          return { lines: await learner.lines(), event: await learner.event() };
        };
        const played = await plays();
        assert.deepEqual(await reached(page), lesson.goals.map(({ id }) => id));
        for (const line of solution(lesson)) assert.ok(played.lines.some((one) => one.line === line), `${line} was given`);
        // Fast, on a machine that draws few frames.
        const devtools = await page.context().newCDPSession(page);
        await devtools.send("Emulation.setCPUThrottlingRate", { rate: 6 });
        await learner.speed.selectOption("1000 ×");
        assert.deepEqual(await plays(), played);
      }));
  }

  test("lessons lead to each other and from the front page", () =>
    lab.visit("index.html", {}, async (page) => {
      const main = page.getByRole("main");
      for (const { title, name } of lessons) {
        const link = main.getByRole("link", { name: title });
        assert.equal(await link.first().getAttribute("href"), name);
      }
      await main.getByRole("link", { name: lessons[0].title }).first().click();
      for (const { title } of lessons.slice(1)) {
        await page.getByRole("main").getByRole("link", { name: title }).last().click();
        await page.getByRole("heading", { level: 1, name: title }).waitFor();
      }
    }));
});
