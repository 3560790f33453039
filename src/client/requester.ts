/** Sends the requests of the application about one file: as soon as a session with its server stands, and each recorded. */
import type { Clock, Random } from '../core/clock.ts';
import { NFS4ERR_MOVED } from '../nfs4/status.ts';
import type { CompoundReply } from './compound.ts';
import type { FileRequest } from './file-requests.ts';
import { type RecordedRequest, recordedAttempt } from './recorded-attempt.ts';
import { backoffMs } from './timing.ts';
import type { Underway } from './underway.ts';
import { type DeadlineMs, NEVER_MS, sleep } from './waiting.ts';
import type { Whereabouts } from './whereabouts.ts';

export type Answer<Request> =
  | { readonly kind: 'reply'; readonly reply: CompoundReply; readonly request: Request }
  /** Out of time, or the client stopped, before anything was sent. */
  | { readonly kind: 'unsent' }
  /** There was nothing to be sent any more. */
  | { readonly kind: 'called-off' }
  /**
   * The session ended under it. `unsettled` tells, once there is another, whether it may have been run and
   * its effect may still be there, because the server has kept this client's state.
   */
  | { readonly kind: 'interrupted'; unsettled(): Promise<boolean> };

export interface RequesterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Of the one file that all requests are about. */
  readonly path: string;
  readonly whereabouts: Whereabouts;
  readonly underway: Underway;
}

export class Requester {
  readonly #options: RequesterOptions;

  constructor(options: RequesterOptions) {
    this.#options = options;
  }

  /**
   * Sends once, to the server that has the file. Only what certainly was not done because the file is at another server, or was not sent, is
   * tried again in here.
   */
  async send<Request extends FileRequest>(recorded: RecordedRequest<Request>): Promise<Answer<Request>> {
    const { clock, path, whereabouts, underway } = this.#options;
    while (!whereabouts.stopped && clock.nowMs() < recorded.deadlineMs) {
      const standing = await whereabouts.ready(path, recorded.deadlineMs);
      if (standing === null) break;
      const { association, session } = standing;
      let built: Request | null = null;
      let calledOff = false;
      const attempt = recordedAttempt(association.observer, {
        ...recorded,
        build() {
          if (!whereabouts.isStill(path, standing)) return null;
          built = recorded.build();
          calledOff = built === null;
          return built;
        },
      });
      const { life } = association.keeper;
      const outcome = await underway.carry({ path, association }, session, attempt);
      if (outcome.kind === 'reply' && built !== null) {
        const { reply } = outcome;
        if (reply.status !== NFS4ERR_MOVED) return { kind: 'reply', reply, request: built };
        if (whereabouts.isStill(path, standing)) whereabouts.moved(path, association);
      }
      if (outcome.kind === 'session-over') {
        const hasKept = () => whereabouts.isStill(path, standing) && association.keeper.life === life;
        const unsettled = async () =>
          !outcome.refused && (await whereabouts.ready(path, NEVER_MS)) !== null && hasKept();
        return { kind: 'interrupted', unsettled };
      }
      if (calledOff) return { kind: 'called-off' };
    }
    return { kind: 'unsent' };
  }

  /** The client id that state is asked for under, of the session that stands. */
  get clientId(): bigint {
    return this.#association.keeper.clientId;
  }

  /** Waits before the repetition of something that was put off; false when the time would be up. */
  async pause(attempt: number, deadlineMs: DeadlineMs): Promise<boolean> {
    const { clock, random } = this.#options;
    const ms = backoffMs(this.#association.timing.retry, attempt, random);
    if (clock.nowMs() + ms >= deadlineMs) return false;
    await sleep(clock, ms);
    return true;
  }

  get #association() {
    const { whereabouts, path } = this.#options;
    return whereabouts.associationOf(path);
  }
}
