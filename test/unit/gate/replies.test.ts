import t from 'tap';
import {
  attributesBody,
  directoryBody,
  encodeReply,
  entryBody,
  initBody,
  lockBody,
  offsetBody,
  openBody,
  sizeBody,
  spaceBody,
} from '../../../src/gate/fuse/replies.ts';
import type { FsAttributes } from '../../../src/server/filesystem/types.ts';

const hex = (bytes: Buffer): string =>
  bytes
    .toString('hex')
    .replace(/(.{16})/g, '$1 ')
    .trim();

const ATTRIBUTES: FsAttributes = {
  type: 'regular',
  mode: 0o640,
  links: 2,
  uid: 5,
  gid: 6,
  size: 0x1234n,
  spaceUsed: 1024n,
  fileid: 0x99n,
  fsid: { major: 1n, minor: 2n },
  change: 7n,
  accessTime: { seconds: 1n, nseconds: 0x11 },
  modifyTime: { seconds: 2n, nseconds: 0x12 },
  metadataTime: { seconds: -3n, nseconds: 0x13 },
  createTime: null,
  device: { major: 0x103, minor: 0x405 },
};

/** struct fuse_attr: ino, size, blocks, three times, their nanoseconds, mode, nlink, uid, gid, rdev, blksize, flags. */
const ATTR =
  '9900000000000000 3412000000000000 0200000000000000 0100000000000000 0200000000000000 fdffffffffffffff 1100000012000000 13000000a0810000 0200000005000000 0600000005034100 0010000000000000';

t.test('a reply says how long it is, what it answers, and whether it failed', async (t) => {
  t.equal(hex(encodeReply(0x77n, -11)), '10000000f5ffffff 7700000000000000');
  t.equal(hex(encodeReply(0x77n, 0, Buffer.from('abcd'))), '1400000000000000 7700000000000000 61626364');
});

t.test(
  'attributes, and a file that was found, are kept by no kernel: another node may change them',
  async (t) => {
    t.equal(hex(attributesBody(ATTRIBUTES)), `0000000000000000 0000000000000000 ${ATTR}`);
    const nothing = '0000000000000000';
    t.equal(
      hex(entryBody(0x55n, ATTRIBUTES)),
      `5500000000000000 ${nothing} ${nothing} ${nothing} ${nothing} ${ATTR}`,
    );
  },
);

t.test('an open, a count, a position and a lock', async (t) => {
  t.equal(hex(openBody(3n, 1)), '0300000000000000 0100000000000000');
  t.equal(hex(sizeBody(0x1234)), '3412000000000000');
  t.equal(hex(offsetBody(0x1234n)), '3412000000000000');
  t.equal(
    hex(lockBody({ start: 1n, end: 2n ** 63n - 1n, type: 1, pid: 9 })),
    '0100000000000000 ffffffffffffff7f 0100000009000000',
  );
});

t.test('the first reply has the locks, and no feature that the kernel did not offer', async (t) => {
  const all = initBody(0xffff_ffff, 0x2_0000);
  t.equal(all.length, 64);
  t.equal(hex(all.subarray(0, 32)), '0700000024000000 000002002b044400 4000300000001000 0100000000010000');
  t.equal(initBody(0x402, 0).readUInt32LE(12), 0x402);
});

t.test('entries are padded to eight bytes, and as many as there is room for', async (t) => {
  const entries = [
    { ino: 1n, next: 1n, name: '.' },
    { ino: 2n, next: 7n, name: '12345678' },
    { ino: 3n, next: 8n, name: 'x' },
  ];
  t.equal(
    hex(directoryBody(entries, 64)),
    '0100000000000000 0100000000000000 0100000000000000 2e00000000000000 0200000000000000 0700000000000000 0800000000000000 3132333435363738',
  );
  t.equal(directoryBody(entries, 63).length, 32);
  t.equal(directoryBody(entries, 31).length, 0);
});

t.test('space is counted in blocks', async (t) => {
  const space = {
    bytesTotal: 8192n,
    bytesFree: 4096n,
    bytesAvailable: 4095n,
    filesTotal: 9n,
    filesFree: 8n,
    filesAvailable: 7n,
  };
  const body = spaceBody(space);
  t.equal(body.length, 80);
  t.equal(
    hex(body.subarray(0, 56)),
    '0200000000000000 0100000000000000 0000000000000000 0900000000000000 0800000000000000 00100000ff000000 0010000000000000',
  );
});
