/** What a repair would do to a ledger, before it is done: pure, for the person who is to say yes to it. */
import { asIncarnation, type NodeId } from '../../core/ids.ts';
import {
  addressesCarriedBy,
  claimsServedBy,
  type Ledger,
  memberOf,
  nodesOf,
  unacknowledged,
} from '../../core/ledger.ts';
import { NODE_NAME } from '../../core/ledger-text.ts';
import { type Command, transition } from '../../core/transitions.ts';
import type { Repair } from '../../scenario/scenario.ts';
import type { Advice } from './advice.ts';
import { clientName, list } from './phrases.ts';
import { type RepairRefusal, refusalWords } from './refusal-words.ts';
import {
  type BeaconLook,
  beaconOf,
  entitledClients,
  type FencerKind,
  type LedgerSight,
  openClaimants,
  phaseOf,
  recordsOf,
} from './sight.ts';

/** What makes sure that a life is over: its beacon is out, or it is ended now. */
export type DeathProof = 'beacon' | 'fencer';

export interface RepairPlan {
  readonly repair: Repair;
  readonly node: NodeId;
  readonly command: Command;
  readonly before: Ledger;
  readonly after: Ledger;
  /** Null for a repair that says nobody dead. */
  readonly proof: DeathProof | null;
  /** Clients whose chance to reclaim ends with it, by name, and by the node at which they had their locks. */
  readonly losers: Readonly<Record<string, readonly string[]>>;
  /** What will happen and to whom. */
  readonly sentences: readonly string[];
}

export type PlannedRepair =
  | { readonly possible: true; readonly plan: RepairPlan }
  | { readonly possible: false; readonly refusal: RepairRefusal; readonly sentence: string };

export function commandFor(ledger: Ledger, repair: Repair, node: NodeId): Command {
  switch (repair) {
    case 'admit':
      return { type: 'admit', node };
    case 'retire':
      return { type: 'retire', node };
    case 'abandon':
      return { type: 'abandon', dead: node, operator: true };
    case 'declare-dead':
      return {
        type: 'confirm-death',
        node,
        incarnation: memberOf(ledger, node)?.incarnation ?? asIncarnation(0),
      };
  }
}

/** What the rules make of it; a name that no ledger could hold never gets to them. */
export function judge(ledger: Ledger, repair: Repair, node: NodeId) {
  if (!NODE_NAME.test(node)) return { ok: false, refusal: 'not-a-name' } as const;
  return transition(ledger, commandFor(ledger, repair, node));
}

/**
 * A person's word is not enough for a death. Where all nodes share one kernel a beacon that is out proves it, and one that is lit the
 * contrary; the lab's own fencer is not asked to end what lives, since that is a fault and has a command of its own. A command
 * that the operator names is there to end it.
 */
export function proofOfDeath(
  { beaconProvesDeath }: Pick<Ledger, 'beaconProvesDeath'>,
  beacon: BeaconLook,
  fencer: FencerKind | null,
): DeathProof | 'still-alive' | 'not-proven' {
  if (beaconProvesDeath && beacon === 'out') return 'beacon';
  if (fencer === 'command') return 'fencer';
  if (beaconProvesDeath && beacon === 'lit') return 'still-alive';
  return fencer === null ? 'not-proven' : 'fencer';
}

export function planRepair(sight: LedgerSight, repair: Repair, node: NodeId, advice: Advice): PlannedRepair {
  const { ledger } = sight;
  const refuse = (refusal: RepairRefusal): PlannedRepair => ({
    possible: false,
    refusal,
    sentence: refusalWords(refusal, { repair, node, sight, advice }),
  });
  const result = judge(ledger, repair, node);
  if (!result.ok) return refuse(result.refusal);
  const proof = repair === 'declare-dead' ? proofOfDeath(ledger, beaconOf(sight, node), sight.fencer) : null;
  if (proof === 'still-alive' || proof === 'not-proven') return refuse(proof);
  const command = commandFor(ledger, repair, node);
  const plan = { repair, node, command, before: ledger, after: result.ledger, proof };
  const losers = lostChances(sight, ledger, result.ledger);
  const sentences = [...OWN_WORDS[repair](plan, sight, advice), ...graceWords(ledger, result.ledger)];
  return { possible: true, plan: { ...plan, losers, sentences } };
}

type Bare = Omit<RepairPlan, 'losers' | 'sentences'>;

const nameClients = (sight: LedgerSight, ledger: Ledger, node: NodeId): string[] =>
  entitledClients(sight, ledger, node).map(({ ownerId }) => clientName(ownerId));

/** Whose claims are open before and not after: their own node's, and those that it had inherited. */
const givenUp = (before: Ledger, after: Ledger): NodeId[] =>
  openClaimants(before).filter((node) => memberOf(after, node)?.claims !== 'open');

function lostChances(sight: LedgerSight, before: Ledger, after: Ledger): Record<string, string[]> {
  const lost = givenUp(before, after).map((node) => [node, nameClients(sight, before, node)] as const);
  return Object.fromEntries(lost.filter(([, clients]) => clients.length > 0));
}

const OWN_WORDS: Readonly<Record<Repair, (plan: Bare, sight: LedgerSight, advice: Advice) => string[]>> = {
  admit: ({ node, after }) => [
    `${node} becomes a member that is down (view ${after.view}); nobody waits for it before it boots.`,
  ],
  retire: retireWords,
  'declare-dead': declareDeadWords,
  abandon: abandonWords,
};

function retireWords({ node, before, after }: Bare): string[] {
  const { incarnation } = before.members[node]!;
  const carried = addressesCarriedBy(before, node).filter((owner) => owner !== node);
  return [
    `${node} (life ${incarnation}) leaves this lock domain for good (view ${after.view}); none of its lives may come back, and a node of that name has to be admitted first.`,
    ...carried.map((owner) => `The clients of ${owner} are served by ${owner} again, not by ${node}.`),
    ...(nodesOf(after).length === 0
      ? ['No member is left then: no node can boot before one is admitted.']
      : []),
  ];
}

function declareDeadWords(
  { node, before, after, proof }: Bare,
  sight: LedgerSight,
  advice: Advice,
): string[] {
  const { incarnation } = before.members[node]!;
  const how =
    proof === 'beacon'
      ? `Its beacon is out, which proves here that this life is over.`
      : `That life is ended first (${sight.fencer === 'lab' ? 'the lab kills its container' : 'by the command that you name'}), and nothing is written unless it is certainly over.`;
  return [
    `${node} (life ${incarnation}) is written down as dead (view ${after.view}).`,
    how,
    ...chanceWords(sight, after, node, advice),
  ];
}

/** Nobody's chance ends by a death: it begins, also for clients that the dead node had inherited. */
function chanceWords(sight: LedgerSight, after: Ledger, node: NodeId, advice: Advice): string[] {
  const { heir, claims } = after.members[node]!;
  const own =
    heir === null || claims === 'closed' ? [] : [`The clients of ${node} may reclaim at ${heir}, its heir.`];
  const claimants = claimsServedBy(after, node);
  if (claimants.length === 0) return own.length > 0 ? own : [`No client of ${node} is waited for.`];
  const chances = claimants.map((claimant) => {
    const clients = nameClients(sight, after, claimant);
    if (clients.length === 0) return `No client is recorded for ${claimant} that could reclaim.`;
    return `${list(clients)} may reclaim what ${clients.length === 1 ? 'it' : 'they'} had at ${claimant}, when ${node} is back or another node has taken its clients over.`;
  });
  return [
    ...own,
    ...chances,
    `That chance lasts until the deadline, or until you end it with ${advice.repair('abandon', node)}.`,
  ];
}

function abandonWords({ node, before, after }: Bare, sight: LedgerSight): string[] {
  const returned = addressesCarriedBy(before, node).filter(
    (owner) => owner !== node && after.members[owner]!.addressAt === null,
  );
  return [
    `Nobody waits any longer for the clients of ${node}, which is down.`,
    ...givenUp(before, after).map((claimant) => lossWords(sight, before, claimant)),
    ...returned.map((owner) => `The clients of ${owner} are served by ${owner} again.`),
  ];
}

function lossWords(sight: LedgerSight, before: Ledger, claimant: NodeId): string {
  const unreadable = recordsOf(sight, before.recoveryEpoch!, claimant)?.unreadable ?? null;
  if (unreadable !== null) return `Whose chance ends nobody can say: ${unreadable}.`;
  const clients = nameClients(sight, before, claimant);
  if (clients.length === 0)
    return `No client is recorded for ${claimant} that could reclaim, so nobody loses anything that ${claimant} had.`;
  const [lose, their, they, are] =
    clients.length === 1 ? ['loses', 'its', 'it', 'is'] : ['lose', 'their', 'they', 'are'];
  return `${list(clients)} ${lose} ${their} chance to reclaim what ${they} had at ${claimant}: those locks may go to others, and ${they} ${are} told so on return.`;
}

function graceWords(before: Ledger, after: Ledger): string[] {
  const [from, to] = [phaseOf(before), phaseOf(after)];
  if (from === 'quiet' && to === 'quiet') return ['No grace begins by it.'];
  if (from === 'quiet')
    return [
      'Grace begins, for all nodes: nobody gets a new lock before it has ended.',
      ...waitingWords(after),
    ];
  if (to === 'quiet') return ['Grace ends with it, for all nodes: new locks are given again.'];
  return ['Grace goes on.', ...waitingWords(after)];
}

/** What grace waits for by the ledger alone. */
function waitingWords(ledger: Ledger): string[] {
  const awaited = unacknowledged(ledger);
  if (awaited.length > 0) return [`It waits for ${list(awaited)} to acknowledge view ${ledger.view}.`];
  const open = openClaimants(ledger);
  return open.length === 0
    ? []
    : [`The clients of ${list(open)} have their chance to reclaim before it ends.`];
}
