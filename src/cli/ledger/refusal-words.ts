/** Why a repair is refused, for a person, and what to do instead: one sentence for each reason that `core` knows, and for those that are ours. */
import type { NodeId } from '../../core/ids.ts';
import { type Ledger, memberOf, nodesOf, unacknowledged } from '../../core/ledger.ts';
import type { Refusal } from '../../core/transitions.ts';
import { OPERATOR } from '../../history/events.ts';
import type { Repair } from '../../scenario/scenario.ts';
import type { Advice } from './advice.ts';
import { clientName, list } from './phrases.ts';
import { beaconOf, entitledClients, type LedgerSight } from './sight.ts';

/**
 * - `not-a-name`: the rules take any name, but a ledger with this one in it could not be read any more.
 * - `still-alive`, `not-proven`: nobody has made sure that the life is over (I2, I3).
 */
export type RepairRefusal = Refusal | 'not-a-name' | 'still-alive' | 'not-proven';

export interface RefusedRepair {
  readonly repair: Repair;
  readonly node: NodeId;
  readonly sight: LedgerSight;
  readonly advice: Advice;
}

type Words = (refused: RefusedRepair) => string;

const lifeOf = (ledger: Ledger, node: NodeId): string => `life ${memberOf(ledger, node)?.incarnation ?? 0}`;

const WORDS: Readonly<Record<RepairRefusal, Words>> = {
  'not-a-name': ({ node }) =>
    String(node) === OPERATOR
      ? `"${node}" is who does repairs, so no node is called that.`
      : `"${node}" is no name for a node: 1 to 64 characters of a-z, 0-9 and dashes, no dash first or last.`,
  'not-a-member': ({ node, sight, advice }) => {
    const members = nodesOf(sight.ledger);
    const known =
      members.length === 0 ? 'it has none' : `there ${members.length === 1 ? 'is' : 'are'} ${list(members)}`;
    return `${node} is no member of this lock domain, ${known}; a new member comes in by ${advice.repair('admit', node)}.`;
  },
  'already-a-member': ({ node, sight: { ledger } }) =>
    `${node} is a member already (${memberOf(ledger, node)?.state}, ${lifeOf(ledger, node)}); nothing has to be done.`,
  'still-serving': stillServing,
  'claims-open': claimsOpen,
  'claims-closed': ({ node, advice }) =>
    `no client of ${node} is waited for, so there is nothing to give up; what else grace waits for says ${advice.why}.`,
  'already-down': alreadyDown,
  'no-grace': ({ node }) =>
    `the cluster is not in grace, so nobody waits for the clients of ${node} and there is nothing to give up.`,
  'in-grace': ({ advice }) =>
    `the cluster is in grace, and a filesystem moves in a grace of its own; what this one waits for says ${advice.why}.`,
  'has-heir': hasHeir,
  'before-barrier': beforeBarrier,
  'stale-incarnation': ({ node, sight: { ledger } }) =>
    `${node} lives ${lifeOf(ledger, node)} by now, so what was seen of it does not count any more; look at the ledger again.`,
  'already-suspect': ({ node, advice }) =>
    `${node} is suspected dead already; that it is dead says ${advice.repair('declare-dead', node)}.`,
  'already-acknowledged': ({ node }) =>
    `${node} has acknowledged the current view already; nothing has to be done.`,
  'old-view': () => 'the ledger has a newer view by now; look at it again.',
  'not-the-next-incarnation': ({ node }) =>
    `${node} has begun another life meanwhile; look at the ledger again.`,
  'own-death': ({ node }) => `${node} cannot report its own death; let another node, or you, find it.`,
  'not-served-here': ({ node, advice }) =>
    `the clients of ${node} reclaim somewhere else; where says ${advice.why}.`,
  'already-leaving': ({ node }) => `${node} is about to leave as planned; wait until it is down.`,
  'not-leaving': ({ node }) => `${node} has not announced a planned stop; stop it by the book first.`,
  'already-there': ({ node }) => `the clients of ${node} are served there already; nothing has to be done.`,
  moving: ({ node, advice }) =>
    `the clients of ${node} are on their way to another node already; what the move still waits for says ${advice.why}.`,
  'not-moving': ({ node }) =>
    `nobody has asked for the address of ${node} to be moved; look at the ledger again.`,
  'not-serving': () =>
    `an address moves as planned only from a live node to a live node, and one of the two is not up; of a dead one another node takes over, where there is a failover.`,
  'address-carried': ({ node, sight: { ledger } }) =>
    `the clients that come by the address of ${node} are looked after by ${memberOf(ledger, node)?.addressAt ?? 'another node'} under its name, so it stays a member; unmount them, or bring ${node} back and move its address to it.`,
  'still-alive': ({ node, sight: { ledger, fencer }, advice }) =>
    `${node} is alive: the beacon of ${lifeOf(ledger, node)} is lit, and a node that lives goes on granting whatever the ledger says of it; end it ${advice.end(node)}${orFence(fencer)}, and the others notice by themselves.`,
  'not-proven': ({ node, sight: { ledger, fencer }, advice }) => {
    const why = ledger.beaconProvesDeath
      ? 'its beacon cannot be looked at from here'
      : 'on this filesystem a missing beacon does not prove that a node is dead';
    return `nobody has made sure that ${lifeOf(ledger, node)} of ${node} is over: ${why}; have it ended for certain${orFence(fencer) || `, ${advice.end(node)}, where its beacon can be seen`}.`;
  },
};

const orFence = (fencer: LedgerSight['fencer']): string =>
  fencer === null ? ', or by a command of yours with --fence-command' : '';

function claimsOpen({ node, sight, advice }: RefusedRepair): string {
  const clients = entitledClients(sight, sight.ledger, node).map(({ ownerId }) => clientName(ownerId));
  const may = `clients of ${node} may still reclaim${clients.length === 0 ? '' : ` (${list(clients)})`}`;
  const heir = memberOf(sight.ledger, node)?.heir ?? null;
  if (heir !== null && memberOf(sight.ledger, heir)?.state !== 'down')
    return `${may}, at ${heir}, which has taken them over; wait until grace has ended.`;
  return `${may}; wait until grace has ended, or give them up first with ${advice.repair('abandon', heir ?? node)}.`;
}

function hasHeir({ node, sight: { ledger }, advice }: RefusedRepair): string {
  const heir = memberOf(ledger, node)?.heir ?? null;
  if (heir !== null && memberOf(ledger, heir)?.state === 'down')
    return `${heir} had taken over the clients of ${node} and is down itself; with its own they are given up by ${advice.repair('abandon', heir)}.`;
  return `${heir ?? 'another node'} has taken over the clients of ${node} and lets them reclaim until its deadline; how long that is says ${advice.why}.`;
}

function stillServing({ repair, node, sight: { ledger }, advice }: RefusedRepair): string {
  const member = memberOf(ledger, node);
  const life = lifeOf(ledger, node);
  if (member?.state === 'suspect')
    return `${node} (${life}) is suspected dead, which is not known yet; make sure of it with ${advice.repair('declare-dead', node)} first.`;
  if (repair === 'abandon')
    return `${node} (${life}) is up and lets its clients reclaim itself, so they are not given up; should it hang, end it ${advice.end(node)} first.`;
  return `${node} (${life}) is a serving member; stop it first, and if it is dead and the ledger does not know, say so with ${advice.repair('declare-dead', node)}.`;
}

function alreadyDown({ node, sight: { ledger }, advice }: RefusedRepair): string {
  const known = `the ledger knows already that ${node} is down`;
  const member = memberOf(ledger, node);
  if (member?.claims !== 'open')
    return `${known}, and waits for none of its clients; nothing has to be done.`;
  if (member.heir !== null)
    return `${known}, and ${member.heir} has taken its clients over; nothing has to be done about ${node}.`;
  return `${known}; bring it back so that its clients can reclaim (${advice.boot(node)}), or give them up with ${advice.repair('abandon', node)}.`;
}

/** To go on without them is what I3 forbids: they may still grant by an older view, or have their clients nowhere. */
function beforeBarrier({ sight, advice }: RefusedRepair): string {
  const { ledger } = sight;
  const awaited = unacknowledged(ledger);
  const remedies = awaited.map((node) => {
    if (ledger.beaconProvesDeath && beaconOf(sight, node) === 'out')
      return `${node} is dead: say so with ${advice.repair('declare-dead', node)}`;
    const resume = advice.resume(node);
    const goOn = resume === null ? '' : `${resume}, or `;
    return `${node} does not answer: ${goOn}end it ${advice.end(node)}`;
  });
  return `${list(awaited)} ${awaited.length === 1 ? 'has' : 'have'} not acknowledged view ${ledger.view} and may still grant by an older one, so nobody's clients are given up before that; ${remedies.join('; ')}.`;
}

/** One sentence. */
export const refusalWords = (refusal: RepairRefusal, refused: RefusedRepair): string =>
  WORDS[refusal](refused);
