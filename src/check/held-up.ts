/**
 * How long a fault held a grace up in a way that the cluster could do nothing about: what the bounds of
 * bounded-grace.ts do not count.
 */
import type { Stretch } from './contacts.ts';
import { type CheckContext, NS_PER_MS } from './context.ts';
import { faultStretches, whileItLived } from './fault-stretches.ts';
import { type LedgerStep, membersOf } from './graces.ts';
import { endsLife } from './node-lives.ts';
import { claimantsAt } from './reclaim-permits.ts';
import { outagesOf } from './store-outages.ts';
import { wholeOutages } from './whole-outages.ts';

/** Those whose acknowledgement of the view the barrier waits for. */
export function missing({ event }: LedgerStep): string[] {
  return Object.entries(event.ledger.members)
    .filter(([, member]) => member.state !== 'down' && member.acknowledgedView !== event.ledger.view)
    .map(([name]) => name);
}

/**
 * How much of [from, until] the barrier was held up: a fault kept a member from acknowledging, or all from
 * reaching the ledger, or nobody was alive. Where silent members are fenced, a fault holds it up no longer than that takes, unless
 * the fencer failed: then it is right to wait.
 * @param step the last one in which the barrier was waited for
 */
export function heldUp(context: CheckContext, step: LedgerStep, from: number, until: number): number {
  const waitedFor = new Set([...missing(step), ...suspects(step)]);
  const limit = fencerFailed(context, waitedFor, from, until) ? null : fenceAfterNs(context);
  return held(context, faultsOn(context, waitedFor, step, until), limit, from, until);
}

/**
 * The same past the barrier. Whoever does not finish there is past its deadline, too, before it is fenced; a cluster
 * that fences nobody has to get along with it within the bound.
 */
export function heldUpPastBarrier(
  context: CheckContext,
  step: LedgerStep,
  from: number,
  until: number,
): number {
  const limit = fenceAfterNs(context);
  if (limit === null) return held(context, [], null, from, until);
  const { ledger } = step.event;
  const finishers = Object.entries(ledger.members).filter(
    ([name, { state, leaving }]) => state !== 'down' && (leaving || claimantsAt(ledger, name).length > 0),
  );
  const waitedFor = new Set(finishers.map(([name]) => name));
  return held(context, faultsOn(context, waitedFor, step, until), limit, from, until);
}

/** @param limit how long faults on members count at most; null: as long as they last */
function held(
  context: CheckContext,
  faults: readonly Stretch[],
  limit: number | null,
  from: number,
  until: number,
): number {
  const outages = [...storeOutages(context, until), ...wholeOutages(context)];
  if (limit === null) return covered([...faults, ...outages], from, until);
  return covered(outages, from, until) + Math.min(limit, covered(faults, from, until));
}

/** They end a life, and keep the next one, which the cluster knows already, from acting. */
const HOLD_UP_THE_NEXT: ReadonlySet<string> = new Set(['slow-boot']);

/** When one of these was kept from acting. */
function faultsOn(
  context: CheckContext,
  waitedFor: ReadonlySet<string>,
  step: LedgerStep,
  until: number,
): Stretch[] {
  // A death does not hold the cluster up where a missing beacon proves it: noticing it is part of the bound.
  const provesDeath = step.event.ledger.beaconProvesDeath !== false;
  return faultStretches(
    context,
    until,
    (fault) => HOLD_UP_THE_NEXT.has(fault.fault) || !(provesDeath && endsLife(fault)),
  )
    .filter(({ target }) => waitedFor.has(target))
    .map((fault) => whileItLived(context, fault));
}

function suspects({ event }: LedgerStep): string[] {
  const some = membersOf(event.ledger).some((member) => member.state === 'suspect');
  return some ? Object.keys(event.ledger.members) : [];
}

function fenceAfterNs(context: CheckContext): number | null {
  const { fenceAfterMs } = context.cluster;
  return fenceAfterMs === undefined || fenceAfterMs === null ? null : fenceAfterMs * NS_PER_MS;
}

/** Did the fencer fail on one of these? Then nobody may take it for dead until a person says so. */
function fencerFailed(
  context: CheckContext,
  waitedFor: ReadonlySet<string>,
  from: number,
  until: number,
): boolean {
  return context.milestones.some(
    ([, event]) =>
      event.kind === 'node' &&
      event.event === 'fence-failed' &&
      event.t >= from &&
      event.t <= until &&
      event.peer !== undefined &&
      waitedFor.has(event.peer),
  );
}

/**
 * When nodes had no store while a fault was there that explains it: nobody can change the ledger then. A node's own word
 * for an outage that nothing explains is not believed.
 */
function storeOutages(context: CheckContext, until: number): Stretch[] {
  const nodes = new Set(context.cluster.nodes);
  const faults = faultStretches(context, until, (fault, target) => !(endsLife(fault) && nodes.has(target)));
  return outagesOf(context).flatMap(({ from, to }) =>
    faults
      .filter((fault) => fault.from < to && from < fault.to)
      .map((fault) => ({ from: Math.max(from, fault.from), to: Math.min(to, fault.to) })),
  );
}

/** How much of [from, until] lies in one of these or in several. */
function covered(stretches: readonly Stretch[], from: number, until: number): number {
  let sum = 0;
  let at = from;
  for (const stretch of stretches.toSorted((a, b) => a.from - b.from)) {
    const to = Math.min(stretch.to, until);
    if (to <= at) continue;
    sum += Math.max(0, to - Math.max(stretch.from, at));
    at = to;
  }
  return sum;
}
