/** Results for other programs: TAP on stdout, JUnit and Markdown in files. The same for every command that comes to verdicts. */
import { access, constants, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { writeFailure } from '../history/write-failure.ts';
import type { JudgedRun } from '../report/judged-run.ts';
import { renderJunit } from '../report/junit.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderTap } from '../report/tap.ts';
import { EXIT, type ExitStatus, Refusal } from './exit-status.ts';
import type { Frame } from './frame.ts';
import { nearPath } from './verdicts.ts';

export interface OutputOptions {
  readonly json?: true;
  readonly tap?: true;
  readonly junit?: string;
  readonly markdown?: string;
}

export function addOutputs(command: Command): Command {
  return command
    .option('--tap', 'print TAP 14 instead of tables')
    .option('--junit <file>', 'write JUnit XML there as well')
    .option('--markdown <file>', 'write a summary in Markdown there as well');
}

/**
 * Before anything is started: a run of ten minutes whose result has no place to go would be a waste.
 * @throws {Refusal} stdout has room for one result, and files want a directory
 */
export async function refuseBadOutputs(
  { json, tap, junit, markdown }: OutputOptions,
  { cwd }: Frame,
): Promise<void> {
  if (json && tap)
    throw new Refusal(EXIT.wrongUsage, 'only one of --json and --tap can be printed; choose one.');
  for (const file of [junit, markdown]) {
    if (file === undefined) continue;
    const target = path.resolve(cwd, file);
    await requireRoomFor(target).catch((error: unknown) => {
      throw cannotWrite(target, error);
    });
  }
}

/** @throws as the filesystem does */
async function requireRoomFor(target: string): Promise<void> {
  await access(path.dirname(target), constants.W_OK);
  const there = await stat(target).catch(() => null);
  if (there === null) return;
  if (there.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
  await access(target, constants.W_OK);
}

/** Is there a program that is told of every run by itself? */
export const tellsRuns = ({ tap, junit, markdown }: OutputOptions): boolean =>
  tap === true || junit !== undefined || markdown !== undefined;

/**
 * Prints TAP and writes the files that were asked for.
 * @param status of what was found
 * @returns what the command ends with: that, or something worse because a file cannot be written
 */
export async function printResults(
  runs: readonly JudgedRun[],
  { tap, junit, markdown }: OutputOptions,
  frame: Frame,
  status: ExitStatus,
): Promise<ExitStatus> {
  const { cwd, terminal } = frame;
  const near = runs.map((run) =>
    run.folder === undefined ? run : { ...run, folder: nearPath(run.folder, cwd) },
  );
  if (tap) terminal.result(renderTap(near).trimEnd());
  let end = status;
  for (const [file, render] of [
    [junit, renderJunit],
    [markdown, renderMarkdown],
  ] as const) {
    if (file === undefined) continue;
    await writeOutput(path.resolve(cwd, file), render(near)).catch((error: unknown) => {
      end = despite(error, end, frame);
    });
  }
  return end;
}

/** What was found counts, whatever becomes of what was to be written about it: a violation stays one. @throws what is no {@link Refusal} */
export function despite(error: unknown, status: ExitStatus, { terminal }: Frame): ExitStatus {
  if (!(error instanceof Refusal)) throw error;
  terminal.message(`gracelab: ${error.message}`);
  return status === EXIT.violation ? status : EXIT.machineCannot;
}

/** @throws {Refusal} when it cannot be written */
export async function writeOutput(target: string, text: string): Promise<void> {
  await writeFile(target, text).catch((error: unknown) => {
    throw cannotWrite(target, error);
  });
}

const cannotWrite = (target: string, error: unknown): Refusal =>
  new Refusal(EXIT.wrongUsage, `${target} cannot be written: ${writeFailure(error)}.`);
