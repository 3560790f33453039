import type { Ledger, Member } from '../core/ledger.ts';
import type { LedgerEvent } from '../history/events.ts';
import type { Milestone } from './milestones.ts';

/** A moment that the history only brackets: it was not before `earliest` and not after `latest`. */
export interface Bracket {
  readonly earliest: number;
  readonly latest: number;
  /** The event that shows it. */
  readonly index: number;
}

/** One swap of the ledger, in the ledger's own order. */
export interface LedgerStep extends Bracket {
  readonly event: LedgerEvent;
}

export interface Barrier extends Bracket {
  readonly view: number;
}

/** One grace of the domain, from the swap that set the recovery epoch to the one that cleared it. */
export interface Grace {
  readonly recoveryEpoch: number;
  /** `earliest` is -Infinity where the history begins in the middle of the grace. */
  readonly start: Bracket;
  /** The swaps of this grace in ledger order, without the lift. */
  readonly steps: readonly LedgerStep[];
  /** One for each view of this grace that all serving members acknowledged. */
  readonly barriers: readonly Barrier[];
  /** null: it still ran at the end of the history. */
  readonly lift: Bracket | null;
}

/**
 * The swaps in the order in which the ledger took them. Times only bracket a swap (it happened in
 * [`sentAt`, `t`]), so time alone cannot order two that overlap. The store's revision does; without it the
 * ledger's own rules do: views only grow, and within one view each swap only adds to what is done.
 */
export function ledgerSteps(milestones: Iterable<Milestone>): LedgerStep[] {
  const steps: LedgerStep[] = [];
  for (const [index, event] of milestones) {
    if (event.kind === 'ledger') steps.push({ event, index, earliest: event.sentAt, latest: event.t });
  }
  const allNumbered = steps.every(({ event }) => event.revision !== undefined);
  return steps.sort((a, b) =>
    allNumbered
      ? a.event.revision! - b.event.revision!
      : a.event.ledger.view - b.event.ledger.view ||
        progress(a.event.ledger) - progress(b.event.ledger) ||
        a.latest - b.latest,
  );
}

/** Grows with every swap that leaves the view as it is: acknowledge, finish, abandon, inherit, depart; a hand-over is known by its revision. */
function progress(ledger: Ledger): number {
  let done = 0;
  for (const member of membersOf(ledger)) {
    if (member.acknowledgedView === ledger.view) done += 1;
    if (member.claims === 'closed') done += 1;
    if (member.heir !== null && member.heir !== undefined) done += 1;
    if (member.state === 'down') done += 1;
  }
  return done;
}

export function membersOf(ledger: Ledger): Member[] {
  return Object.values(ledger.members);
}

export function memberNamed(ledger: Ledger, node: string): Member | undefined {
  return Object.hasOwn(ledger.members, node) ? (ledger.members as Record<string, Member>)[node] : undefined;
}

/**
 * Every node that may still serve has acknowledged the current view. Written anew here and not taken
 * from the code under test: a checker must not inherit its mistakes.
 */
export function atBarrier(ledger: Ledger): boolean {
  return (
    ledger.recoveryEpoch !== null &&
    membersOf(ledger).every((member) => member.state === 'down' || member.acknowledgedView === ledger.view)
  );
}

/** Finds every grace. @param steps in ledger order, as {@link ledgerSteps} gives them. */
export function gracesOf(steps: readonly LedgerStep[]): Grace[] {
  const graces: Grace[] = [];
  let at = 0;
  while (at < steps.length) {
    const recoveryEpoch = steps[at]!.event.ledger.recoveryEpoch;
    if (recoveryEpoch === null) {
      at += 1;
      continue;
    }
    const from = at;
    while (at < steps.length && steps[at]!.event.ledger.recoveryEpoch === recoveryEpoch) at += 1;
    const own = steps.slice(from, at);
    graces.push({
      recoveryEpoch,
      start: startOf(own[0]!, steps[from - 1]),
      steps: own,
      barriers: barriersOf(own),
      lift: liftAfter(own.at(-1)!, steps[at]),
    });
  }
  return graces;
}

function startOf(first: LedgerStep, before: LedgerStep | undefined): Bracket {
  const { index, latest } = first;
  if (before === undefined && first.event.command !== 'boot') {
    return { earliest: Number.NEGATIVE_INFINITY, latest, index };
  }
  // The swap that started the grace may be lost with the node that made it; then only the one before is certain.
  const missing = before !== undefined && first.event.ledger.view > before.event.ledger.view + 1;
  return { earliest: missing ? before.earliest : first.earliest, latest, index };
}

function barriersOf(steps: readonly LedgerStep[]): Barrier[] {
  const barriers: Barrier[] = [];
  let previous: LedgerStep | undefined;
  for (const step of steps) {
    const { ledger } = step.event;
    if (atBarrier(ledger) && barriers.at(-1)?.view !== ledger.view) {
      const earliest = completesBarrier(step, previous)
        ? step.earliest
        : (previous?.earliest ?? Number.NEGATIVE_INFINITY);
      barriers.push({ view: ledger.view, earliest, latest: step.latest, index: step.index });
    }
    previous = step;
  }
  return barriers;
}

/**
 * Was it this swap that completed the barrier, or does it only show one that an unseen swap completed? A swap that makes
 * a view of its own within the grace (a boot, a death) carries the acknowledgements of the view before over.
 */
function completesBarrier(step: LedgerStep, previous: LedgerStep | undefined): boolean {
  const { ledger, node } = step.event;
  const others = Object.entries(ledger.members).filter(
    ([name, member]) => name !== node && member.state !== 'down',
  );
  if (others.length === 0) return true;
  if (previous === undefined || ledger.view > previous.event.ledger.view + 1) return false;
  const { view } = previous.event.ledger;
  return others.every(([name]) => memberNamed(previous.event.ledger, name)?.acknowledgedView === view);
}

/** Commands that begin a view within a grace and may lift in the same swap; alone in doing both they are the lift for certain. */
const MAKES_VIEW: ReadonlySet<string> = new Set(['boot', 'report-death', 'confirm-death']);

/**
 * @param last the last swap seen in the grace
 * @param next the first one after it, if any
 */
function liftAfter(last: LedgerStep, next: LedgerStep | undefined): Bracket | null {
  if (next === undefined) return null;
  const { ledger, command } = next.event;
  // The lift makes a new view that nobody has acknowledged yet, and a boot or a death that lifts makes one of its own
  // before that. Anything else only shows that a lift, whose own event died with its node, happened after the last
  // swap of the grace.
  const viewsMade = MAKES_VIEW.has(command) ? 2 : 1;
  const isTheLift =
    ledger.recoveryEpoch === null &&
    ledger.view === last.event.ledger.view + viewsMade &&
    membersOf(ledger).every((member) => member.acknowledgedView !== ledger.view);
  return { earliest: isTheLift ? next.earliest : last.earliest, latest: next.latest, index: next.index };
}
