/** Histories on all cores, told in the order of their seeds, however long each one takes. */
import { Worker } from 'node:worker_threads';
import { brokenOff, type Done, type Order, type Plan } from './order.ts';

const SIMULATOR = new URL('../agents/simulator.ts', import.meta.url);

/**
 * Carries out all orders, or as many as are asked for: whoever stops asking ends the threads. A history that a mistake of ours breaks off
 * is unknown, and the others go on in a thread that knows nothing of it: nobody watches ten thousand of them through the night.
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
  const workers = new Set<Worker>();
  let answered = false;
  const begin = (): void => {
    const worker = new Worker(SIMULATOR, { workerData: plan });
    workers.add(worker);
    let order: Order | null = null;
    const give = (): void => {
      const next = left.next();
      order = next.done === true ? null : next.value;
      if (order === null) return;
      underWay += 1;
      worker.postMessage(order);
    };
    const over = (one: Done): void => {
      done.set(one.order.index, one);
      underWay -= 1;
      wake.resolve();
    };
    worker.on('message', (one: Done) => {
      answered = true;
      over(one);
      give();
    });
    worker.on('error', (error) => {
      workers.delete(worker);
      // Where nothing ever gets done it is no matter of one history; and who asks for a single one wants to see it fail.
      if (order === null || !answered || plan.keeps) return failed.reject(error);
      over(brokenOff(plan, order, error));
      begin();
    });
    give();
  };
  failed.promise.catch(() => {});
  enough.addEventListener('abort', () => wake.resolve());
  try {
    for (let job = 0; job < jobs; job += 1) begin();
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
    await Promise.all([...workers].map((worker) => worker.terminate()));
  }
}
