/**
 * What the steps ask of a modelled cluster: who it is made of, what a node may do by what it knows, what the
 * bounds still allow. Nothing here changes a state; that is for effects.ts.
 */
import { asIncarnation, type NodeId } from '../core/ids.ts';
import type { MutantId } from '../core/mutants.ts';
import type { Facts } from '../core/next-command.ts';
import type { ModelBounds } from './bounds.ts';
import type { LedgerShapes } from './ledger-shapes.ts';
import { HELD, type Layout, UNCOMPLETED } from './world.ts';

export class Cluster {
  readonly bounds: ModelBounds;
  readonly shapes: LedgerShapes;
  /** Where the parts of a state are among its bytes. */
  readonly at: Layout;

  constructor(bounds: ModelBounds, shapes: LedgerShapes, layout: Layout) {
    this.bounds = bounds;
    this.shapes = shapes;
    this.at = layout;
  }

  // ---- who is who ----

  id(n: number): NodeId {
    return this.shapes.nodes[n]!;
  }

  name(n: number): string {
    return this.id(n);
  }

  life(n: number, incarnation: number): string {
    return `${this.name(n)}@${incarnation}`;
  }

  clientsOf(n: number): number[] {
    return n < this.bounds.clients ? [n] : [];
  }

  homeOf(c: number): number {
    return c;
  }

  // ---- what the bounds allow ----

  hasMutant(mutant: MutantId): boolean {
    return this.bounds.mutants.has(mutant);
  }

  mayFault(w: Uint8Array, kind: number): boolean {
    const { crashes, drops, unknowns, stops, memberships, expiries, losses } = this.bounds;
    return this.at.spent(w, kind) < [crashes, drops, unknowns, stops, memberships, expiries, losses][kind]!;
  }

  // ---- nodes and the ledger ----

  /** The store's fence: the writer's incarnation must be the current one in the ledger as it is (D8). */
  mayWrite(w: Uint8Array, n: number): boolean {
    const { at, shapes } = this;
    return this.hasMutant('D8') || shapes.standing(at.ledger(w), n, at.incarnation(w, n)) !== 'fenced';
  }

  acknowledged(shape: number, n: number): boolean {
    const { ledger } = this.shapes.get(shape);
    return ledger.members[this.id(n)]!.acknowledgedView === ledger.view;
  }

  /** The node grants nothing new: it knows of a grace, misses a beacon, or is itself in doubt. */
  enforcing(w: Uint8Array, n: number): boolean {
    const { at, shapes } = this;
    const known = at.known(w, n);
    if (at.alarmed(w, n) || shapes.get(known).recoveryEpoch !== 0) return true;
    return !this.hasMutant('D8') && shapes.standing(known, n, at.incarnation(w, n)) !== 'current';
  }

  /** The peers that the node believes to be up, and whose beacons are not lit. */
  missing(w: Uint8Array, n: number): Facts['missing'] {
    const { at } = this;
    const shape = this.shapes.get(at.known(w, n));
    const missing: Facts['missing'][number][] = [];
    for (let peer = 0; peer < this.bounds.nodes; peer++) {
      if (peer === n || shape.states[peer] !== 'up') continue;
      if (at.beacon(w, peer) !== shape.incarnations[peer]) {
        missing.push({ peer: this.id(peer), peerIncarnation: asIncarnation(shape.incarnations[peer]!) });
      }
    }
    return missing;
  }

  // ---- clients, their records and their locks ----

  /** This life of the node has the lock in the filesystem. */
  hasLock(w: Uint8Array, n: number): boolean {
    const { at } = this;
    return at.lockNode(w) === n && at.lockIncarnation(w) === at.incarnation(w, n);
  }

  /** The node's own table of locks, which it asks before the filesystem. */
  grantedHere(w: Uint8Array, n: number): boolean {
    return this.clientsOf(n).some((c) => this.at.belief(w, c) === HELD);
  }

  /** As the node knows it: a record in the recovery epoch, by the life that counts there. */
  hasRecord(w: Uint8Array, c: number, n: number): boolean {
    const { at } = this;
    const { recoveryEpoch, recordedBy } = this.shapes.get(at.known(w, n));
    const writer = at.recordedBy(w, recoveryEpoch, c);
    if (writer !== 0 && writer === recordedBy[n]) return true;
    if (!this.hasMutant('D6')) return false;
    for (let epoch = 0; epoch < recoveryEpoch; epoch++) if (at.recordedBy(w, epoch, c) !== 0) return true;
    return false;
  }

  /** How many of the node's clients may still reclaim: recorded, and not through with it. */
  outstanding(w: Uint8Array, n: number): number {
    return this.clientsOf(n).filter(
      (c) => this.at.completion(w, c) === UNCOMPLETED && this.hasRecord(w, c, n),
    ).length;
  }

  /** By the ledger as it is: a record where this grace or else the next failure looks, by the life that counts. */
  isRecorded(w: Uint8Array, n: number, c: number): boolean {
    const { epoch, recoveryEpoch, recordedBy } = this.shapes.get(this.at.ledger(w));
    const writer = this.at.recordedBy(w, recoveryEpoch || epoch, c);
    return writer !== 0 && writer === recordedBy[n];
  }
}

export const clientName = (c: number): string => `c${c + 1}`;
