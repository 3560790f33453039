import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { exclusion } from '../../../src/check/exclusion.ts';
import { Story } from './fixtures/story.ts';

const check = (story: Story) => exclusion(new CheckContext(story.history));
const two = () => Story.quiet().client(20, 'alice', 'n1').client(20, 'bob', 'n2');

t.test('I1: two owners that both certainly hold a conflicting lock are a violation', async (t) => {
  const story = two().lock(100, 'alice').lock(110, 'bob').renewed(120, 'alice').unlock(130, 'bob');
  const { verdict, evidence } = check(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /alice.*at n1.*bob.*at n2/);
  t.equal(evidence[0]?.events.length, 5, 'both requests with their replies, and the unlock');
});

t.test('I1: two owners of one client are two owners', async (t) => {
  const story = two().lock(100, 'alice').lock(110, 'alice', { owner: 'p' }).renewed(120, 'alice');
  t.equal(check(story).verdict, 'violation');
});

t.test(
  'I1: a grant under a lock that was held all the time is a violation, though nobody hears of the second owner again',
  async (t) => {
    const story = two().lock(100, 'alice').lock(110, 'bob').unlock(130, 'alice');
    const { verdict, evidence } = check(story);
    t.equal(verdict, 'violation');
    t.match(
      evidence[0]?.sentence,
      /certainly held all the time from the other's request at 0\.110 s to its answer/,
    );
  },
);

t.test(
  'I1: a grant that was asked for before the other lock was granted may have been given back in between',
  async (t) => {
    const story = two().lock(100, 'bob', {}, 'ok', 20).lock(105, 'alice').unlock(130, 'alice');
    t.not(check(story).verdict, 'violation');
  },
);

t.test('D8: a lock given away while its paused holder is still renewed is a violation', async (t) => {
  const story = two().lock(100, 'alice').lock(500, 'bob').unlock(700, 'bob').renewed(600, 'alice');
  t.equal(check(story).verdict, 'violation');
});

t.test('D15: what a partial unlock leaves on either side is still held', async (t) => {
  for (const span of [
    [0, 40],
    [59, 70],
    [60, 100],
  ] as const) {
    const story = two()
      .lock(100, 'alice')
      .unlock(110, 'alice', { span: [40, 60] });
    story.lock(120, 'bob', { span }).renewed(140, 'alice').unlock(150, 'bob', { span });
    t.equal(check(story).verdict, 'violation', `[${span}) overlaps`);
  }
  const story = two()
    .lock(100, 'alice')
    .unlock(110, 'alice', { span: [40, 60] });
  story
    .lock(120, 'bob', { span: [40, 60] })
    .renewed(140, 'alice')
    .unlock(150, 'bob', { span: [40, 60] });
  t.equal(check(story).verdict, 'valid', 'the bytes in the middle are free');
});

t.test('I1: readers share, and an upgrade does not', async (t) => {
  const readers = () => two().lock(100, 'alice', { mode: 'read' }).lock(105, 'bob', { mode: 'read' });
  t.equal(check(readers().renewed(200, 'alice').renewed(200, 'bob')).verdict, 'valid');
  const upgraded = readers().lock(110, 'alice').renewed(200, 'alice').renewed(200, 'bob');
  t.equal(check(upgraded).verdict, 'violation');
});

t.test('I1: after a downgrade readers are welcome', async (t) => {
  const story = two().lock(100, 'alice').lock(110, 'alice', { mode: 'read' }, 'ok', 10);
  story.lock(112, 'bob', { mode: 'read' }, 'ok', 2).renewed(200, 'alice').renewed(200, 'bob');
  t.equal(check(story).verdict, 'valid', 'even while the answer to the downgrade is on its way');
});

t.test('no false alarm: a holder that fell silent may have lost its lease', async (t) => {
  const story = two().lock(100, 'alice').renewed(300, 'alice').lock(2000, 'bob').unlock(2100, 'bob');
  t.equal(check(story).verdict, 'valid');
  t.equal(check(story.told(3000, 'alice')).verdict, 'valid', 'and being told later changes nothing');
});

t.test('no false alarm: renewals of a new session prove nothing about a lock of the old one', async (t) => {
  const story = two().lock(100, 'alice').recovers(200, 'alice').renewed(210, 'alice').lock(220, 'bob');
  story.unlock(230, 'bob').renewed(240, 'alice');
  t.equal(check(story).verdict, 'valid');
});

t.test('no false alarm: a lock that is let go while the other waits', async (t) => {
  const story = two()
    .lock(100, 'alice')
    .renewed(140, 'alice')
    .lock(110, 'bob', {}, 'ok', 60)
    .unlock(150, 'alice');
  t.equal(check(story.renewed(200, 'bob')).verdict, 'valid');
});

t.test('no false alarm: the next one gets it in the instant in which it is let go', async (t) => {
  const story = two().lock(100, 'alice').unlock(130, 'alice').lock(129, 'bob').renewed(200, 'bob');
  t.equal(check(story).verdict, 'valid');
});

t.test('no false alarm: an unlock of unknown outcome may be obeyed late', async (t) => {
  const story = two().lock(100, 'alice').unlock(110, 'alice', {}, 'info').lock(120, 'alice').lock(130, 'bob');
  t.equal(check(story.renewed(200, 'alice').renewed(200, 'bob')).verdict, 'valid');
});

t.test('no false alarm: a lock and an unlock of one owner in flight together', async (t) => {
  const story = two().lock(100, 'alice', {}, 'ok', 10).unlock(102, 'alice', {}, 'ok', 10).lock(115, 'bob');
  t.equal(check(story.renewed(200, 'alice').renewed(200, 'bob')).verdict, 'valid');
});

t.test('no false alarm: the client was killed, and its locks went with it', async (t) => {
  const story = two()
    .lock(100, 'alice')
    .renewed(150, 'alice')
    .fault(200, 'begin', 'kill', 'alice')
    .lock(210, 'bob');
  t.equal(check(story.unlock(300, 'bob')).verdict, 'valid');
});

t.test('I1: a range to the end of the file reaches everything beyond it', async (t) => {
  const story = two()
    .lock(100, 'alice', { span: [50, null] })
    .lock(110, 'bob', { span: [1e9, 1e9 + 1] });
  t.equal(check(story.renewed(200, 'alice').renewed(200, 'bob')).verdict, 'violation');
});

t.test('a history in which nobody held anything is unknown', async (t) => {
  t.equal(check(two()).verdict, 'unknown');
  t.equal(check(two().lock(100, 'alice')).verdict, 'unknown', 'a grant alone proves no stretch of time');
});

t.test('evidence is capped, and says how much there is', async (t) => {
  const story = two().lock(100, 'alice').renewed(9000, 'alice');
  for (let ms = 200; ms < 400; ms += 10) story.lock(ms, 'bob').unlock(ms + 5, 'bob');
  const { evidence, judged } = check(story);
  t.equal(judged, 21);
  t.equal(evidence.length, 11);
  t.equal(evidence.at(-1)?.sentence, 'And 10 more like these.');
});
