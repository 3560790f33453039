/** OPEN and CLOSE (RFC 8881 sections 18.16, 18.2), each to be called in a turn of the file. */
import { NFS4_OK, statusName } from '../nfs4/status.ts';
import type { FileContext, OpenWish, Result, RetryPolicy } from './file-context.ts';
import { closeOpen, openByName } from './file-requests.ts';
import type { FileState } from './file-state.ts';
import type { Patience } from './patience.ts';
import { doubtsState, isTransient } from './recovery-rules.ts';
import { NEVER_MS } from './waiting.ts';

/** Open, or on the way back to be: whoever needs it waits for the recovery, and looks again after it. */
const isOpen = (file: FileState): boolean => file.openStateid !== null || file.reclaimPending;

export const isOpenFor = (file: FileState, { access, deny = 0 }: OpenWish): boolean =>
  isOpen(file) && (file.access & access) === access && (file.deny & deny) === deny;

/** Opens the file, or widens what it is open for, unless that is so already. The wish includes all that was wished for before. */
export async function openInTurn(
  context: FileContext,
  wish: OpenWish,
  retry: RetryPolicy,
  patience: Patience,
): Promise<Result> {
  const { file, requester } = context;
  let attempts = 0;
  for (let repetition = 0; ; ) {
    if (isOpenFor(file, wish)) return { status: 'OK', attempts };
    const answer = await requester.send({
      subject: { op: 'open', owner: file.owner, file: file.path },
      build: () => openByName(file, requester.clientId, wish),
      deadlineMs: patience.deadlineMs,
    });
    if (answer.kind === 'unsent') return { status: 'TIMEOUT', attempts };
    if (answer.kind !== 'reply') continue;
    attempts += 1;
    const { status } = answer.reply;
    if (status === NFS4_OK) continue;
    const again = isTransient(status) && retry !== 'none';
    if (!again || !(await requester.pause(repetition++, patience.deadlineMs))) {
      return { status: statusName(status), attempts };
    }
  }
}

/**
 * Closes what is open. From the sending on the open is not reclaimed any more. Once a CLOSE was sent it
 * is followed to its end, so that the server is not left with an open that nobody knows of.
 */
export async function closeInTurn(context: FileContext, patience: Patience): Promise<Result> {
  const { file, requester } = context;
  let attempts = 0;
  let deadlineMs = patience.deadlineMs;
  for (let repetition = 0; ; ) {
    const answer = await requester.send({
      subject: { op: 'close', owner: file.owner, file: file.path },
      build: () => closeOpen(file),
      deadlineMs,
      onSend: () => {
        file.closing = true;
      },
      onFail: () => {
        file.closing = false;
      },
    });
    if (answer.kind === 'unsent') return { status: 'TIMEOUT', attempts };
    // Nothing to close (any more): the server that had it open is no more.
    if (answer.kind === 'called-off') {
      file.closing = false;
      return { status: 'OK', attempts };
    }
    deadlineMs = NEVER_MS;
    if (answer.kind === 'interrupted') continue;
    attempts += 1;
    file.closing = false;
    const { status } = answer.reply;
    if (doubtsState(status)) await context.review();
    else if (isTransient(status) && (await requester.pause(repetition++, patience.deadlineMs))) continue;
    return { status: statusName(status), attempts };
  }
}
