import fc from 'fast-check';
import t from 'tap';
import { asIncarnation, asNodeId, asView, type NodeId } from '../../../src/core/ids.ts';
import {
  addressesCarriedBy,
  barrierReached,
  claimsServedBy,
  createLedger,
  inGrace,
  type Ledger,
  nodesOf,
  unacknowledged,
} from '../../../src/core/ledger.ts';
import { formatLedger, parseLedger } from '../../../src/core/ledger-text.ts';
import { heirTurnOf, holdingUp, successorsOf } from '../../../src/core/succession.ts';
import { type Command, type Refusal, transition } from '../../../src/core/transitions.ts';

const [n1, n2, n3, n4] = ['n1', 'n2', 'n3', 'n4'].map(asNodeId) as [NodeId, NodeId, NodeId, NodeId];

const must = (ledger: Ledger, command: Command): Ledger => {
  const result = transition(ledger, command);
  if (!result.ok) throw new Error(`${command.type} was refused: ${result.refusal}`);
  return result.ledger;
};

const refusalOf = (ledger: Ledger, command: Command): Refusal | null => {
  const result = transition(ledger, command);
  return result.ok ? null : result.refusal;
};

const self = (ledger: Ledger, node: NodeId) => ({ node, incarnation: ledger.members[node]!.incarnation });
const next = (ledger: Ledger, node: NodeId) => asIncarnation(ledger.members[node]!.incarnation + 1);
const boot = (ledger: Ledger, node: NodeId) =>
  must(ledger, { type: 'boot', node, incarnation: next(ledger, node) });
const acknowledge = (ledger: Ledger, node: NodeId) =>
  must(ledger, { type: 'acknowledge', ...self(ledger, node), view: ledger.view });
/** Those who have not acknowledged yet do. */
const barrier = (start: Ledger): Ledger => {
  let ledger = start;
  for (const node of unacknowledged(start)) ledger = acknowledge(ledger, node);
  return ledger;
};
const finish = (ledger: Ledger, node: NodeId, claimant = node) =>
  must(ledger, { type: 'finish', ...self(ledger, node), claimant });
const dies = (ledger: Ledger, node: NodeId, reporter: NodeId) =>
  must(ledger, {
    type: 'report-death',
    ...self(ledger, reporter),
    peer: node,
    peerIncarnation: ledger.members[node]!.incarnation,
  });

/** Every node acknowledges and finishes until the grace is over. */
const recover = (start: Ledger): Ledger => {
  let ledger = barrier(start);
  for (const node of nodesOf(ledger))
    if (claimsServedBy(ledger, node).includes(node)) ledger = finish(ledger, node);
  return ledger;
};

const cluster = (beaconProvesDeath = true): Ledger => {
  let ledger = createLedger([n1, n2, n3], { beaconProvesDeath });
  for (const node of [n1, n2, n3]) ledger = boot(ledger, node);
  return recover(ledger);
};

t.test('a first start: every boot joins one grace, which lifts at the barrier', async (t) => {
  const quiet = cluster();
  t.equal(inGrace(quiet), false);
  t.equal(quiet.epoch, 2, 'one grace, one epoch');
  t.ok(nodesOf(quiet).every((node) => quiet.members[node]!.state === 'up'));
});

t.test('boot: quiet starts a grace from the epoch written so far; in grace both epochs stay', async (t) => {
  const quiet = cluster();
  const first = boot(quiet, n1);
  t.equal(first.recoveryEpoch, quiet.epoch);
  t.equal(first.epoch, quiet.epoch + 1);
  const second = boot(first, n2);
  t.equal(second.recoveryEpoch, first.recoveryEpoch);
  t.equal(second.epoch, first.epoch);
  t.equal(second.view, first.view + 1);
  t.equal(
    refusalOf(quiet, { type: 'boot', node: n1, incarnation: quiet.members[n1]!.incarnation }),
    'not-the-next-incarnation',
  );
});

t.test('I3: grace lifts in the swap of the last finish, and not before every claim is closed', async (t) => {
  let ledger = boot(boot(cluster(), n1), n2);
  ledger = barrier(ledger);
  ledger = finish(ledger, n1);
  t.equal(inGrace(ledger), true, 'n2 still recovers');
  ledger = finish(ledger, n2);
  t.equal(inGrace(ledger), false);
});

t.test('I4: nothing is finished, inherited or abandoned before the barrier', async (t) => {
  const down = dies(cluster(), n1, n2);
  t.equal(refusalOf(down, { type: 'abandon', ...self(down, n2), dead: n1 }), 'before-barrier');
  t.equal(refusalOf(down, { type: 'inherit', ...self(down, n2), dead: n1 }), 'before-barrier');
  const back = boot(down, n1);
  t.equal(refusalOf(back, { type: 'finish', ...self(back, n1), claimant: n1 }), 'before-barrier');
});

t.test('D1: retiring a member does not lift a grace that another still needs', async (t) => {
  let ledger = must(cluster(), { type: 'admit', node: n4 });
  ledger = boot(ledger, n1);
  ledger = barrier(ledger);
  ledger = must(ledger, { type: 'retire', node: n4 });
  t.equal(inGrace(ledger), true);
});

t.test('D2: a dead member does not hang the cluster: its claims are abandoned, then it may go', async (t) => {
  let ledger = dies(cluster(), n1, n2);
  t.equal(refusalOf(ledger, { type: 'retire', node: n1 }), 'claims-open');
  ledger = barrier(ledger);
  ledger = must(ledger, { type: 'abandon', ...self(ledger, n2), dead: n1 });
  t.equal(inGrace(ledger), false);
  ledger = must(ledger, { type: 'retire', node: n1 });
  t.notOk(n1 in ledger.members);
});

t.test(
  'D3: a retired member does not come back through a late command, nor does its name with an old number',
  async (t) => {
    const before = dies(cluster(), n1, n2);
    const late = self(before, n1);
    let ledger = before;
    ledger = barrier(ledger);
    ledger = must(ledger, { type: 'abandon', ...self(ledger, n2), dead: n1 });
    ledger = must(ledger, { type: 'retire', node: n1 });
    t.equal(refusalOf(ledger, { type: 'acknowledge', ...late, view: ledger.view }), 'not-a-member');
    ledger = must(ledger, { type: 'admit', node: n1 });
    t.equal(refusalOf(ledger, { type: 'acknowledge', ...late, view: ledger.view }), 'stale-incarnation');
    t.ok(boot(ledger, n1).members[n1]!.incarnation > late.incarnation);
  },
);

t.test('D4: an acknowledgement of an old view counts for nothing', async (t) => {
  const first = boot(cluster(), n1);
  const second = boot(first, n2);
  t.equal(refusalOf(second, { type: 'acknowledge', ...self(second, n3), view: first.view }), 'old-view');
});

t.test(
  'a boot acknowledges itself: a life that begins has nothing to stop and nothing to record',
  async (t) => {
    t.same(unacknowledged(boot(cluster(), n1)), [n2, n3]);
  },
);

t.test(
  'acknowledgements hold for further views of the same grace, and for no view of the next',
  async (t) => {
    const first = barrier(boot(cluster(), n1));
    t.equal(barrierReached(boot(first, n2)), true, 'another boot');
    t.equal(barrierReached(dies(first, n2, n3)), true, 'a death');
    t.equal(barrierReached(must(first, { type: 'admit', node: n4 })), true, 'a new member');
    t.same(unacknowledged(boot(finish(first, n1), n2)), [n1, n3], 'the next grace');
  },
);

t.test('D19: what a node acknowledged before it became suspect counts no more', async (t) => {
  const acknowledged = barrier(boot(cluster(false), n1));
  t.same(unacknowledged(dies(acknowledged, n3, n1)), [n3]);
});

t.test('a first start of N nodes costs 2 N writes, and the loss of one N + 2', async (t) => {
  const names = Array.from({ length: 32 }, (_, index) => asNodeId(`n${index + 10}`));
  let ledger = createLedger(names, { beaconProvesDeath: true });
  let writes = 0;
  const count = (next: Ledger) => {
    writes += 1;
    ledger = next;
  };
  for (const node of names) count(boot(ledger, node));
  for (const node of unacknowledged(ledger)) count(acknowledge(ledger, node));
  for (const node of names) count(finish(ledger, node));
  t.equal(inGrace(ledger), false);
  t.equal(writes, 2 * names.length);

  writes = 0;
  const [lost, witness] = names as [NodeId, NodeId];
  count(dies(ledger, lost, witness));
  for (const node of unacknowledged(ledger)) count(acknowledge(ledger, node));
  count(boot(ledger, lost));
  count(finish(ledger, lost));
  t.equal(inGrace(ledger), false);
  t.equal(writes, names.length + 2);
});

t.test('D5: a node that left for good does not pin the grace', async (t) => {
  let ledger = must(cluster(), { type: 'leave', ...self(cluster(), n1) });
  t.equal(refusalOf(ledger, { type: 'depart', ...self(ledger, n1) }), 'before-barrier');
  ledger = barrier(ledger);
  t.equal(refusalOf(ledger, { type: 'finish', ...self(ledger, n1), claimant: n1 }), 'still-serving');
  ledger = must(ledger, { type: 'depart', ...self(ledger, n1) });
  t.equal(inGrace(ledger), true, 'its clients have yet to reclaim');
  t.equal(inGrace(must(ledger, { type: 'abandon', ...self(ledger, n2), dead: n1 })), false);
});

t.test('D8: a fenced life changes nothing', async (t) => {
  const before = cluster();
  const zombie = self(before, n1);
  const ledger = boot(before, n1);
  for (const command of [
    { type: 'acknowledge', ...zombie, view: ledger.view },
    { type: 'finish', ...zombie, claimant: n1 },
    { type: 'leave', ...zombie },
    { type: 'report-death', ...zombie, peer: n2, peerIncarnation: ledger.members[n2]!.incarnation },
  ] as Command[]) {
    t.equal(refusalOf(ledger, command), 'stale-incarnation', command.type);
  }
});

t.test(
  'D19: where a missing beacon proves nothing, the barrier waits for the suspect or for the fencer',
  async (t) => {
    let ledger = dies(cluster(false), n1, n2);
    t.equal(ledger.members[n1]!.state, 'suspect');
    for (const node of [n2, n3]) ledger = acknowledge(ledger, node);
    t.equal(barrierReached(ledger), false);
    t.equal(barrierReached(acknowledge(ledger, n1)), true, 'the suspect stopped');
    const fenced = must(ledger, { type: 'confirm-death', ...self(ledger, n1) });
    t.equal(fenced.members[n1]!.state, 'down');
    t.equal(
      refusalOf(ledger, { type: 'leave', ...self(ledger, n1) }),
      'stale-incarnation',
      'a suspect decides nothing',
    );
  },
);

t.test('an heir serves a dead node; when it dies too, what it had finished opens again', async (t) => {
  let ledger = dies(cluster(), n1, n2);
  ledger = dies(ledger, n3, n2);
  ledger = boot(ledger, n3);
  ledger = barrier(ledger);
  ledger = must(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 });
  t.equal(refusalOf(ledger, { type: 'inherit', ...self(ledger, n3), dead: n1 }), 'has-heir');
  t.equal(refusalOf(ledger, { type: 'finish', ...self(ledger, n3), claimant: n1 }), 'not-served-here');
  ledger = finish(ledger, n2, n1);
  t.equal(inGrace(ledger), true, 'n3 has not finished');
  ledger = dies(ledger, n2, n3);
  t.equal(ledger.members[n1]!.claims, 'open');
  t.same(claimsServedBy(ledger, n2), [n1, n2], 'they stay together, for whoever takes them over');
});

t.test('C5: the address goes with the claims, and stays where it led when its owner returns', async (t) => {
  let ledger = barrier(dies(cluster(), n1, n2));
  t.same(addressesCarriedBy(ledger, n1), [n1]);
  ledger = must(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 });
  t.same(addressesCarriedBy(ledger, n2), [n1, n2]);
  ledger = barrier(boot(finish(ledger, n2, n1), n1));
  t.same(addressesCarriedBy(ledger, n1), []);
  t.test('the heir dies: the next one carries both, the owner its own if it is the one', async (t) => {
    const lost = barrier(dies(ledger, n2, n3));
    const byThird = must(lost, { type: 'inherit', ...self(lost, n3), dead: n2 });
    t.same(addressesCarriedBy(byThird, n3), [n1, n2, n3]);
    const byOwner = must(lost, { type: 'inherit', ...self(lost, n1), dead: n2 });
    t.same(addressesCarriedBy(byOwner, n1), [n1, n2]);
    t.equal(byOwner.members[n1]!.addressAt, null);
  });
  t.test('the heir is given up: the address is its owner’s again', async (t) => {
    const lost = barrier(dies(ledger, n2, n3));
    const abandoned = must(lost, { type: 'abandon', dead: n2, operator: true });
    t.same(addressesCarriedBy(abandoned, n1), [n1]);
  });
});

t.test(
  'claims and the address that leads to them stay together when the heir dies in the same grace',
  async (t) => {
    let ledger = barrier(dies(cluster(), n1, n2));
    ledger = must(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 });
    const lost = barrier(dies(ledger, n2, n3));
    t.equal(refusalOf(lost, { type: 'inherit', ...self(lost, n3), dead: n1 }), 'has-heir');
    t.test('the heir is back: it serves them again', async (t) => {
      t.same(claimsServedBy(boot(lost, n2), n2), [n1, n2]);
    });
    t.test('another inherits from the heir: it gets both', async (t) => {
      const inherited = must(lost, { type: 'inherit', ...self(lost, n3), dead: n2 });
      t.same(claimsServedBy(inherited, n3), [n1, n2]);
      t.same(addressesCarriedBy(inherited, n3), [n1, n2, n3]);
    });
    t.test(
      'the heir is given up: so is what it had inherited, and the address is its owner’s again',
      async (t) => {
        const abandoned = must(lost, { type: 'abandon', dead: n2, operator: true });
        t.same(addressesCarriedBy(abandoned, n1), [n1]);
        t.equal(inGrace(abandoned), false);
      },
    );
  },
);

t.test('I2: whose claims an heir has finished stays a member until the lift', async (t) => {
  let ledger = dies(dies(cluster(), n1, n2), n3, n2);
  ledger = barrier(boot(ledger, n3));
  ledger = finish(must(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 }), n2, n1);
  // Should n2 die now, the clients of n1 reclaim once more, by the records that were written for n1.
  t.equal(refusalOf(ledger, { type: 'retire', node: n1 }), 'claims-open');
});

t.test('retiring a carrier gives the addresses back', async (t) => {
  let ledger = barrier(dies(cluster(), n1, n2));
  ledger = must(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 });
  ledger = barrier(boot(finish(ledger, n2, n1), n1));
  ledger = barrier(dies(ledger, n2, n3));
  ledger = must(ledger, { type: 'abandon', dead: n2, operator: true });
  ledger = must(ledger, { type: 'retire', node: n2 });
  t.same(addressesCarriedBy(ledger, n1), [n1]);
});

t.test('whoever leaves inherits nothing, and no grace lifts while it still holds its locks', async (t) => {
  let ledger = barrier(dies(cluster(), n1, n2));
  ledger = must(ledger, { type: 'leave', ...self(ledger, n2) });
  t.equal(refusalOf(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 }), 'already-leaving');
  t.same(successorsOf(ledger, n1), [n3, n2], 'it is the last to have others fenced');
  t.same([heirTurnOf(ledger, n1, n3), heirTurnOf(ledger, n1, n2)], [0, null]);
});

t.test('an operator abandons under the same conditions as a node', async (t) => {
  const ledger = dies(cluster(), n1, n2);
  const abandon: Command = { type: 'abandon', dead: n1, operator: true };
  t.equal(refusalOf(ledger, abandon), 'before-barrier');
  t.equal(refusalOf(cluster(), abandon), 'no-grace');
  t.equal(refusalOf(barrier(ledger), { ...abandon, dead: n2 }), 'still-serving');
  t.equal(inGrace(must(barrier(ledger), abandon)), false);
});

t.test('C11: a planned move begins with grace, and opens the claims before anything is let go', async (t) => {
  const quiet = cluster();
  const begun = must(quiet, { type: 'migrate', owner: n1, to: n2 });
  t.equal(begun.recoveryEpoch, quiet.epoch);
  t.equal(begun.members[n1]!.claims, 'open');
  const handOver: Command = { type: 'hand-over', ...self(begun, n1), owner: n1 };
  t.equal(refusalOf(begun, handOver), 'before-barrier');
  const ready = barrier(begun);
  t.equal(refusalOf(ready, { ...handOver, ...self(ready, n2) }), 'not-served-here', 'the giver does that');
  t.equal(refusalOf(ready, { type: 'finish', ...self(ready, n1), claimant: n1 }), 'moving');
  const handed = must(ready, handOver);
  t.same(addressesCarriedBy(handed, n2), [n1, n2]);
  t.same(claimsServedBy(handed, n2), [n1]);
  t.equal(inGrace(handed), true, 'its clients have yet to come');
  t.equal(inGrace(finish(handed, n2, n1)), false, 'who is nobody’s client there is not waited for');
});

t.test('a planned move is refused where it makes no sense', async (t) => {
  const quiet = cluster();
  const move = (ledger: Ledger, to: NodeId): Refusal | null =>
    refusalOf(ledger, { type: 'migrate', owner: n1, to });
  t.equal(move(quiet, n1), 'already-there');
  t.equal(move(quiet, n4), 'not-a-member');
  t.equal(move(dies(quiet, n2, n3), n2), 'not-serving');
  t.equal(move(dies(quiet, n1, n3), n2), 'not-serving', 'what is dead is inherited');
  t.equal(move(must(quiet, { type: 'leave', ...self(quiet, n2) }), n2), 'already-leaving');
  t.equal(move(must(quiet, { type: 'migrate', owner: n1, to: n3 }), n2), 'moving');
});

t.test('row 29: a filesystem moves in a grace of its own, and never in a circle', async (t) => {
  const quiet = cluster();
  const move = (owner: NodeId, to: NodeId): Command => ({ type: 'migrate', owner, to, filesystem: true });
  const dying = barrier(dies(quiet, n3, n1));
  t.equal(refusalOf(dying, move(n1, n2)), 'in-grace', 'n2 may have acknowledged without knowing of it');
  t.equal(refusalOf(must(quiet, move(n2, n1)), move(n1, n2)), 'in-grace', 'each would send on to the other');
  let ledger = barrier(must(quiet, move(n1, n2)));
  ledger = must(ledger, { type: 'hand-over', ...self(ledger, n1), owner: n1 });
  t.equal(refusalOf(ledger, move(n1, n1)), 'in-grace', 'its clients have yet to come to n2');
  t.equal(refusalOf(ledger, { type: 'migrate', owner: n1, to: n1 }), null, 'they follow an address anywhere');
  ledger = finish(ledger, n2, n1);
  t.equal(refusalOf(ledger, move(n2, n1)), 'not-serving', 'n1 sends its own clients to n2');
  t.equal(refusalOf(ledger, move(n3, n1)), 'not-serving');
  t.equal(refusalOf(ledger, move(n2, n3)), null);
  t.equal(refusalOf(ledger, move(n1, n1)), null, 'and this brings it home');
});

t.test('I2: the taker is lost on the way, and the giver serves the claims', async (t) => {
  const moving = barrier(must(cluster(), { type: 'migrate', owner: n1, to: n2 }));
  const off = dies(moving, n2, n3);
  t.equal(off.members[n1]!.movingTo, null);
  t.same(claimsServedBy(off, n1), [n1], 'it may have let go already');
  t.equal(refusalOf(off, { type: 'hand-over', ...self(off, n1), owner: n1 }), 'not-moving');
});

t.test('I2: the giver is lost on the way, and its next life serves the claims', async (t) => {
  const moving = barrier(must(cluster(), { type: 'migrate', owner: n1, to: n2 }));
  const back = boot(dies(moving, n1, n3), n1);
  t.equal(back.members[n1]!.movingTo, null);
  t.same(claimsServedBy(back, n1), [n1]);
});

t.test('failback: the owner gets its own address back, and the heir keeps its own clients', async (t) => {
  let ledger = barrier(dies(cluster(), n1, n2));
  ledger = must(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 });
  ledger = barrier(boot(finish(ledger, n2, n1), n1));
  t.equal(ledger.members[n1]!.addressAt, n2);
  t.equal(refusalOf(ledger, { type: 'retire', node: n1 }), 'still-serving');
  ledger = barrier(must(ledger, { type: 'migrate', owner: n1, to: n1 }));
  ledger = must(ledger, { type: 'hand-over', ...self(ledger, n2), owner: n1 });
  t.same(claimsServedBy(ledger, n1), [n1]);
  t.same(claimsServedBy(ledger, n2), []);
  ledger = finish(ledger, n1);
  t.equal(inGrace(ledger), false);
  t.same(ledger.members[n1]!.recordedAt, null);
});

t.test('whose address another carries stays a member: its clients go by its name', async (t) => {
  let ledger = barrier(dies(cluster(), n1, n2));
  ledger = must(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 });
  ledger = finish(ledger, n2, n1);
  t.equal(refusalOf(ledger, { type: 'retire', node: n1 }), 'address-carried');
  t.same([ledger.members[n1]!.recordedAt, ledger.members[n1]!.recordedIncarnation], [n2, 1]);
});

t.test('I8: whom grace waits for', async (t) => {
  const dead = dies(cluster(), n1, n2);
  const lives = (ledger: Ledger, deadlinePassed: boolean) =>
    holdingUp(ledger, deadlinePassed).map(({ node }) => node);
  t.same(lives(cluster(), true), [], 'nobody outside grace');
  t.same(lives(dead, false), [n2, n3], 'whoever has not acknowledged');
  const back = barrier(boot(dead, n1));
  t.same(lives(back, false), [], 'its clients have time until the deadline');
  t.same(lives(back, true), [n1], 'then it must finish');
  const left = barrier(must(cluster(), { type: 'leave', ...self(cluster(), n3) }));
  t.same(lives(left, true), [n3], 'a leaver that does not let go');
});

const commands = fc.record({
  type: fc.constantFrom(
    'admit',
    'retire',
    'boot',
    'acknowledge',
    'report-death',
    'confirm-death',
    'inherit',
    'finish',
    'abandon',
    'leave',
    'depart',
    'migrate',
    'hand-over',
  ),
  node: fc.constantFrom(n1, n2, n3, n4),
  other: fc.constantFrom(n1, n2, n3, n4),
  lag: fc.constantFrom(0, 0, 0, 1),
});

t.test(
  'any sequence of commands keeps the ledger well-formed and lifts only at the barrier with every claim closed',
  async () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(commands, { maxLength: 80 }), (proves, steps) => {
        let ledger = createLedger([n1, n2, n3], { beaconProvesDeath: proves });
        for (const { type, node, other, lag } of steps) {
          const known = (name: NodeId) => ledger.members[name]?.incarnation ?? 0;
          const incarnation = asIncarnation(type === 'boot' ? known(node) + 1 : known(node) - lag);
          const command = {
            type,
            node,
            incarnation,
            view: asView(ledger.view - lag),
            peer: other,
            peerIncarnation: known(other),
            dead: other,
            claimant: other,
            owner: other,
            to: node,
          } as unknown as Command;
          const result = transition(ledger, command);
          if (!result.ok) continue;
          const after = result.ledger;
          const parsed = parseLedger(formatLedger(after));
          if (!parsed.ok) throw new Error(parsed.problem);
          if (inGrace(ledger) && !inGrace(after)) {
            const open = nodesOf(after).filter((name) => after.members[name]!.claims === 'open');
            if (open.length > 0) throw new Error(`lifted while ${open} still had claims`);
            // The view of the barrier is the one before the lift made its own.
            const late = nodesOf(after).filter(
              (name) =>
                after.members[name]!.state !== 'down' &&
                after.members[name]!.acknowledgedView !== after.view - 1,
            );
            if (late.length > 0) throw new Error(`lifted before ${late} had acknowledged`);
          }
          if (after.view < ledger.view || after.epoch < ledger.epoch)
            throw new Error('view or epoch went back');
          ledger = after;
        }
      }),
      { numRuns: 2000 },
    );
  },
);
