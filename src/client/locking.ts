/** LOCK, LOCKT and LOCKU (RFC 8881 sections 18.10 to 18.12), each to be called in a turn of the file. */
import { gaps, type LockMode, type RangeSet, type Span, within } from '../core/byte-ranges.ts';
import * as st from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import type { FileContext, Result, RetryPolicy } from './file-context.ts';
import { type Conflict, type LockRequest, lockRange, testRange, unlockRange } from './file-requests.ts';
import type { FileState } from './file-state.ts';
import { toByteSpan } from './lock-belief.ts';
import { openInTurn } from './opening.ts';
import { Patience } from './patience.ts';
import { doubtsState, isTransient } from './recovery-rules.ts';
import type { Answer } from './requester.ts';
import { type DeadlineMs, NEVER_MS } from './waiting.ts';

export interface LockResult extends Result {
  /** On DENIED: the lock in the way, as far as the server tells. */
  readonly conflict?: Conflict;
}

export async function lockInTurn(
  context: FileContext,
  span: Span,
  mode: LockMode,
  retry: RetryPolicy,
  patience: Patience,
): Promise<LockResult> {
  const { file, requester } = context;
  const heldBefore = within(file.locks.held, span);
  let attempts = 0;
  for (let repetition = 0; ; ) {
    const opened = await openInTurn(context, context.wish(), retry, patience);
    attempts += opened.attempts;
    if (opened.status !== 'OK') return { status: opened.status, attempts };
    const answer = await sendLock(context, span, mode, patience.deadlineMs, retry === 'all');
    if (answer.kind === 'unsent') return { status: 'TIMEOUT', attempts };
    if (answer.kind === 'interrupted' && patience.expired) {
      if (await answer.unsettled()) await settle(context, span, mode, heldBefore);
      return { status: 'TIMEOUT', attempts };
    }
    if (answer.kind !== 'reply') continue;
    attempts += 1;
    const { status } = answer.reply;
    if (status === st.NFS4_OK) {
      const loss = file.locks.lossIn(span);
      if (loss !== null) await context.review();
      else if (patience.expired) await giveBack(context, span, heldBefore);
      return { status: loss?.status ?? 'OK', attempts };
    }
    if (await nextAttemptMayDiffer(context, status)) continue;
    const again =
      retry !== 'none' && (isTransient(status) || (retry === 'all' && status === st.NFS4ERR_DENIED));
    if (!again || !(await requester.pause(repetition++, patience.deadlineMs))) {
      const conflict = answer.request.conflict(answer.reply);
      return { status: st.statusName(status), attempts, ...(conflict === null ? {} : { conflict }) };
    }
  }
}

/**
 * What the server took away while the answer was on its way (it waited in the slot, for a client that was cut off) it grants no more: the review
 * of state has let go of the open by then, and with that went the lock, of which nobody knew yet (I5).
 */
async function sendLock(
  { file, requester, loseLocks }: FileContext,
  span: Span,
  mode: LockMode,
  deadlineMs: DeadlineMs,
  waits = false,
): Promise<Answer<LockRequest>> {
  let asked: Stateid | null = null;
  let stronger: RangeSet = [];
  const answer = await requester.send({
    subject: { op: 'lock', owner: file.owner, file: file.path, span: toByteSpan(span), mode },
    build: () => {
      asked = file.openStateid;
      return lockRange(file, requester.clientId, span, mode, { reclaim: false, waits });
    },
    deadlineMs,
    // From the sending on no more is relied on, nor reclaimed, than what was asked for: others may have been given what a downgrade let go.
    onSend: () => {
      if (mode === 'read') stronger = file.locks.downgraded(span);
    },
    onFail: () => file.locks.keep(stronger),
    onOk: () => {
      file.locks.granted(span, mode);
      return undefined;
    },
  });
  const granted = answer.kind === 'reply' && answer.reply.status === st.NFS4_OK;
  if (granted && isGone(file, asked)) loseLocks(st.statusName(st.NFS4ERR_EXPIRED));
  return answer;
}

/** An open that a new life of the server does not know either is to be reclaimed, and its locks with it. */
const isGone = ({ openStateid, reclaimPending }: FileState, open: Stateid | null): boolean =>
  !reclaimPending && open !== null && openStateid?.other.equals(open.other) !== true;

/** Did the refusal come from what we know of stateids, and do we know better now? */
async function nextAttemptMayDiffer(context: FileContext, status: st.Status): Promise<boolean> {
  const { file } = context;
  if (status === st.NFS4ERR_OLD_STATEID) {
    const knewSeqid = file.openStateid?.seqid !== 0;
    file.resynchronise();
    return knewSeqid;
  }
  if (!doubtsState(status)) return false;
  const before = { open: file.openStateid, lock: file.lockStateid, losses: file.locks.lost.length };
  await context.review();
  // A lost lock is for the application to hear of first. A stateid that only served no lock any more is replaced in silence.
  const changed = file.openStateid !== before.open || file.lockStateid !== before.lock;
  return changed && file.locks.lost.length === before.losses;
}

/** The caller had gone when the lock was granted: what it did not hold before goes back. */
async function giveBack(context: FileContext, span: Span, heldBefore: RangeSet): Promise<void> {
  for (const gap of gaps(heldBefore, span)) await unlockInTurn(context, gap, new Patience(NEVER_MS));
}

/**
 * The session died under a LOCK whose caller has gone, but the server kept the client's state: it may
 * hold a lock that nobody believes in, which would keep others out for ever. Locking again tells: our
 * own lock is never in the way of ourselves.
 */
async function settle(context: FileContext, span: Span, mode: LockMode, heldBefore: RangeSet): Promise<void> {
  for (let repetition = 0; ; repetition += 1) {
    const answer = await sendLock(context, span, mode, NEVER_MS);
    if (answer.kind === 'interrupted' && (await answer.unsettled())) continue;
    if (answer.kind !== 'reply') return;
    if (answer.reply.status === st.NFS4_OK) return giveBack(context, span, heldBefore);
    if (!isTransient(answer.reply.status)) return;
    await context.requester.pause(repetition, NEVER_MS);
  }
}

/**
 * Unlocks. From the sending on the owner does not rely on the range any more and does not reclaim it,
 * whatever becomes of the request; only an answer that it was certainly not done brings it back. Once
 * sent it is followed to its end, so that the server is not left with a lock that nobody knows of.
 */
export async function unlockInTurn(context: FileContext, span: Span, patience: Patience): Promise<Result> {
  const { file, requester } = context;
  let attempts = 0;
  let deadlineMs = patience.deadlineMs;
  for (let repetition = 0; ; ) {
    let held: RangeSet = [];
    const answer = await requester.send({
      subject: { op: 'unlock', owner: file.owner, file: file.path, span: toByteSpan(span) },
      build: () => unlockRange(file, span),
      deadlineMs,
      onSend: () => {
        held = file.locks.released(span);
      },
      onFail: () => file.locks.keep(held),
    });
    if (answer.kind === 'unsent') return { status: 'TIMEOUT', attempts };
    // The server knows of no lock of this owner, or not any more.
    if (answer.kind === 'called-off') {
      file.locks.released(span);
      return { status: 'OK', attempts };
    }
    deadlineMs = NEVER_MS;
    if (answer.kind === 'interrupted') continue;
    attempts += 1;
    const { status } = answer.reply;
    if (status === st.NFS4_OK) return { status: 'OK', attempts };
    if (await nextAttemptMayDiffer(context, status)) continue;
    if (isTransient(status) && (await requester.pause(repetition++, patience.deadlineMs))) continue;
    return { status: st.statusName(status), attempts };
  }
}

/** Would the lock be granted? Takes nothing. */
export async function testInTurn(
  context: FileContext,
  span: Span,
  mode: LockMode,
  patience: Patience,
): Promise<LockResult> {
  const { file, requester } = context;
  let attempts = 0;
  for (let repetition = 0; ; ) {
    const opened = await openInTurn(context, context.wish(), 'grace', patience);
    attempts += opened.attempts;
    if (opened.status !== 'OK') return { status: opened.status, attempts };
    const answer = await requester.send({
      subject: { op: 'lock-test', owner: file.owner, file: file.path, span: toByteSpan(span), mode },
      build: () => testRange(file, requester.clientId, span, mode),
      deadlineMs: patience.deadlineMs,
      repeatable: true,
    });
    if (answer.kind === 'unsent') return { status: 'TIMEOUT', attempts };
    if (answer.kind !== 'reply') continue;
    attempts += 1;
    const { status } = answer.reply;
    if (isTransient(status) && (await requester.pause(repetition++, patience.deadlineMs))) continue;
    const conflict = answer.request.conflict(answer.reply);
    return { status: st.statusName(status), attempts, ...(conflict === null ? {} : { conflict }) };
  }
}
