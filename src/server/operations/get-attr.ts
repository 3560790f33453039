import { type GetAttrArgs, type GetAttrResult, getAttr } from '../../nfs4/operations/get-attr.ts';
import { NFS4_OK, NFS4ERR_NOFILEHANDLE } from '../../nfs4/status.ts';
import { judgeRequest } from '../attributes.ts';
import { askHolder } from '../delegations/holders-word.ts';
import { asksForWhatChanges, seenAttributes } from '../delegations/seen-attributes.ts';
import type { ServedOperation } from '../served-operation.ts';

/** RFC 8881 section 18.7. */
export const serveGetAttr: ServedOperation<GetAttrArgs, GetAttrResult> = {
  codec: getAttr,
  placement: 'in-session',
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
    const values = seenAttributes(compound, compound.current, attrRequest);
    if (typeof values === 'number') return { status: values };
    return { status: NFS4_OK, objAttributes: { mask: attrRequest, values } };
  },
};
