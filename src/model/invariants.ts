/** The invariants that a step can break (docs/protocol.md), each tested at the step that would break it. */
import { type Cluster, clientName } from './cluster.ts';
import { FORFEIT, HELD, ON, UNCOMPLETED, WANTS } from './world.ts';

/** I1, I2, I3 and I6 at the moment of a new grant. */
export function grantViolation(cluster: Cluster, w: Uint8Array, n: number, c: number): string | null {
  const { at, bounds } = cluster;
  for (let other = 0; other < bounds.clients; other++) {
    if (other === c) continue;
    if (at.belief(w, other) === HELD)
      return `I1: ${clientName(c)} is granted what ${clientName(other)} holds`;
    if (at.belief(w, other) === WANTS) {
      return `I2: ${clientName(c)} is granted what ${clientName(other)} had no chance to reclaim`;
    }
  }
  for (let peer = 0; peer < bounds.nodes; peer++) {
    if (peer !== n && mayReclaimAt(cluster, w, peer)) {
      return `I3: ${cluster.name(n)} grants new state while ${cluster.name(peer)} may still grant a reclaim`;
    }
  }
  return cluster.isRecorded(w, n, c) ? null : `I6: ${clientName(c)} gets new state without a durable record`;
}

function mayReclaimAt(cluster: Cluster, w: Uint8Array, n: number): boolean {
  const { at, shapes } = cluster;
  if (at.phase(w, n) !== ON) return false;
  const shape = shapes.get(at.known(w, n));
  return (
    shape.recoveryEpoch !== 0 &&
    shape.servesOwn[n]! &&
    shape.barrier &&
    shapes.standing(at.known(w, n), n, at.incarnation(w, n)) === 'current' &&
    cluster.outstanding(w, n) > 0
  );
}

/** I4, I3 and I1 at the moment of a reclaim. */
export function reclaimViolation(cluster: Cluster, w: Uint8Array, c: number): string | null {
  const { at, bounds } = cluster;
  if (at.belief(w, c) === FORFEIT) return `I4: ${clientName(c)} reclaims after its chance had passed`;
  for (let peer = 0; peer < bounds.nodes; peer++) {
    // That a node has booted since the barrier does not matter: it grants nothing before the lift.
    if (at.phase(w, peer) === ON && !cluster.enforcing(w, peer)) {
      return `I3: ${clientName(c)} reclaims while ${cluster.name(peer)} may still grant new state`;
    }
  }
  for (let other = 0; other < bounds.clients; other++) {
    if (other !== c && at.belief(w, other) === HELD)
      return `I1: ${clientName(c)} reclaims what ${clientName(other)} holds`;
  }
  return null;
}

/** I2 when a reclaim is refused. */
export function refusalViolation(cluster: Cluster, w: Uint8Array, c: number, home: number): string | null {
  if (cluster.at.belief(w, c) !== WANTS || !chanceIsDue(cluster, w, c, home)) return null;
  return `I2: ${clientName(c)} is refused the lock that it held when its node died`;
}

/** The node's claims are open in the ledger as it is: nobody has ended this client's chance yet. */
function chanceIsDue({ at, shapes }: Cluster, w: Uint8Array, c: number, home: number): boolean {
  const shape = shapes.get(at.ledger(w));
  return shape.recoveryEpoch !== 0 && shape.servesOwn[home]! && at.completion(w, c) === UNCOMPLETED;
}

/** A retired member does not come back by what it swaps in itself. */
export function membershipViolation(
  cluster: Cluster,
  w: Uint8Array,
  n: number,
  after: number,
): string | null {
  const { at, shapes } = cluster;
  const back = at.retired(w, n) && shapes.get(after).states[n] !== 'absent';
  return back ? `membership: ${cluster.name(n)} was retired, and is back without having been admitted` : null;
}
