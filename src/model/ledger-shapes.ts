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
} from '../core/ledger.ts';
import type { Mutants } from '../core/mutants.ts';
import { type Facts, nextCommand } from '../core/next-command.ts';
import { type Command, transition } from '../core/transitions.ts';

/** A shape's own view is always this one; older acknowledgements become 0. */
const CANONICAL_VIEW = asView(2);

export interface Shape {
  readonly ledger: Ledger;
  readonly epoch: number;
  /** 0: no grace. */
  readonly recoveryEpoch: number;
  readonly barrier: boolean;
  /** By node: does it serve its own claims now? */
  readonly servesOwn: readonly boolean[];
  /** By node: incarnation, 0 for one that is no member. */
  readonly incarnations: readonly number[];
  /** By node: the life whose records count in the next grace, or in the one that runs. */
  readonly recordedBy: readonly number[];
  readonly states: readonly ('up' | 'suspect' | 'down' | 'absent')[];
}

export class LedgerShapes {
  readonly nodes: readonly NodeId[];
  readonly #mutants: Mutants;
  readonly #ids = new Map<string, number>();
  readonly #shapes: Shape[] = [];
  readonly #transitions = new Map<string, number>();
  readonly #commands = new Map<string, Command | null>();
  readonly #permuted = new Map<string, number>();

  constructor(nodes: number, mutants: Mutants) {
    this.nodes = Array.from({ length: nodes }, (_, index) => asNodeId(`n${index + 1}`));
    this.#mutants = mutants;
  }

  get(id: number): Shape {
    return this.#shapes[id]!;
  }

  idOf(ledger: Ledger): number {
    const canonical = canonicalView(ledger);
    const key = JSON.stringify([
      canonical.epoch,
      canonical.recoveryEpoch,
      canonical.incarnationFloor,
      this.nodes.map((node) => {
        const member = memberOf(canonical, node);
        if (member === undefined) return null;
        const { incarnation, recordedIncarnation, state, acknowledgedView, claims, heir, leaving } = member;
        return [incarnation, recordedIncarnation, state, acknowledgedView, claims, heir, leaving];
      }),
    ]);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#shapes.length;
    if (id > 0xffff) throw new Error('the model has more ledgers than a state can number');
    this.#ids.set(key, id);
    this.#shapes.push(this.#shape(canonical));
    return id;
  }

  /** @returns the shape after `command`, or -1 when it is refused */
  apply(id: number, command: Command): number {
    const key = `${id} ${commandKey(command)}`;
    const known = this.#transitions.get(key);
    if (known !== undefined) return known;
    const result = transition(this.get(id).ledger, command, this.#mutants);
    const next = result.ok ? this.idOf(result.ledger) : -1;
    this.#transitions.set(key, next);
    return next;
  }

  /** What the node does next in that shape: the policy of the product, remembered by its facts. */
  command(id: number, node: number, incarnation: number, facts: Facts): Command | null {
    const key = `${id} ${node} ${incarnation} ${factsKey(facts)}`;
    const known = this.#commands.get(key);
    if (known !== undefined) return known;
    const self = { node: this.nodes[node]!, incarnation: asIncarnation(incarnation) };
    const command = nextCommand(this.get(id).ledger, self, facts);
    this.#commands.set(key, command);
    return command;
  }

  /** The shape with node i's part played by node `order[i]`. */
  permute(id: number, order: readonly number[]): number {
    const key = `${id} ${order.join()}`;
    const known = this.#permuted.get(key);
    if (known !== undefined) return known;
    const { ledger } = this.get(id);
    const renamed = (node: NodeId): NodeId => this.nodes[order[this.nodes.indexOf(node)]!]!;
    const members: Record<NodeId, Member> = {};
    for (const node of this.nodes) {
      const member = memberOf(ledger, node);
      if (member !== undefined)
        members[renamed(node)] = { ...member, heir: member.heir === null ? null : renamed(member.heir) };
    }
    const permuted = this.idOf({ ...ledger, members });
    this.#permuted.set(key, permuted);
    return permuted;
  }

  standing(id: number, node: number, incarnation: number): 'current' | 'suspect' | 'fenced' {
    return standing(this.get(id).ledger, this.nodes[node]!, asIncarnation(incarnation));
  }

  #shape(ledger: Ledger): Shape {
    return {
      ledger,
      epoch: ledger.epoch,
      recoveryEpoch: ledger.recoveryEpoch ?? 0,
      barrier: barrierReached(ledger),
      servesOwn: this.nodes.map((node) => claimsServedBy(ledger, node).includes(node)),
      incarnations: this.nodes.map((node) => memberOf(ledger, node)?.incarnation ?? 0),
      recordedBy: this.nodes.map((node) => memberOf(ledger, node)?.recordedIncarnation ?? 0),
      states: this.nodes.map((node) => memberOf(ledger, node)?.state ?? 'absent'),
    };
  }
}

function canonicalView(ledger: Ledger): Ledger {
  const members: Record<NodeId, Member> = {};
  for (const [node, member] of Object.entries(ledger.members) as [NodeId, Member][]) {
    const current = member.acknowledgedView === ledger.view;
    members[node] = { ...member, acknowledgedView: current ? CANONICAL_VIEW : asView(0) };
  }
  return { ...ledger, view: CANONICAL_VIEW, members };
}

const commandKey = (command: Command): string => JSON.stringify(command);

const factsKey = (facts: Facts): string =>
  `${facts.missing.map(({ peer, peerIncarnation }) => `${peer}@${peerIncarnation}`).join()} ` +
  `${Number(facts.drainedAndRecorded)}${Number(facts.abandonDue)}${Number(facts.stopWanted)}${Number(facts.released)} ${[...facts.finished].join()}`;
