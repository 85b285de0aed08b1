// Tells the story of a cluster by hand, as the two files would: the events that a test is about, in few words.

import { judge } from "./convict.mjs";

/// What a state machine holds that has applied so much.
export const held = (applied) => 1000 + applied;

const members = (voters, more = {}) => ({ voters, outgoing: [], learners: [], ...more });

/// A configuration: with the index of its entry, if it came with one.
export const config = (index, voters, more) => ({
  ...(index === undefined ? {} : { index }),
  ...members(voters, more),
});

/// An entry; what it carries is told by `hash`.
export const entry = (index, term, hash = index, kind = "normal") => ({ index, term, kind, hash });

const SETTINGS = {
  heartbeat_us: 100_000,
  election_timeout_us: 1_000_000,
  latency_us: 10_000,
  jitter_us: 2_000,
  sync_latency_us: 2_000,
  client_latency_us: 1_000,
  quota_bytes: 2_147_483_648,
  loss_ppm: 0,
  snapshot_count: 10_000,
  pre_vote: true,
  check_quorum: true,
  strict_reconfig_check: true,
  rules_off: [],
};

export class Story {
  history = [];
  #seq = 0;
  #states = new Map();
  #messages = 0;

  constructor(nodes = [1, 2, 3]) {
    this.trace = [
      { format: "raft-lab-trace", version: 1, nodes: nodes.length, seed: 1, settings: SETTINGS },
      { seq: 0, time_us: 0, kind: "start", config: members(nodes) },
    ];
  }

  /// Any event.
  event(kind, fields = {}) {
    this.#seq += 1;
    this.trace.push({ seq: this.#seq, time_us: this.#seq, kind, ...fields });
    return this;
  }

  /// An event at a node. `change` are fields of the event; those of the state keep what they do not name.
  /// `appended` moves the end of the log, and `applied` the digest, unless they are named too.
  at(node, change = {}, kind = "tick") {
    const { snapshot, truncated_from, appended, config, sent, delivered, dropped, ...given } = change;
    const rest = { snapshot, truncated_from, appended, config, delivered, dropped };
    const now = this.#states.get(node) ?? {
      term: 0,
      role: "follower",
      commit: 0,
      applied: 0,
      durable: 0,
      last_index: 0,
      last_term: 0,
    };
    const last = appended?.at(-1) ?? (snapshot?.kind === "installed" ? snapshot : undefined);
    const end = last === undefined ? {} : { last_index: last.index, last_term: last.term };
    const { digest, ...state } = { ...now, ...end, ...given };
    this.#states.set(node, state);
    const messages = sent?.map((message) => ({ id: (this.#messages += 1), ...message }));
    return this.event(kind, {
      node,
      ...state,
      digest: digest ?? held(state.applied),
      ...rest,
      sent: messages,
    });
  }

  /// The process is gone; `disk` is what differs on its disk from what it had.
  crash(node, disk = {}, kind = "crash") {
    return this.at(node, { role: undefined, leader: undefined, ...disk }, kind);
  }

  /// The id of the message that was sent last.
  get sent() {
    return this.#messages;
  }

  /// A call begins and returns; `answer` are the fields of its return, none if it never does.
  call(call, op, args, answer) {
    this.begin(call, op, args);
    return answer === undefined ? this : this.end(call, answer);
  }

  begin(call, op, args) {
    this.event("call", { call });
    this.history.push({ call, client: "a", time_us: this.#seq, op, args, endpoint: "n1" });
    return this;
  }

  /// A watcher is told something.
  tell(call, revision, events = [], more = {}) {
    this.event("notify", { call });
    this.history.push({ told: call, time_us: this.#seq, revision, ...more, events });
    return this;
  }

  end(call, answer) {
    const { revision } = answer;
    const { op, args } = this.history.find((line) => line.call === call);
    const stale = args.serializable || op === "watch";
    this.event("return", { call, revision: stale ? undefined : revision });
    this.history.push({ return: call, time_us: this.#seq, outcome: "ok", ...answer });
    return this;
  }

  /// n1 leads term 1, and has put so many entries onto its own disk and that of n2.
  static led(entries = 0, nodes) {
    const story = new Story(nodes).at(1, { term: 1, vote: 1, role: "candidate" }).at(1, { role: "leader" });
    for (let index = 1; index <= entries; index += 1) {
      const appended = [entry(index, 1)];
      story.at(1, { appended, durable: index }).at(2, { term: 1, appended, durable: index });
    }
    return story;
  }

  judge() {
    return judge(
      this.trace.map((line) => JSON.stringify(line)),
      this.history.map((line) => JSON.stringify(line)),
    );
  }
}
