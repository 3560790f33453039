import { attributeBitmap } from '../nfs4/attributes.ts';
import { getAttr } from '../nfs4/operations/get-attr.ts';
import { putRootFh } from '../nfs4/operations/put-root-fh.ts';
import { NFS4_OK } from '../nfs4/status.ts';
import { op } from './compound.ts';
import type { Session } from './session.ts';
import { NEVER_MS } from './waiting.ts';

const LEASE_TIME = attributeBitmap(['leaseTime']);

/**
 * The server's lease time (RFC 8881 section 5.8.1.11) in milliseconds. The attribute counts whole
 * seconds, so a shorter lease reads as 0. Null when the session ended or the server would not say.
 */
export async function readLeaseMs(session: Session): Promise<number | null> {
  const asked = op(getAttr, { attrRequest: LEASE_TIME });
  const outcome = await session.execute({
    request: () => [op(putRootFh, {}), asked],
    cacheReply: false,
    deadlineMs: NEVER_MS,
  });
  const result = outcome.kind === 'reply' ? outcome.reply.of(asked) : null;
  if (result?.status !== NFS4_OK) return null;
  const { leaseTime } = result.objAttributes.values;
  return leaseTime === undefined ? null : leaseTime * 1000;
}
