/** What `gracelab fault` does to a living lab. */
import type { Clock, Random } from '../../core/clock.ts';
import {
  type BreakableNode,
  type Fault,
  FaultRefusedError,
  type FaultSurroundings,
  type TargetKind,
} from '../../faults/fault.ts';
import { FAULTS, faultRefusal } from '../../faults/registry.ts';
import { LEDGER_WORDS, resolveTargets } from '../../faults/targets.ts';
import { abilityRefusal } from '../../runtime/abilities.ts';
import type { Cluster } from '../../scenario/cluster.ts';
import type { ClusterNode } from '../../scenario/cluster-node.ts';
import { surroundingsOf } from '../../scenario/fault-steps.ts';
import { ALL_OF_THEM } from '../../scenario/fault-words.ts';
import { type ControlRequest, UnfinishedError } from './control.ts';

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
  const everybody = everybodyOf(cluster);
  if (fault === 'heal') return heal(cluster, selectors, random);
  const names = resolved(selectors, cluster, random);
  const targets = names.map((name) => cluster.breakable(name));
  if (fault === 'start') return start(cluster, targets, selectors);
  const others = from?.flatMap((word) => othersOf(word, cluster, random));
  if (others?.length === 0)
    throw new Error(`there is no ${from?.join(', ')} in this lab; there are ${everybody.join(', ')}`);
  const both = names.find((name) => others?.includes(name));
  if (both !== undefined) throw new Error(`${both} cannot be cut off from itself; leave it out on one side`);
  const given = { ...parameters, ...(others !== undefined && { from: others }) };
  const refusal = faultRefusal(fault, given);
  if (refusal !== null) throw new Error(refusal);
  const chosen = FAULTS.get(fault)!;
  const unable = cluster.offer && abilityRefusal(`the fault "${fault}"`, chosen.needs, cluster.offer);
  if (unable) throw new Error(unable);
  refuseStrangers(chosen, names, cluster);
  if (chosen.hits === 'node' && !chosen.armsNextLife) refuseDead(targets);
  const hit = new Set<string>();
  const surroundings = tellingWhom(hit, surroundingsOf(chosen, { cluster, random }));
  const injected = chosen.inject(targets, chosen.parameters.parse(given), surroundings).catch(unfinished);
  const waits = await unlessBootsWait(cluster, targets, injected);
  return { fault, targets: names, note: waits ?? whatDidNotHappen(chosen, parameters, names, hit) };
}

/** Notes those with whom the fault begins. */
const tellingWhom = (hit: Set<string>, surroundings: FaultSurroundings): FaultSurroundings => ({
  ...surroundings,
  tell: (phase, targets, detail) => {
    if (phase === 'begin') for (const target of targets) hit.add(target);
    surroundings.tell(phase, targets, detail);
  },
});

/** Of a node that has yet to come by its step, or that need not have and did not, nobody can say that it is done. */
function whatDidNotHappen(
  { armsNextLife }: Fault,
  { stayDown, at }: Readonly<Record<string, unknown>>,
  names: readonly string[],
  hit: ReadonlySet<string>,
): string {
  if (!armsNextLife) return '';
  if (stayDown === true) return 'armed; it dies when it comes there';
  const spared = names.filter((name) => !hit.has(name));
  return spared.length === 0 ? '' : `${spared.join(', ')} did not come to ${at}, so nothing happened`;
}

/** What was begun has not come about; what was refused was not begun. */
function unfinished(error: unknown): never {
  if (error instanceof FaultRefusedError) throw error;
  throw new UnfinishedError((error as Error).message, { cause: error });
}

/** @throws Error when one of these is not what the fault can hit */
function refuseStrangers({ name, targets }: Fault, names: readonly string[], cluster: Cluster): void {
  const { nodes, stores, clients = [], ledgers = [] } = cluster.population;
  const known: Readonly<Record<TargetKind, readonly string[]>> = {
    node: nodes,
    store: stores,
    client: clients,
    ledger: ledgers,
  };
  const stranger = names.find((one) => !targets.some((kind) => known[kind].includes(one)));
  if (stranger !== undefined)
    throw new Error(`${stranger} is nothing that a ${name} can hit; it hits a ${targets.join(', or a ')}`);
}

/** Where some of several run it is they that are hit; of nobody could it be said that it was done. */
function refuseDead(targets: readonly BreakableNode[]): void {
  if (targets.some(({ running }) => running)) return;
  const names = targets.map(({ name }) => name);
  throw new Error(
    `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} down already; \`gracelab fault start ${names.join(' ')}\` ends that`,
  );
}

const everybodyOf = (cluster: Cluster): readonly string[] =>
  [...cluster.nodes, ...cluster.stores, ...cluster.clients].map(({ name }) => name);

function resolved(selectors: readonly string[], cluster: Cluster, random: Random): string[] {
  const chosen = new Set<string>();
  for (const selector of selectors) {
    const found = resolveTargets(selector, cluster.population, random);
    if (!found.ok) throw new Error(found.error);
    for (const target of found.targets) chosen.add(target);
  }
  return [...chosen];
}

function othersOf(word: string, cluster: Cluster, random: Random): readonly string[] {
  if (LEDGER_WORDS.includes(word)) {
    if (cluster.storeNames.length > 0) return cluster.storeNames;
    throw new Error(
      'the ledger of this lab is a file on the shared filesystem, which no partition cuts off; bring the lab up with --store etcd',
    );
  }
  return resolved([word], cluster, random);
}

async function heal(cluster: Cluster, selectors: readonly string[], random: Random): Promise<FaultAnswer> {
  const { cuts, disturbances } = cluster.surroundings;
  const inForce = [...cuts.all, ...disturbances.all];
  const all = selectors.length === 0 || selectors.includes(ALL_OF_THEM);
  const names = all ? inForce.flatMap(({ targets }) => targets) : resolved(selectors, cluster, random);
  const healed = [...(await cuts.healAllOf(names)), ...(await disturbances.healAllOf(names))];
  if (healed.length === 0)
    throw new Error(
      all
        ? 'there is nothing to heal: nobody is cut off, and no other fault is in force; what is down or paused is ended by `gracelab fault start`'
        : `there is nothing to heal on ${names.join(', ')}: cut off from nobody, and no other fault is in force there`,
    );
  const told = healed.flatMap((one) =>
    'detail' in one && one.detail ? [`${one.fault}: ${one.detail}`] : [],
  );
  return {
    fault: 'heal',
    targets: [...new Set(healed.flatMap(({ targets }) => targets))],
    note: told.join('; '),
  };
}

/** A member of the store, or a node, as far as starting it goes. */
type Startable = BreakableNode & { readonly paused: boolean };

const isUp = ({ running, paused }: Startable): boolean => running && !paused;

/** A word for several, like `all` or `store`, means those of them that are down or paused. */
async function start(
  cluster: Cluster,
  targets: readonly BreakableNode[],
  selectors: readonly string[],
): Promise<FaultAnswer> {
  const startable = targets as readonly Startable[];
  const chosen = startable.filter((target) => selectors.includes(target.name) || !isUp(target));
  const up = (chosen.length === 0 ? startable : chosen).filter(isUp);
  if (up.length > 0)
    throw new Error(`${up.map(({ name }) => name).join(', ')} ${up.length === 1 ? 'is' : 'are'} up already`);
  const notes = await Promise.all(chosen.map((target) => startOne(cluster, target)));
  return {
    fault: 'start',
    targets: chosen.map(({ name }) => name),
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
  try {
    return await unlessBootsWait(cluster, [node], node.start());
  } catch (error) {
    throw new UnfinishedError(`${(error as Error).message}; why says \`gracelab logs ${node.name}\``);
  }
}

/** @returns null when it is done; why not, when a boot that is part of it waits for something */
async function unlessBootsWait(
  cluster: Cluster,
  targets: readonly BreakableNode[],
  doing: Promise<void>,
): Promise<string | null> {
  const looking = new AbortController();
  const names = new Set(targets.map(({ name }) => name));
  const outcome = await Promise.race([
    doing.then(() => null),
    ...cluster.nodes
      .filter(({ name }) => names.has(name))
      .map((node) => untilItWaits(node, cluster.surroundings.clock, looking.signal)),
  ]).finally(() => looking.abort());
  // Should it fail after that, `status` says so.
  if (outcome !== null) doing.catch(() => undefined);
  return outcome;
}

/** A boot that was under way before does not count: it is about to be ended. */
function untilItWaits(node: ClusterNode, clock: Clock, over: AbortSignal): Promise<string> {
  const { life } = node;
  return new Promise((resolve) => {
    const look = () => {
      if (over.aborted) return;
      if (node.life !== life && node.waitingFor !== null)
        resolve(`${node.name} is booting: ${node.waitingFor}.`);
      else clock.after(LOOK_MS, look);
    };
    look();
  });
}
