// Which fields and kinds there are (docs/trace.md, "Trace" and "History").
//
// Whatever the page does not name is refused. So a file that has something new makes this program fail until
// the page, and then this file, say what it means.

import { Malformed } from "./lines.mjs";

const uint = (value) => Number.isSafeInteger(value) && value >= 0;
const word = (value) => uint(value) || (typeof value === "string" && /^\d{16,20}$/.test(value));
const integer = (value) =>
  Number.isSafeInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value));
const text = (value) => typeof value === "string";
const flag = (value) => typeof value === "boolean";
const yes = (value) => value === true;
const oneOf =
  (...names) =>
  (value) =>
    names.includes(value);
const list = (item) => (value) => Array.isArray(value) && value.every(item);
const filled = (item) => (value) => list(item)(value) && value.length > 0;

// An object with these fields: `[test, "optional"]` or a test. Gives the reason why `value` is none.
function misfit(fields, value) {
  if (typeof value !== "object" || value === null) return "an object was expected";
  for (const [name, item] of Object.entries(value)) {
    const rule = fields[name];
    if (rule === undefined) return `unknown field "${name}"`;
    if (!(Array.isArray(rule) ? rule[0] : rule)(item)) return `"${name}" cannot be ${JSON.stringify(item)}`;
  }
  for (const [name, rule] of Object.entries(fields)) {
    if (!Array.isArray(rule) && !(name in value)) return `"${name}" is missing`;
  }
  return undefined;
}
const object = (fields) => (value) => misfit(fields, value) === undefined;
const maybe = (test) => [test, "optional"];

const SETTINGS = {
  heartbeat_us: uint,
  election_timeout_us: uint,
  latency_us: uint,
  jitter_us: uint,
  sync_latency_us: uint,
  client_latency_us: uint,
  loss_ppm: uint,
  snapshot_count: uint,
  quota_bytes: uint,
  pre_vote: flag,
  check_quorum: flag,
  strict_reconfig_check: flag,
  rules_off: list(text),
};

const HEADING = {
  format: oneOf("raft-lab-trace"),
  version: oneOf(1),
  nodes: uint,
  seed: word,
  settings: object(SETTINGS),
};

const MEMBERS = { voters: list(uint), outgoing: list(uint), learners: list(uint) };

const TYPES = {
  PreVote: ["index", "log_term"],
  PreVoteReply: ["reject"],
  RequestVote: ["index", "log_term"],
  RequestVoteReply: ["reject"],
  AppendEntries: ["index", "log_term", "entries", "commit"],
  AppendAccepted: ["index", "reject"],
  AppendRejected: ["index", "reject", "hint", "log_term"],
  Heartbeat: ["commit"],
  HeartbeatReply: [],
  InstallSnapshot: ["index", "log_term"],
  TimeoutNow: [],
  Propose: ["entries"],
  ReadIndex: [],
  ReadIndexReply: ["index"],
};

const MESSAGE_FIELDS = {
  index: uint,
  log_term: uint,
  entries: uint,
  commit: uint,
  hint: uint,
  reject: flag,
};

function message(value) {
  const own = TYPES[value?.type];
  if (own === undefined) return false;
  const fields = { id: uint, to: uint, type: text, term: uint, copy_of: maybe(uint) };
  for (const name of own) fields[name] = MESSAGE_FIELDS[name];
  return object(fields)(value);
}

const EVENT = {
  seq: uint,
  time_us: uint,
  node: maybe(uint),
  kind: text,
  cause: maybe(uint),
  call: maybe(uint),
  revision: maybe(uint),
  term: maybe(uint),
  vote: maybe(uint),
  role: maybe(oneOf("follower", "pre-candidate", "candidate", "leader")),
  leader: maybe(uint),
  commit: maybe(uint),
  applied: maybe(uint),
  durable: maybe(uint),
  last_index: maybe(uint),
  last_term: maybe(uint),
  digest: maybe(word),
  snapshot: maybe(object({ index: uint, term: uint, kind: oneOf("installed", "taken"), digest: word })),
  truncated_from: maybe(uint),
  appended: maybe(
    filled(object({ index: uint, term: uint, kind: oneOf("empty", "normal", "config"), hash: word })),
  ),
  config: maybe(
    object({ ...MEMBERS, index: maybe(uint), passed: maybe(filled(object({ ...MEMBERS, index: uint }))) }),
  ),
  sent: maybe(filled(message)),
  delivered: maybe(uint),
  dropped: maybe(filled(uint)),
};

// Of each kind: does it have a node, and a state? ("Kinds"; undefined: it may.)
const KINDS = {
  start: [false, false],
  tick: [true, true],
  expire: [true, true],
  deliver: [true, true],
  lose: [true, false],
  report: [true, true],
  persist: [true, true],
  request: [true, true],
  cancel: [true, true],
  call: [false, false],
  retry: [false, false],
  notify: [false, false],
  return: [false, false],
  command: [undefined, undefined],
  crash: [true, true],
  tear: [true, true],
  stop: [true, true],
  restart: [true, true],
  pause: [true, true],
  resume: [true, true],
  wake: [false, false],
};

const ALWAYS = ["term", "commit", "applied", "durable", "last_index", "last_term", "digest"];
const SOMETIMES = ["vote", "role", "leader"];

/// Is this line a heading? Fails if it is a wrong one.
export function isHeading(where, value) {
  if (!("format" in value)) return false;
  const reason = misfit(HEADING, value);
  if (reason !== undefined) throw new Malformed(where, reason);
  return true;
}

/// Fails if this is no event as the page has it.
export function checkEvent(where, event) {
  const fail = (reason) => {
    throw new Malformed(where, reason);
  };
  const reason = misfit(EVENT, event);
  if (reason !== undefined) fail(reason);
  const kind = KINDS[event.kind];
  if (kind === undefined) fail(`unknown kind "${event.kind}"`);

  const present = ALWAYS.filter((name) => name in event);
  const state = present.length > 0;
  if (state && present.length < ALWAYS.length) fail("a part of the node's state is missing");
  if (!state && SOMETIMES.some((name) => name in event)) fail("a part of the node's state is missing");
  if (kind[0] !== undefined && "node" in event !== kind[0]) fail(`"node" does not fit to ${event.kind}`);
  if (kind[1] !== undefined && state !== kind[1]) fail(`the state does not fit to ${event.kind}`);
  if (state && !("node" in event)) fail("a state of no node");
  if (!state && ["snapshot", "truncated_from", "appended"].some((name) => name in event)) {
    fail("a log of no node");
  }
  if ("delivered" in event !== (event.kind === "deliver")) fail(`"delivered" does not fit to ${event.kind}`);
  if ((event.kind === "start") !== (event.seq === 0)) fail("start is event 0, and only that");
}

const bytes = (name) => ({ [name]: maybe(text), [`${name}_base64`]: maybe(text) });

const KEYS = { ...bytes("key"), ...bytes("range_end") };

const COMPARE = {
  ...KEYS,
  target: oneOf("version", "create_revision", "mod_revision", "lease", "value"),
  result: oneOf("=", "!=", ">", "<"),
  number: maybe(integer),
  ...bytes("value"),
};

const OPERATIONS = ["range", "put", "delete-range", "txn"];

const operation = (value) => object({ op: oneOf(...OPERATIONS), args: object(ARGS) })(value);

const ARGS = {
  ...KEYS,
  ...bytes("value"),
  lease: maybe(integer),
  prev_kv: maybe(yes),
  ignore_value: maybe(yes),
  ignore_lease: maybe(yes),
  limit: maybe(integer),
  revision: maybe(integer),
  keys_only: maybe(yes),
  count_only: maybe(yes),
  min_mod_revision: maybe(integer),
  max_mod_revision: maybe(integer),
  min_create_revision: maybe(integer),
  max_create_revision: maybe(integer),
  serializable: maybe(yes),
  compare: maybe(list(object(COMPARE))),
  success: maybe(list(operation)),
  failure: maybe(list(operation)),
  start_revision: maybe(integer),
  progress_notify: maybe(yes),
  no_put: maybe(yes),
  no_delete: maybe(yes),
  fragment: maybe(yes),
  needs_leader: maybe(yes),
  ttl: maybe(integer),
  keys: maybe(yes),
  member: maybe((value) => text(value) || word(value)),
  learner: maybe(yes),
};

const CALL = {
  call: uint,
  client: text,
  time_us: uint,
  op: oneOf(
    ...OPERATIONS,
    ...["compact", "watch"],
    ...["grant", "revoke", "keep-alive", "time-to-live", "list"].map((what) => `lease-${what}`),
    ...["add", "remove", "promote", "update", "list"].map((what) => `member-${what}`),
    ...["status", "hash-kv", "alarm-list", "alarm-disarm", "defragment", "snapshot", "move-leader"],
  ),
  args: object(ARGS),
  endpoint: maybe(text),
};

const PAIR = {
  ...bytes("key"),
  ...bytes("value"),
  create_revision: uint,
  mod_revision: uint,
  version: uint,
  lease: maybe(integer),
};

// What an answer has of an operation, in a transaction too.
const ANSWER = {
  kvs: maybe(list(object(PAIR))),
  count: maybe(uint),
  more: maybe(flag),
  deleted: maybe(uint),
  prev_kvs: maybe(list(object(PAIR))),
  succeeded: maybe(flag),
  responses: maybe(list((value) => object({ op: oneOf(...OPERATIONS), ...ANSWER })(value))),
};

const RETURN = {
  return: uint,
  time_us: uint,
  outcome: oneOf("ok", "failed", "unknown"),
  endpoint: maybe(text),
  revision: maybe(uint),
  raft_term: maybe(uint),
  ...ANSWER,
  lease: maybe(integer),
  ttl: maybe(integer),
  granted_ttl: maybe(integer),
  keys: maybe(list(object(bytes("key")))),
  leases: maybe(list(integer)),
  canceled: maybe(yes),
  compact_revision: maybe(integer),
  cancel_reason: maybe(text),
  hash: maybe(uint),
  db_size: maybe(uint),
  db_size_in_use: maybe(uint),
  leader: maybe(text),
  raft_index: maybe(uint),
  raft_applied_index: maybe(uint),
  learner: maybe(yes),
  alarms: maybe(list(text)),
  total_keys: maybe(uint),
  total_size: maybe(uint),
  members: maybe(list(object({ member: text, learner: maybe(yes), unstarted: maybe(yes) }))),
  error: maybe(text),
};

const EVENT_OF_A_KEY = {
  type: oneOf("put", "delete"),
  kv: object({ ...PAIR, create_revision: maybe(uint), version: maybe(uint) }),
  prev_kv: maybe(object(PAIR)),
};

const TOLD = {
  told: uint,
  time_us: uint,
  revision: uint,
  created: maybe(yes),
  fragment: maybe(yes),
  events: list(object(EVENT_OF_A_KEY)),
};

/// Fails if this is no line of a history as the page has it.
export function checkHistoryLine(where, value) {
  const reason = misfit("call" in value ? CALL : "told" in value ? TOLD : RETURN, value);
  if (reason !== undefined) throw new Malformed(where, reason);
}
