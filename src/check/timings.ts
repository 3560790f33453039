import type { FaultEvent } from '../history/events.ts';
import { type CheckContext, NS_PER_MS } from './context.ts';
import { type Bracket, memberNamed } from './graces.ts';
import { endsLife } from './node-lives.ts';
import { isNewState } from './operations.ts';

/**
 * How long things took, in milliseconds, rounded to a tenth. Of several deaths the longest of each time
 * counts. Only what the run showed is there.
 *
 * - `runMs`: first to last event;
 * - `detectionMs`: a node's death to the first sign that a survivor or the ledger knew of it;
 * - `barrierMs`: a node's death to the first barrier after it;
 * - `detectionToBarrierMs`: that first sign to the first barrier at or after it;
 * - `barrierToLiftMs`: that barrier to the lift after it;
 * - `graceMs`: a node's death to the lift after it;
 * - `failoverMs`: a node's death to the first reclaim that the node granted that took over from it;
 * - `fencingMs`: a node begins to have another one fenced, to the swap that says that it is gone;
 * - `blackoutMs`: the first new lock refused with GRACE to the first one granted again, for all clients
 *   together, of the longest such stretch after the first death or planned move;
 * - `rebootBlackoutMs`, `failoverBlackoutMs`, `restartBlackoutMs` (planned), `moveBlackoutMs` (planned): the same by what it followed, the
 *   newest death or planned move before it;
 * - `moveBarrierMs`, `moveMs`: a planned move, from its beginning to the first barrier after it, and to the lift.
 */
export function timingsOf(context: CheckContext): Record<string, number> {
  const timings: Record<string, number> = {};
  const longest = (name: string, from: number, to: number | undefined) => {
    if (to === undefined) return;
    const ms = Math.round(((to - from) / NS_PER_MS) * 10) / 10;
    timings[name] = Math.max(timings[name] ?? 0, ms);
  };
  longest('runMs', context.history[0]?.t ?? 0, context.endsAt);
  const begun = context.milestones
    .flatMap(([, event]) => (event.kind === 'fault' ? [event] : []))
    .filter(({ phase, targets }) => phase === 'begin' && targets.some(context.concerns));
  timeDeaths(context, begun.filter(endsLife), longest);
  for (const [from, to] of fencings(context)) longest('fencingMs', from, to);
  for (const { t } of begun.filter(isMove)) {
    longest('moveBarrierMs', t, barrierFrom(context, t)?.latest);
    longest('moveMs', t, liftFrom(context, t));
  }
  const breaks = begun.filter((fault) => endsLife(fault) || isMove(fault));
  for (const [from, to] of blackouts(context, breaks[0]?.t ?? Number.POSITIVE_INFINITY)) {
    const cause = breaks.findLast(({ t }) => t <= from);
    longest('blackoutMs', from, to);
    longest(`${kindOf(context, cause)}BlackoutMs`, from, to);
  }
  return timings;
}

function timeDeaths(
  context: CheckContext,
  deaths: readonly FaultEvent[],
  longest: (name: string, from: number, to: number | undefined) => void,
): void {
  for (const { t, targets } of deaths) {
    const detected = detectedAfter(context, t);
    longest('detectionMs', t, detected);
    longest('barrierMs', t, barrierFrom(context, t)?.latest);
    longest('graceMs', t, liftFrom(context, t));
    const barrier = detected === undefined ? undefined : barrierFrom(context, detected)?.latest;
    if (barrier !== undefined) {
      longest('detectionToBarrierMs', detected!, barrier);
      longest('barrierToLiftMs', barrier, liftFrom(context, barrier));
    }
    for (const node of targets) longest('failoverMs', t, servedByHeir(context, node, t));
  }
}

const isMove = ({ fault }: FaultEvent): boolean => fault === 'migrate';

function kindOf(context: CheckContext, cause: FaultEvent | undefined): string {
  if (cause === undefined) return 'reboot';
  if (isMove(cause)) return 'move';
  if (cause.fault === 'restart') return 'restart';
  const inherited = cause.targets.some((node) => servedByHeir(context, node, cause.t) !== undefined);
  return inherited ? 'failover' : 'reboot';
}

/** The first barrier shown at `t` or later. */
const barrierFrom = (context: CheckContext, t: number): Bracket | undefined =>
  context.graces.flatMap(({ barriers }) => barriers).find(({ latest }) => latest >= t);

const liftFrom = (context: CheckContext, t: number): number | undefined =>
  context.graces.find(({ lift }) => lift !== null && lift.latest > t)?.lift?.latest;

/** The answer to the first reclaim that the heir of `node` granted after its takeover; undefined: nobody took over. */
function servedByHeir(context: CheckContext, node: string, death: number): number | undefined {
  const grace = context.graces.find(({ lift }) => (lift?.latest ?? Number.POSITIVE_INFINITY) > death);
  const takeover = grace?.steps.find(
    ({ event, latest }) => latest > death && (memberNamed(event.ledger, node)?.heir ?? null) !== null,
  );
  if (takeover === undefined) return undefined;
  const heir = memberNamed(takeover.event.ledger, node)!.heir!;
  return context.operations.all.find(
    (operation) =>
      operation.reclaim &&
      operation.outcome === 'ok' &&
      operation.invokedAt >= takeover.earliest &&
      context.server(operation) === heir,
  )?.repliedAt;
}

/** From the first word that a peer is being fenced to its death in the ledger; one that failed has no end. */
function fencings(context: CheckContext): [number, number][] {
  const done: [number, number][] = [];
  const begun = new Map<string, number>();
  for (const [, event] of context.milestones) {
    if (event.kind === 'node' && event.event === 'fencing' && event.peer !== undefined) {
      if (!begun.has(event.peer)) begun.set(event.peer, event.t);
    }
    if (event.kind !== 'ledger') continue;
    for (const [peer, from] of begun) {
      if (memberNamed(event.ledger, peer)?.state !== 'down') continue;
      done.push([from, event.t]);
      begun.delete(peer);
    }
  }
  return done;
}

/** Of several lock domains: the longest of each. */
export function longestOf(each: readonly Record<string, number>[]): Record<string, number> {
  const longest: Record<string, number> = {};
  for (const timings of each) {
    for (const [name, ms] of Object.entries(timings)) longest[name] = Math.max(longest[name] ?? ms, ms);
  }
  return longest;
}

function detectedAfter(context: CheckContext, t: number): number | undefined {
  return context.milestones.find(
    ([, event]) =>
      event.t > t &&
      ((event.kind === 'node' && (event.event === 'beacon-missing' || event.event === 'enforcing')) ||
        (event.kind === 'ledger' && event.ledger.recoveryEpoch !== null)),
  )?.[1].t;
}

/** From the first refusal to the next grant of a lock that was asked for after the refusal, again and again. */
function blackouts(context: CheckContext, from: number): [number, number][] {
  const stretches: [number, number][] = [];
  let dark: number | null = null;
  const answered = context.operations.all
    .filter((operation) => operation.op === 'lock' && isNewState(operation) && operation.repliedAt > from)
    .sort((a, b) => a.repliedAt - b.repliedAt);
  for (const { outcome, status, invokedAt, repliedAt } of answered) {
    if (outcome === 'fail' && status === 'GRACE') dark ??= repliedAt;
    if (outcome === 'ok' && dark !== null && invokedAt > dark) {
      stretches.push([dark, repliedAt]);
      dark = null;
    }
  }
  return stretches;
}
