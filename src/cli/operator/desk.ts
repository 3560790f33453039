/** An operator's desk at one lock domain of a lab, from the lab's own process. */
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Fencer } from '../../core/fencer.ts';
import type { Operator, OperatorsDomain, RepairOutcome } from '../../scenario/operator.ts';
import type { Repair } from '../../scenario/scenario.ts';
import { openDomainStore } from '../../store/open.ts';
import { CONTROL_FILES } from '../agents/control-directory.ts';
import { isLit, type OperatorsDesk } from './operators-desk.ts';
import { abandon, admit, declareDead, move, retire } from './repairs.ts';

const REPAIRS: Readonly<Record<Repair, (desk: OperatorsDesk, node: string) => Promise<RepairOutcome>>> = {
  admit,
  retire,
  'declare-dead': declareDead,
  abandon,
};

export interface DeskOptions {
  readonly clock: Clock;
  /** Asked before a node whose beacon does not prove its death is declared dead; null: that is refused then. */
  readonly fencer: Fencer | null;
}

/** @throws StoreUnavailableError when the store does not answer */
export async function openDesk(
  { directory, store: spec }: OperatorsDomain,
  { clock, fencer }: DeskOptions,
): Promise<OperatorsDesk> {
  const store = await openDomainStore(spec, clock);
  return {
    store,
    clock,
    fencer,
    beaconLit: (slot) => isLit(join(directory, '.gracelab', CONTROL_FILES.beacon), slot),
  };
}

export async function openOperator(domain: OperatorsDomain, options: DeskOptions): Promise<Operator> {
  return operatorAt(await openDesk(domain, options));
}

/** Who sits there; leaving the desk closes its store. */
export function operatorAt(desk: OperatorsDesk): Operator {
  return {
    repair: (repair, node) => REPAIRS[repair](desk, node),
    move: (what, owner, to) => move(desk, what, owner, to),
    [Symbol.asyncDispose]: () => desk.store[Symbol.asyncDispose](),
  };
}
