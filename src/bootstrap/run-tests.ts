/**
 * The test runner: each test file is a Node process that prints TAP. Of files of test/unit one more than there are cores run at a time,
 * since some wait; of files of test/integration, whose containers wait most of the time, two. Beside both run, one after another, those
 * that hardly do anything but wait: for a virtual machine, for a lease to run out. What takes longest comes first.
 *
 * Usage: run-tests [--fast] [PART-OF-A-PATH ...]. The last line is always `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import picocolors from 'picocolors';
import { wantsColours } from '../cli/terminal.ts';
import { endStrays, marked } from './strays.ts';
import { type Ending, Tally, type TestCase } from './tally.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const pc = picocolors.createColors(wantsColours(process.stdout, process.env));

const UNIT_JOBS = availableParallelism() + 1;
const LAB_JOBS = 2;
/** Folders of test/integration whose files wait more than they work, and judge nothing by how long it takes. */
const BESIDE =
  /^test\/integration\/(cli\/ledger|conformance\/|kernel-client\/|model\/|package\/|report\/|serve\/|store\/)/;
/** The longest ones of each kind. Whoever comes last keeps everybody else waiting; an entry that is out of date costs nothing. */
const LONGEST = [
  'test/unit/model/m',
  'test/unit/store/etcd.',
  'test/unit/cli/simulate',
  'test/unit/check/exclusion-property',
  'test/unit/conformance/misbehaviour',
  'test/unit/sim/simulate',
  'test/integration/scenario/shipped',
  'test/integration/scenario/mutants',
  'test/integration/cli/living-lab',
  'test/integration/bench/lock',
  'test/integration/cli/ledger',
  'test/integration/kernel-client/',
];
const SLOWEST_TOLD = 10;
/** Safety nets: a file of integration tests that takes five minutes on an idle machine needs a quarter of an hour on one that has other things to do. */
const UNIT_TIMEOUT_MS = 300_000;
const INTEGRATION_TIMEOUT_MS = 1_800_000;
/** Enough of a diff to see what is wrong, not so much that other failures scroll away. */
const DETAIL_LINES = 60;

interface FileOutcome {
  readonly file: string;
  readonly cases: readonly TestCase[];
  readonly elapsedMs: number;
  /** What the file wrote to stderr; shown only when it failed. */
  readonly stderr: string;
}

/** Process groups that must not outlive this runner, and what their files are marked by. */
const running = new Map<number, string>();

function end(pid: number, mark: string): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
  endStrays(mark);
}

function endRunning(): void {
  for (const [pid, mark] of running) end(pid, mark);
}

function runFile(file: string, timeoutMs: number): Promise<FileOutcome> {
  const startedMs = performance.now();
  const tally = new Tally();
  const mark = `${process.pid} ${file}`;
  // A group of its own: a test that hangs is ended together with everything that it started.
  const child = spawn(process.execPath, [file], {
    cwd: ROOT,
    // tap's own limit of 30 s is for a file of quick tests; ours is the one that counts.
    env: marked({ ...process.env, TAP_TIMEOUT: String(timeoutMs / 1000) }, mark),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve } = Promise.withResolvers<FileOutcome>();
  const ending = { code: null as number | null, signal: null as string | null, timedOut: false };
  let stderr = '';
  const timer = setTimeout(() => {
    ending.timedOut = true;
    if (child.pid !== undefined) end(child.pid, mark);
  }, timeoutMs);
  if (child.pid !== undefined) running.set(child.pid, mark);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => tally.write(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.on('close', (code, signal) => {
    clearTimeout(timer);
    if (child.pid !== undefined) running.delete(child.pid);
    // Who fails in the middle does not tidy up.
    if (code !== 0) endStrays(mark);
    const cases = tally.conclude(file, { ...ending, code, signal } satisfies Ending);
    resolve({ file, cases, elapsedMs: performance.now() - startedMs, stderr });
  });
  return promise;
}

const count = (cases: readonly TestCase[], outcome: TestCase['outcome']): number =>
  cases.filter((testCase) => testCase.outcome === outcome).length;

const indent = (text: string, by: number): string =>
  text
    .trimEnd()
    .split('\n')
    .slice(0, DETAIL_LINES)
    .map((line) => ' '.repeat(by) + line)
    .join('\n');

function place(at: unknown): string {
  if (typeof at !== 'object' || at === null) return '';
  const { fileName, lineNumber } = at as { fileName?: string; lineNumber?: number };
  return fileName === undefined ? '' : ` (${fileName}:${lineNumber ?? '?'})`;
}

function printFailures(outcome: FileOutcome): void {
  for (const testCase of outcome.cases.filter((candidate) => candidate.outcome === 'failed')) {
    console.log(`  ${pc.red('failed')} ${testCase.path.join(' > ')}`);
    for (const failure of testCase.failures) {
      const { at, diff, stack, tapCaught, source, ...rest } = failure.diagnostics as {
        tapCaught?: string;
        source?: string;
        at?: unknown;
        diff?: string;
        stack?: string;
      };
      console.log(`    ${failure.name}${place(at)}`);
      if (diff !== undefined) console.log(indent(diff, 6));
      else if (Object.keys(rest).length > 0) console.log(indent(JSON.stringify(rest, null, 2), 6));
      if (stack !== undefined) console.log(pc.dim(indent(stack, 6)));
    }
  }
  if (outcome.stderr.trim() !== '')
    console.log(pc.dim(`    stderr of the file:\n${indent(outcome.stderr, 6)}`));
}

function printFile(outcome: FileOutcome): void {
  const failed = count(outcome.cases, 'failed');
  const skipped = count(outcome.cases, 'skipped');
  const mark = failed > 0 ? pc.red('x') : pc.green('.');
  const counts = `${count(outcome.cases, 'passed')} passed${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  console.log(`${mark} ${outcome.file}  ${counts}  ${pc.dim(seconds(outcome.elapsedMs))}`);
  if (failed > 0) printFailures(outcome);
}

async function runAll(files: readonly string[], jobs: number, timeoutMs: number): Promise<FileOutcome[]> {
  const waiting = [...files];
  const outcomes: FileOutcome[] = [];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const outcome = await runFile(file, timeoutMs);
      printFile(outcome);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return outcomes;
}

function filesOf(folder: string, filters: readonly string[]): string[] {
  return globSync(`test/${folder}/**/*.test.ts`, { cwd: ROOT })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort()
    .toSorted((a, b) => rankOf(a) - rankOf(b));
}

function rankOf(file: string): number {
  const rank = LONGEST.findIndex((start) => file.startsWith(start));
  return rank < 0 ? LONGEST.length : rank;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function printSlowest(outcomes: readonly FileOutcome[]): void {
  if (outcomes.length <= SLOWEST_TOLD) return;
  console.log('\nSlowest:');
  const slowest = outcomes.toSorted((a, b) => b.elapsedMs - a.elapsedMs).slice(0, SLOWEST_TOLD);
  for (const { file, elapsedMs } of slowest) console.log(`  ${seconds(elapsedMs).padStart(7)}  ${file}`);
}

function printSummary(outcomes: readonly FileOutcome[]): void {
  const cases = outcomes.flatMap((outcome) =>
    outcome.cases.map((testCase) => ({ file: outcome.file, ...testCase })),
  );
  const skipped = cases.filter((testCase) => testCase.outcome === 'skipped');
  if (skipped.length > 0) console.log('\nSkipped:');
  for (const testCase of skipped) {
    console.log(`  ${testCase.file}: ${testCase.path.join(' > ')}: ${testCase.reason}`);
  }
  const failed = cases.filter((testCase) => testCase.outcome === 'failed');
  if (failed.length > 0) console.log('\nFailed:');
  for (const testCase of failed) console.log(`  ${testCase.file}: ${testCase.path.join(' > ')}`);
  if (cases.length === 0) console.log('\nNo test file was found, which is a failure.');
  const passed = count(cases, 'passed');
  console.log(`\n${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  process.exitCode = failed.length > 0 || passed === 0 ? 1 : 0;
}

async function main(argv: readonly string[]): Promise<void> {
  const fast = argv.includes('--fast');
  const filters = argv.filter((argument) => !argument.startsWith('--'));
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.on(signal, () => {
      endRunning();
      process.exit(128 + number);
    });
  }
  const { labs = [], beside = [] } = Object.groupBy(fast ? [] : filesOf('integration', filters), (file) =>
    BESIDE.test(file) ? 'beside' : 'labs',
  );
  const besides = runAll(beside, 1, INTEGRATION_TIMEOUT_MS);
  const outcomes = await runAll(filesOf('unit', filters), UNIT_JOBS, UNIT_TIMEOUT_MS);
  outcomes.push(...(await runAll(labs, LAB_JOBS, INTEGRATION_TIMEOUT_MS)), ...(await besides));
  printSlowest(outcomes);
  printSummary(outcomes);
}

await main(process.argv.slice(2));
