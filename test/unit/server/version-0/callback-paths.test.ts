/** How a client of version 4.0 is called: where, whether it answers, and what becomes of a way that does not work any more (RFC 7530 section 10.2.1). */
import t, { type Test } from 'tap';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { dialTarget } from '../../../../src/server/callbacks/address.ts';
import { Peer } from '../../../../src/server/callbacks/peer.ts';
import type { LockServerOptions } from '../../../../src/server/options.ts';
import { LEASE_MS, NodeUnderTest } from '../fixtures/node-under-test.ts';
import { CallbackNetwork } from './fixtures/callback-listener.ts';
import { CalledClient, SERVER } from './fixtures/called-client.ts';
import { SessionlessTestClient } from './fixtures/sessionless-client.ts';

const { OPEN_DELEGATE_NONE: NONE, OPEN_DELEGATE_WRITE: WRITE } = nfs;

function setup(t: Test, options: Partial<LockServerOptions> = {}) {
  const network = new CallbackNetwork();
  const node = new NodeUnderTest(t, { dialBack: network.dial, ...options });
  return { network, node, alice: new CalledClient(node, network, 'alice', 21) };
}

/** The kind of delegation that comes with an open of a file that nobody has. */
async function given(client: SessionlessTestClient, name: string): Promise<number | undefined> {
  return (await client.opened(name)).delegation?.delegationType;
}

t.test('an address is good where the request came from, and nowhere else', async (t) => {
  const from = (address: string) => ({ address, local: SERVER });
  const cases: [string, string, string, string | null][] = [
    ['tcp', '10.77.0.21.8.1', '10.77.0.21', '10.77.0.21 2049'],
    ['tcp', '10.77.0.21.255.255', '10.77.0.21', '10.77.0.21 65535'],
    ['tcp6', 'fd00:0:0::1.8.1', 'fd00::1', 'fd00::1 2049'],
    ['tcp6', 'fe80::1.8.1', 'fe80::1%eth0', 'fe80::1%eth0 2049'],
    ['tcp', '10.77.0.22.8.1', '10.77.0.21', null],
    ['tcp', '127.0.0.1.8.1', '10.77.0.21', null],
    ['tcp6', 'fd00::2.8.1', 'fd00::1', null],
    ['udp', '10.77.0.21.8.1', '10.77.0.21', null],
    ['tcp6', '10.77.0.21.8.1', '10.77.0.21', null],
    ['tcp', 'fd00::1.8.1', 'fd00::1', null],
    ['rdma', '10.77.0.21.8.1', '10.77.0.21', null],
    ['__proto__', '10.77.0.21.8.1', '10.77.0.21', null],
    ['tcp', '10.77.0.21.0.0', '10.77.0.21', null],
    ['tcp', '10.77.0.21.256.1', '10.77.0.21', null],
    ['tcp', '10.77.0.21.8', '10.77.0.21', null],
    ['tcp', '10.77.0.21', '10.77.0.21', null],
    ['tcp', '10.77.0.21.8.1.', '10.77.0.21', null],
    ['tcp', '10.77.0.21.8.-1', '10.77.0.21', null],
    ['tcp', '', '10.77.0.21', null],
    ['tcp', 'localhost.8.1', '127.0.0.1', null],
    ['tcp', '10.77.0.21.8.1', '', null],
  ];
  for (const [netId, address, peer, expected] of cases) {
    const target = dialTarget({ netId, address }, from(peer));
    const found = target === null ? null : `${target.host} ${target.port}`;
    t.equal(found, expected, `${netId} ${address} from ${peer}`);
    if (target !== null) t.equal(target.localAddress, SERVER);
  }
});

t.test(
  'a client is tried with CB_NULL when it is confirmed, from the address that it has asked',
  async (t) => {
    const { network, node, alice } = setup(t);
    await alice.introduce();
    await node.clock.advance(0);
    t.equal(network.made.length, 0, 'anybody can introduce anybody');
    await alice.confirm();
    await node.clock.advance(0);
    t.same(network.made[0]?.to, { host: '10.77.0.21', port: alice.port, localAddress: SERVER });
    t.match(alice.listener.calls, [
      { program: 0x4000_0001, version: 1, procedure: 0, credential: { kind: 'sys', sys: { uid: 0 } } },
    ]);
  },
);

t.test('before it has answered there are no delegations', async (t) => {
  const { node, alice } = setup(t);
  alice.listener.silent = true;
  await alice.start();
  t.equal(await given(alice, 'early'), NONE);
  alice.listener.silent = false;
  await node.clock.advance(LEASE_MS / 2);
  t.equal(await given(alice, 'given up'), NONE);
  t.equal(await alice.renew(), 'OK', 'it has none that could not be recalled');
  await node.clock.advance(LEASE_MS / 2);
  t.equal(await alice.renew(), 'OK');
  await node.clock.advance(0);
  t.equal(await given(alice, 'tried again'), WRITE);
});

t.test('nobody is dialled where that is of no use', async (t) => {
  const cases: [string, Partial<LockServerOptions>, (alice: CalledClient) => void][] = [
    ['no delegations', { delegations: false }, () => {}],
    [
      'another address',
      {},
      (alice) => (alice.peer = new Peer(() => false, { address: '10.0.0.1', local: SERVER })),
    ],
    ['no address', {}, (alice) => (alice.peer = null)],
  ];
  for (const [name, options, change] of cases) {
    const { network, node, alice } = setup(t, options);
    change(alice);
    await alice.start();
    await node.clock.advance(2 * LEASE_MS);
    await alice.start();
    t.equal(await given(alice, 'f'), NONE, name);
    t.equal(network.made.length, 0, name);
  }
  const node = new NodeUnderTest(t);
  const network = new CallbackNetwork();
  const bob = await new CalledClient(node, network, 'bob', 22).start();
  t.equal(await given(bob, 'f'), NONE, 'a server that cannot dial');
});

t.test('there are only so many connections, and one that ends makes room', async (t) => {
  const { network, node, alice } = setup(t, { limits: { callbackConnections: 1 } });
  await alice.start();
  const bob = await new CalledClient(node, network, 'bob', 22).start();
  t.equal(await given(alice, 'a'), WRITE);
  t.equal(await given(bob, 'b'), NONE);
  t.equal(network.made.length, 1);
  alice.unreachable();
  await node.clock.advance(LEASE_MS / 2);
  await alice.renew();
  await bob.renew();
  await node.clock.advance(LEASE_MS / 2);
  await bob.renew();
  await node.clock.advance(0);
  t.equal(await given(bob, 'c'), WRITE);
});

t.test('a connection that the client ends is made again, and not more often than that', async (t) => {
  const { network, node, alice } = setup(t);
  await alice.start();
  await node.clock.advance(LEASE_MS / 4);
  network.hangUp();
  await node.clock.advance(0);
  t.equal(network.made.length, 2);
  t.equal(await given(alice, 'f'), WRITE);
  t.equal(await alice.renew(), 'OK');
  for (let times = 0; times < 20; times += 1) {
    network.hangUp();
    await node.clock.advance(1);
  }
  t.equal(network.made.length, 2, 'somebody hangs up each time');
  t.equal(await alice.renew(), 'OK', 'that it cannot be called is not known yet');
  await node.clock.advance(LEASE_MS / 10);
  t.equal(network.made.length, 3);
  t.equal(await given(alice, 'g'), WRITE);
});

t.test('many recalls of a client that is gone do not dial it more often', async (t) => {
  const { network, node, alice } = setup(t);
  await alice.start();
  for (const name of ['a', 'b', 'c']) await alice.delegated('write', name);
  const bob = await new SessionlessTestClient(node, 'bob').start();
  await node.clock.advance(LEASE_MS / 5);
  alice.unreachable();
  await node.clock.advance(0);
  t.equal(network.made.length, 2);
  for (const name of ['a', 'b', 'c']) t.equal(await bob.open(name, 'app', { create: false }), 'DELAY');
  await node.clock.advance(LEASE_MS / 20);
  t.equal(network.made.length, 2);
  await node.clock.advance(LEASE_MS / 5);
  t.equal(network.made.length, 4);
});

t.test('who is called where it can be called is not dialled anew for saying so again', async (t) => {
  const { network, node, alice } = setup(t);
  await alice.start();
  await alice.introduce();
  await alice.confirm();
  await node.clock.advance(0);
  t.equal(network.made.length, 1);
  t.equal(network.open.length, 1);
  t.equal(await given(alice, 'f'), WRITE);
});

t.test('who is confirmed while the server stops is not dialled', async (t) => {
  const { network, node, alice } = setup(t);
  await alice.introduce();
  node.coordination.hold();
  const confirming = alice.confirm().catch(() => 'no answer');
  await node.coordination.untilHolding(1);
  await node.server.close();
  node.coordination.letGo();
  t.equal(await confirming, 'no answer');
  await node.clock.advance(LEASE_MS);
  t.equal(network.made.length, 0);
});

t.test('what answers no call ends the connection', async (t) => {
  const { network, node, alice } = setup(t);
  await alice.start();
  network.open[0]?.events.message(Buffer.alloc(40, 1));
  t.equal(network.open.length, 0);
  await node.clock.advance(LEASE_MS / 2);
  t.equal(network.open.length, 1);
});

t.test('RENEW: CB_PATH_DOWN while delegations cannot be recalled, and the lease goes on', async (t) => {
  const { network, node, alice } = setup(t);
  await alice.start();
  const file = await alice.delegated('write');
  t.equal(await alice.renew(), 'OK');
  alice.unreachable();
  await node.clock.advance(LEASE_MS / 2);
  t.equal(await alice.renew(), 'CB_PATH_DOWN');
  t.equal(await given(alice, 'g'), NONE);
  await node.clock.advance(LEASE_MS * 0.9);
  t.equal(await alice.renew(), 'CB_PATH_DOWN');
  await node.clock.advance(LEASE_MS * 0.9);
  t.equal(await alice.read(file), 'OK x', 'what it has open stays');
  t.equal(await alice.giveBack(file), 'OK');
  t.equal(await alice.renew(), 'OK', 'nothing is left to be recalled');
  network.listeners.set(alice.port, alice.listener);
  await node.clock.advance(LEASE_MS * 0.9);
  await alice.renew();
  await node.clock.advance(0);
  t.equal(await given(alice, 'h'), WRITE, 'RENEW is where it is tried again');
});

t.test(
  'the same instance that introduces itself again is called elsewhere, and keeps what it has',
  async (t) => {
    const { network, node, alice } = setup(t);
    await alice.start();
    const file = await alice.delegated('write');
    alice.unreachable();
    await node.clock.advance(LEASE_MS / 2);
    t.equal(await alice.renew(), 'CB_PATH_DOWN');
    const { clientId } = alice;
    network.listeners.set(5 * 256 + 7, alice.listener);
    alice.callback = { cbProgram: 0x4000_0002, cbLocation: { netId: 'tcp', address: '10.77.0.21.5.7' } };
    alice.callbackIdent = 4711;
    t.equal(await alice.introduce(), 'OK');
    t.equal(network.made.filter(({ to }) => to.port === 5 * 256 + 7).length, 0, 'not before it is confirmed');
    t.equal(await alice.confirm(), 'OK');
    t.equal(alice.clientId, clientId);
    await node.clock.advance(0);
    t.equal(await alice.renew(), 'OK');
    const bob = await new SessionlessTestClient(node, 'bob').start();
    t.equal(await bob.open('f', 'app', { create: false }), 'DELAY');
    await alice.listener.until(() => alice.listener.recalls.length === 1);
    t.match(alice.listener.headers, [{ minorVersion: 0, callbackIdent: 4711 }]);
    t.equal(alice.listener.calls.at(-1)?.program, 0x4000_0002);
    t.equal(await alice.giveBack(file), 'OK');
  },
);

t.test('an update to where nobody answers takes the way away', async (t) => {
  const { node, network, alice } = setup(t);
  await alice.start();
  await alice.delegated('read');
  alice.callback = { cbProgram: 0x4000_0002, cbLocation: { netId: 'tcp', address: '10.77.0.99.5.7' } };
  await alice.introduce();
  t.equal(network.open.length, 1, 'not before it is confirmed');
  await alice.confirm();
  await node.clock.advance(0);
  t.equal(network.open.length, 0);
  t.equal(await alice.renew(), 'CB_PATH_DOWN');
});

t.test('connections end with their clients, and with the server', async (t) => {
  const { network, node, alice } = setup(t);
  await alice.start();
  t.equal(network.open.length, 1);
  alice.verifier = Buffer.from('restart!');
  alice.seqids.clear();
  await alice.introduce();
  t.equal(network.open.length, 1);
  await alice.confirm();
  await node.clock.advance(0);
  t.equal(network.open.length, 1, 'that of the new instance');
  t.equal(network.made.length, 2);
  await node.server.close();
  t.equal(network.open.length, 0);
  await node.clock.advance(5 * LEASE_MS);
  t.equal(network.made.length, 2);
});

t.test('a connection that stands when its client is gone is closed', async (t) => {
  const { network, node, alice } = setup(t);
  let go = () => {};
  const { dial } = network;
  const slow = new NodeUnderTest(t, {
    dialBack: async (...args) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return dial(...args);
    },
  });
  const bob = new CalledClient(slow, network, 'bob', 22);
  await bob.introduce();
  await bob.confirm();
  await slow.server.close();
  go();
  await slow.clock.advance(0);
  t.equal(network.open.length, 0);
  await alice.start();
  t.equal(node.defects.length, 0);
});
