import { Command } from 'commander';
import { namespaceAbilities } from '../../runtime/namespace/abilities.ts';
import type { Ability } from '../doctor/ability.ts';
import { nodeAbilities } from '../doctor/node-abilities.ts';
import { optionalAbilities } from '../doctor/optional-abilities.ts';
import { EXIT } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import type { Colours } from '../terminal.ts';

function row(ability: Ability, width: number, colours: Colours): string {
  const mark = ability.present
    ? colours.green('yes')
    : ability.need === 'required'
      ? colours.red('NO ')
      : colours.dim('no ');
  const line = `  ${mark}  ${ability.name.padEnd(width)}  ${ability.about}`;
  const detail = ability.remedy === null ? ability.detail : `${ability.detail}; ${ability.remedy}`;
  return `${line} ${colours.dim(`(${detail})`)}`;
}

function table(abilities: readonly Ability[], colours: Colours): string {
  const width = Math.max(...abilities.map(({ name }) => name.length));
  const section = (title: string, need: Ability['need']): string[] => [
    title,
    ...abilities.filter((ability) => ability.need === need).map((ability) => row(ability, width, colours)),
  ];
  return [...section('Needed', 'required'), '', ...section('For parts of the lab', 'optional')].join('\n');
}

/** `gracelab doctor`: which of the lab's abilities this machine has, and what to do for the missing ones. */
export function doctor(frame: Frame): Command {
  return new Command('doctor')
    .description('which of the lab’s abilities this machine has, and what to do for the missing ones')
    .option('--json', 'print one JSON document')
    .action(async (options: { json?: true }) => {
      const abilities: readonly Ability[] = [
        ...(await nodeAbilities()),
        ...(await namespaceAbilities(frame.env)),
        ...optionalAbilities(frame.env),
      ];
      const missing = abilities.filter(({ need, present }) => need === 'required' && !present);
      const { terminal } = frame;
      if (options.json) terminal.result(JSON.stringify({ ready: missing.length === 0, abilities }, null, 2));
      else {
        terminal.result(table(abilities, terminal.colours));
        terminal.result(
          missing.length === 0 ? '\nThis machine can run the lab.' : '\nThis machine cannot run the lab yet.',
        );
      }
      frame.conclude(missing.length === 0 ? EXIT.holds : EXIT.machineCannot);
    });
}
