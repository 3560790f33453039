/** Tries for real what must not work: a second process that claims to be a node which lives (C14). */
import type { HistoryEvent } from '../history/events.ts';
import { NODE_PATHS } from '../runtime/runtime.ts';
import type { ImpostorStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

/**
 * Twice at once: with the node's own stable storage, where its lock tells that it lives, and without it, where only the beacon does.
 * @throws StepFailure when either of them gets to serve, ends for another reason, or does not end
 */
export async function refuseImpostor(step: ImpostorStep, context: StepContext): Promise<void> {
  const node = context.cluster.node(step.node);
  const tries = [null, NODE_PATHS.volatile].map(async (stable) => {
    const { code, stdout, stderr } = await node.impostor(stable);
    // What it did before it ended it did to the cluster, and the checks must see it.
    for (const event of eventsIn(stdout)) context.record(event);
    if (code === 1 && stderr.includes(`is ${step.node} already: stop it first`)) return null;
    return `it ended with status ${code}: ${stderr.trim().split('\n')[0] ?? ''}`;
  });
  const late = context.pause(step.withinMs).then(() => [`it did not end within ${step.withinMs} ms`]);
  const wrong = (await Promise.race([Promise.all(tries), late])).find((outcome) => outcome !== null);
  if (wrong !== undefined && wrong !== null)
    throw new StepFailure(`"${step.text}" was to be refused a start: ${wrong}`);
}

/** What an agent that talked to nobody told its lab. */
function eventsIn(stdout: string): HistoryEvent[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.flatMap((line) => {
    const { event } = JSON.parse(line) as { readonly event?: HistoryEvent };
    return event === undefined ? [] : [event];
  });
}
