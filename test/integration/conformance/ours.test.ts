/** The rows against `gracelab serve`, restarted by `gracelab server-helper`: all of them, but for those that one server alone cannot show. */
import { chmodSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ROOT } from '../cli/gracelab.ts';
import { place, Serving, stateOf } from '../serve/fixtures/serving.ts';
import { conformance, rowsWith } from './server-process.ts';

/**
 * Lease and grace of the same length, in seconds. A server that is started with a shorter one is not told how long it was before: its state knows
 * that (row 16). The second is for what could not be judged with the first, where the machine was too busy to renew a lease in time.
 */
const LEASES = ['4', '20'];
const GRACELAB = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  path.join(ROOT, 'src/cli/main.ts'),
].join(' ');

t.test('gracelab serve holds every row', async (t) => {
  let unjudged: Readonly<Record<string, string>> = {};
  for (const lease of LEASES) {
    const directory = place(t);
    chmodSync(directory, 0o777);
    const { ready } = await Serving.start(t, directory, '--lease', lease, '--grace', lease);
    const helper = `${GRACELAB} server-helper ${stateOf(directory)}`;
    const again = Object.keys(unjudged);
    const rows = again.length === 0 ? [] : ['--rows', again.join()];
    const report = await conformance(`127.0.0.1:${ready.port}/`, '--helper', helper, ...rows);
    t.same(rowsWith(report, 'fail'), {});
    if (again.length === 0)
      t.same(rowsWith(report, 'not-applicable'), {
        28: 'needs --peer',
        29: 'needs --peer',
        30: 'needs --peer',
      });
    t.same(readdirSync(directory), [], 'nothing is left behind');
    unjudged = rowsWith(report, 'unknown');
    if (Object.keys(unjudged).length === 0) {
      t.equal(report.status, 0, report.stderr);
      return;
    }
    t.comment(`with a lease of ${lease} s: ${JSON.stringify(unjudged)}`);
  }
  t.same(unjudged, {});
});

t.test('a path that is not there: one sentence, and status 2', async (t) => {
  const { ready } = await Serving.start(t, place(t));
  await t.rejects(conformance(`127.0.0.1:${ready.port}/none`), {
    message: /nothing could be judged: cannot make a directory in \/none: NOENT/,
  });
});

t.test('a server that is not there: one sentence, and status 2', async (t) => {
  await t.rejects(conformance('127.0.0.1:1/'), {
    message: /nothing could be judged: no connection to 127.0.0.1/,
  });
});
