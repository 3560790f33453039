import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { openDomainStore } from '../../../src/store/open.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import { type DomainStore, RecordsUnreadableError, StoreUnavailableError } from '../../../src/store/store.ts';
import { storeContract } from './contract.ts';
import { bootAgain, booted, fence, found, record, scope } from './fixtures/domain.ts';
import { realClock } from './fixtures/real-clock.ts';

const opened: DomainStore[] = [];
const open = (path: string, busyMs = 20) => {
  const store = SqliteStore.open({ path, clock: realClock, busyMs });
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
const byAnother = async (sql: string) => {
  const other = new DatabaseSync(path);
  other.exec(sql);
  other.close();
  return async () => {};
};
storeContract(t, {
  open: async (fresh) => {
    if (fresh) path = file();
    return open(path);
  },
  troubles: {
    slow: {
      reads: 'go on',
      begin: async () => {
        const other = new DatabaseSync(path);
        other.exec('BEGIN IMMEDIATE');
        return async () => {
          other.exec('ROLLBACK');
          other.close();
        };
      },
    },
    unreachable: { cannot: 'it is a file; a filesystem that hangs stops the whole process, not a call' },
    full: { cannot: 'that takes a filesystem of its own, see test/integration/store/sqlite-disk.test.ts' },
    readOnly: {
      cannot: 'that takes a filesystem of its own, see test/integration/store/sqlite-disk.test.ts',
    },
    corruptLedger: { reads: 'stop', begin: () => byAnother(`UPDATE ledger SET text = '{"format": 99}'`) },
    corruptRecords: {
      reads: 'stop',
      begin: () => byAnother(`UPDATE records SET text = '{"principal": 7}' WHERE epoch = ${scope.epoch}`),
    },
    answerLost: { cannot: 'SQLite is part of the process that asks; for the disk not answering see below' },
  },
});

t.test('row 20: a file that is not a database is refused, never replaced', async (t) => {
  const path = file();
  const text = 'this is not a database, and it is long enough to be looked at as one\n'.repeat(20);
  writeFileSync(path, text);
  t.throws(() => open(path), RecordsUnreadableError);
  await t.rejects(openDomainStore({ kind: 'sqlite', path }, realClock), RecordsUnreadableError);
  t.equal(readFileSync(path, 'utf8'), text);
});

t.test('row 20: a database whose bytes were overwritten is said to be damaged', async (t) => {
  const path = file();
  await (await found(SqliteStore.open({ path, clock: realClock })))[Symbol.asyncDispose]();
  const bytes = readFileSync(path);
  // All but the header of 100 bytes, which says what kind of file it is.
  writeFileSync(path, bytes.fill(0x5a, 100));
  await t.rejects(async () => await open(path).read(), RecordsUnreadableError);
});

t.test('a record that says another principal than it is kept by is not believed', async (t) => {
  const path = file();
  const store = await found(open(path));
  await store.putRecords(fence, scope, [record('a')]);
  const other = new DatabaseSync(path);
  other.exec(`UPDATE records SET principal = 'sys:7@c'`);
  other.close();
  await t.rejects(store.records(scope), RecordsUnreadableError);
});

t.test('I7: a file that is removed or replaced while it is in use does not answer any more', async (t) => {
  for (const [how, spoil] of [
    ['removed', () => rmSync(path)],
    [
      'replaced',
      () => {
        renameSync(path, `${path}.old`);
        copyFileSync(`${path}.old`, path);
      },
    ],
    ['its log removed', () => rmSync(`${path}-wal`)],
  ] as const) {
    path = file();
    const store = await found(open(path));
    const stored = (await store.read())!;
    spoil();
    await t.rejects(store.read(), StoreUnavailableError, `${how}: read`);
    await t.rejects(store.swap(stored.revision, stored.ledger), StoreUnavailableError, `${how}: swap`);
    await t.rejects(store.putRecords(fence, scope, [record('alice')]), StoreUnavailableError, `${how}: put`);
  }
});

t.test('a file of another version is refused in one sentence, never rewritten', async (t) => {
  const path = file();
  const old = new DatabaseSync(path);
  old.exec('CREATE TABLE records (epoch INTEGER, node TEXT, owner_id TEXT, text TEXT)');
  old.close();
  await t.rejects(openDomainStore({ kind: 'sqlite', path }, realClock), {
    name: 'RecordsUnreadableError',
    message: /is a store of version 0, and 2 is the one that is known here: use .* or stop all nodes/,
  });
  const again = new DatabaseSync(path);
  t.equal(again.prepare('SELECT count(*) AS n FROM sqlite_master').get()?.n, 1);
  again.close();
});

t.test('a place where no file can be is said at once, without patience', async (t) => {
  const waiting: number[] = [];
  const clock = { nowMs: () => 0, after: (ms: number) => waiting.push(ms) as unknown as () => void };
  const nowhere = join(dir, 'no', 'such', 'directory', 'x.sqlite');
  await t.rejects(openDomainStore({ kind: 'sqlite', path: nowhere }, clock), StoreUnavailableError);
  t.same(waiting, []);
});

t.test('nodes that make the file together all get it', async (t) => {
  const path = file();
  // Held as another node holds it while it makes the file.
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE; CREATE TABLE brief (x)');
  let tries = 0;
  const clock = {
    nowMs: () => 0,
    after: (_ms: number, run: () => void) => {
      tries += 1;
      if (tries === 2) other.exec('ROLLBACK');
      setImmediate(run);
      return () => {};
    },
  };
  const store = await openDomainStore({ kind: 'sqlite', path }, clock);
  opened.push(store);
  t.equal(tries, 2);
  t.equal(await store.read(), null);
  other.close();
});

t.test('a swap that the disk did not confirm is unknown, and settled by the next read', async (t) => {
  const path = file();
  const store = await found(open(path));
  await store.putRecords(fence, scope, [record('a')]);
  const seen = (await store.read())!;
  // The log that is written may not grow any more: an I/O error, as a failing disk gives. It is this whole process
  // that may not, so nothing is reported meanwhile.
  const limit = (bytes: number | 'unlimited') =>
    spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]).status;
  // tap would end at the signal that comes with it.
  process.on('SIGXFSZ', () => {});
  const limited = limit(statSync(`${path}-wal`).size);
  const swapped = await store.swap(seen.revision, booted(seen.ledger, 2));
  const failures = await Promise.allSettled([store.putRecords(fence, scope, [record('b')]), store.read()]);
  limit('unlimited');
  t.equal(limited, 0, 'the limit can be set on this machine');
  for (const failure of failures)
    t.match(failure, { status: 'rejected', reason: { name: 'StoreUnavailableError' } });
  t.same(swapped, { outcome: 'unknown' });
  const settled = (await store.read())!;
  t.same(settled.ledger, seen.ledger);
  t.not(settled.revision, seen.revision, 'what was left behind of the swap is overwritten');
  t.equal(await store.putRecords(fence, scope, [record('b')]), 'written');
  await bootAgain(store);
});
