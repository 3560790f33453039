/** Makes a failing history smaller: fewer clients, faults, steps and nodes, as long as the same check still fails. */
import type { CheckName } from '../check/verdict.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { LARGEST_SEED } from '../scenario/seeded-random.ts';
import { smallerThan } from './smaller.ts';

export interface Failing {
  readonly scenario: Scenario;
  readonly seed: number;
}

export interface ShrinkOptions {
  readonly failing: Failing;
  readonly check: CheckName;
  /** Which checks are violated in the history of this scenario and seed. */
  readonly violations: (scenario: Scenario, seed: number) => Promise<readonly CheckName[]>;
  /** Can this scenario be run at all? */
  readonly isSound: (scenario: Scenario) => boolean;
  /** Histories that may be simulated for it. */
  readonly mostTries: number;
  /** Ends it early. */
  readonly enough?: AbortSignal;
  readonly onProgress: (tries: number, scenario: Scenario) => void;
}

/** Whatever is taken away changes all chances that come after it, so each smaller one is given a few seeds to fail by. */
const SEEDS_TO_TRY = 3;

/** @returns the smallest that was found; the failing one itself when nothing smaller fails */
export async function shrink(options: ShrinkOptions): Promise<Failing> {
  const { check, violations, isSound, mostTries, enough, onProgress } = options;
  let smallest: Failing = options.failing;
  let tries = 0;
  const over = () => tries >= mostTries || enough?.aborted === true;

  const stillFailing = async (scenario: Scenario): Promise<Failing | null> => {
    for (let offset = 0; offset < SEEDS_TO_TRY && !over(); offset += 1) {
      const seed = (smallest.seed + offset) % (LARGEST_SEED + 1);
      tries += 1;
      if ((await violations(scenario, seed)).includes(check)) return { scenario, seed };
    }
    return null;
  };

  for (let found = true; found && !over(); ) {
    found = false;
    for (const candidate of smallerThan(() => smallest.scenario)) {
      if (over()) break;
      if (!isSound(candidate)) continue;
      const failing = await stillFailing(candidate);
      if (failing === null) continue;
      smallest = failing;
      found = true;
      onProgress(tries, smallest.scenario);
    }
  }
  return smallest;
}
