/** Rows 17 to 20 and 32: what is recorded, and that it is true at every crash (RFC 8881 section 8.4.3). */
import { GRACE_AT_MOST_MS } from '../life.ts';
import { NotApplicable } from '../outcome.ts';
import type { OpenFile } from '../requests.ts';
import type { RowTest } from '../row-test.ts';
import type { Trial } from '../trial.ts';
import type { WireClient } from '../wire-client.ts';

const LOOK_MS = 10;

/** Alice holds a lock and falls silent; Bob gets it when her lease is over. */
async function taken(t: Trial) {
  const alice = await t.client('alice').start();
  const file = await alice.opened(t.file('f'));
  await alice.locked(file);
  const bob = await t.client('bob').start();
  const bobs = await bob.opened(file.name, { create: null });
  alice.fallSilent();
  await t.pause(t.leaseMs * 1.1);
  let held = (await bob.lock(bobs)).held;
  await t.until('OK', t.leaseMs * 3, async () => {
    held ??= (await bob.lock(bobs)).held;
    return held === null ? 'DENIED' : 'OK';
  });
  if (held === null) throw new NotApplicable('a silent client keeps its lock against others for ever');
  return { alice, file, bob, bobs, held };
}

/** She may not have the open; if she gets it all the same, not the lock. */
async function refused(t: Trial, client: WireClient, file: OpenFile): Promise<void> {
  await client.connect();
  const status = await client.reclaimOpen(file);
  t.expect('OPEN, reclaim', status, 'NO_GRACE');
  if (status === 'OK') t.expect('LOCK, reclaim', await client.reclaimLock(file), 'NO_GRACE');
}

const firstEdge: RowTest = {
  row: 17,
  title: "edge condition 1: expired, another's in between, restart",
  restarts: true,
  async run(t) {
    const { alice, file, bob, bobs, held } = await taken(t);
    bob.given('LOCKU', await bob.unlock(held));
    bob.given('CLOSE', await bob.closeFile(bobs));
    const life = await t.restart();
    await t.inGrace(life, () => refused(t, alice, file));
  },
};

const secondEdge: RowTest = {
  row: 18,
  title: 'edge condition 2: confirmed again and not reclaimed, grace over, another in between, restart',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    const life = await t.restart();
    await t.inGrace(life, async () => void (await alice.connect()));
    await life.graceEnd;
    await lockAndUnlock(t, file);
    const next = await t.restart();
    await t.inGrace(next, () => refused(t, alice, file));
  },
};

async function lockAndUnlock(t: Trial, file: OpenFile): Promise<void> {
  const bob = await t.client('bob').start();
  const bobs = await bob.opened(file.name, { create: null });
  bob.given('LOCKU', await bob.unlock(await bob.locked(bobs)));
}

const expiredNotTold: RowTest = {
  row: 19,
  title: 'expired and not told, while another holds what it held',
  restarts: true,
  async run(t) {
    const { alice, file, bob, bobs } = await taken(t);
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await bob.connect();
      bob.given('the reclaim of an open', await bob.reclaimOpen(bobs));
      t.expect("the other's LOCK, reclaim", await bob.reclaimLock(bobs), 'OK');
      await refused(t, alice, file);
    });
  },
};

const incomplete: RowTest = {
  row: 19,
  title: 'reclaim incomplete when new locks were granted',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const reclaimed = await alice.opened(t.file('reclaimed'));
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await alice.connect();
      alice.given('the reclaim of an open', await alice.reclaimOpen(reclaimed));
    });
    await life.graceEnd;
    await lockAndUnlock(t, file);
    const next = await t.restart();
    await t.inGrace(next, () => refused(t, alice, file));
  },
};

/** The server without its records: whoever was recorded by them gets nothing. */
function recordsLost(verb: 'lose-records' | 'corrupt-records', title: string): RowTest {
  return {
    row: 20,
    title,
    versions: [1],
    restarts: true,
    alone: 'after',
    async run(t) {
      const alice = await t.client('alice').start();
      const file = await alice.opened(t.file('f'));
      await alice.locked(file);
      await t.restart({ verb: [verb], held: false });
      t.expect('SEQUENCE on an old session', await alice.renew(), 'BADSESSION');
      await refused(t, alice, file);
    },
  };
}

const durableFirst: RowTest = {
  row: 32,
  title: 'a restart right after the first grant after grace: who missed that grace is not let in by the next',
  versions: [1],
  restarts: true,
  async run(t) {
    // Not the restart that most tests share: what they do after grace would come before the next one.
    await (await t.restart()).graceEnd;
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    await t.restart();
    const bob = await t.client('bob').start();
    const bobs = { ...file };
    const opened = await t.until('OK', GRACE_AT_MOST_MS, () => bob.openByHandle(bobs), LOOK_MS);
    bob.given('OPEN after grace', opened);
    await bob.locked(bobs);
    const next = await t.restart({ held: false });
    t.expect('the first OPEN after the restart', await next.first, 'GRACE');
    await t.inGrace(next, async () => {
      await bob.connect();
      t.expect('OPEN, reclaim, of what was granted', await bob.reclaimOpen(bobs), 'OK');
      t.expect('LOCK, reclaim, of what was granted', await bob.reclaimLock(bobs), 'OK');
      await refused(t, alice, file);
    });
  },
};

export const EDGE_CONDITIONS: readonly RowTest[] = [
  firstEdge,
  secondEdge,
  expiredNotTold,
  incomplete,
  recordsLost('lose-records', 'the record store is gone'),
  recordsLost('corrupt-records', 'the record store holds nonsense'),
  durableFirst,
];
