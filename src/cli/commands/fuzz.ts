import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseTarget, type Target } from '../../conformance/target.ts';
import { readCorpus, writeCorpus } from '../../fuzz/corpus.ts';
import { fuzz as runFuzz } from '../../fuzz/fuzz.ts';
import type { FuzzReport } from '../../fuzz/report.ts';
import type { RecordedRequest } from '../../fuzz/tape.ts';
import { reportText } from '../../fuzz/text.ts';
import { writeFailure } from '../../history/write-failure.ts';
import { systemClock } from '../agents/surroundings.ts';
import { wholeNumber } from '../arguments.ts';
import { endedByHand } from '../ended-by-hand.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';

interface FuzzCommandOptions {
  readonly requests: number;
  readonly seed?: number;
  readonly firstRound: number;
  readonly version: readonly (0 | 1 | 2)[];
  readonly pid?: number;
  readonly memory: number;
  readonly directory?: string;
  readonly patience: number;
  readonly out?: string;
  readonly corpus?: string;
  readonly record?: string;
  readonly json?: true;
}

const HELP = `
It works in a directory of its own below PATH, which it removes at the end, as root (AUTH_SYS). Clients of
every version say each operation once by the book; what they said is sent again and again with bits, words,
lengths, operations, ids, RPC heads and record marks changed. Meanwhile other clients hold locks, and keep
working: whatever happens to them is a finding, and so is a request that is not answered.

Changed sizes can fill the filesystem. A server of another make may be brought down by it: that is what it is for.

  --pid        counts descriptors, sockets and memory of the server's process, before and after
  --directory  compares the victims' locks in /proc/locks, before and after

A finding is written to a file, with what was sent before it. The same seed makes the same requests:
  gracelab fuzz HOST:PORT/PATH --seed N --first-round R --requests 240`;

const MOST = 1_000_000_000;
/** Garbage collectors take their time: a server of a few MB may well have hundreds before they begin in earnest. */
const MEMORY_MB = 512;
const VERSIONS: Readonly<Record<string, readonly (0 | 1 | 2)[]>> = {
  '4.0': [0],
  '4.1': [1],
  '4.2': [2],
  all: [1, 2, 0],
};

/** `gracelab fuzz`: a server under mutated requests. */
export function fuzz(frame: Frame): Command {
  return new Command('fuzz')
    .description('send mutated requests to a server, any NFSv4 server, while others hold locks on it')
    .argument('<server>', 'HOST:PORT/PATH, a directory that root may write to', target)
    .option('--requests <n>', 'how many', wholeNumber(1, MOST), 100_000)
    .option('--seed <n>', 'of the mutations (default: a random one)', wholeNumber(0, 2 ** 32 - 1))
    .option('--first-round <n>', 'begin with this one', wholeNumber(0, MOST), 0)
    .addOption(
      new Option('--version <version>', '4.0, 4.1, 4.2 or all')
        .argParser(versions)
        .default(VERSIONS.all, 'all'),
    )
    .option('--pid <pid>', 'the process of the server, on this machine', wholeNumber(1, 2 ** 22))
    .option(
      '--memory <mb>',
      'by how much it may grow after the first tenth',
      wholeNumber(1, 1_000_000),
      MEMORY_MB,
    )
    .option('--directory <dir>', 'the directory of PATH, on this machine')
    .option('--patience <seconds>', 'for how long an answer is waited for', wholeNumber(1, 600), 20)
    .option('--corpus <dir>', 'begin with the requests in these files as well')
    .option('--record <dir>', 'write there what clients said by the book')
    .option('--out <dir>', 'where a finding is written (default: here)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (server: Target, options: FuzzCommandOptions) => {
      requireDirectories(options, frame);
      // What was made on the server goes before we do.
      const enough = endedByHand(
        frame,
        'fuzz: interrupted; it ends with this round, and removes its directory.',
      );
      const report = await run(server, options, enough, frame);
      const files = written(report, path.resolve(frame.cwd, options.out ?? '.'));
      if (options.json) frame.terminal.result(JSON.stringify({ ...report, files }, null, 2));
      else frame.terminal.result(reportText(report, files));
      const status = { pass: EXIT.holds, fail: EXIT.violation, unknown: EXIT.unknown }[report.outcome];
      frame.conclude(enough.aborted && report.outcome !== 'fail' ? EXIT.interrupted : status);
    });
}

/**
 * Before the first request: whoever mistyped a path is told at once, and a finding has a place to go.
 * @throws {Refusal}
 */
function requireDirectories({ directory, corpus, record, out }: FuzzCommandOptions, { cwd }: Frame): void {
  const wanted = { directory, corpus, out };
  for (const [option, dir] of Object.entries(wanted)) {
    const at = path.resolve(cwd, dir ?? '.');
    if (!statSync(at, { throwIfNoEntry: false })?.isDirectory())
      throw new Refusal(EXIT.wrongUsage, `--${option} ${at} is not a directory; name one that is there.`);
  }
  try {
    if (record !== undefined) mkdirSync(path.resolve(cwd, record), { recursive: true });
  } catch (error) {
    throw new Refusal(EXIT.wrongUsage, `--record ${record} cannot be made: ${writeFailure(error)}.`);
  }
}

async function run(
  server: Target,
  options: FuzzCommandOptions,
  enough: AbortSignal,
  frame: Frame,
): Promise<FuzzReport> {
  const { requests, firstRound, pid, directory } = options;
  const seed = options.seed ?? frame.drawSeed();
  const at = (dir: string) => path.resolve(frame.cwd, dir);
  const recorded = new Map<string, RecordedRequest>();
  try {
    const report = await runFuzz({
      ...server,
      ...{ seed, requests, firstRound, versions: options.version },
      pid: pid ?? null,
      memoryMb: options.memory,
      local: directory === undefined ? null : at(directory),
      corpus: options.corpus === undefined ? [] : readCorpus(at(options.corpus)),
      onRecorded: (requests) => {
        for (const request of requests) if (!recorded.has(request.name)) recorded.set(request.name, request);
      },
      clock: systemClock,
      patienceMs: options.patience * 1000,
      runId: randomBytes(4).toString('hex'),
      tell: (line) => frame.terminal.message(`fuzz: ${line}`),
      enough,
    });
    if (options.record !== undefined) writeCorpus(at(options.record), [...recorded.values()]);
    return report;
  } catch (error) {
    throw new Refusal(EXIT.unknown, `nothing could be judged: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

/** A file for each finding. */
function written(report: FuzzReport, directory: string): string[] {
  return report.findings.map((finding, index) => {
    const file = path.join(directory, `fuzz-${report.seed}-${finding.round ?? 'end'}-${index}.json`);
    writeFileSync(file, `${JSON.stringify({ seed: report.seed, ...finding }, null, 2)}\n`);
    return file;
  });
}

// ---- arguments ----

function target(text: string): Target {
  const parsed = parseTarget(text);
  if (parsed === null)
    throw new InvalidArgumentError('It must be HOST:PORT/PATH, as 127.0.0.1:2049/export or [::1]:2049/.');
  return parsed;
}

function versions(text: string): readonly (0 | 1 | 2)[] {
  const found = VERSIONS[text];
  if (found === undefined) throw new InvalidArgumentError('It must be 4.0, 4.1, 4.2 or all.');
  return found;
}
