import t from 'tap';
import { stall } from '../../../src/faults/stall.ts';
import { stage } from './fixtures/staged-nodes.ts';

const at = 'before-acknowledgement';

t.test('a node stands still from the step on, for as long as it is told, and lives', async (t) => {
  const { log, nodes, targets, clock, surroundings } = stage('n1');
  const done = stall.inject(targets, stall.parameters.parse({ at, nth: 2, downMs: 100 }), surroundings);
  await clock.advance(50);
  t.strictSame(log, [`arm n1 ${at} 2 100`]);
  nodes[0]!.reach();
  await clock.advance(99);
  t.strictSame(log.slice(1), [`begin n1 at ${at}`]);
  await clock.advance(1);
  await done;
  t.strictSame(log.slice(2), ['end n1']);
  t.ok(nodes[0]!.running);
});

t.test('several stand still side by side, each from when it comes by', async (t) => {
  const { log, nodes, targets, clock, surroundings } = stage('n1', 'n2');
  const done = stall.inject(targets, stall.parameters.parse({ at, downMs: 100 }), surroundings);
  nodes[1]!.reach();
  await clock.advance(50);
  nodes[0]!.reach();
  await clock.advance(50);
  t.strictSame(log.slice(2), [`begin n2 at ${at}`, `begin n1 at ${at}`, 'end n2']);
  await clock.advance(50);
  await done;
  t.equal(log.at(-1), 'end n1');
});

t.test('a node that does not come by is a failure, unless it need not', async (t) => {
  for (const maybe of [false, true]) {
    const { log, targets, clock, surroundings } = stage('n1');
    const parameters = stall.parameters.parse({ at, downMs: 100, patienceMs: 200, maybe });
    const outcome = stall.inject(targets, parameters, surroundings).then(
      () => 'done',
      (error: Error) => error.message,
    );
    await clock.advance(200);
    t.equal(await outcome, maybe ? 'done' : `n1 did not come to ${at} within 200 ms`);
    t.strictSame(log.slice(1), ['disarm n1'], 'and nothing was begun');
  }
});
