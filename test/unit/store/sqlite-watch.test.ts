import { join } from 'node:path';
import t from 'tap';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import { bootAgain, fence, found, record, scope } from './fixtures/domain.ts';
import { realClock } from './fixtures/real-clock.ts';

const POLL_MS = 5;

t.test('cost: a watch tells of the ledger’s changes, and not of those of records', async (t) => {
  const path = join(t.testdir({}), 'ledger.sqlite');
  const clock = new VirtualClock();
  await using writer = await found(SqliteStore.open({ path, clock: realClock }));
  await using watching = SqliteStore.open({ path, clock, pollMs: POLL_MS });
  let calls = 0;
  const stop = watching.watch(() => {
    calls += 1;
  });
  await clock.advance(3 * POLL_MS);
  t.equal(calls, 0, 'nothing has changed');
  for (let i = 0; i < 10; i += 1) {
    await writer.putRecords(fence, scope, [record(`c${i}`)]);
    await clock.advance(POLL_MS);
  }
  t.equal(calls, 0, 'records have');
  await bootAgain(writer);
  await clock.advance(POLL_MS);
  t.equal(calls, 1, 'the ledger has');
  await clock.advance(3 * POLL_MS);
  t.equal(calls, 1, 'it is told once');
  stop();
  await bootAgain(writer);
  await clock.advance(3 * POLL_MS);
  t.equal(calls, 1);
});

t.test('a ledger that comes to be is a change', async (t) => {
  const path = join(t.testdir({}), 'ledger.sqlite');
  const clock = new VirtualClock();
  await using writer = SqliteStore.open({ path, clock: realClock });
  await using watching = SqliteStore.open({ path, clock, pollMs: POLL_MS });
  let calls = 0;
  watching.watch(() => {
    calls += 1;
  });
  await found(writer);
  await clock.advance(POLL_MS);
  t.equal(calls, 1);
});
