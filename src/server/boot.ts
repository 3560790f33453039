/** The first steps of a life, in the one order that is safe (docs/protocol.md). */
import { beaconSlot } from '../core/beacon-slot.ts';
import type { Clock } from '../core/clock.ts';
import type { Incarnation, NodeId } from '../core/ids.ts';
import { createLedger, memberOf, standing } from '../core/ledger.ts';
import { nextIncarnation, transition } from '../core/transitions.ts';
import type { DomainStore, StoredLedger } from '../store/store.ts';

/** The beacon file of the domain, as far as a coordinator uses it. */
export interface BeaconLight {
  /** @returns false when somebody else holds that byte */
  light(slot: bigint): boolean;
  extinguish(slot: bigint): void;
  isLit(slot: bigint): boolean;
}

export interface BootOptions {
  readonly node: NodeId;
  /** Who is in the domain when its ledger is made; read only then. */
  readonly foundingMembers: readonly NodeId[];
  readonly beaconProvesDeath: boolean;
  readonly store: DomainStore;
  readonly beacon: BeaconLight;
  readonly clock: Clock;
  /** How long another process that still is this node is waited for, in milliseconds. */
  readonly patienceMs: number;
  readonly onSwapped: (command: string, swapped: StoredLedger, sentAtMs: number) => void;
}

/** The boot cannot go on; the message is one sentence for a person. */
export class BootRefusedError extends Error {
  override readonly name = 'BootRefusedError';
}

const RETRY_MS = 10;

/**
 * Reads the ledger, makes sure that the previous life is over, lights the next one's beacon, and only
 * then swaps `boot` in. Nobody ever sees an incarnation whose beacon was not lit yet, and two lives of
 * one node never overlap (C14).
 *
 * @throws BootRefusedError, and the errors of the store
 */
export async function bootNode(
  options: BootOptions,
): Promise<{ incarnation: Incarnation; stored: StoredLedger }> {
  const { beacon, clock, node } = options;
  const giveUpMs = clock.nowMs() + options.patienceMs;
  for (;;) {
    const before = await readOrCreate(options);
    const member = memberOf(before.ledger, node);
    if (member === undefined)
      throw new BootRefusedError(`${node} is not a member of this lock domain: admit it first.`);
    const incarnation = nextIncarnation(member);
    const slot = beaconSlot(member.beaconIndex, incarnation);
    const previousIsOver =
      member.incarnation === 0 || !beacon.isLit(beaconSlot(member.beaconIndex, member.incarnation));
    if (!previousIsOver || !beacon.light(slot)) {
      if (clock.nowMs() >= giveUpMs)
        throw new BootRefusedError(`Another process is ${node} already: stop it first.`);
      await pause(clock, RETRY_MS);
      continue;
    }
    const booted = await swapBoot(options, before, incarnation);
    if (booted !== null) return { incarnation, stored: booted };
    beacon.extinguish(slot);
  }
}

/** @returns null when somebody else wrote first: start over, since even the incarnation may have changed. */
async function swapBoot(
  options: BootOptions,
  before: StoredLedger,
  incarnation: Incarnation,
): Promise<StoredLedger | null> {
  const result = transition(before.ledger, { type: 'boot', node: options.node, incarnation });
  if (!result.ok) return null;
  const sentAtMs = options.clock.nowMs();
  const swap = await options.store.swap(before.revision, result.ledger);
  if (swap.outcome === 'lost') return null;
  if (swap.outcome === 'swapped') {
    const swapped = { ledger: result.ledger, revision: swap.revision };
    options.onSwapped('boot', swapped, sentAtMs);
    return swapped;
  }
  // Nobody but the holder of the beacon that is lit here can have booted this incarnation.
  const now = await options.store.read();
  return now !== null && standing(now.ledger, options.node, incarnation) !== 'fenced' ? now : null;
}

async function readOrCreate(options: BootOptions): Promise<StoredLedger> {
  for (;;) {
    const stored = await options.store.read();
    if (stored !== null) return stored;
    await options.store.swap(null, createLedger(options.foundingMembers, options));
  }
}

export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));
