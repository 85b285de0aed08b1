// Goes through the events of one run and keeps what the recipes of docs/trace.md ask for: each node's state,
// log and configuration, and what was committed. It judges nothing.

import { Malformed } from "./lines.mjs";
import { Link, Log } from "./log.mjs";

/// Events after which a node has the state that its disk holds.
export const DOWN = ["crash", "tear", "stop"];

/// These messages promise nothing: a term in them is not the sender's ("term-never-back").
const NO_PROMISE = ["PreVote", "PreVoteReply", "Propose", "ReadIndex"];

const STATE = [
  "term",
  "vote",
  "role",
  "leader",
  "commit",
  "applied",
  "durable",
  "last_index",
  "last_term",
  "digest",
];

/// Before its first event a node is this.
const NEW = { term: 0, role: "follower", commit: 0, applied: 0, durable: 0, last_index: 0, last_term: 0 };

class Node {
  constructor(id, root, config) {
    this.id = id;
    this.state = NEW;
    this.log = new Log(root);
    this.config = config;
    /// The greatest term that it has sent in anything that promises something.
    this.promised = 0;
    /// The last term that it voted in, and for whom.
    this.vote = { term: 0, to: undefined };
    /// While it leads: up to where each other node's log is known to be like its own.
    this.known = new Map();
    /// A leader's snapshot has come, but has not taken effect.
    this.installing = false;
  }
}

/// One run: from a heading to the next.
export class Run {
  constructor(heading) {
    this.heading = heading;
    this.events = 0;
    this.time = 0;
    this.root = new Link(0, 0, "empty", "0");
    this.nodes = new Map();
    this.messages = new Map();
    /// Calls of clients: what the trace says of them, by number.
    this.calls = new Map();
    /// What was committed at index 1, 2, … (at place 0: the empty chain), and the term in which it was.
    this.committed = [this.root];
    this.committedIn = [0];
    this.configurations = [];
    // What single recipes keep.
    this.leaders = new Map();
    this.requests = new Map();
    this.staleVotes = new Map();
    this.digests = new Map();
    this.quorum = undefined;
    this.greatestReturned = 0;
  }

  node(id) {
    let node = this.nodes.get(id);
    if (node === undefined) {
      node = new Node(id, this.root, this.configurations[0]);
      this.nodes.set(id, node);
    }
    return node;
  }

  /// Is this node's log equal to *committed* up to `index`? What its snapshot stands for counts as equal.
  agrees(node, index) {
    const link = node.log.inEvent(index);
    return link === undefined ? index <= node.log.base.index : link === this.committed[index];
  }

  /// The index of the last of *committed*.
  get committedEnd() {
    return this.committed.length - 1;
  }

  /// Takes one event in, and gives all that the recipes need to know of it.
  follow(where, event) {
    if (event.seq !== this.events) throw new Malformed(where, `event ${this.events} was expected`);
    if (event.time_us < this.time) throw new Malformed(where, "time went back");
    if (event.cause >= event.seq) throw new Malformed(where, "an effect comes before its cause");
    this.events += 1;
    this.time = event.time_us;
    if (event.kind === "start") {
      if (event.config === undefined) throw new Malformed(where, "the start tells no config");
      this.configurations.push({ ...event.config, index: 0 });
    }
    const step = { event, where, sent: this.#send(where, event), delivered: undefined, appended: [] };
    this.#arrive(step);
    if (event.node !== undefined) this.#change(step);
    return step;
  }

  // Messages that leave. Copies are no act of their sender, so they are not in the list that is given back.
  #send(where, event) {
    const own = [];
    for (const message of event.sent ?? []) {
      if (this.messages.has(message.id)) throw new Malformed(where, `message ${message.id} was sent before`);
      const original = this.messages.get(message.copy_of);
      if (message.copy_of !== undefined && original === undefined) {
        throw new Malformed(where, `message ${message.copy_of}, which was copied, was never sent`);
      }
      const from = original?.from ?? event.node;
      if (from === undefined) throw new Malformed(where, `nobody sent message ${message.id}`);
      const known = { ...message, from, ended: false };
      this.messages.set(message.id, known);
      if (original === undefined) own.push(known);
    }
    return own;
  }

  #arrive(step) {
    const { event, where } = step;
    const end = (id) => {
      const message = this.messages.get(id);
      if (message === undefined) throw new Malformed(where, `message ${id} was never sent`);
      if (message.ended) throw new Malformed(where, `message ${id} ended before`);
      message.ended = true;
      return message;
    };
    for (const id of event.dropped ?? []) end(id);
    if (event.delivered !== undefined) {
      step.delivered = end(event.delivered);
      if (step.delivered.to !== event.node) throw new Malformed(where, "a message came to the wrong node");
    }
  }

  #change(step) {
    const { event, where } = step;
    const node = this.node(event.node);
    const before = node.state;
    step.node = node;
    step.before = before;
    step.configBefore = node.config;
    step.promisedBefore = node.promised;
    if (event.term !== undefined) {
      node.state = Object.fromEntries(STATE.map((name) => [name, event[name]]));
      this.#changeLog(step);
    }
    if (event.config !== undefined) node.config = event.config;
    for (const message of step.sent) {
      if (!NO_PROMISE.includes(message.type)) node.promised = Math.max(node.promised, message.term);
    }
    const after = node.state;
    step.after = after;
    step.running = after.role !== undefined;
    step.restarted = event.kind === "restart" || (step.running && before.role === undefined);
    step.leads = after.role === "leader";
    step.begins = step.leads && !(before.role === "leader" && before.term === after.term);
    if (after.durable > after.last_index)
      throw new Malformed(where, "the disk has more of the log than there is");
    if (step.gap === undefined && event.term !== undefined) {
      const { index, term } = node.log.last;
      if (index !== after.last_index || term !== after.last_term) {
        throw new Malformed(where, `the log ends at ${index} in term ${term}, and not where the state says`);
      }
    }
  }

  // "Within one event they apply in this order."
  #changeLog(step) {
    const { event, node, where } = step;
    const { snapshot } = event;
    node.log.settle();
    if (snapshot?.kind === "installed") {
      const known = this.committed[snapshot.index];
      // A snapshot of what was never committed is judged later ("state-machine-safety").
      const same = known?.term === snapshot.term;
      node.log.install(same ? known : new Link(snapshot.index, snapshot.term, "empty", "unknown"));
      node.installing = !DOWN.includes(event.kind);
    } else if (snapshot?.kind === "taken") {
      const entry = snapshot.index === node.log.base.index ? node.log.base : node.log.at(snapshot.index);
      if (entry?.term !== snapshot.term) throw new Malformed(where, "a snapshot of what is not in the log");
      node.log.take(snapshot.index);
    }
    if (event.truncated_from !== undefined) node.log.truncate(event.truncated_from);
    for (const entry of event.appended ?? []) {
      if (entry.index !== node.log.last.index + 1) {
        step.gap = entry;
        return;
      }
      step.appended.push(node.log.append(entry));
    }
  }
}
