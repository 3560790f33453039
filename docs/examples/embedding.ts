/**
 * A lock server of one's own on gracelab/core: three servers give out named locks, which they keep on a disk
 * that they share. One of them dies, a thief comes for its client's lock, and the client gets it back.
 *
 *     node docs/examples/embedding.ts     (in a checkout: node --conditions=gracelab-source ...)
 *
 * Everything of the server is in `Server`: where the rules of the core are asked, and what must be done in
 * which order around them. `Disk` stands for what a real server has instead: a cluster filesystem, a store with
 * compare-and-swap. docs/embedding.md says what those must promise.
 */
import {
  asNodeId,
  barrierReached,
  beaconSlot,
  type Command,
  claimsServedBy,
  createLedger,
  type Facts,
  type Incarnation,
  inGrace,
  type Ledger,
  memberOf,
  type NodeId,
  nextCommand,
  nextIncarnation,
  nodesOf,
  standing,
  transition,
} from 'gracelab/core';

/** What all servers see. Here it is in memory; each method is one atomic and durable step of the real thing. */
class Disk {
  #ledger: { readonly revision: number; readonly ledger: Ledger };
  /** Locks of the shared filesystem: a process's go when it dies, its beacon before all others. */
  readonly locks = new Map<string, { readonly server: Server; readonly client: string }>();
  readonly beacons = new Set<bigint>();
  /** By epoch and node: which clients may reclaim, and the life that recorded them. */
  readonly #records = new Map<string, Map<string, Incarnation>>();

  constructor(nodes: readonly NodeId[]) {
    this.#ledger = { revision: 1, ledger: createLedger(nodes, { beaconProvesDeath: true }) };
  }

  read() {
    return this.#ledger;
  }

  /** Compare-and-swap: only one of two who read the same revision gets through. */
  swap(expected: number, ledger: Ledger): boolean {
    if (this.#ledger.revision !== expected) return false;
    this.#ledger = { revision: expected + 1, ledger };
    return true;
  }

  recordsOf(epoch: number, node: NodeId): Map<string, Incarnation> {
    const key = `${epoch} ${node}`;
    const records = this.#records.get(key) ?? new Map<string, Incarnation>();
    this.#records.set(key, records);
    return records;
  }

  /** The fence is tested in the same step as the write: a life that is over writes nothing. */
  record(server: Server, client: string): void {
    const { ledger } = this.#ledger;
    if (standing(ledger, server.node, server.incarnation) === 'fenced') return;
    this.recordsOf(ledger.epoch, server.node).set(client, server.incarnation);
  }
}

class Server {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  readonly #disk: Disk;
  readonly #slot: bigint;
  /** The ledger as this server knows it; old until the next `step`. */
  #ledger: Ledger;
  #alarmed = false;
  /** Clients that may have new locks: they have said that they have nothing (more) to reclaim. */
  readonly #complete = new Set<string>();
  #recordedEpoch: number;

  /** Order matters: the former life is over, then the new beacon, and only then the ledger. */
  constructor(disk: Disk, node: NodeId) {
    const { revision, ledger } = disk.read();
    const member = memberOf(ledger, node)!;
    if (member.incarnation > 0 && disk.beacons.has(beaconSlot(member.beaconIndex, member.incarnation)))
      throw new Error(`another process is ${node}`);
    this.node = node;
    this.#disk = disk;
    this.incarnation = nextIncarnation(member);
    this.#slot = beaconSlot(member.beaconIndex, this.incarnation);
    disk.beacons.add(this.#slot);
    const booted = transition(ledger, { type: 'boot', node, incarnation: this.incarnation });
    if (!booted.ok || !disk.swap(revision, booted.ledger)) throw new Error('lost the swap: start over');
    this.#ledger = booted.ledger;
    this.#recordedEpoch = booted.ledger.epoch;
  }

  /** The power goes: the beacon first, then every lock. Nothing else of the server runs any more. */
  die(): void {
    this.#disk.beacons.delete(this.#slot);
    for (const [name, { server }] of this.#disk.locks) if (server === this) this.#disk.locks.delete(name);
  }

  /**
   * One round of coordination; a real server runs it when the store's watch says so, and every few milliseconds.
   * @returns the command that it swapped in, for the curious
   */
  step(): Command['type'] | null {
    const { revision, ledger } = this.#disk.read();
    this.#ledger = ledger;
    if (inGrace(ledger)) this.#writeRecords(ledger);
    const missing = this.#missing();
    this.#alarmed = missing.length > 0;
    const facts: Facts = {
      missing,
      // No grant is in flight: `lock` runs to its end without a break.
      drainedAndRecorded: this.#enforcing() && this.#recordedEpoch === ledger.epoch,
      finished: new Set(claimsServedBy(ledger, this.node).filter((node) => this.#outstanding(node) === 0)),
      // A real server counts these from the barrier, on its own clock.
      takeOver: new Set(),
      abandonDue: false,
      stopWanted: false,
      released: false,
      handedOver: new Set(),
      failbackDue: false,
    };
    const command = nextCommand(ledger, this, facts);
    if (command === null) return null;
    const result = transition(ledger, command);
    return result.ok && this.#disk.swap(revision, result.ledger) ? command.type : null;
  }

  /** New state, by the grant rule: not enforcing; take it; look for every beacon; keep it or give it back. */
  lock(client: string, name: string): 'granted' | 'denied' | 'grace' {
    if (this.#enforcing() || !this.#complete.has(client)) return 'grace';
    if (this.#disk.locks.has(name)) return 'denied';
    this.#disk.locks.set(name, { server: this, client });
    if (this.#missing().length === 0) return 'granted';
    this.#disk.locks.delete(name);
    this.#alarmed = true;
    return 'grace';
  }

  /** Old state: only past the barrier, only for whom a record speaks. */
  reclaim(client: string, name: string): 'granted' | 'no-grace' | 'not-yet' | 'conflict' {
    if (!inGrace(this.#ledger)) return 'no-grace';
    if (!barrierReached(this.#ledger)) return 'not-yet';
    const recorded = claimsServedBy(this.#ledger, this.node).some((node) => this.#recorded(node).has(client));
    if (!recorded || this.#complete.has(client)) return 'no-grace';
    if (this.#disk.locks.has(name)) return 'conflict';
    this.#disk.locks.set(name, { server: this, client });
    return 'granted';
  }

  /** The client has reclaimed all it wanted. Durable first; then it may have new locks. */
  complete(client: string): void {
    this.#disk.record(this, client);
    this.#complete.add(client);
  }

  #enforcing(): boolean {
    const current = standing(this.#ledger, this.node, this.incarnation) === 'current';
    return !current || this.#alarmed || inGrace(this.#ledger);
  }

  #missing(): Facts['missing'] {
    return nodesOf(this.#ledger).flatMap((peer) => {
      const { state, incarnation, beaconIndex } = memberOf(this.#ledger, peer)!;
      if (peer === this.node || state !== 'up') return [];
      const lit = this.#disk.beacons.has(beaconSlot(beaconIndex, incarnation));
      return lit ? [] : [{ peer, peerIncarnation: incarnation }];
    });
  }

  #writeRecords(ledger: Ledger): void {
    if (this.#recordedEpoch === ledger.epoch) return;
    for (const client of this.#complete) this.#disk.record(this, client);
    this.#recordedEpoch = ledger.epoch;
  }

  /** Clients that `node` had recorded when this grace began; only by the life that was up at the last lift. */
  #recorded(node: NodeId): Set<string> {
    const { recoveryEpoch, members } = this.#ledger;
    const records = recoveryEpoch === null ? [] : [...this.#disk.recordsOf(recoveryEpoch, node)];
    const counts = members[node]!.recordedIncarnation;
    return new Set(records.filter(([, writer]) => writer === counts).map(([client]) => client));
  }

  #outstanding(node: NodeId): number {
    return [...this.#recorded(node)].filter((client) => !this.#complete.has(client)).length;
  }
}

// ---- the story ----

const names = ['n1', 'n2', 'n3'].map(asNodeId);
const [n1, n2, n3] = names as [NodeId, NodeId, NodeId];
const disk = new Disk(names);
const servers = new Map(names.map((node) => [node, new Server(disk, node)]));
const at = (node: NodeId): Server => servers.get(node)!;
const phase = () => (inGrace(disk.read().ledger) ? 'grace' : 'quiet');

/** Rounds until nobody has anything to do. */
function settle(): void {
  for (let busy = true; busy; ) {
    busy = false;
    for (const server of servers.values()) {
      const command = server.step();
      if (command !== null) {
        console.log(`  ${server.node}: ${command} (${phase()})`);
        busy = true;
      }
    }
  }
}

console.log('three servers start:');
settle();
at(n1).complete('alice');
at(n2).complete('mallory');
console.log(`alice asks n1 for "ledger": ${at(n1).lock('alice', 'ledger')}`);

console.log('the power of n1 goes');
at(n1).die();
servers.delete(n1);
console.log(`mallory asks n2 for "ledger": ${at(n2).lock('mallory', 'ledger')}`);
settle();

console.log('n1 boots');
servers.set(n1, new Server(disk, n1));
settle();
console.log(`mallory asks n2 again: ${at(n2).lock('mallory', 'ledger')}`);
console.log(`bob, who never had it, reclaims "ledger" at n1: ${at(n1).reclaim('bob', 'ledger')}`);
console.log(`alice reclaims "ledger" at n1: ${at(n1).reclaim('alice', 'ledger')}`);
at(n1).complete('alice');
settle();
console.log(`mallory asks n2 again: ${at(n2).lock('mallory', 'ledger')}`);
console.log(`mallory asks n2 for "diary": ${at(n2).lock('mallory', 'diary')}`);
console.log(`n3 knows a cluster that is ${phase()}, too: ${at(n3).step() ?? 'nothing to do'}`);
