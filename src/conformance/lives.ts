/** Restarts of the server under test, and who sees each of its lives begin. */
import type { Lane, RestartWish } from './lane.ts';
import { Life } from './life.ts';
import { NotApplicable, Unjudged } from './outcome.ts';
import type { Roster } from './roster.ts';
import type { ServerHelper } from './server-helper.ts';
import type { ServerUnderTest } from './server-under-test.ts';
import type { WireClient } from './wire-client.ts';

const SETTLING_MS = 5_000;
const AGAIN_MS = 50;

export interface LivesParts {
  readonly server: ServerUnderTest;
  readonly helper: ServerHelper | null;
  readonly roster: Roster;
  /** A client of nobody's test, listed as this owner's. */
  readonly client: (name: string, owner: object) => WireClient;
  readonly tell: (line: string) => void;
}

export class Lives {
  readonly #parts: LivesParts;
  #count = 0;
  /** Who owns the clients that see the present life; a new one each time. */
  #present: object = {};

  constructor(parts: LivesParts) {
    this.#parts = parts;
  }

  /** For a {@link Lane}. @throws {NotApplicable} when the helper cannot; {Unjudged} when it failed */
  readonly restart = async ({ verb = ['reboot'], held = true }: RestartWish): Promise<Life> => {
    const { server, helper, roster, tell } = this.#parts;
    if (helper === null) throw new NotApplicable('needs --helper');
    await roster.endAllOf(this.#present);
    this.#present = {};
    this.#count += 1;
    const keeper = held ? await this.#keeper() : null;
    roster.cutAll();
    tell(`restart ${this.#count}${verb[0] === 'reboot' ? '' : ` (${verb.join(' ')})`}`);
    const calledMs = server.clock.nowMs();
    const outcome = await helper.call(verb).catch((error: Error) => {
      throw new Unjudged(error.message);
    });
    if (outcome === 'unknown-verb') throw new NotApplicable(`the helper does not know ${verb[0]}`);
    const servingMs = server.clock.nowMs();
    // Renewals may have dialled once more before it died.
    roster.cutAll();
    if (keeper !== null) keeper.fallSilent();
    return this.#begin(calledMs, servingMs);
  };

  /** Waits until nobody is waited for any more. @returns what an OPEN is answered then */
  async quiet(): Promise<void> {
    const nowMs = this.#parts.server.clock.nowMs();
    await this.#parts.roster.endAllOf(this.#present);
    this.#present = {};
    const life = await this.#begin(nowMs, nowMs);
    await life.graceEnd;
  }

  async end(): Promise<void> {
    await this.#parts.roster.endAllOf(this.#present);
  }

  async #begin(calledMs: number, servingMs: number): Promise<Life> {
    const witness = this.#parts.client(`witness ${this.#count}`, this.#present);
    await this.#started(witness);
    const life = new Life(this.#parts.server.clock, witness, `witness-${this.#count}`, {
      calledMs,
      servingMs,
    });
    await life.first;
    return life;
  }

  /** What is sent to an address that has moved may be refused for a moment longer. */
  async #started(witness: WireClient): Promise<void> {
    const { clock } = this.#parts.server;
    const endMs = clock.nowMs() + SETTLING_MS;
    for (;;) {
      try {
        await witness.start();
        return;
      } catch (error) {
        if (error instanceof Unjudged || clock.nowMs() >= endMs) throw error;
      }
      await new Promise<void>((go) => void clock.after(AGAIN_MS, go));
    }
  }

  /** Is recorded, and will not come back. */
  async #keeper(): Promise<WireClient> {
    const keeper = await this.#parts.client(`keeper ${this.#count}`, this.#present).start();
    await keeper.locked(await keeper.opened(`keeper-${this.#count}`));
    return keeper;
  }
}
