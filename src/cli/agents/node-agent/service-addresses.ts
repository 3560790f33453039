/** The service addresses that lead to this node: raised and dropped one after another, and none before the node serves. */
import type { Clock } from '../../../core/clock.ts';
import type { NodeId } from '../../../core/ids.ts';
import type { NodeEvent } from '../../../history/events.ts';
import {
  dropServiceAddress,
  type RunProgram,
  raiseServiceAddress,
} from '../../../runtime/service-address.ts';
import type { AddressCarrier } from '../../../server/coordinator/options.ts';

export interface ServiceAddressOptions {
  readonly addresses: Readonly<Record<string, string>>;
  readonly networkInterface: string;
  readonly run: RunProgram;
  readonly observe: (event: Pick<NodeEvent, 'event' | 'peer' | 'detail'>) => void;
  readonly after: Clock['after'];
  /** An address that cannot be moved is a node that cannot serve: one sentence. */
  readonly onFailure: (error: Error) => void;
}

/** A connection that is refused is tried again at once; a SYN that nobody hears, after a second. */
const LINGER_MS = 100;

export class ServiceAddresses implements AddressCarrier {
  readonly #options: ServiceAddressOptions;
  readonly #raised = new Set<string>();
  /** Others have had them since they were raised here, and the neighbours go by those. */
  readonly #ceded = new Set<string>();
  #wanted: readonly string[] = [];
  #serving = false;
  #moving: Promise<void> = Promise.resolve();

  constructor(options: ServiceAddressOptions) {
    this.#options = options;
  }

  carry(owners: readonly NodeId[]): void {
    for (const owner of this.#wanted) if (!owners.includes(owner as NodeId)) this.#ceded.add(owner);
    this.#wanted = owners;
    void this.#move();
  }

  settled(): Promise<void> {
    return this.#moving;
  }

  /** From now on requests are answered, so that whoever is led here finds somebody. Resolves when the present addresses are raised. */
  serve(): Promise<void> {
    this.#serving = true;
    return this.#move();
  }

  /** One change at a time, and each looks at what is wanted when its turn comes. */
  #move(): Promise<void> {
    this.#moving = this.#moving
      .then(async () => {
        if (!this.#serving) return;
        const wanted = new Set(this.#wanted);
        for (const owner of wanted)
          if (!this.#raised.has(owner) || this.#ceded.has(owner)) await this.#raise(owner);
        const gone = [...this.#raised].filter((owner) => !wanted.has(owner));
        if (gone.length > 0) await this.#linger();
        for (const owner of gone) if (!this.#wanted.includes(owner as NodeId)) await this.#drop(owner);
      })
      .catch(this.#options.onFailure);
    return this.#moving;
  }

  /** Until the neighbours have heard where an address has moved: what they send here meanwhile is refused and not lost. */
  #linger(): Promise<void> {
    return new Promise((resolve) => void this.#options.after(LINGER_MS, resolve));
  }

  async #raise(owner: string): Promise<void> {
    const { addresses, networkInterface, run, observe } = this.#options;
    const address = addresses[owner];
    if (address === undefined) return;
    this.#ceded.delete(owner);
    const { announced } = await raiseServiceAddress(address, networkInterface, run);
    this.#raised.add(owner);
    observe({ event: 'address-taken', peer: owner, detail: address });
    // Served either way; neighbours that were not told find it out by themselves, later.
    void announced.then((error) => {
      if (error !== null) process.stderr.write(`${error.message}\n`);
    });
  }

  async #drop(owner: string): Promise<void> {
    const { addresses, networkInterface, run, observe } = this.#options;
    const address = addresses[owner];
    this.#raised.delete(owner);
    if (address === undefined) return;
    await dropServiceAddress(address, networkInterface, run);
    observe({ event: 'address-dropped', peer: owner, detail: address });
  }
}
