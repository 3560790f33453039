/** Steps of an operator: one change to the ledger of each lock domain of a node, by the rules that refuse what would break exclusion. */
import { askUntilExpected, recordSwap } from './operator-desk.ts';
import type { RepairStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

const COMMANDS = {
  admit: 'admit',
  retire: 'retire',
  'declare-dead': 'confirm-death',
  abandon: 'abandon',
} as const;

/** @throws StepFailure when it comes to something else than the step expects */
export async function repairLedgers(step: RepairStep, context: StepContext): Promise<void> {
  const { cluster } = context;
  for (const place of cluster.domainsOf(step.node))
    await askUntilExpected(step, place, context, async (operator) => {
      const sentAt = context.stamp();
      const outcome = await operator.repair(step.do, step.node);
      if (outcome.done)
        recordSwap(COMMANDS[step.do], sentAt, outcome, context, cluster.labelOf(place.domain));
      return outcome;
    });
  if (step.do === 'admit' && step.expect.includes('OK')) await beginNode(step.node, context);
}

/** A new member boots, and then its clients have somebody to mount. */
async function beginNode(name: string, context: StepContext): Promise<void> {
  const { cluster, latecomers } = context;
  try {
    const node = cluster.node(name);
    if (!node.running) await node.start();
    const timeoutMs = 10_000;
    // Those of a member that was retired, and is admitted again, have begun already.
    const begun = new Set(cluster.clients.map((client) => client.name));
    for (const described of latecomers.get(name) ?? []) {
      if (begun.has(described.name)) continue;
      const client = await cluster.addClient(described);
      const reply = await client.command('await', { what: 'recovered', timeoutMs }, timeoutMs + 1000);
      if (!reply.ok) throw new Error(reply.error);
    }
  } catch (error) {
    throw new StepFailure(`${name} was admitted and did not begin: ${(error as Error).message}`);
  }
}
