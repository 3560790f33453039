import { z } from 'zod';
import { type Fault, ORDINARY } from './fault.ts';
import { hasOneEnd, healTargets, inForce, LASTING, ONE_END, refuseTwice } from './lasting.ts';

const resetParameters = z.strictObject(LASTING).refine(hasOneEnd, ONE_END);

type ResetParameters = z.output<typeof resetParameters>;

/** Requests may have been done whose replies are lost with the connection: what a session's slots are there for (RFC 8881 section 2.10.6.2). */
export const reset: Fault<ResetParameters> = {
  ...ORDINARY,
  name: 'reset',
  about:
    "every connection to the node's server is answered with a TCP reset, and no new one is let in, as long as it lasts",
  targets: ['node'],
  needs: ['connection-reset'],
  hits: 'network',
  tells: 'itself',
  parameters: resetParameters,
  async inject(targets, { downMs }, surroundings) {
    const names = targets.map(({ name }) => name);
    refuseTwice({ fault: 'reset', targets: names }, surroundings.disturbances);
    const undo = await surroundings.network.reset(names);
    surroundings.tell('begin', names);
    const told = async () => `${await undo()} segments answered`;
    await inForce({ fault: 'reset', targets: names }, downMs, told, surroundings);
  },
  mend: healTargets,
};
