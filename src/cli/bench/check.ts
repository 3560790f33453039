import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { type LargeHistoryShape, largeHistory } from '../../bench/check/large-history.ts';
import { textTable } from '../../bench/text-table.ts';
import { CHECK_NAMES, type CheckName } from '../../check/verdict.ts';
import type { History } from '../../history/events.ts';
import { fileSink } from '../../history/history-file.ts';
import { wholeNumber } from '../arguments.ts';
import { EXIT } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { machine } from './machine.ts';

const JUDGE = fileURLToPath(new URL('./judge-stored.ts', import.meta.url));
const MOST_OPERATIONS = 10_000_000;
const EVENTS_AT_A_TIME = 10_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Options extends LargeHistoryShape {
  readonly json?: true;
}

interface Judgement {
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly events: number;
  readonly operations: number;
  readonly loadSeconds: number;
  readonly judgeSeconds: number;
  readonly mostMemoryMiB: number;
}

/** `gracelab bench check`: what a verdict costs. */
export function benchCheck(frame: Frame): Command {
  // A power cut has requests before and after it.
  const number = wholeNumber(2, MOST_OPERATIONS);
  return new Command('check')
    .description(
      'what a verdict over a long history costs: time and memory, on a history that is made up for it',
    )
    .option('--operations <n>', 'requests of clients', number, 1_000_000)
    .option('--nodes <n>', 'nodes', wholeNumber(2, 64), 5)
    .option('--clients <n>', 'clients', wholeNumber(1, 10_000), 50)
    .option('--files <n>', 'files that they lock parts of', wholeNumber(1, 100_000), 200)
    .option('--reboots <n>', 'power cuts, one after another', wholeNumber(0, 10_000), 20)
    .option('--seed <n>', 'another history', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--json', 'print one JSON document')
    .action(async (options: Options) => {
      const judgement = await measure(options, frame);
      const document = { bench: 'check', machine: machine(), ...judgement };
      frame.terminal.result(options.json ? JSON.stringify(document, null, 2) : textOf(judgement));
      frame.conclude(judgement.verdict === 'valid' ? EXIT.holds : EXIT.unknown);
    });
}

async function measure(shape: LargeHistoryShape, { terminal }: Frame): Promise<Judgement> {
  terminal.message('bench: making the history up');
  const history = largeHistory(shape);
  const folder = await mkdtemp(path.join(tmpdir(), 'gracelab-bench-'));
  // Hundreds of megabytes are nothing to leave behind.
  const interrupted = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(EXIT.interrupted);
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  try {
    const file = path.join(folder, 'history.jsonl');
    await writeHistory(file, history);
    terminal.message('bench: judging it');
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      JUDGE,
      file,
      checksOf(shape).join(),
    ]);
    return JSON.parse(stdout) as Judgement;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Nothing is guarded in it, and where no node dies there is nothing to recover from. */
const checksOf = ({ reboots }: LargeHistoryShape): readonly CheckName[] =>
  reboots === 0
    ? ['exclusion', 'no-silent-loss', 'bounded-grace']
    : CHECK_NAMES.filter((name) => name !== 'guarded-data');

/** By turns: somebody may press Ctrl-C meanwhile. */
async function writeHistory(file: string, history: History): Promise<void> {
  const sink = fileSink(file);
  try {
    for (let at = 0; at < history.length; at += EVENTS_AT_A_TIME) {
      const lines = history.slice(at, at + EVENTS_AT_A_TIME).map((event) => `${JSON.stringify(event)}\n`);
      sink.append(lines.join(''));
      await setImmediate();
    }
  } finally {
    sink.close();
  }
}

function textOf(judgement: Judgement): string {
  const { operations, events, loadSeconds, judgeSeconds, mostMemoryMiB, verdict, reasons } = judgement;
  const heads = ['requests', 'events', 'read in', 'judged in', 'most memory', 'verdict'];
  const row = [
    operations.toLocaleString('en-US'),
    events.toLocaleString('en-US'),
    `${loadSeconds.toFixed(1)} s`,
    `${judgeSeconds.toFixed(1)} s`,
    `${Math.round(mostMemoryMiB)} MiB`,
    verdict,
  ];
  return [...textTable(heads, [row]), ...reasons].join('\n');
}
