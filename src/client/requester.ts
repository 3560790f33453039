/** Sends the requests of the application: as soon as a session stands, and each recorded. */
import type { Clock, Random } from '../core/clock.ts';
import type { CompoundReply } from './compound.ts';
import type { FileRequest } from './file-requests.ts';
import type { Keeper } from './keeper.ts';
import type { Observer } from './observer.ts';
import { type RecordedRequest, recordedAttempt } from './recorded-attempt.ts';
import { backoffMs, type Timing } from './timing.ts';
import { type DeadlineMs, NEVER_MS, sleep } from './waiting.ts';

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
  readonly timing: () => Timing;
  readonly observer: Observer;
  readonly keeper: Keeper;
}

export class Requester {
  readonly #options: RequesterOptions;

  constructor(options: RequesterOptions) {
    this.#options = options;
  }

  /** Sends once. Only what certainly was not sent is tried again in here. */
  async send<Request extends FileRequest>(recorded: RecordedRequest<Request>): Promise<Answer<Request>> {
    const { clock, keeper, observer } = this.#options;
    while (!keeper.stopped && clock.nowMs() < recorded.deadlineMs) {
      const session = await keeper.ready(recorded.deadlineMs);
      if (session === null) break;
      let built: Request | null = null;
      let calledOff = false;
      const attempt = recordedAttempt(observer, {
        ...recorded,
        build() {
          built = recorded.build();
          calledOff = built === null;
          return built;
        },
      });
      const { life } = keeper;
      const outcome = await session.execute(attempt);
      if (outcome.kind === 'reply' && built !== null) {
        return { kind: 'reply', reply: outcome.reply, request: built };
      }
      if (outcome.kind === 'session-over') {
        const unsettled = async () =>
          !outcome.refused && (await keeper.ready(NEVER_MS)) !== null && keeper.life === life;
        return { kind: 'interrupted', unsettled };
      }
      if (calledOff) return { kind: 'called-off' };
    }
    return { kind: 'unsent' };
  }

  /** The client id that state is asked for under, of the session that stands. */
  get clientId(): bigint {
    return this.#options.keeper.clientId;
  }

  /** Waits before the repetition of something that was put off; false when the time would be up. */
  async pause(attempt: number, deadlineMs: DeadlineMs): Promise<boolean> {
    const { clock, random, timing } = this.#options;
    const ms = backoffMs(timing().retry, attempt, random);
    if (clock.nowMs() + ms >= deadlineMs) return false;
    await sleep(clock, ms);
    return true;
  }
}
