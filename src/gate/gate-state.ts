import type { LockDomain } from '../server/domains.ts';
import type { FsResult } from '../server/filesystem/result.ts';
import type { FileNode, Filesystem } from '../server/filesystem/types.ts';
import { utf8Name } from '../server/filesystem/utf8-name.ts';
import type { Observe } from '../server/observation.ts';
import type { Clear, Clearance, Hindrance } from './clearance.ts';
import { entryBody } from './fuse/replies.ts';
import { type Inode, type Inodes, pathIn } from './inodes.ts';
import type { LocalLocks } from './local-locks.ts';
import type { OpenFiles } from './open-files.ts';
import { error, type Outcome, reply, WAIT } from './outcome.ts';

/** What the operations of the gate work on. */
export interface GateState {
  readonly filesystem: Filesystem;
  readonly inodes: Inodes;
  readonly opens: OpenFiles;
  readonly locks: LocalLocks;
  readonly clearance: Clearance;
  /** Null: the directory of the domains, which no domain has. */
  readonly domainOf: (node: FileNode) => LockDomain | null;
  /** How events tell it from others. */
  readonly labelOf: (domain: LockDomain) => { readonly domain?: string };
  readonly observe: Observe;
  /** By lock owner, the process that asked first; for GETLK. */
  readonly pids: Map<string, number>;
}

/** Carries out `act` with the directory and the name of a request. */
export function withName(
  state: GateState,
  nodeid: bigint,
  bytes: Buffer,
  act: (directory: Inode, name: string) => Outcome,
): Outcome {
  const directory = state.inodes.find(nodeid);
  if (directory === undefined) return error('ESTALE');
  const name = utf8Name(bytes);
  return name === null ? error('EILSEQ') : act(directory, name);
}

export function withInode(state: GateState, nodeid: bigint, act: (inode: Inode) => Outcome): Outcome {
  const inode = state.inodes.find(nodeid);
  return inode === undefined ? error('ESTALE') : act(inode);
}

/** Answers with a file that was found or made, which the kernel knows from then on. */
export function entry(state: GateState, directory: Inode, name: string, node: FileNode): Outcome {
  const attributes = state.filesystem.attributes(node);
  if (!attributes.ok) return error(attributes.errno);
  const { nodeid } = state.inodes.name(node, pathIn(directory, name));
  return reply(entryBody(nodeid, attributes.value));
}

/** The outcome of a change that nothing may stand against; null: nothing does. */
export function disturbed(state: GateState, node: FileNode): Outcome | null {
  const domain = state.domainOf(node);
  return domain === null ? null : unlessClear(state.clearance.undisturbed(domain, node));
}

export const unlessClear = (clear: Clear): Outcome | null => (clear === 'clear' ? null : hindrance(clear));

export const hindrance = (clear: Hindrance): Outcome => (clear === 'wait' ? WAIT : error(clear));

export const done = <T>(result: FsResult<T>, body: (value: T) => Outcome): Outcome =>
  result.ok ? body(result.value) : error(result.errno);
