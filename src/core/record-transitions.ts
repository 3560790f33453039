/**
 * Every way in which what is recorded about one client may change, as pure functions
 * `(record | null, command) -> record | null | refusal`. The writer makes the outcome durable, under its fence.
 */
import type { ClientRecord } from './client-record.ts';
import type { Incarnation, NodeId } from './ids.ts';
import type { Ledger } from './ledger.ts';
import type { Life } from './succession.ts';

/** A client is its owner id and its principal (rows 25 and 26). */
export type ClientIdentity = Pick<ClientRecord, 'ownerId' | 'principal'>;

export type RecordCommand =
  /** RECLAIM_COMPLETE: it may reclaim after the next failure. Whatever it had lost before, it has been told by now. */
  | { readonly type: 'complete'; readonly client: ClientIdentity; readonly incarnation: Incarnation }
  /**
   * It lost what it had, and does not know yet (row 19): `expired`, its lease ran out; `reclaim-incomplete`, its chance to
   * reclaim ended, by the deadline or with an abandoned node, before it had completed. From then on no reclaim is granted to it.
   */
  | {
      readonly type: 'revoke';
      readonly client: ClientIdentity;
      readonly incarnation: Incarnation;
      readonly because: 'expired' | 'reclaim-incomplete';
    }
  /** Nothing of it is to be remembered: it is gone, or it has been told. */
  | { readonly type: 'forget'; readonly client: ClientIdentity };

export type RecordRefusal = 'not-recorded' | 'other-client' | 'already-revoked' | 'older-life';

export type RecordResult =
  | { readonly ok: true; readonly record: ClientRecord | null }
  | { readonly ok: false; readonly refusal: RecordRefusal };

const refuse = (refusal: RecordRefusal): RecordResult => ({ ok: false, refusal });

/** Applies one command to the record of one client. Total, as `transition` is. */
export function recordTransition(record: ClientRecord | null, command: RecordCommand): RecordResult {
  const { client } = command;
  if (record !== null && !isOf(record, client)) return refuse('other-client');
  if (command.type === 'forget') return record === null ? refuse('not-recorded') : { ok: true, record: null };
  // The fence of the store stops a former life; this says the same of the record itself (D8).
  if (record !== null && record.incarnation > command.incarnation) return refuse('older-life');
  if (command.type === 'complete') return { ok: true, record: complete(client, command.incarnation) };
  if (record?.revoked || record?.reclaimIncomplete) return refuse('already-revoked');
  return {
    ok: true,
    record: {
      ...complete(client, command.incarnation),
      revoked: command.because === 'expired',
      reclaimIncomplete: command.because === 'reclaim-incomplete',
    },
  };
}

/** May the client of this record reclaim by it, as far as the record itself goes (I4)? */
export const entitles = (record: ClientRecord): boolean => !record.revoked && !record.reclaimIncomplete;

/** The life whose records about the clients of that address count: it carried it at the last lift. @param owner a member */
export const recorderOf = (ledger: Ledger, owner: NodeId): Life => ({
  node: ledger.members[owner]!.recordedAt ?? owner,
  incarnation: ledger.members[owner]!.recordedIncarnation,
});

/** Did that life write this record, of a client that comes by the address of `owner`? */
export const isBy = (record: ClientRecord, owner: NodeId, { node, incarnation }: Life): boolean =>
  (record.writer ?? owner) === node && record.incarnation === incarnation;

const complete = ({ ownerId, principal }: ClientIdentity, incarnation: Incarnation): ClientRecord => ({
  ownerId,
  principal,
  incarnation,
  revoked: false,
  reclaimIncomplete: false,
});

const isOf = (record: ClientRecord, { ownerId, principal }: ClientIdentity): boolean =>
  record.ownerId === ownerId && record.principal === principal;
