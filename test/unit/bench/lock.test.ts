import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t from 'tap';
import type { BenchSession } from '../../../src/bench/lock/bench-session.ts';
import { Latencies } from '../../../src/bench/lock/latencies.ts';
import type { LockPlan, Sample } from '../../../src/bench/lock/measure.ts';
import { RequestTemplate } from '../../../src/bench/lock/request-template.ts';
import { lockText } from '../../../src/bench/lock/table.ts';
import { Traffic } from '../../../src/bench/lock/traffic.ts';
import { WORKLOADS } from '../../../src/bench/lock/workloads.ts';
import { systemClock } from '../../../src/cli/agents/surroundings.ts';
import { op } from '../../../src/client/compound-probe.ts';
import { decodeCompoundHeader } from '../../../src/nfs4/compound.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { sequence } from '../../../src/nfs4/operations/sequence.ts';
import { decodeCall } from '../../../src/rpc/call.ts';
import { RecordReader } from '../../../src/rpc/record-marking.ts';
import { XdrReader } from '../../../src/xdr/reader.ts';

t.test('percentiles are by nearest rank', async (t) => {
  const latencies = new Latencies();
  t.equal(latencies.percentiles(), null);
  for (let ms = 10_000; ms >= 1; ms -= 1) latencies.add(ms);
  t.equal(latencies.count, 10_000);
  t.same(latencies.percentiles(), { p50: 5000, p90: 9000, p99: 9900, most: 10_000 });
  const one = new Latencies();
  one.add(7);
  t.same(one.percentiles(), { p50: 7, p90: 7, p99: 7, most: 7 });
});

t.test('a template is the COMPOUND that was asked for, each time with its own numbers', async (t) => {
  const sessionId = Buffer.alloc(16, 's');
  const credential = { kind: 'sys', sys: { stamp: 0, machineName: 'm', uid: 0, gid: 0, gids: [] } } as const;
  const object = Buffer.from('handle!!');
  const template = new RequestTemplate(credential, { sessionId, slotId: 3, highestSlotId: 5 }, [
    op(putFh, { object }),
  ]);
  for (const [xid, sequenceId] of [
    [7, 1],
    [0xffff_fffe, 0xffff_ffff],
  ] as const) {
    const [record] = new RecordReader(4096).push(Buffer.from(template.renew(xid, sequenceId)));
    const r = new XdrReader(record!);
    t.match(decodeCall(r), { xid, program: 100_003, version: 4, procedure: 1 });
    t.match(decodeCompoundHeader(r), { minorVersion: 1, operationCount: 2 });
    t.equal(r.uint32(), sequence.number);
    t.same(sequence.decodeArgs(r), { sessionId, sequenceId, slotId: 3, highestSlotId: 5, cacheThis: false });
    t.equal(r.uint32(), putFh.number);
    t.same(putFh.decodeArgs(r), { object });
  }
  template.setEnd(Buffer.from('HANDLE!!'));
  t.ok(template.bytes.includes('HANDLE!!') && !template.bytes.includes('handle!!'));
  t.equal(template.title, 'PUTFH');
});

t.test('the table compares the first server with the others by the median of the rounds', async (t) => {
  const where = { host: 'h', port: 1, path: [] };
  const plan: LockPlan = {
    servers: [
      { ...where, name: 'ours' },
      { ...where, name: 'theirs' },
    ],
    workloads: WORKLOADS.filter(({ name }) => ['lock', 'read-1m'].includes(name)),
    clients: [1],
    slots: 1,
    durationMs: 500,
    rounds: 3,
    patienceMs: 1,
  };
  const latencyMs = { p50: 1, p90: 2, p99: 3, most: 4 };
  const sample = (server: string, workload: string, round: number, perSecond: number | null): Sample => ({
    ...{ server, workload, clients: 1, round, perSecond },
    latencyMs: perSecond === null ? null : latencyMs,
    failure: perSecond === null ? 'LOCK was answered NOTSUPP' : null,
  });
  const text = lockText(plan, [
    ...[3000, 1000, 2000].map((rate, round) => sample('ours', 'lock', round, rate)),
    ...[500, 1000, 1500].map((rate, round) => sample('theirs', 'lock', round, rate)),
    ...[100, 300, 200].map((rate, round) => sample('ours', 'read-1m', round, rate)),
    ...[1, 2, 3].map((round) => sample('theirs', 'read-1m', round, null)),
  ]);
  const lines = text.split('\n').map((line) => line.split(/ {2,}/));
  t.same(lines[2], ['LOCK and LOCKU', '1', '2,000', '1.00', '3.00', '1,000', '1.00', '3.00', '2.00']);
  t.same(lines[3], ['READ of 1 MiB', '1', '200 (200 MiB/s)', '1.00', '3.00', '-', '-', '-', '-']);
  t.equal(lines.at(-1)?.[0], 'theirs, read-1m: LOCK was answered NOTSUPP.', 'each reason once');
  t.equal(text.match(/NOTSUPP/g)?.length, 1);
});

t.test('a connection that breaks before the run is a failure of the run', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const traffic = await Traffic.open({
    host: '127.0.0.1',
    port,
    clock: systemClock,
    session: {} as BenchSession,
    cycles: [],
  });
  const [socket] = (await accepted) as [Socket];
  socket.destroy();
  await once(socket, 'close');
  // What the kernel tells of it is read in the next turns.
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  await t.rejects(traffic.run(1000, new Latencies()), { message: 'the server closed the connection' });
});
