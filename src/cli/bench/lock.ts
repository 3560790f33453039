import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type LockPlan,
  type Means,
  measureLocks,
  type Sample,
  type Server,
  tryServers,
} from '../../bench/lock/measure.ts';
import { lockText } from '../../bench/lock/table.ts';
import { WORKLOADS, type Workload } from '../../bench/lock/workloads.ts';
import { addressText, parseTarget } from '../../conformance/target.ts';
import { parseDuration } from '../../scenario/format/words.ts';
import { systemClock } from '../agents/surroundings.ts';
import { list, wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { machine } from './machine.ts';

const MOST_CLIENTS = 256;
const MOST_SLOTS = 63;
const MOST_ROUNDS = 1000;
const MOST_MS = 600_000;
/** Longer than the grace of any server that was set up in a hurry. */
const PATIENCE_MS = 180_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Options {
  readonly clients: readonly number[];
  readonly slots: number;
  readonly duration: number;
  readonly rounds: number;
  readonly only: readonly Workload[];
  readonly json?: true;
}

const HELP = `
It works in a file for each client in the directory PATH, as root (AUTH_SYS), and removes them at the end.
With several servers each measurement is made on one after the other before the next, and the table compares them.
NAME=HOST:PORT/PATH gives a server a name in the table.`;

/** `gracelab bench lock`: how fast a server, any NFSv4.1 server, locks, opens, reads and writes. */
export function benchLock(frame: Frame): Command {
  return new Command('lock')
    .description('how many locks, opens, reads and writes a second a server answers, any NFSv4.1 server')
    .argument('<server...>', '[NAME=]HOST:PORT/PATH, a directory that root may write to', servers)
    .addOption(
      list('--clients <list>', 'clients, a connection each', wholeNumber(1, MOST_CLIENTS), [1, 4, 16]),
    )
    .option('--slots <n>', 'requests that a client has under way at a time', wholeNumber(1, MOST_SLOTS), 4)
    .addOption(
      new Option('--duration <duration>', 'of each measurement').argParser(duration).default(2000, '2s'),
    )
    .option('--rounds <n>', 'measures each so often', wholeNumber(1, MOST_ROUNDS), 1)
    .addOption(
      list(
        '--only <list>',
        `what to measure: ${WORKLOADS.map(({ name }) => name).join(', ')}`,
        workload,
        WORKLOADS,
      ).default(WORKLOADS, 'all'),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (those: readonly Server[], options: Options) => {
      const plan = planOf(those, options);
      const interruption = new AbortController();
      const interrupt = () => interruption.abort();
      // A second one ends it at once.
      for (const signal of SIGNALS) process.once(signal, interrupt);
      const samples = await measure(plan, {
        interruption: interruption.signal,
        clock: systemClock,
        random: Math.random,
        runId: randomBytes(4).toString('hex'),
        tell: (sample) => frame.terminal.message(`bench: ${sampleText(sample)}`),
      });
      for (const signal of SIGNALS) process.off(signal, interrupt);
      if (interruption.signal.aborted)
        throw new Refusal(EXIT.interrupted, 'interrupted; nothing is left on the servers.');
      const document = { bench: 'lock', machine: machine(), plan: planDocument(plan), samples };
      frame.terminal.result(options.json ? JSON.stringify(document, null, 2) : lockText(plan, samples));
      frame.conclude(samples.every(({ failure }) => failure === null) ? EXIT.holds : EXIT.unknown);
    });
}

/** A server that cannot be measured is told at once, and not after hours with the others. */
async function measure(plan: LockPlan, means: Means): Promise<Sample[]> {
  try {
    await tryServers(plan, means);
  } catch (error) {
    throw new Refusal(EXIT.unknown, `nothing was measured: ${(error as Error).message}.`, { cause: error });
  }
  return measureLocks(plan, means);
}

const planOf = (those: readonly Server[], options: Options): LockPlan => ({
  servers: distinct(those),
  workloads: options.only,
  clients: options.clients,
  slots: options.slots,
  durationMs: options.duration,
  rounds: options.rounds,
  patienceMs: PATIENCE_MS,
});

const planDocument = ({ workloads, ...plan }: LockPlan) => ({
  ...plan,
  workloads: workloads.map(({ name }) => name),
});

function sampleText({ server, workload, clients, round, perSecond, failure }: Sample): string {
  const result = failure ?? `${Math.round(perSecond ?? 0).toLocaleString('en-US')} a second`;
  return `${workload}, ${clients} ${clients === 1 ? 'client' : 'clients'}, round ${round}, ${server}: ${result}`;
}

// ---- arguments ----

const NAMED = /^(?:(?<name>[\w.-]+)=)?(?<where>.+)$/;

function servers(text: string, before: readonly Server[] = []): readonly Server[] {
  const { name, where = '' } = NAMED.exec(text)?.groups ?? {};
  const target = parseTarget(where);
  if (target === null) throw new InvalidArgumentError('It must be HOST:PORT/PATH or NAME=HOST:PORT/PATH.');
  return [...before, { ...target, name: name ?? addressText(target) }];
}

/** The table tells them apart by name. */
function distinct(those: readonly Server[]): readonly Server[] {
  const names = those.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return those;
  throw new Refusal(EXIT.wrongUsage, `two servers are called "${twice}"; name them: NAME=HOST:PORT/PATH.`);
}

function workload(text: string): Workload {
  const found = WORKLOADS.find(({ name }) => name === text);
  if (found === undefined)
    throw new InvalidArgumentError(`There are ${WORKLOADS.map(({ name }) => name).join(', ')}.`);
  return found;
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (typeof ms !== 'number') throw new InvalidArgumentError(`${ms.refused}.`);
  if (ms < 1 || ms > MOST_MS) throw new InvalidArgumentError('It must be from 1ms to 10m.');
  return ms;
}
