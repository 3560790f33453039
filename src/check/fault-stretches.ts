import type { FaultEvent } from '../history/events.ts';
import type { Stretch } from './contacts.ts';
import type { CheckContext } from './context.ts';
import { memberNamed } from './graces.ts';
import { endsLife } from './node-lives.ts';

interface FaultStretch extends Stretch {
  readonly target: string;
  readonly mended: boolean;
}

/** From each beginning of a fault to its end, target by target; what is not mended lasts until `until`. */
export function faultStretches(
  context: CheckContext,
  until: number,
  counts: (fault: FaultEvent, target: string) => boolean,
): FaultStretch[] {
  const stretches: FaultStretch[] = [];
  const begun = new Map<string, { readonly target: string; readonly from: number }>();
  for (const event of context.faults) {
    for (const target of event.targets) {
      if (!counts(event, target)) continue;
      const key = `${event.fault} ${target}`;
      if (event.phase === 'begin') {
        begun.set(key, { target, from: event.t });
        continue;
      }
      // Without its beginning it was there before the history began.
      const from = begun.get(key)?.from ?? Number.NEGATIVE_INFINITY;
      stretches.push({ target, from, to: event.t, mended: true });
      begun.delete(key);
    }
  }
  for (const { target, from } of begun.values()) stretches.push({ target, from, to: until, mended: false });
  return stretches;
}

/** What befell a life is over with that life, mended or not. */
export const whileItLived = (context: CheckContext, { target, from, to, mended }: FaultStretch): Stretch => ({
  from,
  to: mended ? to : Math.min(to, endOfLife(context, target, from)),
});

/** When the life that `node` had at `t` was certainly over: a deadly fault, or the ledger says so. A suspect may live. */
function endOfLife(context: CheckContext, node: string, t: number): number {
  const fault = context.faults.find(
    (event) => event.phase === 'begin' && event.t > t && endsLife(event) && event.targets.includes(node),
  );
  const told = context.steps.find(
    ({ event, latest }) => latest > t && memberNamed(event.ledger, node)?.state === 'down',
  );
  return Math.min(fault?.t ?? Number.POSITIVE_INFINITY, told?.latest ?? Number.POSITIVE_INFINITY);
}
