/** A watch that is lost is never silent. */
import t from 'tap';
import { bootAgain, found, hearing } from './fixtures/domain.ts';
import { EtcdDomains } from './fixtures/etcd-domain.ts';
import { realClock } from './fixtures/real-clock.ts';

const domains = await EtcdDomains.start(t);

const RECONNECT_MS = 7;
/** Real time, but that a watch begins anew when the test says so. */
class Reconnections {
  readonly #pending: (() => void)[] = [];
  #came = Promise.withResolvers<void>();
  readonly clock = {
    nowMs: realClock.nowMs,
    after: (ms: number, run: () => void) => {
      if (ms !== RECONNECT_MS) return realClock.after(ms, run);
      this.#pending.push(run);
      this.#came.resolve();
      return () => {};
    },
  };

  /** When the watch has ended; @returns what begins it anew. */
  async next(): Promise<() => void> {
    await this.#came.promise;
    this.#came = Promise.withResolvers();
    return this.#pending.shift()!;
  }
}

const watchedBy = ({ clock }: Reconnections) => ({ clock, reconnectMs: RECONNECT_MS, pulseMs: 60_000 });

t.test('a watch that breaks off begins anew', async (t) => {
  domains.fresh();
  const other = await found(domains.open());
  const store = domains.open({ endpoints: [domains.proxy.url], pulseMs: 60_000, reconnectMs: 1 });
  const watching = hearing(store);
  const begun = watching.heard();
  await begun;
  const again = watching.heard();
  domains.proxy.cutStreams();
  await again;
  const change = watching.heard();
  await bootAgain(other);
  await change;
  t.pass('told when it began anew, and of the next change');
  watching.stop();
});

t.test('what happened while nobody listened is told', async (t) => {
  domains.fresh();
  const other = await found(domains.open());
  const reconnections = new Reconnections();
  const store = domains.open({ endpoints: [domains.proxy.url], ...watchedBy(reconnections) });
  const watching = hearing(store);
  await watching.heard();
  domains.proxy.cutStreams();
  const reconnect = await reconnections.next();
  await bootAgain(other);
  const change = watching.heard();
  reconnect();
  await change;
  t.pass('told');
  watching.stop();
});

t.test('a watch that falls silent without ending is noticed, and begun anew', async (t) => {
  domains.fresh();
  const other = await found(domains.open());
  const store = domains.open({ endpoints: [domains.proxy.url], pulseMs: 20, reconnectMs: 1 });
  const watching = hearing(store);
  await watching.heard();
  domains.proxy.mute = true;
  const missed = watching.heard();
  await bootAgain(other);
  await missed;
  domains.proxy.mute = false;
  t.pass('the change was told all the same');
  watching.stop();
});

t.test('a watch whose place etcd has forgotten goes on from now', async (t) => {
  domains.fresh();
  const other = await found(domains.open());
  const reconnections = new Reconnections();
  const store = domains.open({ endpoints: [domains.proxy.url], ...watchedBy(reconnections) });
  const watching = hearing(store);
  await watching.heard();
  domains.proxy.cutStreams();
  const reconnect = await reconnections.next();
  await bootAgain(other);
  const revision = await bootAgain(other);
  await domains.etcd.call('/v3/kv/compaction', { revision: String(revision), physical: true });
  reconnect();
  // It begins where it left off, and is told that this is gone.
  const again = await reconnections.next();
  const begun = watching.heard();
  again();
  await begun;
  const change = watching.heard();
  await bootAgain(other);
  await change;
  t.pass('told when it began, and of the next change');
  watching.stop();
});
