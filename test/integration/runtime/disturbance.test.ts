/** What the namespace runtime can do to a container beyond booting and ending it: each effect is looked at from inside. */
import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import { type Container, NODE_PATHS } from '../../../src/runtime/runtime.ts';
import { tapInSandbox } from './programs/in-sandbox.ts';
import { PEER, Peer } from './programs/peer-control.ts';
import { realClock } from './programs/real-clock.ts';

const t = await tapInSandbox(import.meta.filename);
t.setTimeout(1_700_000);
const PORT = 7000;

const lab = await NamespaceLab.open({ clock: realClock, env: process.env, log: { line: () => undefined } });
const [n1, alice, bob] = await Promise.all([
  lab.container({ name: 'n1', role: 'node' }),
  lab.container({ name: 'alice', role: 'client' }),
  lab.container({ name: 'bob', role: 'client' }),
]);
const sh = async (container: Container, command: string) => {
  const { code, stdout, stderr } = await container.exec(['sh', '-c', command]);
  return code === 0 ? stdout.trim() : `status ${code}: ${stderr.trim()}`;
};

t.test('a clock that is ahead is ahead for that life alone, and for nobody else', async (t) => {
  const AHEAD_MS = 7_200_000;
  const offsetOf = async (container: Container) => {
    await container.boot({ argv: PEER }, container === n1 ? { clockAheadMs: AHEAD_MS } : {});
    return await sh(container, `awk '/monotonic/ { print $2 }' /proc/1/timens_offsets`);
  };
  t.equal(await offsetOf(n1), String(AHEAD_MS / 1000));
  t.equal(await offsetOf(alice), '0');
  await Promise.all([n1.kill(), alice.kill()]);
  await Peer.boot(n1);
  t.equal(await sh(n1, `awk '/monotonic/ { print $2 }' /proc/1/timens_offsets`), '0');
  await n1.kill();
});

t.test('stable storage is emptied, and read-only in this life and the next', async (t) => {
  const file = `${NODE_PATHS.stable}/f`;
  await Peer.boot(n1);
  t.equal(await sh(n1, `echo kept >${file} && cat ${file}`), 'kept');
  await t.rejects(n1.stable!.clear(), { message: 'the storage of n1 cannot be emptied while it runs' });
  await n1.stable!.setReadOnly(true);
  t.match(await sh(n1, `echo more >${file}`), /Read-only file system/);
  await n1.kill();
  await Peer.boot(n1);
  t.match(await sh(n1, `echo more >${file}`), /Read-only file system/);
  await n1.stable!.setReadOnly(false);
  t.equal(await sh(n1, `echo more >${file} && cat ${file}`), 'more');
  await n1.kill();
  await n1.stable!.clear();
  await Peer.boot(n1);
  t.equal(await sh(n1, `ls -A ${NODE_PATHS.stable}`), '');
  await n1.kill();
});

t.test(
  'stable storage that is mended while a life comes up is mended in that life, at whatever moment',
  async (t) => {
    const file = `${NODE_PATHS.stable}/f`;
    for (const afterMs of [0, 5, 10, 20, 40, 80, 160]) {
      await n1.stable!.setReadOnly(true);
      const booted = Peer.boot(n1);
      await setTimeout(afterMs);
      await n1.stable!.setReadOnly(false);
      await booted;
      t.equal(await sh(n1, `echo ${afterMs} >${file} && cat ${file}`), String(afterMs));
      await n1.kill();
    }
  },
);

t.test('a shared filesystem that is full takes nothing more, until it has its room back', async (t) => {
  await Peer.boot(n1);
  const room = () => statfsSync(lab.sharedDir).blocks;
  const before = room();
  writeFileSync(join(lab.sharedDir, 'export', 'there'), 'x'.repeat(10_000));
  const release = await lab.fill(null);
  t.throws(() => writeFileSync(join(lab.sharedDir, 'export', 'f'), 'x'.repeat(10_000)), { code: 'ENOSPC' });
  t.match(await sh(n1, `echo more >${NODE_PATHS.shared}/export/g`), /No space left|I\/O error/);
  await release();
  t.equal(room(), before);
  t.equal(
    await sh(n1, `echo more >${NODE_PATHS.shared}/export/g && cat ${NODE_PATHS.shared}/export/g`),
    'more',
  );
  await n1.kill();
});

t.test('frames are lost between those two groups, and counted', async (t) => {
  const [server, a, b] = await Promise.all([n1, alice, bob].map(Peer.boot));
  await server!.listen();
  // So that alice knows where n1 is, and nothing that she sends is held back for want of ARP.
  await a!.connect('to-n1', n1.address);
  const restore = await lab.lose(['n1'], ['alice'], 1);
  await b!.connect('to-n1', n1.address);
  await a!.tell(n1.address, 'lost');
  a!.write('to-n1', 'sent again');
  const lost = await restore();
  t.ok(lost > 0, `${lost} frames`);
  await a!.tell(n1.address, 'comes through');
  await server!.hear('comes through');
  t.strictSame(server!.heard(), ['comes through']);
  await server!.until(({ name, text }) => name === 'accepted' && text === 'sent again');
  await Promise.all([n1, alice, bob].map((container) => container.kill()));
});

t.test('a port answers with a reset while that lasts; what was connected ends', async (t) => {
  const [server, a] = await Promise.all([n1, alice].map(Peer.boot));
  await server!.listen();
  await a!.connect('before', n1.address);
  const end = await n1.port!.reset([PORT]);
  a!.process.send({ do: 'write', name: 'before', text: 'hello' });
  t.match(await a!.until(({ seen, name }) => seen === 'error' && name === 'before'), { code: 'ECONNRESET' });
  a!.process.send({ do: 'connect', name: 'during', host: n1.address });
  t.match(await a!.until(({ seen, name }) => seen === 'error' && name === 'during'), {
    code: 'ECONNREFUSED',
  });
  t.ok((await end()) >= 2);
  await a!.connect('after', n1.address);
  await Promise.all([n1, alice].map((container) => container.kill()));
});

t.test(
  'a program beside init takes over a port at the address that was dialled, and dies with the container',
  async (t) => {
    const [server, a] = await Promise.all([n1, alice].map(Peer.boot));
    await server!.listen();
    await a!.connect('before', n1.address);
    await n1.port!.redirect(PORT, PORT + 1);
    const ECHO = `require('net').createServer((s) => s.end('beside ' + s.localAddress)).listen(${PORT + 1}, '0.0.0.0', () => console.log('{"ready":true}')); process.stdin.resume()`;
    const beside = await n1.beside!({ argv: [process.execPath, '-e', ECHO] });
    await new Promise<void>((resolve) => beside.onMessage(() => resolve()));
    a!.process.send({ do: 'write', name: 'before', text: 'hello' });
    t.match(await a!.until(({ seen, name }) => seen === 'error' && name === 'before'), {
      code: 'ECONNRESET',
    });
    await a!.connect('through', n1.address);
    t.match(await a!.until(({ seen, name }) => seen === 'data' && name === 'through'), {
      text: `beside ${n1.address}`,
    });
    await n1.kill();
    t.not((await beside.exited).code, 0);
    await alice.kill();
  },
);

t.test('the lab is taken down', () => lab[Symbol.asyncDispose]());
