/**
 * Ledgers as small numbers. Two ledgers have one shape when no rule can tell them apart: how high the
 * view has counted does not matter, only who acknowledged the current one. What the real transition
 * functions make of a shape is computed once and remembered.
 */
import { asIncarnation, asNodeId, asView, type NodeId } from '../core/ids.ts';
import {
  barrierReached,
  claimsServedBy,
  type Ledger,
  type Member,
  memberOf,
  standing,
  unserved,
  whereServed,
} from '../core/ledger.ts';
import type { Mutants } from '../core/mutants.ts';
import { type Facts, nextCommand } from '../core/next-command.ts';
import { holdingUp } from '../core/succession.ts';
import { type Command, transition } from '../core/transitions.ts';
import { lifeOf } from './world.ts';

/** A shape's own view is always this one; older acknowledgements become 0. */
const CANONICAL_VIEW = asView(2);

export interface Shape {
  readonly ledger: Ledger;
  readonly epoch: number;
  /** 0: no grace. */
  readonly recoveryEpoch: number;
  readonly barrier: boolean;
  /** By node: whose open claims it serves. */
  readonly serves: readonly (readonly number[])[];
  readonly claimsOpen: readonly boolean[];
  /** The dead whose claims nobody serves. */
  readonly unserved: readonly NodeId[];
  /** By node: who carries its address; -1: no member has that address. Client c comes by that of node c. */
  readonly carriers: readonly number[];
  /** By node: where its clients find the filesystem, if that moves and addresses stay. */
  readonly servedAt: readonly number[];
  /** By node: where its address is about to move as planned; -1: nowhere. */
  readonly movingTo: readonly number[];
  /** By node: the life that holds the cluster up if the deadline has passed; 0: none. */
  readonly holdingUp: readonly number[];
  /** By node: incarnation, 0 for one that is no member. */
  readonly incarnations: readonly number[];
  /** By node: the life whose records about the client of its address count in the next grace, or in the one that runs; 0: none. */
  readonly recordedBy: readonly number[];
  readonly states: readonly ('up' | 'suspect' | 'down' | 'absent')[];
}

export class LedgerShapes {
  readonly nodes: readonly NodeId[];
  readonly #services: number;
  readonly #orders: readonly (readonly number[])[];
  readonly #mutants: Mutants;
  readonly #ids = new Map<string, number>();
  readonly #shapes: Shape[] = [];
  readonly #transitions = new Map<string, number>();
  readonly #commands = new Map<string, readonly Command[]>();
  /** By the order, as it is handed in, and then by the shape. */
  readonly #permuted = new Map<readonly number[], number[]>();
  readonly #keys = new WeakMap<Command, string>();

  /**
   * @param services by the addresses of how many nodes, of the first, clients may come
   * @param orders how like nodes may be exchanged, without the identity
   */
  constructor(nodes: number, services: number, orders: readonly (readonly number[])[], mutants: Mutants) {
    this.#orders = orders;
    this.#services = services;
    this.nodes = Array.from({ length: nodes }, (_, index) => asNodeId(`n${index + 1}`));
    this.#mutants = mutants;
  }

  get(id: number): Shape {
    return this.#shapes[id]!;
  }

  idOf(ledger: Ledger): number {
    const canonical = this.#canonical(ledger);
    const key = JSON.stringify([
      canonical.epoch,
      canonical.recoveryEpoch,
      canonical.incarnationFloor,
      this.nodes.map((node) => {
        const member = memberOf(canonical, node);
        if (member === undefined) return null;
        const { incarnation, recordedIncarnation, state, acknowledgedView } = member;
        const { claims, heir, leaving, addressAt, recordedAt, movingTo } = member;
        const places = [heir, addressAt, recordedAt, movingTo];
        return [incarnation, recordedIncarnation, state, acknowledgedView, claims, leaving, ...places];
      }),
    ]);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#shapes.length;
    if (id > 0xffffff) throw new Error('the model has more ledgers than a state can number');
    this.#ids.set(key, id);
    this.#shapes.push(this.#shape(canonical));
    return id;
  }

  /** @returns the shape after `command`, or -1 when it is refused */
  apply(id: number, command: Command): number {
    const key = `${id} ${this.keyOf(command)}`;
    const known = this.#transitions.get(key);
    if (known !== undefined) return known;
    const result = transition(this.get(id).ledger, command, this.#mutants);
    const next = result.ok ? this.idOf(result.ledger) : -1;
    this.#transitions.set(key, next);
    return next;
  }

  /**
   * What the node does next in that shape: the policy of the product, remembered by its facts. Where it goes by the order
   * of names, as with two dead nodes to abandon, every order of like nodes is asked for: so no outcome depends on the
   * names that a state is kept under.
   */
  commands(id: number, node: number, incarnation: number, facts: Facts): readonly Command[] {
    const key = `${id} ${node} ${incarnation} ${factsKey(facts)}`;
    const known = this.#commands.get(key);
    if (known !== undefined) return known;
    const commands = new Map<string, Command>();
    for (const order of [this.nodes.map((_, n) => n), ...this.#orders]) {
      const command = this.#commandUnder(order, id, node, incarnation, facts);
      if (command !== null) commands.set(this.keyOf(command), command);
    }
    const distinct = [...commands.values()];
    this.#commands.set(key, distinct);
    return distinct;
  }

  #commandUnder(
    order: readonly number[],
    id: number,
    node: number,
    incarnation: number,
    facts: Facts,
  ): Command | null {
    const renamed = (from: NodeId): NodeId => this.nodes[order[this.nodes.indexOf(from)]!]!;
    const restored = (to: NodeId): NodeId => this.nodes[order.indexOf(this.nodes.indexOf(to))]!;
    const { ledger } = this.get(this.permute(id, order));
    const self = { node: renamed(this.nodes[node]!), incarnation: asIncarnation(incarnation) };
    const command = nextCommand(
      ledger,
      self,
      {
        ...facts,
        // The product looks at its peers in the order of their names.
        missing: facts.missing
          .map((life) => ({ ...life, peer: renamed(life.peer) }))
          .sort((a, b) => (a.peer < b.peer ? -1 : 1)),
        finished: new Set([...facts.finished].map(renamed)),
        takeOver: new Set([...facts.takeOver].map(renamed)),
        handedOver: new Set([...facts.handedOver].map(renamed)),
      },
      this.#mutants,
    );
    return command === null ? null : withNames(command, restored);
  }

  /** Two commands that say the same have one key. */
  keyOf(command: Command): string {
    const known = this.#keys.get(command);
    if (known !== undefined) return known;
    const key = JSON.stringify(command);
    this.#keys.set(command, key);
    return key;
  }

  /** The shape with node i's part played by node `order[i]`. */
  permute(id: number, order: readonly number[]): number {
    const permutations = this.#permuted.get(order) ?? [];
    const known = permutations[id];
    if (known !== undefined) return known;
    const { ledger } = this.get(id);
    const renamed = (node: NodeId): NodeId => this.nodes[order[this.nodes.indexOf(node)]!]!;
    const orNull = (node: NodeId | null) => (node === null ? null : renamed(node));
    const members: Record<NodeId, Member> = {};
    for (const node of this.nodes) {
      const member = memberOf(ledger, node);
      if (member === undefined) continue;
      members[renamed(node)] = {
        ...member,
        heir: orNull(member.heir),
        addressAt: orNull(member.addressAt),
        recordedAt: orNull(member.recordedAt),
        movingTo: orNull(member.movingTo),
      };
    }
    const permuted = this.idOf({ ...ledger, members });
    permutations[id] = permuted;
    this.#permuted.set(order, permutations);
    return permuted;
  }

  standing(id: number, node: number, incarnation: number): 'current' | 'suspect' | 'fenced' {
    return standing(this.get(id).ledger, this.nodes[node]!, asIncarnation(incarnation));
  }

  #shape(ledger: Ledger): Shape {
    const place = (node: NodeId): number => this.nodes.indexOf(node);
    const held = new Map(holdingUp(ledger, true).map(({ node, incarnation }) => [node, incarnation]));
    const of = <T>(property: (member: Member, node: NodeId) => T, absent: T): T[] =>
      this.nodes.map((node) => {
        const member = memberOf(ledger, node);
        return member === undefined ? absent : property(member, node);
      });
    return {
      ledger,
      epoch: ledger.epoch,
      recoveryEpoch: ledger.recoveryEpoch ?? 0,
      barrier: barrierReached(ledger),
      serves: this.nodes.map((node) => claimsServedBy(ledger, node).map(place)),
      claimsOpen: of(({ claims }) => claims === 'open', false),
      unserved: unserved(ledger),
      carriers: of(({ addressAt }, node) => place(addressAt ?? node), -1),
      servedAt: this.nodes.map((node) => place(whereServed(ledger, node))),
      movingTo: of(({ movingTo }) => (movingTo === null ? -1 : place(movingTo)), -1),
      holdingUp: this.nodes.map((node) => held.get(node) ?? 0),
      incarnations: of(({ incarnation }): number => incarnation, 0),
      recordedBy: of(
        ({ recordedIncarnation, recordedAt }, node): number =>
          recordedIncarnation === 0 ? 0 : lifeOf(place(recordedAt ?? node), recordedIncarnation),
        0,
      ),
      states: of(({ state }): Shape['states'][number] => state, 'absent'),
    };
  }

  /** Without what no rule, and nobody in the model, looks at: where views are, and whose records count that nobody has. */
  #canonical(ledger: Ledger): Ledger {
    const members: Record<NodeId, Member> = {};
    for (const [node, member] of Object.entries(ledger.members) as [NodeId, Member][]) {
      const current = member.acknowledgedView === ledger.view && member.state !== 'down';
      members[node] = {
        ...member,
        acknowledgedView: current ? CANONICAL_VIEW : asView(0),
        ...(this.nodes.indexOf(node) >= this.#services && NOBODY_RECORDED),
      };
    }
    return { ...ledger, view: CANONICAL_VIEW, members };
  }
}

/** By whose address nobody comes, nobody is on record. */
const NOBODY_RECORDED = { recordedIncarnation: asIncarnation(0), recordedAt: null } as const;

/** The same command among nodes that have other names. */
function withNames(command: Command, name: (node: NodeId) => NodeId): Command {
  const named: Record<string, unknown> = { ...command };
  for (const role of ['node', 'peer', 'dead', 'claimant', 'owner', 'to'])
    if (Object.hasOwn(named, role)) named[role] = name(named[role] as NodeId);
  return named as Command;
}

const factsKey = (facts: Facts): string =>
  `${facts.missing.map(({ peer, peerIncarnation }) => `${peer}@${peerIncarnation}`).join()} ` +
  `${Number(facts.drainedAndRecorded)}${Number(facts.abandonDue)}${Number(facts.stopWanted)}${Number(facts.released)} ${[...facts.finished].join()} ${[...facts.takeOver].join()} ${[...facts.handedOver].join()}`;
