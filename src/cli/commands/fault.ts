import { Command } from 'commander';
import type { Fault, TargetKind } from '../../faults/fault.ts';
import { FAULTS, faultRefusal } from '../../faults/registry.ts';
import { abilityRefusal } from '../../runtime/abilities.ts';
import { namespaceOffer } from '../../runtime/namespace/abilities.ts';
import { parseDuration } from '../../scenario/format/words.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import { faultMenu, MENDING, menuText } from '../fault-menu.ts';
import type { Frame } from '../frame.ts';
import { askLab } from '../living/control.ts';
import type { FaultAnswer } from '../living/living-faults.ts';
import { findLab } from '../living/place.ts';

interface FaultOptions {
  readonly name?: string;
  readonly list?: true;
  readonly at?: string;
  readonly from?: readonly string[];
  readonly oneWay?: true;
  readonly with?: readonly string[];
  readonly down?: string;
  readonly stayDown?: true;
  readonly json?: true;
}

const refuse = (sentence: string): never => {
  throw new Refusal(EXIT.wrongUsage, sentence);
};

function durationOf(options: FaultOptions): Readonly<Record<string, unknown>> {
  if (options.stayDown) return { stayDown: true };
  if (options.down === undefined) return {};
  const downMs = parseDuration(options.down);
  if (typeof downMs !== 'number') throw new Refusal(EXIT.wrongUsage, `${downMs.refused}.`);
  return { downMs };
}

/** `share=0.5`: a number where it is one, `true` and `false`, else the text. */
function parsedValue(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Parameters that are said otherwise, and how. */
const OPTIONS_OF: ReadonlyMap<string, string> = new Map([
  ['downMs', '--down 500ms'],
  ['stayDown', '--stay-down'],
  ['from', '--from alice'],
]);

function givenWith(options: FaultOptions): Record<string, unknown> {
  const given = (options.with ?? []).map((text) => {
    const at = text.indexOf('=');
    if (at < 1) refuse(`"${text}" is no parameter; write it like --with share=0.5.`);
    const name = text.slice(0, at);
    const option = OPTIONS_OF.get(name);
    if (option !== undefined) refuse(`${name} has an option of its own; write it like ${option}.`);
    return [name, parsedValue(text.slice(at + 1))];
  });
  return Object.fromEntries(given);
}

function parametersOf(fault: Fault | undefined, options: FaultOptions): Readonly<Record<string, unknown>> {
  const lasting = { ...givenWith(options), ...(options.at && { at: options.at }), ...durationOf(options) };
  if (fault?.hits !== 'network') return lasting;
  const direction = options.oneWay ? { direction: 'one-way' } : {};
  // A person heals it when there has been enough to see.
  return { ...lasting, ...direction, ...(options.down === undefined && { stayDown: true }) };
}

/** How one of them is called in most labs. */
const EXAMPLES: Readonly<Record<TargetKind, string>> = {
  node: 'n1',
  store: 'store-one',
  client: 'alice',
  ledger: 'ledger',
};

function checkUsage(kind: string, targets: readonly string[], options: FaultOptions): void {
  const fault = FAULTS.get(kind);
  if (fault === undefined && !Object.hasOwn(MENDING, kind))
    refuse(
      `there is no fault "${kind}"; there are ${[...FAULTS.keys(), ...Object.keys(MENDING)].join(', ')}.`,
    );
  if (targets.length === 0 && kind !== 'heal') {
    const [hit = 'node'] = fault?.targets ?? [];
    refuse(`whom is it about? Name a ${hit}: \`gracelab fault ${kind} ${EXAMPLES[hit]}\`.`);
  }
  if (options.down !== undefined && options.stayDown)
    refuse('it either lasts for some time (--down) or stays like that (--stay-down); leave one of them out.');
  if (kind === 'migrate' && targets.length !== 2 && targets.length !== 3)
    refuse(
      'whose address moves, and to which node? Write `gracelab fault migrate n1 n2`; or, where there are several lock domains, which filesystem: `gracelab fault migrate home n1 n2`.',
    );
  if (kind === 'failback' && targets.length > 2)
    refuse(
      'whose address comes back? Write `gracelab fault failback n1`; or, where there are several lock domains, which filesystem: `gracelab fault failback home n1`.',
    );
  if (fault === undefined && (options.down !== undefined || options.stayDown))
    refuse(`--down and --stay-down belong to a fault; ${kind} takes neither.`);
  if (fault === undefined && (options.with !== undefined || options.at !== undefined))
    refuse(`--with and --at belong to a fault; ${kind} takes neither.`);
  if (kind === 'pause' && options.down === undefined && !options.stayDown)
    refuse(
      `how long is the pause? Add --down 5s, or --stay-down and end it with \`gracelab fault start ${targets.join(' ')}\`.`,
    );
  if (fault?.from === 'required' && options.from === undefined)
    refuse(`from whom? Add --from ledger, --from clients, or the name of a container.`);
  if ((fault?.from ?? 'none') === 'none' && options.from !== undefined)
    refuse(`--from belongs to a partition or loss.`);
  if (kind !== 'partition' && options.oneWay) refuse(`--one-way belongs to a partition.`);
  if (fault === undefined) return;
  // Who is meant by --from only the lab knows.
  const from = options.from === undefined ? {} : { from: options.from };
  const refusal = faultRefusal(kind, { ...parametersOf(fault, options), ...from });
  if (refusal !== null) refuse(`${refusal}.`);
}

/** Scenarios write `n1 to n2`, and so may whoever moves something by hand. */
const withoutTo = (targets: readonly string[]): readonly string[] =>
  targets.length > 2 && targets.at(-2) === 'to' ? targets.toSpliced(-2, 1) : targets;

/** `gracelab fault KIND TARGET...`: breaks something now. */
export function fault(frame: Frame): Command {
  const kinds = [
    ...[...FAULTS.values()].map(({ name, about }) => [name, about]),
    ...Object.entries(MENDING),
  ].map(([name = '', about]) => `  ${name.padEnd(18)}${about}`);
  return new Command('fault')
    .description('break something now')
    .argument('[kind]', 'what to do; see below')
    .argument(
      '[target...]',
      'names, or one, minority, majority, all, a role; clients, one-client; store, store-one, ...; ledger',
    )
    .option('--list', 'print every fault with its targets and parameters, and do nothing')
    .option('--name <name>', 'which lab')
    .option('--at <step>', 'of a crash, a stall or a slow boot: the step of the protocol')
    .option('--from <name...>', 'of a partition or loss: ledger, clients, or containers by name')
    .option('--one-way', 'of a partition: only what the targets send is lost')
    .option('--with <name=value...>', 'further parameters; see --list')
    .option('--down <duration>', 'how long it lasts, like 250ms or 5s')
    .option('--stay-down', 'it stays like that until `gracelab fault start`, or `heal`')
    .option('--json', 'print one JSON document')
    .addHelpText('after', ['\nKinds:', ...kinds].join('\n'))
    .action(async (kind: string | undefined, words: readonly string[], options: FaultOptions) => {
      if (options.list) {
        const menu = faultMenu();
        frame.terminal.result(options.json ? JSON.stringify(menu, null, 2) : menuText(menu));
        return;
      }
      if (kind === undefined)
        return refuse('what is to be broken? `gracelab fault --list` has all that can be.');
      const targets = kind === 'migrate' ? withoutTo(words) : words;
      checkUsage(kind, targets, options);
      const chosen = FAULTS.get(kind);
      if (chosen !== undefined && chosen.needs.length > 0) {
        const offer = await namespaceOffer(frame.env);
        const unable = abilityRefusal(`the fault "${kind}"`, chosen.needs, offer);
        if (unable !== null) throw new Refusal(EXIT.machineCannot, `${unable}.`);
      }
      const done = await askLab<FaultAnswer>(findLab(options.name, frame.env), {
        command: 'fault',
        fault: kind,
        targets,
        ...(options.from !== undefined && { from: options.from }),
        parameters: parametersOf(chosen, options),
      });
      if (options.json) frame.terminal.result(JSON.stringify(done, null, 2));
      else {
        const outcome = done.note === '' ? 'done' : done.note;
        frame.terminal.result(`${done.fault}: ${done.targets.join(', ')}: ${outcome}`);
      }
    });
}
