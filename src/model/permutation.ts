/** The same state under other names of its nodes and clients: client c belongs to node c, and goes by its name. */
import { type Layout, lifeOf, NOWHERE, nodeOfLife, ON } from './world.ts';

/** Node i's part is played by node `order[i]`. @param shapeOf renames within ledgers */
export function permute(
  at: Layout,
  from: Uint8Array,
  to: Uint8Array,
  order: readonly number[],
  shapeOf: (id: number) => number,
): void {
  to.set(from);
  at.setLedger(to, shapeOf(at.ledger(from)));
  for (let n = 0; n < at.nodes; n++) permuteNode(at, from, to, order, n, shapeOf);
  if (at.lockNode(from) >= 0)
    at.setLock(to, order[at.lockNode(from)]!, at.lockIncarnation(from), order[at.lockClient(from)]!);
  for (let c = 0; c < at.clients; c++) permuteClient(at, from, to, order, c);
}

function permuteNode(
  at: Layout,
  from: Uint8Array,
  to: Uint8Array,
  order: readonly number[],
  n: number,
  shapeOf: (id: number) => number,
): void {
  const m = order[n]!;
  at.copyNode(from, n, to, m);
  if (at.phase(from, n) === ON) at.setKnown(to, m, shapeOf(at.known(from, n)));
  for (let c = 0; c < at.clients; c++) at.setHandedOn(to, m, order[c]!, at.handedOn(from, n, c));
  if (at.pending(from, n) >= 0) at.setPending(to, m, order[at.pending(from, n)]!);
  if (at.finishing(from, n) >= 0) at.setFinishing(to, m, order[at.finishing(from, n)]!);
  at.setBeacon(to, m, at.beacon(from, n));
  at.setFencersWord(to, m, at.fencersWord(from, n));
  at.setRetired(to, m, at.retired(from, n));
}

function permuteClient(
  at: Layout,
  from: Uint8Array,
  to: Uint8Array,
  order: readonly number[],
  c: number,
): void {
  const d = order[c]!;
  const renamed = (node: number): number => (node < 0 ? NOWHERE : order[node]!);
  at.copyClient(from, c, to, d);
  at.setLeftBehindAt(to, d, renamed(at.leftBehindAt(from, c)));
  at.setHome(to, d, renamed(at.home(from, c)));
  at.setClaimant(to, d, renamed(at.claimant(from, c)));
  at.setSite(to, d, renamed(at.site(from, c)));
  for (let e = 0; e < at.epochs; e++) {
    for (const service of at.services(c)) {
      const life = at.recordedBy(from, e, service, c);
      const by = life === 0 ? 0 : lifeOf(order[nodeOfLife(life)]!, life & 0xf);
      at.setRecordedBy(to, e, order[service]!, d, by);
    }
  }
}
