import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';

const AGENT = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'agents', 'node.ts');

/** Starts the agent of a node, alone in its cluster, and waits for its end. */
async function endOf(t: Test, port: number, prepare: (shared: string) => void = () => {}) {
  const shared = t.testdir({ export: {}, '.gracelab': {} });
  prepare(shared);
  const agent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', AGENT]);
  t.teardown(() => agent.kill('SIGKILL'));
  const times = { leaseMs: 1000, graceMs: 1000, storePatienceMs: 1000, originNs: '0' };
  const store = { kind: 'sqlite', path: join(shared, '.gracelab', 'ledger.sqlite') };
  const domains = [{ name: 'main', directory: shared, members: ['n1'], store }];
  agent.stdin.write(`${JSON.stringify({ node: 'n1', listen: '127.0.0.1', port, domains, ...times })}\n`);
  let stderr = '';
  agent.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = await once(agent, 'close');
  return { code, stderr };
}

t.test('a port in use is told in one sentence, with the remedy', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  t.same(await endOf(t, port), {
    code: 1,
    stderr: `port ${port} of 127.0.0.1 is in use: stop the program that listens there.\n`,
  });
});

t.test('row 20: a damaged ledger is told in one sentence, and is not replaced', async (t) => {
  const damage = (shared: string) => {
    mkdirSync(join(shared, '.gracelab'), { recursive: true });
    writeFileSync(
      join(shared, '.gracelab', 'ledger.sqlite'),
      'no database at all, and long enough to be read as one. '.repeat(40),
    );
  };
  const { code, stderr } = await endOf(t, 0, damage);
  t.equal(code, 1);
  t.match(stderr, /^the store is damaged: .*\n$/);
});
