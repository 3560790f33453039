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

function holds(condition: Observed, context: StepContext): boolean {
  const { cluster, lastFaultAt } = context;
  const { observations } = cluster;
  const { what } = condition;
  switch (what) {
    case 'grace':
      return observations.graceSince(lastFaultAt);
    case 'barrier':
      return observations.barrierSince(lastFaultAt);
    case 'lift':
      return observations.liftedSince(lastFaultAt);
    case 'up':
      return condition.nodes.every((node) => cluster.node(node).serving);
    case 'reclaiming':
      return condition.clients.every((client) =>
        observations.outcomeSince(what, client, hitAt(client, context)),
      );
    case 'refused':
    case 'granted':
      return condition.clients.every((client) => observations.outcomeSince(what, client, lastFaultAt));
  }
}

/** When the newest fault hit the client's node; 0 when none did. */
const hitAt = (client: string, { cluster, faultAt }: StepContext): number =>
  faultAt.get(cluster.client(client).node) ?? 0;

/** A client's own word: it has had an answer since it was asked, and nothing is left to be reclaimed. */
export async function recovered(
  clients: readonly string[],
  timeoutMs: number,
  context: StepContext,
): Promise<void> {
  await Promise.all(
    clients.map(async (name) => {
      const reply = await context.cluster
        .client(name)
        .command('await', { what: 'recovered', timeoutMs }, timeoutMs + 1000);
      if (!reply.ok) throw new StepFailure(reply.error);
      if (reply.status !== 'OK')
        throw new StepFailure(`client ${name} did not recover within ${timeoutMs} ms`);
    }),
  );
}
