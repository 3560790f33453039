import { Command } from 'commander';
import type { Frame } from '../frame.ts';
import { askLab, type LabStatus } from '../living/control.ts';
import { findLab, listLabs } from '../living/place.ts';
import { statusText } from '../living/status-text.ts';

/** Longer than a lab waits for a node that does not answer; a lab that takes longer has hung itself. */
const PATIENCE_MS = 30_000;

/** `gracelab status`: the labs that are up, now. */
export function status(frame: Frame): Command {
  return new Command('status')
    .description('the cluster now; all that are up when none is named')
    .option('--name <name>', 'which lab')
    .option('--json', 'print one JSON document')
    .action(async (options: { name?: string; json?: true }) => {
      const { terminal, env } = frame;
      const places = options.name === undefined ? listLabs(env) : [findLab(options.name, env)];
      const labs = await Promise.all(
        places.map((place) => askLab<LabStatus>(place, { command: 'status' }, PATIENCE_MS)),
      );
      if (options.json) terminal.result(JSON.stringify({ labs }, null, 2));
      else if (labs.length === 0) terminal.result('No lab is up.');
      else terminal.result(labs.map((lab) => statusText(lab, terminal.colours)).join('\n\n'));
    });
}
