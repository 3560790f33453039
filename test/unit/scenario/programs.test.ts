import t from 'tap';
import { ALL_CHECK_NAMES, CHECK_NAMES } from '../../../src/check/verdict.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import { needsAbilities, scenarioRefusal } from '../../../src/scenario/needed-abilities.ts';

const scenario = (steps: string, programs = 'programs: { backup: n3 }') =>
  parseScenario(
    `name: p\ntitle: Programs\nclients: { alice: n1 }\n${programs}\nsteps:\n  - wait: 1s\n${steps}`,
    'p.yaml',
  );

function loaded(...how: Parameters<typeof scenario>) {
  const parsed = scenario(...how);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.scenario;
}

const complaint = (...how: Parameters<typeof scenario>): string | undefined => {
  const parsed = scenario(...how);
  return parsed.ok ? undefined : parsed.problems[0];
};

t.test('where there are local programs there is a gate, and their check is required', async (t) => {
  const { programs, cluster, expect } = loaded('  - lock: backup accounts');
  t.strictSame(programs, [{ name: 'backup', node: 'n3' }]);
  t.equal(cluster.gate, true);
  t.strictSame(expect.checks, ALL_CHECK_NAMES);
  const without = loaded('', '');
  t.equal(without.cluster.gate, undefined);
  t.strictSame(without.expect.checks, CHECK_NAMES);
});

t.test('a lock that is expected waits, one that is expected to be refused tries once', async (t) => {
  const { steps } = loaded(
    '  - lock: backup accounts\n    by: flock\n  - lock: backup accounts 0..9\n    expect: AGAIN',
  );
  t.match(steps.slice(1), [
    { retry: 'grace', by: 'flock' },
    { retry: 'none', expect: ['AGAIN'] },
  ]);
});

t.test('what a local program cannot do is refused before anything starts', async (t) => {
  const refusals: readonly [step: string, RegExp][] = [
    ['  - loop: backup accounts', /backup is a local program, and a loop needs an NFS client/],
    ['  - lock: backup/two accounts', /backup is a local program, which is its own only lock owner/],
    ['  - lock: backup accounts 0..9\n    owners: 2', /its own only lock owner; leave "owners" out/],
    ['  - open: backup accounts\n    deny: read', /open\(2\) knows no deny modes/],
    ['  - lock: backup accounts 0..9\n    by: flock', /flock\(2\) locks whole files; leave the range out/],
    ['  - lock: alice accounts\n    by: flock', /alice is an NFS client, which locks by NFS/],
    ['  - unlock: backup accounts', /no earlier step opens "accounts" for backup/],
    ['  - recovery: backup by-the-book', /backup/],
  ];
  for (const [step, sentence] of refusals) t.match(complaint(step), sentence, step);
  t.match(complaint('', 'programs: { alice: n1 }'), /no local program can be called "alice"/);
  t.match(complaint('', 'programs: { backup: n9 }'), /n9/);
});

t.test('C7: where there can be no gate the scenario is refused, with a remedy', async (t) => {
  const withPrograms = loaded('  - lock: backup accounts');
  t.equal(needsAbilities(withPrograms), true);
  const missing = [{ ability: 'gate' as const, remedy: 'run as root' }];
  const refusal = scenarioRefusal(withPrograms, { runtime: 'the namespace runtime', missing });
  t.match(refusal, /^the gate in the scenario p needs what .* does not offer here: gate .*; run as root$/);
  t.equal(scenarioRefusal(withPrograms, { runtime: 'the namespace runtime', missing: [] }), null);
});
