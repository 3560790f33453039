import type { Clock } from '../../core/clock.ts';
import type { LockDomain } from '../domains.ts';
import type { Errno } from '../filesystem/result.ts';
import type { FileNode } from '../filesystem/types.ts';
import type { Place } from '../marks/board.ts';

interface Wish {
  readonly domain: LockDomain;
  readonly place: Place;
  /** It goes when nobody has come for it again by then. */
  untilMs: number;
}

/**
 * What this node's clients want, and delegations of other nodes stand against. The wish stays on the board while the client
 * is told DELAY and comes again; a client that does not come again is not waited for.
 */
export class Wishes {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #wishes = new Map<string, Wish>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, patienceMs: number) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
  }

  /** @param wanted WANTED_* */
  make(domain: LockDomain, place: Place, wanted: number): Errno | null {
    const errno = domain.marks?.want(place, wanted) ?? null;
    this.#wishes.set(keyOf(domain, place), {
      domain,
      place,
      untilMs: this.#clock.nowMs() + this.#patienceMs,
    });
    this.#cancel ??= this.#clock.after(this.#patienceMs, () => this.#sweep());
    return errno;
  }

  /** Nothing stands against it any more. */
  fulfil(domain: LockDomain, node: FileNode): void {
    if (this.#wishes.size === 0 || domain.marks === undefined) return;
    const wish = this.#wishes.get(keyOf(domain, domain.marks.placeOf(node)));
    if (wish !== undefined) this.#drop(wish);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (const wish of this.#wishes.values()) this.#drop(wish);
  }

  #sweep(): void {
    this.#cancel = null;
    const nowMs = this.#clock.nowMs();
    for (const wish of this.#wishes.values()) if (wish.untilMs <= nowMs) this.#drop(wish);
    if (this.#wishes.size > 0) this.#cancel = this.#clock.after(this.#patienceMs, () => this.#sweep());
  }

  #drop({ domain, place }: Wish): void {
    this.#wishes.delete(keyOf(domain, place));
    domain.marks?.unwant(place);
  }
}

const keyOf = (domain: LockDomain, place: Place): string => `${domain.name} ${place}`;
