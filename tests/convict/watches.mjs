// What watchers were told, held against etcd's promises to them (docs/trace.md, "Watches").

import { bytes, covers, made, pairOf, show } from "./effects.mjs";
import { answered } from "./history.mjs";

/// What is broken, if anything is: `{ seq, why }`.
export function judgeWatches(calls) {
  const truth = new Truth(calls);
  for (const call of calls.filter(({ op }) => op === "watch")) {
    const broken = new Follower(call, truth).follow();
    if (broken !== undefined) return broken;
  }
}

// Which keys are known to have changed at which revision: by acknowledged writes, and by what watchers were told.
class Truth {
  constructor(calls) {
    this.changes = new Map();
    this.compactions = calls.filter(({ op, outcome }) => op === "compact" && outcome !== "failed");
    for (const call of calls.filter(answered)) {
      for (const part of made(call)) {
        // A deletion of a range does not say which keys there were.
        const key = part.key ?? (call.args.range_end === undefined ? bytes(call.args, "key") : undefined);
        if (call.op !== "txn" || part.op === "put") this.#note(call.answer.revision, key, part.op);
      }
    }
    for (const { events } of calls.flatMap(({ told }) => told)) {
      for (const { type, kv } of events) {
        this.#note(kv.mod_revision, bytes(kv, "key"), type === "put" ? "put" : "delete-range");
      }
    }
  }

  #note(revision, key, op) {
    if (key === undefined) return;
    if (!this.changes.has(revision)) this.changes.set(revision, new Map());
    this.changes.get(revision).set(key, op);
  }

  /// What is known of these revisions that a watch with these arguments is to be told: `[revision, key]`.
  *of(args, from, to) {
    for (const [revision, keys] of this.changes) {
      if (revision < from || revision > to) continue;
      for (const [key, op] of keys) {
        if (covers(args, key) && !(op === "put" ? args.no_put : args.no_delete)) yield [revision, key];
      }
    }
  }

  mayBeCompacted(revision, by) {
    return this.compactions.some(({ began, args }) => began < by && args.revision >= revision);
  }
}

class Follower {
  constructor(call, truth) {
    this.call = call;
    this.args = call.args;
    this.truth = truth;
    /// Everything before has been told.
    this.next = call.args.start_revision;
    this.pieces = [];
  }

  follow() {
    const { number, told, answer, outcome, ended, seq } = this.call;
    const say = (where, why) => why && { seq: where, why: `watch ${number} ${why}` };
    for (const line of told) {
      const why = this.#told(line);
      if (why !== undefined) return say(line.seq, why);
    }
    if (outcome !== "ok" || answer.cancel_reason !== undefined) return undefined;
    const { compact_revision: compacted = 0 } = answer;
    if (compacted === 0 || !this.truth.mayBeCompacted(compacted, ended)) {
      return say(seq, "ended, and nobody had compacted anything");
    }
    if (this.next >= compacted) return say(seq, "ended, although what it was to be told was still there");
  }

  #told({ revision, created, fragment, events, at }) {
    if (created) this.next ??= revision + 1;
    if (this.next === undefined) return "was told something before it began";
    if (events.length === 0 && this.pieces.length === 0) {
      return created ? undefined : this.#progress(revision);
    }
    this.pieces.push(...events);
    if (fragment) return undefined;
    const whole = this.pieces;
    this.pieces = [];
    const last = whole.at(-1).kv.mod_revision;
    if (last > revision) return `was told of revision ${last} before it happened`;
    const why = this.#events(whole, last, at);
    this.next = last + 1;
    return why;
  }

  #progress(revision) {
    const [missed] = this.truth.of(this.args, this.next, revision);
    if (missed !== undefined) return `was told of progress to ${revision}, but not of revision ${missed[0]}`;
    this.next = Math.max(this.next, revision + 1);
  }

  #events(events, last, at) {
    const told = new Set();
    let newest = this.next;
    for (const { type, kv, prev_kv: prev } of events) {
      const key = bytes(kv, "key");
      const revision = kv.mod_revision;
      const name = `${revision} ${key}`;
      if (revision < newest) return `went back to revision ${revision}`;
      if (told.has(name)) return `was told twice of ${show(key)} at revision ${revision}`;
      const unwanted = type === "put" ? this.args.no_put : this.args.no_delete;
      if (unwanted || !covers(this.args, key)) return `was told of ${show(key)}, and did not ask for it`;
      const why = this.#before(type, kv, prev, at);
      if (why !== undefined) return why;
      newest = revision;
      told.add(name);
    }
    for (const [revision, key] of this.truth.of(this.args, this.next, last)) {
      if (!told.has(`${revision} ${key}`)) return `was not told of ${show(key)} at revision ${revision}`;
    }
  }

  // The pair before.
  #before(type, kv, prev, at) {
    const revision = kv.mod_revision;
    const isNew = type === "put" && kv.version === 1;
    if (prev === undefined) {
      const isDue = this.args.prev_kv && !isNew && !this.truth.mayBeCompacted(revision, at);
      return isDue ? `was not told what was before revision ${revision}` : undefined;
    }
    const { key, mod, version, create } = pairOf(prev);
    const chained = type !== "put" || (version + 1 === kv.version && create === kv.create_revision);
    const own = key === bytes(kv, "key") && mod < revision;
    let between = false;
    for (let one = mod + 1; one < revision; one += 1) between ||= this.truth.changes.get(one)?.has(key);
    if (!this.args.prev_kv || isNew || !own || !chained || between) {
      return `was told a wrong pair from before revision ${revision}`;
    }
  }
}
