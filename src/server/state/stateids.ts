import type { BootIdentity } from './boot-identity.ts';
import type { Client } from './clients.ts';
import type { Delegation } from './delegations.ts';
import type { LockState } from './lock-owners.ts';
import type { OpenState } from './opens.ts';
import { StateidBlocks } from './stateid-blocks.ts';

export type LockingState = OpenState | LockState | Delegation;

/** As on the wire (RFC 8881 section 3.3.12). */
export interface StateidValue {
  readonly seqid: number;
  readonly other: Buffer;
}

/** 2^47: how many a life has; at a million a second they last four years. The other half is for version 4.0 (stateid-blocks.ts). */
const MAX_INDEX = 2 ** 47;

/** Every stateid of this life that is not freed, the revoked ones too. */
export class StateidTable {
  readonly #identity: BootIdentity;
  readonly #byIndex = new Map<number, LockingState>();
  /** Where those of version 4.0 come from. */
  readonly blocks: StateidBlocks;
  #lastIndex = 0;

  constructor(identity: BootIdentity) {
    this.#identity = identity;
    this.blocks = new StateidBlocks(identity.writeVerifier.readUInt32BE(4));
  }

  get size(): number {
    return this.#byIndex.size;
  }

  /** A number for a new stateid. */
  nextIndex(client: Client): number {
    if (!client.hasSessions) return this.blocks.next(client);
    this.#lastIndex += 1;
    if (this.#lastIndex >= MAX_INDEX) throw new Error('this life of the server has used up its stateids');
    return this.#lastIndex;
  }

  otherOf(index: number): Buffer {
    return this.#identity.stateidOther(index);
  }

  insert(state: LockingState): void {
    if (this.#byIndex.has(state.index)) throw new Error(`stateid ${state.index} is given out twice`);
    this.#byIndex.set(state.index, state);
  }

  /** Undefined: of an earlier life, of another node, freed, or invented. */
  find(other: Buffer): LockingState | undefined {
    return this.#byIndex.get(this.#identity.stateidIndex(other));
  }

  all(): IterableIterator<LockingState> {
    return this.#byIndex.values();
  }

  remove(state: LockingState): void {
    this.#byIndex.delete(state.index);
  }
}

/** Says that the state changed (RFC 8881 section 8.2.2); 0 is reserved, so it wraps to 1. */
export function bumpSeqid(state: LockingState): StateidValue {
  state.seqid = state.seqid === 0xffffffff ? 1 : state.seqid + 1;
  return { seqid: state.seqid, other: state.other };
}
