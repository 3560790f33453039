import { Command } from 'commander';
import type { Fault } from '../../faults/fault.ts';
import { FAULTS } from '../../faults/registry.ts';
import { parseDuration } from '../../scenario/format/words.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { askLab } from '../living/control.ts';
import type { FaultAnswer } from '../living/living-faults.ts';
import { findLab } from '../living/place.ts';

interface FaultOptions {
  readonly name?: string;
  readonly from?: readonly string[];
  readonly oneWay?: true;
  readonly down?: string;
  readonly stayDown?: true;
  readonly json?: true;
}

/** What mends, with what it does; in the same place as the faults, for that is where people look. */
const MENDING: Readonly<Record<string, string>> = {
  start: 'boots nodes that stayed down, and lets paused ones go on',
  heal: 'ends partitions: all of them, or those of the named targets',
};

function durationOf(options: FaultOptions): Readonly<Record<string, unknown>> {
  if (options.stayDown) return { stayDown: true };
  if (options.down === undefined) return {};
  const downMs = parseDuration(options.down);
  if (typeof downMs !== 'number') throw new Refusal(EXIT.wrongUsage, `${downMs.refused}.`);
  return { downMs };
}

function parametersOf(fault: Fault | undefined, options: FaultOptions): Readonly<Record<string, unknown>> {
  const lasting = durationOf(options);
  if (fault?.hits !== 'network') return lasting;
  const direction = options.oneWay ? { direction: 'one-way' } : {};
  // A person heals it when there has been enough to see.
  return { ...direction, ...(options.down === undefined ? { stayDown: true } : lasting) };
}

function checkUsage(kind: string, targets: readonly string[], options: FaultOptions): void {
  const fault = FAULTS.get(kind);
  const refuse = (sentence: string): never => {
    throw new Refusal(EXIT.wrongUsage, sentence);
  };
  if (fault === undefined && !(kind in MENDING))
    refuse(
      `there is no fault "${kind}"; there are ${[...FAULTS.keys(), ...Object.keys(MENDING)].join(', ')}.`,
    );
  if (targets.length === 0 && kind !== 'heal')
    refuse(`whom is it about? Name a node: \`gracelab fault ${kind} n1\`.`);
  if (options.down !== undefined && options.stayDown)
    refuse('it either lasts for some time (--down) or stays like that (--stay-down); leave one of them out.');
  if (fault === undefined && (options.down !== undefined || options.stayDown))
    refuse(`--down and --stay-down belong to a fault; to ${kind} takes neither.`);
  if (kind === 'pause' && options.down === undefined && !options.stayDown)
    refuse(
      `how long is the pause? Add --down 5s, or --stay-down and end it with \`gracelab fault start ${targets.join(' ')}\`.`,
    );
  if (fault?.hits === 'network' && options.from === undefined)
    refuse(`from whom? Add --from ledger, --from clients, or the name of a container.`);
  if (fault?.hits !== 'network' && (options.from !== undefined || options.oneWay))
    refuse(`--from and --one-way belong to a partition.`);
}

/** `gracelab fault KIND TARGET...`: breaks something now. */
export function fault(frame: Frame): Command {
  const kinds = [
    ...[...FAULTS.values()].map(({ name, about }) => [name, about]),
    ...Object.entries(MENDING),
  ].map(([name = '', about]) => `  ${name.padEnd(12)}${about}`);
  return new Command('fault')
    .description('break something now')
    .argument('<kind>', 'what to do; see below')
    .argument(
      '[target...]',
      'nodes by name, or one, minority, majority, all; of the ledger in etcd e1, e2, e3, or store, store-one, store-minority, store-majority',
    )
    .option('--name <name>', 'which lab')
    .option('--from <name...>', 'of a partition: ledger, clients, or containers by name')
    .option('--one-way', 'of a partition: only what the targets send is lost')
    .option('--down <duration>', 'how long it lasts, like 250ms or 5s')
    .option('--stay-down', 'leave them down until `gracelab fault start`')
    .option('--json', 'print one JSON document')
    .addHelpText('after', ['\nKinds:', ...kinds].join('\n'))
    .action(async (kind: string, targets: readonly string[], options: FaultOptions) => {
      checkUsage(kind, targets, options);
      const done = await askLab<FaultAnswer>(findLab(options.name, frame.env), {
        command: 'fault',
        fault: kind,
        targets,
        ...(options.from !== undefined && { from: options.from }),
        parameters: parametersOf(FAULTS.get(kind), options),
      });
      if (options.json) frame.terminal.result(JSON.stringify(done, null, 2));
      else {
        const outcome = done.note === '' ? 'done' : done.note;
        frame.terminal.result(`${done.fault}: ${done.targets.join(', ')}: ${outcome}`);
      }
    });
}
