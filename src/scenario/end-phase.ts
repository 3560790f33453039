/** After the last step: loops end, clients recover, grace lifts, every node proves that it still grants, the harness audits. */
import { auditContents, auditLocks, type SharedView } from './audit.ts';
import type { ClusterClient } from './cluster-client.ts';
import { stopLoop } from './run-steps.ts';
import type { Scenario } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';
import { recovered } from './wait-step.ts';

/** A client notices a restart, reclaims, and completes; the cluster's grace is added to it. */
const RECOVERY_MS = 8000;
const PROBE_MS = 5000;
/** This owner is nobody's; `recovers` looks for it (docs/checkers.md). */
export const PROBE_OWNER = 'probe';

/** @throws StepFailure when the cluster does not come to rest */
export async function endPhase(scenario: Scenario, context: StepContext, view: SharedView): Promise<void> {
  context.progress('ending the loops');
  for (const loop of [...context.loops.keys()]) await stopLoop(loop, context);
  context.progress('waiting for the end of grace');
  const patienceMs = RECOVERY_MS + 2 * scenario.cluster.graceMs;
  await context.until(
    () => context.cluster.observations.liftedSince(context.lastFaultAt),
    patienceMs,
    'the end of grace',
  );
  context.progress('waiting for the clients');
  await recovered(clientsToWaitFor(context), patienceMs, context);
  context.progress('asking every node for a new lock');
  await Promise.all(
    context.cluster.nodes
      .filter((node) => isAnswered(node.name, context))
      .map((node) => probe(node.name, context)),
  );
  context.progress('looking at the shared filesystem');
  await auditLocks(view, context);
  auditContents(view, scenario, context);
}

/** Somebody serves at the address of this node: itself, or whoever carries it. */
const isAnswered = (node: string, { cluster }: StepContext): boolean =>
  cluster.node(cluster.observations.carrierOf(node)).serving;

/** Not those at whose address nobody answers, nor those that were told not to recover. */
function clientsToWaitFor(context: StepContext): string[] {
  const { cluster, confirmOnly } = context;
  return cluster.clients
    .filter((client) => client.running && isAnswered(client.node, context) && !confirmOnly.has(client.name))
    .map((client) => client.name);
}

/** A new lock on a file of its own, from a client that comes by this node's address: grace is over here, whatever anybody says. */
async function probe(node: string, context: StepContext): Promise<void> {
  const { cluster } = context;
  for (const { domain } of cluster.domainsOf(node)) {
    const { domain: label } = cluster.labelOf(domain);
    const file = label === undefined ? `probe-${node}` : `${label}/probe-${node}`;
    await probeFile(file, await proberOf(node, context), node);
  }
}

/** A client that comes by this node's address, to whoever answers there. */
async function proberOf(node: string, { cluster, confirmOnly }: StepContext): Promise<ClusterClient> {
  const present = cluster.clients.find((client) => client.node === node && !confirmOnly.has(client.name));
  return present ?? (await cluster.addClient({ name: `probe-${node}`, node }));
}

async function probeFile(file: string, client: ClusterClient, node: string): Promise<void> {
  const lock = { owner: PROBE_OWNER, file, start: 0, end: 1 };
  const asked = { ...lock, mode: 'write', retry: 'grace', timeoutMs: PROBE_MS };
  const reply = await client.command('lock', asked, PROBE_MS + 1000);
  const failed = !reply.ok
    ? reply.error
    : reply.status === 'OK'
      ? null
      : `it answered ${String(reply.status)}`;
  if (failed !== null) throw new StepFailure(`node ${node} grants no new lock after the run: ${failed}`);
  await client.command('unlock', lock, PROBE_MS);
}
