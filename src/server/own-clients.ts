/** What this life has recorded of its own clients, as it remembers it: of those that completed, and of those that lost what they had. */
import type { ClientRecord } from '../core/client-record.ts';
import type { NodeId } from '../core/ids.ts';
import { type RecordCommand, recordTransition } from '../core/record-transitions.ts';
import type { Life } from '../core/succession.ts';
import { asText, keyOf, serviceKeyOf, serviceOf } from './client-keys.ts';
import type { ClientIdentity } from './coordination.ts';

/** What is recorded of one client, and by whose service address it comes. */
export interface Known {
  readonly service: NodeId;
  readonly record: ClientRecord;
}

/** A record transition, without the client and the life that it is about. */
export type RecordChange =
  | Pick<RecordCommand & { type: 'complete' }, 'type'>
  | Pick<RecordCommand & { type: 'revoke' }, 'type' | 'because'>;

/**
 * How many clients that lost something are carried from epoch to epoch until they have been told. One that is dropped beyond that is
 * refused all the same when it comes: no record entitles it as little as one that says so. What is lost is only the operator's list.
 */
const MOST_REVOKED = 10_000;

export class OwnClients {
  readonly #self: Life;
  /** By {@link serviceKeyOf}, as is `#revoked`. */
  readonly #completed = new Map<string, Known>();
  /** The oldest first. */
  readonly #revoked = new Map<string, Known>();

  constructor(self: Life) {
    this.#self = self;
  }

  /** Those that completed in this life and have lost nothing since. */
  completed(): Known[] {
    return [...this.#completed.values()];
  }

  /** Those that lost something and have not been told. */
  revoked(): Known[] {
    return [...this.#revoked.values()];
  }

  hasCompleted(client: ClientIdentity): boolean {
    return this.#completed.has(this.#keyOf(client));
  }

  /** The outcome of a change to what is recorded of the client; one that changes nothing leaves what is there. Nothing is remembered by it. */
  changed(client: ClientIdentity, change: RecordChange): Known {
    const { ownerId, principal } = client;
    const { node, incarnation } = this.#self;
    const key = this.#keyOf(client);
    const before = (this.#completed.get(key) ?? this.#revoked.get(key))?.record ?? null;
    const result = recordTransition(before, { ...change, client: { ownerId, principal }, incarnation });
    const after = result.ok ? result.record : before;
    if (after === null) throw new Error(`nothing is recorded of ${asText(ownerId)} after ${change.type}`);
    const service = serviceOf(client, node);
    return { service, record: service === node ? after : { ...after, writer: node } };
  }

  complete(known: Known): void {
    const key = this.#keyOfKnown(known);
    this.#completed.set(key, known);
    this.#revoked.delete(key);
  }

  revoke(known: Known): void {
    const key = this.#keyOfKnown(known);
    this.#completed.delete(key);
    this.#revoked.delete(key);
    this.#revoked.set(key, known);
    for (const oldest of this.#revoked.keys()) {
      if (this.#revoked.size <= MOST_REVOKED) break;
      this.#revoked.delete(oldest);
    }
  }

  /** What it lost when it came by other service addresses, and has not been told of. */
  lostAt(client: ClientIdentity): Known[] {
    const own = serviceOf(client, this.#self.node);
    const key = keyOf(client);
    return this.revoked().filter(({ service, record }) => service !== own && keyOf(record) === key);
  }

  /** What is recorded of it by other service addresses, good or not. */
  elsewhere(client: ClientIdentity): Known[] {
    const own = serviceOf(client, this.#self.node);
    const key = keyOf(client);
    return [...this.#completed.values(), ...this.#revoked.values()].filter(
      ({ service, record }) => service !== own && keyOf(record) === key,
    );
  }

  isRevoked(client: ClientIdentity): boolean {
    return this.#revoked.has(this.#keyOf(client));
  }

  /** It knows what it lost. */
  told(client: ClientIdentity): void {
    this.#revoked.delete(this.#keyOf(client));
  }

  forget(client: ClientIdentity): void {
    this.#completed.delete(this.#keyOf(client));
    this.told(client);
  }

  /** All that come by that address. */
  forgetAll(service: NodeId): void {
    for (const known of [this.#completed, this.#revoked])
      for (const [key, each] of known) if (each.service === service) known.delete(key);
  }

  #keyOf(client: ClientIdentity): string {
    return serviceKeyOf(client, this.#self.node);
  }

  #keyOfKnown({ service, record }: Known): string {
    return this.#keyOf({ ...record, service });
  }
}
