/** A thread of `gracelab simulate`: it takes orders one after another and answers each with a report. It ends when it is ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { carryOut, type Order, type Plan } from '../simulation/order.ts';

const plan = workerData as Plan;

parentPort?.on('message', (order: Order) => {
  // A mistake of ours ends the thread, and with it the command.
  void carryOut(plan, order).then((done) => parentPort?.postMessage(done));
});
