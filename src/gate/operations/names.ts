/** Directories and what is in them. */
import { constants } from 'node:fs';
import { utf8Name } from '../../server/filesystem/utf8-name.ts';
import { FUSE_ROOT_ID } from '../fuse/constants.ts';
import { directoryBody, type ListedEntry } from '../fuse/replies.ts';
import type { Bodies, Header } from '../fuse/requests.ts';
import { disturbed, done, entry, type GateState, withInode, withName } from '../gate-state.ts';
import type { Inode } from '../inodes.ts';
import { ownership, PERMISSION_BITS } from '../modes.ts';
import { error, OK, type Outcome, reply } from '../outcome.ts';

/** Bits of `st_mode` that say what a file is. */
const S_IFMT = 0o170_000;
/** A page of a listing is asked for by so many names at once. */
const NAMES_AT_ONCE = 256;
/** `.` and `..` come first; the filesystem's own cookies are never 0, 1 or 2. */
const AFTER_DOT = 1n;
const AFTER_DOTS = 2n;

export const lookup = (state: GateState, { nodeid }: Header, { name }: Bodies['lookup']): Outcome =>
  withName(state, nodeid, name, (directory, text) =>
    done(state.filesystem.lookup(directory.node, text), (node) => entry(state, directory, text, node)),
  );

export const mkdir = (state: GateState, header: Header, { name, mode }: Bodies['mkdir']): Outcome =>
  withName(state, header.nodeid, name, (directory, text) => {
    const attributes = { mode: mode & PERMISSION_BITS, ...ownership(state, directory, header) };
    return done(state.filesystem.makeDirectory(directory.node, text, attributes), ({ node }) =>
      entry(state, directory, text, node),
    );
  });

export const symlink = (state: GateState, header: Header, { name, target }: Bodies['symlink']): Outcome =>
  withName(state, header.nodeid, name, (directory, text) => {
    const to = utf8Name(target);
    if (to === null) return error('EILSEQ');
    const made = state.filesystem.makeSymlink(directory.node, text, to, ownership(state, directory, header));
    return done(made, ({ node }) => entry(state, directory, text, node));
  });

const SPECIAL = new Map([
  [0o010_000, 'fifo'],
  [0o140_000, 'socket'],
  [0o060_000, 'block'],
  [0o020_000, 'character'],
] as const);

export const mknod = (state: GateState, header: Header, { name, mode, device }: Bodies['mknod']): Outcome =>
  withName(state, header.nodeid, name, (directory, text) => {
    const attributes = { mode: mode & PERMISSION_BITS, ...ownership(state, directory, header) };
    const kind = mode & S_IFMT;
    const type = SPECIAL.get(kind as 0o010_000);
    if (type !== undefined) {
      // new_decode_dev() of the kernel.
      const numbers = {
        major: (device & 0xfff00) >> 8,
        minor: (device & 0xff) | ((device >>> 12) & 0xfff00),
      };
      const made = state.filesystem.makeSpecial(directory.node, text, type, numbers, attributes);
      return done(made, ({ node }) => entry(state, directory, text, node));
    }
    if (kind !== 0 && kind !== constants.S_IFREG) return error('EINVAL');
    const made = state.filesystem.create(directory.node, text, { kind: 'guarded', attributes });
    return done(made, ({ node }) => entry(state, directory, text, node));
  });

/** A name that goes: the file may be another client's, and what it had there could be reclaimed (row 36). */
export const remove = (
  state: GateState,
  header: Header,
  { name }: Bodies['unlink'],
  directories: boolean,
): Outcome =>
  withName(state, header.nodeid, name, (directory, text) => {
    const victim = state.filesystem.lookup(directory.node, text);
    if (!victim.ok) return error(victim.errno);
    // The filesystem's remove takes both kinds.
    const isDirectory = victim.value.type === 'directory';
    if (isDirectory !== directories) return error(isDirectory ? 'EISDIR' : 'ENOTDIR');
    const waiting = disturbed(state, victim.value);
    return waiting ?? done(state.filesystem.remove(directory.node, text), () => OK);
  });

export const rename = (
  state: GateState,
  header: Header,
  { toDirectory, flags, name, toName }: Bodies['rename'],
): Outcome =>
  withName(state, header.nodeid, name, (from, text) =>
    withName(state, toDirectory, toName, (to, toText) => {
      // RENAME_NOREPLACE and RENAME_EXCHANGE: NFS has no words for them either.
      if (flags !== 0) return error('EINVAL');
      for (const [directory, each] of [
        [from, text],
        [to, toText],
      ] as const) {
        const found = state.filesystem.lookup(directory.node, each);
        const waiting = found.ok ? disturbed(state, found.value) : null;
        if (waiting !== null) return waiting;
      }
      return done(state.filesystem.rename(from.node, text, to.node, toText), () => OK);
    }),
  );

export const link = (state: GateState, header: Header, { from, name }: Bodies['link']): Outcome =>
  withInode(state, from, ({ node }) =>
    withName(state, header.nodeid, name, (directory, text) => {
      const waiting = disturbed(state, node);
      if (waiting !== null) return waiting;
      return done(state.filesystem.link(node, directory.node, text), () =>
        entry(state, directory, text, node),
      );
    }),
  );

export const readlink = (state: GateState, { nodeid }: Header): Outcome =>
  withInode(state, nodeid, ({ node }) =>
    done(state.filesystem.readLink(node), (target) => reply(Buffer.from(target))),
  );

/** A listing goes on where the last one ended; what is in it is only named, and looked up when somebody wants to know more. */
export const readdir = (state: GateState, { nodeid }: Header, { offset, size }: Bodies['readdir']): Outcome =>
  withInode(state, nodeid, (inode) => {
    const listed: ListedEntry[] = [];
    const own = state.filesystem.attributes(inode.node);
    if (!own.ok) return error(own.errno);
    if (offset < AFTER_DOT) listed.push({ ino: own.value.fileid, next: AFTER_DOT, name: '.' });
    if (offset < AFTER_DOTS) listed.push({ ino: parentNumber(state, inode), next: AFTER_DOTS, name: '..' });
    const page = state.filesystem.readdir(inode.node, offset <= AFTER_DOTS ? 0n : offset, NAMES_AT_ONCE);
    if (!page.ok) return error(page.errno);
    for (const { name, cookie, fileid } of page.value.entries)
      listed.push({ ino: fileid, next: cookie, name });
    return reply(directoryBody(listed, size));
  });

function parentNumber({ filesystem }: GateState, { node, nodeid }: Inode): bigint {
  const parent = nodeid === FUSE_ROOT_ID ? null : filesystem.parent(node);
  const attributes = filesystem.attributes(parent?.ok ? parent.value : node);
  return attributes.ok ? attributes.value.fileid : 1n;
}
