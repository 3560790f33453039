import path from 'node:path';
import { Command } from 'commander';
import type { Frame } from '../frame.ts';
import { addOutputs, type OutputOptions, printResults, refuseBadOutputs } from '../outputs.ts';
import { judgeStoredRun } from '../stored-run.ts';
import { printVerdict, STATUS_OF } from '../verdicts.ts';

/** `gracelab check RUN`: judges a stored run again. */
export function check(frame: Frame): Command {
  const command = new Command('check')
    .description('judge a stored run again')
    .argument('[run]', 'a run folder', 'runs/latest')
    .option('--json', 'print one JSON document');
  return addOutputs(command).action(async (run: string, options: OutputOptions) => {
    await refuseBadOutputs(options, frame);
    const { folder, verdict, remarks } = await judgeStoredRun(path.resolve(frame.cwd, run));
    for (const remark of remarks) frame.terminal.message(remark);
    if (options.json) frame.terminal.result(JSON.stringify(verdict, null, 2));
    else if (!options.tap) printVerdict(verdict, folder, frame);
    await printResults([{ name: verdict.scenario, verdict, folder }], options, frame);
    frame.conclude(STATUS_OF[verdict.verdict]);
  });
}
