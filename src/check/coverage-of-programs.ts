import type { CheckContext } from './context.ts';
import { enforcements } from './grace-enforcement.ts';
import { enforcedWhenAsked } from './local-locks.ts';
import { conflicting, isNewState, type Operation, overlapping } from './operations.ts';

/** Counts what programs that are not NFS clients went through; nothing where there are none. */
export function localCoverage(context: CheckContext) {
  const counts = { localGranted: 0, localRefusedInGrace: 0, localWaitedForLift: 0, localDenied: 0 };
  const asked = context.operations.all.filter((operation) => operation.local && isNewState(operation));
  if (asked.length === 0) return counts;
  const windowOf = enforcements(context);
  const waited = enforcedWhenAsked(context);
  for (const operation of asked) {
    const { op, outcome } = operation;
    if (op === 'lock' && outcome === 'ok') counts.localGranted += 1;
    if (outcome === 'fail' && windowOf(operation.node, operation) !== undefined)
      counts.localRefusedInGrace += 1;
    if (outcome === 'ok' && waited(operation)) counts.localWaitedForLift += 1;
  }
  counts.localDenied = context.operations.all.filter(
    (operation) => isDenied(operation) && metOther(context, operation),
  ).length;
  return counts;
}

const isDenied = ({ op, outcome, status }: Operation): boolean =>
  op === 'lock' && outcome === 'fail' && (status === 'DENIED' || status === 'AGAIN');

/** Did somebody of the other kind hold what was asked for? */
const metOther = ({ claims }: CheckContext, refused: Operation): boolean =>
  claims.some(
    (claim) =>
      claim.grant.local !== refused.local &&
      claim.file === refused.file &&
      overlapping(claim, refused) &&
      conflicting(claim.mode, refused.mode) &&
      claim.heldFrom < refused.invokedAt &&
      claim.believedUntil > refused.repliedAt,
  );
