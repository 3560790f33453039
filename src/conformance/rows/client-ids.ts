/** Rows 23 to 25: who a client is (RFC 8881 section 18.35.4). */
import { EXCHGID4_FLAG_CONFIRMED_R } from '../../nfs4/constants.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import type { RowTest } from '../row-test.ts';
import { SOMEBODY_ELSE } from '../server-under-test.ts';
import type { WireClient } from '../wire-client.ts';

const restarted: RowTest = {
  row: 23,
  title: 'a new verifier: the state goes at CREATE_SESSION, not at EXCHANGE_ID',
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    const bob = await t.client('bob').start();
    const bobs = await bob.opened(file.name, { create: null });
    const reborn = t.client('alice in her next life', { as: alice });
    reborn.given('EXCHANGE_ID', (await reborn.exchange()).status);
    t.expect('LOCK of another after EXCHANGE_ID', (await bob.lock(bobs)).status, 'DENIED');
    t.expect('SEQUENCE of the old life after EXCHANGE_ID', await alice.renew(), 'OK');
    reborn.given('CREATE_SESSION', await reborn.createSession());
    t.expect('SEQUENCE of the old life after CREATE_SESSION', await alice.renew(), 'BADSESSION');
    t.expect('LOCK of another after CREATE_SESSION', (await bob.lock(bobs)).status, 'OK');
  },
};

async function confirmedIn(client: WireClient): Promise<string> {
  const { result, status } = await client.exchange();
  if (result?.status !== NFS4_OK) return status;
  return (result.flags & EXCHGID4_FLAG_CONFIRMED_R) === 0 ? 'not confirmed' : 'confirmed';
}

const same: RowTest = {
  row: 24,
  title: 'the same owner, verifier and principal again',
  async run(t) {
    const alice = t.client('alice');
    t.expect('CONFIRMED_R in the first EXCHANGE_ID', await confirmedIn(alice), 'not confirmed');
    alice.given('CREATE_SESSION', await alice.createSession());
    const { clientId } = alice;
    t.expect('CONFIRMED_R in the second', await confirmedIn(alice), 'confirmed');
    t.hold(alice.clientId === clientId, 'the client id', `${clientId}`, `${alice.clientId}`);
    t.expect('SEQUENCE on the session of before', await alice.renew(), 'OK');
  },
};

const another: RowTest = {
  row: 25,
  title: 'another principal while the client holds a lock',
  async run(t) {
    const alice = await t.client('alice').start();
    const held = await alice.locked(await alice.opened(t.file('f')));
    const thief = t.client('thief', { as: alice, principal: SOMEBODY_ELSE });
    t.expect('EXCHANGE_ID', (await thief.exchange()).status, 'CLID_INUSE');
    t.expect('LOCKU of whoever is in use', await alice.unlock(held), 'OK');
  },
};

export const CLIENT_IDS: readonly RowTest[] = [restarted, same, another];
