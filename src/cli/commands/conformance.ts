import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { type MinorVersion, type Outcome, runOutcome, Unjudged } from '../../conformance/outcome.ts';
import { RULES } from '../../conformance/rows/index.ts';
import { type ConformanceReport, runConformance } from '../../conformance/run.ts';
import { helperOf } from '../../conformance/server-helper.ts';
import { serverUnderTest } from '../../conformance/server-under-test.ts';
import { tableOf } from '../../conformance/table.ts';
import { type Address, parseAddress, parseTarget, type Target } from '../../conformance/target.ts';
import { systemClock } from '../agents/surroundings.ts';
import { wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import type { Colours } from '../terminal.ts';

interface ConformanceOptions {
  readonly helper?: string;
  readonly peer?: Address;
  readonly rows: readonly number[];
  readonly version: readonly MinorVersion[];
  readonly lease?: number;
  readonly parallel: number;
  readonly json?: true;
}

const HELP = `
It works in a directory of its own below PATH, which it removes at the end. The user is root (AUTH_SYS).

Many rows restart the server: --helper names a program that does that. It is called with one more
argument, and returns when the server serves again:
  reboot           end the server without warning, and start it again
  lose-records     the same, and what it recorded about its clients is gone in between  (row 20)
  corrupt-records  the same, and it is nonsense                                         (row 20)
  lease SECONDS    the same, with this lease time, and a grace time just as long        (row 16)
  migrate          nobody dies: the server's address moves to another node, as planned  (row 28)
  move-export      nobody dies: the filesystem that PATH is in moves to the peer,
                   as planned, and no address does                                (rows 29, 30)
  return-export    it comes back; asked again as long as it ends with another status than 0
It ends with status 64 at a word that it does not know; rows that need it are not applicable then.
For a server of \`gracelab serve\`: --helper 'gracelab server-helper STATE-DIR'`;

const EVERYTHING = [...RULES.keys()];
const VERSIONS: Readonly<Record<string, readonly MinorVersion[]>> = {
  '4.0': [0],
  '4.1': [1],
  '4.2': [2],
  all: [0, 1, 2],
};
const REQUESTS_AT_A_TIME = 8;

/** `gracelab conformance`: the rules of reclaim and grace, one by one, against any server. */
export function conformance(frame: Frame): Command {
  return new Command('conformance')
    .description('test a server, any NFSv4.1 server, against the rules of reclaim and grace')
    .argument('<server>', 'HOST:PORT/PATH, a directory that root may write to', target)
    .option('--helper <command>', 'a program that restarts the server')
    .option('--peer <host:port>', 'another node of the same cluster', address)
    .option('--rows <list>', 'which rows, as 1-12,33', rows, EVERYTHING)
    .option('--version <version>', '4.0, 4.1, 4.2 or all', versions, VERSIONS.all)
    .option('--lease <seconds>', 'its lease time, when it does not say so itself', wholeNumber(1, 3600))
    .option('--parallel <n>', 'requests at a time', wholeNumber(1, 64), REQUESTS_AT_A_TIME)
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (server: Target, options: ConformanceOptions) => {
      const report = await run(server, options, frame);
      const { terminal } = frame;
      if (options.json) terminal.result(JSON.stringify(documentOf(report), null, 2));
      else terminal.result(tableOf(report, paintWith(terminal.colours)));
      frame.conclude(
        { pass: EXIT.holds, fail: EXIT.violation, unknown: EXIT.unknown }[runOutcome(report.rows)],
      );
    });
}

async function run(server: Target, options: ConformanceOptions, frame: Frame): Promise<ConformanceReport> {
  const { terminal, cwd } = frame;
  const means = { clock: systemClock, random: Math.random, parallel: options.parallel };
  try {
    return await runConformance({
      target: server,
      server: serverUnderTest({ ...server, ...means }),
      peer: options.peer === undefined ? null : serverUnderTest({ ...options.peer, ...means }),
      helper: options.helper === undefined ? null : helperOf(options.helper, cwd),
      rows: options.rows,
      versions: options.version,
      leaseMs: options.lease === undefined ? null : options.lease * 1000,
      runId: randomBytes(4).toString('hex'),
      tell: (line) => terminal.message(`conformance: ${line}`),
      warn: (sentence) => terminal.message(`gracelab: ${sentence}.`),
    });
  } catch (error) {
    if (error instanceof Unjudged || /^no (connection|answer) /.test((error as Error).message))
      throw new Refusal(EXIT.unknown, `nothing could be judged: ${(error as Error).message}.`, {
        cause: error,
      });
    throw error;
  }
}

function documentOf(report: ConformanceReport): object {
  const outcomes = report.rows.map(({ outcome }) => outcome);
  const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
  const summary = {
    pass: count('pass'),
    fail: count('fail'),
    notApplicable: count('not-applicable'),
    unknown: count('unknown'),
  };
  const version = (number: MinorVersion) => `4.${number}`;
  return {
    ...report,
    outcome: runOutcome(report.rows),
    versions: report.versions.map(version),
    summary,
    rows: report.rows.map((row) => ({
      ...row,
      tests: row.tests.map((test) => ({ ...test, version: version(test.version) })),
    })),
  };
}

function paintWith(colours: Colours): (text: string, outcome: Outcome) => string {
  const paints = {
    pass: colours.green,
    fail: colours.red,
    'not-applicable': colours.dim,
    unknown: colours.yellow,
  };
  return (text, outcome) => paints[outcome](text);
}

// ---- arguments ----

function target(text: string): Target {
  const parsed = parseTarget(text);
  if (parsed === null)
    throw new InvalidArgumentError('It must be HOST:PORT/PATH, as 127.0.0.1:2049/export or [::1]:2049/.');
  return parsed;
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new InvalidArgumentError('It must be HOST:PORT.');
  return parsed;
}

function versions(text: string): readonly MinorVersion[] {
  const found = VERSIONS[text];
  if (found === undefined) throw new InvalidArgumentError('It must be 4.0, 4.1, 4.2 or all.');
  return found;
}

function rows(text: string): readonly number[] {
  const chosen = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(RULES.has(from) && RULES.has(to) && from <= to))
      throw new InvalidArgumentError(`It must be rows from 1 to ${RULES.size}, as 1-12,33.`);
    for (let row = from; row <= to; row += 1) chosen.add(row);
  }
  return EVERYTHING.filter((row) => chosen.has(row));
}
