import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { writeFailure } from '../../history/write-failure.ts';
import { renderHtml } from '../../report/html.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { judgeStoredRun } from '../stored-run.ts';

/** `gracelab report RUN`: draws a stored run again, with the page and the checkers of today. */
export function report(frame: Frame): Command {
  return new Command('report')
    .description('draw a stored run again: one HTML file that needs nothing else')
    .argument('[run]', 'a run folder', 'runs/latest')
    .option('--out <file>', 'where the page goes (default: report.html in the run folder)')
    .action(async (run: string, options: { readonly out?: string }) => {
      const { folder, history, verdict, remarks } = await judgeStoredRun(path.resolve(frame.cwd, run));
      for (const remark of remarks) frame.terminal.message(remark);
      const file =
        options.out === undefined ? path.join(folder, 'report.html') : path.resolve(frame.cwd, options.out);
      try {
        await writeFile(file, renderHtml(history, verdict));
      } catch (error) {
        throw new Refusal(EXIT.wrongUsage, `${file} cannot be written: ${writeFailure(error)}.`);
      }
      frame.terminal.result(file);
    });
}
