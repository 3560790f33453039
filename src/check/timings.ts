import { type CheckContext, NS_PER_MS } from './context.ts';
import { endsLife } from './node-lives.ts';
import { isNewState } from './operations.ts';

/**
 * How long things took, in milliseconds, rounded to a tenth. Of several deaths the longest of each time
 * counts. Only what the run showed is there.
 *
 * - `runMs`: first to last event;
 * - `detectionMs`: a node's death to the first sign that a survivor or the ledger knew of it;
 * - `barrierMs`: a node's death to the first barrier after it;
 * - `graceMs`: a node's death to the lift after it;
 * - `blackoutMs`: the first new lock refused with GRACE to the first one granted again, for all clients
 *   together, of the longest such stretch after the first death.
 */
export function timingsOf(context: CheckContext): Record<string, number> {
  const timings: Record<string, number> = {};
  const longest = (name: string, from: number, to: number | undefined) => {
    if (to === undefined) return;
    const ms = Math.round(((to - from) / NS_PER_MS) * 10) / 10;
    timings[name] = Math.max(timings[name] ?? 0, ms);
  };
  longest('runMs', context.history[0]?.t ?? 0, context.endsAt);
  const deaths = context.history.filter(
    (event) => event.kind === 'fault' && event.phase === 'begin' && endsLife(event),
  );
  for (const { t } of deaths) {
    longest('detectionMs', t, detectedAfter(context, t));
    longest(
      'barrierMs',
      t,
      context.graces.flatMap(({ barriers }) => barriers).find(({ latest }) => latest > t)?.latest,
    );
    longest('graceMs', t, context.graces.find(({ lift }) => lift !== null && lift.latest > t)?.lift?.latest);
  }
  if (deaths[0] !== undefined) {
    for (const [from, to] of blackouts(context, deaths[0].t)) longest('blackoutMs', from, to);
  }
  return timings;
}

function detectedAfter(context: CheckContext, t: number): number | undefined {
  return context.history.find(
    (event) =>
      event.t > t &&
      ((event.kind === 'node' && (event.event === 'beacon-missing' || event.event === 'enforcing')) ||
        (event.kind === 'ledger' && event.ledger.recoveryEpoch !== null)),
  )?.t;
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
