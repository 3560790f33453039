/**
 * One filesystem that its server says has moved, until it is in use again wherever it is (RFC 8881 section 11.11): the server that fs_locations names
 * is one more with which the client has an identity, a lease and a session; what the client had is reclaimed there as after a restart, and
 * RECLAIM_COMPLETE for that filesystem ends it (section 18.51.3).
 */
import type { Clock, Random } from '../core/clock.ts';
import type { Association } from './association.ts';
import type { FileState } from './file-state.ts';
import type { Filesystem } from './filesystem.ts';
import { locate } from './location.ts';
import { forgetState } from './lock-loss.ts';
import { patiently } from './patience.ts';
import type { ServerAddress } from './server-address.ts';
import type { Underway } from './underway.ts';
import { sleep } from './waiting.ts';

export interface RelocationOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly filesystem: Filesystem;
  /** {@link WhereaboutsOptions.associate} */
  readonly associate: (address: ServerAddress) => Association;
  readonly files: () => Iterable<FileState>;
  /** Is this file in it? */
  readonly about: (path: string) => boolean;
  readonly underway: Underway;
  /** Its presence has changed. */
  readonly onChange: () => void;
}

export class Relocation {
  readonly #options: RelocationOptions;

  constructor(options: RelocationOptions) {
    this.#options = options;
  }

  /** @param servers that it was found at, the best one first; none: where it was, as far as anybody knows */
  async run(servers: readonly ServerAddress[]): Promise<void> {
    const { filesystem, clock, random } = this.#options;
    this.#leave();
    filesystem.association.observer.report({ event: 'recovery-begin', ...filesystem.label });
    let known = servers;
    for (let step = 0; !this.#isStopped; step += 1) {
      const source = filesystem.association;
      await sleepIfAny(clock, filesystem.pauseMs(source.timing.retry, random));
      const address = known[step % Math.max(1, known.length)];
      const destination = address === undefined ? source : this.#options.associate(address);
      if (!(await this.#prepare(source, destination))) {
        known = (await this.#askAgain(source)) ?? known;
        continue;
      }
      this.#arrive(source, destination);
      const { label, root } = filesystem;
      const outcome = await destination.keeper.admit({ root, files: () => this.#files() });
      if (outcome === 'complete') {
        destination.observer.report({ event: 'reclaim-complete', ...label });
        destination.observer.report({ event: 'recovery-end', ...label });
        filesystem.settle(clock.nowMs());
        return this.#options.onChange();
      }
      if (outcome === 'stopped') return;
      this.#leave();
      known = (await this.#askAgain(destination)) ?? [];
    }
  }

  /** Its old server has lost its last word, and the new one can be talked to; false: not so for a lease. */
  async #prepare(source: Association, destination: Association): Promise<boolean> {
    const { clock, underway, about } = this.#options;
    const unansweredUntilMs = clock.nowMs() + source.timing.rpcTimeoutMs;
    const deadlineMs = clock.nowMs() + source.timing.leaseMs;
    if ((await destination.keeper.ready(deadlineMs)) === null) return false;
    await underway.leaveBehind(source, about, unansweredUntilMs);
    // What was left behind there when it moved away before might be done only now, and then nobody would know of it.
    return underway.settled(destination, about, deadlineMs);
  }

  /** In one turn: what its old server knew of it means nothing from here on, and what the new one forgets is to be reclaimed. */
  #arrive(source: Association, destination: Association): void {
    const { filesystem, onChange } = this.#options;
    filesystem.arriveAt(destination);
    const scopes = [source, destination].map(({ keeper }) => keeper.serverScope);
    const sameScope = scopes[0]?.equals(scopes[1] ?? Buffer.alloc(0)) === true;
    forgetState(this.#files(), sameScope, destination.observer);
    onChange();
  }

  #leave(): void {
    const { filesystem, clock, onChange } = this.#options;
    filesystem.leave(clock.nowMs(), filesystem.association.timing.leaseMs);
    onChange();
  }

  /** Where the server that it came from finds it now, nowhere else if it has it itself; null when that does not say so within a lease. */
  #askAgain({ keeper, timing, address }: Association): Promise<readonly ServerAddress[] | null> {
    const { clock, filesystem } = this.#options;
    return patiently(clock, timing.leaseMs, null, async ({ deadlineMs }) => {
      const session = await keeper.ready(deadlineMs);
      const location = session && (await locate(session, filesystem.root, address.port));
      return location === null ? null : location.servers;
    });
  }

  *#files(): Generator<FileState> {
    for (const file of this.#options.files()) if (this.#options.about(file.path)) yield file;
  }

  get #isStopped(): boolean {
    return this.#options.filesystem.association.keeper.stopped;
  }
}

async function sleepIfAny(clock: Clock, ms: number): Promise<void> {
  if (ms > 0) await sleep(clock, ms);
}
