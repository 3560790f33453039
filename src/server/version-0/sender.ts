import type { OperationCodec } from '../../nfs4/operation.ts';
import { type CloseArgs, close } from '../../nfs4/operations/close.ts';
import { type DelegReturnArgs, delegReturn } from '../../nfs4/operations/deleg-return.ts';
import { type LockUArgs, lockU } from '../../nfs4/operations/lock-u.ts';
import { type OpenDowngradeArgs, openDowngrade } from '../../nfs4/operations/open-downgrade.ts';
import { type ReadArgs, read } from '../../nfs4/operations/read.ts';
import { type SetAttrArgs, setAttr } from '../../nfs4/operations/set-attr.ts';
import { type WriteArgs, write } from '../../nfs4/operations/write.ts';
import type { Stateid } from '../../nfs4/types.ts';
import { XdrReader } from '../../xdr/reader.ts';
import { XdrError } from '../../xdr/xdr-error.ts';
import type { ServerState } from '../server-state.ts';
import type { Client } from '../state/clients.ts';
import { locateState } from './lookup.ts';

/** By operation number, the stateid that its arguments name. */
const STATEIDS: ReadonlyMap<number, (args: unknown) => Stateid> = new Map([
  naming<CloseArgs>(close, ({ openStateid }) => openStateid),
  naming<DelegReturnArgs>(delegReturn, ({ delegStateid }) => delegStateid),
  naming<LockUArgs>(lockU, ({ lockStateid }) => lockStateid),
  naming<OpenDowngradeArgs>(openDowngrade, ({ openStateid }) => openStateid),
  naming<ReadArgs>(read, ({ stateid }) => stateid),
  naming<SetAttrArgs>(setAttr, ({ stateid }) => stateid),
  naming<WriteArgs>(write, ({ stateid }) => stateid),
]);

function naming<Args>(
  { number }: Pick<OperationCodec<Args, never>, 'number'>,
  stateidOf: (args: Args) => Stateid,
): [number, (args: unknown) => Stateid] {
  return [number, stateidOf as (args: unknown) => Stateid];
}

/** Reads the arguments of an operation; undefined: it is none of this version. */
export type DecodeArgs = (operation: number, r: XdrReader) => unknown;

/**
 * Whose COMPOUND this is, by what is still to come in it. Version 4.0 has no session that says so, and not every operation names a client or a
 * stateid; but Linux sends GETATTR before the DELEGRETURN or CLOSE of the same file, and if that waited for its own delegation
 * to come back, it would wait forever. Null: nobody is named.
 *
 * @param rest the message from the next operation on
 */
export function senderOf(
  server: ServerState,
  rest: Buffer,
  operations: number,
  decodeArgs: DecodeArgs,
): Client | null {
  const r = new XdrReader(rest);
  try {
    for (let left = operations; left > 0; left -= 1) {
      const number = r.uint32();
      const args = decodeArgs(number, r);
      if (args === undefined) return null;
      const stateid = STATEIDS.get(number)?.(args);
      const state = stateid === undefined ? undefined : locateState(server, stateid);
      if (typeof state === 'object') return state.client;
    }
  } catch (error) {
    // Whoever comes to that operation says so.
    if (!(error instanceof XdrError)) throw error;
  }
  return null;
}
