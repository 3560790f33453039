import { EMPTY_BITMAP } from '../../nfs4/bitmap.ts';
import { type SetAttrArgs, type SetAttrResult, setAttr } from '../../nfs4/operations/set-attr.ts';
import {
  type Failure,
  NFS4_OK,
  NFS4ERR_ACCESS,
  NFS4ERR_NOFILEHANDLE,
  NFS4ERR_PERM,
  NFS4ERR_ROFS,
} from '../../nfs4/status.ts';
import { bitmapOfSettable, settableFrom } from '../attributes.ts';
import type { Compound } from '../compound.ts';
import { recallFor } from '../delegations/conflicts.ts';
import { statusOfErrno } from '../errno-status.ts';
import type { FileNode, SettableAttributes } from '../filesystem/types.ts';
import { judgeIo, judgeType } from '../io-admission.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.30. Setting the size is writing: it needs a stateid like a WRITE, and meets grace like one. */
export const serveSetAttr: ServedOperation<SetAttrArgs, SetAttrResult> = {
  codec: setAttr,
  placement: 'in-session',
  replyBytes: 20,
  serve(compound, { stateid, objAttributes }) {
    const node = compound.current;
    if (node === null) return failed(NFS4ERR_NOFILEHANDLE);
    const { domains, settings } = compound.server;
    if (domains.isPseudoRoot(node) || settings.filesystem.isReadOnly?.(node)) return failed(NFS4ERR_ROFS);
    const attributes = settableFrom(objAttributes);
    if (typeof attributes === 'number') return failed(attributes);
    if (attributes.size !== undefined) {
      const refusal = judgeType(compound, node) ?? judgeIo(compound, node, stateid, 'write');
      if (refusal !== null) return failed(refusal);
    }
    const forbidden = judgeOwnership(compound, node, attributes);
    const refusal = forbidden ?? recallFor(compound, node, 'change');
    if (refusal !== null) return failed(refusal);
    const outcome = settings.filesystem.setAttributes(node, attributes);
    return {
      status: outcome.errno === null ? NFS4_OK : statusOfErrno(outcome.errno),
      attrsSet: bitmapOfSettable(outcome.applied),
    };
  },
};

const failed = (status: Failure): SetAttrResult => ({ status, attrsSet: EMPTY_BITMAP });

/** As chown, chmod and utimensat have it. */
function judgeOwnership(compound: Compound, node: FileNode, attributes: SettableAttributes): Failure | null {
  const { uid, gid, mode, accessTime, modifyTime } = attributes;
  const times = [accessTime, modifyTime].filter((time) => time !== undefined);
  if (uid === undefined && gid === undefined && mode === undefined && times.length === 0) return null;
  const { credentials } = compound.caller;
  const { filesystem } = compound.server.settings;
  if (filesystem.enforcesRights) return null;
  const allowed = filesystem.permissions(node, credentials);
  if (!allowed.ok) return statusOfErrno(allowed.errno);
  const { owner, write } = allowed.value;
  if (!owner && (uid !== undefined || gid !== undefined || mode !== undefined)) return NFS4ERR_PERM;
  if (!owner && times.some((time) => time !== 'now')) return NFS4ERR_PERM;
  if (!owner && !write) return NFS4ERR_ACCESS;
  if (credentials.uid === 0) return null;
  // Only root gives files away; an owner may choose among its own groups.
  if (uid !== undefined && uid !== credentials.uid) return NFS4ERR_PERM;
  const ownGroup = gid === undefined || gid === credentials.gid || credentials.gids.includes(gid);
  return ownGroup ? null : NFS4ERR_PERM;
}
