/** A delegation of one file: as long as it is held, nobody else can have the file open in a way that stands against it (RFC 8881 section 10.4). */
import { OPEN_DELEGATE_READ, OPEN_DELEGATE_WRITE } from '../nfs4/constants.ts';
import type { OpenDelegation } from '../nfs4/open-delegation.ts';
import type { Stateid } from '../nfs4/types.ts';

export type DelegationKind = 'read' | 'write';

export class Delegation {
  readonly kind: DelegationKind;
  /** Another one after a reclaim. */
  stateid: Stateid;
  #recalled = false;
  #gone = false;
  readonly #wanted = Promise.withResolvers<void>();

  constructor(kind: DelegationKind, stateid: Stateid) {
    this.kind = kind;
    this.stateid = stateid;
  }

  /** The server wants it back, and waits for a lease. */
  get recalled(): boolean {
    return this.#recalled;
  }

  /** It was given back, or the client was told that it is lost: whatever was known of the file by it is worth nothing. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Resolves when it is to be given back, or is gone. */
  get wanted(): Promise<void> {
    return this.#wanted.promise;
  }

  recall(): void {
    this.#recalled = true;
    this.#wanted.resolve();
  }

  end(): void {
    this.#gone = true;
    this.#wanted.resolve();
  }
}

/** What came with an open, if anything did. */
export function delegationGiven(
  given: OpenDelegation,
): { kind: DelegationKind; stateid: Stateid; recall: boolean } | null {
  if (given.delegationType === OPEN_DELEGATE_READ) return { kind: 'read', ...given.read };
  return given.delegationType === OPEN_DELEGATE_WRITE ? { kind: 'write', ...given.write } : null;
}
