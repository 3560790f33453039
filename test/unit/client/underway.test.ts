import t from 'tap';
import type { Association } from '../../../src/client/association.ts';
import { CompoundReply } from '../../../src/client/compound.ts';
import type { Attempt, Outcome, SentOutcome, Session } from '../../../src/client/session.ts';
import { Underway } from '../../../src/client/underway.ts';
import { NFS4_OK } from '../../../src/nfs4/status.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const [HERE, ELSEWHERE] = [{}, {}] as [Association, Association];
const ALL = () => true;
const OK = { kind: 'reply', reply: new CompoundReply(NFS4_OK, [], []) } as const;

/** A session in which a request is sent, and answered, when the test says so. */
class Puppet {
  attempt!: Attempt;
  readonly #end = Promise.withResolvers<Outcome>();
  readonly session = {
    execute: (attempt: Attempt) => {
      this.attempt = attempt;
      return this.#end.promise;
    },
  } as unknown as Session;

  send(): boolean {
    const sent = this.attempt.request() !== null;
    if (sent) this.attempt.onSend?.();
    return sent;
  }

  answer(outcome: SentOutcome = OK): void {
    this.attempt.onOutcome?.(outcome);
    this.#end.resolve(outcome);
  }
}

function scene() {
  const clock = new VirtualClock();
  const underway = new Underway(clock);
  const puppet = new Puppet();
  const told: string[] = [];
  const attempt = {
    cacheReply: true,
    deadlineMs: 7,
    request: () => [],
    onSend: () => void told.push('sent'),
    onOutcome: ({ kind }: SentOutcome) => void told.push(kind),
  };
  const outcome = underway.carry({ path: 'home/f', association: HERE }, puppet.session, attempt);
  return { clock, underway, puppet, told, outcome };
}

t.test('a request goes as it is, and its outcome is told once', async (t) => {
  const { puppet, told, outcome } = scene();
  t.match(puppet.attempt, { cacheReply: true, deadlineMs: 7 });
  t.ok(puppet.send());
  puppet.answer();
  t.equal(await outcome, OK);
  t.same(told, ['sent', 'reply']);
});

t.test('left behind: nobody knows what came of it, and nobody is told when it comes out', async (t) => {
  const { clock, underway, puppet, told, outcome } = scene();
  puppet.send();
  const left = underway.leaveBehind(HERE, ALL, clock.nowMs() + 100);
  await clock.advance(99);
  t.same(told, ['sent']);
  await clock.advance(1);
  await left;
  t.match(await outcome, { kind: 'session-over', refused: false });
  const settled = underway.settled(HERE, ALL, clock.nowMs() + 100);
  puppet.answer();
  t.same(told, ['sent', 'session-over']);
  t.equal(await settled, true, 'it is known that it is over');
});

t.test('answered in time: not left behind', async (t) => {
  const { clock, underway, puppet, outcome } = scene();
  puppet.send();
  const left = underway.leaveBehind(HERE, ALL, clock.nowMs() + 100);
  puppet.answer();
  await left;
  t.equal(await outcome, OK);
});

t.test('left behind before it was sent, it is not sent', async (t) => {
  const { clock, underway, puppet, told, outcome } = scene();
  await underway.leaveBehind(HERE, ALL, clock.nowMs());
  t.same(await outcome, { kind: 'unsent' });
  t.notOk(puppet.send());
  t.same(told, []);
});

t.test('only what is about these files, and was sent there', async (t) => {
  const { clock, underway, puppet, outcome } = scene();
  puppet.send();
  await underway.leaveBehind(ELSEWHERE, ALL, clock.nowMs());
  await underway.leaveBehind(HERE, (path) => path !== 'home/f', clock.nowMs());
  puppet.answer();
  t.equal(await outcome, OK);
});
