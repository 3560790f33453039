import t from 'tap';
import { asEpoch, asNodeId, asView } from '../../../src/core/ids.ts';
import { createLedger, type Ledger } from '../../../src/core/ledger.ts';
import type { HistoryEvent, NodeEvent } from '../../../src/history/events.ts';
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

t.test('a death of whom nobody waits for is a grace that is over in the same swap', async (t) => {
  const seen = new Observations();
  seen.add(swap(1, quiet));
  t.notOk(seen.liftedSince(5));
  seen.add({ ...swap(10, quiet), command: 'report-death' } as HistoryEvent);
  t.ok(seen.liftedSince(5));
  t.notOk(seen.liftedSince(15));
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

t.test('C12: a lift is that of all lock domains that are in grace', async (t) => {
  const seen = new Observations();
  const inDomain = (domain: string, event: HistoryEvent) => ({ ...event, domain }) as HistoryEvent;
  seen.add(inDomain('home', swap(10, grace(true))));
  seen.add(inDomain('work', swap(11, grace(true))));
  seen.add(inDomain('work', swap(20, quiet)));
  t.notOk(seen.liftedSince(5), 'home still is');
  seen.add(inDomain('home', swap(30, quiet)));
  t.ok(seen.liftedSince(5));
});

const node = (t: number, event: NodeEvent['event']): HistoryEvent => ({
  kind: 'node',
  t,
  node: 'n1',
  incarnation: 1,
  event,
});

t.test('C9: who has lost nothing since has not got it back', async (t) => {
  const seen = new Observations();
  seen.add(node(10, 'store-unavailable'));
  seen.add(node(30, 'store-back'));
  t.notOk(seen.nodeSince('outage', 'n1', 20));
  t.notOk(seen.nodeSince('resumed', 'n1', 20));
  t.ok(seen.nodeSince('resumed', 'n1', 10));
  seen.add(node(40, 'store-unavailable'));
  t.notOk(seen.nodeSince('resumed', 'n1', 10), 'it is lost again');
});

t.test('deaths are those of faults that end a life, and of lives that ended by themselves', async (t) => {
  const seen = new Observations();
  const fault = (t: number, fault: string, more = {}): HistoryEvent => ({
    ...{ kind: 'fault', phase: 'begin', t, fault, targets: ['n1'] },
    ...more,
  });
  seen.add(fault(10, 'pause'));
  t.equal(seen.lastDeathAt, 0);
  t.equal(seen.brokenAt(['n1', 'n2']), 10);
  seen.add(fault(20, 'power-cut'));
  seen.add(fault(30, 'kill', { endsLife: false }));
  t.equal(seen.diedAt('n1'), 20);
  seen.add(node(40, 'exited'));
  t.equal(seen.lastDeathAt, 40);
  seen.add(fault(50, 'fence'));
  t.equal(seen.diedAt('n1'), 50);
  t.equal(seen.brokenAt(['n1']), 30, 'a fence is what follows from a fault');
});

t.test('C6: an address leads where the newest ledger says, and heirs are known by it', async (t) => {
  const seen = new Observations();
  t.equal(seen.carrierOf('n1'), 'n1');
  const inherited = { ...up, state: 'down' as const, heir: asNodeId('n2'), addressAt: asNodeId('n2') };
  seen.add(swap(10, { ...grace(true), members: { [N1]: inherited } }));
  t.equal(seen.carrierOf('n1'), 'n2');
  t.ok(seen.nodeSince('inherited', 'n1', 5));
  t.ok(seen.isMember('n1'));
  t.notOk(seen.isMember('n9'));
});

t.test('a node that stood still after its swap tells it late: the order is that of the store', async (t) => {
  const seen = new Observations();
  const revised = (event: HistoryEvent, revision: number) => ({ ...event, revision }) as HistoryEvent;
  seen.add(revised(swap(20, grace(true)), 7));
  seen.add(revised(swap(30, quiet), 9));
  seen.add(revised(swap(600, grace(false)), 8));
  t.ok(seen.liftedSince(10), 'what came last is not the newest');
});
