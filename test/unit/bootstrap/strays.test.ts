import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { endStrays, marked } from '../../../src/bootstrap/strays.ts';

const MARK = `${process.pid} of this test`;

const waiting = (mark: string) =>
  spawn('sleep', ['60'], { env: marked(process.env, mark), detached: true, stdio: 'ignore' });

t.test(
  'whatever a test file has started is ended, in its process group or not, and nobody else',
  async (t) => {
    const stray = waiting(MARK);
    const other = waiting(`${MARK}, too`);
    t.teardown(() => other.kill('SIGKILL'));
    await Promise.all([once(stray, 'spawn'), once(other, 'spawn')]);
    const ended = once(stray, 'exit');
    t.equal(endStrays(MARK), 1);
    t.strictSame(await ended, [null, 'SIGKILL']);
    t.equal(endStrays(MARK), 0);
    t.equal(other.exitCode, null);
    t.equal(other.signalCode, null);
  },
);
