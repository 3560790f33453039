import type { Clock } from '../core/clock.ts';
import type { FileState, ShareAccess, ShareDeny } from './file-state.ts';
import type { Requester } from './requester.ts';

/** What the operations on one file work with. */
export interface FileContext {
  readonly clock: Clock;
  readonly requester: Requester;
  readonly file: FileState;
  /** The application has closed it: nobody would know of an open that was made now. */
  isClosed(): boolean;
  /** How it is opened when it is not open, or no longer. */
  wish(): OpenWish;
  /** Asks the server which of the file's state is gone, and lets go of that. */
  review(): Promise<void>;
  /** The client knows that all its locks on the file are gone, and tells the application (I5). */
  loseLocks(status: StatusName): void;
}

export interface OpenWish {
  readonly access: ShareAccess;
  /** Create the file if it is not there. */
  readonly create: boolean;
  /** OPEN4_SHARE_DENY_READ, _WRITE, _BOTH: what nobody else may do meanwhile. */
  readonly deny?: ShareDeny;
  /** The file must not be there yet: the verifier by which the server knows this attempt again, 8 bytes. */
  readonly exclusive?: Buffer | undefined;
}

/** Which refusals are followed by another attempt, as long as there is time. */
export type RetryPolicy =
  | 'none'
  /** GRACE and DELAY, by the book. */
  | 'grace'
  /** DENIED too. */
  | 'all';

/**
 * The name of an NFSv4 status without its prefix, or one of our own: `TIMEOUT` (the time was up before
 * an answer), `CLOSED` (the application closed the file or stopped the client), `SERVER_SCOPE` (the
 * lock was given by servers of another scope, RFC 8881 section 2.10.4).
 */
export type StatusName = string;

/** What came of an operation that may have taken several attempts. */
export interface Result {
  readonly status: StatusName;
  /** Requests that were answered. */
  readonly attempts: number;
}

export const UNANSWERED: Result = { status: 'TIMEOUT', attempts: 0 };
