/** The rows against `gracelab serve`: all of them, but for those that one server alone cannot show. */
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { ROOT, temporaryDirectory } from '../cli/gracelab.ts';
import { conformance, freePort, rowsWith, ServerProcess, type ServerUnderHand } from './server-process.ts';

const LEASE_S = 4;

/** Lease and grace of the same length. Its state is told to it, and is not told how long they were before: it knows that (row 16). */
function ours(directory: string, port: number): ServerUnderHand {
  const [exported, state] = [path.join(directory, 'export'), path.join(directory, 'state')];
  mkdirSync(exported);
  chmodSync(exported, 0o777);
  chmodSync(directory, 0o755);
  const ledger = path.join(state, 'ledger.sqlite');
  let leaseSeconds = LEASE_S;
  const program = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    path.join(ROOT, 'src/cli/main.ts'),
  ];
  return {
    port,
    argv: () => {
      const seconds = String(leaseSeconds);
      const times = ['--lease', seconds, '--grace', seconds];
      return [...program, 'serve', exported, '--state', state, '--port', String(port), ...times];
    },
    loseRecords: () => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${ledger}${suffix}`, { force: true });
    },
    corruptRecords: () => {
      const database = new DatabaseSync(ledger);
      database.exec("UPDATE records SET text = 'nonsense'");
      database.close();
    },
    setLease: (seconds) => {
      leaseSeconds = seconds;
    },
  };
}

t.test('gracelab serve holds every row', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const server = await ServerProcess.start(t, ours(directory, port));
  const helper = await server.helper(t, directory);
  const report = await conformance(`127.0.0.1:${port}/`, '--helper', helper);
  t.same(rowsWith(report, 'fail'), {});
  t.same(rowsWith(report, 'unknown'), {});
  t.same(rowsWith(report, 'not-applicable'), {
    28: 'needs --peer',
    29: 'needs a filesystem that has moved to another server',
    30: 'needs a filesystem that has moved to this server',
  });
  t.equal(report.status, 0, report.stderr);
  t.same(readdirSync(path.join(directory, 'export')), [], 'nothing is left behind');
});

t.test('a path that is not there: one sentence, and status 2', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  await ServerProcess.start(t, ours(directory, port));
  await t.rejects(conformance(`127.0.0.1:${port}/none`), {
    message: /nothing could be judged: cannot make a directory in \/none: NOENT/,
  });
});

t.test('a server that is not there: one sentence, and status 2', async (t) => {
  await t.rejects(conformance('127.0.0.1:1/'), {
    message: /nothing could be judged: no connection to 127.0.0.1/,
  });
});
