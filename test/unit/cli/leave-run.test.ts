/** The folder of a simulated history. */
import { readdir } from 'node:fs/promises';
import t from 'tap';
import { type LeftRun, leaveRun } from '../../../src/cli/simulation/leave-run.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

const SCENARIO = `
name: nothing-happens
title: A lock
cluster: { nodes: 1 }
clients: { alice: n1 }
steps:
  - lock: alice accounts 0..32
`;

t.test('what cannot be written whole is not left in part', async (t) => {
  const out = t.testdir({ other: {} });
  const loaded = parseScenario(SCENARIO, 'x.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  // No JSON has such a number: the verdict is the fourth file to be written.
  const verdict = { seed: 1n };
  const simulated = { history: [], verdict, failure: null, log: [], simulatedMs: 0 };
  const run = { scenario: loaded.scenario, seed: 1, mutants: [], simulated } as unknown as LeftRun;
  await t.rejects(leaveRun(run, { out, time: 'T1' }), { name: 'TypeError' });
  t.strictSame(await readdir(out), ['other']);
});
