/** Planned moves: nothing breaks by them, and what breaks next finds the addresses elsewhere. */
import { MOVE_OUTCOMES } from '../../format/operator-steps.ts';
import { BOOT_MS, type Breakage, type FaultChoice, phrase, type Scene, shortMs } from './choice.ts';

/** Whatever the ledger says to it at that moment is right. */
const OUTCOMES = [...MOVE_OUTCOMES];
const WITHIN = '20s';
const LONGEST_STAY_MS = 2000;

/** An address goes to another node with its clients; now and then one of the two dies while it is there; mostly it is moved back. */
function moveAndBack([owner = '']: readonly string[], { draw, nodes }: Scene): Breakage {
  const to = draw.one(nodes.filter((node) => node !== owner));
  const stayMs = draw.between(0, LONGEST_STAY_MS);
  const dies = draw.chance(0.4)
    ? [{ fault: phrase('power-cut', [draw.one([owner, to])], shortMs(draw)) }]
    : [];
  const returns = draw.chance(0.7) ? [{ failback: owner, expect: OUTCOMES, within: WITHIN }] : [];
  return {
    steps: [
      { wait: `up ${nodes.join(' ')}`, within: WITHIN },
      { migrate: `${owner} to ${to}`, expect: OUTCOMES, within: WITHIN },
      { wait: `${stayMs}ms` },
      ...dies,
      ...returns,
    ],
    lastsMs: stayMs + BOOT_MS * (1 + dies.length),
  };
}

export const MOVES: readonly FaultChoice[] = [
  {
    name: 'migrate',
    hits: 'nodes',
    weight: 2,
    endsLife: false,
    needs: [],
    alone: true,
    possible: ({ nodes }) => nodes > 1,
    breakage: moveAndBack,
  },
];
