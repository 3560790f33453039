/** Steps of an operator: one change to the ledger of each lock domain of a node, by the rules that refuse what would break exclusion. */
import { OPERATOR } from '../history/events.ts';
import type { RepairOutcome } from './operator.ts';
import type { RepairStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

/** What may come to pass by itself is asked for again so often. */
const RETRY_MS = 25;

/** @throws StepFailure when it comes to something else than the step expects */
export async function repairLedgers(step: RepairStep, context: StepContext): Promise<void> {
  const { cluster } = context;
  const domains = cluster.domainsOf(step.node);
  for (const { domain, at } of domains) {
    let operator: Awaited<ReturnType<StepContext['openOperator']>>;
    try {
      operator = await context.openOperator(at, cluster.fencerOf(cluster.labelOf(domain).domain ?? ''));
    } catch (error) {
      throw new StepFailure(`"${step.text}" failed: ${(error as Error).message}`);
    }
    try {
      await untilExpected(step, context, async () => {
        const sentAt = context.stamp();
        const outcome = await operator.repair(step.do, step.node);
        if (outcome.done) recordSwap(step, context, sentAt, outcome, cluster.labelOf(domain));
        return outcome;
      });
    } finally {
      await operator[Symbol.asyncDispose]();
    }
  }
  if (step.do === 'admit' && step.expect.includes('OK')) await beginNode(step.node, context);
}

/** The ledger may be about to come to where the repair is possible: a step that expects `OK` waits for that. */
async function untilExpected(
  { text, expect, withinMs }: RepairStep,
  context: StepContext,
  attempt: () => Promise<RepairOutcome>,
): Promise<void> {
  const giveUpMs = context.clock.nowMs() + withinMs;
  for (;;) {
    let outcome: RepairOutcome;
    try {
      outcome = await attempt();
    } catch (error) {
      throw new StepFailure(`"${text}" failed: ${(error as Error).message}`);
    }
    const status = outcome.done ? 'OK' : outcome.refusal;
    if (expect.includes(status)) return;
    if (outcome.done || context.over || context.clock.nowMs() >= giveUpMs) {
      const why = outcome.done ? '' : ` (${outcome.sentence.replace(/\.$/, '')})`;
      throw new StepFailure(
        `"${text}" was to end with ${expect.join(' or ')} and ended with ${status}${why}`,
      );
    }
    await context.pause(RETRY_MS);
  }
}

const COMMANDS = {
  admit: 'admit',
  retire: 'retire',
  'declare-dead': 'confirm-death',
  abandon: 'abandon',
} as const;

function recordSwap(
  step: RepairStep,
  context: StepContext,
  sentAt: number,
  { ledger, revision }: Extract<RepairOutcome, { done: true }>,
  label: { readonly domain?: string },
): void {
  context.record({
    kind: 'ledger',
    t: context.stamp(),
    sentAt,
    node: OPERATOR,
    incarnation: 0,
    command: COMMANDS[step.do],
    ledger,
    revision,
    ...label,
  });
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
