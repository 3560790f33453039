/** Extended attributes: those that users give files, as NFS has them (RFC 8276). */

import type { FsResult } from '../../server/filesystem/result.ts';
import type { FileNode } from '../../server/filesystem/types.ts';
import { utf8Name } from '../../server/filesystem/utf8-name.ts';
import { sizeBody } from '../fuse/replies.ts';
import type { Bodies, Header } from '../fuse/requests.ts';
import { disturbed, done, type GateState, withInode } from '../gate-state.ts';
import { error, OK, type Outcome, reply } from '../outcome.ts';

const NAMESPACE = 'user.';
/** setxattr(2). */
const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;

function withAttribute(
  state: GateState,
  nodeid: bigint,
  bytes: Buffer,
  act: (node: FileNode, name: string) => Outcome,
): Outcome {
  const name = utf8Name(bytes);
  if (name === null || !name.startsWith(NAMESPACE)) return error('EOPNOTSUPP');
  return withInode(state, nodeid, ({ node }) => act(node, name.slice(NAMESPACE.length)));
}

/** A size of 0 asks how large it is. */
const sized = (value: Buffer, size: number): Outcome =>
  size === 0 ? reply(sizeBody(value.length)) : value.length > size ? error('ERANGE') : reply(value);

export const getxattr = (state: GateState, { nodeid }: Header, { name, size }: Bodies['getxattr']): Outcome =>
  withAttribute(state, nodeid, name, (node, attribute) =>
    done(state.filesystem.xattrs.get(node, attribute), (value) => sized(value, size)),
  );

export const listxattr = (state: GateState, { nodeid }: Header, { size }: Bodies['listxattr']): Outcome =>
  withInode(state, nodeid, ({ node }) =>
    done(state.filesystem.xattrs.list(node), (names) =>
      sized(Buffer.from(names.map((name) => `${NAMESPACE}${name}\0`).join('')), size),
    ),
  );

export const setxattr = (
  state: GateState,
  { nodeid }: Header,
  { name, value, flags }: Bodies['setxattr'],
): Outcome =>
  withAttribute(state, nodeid, name, (node, attribute) => {
    const wish = flags === XATTR_CREATE ? 'create' : flags === XATTR_REPLACE ? 'replace' : 'either';
    return changed(state, node, () => state.filesystem.xattrs.set(node, attribute, value, wish));
  });

export const removexattr = (state: GateState, { nodeid }: Header, { name }: Bodies['removexattr']): Outcome =>
  withAttribute(state, nodeid, name, (node, attribute) =>
    changed(state, node, () => state.filesystem.xattrs.remove(node, attribute)),
  );

const changed = (state: GateState, node: FileNode, change: () => FsResult<unknown>): Outcome =>
  disturbed(state, node) ?? done(change(), () => OK);
