import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { CHECK_NAMES } from '../../../src/check/verdict.ts';
import { gracelab, ROOT, temporaryDirectory } from '../cli/gracelab.ts';
import { noDevice } from '../gate/fixtures/mounted.ts';

const SHIPPED = readdirSync(path.join(ROOT, 'scenarios'))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => path.basename(file, '.yaml'));

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(1_700_000);

for (const scenario of SHIPPED) {
  const skip = scenario === 'gate' && (noDevice() ?? false);
  t.test(`the scenario ${scenario} is valid on the real server`, { skip }, async (t) => {
    const out = temporaryDirectory(t);
    const { status, stdout, stderr } = await gracelab([
      'run',
      scenario,
      '--seed',
      '1',
      '--out',
      out,
      '--json',
    ]);
    const { verdict, scenarios } = JSON.parse(stdout);
    t.equal(verdict, 'valid', JSON.stringify(scenarios?.[0]?.verdict.reasons));
    t.equal(status, 0);
    t.equal(stderr, '');
  });
}

t.test('a run leaves its folder, and latest points at it', async (t) => {
  const out = temporaryDirectory(t);
  await gracelab(['run', 'reboot', '--seed', '7', '--out', out, '--json']);
  const latest = path.join(out, 'latest');
  t.ok(lstatSync(latest).isSymbolicLink());
  t.match(readlinkSync(latest), /^reboot\/\d{8}T\d{6}Z$/);
  t.strictSame(readdirSync(latest).sort(), [
    'history.jsonl',
    'logs',
    'report.html',
    'scenario.yaml',
    'topology.json',
    'verdict.json',
  ]);
  t.strictSame(readdirSync(path.join(latest, 'logs')).sort(), [
    'alice.log',
    'bob.log',
    'carol.log',
    'n1.log',
    'n2.log',
    'n3.log',
  ]);
  const verdict = JSON.parse(readFileSync(path.join(latest, 'verdict.json'), 'utf8'));
  t.match(verdict, {
    scenario: 'reboot',
    seed: 7,
    runtime: 'namespace',
    server: 'gracelab',
    filesystem: 'tmpfs',
  });
  t.strictSame(
    verdict.checks.map(({ name }: { name: string }) => name),
    CHECK_NAMES,
  );
  const topology = JSON.parse(readFileSync(path.join(latest, 'topology.json'), 'utf8'));
  t.match(topology, { seed: 7, mutants: [], nodes: [{ name: 'n1', address: '10.77.0.11' }, {}, {}] });
  const check = await gracelab(['check', latest, '--json']);
  t.equal(JSON.parse(check.stdout).verdict, verdict.verdict, 'the stored run is judged alike again');
});
