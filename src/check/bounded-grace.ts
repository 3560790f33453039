import { type CheckContext, NS_PER_MS } from './context.ts';
import { atBarrier, type Barrier, type Bracket, type Grace, type LedgerStep } from './graces.ts';
import { groundlessGrace } from './groundless-grace.ts';
import { heldUp, heldUpPastBarrier, missing } from './held-up.ts';
import type { Judged } from './verdict.ts';
import { atTime, evidence, Findings, milliseconds } from './words.ts';

/**
 * I8: grace ends, and so does the wait for its barrier.
 *
 * From the last barrier to the lift: two grace times and a lease at most, or two leases (grace, its extension while
 * reclaims come in (row 31), and the time to notice), plus slack. From each new view to its barrier: the
 * same, not counting the time in which a fault held the cluster up (held-up.ts). Reboots begin a new view, and with it
 * a new count, and so does a takeover: the clients of the dead have their time at the heir. All bounds are taken at
 * their most generous, so that only what certainly lasted too long counts. Nor does a node refuse as in grace for long where
 * there is none (groundless-grace.ts).
 */
export function boundedGrace(context: CheckContext): Judged {
  const findings = new Findings('bounded-grace');
  const boundNs = context.longestGraceNs;
  for (const grace of context.graces) {
    for (const wait of waitsOf(context, grace)) {
      if (wait.lastedNs > boundNs) {
        findings.judged += 1;
        findings.violation(() =>
          evidence(
            context.history,
            `Grace without a bound: ${wait.what} took ${wait.over ? '' : 'more than '}${milliseconds(wait.lastedNs)}, where ${milliseconds(boundNs)} is the bound (two graces of ${context.graceNs / NS_PER_MS} ms and a lease, or two leases, and slack)${wait.waitingFor}.`,
            [wait.fromIndex, wait.toIndex],
            // What kept it going is what they knew before it ended.
            (context.history[wait.toIndex]?.t ?? context.endsAt) - 1,
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
  groundlessGrace(context, findings);
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
    if (barrier !== undefined) waits.push(...reclaimWaits(context, barrier, steps, nextView ?? grace.lift));
  }
  return waits;
}

/** From the barrier, and again from each takeover in this view, to whatever came next. */
function reclaimWaits(
  context: CheckContext,
  barrier: Barrier,
  steps: readonly LedgerStep[],
  next: Bracket | null,
): Wait[] {
  const takeovers = steps.filter(({ event }) => event.command === 'inherit');
  return [barrier, ...takeovers].map((from, at) => {
    const to = takeovers[at] ?? next;
    const since = from === barrier ? `the barrier of view ${barrier.view}` : 'a takeover';
    const until = to?.earliest ?? context.endsAt;
    return {
      what: `the time to reclaim after ${since}, from ${atTime(from.latest)}`,
      lastedNs: until - from.latest - heldUpPastBarrier(context, lastBefore(steps, to), from.latest, until),
      over: to !== null,
      waitingFor: '',
      fromIndex: from.index,
      toIndex: to?.index ?? -1,
    };
  });
}

const lastBefore = (steps: readonly LedgerStep[], to: Bracket | null): LedgerStep =>
  steps.findLast((step) => to === null || step.latest < to.latest) ?? steps[0]!;
