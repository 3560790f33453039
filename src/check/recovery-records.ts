import { hadAdopted } from './adoptions.ts';
import { contactsOf } from './contacts.ts';
import type { CheckContext } from './context.ts';
import { type Bracket, type Grace, memberNamed } from './graces.ts';
import type { DeathSign } from './node-lives.ts';
import type { Operation } from './operations.ts';
import { plannedMoves } from './planned-moves.ts';
import { atTime } from './words.ts';

interface Moment {
  readonly node: string;
  readonly t: number;
  readonly index: number;
}

interface Completion extends Moment {
  /** Of what had come with a filesystem that moved there. */
  readonly oneFilesystem: boolean;
  readonly servers: readonly string[];
}

/** What one client went through, as far as authority to reclaim goes. */
export interface ClientCourse {
  /** RECLAIM_COMPLETE was answered with OK; `servers`: by whom, where an address moved meanwhile by one of these. */
  readonly completions: readonly Completion[];
  /** RECLAIM_COMPLETE was sent; `servers`: to whom. */
  readonly sent: readonly (Moment & { readonly servers: readonly string[] })[];
  /** A new process, or a recovery begun: the client stands anew before its server. */
  readonly beginnings: readonly Moment[];
  /** What nodes said of its records; evidence only where clients cannot know. */
  readonly records: readonly (Moment & { readonly durable: boolean; readonly epoch: number | undefined })[];
}

export function coursesOf({ milestones, carriers }: CheckContext): Map<string, ClientCourse> {
  /** By client and node: since when RECLAIM_COMPLETE can have been on its way. */
  const sessions = new Map<string, number>();
  const courses = new Map<
    string,
    {
      completions: Completion[];
      sent: ClientCourse['sent'][number][];
      beginnings: Moment[];
      records: ClientCourse['records'][number][];
    }
  >();
  const of = (client: string) => {
    let course = courses.get(client);
    if (course === undefined) {
      course = { completions: [], sent: [], beginnings: [], records: [] };
      courses.set(client, course);
    }
    return course;
  };
  for (const [index, event] of milestones) {
    const { t } = event;
    if (event.kind === 'client') {
      const { client, node } = event;
      const at = `${client}\0${node}`;
      if (event.event === 'session') sessions.set(at, t);
      if (event.event === 'completing')
        of(client).sent.push({ node, t, index, servers: carriers.during(node, t, t) });
      if (event.event === 'reclaim-complete') {
        const servers = carriers.during(node, event.sentAt ?? sessions.get(at) ?? t, t);
        const oneFilesystem = event.file !== undefined;
        of(client).completions.push({ node, t, index, servers, oneFilesystem });
      }
      if (event.event === 'started' || event.event === 'recovery-begin')
        of(client).beginnings.push({ node, t, index });
    } else if (event.kind === 'node' && event.client !== undefined) {
      const { node, epoch } = event;
      if (event.event === 'record-durable')
        of(event.client).records.push({ node, t, index, epoch, durable: true });
      if (event.event === 'record-removed')
        of(event.client).records.push({ node, t, index, epoch, durable: false });
    }
  }
  return courses;
}

interface Question {
  /** By whose address the clients come that are reclaiming. */
  readonly claimant: string;
  readonly grace: Grace;
  readonly reclaim: Operation;
}

type NoAuthority = { readonly why: string; readonly indices: readonly number[] };

/**
 * Had the client a record at the address of `claimant` that this grace may be reclaimed by?
 *
 * The records of the recovery epoch were made by whoever carried that address at the lift before, during its last life before the grace (all its
 * boots within the grace join it, and bring no new authority). So the client must have completed its
 * recovery with that life. A client that came back, kept its lease and never completed is the one of row 18.
 */
export function authorityOf(
  context: CheckContext,
  course: ClientCourse | undefined,
  { claimant: address, grace, reclaim }: Question,
): 'on-record' | NoAuthority {
  const claimant = recorderOf(grace, address);
  const { boots, bootedBefore } = context.lives(claimant);
  const lifeBefore = boots.findLast((boot) => isBefore(context, boot, grace.start));
  const bootInGrace = boots.find((boot) => !isBefore(context, boot, grace.start));
  const lifeEnd = bootInGrace?.latest ?? reclaim.invokedAt;
  if (lifeBefore === undefined && bootedBefore) return 'on-record'; // what happened before the history is not known
  if (lifeBefore === undefined) {
    return {
      why: `${claimant} had no life before this grace in which anybody could have been recorded`,
      indices: [grace.start.index],
    };
  }
  if (downAtLift(context, claimant, grace, lifeBefore.incarnation)) {
    return {
      why: `that life of ${claimant} was over when the grace before was lifted, so its clients' chance was given up`,
      indices: [lifeBefore.index, grace.start.index],
    };
  }
  const handedOn = lastHandOver(context, address, grace);
  const inThatLife = ({ t }: Moment) =>
    t >= Math.max(lifeBefore.earliest, handedOn?.earliest ?? 0) && t <= lifeEnd;
  const removed = course?.records.findLast(
    ({ node, t, epoch }) => node === claimant && epoch === grace.recoveryEpoch && t <= reclaim.invokedAt,
  );
  if (removed?.durable === false) {
    return { why: `${claimant} had removed its record at ${atTime(removed.t)}`, indices: [removed.index] };
  }
  if (course?.completions.some((each) => each.servers.includes(claimant) && inThatLife(each)))
    return 'on-record';
  // Sent, and the answer died with the node, as did what it might have said of the record.
  if (course?.sent.some((each) => each.servers.includes(claimant) && inThatLife(each))) return 'on-record';
  const records =
    course?.records.filter((each) => each.durable && each.node === claimant && inThatLife(each)) ?? [];
  // Written by a life that held all that the client had, whether it came or not; the taker may well know of the hand-over before its giver has the answer.
  const taken = { node: claimant, client: reclaim.client, address };
  const since = handedOn?.earliest ?? lifeBefore.earliest;
  if (records.some(({ t }) => hadAdopted(context, taken, since, t))) return 'on-record';
  const record = records.find(({ t }) => t > (handedOn?.latest ?? -1));
  // Written, and the client never heard of that life again: its answer may have died with the node.
  if (record !== undefined && !heardAfter(context, reclaim.client, claimant, record.t, lifeEnd))
    return 'on-record';
  return {
    why:
      handedOn === undefined || handedOn.earliest < lifeBefore.earliest
        ? `${reclaim.client} had not completed its recovery in the life of ${claimant} that began at ${atTime(lifeBefore.latest)}`
        : `${reclaim.client} had not completed its recovery since the address of ${address} was ${handedOn.what} at ${atTime(handedOn.latest)}`,
    indices: [lifeBefore.index, handedOn?.index ?? -1, record?.index ?? -1],
  };
}

/** In the ledger's own order where both are swaps: when each was answered says nothing of it where they overlap. */
function isBefore(context: CheckContext, boot: Bracket, start: Bracket): boolean {
  const places = context.once(
    'ledger-places',
    () => new Map(context.steps.map(({ index }, at) => [index, at])),
  );
  const [bootAt, startAt] = [places.get(boot.index), places.get(start.index)];
  return bootAt === undefined || startAt === undefined ? boot.latest < start.latest : bootAt < startAt;
}

/** The last time before this grace that the address went on as planned: whoever comes by it completes anew, with the taker, or with the giver when it is back. */
const lastHandOver = (context: CheckContext, address: string, { start }: Grace): DeathSign | undefined =>
  context.filesystemsMove
    ? undefined
    : plannedMoves(context).findLast(({ owner, over }) => owner === address && over.latest < start.earliest)
        ?.over;

/** Who carried that address when the grace before was lifted, and had its clients on record. */
const recorderOf = (grace: Grace, address: string): string =>
  memberNamed(grace.steps[0]!.event.ledger, address)?.recordedAt ?? address;

/** The last ledger before the grace still knew that life as down: the grace before had been lifted without it. */
function downAtLift(context: CheckContext, claimant: string, grace: Grace, incarnation: number): boolean {
  const before = context.steps[context.steps.indexOf(grace.steps[0]!) - 1];
  const member = before === undefined ? undefined : memberNamed(before.event.ledger, claimant);
  return member !== undefined && member.incarnation === incarnation && member.state === 'down';
}

/** Did the client certainly hear from `node` itself, at whatever address, after `t`? */
function heardAfter(context: CheckContext, client: string, node: string, t: number, until: number): boolean {
  const { carriers, contacts } = context;
  const addresses = carriers.moved ? Object.keys(context.steps.at(-1)?.event.ledger.members ?? {}) : [node];
  return addresses.some((address) => {
    const list = contactsOf(contacts, client, address);
    for (let at = list.firstAfter(t); at < list.length; at += 1) {
      const contact = list.at(at);
      if (contact.t > until) return false;
      if (contact.sentAt <= t) continue;
      const servers = carriers.during(address, contact.sentAt, contact.t);
      if (servers.length === 1 && servers[0] === node) return true;
    }
    return false;
  });
}
