// What calls may change, did change, and show (docs/trace.md, "History"): a transaction is taken apart here.

// Bytes as a string of which each character is one, so that `<` orders keys as etcd does.
export function bytes(object, name) {
  const encoded = object[`${name}_base64`];
  if (encoded !== undefined) return Buffer.from(encoded, "base64").toString("latin1");
  return object[name] === undefined ? undefined : Buffer.from(object[name], "utf8").toString("latin1");
}

export const show = (key) => JSON.stringify(Buffer.from(key, "latin1").toString("utf8"));

/// Does a request with these arguments cover `key`?
export function covers(args, key) {
  const first = bytes(args, "key");
  const end = bytes(args, "range_end");
  if (end === undefined) return key === first;
  return key >= first && (end === "\0" || key < end);
}

/// A pair, as answers and events have it.
export const pairOf = (one, keysOnly) => ({
  key: bytes(one, "key"),
  value: keysOnly ? undefined : (bytes(one, "value") ?? ""),
  create: one.create_revision,
  mod: one.mod_revision,
  version: one.version,
  lease: one.lease ?? 0,
});

// A put or a deletion. What a put keeps (`ignore_…`) is not known from its arguments.
function change({ op, args }) {
  const isPut = op === "put";
  return {
    op,
    key: isPut ? bytes(args, "key") : undefined,
    value: isPut && !args.ignore_value ? (bytes(args, "value") ?? "") : undefined,
    lease: isPut && !args.ignore_lease ? (args.lease ?? 0) : undefined,
    covers: (key) => covers(args, key),
  };
}

const all = ({ op, args }) => {
  if (op === "txn") return [...args.success, ...args.failure].flatMap(all);
  return op === "range" ? [] : [change({ op, args })];
};

/// The ways in which a call may change the store: a transaction has two.
export function ways({ op, args }) {
  if (op === "put" || op === "delete-range") return [[change({ op, args })]];
  if (op === "txn") return [args.success.flatMap(all), args.failure.flatMap(all)];
  return [];
}

/// The operations that were done, with their answers.
function* done({ op, args }, answer) {
  if (op !== "txn") {
    yield [{ op, args }, answer];
    return;
  }
  const branch = answer.succeeded ? args.success : args.failure;
  for (const [place, operation] of branch.entries()) yield* done(operation, answer.responses[place]);
}

const didChange = ([{ op }, answer]) => op === "put" || (op === "delete-range" && answer.deleted > 0);

/// What an answered call has changed.
export function made(call) {
  return [...done(call, call.answer)].filter(didChange).map(([operation]) => change(operation));
}

/// The conditions of a transaction, and those of the transactions within that were done.
export function* conditions({ op, args }, answer) {
  if (op !== "txn") return;
  yield { compare: args.compare, held: answer.succeeded };
  const branch = answer.succeeded ? args.success : args.failure;
  for (const [place, operation] of branch.entries()) {
    yield* conditions(operation, answer.responses[place]);
  }
}

/// The state before an answered call.
export const before = (call) => call.answer.revision - (made(call).length > 0 ? 1 : 0);

/// What an answered call shows of the store: `pairs`, if it shows any, each as it was at revision `at(key)`.
export function viewsOf(call) {
  const written = [];
  const old = before(call);
  const views = [];
  for (const [operation, answer] of done(call, call.answer)) {
    const view = viewOf(operation, answer);
    if (view !== undefined) {
      const own = [...written];
      const past = operation.op === "range" && operation.args.revision > 0 && operation.args.revision;
      const now = (key) => (own.some((one) => one.covers(key)) ? call.answer.revision : old);
      views.push({ ...view, call, at: past ? () => past : now });
    }
    if (didChange([operation, answer])) written.push(change(operation));
  }
  return views;
}

function viewOf({ op, args }, answer) {
  const prev = (answer.prev_kvs ?? []).map((one) => pairOf(one));
  if (op === "range") {
    const pairs = (answer.kvs ?? []).map((one) => pairOf(one, args.keys_only));
    return { op, args, pairs, count: answer.count, more: answer.more ?? false };
  }
  if (op === "delete-range") {
    return { op, args, pairs: args.prev_kv ? prev : undefined, count: answer.deleted };
  }
  if (op === "put" && args.prev_kv) return { op, args, pairs: prev, count: prev.length };
}
