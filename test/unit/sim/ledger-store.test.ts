import t from 'tap';
import type { ClientRecord } from '../../../src/core/client-record.ts';
import { asEpoch, asIncarnation, asNodeId } from '../../../src/core/ids.ts';
import { createLedger } from '../../../src/core/ledger.ts';
import type { MutantId } from '../../../src/core/mutants.ts';
import { transition } from '../../../src/core/transitions.ts';
import { SimProcess } from '../../../src/sim/machine/process.ts';
import { LedgerStore, type Reach } from '../../../src/sim/storage/ledger-store.ts';
import { LedgerTrouble } from '../../../src/sim/storage/ledger-trouble.ts';
import { Timeline } from '../../../src/sim/timeline.ts';
import { MemoryDomain } from '../../../src/store/memory.ts';

const n1 = asNodeId('n1');
const SCOPE = { epoch: asEpoch(1), node: n1 };
const life = (incarnation: number) => ({ node: n1, incarnation: asIncarnation(incarnation) });
const recordOf = (ownerId: string, incarnation: number): ClientRecord => ({
  ownerId,
  principal: '0',
  incarnation: asIncarnation(incarnation),
  revoked: false,
  reclaimIncomplete: false,
});

/** A domain in which n1 lives its first life, and stores of its lives that ask the member of an etcd whose reach the test says. */
async function scene({ mutants = [], queues = true }: { mutants?: MutantId[]; queues?: boolean } = {}) {
  const timeline = new Timeline();
  const domain = new MemoryDomain();
  const trouble = new LedgerTrouble();
  const pass = (ms: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    timeline.after(ms, resolve);
    return timeline.through(promise);
  };
  let pid = 0;
  const born = (reach: (member: number) => Reach = () => 'answers') => {
    pid += 1;
    const process = new SimProcess('n1', pid, timeline);
    const options = { domain, process, timeline, trouble, reach, queues };
    // Nothing is late by itself, and member 1 is asked first.
    return { process, store: new LedgerStore({ ...options, random: () => 0.5, mutants: new Set(mutants) }) };
  };
  const direct = domain.open({ nowMs: () => timeline.nowMs, after: timeline.after });
  const boots = async (incarnation: number) => {
    const stored = await direct.read();
    const before = stored?.ledger ?? createLedger([n1], { beaconProvesDeath: true });
    const booted = transition(before, { type: 'boot', ...life(incarnation) });
    if (!booted.ok) throw new Error(booted.refusal);
    await direct.swap(stored?.revision ?? null, booted.ledger);
  };
  await boots(1);
  const recorded = async () =>
    (await direct.records(SCOPE)).map(({ ownerId, incarnation }) => `${ownerId} ${incarnation}`);
  return { timeline, direct, trouble, pass, born, boots, recorded };
}

/** A member that stands still with what it is asked, until it is told to go on; the others answer. */
function stillMember(number: number) {
  const member = { stands: true };
  const reach = (asked: number): Reach => (asked === number && member.stands ? 'holds' : 'answers');
  return { member, reach };
}

t.test(
  'D8: what a life had sent to a member that stands still is done when it goes on, and refused by then',
  async (t) => {
    for (const mutants of [[], ['D8']] as MutantId[][]) {
      const { born, boots, pass, recorded } = await scene({ mutants });
      const { member, reach } = stillMember(1);
      const first = born(reach);
      void first.store.putRecords(life(1), SCOPE, [recordOf('a', 1)]);
      await pass(10);
      first.process.die();
      await boots(2);
      const second = born();
      const outcome = second.store.putRecords(life(2), SCOPE, [recordOf('a', 2)]);
      await pass(10);
      t.equal(await outcome, 'written');
      member.stands = false;
      await pass(50);
      t.strictSame(await recorded(), [mutants.length === 0 ? 'a 2' : 'a 1']);
    }
  },
);

t.test(
  'a request that is not answered in time goes to the next member; a swap is not repeated',
  async (t) => {
    const { born, pass, direct, recorded } = await scene();
    const { member, reach } = stillMember(1);
    const { store } = born(reach);
    const written = store.putRecords(life(1), SCOPE, [recordOf('a', 1)]);
    await pass(990);
    t.strictSame(await recorded(), []);
    await pass(20);
    t.equal(await written, 'written');
    const other = born(reach);
    const { ledger, revision } = (await direct.read())!;
    const swap = other.store.swap(revision, ledger);
    await pass(1010);
    t.same(await swap, { outcome: 'unknown' });
    const read = other.store.read();
    await pass(10);
    t.equal((await read)?.revision, revision, 'it has not been done');
    member.stands = false;
    await pass(50);
    t.equal((await direct.read())?.revision, revision, 'nor will it be, since the read has told');
  },
);

t.test('what was given up never lands after a later write of the same life', async (t) => {
  const { born, pass, recorded } = await scene();
  const { member, reach } = stillMember(1);
  const { store } = born(reach);
  const written = store.putRecords(life(1), SCOPE, [recordOf('a', 1)]);
  await pass(1010);
  t.equal(await written, 'written', 'by the next member');
  const removed = store.removeRecords(life(1), SCOPE, [recordOf('a', 1)]);
  await pass(10);
  t.equal(await removed, 'written');
  member.stands = false;
  await pass(50);
  t.strictSame(await recorded(), []);
});

t.test(
  'D4: whoever stood still for longer than its patience does not know what came of its swap',
  async (t) => {
    for (const [pausedMs, expected] of [
      [500, 'swapped'],
      [1500, 'unknown'],
    ] as const) {
      const { born, pass, direct } = await scene();
      const { store, process } = born();
      const { ledger, revision } = (await direct.read())!;
      const swap = store.swap(revision, ledger);
      process.pause();
      await pass(pausedMs);
      t.not((await direct.read())?.revision, revision, 'it is done');
      process.resume();
      await pass(10);
      t.equal((await swap).outcome, expected);
    }
  },
);

t.test('D7: a full store is read and not written, and one that is away neither', async (t) => {
  const { born, pass, trouble, direct } = await scene({ queues: false });
  const { store } = born();
  const { ledger, revision } = (await direct.read())!;
  const roomAgain = trouble.fill();
  const refused = [
    store.putRecords(life(1), SCOPE, [recordOf('a', 1)]),
    store.removeRecords(life(1), SCOPE, []),
    store.swap(revision, ledger),
  ].map((answer: Promise<unknown>) => t.rejects(answer, { name: 'StoreUnavailableError', message: /full/ }));
  const read = [store.read(), store.records(SCOPE)];
  await pass(10);
  await Promise.all([...refused, ...read]);
  await roomAgain();
  const back = trouble.takeAway();
  const away = t.rejects(store.read(), { message: /not there/ });
  await pass(10);
  await away;
  await back();
  const again = store.read();
  await pass(10);
  t.ok(await again);
});

t.test('who wants to write a file that another holds waits for so long, and is then not heard', async (t) => {
  const { born, pass, trouble, direct, recorded } = await scene({ queues: false });
  const { store } = born();
  trouble.held = true;
  const short = store.putRecords(life(1), SCOPE, [recordOf('a', 1)]);
  const read = store.read();
  await pass(400);
  t.ok(await read, 'reads go on');
  trouble.held = false;
  await pass(30);
  t.equal(await short, 'written');
  trouble.held = true;
  const { ledger, revision } = (await direct.read())!;
  const long = t.rejects(store.swap(revision, ledger), { name: 'StoreUnavailableError' });
  await pass(600);
  await long;
  trouble.held = false;
  await pass(50);
  t.equal((await direct.read())?.revision, revision, 'it is certainly not done');
  t.strictSame(await recorded(), ['a 1']);
});
