/** What a reply to a mutated request says, as far as it can be made out without knowing what was asked. */
import { statusName } from '../nfs4/status.ts';
import { decodeReply } from '../rpc/reply.ts';
import { XdrReader } from '../xdr/reader.ts';
import { XdrError } from '../xdr/xdr-error.ts';

const SEQUENCE = 53;

export interface Understood {
  /** Of the COMPOUND, by name; or how RPC refused it. */
  readonly outcome: string;
  /** What SEQUENCE was answered with, if it succeeded. */
  readonly slot: { readonly id: number; readonly sequenceId: number } | null;
}

/** Null: no reply that anybody could read. */
export function understand(message: Buffer): Understood | null {
  try {
    const r = new XdrReader(message);
    const { kind } = decodeReply(r);
    if (kind !== 'success') return { outcome: kind, slot: null };
    // A reply to NULL has nothing more.
    if (r.remaining === 0) return { outcome: 'NULL', slot: null };
    const status = r.uint32();
    r.opaque(1024);
    const count = r.uint32();
    return { outcome: statusName(status), slot: count > 0 ? slotOf(r) : null };
  } catch (error) {
    if (error instanceof XdrError) return null;
    throw error;
  }
}

function slotOf(r: XdrReader): Understood['slot'] {
  if (r.uint32() !== SEQUENCE || r.uint32() !== 0) return null;
  r.opaqueFixed(16);
  const sequenceId = r.uint32();
  return { id: r.uint32(), sequenceId };
}
