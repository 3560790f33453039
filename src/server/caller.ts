import type { NodeId } from '../core/ids.ts';
import type { Credential } from '../rpc/credentials.ts';
import type { Credentials } from './filesystem/types.ts';

/** The user and the group that a call without a name is taken for: what every system calls "nobody". */
export const NOBODY_ID = 65534;

/** Who sent a call. AUTH_SYS proves nothing, and neither does this. */
export interface Caller {
  /** `sys:<uid>@<machine>` or `none`: what records and client ids are bound to (rows 25 and 26). */
  readonly principal: string;
  readonly credentials: Credentials;
  /** By whose service address, where addresses move. */
  readonly service?: NodeId;
}

const NOBODY: Caller = { principal: 'none', credentials: { uid: NOBODY_ID, gid: NOBODY_ID, gids: [] } };

/** Null: a credential that the RPC layer has to refuse. */
export function callerOf(credential: Credential): Caller | null {
  if (credential.kind === 'none') return NOBODY;
  if (credential.kind !== 'sys') return null;
  const { uid, gid, gids, machineName } = credential.sys;
  return { principal: `sys:${uid}@${machineName}`, credentials: { uid, gid, gids } };
}
