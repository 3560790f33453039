/**
 * Fences a node that is a `Container` of this process's own lab: its init is killed, and with it, by the kernel,
 * everything in its pid namespace, before the runtime says that the container is gone.
 *
 * **Which life?** The ledger speaks of incarnations, the container only knows that something runs. Lives of one
 * container follow one another and their incarnations rise, so:
 *
 * | the container | the named life |
 * | --- | --- |
 * | does not run | is over |
 * | runs a later incarnation | is over; the later one is left alone |
 * | runs the named one | is killed |
 * | runs one that has not said its name yet, or an earlier one | may be the one: the node may have written itself into the ledger and stopped before the lab heard of it |
 *
 * In the last case the life is given time to name itself, and is killed if it does not. It might be a later one that
 * is slow to start; then a start is lost, once, since the confirmed death ends the asking. To leave it alone could
 * hold the cluster for ever (I8), and killing is always safe.
 *
 * **Rebooted between the look and the kill?** There is no such moment: `lookup` and `kill` are called in one turn of
 * the event loop, a container changes lives only in turns of the same loop, and `kill` takes the life that runs when
 * it is called. So what is killed is what was looked at, however long the killing then takes.
 */
import type { Clock } from '../core/clock.ts';
import type { FenceOutcome, Fencer } from '../core/fencer.ts';
import type { Incarnation, NodeId } from '../core/ids.ts';
import { FenceAttempt, failed, GONE } from './fence-attempt.ts';
import type { Container } from './runtime.ts';

/** What a lab knows of a node at this moment. */
export interface ContainerLife {
  readonly container: Pick<Container, 'running' | 'kill'>;
  /** Which the life that runs *now* said it is; null from each boot until it does, and when none runs. */
  readonly incarnation: number | null;
  /** Not the same for two lives; what `boot` resolved with will do. With it, a reboot is noticed at any speed. */
  readonly life?: unknown;
}

export interface ContainerFencerOptions {
  readonly clock: Clock;
  readonly limitMs?: number;
  /** How long a life that has not named itself is let live. */
  readonly namingMs?: number;
}

const LOOK_AGAIN_MS = 20;

export function containerFencer(
  lookup: (node: NodeId) => ContainerLife | undefined,
  { clock, limitMs = 10_000, namingMs = 2_000 }: ContainerFencerOptions,
): Fencer {
  return {
    fence: ({ node, incarnation }) =>
      FenceAttempt.run({ clock, limitMs, waitingFor: `the container ${node} to end` }, (attempt) =>
        endLife(attempt, () => lookup(node), { node, incarnation, namingMs }),
      ),
  };
}

interface Named {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  readonly namingMs: number;
}

async function endLife(
  attempt: FenceAttempt,
  look: () => ContainerLife | undefined,
  { node, incarnation, namingMs }: Named,
): Promise<FenceOutcome> {
  const namedByMs = attempt.nowMs() + namingMs;
  let first: ContainerLife | undefined;
  for (let looks = 1; ; looks += 1) {
    const found = look();
    if (found === undefined)
      return failed(`there is no container ${node} in this lab; ask a fencer that knows that node`);
    if (!found.container.running) {
      // A node whose boot the lab is just about to hear of runs already: it may be in the ledger, and be named here,
      // while its container does not count as running. What the lab has to hear was sent before anybody could ask
      // for this fencing, so it has heard it one turn of the event loop from now.
      if (looks > 1) return GONE;
    } else {
      if (found.incarnation !== null && found.incarnation > incarnation) return GONE;
      first ??= found;
      // Whatever runs now was booted after the call: the named life was in the ledger before it, and is over.
      if (found.life !== first.life) return GONE;
      if (found.incarnation === incarnation || attempt.nowMs() >= namedByMs) {
        await found.container.kill();
        return afterKill(look(), { node, incarnation });
      }
    }
    await attempt.pause(LOOK_AGAIN_MS);
  }
}

/** `kill` says that all is gone. One that was wrong about it would still run under the same name. */
function afterKill(
  found: ContainerLife | undefined,
  { node, incarnation }: Omit<Named, 'namingMs'>,
): FenceOutcome {
  if (found?.container.running && found.incarnation === incarnation)
    return failed(
      `the container ${node} still runs incarnation ${incarnation} after it was killed; end it by hand`,
    );
  return GONE;
}
