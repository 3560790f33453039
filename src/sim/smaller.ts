/** Scenarios that are a little smaller than a given one. Some make no sense; whoever runs them looks at that first. */
import { everyStep } from '../scenario/every-step.ts';
import type { LoopStep, Scenario, Step } from '../scenario/scenario.ts';

/** Shorter pauses are not worth a try. */
const SHORTEST_PAUSE_MS = 20;

/**
 * Big bites first. The scenario is asked for anew for each candidate, so that a bite that was taken is taken from what is left.
 * @param current what is to be made smaller now
 */
export function* smallerThan(current: () => Scenario): Generator<Scenario> {
  yield* withFewerSteps(current);
  yield* withFewerClients(current);
  yield* withFewerInside(current);
  yield* withFewerNodes(current);
  yield* withShorterPauses(current);
}

function* withFewerSteps(current: () => Scenario): Generator<Scenario> {
  for (let size = Math.ceil(current().steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    // From the end: what comes after the failure goes first.
    for (let end = current().steps.length; end > 0; end -= size) {
      const scenario = current();
      const steps = [...scenario.steps.slice(0, Math.max(0, end - size)), ...scenario.steps.slice(end)];
      if (steps.length < scenario.steps.length) yield { ...scenario, steps };
    }
  }
}

function* withFewerClients(current: () => Scenario): Generator<Scenario> {
  for (const { name } of current().clients) {
    const scenario = current();
    if (scenario.clients.length < 2) return;
    yield withoutClient(scenario, name);
  }
}

/** Parts of steps that have steps in them, and targets of those that have several. */
function* withFewerInside(current: () => Scenario): Generator<Scenario> {
  for (let at = 0; at < current().steps.length; at += 1) {
    let variant = 0;
    for (;;) {
      const scenario = current();
      const step = scenario.steps[at];
      const smaller = step === undefined ? [] : smallerSteps(step);
      if (variant >= smaller.length) break;
      const steps = scenario.steps.toSpliced(at, 1, ...smaller[variant]!);
      variant += 1;
      yield { ...scenario, steps };
    }
  }
}

function* withFewerNodes(current: () => Scenario): Generator<Scenario> {
  for (const name of [...current().cluster.nodes].reverse()) {
    const scenario = current();
    const { cluster } = scenario;
    const mentioned = JSON.stringify([scenario.steps, scenario.clients]).includes(`"${name}"`);
    if (mentioned || cluster.nodes.length < 2) continue;
    const nodes = cluster.nodes.filter((node) => node !== name);
    const domains = cluster.domains.map((domain) => ({
      ...domain,
      nodes: domain.nodes.filter((node) => node !== name),
    }));
    yield { ...scenario, cluster: { ...cluster, nodes, domains } };
  }
}

function* withShorterPauses(current: () => Scenario): Generator<Scenario> {
  for (let at = 0; at < current().steps.length; at += 1) {
    const scenario = current();
    const step = scenario.steps[at]!;
    if (step.do !== 'wait' || step.condition.what !== 'time') continue;
    const { leastMs, mostMs } = step.condition;
    if (mostMs < SHORTEST_PAUSE_MS) continue;
    const condition = {
      what: 'time',
      leastMs: Math.floor(leastMs / 2),
      mostMs: Math.floor(mostMs / 2),
    } as const;
    const shorter: Step = { ...step, text: `wait: ${condition.mostMs}ms`, condition };
    yield { ...scenario, steps: scenario.steps.toSpliced(at, 1, shorter) };
  }
}

/** What could stand in the place of this step. */
function smallerSteps(step: Step): readonly (readonly Step[])[] {
  if (step.do === 'parallel') {
    const [first] = step.branches;
    if (step.branches.length === 1) return [first ?? []];
    return [
      ...step.branches.map((_, index) => [{ ...step, branches: step.branches.toSpliced(index, 1) }]),
      ...step.branches.flatMap((branch, index) =>
        withoutOne(branch).map((fewer) => [{ ...step, branches: step.branches.toSpliced(index, 1, fewer) }]),
      ),
    ];
  }
  if (step.do === 'repeat')
    return [step.steps, ...withoutOne(step.steps).map((steps) => [{ ...step, steps }])];
  if (step.do === 'fault' && step.targets.length > 1)
    return withoutOne(step.targets).map((targets) => [{ ...step, targets }]);
  return [];
}

const withoutOne = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  list.length < 2 ? [] : list.map((_, index) => list.toSpliced(index, 1));

function withoutClient(scenario: Scenario, name: string): Scenario {
  const clients = scenario.clients.filter((client) => client.name !== name);
  const loops = loopsOf(scenario.steps, name);
  return { ...scenario, clients, steps: scenario.steps.flatMap((step) => stripped(step, name, loops)) };
}

function loopsOf(steps: readonly Step[], client: string): ReadonlySet<string> {
  const own = everyStep(steps).filter((step) => step.do === 'loop' && step.client === client);
  return new Set(own.map((step) => (step as LoopStep).loop));
}

/** The step without a client: nothing, where it was about that one alone. */
function stripped(step: Step, name: string, loops: ReadonlySet<string>): readonly Step[] {
  const inside = (steps: readonly Step[]) => steps.flatMap((one) => stripped(one, name, loops));
  const others = (names: readonly string[]) => names.filter((one) => one !== name);
  switch (step.do) {
    case 'parallel': {
      const branches = step.branches.map(inside).filter((branch) => branch.length > 0);
      return branches.length === 0 ? [] : [{ ...step, branches }];
    }
    case 'repeat': {
      const steps = inside(step.steps);
      return steps.length === 0 ? [] : [{ ...step, steps }];
    }
    case 'fault': {
      const targets = others(step.targets);
      const from = step.from === null ? null : others(step.from);
      return targets.length === 0 || from?.length === 0 ? [] : [{ ...step, targets, from }];
    }
    case 'heal': {
      const targets = others(step.targets);
      return targets.length === 0 ? [] : [{ ...step, targets }];
    }
    case 'stop': {
      const left = step.loops.filter((loop) => !loops.has(loop));
      return left.length === 0 ? [] : [{ ...step, loops: left }];
    }
    case 'wait': {
      const { condition } = step;
      if (!('clients' in condition)) return [step];
      const clients = others(condition.clients);
      return clients.length === 0 ? [] : [{ ...step, condition: { ...condition, clients } }];
    }
    default:
      return 'client' in step && step.client === name ? [] : [step];
  }
}
