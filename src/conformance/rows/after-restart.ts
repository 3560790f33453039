/** Rows 1 to 5: what a restart does to sessions and client ids, and what goes on during grace. */
import type { RowTest } from '../row-test.ts';

const oldSession: RowTest = {
  row: 1,
  title: 'SEQUENCE on the session of before',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    await t.restart();
    // Somebody may well have the same numbers in the new life.
    await t.client('bob').connect();
    t.expect('SEQUENCE on an old session', await alice.renew(), 'BADSESSION');
  },
};

const oldClientId: RowTest = {
  row: 2,
  title: 'CREATE_SESSION with the client id of before',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    await t.restart();
    await t.client('bob').connect();
    t.expect('CREATE_SESSION with an old client id', await alice.createSession(), 'STALE_CLIENTID');
  },
};

const introductions: RowTest = {
  row: 3,
  title: 'EXCHANGE_ID and CREATE_SESSION of a known and of a new client during grace',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const life = await t.restart();
    await t.inGrace(life, async () => {
      for (const client of [alice, t.client('newcomer')]) {
        t.expect(`EXCHANGE_ID of ${client.name}`, (await client.exchange()).status, 'OK');
        t.expect(`CREATE_SESSION of ${client.name}`, await client.createSession(), 'OK');
        t.expect(`SEQUENCE of ${client.name}`, await client.renew(), 'OK');
      }
    });
  },
};

const noNewState: RowTest = {
  row: 4,
  title: 'OPEN by name, with creation and by handle, and LOCK, of clients that are complete',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    const life = await t.restart();
    t.expect('the first OPEN after the restart', await life.first, 'GRACE');
    await t.inGrace(life, async () => {
      await alice.connect();
      alice.given('the reclaim of an open', await alice.reclaimOpen(file));
      alice.given('RECLAIM_COMPLETE', await alice.complete());
      t.expect('LOCK by a client that has reclaimed', (await alice.lock(file)).status, 'GRACE');
      const bob = await t.client('bob').start();
      const existing = { create: null };
      t.expect('OPEN of a file that is there', (await bob.open(file.name, existing)).status, 'GRACE');
      t.expect('OPEN that makes a file', (await bob.open(t.file('new'))).status, 'GRACE');
      t.expect('OPEN by handle', await bob.openByHandle({ ...file }), 'GRACE');
    });
  },
};

const ioAfterReclaim: RowTest = {
  row: 5,
  title: 'READ and WRITE with the stateids of a reclaimed open and of a reclaimed lock',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await alice.connect();
      alice.given('the reclaim of an open', await alice.reclaimOpen(file));
      t.expect('WRITE with a reclaimed open', await alice.write(file), 'OK');
      t.expect('READ with a reclaimed open', await alice.read(file), 'OK');
      const { held, status } = await alice.lock(file, { reclaim: true });
      alice.given('the reclaim of a lock', status);
      if (held === null) return;
      t.expect('WRITE with a reclaimed lock', await alice.write(file, held.stateid), 'OK');
      t.expect('READ with a reclaimed lock', await alice.read(file, held.stateid), 'OK');
    });
  },
};

export const AFTER_RESTART: readonly RowTest[] = [
  oldSession,
  oldClientId,
  introductions,
  noNewState,
  ioAfterReclaim,
];
