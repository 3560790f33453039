/** A service address moves from one node to another, and clients that knew the old one find the new one. */
import { NamespaceLab } from '../../../src/runtime/namespace/lab.ts';
import type { Container } from '../../../src/runtime/runtime.ts';
import {
  dropServiceAddress,
  type RaisedAddress,
  raiseServiceAddress,
  ServiceAddressError,
} from '../../../src/runtime/service-address.ts';
import { tapInSandbox } from './programs/in-sandbox.ts';
import { Peer } from './programs/peer-control.ts';
import { realClock } from './programs/real-clock.ts';

const t = await tapInSandbox(import.meta.filename);
t.setTimeout(1_700_000);
const lab = await NamespaceLab.open({ clock: realClock, env: process.env, log: { line: () => undefined } });
const [n1, n2, alice, store] = await Promise.all([
  lab.container({ name: 'n1', role: 'node' }),
  lab.container({ name: 'n2', role: 'node' }),
  lab.container({ name: 'alice', role: 'client' }),
  lab.container({ name: 's1', role: 'store' }),
]);
const SERVICE = n1.serviceAddress ?? '';

const raise = (on: Container, address = SERVICE): Promise<RaisedAddress> =>
  raiseServiceAddress(address, 'eth0', (argv) => on.exec(argv));
const drop = (from: Container): Promise<void> =>
  dropServiceAddress(SERVICE, 'eth0', (argv) => from.exec(argv));
const shown = async (on: Container, what: 'address' | 'neighbour'): Promise<string> =>
  (await on.exec(['ip', '-4', '-o', what, 'show', ...(what === 'neighbour' ? [SERVICE] : [])])).stdout;
const macOf = async (container: Container): Promise<string> =>
  (await container.exec(['cat', '/sys/class/net/eth0/address'])).stdout.trim();

t.test('nodes have service addresses in the order of their own; nobody else has one', async (t) => {
  t.strictSame([n1.serviceAddress, n2.serviceAddress], ['10.77.2.11', '10.77.2.12']);
  t.strictSame([alice.serviceAddress, store.serviceAddress], [null, null]);
});

t.test(
  'an address that another node raises is reached there by a client that knew the first one',
  async (t) => {
    const [p1, p2, client] = await Promise.all([n1, n2, alice].map(Peer.boot));
    if (!p1 || !p2 || !client) throw new Error('three peers');
    await Promise.all([p1.listen(), p2.listen()]);
    const [firstMac, secondMac] = await Promise.all([n1, n2].map(macOf));
    t.notMatch(await shown(n1, 'address'), SERVICE, 'the runtime raises nothing');

    await raise(n1);
    await client.connect('to-first', SERVICE);
    t.match(await shown(alice, 'neighbour'), firstMac);
    await n1.powerCut();

    const { announced } = await raise(n2);
    t.equal(await announced, null);
    t.match(await shown(alice, 'neighbour'), secondMac, 'the announcement has replaced the entry');
    await client.connect('to-second', SERVICE);
    client.write('to-second', 'hello');
    await p2.until((seen) => seen.text === 'hello');
    client.write('to-first', 'are you there?');
    const end = await client.until((seen) => seen.name === 'to-first' && seen.seen === 'error');
    t.equal(end.code, 'ECONNRESET', 'the new holder knows nothing of the connection and says so');

    await Peer.boot(n1);
    t.notMatch(await shown(n1, 'address'), SERVICE, 'it went with the life that had raised it');
    await Promise.all([n1, n2, alice].map((container) => container.kill()));
  },
);

t.test('a node that drops the address hands it over while it lives', async (t) => {
  const [p1, p2, client] = await Promise.all([n1, n2, alice].map(Peer.boot));
  if (!p1 || !p2 || !client) throw new Error('three peers');
  await Promise.all([p1.listen(), p2.listen()]);
  await raise(n1);
  await client.connect('to-first', SERVICE);
  await drop(n1);
  const { announced } = await raise(n2);
  t.equal(await announced, null);
  await client.connect('to-second', SERVICE);
  client.write('to-second', 'hello');
  await p2.until((seen) => seen.text === 'hello');
  t.notOk(p1.seen.some((seen) => seen.text === 'hello'));
  await Promise.all([n1, n2, alice].map((container) => container.kill()));
});

t.test('raising what is raised and dropping what is not are no errors', async (t) => {
  await Peer.boot(n1);
  await drop(n1);
  await raise(n1);
  const again = await raise(n1);
  t.equal(await again.announced, null);
  t.equal((await shown(n1, 'address')).match(new RegExp(SERVICE, 'g'))?.length, 1);
  await drop(n1);
  await drop(n1);
  t.notMatch(await shown(n1, 'address'), SERVICE);
  t.match(await shown(n1, 'address'), n1.address);
  await n1.kill();
});

t.test('what the kernel refuses is said in one sentence', async (t) => {
  await Peer.boot(n1);
  const on = (networkInterface: string) =>
    [SERVICE, networkInterface, (argv: readonly string[]) => n1.exec(argv)] as const;
  await t.rejects(raiseServiceAddress(...on('eth9')), ServiceAddressError);
  await t.rejects(raiseServiceAddress(...on('eth9')), {
    message: /^the service address 10\.77\.2\.11 .*eth9/,
  });
  await t.rejects(dropServiceAddress(...on('eth9')), ServiceAddressError);
  await n1.kill();
});

t.teardown(() => lab[Symbol.asyncDispose]());
