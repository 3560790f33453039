import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { outagesOf } from '../../../src/check/store-outages.ts';
import { Story } from './fixtures/story.ts';

const outages = (story: Story) =>
  outagesOf(new CheckContext(story.history)).map(({ node, from, to, over }) => [
    node,
    from / 1e6,
    to / 1e6,
    over,
  ]);

const without = () => Story.quiet().says(1000, 'n1', 'store-unavailable');

t.test('an outage lasts from the first word of it to the word that it is over', async (t) => {
  const story = without().says(1500, 'n1', 'store-unavailable').says(1800, 'n2', 'store-back');
  t.same(outages(story.says(2000, 'n1', 'store-back').says(2500, 'n1', 'store-back').end(3000)), [
    ['n1', 1000, 2000, true],
  ]);
});

t.test('each node speaks for itself, and of each outage', async (t) => {
  const story = without().says(1100, 'n2', 'store-unavailable').says(1200, 'n2', 'store-back');
  const again = story.says(1300, 'n1', 'store-back').says(1400, 'n1', 'store-unavailable');
  t.same(outages(again.says(1500, 'n1', 'store-back').end(3000)), [
    ['n2', 1100, 1200, true],
    ['n1', 1000, 1300, true],
    ['n1', 1400, 1500, true],
  ]);
});

t.test('or to the end of that life, and then it was not over', async (t) => {
  for (const event of ['gave-up', 'fenced', 'exited', 'stopping', 'boot'] as const) {
    const story = without().says(2000, 'n1', event).says(3000, 'n1', 'store-back').end(4000);
    t.same(outages(story), [['n1', 1000, 2000, false]], event);
  }
});

t.test('or to the end of the run', async (t) => {
  t.same(outages(without().end(4000)), [['n1', 1000, 4000, false]]);
});
