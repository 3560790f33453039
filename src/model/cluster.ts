/**
 * What the steps ask of a modelled cluster: who it is made of, what a node may do by what it knows, what the
 * bounds still allow. Nothing here changes a state; that is for effects.ts.
 */
import { asIncarnation, type NodeId } from '../core/ids.ts';
import type { MutantId } from '../core/mutants.ts';
import type { Facts } from '../core/next-command.ts';
import type { CountedFault, ModelBounds } from './bounds.ts';
import type { LedgerShapes } from './ledger-shapes.ts';
import { HELD, type Layout, NOWHERE, ON, UNCOMPLETED } from './world.ts';

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

  // ---- what the bounds allow ----

  hasMutant(mutant: MutantId): boolean {
    return this.bounds.mutants.has(mutant);
  }

  mayFault(w: Uint8Array, kind: CountedFault): boolean {
    return this.at.spent(w, kind) < this.bounds[kind];
  }

  // ---- nodes and the ledger ----

  /** Its process runs and does something, now or later. */
  acts(w: Uint8Array, n: number): boolean {
    return this.at.phase(w, n) === ON && !this.at.hung(w, n);
  }

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

  /** Whose claims the node may still grant reclaims of: those that it knows to serve, unless it is about to end them. */
  grantsReclaimsOf(w: Uint8Array, n: number): readonly number[] {
    const { serves, movingTo } = this.shapes.get(this.at.known(w, n));
    const finishing = this.at.finishing(w, n);
    return serves[n]!.filter((claimant) => claimant !== finishing && movingTo[claimant]! < 0);
  }

  /** Whose addresses, moving away as planned, it has let go of. An address that no client comes by needs none of that. */
  handedOver(w: Uint8Array, n: number): ReadonlySet<NodeId> {
    const { at, bounds, shapes } = this;
    const { movingTo } = shapes.get(at.known(w, n));
    const owners = shapes.nodes.filter((_, owner) => {
      if (movingTo[owner]! < 0) return false;
      return owner >= bounds.clients || at.handedOn(w, n, owner) || this.hasMutant('M10');
    });
    return new Set(owners);
  }

  // ---- clients, their records and their locks ----

  /**
   * Where the client's requests are answered: at the node that has its state, as long as that lives; else at the one that
   * carries the address by which it comes, once that node knows so. {@link NOWHERE}: it has to wait.
   */
  answersTo(w: Uint8Array, c: number): number {
    const { at, shapes } = this;
    const home = at.home(w, c);
    const n = home >= 0 ? home : shapes.get(at.ledger(w)).carriers[c]!;
    if (n < 0 || !this.acts(w, n) || at.released(w, n) || at.pending(w, n) >= 0) return NOWHERE;
    if (at.handedOn(w, n, c)) return NOWHERE;
    return home >= 0 || shapes.get(at.known(w, n)).carriers[c] === n ? n : NOWHERE;
  }

  /** This life of the node has the lock in the filesystem. */
  hasLock(w: Uint8Array, n: number): boolean {
    const { at } = this;
    return at.lockNode(w) === n && at.lockIncarnation(w) === at.incarnation(w, n);
  }

  /** The node's own table of locks, which it asks before the filesystem. */
  grantedHere(w: Uint8Array, n: number): boolean {
    const { at } = this;
    for (let c = 0; c < this.bounds.clients; c++)
      if (at.belief(w, c) === HELD && at.home(w, c) === n) return true;
    return false;
  }

  /** The life that recorded the client in that epoch; 0: there is no such record, or none any more. */
  recordedBy(w: Uint8Array, epoch: number, c: number): number {
    const newest = this.shapes.get(this.at.ledger(w)).epoch;
    return epoch > newest || epoch <= newest - this.at.epochs ? 0 : this.at.recordedBy(w, epoch, c);
  }

  /** As node n knows it: it serves the claims of the client's address, and there is a record in the recovery epoch by the life that counts. */
  hasRecord(w: Uint8Array, c: number, n: number): boolean {
    return this.grantsReclaimsOf(w, n).includes(c) && this.#entitles(w, n, c);
  }

  /** As node n knows it: may the client of that address still reclaim, recorded and not through with it? The others have none. */
  isOutstanding(w: Uint8Array, n: number, claimant: number): boolean {
    const { at } = this;
    if (claimant >= this.bounds.clients) return false;
    const through = at.home(w, claimant) === n && at.completion(w, claimant) !== UNCOMPLETED;
    return !through && this.#entitles(w, n, claimant);
  }

  #entitles(w: Uint8Array, n: number, c: number): boolean {
    const { recoveryEpoch, recordedBy } = this.shapes.get(this.at.known(w, n));
    const writer = this.recordedBy(w, recoveryEpoch, c);
    if (writer !== 0 && writer === recordedBy[c]) return true;
    if (!this.hasMutant('D6')) return false;
    for (let epoch = 0; epoch < recoveryEpoch; epoch++) if (this.recordedBy(w, epoch, c) !== 0) return true;
    return false;
  }

  /** By the ledger as it is: a record where this grace or else the next failure looks, by the life that counts. */
  isRecorded(w: Uint8Array, c: number): boolean {
    const { epoch, recoveryEpoch, recordedBy } = this.shapes.get(this.at.ledger(w));
    const writer = this.recordedBy(w, recoveryEpoch || epoch, c);
    return writer !== 0 && writer === recordedBy[c];
  }
}

export const clientName = (c: number): string => `c${c + 1}`;
