/** All clients of a run: renews their leases while their tests wait, and ends them when their tests have. */
import type { Clock, Random } from '../core/clock.ts';

interface Listed {
  renewing: boolean;
  renew(): Promise<string>;
  cut(): void;
  /** Says nothing more. */
  close(): void;
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
  readonly #asked = new Set<Listed>();
  /** When each of those that renew was heard last, as far as the server can have noticed. */
  readonly #heardMs = new Map<Listed, number>();
  readonly #late = new Set<object>();
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
    // Their leases end with the server's life.
    this.#heardMs.clear();
  }

  /** A client of this owner could not renew for longer than a lease, against its will: nothing that it saw is worth anything. */
  wasLate(owner: object): boolean {
    return this.#late.has(owner);
  }

  async endAllOf(owner: object): Promise<void> {
    const owned = [...this.#listed].filter(([, of]) => of === owner).map(([client]) => client);
    // One after the other: two may be the same client to the server.
    for (const client of owned) {
      this.#listed.delete(client);
      this.#heardMs.delete(client);
      // What cannot be ended ends with its lease.
      await client.end(this.freshVerifier()).catch(() => {});
      // A renewal may still be waiting for its turn.
      client.close();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    for (const client of this.#listed.keys()) client.close();
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(this.#leaseMs / RENEWALS_PER_LEASE, () => {
      for (const [client, owner] of this.#listed) this.#see(client, owner);
      if (!this.#stopped) this.#schedule();
    });
  }

  #see(client: Listed, owner: object): void {
    if (!client.renewing) {
      this.#heardMs.delete(client);
      return;
    }
    const nowMs = this.#clock.nowMs();
    const heardMs = this.#heardMs.get(client);
    if (heardMs === undefined) this.#heardMs.set(client, nowMs);
    else if (nowMs - heardMs > this.#leaseMs) this.#late.add(owner);
    void this.#renew(client);
  }

  /** Whoever waits for its answer is not asked again; nobody waits for the others' answers. */
  async #renew(client: Listed): Promise<void> {
    if (this.#asked.has(client)) return;
    this.#asked.add(client);
    const sentMs = this.#clock.nowMs();
    if (await renew(client)) this.#heardMs.set(client, sentMs);
    this.#asked.delete(client);
  }
}

/** After LEASE_MOVED, too, it is renewed: that is said of another server's (RFC 7530 section 9.14.3). */
const RENEWED = new Set(['OK', 'LEASE_MOVED']);

/** A client that has no session yet, or whose server is away, is its test's to look after. @returns whether its lease was renewed */
async function renew(client: Listed): Promise<boolean> {
  try {
    const status = await client.renew();
    if (OVER.has(status)) client.renewing = false;
    return RENEWED.has(status);
  } catch {
    // The next round asks again.
    return false;
  }
}
