/** Requests to etcd whose answers come late, from the wrong one, or not at all. */
import { createServer } from 'node:http';
import t from 'tap';
import { asEpoch } from '../../../src/core/ids.ts';
import { formatRecord } from '../../../src/core/record-text.ts';
import { EtcdKeys } from '../../../src/store/etcd-keys.ts';
import { type DomainStore, StoreUnavailableError } from '../../../src/store/store.ts';
import { bootAgain, booted, empty, fence, found, record, scope } from './fixtures/domain.ts';
import { EtcdDomains } from './fixtures/etcd-domain.ts';
import { EtcdProcess } from './fixtures/etcd-process.ts';

const domains = await EtcdDomains.start(t);

t.test('a swap that is carried out late has lost once a read has told that it did not happen', async (t) => {
  domains.fresh();
  const direct = await found(domains.open());
  const store = domains.open({ endpoints: [domains.proxy.url] });
  const seen = (await store.read())!;
  domains.proxy.spoil('hold');
  t.same(await store.swap(seen.revision, booted(seen.ledger, 2)), { outcome: 'unknown' });
  t.same((await store.read())!.ledger, seen.ledger);
  await domains.proxy.release();
  t.same((await direct.read())!.ledger, seen.ledger);
});

t.test('I6: a record that is written late does not come back after its removal', async (t) => {
  domains.fresh();
  await found(domains.open());
  const store = domains.open({ endpoints: [domains.proxy.url, domains.etcd.url] });
  await store.read();
  domains.proxy.spoil('hold');
  t.equal(await store.putRecords(fence, scope, [record('a')]), 'written', 'at the other member');
  t.equal(await store.removeRecords(fence, scope, [record('a')]), 'written');
  await domains.proxy.release();
  t.same(await store.records(scope), []);
});

t.test('nor after a write that was given up', async (t) => {
  domains.fresh();
  await found(domains.open());
  const store = domains.open({ endpoints: [domains.proxy.url] });
  await store.read();
  domains.proxy.spoil('hold');
  await t.rejects(store.putRecords(fence, scope, [record('a')]), StoreUnavailableError);
  t.equal(await store.removeRecords(fence, scope, [record('a')]), 'written');
  await domains.proxy.release();
  t.same(await store.records(scope), []);
});

t.test('D8: a write that is on its way while its life ends writes nothing', async (t) => {
  for (const write of [
    (store: DomainStore) => store.putRecords(fence, scope, [record('b')]),
    (store: DomainStore) => store.removeRecords(fence, scope, [record('a')]),
    (store: DomainStore) => store.collectGarbage(fence),
  ]) {
    domains.fresh();
    const other = await found(domains.open());
    const store = domains.open({ endpoints: [domains.proxy.url] });
    await other.putRecords(fence, scope, [record('a')]);
    await other.putRecords(fence, { ...scope, epoch: asEpoch(99) }, [record('a')]);
    await store.read();
    domains.proxy.spoil('hold');
    const writing = write(store);
    await domains.proxy.held;
    await bootAgain(other);
    await domains.proxy.release();
    t.equal(await writing, 'fenced');
    t.same(await other.records(scope), [record('a')]);
    t.equal((await other.records({ ...scope, epoch: asEpoch(99) })).length, 1);
  }
});

t.test('a request that never left is tried at the next member, and not called unknown', async (t) => {
  domains.fresh();
  const nobody = 'http://127.0.0.1:1';
  const store = domains.open({ endpoints: [nobody, domains.etcd.url] });
  t.equal((await store.swap(null, booted(empty(), 1))).outcome, 'swapped');
  t.equal(await store.putRecords(fence, scope, [record('a')]), 'written');
  const alone = domains.open({ endpoints: [nobody] });
  await t.rejects(alone.swap(1, empty()), { name: 'StoreUnavailableError', message: /ECONNREFUSED/ });
});

t.test('a member that does not answer is left for the next one', async (t) => {
  domains.fresh();
  await found(domains.open());
  await using deaf = await EtcdProcess.start();
  deaf.pause();
  const store = domains.open({ endpoints: [deaf.url, domains.etcd.url] });
  const seen = (await store.read())!;
  t.equal((await store.swap(seen.revision, booted(seen.ledger, 2))).outcome, 'swapped');
});

t.test('a member of another cluster is not believed, and nothing is written there', async (t) => {
  domains.fresh();
  await found(domains.open());
  await using other = await EtcdProcess.start();
  const store = domains.open({ endpoints: [domains.etcd.url, other.url] });
  const seen = (await store.read())!;
  await domains.etcd.kill();
  await t.rejects(store.read(), { name: 'StoreUnavailableError', message: /another etcd cluster/ });
  await t.rejects(store.swap(seen.revision, empty()), { message: /another etcd cluster/ });
  await domains.etcd.start();
  t.same(await store.read(), seen);
  t.equal(await domains.open({ endpoints: [other.url] }).read(), null);
});

t.test('a ledger that vanishes is not founded anew', async (t) => {
  domains.fresh();
  const store = await found(domains.open());
  await store.read();
  await domains.etcd.call('/v3/kv/deleterange', {
    key: Buffer.from(`${domains.prefix}/ledger`).toString('base64'),
  });
  await t.rejects(store.read(), { name: 'RecordsUnreadableError', message: /has been removed/ });
  await t.rejects(store.putRecords(fence, scope, [record('a')]), { name: 'RecordsUnreadableError' });
});

t.test('a record that says another principal than its key is not believed', async (t) => {
  domains.fresh();
  const store = await found(domains.open());
  await domains.etcd.put(
    new EtcdKeys(domains.prefix).record(scope, record('a')),
    formatRecord({ ...record('a'), principal: 'sys:7@c' }),
  );
  await t.rejects(store.records(scope), { name: 'RecordsUnreadableError' });
});

t.test('domains with one domains.prefix within the other are strangers', async (t) => {
  const outer = domains.fresh();
  const inner = domains.open({ prefix: `${outer}0` });
  const store = domains.open();
  await found(store);
  t.equal(await inner.read(), null);
  await found(inner);
  await store.putRecords(fence, { ...scope, epoch: asEpoch(7) }, [record('a')]);
  await inner.putRecords(fence, { ...scope, epoch: asEpoch(7) }, [record('a')]);
  await store.collectGarbage(fence);
  t.same(await store.records({ ...scope, epoch: asEpoch(7) }), []);
  t.equal((await inner.records({ ...scope, epoch: asEpoch(7) })).length, 1);
});

t.test('what answers and is not etcd is not believed', async (t) => {
  const answers = [
    { status: 200, text: '<html>welcome</html>' },
    { status: 200, text: '{}' },
    { status: 200, text: '{"header":{"cluster_id":"1","revision":"x"}}' },
    { status: 502, text: 'bad gateway' },
    { status: 404, text: 'Not Found' },
  ];
  let answer = answers[0]!;
  const server = createServer((_request, response) => {
    response.writeHead(answer.status).end(answer.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  for (answer of answers) {
    const store = domains.open({ endpoints: [url] });
    await t.rejects(store.read(), StoreUnavailableError, answer.text);
    await t.rejects(store.records(scope), StoreUnavailableError, answer.text);
    await t.rejects(store.putRecords(fence, scope, [record('a')]), StoreUnavailableError, answer.text);
  }
});
