/** Faults of the network and of the ledger, which stay in force until they are healed. */
import t from 'tap';
import type { MessageRule, RelayReport } from '../../../src/core/message-rule.ts';
import type { BreakableNode, Fault } from '../../../src/faults/fault.ts';
import { FAULTS } from '../../../src/faults/registry.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { NO_NETWORK, surroundingsWith } from './fixtures/surroundings.ts';

function stage() {
  const log: string[] = [];
  const rules: MessageRule[] = [];
  let act: (report: RelayReport) => void = () => {};
  const clock = new VirtualClock();
  const ended =
    (what: string, count = 0) =>
    async () => {
      log.push(`end of ${what}`);
      return count;
    };
  const nothing = (what: string) => async () => void log.push(`end of ${what}`);
  const surroundings = surroundingsWith({
    clock,
    network: {
      ...NO_NETWORK,
      everybodyBut: (names) => ['n1', 'n2', 'alice'].filter((name) => !names.includes(name)),
      lose: async (a, b, share) => {
        log.push(`lose ${share} between ${a} and ${b}`);
        return ended('loss', 7);
      },
      reset: async (names) => {
        log.push(`reset ${names}`);
        return ended('reset', 3);
      },
      relay: async (node, rule, onAct) => {
        if (node === 'n9') throw new Error('n9 has no relay');
        log.push(`relay ${node}`);
        rules.push(rule);
        act = onAct;
        return nothing('relay');
      },
    },
    ledger: {
      names: ['ledger'],
      slow: async (names, delayMs) => {
        log.push(`slow ${names} ${delayMs}`);
        return nothing('slow');
      },
      lose: async (names) => {
        log.push(`lose ${names}`);
        return nothing('loss');
      },
      fill: async (names) => {
        log.push(`fill ${names}`);
        return nothing('fill');
      },
    },
    tell: (phase, targets, detail = '') => void log.push(`${phase} ${targets} ${detail}`.trim()),
  });
  const inject = (fault: string, target: string, parameters: object) => {
    const chosen = FAULTS.get(fault) as Fault;
    return chosen.inject(
      target.split(' ').map((name) => ({ name }) as BreakableNode),
      chosen.parameters.parse(parameters),
      surroundings,
    );
  };
  return { log, rules, clock, surroundings, inject, act: (what: string) => act({ what }) };
}

t.test('loss: between the targets and everybody else, or somebody; it says what was lost', async (t) => {
  const { log, clock, inject } = stage();
  const done = inject('loss', 'n1', { downMs: 50, share: 0.5 });
  await clock.advance(50);
  await done;
  t.strictSame(log, [
    'lose 0.5 between n1 and n2,alice',
    'begin n1 0.5 of the frames',
    'end of loss',
    'end n1 7 frames lost',
  ]);
  await inject('loss', 'n1', { stayDown: true, from: ['alice'] });
  t.equal(log[4], 'lose 0.3 between n1 and alice');
});

t.test('reset: until it is healed, by the name of its target, once', async (t) => {
  const { log, surroundings, inject } = stage();
  await inject('reset', 'n1', { stayDown: true });
  t.match(surroundings.disturbances.all, [{ fault: 'reset', targets: ['n1'] }]);
  t.match(await surroundings.disturbances.healAllOf(['n1']), [{ detail: '3 segments answered' }]);
  t.strictSame(await surroundings.disturbances.healAllOf(['n1']), []);
  t.strictSame(log, ['reset n1', 'begin n1', 'end of reset']);
});

t.test('a message: nothing is told before the relay acts, and each act is', async (t) => {
  const { log, rules, clock, inject, act } = stage();
  const done = inject('delay-message', 'n1', {
    message: 'the reply to the third LOCK of alice',
    byMs: 30,
    times: 2,
    downMs: 100,
  });
  await clock.advance(10);
  t.match(rules, [
    {
      direction: 'reply',
      operation: 'LOCK',
      nth: 3,
      times: 2,
      peer: 'address of alice',
      act: { kind: 'delay', delayMs: 30 },
    },
  ]);
  t.strictSame(log, ['relay n1']);
  act('delay the reply to LOCK 3');
  await clock.advance(90);
  await done;
  t.strictSame(log.slice(1), ['begin n1 delay the reply to LOCK 3', 'end of relay', 'end n1 1 message']);
});

t.test('a message that never came leaves no trace in the history', async (t) => {
  const { log, clock, inject } = stage();
  const done = inject('drop-message', 'n1', { message: 'RECLAIM_COMPLETE', downMs: 100 });
  await clock.advance(100);
  await done;
  t.strictSame(log, ['relay n1', 'end of relay']);
});

t.test('the ledger is slow, gone and full', async (t) => {
  const { log, surroundings, inject } = stage();
  await inject('ledger-slow', 'ledger', { stayDown: true, delayMs: 40 });
  await inject('ledger-gone', 'ledger', { stayDown: true });
  await inject('ledger-full', 'ledger', { stayDown: true });
  t.strictSame(
    log.filter((line) => !line.startsWith('begin')),
    ['slow ledger 40', 'lose ledger', 'fill ledger'],
  );
  t.equal((await surroundings.disturbances.healAllOf(['ledger'])).length, 3);
  t.strictSame(log.slice(-3), ['end of slow', 'end of loss', 'end of fill']);
});

t.test('what is in force on a target is refused there a second time, and begun elsewhere', async (t) => {
  const { log, inject } = stage();
  for (const [fault, target] of [
    ['reset', 'n1'],
    ['ledger-full', 'ledger'],
  ] as const) {
    await inject(fault, target, { stayDown: true });
    const before = [...log];
    await t.rejects(inject(fault, target, { stayDown: true }), {
      message: `the fault ${fault} is in force on ${target} already; heal it first`,
    });
    t.strictSame(log, before);
  }
  await inject('reset', 'n2', { stayDown: true });
  t.equal(log.at(-1), 'begin n2');
});

t.test('one that was healed early is not ended again when its time is up', async (t) => {
  const { log, clock, surroundings, inject } = stage();
  const done = inject('reset', 'n1', { downMs: 100 });
  await clock.advance(10);
  await surroundings.disturbances.healAllOf(['n1']);
  await clock.advance(90);
  await done;
  t.strictSame(log, ['reset n1', 'begin n1', 'end of reset']);
});

t.test('a message: where one of several nodes has no relay, none is left with a rule', async (t) => {
  const { log, surroundings, inject } = stage();
  const parameters = { message: 'LOCK', stayDown: true };
  await t.rejects(inject('drop-message', 'n1 n9', parameters), { message: 'n9 has no relay' });
  t.strictSame(log, ['relay n1', 'end of relay']);
  t.strictSame(surroundings.disturbances.all, []);
});
