import t from 'tap';
import type { Scenario, Step } from '../../../src/scenario/scenario.ts';
import { scheduleOf } from '../../../src/sim/schedule.ts';
import { shrink } from '../../../src/sim/shrink.ts';

const SIZE = { nodes: 5, clients: 6, durationMs: 20_000 };

const inside = (step: Step): readonly Step[] =>
  step.do === 'parallel' ? step.branches.flat() : step.do === 'repeat' ? step.steps : [];
const all = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => [step, ...all(inside(step))]);
const loopsOf = ({ steps }: Scenario, client: string) =>
  all(steps).filter((step) => step.do === 'loop' && step.client === client);

t.test('what has nothing to do with the failure goes, and what it needs stays', async (t) => {
  const kills = (candidate: Scenario) =>
    all(candidate.steps).filter((step) => step.do === 'fault' && step.fault === 'kill').length;
  // Which schedule a seed gives changes with what there is to be drawn.
  const scenario = Array.from({ length: 100 }, (_, seed) => scheduleOf(seed, SIZE)).find(
    (candidate) => kills(candidate) > 0 && candidate.cluster.spares.length === 0,
  )!;
  let tries = 0;
  const found = await shrink({
    failing: { scenario, seed: 3 },
    check: 'no-theft',
    // Two clients and a kill are what this failure needs.
    violations: async (candidate) => {
      tries += 1;
      const needed = ['c1', 'c2'].every((client) => loopsOf(candidate, client).length > 0);
      return needed && kills(candidate) > 0 ? ['no-theft'] : ['exclusion'];
    },
    isSound: ({ clients }) => clients.length > 0,
    mostTries: 2000,
    onProgress: () => {},
  });
  const { steps, clients, cluster } = found.scenario;
  t.same(
    clients.map(({ name }) => name),
    ['c1', 'c2'],
  );
  t.same(
    all(steps)
      .map((step) => step.do)
      .sort(),
    ['fault', 'loop', 'loop'],
  );
  t.ok(cluster.nodes.length <= 3, 'whoever is left mounts or is broken');
  t.ok(tries < 2000);
});

t.test('a failure of another check is another failure, and the budget is kept', async (t) => {
  const scenario = scheduleOf(3, SIZE);
  let tries = 0;
  const found = await shrink({
    failing: { scenario, seed: 3 },
    check: 'no-theft',
    violations: async () => {
      tries += 1;
      return ['exclusion'];
    },
    isSound: () => true,
    mostTries: 50,
    onProgress: () => t.fail('nothing smaller fails'),
  });
  t.equal(found.scenario, scenario);
  t.equal(tries, 50);
});

t.test('who has had enough gets the smallest so far', async (t) => {
  const enough = new AbortController();
  const scenario = scheduleOf(3, SIZE);
  let tries = 0;
  const found = await shrink({
    failing: { scenario, seed: 3 },
    check: 'no-theft',
    violations: async () => {
      tries += 1;
      return ['no-theft'];
    },
    isSound: () => true,
    mostTries: 50,
    enough: enough.signal,
    onProgress: () => enough.abort(),
  });
  t.equal(tries, 1);
  t.ok(found.scenario.steps.length < scenario.steps.length);
});
