import t from 'tap';
import type { OperatorsDesk } from '../../../src/cli/operator/operators-desk.ts';
import { abandon, admit, declareDead, move, retire } from '../../../src/cli/operator/repairs.ts';
import type { FenceOutcome } from '../../../src/core/fencer.ts';
import { asIncarnation, asNodeId, asView } from '../../../src/core/ids.ts';
import { createLedger, type Ledger } from '../../../src/core/ledger.ts';
import { type Command, transition } from '../../../src/core/transitions.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { MemoryDomain, MemoryStore } from '../../../src/store/memory.ts';
import type { DomainStore } from '../../../src/store/store.ts';

const [N1, N2] = [asNodeId('n1'), asNodeId('n2')];
const FIRST = asIncarnation(1);
const boot = (node: typeof N1): Command => ({ type: 'boot', node, incarnation: FIRST });

function after(beaconProvesDeath: boolean, ...commands: Command[]): Ledger {
  let ledger = createLedger([N1, N2], { beaconProvesDeath });
  for (const command of commands) {
    const result = transition(ledger, command);
    if (!result.ok) throw new Error(`${command.type}: ${result.refusal}`);
    ledger = result.ledger;
  }
  return ledger;
}

const finish = (node: typeof N1): Command => ({ type: 'finish', node, incarnation: FIRST, claimant: node });

/** Both nodes up, and no grace. */
const serving = (beaconProvesDeath = true): Ledger =>
  after(beaconProvesDeath, boot(N1), boot(N2), finish(N1), finish(N2));

type Desk = OperatorsDesk & { readonly store: MemoryStore; readonly clock: VirtualClock };

async function deskOver(ledger: Ledger, parts: Partial<OperatorsDesk> = {}): Promise<Desk> {
  const clock = new VirtualClock();
  const store = new MemoryStore(new MemoryDomain(), clock);
  await store.swap(null, ledger);
  return { beaconLit: () => false, fencer: null, ...parts, store, clock };
}
const ledgerOf = async ({ store }: OperatorsDesk): Promise<Ledger> => (await store.read())!.ledger;
const fencerThatSays = (outcome: FenceOutcome) => {
  const asked: string[] = [];
  return {
    asked,
    fence: async (life: { node: string; incarnation: number }) => {
      asked.push(`${life.node} ${life.incarnation}`);
      return outcome;
    },
  };
};

t.test('admit and retire are swaps, and refusals come with what to do', async (t) => {
  const desk = await deskOver(after(true));
  t.match(await admit(desk, 'n3'), { done: true, revision: Number });
  t.ok('n3' in (await ledgerOf(desk)).members);
  t.match(await admit(desk, 'n3'), {
    done: false,
    refusal: 'already-a-member',
    sentence: 'n3 is a member of this lock domain already.',
  });
  t.match(await retire(desk, 'n3'), { done: true });
  t.match(await retire(desk, 'n9'), {
    refusal: 'not-a-member',
    sentence: 'n9 is no member of this lock domain; there are n1, n2.',
  });
});

t.test('row 29: a filesystem moves in a grace of its own', async (t) => {
  const desk = await deskOver(after(true, boot(N1), boot(N2)));
  t.match(await move(desk, 'filesystem', 'n1', 'n2'), {
    done: false,
    refusal: 'in-grace',
    sentence: /grace of its own/,
  });
  t.match(await move(desk, 'address', 'n1', 'n2'), { done: true });
});

t.test('row 29: no filesystem goes to a node that sends its own clients elsewhere for it', async (t) => {
  const moved = after(
    true,
    boot(N1),
    boot(N2),
    finish(N1),
    finish(N2),
    { type: 'migrate', owner: N1, to: N2 },
    { type: 'acknowledge', node: N1, incarnation: FIRST, view: asView(5) },
    { type: 'acknowledge', node: N2, incarnation: FIRST, view: asView(5) },
    { type: 'hand-over', node: N1, incarnation: FIRST, owner: N1 },
    { type: 'finish', node: N2, incarnation: FIRST, claimant: N1 },
  );
  const desk = await deskOver(moved);
  t.match(await move(desk, 'filesystem', 'n2', 'n1'), {
    done: false,
    refusal: 'not-serving',
    sentence: 'n1 does not serve this filesystem itself, n2 does in its place; bring it home to n1 first.',
  });
  t.same(await ledgerOf(desk), moved);
  t.match(await move(desk, 'address', 'n2', 'n1'), { done: true }, 'an address may go to any live node');
  t.match(
    await move(await deskOver(moved), 'filesystem', 'n1', 'n1'),
    { done: true },
    'and this brings it home',
  );
});

t.test(
  'an address that is at home does not come home, and of a node that is down that is said',
  async (t) => {
    const home = await deskOver(serving());
    t.match(await move(home, 'address', 'n1', 'n1'), {
      refusal: 'already-there',
      sentence: /are served there already/,
    });
    const down = await deskOver(
      after(true, boot(N1), boot(N2), finish(N1), finish(N2), {
        type: 'report-death',
        node: N1,
        incarnation: FIRST,
        peer: N2,
        peerIncarnation: FIRST,
      }),
    );
    t.match(await move(down, 'address', 'n2', 'n2'), {
      refusal: 'already-there',
      sentence: 'n2 is down, and nobody else serves its clients; start it.',
    });
  },
);

t.test('D3: a node that serves cannot be retired', async (t) => {
  const desk = await deskOver(serving());
  t.match(await retire(desk, 'n1'), { done: false, refusal: 'still-serving' });
  t.match(await abandon(desk, 'n1'), { done: false, refusal: 'no-grace' });
});

t.test('declare dead: the beacon proves it where it proves anything', async (t) => {
  const slots: bigint[] = [];
  const desk = await deskOver(serving(), {
    beaconLit: (slot) => {
      slots.push(slot);
      return false;
    },
  });
  t.match(await declareDead(desk, 'n2'), { done: true });
  t.equal((await ledgerOf(desk)).members[N2]?.state, 'down');
  t.strictSame(slots, [2n ** 31n + 1n], 'of the life that the ledger names');
  t.match(await declareDead(desk, 'n2'), { refusal: 'already-down' });
});

t.test('I3: a life whose beacon is lit is not declared dead on the word of a person', async (t) => {
  const fencer = fencerThatSays({ outcome: 'gone' });
  const desk = await deskOver(serving(), { beaconLit: () => true, fencer });
  const before = await ledgerOf(desk);
  t.match(await declareDead(desk, 'n2'), { refusal: 'still-alive', sentence: /its beacon is lit: it lives/ });
  t.strictSame(await ledgerOf(desk), before);
  t.strictSame(fencer.asked, [], 'nor is it ended for that');
});

t.test('D19: where a missing beacon proves nothing the fencer is asked, and believed', async (t) => {
  const gone = fencerThatSays({ outcome: 'gone' });
  const desk = await deskOver(serving(false), { fencer: gone });
  t.match(await declareDead(desk, 'n2'), { done: true });
  t.strictSame(gone.asked, ['n2 1']);
  const failed = fencerThatSays({ outcome: 'failed', reason: 'nobody answers' });
  t.match(await declareDead(await deskOver(serving(false), { fencer: failed }), 'n2'), {
    refusal: 'still-alive',
    sentence: 'n2 is not declared dead: nobody answers.',
  });
  t.match(await declareDead(await deskOver(serving(false)), 'n2'), { refusal: 'still-alive' });
});

t.test('abandon closes the claims of the dead, past the barrier', async (t) => {
  const desk = await deskOver(serving());
  await declareDead(desk, 'n2');
  t.match(await abandon(desk, 'n2'), { refusal: 'before-barrier', sentence: /gracelab why/ });
  const { view } = await ledgerOf(desk);
  const { ledger, revision } = (await desk.store.read())!;
  const acknowledged = transition(ledger, { type: 'acknowledge', node: N1, incarnation: FIRST, view });
  if (acknowledged.ok) await desk.store.swap(revision, acknowledged.ledger);
  t.match(await retire(desk, 'n2'), { refusal: 'claims-open' });
  t.match(await abandon(desk, 'n2'), { done: true });
  t.match(await retire(desk, 'n2'), { done: true });
});

t.test('a swap that was lost is computed anew, from what is there now', async (t) => {
  const desk = await deskOver(after(true));
  let beaten = false;
  const { store } = desk;
  const rival: DomainStore = Object.create(store, {
    read: {
      value: async () => {
        const stored = await store.read();
        if (!beaten && stored !== null) {
          beaten = true;
          const other = transition(stored.ledger, { type: 'admit', node: asNodeId('first') });
          if (other.ok) await store.swap(stored.revision, other.ledger);
        }
        return stored;
      },
    },
    swap: { value: store.swap.bind(store) },
  });
  const outcome = admit({ ...desk, store: rival }, 'second');
  await desk.clock.advance(100);
  t.match(await outcome, { done: true });
  t.match(Object.keys((await ledgerOf(desk)).members), ['n1', 'n2', 'first', 'second']);
});

t.test('a swap of which nobody knows whether it happened is looked up', async (t) => {
  const desk = await deskOver(after(true));
  desk.store.losesNextAnswer = true;
  t.match(await admit(desk, 'n3'), { done: true });
  t.ok('n3' in (await ledgerOf(desk)).members);
});

t.test('a domain without a ledger has nothing to repair', async (t) => {
  const clock = new VirtualClock();
  const store = new MemoryStore(new MemoryDomain(), clock);
  const desk = { store, clock, beaconLit: () => false, fencer: null };
  await t.rejects(admit(desk, 'n3'), { message: /has no ledger yet/ });
});
