import { NF4BLK, NF4CHR, NF4DIR, NF4FIFO, NF4LNK, NF4SOCK } from '../../nfs4/constants.ts';
import { type CreateArgs, type CreateResult, type CreateType, create } from '../../nfs4/operations/create.ts';
import { type Failure, NFS4_OK, NFS4ERR_BADTYPE, NFS4ERR_INVAL, NFS4ERR_PERM } from '../../nfs4/status.ts';
import { bitmapOfSettable } from '../attributes.ts';
import type { Compound } from '../compound.ts';
import { directoryFor } from '../directories.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { FsResult } from '../filesystem/result.ts';
import type {
  Created,
  FileNode,
  Filesystem,
  InitialAttributes,
  SettableAttributes,
} from '../filesystem/types.ts';
import { judgeName } from '../names.ts';
import { changeInfo, initialAttributes, makeOwned } from '../new-objects.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.4. */
export const serveCreate: ServedOperation<CreateArgs, CreateResult> = {
  codec: create,
  placement: 'in-session',
  replyBytes: 40,
  serve(compound, { objType, objName, createAttrs }) {
    const directory = directoryFor(compound, compound.current, 'change');
    if (typeof directory === 'number') return { status: directory };
    const bad = judgeName(objName) ?? judgeObjectType(compound, objType);
    if (bad !== null) return { status: bad };
    const attributes = initialAttributes(compound, createAttrs);
    if (typeof attributes === 'number') return { status: attributes };
    // A size is for regular files.
    if (attributes.size !== undefined) return { status: NFS4ERR_INVAL };
    const { filesystem } = compound.server.settings;
    const made = makeOwned(compound, directory, attributes, (initial) =>
      make(filesystem, directory, objName, objType, initial),
    );
    if (!made.ok) return { status: statusOfErrno(made.errno) };
    compound.server.paths.learn(directory, objName, made.value.node);
    compound.setCurrent(made.value.node);
    const set = Object.keys(attributes) as (keyof SettableAttributes)[];
    return { status: NFS4_OK, cinfo: changeInfo(made.value.directory), attrSet: bitmapOfSettable(set) };
  },
};

function judgeObjectType({ caller }: Compound, { type, linkData }: CreateType): Failure | null {
  switch (type) {
    case NF4DIR:
    case NF4FIFO:
    case NF4SOCK:
      return null;
    case NF4LNK:
      return linkData === undefined || linkData.length === 0 ? NFS4ERR_INVAL : null;
    case NF4BLK:
    case NF4CHR:
      // As mknod has it.
      return caller.credentials.uid === 0 ? null : NFS4ERR_PERM;
    default:
      return NFS4ERR_BADTYPE;
  }
}

function make(
  filesystem: Filesystem,
  directory: FileNode,
  name: string,
  { type, linkData, devData }: CreateType,
  attributes: InitialAttributes,
): FsResult<Created> {
  const device = devData ?? { major: 0, minor: 0 };
  switch (type) {
    case NF4DIR:
      return filesystem.makeDirectory(directory, name, attributes);
    case NF4LNK:
      return filesystem.makeSymlink(directory, name, linkData ?? '', attributes);
    case NF4FIFO:
      return filesystem.makeSpecial(directory, name, 'fifo', device, attributes);
    case NF4SOCK:
      return filesystem.makeSpecial(directory, name, 'socket', device, attributes);
    case NF4BLK:
      return filesystem.makeSpecial(directory, name, 'block', device, attributes);
    default:
      return filesystem.makeSpecial(directory, name, 'character', device, attributes);
  }
}
