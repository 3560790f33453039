/** A lab that shares a directory of the machine, logs into files, and runs a program from below /tmp. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import { NODE_PATHS } from '../../../src/runtime/runtime.ts';
import { tapInSandbox } from './programs/in-sandbox.ts';
import { realClock } from './programs/real-clock.ts';

const t = await tapInSandbox(import.meta.filename);

const PROJECT = realpathSync(join(import.meta.dirname, '..', '..', '..'));

// A /tmp of the sandbox's own, so that this test leaves nothing on the host's. A checkout below /tmp stays in sight.
const belowTmp = PROJECT.startsWith('/tmp/');
if (belowTmp) execFileSync('mount', ['--bind', PROJECT, '/mnt']);
execFileSync('mount', ['-t', 'tmpfs', 'test', '/tmp']);
if (belowTmp) {
  mkdirSync(PROJECT, { recursive: true });
  execFileSync('mount', ['--bind', '/mnt', PROJECT]);
}
mkdirSync('/tmp/to share');
mkdirSync('/tmp/clone');
writeFileSync('/tmp/clone/hello.sh', 'echo hello >&2; echo written >/srv/gracelab/export/by-node\n');

const lab = await NamespaceLab.open({
  clock: realClock,
  env: process.env,
  log: { directory: '/tmp/logs' },
  shared: { kind: 'directory', path: '/tmp/to share' },
  visible: ['/tmp/clone'],
});
t.teardown(() => lab[Symbol.asyncDispose]());
const node = await lab.container({ name: 'n1', role: 'node' });

t.test('a program below /tmp is there when it is named as visible, and nothing else of /tmp', async (t) => {
  const program = await node.boot({ argv: ['sh', '/tmp/clone/hello.sh'] });
  t.match(await program.exited, { code: 0 });
  await node.boot({ argv: ['sleep', '1000'] });
  const seen = (await node.exec(['ls', '/tmp'])).stdout.trim().split('\n');
  t.same(
    seen.filter((name) => !belowTmp || name !== PROJECT.split('/')[2]),
    ['clone'],
  );
  t.match((await node.exec(['touch', '/tmp/clone/f'])).stderr, /Read-only file system/i);
  await node.kill();
});

t.test('stderr goes to the file of the container', async (t) => {
  t.equal(readFileSync('/tmp/logs/n1.log', 'utf8'), 'hello\n');
});

t.test('a shared directory is the one that the nodes write to', async (t) => {
  t.equal(readFileSync('/tmp/to share/export/by-node', 'utf8'), 'written\n');
  t.equal(readFileSync(`${lab.sharedDir}/export/by-node`, 'utf8'), 'written\n');
});

t.test("programs in the place of the nodes' storage are refused in one sentence", async (t) => {
  const options = { clock: realClock, env: process.env } as const;
  const inStorage = { ...options, log: { directory: '/tmp/logs' }, visible: [`${NODE_PATHS.shared}/bin`] };
  await t.rejects(NamespaceLab.open(inStorage), { message: /cannot be used from within \/srv\/gracelab/ });
});
