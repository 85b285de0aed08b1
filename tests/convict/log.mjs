// A node's log, and what it means that two logs are equal (docs/trace.md, "Logs" and "Convicting a run").
//
// The page suggests a chain of hashes. Here each place in a chain is an object of its own, which knows what
// may follow it: two logs are equal up to an index exactly if they hold the *same object* there.

/// An entry, and all entries before it.
export class Link {
  #next = new Map();

  constructor(index, term, kind, hash) {
    this.index = index;
    this.term = term;
    this.kind = kind;
    this.hash = hash;
  }

  /// The same chain with one entry more.
  then({ index, term, kind, hash }) {
    const key = `${index} ${term} ${kind} ${hash}`;
    let next = this.#next.get(key);
    if (next === undefined) {
      next = new Link(index, term, kind, String(hash));
      this.#next.set(key, next);
    }
    return next;
  }
}

/// The entries behind `base`, which is the last one that the log's snapshot stands for (at first index 0).
export class Log {
  #links = [];
  #taken = [];

  constructor(root) {
    this.base = root;
  }

  /// The last entry, or the one that the log begins behind.
  get last() {
    return this.#links.at(-1) ?? this.base;
  }

  /// The entry at `index`; none if it is not held.
  at(index) {
    return this.#links[index - this.base.index - 1];
  }

  /// The same, but what a snapshot took away in the present event still counts: one event can append, commit,
  /// apply, and take a snapshot of all that.
  inEvent(index) {
    return this.at(index) ?? this.#taken[index - this.base.index - 1 + this.#taken.length];
  }

  /// The next event begins.
  settle() {
    this.#taken = [];
  }

  /// The whole log is gone, and begins behind `base`.
  install(base) {
    this.base = base;
    this.#links = [];
  }

  /// Entries up to `index` are gone from the front.
  take(index) {
    const base = this.at(index);
    if (base === undefined) return;
    this.#taken = this.#links.splice(0, index - this.base.index);
    this.base = base;
  }

  /// Entries from `index` on are gone.
  truncate(index) {
    this.#links.length = Math.min(this.#links.length, Math.max(0, index - this.base.index - 1));
  }

  /// One entry more.
  append(entry) {
    const link = this.last.then(entry);
    this.#links.push(link);
    return link;
  }
}
