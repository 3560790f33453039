import { createHash } from 'node:crypto';
import {
  SETXATTR4_CREATE,
  SETXATTR4_EITHER,
  SETXATTR4_REPLACE,
  type SetXattrOption,
} from '../../nfs4/constants.ts';
import { type GetXattrArgs, type GetXattrResult, getXattr } from '../../nfs4/operations/get-xattr.ts';
import { type ListXattrsArgs, type ListXattrsResult, listXattrs } from '../../nfs4/operations/list-xattrs.ts';
import {
  type RemoveXattrArgs,
  type RemoveXattrResult,
  removeXattr,
} from '../../nfs4/operations/remove-xattr.ts';
import { type SetXattrArgs, type SetXattrResult, setXattr } from '../../nfs4/operations/set-xattr.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_ACCESS,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_NOTSUPP,
  NFS4ERR_ROFS,
  NFS4ERR_TOOSMALL,
} from '../../nfs4/status.ts';
import type { Compound } from '../compound.ts';
import { recallFor } from '../delegations/conflicts.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { ExtendedAttributes, FileNode, XattrWish } from '../filesystem/types.ts';
import { changeInfo } from '../new-objects.ts';
import type { ServedOperation } from '../served-operation.ts';

const WISH: Record<SetXattrOption, XattrWish> = {
  [SETXATTR4_EITHER]: 'either',
  [SETXATTR4_CREATE]: 'create',
  [SETXATTR4_REPLACE]: 'replace',
};

/** A list without names: cookie, count and eof. */
const EMPTY_LIST_BYTES = 16;
/** Operation number and status. */
const OVERHEAD_BYTES = 8;

/** RFC 8276 section 8.4.1. */
export const serveGetXattr: ServedOperation<GetXattrArgs, GetXattrResult> = {
  codec: getXattr,
  placement: 'in-session',
  serve(compound, { name }) {
    const node = admitted(compound, 'read');
    if (typeof node === 'number') return { status: node };
    const found = xattrsOf(compound).get(node, name);
    return found.ok ? { status: NFS4_OK, value: found.value } : { status: statusOfErrno(found.errno) };
  },
};

/** RFC 8276 section 8.4.2. */
export const serveSetXattr: ServedOperation<SetXattrArgs, SetXattrResult> = {
  codec: setXattr,
  placement: 'in-session',
  replyBytes: 24,
  serve(compound, { option, name, value }) {
    const node = admitted(compound, 'write');
    if (typeof node === 'number') return { status: node };
    const set = xattrsOf(compound).set(node, name, value, WISH[option]);
    return set.ok ? { status: NFS4_OK, cinfo: changeInfo(set.value) } : { status: statusOfErrno(set.errno) };
  },
};

/** RFC 8276 section 8.4.4. */
export const serveRemoveXattr: ServedOperation<RemoveXattrArgs, RemoveXattrResult> = {
  codec: removeXattr,
  placement: 'in-session',
  replyBytes: 24,
  serve(compound, { name }) {
    const node = admitted(compound, 'write');
    if (typeof node === 'number') return { status: node };
    const removed = xattrsOf(compound).remove(node, name);
    return removed.ok
      ? { status: NFS4_OK, cinfo: changeInfo(removed.value) }
      : { status: statusOfErrno(removed.errno) };
  },
};

/**
 * RFC 8276 section 8.4.3. Names come in the order of their hashes, and the cookie is the last one's: whatever else is set or removed between two
 * pages, each name that stays is listed once. No cookie is bad.
 */
export const serveListXattrs: ServedOperation<ListXattrsArgs, ListXattrsResult> = {
  codec: listXattrs,
  placement: 'in-session',
  serve(compound, { cookie, maxCount }) {
    const node = admitted(compound, 'read');
    if (typeof node === 'number') return { status: node };
    const found = xattrsOf(compound).list(node);
    if (!found.ok) return { status: statusOfErrno(found.errno) };
    const left = found.value
      .map((name) => ({ name, place: placeOf(name) }))
      .filter(({ place }) => place > cookie)
      .sort((a, b) => (a.place < b.place ? -1 : 1));
    let room = Math.min(maxCount, compound.replyRoom - OVERHEAD_BYTES) - EMPTY_LIST_BYTES;
    if (room < 0) return { status: NFS4ERR_TOOSMALL };
    const fitting = left.findIndex(({ name }) => {
      room -= bytesOf(name);
      return room < 0;
    });
    if (fitting === 0) return { status: NFS4ERR_TOOSMALL };
    const listed = fitting === -1 ? left : left.slice(0, fitting);
    return {
      status: NFS4_OK,
      cookie: listed.at(-1)?.place ?? cookie,
      names: listed.map(({ name }) => name),
      eof: fitting === -1,
    };
  },
};

/** As a string of XDR: its length, and its bytes in words. */
const bytesOf = (name: string): number => 4 + ((Buffer.byteLength(name) + 3) & ~3);

/** Never 0, which stands for the beginning. */
const placeOf = (name: string): bigint => createHash('sha256').update(name).digest().readBigUInt64BE(0) | 1n;

const xattrsOf = ({ server }: Compound): ExtendedAttributes => server.settings.filesystem.xattrs;

/** They are data of the file's (section 8.3), and may be read and written by whoever may read and write it. */
function admitted(compound: Compound, need: 'read' | 'write'): FileNode | Failure {
  const node = compound.current;
  if (node === null) return NFS4ERR_NOFILEHANDLE;
  const { domains, settings } = compound.server;
  const { filesystem } = settings;
  const changes = need === 'write';
  if (changes && (domains.isPseudoRoot(node) || filesystem.isReadOnly?.(node))) return NFS4ERR_ROFS;
  if (!filesystem.xattrs.supported(node)) return NFS4ERR_NOTSUPP;
  const allowed = filesystem.permissions(node, compound.caller.credentials);
  if (!allowed.ok) return statusOfErrno(allowed.errno);
  if (!allowed.value[need]) return NFS4ERR_ACCESS;
  return (changes ? recallFor(compound, node, 'change') : null) ?? node;
}
