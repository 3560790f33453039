import type { Bitmap } from '../nfs4/bitmap.ts';
import { EMPTY_BITMAP } from '../nfs4/bitmap.ts';
import {
  CLAIM_DELEG_CUR_FH,
  CLAIM_DELEGATE_CUR,
  CLAIM_FH,
  CLAIM_NULL,
  CLAIM_PREVIOUS,
  EXCLUSIVE4,
  EXCLUSIVE4_1,
  GUARDED4,
  OPEN4_CREATE,
} from '../nfs4/constants.ts';
import type { OpenArgs } from '../nfs4/operations/open.ts';
import {
  type Failure,
  NFS4ERR_BAD_STATEID,
  NFS4ERR_EXIST,
  NFS4ERR_INVAL,
  NFS4ERR_NOENT,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_NOTSUPP,
} from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import { bitmapOfSettable } from './attributes.ts';
import { type Compound, judgeStateid } from './compound.ts';
import { directoryFor } from './directories.ts';
import { statusOfErrno } from './errno-status.ts';
import type {
  Created,
  CreateHow,
  DirectoryChange,
  FileNode,
  InitialAttributes,
  SettableAttributes,
} from './filesystem/types.ts';
import { judgeName } from './names.ts';
import { initialAttributes, makeOwned } from './new-objects.ts';
import { SHARE_BOTH } from './state/opens.ts';

/** The file that an OPEN is about, before anything was opened. */
export interface OpenTarget {
  readonly node: FileNode;
  /** This request made it, now or when it came the first time: what its mode says does not bind its maker. */
  readonly made: boolean;
  /** It was not there before this very request: nobody can have anything to reclaim on it. */
  readonly fresh: boolean;
  /** The file was there and is to be emptied once the open is granted (UNCHECKED4 with size 0). */
  readonly truncate: boolean;
  /** The handle came with the request, so that the file's owner may open it again whatever the mode says now. */
  readonly byHandle: boolean;
  readonly directory: DirectoryChange;
  /** What the creation set. */
  readonly attrSet: Bitmap;
}

const UNCHANGED: DirectoryChange = { before: 0n, after: 0n };
const TIMES: readonly (keyof SettableAttributes)[] = ['accessTime', 'modifyTime'];

/** What is wrong with a claim before grace or files are looked at; null: nothing. */
export function judgeClaim({ claim, openHow }: OpenArgs): Failure | null {
  switch (claim.claim) {
    case CLAIM_NULL:
      return null;
    case CLAIM_DELEGATE_CUR:
    case CLAIM_DELEG_CUR_FH:
    case CLAIM_FH:
    case CLAIM_PREVIOUS:
      return openHow.openType === OPEN4_CREATE ? NFS4ERR_INVAL : null;
    default:
      return NFS4ERR_NOTSUPP;
  }
}

/** Finds the file, or makes it. A claim that {@link judgeClaim} let through. */
export function findTarget(compound: Compound, args: OpenArgs): OpenTarget | Failure {
  const { claim, openHow } = args;
  switch (claim.claim) {
    case CLAIM_NULL:
      return named(compound, claim.file, (directory) =>
        openHow.openType === OPEN4_CREATE
          ? create(compound, directory, claim.file, openHow.how)
          : lookUp(compound, directory, claim.file),
      );
    case CLAIM_DELEGATE_CUR: {
      const { delegateStateid, file } = claim.delegateCurInfo;
      const target = named(compound, file, (directory) => lookUp(compound, directory, file));
      return typeof target === 'number' ? target : delegated(compound, args, delegateStateid, target);
    }
    default: {
      const node = compound.current;
      if (node === null) return NFS4ERR_NOFILEHANDLE;
      const target = { ...existing(node, UNCHANGED), byHandle: true };
      return claim.claim === CLAIM_DELEG_CUR_FH
        ? delegated(compound, args, claim.delegateStateid, target)
        : target;
    }
  }
}

function named(
  compound: Compound,
  name: string,
  find: (directory: FileNode) => OpenTarget | Failure,
): OpenTarget | Failure {
  const directory = directoryFor(compound, compound.current, 'execute');
  if (typeof directory === 'number') return directory;
  const badName = judgeName(name);
  if (badName !== null) return badName;
  const target = find(directory);
  if (typeof target !== 'number') compound.server.paths.learn(directory, name, target.node);
  return target;
}

/** What the client has opened by itself, under a delegation that it has, becomes an open here (RFC 8881 section 10.4.4). */
function delegated(
  compound: Compound,
  { shareAccess }: OpenArgs,
  stateid: Stateid,
  target: OpenTarget,
): OpenTarget | Failure {
  const state = compound.server.locking.stateids.find(stateid.other);
  const bad = judgeStateid(state, stateid.seqid, compound.client);
  if (bad !== null) return bad;
  if (state?.kind !== 'delegation' || state.file.node.key !== target.node.key) return NFS4ERR_BAD_STATEID;
  // Not more than the client could let its users have.
  return (shareAccess & SHARE_BOTH & ~state.access) === 0
    ? { ...target, byHandle: true }
    : NFS4ERR_BAD_STATEID;
}

const existing = (node: FileNode, directory: DirectoryChange): OpenTarget => ({
  node,
  made: false,
  fresh: false,
  truncate: false,
  byHandle: false,
  directory,
  attrSet: EMPTY_BITMAP,
});

function lookUp({ server }: Compound, directory: FileNode, name: string): OpenTarget | Failure {
  const { filesystem } = server.settings;
  const node = filesystem.lookup(directory, name);
  if (!node.ok) return statusOfErrno(node.errno);
  const attributes = filesystem.attributes(directory);
  const change = attributes.ok ? attributes.value.change : 0n;
  return existing(node.value, { before: change, after: change });
}

type WireHow = Extract<OpenArgs['openHow'], { openType: typeof OPEN4_CREATE }>['how'];

function create(compound: Compound, directory: FileNode, name: string, how: WireHow): OpenTarget | Failure {
  const attributes = attributesOf(compound, how);
  if (typeof attributes === 'number') return attributes;
  const found = lookUp(compound, directory, name);
  if (typeof found === 'number' && found !== NFS4ERR_NOENT) return found;
  if (typeof found !== 'number') {
    if (how.mode === GUARDED4) return NFS4ERR_EXIST;
    // All attributes but the size are for a new file (RFC 8881 section 18.16.3).
    if (how.mode !== EXCLUSIVE4 && how.mode !== EXCLUSIVE4_1)
      return { ...found, truncate: attributes.size === 0n };
  }
  const writable = directoryFor(compound, directory, 'change');
  if (typeof writable === 'number') return writable;
  const { filesystem } = compound.server.settings;
  const made = makeOwned(compound, directory, attributes, (initial) =>
    filesystem.create(directory, name, createHow(how, initial)),
  );
  return made.ok ? targetOf(made.value, how, attributes) : statusOfErrno(made.errno);
}

function targetOf(created: Created, how: WireHow, attributes: InitialAttributes): OpenTarget {
  const exclusive = how.mode === EXCLUSIVE4 || how.mode === EXCLUSIVE4_1;
  // Not created and no error: the same exclusive create came before, or another node was faster (unchecked).
  if (!created.created && !exclusive) {
    return { ...existing(created.node, created.directory), truncate: attributes.size === 0n };
  }
  const set = Object.keys(attributes) as (keyof SettableAttributes)[];
  return {
    ...existing(created.node, created.directory),
    made: true,
    fresh: created.created,
    // EXCLUSIVE4 keeps its verifier in the times: the client must set them (RFC 8881 section 18.16.3).
    attrSet: bitmapOfSettable(exclusive ? [...set, ...TIMES] : set),
  };
}

function attributesOf(compound: Compound, how: WireHow): InitialAttributes | Failure {
  if (how.mode === EXCLUSIVE4) return {};
  const set = how.mode === EXCLUSIVE4_1 ? how.createBoth.attrs : how.createAttrs;
  const attributes = initialAttributes(compound, set);
  if (typeof attributes === 'number' || how.mode !== EXCLUSIVE4_1) return attributes;
  // Not in suppattr_exclcreat.
  const times = attributes.accessTime !== undefined || attributes.modifyTime !== undefined;
  return times ? NFS4ERR_INVAL : attributes;
}

function createHow(how: WireHow, attributes: InitialAttributes): CreateHow {
  switch (how.mode) {
    case EXCLUSIVE4:
      return { kind: 'exclusive', verifier: how.createVerf, attributes };
    case EXCLUSIVE4_1:
      return { kind: 'exclusive', verifier: how.createBoth.verf, attributes };
    case GUARDED4:
      return { kind: 'guarded', attributes };
    default:
      return { kind: 'unchecked', attributes };
  }
}
