// What a learner does with the lab and sees in it, through roles and names, as a person would.

import assert from "node:assert/strict";

import { alive } from "./harness.mjs";

/// How long a condition may take to come about: a busy machine draws few frames a second.
const PATIENCE_MS = 30_000;

/// Waits until `look` finds something true and answers with it; `what` says what was waited for.
export async function until(what, look) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `this never came about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/// Somebody in front of a page with a lab on it.
export class Learner {
  /// Waits until the lab runs, stops its time and lets it run fast from then on.
  static async at(page) {
    const learner = new Learner(page);
    page.on("dialog", (dialog) => assert.fail(`a dialog: ${dialog.message()}`));
    await learner.arrives();
    return learner;
  }

  constructor(page) {
    this.page = page;
    this.terminal = page.getByRole("log", { name: "Terminal output" });
    this.prompt = page.getByRole("textbox", { name: "Command" });
    this.timeline = page.getByRole("slider", { name: "Event" });
    this.speed = page.getByRole("combobox", { name: "Speed" });
    this.menu = page.getByRole("menu");
    this.diagnosis = page.locator(".diagnosis").getByRole("status");
  }

  async arrives() {
    await alive(this.page);
    await this.button("One event").waitFor();
    // A person's pointer is there some time before it clicks, and the program's second part comes meanwhile.
    await this.page.locator("#lab").dispatchEvent("pointerover");
    await this.page.waitForFunction(() => document.documentElement.dataset.program === "whole");
    await this.pause();
    await this.speed.selectOption("10 ×");
  }

  button(name) {
    // Undo and redo say what of.
    const found = ["Undo", "Redo"].includes(name) ? { name: new RegExp(`^${name}(: |$)`) } : { name, exact: true };
    return this.page.getByRole("button", found);
  }

  node(id) {
    return this.page.getByRole("button", { name: new RegExp(`^n${id}: `) });
  }

  link(a, b) {
    return this.page.getByRole("button", { name: new RegExp(`^Link n${a} – n${b}\\.`) });
  }

  item(name) {
    return this.menu.getByRole("menuitem", { name, exact: true });
  }

  // Time

  async playing() {
    return (await this.button("Pause").count()) === 1;
  }

  async pause() {
    if (await this.playing()) await this.button("Pause").click();
    await this.button("Play").waitFor();
  }

  async play() {
    if (!(await this.playing())) await this.button("Play").click();
    await this.button("Pause").waitFor();
  }

  /// The number of the event that is shown.
  async event() {
    return Number(await this.timeline.inputValue());
  }

  /// The number of the last event of this run.
  async end() {
    return Number(await this.timeline.getAttribute("max"));
  }

  // The cluster

  /// Every node as its disc is read out: `{ id, role, term, log, committed }`.
  async nodes() {
    const labels = await this.page
      .getByRole("button", { name: /^n\d: / })
      .evaluateAll((found) => found.map((element) => element.getAttribute("aria-label")));
    return labels.map((label) => {
      const [, id, role, term, log, committed] =
        /^n(\d): ([\w -]+), term (\d+), log to (\d+), committed to (\d+)/.exec(label) ??
        assert.fail(`a disc says ${label}`);
      return { id: +id, role, term: +term, log: +log, committed: +committed };
    });
  }

  /// Waits until what a disc says of node `id` fits.
  becomes(id, what, fits) {
    return until(`n${id} ${what}`, async () => {
      const node = (await this.nodes()).find((node) => node.id === id);
      return node !== undefined && fits(node) && node;
    });
  }

  /// Waits for a leader for which `fits` holds, and answers with it.
  leader(fits = () => true) {
    return until("a leader", async () =>
      (await this.nodes()).find((node) => node.role === "leader" && fits(node)),
    );
  }

  // The terminal

  /// Every line that the terminal shows, oldest first: `{ line, out, error, exit }`.
  async lines() {
    await this.atTerminal();
    return this.terminal.locator(".entry").evaluateAll((entries) =>
      entries.map((entry) => {
        const text = (kind) => entry.querySelector(kind)?.textContent ?? "";
        return {
          line: text(".typed").replace(/^\w*\$ /, ""),
          out: text(".out"),
          error: text(".err"),
          exit: text(".exit"),
        };
      }),
    );
  }

  /// Waits until `line` is the last one in the terminal, and its command has ended.
  async gave(line) {
    return until(`the terminal shows \`${line}\``, async () => {
      const last = (await this.lines()).at(-1);
      return last?.line === line && (await this.idle()) && last;
    });
  }

  /// Waits until `line` is the last one in the terminal and something stands below it, and answers with that.
  async answered(line) {
    return until(`the terminal answers \`${line}\``, async () => {
      const last = (await this.lines()).at(-1);
      return last?.line === line && (last.out || last.error || last.exit) && (await this.idle()) && last;
    });
  }

  /// On a narrow screen the terminal is a panel like others.
  async atTerminal() {
    if ((await this.prompt.count()) === 0) await this.open("Terminal");
  }

  /// Whether no command runs.
  async idle() {
    await this.atTerminal();
    return /etcdctl/.test(await this.prompt.getAttribute("placeholder"));
  }

  /// Gives a line to the terminal, and waits until it stands there.
  async enter(line) {
    const before = (await this.lines()).length;
    await this.prompt.fill(line);
    await this.prompt.press("Enter");
    await until(`\`${line}\` is taken`, async () => (await this.lines()).length > before);
  }

  /// Gives a line, and waits until it has done its work.
  async type(line) {
    await this.enter(line);
    return this.gave(line);
  }

  /// Gives a line, and answers with what came of it.
  async ask(line) {
    await this.enter(line);
    return this.answered(line);
  }

  /// Opens a panel, if it is not open already.
  async open(name) {
    const tab = this.page.getByRole("tab", { name: new RegExp(`^${name}`) });
    if ((await tab.getAttribute("aria-selected")) !== "true") await tab.click();
    await this.page.getByRole("tabpanel", { name: new RegExp(`^${name}`) }).waitFor();
  }
}
