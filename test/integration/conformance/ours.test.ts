/** The rows against `gracelab serve`, restarted by `gracelab server-helper`: all of them, but for those that one server alone cannot show. */
import { chmodSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ROOT } from '../cli/gracelab.ts';
import { place, Serving, stateOf } from '../serve/fixtures/serving.ts';
import { conformance, rowsWith } from './server-process.ts';

/** Lease and grace of the same length. A server that is started with a shorter one is not told how long it was before: its state knows that (row 16). */
const TIMES = ['--lease', '4', '--grace', '4'];
const GRACELAB = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  path.join(ROOT, 'src/cli/main.ts'),
].join(' ');

t.test('gracelab serve holds every row', async (t) => {
  const directory = place(t);
  chmodSync(directory, 0o777);
  const { ready } = await Serving.start(t, directory, ...TIMES);
  const helper = `${GRACELAB} server-helper ${stateOf(directory)}`;
  const report = await conformance(`127.0.0.1:${ready.port}/`, '--helper', helper);
  t.same(rowsWith(report, 'fail'), {});
  t.same(rowsWith(report, 'unknown'), {});
  t.same(rowsWith(report, 'not-applicable'), {
    28: 'needs --peer',
    29: 'needs --peer',
    30: 'needs --peer',
  });
  t.equal(report.status, 0, report.stderr);
  t.same(readdirSync(directory), [], 'nothing is left behind');
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
