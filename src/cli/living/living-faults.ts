/** What `gracelab fault` does to a living lab. */
import type { Clock, Random } from '../../core/clock.ts';
import type { BreakableNode } from '../../faults/fault.ts';
import { FAULTS, faultRefusal } from '../../faults/registry.ts';
import { LEDGER_WORDS, resolveTargets } from '../../faults/targets.ts';
import type { Cluster } from '../../scenario/cluster.ts';
import type { ClusterNode } from '../../scenario/cluster-node.ts';
import type { ControlRequest } from './control.ts';

type FaultRequest = Extract<ControlRequest, { command: 'fault' }>;

export interface FaultAnswer {
  readonly fault: string;
  readonly targets: readonly string[];
  /** What is left to say, one sentence; empty mostly. */
  readonly note: string;
}

/** @throws Error one sentence, when that cannot be done */
export async function breakOrMend(
  cluster: Cluster,
  { fault, targets: selectors, from, parameters }: FaultRequest,
  random: Random,
): Promise<FaultAnswer> {
  const { surroundings } = cluster;
  const everybody = everybodyOf(cluster);
  if (fault === 'heal') return heal(cluster, selectors, random);
  const names = resolved(selectors, cluster, random);
  const targets = names.map((name) => cluster.breakable(name));
  if (fault === 'start') return start(cluster, targets);
  const others = from?.flatMap((word) => othersOf(word, cluster, random));
  if (others?.length === 0)
    throw new Error(`there is no ${from?.join(', ')} in this lab; there are ${everybody.join(', ')}`);
  const given = { ...parameters, ...(others !== undefined && { from: others }) };
  const refusal = faultRefusal(fault, given);
  if (refusal !== null) throw new Error(refusal);
  const chosen = FAULTS.get(fault)!;
  await chosen.inject(targets, chosen.parameters.parse(given), surroundings);
  return { fault, targets: names, note: '' };
}

const everybodyOf = (cluster: Cluster): readonly string[] =>
  [...cluster.nodes, ...cluster.stores, ...cluster.clients].map(({ name }) => name);

function resolved(selectors: readonly string[], cluster: Cluster, random: Random): string[] {
  const population = { nodes: cluster.nodes.map(({ name }) => name), stores: cluster.storeNames };
  const chosen = new Set<string>();
  for (const selector of selectors) {
    const found = resolveTargets(selector, population, random);
    if (!found.ok) throw new Error(found.error);
    for (const target of found.targets) chosen.add(target);
  }
  return [...chosen];
}

function othersOf(word: string, cluster: Cluster, random: Random): readonly string[] {
  if (word === 'clients') return cluster.clients.map(({ name }) => name);
  if (LEDGER_WORDS.includes(word)) {
    if (cluster.storeNames.length > 0) return cluster.storeNames;
    throw new Error(
      'the ledger of this lab is a file on the shared filesystem, which no partition cuts off; bring the lab up with --store etcd',
    );
  }
  if (cluster.clients.some(({ name }) => name === word)) return [word];
  return resolved([word], cluster, random);
}

async function heal(cluster: Cluster, selectors: readonly string[], random: Random): Promise<FaultAnswer> {
  const { cuts } = cluster.surroundings;
  const names =
    selectors.length > 0 ? resolved(selectors, cluster, random) : cuts.all.flatMap(({ targets }) => targets);
  const healed = await cuts.healAllOf(names);
  if (healed.length === 0)
    throw new Error(names.length === 0 ? 'nobody is cut off' : `${names.join(', ')}: cut off from nobody`);
  return { fault: 'heal', targets: [...new Set(healed.flatMap(({ targets }) => targets))], note: '' };
}

/** A member of the store, or a node, as far as starting it goes. */
type Startable = BreakableNode & { readonly paused: boolean };

async function start(cluster: Cluster, targets: readonly BreakableNode[]): Promise<FaultAnswer> {
  const startable = targets as readonly Startable[];
  const up = startable.find((target) => target.running && !target.paused);
  if (up !== undefined) throw new Error(`${up.name} is up already`);
  const notes = await Promise.all(startable.map((target) => startOne(cluster, target)));
  return {
    fault: 'start',
    targets: targets.map(({ name }) => name),
    note: notes.filter((note) => note !== null).join(' '),
  };
}

/** Looked at so often while a node boots. */
const LOOK_MS = 50;

/** A boot that waits for the ledger goes on doing so: nobody has to watch it. @returns what there is to say about that */
async function startOne(cluster: Cluster, target: Startable): Promise<string | null> {
  if (target.paused) {
    await target.resume();
    return null;
  }
  const node = cluster.nodes.find(({ name }) => name === target.name);
  if (node === undefined) {
    await target.start();
    return null;
  }
  const started = node.start();
  const looking = new AbortController();
  const outcome = await Promise.race([
    started.then(() => null),
    untilItWaits(node, cluster.surroundings.clock, looking.signal),
  ]).finally(() => looking.abort());
  // Should it fail after that, `status` says so.
  if (outcome !== null) started.catch(() => undefined);
  return outcome;
}

function untilItWaits(node: ClusterNode, clock: Clock, over: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const look = () => {
      if (over.aborted) return;
      if (node.waitingFor !== null) resolve(`${node.name} is booting: ${node.waitingFor}.`);
      else clock.after(LOOK_MS, look);
    };
    look();
  });
}
