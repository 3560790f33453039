/**
 * A history as a long run leaves it, made up: clients of several nodes lock and unlock parts of files, some are refused, nodes lose
 * their power and come back, clients reclaim. It breaks no rule, and is the same for the same seed. What a verdict costs is measured on it.
 * Each node has a client more that holds one lock all the time and asks for another one at the end, so that there is something to judge however
 * short it is.
 */
import type { Random } from '../../core/clock.ts';
import { asIncarnation, asNodeId, type NodeId } from '../../core/ids.ts';
import { claimsServedBy, createLedger, inGrace, type Ledger, unacknowledged } from '../../core/ledger.ts';
import { type Command, transition } from '../../core/transitions.ts';
import type { ByteSpan, History, HistoryEvent, LockMode } from '../../history/events.ts';
import { inOrder } from '../../history/recorder.ts';
import { seededRandom } from '../../scenario/seeded-random.ts';

export interface LargeHistoryShape {
  /** Requests, as near as whole rounds come to it. */
  readonly operations: number;
  readonly nodes: number;
  readonly clients: number;
  readonly files: number;
  /** Power cuts, spread over the run. */
  readonly reboots: number;
  readonly seed: number;
}

const NS_PER_MS = 1e6;
const LEASE_MS = 1000;
const GRACE_MS = 2000;
const RENEWAL_NS = (LEASE_MS / 3) * NS_PER_MS;
/** Between two requests of the whole cluster. */
const STEP_NS = 100_000;
const ANSWER_NS = 300_000;
const SLOTS_PER_FILE = 64;
const SLOT_BYTES = 128;
const READS = 0.6;
const MOST_HELD = 8;

/** A lock that somebody has. */
interface Held {
  readonly file: number;
  readonly slot: number;
  readonly mode: LockMode;
}

interface Client {
  readonly name: string;
  readonly node: string;
  readonly held: Held[];
  lastId: number;
  renewedAt: number;
}

/** Who has each slot of a file: readers by number, or one writer (-1). */
type Holders = Int8Array;

export function largeHistory(shape: LargeHistoryShape): History {
  const maker = new Maker(shape);
  return inOrder(maker.make());
}

class Maker {
  readonly #shape: LargeHistoryShape;
  readonly #random: Random;
  readonly #events: HistoryEvent[] = [];
  readonly #clients: readonly Client[];
  readonly #keepers: readonly Client[];
  readonly #nodes: readonly NodeId[];
  readonly #holders: readonly Holders[];
  #ledger: Ledger;
  #now = 0;
  #keepersRenewedAt = 0;
  #revision = 0;

  constructor(shape: LargeHistoryShape) {
    this.#shape = shape;
    this.#random = seededRandom(shape.seed);
    this.#nodes = Array.from({ length: shape.nodes }, (_, index) => asNodeId(`n${index + 1}`));
    this.#clients = Array.from({ length: shape.clients }, (_, index) =>
      newClient(`c${index + 1}`, `n${(index % shape.nodes) + 1}`),
    );
    this.#keepers = this.#nodes.map((node) => newClient(`keeper-${node}`, node));
    // The last file is the keepers'.
    const files = shape.files + Math.ceil((2 * shape.nodes) / SLOTS_PER_FILE);
    this.#holders = Array.from({ length: files }, () => new Int8Array(SLOTS_PER_FILE));
    this.#ledger = createLedger(this.#nodes, { beaconProvesDeath: true });
  }

  make(): HistoryEvent[] {
    const { operations, reboots } = this.#shape;
    const cluster = { nodes: this.#nodes, leaseMs: LEASE_MS, graceMs: GRACE_MS };
    this.#add({ kind: 'run', t: 0, event: 'start', cluster });
    for (const node of this.#nodes) this.#boot(node);
    this.#settle();
    for (const client of this.#everybody()) this.#begin(client);
    for (const [at, keeper] of this.#keepers.entries()) this.#keep(keeper, 2 * at);
    const between = Math.ceil(operations / (reboots + 1));
    for (let done = 0, life = 1; done < operations; done += 1) {
      this.#request(this.#clients[done % this.#clients.length]!);
      if (done + 1 < operations && (done + 1) % between === 0) {
        this.#powerCut(this.#nodes[life % this.#nodes.length]!);
        life += 1;
      }
    }
    for (const [at, keeper] of this.#keepers.entries()) this.#keep(keeper, 2 * at + 1);
    this.#now += NS_PER_MS;
    for (const client of this.#everybody()) this.#lookFor(client);
    this.#add({ kind: 'run', t: this.#now, event: 'end' });
    return this.#events;
  }

  // ---- clients ----

  #everybody(): readonly Client[] {
    return [...this.#clients, ...this.#keepers];
  }

  /** @param place among the slots of all keepers */
  #keep(keeper: Client, place: number): void {
    this.#now += STEP_NS + ANSWER_NS;
    const { files } = this.#shape;
    const file = files + Math.floor(place / SLOTS_PER_FILE);
    this.#lock(keeper, { file, slot: place % SLOTS_PER_FILE, mode: 'write' });
  }

  #begin(client: Client): void {
    for (const event of ['started', 'session', 'reclaim-complete'] as const) this.#learn(client, event);
  }

  /** Locks a slot, or gives one back. */
  #request(client: Client): void {
    this.#now += STEP_NS;
    this.#renew(client);
    if (this.#now - this.#keepersRenewedAt >= RENEWAL_NS) this.#renewKeepers();
    const wanted = this.#random() < client.held.length / MOST_HELD ? null : this.#wish();
    if (wanted === null) this.#unlock(client);
    else this.#lock(client, wanted);
  }

  #wish(): Held {
    const { files } = this.#shape;
    const mode = this.#random() < READS ? 'read' : 'write';
    return { file: this.#draw(files), slot: this.#draw(SLOTS_PER_FILE), mode };
  }

  #lock(client: Client, wish: Held): void {
    // Its own lock there is left alone: to change it would be another kind of request.
    if (client.held.some(({ file, slot }) => file === wish.file && slot === wish.slot)) return;
    const holders = this.#holders[wish.file]!;
    const there = holders[wish.slot]!;
    const free = wish.mode === 'read' ? there >= 0 && there < 100 : there === 0;
    this.#told(client, 'lock', wish, free ? null : 'DENIED');
    if (!free) return;
    holders[wish.slot] = wish.mode === 'read' ? there + 1 : -1;
    client.held.push(wish);
  }

  #unlock(client: Client): void {
    const [held] = client.held.splice(this.#draw(client.held.length), 1);
    if (held === undefined) return;
    const holders = this.#holders[held.file]!;
    holders[held.slot] = held.mode === 'read' ? holders[held.slot]! - 1 : 0;
    this.#told(client, 'unlock', held, null);
  }

  #told(client: Client, op: 'lock' | 'unlock', held: Held, refusal: string | null, reclaim = false): void {
    client.lastId += 1;
    const { name, node, lastId: id } = client;
    const file = `f${held.file}`;
    const request = {
      kind: 'op' as const,
      id,
      client: name,
      owner: name,
      node,
      op,
      file,
      span: spanOf(held),
    };
    const mode = op === 'lock' ? { mode: held.mode } : {};
    const whole = reclaim ? { ...request, ...mode, reclaim } : { ...request, ...mode };
    this.#add({ ...whole, t: this.#now, phase: 'invoke' });
    const t = this.#now + ANSWER_NS;
    this.#add(
      refusal === null ? { ...whole, t, phase: 'ok' } : { ...whole, t, phase: 'fail', status: refusal },
    );
  }

  /** The harness finds the locks in the filesystem. */
  #lookFor({ name: client, held }: Client): void {
    for (const { file, slot, mode } of held) {
      this.#now += STEP_NS;
      const where = { file: `f${file}`, span: spanOf({ slot }), mode, client, owner: client };
      this.#add({ kind: 'audit', t: this.#now, event: 'lock', ...where, held: true });
    }
  }

  #renewKeepers(): void {
    this.#keepersRenewedAt = this.#now;
    for (const keeper of this.#keepers) this.#renew(keeper);
  }

  #renew(client: Client): void {
    if (this.#now - client.renewedAt < RENEWAL_NS) return;
    client.renewedAt = this.#now;
    this.#learn(client, 'renewed', { sentAt: this.#now - ANSWER_NS });
  }

  #learn(
    { name, node }: Client,
    event: 'started' | 'session' | 'reclaim-complete' | 'recovery-begin' | 'recovery-end' | 'renewed',
    more: { readonly sentAt?: number } = {},
  ): void {
    this.#add({ kind: 'client', t: this.#now, client: name, node, event, ...more });
  }

  // ---- nodes ----

  #boot(node: NodeId): void {
    this.#swap(node, { type: 'boot', node, incarnation: asIncarnation(this.#lifeOf(node) + 1) });
  }

  #powerCut(dead: NodeId): void {
    this.#now += NS_PER_MS;
    this.#renewKeepers();
    this.#add({ kind: 'fault', t: this.#now, phase: 'begin', fault: 'power-cut', targets: [dead] });
    const survivor = this.#nodes.find((node) => node !== dead)!;
    const report = { peer: dead, peerIncarnation: asIncarnation(this.#lifeOf(dead)) };
    this.#swap(survivor, { type: 'report-death', ...this.#from(survivor), ...report });
    this.#acknowledge();
    for (const client of this.#everybody()) if (client.node !== dead) this.#refused(client);
    this.#now += 100 * NS_PER_MS;
    this.#boot(dead);
    this.#acknowledge();
    this.#add({ kind: 'fault', t: this.#now, phase: 'end', fault: 'power-cut', targets: [dead] });
    const own = this.#everybody().filter(({ node }) => node === dead);
    for (const client of own)
      for (const event of ['session', 'recovery-begin'] as const) this.#learn(client, event);
    for (const client of own)
      for (const held of client.held) {
        this.#now += STEP_NS;
        this.#told(client, 'lock', held, null, true);
      }
    this.#now += ANSWER_NS;
    for (const client of own)
      for (const event of ['reclaim-complete', 'recovery-end'] as const) this.#learn(client, event);
    this.#settle();
  }

  /** Nobody gets anything new in grace. */
  #refused(client: Client): void {
    this.#now += STEP_NS;
    this.#told(client, 'lock', this.#wish(), 'GRACE');
  }

  #acknowledge(): void {
    for (const node of unacknowledged(this.#ledger))
      this.#swap(node, { type: 'acknowledge', ...this.#from(node), view: this.#ledger.view });
  }

  /** Until grace is lifted. */
  #settle(): void {
    this.#acknowledge();
    for (const node of this.#nodes)
      for (const claimant of claimsServedBy(this.#ledger, node))
        if (inGrace(this.#ledger)) this.#swap(node, { type: 'finish', ...this.#from(node), claimant });
  }

  #swap(node: NodeId, command: Command): void {
    const result = transition(this.#ledger, command);
    if (!result.ok) throw new Error(`a ${command.type} was refused: ${result.refusal}`);
    this.#ledger = result.ledger;
    this.#revision += 1;
    const [sentAt, t] = [this.#now, this.#now + STEP_NS];
    this.#now = t;
    const { ledger } = result;
    const incarnation = this.#lifeOf(node);
    this.#add({
      kind: 'ledger',
      t,
      sentAt,
      node,
      incarnation,
      command: command.type,
      ledger,
      revision: this.#revision,
    });
  }

  #from = (node: NodeId) => ({ node, incarnation: asIncarnation(this.#lifeOf(node)) });

  #lifeOf = (node: NodeId): number => this.#ledger.members[node]!.incarnation;

  #draw = (below: number): number => Math.floor(this.#random() * below);

  #add(event: HistoryEvent): void {
    this.#events.push(event);
  }
}

const newClient = (name: string, node: string): Client => ({
  ...{ name, node, held: [], lastId: 0, renewedAt: 0 },
});

const spanOf = ({ slot }: Pick<Held, 'slot'>): ByteSpan => ({
  start: slot * SLOT_BYTES,
  end: (slot + 1) * SLOT_BYTES,
});
