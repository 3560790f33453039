import t from 'tap';
import { SimProcess } from '../../../src/sim/machine/process.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

const sleep = (timeline: Timeline, ms: number) =>
  new Promise<void>((resolve) => void timeline.after(ms, resolve));

t.test('lines arrive in the order in which they were said, news or not, and each once', async (t) => {
  const timeline = new Timeline();
  const process = new SimProcess('n1', 1, timeline);
  const heard: unknown[] = [];
  process.onMessage((line) => heard.push(line));
  const said = [{ event: 1 }, { event: 2 }, { reply: 1 }, { event: 3 }, { event: 4 }];
  for (const line of said) process.say(line);
  t.same(heard, [], 'not at once');
  await timeline.through(sleep(timeline, 10));
  t.same(heard, said);
  process.say({ event: 5 });
  await timeline.through(sleep(timeline, 10));
  t.same(heard.slice(said.length), [{ event: 5 }], 'and what is said later, later');
});

t.test('what was said before a death arrives after it, and nothing that was said later', async (t) => {
  const timeline = new Timeline();
  const process = new SimProcess('n1', 1, timeline);
  const heard: unknown[] = [];
  process.say({ event: 1 });
  process.die();
  process.say({ event: 2 });
  await timeline.through(sleep(timeline, 10));
  process.onMessage((line) => heard.push(line));
  t.same(heard, [{ event: 1 }]);
});
