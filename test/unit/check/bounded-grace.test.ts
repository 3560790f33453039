import t from 'tap';
import { boundedGrace } from '../../../src/check/bounded-grace.ts';
import { CheckContext } from '../../../src/check/context.ts';
import { powerCut, rebooted, recovered } from './fixtures/reboot.ts';
import type { Story } from './fixtures/story.ts';

/** Lease 1 s, grace 2 s, slack 1 s: the bound is 6 s. */
const check = (story: Story) => boundedGrace(new CheckContext(story.history));

t.test('I8: a grace that is lifted in time is bounded', async (t) => {
  t.equal(check(recovered().end(3000)).verdict, 'valid');
});

t.test('D13: one client keeps reclaiming and grace goes on and on', async (t) => {
  const { verdict, evidence } = check(rebooted().finish(7800, 'n1').end(8000));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /after the barrier of view \d+, from 1\.505 s took 629\d ms, where 6000 ms/);
});

t.test('D5: grace that is never lifted', async (t) => {
  t.equal(check(rebooted().end(9000)).verdict, 'violation');
  t.equal(check(rebooted().end(3000)).verdict, 'unknown', 'too early to say');
});

t.test('D2: a barrier that waits for a node whose death nobody reports', async (t) => {
  const story = rebooted()
    .declareDown(1600, 'n1', 'n2')
    .boot(1700, 'n1')
    .fault(1750, 'begin', 'power-cut', 'n2')
    .end(9000);
  const { verdict, evidence } = check(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /still missing: n1, n2/);
});

t.test('no false alarm: a paused node holds the barrier up for as long as it is paused', async (t) => {
  const paused = () =>
    powerCut().fault(1040, 'begin', 'pause', 'n2').boot(1050, 'n1').acknowledge(1060, 'n1');
  const story = paused()
    .fault(8000, 'end', 'pause', 'n2')
    .acknowledge(8100, 'n2')
    .finish(8200, 'n1')
    .end(8300);
  t.equal(check(story).verdict, 'valid');
  const late = paused()
    .fault(2000, 'end', 'pause', 'n2')
    .acknowledge(9100, 'n2')
    .finish(9200, 'n1')
    .end(9300);
  t.equal(check(late).verdict, 'violation', 'seven seconds after the pause');
});

t.test('no false alarm: every reboot begins to count anew', async (t) => {
  let story = rebooted();
  for (let ms = 4000; ms < 20_000; ms += 3000) story = story.death(ms, 'n1', 'n2').back(ms + 500, 'n1', 'n2');
  t.equal(check(story.finish(20_000, 'n1').end(20_010)).verdict, 'valid');
});
