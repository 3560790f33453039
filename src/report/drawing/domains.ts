import type { CheckContext } from '../../check/context.ts';
import type { DomainPart } from '../../check/domains.ts';
import { us } from './names.ts';

/** The graces of one lock domain: the cluster's own view, from its ledger. */
export interface DomainLane {
  /** null: the run has one domain, without a name. */
  readonly name: string | null;
  readonly graces: readonly GraceBand[];
}

export interface GraceBand {
  /** The ledger's first word of it; the death that it is for may have been before. */
  readonly from: number;
  /** Of each view of this grace that all acknowledged. */
  readonly barriers: readonly number[];
  /** null: it still ran at the end. */
  readonly lift: number | null;
  readonly recoveryEpoch: number;
}

export function domainLanes(parts: readonly DomainPart[]): DomainLane[] {
  return parts.map(({ name, context }) => ({ name, graces: gracesOf(context) }));
}

const gracesOf = (context: CheckContext): GraceBand[] =>
  context.graces.map(({ recoveryEpoch, start, barriers, lift }) => ({
    from: us(Math.max(0, start.earliest)),
    barriers: barriers.map(({ latest }) => us(latest)),
    lift: lift === null ? null : us(lift.latest),
    recoveryEpoch,
  }));
