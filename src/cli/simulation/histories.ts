/** Histories on all cores, told in the order of their seeds, however long each one takes. */
import { Worker } from 'node:worker_threads';
import type { HistoryReport } from '../../sim/campaign.ts';
import type { Done, Order, Plan } from './order.ts';

const SIMULATOR = new URL('../agents/simulator.ts', import.meta.url);

/** Carries out all orders, or as many as are asked for: whoever stops asking ends the threads. */
export async function* histories(
  plan: Plan,
  orders: Iterable<Order>,
  jobs: number,
): AsyncGenerator<HistoryReport> {
  const left = orders[Symbol.iterator]();
  const done = new Map<number, HistoryReport>();
  const failed = Promise.withResolvers<never>();
  let underWay = 0;
  let wake = Promise.withResolvers<void>();
  const give = (worker: Worker): void => {
    const next = left.next();
    if (next.done === true) return;
    underWay += 1;
    worker.postMessage(next.value);
  };
  const workers = Array.from({ length: jobs }, () => {
    const worker = new Worker(SIMULATOR, { workerData: plan });
    worker.on('error', (error) => failed.reject(error));
    worker.on('message', ({ index, report }: Done) => {
      done.set(index, report);
      underWay -= 1;
      give(worker);
      wake.resolve();
    });
    return worker;
  });
  failed.promise.catch(() => {});
  try {
    for (const worker of workers) give(worker);
    for (let index = 0; ; index += 1) {
      while (!done.has(index)) {
        if (underWay === 0) return;
        wake = Promise.withResolvers();
        await Promise.race([wake.promise, failed.promise]);
      }
      const report = done.get(index)!;
      done.delete(index);
      yield report;
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
