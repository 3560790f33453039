/** Results for other programs: TAP on stdout, JUnit and Markdown in files. The same for every command that comes to verdicts. */
import { access, constants, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { writeFailure } from '../history/write-failure.ts';
import type { JudgedRun } from '../report/judged-run.ts';
import { renderJunit } from '../report/junit.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderTap } from '../report/tap.ts';
import { EXIT, Refusal } from './exit-status.ts';
import type { Frame } from './frame.ts';

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
    try {
      await requireRoomFor(target);
    } catch (error) {
      throw new Refusal(EXIT.wrongUsage, `${target} cannot be written: ${writeFailure(error)}.`);
    }
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

/** Prints TAP and writes the files that were asked for. @throws {Refusal} when one cannot be written */
export async function printResults(
  runs: readonly JudgedRun[],
  options: OutputOptions,
  frame: Frame,
): Promise<void> {
  const near = runs.map((run) => ({ ...run, ...nearFolder(run, frame.cwd) }));
  if (options.tap) frame.terminal.result(renderTap(near).trimEnd());
  if (options.junit !== undefined) await write(options.junit, renderJunit(near), frame);
  if (options.markdown !== undefined) await write(options.markdown, renderMarkdown(near), frame);
}

/** A path as the reader can use it: from where the command was typed, if it is below. */
function nearFolder({ folder }: JudgedRun, cwd: string): { readonly folder?: string } {
  if (folder === undefined) return {};
  const near = path.relative(cwd, folder);
  return { folder: near.startsWith('..') ? folder : near };
}

async function write(file: string, text: string, { cwd }: Frame): Promise<void> {
  const target = path.resolve(cwd, file);
  try {
    await writeFile(target, text);
  } catch (error) {
    throw new Refusal(EXIT.wrongUsage, `${target} cannot be written: ${writeFailure(error)}.`);
  }
}
