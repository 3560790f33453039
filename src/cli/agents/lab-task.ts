/** The life of a lab process: pid 1 of a sandbox, with one task that comes as a line on stdin and whose result goes out on stdout (../sandboxed.ts). */
import { createInterface } from 'node:readline';
import type { LabMessage } from '../sandboxed.ts';
import { systemClock as clock } from './surroundings.ts';

const PROGRESS_MS = 1000;

/** Signal numbers, for the exit status that a shell would give. */
const ENDING = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export interface TaskSurroundings {
  /** Somebody wants it to end now; it leaves nothing then. */
  readonly interruption: AbortSignal;
  /** Called whenever it turns to something else. */
  readonly progress: (text: string) => void;
}

/** Rejects with one sentence when the machine cannot, and when it was interrupted. */
export type LabTask<Request, Result> = (request: Request, surroundings: TaskSurroundings) => Promise<Result>;

/** Carries the task out and ends the process, and with it whatever is in the sandbox. */
export async function carryOut<Request, Result>(task: LabTask<Request, Result>): Promise<never> {
  const line = await firstLine();
  const status = line === null ? 0 : await run(JSON.parse(line) as Request, task);
  // Whatever still runs in here is of no more use: the sandbox goes with this process.
  return new Promise(() => process.stdout.end(() => process.exit(status)));
}

/** @returns the exit status of the process */
async function run<Request, Result>(request: Request, task: LabTask<Request, Result>): Promise<number> {
  const say = (message: LabMessage<Result>): void =>
    void process.stdout.write(`${JSON.stringify(message)}\n`);
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
    say({ result: await task(request, { interruption: interruption.signal, progress }) });
  } catch (error) {
    if (process.env.GRACELAB_DEBUG === '1') process.stderr.write(`${(error as Error).stack}\n`);
    if (!interruption.signal.aborted) say({ impossible: (error as Error).message });
  } finally {
    clearInterval(ticker);
  }
  return status;
}

/** The first line of stdin; null when stdin ends before one came. */
async function firstLine(): Promise<string | null> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  return null;
}
