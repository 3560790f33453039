import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';

const AGENT = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'agents', 'node.ts');
const TIMES = { leaseMs: 1000, graceMs: 1000, storePatienceMs: 1000, originNs: '0' };

/** A directory that stands for a shared filesystem and for the node's own storage. */
const place = (t: Test): string => t.testdir({ shared: { export: {}, '.gracelab': {} }, stable: {} });
const ledgerOf = (directory: string): string => join(directory, 'shared', '.gracelab', 'ledger.sqlite');

/** Starts the agent of a node, alone in its cluster. */
function start(t: Test, directory: string, port: number): ChildProcessWithoutNullStreams {
  const agent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', AGENT]);
  t.teardown(() => agent.kill('SIGKILL'));
  const shared = join(directory, 'shared');
  const store = { kind: 'sqlite', path: ledgerOf(directory) };
  const domains = [{ name: 'main', directory: shared, members: ['n1'], store }];
  const stable = join(directory, 'stable');
  const configuration = { node: 'n1', listen: '127.0.0.1', port, stable, domains, ...TIMES };
  agent.stdin.write(`${JSON.stringify(configuration)}\n`);
  return agent;
}

async function endOf(agent: ChildProcessWithoutNullStreams) {
  let stderr = '';
  agent.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = await once(agent, 'close');
  return { code, stderr };
}

/** The first message of that kind. */
async function said(agent: ChildProcessWithoutNullStreams, kind: string): Promise<unknown> {
  for await (const line of createInterface({ input: agent.stdout })) {
    const message = JSON.parse(line) as Record<string, unknown>;
    if (kind in message) return message[kind];
  }
  return null;
}

t.test('a port in use is told in one sentence, with the remedy', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  t.same(await endOf(start(t, place(t), port)), {
    code: 1,
    stderr: `port ${port} of 127.0.0.1 is in use: stop the program that listens there.\n`,
  });
});

t.test('row 20: a damaged ledger is told and waited for, and is not replaced', async (t) => {
  const directory = place(t);
  mkdirSync(join(directory, 'shared', '.gracelab'), { recursive: true });
  const damage = 'no database at all, and long enough to be read as one. '.repeat(40);
  writeFileSync(ledgerOf(directory), damage);
  const agent = start(t, directory, 0);
  t.match(await said(agent, 'waiting'), /^the ledger cannot be read \(the store is damaged: /);
  t.equal(agent.exitCode, null, 'it does not end for that');
  t.equal(readFileSync(ledgerOf(directory), 'utf8'), damage);
});

t.test(
  'C14: a second process of the same node does not start, whatever the shared filesystem says',
  async (t) => {
    const directory = place(t);
    const first = start(t, directory, 0);
    t.equal(await said(first, 'ready'), true);
    t.same(await endOf(start(t, directory, 0)), {
      code: 1,
      stderr: 'Another process is n1 already: stop it first.\n',
    });
    t.equal(first.exitCode, null);
  },
);
