/** DELEGRETURN (RFC 8881 section 18.6), to be called in a turn of the file. */
import { delegReturn } from '../nfs4/operations/deleg-return.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import {
  NFS4_OK,
  NFS4ERR_ADMIN_REVOKED,
  NFS4ERR_DELEG_REVOKED,
  NFS4ERR_EXPIRED,
  type Status,
  statusName,
} from '../nfs4/status.ts';
import { op } from './compound.ts';
import type { FileContext, Result } from './file-context.ts';
import type { FileRequest } from './file-requests.ts';
import type { FileState } from './file-state.ts';
import type { Patience } from './patience.ts';
import { isTransient } from './recovery-rules.ts';
import { NEVER_MS } from './waiting.ts';

const REVOKED: ReadonlySet<Status> = new Set([NFS4ERR_ADMIN_REVOKED, NFS4ERR_DELEG_REVOKED, NFS4ERR_EXPIRED]);

/**
 * Gives back what there is. From the sending on it is not relied on and not reclaimed, whatever becomes of the request; once sent
 * it is followed to its end, so that the server does not wait a lease for a delegation that nobody has.
 */
export async function returnDelegationInTurn(context: FileContext, patience: Patience): Promise<Result> {
  const { file, requester } = context;
  let attempts = 0;
  let deadlineMs = patience.deadlineMs;
  for (let repetition = 0; ; ) {
    const answer = await requester.send({
      subject: null,
      build: () => returnRequest(file),
      deadlineMs,
      onSend: () => file.delegation?.end(),
    });
    if (answer.kind === 'unsent') return { status: 'TIMEOUT', attempts };
    if (answer.kind === 'called-off') return { status: 'OK', attempts };
    deadlineMs = NEVER_MS;
    if (answer.kind === 'interrupted') continue;
    attempts += 1;
    const { status } = answer.reply;
    if (isTransient(status) && (await requester.pause(repetition++, deadlineMs))) continue;
    // Taken away before it was given back: the server waits until that is acknowledged (RFC 8881 section 10.2.1).
    if (REVOKED.has(status)) await context.review();
    // Anything else says that the server has it no more.
    file.delegation = null;
    return { status: status === NFS4_OK ? 'OK' : statusName(status), attempts };
  }
}

function returnRequest(file: FileState): FileRequest | null {
  const { delegation, handle } = file;
  if (delegation === null || handle === null) return null;
  return {
    ops: [op(putFh, { object: handle }), op(delegReturn, { delegStateid: delegation.stateid })],
    accept: () => {},
  };
}
