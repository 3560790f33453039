import t from 'tap';
import { writeScenario } from '../../../src/scenario/format/write.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import { RECOVERY_NAMES } from '../../../src/scenario/random/fault-menu.ts';
import { scheduleOf } from '../../../src/sim/schedule.ts';

const SIZE = { nodes: 4, clients: 6, durationMs: 20_000 };
const SEEDS = Array.from({ length: 120 }, (_, seed) => seed);

t.test('whatever the seed, the schedule is a scenario that a file can hold', async (t) => {
  for (const seed of SEEDS) {
    const scenario = scheduleOf(seed, SIZE);
    const read = parseScenario(writeScenario(scenario), `seed ${seed}`);
    t.ok(read.ok, `seed ${seed}`);
    if (read.ok) t.same(read.scenario.cluster, scenario.cluster);
  }
});

t.test('clusters are of many kinds', async (t) => {
  const clusters = SEEDS.map((seed) => scheduleOf(seed, SIZE).cluster);
  for (const [what, holds] of Object.entries({
    'a filesystem of several kernels': clusters.filter(
      ({ beaconProvesDeath }) => beaconProvesDeath === false,
    ),
    'an etcd': clusters.filter(({ store }) => store === 'etcd'),
    heirs: clusters.filter(({ failoverMs }) => failoverMs !== null),
    'addresses that come back by themselves': clusters.filter(({ failbackMs }) => failbackMs !== undefined),
    'no patience': clusters.filter(({ graceMs }) => graceMs < 1000),
    'an operator': clusters.filter(({ spares }) => spares.length > 0),
    'nothing particular': clusters.filter(
      ({ fenceAfterMs, failbackMs }) => fenceAfterMs === 5000 && !failbackMs,
    ),
  }))
    t.ok(holds.length > 0 && holds.length < SEEDS.length, what);
});

t.test('in some clusters, of whatever kind, one client does not keep to the book', async (t) => {
  const oversteppers = SEEDS.map((seed) =>
    scheduleOf(seed, SIZE).steps.flatMap((step) =>
      step.do === 'loop' && step.body === 'overstep' ? [step.client] : [],
    ),
  );
  t.ok(oversteppers.every(({ length }) => length <= 1));
  const share = oversteppers.filter(({ length }) => length > 0).length / SEEDS.length;
  t.ok(share > 0.2 && share < 0.5, `${share}`);
  t.ok(new Set(oversteppers.flat()).size > 3, 'not always the same one');
});

t.test('faults with a purpose are drawn for the simulation', (t) => {
  t.ok(RECOVERY_NAMES.includes('heir-lost'));
  t.equal(new Set(RECOVERY_NAMES).size, RECOVERY_NAMES.length);
  t.end();
});

t.test('whom an operator retires beside everything else is a member again at once, to boot', async (t) => {
  const steps = SEEDS.flatMap((seed) =>
    scheduleOf(seed, SIZE).steps.flatMap((step) => (step.do === 'parallel' ? step.branches.flat() : [])),
  );
  const retired = steps.flatMap((step, at) =>
    step.do === 'retire' && step.node !== 's1' ? [[step, steps[at + 1]] as const] : [],
  );
  t.ok(retired.length > 0);
  for (const [{ node, expect }, next] of retired) {
    t.ok(expect.includes('OK'), 'one that was down for longer than grace may go');
    t.match(next, { do: 'admit', node, expect: ['OK', 'already-a-member'] });
  }
});
