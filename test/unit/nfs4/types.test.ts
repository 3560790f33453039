import t from 'tap';
import { NF4BLK, NF4LNK, RPCSEC_GSS } from '../../../src/nfs4/constants.ts';
import { create } from '../../../src/nfs4/operations/create.ts';
import { secInfo } from '../../../src/nfs4/operations/sec-info.ts';
import { NFS4_OK } from '../../../src/nfs4/status.ts';
import {
  ANONYMOUS_STATEID,
  CURRENT_STATEID,
  decodeArray,
  decodeComponent,
  decodeOptional,
  encodeStateid,
  READ_BYPASS_STATEID,
  stateidEquals,
} from '../../../src/nfs4/types.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrError } from '../../../src/xdr/xdr-error.ts';
import { bytes, readAll, written } from './fixtures/wire.ts';

const hexOf = (stateid: typeof ANONYMOUS_STATEID) =>
  written((w) => encodeStateid(w, stateid)).toString('hex');

t.test('RFC 8881 section 8.2.3: the special stateids', async (t) => {
  t.equal(hexOf(ANONYMOUS_STATEID), '00'.repeat(16));
  t.equal(hexOf(READ_BYPASS_STATEID), 'ff'.repeat(16));
  t.equal(hexOf(CURRENT_STATEID), `00000001${'00'.repeat(12)}`);
});

t.test('stateids are the same when seqid and other are', async (t) => {
  const a = { seqid: 1, other: Buffer.alloc(12, 7) };
  t.ok(stateidEquals(a, { seqid: 1, other: Buffer.alloc(12, 7) }));
  t.notOk(stateidEquals(a, { seqid: 2, other: Buffer.alloc(12, 7) }));
  t.notOk(stateidEquals(a, { seqid: 1, other: Buffer.alloc(12, 8) }));
});

t.test('an array whose elements are as short as they can be reaches to the end of the message', async (t) => {
  const read = (r: XdrReader) => decodeArray(r, 9, 4, decodeComponent);
  t.same(readAll(bytes('00000002 00000000 00000000'), read), ['', '']);
});

t.test('an optional value is there once or not at all', async (t) => {
  const read = (r: XdrReader) => decodeOptional(r, () => r.uint32());
  t.equal(readAll(bytes('00000000'), read), null);
  t.equal(readAll(bytes('00000001 00000005'), read), 5);
  t.throws(() => read(new XdrReader(bytes('00000002 00000005 00000005'))), XdrError);
});

t.test('a union of ours that lacks what its arm needs is our mistake: RangeError', async (t) => {
  for (const type of [NF4LNK, NF4BLK]) {
    const args = { objType: { type }, objName: 'x', createAttrs: { mask: [], values: {} } };
    t.throws(() => written((w) => create.encodeArgs(w, args)), RangeError);
  }
  const flavors = { status: NFS4_OK, flavors: [{ flavor: RPCSEC_GSS }] } as const;
  t.throws(() => written((w) => secInfo.encodeResult(w, flavors)), RangeError);
});
