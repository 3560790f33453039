/** Many clients of one server in one process, each as a client of its own is: owner id, session, connection, an open file and a lock. */
import type { Dial } from '../../../client/channel.ts';
import { NfsClient } from '../../../client/nfs-client.ts';
import type { NfsFile } from '../../../client/nfs-file.ts';
import type { ClientObservation } from '../../../client/observer.ts';
import { tcpDial } from '../../../client/tcp.ts';
import type { Clock, Random } from '../../../core/clock.ts';
import type { ClientEvent } from '../../../history/events.ts';
import { sharedDial } from './shared-dial.ts';

export interface SwarmOptions {
  readonly name: string;
  readonly node: string;
  readonly host: string;
  readonly port: number;
  readonly clients: number;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Nanoseconds since the history's origin. */
  readonly stamp: () => number;
}

/** How many clients came to what, by status. */
export type ByStatus = Readonly<Record<string, number>>;

export interface Standing {
  readonly clients: number;
  /** Those that believe to hold their lock. */
  readonly holding: number;
  /** Those that were told that it is gone. */
  readonly lost: number;
}

interface Member {
  readonly client: NfsClient;
  readonly file: NfsFile;
}

/** What each member holds all the time, and what the traffic locks and unlocks. */
const HELD = { start: 0, end: 8 };
const TRAFFIC = { start: 8, end: 16 };
/** Each has one thing to do at a time. */
const SLOTS = 2;
/** A server that many come to at once would not answer the last of them within their patience. */
const ENTERING_AT_ONCE = 32;
/** The others are of no interest, and thousands: what happens to each lock is known from the answers. */
const TOLD: ReadonlySet<ClientEvent['event']> = new Set([
  'session',
  'disconnected',
  'recovery-begin',
  'reclaim-complete',
  'recovery-end',
  'lock-lost',
]);

export class Swarm {
  readonly #options: SwarmOptions;
  readonly #members: readonly Member[];
  readonly #dial: Dial;
  #news: ClientEvent[] = [];

  constructor(options: SwarmOptions) {
    this.#options = options;
    const { host, port, clock } = options;
    this.#dial = sharedDial(tcpDial(host, port, clock), clock);
    const digits = String(options.clients).length;
    this.#members = Array.from({ length: options.clients }, (_, index) =>
      this.#member(`${options.name}-${String(index + 1).padStart(digits, '0')}`),
    );
  }

  /** All of them begin, open their file and take their lock. */
  async enter(timeoutMs: number): Promise<{ readonly entered: ByStatus }> {
    const waiting = [...this.#members];
    const outcomes: string[] = [];
    const enterNext = async (): Promise<void> => {
      for (let member = waiting.shift(); member !== undefined; member = waiting.shift())
        outcomes.push(await enter(member, timeoutMs));
    };
    await Promise.all(Array.from({ length: ENTERING_AT_ONCE }, enterNext));
    return { entered: counted(outcomes) };
  }

  /** Each locks and unlocks a range of its own, again and again. @returns the requests by what they were answered */
  async traffic(forMs: number, timeoutMs: number): Promise<{ readonly answered: ByStatus }> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + forMs;
    const answers: string[] = [];
    const keepOn = async ({ file }: Member): Promise<void> => {
      while (clock.nowMs() < untilMs) {
        const locked = await file.lock({ ...TRAFFIC, timeoutMs, retry: 'none' });
        const unlocked = await file.unlock({ ...TRAFFIC, timeoutMs });
        answers.push(locked.status, unlocked.status);
        if (locked.status === 'TIMEOUT') return;
      }
    };
    await Promise.all(this.#members.map(keepOn));
    return { answered: counted(answers) };
  }

  /** Every member has heard from its server after this call, and has recovered from whatever happened before. */
  async recovered(timeoutMs: number): Promise<{ readonly recovered: ByStatus }> {
    const outcomes = await Promise.all(this.#members.map(({ client }) => client.recovered({ timeoutMs })));
    return { recovered: counted(outcomes.map(({ status }) => status)) };
  }

  /** What happened to the members since the last time this was asked. */
  news(): readonly ClientEvent[] {
    return this.#news.splice(0);
  }

  standing(): Standing {
    return {
      clients: this.#members.length,
      holding: this.#members.filter(({ file }) => file.holds(HELD, 'write')).length,
      lost: this.#members.filter(({ file }) => file.lossIn(HELD) !== null).length,
    };
  }

  #member(name: string): Member {
    const { node, host, leaseMs, clock, random } = this.#options;
    const client = new NfsClient({
      name,
      node,
      host,
      leaseMs,
      clock,
      random,
      slots: SLOTS,
      // To the one server that they are all at: nothing of theirs ever moves.
      dial: () => this.#dial,
      observe: (event) => this.#observe(event),
    });
    return { client, file: client.file(name) };
  }

  #observe(event: ClientObservation): void {
    if (event.kind === 'client' && TOLD.has(event.event))
      this.#news.push({ t: this.#options.stamp(), ...event });
  }
}

async function enter({ client, file }: Member, timeoutMs: number): Promise<string> {
  client.start();
  const { status } = await file.lock({ ...HELD, timeoutMs });
  return status;
}

function counted(statuses: readonly string[]): ByStatus {
  const byStatus: Record<string, number> = {};
  for (const status of statuses) byStatus[status] = (byStatus[status] ?? 0) + 1;
  return byStatus;
}
