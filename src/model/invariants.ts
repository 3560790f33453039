/** The invariants that a step can break (docs/protocol.md), each tested at the step that would break it. */
import { type Cluster, clientName } from './cluster.ts';
import { FORFEIT, HELD, WANTS } from './world.ts';

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
  return cluster.isRecorded(w, c, n) ? null : `I6: ${clientName(c)} gets new state without a durable record`;
}

function mayReclaimAt(cluster: Cluster, w: Uint8Array, n: number): boolean {
  const { at, shapes } = cluster;
  if (!cluster.acts(w, n)) return false;
  const { recoveryEpoch, barrier } = shapes.get(at.known(w, n));
  if (recoveryEpoch === 0 || !barrier) return false;
  if (shapes.standing(at.known(w, n), n, at.incarnation(w, n)) !== 'current') return false;
  return cluster.grantsReclaimsOf(w, n).some((claimant) => cluster.isOutstanding(w, n, claimant));
}

/** I4, I3 and I1 at the moment of a reclaim. */
export function reclaimViolation(cluster: Cluster, w: Uint8Array, c: number, n: number): string | null {
  const { at, shapes, bounds } = cluster;
  if (at.belief(w, c) === FORFEIT) return `I4: ${clientName(c)} reclaims after its chance had passed`;
  const { claimsOpen, carriers } = shapes.get(at.ledger(w));
  const claimant = at.claimant(w, c);
  if (claimant < 0 || !claimsOpen[claimant] || carriers[claimant] !== n)
    return `I4: ${clientName(c)} reclaims at ${cluster.name(n)}, which does not serve its claims`;
  for (let peer = 0; peer < bounds.nodes; peer++) {
    // That a node has booted since the barrier does not matter: it grants nothing before the lift.
    if (cluster.acts(w, peer) && !cluster.enforcing(w, peer)) {
      return `I3: ${clientName(c)} reclaims while ${cluster.name(peer)} may still grant new state`;
    }
  }
  for (let other = 0; other < bounds.clients; other++) {
    if (other !== c && at.belief(w, other) === HELD)
      return `I1: ${clientName(c)} reclaims what ${clientName(other)} holds`;
  }
  return null;
}

/** I2 when a reclaim is refused, wherever that is: nobody has ended the client's chance yet. */
export function refusalViolation(cluster: Cluster, w: Uint8Array, c: number, n: number): string | null {
  if (cluster.at.belief(w, c) !== WANTS) return null;
  return `I2: ${cluster.name(n)} refuses ${clientName(c)} the lock that it held when its node died`;
}

/** I2 when claims are finished because nobody is expected any more. */
export function finishViolation(cluster: Cluster, w: Uint8Array, n: number, claimant: number): string | null {
  for (let c = 0; c < cluster.bounds.clients; c++) {
    if (cluster.at.claimant(w, c) !== claimant || cluster.at.belief(w, c) !== WANTS) continue;
    return `I2: ${cluster.name(n)} ends the reclaims of ${cluster.name(claimant)} before ${clientName(c)} came, with time left`;
  }
  return null;
}

/**
 * I2 when grace ends: whoever still wants its lock was among claims that this swap closes, or is among those of the next
 * grace, since its node has died unnoticed.
 */
export function liftViolation({ at, shapes, bounds }: Cluster, w: Uint8Array, after: number): string | null {
  const { recoveryEpoch, claimsOpen } = shapes.get(at.ledger(w));
  if (recoveryEpoch === 0 || shapes.get(after).recoveryEpoch !== 0) return null;
  if (shapes.get(after).claimsOpen.includes(true)) return 'I2: grace ends, and claims are open';
  for (let c = 0; c < bounds.clients; c++) {
    if (at.belief(w, c) !== WANTS || at.leftBehindAt(w, c) >= 0 || claimsOpen[at.claimant(w, c)]) continue;
    return `I2: grace ends, and ${clientName(c)} has had no chance to reclaim`;
  }
  return null;
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
