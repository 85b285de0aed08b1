// Each property has a story that breaks it in its last event, and a neighbour that does not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { config, entry, held, Story } from "./story.mjs";

const leads = { term: 2, vote: 3, role: "leader" };
const granted = (to, term = 1) => ({ to, type: "RequestVoteReply", term, reject: false });
const asks = (to, term, index, log_term) => ({ to, type: "RequestVote", term, index, log_term });
const accepted = (to, index, term = 1) => ({ to, type: "AppendAccepted", term, index, reject: false });
const append = (to, index, term = 1) => ({
  to,
  type: "AppendEntries",
  term,
  index,
  log_term: 1,
  entries: 0,
  commit: 0,
});
const taken = (index, digest = held(index)) => ({ index, term: 1, kind: "taken", digest });
const installed = (index, digest = held(index), term = 1) => ({ index, term, kind: "installed", digest });

// One entry of n1, on two disks, and committed; n3 has voted and promised, so it may lead.
const committed = (entries = 2, commit = entries) => Story.led(entries).at(1, { commit });
const promised = (story) => story.at(2, { term: 2, vote: 3, sent: [granted(3, 2)] });
const cut = (story) => story.at(2, { truncated_from: 1, last_index: 0, last_term: 0, durable: 0 });

const STORIES = {
  "election-safety": {
    "two lead in one term": [Story.led().at(2, { term: 1, vote: 2, role: "leader" })],
    "two lead in two terms": promised(Story.led()).at(3, leads),
  },
  "leader-append-only": {
    "a leader deletes": [Story.led(1).at(1, { truncated_from: 1, last_index: 0, last_term: 0, durable: 0 })],
    "a leader replaces its log by a snapshot": [committed(2).at(1, { snapshot: installed(2) })],
    "a follower deletes": Story.led(1).at(2, { truncated_from: 1, last_index: 0, last_term: 0, durable: 0 }),
  },
  "log-matching": {
    "an entry leaves a gap": [Story.led(1).at(3, { term: 1, appended: [entry(2, 1)] })],
    "the same entry behind different ones": [
      Story.led(2).at(3, { term: 1, appended: [entry(1, 1, 7)] }),
      Story.led(2).at(3, { term: 1, appended: [entry(1, 0), entry(2, 1)] }),
    ],
    "the same behind a snapshot of what was committed": committed(1)
      .at(1, { applied: 1 })
      .at(3, { term: 1, snapshot: installed(1), commit: 1, config: config(undefined, [1, 2, 3]) })
      .at(1, { appended: [entry(2, 1)] })
      .at(3, { appended: [entry(2, 1)] }),
    "another one, of another term": Story.led(2).at(3, { term: 1, appended: [entry(1, 0)] }),
  },
  "leader-completeness": {
    "a new leader lacks an entry": [promised(committed(1)).at(3, leads)],
    "though a snapshot took it away at once": [
      promised(Story.led(2).at(1, { commit: 2, applied: 2, snapshot: taken(2) })).at(3, leads),
    ],
    "it has it": promised(committed(1))
      .at(3, { term: 1, appended: [entry(1, 1)] })
      .at(3, leads),
    "it was committed in a later term": Story.led(1)
      .at(1, { term: 3, vote: 1, role: "candidate", sent: [asks(2, 3, 1, 1)] })
      .at(2, { term: 3, vote: 1, sent: [granted(1, 3)] })
      .at(1, { role: "leader", commit: 1 })
      .at(3, leads),
    "its snapshot has it": promised(committed(1).at(1, { applied: 1 }))
      .at(3, { snapshot: installed(1), commit: 1, config: config(undefined, [1, 2, 3]) })
      .at(3, leads),
  },
  "state-machine-safety": {
    "two commit different entries": [
      committed(1)
        .at(3, { term: 2, appended: [entry(1, 2)], durable: 1 })
        .at(3, { commit: 1 }),
    ],
    "what is known to be committed is deleted": [cut(committed(1).at(2, { commit: 1 }))],
    "a snapshot of what was never committed": [
      committed(1).at(3, { term: 1, snapshot: installed(2), commit: 2 }),
      committed(1).at(3, { term: 2, snapshot: installed(1, held(1), 2), commit: 1 }),
    ],
    "two commit the same": committed(1).at(2, { commit: 1 }),
    "a crash takes back what was not durable": committed(2)
      .at(3, { term: 1, appended: [entry(1, 1), entry(2, 1)], durable: 1, commit: 2 })
      .crash(3, { truncated_from: 2, last_index: 1, last_term: 1, commit: 1 }),
  },
  "one-vote-a-term": {
    "two votes are sent": [
      Story.led()
        .at(3, { term: 1, vote: 1, sent: [granted(1)] })
        .at(3, { vote: 2, sent: [granted(2)] }),
    ],
    "two votes in a term, and one of an earlier term between them": [
      Story.led()
        .at(3, { term: 2, vote: 2, sent: [granted(2, 2), granted(1)] })
        .at(3, { vote: 1, sent: [granted(1, 2)] }),
    ],
    "a vote is sent, and it leads itself": [
      new Story().at(3, { term: 2, vote: 1, sent: [granted(1, 2)] }).at(3, leads),
    ],
    "one in the next term, and then the old one is sent": Story.led().at(3, {
      term: 2,
      vote: 2,
      sent: [granted(1), granted(2, 2), granted(1)],
    }),
    "the network copies a vote": Story.led()
      .at(3, { term: 1, vote: 1, sent: [granted(1)] })
      .at(2, { sent: [{ ...granted(1), id: 9, copy_of: 1 }] })
      .at(2, { sent: [granted(3)] }),
    "the same vote twice, and one in the next term": Story.led()
      .at(3, { term: 1, vote: 1, sent: [granted(1), granted(1)] })
      .at(3, { term: 2, vote: 2, sent: [granted(2, 2)] }),
  },
  "up-to-date-leader": {
    "elected by one who had more": [elected(0)],
    "elected by one who had as much": elected(1),
  },
  "term-never-back": {
    "a running node": [new Story().at(1, { term: 2 }).at(1, { term: 1 })],
    "a disk, behind what was promised": [
      new Story().at(1, { term: 2, sent: [asks(2, 2, 0, 0)] }).crash(1, { term: 1 }),
    ],
    "a disk, behind a term that nobody heard of": new Story()
      .at(1, { term: 2, sent: [{ to: 2, type: "PreVote", term: 3, index: 0, log_term: 0 }] })
      .crash(1, { term: 1 }),
  },
  "commit-never-back": {
    "a running node": [committed(2).at(1, { commit: 1 })],
    "a restart that remembers less": committed(2).crash(1).at(1, { role: "follower", commit: 1 }, "restart"),
    "a restart": committed(2).crash(1, { commit: 0 }).at(1, { role: "follower" }, "restart"),
  },
  "commit-within-log": {
    "committed, and not in the log": [committed(1).at(3, { term: 1, commit: 1 })],
    "applied, and not committed": [committed(1).at(1, { applied: 2 })],
    "both are": committed(1).at(1, { applied: 1 }),
  },
  "durable-on-quorum": {
    "committed on one disk": [Story.led(1).at(1, { appended: [entry(2, 1)], durable: 2, commit: 2 })],
    "written on two disks, and durable on one": [
      Story.led(0)
        .at(2, { term: 1, appended: [entry(1, 1)] })
        .at(1, { appended: [entry(1, 1)], durable: 1 })
        .at(1, { commit: 1 }),
    ],
    "another entry on the second disk": [
      Story.led(0)
        .at(2, { term: 1, appended: [entry(1, 0)], durable: 1 })
        .at(1, { appended: [entry(1, 1)], durable: 1 })
        .at(1, { commit: 1 }),
    ],
    "committed by two of three, one of which it removes": Story.led(1).at(1, {
      commit: 1,
      applied: 1,
      config: config(1, [1, 3]),
    }),
    "lost from a disk later": [
      committed(1).crash(2, { truncated_from: 1, last_index: 0, last_term: 0, durable: 0 }),
    ],
    "lost where another one has it": committed(1)
      .at(3, { term: 1, appended: [entry(1, 1)], durable: 1 })
      .crash(2, { truncated_from: 1, last_index: 0, last_term: 0, durable: 0 }),
    "committed by two of the three that it makes of four": Story.led(1, [1, 2, 3, 4]).at(1, {
      commit: 1,
      applied: 1,
      config: config(1, [1, 2, 3]),
    }),
  },
  "durable-before-acknowledged": {
    "in its own term": [Story.led(1).at(3, { term: 1, appended: [entry(1, 1)], sent: [accepted(1, 1)] })],
    "when it is durable": Story.led(1).at(3, {
      term: 1,
      appended: [entry(1, 1)],
      durable: 1,
      sent: [accepted(1, 1)],
    }),
    "in an earlier term": Story.led(1).at(3, { term: 2, sent: [accepted(1, 1)] }),
  },
  "quorum-overlap": {
    "two voters at once": [new Story().at(1, { config: config(1, [1, 2, 3, 4, 5]) })],
    "another one than elsewhere": [
      new Story().at(1, { config: config(1, [1, 2]) }).at(2, { config: config(1, [1, 3]) }),
    ],
    "passed through": [
      new Story().at(1, { config: { ...config(2, [1, 2, 3, 4, 5]), passed: [config(1, [1, 2, 3])] } }),
    ],
    "another one behind a restart": [
      new Story().crash(1).at(1, { role: "follower", config: config(undefined, [1, 2]) }, "restart"),
    ],
    "one voter at a time": new Story().at(1, {
      config: { ...config(2, [1, 2, 3, 4, 5]), passed: [config(1, [1, 2, 3, 4])] },
    }),
    "two at once, by a joint one": new Story()
      .at(1, { config: config(1, [1, 2, 3, 4, 5], { outgoing: [1, 2, 3] }) })
      .at(1, { config: config(2, [1, 2, 3, 4, 5]) }),
    "in another order": new Story().at(1, { config: config(1, [1, 2]) }).at(2, { config: config(1, [2, 1]) }),
  },
  "next-above-match": {
    "behind what was accepted": [acknowledged().at(1, { sent: [append(2, 1)] })],
    "in the same event": [acknowledging({ sent: [append(2, 1)] })],
    "what comes next": acknowledged().at(1, { sent: [append(2, 2)] }),
    "in an earlier term": acknowledged().at(1, { sent: [append(2, 1, 0)] }),
    "more than there is": Story.led(2)
      .at(2, { term: 1, appended: [entry(3, 1)], durable: 3, sent: [accepted(1, 3)] })
      .at(1, { delivered: 1 }, "deliver")
      .at(1, { sent: [append(2, 2)] }),
    "to another one": acknowledged().at(1, { sent: [append(3, 1)] }),
    "after a change of the members": acknowledged()
      .at(1, { config: config(1, [1, 2]) })
      .at(1, { sent: [append(2, 1)] }),
    "a copy": acknowledged(append(2, 1)).event("command", {
      sent: [{ ...append(2, 1), id: 1000, copy_of: 2 }],
    }),
  },
  "applied-equal": {
    "two states": [committed(1).at(1, { applied: 1 }).at(2, { commit: 1, applied: 1, digest: 7 })],
    backwards: [committed(1).at(1, { applied: 1 }).at(1, { applied: 0 })],
    "one state": committed(1).at(1, { applied: 1 }).at(2, { commit: 1, applied: 1 }),
  },
  "snapshot-equals-state": {
    "one that was taken": [
      committed(1)
        .at(1, { applied: 1 })
        .at(1, { snapshot: taken(1, 7) }),
    ],
    "of more than was applied": [
      committed(2)
        .at(1, { applied: 1 })
        .at(1, { snapshot: taken(2) }),
    ],
    "one that takes effect": [received().at(3, { applied: 1, durable: 1, digest: 7 }, "persist")],
    "one on a disk": [received().at(3, { applied: 1, durable: 1 }, "persist").crash(3, { digest: 7 })],
    "what was applied": received().at(3, { applied: 1, durable: 1 }, "persist").crash(3),
  },
  "one-leader-commits": {
    "nobody has promised": [Story.led(0).at(3, leads)],
    "one of three has": promised(Story.led(0)).at(3, leads),
    "a change of members makes a quorum": [
      promised(Story.led(0))
        .at(3, leads)
        .at(1, { config: config(1, [1, 3]) })
        .at(1, { config: config(2, [1]) }),
    ],
  },
  "read-sees-writes": {
    "an answer from before": [
      new Story()
        .call(1, "put", { key: "k", value: "1" }, { revision: 2 })
        .call(2, "range", { key: "k" }, { revision: 1, kvs: [], count: 0 }),
    ],
    "a stale one that was asked for": new Story()
      .call(1, "put", { key: "k", value: "1" }, { revision: 2 })
      .call(2, "range", { key: "k", serializable: true }, { revision: 1, kvs: [], count: 0 }),
    "an answer from before that was asked before": new Story()
      .begin(1, "range", { key: "k" })
      .call(2, "put", { key: "k", value: "1" }, { revision: 2 })
      .end(1, { revision: 1, kvs: [], count: 0 }),
  },
};

// n2 is elected in term 2 by n3, which has one entry; its own log has so many.
function elected(own) {
  const story = new Story().at(3, { term: 1, appended: [entry(1, 1)] });
  if (own > 0) story.at(2, { term: 1, appended: [entry(1, 1)] });
  return story
    .at(2, { term: 2, vote: 2, role: "candidate", sent: [asks(3, 2, own, own)] })
    .at(3, { term: 2, vote: 2, sent: [granted(2, 2)], delivered: 1 }, "deliver")
    .at(2, { role: "leader", delivered: 2 }, "deliver");
}

// n1 hears that n2 has both entries.
function acknowledging(change, ...before) {
  const story = Story.led(2).at(2, { sent: [accepted(1, 2)] });
  if (before.length > 0) story.at(1, { sent: before });
  return story.at(1, { delivered: 1, ...change }, "deliver");
}
function acknowledged(...before) {
  return acknowledging({}, ...before);
}

// n3 gets the snapshot of n1, which stands for one entry.
function received() {
  return committed(1)
    .at(1, { applied: 1 })
    .at(3, { term: 1, snapshot: installed(1), commit: 1, config: config(undefined, [1, 2, 3]) });
}

for (const [property, stories] of Object.entries(STORIES)) {
  describe(property, () => {
    for (const [name, told] of Object.entries(stories)) {
      // In brackets: convicted of it. Without: acquitted.
      if (Array.isArray(told)) {
        for (const story of told) {
          test(`convicts: ${name}`, async () => {
            const { seq, ...verdict } = await story.judge();
            assert.equal(verdict.property, property, verdict.why);
            assert.equal(seq, story.trace.at(-1).seq, "not before");
          });
        }
      } else {
        test(`acquits: ${name}`, async () => {
          assert.deepEqual((await told.judge()).why, undefined);
        });
      }
    }
  });
}
