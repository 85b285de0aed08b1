// What clients were shown, held against what clients wrote (docs/trace.md, "Linearizability").

import { before, bytes, conditions, covers, made, pairOf, show, viewsOf, ways } from "./effects.mjs";
import { answered, mayChange, mayGrant } from "./history.mjs";

/// What is broken, if anything is: `{ seq, why }`.
export function judgeStore(calls) {
  const store = new Store(calls);
  return store.stems() ?? store.views() ?? store.chains() ?? store.conditions();
}

class Store {
  constructor(calls) {
    this.calls = calls;
    this.views_ = calls.filter(answered).flatMap(viewsOf);
    const changes = calls.filter(mayChange);
    /// Changes of which the revision is known: by it. `whole`: nothing else happened there.
    this.known = new Map();
    for (const call of changes.filter(answered)) {
      this.known.set(call.answer.revision, { parts: made(call), whole: true });
    }
    /// Calls that nobody knows the outcome of, and leases that may have ended.
    this.unknown = changes
      .filter((call) => !answered(call))
      .map((call) => ({ ways: ways(call), began: call.began, floor: call.floor }));
    this.leases = calls.filter(mayGrant).map(({ args, answer, began, floor }) => {
      return { lease: answer?.lease ?? args.lease, began, floor };
    });
    const much = this.unknown.some(({ ways: them }) => them.some((way) => way.length > 1));
    /// Whether what was seen of a revision may not have been all.
    this.open = much || this.leases.length > 0;
    /// All pairs that were seen: one of each key and revision.
    this.pairs = new Map();
    const parts = changes.flatMap((call) => ways(call).flat());
    this.keys = new Set(parts.filter(({ op }) => op === "put").map(({ key }) => key));
  }

  /// Every change that was seen stems from one call. Those that nobody was told of get a revision by this.
  stems() {
    const strays = new Map();
    for (const { call, pairs, at } of this.views_) {
      for (const pair of pairs ?? []) {
        const seen = { ...pair, seen: call.ended, seq: call.seq };
        const late = pair.mod > at(pair.key);
        const why =
          this.#meet(seen, strays) ?? (late ? `call ${call.number} saw a pair of a later revision` : undefined);
        if (why !== undefined) return { seq: call.seq, why };
      }
    }
    for (const { told } of this.calls) {
      for (const { events, at, seq } of told) {
        for (const event of events) {
          const why = this.#hear(event, at, seq, strays);
          if (why !== undefined) return { seq, why };
        }
      }
    }
    return this.#assign([...strays.values()].sort((one, other) => one.mod - other.mod));
  }

  // What a watcher was told.
  #hear({ type, kv, prev_kv: prev }, at, seq, strays) {
    const pair = { ...pairOf(kv), seen: at, seq };
    if (type === "put") return this.#meet(pair, strays) ?? this.#prev(prev, at, seq, strays);
    const { key, mod } = pair;
    const gone = { op: "delete-range", key, covers: (other) => other === key };
    return this.#note(gone, mod, at, seq, strays) ?? this.#prev(prev, at, seq, strays);
  }

  #prev(prev, at, seq, strays) {
    return prev && this.#meet({ ...pairOf(prev), seen: at, seq }, strays);
  }

  #meet(pair, strays) {
    const name = `${pair.mod} ${pair.key}`;
    const same = this.pairs.get(name);
    if (same !== undefined) {
      const equal = ["key", "create", "version", "lease"].every((field) => same[field] === pair[field]);
      const values = same.value === undefined || pair.value === undefined || same.value === pair.value;
      if (!equal || !values) return `two different pairs of revision ${pair.mod} were seen`;
      same.value ??= pair.value;
      same.seen = Math.min(same.seen, pair.seen);
    } else {
      this.pairs.set(name, pair);
    }
    const { key, value, lease } = this.pairs.get(name);
    const put = { op: "put", key, value, lease, covers: (other) => other === key };
    return this.#note(put, pair.mod, pair.seen, pair.seq, strays);
  }

  // Notes that one key was changed at revision `mod`.
  #note(part, mod, seen, seq, strays) {
    const name = `${show(part.key)} of revision ${mod}`;
    const known = this.known.get(mod);
    if (known !== undefined) {
      const own = known.parts.find((one) => one.covers(part.key));
      return own !== undefined && explains(own, part)
        ? undefined
        : `${name} was seen, which is not what was written then`;
    }
    const stray = strays.get(mod) ?? { mod, parts: [], seen, seq };
    strays.set(mod, stray);
    const own = stray.parts.find(({ key }) => key === part.key);
    if (own !== undefined && !explains(own, part)) return `${name} was seen in two ways`;
    if (own === undefined) stray.parts.push(part);
    else own.value ??= part.value;
    stray.seen = Math.min(stray.seen, seen);
  }

  // Finds for each stray revision somebody of its own, of unknown outcome, who can have made it: augmenting
  // paths in a bipartite graph.
  #assign(strays) {
    const byRevision = new Map(strays.map((stray) => [stray.mod, stray]));
    const authors = [...this.unknown, ...this.leases];
    const owner = new Map();
    const find = (stray, tried) => {
      for (const author of authors) {
        if (tried.has(author) || !this.#canHaveMade(author, stray, byRevision)) continue;
        tried.add(author);
        if (!owner.has(author) || find(owner.get(author), tried)) {
          owner.set(author, stray);
          return true;
        }
      }
      return false;
    };
    for (const stray of strays) {
      if (!find(stray, new Set())) {
        return {
          seq: stray.seq,
          why: `${show(stray.parts[0].key)} of revision ${stray.mod} was seen, and nobody can have done that`,
        };
      }
    }
    for (const { mod, parts } of strays) this.known.set(mod, { parts, whole: !this.open });
    // Whose put was seen has no other; who deletes may have been taken for another.
    const isPut = ({ parts }) => parts.some(({ op }) => op === "put");
    this.unknown = this.unknown.filter((author) => !owner.has(author) || !isPut(owner.get(author)));
    this.revisions = [...this.known.keys()].sort((one, other) => one - other);
  }

  #canHaveMade(author, { mod, parts, seen }, strays) {
    if (author.began >= seen || author.floor >= mod) return false;
    if (author.ways !== undefined) {
      return author.ways.some((way) => parts.every((part) => way.some((one) => explains(one, part))));
    }
    return parts.every(({ op, key }) => op !== "put" && this.#hungOn(author.lease, key, mod, strays));
  }

  // May `key` have hung on that lease before revision `mod`?
  #hungOn(lease, key, mod, strays) {
    for (let at = mod - 1; at > 1; at -= 1) {
      const parts = this.known.get(at)?.parts ?? strays.get(at)?.parts ?? [];
      const last = parts.find((part) => part.covers(key));
      if (last !== undefined) return last.op !== "put" || mayBeOn(last.lease, lease);
    }
    return true;
  }

  /// Each answer shows each key as the last known change left it.
  views() {
    for (const view of this.views_) {
      const why = this.#shape(view) ?? this.#content(view);
      if (why !== undefined) return { seq: view.call.seq, why: `call ${view.call.number}: ${why}` };
    }
  }

  #shape({ op, args, pairs, count, more }) {
    if (pairs === undefined || isFiltered(args)) return undefined;
    const { limit = 0, count_only: countOnly } = args;
    const expected = countOnly ? 0 : limit > 0 ? Math.min(limit, count) : count;
    if (pairs.length !== expected) return `it shows ${pairs.length} pairs, and counts ${count}`;
    if (op === "range" && !countOnly && more !== pairs.length < count) {
      return '"more" does not say whether there are more';
    }
    if (new Set(pairs.map(({ key }) => key)).size < pairs.length) return "it shows a key twice";
    const stranger = pairs.find(({ key }) => !covers(args, key));
    if (stranger !== undefined) return `${show(stranger.key)} was not asked for`;
  }

  #content({ call, args, at: atOf, pairs, count }) {
    let least = 0;
    let most = 0;
    for (const key of this.keys) {
      if (!covers(args, key)) continue;
      const at = atOf(key);
      const last = this.#last(key, at);
      const gone = last?.put !== true || this.#mayBeGone(key, last, at, call.ended);
      const there = last?.put === true || this.#mayBeThere(key, last, at, call.ended);
      if (!gone) least += 1;
      if (there) most += 1;
      const shown = pairs?.find((pair) => pair.key === key);
      if (shown !== undefined && shown.mod !== last?.revision) {
        return `at revision ${at} it shows ${show(key)} of ${shown.mod}, and revision ${last?.revision} changed it`;
      }
      const complete = pairs !== undefined && pairs.length === count && !isFiltered(args);
      if (complete && shown === undefined && !gone) {
        return `at revision ${at} it does not show ${show(key)}, which was put in revision ${last.revision}`;
      }
    }
    if (isFiltered(args)) return undefined;
    if (count < least || count > most) return `it counts ${count} keys, and there were ${least} to ${most}`;
  }

  // The last known change of `key` that is not after revision `at`.
  #last(key, at) {
    const touches = (one) => this.known.get(one).parts.find((part) => part.covers(key));
    const revision = this.revisions.findLast((one) => one <= at && touches(one) !== undefined);
    if (revision === undefined) return undefined;
    const part = touches(revision);
    return { revision, part, put: part.op === "put" };
  }

  #mayBeThere(key, last, at, seen) {
    return this.#mayBe(this.#touching("put", key), last?.revision ?? 1, at, seen);
  }

  // Deleted by a call, or with the lease that it hung on.
  #mayBeGone(key, last, at, seen) {
    const leases = this.leases.filter(({ lease }) => mayBeOn(last.part.lease, lease));
    return this.#mayBe([...this.#touching("delete-range", key), ...leases], last.revision, at, seen);
  }

  #touching(op, key) {
    const does = (part) => part.op === op && part.covers(key);
    return this.unknown.filter(({ ways: them }) => them.some((way) => way.some(does)));
  }

  // May one of these have done something behind revision `from`, up to `to`?
  #mayBe(authors, from, to, seen) {
    return authors.some((one) => {
      if (one.began > seen) return false;
      for (let free = Math.max(from, one.floor) + 1; free <= to; free += 1)
        if (this.known.get(free)?.whole !== true) return true;
      return false;
    });
  }

  /// A pair's `create_revision` and `version` fit to the changes before it.
  chains() {
    for (const { key, create, mod, version, seq, seen } of this.pairs.values()) {
      const part = (one) => this.known.get(one).parts.find((each) => each.covers(key));
      const inside = this.revisions.filter((one) => one >= create && one <= mod);
      const between = inside.filter((one) => part(one) !== undefined);
      const more = this.#touching("put", key).filter(({ began }) => began < seen).length;
      const last = this.#last(key, create - 1);
      const fits =
        create <= mod &&
        (version === 1) === (create === mod) &&
        between.every((one) => part(one).op === "put") &&
        (between[0] === create || this.known.get(create)?.whole !== true) &&
        between.length <= version &&
        version <= between.length + more &&
        (last?.put !== true || this.#mayBeGone(key, last, create - 1, seen));
      if (!fits) {
        return {
          seq,
          why: `${show(key)} of revision ${mod} cannot be created in ${create} and have version ${version}`,
        };
      }
    }
  }

  /// Conditions held, or did not, of the state before their transaction, where that is known.
  conditions() {
    for (const call of this.calls.filter(answered)) {
      for (const { compare, held } of conditions(call, call.answer)) {
        const known = compare.map((one) => this.#holds(one, before(call), call.ended));
        const broken = held ? known.includes(false) : known.every((one) => one === true);
        if (broken) {
          const why = `the conditions of call ${call.number} ${held ? "held" : "did not hold"}, and it was otherwise`;
          return { seq: call.seq, why };
        }
      }
    }
  }

  #holds(compare, at, seen) {
    const key = bytes(compare, "key");
    if (bytes(compare, "range_end") !== undefined) return undefined;
    const last = this.#last(key, at);
    if (this.#mayBeThere(key, last, at, seen)) return undefined;
    if (last?.put === true && this.#mayBeGone(key, last, at, seen)) return undefined;
    const is = this.#fieldOf(compare, last);
    const wanted = compare.target === "value" ? (bytes(compare, "value") ?? "") : compare.number;
    if (is === "nothing") return false;
    if (is === undefined) return undefined;
    return { "=": is === wanted, "!=": is !== wanted, ">": is > wanted, "<": is < wanted }[compare.result];
  }

  // Nothing compares as zeros; but no value is like none. How often it was put is not counted here.
  #fieldOf({ target, number }, last) {
    if (last?.put !== true) return target === "value" ? "nothing" : 0;
    const known = { mod_revision: last.revision, value: last.part.value, lease: last.part.lease };
    // It was put once at least, and no earlier than in the first revision.
    const least = { version: 1, create_revision: 2 }[target];
    return least > number ? least : known[target];
  }
}

// May a key that was put with lease `on` (undefined: not known) hang on `lease` (the same)?
const mayBeOn = (on, lease) => on === undefined || (on !== 0 && (lease === undefined || lease === on));

const isFiltered = (args) => Object.keys(args).some((name) => /^(min|max)_/.test(name));

// Can what was seen of one key be what this change does?
const explains = (asked, seen) =>
  asked.op === seen.op &&
  asked.covers(seen.key) &&
  ["value", "lease"].every(
    (field) => asked[field] === undefined || seen[field] === undefined || asked[field] === seen[field],
  );
