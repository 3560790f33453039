/** Rows 27 and 28: what clients know the nodes of a cluster by, and what they meet at another one. */
import { NFS4_OK } from '../../nfs4/status.ts';
import { KEPT, lockWanted } from '../rival.ts';
import type { RowTest } from '../row-test.ts';
import type { WireClient } from '../wire-client.ts';

/** @throws {Unjudged} */
async function introduced(client: WireClient): Promise<{ scope: string; owner: string }> {
  const { status, result } = await client.exchange();
  client.given('EXCHANGE_ID', status);
  if (result?.status !== NFS4_OK) return { scope: '', owner: '' };
  return { scope: result.serverScope.toString('hex'), owner: result.serverOwner.majorId.toString('hex') };
}

const throughRestart: RowTest = {
  row: 27,
  title: 'server scope and owner are the same after a restart',
  restarts: true,
  async run(t) {
    const before = await introduced(t.client('alice'));
    await t.restart();
    const after = await introduced(t.client('bob'));
    t.hold(before.scope !== '', 'the server scope', 'something', 'nothing');
    t.expect('the server scope after the restart', after.scope, before.scope);
    t.expect('the server owner after the restart', after.owner, before.owner);
  },
};

const twoNodes: RowTest = {
  row: 27,
  title: 'two nodes have one scope and two owners',
  needsPeer: true,
  async run(t) {
    const here = await introduced(t.client('alice'));
    const there = await introduced(t.client('bob', { atPeer: true }));
    t.expect("the other node's scope", there.scope, here.scope);
    t.hold(there.owner !== here.owner, "the other node's owner", 'another one', 'the same');
  },
};

const atAnotherNode: RowTest = {
  row: 28,
  title: 'a session and a client id of one node at another',
  needsPeer: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const there = t.client('alice at the other node', { as: alice, sameVerifier: true, atPeer: true });
    // Somebody may well have the same numbers there.
    await t.client('bob', { atPeer: true }).connect();
    there.impersonate(alice);
    t.expect('SEQUENCE', await there.renew(), 'BADSESSION');
    t.expect('CREATE_SESSION', await there.createSession(), 'STALE_CLIENTID');
  },
};

const plannedMove: RowTest = {
  row: 28,
  title: 'the address moves to another node as planned: its clients are told, and reclaim there',
  restarts: true,
  alone: 'after',
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    await t.restart({ verb: ['migrate'] });
    t.expect('SEQUENCE on a session of before', await alice.renew(), 'BADSESSION');
    t.expect('CREATE_SESSION with a client id of before', await alice.createSession(), 'STALE_CLIENTID');
    const bob = await t.client('bob').start();
    t.expect('a LOCK of what is to be reclaimed', await lockWanted(bob, file.name), ...KEPT);
    await alice.connect();
    t.expect('the reclaim of the open', await alice.reclaimOpen(file), 'OK');
    t.expect('the reclaim of the lock', await alice.reclaimLock(file), 'OK');
    t.expect('RECLAIM_COMPLETE', await alice.complete(), 'OK');
    t.expect('a LOCK of what is reclaimed', await lockWanted(bob, file.name), ...KEPT);
  },
};

export const CLUSTER: readonly RowTest[] = [throughRestart, twoNodes, atAnotherNode, plannedMove];
