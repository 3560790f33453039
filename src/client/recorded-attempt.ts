import { NFS4_OK, statusName } from '../nfs4/status.ts';
import type { CompoundReply } from './compound.ts';
import type { FileRequest } from './file-requests.ts';
import type { Observer, OpRecord, OpSubject } from './observer.ts';
import type { Attempt } from './session.ts';
import type { DeadlineMs } from './waiting.ts';

/** One request about one file, which appears in the history as one operation. */
export interface RecordedRequest<Request extends FileRequest = FileRequest> {
  /** Null for what histories have no word for. */
  readonly subject: OpSubject | null;
  /** Builds it from the state of the moment of sending; null when there is nothing to be sent any more. */
  build(): Request | null;
  readonly deadlineMs: DeadlineMs;
  /** May simply run again, so that the server need not keep its reply. */
  readonly repeatable?: boolean;
  /** What to believe from the moment of sending on, whatever will be answered. */
  onSend?(): void;
  /** What to believe after it was done. Returns what was read, for the history. */
  onOk?(reply: CompoundReply, request: Request): string | undefined;
  /** What to believe after it certainly was not done. */
  onFail?(): void;
}

/** Beliefs and events change together, synchronously, at sending and at the outcome. */
export function recordedAttempt<Request extends FileRequest>(
  observer: Observer,
  recorded: RecordedRequest<Request>,
): Attempt {
  let request: Request | null = null;
  let record: OpRecord | null = null;
  return {
    cacheReply: recorded.repeatable !== true,
    deadlineMs: recorded.deadlineMs,
    request() {
      request = recorded.build();
      return request?.ops ?? null;
    },
    onSend() {
      record = recorded.subject === null ? null : observer.invoke(recorded.subject);
      recorded.onSend?.();
    },
    onOutcome(outcome) {
      if (outcome.kind === 'reply' && outcome.reply.status === NFS4_OK && request !== null) {
        request.accept(outcome.reply);
        const value = recorded.onOk?.(outcome.reply, request);
        record?.ok(value);
      } else if (outcome.kind === 'reply' || outcome.refused) {
        recorded.onFail?.();
        record?.fail(statusName(outcome.kind === 'reply' ? outcome.reply.status : outcome.status));
      } else {
        record?.unknown();
      }
    },
  };
}
