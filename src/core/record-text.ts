/** Client records as text, the form in which stores keep them. What is read back is not trusted (row 20). */
import type { ClientRecord } from './client-record.ts';
import { asIncarnation, asNodeId } from './ids.ts';
import { NODE_NAME } from './ledger-text.ts';

/** RFC 8881 section 3.3.6: co_ownerid has at most NFS4_OPAQUE_LIMIT (1024) bytes; two digits each. */
const OWNER_ID = /^(?:[0-9a-f]{2}){1,1024}$/;

export const formatRecord = (record: ClientRecord): string =>
  JSON.stringify({
    incarnation: record.incarnation,
    ...(record.writer !== undefined && { writer: record.writer }),
    principal: record.principal,
    revoked: record.revoked,
    reclaimIncomplete: record.reclaimIncomplete,
  });

export type ParsedRecord =
  | { readonly ok: true; readonly record: ClientRecord }
  | { readonly ok: false; readonly problem: string };

export function parseRecord(ownerId: string, text: string): ParsedRecord {
  if (!OWNER_ID.test(ownerId)) return { ok: false, problem: 'its owner id is not hexadecimal' };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'it is not JSON' };
  }
  if (typeof raw !== 'object' || raw === null) return { ok: false, problem: 'it is not an object' };
  const { incarnation, writer, principal, revoked, reclaimIncomplete } = raw as Record<string, unknown>;
  if (!Number.isSafeInteger(incarnation) || (incarnation as number) < 1)
    return { ok: false, problem: 'it does not say which life wrote it' };
  if (writer !== undefined && !(typeof writer === 'string' && NODE_NAME.test(writer)))
    return { ok: false, problem: 'it does not say whose life wrote it' };
  if (typeof principal !== 'string') return { ok: false, problem: 'it has no principal' };
  if (typeof revoked !== 'boolean') return { ok: false, problem: 'it does not say whether it is revoked' };
  if (typeof reclaimIncomplete !== 'boolean')
    return { ok: false, problem: 'it does not say whether its reclaim was complete' };
  return {
    ok: true,
    record: {
      ownerId,
      incarnation: asIncarnation(incarnation as number),
      ...(writer !== undefined && { writer: asNodeId(writer as string) }),
      principal,
      revoked,
      reclaimIncomplete,
    },
  };
}
