/** One life of the server, from the restart on, and the grace that it began with. */
import type { Clock } from '../core/clock.ts';
import { Unjudged } from './outcome.ts';
import type { OpenFile } from './requests.ts';
import { readLeaseMs } from './run-directory.ts';
import type { WireClient } from './wire-client.ts';

export interface GraceEnd {
  /** From the moment in which the helper was called: no less than grace really took. */
  readonly sinceCalledMs: number;
  /** From the moment in which the helper said that the server serves: no more than grace really took. */
  readonly sinceServingMs: number;
}

const LOOK_MS = 50;
/** RFC 8881 bounds no grace. Longer than this nobody waits for the end of one. */
export const GRACE_AT_MOST_MS = 150_000;

/** Asks again and again for a file of its own to be opened, as a client that may have new state as soon as anybody may. */
export class Life {
  readonly calledMs: number;
  readonly servingMs: number;
  /** What the first OPEN of this life was answered: GRACE as long as somebody is waited for. */
  readonly first: Promise<string>;
  /** @throws {Unjudged} when it never ends */
  readonly graceEnd: Promise<GraceEnd>;
  readonly #clock: Clock;
  readonly #witness: WireClient;
  readonly #file: string;

  /** @param witness has completed its reclaims in this life */
  constructor(
    clock: Clock,
    witness: WireClient,
    file: string,
    called: { calledMs: number; servingMs: number },
  ) {
    this.#clock = clock;
    this.#witness = witness;
    this.#file = file;
    this.calledMs = called.calledMs;
    this.servingMs = called.servingMs;
    this.first = this.ask();
    this.graceEnd = this.#untilOver();
    // Whoever waits for it hears of it; nobody has to.
    this.graceEnd.catch(() => {});
    this.first.catch(() => {});
  }

  /** GRACE, or OK. */
  async ask(): Promise<string> {
    const { status, file } = await this.#witness.open(this.#file);
    if (file !== null) await this.#close(file);
    return status;
  }

  /** What the server says its lease time is in this life. */
  leaseMs(): Promise<number | null> {
    return readLeaseMs(this.#witness);
  }

  async #close(file: OpenFile): Promise<void> {
    await this.#witness.closeFile(file);
  }

  async #untilOver(): Promise<GraceEnd> {
    let status = await this.first;
    while (status === 'GRACE' || status === 'DELAY') {
      if (this.#clock.nowMs() - this.servingMs > GRACE_AT_MOST_MS)
        throw new Unjudged(`grace has not ended after ${GRACE_AT_MOST_MS / 1000} s`);
      await new Promise<void>((go) => void this.#clock.after(LOOK_MS, go));
      status = await this.ask();
    }
    if (status !== 'OK')
      throw new Unjudged(`an OPEN that should have told of the end of grace was answered ${status}`);
    const nowMs = this.#clock.nowMs();
    return { sinceCalledMs: nowMs - this.calledMs, sinceServingMs: nowMs - this.servingMs };
  }
}
