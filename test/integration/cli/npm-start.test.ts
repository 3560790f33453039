import t from 'tap';
import { finish, gracelab, temporaryDirectory } from './gracelab.ts';

t.test('npm start: what npm itself says does not reach stdout', async (t) => {
  const { status, stdout } = await finish('npm', ['start', '--', '--help']);
  t.equal(status, 0);
  t.match(stdout, /^Usage: gracelab run/);
});

t.test('npm start -- --json: one JSON document on stdout and nothing else', async (t) => {
  const { status, stdout } = await finish('npm', [
    'start',
    '--',
    '--json',
    '--out',
    temporaryDirectory(t),
    'reboot',
  ]);
  const document = JSON.parse(stdout);
  t.equal(status, 0);
  t.match(document, {
    verdict: 'valid',
    scenarios: [{ scenario: 'reboot', verdict: { verdict: 'valid' }, failure: null }],
  });
});

t.test('npm start: the exit status of a refusal comes through npm', async (t) => {
  const { status, stderr } = await finish('npm', ['start', '--', 'nope']);
  t.equal(status, 64);
  t.match(stderr, /there is no scenario "nope"/);
});

t.test('a stored run is judged again to the same verdict', async (t) => {
  const out = temporaryDirectory(t);
  const first = JSON.parse((await gracelab(['run', '--json', '--out', out, 'reboot'])).stdout);
  const again = await gracelab(['check', '--json', `${out}/latest`]);
  t.equal(again.status, 0);
  t.strictSame(JSON.parse(again.stdout).checks, first.scenarios[0].verdict.checks);
});

t.test('the run folder cannot be written: one sentence, status 3, nothing left behind', async (t) => {
  const { status, stdout, stderr } = await gracelab(['run', '--out', '/proc/nowhere', 'reboot']);
  t.equal(status, 3);
  t.match(stderr.trim(), /^gracelab: cannot write .*--out$/);
  t.equal(stdout, '');
});

t.test('check: a folder that is no run folder is named, with an example', async (t) => {
  const { status, stderr } = await gracelab(['check', temporaryDirectory(t)]);
  t.equal(status, 64);
  t.match(stderr, /is not a run folder: it has no topology\.json/);
});
