/** Histories on all cores, told in the order of their seeds, however long each one takes. */
import { Worker } from 'node:worker_threads';
import type { Done, Order, Plan } from './order.ts';

const SIMULATOR = new URL('../agents/simulator.ts', import.meta.url);

/**
 * Carries out all orders, or as many as are asked for: whoever stops asking ends the threads.
 * @param enough ends it early; histories that are over by then are told all the same
 */
export async function* histories(
  plan: Plan,
  orders: Iterable<Order>,
  jobs: number,
  enough: AbortSignal,
): AsyncGenerator<Done> {
  const left = orders[Symbol.iterator]();
  const done = new Map<number, Done>();
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
    worker.on('message', (one: Done) => {
      done.set(one.order.index, one);
      underWay -= 1;
      give(worker);
      wake.resolve();
    });
    return worker;
  });
  failed.promise.catch(() => {});
  enough.addEventListener('abort', () => wake.resolve());
  try {
    for (const worker of workers) give(worker);
    for (let index = 0; ; index += 1) {
      while (!done.has(index)) {
        if (enough.aborted) yield* [...done.values()].sort((a, b) => a.order.index - b.order.index);
        if (enough.aborted || underWay === 0) return;
        wake = Promise.withResolvers();
        await Promise.race([wake.promise, failed.promise]);
      }
      const next = done.get(index)!;
      done.delete(index);
      yield next;
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
