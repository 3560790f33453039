import type { History } from '../history/events.ts';
import { firstIndex } from './first-index.ts';
import type { Operations } from './operations.ts';

/** One exchange that shows that a client and its server reached each other. */
export interface Contact {
  /** When the client sent the request, at the latest. */
  readonly sentAt: number;
  /** When it had the answer. */
  readonly t: number;
}

const FIRST_CAPACITY = 64;

/** The contacts of one client with one node, in the order in which the answers came. Numbers side by side: a long run has a million. */
export class ContactList {
  #numbers = new Float64Array(2 * FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(sentAt: number, t: number): void {
    const at = 2 * this.#length;
    if (at === this.#numbers.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[at] = sentAt;
    this.#numbers[at + 1] = t;
    this.#length += 1;
  }

  at(position: number): Contact {
    return { sentAt: this.#numbers[2 * position]!, t: this.#numbers[2 * position + 1]! };
  }

  /** The position of the first contact whose answer came after `t`; {@link length}: there is none. */
  firstAfter(t: number): number {
    return firstIndex(this.#length, (at) => this.#numbers[2 * at + 1]! > t);
  }
}

const NONE = new ContactList();

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

/** Contacts by client, then by node. */
export type Contacts = ReadonlyMap<string, ReadonlyMap<string, ContactList>>;

export function contactsOf(contacts: Contacts, client: string, node: string): ContactList {
  return contacts.get(client)?.get(node) ?? NONE;
}

/** Gathers every exchange of every client. */
export function gatherContacts(history: History, operations: Operations): Contacts {
  const contacts = new Map<string, Map<string, ContactList>>();
  const note = (client: string, node: string, sentAt: number, t: number) => {
    let ofClient = contacts.get(client);
    if (ofClient === undefined) {
      ofClient = new Map();
      contacts.set(client, ofClient);
    }
    let list = ofClient.get(node);
    if (list === undefined) {
      list = new ContactList();
      ofClient.set(node, list);
    }
    list.add(sentAt, t);
  };
  for (let index = 0; index < history.length; index += 1) {
    const event = history[index]!;
    if (event.kind === 'op') {
      if (event.phase !== 'ok' && !(event.phase === 'fail' && SERVER_ANSWERS.has(event.status ?? '')))
        continue;
      const operation = operations.at[index]!;
      note(event.client, event.node, operation.invokedAt, event.t);
    } else if (event.kind === 'client') {
      if (event.event !== 'renewed' && event.event !== 'session' && event.event !== 'reclaim-complete')
        continue;
      note(event.client, event.node, event.sentAt ?? event.t, event.t);
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
 * @param from the sending of the request that began the lease's current stretch
 * @returns Infinity when it was never silent for so long before `until`
 */
export function lapsesAt(
  contacts: ContactList,
  from: number,
  until: number,
  leaseNs: number,
  excused: readonly Stretch[],
): number {
  let sentAt = from;
  for (let at = contacts.firstAfter(from); at < contacts.length; at += 1) {
    const contact = contacts.at(at);
    if (contact.t > until) break;
    const lapse = momentAfter(sentAt, leaseNs, excused);
    // The server renewed somewhere between sending and answer; only the answer is certainly late enough.
    if (lapse < contact.t) return lapse;
    sentAt = Math.max(sentAt, contact.sentAt);
  }
  const lapse = momentAfter(sentAt, leaseNs, excused);
  return lapse < until ? lapse : Number.POSITIVE_INFINITY;
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
