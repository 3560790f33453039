import type { History } from '../history/events.ts';
import type { Operations } from './operations.ts';

/** One exchange that shows that a client and its server reached each other. */
export interface Contact {
  /** When the client sent the request, at the latest. */
  readonly sentAt: number;
  /** When it had the answer. */
  readonly t: number;
}

/** Answers that only a server gives; other failures may be the client's own words about a dead connection. */
const SERVER_ANSWERS: ReadonlySet<string> = new Set([
  'GRACE',
  'DENIED',
  'DELAY',
  'NO_GRACE',
  'RECLAIM_BAD',
  'RECLAIM_CONFLICT',
  'LOCKED',
  'SHARE_DENIED',
  'OPENMODE',
  'NOENT',
  'EXIST',
  'ACCESS',
]);

/** Contacts by client and node, in the order in which the answers came. */
export type Contacts = ReadonlyMap<string, readonly Contact[]>;

export function contactsOf(contacts: Contacts, client: string, node: string): readonly Contact[] {
  return contacts.get(`${client}\0${node}`) ?? [];
}

/** Gathers every exchange of every client. */
export function gatherContacts(history: History, operations: Operations): Contacts {
  const contacts = new Map<string, Contact[]>();
  const note = (client: string, node: string, contact: Contact) => {
    const key = `${client}\0${node}`;
    const list = contacts.get(key);
    if (list === undefined) contacts.set(key, [contact]);
    else list.push(contact);
  };
  for (const [index, event] of history.entries()) {
    if (event.kind === 'op') {
      if (event.phase !== 'ok' && !(event.phase === 'fail' && SERVER_ANSWERS.has(event.status ?? '')))
        continue;
      const operation = operations.at[index]!;
      note(event.client, event.node, { sentAt: operation.invokedAt, t: event.t });
    } else if (event.kind === 'client') {
      if (event.event !== 'renewed' && event.event !== 'session' && event.event !== 'reclaim-complete')
        continue;
      note(event.client, event.node, { sentAt: event.sentAt ?? event.t, t: event.t });
    }
  }
  return contacts;
}

/** A stretch of time, ends included; in nanoseconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * When a client's lease may have run out by the client's own silence: the first moment at which it had
 * been silent for `leaseNs` while its node was there to hear it. Time in `excused` does not count.
 * @param contacts in order of `t`
 * @param from the sending of the request that began the lease's current stretch
 * @returns Infinity when it was never silent for so long before `until`
 */
export function lapsesAt(
  contacts: readonly Contact[],
  from: number,
  until: number,
  leaseNs: number,
  excused: readonly Stretch[],
): number {
  let sentAt = from;
  for (let at = firstAfter(contacts, from); at < contacts.length; at += 1) {
    const contact = contacts[at]!;
    if (contact.t > until) break;
    const lapse = momentAfter(sentAt, leaseNs, excused);
    // The server renewed somewhere between sending and answer; only the answer is certainly late enough.
    if (lapse < contact.t) return lapse;
    sentAt = Math.max(sentAt, contact.sentAt);
  }
  const lapse = momentAfter(sentAt, leaseNs, excused);
  return lapse < until ? lapse : Number.POSITIVE_INFINITY;
}

/** The first contact whose answer came after `t`. */
function firstAfter(contacts: readonly Contact[], t: number): number {
  let low = 0;
  let high = contacts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (contacts[middle]!.t > t) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The moment at which `duration` has passed since `from`, not counting excused time. */
function momentAfter(from: number, duration: number, excused: readonly Stretch[]): number {
  let moment = from + duration;
  let at = from;
  for (const stretch of excused) {
    if (stretch.to <= at) continue;
    if (stretch.from >= moment) break;
    moment += stretch.to - Math.max(at, stretch.from);
    at = stretch.to;
  }
  return moment;
}
