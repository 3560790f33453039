/** Which nodes play a role at the moment, by the newest ledgers. */

import type { NodeId } from '../core/ids.ts';
import { claimsServedBy, inGrace, type Ledger, type Member } from '../core/ledger.ts';
import type { Role } from '../faults/targets.ts';

type Plays = (member: Member, ledger: Ledger, node: NodeId) => boolean;

const isUp = ({ state }: Member): boolean => state === 'up';

const PLAYS: Readonly<Record<Role, Plays>> = {
  heir: (_member, { members }, node) =>
    Object.entries(members).some(
      ([other, { heir, addressAt }]) => other !== node && (heir === node || addressAt === node),
    ),
  recovering: (member, ledger, node) =>
    isUp(member) && inGrace(ledger) && claimsServedBy(ledger, node).includes(node),
  survivor: (member, ledger) => isUp(member) && (!inGrace(ledger) || member.claims === 'closed'),
  laggard: (member, ledger) => isUp(member) && inGrace(ledger) && member.acknowledgedView !== ledger.view,
  absent: (member) => member.state === 'down',
};

/** @param ledgers the newest of each lock domain */
export function playersOf(role: Role, ledgers: readonly Ledger[]): readonly string[] {
  const found = ledgers.flatMap((ledger) =>
    Object.entries(ledger.members)
      .filter(([node, member]) => PLAYS[role](member, ledger, node as NodeId))
      .map(([node]) => node),
  );
  return [...new Set(found)];
}
