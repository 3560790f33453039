import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import type { History } from '../../history/events.ts';
import { loadHistory } from '../../history/history-file.ts';
import { HistoryFormatError } from '../../history/parse-history.ts';
import { whyUnreadable } from '../../scenario/format/written-file.ts';
import { judgeRun, type RunSetting } from '../../scenario/judge-run.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { printVerdict, STATUS_OF } from '../verdicts.ts';

/** What `topology.json` of a run folder says of the run. */
interface Topology extends RunSetting {
  readonly scenario: Scenario;
  readonly seed: number;
}

/** What of it a judgement rests on. */
const TOPOLOGY = z.looseObject({
  scenario: z.looseObject({
    name: z.string(),
    cluster: z.looseObject({ nodes: z.array(z.string()), leaseMs: z.number(), graceMs: z.number() }),
    expect: z.looseObject({ checks: z.array(z.string()), coverage: z.record(z.string(), z.number()) }),
  }),
  seed: z.number(),
  runtime: z.string(),
  server: z.string(),
  filesystem: z.string(),
});

async function readTopology(folder: string): Promise<Topology> {
  const file = path.join(folder, 'topology.json');
  const read = TOPOLOGY.safeParse(await readJson(file, folder));
  if (read.success) return read.data as unknown as Topology;
  const where = read.error.issues[0]?.path.join('.');
  throw new Refusal(
    EXIT.wrongUsage,
    `${file} does not describe a run${where === '' ? '' : ` (see ${where})`}; name a folder like runs/reboot/20260102T030405Z.`,
  );
}

async function readJson(file: string, folder: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    const why = error instanceof SyntaxError ? 'is not JSON' : `cannot be read: ${whyUnreadable(error)}`;
    throw new Refusal(
      EXIT.wrongUsage,
      missing
        ? `${folder} is not a run folder: it has no topology.json; name one like runs/reboot/20260102T030405Z.`
        : `${file} ${why}.`,
    );
  }
}

async function readHistory(folder: string): Promise<{ history: History; remarks: readonly string[] }> {
  const file = path.join(folder, 'history.jsonl');
  try {
    // What the loader says of a file that it cannot read is the system's own text.
    await using handle = await open(file);
    await handle.read({ length: 1 });
  } catch (error) {
    throw new Refusal(EXIT.unknown, `${file} cannot be read: ${whyUnreadable(error)}.`);
  }
  try {
    return await loadHistory(file);
  } catch (error) {
    if (error instanceof HistoryFormatError) throw new Refusal(EXIT.unknown, error.message);
    throw error;
  }
}

/** The run's last event says why it ended early, if it did; a run that was killed has no such event. */
function failureOf(history: History): string | null {
  const end = history.findLast((event) => event.kind === 'run' && event.event === 'end');
  if (end === undefined) return 'the run was cut off before its end';
  return end.kind === 'run' ? (end.text ?? null) : null;
}

/** `gracelab check RUN`: judges a stored run again. */
export function check(frame: Frame): Command {
  return new Command('check')
    .description('judge a stored run again')
    .argument('[run]', 'a run folder', 'runs/latest')
    .option('--json', 'print one JSON document')
    .action(async (run: string, options: { json?: true }) => {
      const folder = path.resolve(frame.cwd, run);
      const { scenario, seed, runtime, server, filesystem } = await readTopology(folder);
      const { history, remarks } = await readHistory(folder);
      const verdict = judgeRun({
        history,
        scenario,
        seed,
        failure: failureOf(history),
        setting: { runtime, server, filesystem },
        timings: {},
      });
      for (const remark of remarks) frame.terminal.message(remark);
      if (options.json) frame.terminal.result(JSON.stringify(verdict, null, 2));
      else printVerdict(verdict, folder, frame);
      frame.conclude(STATUS_OF[verdict.verdict]);
    });
}
