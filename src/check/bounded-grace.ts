import { type CheckContext, NS_PER_MS } from './context.ts';
import { atBarrier, type Grace, type LedgerStep, membersOf } from './graces.ts';
import { endsLife } from './node-lives.ts';
import type { CheckResult } from './verdict.ts';
import { atTime, evidence, Findings, milliseconds } from './words.ts';

/**
 * I8: grace ends, and so does the wait for its barrier.
 *
 * From the last barrier to the lift: two grace times and a lease at most (grace, its extension while
 * reclaims come in (row 31), and the time to notice), plus slack. From each new view to its barrier: the
 * same, not counting the time in which a fault kept a member from acknowledging that the cluster could not
 * declare dead. Reboots begin a new view, and with it a new count. All bounds are taken at their most
 * generous, so that only what certainly lasted too long counts.
 */
export function boundedGrace(context: CheckContext): CheckResult {
  const findings = new Findings('bounded-grace');
  const boundNs = 2 * context.graceNs + context.leaseNs + context.slackNs;
  for (const grace of context.graces) {
    for (const wait of waitsOf(context, grace)) {
      if (wait.lastedNs > boundNs) {
        findings.judged += 1;
        findings.violation(() =>
          evidence(
            context.history,
            `Grace without a bound: ${wait.what} took ${wait.over ? '' : 'more than '}${milliseconds(wait.lastedNs)}, where ${milliseconds(boundNs)} is the bound (two graces of ${context.graceNs / NS_PER_MS} ms, a lease, and slack)${wait.waitingFor}.`,
            [wait.fromIndex, wait.toIndex],
          ),
        );
      } else if (wait.over) {
        findings.judged += 1;
      } else {
        findings.doubt(() => ({
          sentence: `The history ends ${milliseconds(wait.lastedNs)} into ${wait.what}, before anybody can say whether it is bounded.`,
          events: [],
        }));
      }
    }
  }
  return findings.result('There was no grace.');
}

interface Wait {
  readonly what: string;
  /** At least this long. */
  readonly lastedNs: number;
  /** false: it still went on at the end of the history. */
  readonly over: boolean;
  readonly waitingFor: string;
  readonly fromIndex: number;
  readonly toIndex: number;
}

function waitsOf(context: CheckContext, grace: Grace): Wait[] {
  const waits: Wait[] = [];
  const views = [...Map.groupBy(grace.steps, ({ event }) => event.ledger.view).entries()];
  for (const [at, [view, steps]] of views.entries()) {
    const first = steps[0]!;
    const barrier = grace.barriers.find((each) => each.view === view);
    const nextView = views[at + 1]?.[1][0];
    const end = barrier ?? nextView ?? grace.lift;
    const until = end?.earliest ?? context.endsAt;
    const waiting = steps.findLast(({ event }) => !atBarrier(event.ledger)) ?? first;
    const held = heldUp(context, waiting, first.latest, until);
    waits.push({
      what: `the wait for the barrier of view ${view}, from ${atTime(first.latest)}`,
      lastedNs: until - first.latest - held,
      over: end !== null,
      waitingFor: barrier === undefined ? `; still missing: ${missing(waiting).join(', ') || 'nobody'}` : '',
      fromIndex: first.index,
      toIndex: end?.index ?? -1,
    });
    if (barrier === undefined) continue;
    const last = nextView ?? grace.lift;
    waits.push({
      what: `the time to reclaim after the barrier of view ${view}, from ${atTime(barrier.latest)}`,
      lastedNs: (last?.earliest ?? context.endsAt) - barrier.latest,
      over: last !== null && last !== undefined,
      waitingFor: '',
      fromIndex: barrier.index,
      toIndex: last?.index ?? -1,
    });
  }
  return waits;
}

function missing({ event }: LedgerStep): string[] {
  return Object.entries(event.ledger.members)
    .filter(([, member]) => member.state !== 'down' && member.acknowledgedView !== event.ledger.view)
    .map(([name]) => name);
}

/**
 * How much of [from, until] a fault kept a missing member from acknowledging. A death does not hold the
 * cluster up where a missing beacon proves it: noticing it is part of the bound.
 */
function heldUp(context: CheckContext, step: LedgerStep, from: number, until: number): number {
  const provesDeath = step.event.ledger.beaconProvesDeath !== false;
  const waitedFor = new Set([...missing(step), ...suspects(step)]);
  let heldFrom = Number.POSITIVE_INFINITY;
  let heldTo = Number.NEGATIVE_INFINITY;
  const begun = new Map<string, number>();
  for (const event of context.history) {
    if (event.kind !== 'fault' || (provesDeath && endsLife(event))) continue;
    for (const target of event.targets) {
      const key = `${event.fault} ${target}`;
      if (event.phase === 'begin') begun.set(key, event.t);
      else if (waitedFor.has(target)) {
        heldFrom = Math.min(heldFrom, begun.get(key) ?? from);
        heldTo = Math.max(heldTo, event.t);
        begun.delete(key);
      }
      if (event.phase === 'end') begun.delete(key);
    }
  }
  for (const [key, t] of begun) {
    if (!waitedFor.has(key.slice(key.indexOf(' ') + 1))) continue;
    heldFrom = Math.min(heldFrom, t);
    heldTo = until;
  }
  return Math.max(0, Math.min(heldTo, until) - Math.max(heldFrom, from));
}

function suspects({ event }: LedgerStep): string[] {
  const some = membersOf(event.ledger).some((member) => member.state === 'suspect');
  return some ? Object.keys(event.ledger.members) : [];
}
