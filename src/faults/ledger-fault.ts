/** What the faults of the ledger itself have in common: its nodes live, and so do the locks that they gave. */
import { z } from 'zod';
import { type Fault, type FaultSurroundings, ORDINARY } from './fault.ts';
import { hasOneEnd, healTargets, inForce, LASTING, ONE_END, refuseTwice } from './lasting.ts';

type Lasting = { readonly downMs?: number | undefined; readonly stayDown: boolean };

/** @param begin starts it, and resolves with its end */
export function ledgerFault<Parameters extends Lasting>(
  fault: Pick<Fault<Parameters>, 'name' | 'about' | 'needs' | 'parameters'> & Partial<Pick<Fault, 'options'>>,
  begin: (
    names: readonly string[],
    parameters: Parameters,
    surroundings: FaultSurroundings,
  ) => Promise<() => Promise<void>>,
): Fault<Parameters> {
  return {
    ...ORDINARY,
    targets: ['ledger'],
    hits: 'network',
    tells: 'itself',
    ...fault,
    async inject(targets, parameters, surroundings) {
      const names = targets.map(({ name }) => name);
      refuseTwice({ fault: fault.name, targets: names }, surroundings.disturbances);
      const undo = await begin(names, parameters, surroundings);
      surroundings.tell('begin', names);
      const told = async () => {
        await undo();
        return '';
      };
      await inForce({ fault: fault.name, targets: names }, parameters.downMs, told, surroundings);
    },
    mend: healTargets,
  };
}

export const lastingParameters = z.strictObject(LASTING).refine(hasOneEnd, ONE_END);
