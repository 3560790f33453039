/** Grace is told only where there is one. */
import t from 'tap';
import { boundedGrace } from '../../../src/check/bounded-grace.ts';
import { CheckContext } from '../../../src/check/context.ts';
import { judge } from '../../../src/check/judge.ts';
import { inOrder } from '../../../src/history/recorder.ts';
import { Story } from './fixtures/story.ts';

/** Lease 1 s, slack 1 s: 2 s of GRACE are nothing yet. */
const check = ({ history }: Story) => boundedGrace(new CheckContext(inOrder(history)));

/** alice, through with her recovery, asks n1 every 100 ms in [from, to] and is told GRACE. */
function refused(story: Story, from: number, to: number, status = 'GRACE'): Story {
  for (let ms = from; ms <= to; ms += 100) story.lock(ms, 'alice', {}, status);
  return story;
}

const alice = (story = Story.quiet()): Story => story.client(20, 'alice', 'n1');

t.test('I8: a node that goes on refusing where there is no grace', async (t) => {
  const { verdict, evidence } = check(refused(alice(), 100, 2300).end(2400));
  t.equal(verdict, 'violation');
  t.match(
    evidence[0]?.sentence,
    /^Grace where there is none: alice .* at n1 for f again and again from 0\.101 s to 2\.200 s, .* 2000 ms/,
  );
  t.equal(evidence[0]?.events.length, 4);
  t.equal(check(refused(alice(), 100, 2000).end(2400)).verdict, 'valid', 'not for longer than the bound');
});

t.test('whoever has had something new there, or has completed, is judged', async (t) => {
  const anew = () => Story.quiet().learns(20, 'alice', 'started', { node: 'n1' });
  const asks = (story: Story) => refused(story, 100, 2500).end(2600);
  const atHome = (story: Story) => {
    story.client(20, 'alice', 'n1');
    return story.learns(50, 'alice', 'session');
  };
  t.equal(check(asks(atHome(Story.quiet()))).verdict, 'valid', 'row 6: before RECLAIM_COMPLETE');
  t.equal(check(asks(atHome(Story.quiet()).learns(60, 'alice', 'reclaim-complete'))).verdict, 'violation');
  t.equal(check(asks(atHome(Story.quiet()).lock(60, 'alice'))).verdict, 'violation');
  t.equal(check(anew().end(2600)).verdict, 'valid');
});

t.test('no false alarm: one refusal after a long while, or two far apart', async (t) => {
  t.equal(check(alice().lock(100, 'alice', {}, 'GRACE').end(9000)).verdict, 'valid');
  const apart = alice().lock(100, 'alice', {}, 'GRACE').lock(5000, 'alice', {}, 'GRACE');
  t.equal(check(apart.end(9000)).verdict, 'valid');
});

t.test('no false alarm: any other answer in between, or a new session, begins to count anew', async (t) => {
  const interrupted = (by: (story: Story) => Story) =>
    check(refused(by(refused(alice(), 100, 1500)), 1600, 3400).end(3500)).verdict;
  t.equal(
    interrupted((story) => story),
    'violation',
  );
  t.equal(
    interrupted((story) => story.lock(1550, 'alice')),
    'valid',
  );
  t.equal(
    interrupted((story) => story.lock(1550, 'alice', {}, 'DENIED')),
    'valid',
  );
  t.equal(
    interrupted((story) => story.learns(1550, 'alice', 'session').learns(1560, 'alice', 'reclaim-complete')),
    'valid',
  );
});

t.test('no false alarm: in a grace, and for the time to notice its end', async (t) => {
  const grace = (story: Story) => story.death(500, 'n2', 'n1').finish(2500, 'n2', 'n1').finish(2501, 'n1');
  t.equal(check(refused(grace(alice()), 600, 4400).end(4500)).verdict, 'valid');
  t.equal(check(refused(grace(alice()), 600, 4700).end(4800)).verdict, 'violation', 'two seconds after it');
});

t.test('no false alarm: while a fault explains it, and no longer', async (t) => {
  for (const [fault, target] of [
    ['partition', 'n1'],
    ['pause', 'n2'],
    ['ledger-slow', 'ledger'],
  ] as const) {
    const broken = () => alice().fault(90, 'begin', fault, target);
    t.equal(check(refused(broken(), 100, 6000).end(6100)).verdict, 'valid', `${fault}, never mended`);
    const mended = () => broken().fault(3000, 'end', fault, target);
    t.equal(check(refused(mended(), 100, 4900).end(5000)).verdict, 'valid', fault);
    t.equal(check(refused(mended(), 100, 5200).end(5300)).verdict, 'violation', `${fault}, long mended`);
  }
});

t.test('a node that stays away explains nothing once the others know that it is dead', async (t) => {
  const dead = alice().fault(90, 'begin', 'power-cut', 'n2').death(100, 'n2', 'n1');
  const lifted = dead.finish(2500, 'n2', 'n1').finish(2501, 'n1');
  t.equal(check(refused(lifted, 200, 4400).end(4500)).verdict, 'valid');
  t.equal(
    check(
      refused(alice().fault(90, 'begin', 'power-cut', 'n2').death(100, 'n2', 'n1'), 200, 400)
        .finish(2500, 'n2', 'n1')
        .finish(2501, 'n1')
        .end(2600),
    ).verdict,
    'valid',
  );
  const still = alice().fault(90, 'begin', 'power-cut', 'n2').death(100, 'n2', 'n1');
  still.finish(2500, 'n2', 'n1').finish(2501, 'n1');
  t.equal(check(refused(still, 200, 4700).end(4800)).verdict, 'violation');
});

t.test('no false alarm: a store that does not answer, a beacon that is missing', async (t) => {
  const out = () => alice().says(90, 'n1', 'store-unavailable');
  t.equal(check(refused(out(), 100, 6000).end(6100)).verdict, 'valid');
  const back = out().says(1000, 'n1', 'store-back');
  t.equal(check(refused(back, 100, 3200).end(3300)).verdict, 'violation');
  const missing = alice().says(1500, 'n1', 'beacon-missing', { peer: 'n2' });
  t.equal(check(refused(missing, 100, 3400).end(3500)).verdict, 'valid');
});

t.test(
  'what a client goes through with another node, and what is never answered, changes nothing',
  async (t) => {
    const elsewhere = refused(alice(), 100, 1500).learns(1550, 'alice', 'session', { node: 'n2' });
    t.equal(check(refused(elsewhere, 1600, 2400).end(2500)).verdict, 'violation');
    const unanswered = alice().lock(50, 'alice', {}, 'none');
    t.equal(
      check(refused(unanswered, 100, 2300).learns(2400, 'alice', 'session').end(2500)).verdict,
      'violation',
    );
  },
);

t.test('without a ledger nobody knows when grace ran', async (t) => {
  t.equal(check(refused(alice(new Story()), 100, 4000).end(4100)).verdict, 'unknown');
});

/** A run with two domains; the story is that of `home`, which n1 and n2 serve. */
function atHome(story: Story) {
  const domains = [
    { name: 'home', nodes: ['n1', 'n2'] },
    { name: 'work', nodes: ['n1', 'n3'] },
  ];
  const labelled = story.history.map((event) => {
    if (event.kind === 'op') return { ...event, file: 'home/f', domain: 'home' };
    return event.kind === 'ledger' ? { ...event, domain: 'home' } : event;
  });
  const cluster = { nodes: ['n1', 'n2', 'n3'], leaseMs: 1000, graceMs: 2000, domains };
  const { checks } = judge(inOrder(labelled), { scenario: 's', cluster });
  return checks.find(({ name }) => name === 'bounded-grace');
}

t.test('C12: a fault of who serves another domain is no reason', async (t) => {
  const after = (victim: string) =>
    atHome(refused(alice().fault(90, 'begin', 'power-cut', victim), 100, 2300).end(2400));
  t.match(after('n3')?.evidence[0]?.sentence, /^In domain home: Grace where there is none/);
  t.not(after('n2')?.verdict, 'violation');
});

t.test('row 30: where filesystems moved nobody is judged', async (t) => {
  const moved = () => alice().migrate(30, 'n1', 'n2').handOver(40, 'n1', 'n1').finish(50, 'n1', 'n2');
  t.equal(atHome(refused(moved(), 100, 2300).end(2400))?.verdict, 'valid');
  t.equal(
    check(refused(moved(), 100, 2300).end(2400)).verdict,
    'violation',
    'with an address its clients go',
  );
});

t.test('a local program, which waits for the lift, is judged by local-locks', async (t) => {
  const story = Story.quiet().program(20, 'alice', 'n1').lock(50, 'alice');
  t.equal(check(refused(story, 100, 4000).end(4100)).verdict, 'valid');
});
