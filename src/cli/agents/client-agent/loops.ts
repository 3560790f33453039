import type { NfsClient } from '../../../client/nfs-client.ts';
import type { NfsFile } from '../../../client/nfs-file.ts';
import { sleep } from '../../../client/waiting.ts';
import type { Clock } from '../../../core/clock.ts';
import type { ByteSpan, LockMode } from '../../../history/events.ts';
import { Draw } from '../../../scenario/random/draw.ts';
import type { LoopBody } from '../../../scenario/scenario.ts';
import type { GuardedCells } from './guarded-cells.ts';
import { WORKLOADS } from './workloads/index.ts';
import type { Round, Taken } from './workloads/round.ts';

/** What a loop does over and over, and with which part of which file. */
export interface LoopOrder extends ByteSpan {
  readonly loop: string;
  readonly owner: string;
  readonly file: string;
  readonly mode: LockMode;
  /** Between the end of one round and the start of the next; 0: as fast as the server answers. */
  readonly everyMs: number;
  /** The longest that a round keeps a lock before it goes on. */
  readonly holdMs: number;
  readonly body: LoopBody;
  readonly seed: number;
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
const LEASES_PER_REQUEST = 4;
/** A waiter looks up more often than that, to see whether it is still wanted. */
const LEASES_OF_WAITING = 1;

/** No owner of a scenario is called so. */
const OVERSTEPPING = ' oversteps';

export class Loop {
  readonly #order: LoopOrder;
  readonly #surroundings: LoopSurroundings;
  readonly #draw: Draw;
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
    this.#draw = new Draw(order.seed);
    this.#ended = this.#run();
  }

  /** Lets the round that is under way end, its unlock included. */
  async stop(): Promise<LoopSummary> {
    this.#stopping = true;
    // A round waits for the recovery, and one that lingers would not end it.
    if (this.#order.body === 'overstep') this.#surroundings.client.behave('by-the-book');
    this.#wake();
    await this.#ended;
    return { attempts: this.#attempts, granted: this.#granted, refused: this.#refused };
  }

  async #run(): Promise<void> {
    const { body, everyMs, until } = this.#order;
    const { client } = this.#surroundings;
    while (!this.#stopping) {
      const { asked, granted } = await WORKLOADS[body](this.#round());
      if (granted && until === 'granted') return;
      // A round that never reached the server would repeat itself without ever letting anything else run.
      await this.#pause(asked ? everyMs : Math.max(everyMs, client.timing.retry.firstMs));
    }
  }

  #round(): Round {
    const { owner, file: path, start, end, mode, holdMs } = this.#order;
    const { client, cells } = this.#surroundings;
    const file = client.file(path, { owner });
    const timeoutMs = LEASES_PER_REQUEST * client.timing.leaseMs;
    return {
      file,
      cells,
      range: { start, end },
      mode,
      draw: this.#draw,
      timeoutMs,
      stopping: () => this.#stopping,
      take: (span, wanted, waits) => this.#take(file, span, wanted, waits ?? false),
      release: async (span) => void (await file.unlock({ ...span, timeoutMs })),
      count: (status) => this.#count(status),
      keep: () => this.#pause(holdMs === 0 ? 0 : this.#draw.between(0, holdMs)),
      overstepping: this.#overstepping(timeoutMs),
    };
  }

  /** By an owner that holds no locks. */
  #overstepping(timeoutMs: number): Round['overstepping'] {
    const { client } = this.#surroundings;
    const owner = `${this.#order.owner}${OVERSTEPPING}`;
    return {
      now: async () => {
        const beside = await client.open(this.#order.file, { owner, retry: 'none', timeoutMs });
        if (beside.status === 'OK') await beside.overstep({ timeoutMs });
      },
      inRecovery: (lingers) => client.behave({ oversteps: owner, lingers }),
    };
  }

  async #take(file: NfsFile, span: ByteSpan, mode: LockMode, waits: boolean): Promise<Taken> {
    const { leaseMs } = this.#surroundings.client.timing;
    const limits = waits
      ? ({ retry: 'all', timeoutMs: LEASES_OF_WAITING * leaseMs } as const)
      : ({ retry: 'none', timeoutMs: LEASES_PER_REQUEST * leaseMs } as const);
    const { status, attempts } = await file.lock({ ...span, mode, ...limits });
    this.#count(status);
    return { asked: attempts > 0, granted: status === 'OK' };
  }

  #count(status: string): void {
    this.#attempts += 1;
    if (status === 'OK') this.#granted += 1;
    else this.#refused[status] = (this.#refused[status] ?? 0) + 1;
  }

  async #pause(ms: number): Promise<void> {
    if (ms === 0 || this.#stopping) return;
    const stopped = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([sleep(this.#surroundings.clock, ms), stopped]);
  }
}
