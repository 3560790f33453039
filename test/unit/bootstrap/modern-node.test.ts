import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { findNode, isNewEnough } from '../../../src/bootstrap/modern-node.cjs';

const MODULE = path.resolve(import.meta.dirname, '../../../src/bootstrap/modern-node.cjs');

/** A process that runs `program` as its child, the way the bootstrap does when it cannot become it. */
function wrapper(program: string) {
  const script = `require(${JSON.stringify(MODULE)}).runAsChild(process.execPath, ['-e', ${JSON.stringify(program)}], process.env)`;
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

t.test('Node 24 is new enough, and Node 22 is not', async (t) => {
  t.equal(isNewEnough('24.0.0'), true);
  t.equal(isNewEnough('100.1.0'), true);
  t.equal(isNewEnough('22.99.0'), false);
  t.equal(isNewEnough('8.17.0'), false);
});

t.test('the Node of the package `node` is found where Node would look for a package', async (t) => {
  const root = t.testdir({ node_modules: { gracelab: {} } });
  const bin = path.join(root, 'node_modules', 'node', 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(path.join(bin, 'node'), '');
  t.equal(findNode(root), path.join(bin, 'node'));
  t.equal(findNode(path.join(root, 'node_modules', 'gracelab')), path.join(bin, 'node'));
});

t.test('without any such Node the remedy is one sentence', async (t) => {
  t.throws(() => findNode('/nowhere/at/all'), { message: /needs Node 24 or newer.*nodejs\.org/ });
});

t.test('the exit status of a child becomes that of the wrapper', async (t) => {
  const [code] = await once(wrapper('process.exit(42)'), 'exit');
  t.equal(code, 42);
});

t.test('a child that dies of a signal takes the wrapper along by the same signal', async (t) => {
  const [, signal] = await once(wrapper('process.kill(process.pid, "SIGKILL")'), 'exit');
  t.equal(signal, 'SIGKILL');
});

t.test('a signal that was meant for the child reaches it', async (t) => {
  const parent = wrapper(
    'process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 1000); console.log("up")',
  );
  await once(parent.stdout, 'data');
  parent.kill('SIGTERM');
  const [code] = await once(parent, 'exit');
  t.equal(code, 7);
});
