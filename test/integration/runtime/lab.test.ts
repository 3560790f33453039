/** A real lab with real containers. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import { type Container, NODE_PATHS } from '../../../src/runtime/runtime.ts';
import { tapInSandbox } from './programs/in-sandbox.ts';
import { PEER, Peer } from './programs/peer-control.ts';
import { realClock } from './programs/real-clock.ts';

const t = await tapInSandbox(import.meta.filename);
t.setTimeout(1_700_000);
const log: string[] = [];
const lab = await NamespaceLab.open({
  clock: realClock,
  env: process.env,
  log: { line: (container, line) => log.push(`${container}: ${line}`) },
});
const beganMs = performance.now();
const [n1, n2, n3, alice] = await Promise.all([
  lab.container({ name: 'n1', role: 'node' }),
  lab.container({ name: 'n2', role: 'node' }),
  lab.container({ name: 'n3', role: 'node' }),
  lab.container({ name: 'alice', role: 'client' }),
]);

const sh = async (container: Container, command: string) => {
  const { code, stdout, stderr } = await container.exec(['sh', '-c', command]);
  return code === 0 ? stdout.trim() : `status ${code}: ${stderr.trim()}`;
};

t.test('containers talk over TCP, each under its own address and host name', async (t) => {
  const [p1, p2, p3] = await Promise.all([n1, n2, n3].map(Peer.boot));
  t.comment(`three nodes up ${(performance.now() - beganMs).toFixed(0)} ms after the first was declared`);
  if (!p1 || !p2 || !p3) throw new Error('three peers');
  t.strictSame([n1.address, n2.address, alice.address], ['10.77.0.11', '10.77.0.12', '10.77.1.1']);
  await p1.listen();
  await p2.connect('to-n1', n1.address);
  p2.write('to-n1', 'hello');
  t.match(await p1.until((seen) => seen.seen === 'data'), { text: 'hello' });
  await p3.connect('to-n1', n1.address);
  t.equal(await sh(n3, 'hostname'), 'n3');
  await Promise.all([n1, n2, n3].map((node) => node.kill()));
});

t.test('address, MAC and stable storage survive a reboot; tmpfs does not', async (t) => {
  await Peer.boot(n1);
  const lasting = `cat /sys/class/net/eth0/address; ip -4 -o address show dev eth0 | cut -d' ' -f7`;
  const before = await sh(n1, lasting);
  const netns = await sh(n1, 'readlink /proc/1/ns/net');
  await sh(n1, `echo kept >${NODE_PATHS.stable}/f; for d in /run /tmp /dev/shm; do echo gone >$d/f; done`);
  await n1.powerCut();
  await Peer.boot(n1);
  t.match(before, /^02:00:0a:4d:00:0b\s10\.77\.0\.11\/16$/);
  t.equal(await sh(n1, lasting), before);
  t.equal(await sh(n1, `cat ${NODE_PATHS.stable}/f`), 'kept');
  t.equal(await sh(n1, 'ls /run/f /tmp/f /dev/shm/f 2>/dev/null | wc -l'), '0');
  t.not(await sh(n1, 'readlink /proc/1/ns/net'), netns, 'a life has a network namespace of its own');
  await n1.kill();
});

t.test(
  'every node sees the shared filesystem and its own stable storage; a client sees neither',
  async (t) => {
    await Promise.all([n1, n2, alice].map(Peer.boot));
    await sh(n1, `echo shared >${NODE_PATHS.shared}/export/f; echo own >${NODE_PATHS.stable}/own`);
    t.equal(await sh(n2, `cat ${NODE_PATHS.shared}/export/f`), 'shared');
    t.equal(readFileSync(join(lab.sharedDir, 'export', 'f'), 'utf8'), 'shared\n');
    t.equal(await sh(n2, `stat -c %a ${NODE_PATHS.shared}/.gracelab; ls ${NODE_PATHS.stable}`), '700');
    t.equal(await sh(alice, `find ${NODE_PATHS.shared} ${NODE_PATHS.stable} -mindepth 1`), '');
    await Promise.all([n1, n2, alice].map((container) => container.kill()));
  },
);

t.test("the machine's files are there to be read, not written", async (t) => {
  await Peer.boot(n1);
  t.match(await sh(n1, 'head -c 1 /etc/passwd && ls /usr/bin/env'), '/usr/bin/env');
  const places = ['/etc', '/usr', '/', '/var/lib', '/srv', '/var', import.meta.dirname];
  for (const place of places) t.match(await sh(n1, `: >${place}/f`), /Read-only file system/i, place);
  await n1.kill();
});

t.test('a container sees its own processes and interfaces only', async (t) => {
  await Peer.boot(n1);
  t.equal(await sh(n1, 'ls /sys/class/net'), 'eth0\nlo');
  t.equal(
    await sh(n1, `grep -l '[l]ab[.]test' /proc/[0-9]*/cmdline | wc -l`),
    '0',
    'the lab is out of sight',
  );
  await n1.kill();
});

t.test('a power cut lets no end of a connection out; a kill does', async (t) => {
  const [p1, p2, p3] = await Promise.all([n1, n2, n3].map(Peer.boot));
  if (!p1 || !p2 || !p3) throw new Error('three peers');
  await p1.listen();
  await p3.listen();
  await p2.connect('to-cut', n1.address);
  await p2.connect('to-killed', n3.address);
  await n1.powerCut();
  // The kill comes second, so when its end has been seen, an end by the power cut would have been seen before.
  await n3.kill();
  await p2.until((seen) => seen.name === 'to-killed' && seen.seen !== 'connected');
  t.match(p2.about('to-killed').join(), /end|error/);
  t.strictSame(p2.about('to-cut'), ['connected']);

  await Peer.boot(n1);
  p2.write('to-cut', 'are you there?');
  const answer = await p2.until((seen) => seen.name === 'to-cut' && seen.seen === 'error');
  t.equal(answer.code, 'ECONNRESET', 'the next life knows nothing of the connection and says so');
  await Promise.all([n1.kill(), n2.kill()]);
});

t.test('when a container is gone, so is every process that was started in it', async (t) => {
  const peer = await Peer.boot(n1);
  const marker = `4242.${process.hrtime.bigint()}`;
  await n1.exec([
    'sh',
    '-c',
    `setsid sleep ${marker} >/dev/null 2>&1 & setsid sleep ${marker} >/dev/null 2>&1 &`,
  ]);
  const sleepers = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(marker);
        } catch {
          return false;
        }
      });
  // A process has no command line for a moment while it becomes another program.
  while (sleepers().length < 2) await new Promise((resolve) => setImmediate(resolve));
  await n1.powerCut();
  t.equal(sleepers().length, 0);
  t.strictSame(await peer.process.exited, { code: null, signal: 'SIGKILL' });
  t.throws(() => readlinkSync(`/proc/${peer.process.pid}/ns/net`));
});

t.test('a program that ends by itself leaves a container that can boot at once', async (t) => {
  const peer = await Peer.boot(n1);
  await t.rejects(n1.boot({ argv: PEER }), { message: 'n1 is already running' });
  peer.process.send({ do: 'exit', code: 70 });
  t.strictSame(await peer.process.exited, { code: 70, signal: null });
  t.notOk(n1.running);
  await Peer.boot(n1);
  t.ok(n1.running);
  await n1.stop(10_000);
  t.notOk(n1.running);
});

t.test('a container that is cut off while it boots is off in the end', async (t) => {
  const booting = n1.boot({ argv: PEER });
  await n1.powerCut();
  t.notOk(n1.running);
  t.strictSame(await (await booting).exited, { code: null, signal: 'SIGKILL' });
});

t.test('a paused container keeps its connections and answers when it goes on', async (t) => {
  const [p1, p2] = await Promise.all([n1, n2].map(Peer.boot));
  if (!p1 || !p2) throw new Error('two peers');
  await p1.listen();
  await p2.connect('to-n1', n1.address);
  n1.pause();
  p2.write('to-n1', 'while asleep');
  // The signal has been sent; a thread that sleeps notices when it is scheduled next.
  while ((await sh(n1, 'cut -d" " -f3 /proc/1/stat')) !== 'T');
  t.equal(p1.about('accepted').length, 0, 'a stopped program reads nothing');
  n1.resume();
  await p1.until((seen) => seen.text === 'while asleep');
  n1.pause();
  await Promise.all([n1.kill(), n2.kill()]);
  t.notOk(n1.running);
});

t.test('a stop is patient only so long', async (t) => {
  const deaf = await n1.boot({ argv: ['sleep', '1000'] });
  await n1.stop(20);
  t.strictSame(await deaf.exited, { code: null, signal: 'SIGKILL' });
});

t.test("a killed init's parent does not leave the container half alive", async (t) => {
  // A program that does not care whether anyone is there.
  const init = await n1.boot({ argv: ['sleep', '1000'] });
  const parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${init.pid}/status`, 'utf8'))?.[1]);
  process.kill(parent, 'SIGKILL');
  await init.exited;
  await Peer.boot(n1);
  t.equal(await sh(n1, 'echo alive'), 'alive');
  await n1.kill();
});

t.test('an interface that was removed from within is there again in the next life', async (t) => {
  await Peer.boot(n1);
  await sh(n1, 'ip link delete eth0');
  await n1.kill();
  const [p1, p2] = await Promise.all([n1, n2].map(Peer.boot));
  await p1?.listen();
  await p2?.connect('again', n1.address);
  t.strictSame(p2?.about('again'), ['connected']);
  await Promise.all([n1.kill(), n2.kill()]);
});

t.test('what a program says beside messages goes to the log', async (t) => {
  const program = await n1.boot({
    argv: ['sh', '-c', 'echo no json; echo complaint >&2; echo \'{"a":1}\''],
  });
  const messages: unknown[] = [];
  program.onMessage((message) => messages.push(message));
  await program.exited;
  t.strictSame(messages, [{ a: 1 }]);
  t.ok(log.includes('n1: no json'));
  t.ok(log.includes('n1: complaint'));
});

t.test('a program that does not exist ends the life with 127', async (t) => {
  const program = await n1.boot({ argv: ['/no/such/program'] });
  t.match(await program.exited, { code: 127 });
  await t.rejects(n1.exec(['true']), { message: 'n1 is not running' });
});

t.test('names that would be ambiguous are refused in one sentence', async (t) => {
  for (const name of ['', 'Big', '-n1', 'a name', 'sixteen-letters-', 'lo', 'all', 'lab-bridge', 'n1']) {
    await t.rejects(lab.container({ name, role: 'node' }), { message: /^(there is a container )?"/ }, name);
  }
});

t.test('sixteen nodes come up and see each other', async (t) => {
  const declared = performance.now();
  const names = Array.from({ length: 13 }, (_, index) => `m${index + 1}`);
  const more = await Promise.all(names.map((name) => lab.container({ name, role: 'node' })));
  const nodes = [n1, n2, n3, ...more];
  const peers = await Promise.all(nodes.map(Peer.boot));
  t.comment(`sixteen nodes up ${(performance.now() - declared).toFixed(0)} ms after the fourth was declared`);
  await peers[0]?.listen();
  await Promise.all(peers.slice(1).map((peer) => peer.connect('to-first', n1.address)));
  t.equal(new Set(nodes.map((node) => node.address)).size, 16);
});

t.teardown(() => lab[Symbol.asyncDispose]());
