import { type CompoundReply, decodeCompoundReply, type OperationCall } from '../../nfs4/compound.ts';
import type { XdrReader } from '../../xdr/reader.ts';
import { XdrError } from '../../xdr/xdr-error.ts';

/** What a client has answered to these operations. Null: not what was asked for. */
export function readCompoundReply(results: XdrReader, calls: readonly OperationCall[]): CompoundReply | null {
  try {
    return decodeCompoundReply(results, calls);
  } catch (error) {
    if (error instanceof XdrError) return null;
    throw error;
  }
}
