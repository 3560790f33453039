import type { FileAttributes } from '../../nfs4/attributes.ts';
import type { Bitmap } from '../../nfs4/bitmap.ts';
import { type GetAttrArgs, type GetAttrResult, getAttr } from '../../nfs4/operations/get-attr.ts';
import { type Failure, NFS4_OK, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { absenceAt, judgePresence, learntLocation } from '../absence.ts';
import { absentAttributes, asksForLocations } from '../absent-attributes.ts';
import { judgeRequest } from '../attributes.ts';
import type { Compound } from '../compound.ts';
import { askHolder } from '../delegations/holders-word.ts';
import { asksForWhatChanges, seenAttributes } from '../delegations/seen-attributes.ts';
import type { FileNode } from '../filesystem/types.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.7. */
export const serveGetAttr: ServedOperation<GetAttrArgs, GetAttrResult> = {
  codec: getAttr,
  placement: 'in-session',
  onAbsent: 'served',
  prepare(compound, { attrRequest }) {
    const { current } = compound;
    if (current === null || !asksForWhatChanges(attrRequest)) return null;
    return (
      askHolder(compound, current)?.then((word) => {
        compound.holdersWord = word;
      }) ?? null
    );
  },
  serve(compound, { attrRequest }) {
    if (compound.current === null) return { status: NFS4ERR_NOFILEHANDLE };
    const bad = judgeRequest(attrRequest, compound.request.minorVersion);
    if (bad !== null) return { status: bad };
    const values = attributesOf(compound, compound.current, attrRequest);
    if (typeof values === 'number') return { status: values };
    return { status: NFS4_OK, objAttributes: { mask: attrRequest, values } };
  },
};

/** Of a filesystem that moved away only where it is, and only to whoever asks for that. */
function attributesOf(compound: Compound, node: FileNode, requested: Bitmap): FileAttributes | Failure {
  const absence = absenceAt(compound, node);
  if (absence === null) return seenAttributes(compound, node, requested);
  if (!asksForLocations(requested)) return judgePresence(compound) ?? absence;
  const told = absentAttributes(compound.server.settings, node);
  learntLocation(compound, compound.server.domains.of(node));
  return told;
}
