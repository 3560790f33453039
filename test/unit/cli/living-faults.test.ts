/** What `gracelab fault` refuses, seen from the lab that it is asked of. */
import t from 'tap';
import { breakOrMend } from '../../../src/cli/living/living-faults.ts';
import type { BreakableNode } from '../../../src/faults/fault.ts';
import type { Cluster } from '../../../src/scenario/cluster.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { surroundingsWith } from '../faults/fixtures/surroundings.ts';

/** Two nodes, `n1` down and `n2` up, and a ledger that only looks like one. */
function lab() {
  const log: string[] = [];
  const node = (name: string, running: boolean) => ({
    name,
    running,
    waitingFor: null,
    powerCut: async () => void log.push(`power-cut ${name}`),
    start: async () => void log.push(`start ${name}`),
    arm: () => {
      log.push(`arm ${name}`);
      return new Promise(() => {});
    },
  });
  const nodes = [node('n1', false), node('n2', true)];
  const clock = new VirtualClock();
  const surroundings = surroundingsWith({ clock });
  const cluster = {
    nodes,
    stores: [],
    clients: [],
    population: { nodes: ['n1', 'n2'], stores: [], ledgers: ['ledger'] },
    breakable: (name: string) => nodes.find((one) => one.name === name) as unknown as BreakableNode,
    surroundings,
    tellFault: () => {},
  } as unknown as Cluster;
  const ask = (fault: string, targets: readonly string[], parameters = {}, from?: readonly string[]) =>
    breakOrMend(cluster, { command: 'fault', fault, targets, parameters, ...(from && { from }) }, () => 0);
  return { log, ask, surroundings, clock };
}

t.test('a node that is down cannot be hit, and is not booted instead', async (t) => {
  const { log, ask } = lab();
  for (const fault of ['power-cut', 'restart', 'slow-boot', 'reboot-storm', 'stable-lost'])
    await t.rejects(ask(fault, ['n1']), {
      message: 'n1 is down already; `gracelab fault start n1` ends that',
    });
  t.strictSame(log, []);
});

t.test('with one that is up it goes down, and both come back, as the power of a rack does', async (t) => {
  const { log, ask } = lab();
  t.match(await ask('power-cut', ['n1', 'n2']), { targets: ['n1', 'n2'] });
  t.strictSame(log, ['power-cut n2', 'start n1']);
});

t.test('the next life of a node that is down can be made to crash', async (t) => {
  const { log, ask } = lab();
  const done = await ask('crash', ['n1'], { at: 'between-beacon-and-boot-swap', stayDown: true });
  t.strictSame(log, ['arm n1']);
  t.match(done.note, /^armed; /, 'and nobody says that it has');
});

t.test('a crash that does not come about was begun; a fault that is in force already was not', async (t) => {
  const { ask, surroundings, clock } = lab();
  const crashing = ask('crash', ['n2'], { at: 'before-inherit', patienceMs: 50 });
  const outcome = t.rejects(crashing, { name: 'UnfinishedError', message: /did not come to before-inherit/ });
  await clock.advance(50);
  await outcome;
  surroundings.disturbances.add({ fault: 'reset', targets: ['n2'] }, async () => '');
  await t.rejects(ask('reset', ['n2'], { stayDown: true }), {
    name: 'FaultRefusedError',
    message: /is in force on n2 already/,
  });
});

t.test(
  'what need not come about, and did not, is not told as done, nor is it for a node that is down',
  async (t) => {
    for (const [fault, node, parameters] of [
      ['crash', 'n2', {}],
      ['stall', 'n1', { downMs: 10 }],
    ] as const) {
      const { ask, clock, log } = lab();
      const asked = ask(fault, [node], { at: 'before-inherit', patienceMs: 50, maybe: true, ...parameters });
      await clock.advance(50);
      t.match(await asked, { note: `${node} did not come to before-inherit, so nothing happened` });
      t.strictSame(log, [`arm ${node}`], 'nor did it');
    }
  },
);

t.test('nobody is cut off from itself: that is refused, and nothing is begun', async (t) => {
  const { ask } = lab();
  for (const from of [['n2'], ['all'], ['n1', 'n2']])
    await t.rejects(ask('partition', ['n2'], { stayDown: true }, from), {
      name: 'Error',
      message: 'n2 cannot be cut off from itself; leave it out on one side',
    });
});

t.test('where nothing is in force there is nothing to heal', async (t) => {
  const { ask } = lab();
  for (const targets of [[], ['all']])
    await t.rejects(ask('heal', targets), {
      message: /^there is nothing to heal: nobody is cut off, and no/,
    });
  await t.rejects(ask('heal', ['n2']), {
    message: /^there is nothing to heal on n2: cut off from nobody, and/,
  });
});

t.test('`heal all` ends what is in force on others than nodes, too', async (t) => {
  const { ask, surroundings } = lab();
  surroundings.disturbances.add({ fault: 'ledger-slow', targets: ['ledger'] }, async () => '');
  t.match(await ask('heal', ['all']), { targets: ['ledger'] });
  t.strictSame(surroundings.disturbances.all, []);
});
