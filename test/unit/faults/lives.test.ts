/** Faults that end lives in other ways than an outage does. */
import t from 'tap';
import type { ArmedStep, BootConditions, BreakableNode, Fault } from '../../../src/faults/fault.ts';
import { FAULTS } from '../../../src/faults/registry.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { surroundingsWith } from './fixtures/surroundings.ts';

function stage(name = 'n1') {
  const log: string[] = [];
  const clock = new VirtualClock();
  let running = true;
  const say = (what: string) => async () => void log.push(what);
  const end = (what: string) => async () => {
    running = false;
    log.push(what);
  };
  const node: BreakableNode = {
    name,
    get running() {
      return running;
    },
    powerCut: end('power-cut'),
    kill: end('kill'),
    stop: say('stop'),
    pause: say('pause'),
    resume: say('resume'),
    start: async ({ clockAheadMs }: BootConditions = {}) => {
      running = true;
      log.push(clockAheadMs === undefined ? 'start' : `start ${clockAheadMs} ms ahead`);
    },
    arm: async ({ step, stallMs }: ArmedStep) => void log.push(`stand still at ${step} for ${stallMs} ms`),
    stable: {
      clear: say('clear'),
      setReadOnly: async (on) => void log.push(on ? 'read-only' : 'writable'),
    },
  };
  const tell = (phase: string, _targets: readonly string[], detail = '') =>
    void log.push(`${phase} ${detail}`.trim());
  const inject = (fault: string, parameters: object) => {
    const chosen = FAULTS.get(fault) as Fault;
    return chosen.inject([node], chosen.parameters.parse(parameters), surroundingsWith({ clock, tell }));
  };
  return { log, clock, inject };
}

t.test('slow-boot: the boot stands still half-way', async (t) => {
  const { log, inject } = stage();
  await inject('slow-boot', { downMs: 300 });
  t.strictSame(log, ['power-cut', 'stand still at between-boot-swap-and-serving for 300 ms', 'start']);
});

t.test('reboot-storm: each life is cut short after a drawn time, and the last one lasts', async (t) => {
  const { log, clock, inject } = stage();
  const done = inject('reboot-storm', { times: 3, aliveMs: 100, how: 'kill' });
  await clock.advance(50);
  await clock.advance(50);
  await done;
  t.strictSame(log, [
    'begin life 1 of 3, by kill',
    'kill',
    'start',
    'begin life 2 of 3, by kill',
    'kill',
    'start',
    'begin life 3 of 3, by kill',
    'kill',
    'start',
    'end',
  ]);
  t.equal(clock.nowMs(), 100, 'half of the longest life, twice');
});

t.test('clock-skew: the next life is ahead', async (t) => {
  const { log, inject } = stage();
  await inject('clock-skew', { aheadMs: 5000 });
  t.strictSame(log, ['power-cut', 'start 5000 ms ahead']);
});

t.test('a client crashes without a word, and is restarted with one', async (t) => {
  const { log, inject } = stage('alice');
  await inject('client-crash', {});
  await inject('client-restart', {});
  t.strictSame(log, ['power-cut', 'start', 'kill', 'start']);
});

t.test('stable-lost: the storage is emptied while the node is down', async (t) => {
  const { log, inject } = stage();
  await inject('stable-lost', {});
  t.strictSame(log, ['power-cut', 'clear', 'start']);
});

t.test('stable-lost: a node that is down already loses it, too', async (t) => {
  const { log, inject } = stage();
  await inject('kill', { stayDown: true });
  await inject('stable-lost', {});
  t.strictSame(log, ['kill', 'clear', 'start']);
});

t.test('stable-read-only: the boot begins while nothing can be written', async (t) => {
  const { log, clock, inject } = stage();
  const done = inject('stable-read-only', { downMs: 200 });
  await clock.advance(199);
  t.strictSame(log, ['power-cut', 'read-only', 'start']);
  await clock.advance(1);
  await done;
  t.equal(log.at(-1), 'writable');
});

t.test('reboot-storm: downMs passes before each next life', async (t) => {
  const { log, clock, inject } = stage();
  const done = inject('reboot-storm', { times: 2, aliveMs: 0, downMs: 50 });
  await clock.advance(49);
  t.strictSame(log, ['begin life 1 of 2, by power-cut', 'power-cut']);
  await clock.advance(51);
  await done;
  t.strictSame(log.slice(2), ['start', 'begin life 2 of 2, by power-cut', 'power-cut', 'start', 'end']);
});
