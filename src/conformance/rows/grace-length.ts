/** Rows 15, 16 and 31: when grace ends. */
import { Unjudged } from '../outcome.ts';
import type { RowTest } from '../row-test.ts';

const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const early: RowTest = {
  row: 15,
  title: 'all recorded clients complete: grace is over before a lease has passed',
  versions: [1],
  restarts: true,
  alone: 'before',
  async run(t) {
    const clients = [await t.client('alice').start(), await t.client('bob').start()];
    const files = [];
    for (const client of clients) files.push(await client.opened(t.file(client.name)));
    const life = await t.restart({ held: false });
    for (const [index, client] of clients.entries()) {
      await client.connect();
      const file = files[index];
      if (file !== undefined) client.given('the reclaim of an open', await client.reclaimOpen(file));
      client.given('RECLAIM_COMPLETE', await client.complete());
    }
    const { sinceServingMs } = await life.graceEnd;
    t.hold(sinceServingMs < t.leaseMs, 'the end of grace', 'at once', `after ${inSeconds(sinceServingMs)}`);
  },
};

const notBefore: RowTest = {
  row: 15,
  title: 'one recorded client stays away: grace lasts a lease time at least',
  versions: [1],
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    await alice.opened(t.file('f'));
    const life = await t.restart();
    t.expect('the first OPEN after the restart', await life.first, 'GRACE');
    const { sinceCalledMs } = await life.graceEnd;
    const expected = `not before ${inSeconds(t.leaseMs)}`;
    t.hold(sinceCalledMs >= t.leaseMs, 'the end of grace', expected, `after ${inSeconds(sinceCalledMs)}`);
  },
};

const shorterLease: RowTest = {
  row: 16,
  title: 'the lease time of before counts for the grace after',
  versions: [1],
  restarts: true,
  alone: 'after',
  async run(t) {
    const alice = await t.client('alice').start();
    await alice.opened(t.file('f'));
    const wasSeconds = Math.round(t.leaseMs / 1000);
    if (wasSeconds < 2) throw new Unjudged('a lease of a second cannot be made shorter');
    const life = await t.restart({ verb: ['lease', String(Math.max(1, Math.floor(wasSeconds / 2)))] });
    try {
      const newLeaseMs = await life.leaseMs();
      if (newLeaseMs !== null && newLeaseMs >= t.leaseMs)
        throw new Unjudged('the helper did not make the lease time shorter');
      t.expect('the first OPEN after the restart', await life.first, 'GRACE');
      const { sinceCalledMs } = await life.graceEnd;
      const expected = `not before ${inSeconds(t.leaseMs)}`;
      t.hold(sinceCalledMs >= t.leaseMs, 'the end of grace', expected, `after ${inSeconds(sinceCalledMs)}`);
    } finally {
      await t.restart({ verb: ['lease', String(wasSeconds)], held: false });
    }
  },
};

const comingIn: RowTest = {
  row: 31,
  title: 'one client reclaims and reclaims: grace waits for it, and not for ever',
  versions: [1],
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    // How long this server's grace is when nobody goes on reclaiming.
    const plain = await (await t.restart()).graceEnd;
    await alice.connect();
    alice.given('RECLAIM_COMPLETE', await alice.complete());
    alice.given('OPEN', await alice.openByHandle(file));
    const life = await t.restart();
    await alice.connect();
    alice.given('the reclaim of an open', await alice.reclaimOpen(file));
    let lastOkMs = t.clock.nowMs();
    let offset = 0n;
    const refusal = await reclaimOnAndOn();
    const { sinceServingMs, sinceCalledMs } = await life.graceEnd;
    const boundMs = Math.max(plain.sinceCalledMs, t.leaseMs * 2);
    // The server counts from when it is ready to serve, and looks at its clock now and then.
    const bound = `before ${inSeconds(boundMs)} have passed, and a little`;
    const slackMs = t.leaseMs / 2 + 1000;
    t.hold(
      sinceServingMs <= boundMs + slackMs,
      'the end of grace while reclaims come in',
      bound,
      `after ${inSeconds(sinceServingMs)}`,
    );
    t.expect('a reclaim after that', refusal, 'NO_GRACE');
    if (plain.sinceServingMs + slackMs >= t.leaseMs * 2) return;
    t.hold(
      sinceCalledMs > plain.sinceServingMs + t.leaseMs / 8,
      'the end of grace while reclaims come in',
      `later than ${inSeconds(plain.sinceServingMs)}, which is when it ends without`,
      `after ${inSeconds(sinceCalledMs)} (last reclaim granted after ${inSeconds(lastOkMs - life.servingMs)})`,
    );

    async function reclaimOnAndOn(): Promise<string> {
      const limitMs = t.clock.nowMs() + Math.max(plain.sinceCalledMs, t.leaseMs * 2) * 2;
      for (;;) {
        const range = { offset, length: 1n };
        const status = await alice.reclaimLock(file, { range, owner: `app ${offset}` });
        if (status !== 'OK' || t.clock.nowMs() > limitMs) return status;
        lastOkMs = t.clock.nowMs();
        offset += 2n;
        await t.pause(t.leaseMs / 10);
      }
    }
  },
};

export const GRACE_LENGTH: readonly RowTest[] = [early, notBefore, shorterLease, comingIn];
