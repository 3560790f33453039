import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { coverageOf } from '../../../src/check/coverage.ts';
import { exclusion } from '../../../src/check/exclusion.ts';
import { judge } from '../../../src/check/judge.ts';
import { localLocks } from '../../../src/check/local-locks.ts';
import { noSilentLoss } from '../../../src/check/no-silent-loss.ts';
import { noTheft } from '../../../src/check/no-theft.ts';
import { powerCut, rebooted } from './fixtures/reboot.ts';
import { Story } from './fixtures/story.ts';

const verdictOf = (story: Story) => localLocks(new CheckContext(story.history));
const REST = { span: [100, 200] as const };

t.test('C7: a program that is refused in grace is as it should be', async (t) => {
  const story = rebooted().program(30, 'backup', 'n2').lock(1520, 'backup', REST, 'AGAIN');
  t.match(verdictOf(story), { verdict: 'valid', judged: 1 });
  t.match(coverageOf(new CheckContext(story.history)), { localRefusedInGrace: 1, localWaitedForLift: 0 });
});

t.test('C7: a program that was given a lock between barrier and lift is a violation', async (t) => {
  const story = rebooted().program(30, 'backup', 'n2').lock(1520, 'backup', REST).finish(1600, 'n1');
  const { verdict, evidence } = verdictOf(story);
  t.equal(verdict, 'violation');
  t.match(evidence[0]?.sentence, /^A local program was not held back: backup .* at n2 .* had acknowledged/);
});

t.test('C7: so is an open', async (t) => {
  const story = rebooted().program(30, 'backup', 'n2').open(1520, 'backup').finish(1600, 'n1');
  t.equal(verdictOf(story).verdict, 'violation');
});

t.test('C7: one that asked in grace and was answered after the lift has waited', async (t) => {
  const story = rebooted()
    .program(30, 'backup', 'n2')
    .lock(1520, 'backup', REST, 'ok', 300)
    .finish(1600, 'n1');
  t.match(verdictOf(story), { verdict: 'valid', judged: 1 });
  t.match(coverageOf(new CheckContext(story.history)), { localWaitedForLift: 1, localGranted: 1 });
});

t.test(
  'no false alarm: asked before the node had stopped, or answered when the lift may have come',
  async (t) => {
    const early = powerCut()
      .program(30, 'backup', 'n2')
      .lock(1040, 'backup', REST, 'ok', 100)
      .death(1050, 'n1', 'n2');
    t.equal(verdictOf(early).verdict, 'unknown');
    const late = rebooted().program(30, 'backup', 'n2').finish(1600, 'n1').lock(1599.9, 'backup', REST);
    t.not(verdictOf(late).verdict, 'violation');
  },
);

t.test('a program asks the node that it runs on, wherever clients of that node go', async (t) => {
  const story = powerCut().program(30, 'backup', 'n2').death(1050, 'n1', 'n2').inherit(1060, 'n1', 'n2');
  story.program(30, 'clerk', 'n1').lock(100, 'clerk', REST, 'AGAIN');
  t.match(verdictOf(story.lock(1100, 'backup', REST)), { verdict: 'violation' });
  const context = new CheckContext(story.lock(1200, 'clerk', REST).history);
  t.strictSame(context.servers(context.operations.all.at(-1)!), ['n1']);
});

t.test('to let go of something in grace is never refused', async (t) => {
  const story = rebooted()
    .program(30, 'backup', 'n2')
    .lock(100, 'backup', REST)
    .unlock(1520, 'backup', REST, 'AGAIN');
  t.match(verdictOf(story).evidence[0]?.sentence, /^A local program could not let go: backup/);
});

t.test(
  'I1: a program and a client that hold the same at one time are a violation, of exclusion as well',
  async (t) => {
    const story = Story.quiet().client(20, 'alice', 'n1').program(20, 'backup', 'n2');
    story.lock(100, 'alice').renewed(400, 'alice').lock(200, 'backup').renewed(300, 'backup');
    const { verdict, evidence } = verdictOf(story);
    t.equal(verdict, 'violation');
    t.match(evidence[0]?.sentence, /^Two owners at once, one of them a local program: backup .*; alice/);
    t.equal(exclusion(new CheckContext(story.history)).verdict, 'violation');
  },
);

t.test('I1: two programs are met once', async (t) => {
  const story = Story.quiet().program(20, 'one', 'n1').program(20, 'two', 'n2');
  story.lock(100, 'one').renewed(400, 'one').lock(200, 'two').renewed(300, 'two');
  t.equal(verdictOf(story).evidence.length, 1);
});

t.test('no false alarm: what a program held is proven only as far as its node answered it', async (t) => {
  const story = Story.quiet().client(20, 'alice', 'n1').program(20, 'backup', 'n2');
  story.lock(100, 'backup').renewed(150, 'backup').lock(300, 'alice').renews(310, 400, 'alice');
  t.match(verdictOf(story), { verdict: 'valid', judged: 1 });
});

t.test('I5: a program ends with its node: nobody steals from it, and it is nobody to be told', async (t) => {
  const story = Story.quiet().program(20, 'backup', 'n1').client(20, 'bob', 'n2').renews(100, 2000, 'bob');
  story
    .lock(100, 'backup')
    .renewed(900, 'backup')
    .fault(1000, 'begin', 'power-cut', 'n1')
    .death(1050, 'n1', 'n2');
  story.finish(1100, 'n1', 'n2').lock(1200, 'bob').renewed(1250, 'bob').end(1300);
  const context = new CheckContext(story.history);
  t.equal(noTheft(context).judged, 0);
  t.match(context.claims[0], { client: 'backup', ending: 'client-gone', believedUntil: 1000e6 });
  t.not(noSilentLoss(context).verdict, 'violation');
  t.match(localLocks(context), { verdict: 'valid' });
});

t.test('I5: so it does when its node ends itself, which the lab notices later', async (t) => {
  const story = Story.quiet().program(20, 'backup', 'n1').client(20, 'bob', 'n2').renews(100, 2000, 'bob');
  story.lock(100, 'backup').renewed(900, 'backup').death(1050, 'n1', 'n2').finish(1100, 'n1', 'n2');
  story.lock(1150, 'bob').says(1200, 'n1', 'exited').end(1300);
  const context = new CheckContext(story.history);
  t.equal(noTheft(context).judged, 0);
  t.match(context.claims[0], { client: 'backup', ending: 'client-gone', believedUntil: 1200e6 });
});

t.test('what was judged of nothing is unknown', async (t) => {
  t.match(verdictOf(Story.quiet().program(20, 'backup', 'n1')), { verdict: 'unknown', idle: true });
});

t.test('the check is there where programs took part, and there alone', async (t) => {
  const namesIn = (story: Story) => judge(story.history, { scenario: 's' }).checks.map(({ name }) => name);
  t.notOk(namesIn(Story.quiet()).includes('local-locks'));
  t.ok(namesIn(Story.quiet().program(20, 'backup', 'n1')).includes('local-locks'));
});
