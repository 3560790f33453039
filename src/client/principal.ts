import type { Credential } from '../rpc/credentials.ts';

/** Who the client says it is, with AUTH_SYS. */
export interface Principal {
  readonly uid: number;
  readonly gid: number;
  /** Further groups, up to 16. */
  readonly gids?: readonly number[];
  /** Name of the machine, up to 255 bytes. */
  readonly machine: string;
}

export function credentialOf({ uid, gid, gids = [], machine }: Principal): Credential {
  return { kind: 'sys', sys: { stamp: 0, machineName: machine, uid, gid, gids } };
}
