import path from 'node:path';
import type { Verdict, VerdictDocument } from '../check/verdict.ts';
import { renderVerdict } from '../report/terminal.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import type { Frame } from './frame.ts';

export const STATUS_OF: Readonly<Record<Verdict, ExitStatus>> = {
  valid: EXIT.holds,
  violation: EXIT.violation,
  unknown: EXIT.unknown,
};

/** The worst of all: one violation is a violation of the whole, and nothing at all is not a pass. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('violation')) return 'violation';
  return verdicts.length === 0 || verdicts.includes('unknown') ? 'unknown' : 'valid';
}

/** A path as a person at `cwd` would write it: relative, unless it is elsewhere. */
export function nearPath(folder: string, cwd: string): string {
  const near = path.relative(cwd, folder) || '.';
  return near.startsWith('..') ? folder : near;
}

/** One verdict as a table on the terminal. */
export function printVerdict(document: VerdictDocument, folder: string, frame: Frame): void {
  const { terminal, cwd } = frame;
  terminal.result(
    renderVerdict(document, {
      folder: nearPath(folder, cwd),
      columns: terminal.columns,
      palette: terminal.colours,
    }),
  );
}
