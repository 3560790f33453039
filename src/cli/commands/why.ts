import { Command } from 'commander';
import type { Frame } from '../frame.ts';
import { askLab, type LabExplanation } from '../living/control.ts';
import { findLab } from '../living/place.ts';

/** `gracelab why`: why the lock domain is, or is not, in grace. */
export function why(frame: Frame): Command {
  return new Command('why')
    .description(
      'why the cluster is (still) in grace: who has not acknowledged, who has not reclaimed, when it ends',
    )
    .option('--name <name>', 'which lab')
    .option('--json', 'print one JSON document')
    .action(async (options: { name?: string; json?: true }) => {
      const explanation = await askLab<LabExplanation>(findLab(options.name, frame.env), { command: 'why' });
      frame.terminal.result(options.json ? JSON.stringify(explanation, null, 2) : whyText(explanation));
    });
}

function whyText(explanation: LabExplanation): string {
  return Object.entries(explanation.nodes)
    .map(([node, answer]) => `${node}: ${JSON.stringify(answer)}`)
    .join('\n');
}
