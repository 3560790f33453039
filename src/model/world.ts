/**
 * One state of the modelled cluster, as bytes, so that millions of them fit into memory and two equal
 * states are equal byte by byte. All fields are below 256 but for the ledger shapes, which take two bytes.
 */
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
/** Its node finished without it, and grace runs on: it may be told so, or have another chance should the node die again. */
export const LATE = 4;

export const UNCOMPLETED = 0;
/** During the grace that runs: it will count in the next one. */
export const COMPLETED_IN_GRACE = 1;
export const COMPLETED = 2;

const NODE_BYTES = 8;
const CLIENT_BYTES = 2;
/** Epochs that a bounded history can reach; more is a mistake in the bounds. */
export const EPOCHS = 12;

export class Layout {
  readonly nodes: number;
  readonly clients: number;
  readonly #beacons: number;
  readonly #lock: number;
  readonly #clients: number;
  readonly #records: number;
  readonly #spent: number;
  readonly #retired: number;
  readonly size: number;

  constructor(nodes: number, clients: number) {
    this.nodes = nodes;
    this.clients = clients;
    this.#beacons = 2 + nodes * NODE_BYTES;
    this.#lock = this.#beacons + nodes;
    this.#clients = this.#lock + 3;
    this.#records = this.#clients + clients * CLIENT_BYTES;
    this.#spent = this.#records + EPOCHS * clients;
    this.#retired = this.#spent + 7;
    this.size = this.#retired + 1;
  }

  readonly ledger = (w: Uint8Array): number => w[0]! | (w[1]! << 8);
  readonly setLedger = (w: Uint8Array, id: number): void => {
    w[0] = id & 0xff;
    w[1] = id >> 8;
  };

  readonly #node = (n: number): number => 2 + n * NODE_BYTES;
  readonly phase = (w: Uint8Array, n: number): number => w[this.#node(n)]!;
  readonly incarnation = (w: Uint8Array, n: number): number => w[this.#node(n) + 1]!;
  readonly known = (w: Uint8Array, n: number): number => w[this.#node(n) + 2]! | (w[this.#node(n) + 3]! << 8);
  /** Somebody wrote the ledger since this node read it. */
  readonly stale = (w: Uint8Array, n: number): boolean => (w[this.#node(n) + 4]! & 1) !== 0;
  readonly alarmed = (w: Uint8Array, n: number): boolean => (w[this.#node(n) + 4]! & 2) !== 0;
  readonly stopWanted = (w: Uint8Array, n: number): boolean => (w[this.#node(n) + 4]! & 4) !== 0;
  /** The epoch that all clients of this life are durable in; 0: its own old records are not cleared yet. */
  readonly recordedIn = (w: Uint8Array, n: number): number => w[this.#node(n) + 5]!;
  /** The client for whom the lock was taken in the filesystem and whose beacons are not tested yet; -1: none. */
  readonly pending = (w: Uint8Array, n: number): number => w[this.#node(n) + 6]! - 1;

  readonly setPhase = (w: Uint8Array, n: number, phase: number): void => {
    w[this.#node(n)] = phase;
  };
  readonly setIncarnation = (w: Uint8Array, n: number, value: number): void => {
    w[this.#node(n) + 1] = value;
  };
  readonly setKnown = (w: Uint8Array, n: number, id: number): void => {
    w[this.#node(n) + 2] = id & 0xff;
    w[this.#node(n) + 3] = id >> 8;
  };
  readonly setStale = (w: Uint8Array, n: number, on: boolean): void => this.#flag(w, n, 1, on);
  readonly setAlarmed = (w: Uint8Array, n: number, on: boolean): void => this.#flag(w, n, 2, on);
  readonly setStopWanted = (w: Uint8Array, n: number, on: boolean): void => this.#flag(w, n, 4, on);
  readonly setRecordedIn = (w: Uint8Array, n: number, epoch: number): void => {
    w[this.#node(n) + 5] = epoch;
  };
  readonly setPending = (w: Uint8Array, n: number, client: number): void => {
    w[this.#node(n) + 6] = client + 1;
  };
  /** It serves no more and holds nothing: the last part of a planned stop. */
  readonly released = (w: Uint8Array, n: number): boolean => (w[this.#node(n) + 4]! & 8) !== 0;
  readonly setReleased = (w: Uint8Array, n: number, on: boolean): void => this.#flag(w, n, 8, on);
  /** Everything that a process forgets when it dies. */
  readonly clearNode = (w: Uint8Array, n: number): void =>
    void w.fill(0, this.#node(n), this.#node(n) + NODE_BYTES);

  /** The incarnation whose beacon is lit; 0: none. */
  readonly beacon = (w: Uint8Array, n: number): number => w[this.#beacons + n]!;
  readonly setBeacon = (w: Uint8Array, n: number, incarnation: number): void => {
    w[this.#beacons + n] = incarnation;
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

  readonly belief = (w: Uint8Array, c: number): number => w[this.#clients + c * CLIENT_BYTES]!;
  readonly setBelief = (w: Uint8Array, c: number, belief: number): void => {
    w[this.#clients + c * CLIENT_BYTES] = belief;
  };
  /** It sent RECLAIM_COMPLETE in its node's present life, and the record of it is durable: {@link UNCOMPLETED} and above. */
  readonly completion = (w: Uint8Array, c: number): number => w[this.#clients + c * CLIENT_BYTES + 1]!;
  readonly setCompletion = (w: Uint8Array, c: number, completion: number): void => {
    w[this.#clients + c * CLIENT_BYTES + 1] = completion;
  };

  /** Client records by epoch: the life of its home that recorded the client; 0: no record. */
  readonly recordedBy = (w: Uint8Array, epoch: number, c: number): number =>
    w[this.#records + epoch * this.clients + c]!;
  readonly setRecordedBy = (w: Uint8Array, epoch: number, c: number, incarnation: number): void => {
    if (epoch >= EPOCHS) throw new Error('the model has more epochs than a state can hold');
    w[this.#records + epoch * this.clients + c] = incarnation;
  };
  readonly forgetEpochsBefore = (w: Uint8Array, epoch: number): void =>
    void w.fill(0, this.#records, this.#records + epoch * this.clients);

  /** Faults that have happened so far, by kind. */
  readonly spent = (w: Uint8Array, kind: number): number => w[this.#spent + kind]!;
  readonly spend = (w: Uint8Array, kind: number): void => void w[this.#spent + kind]!++;

  /** An operator retired the node, and none admitted it since. */
  readonly retired = (w: Uint8Array, n: number): boolean => (w[this.#retired]! & (1 << n)) !== 0;
  readonly setRetired = (w: Uint8Array, n: number, on: boolean): void => {
    w[this.#retired] = on ? w[this.#retired]! | (1 << n) : w[this.#retired]! & ~(1 << n);
  };

  readonly #flag = (w: Uint8Array, n: number, bit: number, on: boolean): void => {
    const at = this.#node(n) + 4;
    w[at] = on ? w[at]! | bit : w[at]! & ~bit;
  };

  /** Writes the state with the parts of nodes and clients exchanged; `shapeOf` renames within ledgers. */
  permute(from: Uint8Array, to: Uint8Array, order: readonly number[], shapeOf: (id: number) => number): void {
    to.set(from);
    this.setLedger(to, shapeOf(this.ledger(from)));
    for (let n = 0; n < this.nodes; n++) {
      const m = order[n]!;
      for (let b = 0; b < NODE_BYTES; b++) to[this.#node(m) + b] = from[this.#node(n) + b]!;
      if (this.phase(from, n) === ON) this.setKnown(to, m, shapeOf(this.known(from, n)));
      if (this.pending(from, n) >= 0) this.setPending(to, m, order[this.pending(from, n)]!);
      this.setBeacon(to, m, this.beacon(from, n));
      this.setRetired(to, m, this.retired(from, n));
    }
    if (this.lockNode(from) >= 0) {
      this.setLock(
        to,
        order[this.lockNode(from)]!,
        this.lockIncarnation(from),
        order[this.lockClient(from)]!,
      );
    }
    for (let c = 0; c < this.clients; c++) {
      this.setBelief(to, order[c]!, this.belief(from, c));
      this.setCompletion(to, order[c]!, this.completion(from, c));
      for (let e = 0; e < EPOCHS; e++) this.setRecordedBy(to, e, order[c]!, this.recordedBy(from, e, c));
    }
  }
}

/** Indexes of {@link Layout.spent}. */
export const CRASHES = 0;
export const DROPS = 1;
export const UNKNOWNS = 2;
export const STOPS = 3;
export const MEMBERSHIPS = 4;
export const EXPIRIES = 5;
export const LOSSES = 6;
