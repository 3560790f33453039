/**
 * What breaks when. A schedule is a row of waves with pauses between; in a wave several things break at moments of their own,
 * each perhaps again right after it was mended, when the nodes that were hit are still recovering. So that such a schedule
 * can be made smaller, all of it is spelled out: taking a wave, a branch or a fault away leaves a schedule.
 */
import type { WrittenStep } from '../format/write-steps.ts';
import type { Breakage, FaultChoice, Scene } from './menu/choice.ts';

/** The latest that a branch of a wave begins. */
const LATEST_BEGIN_MS = 1500;
const MOST_BRANCHES = 4;
const MOST_IN_A_ROW = 3;
/** After one of them is mended and before the next begins: grace is still running then. */
const RECOVERING_MS = 500;
/** Long enough for most graces to be lifted, and for locks to be taken and lost again. */
const CALM_MS = 3000;

interface Branch {
  readonly choice: FaultChoice;
  readonly steps: readonly WrittenStep[];
  readonly lastsMs: number;
}

const waiting = (ms: number): WrittenStep[] => (ms === 0 ? [] : [{ wait: `${ms}ms` }]);

/** Mostly one; sometimes some, rarely all of those that are free. */
function targetsOf(
  choice: FaultChoice,
  free: readonly string[],
  { draw, nodes, clients }: Scene,
): readonly string[] {
  if (choice.hits === 'ledger') return [];
  const [among, most] =
    choice.hits === 'clients'
      ? [clients, clients.length]
      : choice.hits === 'network'
        ? [nodes, nodes.length - 1]
        : [free, free.length];
  const how = draw.between(1, 10);
  const count = how <= 7 ? 1 : how <= 9 ? draw.between(1, Math.max(1, most)) : most;
  return draw.some(Math.max(1, count), among);
}

function branchOf(choice: FaultChoice, targets: readonly string[], scene: Scene): Branch {
  const { draw } = scene;
  const times = !choice.alone && draw.chance(0.3) ? draw.between(2, MOST_IN_A_ROW) : 1;
  const steps: WrittenStep[] = [];
  let lastsMs = 0;
  const add = (ms: number, breakage: Breakage) => {
    steps.push(...waiting(ms), ...breakage.steps);
    lastsMs += ms + breakage.lastsMs;
  };
  for (let time = 0; time < times; time += 1)
    add(time === 0 ? 0 : draw.between(0, RECOVERING_MS), choice.breakage(targets, scene));
  return { choice, steps, lastsMs };
}

/** May this begin beside those? */
function fits(choice: FaultChoice, others: readonly Branch[]): boolean {
  if (others.length === 0) return true;
  if (choice.alone || others.some((other) => other.choice.alone)) return false;
  if (choice.needsCalm || others.some((other) => other.choice.needsCalm))
    return [choice, ...others.map((other) => other.choice)].every(({ hits }) => hits === 'nodes');
  return choice.hits === 'nodes' || others.every((other) => other.choice.hits !== choice.hits);
}

/** One wave: from one fault to {@link MOST_BRANCHES} rows of them side by side, of which no two take down the same node. */
function waveOf(menu: readonly FaultChoice[], scene: Scene): { steps: WrittenStep[]; lastsMs: number } {
  const { draw, nodes } = scene;
  const width = draw.chance(0.5) ? 1 : draw.between(2, MOST_BRANCHES);
  const branches: Branch[] = [];
  let free = nodes;
  for (let branch = 0; branch < width; branch += 1) {
    const fitting = menu.filter(
      (choice) => fits(choice, branches) && (choice.hits !== 'nodes' || free.length > 0),
    );
    if (fitting.length === 0) break;
    const choice = draw.weighted(fitting);
    const targets = targetsOf(choice, free, scene);
    if (choice.hits === 'nodes') free = free.filter((node) => !targets.includes(node));
    branches.push(branchOf(choice, targets, scene));
  }
  const [only] = branches;
  if (branches.length === 1) return { steps: [...only!.steps], lastsMs: only!.lastsMs };
  const begins = branches.map((_, index) => (index === 0 ? 0 : draw.between(0, LATEST_BEGIN_MS)));
  return {
    steps: [{ parallel: branches.map(({ steps }, index) => [...waiting(begins[index]!), ...steps]) }],
    lastsMs: Math.max(...branches.map(({ lastsMs }, index) => begins[index]! + lastsMs)),
  };
}

/**
 * Waves and pauses for about so long. The first wave ends lives, if anything of the menu does.
 * @throws RangeError for an empty menu
 */
export function wavesFor(durationMs: number, menu: readonly FaultChoice[], scene: Scene): WrittenStep[] {
  const { draw } = scene;
  if (menu.length === 0) throw new RangeError('none of these faults is possible in such a cluster');
  const deadly = menu.filter(({ endsLife }) => endsLife);
  const steps: WrittenStep[] = [];
  let spentMs = 0;
  while (spentMs < durationMs || steps.length === 0) {
    const calmMs = draw.chance(0.3) ? draw.between(0, RECOVERING_MS) : draw.between(RECOVERING_MS, CALM_MS);
    const wave = waveOf(spentMs === 0 && deadly.length > 0 ? deadly : menu, scene);
    steps.push(...waiting(calmMs), ...wave.steps);
    spentMs += calmMs + wave.lastsMs;
  }
  return steps;
}
