/** What a node swaps into the ledger: the product's own policy decides, the product's own transition answers. */
import type { NodeId } from '../core/ids.ts';
import type { Facts } from '../core/next-command.ts';
import type { Command } from '../core/transitions.ts';
import type { Cluster } from './cluster.ts';
import { die, obey, write } from './effects.ts';
import { finishViolation, liftViolation, membershipViolation } from './invariants.ts';
import type { Emit } from './step.ts';

/** A command that the ledger takes, and the shape that it makes of it. */
interface Swap {
  readonly node: number;
  readonly command: Command;
  /** Sent only because the deadline has passed. */
  readonly due: boolean;
  readonly after: number;
  readonly label: () => string;
}

/** The facts that differ by what a node saw when, and by what a clock says. */
type Moment = Pick<Facts, 'missing' | 'takeOver'> & { readonly due: boolean };

const NOBODY: ReadonlySet<NodeId> = new Set();
const NONE_MISSING: Facts['missing'] = [];

/** Does what the product's policy says, with the deadline passed or not: no safety may depend on a clock (I9). */
export function commandSteps(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const missing = cluster.missing(w, n);
  const heard = cluster.hasMutant('D12') && !cluster.at.alarmed(w, n);
  if (missing.length > 0 && !heard) swaps(cluster, w, n, missing, emit);
  // It has looked at the beacons a moment ago, and the swap is on its way already.
  swaps(cluster, w, n, NONE_MISSING, emit);
}

function swaps(cluster: Cluster, w: Uint8Array, n: number, missing: Facts['missing'], emit: Emit): void {
  const { shapes } = cluster;
  const early = commandsOf(cluster, w, n, { missing, due: false, takeOver: NOBODY });
  for (const command of early) trySwap(cluster, w, n, command, false, emit);
  for (const command of commandsOf(cluster, w, n, { missing, due: true, takeOver: NOBODY })) {
    // With the deadline passed it is another step only if it is another command.
    if (early.some((other) => shapes.keyOf(other) === shapes.keyOf(command))) continue;
    trySwap(cluster, w, n, command, true, emit);
  }
  takeOvers(cluster, w, n, missing, emit);
}

/**
 * When a successor's turn has come is a matter of time (succession.ts), so here any live member may take any dead one over
 * at any moment. That is every order of turns, and it keeps like nodes alike although turns go by name.
 */
function takeOvers(cluster: Cluster, w: Uint8Array, n: number, missing: Facts['missing'], emit: Emit): void {
  const { at, shapes } = cluster;
  if (!cluster.mayFault(w, 'heirs')) return;
  for (const dead of shapes.get(at.known(w, n)).unserved) {
    const takeOver = new Set([dead]);
    for (const command of commandsOf(cluster, w, n, { missing, due: false, takeOver }))
      if (command.type === 'inherit') trySwap(cluster, w, n, command, false, emit);
  }
}

function commandsOf(cluster: Cluster, w: Uint8Array, n: number, moment: Moment): readonly Command[] {
  const { at, shapes } = cluster;
  return shapes.commands(at.known(w, n), n, at.incarnation(w, n), factsOf(cluster, w, n, moment));
}

function factsOf(cluster: Cluster, w: Uint8Array, n: number, { missing, due, takeOver }: Moment): Facts {
  const { at, shapes } = cluster;
  const shape = shapes.get(at.known(w, n));
  const finished = new Set<NodeId>();
  for (const claimant of shape.serves[n]!)
    if (due || !cluster.isOutstanding(w, n, claimant)) finished.add(cluster.id(claimant));
  return {
    missing,
    drainedAndRecorded: cluster.enforcing(w, n) && at.recordedIn(w, n) === shape.epoch,
    finished,
    takeOver,
    abandonDue: due && shape.barrier,
    stopWanted: at.stopWanted(w, n),
    released: at.released(w, n),
    handedOver: cluster.handedOver(w, n),
    failbackDue: false,
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
  const swap: Swap = { node: n, command, due, after, label };
  answered(cluster, w, swap, emit);
  lostAnswer(cluster, w, swap, emit);
  earlyLift(cluster, w, swap, emit);
}

/** The store did it, and the node knows. */
function answered(cluster: Cluster, w: Uint8Array, swap: Swap, emit: Emit): void {
  const { node, command, after, label } = swap;
  const next = w.slice();
  write(cluster, next, node, after);
  if (command.type === 'inherit') cluster.at.spend(next, 'heirs');
  if (command.type === 'depart') die(cluster, next, node);
  else obey(cluster, next, node);
  emit(label, next, violationOf(cluster, w, swap), isHelp(command));
}

/** The store did it, and the answer never came. */
function lostAnswer(cluster: Cluster, w: Uint8Array, swap: Swap, emit: Emit): void {
  if (!cluster.mayFault(w, 'unknowns')) return;
  const { at } = cluster;
  const { node, command, after, label } = swap;
  const next = w.slice();
  write(cluster, next, node, after);
  if (command.type === 'inherit') at.spend(next, 'heirs');
  if (command.type === 'finish') at.setFinishing(next, node, cluster.shapes.nodes.indexOf(command.claimant));
  at.setKnown(next, node, at.known(w, node));
  at.setStale(next, node, true);
  at.spend(next, 'unknowns');
  emit(() => `${label()}, and is not told`, next, violationOf(cluster, w, swap), true);
}

/** Grace must end without anybody who takes over. */
const isHelp = (command: Command): boolean => command.type === 'inherit';

function violationOf(cluster: Cluster, w: Uint8Array, { node, command, due, after }: Swap): string | null {
  if (command.type === 'finish' && !due) {
    const violation = finishViolation(cluster, w, node, cluster.shapes.nodes.indexOf(command.claimant));
    if (violation !== null) return violation;
  }
  return liftViolation(cluster, w, after) ?? membershipViolation(cluster, w, node, after);
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
