import t from 'tap';
import { Roster } from '../../../src/conformance/roster.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const LEASE_MS = 1000;

function listed(renew: () => Promise<string>) {
  return { renewing: true, renew, cut: () => {}, close: () => {}, end: async () => {} };
}

t.test(
  'leases are renewed in time; whoever does not get an answer delays nobody else, and is late',
  async (t) => {
    const clock = new VirtualClock();
    const roster = new Roster(clock, Math.random, LEASE_MS);
    const [quick, slow] = [{}, {}];
    let renewals = 0;
    const answered = async () => {
      renewals += 1;
      return 'OK';
    };
    roster.add(listed(answered), quick);
    roster.add(
      listed(() => new Promise(() => {})),
      slow,
    );
    await clock.advance(LEASE_MS * 5);
    roster.stop();
    t.ok(renewals >= 5 * 3, `${renewals}`);
    t.notOk(roster.wasLate(quick));
    t.ok(roster.wasLate(slow));
  },
);

t.test('who has fallen silent, or lost its session, is left alone', async (t) => {
  const clock = new VirtualClock();
  const roster = new Roster(clock, Math.random, LEASE_MS);
  const silent = listed(async () => 'OK');
  silent.renewing = false;
  const owner = {};
  let asked = 0;
  const lost = listed(async () => {
    asked += 1;
    return 'BADSESSION';
  });
  roster.add(silent, owner);
  roster.add(lost, owner);
  await clock.advance(LEASE_MS * 5);
  roster.stop();
  t.equal(asked, 1);
  t.notOk(roster.wasLate(owner));
});

t.test('LEASE_MOVED renews the lease; another answer does not', async (t) => {
  const clock = new VirtualClock();
  const roster = new Roster(clock, Math.random, LEASE_MS);
  const [moved, refused] = [{}, {}];
  roster.add(
    listed(async () => 'LEASE_MOVED'),
    moved,
  );
  roster.add(
    listed(async () => 'SERVERFAULT'),
    refused,
  );
  await clock.advance(LEASE_MS * 5);
  roster.stop();
  t.notOk(roster.wasLate(moved));
  t.ok(roster.wasLate(refused));
});
