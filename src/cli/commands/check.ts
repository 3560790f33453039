import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ALL_CHECK_NAMES, type CheckName } from '../../check/verdict.ts';
import type { Frame } from '../frame.ts';
import { addOutputs, type OutputOptions, printResults, refuseBadOutputs } from '../outputs.ts';
import { judgeStoredRun } from '../stored-run.ts';
import { printVerdict, STATUS_OF } from '../verdicts.ts';

interface CheckOptions extends OutputOptions {
  readonly require?: readonly CheckName[];
}

function checkName(text: string): CheckName {
  const known = ALL_CHECK_NAMES.find((name) => name === text);
  if (known === undefined)
    throw new InvalidArgumentError(`There is no check "${text}"; there are ${ALL_CHECK_NAMES.join(', ')}.`);
  return known;
}

const requireOption = () =>
  new Option(
    '--require <list>',
    'checks that must not be unknown, with commas between (default: what the scenario expects; of a history without one all)',
  ).argParser((text) => text.split(',').map((name) => checkName(name.trim())));

/** `gracelab check RUN`: judges a stored run again. */
export function check(frame: Frame): Command {
  const command = new Command('check')
    .description('judge a stored run again, or a history that another harness has written down')
    .argument('[run]', 'a run folder, or a history like mine.jsonl', 'runs/latest')
    .addOption(requireOption())
    .option('--json', 'print one JSON document');
  return addOutputs(command).action(async (run: string, options: CheckOptions) => {
    await refuseBadOutputs(options, frame);
    const place = path.resolve(frame.cwd, run);
    const { folder, verdict, remarks } = await judgeStoredRun(place, options.require);
    for (const remark of remarks) frame.terminal.message(remark);
    if (options.json) frame.terminal.result(JSON.stringify(verdict, null, 2));
    else if (!options.tap) printVerdict(verdict, folder, frame);
    const runs = [{ name: verdict.scenario, verdict, folder }];
    frame.conclude(await printResults(runs, options, frame, STATUS_OF[verdict.verdict]));
  });
}
