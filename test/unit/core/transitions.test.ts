import fc from 'fast-check';
import t from 'tap';
import { asIncarnation, asNodeId, asView, type NodeId } from '../../../src/core/ids.ts';
import {
  barrierReached,
  claimsServedBy,
  createLedger,
  inGrace,
  type Ledger,
  nodesOf,
} from '../../../src/core/ledger.ts';
import { formatLedger, parseLedger } from '../../../src/core/ledger-text.ts';
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
  let ledger = start;
  for (const node of nodesOf(ledger))
    if (ledger.members[node]!.state === 'up') ledger = acknowledge(ledger, node);
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
  for (const node of [n1, n2, n3]) ledger = acknowledge(ledger, node);
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
  for (const node of [n1, n2, n3]) ledger = acknowledge(ledger, node);
  ledger = must(ledger, { type: 'retire', node: n4 });
  t.equal(inGrace(ledger), true);
});

t.test('D2: a dead member does not hang the cluster: its claims are abandoned, then it may go', async (t) => {
  let ledger = dies(cluster(), n1, n2);
  t.equal(refusalOf(ledger, { type: 'retire', node: n1 }), 'claims-open');
  for (const node of [n2, n3]) ledger = acknowledge(ledger, node);
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
    for (const node of [n2, n3]) ledger = acknowledge(ledger, node);
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

t.test('D5: a node that left for good does not pin the grace', async (t) => {
  let ledger = must(cluster(), { type: 'leave', ...self(cluster(), n1) });
  t.equal(refusalOf(ledger, { type: 'depart', ...self(ledger, n1) }), 'before-barrier');
  for (const node of [n1, n2, n3]) ledger = acknowledge(ledger, node);
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
  for (const node of [n2, n3]) ledger = acknowledge(ledger, node);
  ledger = must(ledger, { type: 'inherit', ...self(ledger, n2), dead: n1 });
  t.equal(refusalOf(ledger, { type: 'inherit', ...self(ledger, n3), dead: n1 }), 'has-heir');
  t.equal(refusalOf(ledger, { type: 'finish', ...self(ledger, n3), claimant: n1 }), 'not-served-here');
  ledger = finish(ledger, n2, n1);
  t.equal(inGrace(ledger), true, 'n3 has not finished');
  ledger = dies(ledger, n2, n3);
  t.equal(ledger.members[n1]!.claims, 'open');
  t.equal(ledger.members[n1]!.heir, null);
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
                after.members[name]!.state !== 'down' && after.members[name]!.acknowledgedView < ledger.view,
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
