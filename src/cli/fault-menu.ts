/** What can be broken, whom that hits, and what can be said of it: for people, and for programs that choose. */
import { PROTOCOL_STEPS } from '../core/protocol-steps.ts';
import type { TargetKind } from '../faults/fault.ts';
import { FAULTS } from '../faults/registry.ts';
import { CLIENT_SELECTORS, COUNT_WORDS, ROLES, STORE_SELECTORS } from '../faults/targets.ts';
import { ABILITIES, type Ability } from '../runtime/abilities.ts';

/** What mends, or moves as planned, with what it does; in the same place as the faults, for that is where people look. */
export const MENDING: Readonly<Record<string, string>> = {
  start: 'boots nodes that stayed down, and lets paused ones go on',
  migrate: 'moves the service address of the first node to the second one, with its clients',
  failback: 'moves the service address of a node back to it, with its clients',
  heal: 'ends partitions and whatever else is in force: all of it, or that of the named targets',
};

export interface FaultMenu {
  readonly faults: readonly {
    readonly name: string;
    readonly about: string;
    readonly targets: readonly TargetKind[];
    readonly from: 'none' | 'optional' | 'required';
    readonly mendedBy: 'start' | 'heal';
    readonly endsLife: boolean;
    readonly needs: readonly Ability[];
    readonly parameters: Readonly<Record<string, string>>;
  }[];
  /** Words for targets, by what they mean. */
  readonly targets: Readonly<Record<TargetKind | 'role', readonly string[]>>;
  readonly roles: Readonly<Record<string, string>>;
  readonly steps: Readonly<Record<string, string>>;
  readonly abilities: Readonly<Record<string, string>>;
}

export function faultMenu(): FaultMenu {
  return {
    faults: [...FAULTS.values()].map(({ name, about, targets, from, hits, endsLife, needs, options }) => ({
      name,
      about,
      targets,
      from,
      mendedBy: hits === 'network' ? 'heal' : 'start',
      endsLife,
      needs,
      parameters: options,
    })),
    targets: {
      node: COUNT_WORDS,
      client: CLIENT_SELECTORS,
      store: STORE_SELECTORS,
      ledger: ['ledger', 'the name of a lock domain'],
      role: [...Object.keys(ROLES), 'one-ROLE', 'server-of-CLIENT', 'clients-of-NODE'],
    },
    roles: ROLES,
    steps: PROTOCOL_STEPS,
    abilities: ABILITIES,
  };
}

const INDENT = '    ';

const table = (entries: Readonly<Record<string, string>>): string[] => {
  const width = Math.max(...Object.keys(entries).map(({ length }) => length)) + 2;
  return Object.entries(entries).map(([name, about]) => `  ${name.padEnd(width)}${about}`);
};

export function menuText({ faults, targets, roles, steps }: FaultMenu): string {
  const lines = faults.flatMap(({ name, about, targets: kinds, from, needs, parameters }) => [
    `${name}: ${about}`,
    `${INDENT}hits: ${kinds.join(', ')}${from === 'none' ? '' : `; from: ${from}`}${needs.length === 0 ? '' : `; needs: ${needs.join(', ')}`}`,
    ...Object.entries(parameters).map(([parameter, means]) => `${INDENT}${parameter}: ${means}`),
  ]);
  return [
    ...lines,
    '',
    'Words for targets, beside names:',
    ...table(Object.fromEntries(Object.entries(targets).map(([kind, words]) => [kind, words.join(', ')]))),
    '',
    'Roles, by the newest ledger:',
    ...table(roles),
    '',
    'Steps of the protocol, for crash:',
    ...table(steps),
  ].join('\n');
}
