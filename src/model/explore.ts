/** Breadth-first exploration to the end: every reachable state once, the shortest way to any violation. */
import { asEpoch, asIncarnation, asView, type NodeId } from '../core/ids.ts';
import { type Ledger, type Member, newMember } from '../core/ledger.ts';
import type { ModelBounds } from './bounds.ts';
import { LedgerShapes } from './ledger-shapes.ts';
import { permute } from './permutation.ts';
import { StateTable } from './state-table.ts';
import { Steps } from './steps.ts';
import { Ways } from './ways.ts';
import { COMPLETED, GONE, Layout, lifeOf, ON } from './world.ts';

export interface ModelViolation {
  readonly invariant: string;
  /** The shortest history that leads there, a step a line. */
  readonly trace: readonly string[];
}

export interface ModelResult {
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest shortest way from the start. */
  readonly depth: number;
  /** Every reachable state within the bounds was visited. */
  readonly exhaustive: boolean;
  /** From how many states, with no further fault, no way leads out of grace. */
  readonly traps: number;
  readonly violations: readonly ModelViolation[];
}

export interface ExploreOptions {
  /** Gives up, and says so, beyond this many states. */
  readonly maxStates: number;
  /** The same for the memory that states and ways between them take. */
  readonly maxBytes?: number;
  /** Every {@link PROGRESS_STATES} states. */
  readonly onProgress?: (states: number, depth: number) => void;
  /** Also prove that grace ends (I8). */
  readonly liveness: boolean;
}

const PROGRESS_STATES = 20_000;
/** Mutant D6 keeps the records of every epoch, and bounded histories have no more than these. */
const EPOCHS_OF_D6 = 12;

export function explore(bounds: ModelBounds, options: ExploreOptions): ModelResult {
  return new Exploration(bounds, options).run();
}

class Exploration {
  readonly #options: ExploreOptions;
  readonly #layout: Layout;
  readonly #shapes: LedgerShapes;
  readonly #steps: Steps;
  readonly #table: StateTable;
  readonly #orders: readonly (readonly number[])[];
  readonly #scratch: Uint8Array;
  readonly #best: Uint8Array;
  readonly #ways = new Ways();
  #transitions = 0;

  constructor(bounds: ModelBounds, options: ExploreOptions) {
    this.#options = options;
    const epochs = bounds.mutants.has('D6') ? EPOCHS_OF_D6 : 2;
    this.#layout = new Layout(bounds.nodes, bounds.clients, epochs, bounds.filesystems);
    this.#orders = symmetries(bounds.nodes, bounds.clients);
    this.#shapes = new LedgerShapes(
      bounds.nodes,
      bounds.filesystems ? bounds.nodes : bounds.clients,
      this.#orders,
      bounds.mutants,
    );
    this.#steps = new Steps(bounds, this.#shapes, this.#layout);
    this.#table = new StateTable(this.#layout.size);
    this.#scratch = new Uint8Array(this.#layout.size);
    this.#best = new Uint8Array(this.#layout.size);
    this.#bounds = bounds;
  }

  readonly #bounds: ModelBounds;

  run(): ModelResult {
    const initial = this.#initial();
    this.#table.add(this.#canonical(initial), -1);
    let depth = 0;
    let levelEnd = 1;
    let exhaustive = true;
    for (let index = 0; index < this.#table.count; index++) {
      if (index === levelEnd) {
        depth++;
        levelEnd = this.#table.count;
      }
      const found = this.#expand(index);
      if (found !== null) return this.#result(depth + 1, false, 0, [found]);
      if (index % PROGRESS_STATES === PROGRESS_STATES - 1)
        this.#options.onProgress?.(this.#table.count, depth);
      if (this.#table.count > this.#options.maxStates || this.#isTooLarge()) {
        exhaustive = false;
        break;
      }
    }
    const traps = this.#options.liveness && exhaustive ? this.#traps() : [];
    const violations =
      traps.length === 0
        ? []
        : [{ invariant: 'I8: from here grace never ends', trace: this.#trace(traps[0]!) }];
    return this.#result(depth, exhaustive, traps.length, violations);
  }

  #expand(index: number): ModelViolation | null {
    const state = this.#table.get(index).slice();
    let found: ModelViolation | null = null;
    const successors: number[] = [];
    this.#steps.each(state, (label, next, violation, fault) => {
      this.#transitions++;
      if (found !== null) return;
      if (violation !== null) {
        found = { invariant: violation, trace: [...this.#trace(index, state), label()] };
        return;
      }
      const to = this.#table.add(this.#canonical(next), index);
      if (!fault && this.#options.liveness) successors.push(to);
    });
    if (this.#options.liveness) this.#ways.add(successors);
    return found;
  }

  /** I8: states from which no fault-free way leads to a ledger without grace. */
  #traps(): number[] {
    return this.#ways.traps((index) => {
      const ledger = this.#layout.ledger(this.#table.get(index));
      return this.#shapes.get(ledger).recoveryEpoch === 0 || !this.#anyoneLeft(index);
    });
  }

  /** Asked for every state, so that none is found too late: the table doubles its slots at once. */
  #isTooLarge(): boolean {
    return this.#table.bytes + this.#ways.bytes > (this.#options.maxBytes ?? Number.POSITIVE_INFINITY);
  }

  /** A cluster whose members are all lost for good, or hang, waits for nobody. */
  #anyoneLeft(index: number): boolean {
    const state = this.#table.get(index);
    const { states } = this.#shapes.get(this.#layout.ledger(state));
    return states.some(
      (place, n) =>
        place !== 'absent' && this.#layout.phase(state, n) !== GONE && !this.#layout.hung(state, n),
    );
  }

  /**
   * States are kept up to exchange of like nodes, so the stored way jumps between names. Walked again
   * from the start with one set of names, a step at a time, it reads as one history.
   *
   * @param last the state that the trace must end in as it stands, when its names matter
   */
  #trace(index: number, last?: Uint8Array): string[] {
    const path: number[] = [];
    for (let at = index; at > 0; at = this.#table.parent(at)) path.unshift(at);
    const labels: string[] = [];
    let actual = this.#initial();
    for (const target of path) {
      const wanted = this.#table.get(target).slice();
      let chosen: Uint8Array | null = null;
      this.#steps.each(actual, (label, next) => {
        if (chosen !== null || !equal(this.#canonical(next), wanted)) return;
        chosen = next;
        labels.push(label());
      });
      if (chosen === null) throw new Error('what can happen depends on the names of like nodes');
      actual = chosen;
    }
    return last === undefined || equal(actual, last) ? labels : this.#renamed(labels, actual, last);
  }

  /** The walked history with its names exchanged so that it ends in `last`. */
  #renamed(labels: string[], actual: Uint8Array, last: Uint8Array): string[] {
    for (const order of this.#orders) {
      permute(this.#layout, actual, this.#scratch, order, (id) => this.#shapes.permute(id, order));
      if (!equal(this.#scratch, last)) continue;
      return labels.map((label) =>
        label.replace(/\b([nc])(\d)\b/g, (_, kind, number) => `${kind}${order[Number(number) - 1]! + 1}`),
      );
    }
    return labels;
  }

  /** The least of all states that differ from this one only in the names of like nodes. Valid until the next call. */
  #canonical(state: Uint8Array): Uint8Array {
    this.#best.set(state);
    for (const order of this.#orders) {
      permute(this.#layout, state, this.#scratch, order, (id) => this.#shapes.permute(id, order));
      if (less(this.#scratch, this.#best)) this.#best.set(this.#scratch);
    }
    return this.#best;
  }

  /** Everybody up for a while, in no grace, every client recorded, nobody with the lock. */
  #initial(): Uint8Array {
    const members: Record<NodeId, Member> = {};
    this.#shapes.nodes.forEach((node, beaconIndex) => {
      const first = asIncarnation(1);
      members[node] = { ...newMember(beaconIndex, first), recordedIncarnation: first, state: 'up' };
    });
    const epoch = asEpoch(1);
    const ledger: Ledger = {
      view: asView(2),
      epoch,
      recoveryEpoch: null,
      beaconProvesDeath: this.#bounds.beaconProvesDeath || this.#bounds.mutants.has('D19'),
      nextBeaconIndex: this.#bounds.nodes,
      incarnationFloor: asIncarnation(0),
      members,
    };
    const at = this.#layout;
    const state = new Uint8Array(at.size);
    const id = this.#shapes.idOf(ledger);
    at.setLedger(state, id);
    for (let n = 0; n < this.#bounds.nodes; n++) {
      at.setPhase(state, n, ON);
      at.setIncarnation(state, n, 1);
      at.setBeacon(state, n, 1);
      at.setKnown(state, n, id);
      at.setRecordedIn(state, n, epoch);
    }
    for (let c = 0; c < this.#bounds.clients; c++) {
      at.setCompletion(state, c, COMPLETED);
      at.setRecordedBy(state, epoch, c, c, lifeOf(c, 1));
      if (this.#bounds.filesystems) at.setSite(state, c, c);
      at.setHome(state, c, c);
      at.setClaimant(state, c, c);
    }
    at.freeLock(state);
    return state;
  }

  #result(
    depth: number,
    exhaustive: boolean,
    traps: number,
    violations: readonly ModelViolation[],
  ): ModelResult {
    return {
      states: this.#table.count,
      transitions: this.#transitions,
      depth,
      exhaustive,
      traps,
      violations,
    };
  }
}

/** All ways to exchange nodes that have a client among themselves, and nodes that have none. Without the identity. */
function symmetries(nodes: number, clients: number): number[][] {
  const all = permutations([...Array(nodes).keys()]);
  return all.filter((order) => {
    if (order.every((to, from) => to === from)) return false;
    return order.every((to, from) => from < clients === to < clients);
  });
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

function less(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
