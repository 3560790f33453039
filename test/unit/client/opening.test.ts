import t from 'tap';
import * as nfs from '../../../src/nfs4/constants.ts';
import { seededRandom } from '../../../src/scenario/seeded-random.ts';
import { Scene } from './fixtures/scene.ts';

t.test('a deny mode is asked for even where the file is open already, and is reclaimed', async (t) => {
  const scene = await Scene.begin();
  await scene.settle(scene.client.open('ledger.db'));
  await scene.settle(scene.client.open('ledger.db', { deny: 'write' }));
  const denied = () => scene.server.ran('OPEN').map(({ args }) => args.shareDeny);
  t.strictSame(denied(), [nfs.OPEN4_SHARE_DENY_NONE, nfs.OPEN4_SHARE_DENY_WRITE]);
  await scene.settle(scene.client.open('ledger.db', { deny: 'write' }));
  t.equal(denied().length, 2, 'what is denied already is not asked for again');
  const file = scene.client.file('ledger.db');
  scene.server.restart();
  await scene.settle(file.read(0, 8));
  t.equal(denied().at(-1), nfs.OPEN4_SHARE_DENY_WRITE);
});

t.test('an exclusive create that is repeated is known again; the next one is another', async (t) => {
  const scene = await Scene.begin({ random: seededRandom(1) });
  const order = { exclusive: true } as const;
  // Its reply is lost, and with it the session that would have kept it.
  scene.server.lose('OPEN', 'after-run', () => scene.server.restart());
  const file = await scene.settle(scene.client.open('ledger.db', order));
  await scene.settle(file.close());
  await scene.settle(scene.client.open('ledger.db', order));
  const creates = scene.server.ran('OPEN').map(({ args }) => args.openHow.how.createBoth.verf);
  t.equal(creates.length, 3);
  const [first, again, next] = creates.map((verifier) => verifier.toString('hex'));
  t.equal(again, first);
  t.not(next, first);
});
