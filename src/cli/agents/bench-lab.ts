/**
 * The lab process of a benchmark: pid 1 of a sandbox. One sandbox measures one combination once, so that every run begins on a
 * fresh lab; what it was comes on stdin, what it showed goes out on stdout (../sandboxed.ts).
 */
import { mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { graceFigures } from '../../bench/grace/figures.ts';
import { measureGrace } from '../../bench/grace/measure.ts';
import type { GraceResult } from '../../bench/grace/table.ts';
import { fileSink } from '../../history/history-file.ts';
import { HistoryRecorder } from '../../history/recorder.ts';
import { NamespaceLab } from '../../runtime/namespace/lab.ts';
import { transactionCount } from '../../store/transaction-count.ts';
import type { BenchRequest } from '../bench/request.ts';
import { carryOut } from './lab-task.ts';
import { agentProgram, systemClock as clock } from './surroundings.ts';

async function measure(request: BenchRequest, progress: (text: string) => void): Promise<GraceResult> {
  const { plan, folder } = request;
  const [load = 0] = loadavg();
  if (folder !== null) mkdirSync(folder, { recursive: true });
  using recorder = new HistoryRecorder(folder === null ? null : fileSink(join(folder, 'history.jsonl')));
  const observed = await measureGrace(plan, {
    openLab: () =>
      NamespaceLab.open({
        clock,
        env: process.env,
        log: folder === null ? { line: () => {} } : { directory: join(folder, 'logs') },
        visible: folder === null ? [] : [folder],
      }),
    programs: { node: agentProgram('node'), client: agentProgram('client'), swarm: agentProgram('swarm') },
    clock,
    monotonicNs: () => process.hrtime.bigint(),
    recorder,
    transactions: (store) => transactionCount(store, clock),
    progress,
  });
  return {
    plan,
    load: Math.round(load * 100) / 100,
    failure: observed.failure,
    figures: graceFigures(observed),
  };
}

await carryOut(async (request: BenchRequest, { interruption, progress }) => {
  const interrupted = new Promise<never>((_resolve, reject) => {
    interruption.addEventListener('abort', () => reject(new Error('the benchmark was interrupted')), {
      once: true,
    });
  });
  return await Promise.race([measure(request, progress), interrupted]);
});
