/** Usage: read-store ENDPOINT. Exit status: 0 it answers, 7 it does not. */
import { EtcdStore } from '../../../../src/store/etcd.ts';
import { StoreUnavailableError } from '../../../../src/store/store.ts';
import { realClock } from '../fixtures/real-clock.ts';

try {
  await using store = await EtcdStore.open({
    endpoints: [process.argv[2]!],
    prefix: '/test',
    clock: realClock,
  });
  await store.read();
} catch (error) {
  process.exitCode = error instanceof StoreUnavailableError ? 7 : 1;
}
