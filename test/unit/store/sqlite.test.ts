import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { asEpoch, asIncarnation, asNodeId } from '../../../src/core/ids.ts';
import { createLedger } from '../../../src/core/ledger.ts';
import { transition } from '../../../src/core/transitions.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import { type DomainStore, RecordsUnreadableError, StoreUnavailableError } from '../../../src/store/store.ts';
import { storeContract } from './contract.ts';

const clock = {
  nowMs: () => performance.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const opened: DomainStore[] = [];
const open = (path: string, busyMs?: number) => {
  const store = SqliteStore.open({ path, clock, ...(busyMs !== undefined && { busyMs }) });
  opened.push(store);
  return store;
};
t.teardown(async () => {
  for (const store of opened) await store[Symbol.asyncDispose]();
});

const dir = t.testdir({});
let files = 0;
const file = () => join(dir, `${++files}.sqlite`);
let path = '';
storeContract(t, (fresh) => {
  if (fresh) path = file();
  return open(path);
});

const n1 = asNodeId('n1');
const fence = { node: n1, incarnation: asIncarnation(1) };
const founded = async (path: string) => {
  const store = open(path, 20);
  const result = transition(createLedger([n1], { beaconProvesDeath: true }), { type: 'boot', ...fence });
  if (result.ok) await store.swap(null, result.ledger);
  return store;
};

t.test(
  'I7: a store that another writer holds for too long does not answer, and answers again afterwards',
  async (t) => {
    const path = file();
    const store = await founded(path);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const scope = { epoch: asEpoch(1), node: n1 };
    await t.rejects(store.removeRecords(fence, scope, ['61']), StoreUnavailableError);
    other.exec('ROLLBACK');
    other.close();
    t.equal(await store.removeRecords(fence, scope, ['61']), 'written');
  },
);

t.test('row 20: a file that is not a database is refused, never replaced', async (t) => {
  const path = file();
  writeFileSync(path, 'this is not a database, and it is long enough to be looked at as one\n'.repeat(20));
  t.throws(() => open(path), RecordsUnreadableError);
});

t.test('row 20: a ledger or a record that cannot be read is said to be so', async (t) => {
  const path = file();
  const store = await founded(path);
  const other = new DatabaseSync(path);
  other.exec(`INSERT INTO records VALUES (1, 'n1', '61', '{"principal": 7}')`);
  await t.rejects(store.records({ epoch: asEpoch(1), node: n1 }), RecordsUnreadableError);
  other.exec(`UPDATE ledger SET text = '{"format": 99}'`);
  other.close();
  await t.rejects(store.read(), { name: 'RecordsUnreadableError', message: /format is 99/ });
});
