// The properties, one function each, as the table of docs/trace.md ("Convicting a run") has them.
//
// Each gets the run so far and one step of it (see `Run.follow`), and says in words what is broken, if
// anything is. `PROPERTIES`, at the end, is the order in which they look.

import { isQuorum, quorumsMeet, sameConfig } from "./quorum.mjs";
import { DOWN } from "./replay.mjs";

const dies = ({ event }) => DOWN.includes(event.kind);

function leaderAppendOnly(run, { event, node, before, after, leads }) {
  const deletes = event.truncated_from !== undefined || event.snapshot?.kind === "installed";
  if (deletes && leads && before.role === "leader" && before.term === after.term) {
    return `n${node.id} leads, and deletes entries of its own log`;
  }
}

function committedIsKept(run, step) {
  const { event, node, before } = step;
  if (event.truncated_from <= before.commit && !dies(step)) {
    return `n${node.id} deletes from ${event.truncated_from} on, and knows ${before.commit} to be committed`;
  }
  const { snapshot } = event;
  if (snapshot?.kind === "installed" && run.committed[snapshot.index]?.term !== snapshot.term) {
    return `n${node.id} installs a snapshot of ${snapshot.index}, term ${snapshot.term}, which was not committed`;
  }
}

function logMatching(run, { node, appended, gap }) {
  if (gap !== undefined) {
    return `n${node.id} appends at ${gap.index}, and its log ends at ${node.log.last.index}`;
  }
  for (const link of appended) {
    for (const other of run.nodes.values()) {
      const there = other.log.at(link.index);
      if (there !== undefined && there.term === link.term && there !== link) {
        return `n${node.id} and n${other.id} have term ${link.term} at ${link.index}, and differ up to there`;
      }
    }
  }
}

function termNeverBack(run, step) {
  const { event, node, before, after, running, promisedBefore } = step;
  if (running && after.term < before.term) {
    return `n${node.id} is in term ${after.term}, and was in ${before.term}`;
  }
  if ((dies(step) || event.kind === "restart") && after.term < promisedBefore) {
    return `n${node.id} is in term ${after.term}, and promised ${promisedBefore} to others`;
  }
}

/// A vote, also one for oneself. Votes of earlier terms may be forgotten.
function vote(node, term, to) {
  if (term < node.vote.term) return undefined;
  if (term === node.vote.term && node.vote.to !== to && node.vote.to !== undefined) {
    return `n${node.id} votes for n${node.vote.to} and n${to}, both in term ${term}`;
  }
  node.vote = { term, to };
}

function voteForOneself(run, { node, after, begins }) {
  return begins ? vote(node, after.term, node.id) : undefined;
}

function electionSafety(run, { node, after, leads }) {
  if (!leads) return undefined;
  const other = run.leaders.get(after.term);
  if (other !== undefined && other !== node.id) return `n${other} and n${node.id} lead in term ${after.term}`;
  run.leaders.set(after.term, node.id);
}

function leaderCompleteness(run, { node, after, begins }) {
  if (!begins) return undefined;
  const last = run.committedIn.findLastIndex((term) => term < after.term);
  if (!run.agrees(node, last)) {
    return `n${node.id} leads in term ${after.term} without all that was committed up to ${last} before`;
  }
}

function upToDateLeader(run, { event, node, before, after, begins, sent }) {
  for (const message of sent) {
    if (message.type === "RequestVote") run.requests.set(`${node.id} ${message.term}`, message);
  }
  const fresh = after.term !== before.term || after.vote !== before.vote;
  if (event.kind === "deliver" && fresh && after.vote !== undefined && after.vote !== node.id) {
    const election = `${after.vote} ${after.term}`;
    const request = run.requests.get(election);
    const ahead =
      request !== undefined &&
      (before.last_term > request.log_term ||
        (before.last_term === request.log_term && before.last_index > request.index));
    if (ahead)
      run.staleVotes.set(election, `n${node.id}, whose log was more up to date, voted for n${after.vote}`);
  }
  const stale = run.staleVotes.get(`${node.id} ${after.term}`);
  if (begins && stale !== undefined) return `n${node.id} leads in term ${after.term}: ${stale}`;
}

function commitNeverBack(run, { node, before, after, running, restarted }) {
  if (running && !restarted && after.commit < before.commit) {
    return `the commit index of n${node.id} goes from ${before.commit} to ${after.commit}`;
  }
}

function commitWithinLog(run, { node, after, running }) {
  if (!running) return undefined;
  if (after.commit > after.last_index)
    return `n${node.id} commits ${after.commit}, and its log ends at ${after.last_index}`;
  if (after.applied > after.commit)
    return `n${node.id} applied ${after.applied}, and knows ${after.commit} to be committed`;
}

function stateMachineSafety(run, { node, before, after, running, restarted }) {
  if (!running || (after.commit === before.commit && !restarted)) return undefined;
  const end = Math.min(after.commit, run.committedEnd);
  if (!run.agrees(node, end)) {
    return `n${node.id} commits ${after.commit}, and its log is not what was committed up to ${end}`;
  }
}

function durableOnQuorum(run, { node, before, after, configBefore, running }) {
  const index = run.committedEnd;
  if (after.durable < before.durable && run.quorum !== undefined && !isHeld(run, run.quorum)) {
    return `n${node.id} has lost some of its disk, and ${index}, which is committed, is left on no quorum`;
  }
  if (running && after.commit > index) {
    for (let next = index + 1; next <= after.commit; next += 1) {
      run.committed.push(node.log.inEvent(next));
      run.committedIn.push(after.term);
    }
    run.quorum = [configBefore, node.config].find((config) => isHeld(run, config));
    if (run.quorum === undefined) {
      return `n${node.id} commits ${after.commit}, which is on the disks of no quorum`;
    }
  }
}

// Is the last of *committed* on the disks of a quorum?
function isHeld(run, config) {
  const index = run.committedEnd;
  return isQuorum(config, (id) => run.node(id).state.durable >= index && run.agrees(run.node(id), index));
}

function quorumOverlap(run, { event, node }) {
  if (event.config === undefined) return undefined;
  const { passed = [], ...last } = event.config;
  for (const config of [...passed, last]) {
    const newest = run.configurations.at(-1);
    const index = config.index ?? node.log.base.index;
    if (config.index > newest.index) {
      if (!quorumsMeet(newest, config)) {
        return `the configurations of ${newest.index} and ${index} have quorums without a common node`;
      }
      run.configurations.push(config);
      continue;
    }
    const known = run.configurations.findLast((one) => one.index <= index);
    if (!sameConfig(known, config)) {
      return `n${node.id} uses a configuration for ${index} that is not the one that others used`;
    }
  }
}

function oneLeaderCommits(run, { event, node, begins, leads }) {
  if (!begins && !(leads && event.config !== undefined)) return undefined;
  for (const other of run.nodes.values()) {
    if (other.state.role !== "leader" || other.state.term === node.state.term) continue;
    const [older, newer] = [node, other].sort((a, b) => a.state.term - b.state.term);
    const promised = (id) =>
      Math.max(run.node(id).promised, id === newer.id ? newer.state.term : 0) > older.state.term;
    if (isQuorum(older.config, (id) => !promised(id))) {
      return `n${newer.id} leads in term ${newer.state.term}, and n${older.id} can still commit in ${older.state.term}`;
    }
  }
}

function snapshotEqualsState(run, step) {
  const { event, node, after } = step;
  const { snapshot } = event;
  if (comesFromSnapshot(step) && differs(run, after.applied, after.digest)) {
    return `the state of n${node.id} is not the one of its snapshot at ${after.applied}`;
  }
  if (after.applied >= node.log.base.index) node.installing = false;
  if (snapshot?.kind === "taken" && snapshot.index > after.applied) {
    return `n${node.id} takes a snapshot of ${snapshot.index}, and applied ${after.applied}`;
  }
  if (snapshot !== undefined && differs(run, snapshot.index, snapshot.digest)) {
    return `a snapshot of n${node.id} is not the state at ${snapshot.index}`;
  }
}

function comesFromSnapshot(step) {
  const { event, node, before, after } = step;
  if (after.applied === 0 || after.applied !== node.log.base.index) return false;
  return dies(step) || event.kind === "restart" || (node.installing && after.applied !== before.applied);
}

function appliedEqual(run, step) {
  const { node, before, after, running, restarted } = step;
  if (running && !restarted && after.applied < before.applied) {
    return `n${node.id} had applied ${before.applied}, and has ${after.applied}`;
  }
  const looks = after.applied !== before.applied || restarted || dies(step);
  if (looks && !comesFromSnapshot(step) && differs(run, after.applied, after.digest)) {
    return `n${node.id} has applied ${after.applied}, and its state is not the one seen there before`;
  }
}

// Compares with the first digest that was seen for this index.
function differs(run, index, digest) {
  const seen = run.digests.get(index);
  if (seen === undefined) run.digests.set(index, String(digest));
  return seen !== undefined && seen !== String(digest);
}

function nextAboveMatch(run, { event, node, before, after, begins, leads, delivered, sent }) {
  if (!leads) return undefined;
  if (begins || event.config !== undefined) {
    node.known.clear();
  } else if (delivered?.type === "AppendAccepted" && delivered.term === after.term) {
    const index = Math.min(delivered.index, before.last_index);
    node.known.set(delivered.from, Math.max(index, node.known.get(delivered.from) ?? 0));
  }
  for (const { type, term, to, index } of sent) {
    const known = node.known.get(to) ?? 0;
    if (type === "AppendEntries" && term === after.term && index < known) {
      return `n${node.id} sends n${to} entries behind ${index}, and knows that it has all up to ${known}`;
    }
  }
}

function oneVoteATerm(run, { node, sent }) {
  for (const { type, reject, term, to } of sent) {
    const twice = type === "RequestVoteReply" && !reject ? vote(node, term, to) : undefined;
    if (twice !== undefined) return twice;
  }
}

function durableBeforeAcknowledged(run, { node, after, sent }) {
  for (const { type, term, index } of sent) {
    if (type === "AppendAccepted" && term === after.term && index > after.durable) {
      return `n${node.id} acknowledges ${index}, and ${after.durable} is on its disk`;
    }
  }
}

/// In the order in which they look at an event.
const PROPERTIES = [
  ["leader-append-only", leaderAppendOnly],
  ["state-machine-safety", committedIsKept],
  ["log-matching", logMatching],
  ["term-never-back", termNeverBack],
  ["one-vote-a-term", voteForOneself],
  ["election-safety", electionSafety],
  ["leader-completeness", leaderCompleteness],
  ["up-to-date-leader", upToDateLeader],
  ["commit-never-back", commitNeverBack],
  ["commit-within-log", commitWithinLog],
  ["state-machine-safety", stateMachineSafety],
  ["durable-on-quorum", durableOnQuorum],
  ["quorum-overlap", quorumOverlap],
  ["one-leader-commits", oneLeaderCommits],
  ["applied-equal", appliedEqual],
  ["snapshot-equals-state", snapshotEqualsState],
  ["next-above-match", nextAboveMatch],
  ["one-vote-a-term", oneVoteATerm],
  ["durable-before-acknowledged", durableBeforeAcknowledged],
];

/// The first property that this step breaks: `{ property, why }`; none if it breaks none.
export function judgeStep(run, step) {
  if (step.node === undefined) return undefined;
  for (const [property, broken] of PROPERTIES) {
    const why = broken(run, step);
    if (why !== undefined) return { property, why };
  }
}
