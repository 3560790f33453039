import type { Clock } from '../core/clock.ts';
import type { Association } from './association.ts';
import type { FileState } from './file-state.ts';
import { reviewState } from './state-review.ts';
import type { Whereabouts } from './whereabouts.ts';

/** When which server is asked what it has taken away (state-review.ts). */
export class Reviews {
  readonly #clock: Clock;
  readonly #whereabouts: Whereabouts;
  readonly #latest = new Map<Association, { underway: boolean; endedAtMs: number }>();

  constructor(clock: Clock, whereabouts: Whereabouts) {
    this.#clock = clock;
    this.#whereabouts = whereabouts;
  }

  /** The server says that it revoked something. The flag stays up until we have freed that, so it says the same again and again meanwhile. */
  revoked(association: Association): void {
    const nowMs = this.#clock.nowMs();
    const latest = this.#latest.get(association);
    const restMs = association.timing.renewEveryMs;
    if (latest !== undefined && (latest.underway || nowMs - latest.endedAtMs < restMs)) return;
    const review = { underway: true, endedAtMs: nowMs };
    this.#latest.set(association, review);
    void this.#review(association, this.#whereabouts.filesAt(association)).finally(() => {
      review.underway = false;
      review.endedAtMs = this.#clock.nowMs();
    });
  }

  /** Of one file, whose server has answered as if it did not know what the client has there. */
  of(file: FileState): Promise<void> {
    return this.#review(this.#whereabouts.associationOf(file.path), [file]);
  }

  /** What has moved is not asked about: it is another server's to say what becomes of that. */
  async #review(association: Association, files: Iterable<FileState>): Promise<void> {
    await this.#whereabouts.searched(association);
    const { session } = association.keeper;
    const there = [...files].filter(({ path }) => this.#whereabouts.isUsable(path));
    if (session !== null) await reviewState(session, there, association.observer);
  }
}
