/** What a node swaps into the ledger: the product's own policy decides, the product's own transition answers. */
import type { NodeId } from '../core/ids.ts';
import type { Facts } from '../core/next-command.ts';
import type { Command } from '../core/transitions.ts';
import type { Cluster } from './cluster.ts';
import { die, finished, obey, write } from './effects.ts';
import { membershipViolation } from './invariants.ts';
import type { Emit } from './step.ts';
import { UNKNOWNS } from './world.ts';

/** A command that the ledger takes, and the shape that it makes of it. */
interface Swap {
  readonly node: number;
  readonly command: Command;
  readonly after: number;
  readonly label: () => string;
}

/** Does what the product's policy says, with the deadline passed or not: no safety may depend on a clock (I9). */
export function commandSteps(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const early = commandOf(cluster, w, n, false);
  if (early !== null) trySwap(cluster, w, n, early, false, emit);
  const due = commandOf(cluster, w, n, true);
  // With the deadline passed it is another step only if it is another command.
  if (due !== null && !sameCommand(due, early)) trySwap(cluster, w, n, due, true, emit);
}

function commandOf(cluster: Cluster, w: Uint8Array, n: number, due: boolean): Command | null {
  const { at, shapes } = cluster;
  return shapes.command(at.known(w, n), n, at.incarnation(w, n), factsOf(cluster, w, n, due));
}

function factsOf(cluster: Cluster, w: Uint8Array, n: number, due: boolean): Facts {
  const { at, shapes } = cluster;
  const shape = shapes.get(at.known(w, n));
  const served = new Set<NodeId>();
  if (shape.servesOwn[n] && (due || cluster.outstanding(w, n) === 0)) served.add(cluster.id(n));
  const heard = cluster.hasMutant('D12') && !at.alarmed(w, n);
  return {
    missing: heard ? [] : cluster.missing(w, n),
    drainedAndRecorded: cluster.enforcing(w, n) && at.recordedIn(w, n) === shape.epoch,
    finished: served,
    abandonDue: due && shape.barrier,
    stopWanted: at.stopWanted(w, n),
    released: at.released(w, n),
  };
}

function trySwap(
  cluster: Cluster,
  w: Uint8Array,
  n: number,
  command: Command,
  due: boolean,
  emit: Emit,
): void {
  const { at, shapes } = cluster;
  // A swap against an old revision is lost: nothing happens. Mutants D3 and D4 try the same command again on what
  // they find.
  const gone = shapes.get(at.ledger(w)).states[n] === 'absent';
  const retried =
    command.type === 'acknowledge' && (cluster.hasMutant('D4') || (cluster.hasMutant('D3') && gone));
  if (at.stale(w, n) && !retried) return;
  const after = shapes.apply(at.ledger(w), command);
  if (after < 0) return;
  const label = () => `${cluster.name(n)} swaps in: ${describe(command)}${due ? ' (deadline)' : ''}`;
  const swap: Swap = { node: n, command, after, label };
  answered(cluster, w, swap, emit);
  lostAnswer(cluster, w, swap, emit);
  earlyLift(cluster, w, swap, emit);
}

/** The store did it, and the node knows. */
function answered(cluster: Cluster, w: Uint8Array, { node, command, after, label }: Swap, emit: Emit): void {
  const next = w.slice();
  write(cluster, next, node, after);
  if (command.type === 'finish') finished(cluster, next, node);
  if (command.type === 'depart') die(cluster, next, node);
  else obey(cluster, next, node);
  emit(label, next, membershipViolation(cluster, w, node, after), false);
}

/** The store did it, and the answer never came. */
function lostAnswer(cluster: Cluster, w: Uint8Array, swap: Swap, emit: Emit): void {
  if (!cluster.mayFault(w, UNKNOWNS)) return;
  const { at } = cluster;
  const { node, command, after, label } = swap;
  const next = w.slice();
  write(cluster, next, node, after);
  if (command.type === 'finish') finished(cluster, next, node);
  at.setKnown(next, node, at.known(w, node));
  at.setStale(next, node, true);
  at.spend(next, UNKNOWNS);
  emit(() => `${label()}, and is not told`, next, null, true);
}

/** Mutant D14: believed before it is durable. */
function earlyLift(cluster: Cluster, w: Uint8Array, { node, after }: Swap, emit: Emit): void {
  const { at, shapes } = cluster;
  const lifts = shapes.get(at.ledger(w)).recoveryEpoch !== 0 && shapes.get(after).recoveryEpoch === 0;
  if (!lifts || !cluster.hasMutant('D14')) return;
  const next = w.slice();
  at.setKnown(next, node, after);
  at.setStale(next, node, true);
  at.setAlarmed(next, node, false);
  emit(() => `${cluster.name(node)} ends grace in its memory`, next, null, false);
}

const sameCommand = (a: Command, b: Command | null): boolean =>
  b !== null && JSON.stringify(a) === JSON.stringify(b);

/** The command's type, and what it says beyond who sends it. */
function describe(command: { readonly type: string }): string {
  const {
    type,
    node: _node,
    incarnation: _incarnation,
    view: _view,
    peerIncarnation: _peer,
    ...rest
  } = command as Record<string, unknown>;
  return [type, ...Object.values(rest)].join(' ');
}
