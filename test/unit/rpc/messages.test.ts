/** Call and reply headers against bytes derived by hand from RFC 5531 section 9 and appendix A. */
import t from 'tap';
import { decodeCall, encodeCall, type RpcCall } from '../../../src/rpc/call.ts';
import { decodeAuthSys, encodeAuthSys, NULL_AUTH } from '../../../src/rpc/credentials.ts';
import { AUTH_BADCRED } from '../../../src/rpc/message.ts';
import { decodeReply, encodeReply, RPC_VERSION_MISMATCH, type RpcOutcome } from '../../../src/rpc/reply.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';
import { XdrError } from '../../../src/xdr/xdr-error.ts';

const bytes = (hex: string) => Buffer.from(hex.replace(/\s/g, ''), 'hex');
const hexOf = (write: (w: XdrWriter) => void): string => {
  const w = new XdrWriter(4);
  write(w);
  return w.view().toString('hex');
};

const CALL: RpcCall = {
  xid: 0x89abcdef,
  program: 100003,
  version: 4,
  procedure: 1,
  credential: {
    kind: 'sys',
    sys: { stamp: 1, machineName: 'alice', uid: 1000, gid: 100, gids: [100, 27] },
  },
  verifier: NULL_AUTH,
};
const CALL_HEAD_HEX = '89abcdef 00000000 00000002 000186a3 00000004 00000001';
const AUTH_SYS_BODY_HEX = '00000001 00000005 616c6963 65000000 000003e8 00000064 00000002 00000064 0000001b';
const CALL_HEX = `${CALL_HEAD_HEX} 00000001 00000024 ${AUTH_SYS_BODY_HEX} 00000000 00000000`;

t.test('a call with AUTH_SYS', async (t) => {
  t.equal(
    hexOf((w) => encodeCall(w, CALL)),
    bytes(CALL_HEX).toString('hex'),
  );
  const r = new XdrReader(bytes(`${CALL_HEX} deadbeef`));
  t.same(decodeCall(r), { kind: 'call', ...CALL });
  t.equal(r.uint32(), 0xdeadbeef, 'the arguments come next');
});

t.test('a call with AUTH_NONE', async (t) => {
  const call = { ...CALL, credential: { kind: 'none' } } as const;
  const hex = `${CALL_HEAD_HEX} 00000000 00000000 00000000 00000000`;
  t.equal(
    hexOf((w) => encodeCall(w, call)),
    bytes(hex).toString('hex'),
  );
  t.same(decodeCall(new XdrReader(bytes(hex))), { kind: 'call', ...call });
});

t.test('a call of another RPC version can be answered, so its xid is kept', async (t) => {
  const r = new XdrReader(bytes('89abcdef 00000000 00000003'));
  t.same(decodeCall(r), { kind: 'version-mismatch', xid: 0x89abcdef });
});

t.test('a call with a flavor we do not know keeps it, to be denied', async (t) => {
  const r = new XdrReader(bytes(`${CALL_HEAD_HEX} 00000006 00000004 aabbccdd 00000000 00000000`));
  t.same(decodeCall(r), { kind: 'call', ...CALL, credential: { kind: 'unknown', flavor: 6 } });
});

t.test('an AUTH_SYS body that is not one is malformed, not the end of the connection', async (t) => {
  const broken = [
    '00000004 00000001', // cut short
    `00000028 ${AUTH_SYS_BODY_HEX} 00000000`, // too long
    `00000014 00000001 00000000 00000000 00000000 00000011`, // 17 groups
  ];
  for (const body of broken) {
    const decoded = decodeCall(new XdrReader(bytes(`${CALL_HEAD_HEX} 00000001 ${body} 00000000 00000000`)));
    t.same(decoded, { kind: 'call', ...CALL, credential: { kind: 'malformed' } });
  }
});

t.test('RFC 5531 section 8.2: a credential of more than 400 bytes breaks the head', async (t) => {
  const body = `00000194 ${'00'.repeat(404)}`;
  t.throws(
    () => decodeCall(new XdrReader(bytes(`${CALL_HEAD_HEX} 00000000 ${body} 00000000 00000000`))),
    XdrError,
  );
});

t.test('RFC 5531 appendix A: at most 16 groups and 255 bytes of machine name', async (t) => {
  const sys = { stamp: 0, machineName: '', uid: 0, gid: 0, gids: new Array(16).fill(7) };
  const w = new XdrWriter();
  encodeAuthSys(w, sys);
  t.same(decodeAuthSys(new XdrReader(w.view())), sys);
  t.throws(() => encodeAuthSys(w, { ...sys, gids: new Array(17).fill(7) }), RangeError);
  t.throws(
    () => decodeAuthSys(new XdrReader(bytes(`00000000 00000100 ${'61'.repeat(256)} ${'00'.repeat(12)}`))),
    XdrError,
  );
});

t.test('every cut of a call is an XdrError', async (t) => {
  const whole = bytes(CALL_HEX);
  for (let length = 0; length < whole.length; length += 1) {
    t.throws(() => decodeCall(new XdrReader(whole.subarray(0, length))), XdrError);
  }
});

t.test('a reply is no call, a call no reply', async (t) => {
  const reply = bytes('00000007 00000001 00000000 00000000 00000000 00000000');
  t.throws(() => decodeCall(new XdrReader(reply)), XdrError);
  reply.writeUInt32BE(0, 4);
  t.throws(() => decodeReply(new XdrReader(reply)), XdrError);
});

const ACCEPTED_HEX = '00000007 00000001 00000000 00000000 00000000';
const REPLIES: readonly (readonly [RpcOutcome, string])[] = [
  [{ kind: 'success' }, `${ACCEPTED_HEX} 00000000`],
  [{ kind: 'program-unavailable' }, `${ACCEPTED_HEX} 00000001`],
  [{ kind: 'program-mismatch', low: 4, high: 4 }, `${ACCEPTED_HEX} 00000002 00000004 00000004`],
  [{ kind: 'procedure-unavailable' }, `${ACCEPTED_HEX} 00000003`],
  [{ kind: 'garbage-arguments' }, `${ACCEPTED_HEX} 00000004`],
  [{ kind: 'system-error' }, `${ACCEPTED_HEX} 00000005`],
  [RPC_VERSION_MISMATCH, '00000007 00000001 00000001 00000000 00000002 00000002'],
  [{ kind: 'authentication-error', why: AUTH_BADCRED }, '00000007 00000001 00000001 00000001 00000001'],
];
for (const [outcome, hex] of REPLIES) {
  t.test(`a reply: ${outcome.kind}`, async (t) => {
    t.equal(
      hexOf((w) => encodeReply(w, 7, outcome)),
      bytes(hex).toString('hex'),
    );
    const r = new XdrReader(bytes(hex));
    t.same(decodeReply(r), { xid: 7, ...outcome });
    t.equal(r.remaining, 0);
    const whole = bytes(hex);
    for (let length = 0; length < whole.length; length += 1) {
      t.throws(() => decodeReply(new XdrReader(whole.subarray(0, length))), XdrError);
    }
  });
}

t.test('a reply whose kind nobody defined is an XdrError', async (t) => {
  t.throws(() => decodeReply(new XdrReader(bytes(`${ACCEPTED_HEX} 00000006`))), XdrError);
  t.throws(() => decodeReply(new XdrReader(bytes('00000007 00000001 00000002'))), XdrError);
  t.throws(() => decodeReply(new XdrReader(bytes('00000007 00000001 00000001 00000002'))), XdrError);
});
