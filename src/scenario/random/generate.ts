/** A random schedule: a scenario that nobody thought of. The same arguments always give the same one, byte for byte. */
import { CHECK_NAMES } from '../../check/verdict.ts';
import { numbered } from '../format/cluster.ts';
import { scenarioDocument } from '../format/document.ts';
import { counted } from '../format/words.ts';
import type { WrittenStep } from '../format/write-steps.ts';
import type { Scenario } from '../scenario.ts';
import { Draw } from './draw.ts';
import { menuFor } from './fault-menu.ts';
import type { Scene } from './menu/choice.ts';
import type { ChaosShape } from './shape.ts';
import { wavesFor } from './waves.ts';
import { OFFERED_WORKLOADS, writtenLoop } from './workload-menu.ts';

/** Checks that have something to judge in every schedule with a death in it. */
const AFTER_A_DEATH = ['bounded-grace', 'recovers'];
/** Locks are taken for so long after the last fault. */
const AFTERMATH_MS = 1000;
/** A node that was fenced, or has given up, boots again by itself. */
const WITHIN = '20s';
/** Of a run that is slower than guessed. */
const SPARE_MS = 60_000;
const LONGEST_DEADLINE_MS = 600_000;
/** A second kind of work, so that one client holds locks of two kinds when its node dies. */
const SECOND_LOOP = 0.8;

/**
 * @param seed 0 to 2^32 - 1
 * @throws RangeError when nothing of the fault or the workload menu is left for this shape
 */
export function generate(seed: number, shape: ChaosShape): Scenario {
  const draw = new Draw(seed);
  const nodes = numbered(shape.nodes);
  const clients = Array.from({ length: shape.clients }, (_, index) => `c${index + 1}`);
  const work = workOf(clients, shape, draw);
  const menu = menuFor(shape);
  const checks = new Set([...work.checks, ...(menu.some(({ endsLife }) => endsLife) ? AFTER_A_DEATH : [])]);
  const mounts = new Map(clients.map((client, index) => [client, nodes[index % nodes.length]!]));
  const scene: Scene = { shape, nodes, clients, draw, nodeOf: (client) => mounts.get(client)! };
  const steps = [...work.loops, ...wavesFor(shape.durationMs, menu, scene), ...calm(nodes, clients)];
  return scenarioDocument.parse({
    name: `chaos-${seed}`,
    title: `Random schedule ${seed}: ${counted(shape.nodes, 'node')}, ${counted(shape.clients, 'client')}, ${shape.durationMs} ms`,
    about: `Made by gracelab chaos from the seed ${seed}.`,
    cluster: clusterOf(nodes, shape),
    clients: Object.fromEntries(mounts),
    steps,
    expect: { checks: CHECK_NAMES.filter((name) => checks.has(name)) },
    deadline: `${Math.min(LONGEST_DEADLINE_MS, 3 * shape.durationMs + SPARE_MS)}ms`,
  });
}

function clusterOf(nodes: readonly string[], { leaseMs, graceMs, store, failoverMs }: ChaosShape) {
  return {
    nodes,
    lease: `${leaseMs}ms`,
    grace: `${graceMs}ms`,
    store,
    failover: failoverMs === null ? 'off' : `${failoverMs}ms`,
  };
}

/** Every client has one kind of work or two; each kind that was asked for is given to somebody, as far as there are clients. */
function workOf(clients: readonly string[], { workloads }: ChaosShape, draw: Draw) {
  const menu = OFFERED_WORKLOADS.filter(({ name }) => workloads.includes(name));
  const loops: WrittenStep[] = [];
  const checks = new Set<string>();
  for (const [index, client] of clients.entries()) {
    const first = index < menu.length ? menu[index]! : draw.one(menu);
    const second = menu.length > 1 && draw.chance(SECOND_LOOP) ? [draw.one(menu)] : [];
    for (const choice of new Set([first, ...second])) {
      loops.push(writtenLoop(client, choice, draw));
      checks.add(choice.check);
    }
  }
  return { loops, checks };
}

/** All is mended, and everybody is back at work; what the runner does at the end of every run comes after it. */
const calm = (nodes: readonly string[], clients: readonly string[]): WrittenStep[] => [
  { wait: `up ${nodes.join(' ')}`, within: WITHIN },
  { wait: 'lift', within: WITHIN },
  { wait: `recovered ${clients.join(' ')}`, within: WITHIN },
  { wait: `${AFTERMATH_MS}ms` },
];
