/** The contract of the stores for SQLite on a filesystem of its own, which runs full; and on one that is read-only. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDomainStore } from '../../../src/store/open.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import { type DomainStore, StoreUnavailableError } from '../../../src/store/store.ts';
import { storeContract } from '../../unit/store/contract.ts';
import { booted, fence, found, record, scope } from '../../unit/store/fixtures/domain.ts';
import { tapInSandbox } from '../runtime/programs/in-sandbox.ts';
import { realClock } from '../runtime/programs/real-clock.ts';

const t = await tapInSandbox(import.meta.filename);
const mount = (...argv: string[]) => {
  const { status, stderr } = spawnSync('mount', ['-n', ...argv], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${argv.join(' ')}: ${stderr.trim()}`);
};

// Mounted in the sandbox's own mount namespace: outside nothing of it is seen but two empty directories.
const place = mkdtempSync(join(tmpdir(), 'gracelab-disk-'));
const [disk, readOnly] = [join(place, 'disk'), join(place, 'read-only')];
for (const directory of [disk, readOnly]) mkdirSync(directory);
mount('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk);
mount('--bind', disk, readOnly);
mount('-o', 'remount,bind,ro', readOnly);

const opened: DomainStore[] = [];
t.teardown(async () => {
  for (const store of opened.splice(0)) await store[Symbol.asyncDispose]();
  for (const directory of [readOnly, disk]) spawnSync('umount', ['-n', directory]);
  rmSync(place, { recursive: true });
});
let files = 0;
let path = '';
const open = (at: string) => {
  const store = SqliteStore.open({ path: at, clock: realClock, busyMs: 20 });
  opened.push(store);
  return store;
};
const freshPath = async () => {
  for (const store of opened.splice(0)) await store[Symbol.asyncDispose]();
  if (path !== '') rmSync(path, { force: true });
  files += 1;
  path = join(disk, `${files}.sqlite`);
  return path;
};

storeContract(t, {
  open: async (fresh) => {
    if (fresh) await freshPath();
    return open(path);
  },
  troubles: {
    slow: { cannot: 'shown by test/unit/store/sqlite.test.ts' },
    unreachable: { cannot: 'it is a file; a filesystem that hangs stops the whole process, not a call' },
    full: {
      reads: 'go on',
      begin: async () => {
        const filler = join(disk, 'filler');
        for (let piece = Buffer.alloc(65_536); piece.length > 0; ) {
          try {
            writeFileSync(filler, piece, { flag: 'a' });
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
            piece = piece.subarray(0, piece.length >> 1);
          }
        }
        return async () => rmSync(filler);
      },
    },
    readOnly: { cannot: 'Linux takes no right away from a file that is open for writing; see below' },
    corruptLedger: { cannot: 'shown by test/unit/store/sqlite.test.ts' },
    corruptRecords: { cannot: 'shown by test/unit/store/sqlite.test.ts' },
    answerLost: { cannot: 'SQLite is part of the process that asks' },
  },
});

t.test('I7: a store on a read-only filesystem takes no writes and says so', async (t) => {
  const store = await found(open(await freshPath()));
  await store.putRecords(fence, scope, [record('a')]);
  const seen = (await store.read())!;
  const spec = { kind: 'sqlite', path: join(readOnly, `${files}.sqlite`) } as const;
  const writes = [
    (there: DomainStore) => there.swap(seen.revision, booted(seen.ledger, 2)),
    (there: DomainStore) => there.putRecords(fence, scope, [record('b')]),
  ];
  for (const write of writes) {
    const attempt = async () => {
      const there = await openDomainStore(spec, realClock);
      opened.push(there);
      await write(there);
    };
    await t.rejects(attempt(), StoreUnavailableError);
  }
  t.same(await store.read(), seen);
  t.same(await store.records(scope), [record('a')]);
});
