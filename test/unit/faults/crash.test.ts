import t from 'tap';
import { crash } from '../../../src/faults/crash.ts';
import type { BreakableNode } from '../../../src/faults/fault.ts';
import { stage } from './fixtures/staged-nodes.ts';
import { surroundingsWith } from './fixtures/surroundings.ts';

t.test(
  'a node dies when it is at the step, and not before; its death is told before it is killed',
  async (t) => {
    const { log, nodes, targets, clock, surroundings } = stage('n1');
    const done = crash.inject(
      targets,
      crash.parameters.parse({ at: 'amid-reclaim', nth: 2, downMs: 100 }),
      surroundings,
    );
    await clock.advance(50);
    t.strictSame(log, ['arm n1 amid-reclaim 2 null']);
    nodes[0]!.reach();
    await clock.advance(99);
    t.strictSame(log.slice(1), ['begin n1 at amid-reclaim, by power-cut', 'power-cut n1']);
    await clock.advance(1);
    await done;
    t.strictSame(log.slice(3), ['start n1', 'end n1']);
  },
);

t.test('several nodes die each at its own time, the way that was asked for', async (t) => {
  const { log, nodes, targets, clock, surroundings } = stage('n1', 'n2');
  const done = crash.inject(
    targets,
    crash.parameters.parse({ at: 'before-lift', how: 'kill' }),
    surroundings,
  );
  nodes[1]!.reach();
  await clock.advance(10);
  t.strictSame(log.slice(2), ['begin n2 at before-lift, by kill', 'kill n2', 'start n2', 'end n2']);
  nodes[0]!.reach();
  await clock.advance(10);
  await done;
  t.equal(log.at(-1), 'end n1');
});

t.test('a node that does not come by is a failure, unless it need not', async (t) => {
  for (const maybe of [false, true]) {
    const { log, targets, clock, surroundings } = stage('n1');
    const parameters = crash.parameters.parse({ at: 'before-inherit', patienceMs: 200, maybe });
    const done = crash.inject(targets, parameters, surroundings);
    const outcome = done.then(
      () => 'done',
      (error: Error) => error.message,
    );
    await clock.advance(200);
    t.equal(await outcome, maybe ? 'done' : 'n1 did not come to before-inherit within 200 ms');
    t.strictSame(log.slice(1), ['disarm n1'], 'and nothing was begun');
  }
});

t.test('one that stays down is armed at once, and started again when it has died', async (t) => {
  const { log, nodes, targets, clock, surroundings } = stage('n1');
  await crash.inject(targets, crash.parameters.parse({ at: 'before-record', stayDown: true }), surroundings);
  const mended = crash.mend(targets, surroundings);
  await clock.advance(10);
  t.strictSame(log, ['arm n1 before-record 1 null']);
  nodes[0]!.reach();
  await mended;
  t.strictSame(log.slice(2), ['power-cut n1', 'start n1', 'end n1']);
});

t.test('a server without named steps is refused', async (t) => {
  const bare = { name: 'n1', running: true } as BreakableNode;
  const parameters = crash.parameters.parse({ at: 'before-lift' });
  await t.rejects(crash.inject([bare], parameters, surroundingsWith()), {
    message: 'n1 does not announce the steps of its protocol',
  });
});

t.test('one that stays down and did not come by is left as it is', async (t) => {
  const { log, targets, clock, surroundings } = stage('n1');
  const parameters = { at: 'before-record', stayDown: true, maybe: true, patienceMs: 50 };
  await crash.inject(targets, crash.parameters.parse(parameters), surroundings);
  await clock.advance(50);
  // Somebody else has ended that life, and brings it back.
  await targets[0]!.kill();
  await crash.mend(targets, surroundings);
  t.strictSame(log.slice(1), ['disarm n1', 'kill n1']);
});

t.test('a node that somebody else has brought back is not booted twice', async (t) => {
  const { log, nodes, targets, clock, surroundings } = stage('n1');
  const done = crash.inject(
    targets,
    crash.parameters.parse({ at: 'before-lift', downMs: 100 }),
    surroundings,
  );
  nodes[0]!.reach();
  await clock.advance(50);
  await nodes[0]!.start();
  await clock.advance(50);
  await done;
  t.strictSame(log.slice(2), ['power-cut n1', 'start n1', 'end n1']);
});
