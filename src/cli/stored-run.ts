/** A run as it lies in its folder. */
import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { judge } from '../check/judge.ts';
import type { VerdictDocument } from '../check/verdict.ts';
import type { History } from '../history/events.ts';
import { loadHistory } from '../history/history-file.ts';
import { HistoryFormatError } from '../history/parse-history.ts';
import { whyUnreadable } from '../scenario/format/written-file.ts';
import { judgeRun, type RunSetting } from '../scenario/judge-run.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { EXIT, Refusal } from './exit-status.ts';

/** What `topology.json` of a run folder says of the run. */
interface Topology extends RunSetting {
  readonly scenario: Scenario;
  readonly seed: number;
}

const HISTORY_FILE = 'history.jsonl';

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
    const what = (await isThere(folder)) ? 'is not a run folder: it has no topology.json' : 'is not there';
    const why = error instanceof SyntaxError ? 'is not JSON' : `cannot be read: ${whyUnreadable(error)}`;
    throw new Refusal(
      EXIT.wrongUsage,
      missing
        ? `${folder} ${what}; name a run folder like runs/reboot/20260102T030405Z, or a history like mine.jsonl.`
        : `${file} ${why}.`,
    );
  }
}

async function readHistory(file: string): Promise<{ history: History; remarks: readonly string[] }> {
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

const isThere = (place: string): Promise<boolean> =>
  stat(place).then(
    () => true,
    () => false,
  );

const isFile = (place: string): Promise<boolean> =>
  stat(place).then(
    (there) => there.isFile(),
    () => false,
  );

/** The history that a harness of one's own has left there, with no run of ours around it; null: there is none. */
async function bareHistory(place: string): Promise<string | null> {
  if (place.endsWith('.jsonl') && (await isFile(place))) return place;
  const file = path.join(place, HISTORY_FILE);
  return !(await isFile(path.join(place, 'topology.json'))) && (await isFile(file)) ? file : null;
}

export interface StoredRun {
  /** Absolute path of its folder, or of a history that has none. */
  readonly folder: string;
  /** Where its picture goes. */
  readonly page: string;
  readonly history: History;
  /** By the checkers of today. */
  readonly verdict: VerdictDocument;
  /** What was odd about the files and did not matter, one sentence each. */
  readonly remarks: readonly string[];
}

/**
 * Reads a stored run, or a history that is all that there is of one, and judges it.
 * @param folder absolute
 * @param require checks that must not be unknown; null: those of the scenario, or all
 * @throws {Refusal} when there is no such run, or its history cannot be read
 */
export async function judgeStoredRun(
  folder: string,
  require: readonly string[] | null = null,
): Promise<StoredRun> {
  const bare = await bareHistory(folder);
  return bare === null ? judgeFolder(folder, require) : judgeBare(bare, require);
}

/** What its cluster is the history says itself, and nobody knows what it was to show. */
async function judgeBare(file: string, require: readonly string[] | null): Promise<StoredRun> {
  const { history, remarks } = await readHistory(file);
  // `history` says nothing: its folder does.
  const named = path.basename(file) === HISTORY_FILE ? path.dirname(file) : file;
  const scenario = path.basename(named, '.jsonl');
  const verdict = judge(history, { scenario, ...(require !== null && { require }) });
  return { folder: file, page: file.replace(/\.jsonl$/, '.html'), history, verdict, remarks };
}

async function judgeFolder(folder: string, require: readonly string[] | null): Promise<StoredRun> {
  const { scenario: asRun, seed, runtime, server, filesystem } = await readTopology(folder);
  const scenario = require === null ? asRun : { ...asRun, expect: { ...asRun.expect, checks: [...require] } };
  const { history, remarks } = await readHistory(path.join(folder, HISTORY_FILE));
  const verdict = judgeRun({
    history,
    scenario,
    seed,
    failure: failureOf(history),
    setting: { runtime, server, filesystem },
    timings: await labTimings(folder),
  });
  return { folder, page: path.join(folder, 'report.html'), history, verdict, remarks };
}

const TIMINGS = z.looseObject({ timings: z.record(z.string(), z.number()) });

/** What the lab measured for itself, which no history shows. A run that was cut off has no verdict that could say. */
async function labTimings(folder: string): Promise<Readonly<Record<string, number>>> {
  try {
    const text = await readFile(path.join(folder, 'verdict.json'), 'utf8');
    return TIMINGS.parse(JSON.parse(text)).timings;
  } catch {
    return {};
  }
}
