import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { reclaimAuthority } from '../../../src/check/reclaim-authority.ts';
import { inOrder } from '../../../src/history/recorder.ts';
import { powerCut, rebooted, recovered } from './fixtures/reboot.ts';
import { Story } from './fixtures/story.ts';

const check = (story: Story) => reclaimAuthority(new CheckContext(story.history));

t.test('I4: a recorded client reclaims after the barrier and before it completes', async (t) => {
  const { verdict, judged } = check(recovered());
  t.equal(verdict, 'valid');
  t.equal(judged, 1);
});

t.test(
  'no false alarm: the grace began unseen, and the first that is said of it is that the node has finished',
  async (t) => {
    const story = powerCut().fault(1001, 'begin', 'power-cut', 'n2').boot(1500, 'n1').boot(1501, 'n2');
    story.acknowledge(1502, 'n1').recovers(1510, 'alice').reclaim(1520, 'alice').completes(1530, 'alice');
    const whole = story.finish(1600, 'n1').finish(1700, 'n2').history;
    const seen = (from: number) =>
      whole.filter((event) => event.kind !== 'ledger' || event.t < 1e9 || event.t > from);
    t.same(reclaimAuthority(new CheckContext(seen(1550e6))).evidence, []);
    const late = reclaimAuthority(new CheckContext(seen(1650e6)));
    t.equal(late.verdict, 'violation', 'another node says nothing of this one');
  },
);

t.test('D11: a reclaim before the barrier is a violation', async (t) => {
  const story = powerCut().boot(1500, 'n1').recovers(1501, 'alice').reclaim(1502, 'alice');
  story.acknowledge(1506, 'n2').finish(1600, 'n1');
  const { verdict, evidence } = check(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /the barrier was not reached before 1\.506 s/);
});

t.test('row 9: a reclaim outside grace is a violation', async (t) => {
  t.equal(check(recovered().reclaim(1700, 'alice')).verdict, 'violation');
});

t.test('row 8, D10: a reclaim after the own RECLAIM_COMPLETE is a violation', async (t) => {
  const story = rebooted()
    .recovers(1510, 'alice')
    .completes(1515, 'alice')
    .reclaim(1520, 'alice')
    .finish(1600, 'n1');
  const { verdict, evidence } = check(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /after RECLAIM_COMPLETE/);
});

/** Row 18: n1 reboots; alice introduces herself again, keeps her lease, reclaims nothing, completes nothing. */
function comesBackWithoutCompleting(): Story {
  const story = rebooted().learns(1510, 'alice', 'session').renews(1520, 4900, 'alice').finish(3600, 'n1');
  story.lock(3700, 'bob').unlock(3800, 'bob').fault(5000, 'begin', 'power-cut', 'n1').death(5050, 'n1', 'n2');
  return story.back(5500, 'n1', 'n2').recovers(5510, 'alice');
}

t.test(
  'row 18, D9: a client that did not complete the recovery before has no right to the next one',
  async (t) => {
    const { verdict, evidence } = check(
      comesBackWithoutCompleting().reclaim(5520, 'alice').finish(5600, 'n1'),
    );
    t.equal(verdict, 'violation');
    t.match(evidence[0]?.sentence, /had not completed its recovery in the life of n1 that began at 1\.500 s/);
  },
);

t.test('row 18, D9: not even when the node says that it wrote a record', async (t) => {
  const story = comesBackWithoutCompleting().says(1511, 'n1', 'record-durable', {
    client: 'alice',
    epoch: 2,
  });
  t.equal(check(story.reclaim(5520, 'alice').finish(5600, 'n1')).verdict, 'violation');
});

t.test('no false alarm: RECLAIM_COMPLETE was done, and its answer died with the node', async (t) => {
  const sent = (ms: number) =>
    check(
      comesBackWithoutCompleting()
        .learns(ms, 'alice', 'completing')
        .reclaim(5520, 'alice')
        .finish(5600, 'n1'),
    );
  t.equal(sent(4999).verdict, 'valid');
  t.equal(sent(1400).verdict, 'violation', 'it was sent to the life before');
  t.equal(sent(5515).verdict, 'violation', 'or to the one after');
});

t.test('row 18: the refusal is right, and counts as judged', async (t) => {
  const { verdict, judged } = check(comesBackWithoutCompleting().reclaim(5520, 'alice', {}, 'NO_GRACE'));
  t.equal(verdict, 'valid');
  t.equal(judged, 1);
});

t.test('D6: a list of clients that survives its grace is used in a later one', async (t) => {
  const story = recovered()
    .learns(1700, 'alice', 'stopped')
    .fault(3000, 'begin', 'power-cut', 'n1')
    .death(3050, 'n1', 'n2');
  story
    .back(3500, 'n1', 'n2')
    .finish(3550, 'n1')
    .fault(4000, 'begin', 'power-cut', 'n1')
    .death(4050, 'n1', 'n2');
  story.back(4500, 'n1', 'n2').learns(4505, 'alice', 'started').reclaim(4520, 'alice').finish(4600, 'n1');
  t.equal(check(story).verdict, 'violation', 'alice was not there in the life before');
});

t.test('row 17: a lock that was given to another before the death is not reclaimed', async (t) => {
  const expired = () => {
    const story = Story.quiet().client(20, 'alice', 'n1').client(20, 'bob', 'n2').lock(100, 'alice');
    story
      .lock(1500, 'bob')
      .unlock(1600, 'bob')
      .fault(2000, 'begin', 'power-cut', 'n1')
      .death(2050, 'n1', 'n2');
    return story.back(2500, 'n1', 'n2').recovers(2510, 'alice');
  };
  const { verdict, evidence } = check(expired().reclaim(2520, 'alice').finish(2600, 'n1'));
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /lost before.*but then bob/);
  t.equal(check(expired().reclaim(2520, 'alice', {}, 'NO_GRACE')).verdict, 'valid');
});

t.test(
  'row 17, no false alarm: the move that made a client reclaim came before the reply that granted the lock, and another has it only later',
  async (t) => {
    const granted = { client: 'alice', file: 'f', op: 'lock', span: { start: 0, end: 100 } } as const;
    const story = Story.quiet(['n1', 'n2', 'n3']).client(20, 'alice', 'n1').client(20, 'bob', 'n3');
    story.lock(100, 'alice', {}, 'ok', 200).says(110, 'n1', 'grant', granted);
    story.migrate(150, 'n1', 'n2').handOver(160, 'n1', 'n1').recovers(310, 'alice').reclaim(320, 'alice');
    story.says(320.5, 'n2', 'grant', { ...granted, reclaim: true }).completes(330, 'alice');
    story.finish(340, 'n1', 'n2').unlock(390, 'alice').lock(400, 'bob').unlock(500, 'bob');
    t.equal(check(story.fault(600, 'begin', 'power-cut', 'n1').end(700)).verdict, 'valid');
  },
);

t.test('row 17: nor one whose record the node had removed', async (t) => {
  const story = rebooted()
    .says(1030, 'n1', 'record-removed', { client: 'alice', epoch: 2 })
    .recovers(1510, 'alice');
  t.equal(check(story.reclaim(1520, 'alice').finish(1600, 'n1')).verdict, 'violation');
});

t.test(
  'I4: reclaims at a node that nobody inherited from are a violation, at the heir they are not',
  async (t) => {
    const story = () => powerCut().death(1050, 'n1', 'n2').recovers(1100, 'alice');
    t.equal(check(story().reclaim(1110, 'alice', { node: 'n2' }).end(1200)).verdict, 'violation');
  },
);

t.test('no false alarm: the node acts on the barrier of a view until it must know of the next', async (t) => {
  const three = () => {
    const story = Story.quiet(['n1', 'n2', 'n3'])
      .withoutProof()
      .client(20, 'alice', 'n1')
      .lock(100, 'alice')
      .renews(200, 950, 'alice');
    story.fault(1000, 'begin', 'power-cut', 'n1').death(1050, 'n1', 'n2', 'n3').back(1500, 'n1', 'n2', 'n3');
    return story.recovers(1510, 'alice');
  };
  const heard = three().suspect(1520, 'n3', 'n2').reclaim(1522, 'alice').acknowledge(1530, 'n3');
  t.equal(check(heard).verdict, 'valid', 'n2 found the beacon missing, and n1 has not heard of it');
  const own = three().suspect(1520, 'n3', 'n1').reclaim(1522, 'alice').acknowledge(1530, 'n3');
  t.equal(check(own).verdict, 'violation', 'n1 itself took the acknowledgement of n3 away');
});

t.test('a boot in grace keeps the barrier: nobody has to acknowledge again', async (t) => {
  const story = rebooted().recovers(1502, 'alice').reclaim(1503, 'alice').completes(1504, 'alice');
  t.equal(check(story.finish(1505, 'n1')).verdict, 'valid');
  const before = powerCut()
    .recovers(1100, 'alice')
    .reclaim(1490, 'alice')
    .death(1495, 'n1', 'n2')
    .boot(1500, 'n1');
  t.equal(check(before).verdict, 'violation');
});

t.test('no false alarm: the answer to RECLAIM_COMPLETE died with the node', async (t) => {
  const story = rebooted().recovers(1510, 'alice').reclaim(1520, 'alice').finish(1600, 'n1');
  story.says(1530, 'n1', 'record-durable', { client: 'alice', epoch: 3 });
  story.fault(1605, 'begin', 'power-cut', 'n1').death(1650, 'n1', 'n2').back(1700, 'n1', 'n2');
  t.equal(check(story.recovers(1710, 'alice').reclaim(1720, 'alice')).verdict, 'valid');
});

t.test('C4: a second death in the same grace takes nobody its right', async (t) => {
  const story = rebooted()
    .recovers(1510, 'alice')
    .reclaim(1520, 'alice')
    .fault(1530, 'begin', 'power-cut', 'n1');
  story
    .death(1540, 'n1', 'n2')
    .back(1600, 'n1', 'n2')
    .recovers(1610, 'alice')
    .reclaim(1620, 'alice')
    .completes(1630, 'alice');
  t.equal(check(story.finish(1640, 'n1')).verdict, 'valid');
});

t.test('a life that was over at the lift gives nobody a right in the next grace', async (t) => {
  const story = rebooted().recovers(1510, 'alice').reclaim(1520, 'alice').completes(1530, 'alice');
  story.fault(1540, 'begin', 'power-cut', 'n1').death(1550, 'n1', 'n2').finish(3600, 'n1', 'n2');
  story.back(4000, 'n1', 'n2').recovers(4010, 'alice').reclaim(4020, 'alice').finish(4100, 'n1');
  t.equal(check(story).verdict, 'violation', 'its claims were abandoned');
});

t.test('without a ledger nobody can say whether grace ran', async (t) => {
  const story = new Story()
    .client(20, 'alice', 'n1')
    .fault(50, 'begin', 'power-cut', 'n1')
    .reclaim(100, 'alice');
  t.equal(check(story).verdict, 'unknown');
});

/** What comes after an acknowledgement of n3 that completed the barrier, and that nobody was told of. */
const AFTER_UNTOLD: Readonly<Record<string, (story: Story) => Story>> = {
  'its death': (story) => story.declareDown(1080, 'n3', 'n2'),
  'a finish in the same view': (story) => story.finish(1080, 'n1').declareDown(1090, 'n3', 'n1'),
  'the lift': (story) => story.finish(1080, 'n1').finish(1081, 'n2').declareDown(1090, 'n3', 'n1'),
};

for (const [what, goOn] of Object.entries(AFTER_UNTOLD)) {
  t.test(`no false alarm: who completed the barrier died before it could say so, then ${what}`, async (t) => {
    const story = Story.quiet(['n1', 'n2', 'n3'])
      .client(20, 'alice', 'n1')
      .lock(100, 'alice')
      .renews(200, 950, 'alice');
    story.fault(1000, 'begin', 'power-cut', 'n1', 'n2').boot(1049, 'n2').back(1050, 'n1', 'n2', 'n3');
    const { history } = goOn(story.recovers(1060, 'alice').reclaim(1070, 'alice'));
    const untold = history.filter(
      (event) =>
        !(
          event.kind === 'ledger' &&
          event.node === 'n3' &&
          event.command === 'acknowledge' &&
          event.t > 1050e6
        ),
    );
    t.equal(history.length - untold.length, 1);
    t.equal(reclaimAuthority(new CheckContext(untold)).verdict, 'valid');
  });
}

t.test('row 17, no false alarm: a downgrade was sent when the server was dead already', async (t) => {
  const story = Story.quiet()
    .client(20, 'alice', 'n1')
    .lock(100, 'alice')
    .renews(200, 950, 'alice')
    .fault(1000, 'begin', 'power-cut', 'n1')
    .back(1050, 'n1', 'n2')
    .lock(1099, 'alice', { mode: 'read' }, 'fail', 2)
    .recovers(1100, 'alice')
    .reclaim(1110, 'alice')
    .completes(1120, 'alice')
    .finish(1130, 'n1')
    .unlock(1200, 'alice')
    .client(1210, 'bob', 'n2')
    .lock(1220, 'bob')
    .unlock(1230, 'bob')
    .fault(2000, 'begin', 'power-cut', 'n1')
    .back(2050, 'n1', 'n2');
  t.equal(check(story).verdict, 'valid');
});

t.test('no false alarm: of two boots in a row the second was answered first', async (t) => {
  const story = Story.quiet(['n1', 'n2'])
    .client(20, 'alice', 'n1')
    .lock(100, 'alice')
    .renews(200, 950, 'alice')
    .fault(1000, 'begin', 'kill', 'n1', 'n2')
    .boot(1050, 'n2')
    .boot(1051, 'n1')
    .recovers(1060, 'alice')
    .reclaim(1070, 'alice');
  let revision = 0;
  const history = story.history.map((event) => {
    if (event.kind !== 'ledger') return event;
    revision += 1;
    const isSecond = event.command === 'boot' && event.node === 'n1' && event.t > 1000e6;
    return isSecond ? { ...event, revision, sentAt: 1048e6, t: 1049e6 } : { ...event, revision };
  });
  const { verdict, evidence } = reclaimAuthority(new CheckContext(inOrder(history)));
  t.equal(verdict, 'valid', evidence[0]?.sentence ?? '');
});
