import { readdirSync } from 'node:fs';
import t from 'tap';
import { parseScenario } from '../../../src/scenario/load.ts';
import { InterruptedError, runScenario } from '../../../src/scenario/runner.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const TEXT = 'name: short\ntitle: Short\nclients: { alice: n1 }\nsteps:\n  - wait: 1m\n';

/** A run whose lab never comes up. */
function run(out: string, interruption: AbortSignal) {
  const loaded = parseScenario(TEXT, 'short.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.join());
  const never = (): never => {
    throw new Error('nothing runs');
  };
  return runScenario(
    { scenario: loaded.scenario, seed: 1, mutants: [], out, progress: () => {} },
    {
      programs: { node: { argv: ['true'] }, client: { argv: ['true'] } },
      clock: new VirtualClock(),
      monotonicNs: () => 0n,
      view: never,
      openOperator: never,
      openLab: () => new Promise(() => {}),
      folderTime: () => '20260102T030405Z',
      setting: { runtime: 'r', server: 's', filesystem: 'f' },
      interruption,
    },
  );
}

t.test('an interruption that came before the run folder was there counts, and leaves nothing', async (t) => {
  const out = t.testdir({});
  await t.rejects(run(out, AbortSignal.abort()), InterruptedError);
  t.same(readdirSync(out), []);
});

t.test('so does one that comes while the lab comes up', async (t) => {
  const out = t.testdir({});
  const interruption = new AbortController();
  const ended = run(out, interruption.signal);
  while (!readdirSync(out).includes('short')) await new Promise((go) => setImmediate(go));
  interruption.abort();
  await t.rejects(ended, InterruptedError);
  t.same(readdirSync(out), []);
});
