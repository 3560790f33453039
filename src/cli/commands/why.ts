import { Command } from 'commander';
import type { Frame } from '../frame.ts';
import { askLab } from '../living/control.ts';
import { findLab } from '../living/place.ts';
import type { GraceExplanation } from '../living/why-grace.ts';

/** `gracelab why`: why the lock domain is, or is not, in grace. */
export function why(frame: Frame): Command {
  return new Command('why')
    .description(
      'why the cluster is (still) in grace: who has not acknowledged, who has not reclaimed, when it ends',
    )
    .option('--name <name>', 'which lab')
    .option('--json', 'print one JSON document')
    .action(async (options: { name?: string; json?: true }) => {
      const explanation = await askLab<GraceExplanation>(findLab(options.name, frame.env), {
        command: 'why',
      });
      const { terminal } = frame;
      terminal.result(options.json ? JSON.stringify(explanation, null, 2) : explanation.sentences.join('\n'));
    });
}
