import t from 'tap';
import type { Clock } from '../../../src/core/clock.ts';
import type { BreakableNode } from '../../../src/faults/fault.ts';
import { pause } from '../../../src/faults/pause.ts';
import { surroundingsWith } from './fixtures/surroundings.ts';

t.test('all targets stop at once, and go on after the time', async (t) => {
  const log: string[] = [];
  const nodes = ['n1', 'n2'].map(
    (name) =>
      ({
        name,
        pause: async () => void log.push(`pause ${name}`),
        resume: async () => void log.push(`resume ${name}`),
      }) as unknown as BreakableNode,
  );
  let timeIsUp = () => {};
  const clock: Clock = {
    nowMs: () => 0,
    after: (ms, run) => {
      log.push(`${ms} ms`);
      timeIsUp = run;
      return () => {};
    },
  };
  const done = pause.inject(nodes, pause.parameters.parse({ downMs: 900 }), surroundingsWith({ clock }));
  await Promise.resolve();
  await new Promise<void>((resolve) => setImmediate(resolve));
  t.strictSame(log, ['pause n1', 'pause n2', '900 ms']);
  timeIsUp();
  await done;
  t.strictSame(log.slice(3), ['resume n1', 'resume n2']);
});

t.test('a pause without an end of its own is mended', async (t) => {
  const log: string[] = [];
  const node = {
    pause: async () => void log.push('pause'),
    resume: async () => void log.push('resume'),
  } as unknown as BreakableNode;
  const clock: Clock = { nowMs: () => 0, after: () => t.fail('nothing is waited for') as never };
  await pause.inject([node], pause.parameters.parse({ stayDown: true }), surroundingsWith({ clock }));
  await pause.mend([node], surroundingsWith({ clock }));
  t.strictSame(log, ['pause', 'resume']);
});

t.test('a pause has either a length or no end', async (t) => {
  for (const parameters of [{}, { downMs: 1, stayDown: true }]) {
    t.match(pause.parameters.safeParse(parameters), {
      success: false,
      error: { issues: [{ message: 'a pause has either a length or no end of its own' }] },
    });
  }
});
