import t from 'tap';
import { NFS_V4, NFS4_PROGRAM, NFSPROC4_COMPOUND, NFSPROC4_NULL } from '../../../src/nfs4/constants.ts';
import { encodeCall } from '../../../src/rpc/call.ts';
import { AUTH_BADCRED } from '../../../src/rpc/message.ts';
import { decodeReply } from '../../../src/rpc/reply.ts';
import { callerOf } from '../../../src/server/caller.ts';
import { answerStranger } from '../../../src/server/dispatch.ts';
import { ExportPolicy, isNetwork } from '../../../src/server/exports.ts';

import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';

const sys = (uid: number, gid: number, gids: number[] = []) => {
  const caller = callerOf({ kind: 'sys', sys: { stamp: 0, machineName: 'm', uid, gid, gids } });
  if (caller === null) throw new Error('refused');
  return caller;
};
const nobody = callerOf({ kind: 'none' });

t.test('who acts as whom', (t) => {
  const open = new ExportPolicy();
  const squashing = new ExportPolicy({ rootSquash: true, anonymousUid: 7, anonymousGid: 8 });
  t.same(open.actingAs(sys(0, 0)).credentials, { uid: 0, gid: 0, gids: [] }, 'root is root by default');
  t.same(squashing.actingAs(sys(0, 0, [0, 5])).credentials, { uid: 7, gid: 8, gids: [8, 5] });
  t.same(squashing.actingAs(sys(1, 0)).credentials, { uid: 1, gid: 8, gids: [] }, 'groups of root as well');
  t.same(squashing.actingAs(sys(1, 2, [3, 0])).credentials, { uid: 1, gid: 2, gids: [3, 8] });
  t.same(squashing.actingAs(sys(1, 2, [3])).credentials, { uid: 1, gid: 2, gids: [3] });
  t.equal(squashing.actingAs(sys(0, 0)).principal, 'sys:0@m', 'rows 25, 26: the principal stays');
  if (nobody === null) throw new Error('refused');
  t.same(open.actingAs(nobody).credentials, { uid: 65534, gid: 65534, gids: [] }, 'AUTH_NONE is nobody');
  t.same(squashing.actingAs(nobody).credentials, { uid: 7, gid: 8, gids: [] });
  t.end();
});

t.test('who may ask', (t) => {
  t.ok(new ExportPolicy().admits('203.0.113.9'), 'everybody, when nobody was named');
  const some = new ExportPolicy({ allow: ['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1'] });
  for (const address of ['10.1.2.3', '192.0.2.7', 'fd12::1', '::1', '::ffff:10.1.2.3'])
    t.ok(some.admits(address), address);
  for (const address of ['11.1.2.3', '192.0.2.8', 'fe80::1', '::2', '::ffff:11.1.2.3', '', 'nonsense'])
    t.notOk(some.admits(address), address);
  t.throws(() => new ExportPolicy({ allow: ['10.0.0.0/40'] }), RangeError);
  t.end();
});

t.test('what a network looks like', (t) => {
  for (const text of ['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '::/0', 'fd00::1/128'])
    t.ok(isNetwork(text), text);
  for (const text of [
    '',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0/8',
    '::/129',
    'a',
    '1.2.3.4/8/9',
    '10.0.0.0/-1',
  ])
    t.notOk(isNetwork(text), text);
  t.end();
});

t.test('who may not ask is told so, and may find out that somebody is there', (t) => {
  const answerTo = (procedure: number, program = NFS4_PROGRAM) => {
    const call = new XdrWriter();
    encodeCall(call, { xid: 7, program, version: NFS_V4, procedure, credential: { kind: 'none' } });
    const reply = new XdrWriter();
    return answerStranger(call.copy(), reply) ? decodeReply(new XdrReader(reply.copy())) : null;
  };
  t.same(answerTo(NFSPROC4_COMPOUND), { xid: 7, kind: 'authentication-error', why: AUTH_BADCRED });
  t.same(answerTo(NFSPROC4_NULL), { xid: 7, kind: 'success' });
  t.same(answerTo(NFSPROC4_NULL, 99), { xid: 7, kind: 'program-unavailable' });
  t.notOk(answerStranger(Buffer.from('no call'), new XdrWriter()), 'garbage closes the connection');
  t.end();
});
