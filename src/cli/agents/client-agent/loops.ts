import type { NfsClient } from '../../../client/nfs-client.ts';
import { sleep } from '../../../client/waiting.ts';
import type { Clock } from '../../../core/clock.ts';
import type { ByteSpan, LockMode } from '../../../history/events.ts';
import type { GuardedCells } from './guarded-cells.ts';

/** What a loop does over and over: lock (never waiting for GRACE or DENIED to pass), maybe update, unlock. */
export interface LoopOrder extends ByteSpan {
  readonly loop: string;
  readonly owner: string;
  readonly file: string;
  readonly mode: LockMode;
  /** Between the end of one round and the start of the next; 0: as fast as the server answers. */
  readonly everyMs: number;
  readonly body: 'lock-unlock' | 'lock-update-unlock';
  /** `granted`: ends by itself after the first round that got the lock. */
  readonly until?: 'granted' | undefined;
}

export interface LoopSummary {
  readonly attempts: number;
  readonly granted: number;
  /** How often which status refused the lock. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface LoopSurroundings {
  readonly client: NfsClient;
  readonly cells: GuardedCells;
  readonly clock: Clock;
}

/** How long each request of a round may take: a loop against a server that is down can still be stopped soon. */
const LEASES_PER_ROUND = 4;

export class Loop {
  readonly #order: LoopOrder;
  readonly #surroundings: LoopSurroundings;
  readonly #ended: Promise<void>;
  readonly #refused: Record<string, number> = {};
  #attempts = 0;
  #granted = 0;
  #stopping = false;
  #wake = () => {};

  /** Starts at once. */
  constructor(order: LoopOrder, surroundings: LoopSurroundings) {
    this.#order = order;
    this.#surroundings = surroundings;
    this.#ended = this.#run();
  }

  /** Lets the round that is under way end, its unlock included. */
  async stop(): Promise<LoopSummary> {
    this.#stopping = true;
    this.#wake();
    await this.#ended;
    return { attempts: this.#attempts, granted: this.#granted, refused: this.#refused };
  }

  async #run(): Promise<void> {
    const { everyMs, until } = this.#order;
    const { client } = this.#surroundings;
    while (!this.#stopping) {
      const { asked, granted } = await this.#round();
      if (granted && until === 'granted') return;
      // A round that never reached the server would repeat itself without ever letting anything else run.
      await this.#pause(asked ? everyMs : Math.max(everyMs, client.timing.retry.firstMs));
    }
  }

  async #round(): Promise<{ asked: boolean; granted: boolean }> {
    const { owner, file: path, start, end, mode, body } = this.#order;
    const { client, cells } = this.#surroundings;
    const file = client.file(path, { owner });
    const timeoutMs = LEASES_PER_ROUND * client.timing.leaseMs;
    const { status, attempts } = await file.lock({ start, end, mode, retry: 'none', timeoutMs });
    this.#attempts += 1;
    const granted = status === 'OK';
    if (!granted) {
      this.#refused[status] = (this.#refused[status] ?? 0) + 1;
      return { asked: attempts > 0, granted };
    }
    this.#granted += 1;
    if (body === 'lock-update-unlock') await cells.update(file, start, false, timeoutMs);
    await file.unlock({ start, end, timeoutMs });
    return { asked: true, granted };
  }

  async #pause(ms: number): Promise<void> {
    if (ms === 0 || this.#stopping) return;
    const stopped = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([sleep(this.#surroundings.clock, ms), stopped]);
  }
}
