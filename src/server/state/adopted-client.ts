import type { RangeSet } from '../../core/byte-ranges.ts';
import type { NodeId } from '../../core/ids.ts';
import type { ClientIdentity } from '../coordination.ts';
import type { LockDomain } from '../domains.ts';
import { Client } from './clients.ts';
import type { LockState } from './lock-owners.ts';

/** The numbers by which the tables know a client id. */
export interface ClientNumbers {
  readonly clientId: bigint;
  readonly index: number;
}

/** A filesystem that has moved here, and the node where its clients had it before. */
export interface FilesystemOrigin {
  readonly domain: LockDomain;
  readonly from: NodeId;
}

/**
 * What is held here for a client that has not come yet: its address, or a filesystem, was handed over as planned, with all that it holds (server/estates). Others meet
 * its opens and locks as they meet anybody's. It has no stateids; the client, when it comes, is its successor and reclaims from it.
 */
export class AdoptedClient extends Client {
  /** The client itself, since it has confirmed a client id here. */
  successor: Client | null = null;
  /** Lock states that have passed to the successor as they are, and the ranges of them that it has asked for since. */
  readonly passed = new Map<LockState, RangeSet>();
  /** When the successor came, or reclaimed something last; on the server's clock. */
  askedAtMs = 0;
  /** Null: it is all that the client has here, and came with its address. */
  readonly origin: FilesystemOrigin | null;

  constructor(
    identity: ClientIdentity,
    verifier: Buffer,
    numbers: ClientNumbers,
    nowMs: number,
    origin: FilesystemOrigin | null = null,
  ) {
    super(identity, verifier, numbers.clientId, numbers.index, nowMs);
    this.reclaimComplete = true;
    this.origin = origin;
  }

  /** That it lost what it had there stands against it until it has been told at that filesystem, whatever else it has here (row 30). */
  override get recordedAs(): ClientIdentity {
    return this.origin === null ? this.identity : { ...this.identity, service: this.origin.from };
  }

  override domainsAmong(all: readonly LockDomain[]): readonly LockDomain[] {
    return this.origin === null ? all : [this.origin.domain];
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
