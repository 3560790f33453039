import { spawn } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { formatLedger } from '../../../src/core/ledger-text.ts';
import { EtcdKeys } from '../../../src/store/etcd-keys.ts';
import { openDomainStore } from '../../../src/store/open.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { storeContract } from './contract.ts';
import { booted, empty, found, record, scope } from './fixtures/domain.ts';
import { EtcdDomains } from './fixtures/etcd-domain.ts';
import { EtcdProcess } from './fixtures/etcd-process.ts';
import { realClock } from './fixtures/real-clock.ts';

const domains = await EtcdDomains.start(t);
const noEnd = async () => {};

storeContract(t, {
  open: async (fresh) => {
    if (fresh) domains.fresh();
    return domains.open();
  },
  troubles: {
    slow: {
      reads: 'stop',
      begin: async () => {
        domains.etcd.pause();
        return async () => domains.etcd.resume();
      },
    },
    unreachable: {
      reads: 'stop',
      begin: async () => {
        await domains.etcd.kill();
        return () => domains.etcd.start();
      },
    },
    full: {
      reads: 'go on',
      begin: async () => {
        await domains.etcd.fill();
        return () => domains.etcd.makeRoom();
      },
    },
    readOnly: { cannot: 'etcd has no such state; a user who may only read is refused as any user is' },
    corruptLedger: {
      reads: 'stop',
      begin: async () => {
        await domains.etcd.put(`${domains.prefix}/ledger`, Buffer.from([0xff, 0, 1]));
        return noEnd;
      },
    },
    corruptRecords: {
      reads: 'stop',
      begin: async () => {
        await domains.etcd.put(new EtcdKeys(domains.prefix).record(scope, record('a')), '{"principal": 7}');
        return noEnd;
      },
    },
    answerLost: {
      reads: 'go on',
      open: async () => domains.open({ endpoints: [domains.proxy.url] }),
      begin: async () => {
        domains.proxy.spoil('cut');
        return noEnd;
      },
    },
  },
});

t.test(
  'a store is opened by its specification; one that makes no sense is refused in one sentence',
  async (t) => {
    const endpoints = [domains.etcd.url];
    const store = await openDomainStore({ kind: 'etcd', endpoints, prefix: domains.fresh() }, realClock);
    domains.opened.push(store);
    t.equal(await store.read(), null);
    const refused = (endpoints: string[], prefix: string) =>
      openDomainStore({ kind: 'etcd', endpoints, prefix }, realClock);
    await t.rejects(refused([], '/x'), { message: /at least one member/ });
    await t.rejects(refused(['127.0.0.1:2379'], '/x'), { message: /looks like http:\/\/HOST:2379/ });
    await t.rejects(refused(endpoints, '//'), { message: /name the domain/ });
  },
);

t.test('opening waits for an etcd that is about to start, and not for ever', async (t) => {
  await domains.etcd.kill();
  let elapsedMs = 0;
  let tries = 0;
  const clock = {
    ...realClock,
    nowMs: () => elapsedMs,
    after: (ms: number, run: () => void) => {
      if (ms > 10) return realClock.after(ms, run);
      tries += 1;
      if (tries === 3) void domains.etcd.start().then(run);
      else setImmediate(run);
      return () => {};
    },
  };
  const spec = { kind: 'etcd', endpoints: [domains.etcd.url], prefix: domains.fresh() } as const;
  domains.opened.push(await openDomainStore(spec, clock));
  t.ok(tries >= 3, 'and as often as it takes when it has started');
  elapsedMs = 60_000;
  const never = { ...spec, endpoints: ['http://127.0.0.1:1'] };
  const late = { ...clock, nowMs: () => (elapsedMs += 60_000) };
  await t.rejects(openDomainStore(never, late), StoreUnavailableError);
});

t.test('the ledger in etcd is the text that every store keeps', async (t) => {
  domains.fresh();
  await found(domains.open());
  const { answer } = await domains.etcd.call('/v3/kv/range', {
    key: Buffer.from(`${domains.prefix}/ledger`).toString('base64'),
  });
  const [found_] = answer.kvs as { value: string }[];
  t.equal(Buffer.from(found_!.value, 'base64').toString(), formatLedger(booted(empty(), 1)));
});

t.test('a member behind TLS is believed when its certificate is trusted, and only then', async (t) => {
  await using etcd = await EtcdProcess.start('https');
  const open = (env: object) =>
    new Promise<number | null>((resolve) => {
      const program = join(import.meta.dirname, 'programs', 'read-store.ts');
      const child = spawn(process.execPath, [program, etcd.url], {
        env: { ...process.env, ...env },
        stdio: 'ignore',
      });
      child.on('exit', resolve);
    });
  t.equal(await open({ NODE_EXTRA_CA_CERTS: etcd.certificate }), 0);
  t.equal(await open({}), 7);
});
