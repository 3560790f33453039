/**
 * Measures what grace costs on a real lab: N nodes start for the first time, C clients of one of them take a lock each, somebody
 * locks and unlocks for a while, the power of that node is cut and it boots again at once, and when grace is over its power is
 * cut once more and it stays down. What came of it is taken from the history and from counts in between.
 */
import type { Clock } from '../../core/clock.ts';
import type { HistoryEvent, LedgerEvent } from '../../history/events.ts';
import type { HistoryRecorder } from '../../history/recorder.ts';
import type { Lab, Program } from '../../runtime/runtime.ts';
import { Cluster } from '../../scenario/cluster.ts';
import { clusterFacts } from '../../scenario/cluster-shape.ts';
import { numbered, shapeOf } from '../../scenario/format/cluster.ts';
import type { OperatorsDomain } from '../../scenario/operator.ts';
import type { ClusterShape } from '../../scenario/scenario.ts';
import type { StoreUse } from '../../store/counted.ts';
import { haveSurvivorsStopped } from './figures.ts';
import { type Count, type Cut, type GracePlan, type Moment, type ObservedGrace, VICTIM } from './observed.ts';
import { SwarmClients } from './swarm-clients.ts';

export interface GraceSurroundings {
  readonly openLab: () => Promise<Lab>;
  readonly programs: { readonly node: Program; readonly client: Program; readonly swarm: Program };
  readonly clock: Clock;
  /** The machine's monotonic clock in nanoseconds, the same for all processes of the lab. */
  readonly monotonicNs: () => bigint;
  readonly recorder: HistoryRecorder;
  /** Transactions that changed a store, by its own word. */
  readonly transactions: (store: OperatorsDomain['store']) => Promise<number>;
  /** Called whenever the run turns to something else. */
  readonly progress: (text: string) => void;
}

/** Who locks and unlocks in normal operation: a few clients of a node that survives, and stay while grace is measured. */
const TRAFFIC = { node: 'n2', clients: 4, forMs: 500 } as const;
/** For everything that is waited for; what takes longer is reported as not having happened. */
const PATIENCE_MS = 30_000;
const STATUS_MS = 5000;
const SHORTEST_GRACE_MS = 20_000;

/** @throws Error one sentence, when the lab itself does not come up */
export async function measureGrace(plan: GracePlan, outside: GraceSurroundings): Promise<ObservedGrace> {
  outside.progress('starting the lab');
  await using lab = await outside.openLab();
  const measurement = new Measurement(plan, outside, lab);
  await measurement.toTheEnd();
  return measurement.observed();
}

/** Nobody but the victim is to die, and nobody to take it over: whatever else is patient here is more patient than the measurement. */
function shapeFor({ nodes, store, leaseMs }: GracePlan): ClusterShape {
  const graceMs = Math.max(SHORTEST_GRACE_MS, 2 * leaseMs);
  const times = { lease: leaseMs, grace: graceMs, 'fence-after': null, 'store-patience': PATIENCE_MS };
  return shapeOf({ nodes: numbered(nodes), store, ...times }, { leaseMs });
}

class Measurement {
  readonly #plan: GracePlan;
  readonly #outside: GraceSurroundings;
  readonly #lab: Lab;
  readonly #shape: ClusterShape;
  readonly #originNs: bigint;
  readonly #counts: Partial<Record<Moment, Count>> = {};
  #traffic: ObservedGrace['traffic'] = null;
  #reboot: Cut | null = null;
  #loss: Cut | null = null;
  #holding: number | null = null;
  #failure: string | null = null;

  constructor(plan: GracePlan, outside: GraceSurroundings, lab: Lab) {
    this.#plan = plan;
    this.#outside = outside;
    this.#lab = lab;
    this.#shape = shapeFor(plan);
    this.#originNs = outside.monotonicNs();
  }

  observed(): ObservedGrace {
    return {
      plan: this.#plan,
      history: this.#outside.recorder.history(),
      failure: this.#failure,
      counts: this.#counts,
      traffic: this.#traffic,
      reboot: this.#reboot,
      loss: this.#loss,
      holding: this.#holding,
    };
  }

  /** Never rejects: a run that fell short shows what it has seen, and why there is no more. */
  async toTheEnd(): Promise<void> {
    const facts = clusterFacts(this.#shape);
    this.#record({ kind: 'run', t: this.#stamp(), event: 'start', text: 'bench grace', cluster: facts });
    try {
      await this.#measure();
    } catch (error) {
      this.#failure = (error as Error).message;
    }
    const text = this.#failure === null ? {} : { text: this.#failure };
    this.#record({ kind: 'run', t: this.#stamp(), event: 'end', ...text });
  }

  async #measure(): Promise<void> {
    const { progress, programs, clock } = this.#outside;
    progress('starting the nodes');
    const cluster = await Cluster.start({
      lab: this.#lab,
      shape: this.#shape,
      mutants: [],
      programs,
      clock,
      originNs: this.#originNs,
      stamp: this.#stamp,
      record: this.#record,
    });
    try {
      await this.#onCluster(cluster);
    } finally {
      cluster.expectEnd();
    }
  }

  async #onCluster(cluster: Cluster): Promise<void> {
    const { progress } = this.#outside;
    await this.#until(cluster, () => cluster.observations.liftedSince(0), 'the end of the first grace');
    await this.#count(cluster, 'started');
    progress('starting the clients');
    const clients = await this.#clientsOf(cluster, 'swarm', VICTIM, this.#plan.clients);
    const workers = await this.#clientsOf(cluster, 'traffic', TRAFFIC.node, TRAFFIC.clients);
    progress('locking and unlocking');
    await this.#count(cluster, 'entered');
    this.#traffic = (await workers?.traffic(TRAFFIC.forMs, PATIENCE_MS)) ?? null;
    await this.#count(cluster, 'worked');
    await this.#cutAndReboot(cluster, clients);
    await this.#count(cluster, 'lifted');
    await this.#cutForGood(cluster);
    await this.#count(cluster, 'stopped');
  }

  async #cutAndReboot(cluster: Cluster, clients: SwarmClients | null): Promise<void> {
    this.#outside.progress('cutting the power, and booting again');
    const { at } = await this.#cut(cluster, (cut) => {
      this.#reboot = cut;
    });
    await cluster.node(VICTIM).start();
    cluster.record({ kind: 'fault', t: this.#stamp(), phase: 'end', fault: 'power-cut', targets: [VICTIM] });
    const lifted = () => cluster.observations.liftedSince(at);
    try {
      await this.#until(cluster, lifted, 'the end of grace after the power cut');
      await clients?.recovered(PATIENCE_MS);
    } finally {
      // Also when they did not come back in time: how far they came is worth knowing.
      this.#holding = (await clients?.tell(PATIENCE_MS)) ?? 0;
    }
  }

  async #cutForGood(cluster: Cluster): Promise<void> {
    this.#outside.progress('cutting the power for good');
    const formerLife = cluster.node(VICTIM).incarnationIn('') ?? 0;
    const { at } = await this.#cut(cluster, (cut) => {
      this.#loss = cut;
    });
    const reached = ({ t, ledger }: LedgerEvent) => t >= at && haveSurvivorsStopped(ledger, formerLife);
    const arrived = this.#outside.recorder.arrived;
    await this.#until(
      cluster,
      () => arrived.some((event) => event.kind === 'ledger' && reached(event)),
      'the barrier of the survivors',
    );
  }

  async #cut(cluster: Cluster, done: (cut: Cut) => void): Promise<Cut> {
    const at = this.#stamp();
    cluster.record({ kind: 'fault', t: at, phase: 'begin', fault: 'power-cut', targets: [VICTIM] });
    await cluster.node(VICTIM).powerCut();
    const cut = { at, goneAt: this.#stamp() };
    done(cut);
    return cut;
  }

  /** Null where there are to be none. */
  async #clientsOf(
    cluster: Cluster,
    name: string,
    node: string,
    clients: number,
  ): Promise<SwarmClients | null> {
    if (clients === 0) return null;
    const { programs, clock } = this.#outside;
    const swarm = await SwarmClients.start({
      lab: this.#lab,
      clock,
      program: programs.swarm,
      name,
      clients,
      node: cluster.node(node),
      leaseMs: this.#plan.leaseMs,
      originNs: this.#originNs,
      record: cluster.record,
    });
    await swarm.enter(PATIENCE_MS);
    return swarm;
  }

  async #until(cluster: Cluster, predicate: () => boolean, what: string): Promise<void> {
    const outcome = await cluster.until(predicate, PATIENCE_MS);
    if (outcome === 'timeout') throw new Error(`${what} did not come within ${PATIENCE_MS / 1000} s`);
    if (outcome === 'lost') throw new Error(cluster.lost ?? 'an agent is lost');
  }

  /** Reads only: the store is not changed by being counted. */
  async #count(cluster: Cluster, moment: Moment): Promise<void> {
    const [{ at: place, domain }] = cluster.domainsOf(VICTIM) as [ReturnType<Cluster['domainsOf']>[number]];
    const serving = cluster.nodes.filter((node) => node.serving);
    const uses = await Promise.all(
      serving.map(async (node) => {
        const status = await node.command('status', {}, STATUS_MS);
        if (!status.ok) throw new Error(status.error);
        const use = (status.storeUse as Readonly<Record<string, StoreUse>>)[domain.name]!;
        return [node.name, { ...use, incarnation: status.incarnation as number }] as const;
      }),
    );
    const transactions = await this.#outside.transactions(place.store);
    this.#counts[moment] = { transactions, uses: Object.fromEntries(uses) };
  }

  readonly #stamp = (): number => Number(this.#outside.monotonicNs() - this.#originNs);

  readonly #record = (event: HistoryEvent): void => this.#outside.recorder.record(event);
}
