// Majorities (docs/trace.md, "Configurations").

const majority = (voters, holds) => voters.filter(holds).length * 2 > voters.length;

/// Is the set of the nodes for which `holds(id)` a quorum of `config`?
export function isQuorum(config, holds) {
  return majority(config.voters, holds) && (config.outgoing.length === 0 || majority(config.outgoing, holds));
}

/// Has every quorum of one a node in common with every quorum of the other? Tries all ways to split the
/// voters of both in two parts.
export function quorumsMeet(one, other) {
  const voters = [...new Set([one, other].flatMap(({ voters, outgoing }) => [...voters, ...outgoing]))];
  for (let split = 0; split < 2 ** voters.length; split += 1) {
    const first = new Set(voters.filter((_, bit) => (split >> bit) & 1));
    if (isQuorum(one, (id) => first.has(id)) && isQuorum(other, (id) => !first.has(id))) return false;
  }
  return true;
}

/// Have both the same voters, outgoing voters and learners?
export function sameConfig(one, other) {
  const text = ({ voters, outgoing, learners }) =>
    JSON.stringify([voters, outgoing, learners].map((ids) => [...ids].sort((a, b) => a - b)));
  return text(one) === text(other);
}
