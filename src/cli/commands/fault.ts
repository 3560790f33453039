import { Command } from 'commander';
import { FAULTS } from '../../faults/registry.ts';
import { parseDuration } from '../../scenario/format/words.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { askLab } from '../living/control.ts';
import { findLab } from '../living/place.ts';

interface FaultOptions {
  readonly name?: string;
  readonly down?: string;
  readonly stayDown?: true;
  readonly json?: true;
}

function parametersOf(options: FaultOptions): Readonly<Record<string, unknown>> {
  if (options.stayDown) return { stayDown: true };
  if (options.down === undefined) return {};
  const downMs = parseDuration(options.down);
  if (typeof downMs !== 'number') throw new Refusal(EXIT.wrongUsage, `${downMs.refused}.`);
  return { downMs };
}

/** `gracelab fault KIND TARGET...`: breaks something now. */
export function fault(frame: Frame): Command {
  const kinds = [...FAULTS.values()].map(({ name, about }) => `  ${name.padEnd(12)}${about}`);
  return new Command('fault')
    .description('break something now')
    .argument('<kind>', 'what to do; see below')
    .argument('<target...>', 'nodes by name, or one, minority, majority, all')
    .option('--name <name>', 'which lab')
    .option('--down <duration>', 'how long the nodes stay down, like 250ms or 5s')
    .option('--stay-down', 'leave them down until `gracelab fault start`')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      [
        '\nKinds:',
        ...kinds,
        `  ${'start'.padEnd(12)}boots nodes that stayed down, and lets paused ones go on`,
      ].join('\n'),
    )
    .action(async (kind: string, targets: readonly string[], options: FaultOptions) => {
      if (kind !== 'start' && !FAULTS.has(kind)) {
        throw new Refusal(
          EXIT.wrongUsage,
          `there is no fault "${kind}"; there are ${[...FAULTS.keys(), 'start'].join(', ')}.`,
        );
      }
      if (kind === 'pause' && options.down === undefined && !options.stayDown) {
        throw new Refusal(
          EXIT.wrongUsage,
          `how long is the pause? Add --down 5s, or --stay-down and end it with \`gracelab fault start ${targets.join(' ')}\`.`,
        );
      }
      const done = await askLab<{ fault: string; targets: readonly string[] }>(
        findLab(options.name, frame.env),
        {
          command: 'fault',
          fault: kind,
          targets,
          parameters: parametersOf(options),
        },
      );
      if (options.json) frame.terminal.result(JSON.stringify(done, null, 2));
      else frame.terminal.result(`${done.fault}: ${done.targets.join(', ')}: done`);
    });
}
