/** All clients of a run: renews their leases while their tests wait, and ends them when their tests have. */
import type { Clock, Random } from '../core/clock.ts';

interface Listed {
  renewing: boolean;
  renew(): Promise<string>;
  cut(): void;
  end(fresh: Buffer): Promise<void>;
}

const RENEWALS_PER_LEASE = 4;
/** After these there is nothing to be renewed: the client must introduce itself again, which is its test's to do. */
const OVER = new Set(['BADSESSION', 'STALE_CLIENTID', 'DEADSESSION']);

export class Roster {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #leaseMs: number;
  readonly #listed = new Map<Listed, object>();
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(clock: Clock, random: Random, leaseMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#leaseMs = leaseMs;
    this.#schedule();
  }

  freshVerifier(): Buffer {
    const verifier = Buffer.alloc(8);
    for (let at = 0; at < verifier.length; at += 1) verifier[at] = Math.floor(this.#random() * 256);
    return verifier;
  }

  /** @param owner whose client it is, for {@link endAllOf} */
  add(client: Listed, owner: object): void {
    this.#listed.set(client, owner);
  }

  /** The server is about to die: no connection outlives that. */
  cutAll(): void {
    for (const client of this.#listed.keys()) client.cut();
  }

  async endAllOf(owner: object): Promise<void> {
    const owned = [...this.#listed].filter(([, of]) => of === owner).map(([client]) => client);
    // One after the other: two may be the same client to the server.
    for (const client of owned) {
      this.#listed.delete(client);
      // What cannot be ended ends with its lease.
      await client.end(this.freshVerifier()).catch(() => client.cut());
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.cutAll();
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(this.#leaseMs / RENEWALS_PER_LEASE, () => void this.#renewAll());
  }

  async #renewAll(): Promise<void> {
    const renewing = [...this.#listed.keys()].filter((client) => client.renewing);
    await Promise.all(renewing.map(renew));
    if (!this.#stopped) this.#schedule();
  }
}

/** A client that has no session yet, or whose server is away, is its test's to look after. */
async function renew(client: Listed): Promise<void> {
  try {
    if (OVER.has(await client.renew())) client.renewing = false;
  } catch {
    // The next round asks again.
  }
}
