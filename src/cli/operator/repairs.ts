/**
 * What an operator may do to a lock domain from outside, one function per repair. Each is one command to the ledger,
 * whose rules refuse whatever would break exclusion; what the rules cannot know, whether a life is really over, is
 * made sure of here. Nothing is done behind the ledger's back, so no repair can do more harm than a crash.
 */
import { isDeepStrictEqual } from 'node:util';
import { asNodeId, type NodeId } from '../../core/ids.ts';
import { carrierOf, type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';
import { NODE_NAME } from '../../core/ledger-text.ts';
import { type Command, type Refusal, transition } from '../../core/transitions.ts';
import type { Moved, RepairOutcome } from '../../scenario/operator.ts';
import type { Repair } from '../../scenario/scenario.ts';
import { commandFor, proofOfDeath } from '../ledger/repair-plan.ts';
import { lookAtBeacon, type OperatorsDesk, readLedger } from './operators-desk.ts';

/** A lost swap is tried anew: somebody else wrote first. More often than this in a row there is something wrong. */
const MOST_TRIES = 100;
const RETRY_MS = 5;

/** A new member; it is down until it boots. */
export function admit(desk: OperatorsDesk, node: string): Promise<RepairOutcome> {
  // The rules take any name, but a ledger with this one in it could not be read any more.
  if (!NODE_NAME.test(node)) throw new RangeError(`"${node}" is no name for a node`);
  return repair(desk, 'admit', node);
}

/** A member that is down and whose clients are owed nothing leaves for good. */
export const retire = (desk: OperatorsDesk, node: string): Promise<RepairOutcome> =>
  repair(desk, 'retire', node);

/** The clients of a dead node are not waited for any longer; they are told when they come. */
export const abandon = (desk: OperatorsDesk, node: string): Promise<RepairOutcome> =>
  repair(desk, 'abandon', node);

/**
 * The service address of a node, or the filesystem as it serves it, goes to another live node as planned, with its clients; to itself: it comes
 * back. No filesystem goes to a node that sends its own clients elsewhere for it: they would be sent in a circle.
 */
export function move(desk: OperatorsDesk, what: Moved, owner: string, to: string): Promise<RepairOutcome> {
  const [node, taker] = [asNodeId(owner), asNodeId(to)];
  const filesystem = what === 'filesystem';
  return command(
    desk,
    node,
    () => ({ type: 'migrate', owner: node, to: taker, filesystem }),
    (ledger, refusal) => {
      const elsewhere = carrierOf(ledger, taker);
      return refusal === 'not-serving' && filesystem && owner !== to && elsewhere !== taker
        ? `${to} does not serve this filesystem itself, ${elsewhere} does in its place; bring it home to ${to} first.`
        : sentenceOf(ledger, node, refusal);
    },
  );
}

/**
 * A member is dead: its life is over for certain, by the proof of its beacon or by the word of the fencer. A person's
 * word is not enough: a life that goes on later would grant on a view of before (I3).
 */
export async function declareDead(desk: OperatorsDesk, node: string): Promise<RepairOutcome> {
  const name = asNodeId(node);
  const stored = await readLedger(desk);
  const member = memberOf(stored.ledger, name);
  if (member === undefined) return refused(stored.ledger, name, 'not-a-member');
  if (member.state === 'down') return refused(stored.ledger, name, 'already-down');
  const doubt = await doubtAboutDeath(desk, stored.ledger, name);
  if (doubt !== null)
    return { done: false, refusal: 'still-alive', sentence: `${node} is not declared dead${doubt}` };
  // Of that life, whoever lives there when it is written.
  const word = commandFor(stored.ledger, 'declare-dead', name);
  return command(desk, name, () => word);
}

/** @returns the rest of the sentence that says why it is not; null: that life is over, for certain */
async function doubtAboutDeath(desk: OperatorsDesk, ledger: Ledger, node: NodeId): Promise<string | null> {
  const { incarnation } = ledger.members[node]!;
  const fencer = desk.fencer === null ? null : 'lab';
  const proof = proofOfDeath(ledger, lookAtBeacon(desk, ledger, node), fencer);
  if (proof === 'beacon') return null;
  if (proof === 'fencer') {
    const fenced = await desk.fencer!.fence({ node, incarnation });
    return fenced.outcome === 'gone' ? null : `: ${fenced.reason.replace(/\.?$/, '.')}`;
  }
  return `, since ${DOUBTS[proof](ledger)}; end incarnation ${incarnation} first.`;
}

const DOUBTS = {
  'still-alive': () => 'its beacon is lit: it lives',
  'not-proven': ({ beaconProvesDeath }: Ledger) =>
    beaconProvesDeath
      ? 'its beacon cannot be looked at from here'
      : 'its beacon proves nothing on this filesystem',
} as const;

const repair = (desk: OperatorsDesk, kind: Exclude<Repair, 'declare-dead'>, node: string) =>
  command(desk, asNodeId(node), (ledger) => commandFor(ledger, kind, asNodeId(node)));

/** Swaps one command in. @param say why the ledger refuses it @throws StoreUnavailableError when nobody knows what came of it */
async function command(
  desk: OperatorsDesk,
  node: NodeId,
  make: (ledger: Ledger) => Command,
  say = (ledger: Ledger, refusal: Refusal) => sentenceOf(ledger, node, refusal),
): Promise<RepairOutcome> {
  for (let tries = 1; ; tries += 1) {
    const before = await readLedger(desk);
    const result = transition(before.ledger, make(before.ledger), desk.mutants);
    if (!result.ok) {
      const { refusal } = result;
      return { done: false, refusal, sentence: say(before.ledger, refusal) };
    }
    const swap = await desk.store.swap(before.revision, result.ledger);
    if (swap.outcome === 'swapped') return { done: true, ledger: result.ledger, revision: swap.revision };
    if (swap.outcome === 'unknown') {
      const now = await readLedger(desk);
      // Only if it is there to be seen: that the rules refuse it now could also be somebody else's doing.
      if (isDeepStrictEqual(now.ledger, result.ledger)) return { done: true, ...now };
    }
    if (tries === MOST_TRIES)
      throw new Error(`the ledger changes all the time; nothing was done about ${node}`);
    await new Promise<void>((resolve) => void desk.clock.after(RETRY_MS, resolve));
  }
}

const refused = (ledger: Ledger, node: NodeId, refusal: Refusal): RepairOutcome => ({
  done: false,
  refusal,
  sentence: sentenceOf(ledger, node, refusal),
});

/** Why the ledger refuses, for a person, and what to do instead. */
function sentenceOf(ledger: Ledger, node: NodeId, refusal: Refusal): string {
  const members = nodesOf(ledger).join(', ');
  switch (refusal) {
    case 'not-a-member':
      return `${node} is no member of this lock domain; there are ${members}.`;
    case 'already-a-member':
      return `${node} is a member of this lock domain already.`;
    case 'still-serving':
      return `${node} still serves; stop it first.`;
    case 'claims-open':
      return `the clients of ${node} may still reclaim; wait for the end of grace, or abandon them.`;
    case 'claims-closed':
      return `no client of ${node} may reclaim any more; there is nothing to abandon.`;
    case 'already-down':
      return `the ledger knows already that ${node} is down.`;
    case 'no-grace':
      return 'there is no grace, so nobody is waited for.';
    case 'in-grace':
      return 'the cluster is in grace; a filesystem moves in a grace of its own, so wait until this one has ended.';
    case 'has-heir':
      return `${memberOf(ledger, node)?.heir} has taken over the clients of ${node}, and looks after them.`;
    case 'before-barrier':
      return 'not every node has stopped granting yet; see who has not with `gracelab why`.';
    case 'already-there':
      return memberOf(ledger, node)?.state === 'down'
        ? `${node} is down, and nobody else serves its clients; start it.`
        : `the clients of ${node} are served there already.`;
    case 'moving':
      return `the clients of ${node} are on their way to another node already.`;
    case 'not-serving':
      return `only what a live node carries can move as planned, and only to a live node; of one that is dead another one takes over, where there is a failover.`;
    case 'already-leaving':
      return 'one of the two is about to stop as planned; wait until that is over.';
    case 'address-carried':
      return `${memberOf(ledger, node)?.addressAt} looks after the clients that come by the address of ${node}, which is called by its name.`;
    default:
      return `the ledger refuses: ${refusal}.`;
  }
}
