/** READ, WRITE and COMMIT (RFC 8881 sections 18.22, 18.32, 18.3) under the owner's opens and locks. */
import type { Span } from '../core/byte-ranges.ts';
import { FILE_SYNC4, UNSTABLE4 } from '../nfs4/constants.ts';
import { commit } from '../nfs4/operations/commit.ts';
import { putFh } from '../nfs4/operations/put-fh.ts';
import { read } from '../nfs4/operations/read.ts';
import { write } from '../nfs4/operations/write.ts';
import * as st from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import { type Op, op } from './compound.ts';
import type { Delegation } from './delegation.ts';
import type { FileContext, Result, StatusName } from './file-context.ts';
import type { FileRequest } from './file-requests.ts';
import type { FileState } from './file-state.ts';
import { toByteSpan } from './lock-belief.ts';
import { isOpenFor, openInTurn } from './opening.ts';
import type { Patience } from './patience.ts';
import type { RecordedRequest } from './recorded-attempt.ts';
import { doubtsState, isTransient } from './recovery-rules.ts';
import type { UncommittedWrites } from './uncommitted-writes.ts';

export interface ReadResult extends Result {
  readonly data: Buffer;
  readonly eof: boolean;
}

export interface WriteResult extends Result {
  /** Bytes written; a server may write fewer than it was sent. */
  readonly count: number;
}

/** What a history shall say about the content. */
export interface ContentNote {
  /** The content as text. */
  readonly value: (data: Buffer) => string;
  /** On a write: the value that this one was computed from. */
  readonly basedOn?: string;
}

export interface WriteOrder {
  readonly offset: number;
  readonly data: Buffer;
  /** FILE_SYNC: answered when it is on stable storage. Otherwise `commit` makes it so. */
  readonly sync: boolean;
  readonly note?: ContentNote | undefined;
  /** Once this is gone it is not sent any more, and not again. */
  readonly under?: Delegation | undefined;
}

export async function readData(
  context: FileContext,
  offset: number,
  count: number,
  note: ContentNote | undefined,
  patience: Patience,
): Promise<ReadResult> {
  const { file } = context;
  const span = spanOf(offset, count);
  let data: Buffer = Buffer.alloc(0);
  let eof = false;
  const { status, attempts } = await transfer(context, span, patience, {
    subject: { op: 'read', owner: file.owner, file: file.path, span: toByteSpan(span) },
    repeatable: true,
    build: () =>
      request(
        file,
        (stateid) => op(read, { stateid, offset: span.start, count }),
        (result) => {
          // A window on the reply: what is kept for longer must not keep the whole message.
          data = Buffer.from(result.data);
          eof = result.eof;
        },
      ),
    onOk: () => note?.value(data),
  });
  return { status, attempts, data, eof };
}

export async function writeData(
  context: FileContext,
  order: WriteOrder,
  uncommitted: UncommittedWrites,
  patience: Patience,
): Promise<WriteResult> {
  const { file } = context;
  const { offset, data, note, under } = order;
  const span = spanOf(offset, data.length);
  const stable = order.sync || !uncommitted.hasRoomFor(data.length) ? FILE_SYNC4 : UNSTABLE4;
  let count = 0;
  const lossOf = () => (under?.gone ? 'DELEG_REVOKED' : null);
  const { status, attempts } = await transfer(context, span, patience, {
    lossOf,
    subject: {
      op: 'write',
      owner: file.owner,
      file: file.path,
      span: toByteSpan(span),
      ...(note === undefined ? {} : { value: note.value(data) }),
      ...(note?.basedOn === undefined ? {} : { basedOn: note.basedOn }),
    },
    build: () =>
      request(
        file,
        (stateid) => op(write, { stateid, offset: span.start, stable, data }),
        (result) => {
          count = result.count;
          uncommitted.add(order, result.committed === UNSTABLE4 ? result.writeVerf : null);
        },
      ),
  });
  return { status, attempts, count };
}

/**
 * Puts on stable storage what was written without `sync`. A server that lost power since then shows it
 * by another verifier; what it may have lost is written again, under the locks of now (section 18.3.4).
 */
export async function commitData(
  context: FileContext,
  uncommitted: UncommittedWrites,
  patience: Patience,
): Promise<Result> {
  const { file } = context;
  if (uncommitted.isEmpty) return { status: 'OK', attempts: 0 };
  const covered = uncommitted.covered();
  let verifier: Buffer | null = null;
  const done = await transfer(context, null, patience, {
    subject: null,
    build: () =>
      request(
        file,
        () => op(commit, { offset: 0n, count: 0 }),
        (result) => {
          verifier = result.writeVerf;
        },
      ),
  });
  if (done.status !== 'OK' || verifier === null) return done;
  let { attempts } = done;
  for (const order of uncommitted.settle(covered, verifier)) {
    const again = await writeData(context, { ...order, sync: true }, uncommitted, patience);
    attempts += again.attempts;
    if (again.status !== 'OK') return { status: again.status, attempts };
  }
  return { status: 'OK', attempts };
}

/**
 * Repeats until it is done or refused for good. It is safe to repeat a READ or WRITE whose answer died
 * with a session: under the owner's lock nobody else has changed the bytes meanwhile. If that lock
 * is lost, nothing is sent any more and the application is told (I5).
 */
async function transfer(
  context: FileContext,
  span: Span | null,
  patience: Patience,
  {
    lossOf: furtherLoss,
    ...recorded
  }: Omit<RecordedRequest, 'deadlineMs'> & { lossOf?(): StatusName | null },
): Promise<Result> {
  const { file, requester } = context;
  const lossOf = (): StatusName | null => {
    const lost = span === null ? null : file.locks.lossIn(span);
    return lost?.status ?? furtherLoss?.() ?? null;
  };
  let attempts = 0;
  for (let repetition = 0; ; ) {
    const opened = await reopen(context, patience);
    attempts += opened.attempts;
    const status = lossOf() ?? opened.status;
    if (status !== 'OK') return { status, attempts };
    const answer = await requester.send({
      ...recorded,
      // Looked at once more at the moment of sending: a recovery may lie between.
      build: () => (lossOf() === null ? recorded.build() : null),
      deadlineMs: patience.deadlineMs,
    });
    if (answer.kind === 'unsent') return { status: 'TIMEOUT', attempts };
    if (answer.kind !== 'reply') continue;
    attempts += 1;
    const result = answer.reply.status;
    if (doubtsState(result) && (await reviewChangesSomething(context))) continue;
    if (isTransient(result) && (await requester.pause(repetition++, patience.deadlineMs))) continue;
    return { status: st.statusName(result), attempts };
  }
}

async function reopen(context: FileContext, patience: Patience): Promise<Result> {
  const { file } = context;
  if (isOpenFor(file, context.wish())) return { status: 'OK', attempts: 0 };
  const leave = await file.turns.take(patience.deadlineMs);
  if (leave === null) return { status: 'TIMEOUT', attempts: 0 };
  try {
    if (context.isClosed()) return { status: 'CLOSED', attempts: 0 };
    return await openInTurn(context, context.wish(), 'grace', patience);
  } finally {
    leave();
  }
}

async function reviewChangesSomething(context: FileContext): Promise<boolean> {
  const { file } = context;
  const [open, lock] = [file.openStateid, file.lockStateid];
  await context.review();
  return file.openStateid !== open || file.lockStateid !== lock;
}

/** That of the delegation, if there is one, of the locks while locks are held, else of the open (RFC 8881 section 8.2.5); seqid 0: the latest. */
function ioStateid(file: FileState): Stateid | null {
  const { delegation } = file;
  const stateid =
    delegation?.kind === 'write' && !delegation.gone
      ? delegation.stateid
      : file.locks.held.length > 0
        ? file.lockStateid
        : file.openStateid;
  return stateid && { ...stateid, seqid: 0 };
}

function request<R extends { readonly status: st.Status }>(
  file: FileState,
  make: (stateid: Stateid) => Op<R>,
  accept: (result: Extract<R, { readonly status: typeof st.NFS4_OK }>) => void,
): FileRequest | null {
  const stateid = ioStateid(file);
  if (stateid === null || file.handle === null) return null;
  const made = make(stateid);
  return {
    ops: [op(putFh, { object: file.handle }), made],
    accept(reply) {
      const result = reply.of(made);
      if (result?.status === st.NFS4_OK) {
        accept(result as Extract<R, { readonly status: typeof st.NFS4_OK }>);
      }
    },
  };
}

function spanOf(offset: number, count: number): Span {
  return { start: BigInt(offset), end: BigInt(offset + Math.max(1, count)) };
}
