/** Faults at named steps of the protocol, on simulated nodes. */
import t from 'tap';
import { SIMULATED_AGENTS } from '../../../src/cli/simulation/agents.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import { simulate } from '../../../src/sim/simulate.ts';

/** Two lives of n1 end, each of which makes n2 acknowledge a grace. What n2 does from the first end on. */
async function secondAcknowledgement(fault: string) {
  const loaded = parseScenario(
    [
      'name: named-step',
      'title: x',
      'cluster: { nodes: 2, lease: 500ms, grace: 500ms }',
      'clients: { alice: n1 }',
      'steps:',
      '  - lock: alice f 0..8',
      '  - parallel:',
      `      - - fault: ${fault}`,
      '          with: { at: before-acknowledgement, nth: 2 }',
      '      - - wait: 10ms',
      '        - fault: kill n1 for 100ms',
      '        - wait: lift',
      '        - fault: kill n1 for 100ms',
      '  - wait: lift',
      'expect: { checks: [] }',
    ].join('\n'),
    'named-step',
  );
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const { history, failure } = await simulate(
    { scenario: loaded.scenario, seed: 1, mutants: [] },
    SIMULATED_AGENTS,
  );
  if (failure !== null) throw new Error(failure);
  const of = (phase: string) =>
    history.find((event) => event.kind === 'fault' && event.targets.includes('n2') && event.phase === phase)!
      .t;
  const killed = history.find((event) => event.kind === 'fault' && event.targets.includes('n1'))!.t;
  const did = history.flatMap((event) =>
    (event.kind === 'node' || event.kind === 'ledger') && event.node === 'n2' && event.t > killed
      ? [event]
      : [],
  );
  return { begin: of('begin'), end: of('end'), did };
}

const acknowledgements = (events: readonly object[]): readonly object[] =>
  events.filter((event) => 'event' in event && event.event === 'acknowledged');

t.test('a node that stalls stands still at its step, for its time, and then goes on', async (t) => {
  const { begin, end, did } = await secondAcknowledgement('stall n2 for 300ms');
  t.equal(acknowledgements(did.filter((event) => event.t < begin)).length, 1, 'the second time it comes by');
  const [next] = did.filter((event) => event.t > begin);
  // The lab hears that it stands there, and that it goes on, some milliseconds later.
  t.ok(next!.t > begin + 290e6 && next!.t <= end);
  t.equal(acknowledgements(did).length, 2);
  t.ok(did.every(({ incarnation }) => incarnation === 1));
});

t.test('of what comes after the step a node that crashes there does nothing', async (t) => {
  const { begin, did } = await secondAcknowledgement('crash n2 for 100ms');
  const [before, after] = [did.filter((event) => event.t < begin), did.filter((event) => event.t > begin)];
  t.equal(acknowledgements(before).length, 1);
  t.ok(after.length > 0 && after.every(({ incarnation }) => incarnation === 2));
});
