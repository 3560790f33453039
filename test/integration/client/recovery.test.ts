import t from 'tap';
import { RealServer } from './fixtures/real-server.ts';

t.test('C1, C2: a lock is reclaimed after a power cut, and a thief is refused until the lift', async (t) => {
  const server = new RealServer(t);
  const alice = await server.started('alice');
  const bob = await server.started('bob');
  const mine = await server.settle(alice.open('ledger', { owner: 'p' }));
  const theirs = await server.settle(bob.open('ledger', { owner: 'q' }));
  const range = { start: 0, end: 32 };
  t.match(await server.settle(mine.lock(range)), { status: 'OK' });
  t.match(await server.settle(theirs.lock({ ...range, retry: 'none' })), { status: 'DENIED' });
  t.match(await server.settle(mine.write(0, 'before')), { status: 'OK', count: 6 });

  await server.powerCut();
  await server.node.clock.advance(400);
  server.powerOn();
  t.match(await server.settle(alice.recovered()), { status: 'OK' });
  t.match(await server.settle(bob.recovered()), { status: 'OK' });

  t.same(mine.held, [{ ...range, mode: 'write' }]);
  t.match(await server.settle(theirs.lock({ ...range, retry: 'none' })), { status: 'GRACE' });
  t.match(await server.settle(mine.write(0, 'during')), { status: 'OK' });
  server.node.coordination.lift();
  t.match(await server.settle(theirs.lock({ ...range, retry: 'none' })), { status: 'DENIED' });
  t.match(await server.settle(mine.unlock(range)), { status: 'OK' });
  t.match(await server.settle(theirs.lock({ ...range, retry: 'none' })), { status: 'OK' });
  const { data } = await server.settle(theirs.read(0, 6));
  t.equal(data.toString(), 'during');
  t.same(await server.settle(alice.stop()), { status: 'OK' });
  t.same(await server.settle(bob.stop()), { status: 'OK' });
  t.same(server.node.server.summary().clients, []);
});
