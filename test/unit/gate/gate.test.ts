import { constants as fsConstants } from 'node:fs';
import { constants } from 'node:os';
import t from 'tap';
import { FUSE_WRITE_KILL_SUIDGID } from '../../../src/gate/fuse/constants.ts';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  DENY_READ,
  DENY_WRITE,
  WANTED_FOR_CHANGE,
  WRITE_DELEGATION,
} from '../../../src/server/marks/kinds.ts';
import { good } from '../filesystem/fixtures/scratch.ts';
import { FLOCK, Kernel, LAST_BYTE, PID, RECORD, text, u32, u64 } from './fixtures/kernel.ts';

const { EACCES, EAGAIN, EBADF, EINTR, EINVAL, ENOSYS, ESTALE } = constants.errno;
const [READ, WRITE, NONE] = [0, 1, 2];
const { O_RDONLY, O_WRONLY, O_TRUNC } = fsConstants;
/** SETATTR of a size of 0, by name. */
const EMPTIED = Buffer.concat([u32(8, 0), Buffer.alloc(80)]);
const ALL = { start: 0n, end: null };

t.test('C7: in grace a new lock is refused at once to whoever does not wait', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  kernel.coordination.grace = true;
  t.equal(kernel.locked('setlk', file, 1, WRITE), -EAGAIN);
  t.match(kernel.events, [{ event: 'refuse', status: 'GRACE', file: 'f' }]);
  kernel.coordination.lift();
  t.equal(kernel.locked('setlk', file, 1, WRITE), 0);
});

t.test('C7: whoever waits gets it after the lift, and not before', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  kernel.coordination.grace = true;
  const asked = kernel.lock('setlkw', file, 1, WRITE);
  await kernel.clock.advance(5000);
  t.equal(kernel.answerTo(asked), null);
  t.equal(kernel.gate.waiting, 1);
  kernel.coordination.lift();
  await kernel.clock.advance(10);
  t.match(kernel.answerTo(asked), { error: 0 });
  t.equal(kernel.gate.waiting, 0);
  t.strictSame(
    kernel.events.map(({ event }) => event),
    ['refuse', 'grant'],
    'however often it was tried',
  );
});

t.test('I2: a lock that was taken while a beacon was missing is given back', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  kernel.coordination.beacons = 'grace';
  t.equal(kernel.locked('setlk', file, 1, WRITE), -EAGAIN);
  const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
  t.equal(kernel.others.locks.lock(node, 'other', ALL, 'write').outcome, 'granted');
});

t.test('M23: a gate that does not ask gives it away in grace', async (t) => {
  const kernel = new Kernel(t, ['M23']);
  const file = kernel.create('f');
  kernel.coordination.grace = true;
  kernel.coordination.beacons = 'grace';
  t.equal(kernel.locked('setlk', file, 1, WRITE), 0);
});

t.test('what is held can be let go of in grace', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  t.equal(kernel.locked('setlk', file, 1, WRITE), 0);
  kernel.coordination.grace = true;
  t.equal(kernel.locked('setlk', file, 1, NONE), 0);
  const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
  t.equal(kernel.others.locks.lock(node, 'other', ALL, 'write').outcome, 'granted');
});

t.test('I1: what another node holds is refused, shown, and waited for', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
  const other = kernel.others.locks.lock(node, 'other', { start: 10n, end: 20n }, 'write');
  if (other.outcome !== 'granted') throw new Error('the other node has no lock');
  other.keep();
  t.equal(kernel.locked('setlk', file, 1, WRITE, [15, 15n]), -EAGAIN);
  t.match(kernel.events, [{ event: 'refuse', status: 'DENIED' }]);
  t.equal(kernel.locked('setlk', file, 1, WRITE, [20, 29n]), 0, 'the byte after it is free');
  const shown = kernel.answerTo(kernel.lock('getlk', file, 1, READ, [0, LAST_BYTE]));
  t.same(shown?.body, Buffer.concat([u64(10, 19), u32(WRITE, 0)]));
  const asked = kernel.lock('setlkw', file, 1, WRITE, [15, 15n]);
  await kernel.clock.advance(1000);
  t.equal(kernel.answerTo(asked), null);
  kernel.others.locks.releaseOwner(node, 'other');
  await kernel.clock.advance(10);
  t.match(kernel.answerTo(asked), { error: 0 });
});

t.test('a signal ends the waiting, and nothing was taken', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  kernel.coordination.grace = true;
  const asked = kernel.lock('setlkw', file, 1, WRITE);
  kernel.ask('interrupt', 0n, u64(asked));
  t.match(kernel.answerTo(asked), { error: -EINTR });
  kernel.coordination.lift();
  await kernel.clock.advance(1000);
  t.equal(kernel.locked('setlk', file, 2, WRITE), 0, 'a second owner gets it');
});

t.test('an interrupt that comes after the answer takes nothing back', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  const asked = kernel.lock('setlkw', file, 1, WRITE);
  kernel.ask('interrupt', 0n, u64(asked));
  t.match(kernel.answerTo(asked), { error: 0 });
  t.equal(kernel.locked('setlk', file, 2, WRITE), -EAGAIN);
});

t.test('what one program lets go of the next one in line has without waiting for a timer', async (t) => {
  for (const [how, letGo] of [
    ['F_UNLCK', (kernel, file) => kernel.lock('setlk', file, 1, NONE)],
    ['F_UNLCK by F_SETLKW', (kernel, file) => kernel.lock('setlkw', file, 1, NONE)],
    ['close', (kernel, { nodeid, fh }) => kernel.done('flush', nodeid, u64(fh, 0, 1))],
    [
      'the last close',
      (kernel, { nodeid, fh }) => kernel.done('release', nodeid, u64(fh), u32(0, 0), u64(0)),
    ],
  ] as const satisfies [string, (kernel: Kernel, file: ReturnType<Kernel['create']>) => unknown][]) {
    const kernel = new Kernel(t);
    const file = kernel.create('f');
    const waiting = kernel.open(file);
    t.equal(kernel.locked('setlk', file, 1, WRITE), 0);
    const second = kernel.lock('setlkw', waiting, 2, WRITE);
    const third = kernel.lock('setlkw', waiting, 3, WRITE);
    letGo(kernel, file);
    t.match(kernel.answerTo(second), { error: 0 }, how);
    t.equal(kernel.answerTo(third), null);
  }
});

t.test(
  'the history is told what was let go of, however that was, and nothing of who had nothing',
  async (t) => {
    const kernel = new Kernel(t);
    const file = kernel.create('f');
    kernel.lock('setlk', file, 1, WRITE);
    kernel.lock('setlk', file, 1, NONE, [0, 9n]);
    for (const owner of [1, 2]) kernel.done('flush', file.nodeid, u64(file.fh, 0, owner));
    t.match(kernel.events, [
      { event: 'grant', span: { start: 0, end: null } },
      { event: 'release', span: { start: 0, end: 10 } },
      { event: 'release', span: { start: 0, end: null } },
    ]);
    t.equal(kernel.events.length, 3);
  },
);

t.test('I1: programs that read share, one that writes excludes them, and is told who they are', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  for (const owner of [1, 2]) t.equal(kernel.locked('setlk', file, owner, READ, [0, 9n]), 0);
  t.equal(kernel.locked('setlk', file, 3, WRITE, [9, 9n]), -EAGAIN);
  const shown = kernel.answerTo(kernel.lock('getlk', file, 3, WRITE));
  t.same(shown?.body, Buffer.concat([u64(0, 9), u32(READ, PID)]));
});

t.test('close(2) drops all record locks of the process on the file, and no others (POSIX)', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  t.equal(kernel.locked('setlk', file, 1, WRITE, [0, 9n]), 0);
  t.equal(kernel.locked('setlk', file, 2, WRITE, [10, 19n]), 0);
  kernel.done('flush', file.nodeid, u64(file.fh, 0, 1));
  t.equal(kernel.locked('setlk', file, 3, WRITE, [0, 9n]), 0);
  t.equal(kernel.locked('setlk', file, 3, WRITE, [10, 19n]), -EAGAIN);
});

t.test(
  'and so does close(2) of another descriptor of it than the one that they came by (POSIX)',
  async (t) => {
    const kernel = new Kernel(t);
    const file = kernel.create('f');
    const second = kernel.open(file);
    t.equal(kernel.locked('setlk', file, 1, WRITE), 0);
    kernel.done('flush', second.nodeid, u64(second.fh, 0, 1));
    t.equal(kernel.locked('setlk', file, 2, WRITE), 0);
  },
);

t.test(
  'flock is of the description: close(2) of one descriptor leaves it, the last one takes it along',
  async (t) => {
    const kernel = new Kernel(t);
    const file = kernel.create('f');
    t.equal(kernel.locked('setlk', file, 1, WRITE, [0, LAST_BYTE], FLOCK), 0);
    kernel.done('flush', file.nodeid, u64(file.fh, 0, 1));
    t.equal(
      kernel.locked('setlk', file, 2, WRITE),
      -EAGAIN,
      'whole-file locks of both kinds exclude each other',
    );
    kernel.done('release', file.nodeid, u64(file.fh), u32(0, 2), u64(1));
    const again = kernel.done('open', file.nodeid, u32(O_RDONLY, 0));
    t.equal(kernel.locked('setlk', { ...file, fh: again.body.readBigUInt64LE(0) }, 2, WRITE), 0);
  },
);

t.test(
  'an owner that the kernel never speaks of again is gone with its description (F_OFD_SETLK)',
  async (t) => {
    const kernel = new Kernel(t);
    const first = kernel.create('f');
    const second = kernel.open(first);
    t.equal(kernel.locked('setlk', first, 77, WRITE), 0);
    kernel.done('flush', first.nodeid, u64(first.fh, 0, 1));
    t.equal(kernel.locked('setlk', second, 2, WRITE), -EAGAIN);
    kernel.done('release', first.nodeid, u64(first.fh), u32(0, 0), u64(0));
    t.equal(kernel.locked('setlk', second, 2, WRITE), 0);
  },
);

t.test(
  'a process that locked through a description that others have open keeps its locks when that is closed elsewhere',
  async (t) => {
    const kernel = new Kernel(t);
    const first = kernel.create('f');
    const second = kernel.open(first);
    t.equal(kernel.locked('setlk', first, 1, WRITE, [0, 9n]), 0);
    t.equal(kernel.locked('setlk', second, 1, WRITE, [10, 19n]), 0);
    kernel.done('release', first.nodeid, u64(first.fh), u32(0, 0), u64(0));
    t.equal(kernel.locked('setlk', second, 2, WRITE, [0, 9n]), -EAGAIN);
  },
);

t.test(
  'a description takes along what was locked through it alone, whatever its owner has or had elsewhere',
  async (t) => {
    const kernel = new Kernel(t);
    const [first, other] = [kernel.create('f'), kernel.create('g')];
    const second = kernel.open(first);
    for (const each of [first, second, other]) t.equal(kernel.locked('setlk', each, 1, WRITE), 0);
    t.equal(kernel.locked('setlk', first, 1, NONE), 0);
    t.equal(kernel.locked('setlk', second, 1, WRITE, [0, 19n]), 0);
    t.equal(kernel.locked('setlk', second, 1, NONE, [0, 9n]), 0);
    const release = ({ nodeid, fh }: typeof first) =>
      kernel.done('release', nodeid, u64(fh), u32(0, 0), u64(0));
    release(second);
    t.equal(kernel.locked('setlk', first, 2, WRITE), 0);
    t.equal(kernel.locked('setlk', other, 2, WRITE), -EAGAIN, 'of another file');
    release(other);
    t.equal(kernel.locked('setlk', kernel.open(other), 2, WRITE), 0);
  },
);

t.test('C13: what a client of another node denies, a program does not open', async (t) => {
  const kernel = new Kernel(t);
  const { nodeid, fh } = kernel.create('f');
  kernel.done('release', nodeid, u64(fh), u32(0, 0), u64(0));
  const { marks } = kernel.others;
  const place = marks.placeOf(good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f')));
  t.equal(marks.put(place, DENY_READ), null);
  t.equal(kernel.done('open', nodeid, u32(O_RDONLY, 0)).error, -EACCES);
  t.equal(kernel.done('open', nodeid, u32(1, 0)).error, 0, 'it denies reading only');
});

t.test('C13: what a client of another node denies, a program does not truncate by name', async (t) => {
  const kernel = new Kernel(t);
  const { nodeid, fh } = kernel.create('f');
  kernel.done('write', nodeid, u64(fh, 0), u32(2, 0), u64(0), u32(2, 0), Buffer.from('ok'));
  kernel.done('release', nodeid, u64(fh), u32(0, 0), u64(0));
  const { marks } = kernel.others;
  const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
  const place = marks.placeOf(node);
  const size = () => good(kernel.filesystem.attributes(node)).size;
  t.equal(marks.put(place, DENY_WRITE), null);
  t.equal(kernel.done('setattr', nodeid, EMPTIED).error, -EACCES);
  t.equal(size(), 2n);
  marks.takeDown(place, DENY_WRITE);
  t.equal(kernel.done('setattr', nodeid, EMPTIED).error, 0);
  t.equal(size(), 0n);
  t.same(marks.others(place, ACCESS_WRITE), { ok: true, value: 0 }, 'afterwards it is no open any more');
});

t.test('I2: nothing is truncated by name while a beacon is missing', async (t) => {
  const kernel = new Kernel(t);
  const { nodeid, fh } = kernel.create('f');
  kernel.done('write', nodeid, u64(fh, 0), u32(2, 0), u64(0), u32(2, 0), Buffer.from('ok'));
  kernel.done('release', nodeid, u64(fh), u32(0, 0), u64(0));
  kernel.coordination.beacons = 'grace';
  const asked = kernel.ask('setattr', nodeid, EMPTIED);
  t.equal(kernel.answerTo(asked), null);
  const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
  t.equal(good(kernel.filesystem.attributes(node)).size, 2n);
  kernel.coordination.beacons = 'grant';
  await kernel.clock.advance(10);
  t.match(kernel.answerTo(asked), { error: 0 });
});

t.test('set-id bits go when somebody writes or empties the file who may not set them', async (t) => {
  const kernel = new Kernel(t);
  const { nodeid, fh } = kernel.create('f');
  const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
  const marked = (mode: number) => t.equal(kernel.filesystem.setAttributes(node, { mode }).errno, null);
  const mode = () => good(kernel.filesystem.attributes(node)).mode;
  const write = (flags: number) =>
    kernel.done('write', nodeid, u64(fh, 0), u32(2, flags), u64(0), u32(2, 0), Buffer.from('ok'));
  marked(0o6777);
  t.equal(write(0).error, 0);
  t.equal(mode(), 0o6777);
  t.equal(write(FUSE_WRITE_KILL_SUIDGID).error, 0);
  t.equal(mode(), 0o777);
  marked(0o6767);
  t.equal(kernel.done('open', nodeid, u32(O_WRONLY | O_TRUNC, 0)).error, 0);
  t.equal(mode(), 0o2767, 'without execution by the group the bit means something else');
});

t.test('C13: what a program has open, the others see for as long as it is', async (t) => {
  const kernel = new Kernel(t);
  const { nodeid, fh } = kernel.create('f');
  const { marks } = kernel.others;
  const place = marks.placeOf(good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f')));
  const both = ACCESS_READ | ACCESS_WRITE;
  const reader = kernel.done('open', nodeid, u32(O_RDONLY, 0)).body.readBigUInt64LE(0);
  t.same(marks.others(place, both), { ok: true, value: both });
  kernel.done('release', nodeid, u64(fh), u32(0, 0), u64(0));
  t.same(marks.others(place, both), { ok: true, value: ACCESS_READ });
  kernel.done('release', nodeid, u64(reader), u32(0, 0), u64(0));
  t.same(marks.others(place, both), { ok: true, value: 0 });
});

t.test("C13: an open waits for somebody's delegation, which is asked back", async (t) => {
  const kernel = new Kernel(t);
  const { nodeid, fh } = kernel.create('f');
  kernel.done('release', nodeid, u64(fh), u32(0, 0), u64(0));
  const { marks } = kernel.others;
  const place = marks.placeOf(good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f')));
  t.equal(marks.put(place, WRITE_DELEGATION), null);
  const asked = kernel.ask('open', nodeid, u32(2, 0));
  t.equal(kernel.answerTo(asked), null);
  t.same(marks.wanted(), { ok: true, value: [{ place, wanted: WANTED_FOR_CHANGE }] });
  marks.takeDown(place, WRITE_DELEGATION);
  await kernel.clock.advance(10);
  t.match(kernel.answerTo(asked), { error: 0 });
  t.same(marks.wanted(), { ok: true, value: [] }, 'the wish is taken back');
});

t.test(
  'opens wait for the lift, or are told to come again where they may not block; what is open goes on',
  async (t) => {
    const kernel = new Kernel(t);
    const { nodeid, fh } = kernel.create('f');
    kernel.coordination.grace = true;
    const asked = kernel.ask('open', nodeid, u32(2, 0));
    const made = kernel.ask('create', 1n, u32(2, 0o100644, 0, 0), text('new'));
    t.equal(kernel.done('open', nodeid, u32(0o4002, 0)).error, -EAGAIN, 'O_NONBLOCK');
    t.equal(
      kernel.done('write', nodeid, u64(fh, 0), u32(2, 0), u64(0), u32(2, 0), Buffer.from('ok')).error,
      0,
    );
    t.same(kernel.done('read', nodeid, u64(fh, 0), u32(9, 0), u64(0), u32(0, 0)).body, Buffer.from('ok'));
    await kernel.clock.advance(1000);
    t.equal(kernel.answerTo(asked), null);
    t.equal(
      good(kernel.filesystem.readdir(kernel.filesystem.root(), 0n, 9)).entries.length,
      1,
      'nothing was made',
    );
    kernel.coordination.lift();
    await kernel.clock.advance(10);
    t.match(kernel.answerTo(asked), { error: 0 });
    t.match(kernel.answerTo(made), { error: 0 });
  },
);

t.test('row 36: what could break a reclaim waits: names that go, and truncation by name', async (t) => {
  const kernel = new Kernel(t);
  const { nodeid } = kernel.create('f');
  kernel.coordination.grace = true;
  const removed = kernel.ask('unlink', 1n, text('f'));
  const emptied = kernel.ask('setattr', nodeid, EMPTIED);
  await kernel.clock.advance(1000);
  t.equal(kernel.answerTo(removed), null);
  t.equal(kernel.answerTo(emptied), null);
  kernel.coordination.lift();
  await kernel.clock.advance(10);
  t.match(kernel.answerTo(removed), { error: 0 });
});

t.test('what makes no sense is an error, and nothing else', async (t) => {
  const kernel = new Kernel(t);
  const file = kernel.create('f');
  t.equal(kernel.done('lookup', 99n, text('f')).error, -ESTALE, 'a file that the kernel was never told of');
  t.equal(kernel.done('read', file.nodeid, u64(99, 0), u32(9, 0), u64(0), u32(0, 0)).error, -EBADF);
  t.equal(kernel.locked('setlk', file, 1, 9), -EINVAL, 'no kind of lock');
  t.equal(kernel.locked('setlk', file, 1, WRITE, [9, 8n]), -EINVAL, 'a range that ends before it begins');
  t.equal(kernel.locked('setlk', { ...file, fh: 99n }, 1, WRITE, [0, 1n], RECORD), -EBADF);
  t.equal(kernel.done('flush', file.nodeid, u64(99, 0, 1)).error, -EBADF);
  t.equal(
    kernel.done('rename2', 1n, u64(1), u32(2, 0), text('f'), text('g')).error,
    -EINVAL,
    'RENAME_EXCHANGE',
  );
  for (const [major, minor] of [
    [6, 99],
    [7, 30],
  ] as const)
    t.equal(kernel.done('init', 0n, u32(major, minor, 0, 0)).error, -constants.errno.EPROTO);
  t.equal(kernel.done('lookup', 1n, Buffer.from([0xff, 0xfe, 0])).error, -constants.errno.EILSEQ);
  const unknown = Buffer.concat([u32(40, 4096), u64(7, 1), u32(0, 0, 0, 0)]);
  kernel.gate.receive(unknown);
  t.equal(kernel.answerTo(7n)?.error, -ENOSYS);
  kernel.gate.receive(Buffer.alloc(3));
  t.equal(kernel.answerTo(0n), null, 'what cannot be told from others is not answered');
});

t.test('closing the gate lets go of everything, and tells those who wait', async (t) => {
  for (const close of [
    (kernel: Kernel) => kernel.gate.close(),
    (kernel: Kernel) => kernel.done('destroy', 0n),
  ]) {
    const kernel = new Kernel(t);
    const [file, wanted] = [kernel.create('f'), kernel.create('g')];
    kernel.done('release', wanted.nodeid, u64(wanted.fh), u32(0, 0), u64(0));
    const { marks } = kernel.others;
    const placeOf = (name: string) =>
      marks.placeOf(good(kernel.filesystem.lookup(kernel.filesystem.root(), name)));
    t.equal(marks.put(placeOf('g'), WRITE_DELEGATION), null);
    t.equal(kernel.locked('setlk', file, 1, WRITE), 0);
    const asked = [kernel.lock('setlkw', file, 2, WRITE), kernel.ask('open', wanted.nodeid, u32(2, 0))];
    close(kernel);
    for (const each of asked) t.match(kernel.answerTo(each), { error: -EINTR });
    const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
    t.equal(kernel.others.locks.lock(node, 'other', ALL, 'write').outcome, 'granted');
    t.same(marks.others(placeOf('f'), ACCESS_READ | ACCESS_WRITE), { ok: true, value: 0 });
    t.same(marks.wanted(), { ok: true, value: [] }, 'nobody is asked for anything any more');
    t.equal(kernel.done('lookup', 1n, text('f')).error, -constants.errno.ENOTCONN);
  }
});
