/**
 * One state of the modelled cluster, as bytes, so that millions of them fit into memory and two equal
 * states are equal byte by byte.
 */
import { COUNTED_FAULTS, type CountedFault } from './bounds.ts';

export const OFF = 0;
/** The beacon of the next incarnation is lit, its boot is not in the ledger yet. */
export const LIT = 1;
export const ON = 2;
/** Dead, and never to boot again. */
export const GONE = 3;

/** What a client thinks of the one lock that everybody wants. */
export const NONE = 0;
export const HELD = 1;
/** It held the lock when its node died, and wants it back. */
export const WANTS = 2;
/** Its chance has passed, and it has not been told yet. */
export const FORFEIT = 3;
/** Its claims were closed without it, and grace runs on: it may be told so, or have another chance should they open again. */
export const LATE = 4;

export const UNCOMPLETED = 0;
/** During the grace that runs: it will count in the next one. */
export const COMPLETED_IN_GRACE = 1;
export const COMPLETED = 2;

/** A number of {@link Layout.home} and {@link Layout.claimant}: no node. */
export const NOWHERE = -1;

const NODE_BYTES = 9;
const CLIENT_BYTES = 3;

const STALE = 1;
const ALARMED = 2;
const STOP_WANTED = 4;
const RELEASED = 8;
const HUNG = 16;
const WITHDRAWN = 32;

/** Where the bounds of a state's parts are. Numbers of nodes and clients count from 0; faults take half a byte each. */
export class Layout {
  readonly nodes: number;
  readonly clients: number;
  /** Of how many epochs, the current one and those before it, client records are kept. */
  readonly epochs: number;
  /** What moves as planned is the filesystem: a client may be on record at any node. */
  readonly filesystems: boolean;
  readonly #beacons: number;
  readonly #words: number;
  readonly #lock: number;
  readonly #clients: number;
  readonly #records: number;
  readonly #spent: number;
  readonly #retired: number;
  readonly #services: readonly (readonly number[])[];
  readonly size: number;

  constructor(nodes: number, clients: number, epochs: number, filesystems: boolean) {
    this.nodes = nodes;
    this.clients = clients;
    this.epochs = epochs;
    this.filesystems = filesystems;
    this.#beacons = 3 + nodes * NODE_BYTES;
    this.#words = this.#beacons + nodes;
    this.#lock = this.#words + nodes;
    this.#clients = this.#lock + 3;
    this.#records = this.#clients + clients * CLIENT_BYTES;
    this.#spent = this.#records + epochs * clients * (filesystems ? nodes : 1);
    this.#retired = this.#spent + Math.ceil(COUNTED_FAULTS.length / 2);
    const everywhere = [...Array(nodes).keys()];
    this.#services = Array.from({ length: clients }, (_, c) => (filesystems ? everywhere : [c]));
    this.size = this.#retired + 1;
  }

  // ---- the ledger, and what each node is and knows ----

  readonly ledger = (w: Uint8Array): number => w[0]! | (w[1]! << 8) | (w[2]! << 16);
  readonly setLedger = (w: Uint8Array, id: number): void => this.#number(w, 0, id);

  readonly #node = (n: number): number => 3 + n * NODE_BYTES;
  readonly phase = (w: Uint8Array, n: number): number => w[this.#node(n)]!;
  readonly setPhase = (w: Uint8Array, n: number, phase: number): void => {
    w[this.#node(n)] = phase;
  };
  readonly incarnation = (w: Uint8Array, n: number): number => w[this.#node(n) + 1]!;
  readonly setIncarnation = (w: Uint8Array, n: number, value: number): void => {
    w[this.#node(n) + 1] = value;
  };
  readonly known = (w: Uint8Array, n: number): number => {
    const at = this.#node(n) + 2;
    return w[at]! | (w[at + 1]! << 8) | (w[at + 2]! << 16);
  };
  readonly setKnown = (w: Uint8Array, n: number, id: number): void => this.#number(w, this.#node(n) + 2, id);
  /** Somebody wrote the ledger since this node read it. */
  readonly stale = (w: Uint8Array, n: number): boolean => this.#flag(w, n, STALE);
  readonly setStale = (w: Uint8Array, n: number, on: boolean): void => this.#setFlag(w, n, STALE, on);
  readonly alarmed = (w: Uint8Array, n: number): boolean => this.#flag(w, n, ALARMED);
  readonly setAlarmed = (w: Uint8Array, n: number, on: boolean): void => this.#setFlag(w, n, ALARMED, on);
  readonly stopWanted = (w: Uint8Array, n: number): boolean => this.#flag(w, n, STOP_WANTED);
  readonly setStopWanted = (w: Uint8Array, n: number): void => this.#setFlag(w, n, STOP_WANTED, true);
  /** It serves no more and holds nothing: the last part of a planned stop. */
  readonly released = (w: Uint8Array, n: number): boolean => this.#flag(w, n, RELEASED);
  readonly setReleased = (w: Uint8Array, n: number): void => this.#setFlag(w, n, RELEASED, true);
  readonly hung = (w: Uint8Array, n: number): boolean => this.#flag(w, n, HUNG);
  readonly setHung = (w: Uint8Array, n: number): void => this.#setFlag(w, n, HUNG, true);
  /** It has taken back what it recorded of its clients in the new epoch, since the filesystem moves away from it as planned. */
  readonly withdrawn = (w: Uint8Array, n: number): boolean => this.#flag(w, n, WITHDRAWN);
  readonly setWithdrawn = (w: Uint8Array, n: number, on: boolean): void => this.#setFlag(w, n, WITHDRAWN, on);
  /** The epoch that all clients of this life are durable in; 0: it is to be made so anew. */
  readonly recordedIn = (w: Uint8Array, n: number): number => w[this.#node(n) + 6]!;
  readonly setRecordedIn = (w: Uint8Array, n: number, epoch: number): void => {
    w[this.#node(n) + 6] = epoch;
  };
  /** The client for whom the lock was taken in the filesystem and whose beacons are not tested yet; -1: none. */
  readonly pending = (w: Uint8Array, n: number): number => (w[this.#node(n) + 7]! & 0xf) - 1;
  readonly setPending = (w: Uint8Array, n: number, client: number): void => {
    w[this.#node(n) + 7] = (w[this.#node(n) + 7]! & 0xf0) | (client + 1);
  };
  /** Whose `finish` it has sent without having the answer: nobody reclaims from that claimant meanwhile. */
  readonly finishing = (w: Uint8Array, n: number): number => (w[this.#node(n) + 7]! >> 4) - 1;
  readonly setFinishing = (w: Uint8Array, n: number, claimant: number): void => {
    w[this.#node(n) + 7] = (w[this.#node(n) + 7]! & 0xf) | ((claimant + 1) << 4);
  };
  /** It has let go of what this client held, whose address moves away as planned, and answers it no more. */
  readonly handedOn = (w: Uint8Array, n: number, c: number): boolean =>
    (w[this.#node(n) + 8]! & (1 << c)) !== 0;
  readonly setHandedOn = (w: Uint8Array, n: number, c: number, on: boolean): void => {
    const at = this.#node(n) + 8;
    w[at] = on ? w[at]! | (1 << c) : w[at]! & ~(1 << c);
  };
  /** Everything that a process forgets when it dies. */
  readonly clearNode = (w: Uint8Array, n: number): void =>
    void w.fill(0, this.#node(n), this.#node(n) + NODE_BYTES);

  // ---- the filesystem, and the fencer ----

  /** The incarnation whose beacon is lit; 0: none. */
  readonly beacon = (w: Uint8Array, n: number): number => w[this.#beacons + n]!;
  readonly setBeacon = (w: Uint8Array, n: number, incarnation: number): void => {
    w[this.#beacons + n] = incarnation;
  };
  /** The incarnation that the fencer has ended, as the ledger has not been told yet; 0: none. */
  readonly fencersWord = (w: Uint8Array, n: number): number => w[this.#words + n]!;
  readonly setFencersWord = (w: Uint8Array, n: number, incarnation: number): void => {
    w[this.#words + n] = incarnation;
  };

  /** Who has the lock in the filesystem: node, -1 for nobody. */
  readonly lockNode = (w: Uint8Array): number => w[this.#lock]! - 1;
  readonly lockIncarnation = (w: Uint8Array): number => w[this.#lock + 1]!;
  readonly lockClient = (w: Uint8Array): number => w[this.#lock + 2]!;
  readonly setLock = (w: Uint8Array, node: number, incarnation: number, client: number): void => {
    w[this.#lock] = node + 1;
    w[this.#lock + 1] = incarnation;
    w[this.#lock + 2] = client;
  };
  readonly freeLock = (w: Uint8Array): void => this.setLock(w, -1, 0, 0);

  // ---- clients and their records ----

  readonly #client = (c: number): number => this.#clients + c * CLIENT_BYTES;
  readonly belief = (w: Uint8Array, c: number): number => w[this.#client(c)]! & 0xf;
  readonly setBelief = (w: Uint8Array, c: number, belief: number): void => {
    w[this.#client(c)] = (w[this.#client(c)]! & 0xf0) | belief;
  };
  /** It sent RECLAIM_COMPLETE in its home's present life, and the record of it is durable: {@link UNCOMPLETED} and above. */
  readonly completion = (w: Uint8Array, c: number): number => (w[this.#client(c)]! >> 4) & 0x3;
  readonly setCompletion = (w: Uint8Array, c: number, completion: number): void => {
    w[this.#client(c)] = (w[this.#client(c)]! & ~0x30) | (completion << 4);
  };
  /** What it believes in it had at another node, which has sent it here after a filesystem. */
  readonly sentHere = (w: Uint8Array, c: number): boolean => (w[this.#client(c)]! & 0x40) !== 0;
  readonly setSentHere = (w: Uint8Array, c: number, on: boolean): void => this.#setBit(w, c, 0x40, on);
  /** It has told its home that it is through with what came there with a filesystem. */
  readonly arrived = (w: Uint8Array, c: number): boolean => (w[this.#client(c)]! & 0x80) !== 0;
  readonly setArrived = (w: Uint8Array, c: number, on: boolean): void => this.#setBit(w, c, 0x80, on);
  readonly #setBit = (w: Uint8Array, c: number, bit: number, on: boolean): void => {
    const at = this.#client(c);
    w[at] = on ? w[at]! | bit : w[at]! & ~bit;
  };
  /** The node whose present life has completed it or gave it the lock. */
  readonly home = (w: Uint8Array, c: number): number => (w[this.#client(c) + 1]! & 0xf) - 1;
  readonly setHome = (w: Uint8Array, c: number, node: number): void => {
    w[this.#client(c) + 1] = (w[this.#client(c) + 1]! & 0xf0) | (node + 1);
  };
  /**
   * Among whose claims it is to be, by what happened to it and not by any record: those of its own address, if it had completed
   * when the grace that runs began, or would have if one began now.
   */
  readonly claimant = (w: Uint8Array, c: number): number => (w[this.#client(c) + 1]! >> 4) - 1;
  readonly setClaimant = (w: Uint8Array, c: number, node: number): void => {
    w[this.#client(c) + 1] = (w[this.#client(c) + 1]! & 0xf) | ((node + 1) << 4);
  };

  /**
   * It wants its lock back, and had completed in this grace, or before it, at a life of that node which died since and
   * which the ledger still takes for alive: should grace end so, it is among the claims of the next one.
   */
  readonly leftBehindAt = (w: Uint8Array, c: number): number => (w[this.#client(c) + 2]! & 0xf) - 1;
  readonly setLeftBehindAt = (w: Uint8Array, c: number, node: number): void => {
    w[this.#client(c) + 2] = (w[this.#client(c) + 2]! & 0xf0) | (node + 1);
  };
  /** Where filesystems move: the node whose address it comes by, whose own client it is. */
  readonly site = (w: Uint8Array, c: number): number => (w[this.#client(c) + 2]! >> 4) - 1;
  readonly setSite = (w: Uint8Array, c: number, node: number): void => {
    w[this.#client(c) + 2] = (w[this.#client(c) + 2]! & 0xf) | ((node + 1) << 4);
  };

  /**
   * The life that recorded the client in an epoch as one that comes by the address of that node: the node above the incarnation; 0: no record.
   * cluster.ts says which epochs there are.
   */
  readonly recordedBy = (w: Uint8Array, epoch: number, service: number, c: number): number =>
    w[this.#record(epoch, service, c)]!;
  readonly setRecordedBy = (w: Uint8Array, epoch: number, service: number, c: number, life: number): void => {
    w[this.#record(epoch, service, c)] = life;
  };
  readonly forgetEpoch = (w: Uint8Array, epoch: number): void => {
    for (let c = 0; c < this.clients; c++)
      for (const service of this.services(c)) this.setRecordedBy(w, epoch, service, c, 0);
  };
  /** By whose addresses this client may come. */
  services(c: number): readonly number[] {
    return this.#services[c]!;
  }
  readonly #record = (epoch: number, service: number, c: number): number => {
    const slot = (epoch % this.epochs) * this.clients + c;
    return this.#records + (this.filesystems ? slot * this.nodes + service : slot);
  };

  // ---- what has happened so far ----

  readonly spent = (w: Uint8Array, kind: CountedFault): number => {
    const place = PLACES[kind];
    return (w[this.#spent + (place >> 1)]! >> ((place & 1) * 4)) & 0xf;
  };
  readonly spend = (w: Uint8Array, kind: CountedFault): void => {
    const place = PLACES[kind];
    w[this.#spent + (place >> 1)]! += 1 << ((place & 1) * 4);
  };

  /** An operator retired the node, and none admitted it since. */
  readonly retired = (w: Uint8Array, n: number): boolean => (w[this.#retired]! & (1 << n)) !== 0;
  readonly setRetired = (w: Uint8Array, n: number, on: boolean): void => {
    w[this.#retired] = on ? w[this.#retired]! | (1 << n) : w[this.#retired]! & ~(1 << n);
  };

  readonly #number = (w: Uint8Array, at: number, value: number): void => {
    w[at] = value & 0xff;
    w[at + 1] = (value >> 8) & 0xff;
    w[at + 2] = value >> 16;
  };
  readonly #flag = (w: Uint8Array, n: number, bit: number): boolean => (w[this.#node(n) + 5]! & bit) !== 0;
  readonly #setFlag = (w: Uint8Array, n: number, bit: number, on: boolean): void => {
    const at = this.#node(n) + 5;
    w[at] = on ? w[at]! | bit : w[at]! & ~bit;
  };

  /** All that node n of one state is and knows, to be that of node m of another. */
  readonly copyNode = (from: Uint8Array, n: number, to: Uint8Array, m: number): void => {
    for (let b = 0; b < NODE_BYTES; b++) to[this.#node(m) + b] = from[this.#node(n) + b]!;
  };
  /** What client c of one state believes and has said, to be that of client d of another. */
  readonly copyClient = (from: Uint8Array, c: number, to: Uint8Array, d: number): void => {
    to[this.#client(d)] = from[this.#client(c)]!;
  };
}

/** One life of one node as a number that fits into a byte, and is not 0. */
export const lifeOf = (node: number, incarnation: number): number => (node << 4) | incarnation;
export const nodeOfLife = (life: number): number => life >> 4;

const PLACES = Object.fromEntries(COUNTED_FAULTS.map((kind, place) => [kind, place])) as Record<
  CountedFault,
  number
>;
