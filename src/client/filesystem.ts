import type { Random } from '../core/clock.ts';
import type { Association } from './association.ts';
import { type Backoff, backoffMs } from './timing.ts';

export type Presence =
  /** As usual. */
  | 'here'
  /** It has moved, and with it everything of it that the client believes in; nothing was claimed elsewhere yet. */
  | 'leaving'
  /** It has been found at another server, where it is being reclaimed. */
  | 'arriving';

/** One filesystem as the client uses it. Before anything moves there is one: all that the server shows. */
export class Filesystem {
  /** The directories that lead to it from the root of its server. */
  readonly root: readonly string[];
  /** Where it is, or was until it is found elsewhere. */
  association: Association;
  presence: Presence = 'here';
  /** Counts departures: a stateid from before one means nothing any more. */
  departures = 0;
  #settledAtMs = Number.NEGATIVE_INFINITY;
  /** Where it was looked for, one place after the other, without much rest in between. */
  #steps = 0;

  constructor(root: readonly string[], association: Association) {
    this.root = root;
    this.association = association;
  }

  /** By name, for events; none: whatever the server shows. */
  get label(): { readonly file?: string } {
    return this.root.length === 0 ? {} : { file: this.root.join('/') };
  }

  /** @param restMs in milliseconds: after so long a stay this move has nothing to do with the one before */
  leave(nowMs: number, restMs: number): void {
    if (this.presence === 'here' && nowMs - this.#settledAtMs > restMs) this.#steps = 0;
    this.presence = 'leaving';
    this.departures += 1;
  }

  arriveAt(association: Association): void {
    this.association = association;
    this.presence = 'arriving';
  }

  settle(nowMs: number): void {
    this.presence = 'here';
    this.#settledAtMs = nowMs;
  }

  /** How long to wait before the next step, in milliseconds: servers that send each other's clients back and forth must not keep one busy. */
  pauseMs(backoff: Backoff, random: Random): number {
    this.#steps += 1;
    return this.#steps === 1 ? 0 : backoffMs(backoff, this.#steps - 2, random);
  }
}
