import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NO_ATTRIBUTES } from '../../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { create } from '../../../../src/nfs4/operations/create.ts';
import { lookup } from '../../../../src/nfs4/operations/lookup.ts';
import { openConfirm } from '../../../../src/nfs4/operations/open-confirm.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../../src/nfs4/operations/put-root-fh.ts';
import { remove } from '../../../../src/nfs4/operations/remove.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import { decode, LEASE_MS, NodeUnderTest, ROOT } from '../fixtures/node-under-test.ts';
import { SessionlessTestClient } from './fixtures/sessionless-client.ts';

const root = call(putRootFh, {});
const makeDirectory = call(create, {
  objType: { type: nfs.NF4DIR },
  objName: 'd',
  createAttrs: NO_ATTRIBUTES,
});

/** One RPC message, sent as often as it is called. */
function sender(node: NodeUnderTest, ...ops: readonly OperationCall[]) {
  const message = node.encode(ops, ROOT, 0);
  return async () => {
    const reply = await node.server.handleCall(message);
    if (reply === null) throw new Error('no answer');
    return statusName(decode(reply, ops).status);
  };
}

t.test('a request that comes again with its xid is answered as before', async (t) => {
  const node = new NodeUnderTest(t);
  const make = sender(node, root, makeDirectory);
  t.equal(await make(), 'OK');
  t.equal(await make(), 'OK');
  t.equal(await sender(node, root, makeDirectory)(), 'EXIST', 'the same with another xid is another request');
  const take = sender(node, root, call(remove, { target: 'd' }));
  t.equal(await take(), 'OK');
  mkdirSync(join(node.dir, 'd'));
  t.equal(await take(), 'OK');
  t.ok(existsSync(join(node.dir, 'd')), 'and not done again');
});

t.test('what changes nothing is done again', async (t) => {
  const node = new NodeUnderTest(t);
  const look = sender(node, root, call(lookup, { objName: 'd' }));
  t.equal(await look(), 'NOENT');
  mkdirSync(join(node.dir, 'd'));
  t.equal(await look(), 'OK');
});

t.test('after a lease nothing is known of it', async (t) => {
  const node = new NodeUnderTest(t);
  const make = sender(node, root, makeDirectory);
  t.equal(await make(), 'OK');
  await node.clock.advance(LEASE_MS);
  rmdirSync(join(node.dir, 'd'));
  t.equal(await make(), 'OK');
  t.ok(existsSync(join(node.dir, 'd')));
});

t.test('a request that comes again while it is worked on waits for the answer', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const file = await alice.open('f');
  if (typeof file === 'string') throw new Error(file);
  node.coordination.hold();
  const confirm = sender(
    node,
    root,
    makeDirectory,
    call(putFh, { object: file.handle }),
    call(openConfirm, { openStateid: file.stateid, seqid: alice.next('app') }),
  );
  const [first, second] = [confirm(), confirm()];
  await node.coordination.untilHolding(1);
  node.coordination.letGo();
  t.same(await Promise.all([first, second]), ['OK', 'OK'], 'and not EXIST');
});
