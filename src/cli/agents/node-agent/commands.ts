/** What a lab tells a node to do. */
import type { Clock } from '../../../core/clock.ts';
import type { LockServer } from '../../../server/server.ts';
import type { Command } from '../conversation.ts';
import { ARMED, type ArmableSteps } from './armed-steps.ts';
import type { ServedDomain } from './served-domain.ts';

/** With which a node ends that the cluster has taken out, or that has left it. */
export const FENCED_EXIT = 70;
/** The lab ends a node as soon as it hears that it has left. */
const LEFT_BEHIND_MS = 2000;

/** What commands are about. */
export interface Life {
  readonly domains: readonly ServedDomain[];
  /** There are several domains in the cluster, perhaps not at this node. */
  readonly named: boolean;
  readonly server: LockServer;
  readonly steps: ArmableSteps;
  readonly machine: {
    readonly after: Clock['after'];
    readonly end: (status: number, sentence: string) => void;
  };
}

/** @throws Error one sentence */
export async function obey(
  { command, ...parameters }: Command,
  { domains, named, server, steps, machine }: Life,
): Promise<object> {
  switch (command) {
    case 'arm':
      steps.arm(ARMED.nullable().parse(parameters.armed));
      return {};
    case 'status': {
      const [first] = domains;
      const each = Object.fromEntries(domains.map(({ name, coordination }) => [name, coordination.status()]));
      return {
        ...first!.coordination.status(),
        ...(named && { domains: each }),
        storeUse: Object.fromEntries(domains.map(({ name, storeUse }) => [name, storeUse()])),
        ...server.summary(),
      };
    }
    case 'leave':
      await Promise.all(
        domains.map(({ name, coordination }) =>
          coordination.leave(() => {
            steps.at('between-barrier-and-release');
            server.releaseStateIn(name);
            steps.at('between-release-and-departure');
          }),
        ),
      );
      // Whoever wanted it to leave may have given up waiting. It is no member now and would stand there for ever.
      machine.after(LEFT_BEHIND_MS, () =>
        machine.end(FENCED_EXIT, 'nobody ended this node after it had left'),
      );
      return {};
    default:
      throw new Error(`a node does not know the command ${command}`);
  }
}
