/**
 * The lab process: pid 1 of a sandbox. It takes one request (src/scenario/run-request.ts) on stdin, runs
 * the scenario on real containers, and says on stdout how it goes. When it ends, for whatever reason, the
 * kernel takes every process, mount and interface of the lab with it.
 */

import { createInterface } from 'node:readline';
import { NamespaceLab } from '../../runtime/namespace/lab.ts';
import type { RunMessage, RunRequest } from '../../scenario/run-request.ts';
import { type RunSurroundings, runScenario } from '../../scenario/runner.ts';
import { openSharedView } from './shared-view.ts';
import { agentProgram, systemClock as clock } from './surroundings.ts';

const PROGRESS_MS = 1000;

const say = (message: RunMessage): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

/** `20260102T030405Z`: sorts by time, and no filesystem minds it. */
const folderTime = (): string => `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

function surroundings(request: RunRequest, interruption: AbortSignal): RunSurroundings {
  return {
    openLab: ({ logsDir }) =>
      NamespaceLab.open({ clock, env: process.env, log: { directory: logsDir }, visible: [request.out] }),
    programs: { node: agentProgram('node'), client: agentProgram('client') },
    clock,
    interruption,
    monotonicNs: () => process.hrtime.bigint(),
    folderTime,
    view: openSharedView,
    setting: { runtime: 'namespace', server: 'gracelab', filesystem: 'tmpfs' },
  };
}

/** The first line of stdin; null when stdin ends before one came. */
async function firstLine(): Promise<string | null> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  return null;
}

/** Signal numbers, for the exit status that a shell would give. */
const ENDING = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** @returns the exit status of the process */
async function run(request: RunRequest): Promise<number> {
  const { scenario, seed, mutants, out } = request;
  const interruption = new AbortController();
  let status = 0;
  for (const [signal, number] of Object.entries(ENDING))
    process.once(signal, () => {
      status = 128 + number;
      interruption.abort();
    });
  const beganMs = clock.nowMs();
  let text = '';
  const report = () => say({ progress: { text, elapsedMs: Math.round(clock.nowMs() - beganMs) } });
  const ticker = setInterval(report, PROGRESS_MS);
  const progress = (next: string) => {
    text = next;
    report();
  };
  try {
    const options = { scenario, seed, mutants, out, progress };
    say({ result: await runScenario(options, surroundings(request, interruption.signal)) });
  } catch (error) {
    if (process.env.GRACELAB_DEBUG === '1') process.stderr.write(`${(error as Error).stack}\n`);
    if (!interruption.signal.aborted) say({ impossible: (error as Error).message });
  } finally {
    clearInterval(ticker);
  }
  return status;
}

const line = await firstLine();
const status = line === null ? 0 : await run(JSON.parse(line) as RunRequest);
// Whatever still runs in here is of no more use: the sandbox goes with this process.
process.stdout.end(() => process.exit(status));
