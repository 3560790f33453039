import fc from 'fast-check';
import t from 'tap';
import { gracesOf, ledgerSteps } from '../../../src/check/graces.ts';
import { asIncarnation, asNodeId, type NodeId } from '../../../src/core/ids.ts';
import { barrierReached, createLedger, inGrace, type Ledger, memberOf } from '../../../src/core/ledger.ts';
import { type Command, transition } from '../../../src/core/transitions.ts';
import type { LedgerEvent } from '../../../src/history/events.ts';

const NODES = ['n1', 'n2', 'n3'].map(asNodeId);
const node = fc.constantFrom(...NODES);
const wish = fc.record({
  type: fc.constantFrom(
    'boot',
    'acknowledge',
    'report-death',
    'confirm-death',
    'inherit',
    'finish',
    'abandon',
    'leave',
    'depart',
    'retire',
    'admit',
  ),
  by: node,
  about: node,
});

type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

function commandOf(ledger: Ledger, { type, by, about }: Wish): Command {
  const incarnation = memberOf(ledger, by)?.incarnation ?? asIncarnation(0);
  const self = { node: by, incarnation };
  const other = memberOf(ledger, about)?.incarnation ?? asIncarnation(0);
  switch (type) {
    case 'boot':
      return { type, node: by, incarnation: asIncarnation(incarnation + 1) };
    case 'acknowledge':
      return { type, ...self, view: ledger.view };
    case 'report-death':
      return { type, ...self, peer: about, peerIncarnation: other };
    case 'confirm-death':
      return { type, node: about, incarnation: other };
    case 'inherit':
      return { type, ...self, dead: about };
    case 'abandon':
      return { type, ...self, dead: about };
    case 'finish':
      return { type, ...self, claimant: about };
    case 'leave':
    case 'depart':
      return { type, ...self };
    default:
      return { type, node: about };
  }
}

interface Swap {
  readonly event: LedgerEvent;
  readonly before: Ledger;
}

/** Every swap took a tenth of the time between it and the next one. */
function swaps(wishes: readonly Wish[], beaconProvesDeath: boolean): Swap[] {
  let ledger = createLedger(NODES, { beaconProvesDeath });
  const made: Swap[] = [];
  for (const each of [...NODES.map((by): Wish => ({ type: 'boot', by, about: by })), ...wishes]) {
    const command = commandOf(ledger, each);
    const result = transition(ledger, command);
    if (!result.ok) continue;
    const sentAt = 10 * (made.length + 1);
    const author: NodeId = 'node' in command && command.type !== 'confirm-death' ? command.node : each.by;
    const event: LedgerEvent = {
      kind: 'ledger',
      t: sentAt + 1,
      sentAt,
      node: author,
      incarnation: 0,
      command: command.type,
      ledger: result.ledger,
    };
    made.push({ event, before: ledger });
    ledger = result.ledger;
  }
  return made;
}

const asked = (type: Wish['type'], by: number, about = by): Wish => ({
  type,
  by: NODES[by - 1]!,
  about: NODES[about - 1]!,
});

/** n2 has finished the claims of n1 and n3; n1 is back in the same grace and about to stop, which is all that keeps the lift. */
const ONLY_A_LEAVER_LEFT: readonly Wish[] = [
  ...[1, 2, 3].map((by) => asked('finish', by)),
  asked('report-death', 2, 1),
  asked('acknowledge', 2),
  asked('report-death', 2, 3),
  asked('inherit', 2, 1),
  asked('finish', 2, 1),
  asked('boot', 1),
  asked('leave', 1),
  asked('inherit', 2, 3),
  asked('finish', 2, 3),
];
/** Each of these lifts, whatever else it does. */
const LIFTING: readonly Wish[] = [
  asked('boot', 1),
  asked('report-death', 2, 1),
  asked('confirm-death', 2, 1),
  asked('depart', 1),
];
const examples = LIFTING.map((last): [Wish[], boolean] => [[...ONLY_A_LEAVER_LEFT, last], true]);

const wishes = fc.array(wish, { maxLength: 60 });

t.test(
  'the checkers read barriers and lifts off the ledger to the swap, whichever command made them',
  async () => {
    fc.assert(
      fc.property(wishes, fc.boolean(), (list, proves) => {
        const made = swaps(list, proves);
        const graces = gracesOf(ledgerSteps(made.map(({ event }) => event).entries()));
        const lifts = made.filter(({ event, before }) => inGrace(before) && !inGrace(event.ledger));
        const ends = graces.flatMap(({ lift }) => (lift === null ? [] : [lift.earliest]));
        same(
          ends,
          lifts.map(({ event }) => event.sentAt),
          'lifts',
        );
        const barriers = made.filter(
          ({ event, before }) =>
            inGrace(event.ledger) &&
            barrierReached(event.ledger) &&
            (event.ledger.view !== before.view || !barrierReached(before) || !inGrace(before)),
        );
        const found = graces.flatMap((grace) => grace.barriers.map(({ earliest }) => earliest));
        same(
          found,
          barriers.map(({ event }) => event.sentAt),
          'barriers',
        );
      }),
      { numRuns: 2000, examples },
    );
  },
);

t.test('those examples lift by the command that they end with', async (t) => {
  for (const [list] of examples) {
    const last = swaps(list, true).at(-1)!;
    t.equal(last.event.command, list.at(-1)!.type);
    t.ok(inGrace(last.before) && !inGrace(last.event.ledger), last.event.command);
  }
});

t.test('a swap whose event is lost only makes them less certain, never wrong', async () => {
  fc.assert(
    fc.property(wishes, fc.boolean(), fc.nat(), (list, proves, at) => {
      const made = swaps(list, proves);
      const seen = made.filter((_, index) => index !== at % made.length);
      const graces = gracesOf(ledgerSteps(seen.map(({ event }) => event).entries()));
      for (const { recoveryEpoch, lift } of graces) {
        if (lift === null) continue;
        const lifts = made.find(
          ({ event, before }) =>
            before.recoveryEpoch === recoveryEpoch && event.ledger.recoveryEpoch !== recoveryEpoch,
        )!;
        if (lift.earliest > lifts.event.sentAt)
          throw new Error(`lift after ${lift.earliest}, not ${lifts.event.sentAt}`);
        if (lift.latest < lifts.event.t) throw new Error(`lift before ${lift.latest}, not ${lifts.event.t}`);
      }
    }),
    { numRuns: 2000 },
  );
});

function same(found: readonly number[], expected: readonly number[], what: string): void {
  if (found.join() !== expected.join()) throw new Error(`${what} at ${found.join()}, not ${expected.join()}`);
}
