/** Every mutant in turn, each until a history shows it: do the checks and the random schedules find what they are for? */
import type { CheckName } from '../../check/verdict.ts';
import { MUTANTS, type MutantId } from '../../core/mutants.ts';
import { counted } from '../../scenario/format/words.ts';
import { BEYOND_SIMULATION } from '../../sim/beyond-simulation.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { histories } from './histories.ts';
import type { Order, Plan } from './order.ts';

export interface Hunt {
  readonly mutant: MutantId;
  /** Of the first history with a violation; null: there was none. */
  readonly seed: number | null;
  /** How many there were, that one included. */
  readonly histories: number;
  /** Of which so many came to no verdict. */
  readonly unknown: number;
  readonly violations: readonly CheckName[];
  readonly seconds: number;
}

export interface HuntOptions {
  readonly jobs: number;
  readonly enough: AbortSignal;
  readonly json?: true;
}

const ALL = Object.keys(MUTANTS) as MutantId[];
const LOG_EVERY_MS = 30_000;

const row = (cells: readonly string[]): string =>
  [6, 6, 10, 8, 9].map((width, at) => (cells[at] ?? '').padEnd(width)).join('') + (cells[5] ?? '');

/**
 * @param plan its mutants are those to look for; none: all
 * @returns the exit status: a mutant that no history shows is a violation of what this proves
 */
export async function huntEveryMutant(
  plan: Plan,
  orders: () => { readonly count: number; readonly each: Iterable<Order> },
  options: HuntOptions,
  frame: Frame,
): Promise<ExitStatus> {
  const hunts: Hunt[] = [];
  const say = (line: string) => options.json || frame.terminal.result(line);
  say(row(['id', 'seed', 'histories', 'unknown', 'seconds', 'found by']));
  for (const mutant of plan.mutants.length > 0 ? plan.mutants : ALL) {
    const beyond = BEYOND_SIMULATION[mutant];
    if (beyond !== undefined) {
      say(row([mutant, '-', '', '', '', `not looked for: ${beyond}`]));
      continue;
    }
    if (options.enough.aborted) break;
    const hunt = await huntOne(
      mutant,
      { ...plan, mutants: [mutant], keeps: false },
      orders(),
      options,
      frame,
    );
    hunts.push(hunt);
    const { seed, histories, unknown, seconds, violations } = hunt;
    const found = seed === null ? 'NOT FOUND' : violations.join(', ');
    say(row([mutant, String(seed ?? '-'), String(histories), String(unknown), seconds.toFixed(1), found]));
  }
  if (options.json)
    frame.terminal.result(JSON.stringify({ interrupted: options.enough.aborted, hunts }, null, 2));
  if (options.enough.aborted) return EXIT.interrupted;
  return hunts.every(({ seed }) => seed !== null) ? EXIT.holds : EXIT.violation;
}

async function huntOne(
  mutant: MutantId,
  plan: Plan,
  { count, each }: { readonly count: number; readonly each: Iterable<Order> },
  { jobs, enough }: HuntOptions,
  frame: Frame,
): Promise<Hunt> {
  const began = performance.now();
  let [told, unknown] = [0, 0];
  const end = (seed: number | null, violations: readonly CheckName[]): Hunt => ({
    mutant,
    seed,
    histories: told,
    unknown,
    violations,
    seconds: (performance.now() - began) / 1000,
  });
  for await (const { report } of histories(plan, each, Math.min(jobs, count), enough)) {
    told += 1;
    if (report.verdict === 'violation') return end(report.seed, report.violations);
    if (report.verdict === 'unknown') unknown += 1;
    frame.terminal.progress(`${mutant}: ${told} of ${counted(count, 'history')} ...`, LOG_EVERY_MS);
  }
  return end(null, []);
}
