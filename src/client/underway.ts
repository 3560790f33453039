/**
 * The requests about files whose outcome is not known yet. A session follows each to its end, for ever if need be; the filesystem that one is about
 * may have moved to another server long before.
 */
import type { Clock } from '../core/clock.ts';
import { NFS4ERR_MOVED } from '../nfs4/status.ts';
import type { Association } from './association.ts';
import type { Attempt, Outcome, Session } from './session.ts';
import { Changes, type DeadlineMs } from './waiting.ts';

/** What one request is about, and where it was sent. */
interface Subject {
  readonly path: string;
  readonly association: Association;
}

interface Request extends Subject {
  /** Nobody waits for its outcome any more. */
  giveUp(): void;
}

type About = (path: string) => boolean;

export class Underway {
  readonly #requests = new Set<Request>();
  readonly #changes: Changes;

  constructor(clock: Clock) {
    this.#changes = new Changes(clock);
  }

  /** {@link Session.execute}; when {@link leaveBehind} came first, the outcome is that of a session that ended, and the real one is not told. */
  carry(subject: Subject, session: Session, attempt: Attempt): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      let sent = false;
      let given = false;
      const request: Request = {
        ...subject,
        giveUp() {
          if (given) return;
          given = true;
          if (!sent) return resolve({ kind: 'unsent' });
          const unknown = { kind: 'session-over', refused: false, status: NFS4ERR_MOVED } as const;
          attempt.onOutcome?.(unknown);
          resolve(unknown);
        },
      };
      const followed = session.execute({
        cacheReply: attempt.cacheReply,
        deadlineMs: attempt.deadlineMs,
        request: () => (given ? null : attempt.request()),
        onSend() {
          sent = true;
          attempt.onSend?.();
        },
        onOutcome(outcome) {
          if (!given) attempt.onOutcome?.(outcome);
        },
      });
      this.#requests.add(request);
      followed.then(resolve, reject).finally(() => {
        this.#requests.delete(request);
        this.#changes.wake();
      });
    });
  }

  /** What was sent there about these files has an outcome, or had none by the deadline and never will, as far as its sender can tell. */
  async leaveBehind(association: Association, about: About, deadlineMs: DeadlineMs): Promise<void> {
    await this.settled(association, about, deadlineMs);
    for (const request of this.#of(association, about)) request.giveUp();
  }

  /** The real outcome of everything that was ever sent there about these files is known; false: not so by the deadline. */
  settled(association: Association, about: About, deadlineMs: DeadlineMs): Promise<boolean> {
    return this.#changes.until(() => this.#of(association, about).length === 0, deadlineMs);
  }

  #of(association: Association, about: About): Request[] {
    return [...this.#requests].filter(
      (request) => request.association === association && about(request.path),
    );
  }
}
