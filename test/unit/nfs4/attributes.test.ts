import fc from 'fast-check';
import t from 'tap';
import {
  attributeBitmap,
  attributeNumber,
  attributeSet,
  decodeAttributes,
  encodeAttributeSet,
  encodeAttributes,
  sameAttributes,
} from '../../../src/nfs4/attributes.ts';
import { bitmapBits, bitmapOf } from '../../../src/nfs4/bitmap.ts';
import { NF4REG } from '../../../src/nfs4/constants.ts';
import { NFS4ERR_ACCESS } from '../../../src/nfs4/status.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrError } from '../../../src/xdr/xdr-error.ts';
import { fileAttributes } from './fixtures/arbitraries.ts';
import { bytes, readAll, written } from './fixtures/wire.ts';

t.test('values stand in the order of their numbers, each in its own form', async (t) => {
  const values = {
    mode: 0o644,
    supportedAttrs: [0x1b, 0x2],
    type: NF4REG,
    change: 5n,
    linkSupport: true,
    fsid: { major: 1n, minor: 2n },
    leaseTime: 90,
    rdattrError: NFS4ERR_ACCESS,
    filehandle: Buffer.from('fh'),
    fsLocations: { fsRoot: ['a'], locations: [{ server: ['s'], rootPath: ['b', 'c'] }] },
    maxRead: 65536n,
    numLinks: 1,
    owner: '1000',
    rawDev: { major: 8, minor: 1 },
    timeAccessSet: 'server',
    timeModify: { seconds: -1n, nseconds: 999 },
    timeModifySet: { seconds: 1n, nseconds: 2 },
    suppattrExclcreat: [0, 0, 0x800],
  } as const;
  const expected = bytes(`
    00000003
    41080d2b                    # 0 1 3 5 8 10 11 19 24 30
    0061021a                    # 33 35 36 41 48 53 54
    00000800                    # 75
    000000bc                    # bytes of values
    00000002 0000001b 00000002  # supported_attrs
    00000001                    # type
    00000000 00000005           # change
    00000001                    # link_support
    00000000 00000001 00000000 00000002
    0000005a                    # lease_time
    0000000d                    # rdattr_error
    00000002 66680000           # filehandle
    00000001 00000001 61000000  # fs_root
    00000001  00000001 00000001 73000000  00000002 00000001 62000000 00000001 63000000
    00000000 00010000           # maxread
    000001a4                    # mode
    00000001                    # numlinks
    00000004 31303030           # owner
    00000008 00000001           # rawdev
    00000000                    # time_access_set
    ffffffff ffffffff 000003e7  # time_modify
    00000001 00000000 00000001 00000002
    00000003 00000000 00000000 00000800
  `);
  const encoded = written((w) => encodeAttributeSet(w, attributeSet(values)));
  t.equal(encoded.toString('hex'), expected.toString('hex'));
  t.same(readAll(expected, decodeAttributes).values, values);
});

t.test('what is asked for and not there is left out, with its bit', async (t) => {
  const requested = attributeBitmap(['type', 'size', 'mode', 'timeCreate']);
  const encoded = written((w) => encodeAttributes(w, requested, { size: 7n, mode: 0o600, fileid: 9n }));
  const decoded = readAll(encoded, decodeAttributes);
  t.same(decoded.values, { size: 7n, mode: 0o600 });
  t.same(bitmapBits(decoded.mask), [attributeNumber('size'), attributeNumber('mode')]);
});

t.test('numbers that nobody knows may be asked for', async (t) => {
  const encoded = written((w) => encodeAttributes(w, bitmapOf([4, 12, 90, 500]), { size: 7n }));
  t.same(readAll(encoded, decodeAttributes).values, { size: 7n });
});

t.test('an unknown attribute that was sent stays in the mask and ends the values', async (t) => {
  // size, acl (12, unknown to us), mode
  const message = bytes('00000002 00001010 00000002  00000010 00000000 00000007 00000000 00000180  0000002a');
  const r = new XdrReader(message);
  const decoded = decodeAttributes(r);
  t.same(bitmapBits(decoded.mask), [4, 12, 33]);
  t.same(decoded.values, { size: 7n });
  t.equal(r.uint32(), 42, 'what follows can still be read');
});

t.test('values that do not fill their opaque exactly are malformed', async (t) => {
  t.throws(() => decodeAttributes(new XdrReader(bytes('00000001 00000010 00000004 00000000'))), XdrError);
  const tooLong = bytes('00000001 00000010 0000000c 00000000 00000000 00000000');
  t.throws(() => decodeAttributes(new XdrReader(tooLong)), XdrError);
});

t.test('VERIFY compares what is in the mask, by value', async (t) => {
  const mask = attributeBitmap(['size', 'filehandle']);
  const a = { size: 1n, filehandle: Buffer.from('x'), mode: 1 };
  t.ok(sameAttributes(mask, a, { size: 1n, filehandle: Buffer.from('x'), mode: 2 }));
  t.notOk(sameAttributes(mask, a, { size: 2n, filehandle: Buffer.from('x') }));
  t.notOk(sameAttributes(mask, a, { size: 1n }), 'one has it, the other does not');
});

t.test('every set of attributes comes back as it was', async (t) => {
  const property = fc.property(fileAttributes, (values) => {
    const set = attributeSet(values);
    const decoded = readAll(
      written((w) => encodeAttributeSet(w, set)),
      decodeAttributes,
    );
    return sameAttributes(set.mask, decoded.values, values) && decoded.mask.join() === set.mask.join();
  });
  t.doesNotThrow(() => fc.assert(property));
});
