/** Delegations of version 4.0 on the wire: the server connects to its clients. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/cli/agents/surroundings.ts';
import { CompoundProbe, op } from '../../../src/client/compound-probe.ts';
import { SessionlessProbe } from '../../../src/client/sessionless-probe.ts';
import {
  CLAIM_NULL,
  OPEN_DELEGATE_NONE,
  OPEN_DELEGATE_WRITE,
  OPEN4_NOCREATE,
  OPEN4_RESULT_CONFIRM,
} from '../../../src/nfs4/constants.ts';
import { delegReturn } from '../../../src/nfs4/operations/deleg-return.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { open } from '../../../src/nfs4/operations/open.ts';
import { openConfirm } from '../../../src/nfs4/operations/open-confirm.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { renew } from '../../../src/nfs4/operations/renew.ts';
import { NFS4_OK } from '../../../src/nfs4/status.ts';
import { RecordReader } from '../../../src/rpc/record-marking.ts';
import { marked } from '../../unit/server/fixtures/wire-peer.ts';
import { CallbackListener } from '../../unit/server/version-0/fixtures/callback-listener.ts';
import { place, Serving } from './fixtures/serving.ts';

const PROGRAM = 0x4000_0000;
/** Nobody loses a lease on a busy machine. */
const TIMES = ['--lease', '60', '--grace', '60'];

/** Answers callbacks over TCP. @returns its universal address */
async function listen(t: Test, listener: CallbackListener, host: string): Promise<string> {
  const server = createServer((socket) => {
    const records = new RecordReader(1 << 16);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const record of records.push(chunk)) {
        const reply = listener.answer(record);
        if (reply !== null) socket.write(marked(reply));
      }
    });
    t.teardown(() => socket.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return `${host}.${port >> 8}.${port & 255}`;
}

/** The first OPEN of a client: a server that has just started may be in grace for a moment. */
async function firstOpened(client: SessionlessProbe): Promise<void> {
  while ((await opened(client, 'known')) === 'GRACE');
}

/** OPEN for reading and writing of a file that is there; confirmed if need be. */
async function opened(client: SessionlessProbe, file: string) {
  const owner = { clientId: client.clientId, owner: Buffer.from('app') };
  const { status, results } = await client.inSequence('app', (seqid) => [
    op(putRootFh, {}),
    op(open, {
      seqid,
      shareAccess: 3,
      shareDeny: 0,
      owner,
      openHow: { openType: OPEN4_NOCREATE },
      claim: { claim: CLAIM_NULL, file },
    }),
    op(getFh, {}),
  ]);
  const [, result, handle] = results;
  if (result?.status !== NFS4_OK || handle?.status !== NFS4_OK) return status;
  const at = op(putFh, { object: handle.object });
  if ((result.rflags & OPEN4_RESULT_CONFIRM) !== 0)
    await client.inSequence('app', (seqid) => [at, op(openConfirm, { openStateid: result.stateid, seqid })]);
  return { at, delegation: result.delegation };
}

for (const [host, netId] of [
  ['127.0.0.1', 'tcp'],
  ['::1', 'tcp6'],
] as const) {
  t.test(`a client that listens at ${host} has a delegation, and is asked to give it back`, async (t) => {
    const directory = place(t);
    for (const name of ['known', 'f']) writeFileSync(path.join(directory, name), name);
    const { ready } = await Serving.start(t, directory, '--address', host, ...TIMES);
    const connect = async () => {
      const probe = await CompoundProbe.connect({
        host,
        port: ready.port,
        clock: systemClock,
        random: Math.random,
      });
      t.teardown(() => probe.close());
      return probe;
    };
    const listener = new CallbackListener();
    const location = { netId, address: await listen(t, listener, host) };
    const alice = await SessionlessProbe.start(await connect(), 'alice', {
      callback: { program: PROGRAM, location },
    });
    await listener.until(() => listener.calls.length === 1);
    const bob = await SessionlessProbe.start(await connect(), 'bob');
    await firstOpened(alice);
    await firstOpened(bob);
    // That the server has read what was answered to its CB_NULL.
    const file = await opened(alice, 'f');
    if (typeof file === 'string') throw new Error(file);
    t.equal(file.delegation.delegationType, OPEN_DELEGATE_WRITE);
    if (file.delegation.delegationType !== OPEN_DELEGATE_WRITE) return;
    const { stateid } = file.delegation.write;
    t.equal(await opened(bob, 'f'), 'DELAY');
    await listener.until(() => listener.recalls.length === 1);
    t.match(listener.recalls, [{ stateid }]);
    t.match(listener.headers, [{ minorVersion: 0, callbackIdent: 0 }]);
    t.match(await alice.compound(op(renew, { clientId: alice.clientId })), { status: 'OK' });
    t.match(await alice.compound(file.at, op(delegReturn, { delegStateid: stateid })), { status: 'OK' });
    t.match(await opened(bob, 'f'), { delegation: { delegationType: OPEN_DELEGATE_NONE } });
  });
}

t.test('a server that is told to give no delegations calls nobody', async (t) => {
  const directory = place(t);
  for (const name of ['known', 'f']) writeFileSync(path.join(directory, name), name);
  const { ready } = await Serving.start(t, directory, '--no-delegations', ...TIMES);
  const { port, address: host } = ready;
  const probe = await CompoundProbe.connect({ host, port, clock: systemClock, random: Math.random });
  t.teardown(() => probe.close());
  const listener = new CallbackListener();
  const location = { netId: 'tcp', address: await listen(t, listener, host) };
  const alice = await SessionlessProbe.start(probe, 'alice', { callback: { program: PROGRAM, location } });
  await firstOpened(alice);
  t.match(await opened(alice, 'f'), { delegation: { delegationType: OPEN_DELEGATE_NONE } });
  t.equal(listener.calls.length, 0);
});
