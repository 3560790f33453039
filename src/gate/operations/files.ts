/** Open files, what is in them, and what they are like. */
import { constants } from 'node:fs';
import type { SettableAttributes } from '../../server/filesystem/types.ts';
import {
  FATTR_ATIME,
  FATTR_ATIME_NOW,
  FATTR_FH,
  FATTR_GID,
  FATTR_MODE,
  FATTR_MTIME,
  FATTR_MTIME_NOW,
  FATTR_SIZE,
  FATTR_UID,
  FOPEN_DIRECT_IO,
  FUSE_WRITE_KILL_SUIDGID,
} from '../fuse/constants.ts';
import {
  attributesBody,
  entryBody,
  MAX_TRANSFER_BYTES,
  offsetBody,
  openBody,
  sizeBody,
  spaceBody,
} from '../fuse/replies.ts';
import type { Bodies, Header } from '../fuse/requests.ts';
import { disturbed, done, type GateState, hindrance, withInode, withName } from '../gate-state.ts';
import { type Inode, pathIn } from '../inodes.ts';
import { ownership, PERMISSION_BITS, SET_GROUP_ID, SET_USER_ID } from '../modes.ts';
import type { OpenFile } from '../open-files.ts';
import { error, OK, type Outcome, reply, WAIT } from '../outcome.ts';

const GROUP_EXECUTES = 0o010;
const ROOT = 0;
const SEEK_DATA = 3;
const FALLOC_KEEP_SIZE = 1;
const FALLOC_PUNCH_HOLE = 2;
/** copy_file_range(2) may do less than it was asked for; the NFS clients of the node wait while it does. */
const COPY_BYTES = 1n << 24n;

export const getattr = (state: GateState, { nodeid }: Header): Outcome =>
  withInode(state, nodeid, ({ node }) =>
    done(state.filesystem.attributes(node), (attributes) => reply(attributesBody(attributes))),
  );

function wanted({
  valid,
  size,
  uid,
  gid,
  mode,
  accessTime,
  modifyTime,
}: Bodies['setattr']): SettableAttributes {
  const has = (bit: number) => (valid & bit) !== 0;
  return {
    ...(has(FATTR_SIZE) && { size }),
    ...(has(FATTR_UID) && { uid }),
    ...(has(FATTR_GID) && { gid }),
    ...(has(FATTR_MODE) && { mode: mode & PERMISSION_BITS }),
    ...(has(FATTR_ATIME) && { accessTime: has(FATTR_ATIME_NOW) ? ('now' as const) : accessTime }),
    ...(has(FATTR_MTIME) && { modifyTime: has(FATTR_MTIME_NOW) ? ('now' as const) : modifyTime }),
  };
}

/** Through an open file it is covered by that open; by name it may be anybody's file. */
export const setattr = (state: GateState, { nodeid }: Header, body: Bodies['setattr']): Outcome =>
  withInode(state, nodeid, ({ node }) => {
    const byName = (body.valid & FATTR_FH) === 0;
    const waiting = byName ? disturbed(state, node) : null;
    if (waiting !== null) return waiting;
    const apply = (): Outcome => {
      const { errno } = state.filesystem.setAttributes(node, wanted(body));
      if (errno !== null) return error(errno);
      return done(state.filesystem.attributes(node), (attributes) => reply(attributesBody(attributes)));
    };
    const truncates = byName && (body.valid & FATTR_SIZE) !== 0;
    return truncates ? state.opens.whileWriting(node, apply, hindrance) : apply();
  });

export const statfs = (state: GateState, { nodeid }: Header): Outcome =>
  withInode(state, nodeid, ({ node }) =>
    done(state.filesystem.space(node), (space) => reply(spaceBody(space))),
  );

export const open = (state: GateState, { nodeid, uid }: Header, { flags }: Bodies['open']): Outcome =>
  withInode(state, nodeid, (inode) =>
    opened(state, inode, flags, false, ({ fh }) => {
      // The kernel leaves it to whoever empties the file (FUSE_ATOMIC_O_TRUNC), without a word on the caller's capabilities.
      if ((flags & constants.O_TRUNC) !== 0 && uid !== ROOT) dropSetIds(state, inode);
      return reply(openBody(fh, FOPEN_DIRECT_IO));
    }),
  );

export const opendir = (state: GateState, { nodeid }: Header): Outcome =>
  withInode(state, nodeid, ({ node }) =>
    node.type === 'directory' ? reply(openBody(0n, 0)) : error('ENOTDIR'),
  );

/** Made and opened in one: the kernel has looked the name up before, and found nothing. */
export const create = (state: GateState, header: Header, { flags, mode, name }: Bodies['create']): Outcome =>
  withName(state, header.nodeid, name, (directory, text) => {
    const domain = state.domainOf(directory.node);
    if (domain === null) return error('EACCES');
    // Before the file is made: whoever waits, or is refused, leaves none behind.
    if (domain.coordination.newState() === 'grace' || domain.coordination.confirmNewState() === 'grace')
      return (flags & constants.O_NONBLOCK) !== 0 ? error('EAGAIN') : WAIT;
    const attributes = { mode: mode & PERMISSION_BITS, ...ownership(state, directory, header) };
    const kind = (flags & constants.O_EXCL) !== 0 ? 'guarded' : 'unchecked';
    return done(state.filesystem.create(directory.node, text, { kind, attributes }), ({ node, created }) => {
      // Somebody else was faster: then the kernel has not asked whether this program may open it.
      const may = created ? null : state.filesystem.permissions(node, { ...header, gids: [] });
      if (may?.ok && !(may.value.read && may.value.write)) return error('EACCES');
      const inode = state.inodes.name(node, pathIn(directory, text));
      const outcome = opened(state, inode, created ? flags & ~constants.O_TRUNC : flags, created, ({ fh }) =>
        done(state.filesystem.attributes(node), (found) =>
          reply(Buffer.concat([entryBody(inode.nodeid, found), openBody(fh, FOPEN_DIRECT_IO)])),
        ),
      );
      // Only a reply tells the kernel of it.
      if (outcome.kind !== 'reply') state.inodes.forget(inode.nodeid, 1n);
      return outcome;
    });
  });

function opened(
  state: GateState,
  inode: Inode,
  flags: number,
  fresh: boolean,
  tell: (file: OpenFile) => Outcome,
): Outcome {
  if (state.domainOf(inode.node) === null) return error('EISDIR');
  const opening = state.opens.open(inode, flags, fresh);
  if (opening.outcome === 'error') return error(opening.errno);
  if (opening.outcome === 'wait') return (flags & constants.O_NONBLOCK) !== 0 ? error('EAGAIN') : WAIT;
  return tell(opening.file);
}

const withFile = (state: GateState, fh: bigint, act: (file: OpenFile) => Outcome): Outcome => {
  const file = state.opens.find(fh);
  return file === undefined ? error('EBADF') : act(file);
};

export const read = (state: GateState, _: Header, { fh, offset, size }: Bodies['read']): Outcome =>
  withFile(state, fh, ({ inode }) =>
    done(state.filesystem.read(inode.node, offset, Math.min(size, MAX_TRANSFER_BYTES)), ({ data }) =>
      reply(data),
    ),
  );

/** What another has changed must not run with its owner's rights. Best effort: who may open the file has opened it. */
function dropSetIds({ filesystem }: GateState, { node }: Inode): void {
  const found = filesystem.attributes(node);
  if (!found.ok) return;
  const { mode } = found.value;
  const dropped = (mode & GROUP_EXECUTES) === 0 ? SET_USER_ID : SET_USER_ID | SET_GROUP_ID;
  if ((mode & dropped) !== 0) filesystem.setAttributes(node, { mode: mode & ~dropped });
}

export const write = (
  state: GateState,
  _: Header,
  { fh, offset, writeFlags, data }: Bodies['write'],
): Outcome =>
  withFile(state, fh, ({ inode, appends }) => {
    if ((writeFlags & FUSE_WRITE_KILL_SUIDGID) !== 0) dropSetIds(state, inode);
    let at = offset;
    if (appends) {
      // Where the file ends now, and not where the kernel saw it end.
      const now = state.filesystem.attributes(inode.node);
      if (!now.ok) return error(now.errno);
      at = now.value.size;
    }
    return done(state.filesystem.write(inode.node, at, data, 'unstable'), ({ count }) =>
      reply(sizeBody(count)),
    );
  });

/** Contents and metadata; fdatasync(2) asks for less. */
export const fsync = (state: GateState, { nodeid }: Header): Outcome =>
  withInode(state, nodeid, ({ node }) => done(state.filesystem.commit(node), () => OK));

export const fallocate = (
  state: GateState,
  _: Header,
  { fh, offset, length, mode }: Bodies['fallocate'],
): Outcome =>
  withFile(state, fh, ({ inode: { node } }) => {
    if (mode === 0) return done(state.filesystem.extents.allocate(node, offset, length), () => OK);
    if (mode !== (FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE)) return error('EOPNOTSUPP');
    return done(state.filesystem.extents.deallocate(node, offset, length), () => OK);
  });

export const lseek = (state: GateState, _: Header, { fh, offset, whence }: Bodies['lseek']): Outcome =>
  withFile(state, fh, ({ inode: { node } }) =>
    done(state.filesystem.extents.seek(node, offset, whence === SEEK_DATA ? 'data' : 'hole'), (found) =>
      reply(offsetBody(found)),
    ),
  );

export const copyFileRange = (
  state: GateState,
  _: Header,
  { fh, offset, toFh, toOffset, length }: Bodies['copy-file-range'],
): Outcome =>
  withFile(state, fh, ({ inode: from }) =>
    withFile(state, toFh, ({ inode: to }) => {
      const count = Number(length < COPY_BYTES ? length : COPY_BYTES);
      const copied = state.filesystem.extents.copy(from.node, offset, to.node, toOffset, count);
      return done(copied, (bytes) => reply(sizeBody(bytes)));
    }),
  );
