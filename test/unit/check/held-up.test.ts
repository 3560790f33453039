/** How much of a wait for grace's barrier, or of the time after it, was a fault's and not the cluster's. */
import t from 'tap';
import { CheckContext } from '../../../src/check/context.ts';
import { heldUp, heldUpPastBarrier } from '../../../src/check/held-up.ts';
import type { History } from '../../../src/history/events.ts';
import { Story } from './fixtures/story.ts';

const NODES = ['n1', 'n2', 'n3'];
const FENCE = { fenceAfterMs: 3000 };

/** In milliseconds, of what lies between the two, by the newest ledger. */
function held(history: History, fromMs: number, untilMs: number, of = heldUp): number {
  const context = new CheckContext(history);
  return of(context, context.steps.at(-1)!, fromMs * 1e6, untilMs * 1e6) / 1e6;
}

/** n1 has died, n3 has acknowledged that, and n2 is waited for. */
const waiting = (times = {}) =>
  Story.quiet(NODES, times).declareDown(1000, 'n1', 'n3').acknowledge(1005, 'n3');

/** The same where a missing beacon proves nothing, and n2 is only suspected. */
const suspected = () => Story.quiet(NODES).withoutProof();

t.test('a fault on whoever is waited for counts, and on nobody else', async (t) => {
  for (const [node, ms] of [
    ['n1', 0],
    ['n2', 1000],
    ['n3', 0],
  ] as const) {
    const story = waiting().fault(2000, 'begin', 'pause', node).fault(3000, 'end', 'pause', node);
    t.equal(held(story.end(9000).history, 1100, 8000), ms, node);
  }
});

t.test('no moment counts twice, and none outside of the wait', async (t) => {
  const counted = (...faults: readonly (readonly [fault: string, from: number, to: number])[]) => {
    const story = waiting();
    for (const [fault, from, to] of faults)
      story.fault(from, 'begin', fault, 'n2').fault(to, 'end', fault, 'n2');
    return held(story.end(9000).history, 1100, 8000);
  };
  t.equal(counted(['pause', 2000, 4000], ['partition', 3000, 5000]), 3000, 'one after the other');
  t.equal(counted(['pause', 2000, 5000], ['partition', 3000, 4000]), 3000, 'one within the other');
  t.equal(counted(['pause', 2000, 3000], ['partition', 4000, 5000]), 2000);
  t.equal(counted(['pause', 1050, 2100]), 1000);
  t.equal(counted(['pause', 7000, 8500]), 1000);
  t.equal(counted(['pause', 8100, 8500]), 0);
});

t.test(
  'a fault whose beginning nobody saw was there all the while, one without an end is there still',
  async (t) => {
    t.equal(held(waiting().fault(3100, 'end', 'pause', 'n2').end(9000).history, 1100, 8000), 2000);
    t.equal(held(waiting().fault(7000, 'begin', 'pause', 'n2').end(9000).history, 1100, 8000), 1000);
  },
);

t.test('what held a life up is over with that life, which a suspicion does not end', async (t) => {
  const paused = (story: Story) => story.fault(1100, 'begin', 'pause', 'n2');
  t.equal(
    held(paused(waiting()).fault(3100, 'begin', 'power-cut', 'n2').end(9000).history, 1100, 8000),
    2000,
  );
  const doubted = paused(suspected()).suspect(2000, 'n2', 'n1').end(9000);
  t.equal(held(doubted.history, 1100, 8000), 6900);
});

t.test(
  'a death holds nothing up where a missing beacon proves it, and elsewhere until it is known',
  async (t) => {
    const dead = (story: Story) => story.fault(1040, 'begin', 'power-cut', 'n2');
    t.equal(held(dead(waiting()).end(9000).history, 1100, 8000), 0);
    t.equal(held(dead(suspected()).suspect(1050, 'n2', 'n1').end(9000).history, 1100, 8000), 6900);
  },
);

t.test('while somebody is suspected everybody is waited for: to have that one fenced', async (t) => {
  const story = suspected().suspect(1050, 'n2', 'n1').acknowledge(1060, 'n1').acknowledge(1061, 'n3');
  const paused = story.fault(2000, 'begin', 'pause', 'n3').fault(3000, 'end', 'pause', 'n3');
  t.equal(held(paused.end(9000).history, 1100, 8000), 1000);
});

t.test(
  'where nodes are fenced it counts for no longer than that takes, unless the fencer failed on one of them',
  async (t) => {
    const paused = () => waiting(FENCE).fault(1500, 'begin', 'pause', 'n2').fault(7500, 'end', 'pause', 'n2');
    const failed = (ms: number, peer: string) =>
      paused().says(ms, 'n3', 'fence-failed', { peer }).end(9000).history;
    t.equal(held(paused().end(9000).history, 1100, 8000), 3000);
    t.equal(held(failed(5000, 'n2'), 1100, 8000), 6000);
    t.equal(held(failed(1050, 'n2'), 1100, 8000), 3000, 'that was before');
    t.equal(held(failed(8500, 'n2'), 1100, 8000), 3000, 'that comes later');
    t.equal(held(failed(5000, 'n3'), 1100, 8000), 3000, 'that is somebody else');
  },
);

t.test('a node without its store counts for as long as a fault is there that explains it', async (t) => {
  const without = (target: string, from: number, to: number, fault = 'kill') => {
    const story = waiting().says(2000, 'n3', 'store-unavailable').says(6000, 'n3', 'store-back');
    return held(
      story.fault(from, 'begin', fault, target).fault(to, 'end', fault, target).end(9000).history,
      1100,
      8000,
    );
  };
  t.equal(without('e1', 1500, 6500), 4000);
  t.equal(without('e1', 1500, 3000), 1000);
  t.equal(without('e1', 5000, 6500), 1000);
  t.equal(without('e1', 1200, 1900), 0, 'that was over by then');
  t.equal(without('e1', 6100, 7000), 0, 'that comes later');
  t.equal(without('n1', 1500, 6500), 0, 'the death of a node takes the store from nobody');
  t.equal(without('n1', 1500, 6500, 'partition'), 4000);
});

t.test('past the barrier those are waited for who have claims to close, or leave', async (t) => {
  const back = () => Story.quiet(NODES, FENCE).death(1000, 'n1', 'n2', 'n3').back(1050, 'n1', 'n2', 'n3');
  const paused = (node: string) =>
    back().fault(2000, 'begin', 'pause', node).fault(4000, 'end', 'pause', node).end(9000).history;
  const leaving = (history: History, node: string): History =>
    history.map((event) => {
      if (event.kind !== 'ledger') return event;
      const members = { ...event.ledger.members } as Record<string, object>;
      members[node] = { ...members[node], leaving: true };
      return { ...event, ledger: { ...event.ledger, members } } as typeof event;
    });
  t.equal(held(paused('n1'), 1100, 8000, heldUpPastBarrier), 2000);
  t.equal(held(paused('n2'), 1100, 8000, heldUpPastBarrier), 0);
  t.equal(held(leaving(paused('n2'), 'n2'), 1100, 8000, heldUpPastBarrier), 2000);
  const long = back().fault(2000, 'begin', 'pause', 'n1').fault(7000, 'end', 'pause', 'n1').end(9000);
  t.equal(held(long.history, 1100, 8000, heldUpPastBarrier), 3000, 'by then it is fenced');
});
