/** What an operator does beside a random schedule: a member comes and goes, and the ledger is asked for what its rules refuse. */
import type { Draw } from '../scenario/random/draw.ts';
import type {
  Condition,
  FaultStep,
  Repair,
  RepairStep,
  Scenario,
  Step,
  WaitStep,
} from '../scenario/scenario.ts';

/** Admitted, broken and retired; nobody mounts it. */
const SPARE = 's1';
/** How often it comes and goes. */
const MOST_TIMES = 3;
const LONGEST_PAUSE_MS = 4000;
const LONGEST_MOMENT_MS = 300;
const PATIENCE_MS = 20_000;
/** Whatever the rules say, they say it at once. Which of these it is, and that it is not done, is for the checks to judge. */
const ANY_ANSWER = ['OK', 'still-serving', 'claims-open', 'not-a-member', 'has-heir', 'address-carried'];

const repair = (what: Repair, node: string, expect: readonly string[] = ['OK']): RepairStep =>
  ({ do: what, node, expect, withinMs: PATIENCE_MS, text: `${what}: ${node}` }) as RepairStep;

const fault = (name: string): FaultStep => ({
  do: 'fault',
  fault: name,
  targets: [SPARE],
  from: null,
  down: 'until-start',
  parameters: {},
  text: `fault: ${name} ${SPARE} until start`,
});

const wait = (condition: Condition, text: string): WaitStep => ({
  do: 'wait',
  condition,
  withinMs: PATIENCE_MS,
  text: `wait: ${text}`,
});

const pause = (ms: number): WaitStep => wait({ what: 'time', leastMs: ms, mostMs: ms }, `${ms}ms`);

/** Where an heir carries its address it stays a member, and comes back as one. */
const GONE = repair('retire', SPARE, ['OK', 'not-a-member', 'address-carried']);
const BACK = repair('admit', SPARE, ['OK', 'already-a-member']);

/** While all is calm it leaves by the book and does not come back: its claims must not hold anybody. */
const leavesForGood = (): Step[] => [BACK, fault('restart'), wait({ what: 'lift' }, 'lift'), GONE];

/** One that has been down for longer than grace may be retired by right; it is to boot again, and must be a member then. */
const retiredAndBack = (node: string): Step[] => [
  repair('retire', node, ANY_ANSWER),
  repair('admit', node, ['OK', 'already-a-member']),
];

/** It dies, and is retired at a moment when others may be in the middle of their own recovery. */
function comesAndGoes(nodes: readonly string[], draw: Draw): Step[] {
  const early = () => [pause(draw.between(0, LONGEST_MOMENT_MS)), repair('retire', SPARE, ANY_ANSWER)];
  return [
    BACK,
    pause(draw.between(0, LONGEST_PAUSE_MS)),
    fault('power-cut'),
    ...early(),
    ...retiredAndBack(draw.one(nodes)),
    pause(draw.between(0, LONGEST_PAUSE_MS)),
    ...early(),
    repair('retire', SPARE, ANY_ANSWER),
    wait({ what: 'lift' }, 'lift'),
    GONE,
  ];
}

/** @param calmSteps how many at the end wait for everything to be mended */
export function withOperator(scenario: Scenario, calmSteps: number, draw: Draw): Scenario {
  const { cluster, steps } = scenario;
  const work = steps.filter(({ do: what }) => what === 'loop');
  const rest = steps.filter(({ do: what }) => what !== 'loop');
  const breaking = rest.slice(0, -calmSteps);
  const times = draw.between(1, MOST_TIMES);
  const operator = Array.from({ length: times }, () => comesAndGoes(cluster.nodes, draw)).flat();
  return {
    ...scenario,
    cluster: {
      ...cluster,
      spares: [...cluster.spares, SPARE],
      domains: cluster.domains.map((domain) => ({ ...domain, nodes: [...domain.nodes, SPARE] })),
    },
    steps: [
      ...work,
      ...leavesForGood(),
      { do: 'parallel', branches: [breaking, operator], text: 'parallel' },
      ...rest.slice(-calmSteps),
    ],
  };
}
