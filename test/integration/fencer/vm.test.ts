/** The fencer against QEMU, with a guest that counts: its life is its count. */
import t, { type Test } from 'tap';
import { Qmp } from '../../../src/runtime/vm/qmp.ts';
import { vmFencer } from '../../../src/runtime/vm/vm-fencer.ts';
import { realClock } from '../runtime/programs/real-clock.ts';
import { CountingMachine, qemuRefusal } from './fixtures/counting-machine.ts';
import { GONE, LIFE } from './fixtures/life.ts';

const fence = (machine: CountingMachine, ending: 'reset' | 'quit' = 'reset', limitMs = 10_000) =>
  vmFencer(
    () => ({ qmpSocket: machine.fencerSocket, incarnation: LIFE.incarnation, running: machine.running }),
    { clock: realClock, ending, limitMs },
  ).fence(LIFE);

/** The monitor of whoever else looks after the machine. */
const otherMonitor = (machine: CountingMachine) =>
  Qmp.connect(machine.otherSocket, AbortSignal.timeout(10_000), () => undefined);

/** Each life writes a line of its own, of complete and ascending alphabets. */
const isOneLife = (line: string) =>
  'abcdefghijklmnopqrstuvwxyz'.repeat(line.length / 26 + 1).startsWith(line);

function tests(t: Test): void {
  t.test('the guest starts over: its count is lost, and the life before does not write again', async (t) => {
    await using machine = await CountingMachine.start();
    t.match(await fence(machine), GONE);
    await machine.until(/\n[a-z]+\nabcdef/);
    t.match(await fence(machine), GONE, 'and once more');
    await machine.until(/\n[a-z]+\n[a-z]+\nabcdef/);
    // The firmware may write between two lives.
    const lives = machine.written.split('\n').slice(1);
    t.equal(lives.length, 3);
    t.ok(
      lives.map((line) => line.replace(/[^a-z].*/, '')).every(isOneLife),
      'none goes on with the count of another',
    );
  });

  t.test('a paused machine is reset as well, and stays paused', async (t) => {
    await using machine = await CountingMachine.start();
    const monitor = await otherMonitor(machine);
    await monitor.execute('stop');
    t.match(await fence(machine), GONE);
    t.match(await monitor.execute('query-status'), { running: false });
    await monitor.execute('cont');
    await machine.until(/\n[a-z]+\nabcdef/);
    monitor.close();
  });

  t.test('a machine that is started with -no-reboot ends instead', async (t) => {
    await using machine = await CountingMachine.start(['-no-reboot']);
    t.match(await fence(machine), GONE);
    await machine.exited;
    t.match(await fence(machine), GONE, 'as seen by whoever started it');
  });

  t.test('with quit the machine itself is gone', async (t) => {
    await using machine = await CountingMachine.start();
    t.match(await fence(machine, 'quit'), GONE);
    await machine.exited;
  });

  t.test('a monitor that serves somebody else, and a QEMU that hangs, are nobody knows', async (t) => {
    await using machine = await CountingMachine.start();
    const monitor = await Qmp.connect(machine.fencerSocket, AbortSignal.timeout(10_000), () => undefined);
    t.match(await fence(machine, 'reset', 300), { outcome: 'failed', reason: /another client is connected/ });
    monitor.close();
    machine.hang();
    t.match(await fence(machine, 'reset', 300), { outcome: 'failed', reason: /300 ms of waiting/ });
  });
}

t.setTimeout(1_700_000);
const refusal = qemuRefusal();
if (refusal === null) tests(t);
else t.test('the fencer and QEMU', { skip: refusal }, async () => undefined);
