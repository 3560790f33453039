/** What the clients of this node hold that goes to another one as planned, written down for that one (estates/estate.ts). */
import type { NodeId } from '../../core/ids.ts';
import { type Ledger, memberOf } from '../../core/ledger.ts';
import type { Self } from '../../core/next-command.ts';
import { estateText } from '../estates/estate.ts';
import type { PlannedMovesOptions } from './planned-moves.ts';

/**
 * Only of those who are on record here, and through with what they had to reclaim: the others come and do so. Null: nothing is taken over.
 * @param taker a member, as it is in `ledger`
 */
export function estateFor(
  taker: NodeId,
  owner: NodeId,
  ledger: Ledger,
  { node, incarnation }: Self,
  { estates, records, recovery }: Pick<PlannedMovesOptions, 'estates' | 'records' | 'recovery'>,
): string | null {
  if (estates === undefined) return null;
  const clients = estates.inventory(owner).filter((client) => {
    const identity = { ...client, service: owner };
    return records.has(identity) && !recovery.isExpected(identity);
  });
  return estateText({
    service: owner,
    giver: { node, incarnation },
    taker: { node: taker, incarnation: memberOf(ledger, taker)!.incarnation },
    recoveryEpoch: ledger.recoveryEpoch!,
    view: ledger.view,
    clients,
  });
}
