import t from 'tap';
import {
  CompoundReplyWriter,
  call,
  decodeCompoundHeader,
  decodeCompoundReply,
  encodeCompound,
  isDefinedOperation,
  OP_ILLEGAL,
  statusOfXdrError,
} from '../../../src/nfs4/compound.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { operationByNumber } from '../../../src/nfs4/operations/index.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { sequence } from '../../../src/nfs4/operations/sequence.ts';
import {
  NFS4_OK,
  NFS4ERR_BADXDR,
  NFS4ERR_INVAL,
  NFS4ERR_MINOR_VERS_MISMATCH,
  NFS4ERR_NOENT,
  NFS4ERR_NOTSUPP,
  NFS4ERR_OP_ILLEGAL,
  NFS4ERR_REP_TOO_BIG,
} from '../../../src/nfs4/status.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';
import { XdrError } from '../../../src/xdr/xdr-error.ts';
import { SESSION_ID, SESSION_ID_HEX } from './fixtures/vectors.ts';
import { bytes, readAll, written } from './fixtures/wire.ts';

const SEQUENCE_ARGS = {
  sessionId: SESSION_ID,
  sequenceId: 1,
  slotId: 0,
  highestSlotId: 0,
  cacheThis: false,
};
const CALLS = [
  call(sequence, SEQUENCE_ARGS),
  call(putRootFh, {}),
  call(lookup, { objName: 'a' }),
  call(getFh, {}),
] as const;
const REQUEST = bytes(`
  00000002 68690000             # tag
  00000001                      # minor version
  00000004                      # operations
  00000035 ${SESSION_ID_HEX} 00000001 00000000 00000000 00000000
  00000018
  0000000f 00000001 61000000
  0000000a
`);

t.test('a request is tag, minor version, operations', async (t) => {
  const encoded = written((w) => encodeCompound(w, { tag: 'hi', minorVersion: 1, ops: CALLS }));
  t.equal(encoded.toString('hex'), REQUEST.toString('hex'));
});

t.test('a server reads it operation by operation', async (t) => {
  const r = new XdrReader(REQUEST);
  const header = decodeCompoundHeader(r);
  t.same(header, { tag: Buffer.from('hi'), minorVersion: 1, operationCount: 4 });
  const read: unknown[] = [];
  for (let index = 0; index < header.operationCount; index += 1) {
    const operation = operationByNumber(r.uint32());
    read.push([operation?.name, operation?.decodeArgs(r)]);
  }
  r.expectEnd();
  t.same(read, [
    ['SEQUENCE', SEQUENCE_ARGS],
    ['PUTROOTFH', {}],
    ['LOOKUP', { objName: 'a' }],
    ['GETFH', {}],
  ]);
});

t.test('a reply is status, tag, results up to the first failure', async (t) => {
  const w = new XdrWriter(4);
  w.uint32(0xdeadbeef); // a reply need not begin where the writer does
  const reply = new CompoundReplyWriter(w, Buffer.from('hi'));
  reply.add(putRootFh, { status: NFS4_OK });
  reply.add(lookup, { status: NFS4ERR_NOENT });
  reply.finish();
  const expected = 'deadbeef 00000002 00000002 68690000 00000002  00000018 00000000  0000000f 00000002';
  t.equal(w.view().toString('hex'), bytes(expected).toString('hex'));
  t.equal(reply.count, 2);
  t.equal(reply.status, NFS4ERR_NOENT);
});

t.test('a result that was too large is dropped and another put in its place', async (t) => {
  const w = new XdrWriter(4);
  const reply = new CompoundReplyWriter(w, Buffer.alloc(0));
  reply.add(putRootFh, { status: NFS4_OK });
  const start = reply.add(getFh, { status: NFS4_OK, object: Buffer.alloc(64) });
  reply.dropLast(start);
  reply.add(getFh, { status: NFS4ERR_REP_TOO_BIG });
  reply.finish();
  t.equal(
    w.view().toString('hex'),
    bytes('00002752 00000000 00000002 00000018 00000000 0000000a 00002752').toString('hex'),
  );
});

t.test('a COMPOUND refused as a whole has a status and no results', async (t) => {
  const w = new XdrWriter(4);
  new CompoundReplyWriter(w, Buffer.alloc(0)).finish(NFS4ERR_MINOR_VERS_MISMATCH);
  t.equal(w.view().toString('hex'), bytes('00002725 00000000 00000000').toString('hex'));
});

t.test('a client gets typed results, as many as ran', async (t) => {
  const w = new XdrWriter(4);
  const reply = new CompoundReplyWriter(w, Buffer.from('x'));
  reply.add(putRootFh, { status: NFS4_OK });
  reply.add(getFh, { status: NFS4_OK, object: Buffer.from('root') });
  reply.add(lookup, { status: NFS4ERR_NOENT });
  reply.finish();
  const calls = [
    call(putRootFh, {}),
    call(getFh, {}),
    call(lookup, { objName: 'a' }),
    call(getFh, {}),
  ] as const;
  const { status, tag, results } = readAll(w.view(), (r) => decodeCompoundReply(r, calls));
  const [root, handle, found, never] = results;
  t.equal(status, NFS4ERR_NOENT);
  t.same(tag, Buffer.from('x'));
  t.equal(root?.status, NFS4_OK);
  t.same(handle?.status === NFS4_OK && handle.object, Buffer.from('root'));
  t.equal(found?.status, NFS4ERR_NOENT);
  t.equal(never, undefined);
});

t.test('a COMPOUND that ran to its end has a result for every call', async (t) => {
  const words = '00000000 00000000 00000002 00000018 00000000 0000000a 00000000 00000002 66680000';
  const calls = [call(putRootFh, {}), call(getFh, {})] as const;
  const { status, results } = readAll(bytes(words), (r) => decodeCompoundReply(r, calls));
  t.equal(status, NFS4_OK);
  t.same(results, [{ status: NFS4_OK }, { status: NFS4_OK, object: Buffer.from('fh') }]);
});

t.test('a COMPOUND that was refused as a whole has no results', async (t) => {
  const reply = readAll(bytes('00002725 00000000 00000000'), (r) =>
    decodeCompoundReply(r, [call(getFh, {})]),
  );
  t.same(reply, { status: NFS4ERR_MINOR_VERS_MISMATCH, tag: Buffer.alloc(0), results: [] });
});

t.test('OP_ILLEGAL answers in the place of the operation', async (t) => {
  const w = new XdrWriter(4);
  const reply = new CompoundReplyWriter(w, Buffer.alloc(0));
  reply.addFailure(OP_ILLEGAL, NFS4ERR_OP_ILLEGAL);
  reply.finish();
  t.equal(w.view(w.position - 8).toString('hex'), '0000273c0000273c');
  const { results } = readAll(w.view(), (r) => decodeCompoundReply(r, [call(getFh, {})]));
  t.same(results, [{ status: NFS4ERR_OP_ILLEGAL }]);
});

t.test('addFailure answers an operation that has no codec', async (t) => {
  const w = new XdrWriter(4);
  const reply = new CompoundReplyWriter(w, Buffer.alloc(0));
  reply.addFailure(7, NFS4ERR_NOTSUPP);
  reply.finish();
  t.equal(w.view().toString('hex'), bytes('00002714 00000000 00000001 00000007 00002714').toString('hex'));
});

t.test('a reply that does not answer the request is an XdrError', async (t) => {
  const calls = [call(putRootFh, {}), call(getFh, {})];
  const refused = [
    '00000000 00000000 00000001 00000018 00000000', // fewer results, and no failure
    '00000002 00000000 00000001 0000000f 00000002', // another operation
    '00000000 00000000 00000003 00000018 00000000 00000018 00000000 00000018 00000000', // more results
    '00000002 00000000 00000001 0000273c 00000002', // OP_ILLEGAL with another status
  ];
  for (const words of refused) {
    t.throws(() => decodeCompoundReply(new XdrReader(bytes(words)), calls), XdrError, words);
  }
});

t.test('a request that announces more operations than it has bytes is an XdrError', async (t) => {
  t.throws(() => decodeCompoundHeader(new XdrReader(bytes('00000000 00000001 ffffffff 00000018'))), XdrError);
});

t.test('each minor version defines its own operations', async (t) => {
  const defined = (minorVersion: number) =>
    [2, 3, 39, 40, 58, 59, 75, 76].filter((number) => isDefinedOperation(number, minorVersion));
  t.same(defined(0), [3, 39]);
  t.same(defined(1), [3, 39, 40, 58]);
  t.same(defined(2), [3, 39, 40, 58, 59, 75]);
  t.same(defined(3), []);
});

t.test('RFC 8881 section 14.5: text that is not UTF-8 is INVAL, all else BADXDR', async (t) => {
  t.equal(statusOfXdrError(new XdrError('x', 'utf8')), NFS4ERR_INVAL);
  t.equal(statusOfXdrError(new XdrError('x')), NFS4ERR_BADXDR);
});
