import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { guardedData } from '../../../src/check/guarded-data.ts';
import { Story } from './fixtures/story.ts';

const check = (story: Story) => guardedData(new CheckContext(story.history));
const begun = () =>
  Story.quiet()
    .client(20, 'alice', 'n1')
    .client(20, 'bob', 'n2')
    .lock(100, 'alice')
    .write(110, 'alice', 'a1', '');

t.test('D18: the thief writes, and the owner writes over it from its cache', async (t) => {
  const story = begun()
    .lock(200, 'bob')
    .write(210, 'bob', 'b1', 'a1')
    .unlock(220, 'bob')
    .write(300, 'alice', 'a2', 'a1');
  const { verdict, evidence } = check(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /Lost update: "a2" by alice.*computed from "a1", although "b1" by bob/);
});

t.test('D18: the thief need not say what it read', async (t) => {
  const story = begun().write(210, 'bob', 'b1', undefined).write(300, 'alice', 'a2', 'a1');
  t.equal(check(story).verdict, 'violation');
});

t.test('two first writes from the same beginning lose one of them', async (t) => {
  t.equal(check(begun().write(210, 'bob', 'b1', '')).verdict, 'violation');
});

t.test('a stale read under an exclusive lock is a violation, without a lock it is not judged', async (t) => {
  const updated = () => begun().write(120, 'alice', 'a2', 'a1').unlock(130, 'alice');
  t.equal(check(updated().lock(200, 'bob').read(210, 'bob', 'a1').unlock(220, 'bob')).verdict, 'violation');
  t.equal(check(updated().read(210, 'bob', 'a1')).verdict, 'valid');
  t.equal(check(updated().lock(200, 'bob').read(210, 'bob', 'a2')).verdict, 'valid');
});

t.test('the content at the end is the last write', async (t) => {
  t.equal(check(begun().content(900, 'a1\0\0\0')).verdict, 'valid');
  t.equal(check(begun().write(120, 'alice', 'a2', 'a1').content(900, 'a1')).verdict, 'violation');
  t.equal(check(begun().content(900, '')).verdict, 'violation', 'a synced write is gone');
});

t.test('no false alarm: a write of unknown outcome may or may not have happened', async (t) => {
  const unsure = () => begun().write(120, 'alice', 'a2', 'a1', 'info', 30);
  t.equal(check(unsure().content(900, 'a1')).verdict, 'valid');
  t.equal(check(unsure().content(900, 'a2')).verdict, 'valid');
  t.equal(check(unsure().write(200, 'bob', 'b1', 'a2').content(900, 'b1')).verdict, 'valid');
  t.equal(check(unsure().write(200, 'bob', 'b1', 'a1').content(900, 'b1')).verdict, 'valid');
  t.equal(
    check(unsure().write(200, 'bob', 'b1', 'a2').content(900, 'a2')).verdict,
    'violation',
    'replaced since',
  );
});

t.test('no false alarm: the answer to a write comes again when its lock has run out', async (t) => {
  // Done at once; its answer is lost, and arrives after the client's lease has ended and bob's write replaced it.
  const replayed = begun()
    .write(120, 'alice', 'a2', 'a1', 'ok', 400)
    .lock(300, 'bob')
    .write(310, 'bob', 'b1', 'a2');
  t.equal(check(replayed).verdict, 'valid');
  const overwritten = begun()
    .lock(200, 'bob')
    .write(210, 'bob', 'b1', 'a1')
    .write(220, 'alice', 'a2', 'a1', 'ok', 400);
  t.equal(check(overwritten).verdict, 'violation', 'it was sent when the value had gone already');
});

t.test('no false alarm: a failed write did not happen', async (t) => {
  const story = begun()
    .write(120, 'alice', 'a2', 'a1', 'EXPIRED')
    .write(200, 'bob', 'b1', 'a1')
    .content(900, 'b1');
  t.equal(check(story).verdict, 'valid');
});

t.test('no false alarm: what was there before the run is told by the first who looks', async (t) => {
  const story = Story.quiet().client(20, 'alice', 'n1').lock(100, 'alice').read(105, 'alice', 'old');
  t.equal(check(story.write(110, 'alice', 'a1', 'old').content(900, 'a1')).verdict, 'valid');
  t.equal(check(story.write(120, 'alice', 'a2', 'old')).verdict, 'violation');
});

t.test('without guarded writes it is unknown', async (t) => {
  t.equal(
    check(Story.quiet().client(20, 'alice', 'n1').write(110, 'alice', 'a1', undefined)).verdict,
    'unknown',
  );
});
