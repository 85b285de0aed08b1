// What clients were shown, held against what clients wrote (docs/trace.md, "Linearizability").

import { answered, mayChange } from "./history.mjs";

// Bytes as a string of which each character is one, so that `<` orders keys as etcd does.
function bytes(object, name) {
  const encoded = object[`${name}_base64`];
  if (encoded !== undefined) return Buffer.from(encoded, "base64").toString("latin1");
  return object[name] === undefined ? undefined : Buffer.from(object[name], "utf8").toString("latin1");
}

const show = (key) => JSON.stringify(Buffer.from(key, "latin1").toString("utf8"));

// Does a call with these arguments cover `key`?
function covers(args, key) {
  const first = bytes(args, "key");
  const end = bytes(args, "range_end");
  if (end === undefined) return key === first;
  return key >= first && (end === "\0" || key < end);
}

/// What is broken, if anything is: `{ seq, why }`.
export function judgeStore(calls) {
  const store = new Store(calls);
  return store.stems() ?? store.views() ?? store.chains();
}

class Store {
  constructor(calls) {
    this.views_ = calls.filter(answered).flatMap(viewOf);
    const changes = calls.filter(mayChange);
    /// Changes of which the revision is known: by it.
    this.known = new Map();
    for (const call of changes.filter(answered)) this.known.set(call.answer.revision, change(call));
    const unknown = changes.filter((call) => !answered(call));
    this.puts = unknown.filter(({ op }) => op === "put").map(change);
    this.deletions = unknown.filter(({ op }) => op === "delete-range").map(change);
    /// All pairs that were seen: one of each key and revision.
    this.pairs = new Map();
    this.keys = new Set(changes.filter(({ op }) => op === "put").map(({ args }) => bytes(args, "key")));
  }

  /// Every pair that was seen stems from one put. Those that nobody was told of get a revision by this.
  stems() {
    const strays = new Map();
    for (const { call, pairs, at } of this.views_) {
      for (const pair of pairs ?? []) {
        const seen = { ...pair, seen: call.ended, seq: call.seq };
        const why =
          this.#meet(seen, strays) ??
          (pair.mod > at ? `call ${call.number} saw a pair of a later revision` : undefined);
        if (why !== undefined) return { seq: call.seq, why };
      }
    }
    return this.#assign([...strays.values()]);
  }

  #meet(pair, strays) {
    const name = `${show(pair.key)} of revision ${pair.mod}`;
    const same = this.pairs.get(pair.mod);
    if (same !== undefined) {
      const equal = ["key", "create", "version", "lease"].every((field) => same[field] === pair[field]);
      const values = same.value === undefined || pair.value === undefined || same.value === pair.value;
      if (!equal || !values) return `two different pairs of revision ${pair.mod} were seen`;
      same.value ??= pair.value;
      same.seen = Math.min(same.seen, pair.seen);
    } else {
      this.pairs.set(pair.mod, pair);
    }
    const known = this.known.get(pair.mod);
    if (known === undefined) strays.set(pair.mod, this.pairs.get(pair.mod));
    else if (!fits(known, pair)) return `${name} was seen, which is not what was written then`;
  }

  // Finds for each stray pair a put of its own, of unknown outcome: augmenting paths in a bipartite graph.
  #assign(strays) {
    const owner = new Map();
    const find = (stray, tried) => {
      for (const put of this.puts) {
        if (tried.has(put) || stray.mod <= put.floor || !fits(put, stray)) continue;
        tried.add(put);
        if (!owner.has(put) || find(owner.get(put), tried)) {
          owner.set(put, stray);
          return true;
        }
      }
      return false;
    };
    for (const stray of strays) {
      if (!find(stray, new Set())) {
        return {
          seq: stray.seq,
          why: `${show(stray.key)} of revision ${stray.mod} was seen, and no put can have written it`,
        };
      }
    }
    for (const [put, { mod, value }] of owner) this.known.set(mod, { ...put, value: put.value ?? value });
    this.puts = this.puts.filter((put) => !owner.has(put));
    this.revisions = [...this.known.keys()].sort((one, other) => one - other);
  }

  /// Each answer shows each key as the last known change left it.
  views() {
    for (const view of this.views_) {
      const why = this.#shape(view) ?? this.#content(view);
      if (why !== undefined) return { seq: view.call.seq, why: `call ${view.call.number}: ${why}` };
    }
  }

  #shape({ call, pairs, count }) {
    if (pairs === undefined) return undefined;
    const { limit = 0, count_only: countOnly } = call.args;
    const expected = countOnly ? 0 : limit > 0 ? Math.min(limit, count) : count;
    if (pairs.length !== expected) return `it shows ${pairs.length} pairs, and counts ${count}`;
    if (call.op === "range" && !countOnly && (call.answer.more ?? false) !== pairs.length < count) {
      return '"more" does not say whether there are more';
    }
    if (new Set(pairs.map(({ key }) => key)).size < pairs.length) return "it shows a key twice";
    const stranger = pairs.find(({ key }) => !covers(call.args, key));
    if (stranger !== undefined) return `${show(stranger.key)} was not asked for`;
  }

  #content({ call, at, pairs, count }) {
    let least = 0;
    let most = 0;
    for (const key of this.keys) {
      if (!covers(call.args, key)) continue;
      const last = this.#last(key, at);
      const gone = last?.put !== true || this.#mayBe(this.deletions, key, last.revision, at, call.ended);
      const there = last?.put === true || this.#mayBe(this.puts, key, last?.revision ?? 1, at, call.ended);
      if (!gone) least += 1;
      if (there) most += 1;
      const shown = pairs?.find((pair) => pair.key === key);
      if (shown !== undefined && shown.mod !== last?.revision) {
        return `at revision ${at} it shows ${show(key)} of ${shown.mod}, and revision ${last?.revision} changed it`;
      }
      const complete = pairs !== undefined && pairs.length === count;
      if (complete && shown === undefined && !gone) {
        return `at revision ${at} it does not show ${show(key)}, which was put in revision ${last.revision}`;
      }
    }
    if (count < least || count > most)
      return `it counts ${count} keys at revision ${at}, and there were ${least} to ${most}`;
  }

  // The last known change of `key` that is not after revision `at`.
  #last(key, at) {
    const revision = this.revisions.findLast((one) => one <= at && this.known.get(one).covers(key));
    return revision === undefined ? undefined : { revision, put: this.known.get(revision).op === "put" };
  }

  // May one of these changes of unknown outcome have touched `key` behind revision `from`, up to `to`?
  #mayBe(changes, key, from, to, seen) {
    return changes.some((one) => {
      if (one.began > seen || !one.covers(key)) return false;
      for (let free = Math.max(from, one.floor) + 1; free <= to; free += 1)
        if (!this.known.has(free)) return true;
      return false;
    });
  }

  /// A pair's `create_revision` and `version` fit to the changes before it.
  chains() {
    for (const { key, create, mod, version, seq, seen } of this.pairs.values()) {
      const between = this.revisions.filter(
        (one) => one >= create && one <= mod && this.known.get(one).covers(key),
      );
      const more = this.puts.filter((put) => put.covers(key) && put.began < seen).length;
      const last = this.#last(key, create - 1);
      const fits =
        create <= mod &&
        (version === 1) === (create === mod) &&
        between.every((one) => this.known.get(one).op === "put") &&
        (between[0] === create || !this.known.has(create)) &&
        between.length <= version &&
        version <= between.length + more &&
        (last?.put !== true || this.#mayBe(this.deletions, key, last.revision, create - 1, seen));
      if (!fits) {
        return {
          seq,
          why: `${show(key)} of revision ${mod} cannot be created in ${create} and have version ${version}`,
        };
      }
    }
  }
}

// A call that may have changed the store.
function change({ op, args, began, floor }) {
  // A put with `ignore_value` leaves the value as it was.
  const value = op === "put" && !args.ignore_value ? (bytes(args, "value") ?? "") : undefined;
  return { op, value, began, floor, covers: (key) => covers(args, key) };
}

const fits = (put, pair) =>
  put.op === "put" &&
  put.covers(pair.key) &&
  put.began < pair.seen &&
  (put.value === undefined || pair.value === undefined || put.value === pair.value);

// What an answer shows of the store: `pairs`, if it shows any, as they were at revision `at`.
function viewOf(call) {
  const { op, args, answer } = call;
  const pair = (one) => ({
    key: bytes(one, "key"),
    value: args.keys_only ? undefined : (bytes(one, "value") ?? ""),
    create: one.create_revision,
    mod: one.mod_revision,
    version: one.version,
    lease: one.lease ?? 0,
  });
  const before = (answer.prev_kvs ?? []).map(pair);
  if (op === "range") {
    return [
      {
        call,
        at: args.revision || answer.revision,
        pairs: (answer.kvs ?? []).map(pair),
        count: answer.count,
      },
    ];
  }
  if (op === "delete-range") {
    const at = answer.deleted > 0 ? answer.revision - 1 : answer.revision;
    return [{ call, at, pairs: args.prev_kv ? before : undefined, count: answer.deleted }];
  }
  if (op === "put" && args.prev_kv) {
    return [{ call, at: answer.revision - 1, pairs: before, count: before.length }];
  }
  return [];
}
