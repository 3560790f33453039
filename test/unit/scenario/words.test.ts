/** Lengths and numbers of things, as people are told of them. */
import t from 'tap';
import { counted, durationWords, parseDuration } from '../../../src/scenario/format/words.ts';

t.test('a length is told so that it is read as the same', async (t) => {
  for (const [ms, words] of [
    [800, '800ms'],
    [1500, '1500ms'],
    [60_000, '60s'],
    [300_000, '300s'],
  ] as const) {
    t.equal(durationWords(ms), words);
    t.equal(parseDuration(words), ms);
  }
  t.equal(parseDuration('1.1s'), 1100, 'and not a trillionth more');
});

t.test('one of something is told otherwise than several', async (t) => {
  t.equal(counted(1, 'node'), '1 node');
  t.equal(counted(0, 'node'), '0 nodes');
  t.equal(counted(1, 'history'), '1 history');
  t.equal(counted(2, 'history'), '2 histories');
  t.equal(counted(2, 'delay'), '2 delays');
});
