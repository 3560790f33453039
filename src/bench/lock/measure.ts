/** Rates of one server or several: each workload with each number of clients, the servers by turns, so that what else the machine does meets all of them. */
import type { Clock, Random } from '../../core/clock.ts';
import { BenchSession } from './bench-session.ts';
import { Latencies, type Percentiles } from './latencies.ts';
import { Traffic } from './traffic.ts';
import type { Workload } from './workloads.ts';

export interface Server {
  /** For people. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly path: readonly string[];
}

export interface LockPlan {
  readonly servers: readonly Server[];
  readonly workloads: readonly Workload[];
  /** Numbers of clients, each of which has a connection and a file of its own. */
  readonly clients: readonly number[];
  /** Requests that a client has under way at a time. */
  readonly slots: number;
  readonly durationMs: number;
  /** How often each is measured. */
  readonly rounds: number;
  /** How long a server that is in grace is waited for. */
  readonly patienceMs: number;
}

export interface Sample {
  readonly server: string;
  readonly workload: string;
  readonly clients: number;
  readonly round: number;
  /** Cycles a second; null when it could not be measured, and `failure` says why. */
  readonly perSecond: number | null;
  readonly latencyMs: Percentiles | null;
  readonly failure: string | null;
}

export interface Means {
  readonly clock: Clock;
  readonly random: Random;
  /** Told after every sample. */
  readonly tell: (sample: Sample) => void;
  /** In the names of the clients and their files. */
  readonly runId: string;
  /** Ends the measurement at hand, whose files go, and all that would come. */
  readonly interruption: AbortSignal;
}

/** Is every server there, and lets a client work in its directory? @throws Error one sentence about the first that does not */
export async function tryServers(
  { servers, slots, patienceMs }: LockPlan,
  { clock, random, runId }: Means,
): Promise<void> {
  for (const { name: server, host, port, path } of servers) {
    const name = `gracelab-bench-${runId}-first`;
    try {
      const session = await BenchSession.start({ host, port, path, name, slots, clock, random, patienceMs });
      await session.end();
    } catch (error) {
      throw new Error(`${server}: ${(error as Error).message}`, { cause: error });
    }
  }
}

export async function measureLocks(plan: LockPlan, means: Means): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const workload of plan.workloads)
    for (const clients of plan.clients)
      for (let round = 1; round <= plan.rounds; round += 1)
        for (const server of plan.servers) {
          if (means.interruption.aborted) return samples;
          const sample = await sampleOf(plan, { server, workload, clients, round }, means);
          samples.push(sample);
          means.tell(sample);
        }
  return samples;
}

interface Place {
  readonly server: Server;
  readonly workload: Workload;
  readonly clients: number;
  readonly round: number;
}

async function sampleOf(plan: LockPlan, place: Place, means: Means): Promise<Sample> {
  const { server, workload, clients, round } = place;
  const head = { server: server.name, workload: workload.name, clients, round };
  try {
    const { latencies, tookMs } = await runOnce(plan, place, means);
    const perSecond = (latencies.count / tookMs) * 1000;
    return { ...head, perSecond, latencyMs: latencies.percentiles(), failure: null };
  } catch (error) {
    return { ...head, perSecond: null, latencyMs: null, failure: (error as Error).message };
  }
}

async function runOnce(plan: LockPlan, { server, workload, clients, round }: Place, means: Means) {
  const { clock, random, runId } = means;
  const { slots, durationMs, patienceMs } = plan;
  const { host, port, path } = server;
  const sessions: BenchSession[] = [];
  const traffics: Traffic[] = [];
  const stop = () => {
    for (const traffic of traffics) traffic.stop();
  };
  means.interruption.addEventListener('abort', stop);
  try {
    for (let number = 1; number <= clients; number += 1) {
      const name = `gracelab-bench-${runId}-${workload.name}-${clients}-${round}-${number}`;
      const session = await BenchSession.start({ host, port, path, name, slots, clock, random, patienceMs });
      sessions.push(session);
      const cycles = [];
      for (let slotId = 0; slotId < slots; slotId += 1)
        cycles.push(await workload.cycle(session, session.file, slotId));
      traffics.push(await Traffic.open({ host, port, clock, session, cycles }));
    }
    const latencies = new Latencies();
    const beganMs = clock.nowMs();
    if (means.interruption.aborted) throw new Error('it was interrupted');
    await Promise.all(traffics.map((traffic) => traffic.run(durationMs, latencies)));
    return { latencies, tookMs: clock.nowMs() - beganMs };
  } finally {
    means.interruption.removeEventListener('abort', stop);
    for (const traffic of traffics) traffic.close();
    await Promise.allSettled(sessions.map((session) => session.end()));
  }
}
