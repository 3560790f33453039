import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { graceEnforcement } from '../../../src/check/grace-enforcement.ts';
import { powerCut, rebooted, recovered } from './fixtures/reboot.ts';
import { Story } from './fixtures/story.ts';

const check = (story: Story) => graceEnforcement(new CheckContext(story.history));

t.test(
  'I3: a new lock between barrier and lift is a violation, at the survivor and at the rebooted node',
  async (t) => {
    for (const [client, why] of [
      ['bob', /n2 had acknowledged view 5 of this grace by 1\.051 s/],
      ['alice', /the barrier of view 5 had been reached.*n1 had booted into the grace of view 6 by 1\.500 s/],
    ] as const) {
      const { verdict, evidence } = check(recovered().lock(1550, client, { file: 'g' }));
      t.equal(verdict, 'violation', client);
      t.match(evidence[0]?.sentence, why);
    }
  },
);

t.test('I3: so is a new open', async (t) => {
  t.equal(check(recovered().open(1550, 'bob', { file: 'g' })).verdict, 'violation');
});

t.test('I3: reclaims pass, and refusals are what is wanted', async (t) => {
  const { verdict, judged } = check(
    recovered().lock(1550, 'bob', {}, 'GRACE').open(1560, 'bob', {}, 'GRACE'),
  );
  t.equal(verdict, 'valid');
  t.equal(judged, 2);
});

t.test('D14: a grant before the lift is durable is a violation', async (t) => {
  const story = rebooted()
    .recovers(1510, 'alice')
    .completes(1530, 'alice')
    .lock(1550, 'bob', { file: 'g' })
    .finish(1600, 'n1');
  t.equal(check(story).verdict, 'violation');
});

t.test('D1: a lift by somebody else in memory, while the ledger goes on', async (t) => {
  const story = rebooted().lock(3000, 'bob', { file: 'g' }).end(3100);
  t.equal(check(story).verdict, 'violation', 'grace without an end in the history is still grace');
});

t.test('I3: a reboot during recovery does not open a gap', async (t) => {
  const story = rebooted()
    .fault(1550, 'begin', 'power-cut', 'n1')
    .declareDown(1560, 'n1', 'n2')
    .lock(1562, 'bob', { file: 'g' });
  t.equal(
    check(story).verdict,
    'violation',
    'n2 has acknowledged a view of this grace and not seen it lifted',
  );
});

t.test('no false alarm: a grant in flight over the barrier, or over the lift', async (t) => {
  const refused = () => recovered().lock(1550, 'bob', {}, 'GRACE');
  t.equal(check(refused().lock(1045, 'bob', { file: 'g' }, 'ok', 30)).verdict, 'valid');
  t.equal(check(refused().lock(1590, 'bob', { file: 'g' }, 'ok', 15)).verdict, 'valid');
  t.equal(check(refused().lock(1601, 'bob', { file: 'g' })).verdict, 'valid');
});

t.test('no false alarm: before the node has acknowledged, its beacon test protects', async (t) => {
  const story = powerCut()
    .lock(1020, 'bob', { file: 'g' })
    .death(1050, 'n1', 'n2')
    .lock(1060, 'bob', {}, 'GRACE');
  t.equal(check(story).verdict, 'valid');
});

t.test('no false alarm: the node that lifted died before it could say so', async (t) => {
  // n1 finishes, which lifts; its own event is lost with it. The next swap seen is of the grace after.
  const story = rebooted().finish(1600, 'n1').death(1700, 'n1', 'n2').lock(1650, 'bob', { file: 'g' });
  const witnessed = story.lock(1750, 'bob', {}, 'GRACE').history;
  const lost = witnessed.filter(
    (event) => !(event.kind === 'ledger' && event.command === 'finish' && event.sentAt === 1600e6),
  );
  t.equal(witnessed.length - lost.length, 1);
  t.equal(graceEnforcement(new CheckContext(lost)).verdict, 'valid');
});

t.test('nobody asked in grace: unknown', async (t) => {
  t.equal(check(recovered()).verdict, 'unknown');
});

t.test('C14: whoever speaks for a life of a node after a later one has begun is a second one', async (t) => {
  const { verdict, evidence } = check(
    recovered().says(1550, 'n1', 'fenced', { incarnation: 1, detail: 'the ledger has a later life' }),
  );
  t.equal(verdict, 'violation');
  t.match(
    evidence[0]?.sentence,
    /^Two lives of n1 at once: incarnation 2 booted .* incarnation 1 still spoke/,
  );
  t.equal(evidence[0]?.events.length, 2);
});

t.test(
  'no false alarm: last words, the end that the lab notices later, and words of the life that is',
  async (t) => {
    const refused = () => recovered().lock(1550, 'bob', {}, 'GRACE');
    const told = refused()
      .says(1490, 'n1', 'gave-up', { incarnation: 1 })
      .says(1550, 'n1', 'exited', { incarnation: 1 })
      .says(1560, 'n1', 'serving')
      .says(1570, 'n1', 'boot', { incarnation: 0 });
    t.equal(check(told).verdict, 'valid');
  },
);

t.test(
  'no false alarm: what others saw of a later life says no more than that it has booted by then',
  async (t) => {
    const judged = (ms: number) => {
      const { history } = recovered().says(ms, 'n1', 'fenced', { incarnation: 1 });
      const unseen = history.filter(
        (event) => event.kind !== 'ledger' || event.command !== 'boot' || event.ledger.view < 6,
      );
      return graceEnforcement(new CheckContext(unseen)).verdict;
    };
    t.equal(judged(1590), 'unknown', 'nothing else was judged');
    // n1 finished at 1.6 s, as incarnation 2.
    t.equal(judged(1650), 'violation');
  },
);

t.test("no false alarm: another node's boot is where a later life was seen first", async (t) => {
  const { history } = Story.quiet()
    .says(900, 'n1', 'serving', { incarnation: 1 })
    .fault(1000, 'begin', 'kill', 'n1', 'n2')
    .boot(1050, 'n1')
    .boot(1060, 'n2');
  const untold = history.filter(
    (event) => !(event.kind === 'ledger' && event.node === 'n1' && event.t >= 1050e6),
  );
  t.equal(history.length - untold.length, 1);
  t.equal(graceEnforcement(new CheckContext(untold)).verdict, 'unknown', 'nothing was judged');
});

/** Grace is over; carol comes for the first time, and is through with her (empty) recovery at 2.1 s. */
const newcomer = (sentMs: number | null = 2100) =>
  recovered()
    .lock(1550, 'bob', {}, 'GRACE')
    .learns(2000, 'carol', 'started')
    .learns(2001, 'carol', 'session')
    .learns(2101, 'carol', 'reclaim-complete', sentMs === null ? {} : { sentAt: sentMs * 1e6 });

t.test(
  'row 6, D17: new state before the own RECLAIM_COMPLETE is a violation, also when no grace runs',
  async (t) => {
    const { verdict, evidence, judged } = check(newcomer().open(2050, 'carol', { file: 'g' }));
    t.equal(verdict, 'violation');
    t.equal(judged, 2);
    t.match(
      evidence[0]?.sentence,
      /^New state before RECLAIM_COMPLETE: carol .* an open of g .* from 2\.001 s on .* before 2\.100 s/,
    );
    t.equal(evidence[0]?.events.length, 4);
    t.equal(check(newcomer().lock(2050, 'carol', { file: 'g' })).verdict, 'violation');
  },
);

t.test('row 6: the refusal is right, and counts as judged', async (t) => {
  const { verdict, judged } = check(newcomer().open(2050, 'carol', { file: 'g' }, 'GRACE'));
  t.equal(verdict, 'valid');
  t.equal(judged, 2);
});

t.test('row 6: what counts is what the client stands before the server as, each time anew', async (t) => {
  const later = newcomer().learns(2500, 'carol', 'session').open(2550, 'carol', { file: 'g' });
  t.equal(check(later).verdict, 'valid', 'a session was lost, and nothing else');
  const forgotten = later.learns(2601, 'carol', 'reclaim-complete', { sentAt: 2600e6 });
  t.equal(check(forgotten).verdict, 'violation', 'it had to complete anew');
  const between = newcomer()
    .lock(2200, 'carol', { file: 'g' })
    .learns(2500, 'carol', 'session')
    .learns(2601, 'carol', 'reclaim-complete', { sentAt: 2600e6 });
  t.equal(check(between).verdict, 'valid', 'what it was given before it had to');
});

t.test(
  'row 6, no false alarm: granted while RECLAIM_COMPLETE was on its way, or nobody says when it was sent',
  async (t) => {
    t.equal(check(newcomer().lock(2099.5, 'carol', { file: 'g' })).verdict, 'valid');
    t.equal(check(newcomer(null).lock(2050, 'carol', { file: 'g' })).verdict, 'valid');
    const never = recovered().lock(1550, 'bob', {}, 'GRACE').learns(2001, 'carol', 'session');
    t.equal(
      check(never.lock(2050, 'carol', { file: 'g' })).verdict,
      'valid',
      'there may be no such thing there',
    );
  },
);

t.test('row 6, no false alarm: one filesystem that has moved is another matter', async (t) => {
  const moved = recovered()
    .lock(1550, 'bob', {}, 'GRACE')
    .lock(2050, 'bob', { file: 'g' })
    .learns(2101, 'bob', 'reclaim-complete', { file: 'home', sentAt: 2100e6 });
  t.equal(check(moved).verdict, 'valid');
});
