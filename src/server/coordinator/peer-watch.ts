/** Whether the peers that this life counts on are there, as it has last seen: a missing beacon holds it from granting until the ledger shows why. */
import type { NodeId } from '../../core/ids.ts';
import { inGrace, type Ledger } from '../../core/ledger.ts';
import type { Facts } from '../../core/next-command.ts';
import { lookAtPeers, lookIntervalMs, type PeerLook } from '../peer-beacons.ts';
import type { CoordinatorOptions } from './options.ts';
import { SelfDoubt } from './self-doubt.ts';

/** Mutant D12 hears of a death this late, as from a peer whose lease timer ran out. */
const D12_POLL_MS = 1_500;

type PeerWatchOptions = Pick<
  CoordinatorOptions,
  'beacon' | 'beaconPollMs' | 'clock' | 'mutants' | 'observe'
> & {
  readonly node: NodeId;
};

export class PeerWatch {
  readonly #options: PeerWatchOptions;
  readonly #doubt: SelfDoubt;
  #alarmed = false;

  /** @param found the ledger that this life begins with */
  constructor(options: PeerWatchOptions, found: Ledger) {
    this.#options = options;
    this.#doubt = new SelfDoubt(options.node, options.clock, found);
  }

  /** A peer's beacon was found missing, and the ledger does not show why yet. */
  get alarmed(): boolean {
    return this.#alarmed;
  }

  look(ledger: Ledger): PeerLook {
    return lookAtPeers(ledger, this.#options.node, this.#options.beacon);
  }

  /** How long until the next look that no grant asks for, in milliseconds. */
  intervalMs(ledger: Ledger): number {
    const { mutants, beaconPollMs } = this.#options;
    return mutants.has('D12') ? D12_POLL_MS : lookIntervalMs(ledger, beaconPollMs);
  }

  alarm(missing: Facts['missing'], ledger: Ledger): void {
    if (this.#alarmed) return;
    const { observe } = this.#options;
    this.#alarmed = true;
    for (const { peer } of missing) observe({ event: 'beacon-missing', peer });
    if (!inGrace(ledger)) observe({ event: 'enforcing', view: ledger.view });
  }

  /** The same look for a round: all peers are there and no grace runs, so that the alarm is over. @returns who is missing, as far as it is to be told */
  lookInRound(ledger: Ledger): Facts['missing'] {
    const { missing, answered } = this.look(ledger);
    if (missing.length === 0 && answered && !inGrace(ledger)) this.#alarmed = false;
    if (this.#doubt.looked(ledger, { missing })) return [];
    // Mutant D12 hears of a death only when its own slow poll finds it.
    return this.#options.mutants.has('D12') && !this.#alarmed ? [] : missing;
  }
}
