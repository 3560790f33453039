import fc from 'fast-check';
import t from 'tap';
import { call, encodeCompound } from '../../../src/nfs4/compound.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { OPERATIONS } from '../../../src/nfs4/operations/index.ts';
import { lookup } from '../../../src/nfs4/operations/lookup.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { encodeCall } from '../../../src/rpc/call.ts';
import type { Credential } from '../../../src/rpc/credentials.ts';
import { decodeReply } from '../../../src/rpc/reply.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

const CREDENTIAL: Credential = { kind: 'none' };

function rpc(head: Partial<Parameters<typeof encodeCall>[1]>, body: Buffer = Buffer.alloc(0)): Buffer {
  const w = new XdrWriter();
  encodeCall(w, { xid: 7, program: 100003, version: 4, procedure: 1, credential: CREDENTIAL, ...head });
  return Buffer.concat([w.copy(), body]);
}

async function outcome(node: NodeUnderTest, message: Buffer) {
  const reply = await node.server.handleCall(message);
  return reply === null ? null : decodeReply(new XdrReader(reply));
}

t.test('RPC: other programs, versions and procedures are told so', async (t) => {
  const node = new NodeUnderTest(t);
  t.match(await outcome(node, rpc({ procedure: 0 })), { xid: 7, kind: 'success' });
  t.match(await outcome(node, rpc({ program: 100005 })), { kind: 'program-unavailable' });
  t.match(await outcome(node, rpc({ version: 3 })), { kind: 'program-mismatch', low: 4, high: 4 });
  t.match(await outcome(node, rpc({ procedure: 2 })), { kind: 'procedure-unavailable' });
  t.match(await outcome(node, rpc({}, Buffer.from('rubbish!'))), { kind: 'garbage-arguments' });
  const version3 = rpc({});
  version3.writeUInt32BE(3, 8);
  t.match(await outcome(node, version3), { kind: 'rpc-mismatch', low: 2, high: 2 });
});

t.test('RPC: credentials that are broken or of an unknown kind are refused', async (t) => {
  const node = new NodeUnderTest(t);
  const withCredential = (flavor: number, bytes: number) => {
    const message = rpc({});
    const body = Buffer.alloc(8 + bytes);
    body.writeUInt32BE(flavor, 0);
    body.writeUInt32BE(bytes, 4);
    return Buffer.concat([message.subarray(0, 24), body, Buffer.alloc(8)]);
  };
  t.match(await outcome(node, withCredential(6, 8)), { kind: 'authentication-error', why: 2 });
  t.match(await outcome(node, withCredential(1, 4)), { kind: 'authentication-error', why: 1 });
});

t.test('what is no call gets no answer', async (t) => {
  const node = new NodeUnderTest(t);
  t.equal(await outcome(node, Buffer.alloc(0)), null);
  t.equal(await outcome(node, Buffer.alloc(8, 1)), null);
  t.equal(await outcome(node, rpc({}).subarray(0, 20)), null);
});

t.test('arguments that are cut short are BADXDR, what came before them is done', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  alice.seqids[0]! += 1;
  const ops = [alice.sequence(), call(putRootFh, {}), call(lookup, { objName: 'name' })] as const;
  const whole = node.encode(ops);
  const { results, status } = await (async () => {
    const reply = await node.server.handleCall(whole.subarray(0, whole.length - 4));
    const { decode } = await import('./fixtures/node-under-test.ts');
    return decode(reply as Buffer, ops);
  })();
  t.equal(statusName(status), 'BADXDR');
  t.equal(results[1]?.status, 0);
});

t.test('a name that is not UTF-8 is INVAL', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bad = {
    op: { ...lookup, encodeArgs: (w: XdrWriter) => w.opaque(Buffer.from([0xff, 0xfe])) },
    args: {},
  };
  t.equal(await alice.try(call(putRootFh, {}), bad), 'INVAL');
});

t.test('no bytes whatever make the server throw, reject, or fall silent on a call', async (t) => {
  const node = new NodeUnderTest(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      await node.server.handleCall(Buffer.from(bytes));
      return (await outcome(node, rpc({}, Buffer.from(bytes)))) !== null;
    }),
    { numRuns: 2000 },
  );
});

t.test('no operation with random arguments makes the server throw', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const file = await alice.opened('f');
  const operation = fc.constantFrom(...OPERATIONS);
  const words = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 8, 0xffffffff), fc.nat(0xffffffff)), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(operation, words, fc.boolean(), async (codec, list, onFile) => {
      // These would end the session that the other runs need.
      if (codec.name === 'DESTROY_SESSION' || codec.name === 'SEQUENCE') return;
      const random = {
        op: {
          ...codec,
          encodeArgs: (w: XdrWriter) => {
            if (codec.name === 'PUTFH') w.opaque(file.handle);
            for (const word of list) w.uint32(word);
          },
        },
        args: {},
      };
      const start = onFile ? call(lookup, { objName: 'f' }) : call(getFh, {});
      alice.seqids[0]! += 1;
      const w = new XdrWriter();
      encodeCompound(w, { minorVersion: 1, ops: [alice.sequence(), call(putRootFh, {}), start, random] });
      const reply = await node.server.handleCall(rpc({ credential: { kind: 'none' } }, w.copy()));
      if (reply === null) throw new Error('no answer');
    }),
    { numRuns: 3000 },
  );
  t.equal(await alice.renew(), 'OK');
});
