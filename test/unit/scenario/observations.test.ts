import t from 'tap';
import { asEpoch, asNodeId, asView } from '../../../src/core/ids.ts';
import { createLedger, type Ledger } from '../../../src/core/ledger.ts';
import type { HistoryEvent } from '../../../src/history/events.ts';
import { Observations } from '../../../src/scenario/observations.ts';

const N1 = asNodeId('n1');
const quiet = createLedger([N1], { beaconProvesDeath: true });
const up = { ...quiet.members[N1]!, state: 'up' as const };
/** In grace, one node up that has acknowledged or not. */
const grace = (acknowledged: boolean): Ledger => ({
  ...quiet,
  view: asView(2),
  recoveryEpoch: asEpoch(1),
  members: { [N1]: { ...up, acknowledgedView: asView(acknowledged ? 2 : 1) } },
});

const swap = (t: number, ledger: Ledger): HistoryEvent => ({
  kind: 'ledger',
  t,
  sentAt: t,
  node: 'n1',
  incarnation: 1,
  command: 'x',
  ledger,
});
const lock = (t: number, phase: 'ok' | 'fail', extra: object): HistoryEvent => ({
  kind: 'op',
  op: 'lock',
  t,
  phase,
  id: t,
  client: 'alice',
  owner: 'alice',
  node: 'n1',
  file: 'f',
  ...extra,
});

t.test('a lift counts when a grace was seen since, and none runs now', async (t) => {
  const seen = new Observations();
  t.notOk(seen.liftedSince(0));
  seen.add(swap(10, grace(false)));
  t.ok(seen.graceSince(5));
  t.notOk(seen.barrierSince(5));
  t.notOk(seen.liftedSince(5));
  seen.add(swap(20, grace(true)));
  t.ok(seen.barrierSince(5));
  seen.add(swap(30, quiet));
  t.ok(seen.liftedSince(5));
  t.notOk(seen.liftedSince(25), 'the lift of an earlier grace is not the lift of the next one');
});

t.test('a grace that runs on counts for a fault that comes in its middle', async (t) => {
  const seen = new Observations();
  seen.add(swap(10, grace(true)));
  t.ok(seen.graceSince(50));
  t.ok(seen.barrierSince(50));
});

t.test('swaps that arrive late are put where they belong', async (t) => {
  const seen = new Observations();
  seen.add(swap(30, quiet));
  seen.add(swap(10, grace(true)));
  t.equal(seen.ledger, quiet);
  t.ok(seen.liftedSince(5));
});

t.test('what clients were told, and when', async (t) => {
  const seen = new Observations();
  seen.add(lock(10, 'fail', { status: 'DENIED' }));
  t.notOk(seen.outcomeSince('refused', 'alice', 0), 'DENIED is not the refusal of a grace');
  seen.add(lock(20, 'fail', { status: 'GRACE' }));
  t.ok(seen.outcomeSince('refused', 'alice', 20));
  t.notOk(seen.outcomeSince('refused', 'alice', 21));
  t.notOk(seen.outcomeSince('refused', 'bob', 0));
  seen.add(lock(30, 'ok', { reclaim: true }));
  t.ok(seen.outcomeSince('reclaiming', 'alice', 30));
  t.notOk(seen.outcomeSince('granted', 'alice', 0), 'a reclaim is no new lock');
});
