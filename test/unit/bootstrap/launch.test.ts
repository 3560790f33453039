import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t from 'tap';

const LAUNCH = path.resolve(import.meta.dirname, '../../../src/bootstrap/launch.cjs');

/** A start of a program that is not there, which nobody foresees. */
function astray(env: Record<string, string>) {
  const script = `require(${JSON.stringify(LAUNCH)}).launch({ program: 'nowhere', argv: [], systemPackages: false })`;
  return spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { ...process.env, GRACELAB_DEBUG: '', ...env },
  });
}

t.test('what nobody foresaw is one sentence, and not the status of a violation', async (t) => {
  const { status, stdout, stderr } = astray({});
  t.equal(status, 2);
  t.equal(stdout, '');
  t.match(
    stderr,
    /^gracelab: .*nowhere.*; this should not happen, and GRACELAB_DEBUG=1 shows where it did\.\n$/,
  );
});

t.test('GRACELAB_DEBUG=1 shows where it happened', async (t) => {
  const { status, stderr } = astray({ GRACELAB_DEBUG: '1' });
  t.equal(status, 2);
  t.match(stderr, /\n\s+at /);
});
