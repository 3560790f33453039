import type { NodeId } from '../../core/ids.ts';
import { addressesCarriedBy, type Ledger } from '../../core/ledger.ts';
import type { AddressCarrier } from './options.ts';

/**
 * Whose addresses lead to this node, passed on when that changes. From ledgers that were learned, never from one that is about to be
 * swapped in: an address that moves before its `inherit` is durable would lead clients to a node that serves them nothing.
 */
export class CarriedAddresses {
  readonly #self: NodeId;
  readonly #carrier: AddressCarrier;
  #carried: readonly NodeId[] | null = null;

  constructor(self: NodeId, carrier: AddressCarrier) {
    this.#self = self;
    this.#carrier = carrier;
  }

  /** @param later those that nobody is answered at yet: to raise one starts a program, which costs more time than others should have to wait */
  learn(ledger: Ledger, later: (owner: NodeId) => boolean): void {
    this.#carry(addressesCarriedBy(ledger, this.#self).filter((owner) => !later(owner)));
  }

  /** This life is over: what still comes by these addresses is another's. */
  letGo(): void {
    this.#carry([]);
  }

  /** {@link AddressCarrier.settled} */
  async settled(): Promise<void> {
    await this.#carrier.settled?.();
  }

  carried(): readonly NodeId[] {
    return this.#carried ?? [];
  }

  #carry(owners: readonly NodeId[]): void {
    if (this.#carried !== null && this.#carried.join() === owners.join()) return;
    this.#carried = owners;
    this.#carrier.carry(owners);
  }
}
