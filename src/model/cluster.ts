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

  /** Nothing is recorded of a client by a life that has taken back what it recorded before. */
  mayRecord(w: Uint8Array, n: number): boolean {
    return this.mayWrite(w, n) && !this.at.withdrawn(w, n);
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

  /**
   * Whose claims the node may still grant reclaims of: those that it knows to serve, unless it is about to end them. Where filesystems move,
   * none while its own clients go elsewhere.
   */
  grantsReclaimsOf(w: Uint8Array, n: number): readonly number[] {
    const { serves, movingTo } = this.shapes.get(this.at.known(w, n));
    const finishing = this.at.finishing(w, n);
    if (this.bounds.filesystems)
      return movingTo[n]! < 0 && this.isHere(w, n) ? serves[n]!.filter((each) => each !== finishing) : [];
    return serves[n]!.filter((claimant) => claimant !== finishing && movingTo[claimant]! < 0);
  }

  /** Whose addresses, moving away as planned, it has let go of. An address that no client comes by needs none of that, and where filesystems move what is recorded of them is taken back, and they are let go of afterwards. */
  handedOver(w: Uint8Array, n: number): ReadonlySet<NodeId> {
    const { at, bounds, shapes } = this;
    const { movingTo } = shapes.get(at.known(w, n));
    const owners = shapes.nodes.filter((_, owner) => {
      if (movingTo[owner]! < 0) return false;
      if (bounds.filesystems) return owner !== n || at.withdrawn(w, n);
      return owner >= bounds.clients || at.handedOn(w, n, owner) || this.hasMutant('M10');
    });
    return new Set(owners);
  }

  // ---- filesystems that move ----

  /** As the node knows it, the filesystem is not elsewhere for those who come by its own address. */
  isHere(w: Uint8Array, n: number): boolean {
    return this.shapes.get(this.at.known(w, n)).carriers[n] === n;
  }

  /** What it took back for a move of which nothing came is written anew before it says anything to the ledger. */
  mustRecord(w: Uint8Array, n: number): boolean {
    const { epoch, recoveryEpoch } = this.shapes.get(this.at.known(w, n));
    return this.bounds.filesystems && recoveryEpoch !== 0 && this.at.recordedIn(w, n) !== epoch;
  }

  /** As node n knows it, the filesystem is about to come here from somewhere. */
  isUnderWay(w: Uint8Array, n: number): boolean {
    return !this.hasMutant('M18') && this.shapes.get(this.at.known(w, n)).movingTo.includes(n);
  }

  /** As node n knows it: it serves claims that are not of its own service, and the client is on record there. */
  cameWith(w: Uint8Array, c: number, n: number): boolean {
    return this.grantsReclaimsOf(w, n).some((service) => service !== n && this.entitles(w, n, service, c));
  }

  /** May it reclaim here what came with the filesystem, though it has said that it was through with all else (row 30)? */
  mayArrive(w: Uint8Array, c: number, n: number): boolean {
    if (!this.bounds.filesystems || this.shapes.get(this.at.known(w, n)).recoveryEpoch === 0) return false;
    const expected = (service: number) => service !== n && this.expects(w, n, service, c);
    return this.isUnderWay(w, n) || this.grantsReclaimsOf(w, n).some(expected);
  }

  // ---- clients, their records and their locks ----

  /** By whose address a client of node n comes. */
  service(n: number, c: number): number {
    return this.bounds.filesystems ? n : c;
  }

  /**
   * Where the client's requests are answered: at the node that has its state, as long as that lives; else at the one that
   * carries the address by which it comes, once that node knows so. {@link NOWHERE}: it has to wait.
   */
  answersTo(w: Uint8Array, c: number): number {
    const { at, shapes, bounds } = this;
    const home = at.home(w, c);
    const n = bounds.filesystems ? at.site(w, c) : home >= 0 ? home : shapes.get(at.ledger(w)).carriers[c]!;
    if (n < 0 || !this.listens(w, n)) return NOWHERE;
    if (bounds.filesystems) return n;
    if (at.handedOn(w, n, c)) return NOWHERE;
    return home >= 0 || shapes.get(at.known(w, n)).carriers[c] === n ? n : NOWHERE;
  }

  /** Its process answers requests. */
  listens(w: Uint8Array, n: number): boolean {
    return this.acts(w, n) && !this.at.released(w, n) && this.at.pending(w, n) < 0;
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
  recordedBy(w: Uint8Array, epoch: number, service: number, c: number): number {
    const newest = this.shapes.get(this.at.ledger(w)).epoch;
    return epoch > newest || epoch <= newest - this.at.epochs ? 0 : this.at.recordedBy(w, epoch, service, c);
  }

  /**
   * As node n knows it: it serves the claims of the client's address, or any where filesystems move, and there is a record in the recovery epoch
   * by the life that counts.
   */
  hasRecord(w: Uint8Array, c: number, n: number): boolean {
    return this.grantsReclaimsOf(w, n).some((service) => this.entitles(w, n, service, c));
  }

  /** As node n knows it: may a client of that address still reclaim, recorded and not through with it? */
  isOutstanding(w: Uint8Array, n: number, claimant: number): boolean {
    for (let c = 0; c < this.bounds.clients; c++) if (this.expects(w, n, claimant, c)) return true;
    return false;
  }

  expects(w: Uint8Array, n: number, claimant: number, c: number): boolean {
    const { at, bounds } = this;
    const came = bounds.filesystems && claimant !== n;
    const completed = came ? at.arrived(w, c) : at.completion(w, c) !== UNCOMPLETED;
    return !(at.home(w, c) === n && completed) && this.entitles(w, n, claimant, c);
  }

  /** As node n knows it: is the client on record as one of that address, by the life that counts? */
  entitles(w: Uint8Array, n: number, service: number, c: number): boolean {
    if (!this.at.services(c).includes(service)) return false;
    const { recoveryEpoch, recordedBy } = this.shapes.get(this.at.known(w, n));
    const writer = this.recordedBy(w, recoveryEpoch, service, c);
    if (writer !== 0 && writer === recordedBy[service]) return true;
    if (!this.hasMutant('D6')) return false;
    for (let epoch = 0; epoch < recoveryEpoch; epoch++)
      if (this.recordedBy(w, epoch, service, c) !== 0) return true;
    return false;
  }

  /** By the ledger as it is: a client of node n has a record where this grace or else the next failure looks, by the life that counts. */
  isRecorded(w: Uint8Array, c: number, n: number): boolean {
    const { epoch, recoveryEpoch, recordedBy } = this.shapes.get(this.at.ledger(w));
    const service = this.service(n, c);
    const writer = this.recordedBy(w, recoveryEpoch || epoch, service, c);
    return writer !== 0 && writer === recordedBy[service];
  }
}

export const clientName = (c: number): string => `c${c + 1}`;
