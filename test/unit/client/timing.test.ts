import t from 'tap';
import { backoffMs, timingOf } from '../../../src/client/timing.ts';
import { Changes, Turns } from '../../../src/client/waiting.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

t.test('intervals follow from the lease', async (t) => {
  t.match(timingOf(1000), { rpcTimeoutMs: 250, connectTimeoutMs: 250, retry: { firstMs: 20, limitMs: 50 } });
  t.match(timingOf(1000), { reconnect: { firstMs: 20, limitMs: 100 } });
  t.match(timingOf(200), { rpcTimeoutMs: 150 }, 'a floor, because machines are not that fast');
  t.match(timingOf(90_000), {
    rpcTimeoutMs: 22_500,
    renewEveryMs: 30_000,
    retry: { firstMs: 20, limitMs: 4500 },
  });
});

t.test('waits double up to the limit, and are shortened by at most half', async (t) => {
  const backoff = { firstMs: 20, limitMs: 100 };
  t.same(
    [0, 1, 2, 3, 1000].map((attempt) => backoffMs(backoff, attempt, () => 0)),
    [20, 40, 80, 100, 100],
  );
  t.equal(backoffMs(backoff, 9, () => 0.999_999).toFixed(), '50');
});

t.test('a change wakes those whose condition holds, and a deadline the others', async (t) => {
  const clock = new VirtualClock();
  const changes = new Changes(clock);
  let value = 0;
  const outcomes: string[] = [];
  void changes.until(() => value === 1, 100).then((held) => outcomes.push(`one ${held}`));
  void changes.until(() => value === 2, 100).then((held) => outcomes.push(`two ${held}`));
  value = 1;
  changes.wake();
  await clock.advance(0);
  t.same(outcomes, ['one true']);
  await clock.advance(100);
  t.same(outcomes, ['one true', 'two false']);
  t.equal(await changes.until(() => true, 0), true, 'what holds needs no time');
});

t.test('turns go round in the order of arrival, and past those who gave up', async (t) => {
  const clock = new VirtualClock();
  const turns = new Turns(clock);
  const first = await turns.take(Infinity);
  const second = turns.take(50);
  const third = turns.take(500);
  await clock.advance(60);
  t.equal(await second, null);
  first?.();
  first?.();
  const leave = await third;
  t.type(leave, 'function');
  leave?.();
  t.type(await turns.take(0), 'function');
});
