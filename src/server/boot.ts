/** The first steps of a life, in the one order that is safe (docs/protocol.md). */
import { beaconSlot } from '../core/beacon-slot.ts';
import type { Clock } from '../core/clock.ts';
import type { Incarnation, NodeId } from '../core/ids.ts';
import { createLedger, memberOf, standing } from '../core/ledger.ts';
import { type Mutants, NO_MUTANTS } from '../core/mutants.ts';
import { nextIncarnation, transition } from '../core/transitions.ts';
import type { DomainStore, StoredLedger, SwapOutcome } from '../store/store.ts';
import { isStoreError } from './coordinator/store-errors.ts';
import { waitAfterLostBoot } from './coordinator/swap-turns.ts';
import type { Steps } from './named-steps.ts';

/** The beacon file of the domain, as far as a coordinator uses it. */
export interface BeaconLight {
  /** @returns false when somebody else holds that byte */
  light(slot: bigint): boolean;
  extinguish(slot: bigint): void;
  isLit(slot: bigint): boolean;
  /** Is any beacon of the domain lit by another process? */
  anyLit(): boolean;
}

export interface BootOptions {
  readonly node: NodeId;
  /** Who is in the domain when its ledger is made; read only then. */
  readonly foundingMembers: readonly NodeId[];
  readonly beaconProvesDeath: boolean;
  readonly store: DomainStore;
  readonly beacon: BeaconLight;
  readonly clock: Clock;
  readonly steps?: Steps;
  readonly mutants?: Mutants;
  /** How long another process that still is this node is waited for, in milliseconds. */
  readonly patienceMs: number;
  readonly onSwapped: (command: string, swapped: StoredLedger, sentAtMs: number) => void;
  /** Why the boot waits, in half a sentence; only when that is new. */
  readonly onBootWaiting: (problem: string) => void;
}

/** The boot cannot go on; the message is one sentence for a person. */
export class BootRefusedError extends Error {
  override readonly name = 'BootRefusedError';
}

const RETRY_MS = 10;
const STORE_RETRY_MS = 50;
/** A store that takes longer is worth telling. */
const SLOW_MS = 1_000;
const LEDGER_GONE =
  'the ledger is gone and nodes of this domain are still alive: waiting until they have ended';

/**
 * Reads the ledger, makes sure that the previous life is over, lights the next one's beacon, and only
 * then swaps `boot` in. Nobody ever sees an incarnation whose beacon was not lit yet, and two lives of
 * one node never overlap (C14).
 *
 * A store that does not answer, or whose ledger is damaged, is waited for as long as it takes: a process that ended for that reason
 * would only be started again (C9).
 *
 * @throws BootRefusedError, and the errors of the beacon file
 */
export async function bootNode(
  options: BootOptions,
): Promise<{ incarnation: Incarnation; stored: StoredLedger }> {
  const { beacon, clock, node, mutants = NO_MUTANTS } = options;
  const insist = insistence(options);
  let giveUpMs: number | null = null;
  for (;;) {
    const before = await insist(() => readOrCreate(options, insist.tell));
    const member = memberOf(before.ledger, node);
    if (member === undefined)
      throw new BootRefusedError(`${node} is not a member of this lock domain: admit it first.`);
    const incarnation = nextIncarnation(member);
    const slot = beaconSlot(member.beaconIndex, incarnation);
    const previousIsOver =
      member.incarnation === 0 ||
      mutants.has('M14') ||
      !beacon.isLit(beaconSlot(member.beaconIndex, member.incarnation));
    if (!previousIsOver || !beacon.light(slot)) {
      giveUpMs ??= clock.nowMs() + options.patienceMs;
      if (clock.nowMs() >= giveUpMs)
        throw new BootRefusedError(`Another process is ${node} already: stop it first.`);
      await pause(clock, RETRY_MS);
      continue;
    }
    giveUpMs = null;
    options.steps?.at('between-beacon-and-boot-swap');
    const booted = await swapBoot(options, insist, before, incarnation);
    if (booted !== null) return { incarnation, stored: booted };
    beacon.extinguish(slot);
    await pause(clock, waitAfterLostBoot(before.ledger, node));
  }
}

/** @returns null when somebody else wrote first: start over, since even the incarnation may have changed. */
async function swapBoot(
  options: BootOptions,
  insist: Insist,
  before: StoredLedger,
  incarnation: Incarnation,
): Promise<StoredLedger | null> {
  const result = transition(
    before.ledger,
    { type: 'boot', node: options.node, incarnation },
    options.mutants,
  );
  if (!result.ok) return null;
  const sentAtMs = options.clock.nowMs();
  const swap = await swapOnce(options.store, before, result.ledger);
  if (swap.outcome === 'lost') return null;
  if (swap.outcome === 'swapped') {
    const swapped = { ledger: result.ledger, revision: swap.revision };
    options.onSwapped('boot', swapped, sentAtMs);
    return swapped;
  }
  // Nobody but the holder of the beacon that is lit here can have booted this incarnation.
  const now = await insist(() => options.store.read());
  return now !== null && standing(now.ledger, options.node, incarnation) !== 'fenced' ? now : null;
}

/** A store that fails in the middle of a swap leaves it open whether that happened. */
async function swapOnce(
  store: DomainStore,
  before: StoredLedger,
  next: StoredLedger['ledger'],
): Promise<SwapOutcome> {
  try {
    return await store.swap(before.revision, next);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { outcome: 'unknown' };
  }
}

/**
 * A ledger that is not there is made, unless a beacon of the domain is lit. A node lights its beacon only after it has read a ledger, so
 * then there was one, and it vanished under a life that still grants by it. A new one beside it would know nothing of that life: its boots
 * would reuse incarnations, and with them beacons and the names of records, its grants would test nobody's beacon, and the locks of a node of the
 * old one that dies would go to whoever comes first. The living find the ledger gone as well and give up; when the last beacon is out, nobody
 * holds a lock any more, and the domain starts anew without claims, which its clients are told.
 */
async function readOrCreate(options: BootOptions, tell: (problem: string) => void): Promise<StoredLedger> {
  const { store, beacon, clock } = options;
  for (let attempt = 0; ; attempt++) {
    const stored = await store.read();
    if (stored !== null) return stored;
    if (!beacon.anyLit()) {
      await store.swap(null, createLedger(options.foundingMembers, options));
      continue;
    }
    // At a first start another node may have made the ledger since it was read, and be lit by now. Then it is there on the second look.
    if (attempt > 0) tell(LEDGER_GONE);
    await pause(clock, attempt > 0 ? STORE_RETRY_MS : RETRY_MS);
  }
}

interface Insist {
  /** Asks until there is an answer. */
  <T>(ask: () => Promise<T>): Promise<T>;
  readonly tell: (problem: string) => void;
}

function insistence({ clock, onBootWaiting }: BootOptions): Insist {
  let told: string | null = null;
  const tell = (problem: string): void => {
    if (problem !== told) onBootWaiting(problem);
    told = problem;
  };
  const insist = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (;;) {
      const cancel = clock.after(SLOW_MS, () => {
        if (told === null) tell('the store has not answered yet');
      });
      try {
        return await ask();
      } catch (error) {
        if (!isStoreError(error)) throw error;
        tell(error.message);
        await pause(clock, STORE_RETRY_MS);
      } finally {
        cancel();
      }
    }
  };
  return Object.assign(insist, { tell });
}

export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));
