import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { LockMode, Span } from '../../../src/core/byte-ranges.ts';
import type { ExportedFilesystem } from '../../../src/server/filesystem/filesystem.ts';
import { type LockableFiles, RangeLocks } from '../../../src/server/filesystem/range-locks.ts';
import { KERNEL_LOCKS, type LockCalls } from '../../../src/server/filesystem/record-locks.ts';
import type { FileNode, GrantedLock, LockOutcome } from '../../../src/server/filesystem/types.ts';
import { hold, kill } from './fixtures/hold.ts';
import { boot, errnoOf, good, scratchExport, walk } from './fixtures/scratch.ts';

const span = (start: number, end: number | null): Span => ({
  start: BigInt(start),
  end: end === null ? null : BigInt(end),
});
const range = (start: number, end: number | null, mode: LockMode) => ({ span: span(start, end), mode });

/**
 * A node: its own filesystem and lock table. To the kernel two of them in one process differ as two processes
 * do.
 */
interface Site {
  readonly filesystem: ExportedFilesystem;
  readonly locks: RangeLocks;
  readonly file: FileNode;
}

function site(t: Test, exportDir: string): Site {
  const filesystem = boot(t, exportDir);
  const locks = new RangeLocks(filesystem);
  t.teardown(() => locks.releaseAll());
  return { filesystem, locks, file: walk(filesystem, 'file') };
}

/** Two nodes that export the same directory with one file in it. */
function twoSites(t: Test): [Site, Site] {
  const dir = scratchExport(t);
  writeFileSync(join(dir, 'file'), '');
  return [site(t, dir), site(t, dir)];
}

function granted(outcome: LockOutcome): GrantedLock {
  if (outcome.outcome !== 'granted') throw new Error(`not granted: ${outcome.outcome}`);
  return outcome;
}

const take = (at: Site, owner: string, wanted: Span, mode: LockMode): void =>
  granted(at.locks.lock(at.file, owner, wanted, mode)).keep();

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

t.test('I1: owners on two nodes exclude each other, and the holder is named where it is known', (t) => {
  const [here, there] = twoSites(t);
  take(here, 'alice', span(10, 20), 'write');
  t.strictSame(there.locks.lock(there.file, 'bob', span(0, 11), 'read'), {
    outcome: 'conflict',
    holder: range(10, 20, 'write'),
  });
  t.strictSame(here.locks.lock(here.file, 'bob', span(19, null), 'write'), {
    outcome: 'conflict',
    holder: { ...range(10, 20, 'write'), ownerKey: 'alice' },
  });
  t.equal(there.locks.lock(there.file, 'bob', span(0, 10), 'write').outcome, 'granted');
  t.end();
});

t.test('I1: the locks of two processes exclude each other, and go with the process', async (t) => {
  const dir = scratchExport(t);
  const path = join(dir, 'file');
  writeFileSync(path, '');
  const { locks, file } = site(t, dir);
  const child = await hold(t, {
    beacon: null,
    slot: 0n,
    ownership: 'process',
    file: path,
    locks: 2,
    mode: 'read',
  });
  t.match(locks.lock(file, 'alice', span(1, 2), 'write'), {
    outcome: 'conflict',
    holder: { mode: 'read' },
  });
  granted(locks.lock(file, 'alice', span(0, 1), 'read')).keep();
  await kill(child);
  t.equal(locks.lock(file, 'alice', span(1, 2), 'write').outcome, 'granted');
});

t.test('LOCKT: names who would refuse, never the owner itself', (t) => {
  const [here, there] = twoSites(t);
  take(here, 'alice', span(10, 20), 'read');
  t.equal(good(here.locks.test(here.file, 'alice', span(0, null), 'write')), null);
  t.equal(good(here.locks.test(here.file, 'bob', span(0, null), 'read')), null);
  t.strictSame(good(here.locks.test(here.file, 'bob', span(0, null), 'write')), {
    ...range(10, 20, 'read'),
    ownerKey: 'alice',
  });
  t.strictSame(good(there.locks.test(there.file, 'bob', span(15, 16), 'write')), range(10, 20, 'read'));
  t.strictSame(there.locks.held(there.file, 'bob'), [], 'a test takes nothing');
  t.end();
});

t.test('undo restores what the owner held: upgrade, downgrade, merge, gaps', (t) => {
  const [here, there] = twoSites(t);
  const before = [range(0, 10, 'read'), range(20, 30, 'write')];
  for (const part of before) take(here, 'alice', part.span, part.mode);
  for (const mode of ['read', 'write'] as const) {
    const lock = granted(here.locks.lock(here.file, 'alice', span(5, 40), mode));
    t.not(good(there.locks.test(there.file, 'bob', span(30, 40), 'write')), null, 'taken for now');
    lock.undo();
    t.strictSame(here.locks.held(here.file, 'alice'), before);
    t.equal(good(there.locks.test(there.file, 'bob', span(0, 20), 'read')), null);
    t.strictSame(good(there.locks.test(there.file, 'bob', span(0, 20), 'write')), before[0]);
    t.strictSame(good(there.locks.test(there.file, 'bob', span(10, 40), 'read')), before[1]);
    t.equal(good(there.locks.test(there.file, 'bob', span(30, null), 'write')), null);
  }
  t.end();
});

t.test('a downgrade that may still be undone lets nobody in before it is kept', (t) => {
  const [here, there] = twoSites(t);
  take(here, 'alice', span(0, 10), 'write');
  const downgrade = granted(here.locks.lock(here.file, 'alice', span(0, 10), 'read'));
  t.equal(there.locks.lock(there.file, 'bob', span(0, 10), 'read').outcome, 'conflict');
  downgrade.keep();
  t.strictSame(here.locks.held(here.file, 'alice'), [range(0, 10, 'read')]);
  t.equal(there.locks.lock(there.file, 'bob', span(0, 10), 'read').outcome, 'granted');
  t.end();
});

t.test('a lock that was granted must be kept or undone before the next, and once', (t) => {
  const [here] = twoSites(t);
  const lock = granted(here.locks.lock(here.file, 'alice', span(0, 1), 'read'));
  t.throws(() => here.locks.lock(here.file, 'alice', span(5, 6), 'read'), /neither kept nor undone/);
  lock.keep();
  t.throws(() => lock.undo(), /twice/);
  t.end();
});

t.test('a refused upgrade leaves the read lock', (t) => {
  const [here, there] = twoSites(t);
  take(here, 'alice', span(0, 10), 'read');
  take(there, 'bob', span(5, 6), 'read');
  t.equal(here.locks.lock(here.file, 'alice', span(0, 10), 'write').outcome, 'conflict');
  t.strictSame(here.locks.held(here.file, 'alice'), [range(0, 10, 'read')]);
  t.strictSame(good(there.locks.test(there.file, 'bob', span(0, 3), 'write')), range(0, 10, 'read'));
  t.end();
});

t.test('an owner costs one descriptor while it holds a byte, which rests until it is released', (t) => {
  const [here, there] = twoSites(t);
  take(there, 'bob', span(1000, 1001), 'write');
  // The shared descriptor for tests is opened once, whoever asks.
  good(here.locks.test(here.file, 'alice', span(0, 1), 'read'));
  const before = openDescriptors();
  take(here, 'alice', span(0, 10), 'read');
  take(here, 'alice', span(2, 4), 'write');
  take(here, 'alice', span(20, 40), 'write');
  t.equal(openDescriptors(), before + 1);
  t.equal(here.locks.lock(here.file, 'carol', span(1000, 1001), 'read').outcome, 'conflict');
  t.equal(openDescriptors(), before + 1, 'a refused lock leaves none behind');
  granted(here.locks.lock(here.file, 'carol', span(2000, 2001), 'read')).undo();
  t.equal(openDescriptors(), before + 1, 'nor does one that was undone');
  good(here.locks.unlock(here.file, 'alice', span(0, 10)));
  t.equal(openDescriptors(), before + 1);
  good(here.locks.unlock(here.file, 'alice', span(15, null)));
  t.equal(openDescriptors(), before + 1, 'it rests');
  t.equal(good(there.locks.test(there.file, 'bob', span(0, 100), 'write')), null, 'and locks nothing');
  take(here, 'alice', span(0, 10), 'read');
  t.equal(openDescriptors(), before + 1, 'it is used again');
  t.equal(here.locks.lock(here.file, 'alice', span(900, 1100), 'read').outcome, 'conflict');
  good(here.locks.unlock(here.file, 'alice', span(0, null)));
  t.equal(here.locks.lock(here.file, 'alice', span(900, 1100), 'read').outcome, 'conflict');
  t.equal(openDescriptors(), before + 1, 'and rests again after it was refused');
  here.locks.releaseOwner(here.file, 'alice');
  t.equal(openDescriptors(), before);
  t.equal(good(there.locks.test(there.file, 'bob', span(0, 100), 'write')), null);
  t.end();
});

t.test('what rests is bounded, and makes room when descriptors are short', (t) => {
  const dir = scratchExport(t);
  writeFileSync(join(dir, 'file'), '');
  const { filesystem, file } = site(t, dir);
  let isShort = false;
  let refused = 0;
  const locks = new RangeLocks({
    sharedDescriptor: (node) => filesystem.sharedDescriptor(node),
    openDescription(node, access) {
      if (!isShort) return filesystem.openDescription(node, access);
      isShort = false;
      refused += 1;
      return { ok: false, errno: 'EMFILE' };
    },
  });
  const touch = (owner: string) => {
    granted(locks.lock(file, owner, span(0, 1), 'write')).keep();
    good(locks.unlock(file, owner, span(0, 1)));
  };
  granted(locks.lock(file, 'holder', span(10, 30), 'read')).keep();
  good(locks.unlock(file, 'holder', span(10, 20)));
  touch('owner 0');
  const one = openDescriptors();
  for (let owner = 1; owner < 300; owner += 1) touch(`owner ${owner}`);
  t.equal(openDescriptors(), one + 255);
  isShort = true;
  touch('one more');
  t.equal(refused, 1);
  t.equal(openDescriptors(), one, 'only the newest is left');
  t.strictSame(locks.held(file, 'holder'), [range(20, 30, 'read')], 'and whoever holds something');
  const other = site(t, dir);
  t.equal(other.locks.lock(other.file, 'bob', span(25, 26), 'write').outcome, 'conflict');
  locks.releaseAll();
  t.notOk(locks.held(file, 'holder').length);
  t.end();
});

t.test('an owner that rests gets a description for writing when descriptors are short', (t) => {
  const dir = scratchExport(t);
  writeFileSync(join(dir, 'file'), '');
  const { filesystem, file } = site(t, dir);
  let short = 0;
  const closed: number[] = [];
  const calls: LockCalls = {
    ...KERNEL_LOCKS,
    close(fd) {
      const status = KERNEL_LOCKS.close(fd);
      closed.push(status);
      return status;
    },
  };
  const files: LockableFiles = {
    sharedDescriptor: (node) => filesystem.sharedDescriptor(node),
    openDescription(node, access) {
      if (short === 0) return filesystem.openDescription(node, access);
      short -= 1;
      return { ok: false, errno: 'EMFILE' };
    },
  };
  const locks = new RangeLocks(files, calls);
  for (const owner of ['bob', 'alice']) {
    granted(locks.lock(file, owner, span(0, 1), 'read')).keep();
    good(locks.unlock(file, owner, span(0, 1)));
  }
  const other = site(t, dir);
  short = 1;
  granted(locks.lock(file, 'alice', span(0, 1), 'write')).keep();
  t.equal(other.locks.lock(other.file, 'bob', span(0, 1), 'write').outcome, 'conflict');
  t.strictSame(locks.held(file, 'alice'), [range(0, 1, 'write')]);
  good(locks.unlock(file, 'alice', span(0, 1)));
  t.equal(good(other.locks.test(other.file, 'bob', span(0, 1), 'write')), null, 'nothing is left behind');
  t.strictSame(closed, [0, 0], "no descriptor is closed twice: bob's, and what alice had for reading");
  granted(locks.lock(file, 'carol', span(5, 6), 'read')).keep();
  good(locks.unlock(file, 'carol', span(5, 6)));
  short = 2;
  t.match(locks.lock(file, 'carol', span(5, 6), 'write'), { outcome: 'error', errno: 'EMFILE' });
  granted(locks.lock(file, 'carol', span(5, 6), 'read')).keep();
  locks.releaseAll();
  t.end();
});

t.test('a read lock needs no more than read access, a write lock says why it cannot be had', (t) => {
  const dir = scratchExport(t);
  writeFileSync(join(dir, 'file'), '');
  chmodSync(join(dir, 'file'), 0o444);
  const here = site(t, dir);
  take(here, 'alice', span(0, 10), 'read');
  const upgrade = here.locks.lock(here.file, 'alice', span(0, 5), 'write');
  if (process.getuid?.() === 0) {
    t.equal(upgrade.outcome, 'granted', 'root may write what it likes');
  } else {
    t.strictSame(upgrade, { outcome: 'error', errno: 'EACCES' });
    t.strictSame(here.locks.held(here.file, 'alice'), [range(0, 10, 'read')], 'the read lock stays');
  }
  t.end();
});

t.test('only regular files have byte ranges', (t) => {
  const [here] = twoSites(t);
  t.strictSame(here.locks.lock(here.filesystem.root(), 'alice', span(0, 1), 'read'), {
    outcome: 'error',
    errno: 'EISDIR',
  });
  t.end();
});

t.test('RFC 8881 18.10.3: offsets are 64 bits unsigned, of which the kernel has 63', (t) => {
  const [here, there] = twoSites(t);
  const top = 2n ** 63n;
  for (const start of [top, 2n ** 64n - 1n]) {
    t.strictSame(here.locks.lock(here.file, 'alice', { start, end: null }, 'write'), {
      outcome: 'error',
      errno: 'EINVAL',
    });
    t.equal(errnoOf(here.locks.unlock(here.file, 'alice', { start, end: null })), 'EINVAL');
    t.equal(errnoOf(here.locks.test(here.file, 'alice', { start, end: null }, 'read')), 'EINVAL');
  }
  take(here, 'alice', { start: top - 2n, end: 2n ** 64n - 1n }, 'write');
  t.strictSame(here.locks.held(here.file, 'alice'), [
    { span: { start: top - 2n, end: null }, mode: 'write' },
  ]);
  t.strictSame(good(there.locks.test(there.file, 'bob', { start: 0n, end: null }, 'read')), {
    span: { start: top - 2n, end: null },
    mode: 'write',
  });
  good(here.locks.unlock(here.file, 'alice', { start: top - 1n, end: top }));
  t.strictSame(here.locks.held(here.file, 'alice'), [
    { span: { start: top - 2n, end: top - 1n }, mode: 'write' },
  ]);
  t.equal(good(there.locks.test(there.file, 'bob', { start: top - 1n, end: null }, 'write')), null);
  t.end();
});

/** The bytes of the model's file; the last stands for everything behind it. */
const BYTES = 16;
const OWNERS = ['a', 'b', 'c'] as const;
type Owner = (typeof OWNERS)[number];
type Model = Record<Owner, (LockMode | null)[]>;

const spans = fc
  .tuple(fc.nat(BYTES - 2), fc.nat(BYTES - 2), fc.boolean())
  .map(([a, b, endless]) => span(Math.min(a, b), endless ? null : Math.max(a, b) + 1));
const steps = fc.array(
  fc.record({
    owner: fc.constantFrom(...OWNERS),
    span: spans,
    action: fc.constantFrom('read', 'write', 'undone read', 'undone write', 'unlock'),
  }),
  { maxLength: 14 },
);

const bytesIn = ({ start, end }: Span): number[] =>
  Array.from({ length: BYTES }, (_, byte) => byte).filter(
    (byte) => byte >= start && (end === null || byte < end),
  );

/** Does the model refuse it? */
const refused = (model: Model, owner: Owner, wanted: Span, mode: LockMode): boolean =>
  OWNERS.some(
    (other) =>
      other !== owner &&
      bytesIn(wanted).some(
        (byte) => model[other][byte] === 'write' || (model[other][byte] && mode === 'write'),
      ),
  );

t.test(
  'I1: any history on two nodes is what the byte-by-byte model says, in the kernel and in the books',
  (t) => {
    const dir = scratchExport(t);
    writeFileSync(join(dir, 'file'), '');
    const [first, second, witness] = [site(t, dir), site(t, dir), site(t, dir)];
    const siteOf = (owner: Owner): Site => (owner === 'c' ? second : first);

    fc.assert(
      fc.property(steps, (history) => {
        const model: Model = { a: [], b: [], c: [] };
        for (const step of history) {
          const { locks, file } = siteOf(step.owner);
          if (step.action === 'unlock') {
            good(locks.unlock(file, step.owner, step.span));
            for (const byte of bytesIn(step.span)) model[step.owner][byte] = null;
            continue;
          }
          const mode = step.action.endsWith('read') ? 'read' : 'write';
          const outcome = locks.lock(file, step.owner, step.span, mode);
          t.equal(outcome.outcome === 'granted', !refused(model, step.owner, step.span, mode));
          if (outcome.outcome !== 'granted') continue;
          if (step.action.startsWith('undone')) {
            outcome.undo();
          } else {
            outcome.keep();
            for (const byte of bytesIn(step.span)) model[step.owner][byte] = mode;
          }
        }
        for (let byte = 0; byte < BYTES; byte += 1) {
          const one = span(byte, byte === BYTES - 1 ? null : byte + 1);
          const modes = OWNERS.map((owner) => model[owner][byte] ?? null);
          const toRead = good(witness.locks.test(witness.file, 'witness', one, 'read'));
          const toWrite = good(witness.locks.test(witness.file, 'witness', one, 'write'));
          t.equal(toRead !== null, modes.includes('write'), `read of byte ${byte}`);
          t.equal(
            toWrite !== null,
            modes.some((mode) => mode !== null),
            `write of byte ${byte}`,
          );
          for (const [index, owner] of OWNERS.entries()) {
            const { locks, file } = siteOf(owner);
            const held = locks.held(file, owner).find((range) => bytesIn(range.span).includes(byte));
            t.equal(held?.mode ?? null, modes[index], `${owner} at byte ${byte}`);
          }
        }
        first.locks.releaseAll();
        second.locks.releaseAll();
      }),
      { numRuns: 150 },
    );
    t.end();
  },
);

t.test('what is passed on to another owner is held all the while, and is its own from then on', async (t) => {
  const [{ locks, file }, elsewhere] = twoSites(t);
  const take = (at: Site, owner: string, of: Span, mode: LockMode = 'write') => {
    const outcome = at.locks.lock(at.file, owner, of, mode);
    if (outcome.outcome === 'granted') outcome.keep();
    return outcome.outcome;
  };
  const here = { locks, file } as Site;
  t.equal(take(here, 'before', span(0, 8)), 'granted');
  t.equal(take(here, 'before', span(16, 24), 'read'), 'granted');
  const held = locks.held(file, 'before');
  locks.passOn(file, 'before', 'after');
  t.same(locks.held(file, 'after'), held);
  t.same(locks.held(file, 'before'), []);
  t.equal(take(elsewhere, 'other', span(0, 1)), 'conflict');
  t.equal(take(here, 'before', span(0, 1)), 'conflict', 'the former owner is one like any other');
  t.equal(take(here, 'after', span(0, 8)), 'granted', 'the new one has it already');
  good(locks.unlock(file, 'after', span(0, 8)));
  t.equal(take(elsewhere, 'other', span(0, 8)), 'granted');
});

t.test('nothing is passed on to an owner that has locks on the file', async (t) => {
  const [{ locks, file }] = twoSites(t);
  for (const [owner, at] of [
    ['one', span(0, 8)],
    ['two', span(8, 16)],
  ] as const) {
    const outcome = locks.lock(file, owner, at, 'write');
    if (outcome.outcome === 'granted') outcome.keep();
  }
  t.throws(() => locks.passOn(file, 'one', 'two'), /an owner that has some there/);
  good(locks.unlock(file, 'two', span(8, 16)));
  locks.passOn(file, 'one', 'two');
  t.same(locks.held(file, 'two'), [range(0, 8, 'write')]);
  locks.passOn(file, 'nobody', 'three');
  t.same(locks.held(file, 'three'), []);
});
