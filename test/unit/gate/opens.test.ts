/** What local programs have open, as the others see it (C13), and what becomes of it. */
import { constants as fsConstants } from 'node:fs';
import { constants } from 'node:os';
import t, { type Test } from 'tap';
import { FATTR_FH, FATTR_SIZE } from '../../../src/gate/fuse/constants.ts';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  DENY_WRITE,
  READ_DELEGATION,
  WANTED_FOR_CHANGE,
  WANTED_FOR_READING,
  WRITE_DELEGATION,
} from '../../../src/server/marks/kinds.ts';
import { good } from '../filesystem/fixtures/scratch.ts';
import { Kernel, text, u32, u64 } from './fixtures/kernel.ts';

const { EACCES, EAGAIN, EEXIST, EIO, ENOENT, ESTALE } = constants.errno;
const { O_RDONLY, O_RDWR, O_WRONLY, O_TRUNC, O_APPEND, O_EXCL, O_NONBLOCK } = fsConstants;
const BOTH = ACCESS_READ | ACCESS_WRITE;
/** SETATTR of a size of 0, by name. */
const EMPTIED = Buffer.concat([u32(8, 0), Buffer.alloc(80)]);

/** A file of two bytes that nobody has open. */
function closedFile(t: Test) {
  const kernel = new Kernel(t);
  const { nodeid, fh } = kernel.create('f');
  const { marks } = kernel.others;
  const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
  const place = marks.placeOf(node);
  const write = (fh: bigint, offset: number, data: string) =>
    kernel.done('write', nodeid, u64(fh, offset), u32(2, 0), u64(0), u32(2, 0), Buffer.from(data)).error;
  const release = (fh: bigint) => kernel.done('release', nodeid, u64(fh), u32(0, 0), u64(0));
  write(fh, 0, 'ok');
  release(fh);
  return {
    kernel,
    nodeid,
    marks,
    place,
    write,
    release,
    opened: (flags: number) => kernel.done('open', nodeid, u32(flags, 0)),
    fhOf: ({ body }: { body: Buffer }) => body.readBigUInt64LE(0),
    shown: () => good(marks.others(place, BOTH)),
    contents: () => good(kernel.filesystem.read(node, 0n, 9)).data.toString(),
  };
}

t.test('I2: while a beacon is missing an open waits, and shows and makes nothing meanwhile', async (t) => {
  const { kernel, nodeid, shown } = closedFile(t);
  kernel.coordination.beacons = 'grace';
  const asked = kernel.ask('open', nodeid, u32(O_RDWR, 0));
  const made = kernel.ask('create', 1n, u32(O_RDWR, 0o100644, 0, 0), text('new'));
  t.equal(kernel.done('create', 1n, u32(O_RDWR | O_NONBLOCK, 0o100644, 0, 0), text('new')).error, -EAGAIN);
  t.same([kernel.answerTo(asked), kernel.answerTo(made), shown()], [null, null, 0]);
  t.equal(kernel.done('lookup', 1n, text('new')).error, -ENOENT);
  kernel.coordination.beacons = 'grant';
  await kernel.clock.advance(10);
  for (const each of [asked, made]) t.match(kernel.answerTo(each), { error: 0 });
  t.equal(shown(), BOTH);
});

t.test('row 36: what is truncated through an open file goes on in grace', async (t) => {
  const { kernel, nodeid, opened, fhOf, contents } = closedFile(t);
  const fh = fhOf(opened(O_RDWR));
  kernel.coordination.grace = true;
  const emptied = Buffer.concat([u32(FATTR_SIZE | FATTR_FH, 0), u64(fh), Buffer.alloc(72)]);
  t.equal(kernel.done('setattr', nodeid, emptied).error, 0);
  t.equal(contents(), '');
});

t.test('a create that finds a file is an open of it like any other', async (t) => {
  const { kernel, nodeid, marks, place, shown } = closedFile(t);
  const create = (flags: number) => kernel.done('create', 1n, u32(flags, 0o100644, 0, 0), text('f')).error;
  t.equal(create(O_RDWR | O_EXCL), -EEXIST);
  t.equal(marks.put(place, DENY_WRITE), null);
  t.equal(create(O_RDWR), -EACCES);
  marks.takeDown(place, DENY_WRITE);
  const node = good(kernel.filesystem.lookup(kernel.filesystem.root(), 'f'));
  kernel.filesystem.setAttributes(node, { mode: 0 });
  t.equal(create(O_RDWR), -EACCES, 'the kernel has not asked whether it may');
  t.equal(shown(), 0);
  kernel.ask('forget', nodeid, u64(1));
  t.equal(kernel.done('getattr', nodeid, u64(0, 0)).error, -ESTALE, 'and was told of it no second time');
});

t.test('C13: a name goes when the delegations of its file are back (RFC 8881 section 10.4)', async (t) => {
  for (const delegation of [READ_DELEGATION, WRITE_DELEGATION]) {
    const { kernel, marks, place } = closedFile(t);
    kernel.create('g');
    for (const each of [marks.anywhere, place]) t.equal(marks.put(each, delegation), null);
    t.equal(kernel.done('unlink', 1n, text('g')).error, 0, 'that is another file');
    const asked = kernel.ask('unlink', 1n, text('f'));
    t.equal(kernel.answerTo(asked), null);
    t.same(marks.wanted(), { ok: true, value: [{ place, wanted: WANTED_FOR_CHANGE }] });
    marks.takeDown(place, delegation);
    await kernel.clock.advance(10);
    t.match(kernel.answerTo(asked), { error: 0 });
    t.same(marks.wanted(), { ok: true, value: [] });
  }
});

t.test('C13: whoever only reads asks for no more than that', async (t) => {
  const { kernel, nodeid, marks, place } = closedFile(t);
  t.equal(marks.put(place, WRITE_DELEGATION), null);
  t.equal(kernel.answerTo(kernel.ask('open', nodeid, u32(O_RDONLY, 0))), null);
  t.same(marks.wanted(), { ok: true, value: [{ place, wanted: WANTED_FOR_READING }] });
});

t.test('C13: to empty a file is to write, for that moment, even for whoever opens it to read', async (t) => {
  const { opened, shown, contents, marks, place } = closedFile(t);
  t.equal(marks.put(place, DENY_WRITE), null);
  t.equal(opened(O_RDONLY | O_TRUNC).error, -EACCES);
  t.same([contents(), shown()], ['ok', 0]);
  marks.takeDown(place, DENY_WRITE);
  t.equal(opened(O_RDONLY | O_TRUNC).error, 0);
  t.same([contents(), shown()], ['', ACCESS_READ]);
  t.equal(opened(O_WRONLY).error, 0);
  t.equal(opened(O_RDONLY | O_TRUNC).error, 0);
  t.equal(shown(), BOTH, 'somebody else writes still');
});

t.test(
  'C13: a truncation by name takes nothing from a program that has the file open to write',
  async (t) => {
    const { kernel, nodeid, opened, shown } = closedFile(t);
    t.equal(opened(O_WRONLY).error, 0);
    t.equal(kernel.done('setattr', nodeid, EMPTIED).error, 0);
    t.equal(shown(), ACCESS_WRITE);
  },
);

t.test('whoever appends writes where the file ends now', async (t) => {
  const { opened, fhOf, write, contents } = closedFile(t);
  const [appending, other] = [fhOf(opened(O_WRONLY | O_APPEND)), fhOf(opened(O_WRONLY))];
  t.equal(write(other, 2, 'is'), 0);
  t.equal(write(appending, 2, 'it'), 0);
  t.equal(contents(), 'okisit');
});

t.test(
  'what is closed is let go of, and so is what was opened for an open that comes to nothing',
  async (t) => {
    const { kernel, opened, fhOf, release, shown } = closedFile(t);
    const { filesystem } = kernel;
    const [open, close] = [filesystem.open.bind(filesystem), filesystem.close.bind(filesystem)];
    const kept: string[] = [];
    filesystem.open = (node, access) => {
      kept.push(access);
      return open(node, access);
    };
    filesystem.close = (node, access) => {
      kept.splice(kept.indexOf(access), 1);
      close(node, access);
    };
    const fh = fhOf(opened(O_RDWR));
    t.same(kept, ['read', 'write']);
    release(fh);
    t.same(kept, []);
    const { setAttributes } = filesystem;
    filesystem.setAttributes = () => ({ errno: 'EIO', applied: [] });
    t.equal(opened(O_RDWR | O_TRUNC).error, -EIO);
    filesystem.setAttributes = setAttributes;
    t.same([kept, shown()], [[], 0]);
  },
);
