/** The beacons of all other nodes, as the ledger names them (docs/protocol.md). */
import { beaconSlot } from '../core/beacon-slot.ts';
import type { NodeId } from '../core/ids.ts';
import { type Ledger, nodesOf } from '../core/ledger.ts';
import type { Facts } from '../core/next-command.ts';
import type { BeaconLight } from './boot.ts';

export interface PeerLook {
  readonly missing: Facts['missing'];
  /** False: some test failed, which proves nothing about the peer, and lets nothing through either (I7). */
  readonly answered: boolean;
}

/** Tests the beacon of every other node that `ledger` says is up, at that node's incarnation. About 1 µs each. */
export function lookAtPeers(ledger: Ledger, self: NodeId, beacon: BeaconLight): PeerLook {
  const missing: Facts['missing'][number][] = [];
  let answered = true;
  for (const peer of nodesOf(ledger)) {
    const member = ledger.members[peer]!;
    if (peer === self || member.state !== 'up') continue;
    try {
      if (beacon.isLit(beaconSlot(member.beaconIndex, member.incarnation))) continue;
      missing.push({ peer, peerIncarnation: member.incarnation });
    } catch {
      answered = false;
    }
  }
  return { missing, answered };
}
