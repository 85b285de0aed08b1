// A usual etcd tutorial at the page's prompt: what it prints is held against real etcd elsewhere
// (tests/etcd); here, that the prompt takes it: streams, jobs, typed input, Ctrl-C.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Lab } from "./harness.mjs";
import { Learner, until } from "./learner.mjs";

const lab = await Lab.start();
after(() => lab.stop());

const sandbox = (body) =>
  lab.visit("sandbox.html", {}, async (page) => {
    const learner = await Learner.at(page);
    await learner.leader();
    await body(learner);
  });

// What stands below the line that was given last.
const last = async (learner) => (await learner.lines()).at(-1);

test("a watch in the background tells what changes, until it is killed", () =>
  sandbox(async (learner) => {
    await learner.type("etcdctl watch name &");
    await learner.enter("etcdctl put name john");
    await until("the job's lines", async () => (await last(learner)).out.includes("OK") &&
      /\[1\] PUT\s*\[1\] name\s*\[1\] john/.test(await learner.terminal.innerText()));
    assert.match((await learner.ask("jobs")).out, /^\[1\]\+ {2}Running/);
    await learner.type("kill %1");
    await learner.type("jobs");
    assert.equal((await last(learner)).out, "");
  }));

test("txn -i asks for its parts, takes what is typed, and does it", () =>
  sandbox(async (learner) => {
    await learner.ask("etcdctl put name john");
    await learner.enter("etcdctl txn -i");
    const typed = async (line) => {
      await learner.prompt.fill(line);
      await learner.prompt.press("Enter");
    };
    await until("the prompt asks", async () =>
      /Ctrl-D/.test(await learner.prompt.getAttribute("placeholder")));
    for (const line of ['value("name") = "john"', "", "put name joe", "get name", "", ""]) await typed(line);
    await until("the answer", async () => /SUCCESS\s+OK\s+name\s+joe\s*$/.test((await last(learner)).out));
    assert.match((await last(learner)).out, /^compares:\nvalue\("name"\) = "john"\n\nsuccess requests/);
  }));

test("a held lock and a watch in front do not hurry time, and Ctrl-C lets go", () =>
  sandbox(async (learner) => {
    await learner.pause();
    await learner.enter("etcdctl lock door");
    await until("the lock is held", async () => /^door\/[0-9a-f]+/.test((await last(learner)).out));
    const event = await learner.event();
    await learner.page.waitForTimeout(700);
    assert.equal(await learner.event(), event, "time stands still");
    await learner.prompt.press("Control+c");
    await until("it has let go", async () => (await learner.lines()).some(({ exit }) => exit === "[exit 130]"));
    assert.equal((await learner.ask("etcdctl get door --prefix --count-only -w fields")).out.match(/"Count" : (\d+)/)[1], "0");
  }));

test("the commands of a usual tutorial, pasted at once", () =>
  sandbox(async (learner) => {
    const tutorial = [
      "etcdctl put foo bar", "etcdctl get foo", "etcdctl put foo1 bar1", "etcdctl get --prefix foo",
      "etcdctl get foo --rev=2", "etcdctl del foo", "etcdctl lease grant 60", "etcdctl put k v --lease=$lease1",
      "etcdctl lease timetolive $lease1 --keys", "etcdctl lease revoke $lease1", "etcdctl compaction 3",
      "etcdctl endpoint health", "etcdctl member list -w table",
    ];
    await learner.prompt.fill(tutorial.join("\n"));
    await learner.prompt.press("Enter");
    const done = await until("all is done", async () => {
      const lines = await learner.lines();
      return lines.at(-1).line === tutorial.at(-1) && lines.at(-1).out && lines;
    });
    const out = (line) => done.findLast((entry) => entry.line === line).out;
    assert.equal(out("etcdctl get --prefix foo"), "foo\nbar\nfoo1\nbar1");
    assert.match(out("etcdctl lease timetolive $lease1 --keys"), /granted with TTL\(60s\), remaining\(59s\), attached keys\(\[k\]\)$/);
    assert.equal(out("etcdctl get foo --rev=2"), "foo\nbar");
    assert.match(out("etcdctl member list -w table"), /^\+-+\+/);
    assert.ok(done.every(({ exit }) => exit === ""), "nothing failed");
  }));
