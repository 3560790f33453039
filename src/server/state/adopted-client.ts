import type { RangeSet } from '../../core/byte-ranges.ts';
import type { ClientIdentity } from '../coordination.ts';
import { Client } from './clients.ts';
import type { LockState } from './lock-owners.ts';

/** The numbers by which the tables know a client id. */
export interface ClientNumbers {
  readonly clientId: bigint;
  readonly index: number;
}

/**
 * What is held here for a client that has not come yet: its address was handed over as planned, with all that it holds (server/estates). Others meet
 * its opens and locks as they meet anybody's. It has no stateids; the client, when it comes, is its successor and reclaims from it.
 */
export class AdoptedClient extends Client {
  /** The client itself, since it has confirmed a client id here. */
  successor: Client | null = null;
  /** Lock states that have passed to the successor as they are, and the ranges of them that it has asked for since. */
  readonly passed = new Map<LockState, RangeSet>();
  /** When the successor came, or reclaimed something last; on the server's clock. */
  askedAtMs = 0;

  constructor(identity: ClientIdentity, verifier: Buffer, numbers: ClientNumbers, nowMs: number) {
    super(identity, verifier, numbers.clientId, numbers.index, nowMs);
    this.reclaimComplete = true;
  }

  /** Nobody speaks for it. */
  override get hasSessions(): boolean {
    return false;
  }

  override get lessee(): Client {
    return this.successor ?? this;
  }

  /** No client id that somebody may ask for is under this key. */
  override get ownerKey(): string {
    return adoptedKeyOf(this.identity);
  }
}

export const adoptedKeyOf = ({ ownerId, principal, service }: ClientIdentity): string =>
  `held for ${service ?? ''} ${ownerId} ${principal}`;
