/** The beacons of all other nodes, as the ledger names them (docs/protocol.md). */
import { beaconSlot } from '../core/beacon-slot.ts';
import type { Incarnation, NodeId } from '../core/ids.ts';
import { type Ledger, nodesOf } from '../core/ledger.ts';
import type { Facts } from '../core/next-command.ts';
import type { BeaconLight } from './boot.ts';

export interface PeerLook {
  readonly missing: Facts['missing'];
  /** False: some test failed, which proves nothing about the peer, and lets nothing through either (I7). */
  readonly answered: boolean;
}

/**
 * How often a node looks when no grant does it, in milliseconds. A death is known when the first survivor has looked; the others hear of it
 * from the ledger. Nothing can wait for a beacon to go out instead: who waits for a record lock has it when the wait ends, and would show
 * as a light on that byte itself. A look costs less than a microsecond a peer, its timer a hundred: about 2 % of a core at 5 ms.
 */
const BEACON_POLL_MS = 5;
/** With more peers than this each looks less often: all of them together look as often as ever, and a death is found no later on average. */
const PEERS_AT_FULL_RATE = 8;

/** @param baseMs what a small cluster does */
export function lookIntervalMs(ledger: Ledger, baseMs = BEACON_POLL_MS): number {
  const peers = nodesOf(ledger).length - 1;
  return baseMs * Math.max(1, peers / PEERS_AT_FULL_RATE);
}

/** A node that is up; `slot` is null where its incarnation can have no beacon. */
type Lit = Facts['missing'][number] & { readonly slot: bigint | null };

/** By ledger, which every grant asks until there is a newer one. */
const litBy = new WeakMap<Ledger, readonly Lit[]>();

/** Every node that `ledger` says is up, and where its beacon is. */
function litIn(ledger: Ledger): readonly Lit[] {
  let lit = litBy.get(ledger);
  if (lit === undefined) {
    lit = nodesOf(ledger)
      .filter((peer) => ledger.members[peer]!.state === 'up')
      .map((peer) => {
        const { beaconIndex, incarnation } = ledger.members[peer]!;
        return { peer, peerIncarnation: incarnation, slot: slotOf(beaconIndex, incarnation) };
      });
    litBy.set(ledger, lit);
  }
  return lit;
}

function slotOf(beaconIndex: number, incarnation: Incarnation): bigint | null {
  try {
    return beaconSlot(beaconIndex, incarnation);
  } catch {
    return null;
  }
}

/** Tests the beacon of every other node that `ledger` says is up, at that node's incarnation. About 1 µs each. */
export function lookAtPeers(ledger: Ledger, self: NodeId, beacon: BeaconLight): PeerLook {
  const missing: Facts['missing'][number][] = [];
  let answered = true;
  for (const { peer, peerIncarnation, slot } of litIn(ledger)) {
    if (peer === self) continue;
    try {
      if (slot === null) answered = false;
      else if (!beacon.isLit(slot)) missing.push({ peer, peerIncarnation });
    } catch {
      answered = false;
    }
  }
  return { missing, answered };
}
