import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { recovers } from '../../../src/check/recovers.ts';
import { powerCut, rebooted, recovered } from './fixtures/reboot.ts';
import { Story } from './fixtures/story.ts';

const check = (story: Story) => recovers(new CheckContext(story.history));
const probed = (story: Story) => story.lock(2000, 'alice', { file: 'p1' }).lock(2000, 'bob', { file: 'p2' });

t.test('every node grants again, and the client is through', async (t) => {
  const { verdict, judged } = check(probed(recovered()).end(3000));
  t.equal(verdict, 'valid');
  t.equal(judged, 3, 'two nodes and one client');
});

t.test('a node that answers GRACE for ever is a violation', async (t) => {
  const story = recovered().lock(2000, 'alice', { file: 'p1' });
  for (let ms = 2000; ms < 9000; ms += 500) story.lock(ms, 'bob', { file: 'p2' }, 'GRACE');
  t.equal(check(story.end(9000)).verdict, 'violation');
});

t.test('a node that nobody asked leaves it unknown', async (t) => {
  const { verdict, evidence } = check(recovered().lock(2000, 'bob', { file: 'p2' }).end(3000));
  t.equal(verdict, 'unknown');
  t.match(evidence[0]?.sentence, /Nobody asked n1/);
});

t.test('a client that never ends its recovery is a violation', async (t) => {
  const stuck = () => probed(rebooted().recovers(1510, 'alice').finish(1600, 'n1'));
  t.equal(check(stuck().end(3000)).verdict, 'unknown', 'not yet');
  t.equal(check(stuck().end(20_000)).verdict, 'violation');
});

t.test('C5: a node that stays down, and its clients, are nobody to wait for', async (t) => {
  const story = powerCut()
    .death(1050, 'n1', 'n2')
    .learns(1100, 'alice', 'recovery-begin')
    .finish(3100, 'n1', 'n2');
  t.equal(check(story.lock(3200, 'bob', { file: 'p2' }).end(20_000)).verdict, 'valid');
});

t.test('nothing was broken: unknown', async (t) => {
  t.equal(check(probed(Story.quiet().client(20, 'alice', 'n1').client(20, 'bob', 'n2'))).verdict, 'unknown');
});
