import type { Condition, WaitStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

/** @throws StepFailure when the condition does not hold in time */
export async function waitFor({ condition, withinMs, text }: WaitStep, context: StepContext): Promise<void> {
  if (condition.what === 'time') return context.pause(context.draw(condition));
  if (condition.what === 'recovered') return recovered(condition.clients, withinMs, context);
  await context.until(() => holds(condition, context), withinMs, `"${text}"`);
}

/** What events tell; of a recovery the client itself must be asked. */
type Observed = Exclude<Condition, { what: 'time' } | { what: 'recovered' }>;

function holds(condition: Observed, { cluster, lastFaultAt }: StepContext): boolean {
  const { observations } = cluster;
  const { what } = condition;
  const ledgers = cluster.surroundings.ledger.names;
  switch (what) {
    case 'grace':
      return observations.graceSince(lastFaultAt);
    case 'barrier':
      return observations.barrierSince(lastFaultAt);
    case 'lift':
      return observations.liftedSince(lastFaultAt);
    case 'up':
      return condition.nodes.every((node) => cluster.node(node).serving);
    case 'armed':
      return condition.nodes.every((node) => cluster.node(node).armed);
    case 'inherited':
    case 'fenced':
      return condition.nodes.every((node) =>
        observations.nodeSince(what, node, observations.brokenAt([node])),
      );
    case 'outage':
    case 'resumed':
    case 'gave-up':
      // A ledger is lost by what hits the node, its store, or the ledger itself.
      return condition.nodes.every((node) =>
        observations.nodeSince(what, node, observations.brokenAt([node, ...cluster.storeNames, ...ledgers])),
      );
    case 'reclaiming':
      return condition.clients.every((client) =>
        observations.outcomeSince(what, client, observations.diedAt(cluster.client(client).node)),
      );
    case 'refused':
    case 'granted':
      return condition.clients.every((client) => observations.outcomeSince(what, client, lastFaultAt));
  }
}

/** A client's own word: it has had an answer since it was asked, and nothing is left to be reclaimed. */
export async function recovered(
  clients: readonly string[],
  timeoutMs: number,
  context: StepContext,
): Promise<void> {
  const all = Promise.all(
    clients.map(async (name) => {
      const reply = await context.cluster
        .client(name)
        .command('await', { what: 'recovered', timeoutMs }, timeoutMs + 1000);
      if (!reply.ok) throw new StepFailure(reply.error);
      if (reply.status !== 'OK')
        throw new StepFailure(`client ${name} did not recover within ${timeoutMs} ms`);
    }),
  );
  // A node that is gone for good is nobody's to wait for.
  const lost = await Promise.race([all, context.cluster.whenLost]);
  if (typeof lost === 'string') throw new StepFailure(lost);
}
