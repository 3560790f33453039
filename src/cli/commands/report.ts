import path from 'node:path';
import { Command } from 'commander';
import { renderHtml } from '../../report/html.ts';
import type { Frame } from '../frame.ts';
import { writeOutput } from '../outputs.ts';
import { judgeStoredRun } from '../stored-run.ts';

/** `gracelab report RUN`: draws a stored run again, with the page and the checkers of today. */
export function report(frame: Frame): Command {
  return new Command('report')
    .description('draw a stored run again: one HTML file that needs nothing else')
    .argument('[run]', 'a run folder, or a history like mine.jsonl', 'runs/latest')
    .option(
      '--out <file>',
      'where the page goes (default: report.html in the run folder, mine.html beside the history)',
    )
    .action(async (run: string, options: { readonly out?: string }) => {
      const { page, history, verdict, remarks } = await judgeStoredRun(path.resolve(frame.cwd, run));
      for (const remark of remarks) frame.terminal.message(remark);
      const file = options.out === undefined ? page : path.resolve(frame.cwd, options.out);
      await writeOutput(file, renderHtml(history, verdict));
      frame.terminal.result(file);
    });
}
