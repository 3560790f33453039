import { adoptionsOf } from './adoptions.ts';
import { orphanedBeliefs } from './beliefs.ts';
import type { CheckContext } from './context.ts';
import { coordinationCoverage, grantedInOtherDomain } from './coverage-of-coordination.ts';
import { answeredFromSlot, FAULT_COVERAGE, type FaultCoverage, faultCoverage } from './coverage-of-faults.ts';
import { localCoverage } from './coverage-of-programs.ts';
import type { Grace } from './graces.ts';
import { endsLife } from './node-lives.ts';
import { conflicting, firstSentFrom, isNewState, type Operation, overlapping } from './operations.ts';

/**
 * The interesting states that a run may have reached, each counted. A scenario names those that it is
 * for; a run that did not reach them proves nothing.
 */
export const COVERAGE = {
  fault: 'faults injected',
  'power-cut': 'power cuts',
  kill: 'processes killed',
  'planned-restart': 'planned restarts',
  grace: 'graces begun after the first fault',
  barrier: 'barriers reached in those graces',
  'overlapping-reboots': 'lives that ended while another node was down, or while grace for another node ran',
  'reboot-during-recovery': 'lives that ended between a barrier and its lift',
  reclaim: 'reclaims of locks granted',
  'reclaim-after-power-cut': 'reclaims of locks granted by a node whose last death was a power cut',
  'reclaim-refused': 'reclaims refused',
  'refused-in-grace': 'new locks and opens refused with GRACE',
  'granted-after-lift': 'new locks granted after a lift that followed a fault',
  'thief-attempts': 'requests for a lock that a client of a dead node still believed in',
  'survivor-lock-kept-in-grace':
    'locks at nodes that did not die, proven to be alive after the first barrier of a grace',
  'told-of-loss': 'clients told that a lock is gone',
  'guarded-writes': 'finished writes that say what they were computed from',
  migrations: 'addresses, or filesystems, that moved to another node as planned, with their clients',
  adopted: 'locks that the taker of an address held for clients that had not come yet',
  reclaimAtHeir: 'reclaims, granted by the node that took over, of locks that a dead one had granted',
  fencedNode: 'lives that a fencer ended for certain',
  membersChangedInGrace: 'members admitted or retired while grace ran',
  storeOutage: 'stretches in which a node said that its store did not answer',
  refusedWithoutStore: 'new locks and opens refused by a node without its store, while no grace explains it',
  resumedByItself: 'such stretches after which the same life of the node granted new locks again',
  gaveUp: 'lives that ended themselves after too long without their store',
  grantedInOtherDomain:
    'new locks granted in one lock domain by a node that was in grace in another at that moment',
  localGranted: 'locks granted to programs that are not NFS clients',
  localRefusedInGrace: 'locks and opens refused to local programs while grace held them back',
  localWaitedForLift: 'locks and opens that local programs asked for in grace and were given after the lift',
  localDenied: 'locks refused to local programs, or to clients, that the other side held',
  ...FAULT_COVERAGE,
} as const;

export type CoverageName = keyof typeof COVERAGE;
export const COVERAGE_NAMES = Object.keys(COVERAGE) as readonly CoverageName[];

/** These happen to a node or to the run as a whole, so that every lock domain's part of the history tells of the same ones. */
const SHARED: ReadonlySet<CoverageName> = new Set<CoverageName>([
  'fault',
  'power-cut',
  'kill',
  'planned-restart',
  'overlapping-reboots',
  'reboot-during-recovery',
  'fencedNode',
  'storeOutage',
  'resumedByItself',
  'gaveUp',
  ...(Object.keys(FAULT_COVERAGE) as FaultCoverage[]),
]);

/** The same over all lock domains of a run. @param contexts one for each */
export function coverageOfDomains(contexts: readonly CheckContext[]): Record<CoverageName, number> {
  const each = contexts.map(coverageOf);
  const counts = Object.fromEntries(
    COVERAGE_NAMES.map((name) => {
      const counted = each.map((of) => of[name]);
      return [name, SHARED.has(name) ? Math.max(0, ...counted) : counted.reduce((a, b) => a + b, 0)];
    }),
  ) as Record<CoverageName, number>;
  return { ...counts, grantedInOtherDomain: grantedInOtherDomain(contexts) };
}

/** Counts every state of {@link COVERAGE} in one lock domain; 0 for those that were not reached. */
export function coverageOf(context: CheckContext): Record<CoverageName, number> {
  const counts = Object.fromEntries(COVERAGE_NAMES.map((name) => [name, 0])) as Record<CoverageName, number>;
  const deaths = countFaults(context, counts);
  const firstFault = deaths[0]?.t ?? Number.POSITIVE_INFINITY;
  const graces = context.graces.filter(({ lift }) => (lift?.latest ?? Number.POSITIVE_INFINITY) > firstFault);
  const lifts = graces.flatMap(({ lift }) => (lift === null ? [] : [lift.latest]));
  counts.grace = graces.length;
  for (const grace of graces) counts.barrier += grace.barriers.length;
  for (const operation of context.operations.all) countOperation(counts, operation, lifts[0], deaths);
  for (const [, event] of context.milestones) {
    if (event.kind === 'client' && event.event === 'lock-lost') counts['told-of-loss'] += 1;
  }
  countThieves(context, counts);
  countSurvivors(context, counts, graces);
  const milestones = context.milestones.map(([, event]) => event);
  return {
    ...counts,
    ...coordinationCoverage(context),
    ...localCoverage(context),
    ...faultCoverage(milestones),
    adopted: adoptionsOf(context).filter(({ op }) => op === 'lock').length,
    answeredFromSlot: answeredFromSlot(context),
  };
}

interface Death {
  readonly t: number;
  readonly node: string;
  readonly fault: string;
}

/** Counts what faults alone show, and returns the deaths they caused in order. */
function countFaults(context: CheckContext, counts: Record<CoverageName, number>): Death[] {
  const deaths: Death[] = [];
  const down = new Map<string, string>();
  for (const [, event] of context.milestones) {
    if (event.kind !== 'fault') continue;
    if (event.phase === 'end') {
      for (const target of event.targets) down.delete(target);
      continue;
    }
    counts.fault += 1;
    if (event.fault === 'power-cut' || event.fault === 'kill') counts[event.fault] += event.targets.length;
    if (event.fault === 'restart') counts['planned-restart'] += event.targets.length;
    if (!endsLife(event)) continue;
    for (const node of event.targets) {
      deaths.push({ t: event.t, node, fault: event.fault });
      const grace = context.graces.find(
        ({ start, lift }) => start.latest < event.t && (lift?.earliest ?? Number.POSITIVE_INFINITY) > event.t,
      );
      const forAnother = deaths.some(
        (death) => death.node !== node && grace !== undefined && death.t > precedingLift(context, grace),
      );
      if ([...down.keys()].some((other) => other !== node) || forAnother) counts['overlapping-reboots'] += 1;
      if (grace?.barriers.some((barrier) => barrier.latest < event.t)) counts['reboot-during-recovery'] += 1;
      down.set(node, event.fault);
    }
  }
  return deaths;
}

/** Deaths after this belong to the grace; deaths before it to an earlier one. */
function precedingLift(context: CheckContext, grace: Grace): number {
  return context.graces[context.graces.indexOf(grace) - 1]?.lift?.latest ?? Number.NEGATIVE_INFINITY;
}

function countOperation(
  counts: Record<CoverageName, number>,
  operation: Operation,
  firstLift: number | undefined,
  deaths: readonly Death[],
): void {
  const { op, outcome, status } = operation;
  if (op === 'write' && outcome === 'ok' && operation.basedOn !== undefined) counts['guarded-writes'] += 1;
  if (operation.reclaim && outcome === 'fail') counts['reclaim-refused'] += 1;
  if (operation.reclaim && op === 'lock' && outcome === 'ok') {
    counts.reclaim += 1;
    const death = deaths.findLast(({ node, t }) => node === operation.node && t < operation.invokedAt);
    if (death?.fault === 'power-cut') counts['reclaim-after-power-cut'] += 1;
  }
  if (!isNewState(operation)) return;
  if (outcome === 'fail' && status === 'GRACE') counts['refused-in-grace'] += 1;
  if (op === 'lock' && outcome === 'ok' && firstLift !== undefined && operation.invokedAt >= firstLift) {
    counts['granted-after-lift'] += 1;
  }
}

function countThieves(context: CheckContext, counts: Record<CoverageName, number>): void {
  const beliefs = orphanedBeliefs(context);
  if (beliefs.length === 0) return;
  const attempts = new Set<Operation>();
  for (const { claim, death, protectedUntil } of beliefs) {
    const ofFile = context.locksByFile.get(claim.file) ?? [];
    for (let at = firstSentFrom(ofFile, death.earliest); at < ofFile.length; at += 1) {
      const operation = ofFile[at]!;
      if (operation.invokedAt > protectedUntil) break;
      if (operation.reclaim) continue;
      const another = operation.client !== claim.client || operation.owner !== claim.owner;
      if (another && overlapping(operation, claim) && conflicting(operation.mode, claim.mode))
        attempts.add(operation);
    }
  }
  counts['thief-attempts'] = attempts.size;
}

function countSurvivors(
  context: CheckContext,
  counts: Record<CoverageName, number>,
  graces: readonly Grace[],
): void {
  const fresh = context.claims.filter(({ grant }) => !grant.reclaim);
  // Of a long run there are many, to be looked at for each grace.
  const heldFrom = Float64Array.from(fresh, (claim) => claim.heldFrom);
  const provenUntil = Float64Array.from(fresh, (claim) => claim.provenUntil);
  for (const { barriers, lift } of graces) {
    const [barrier] = barriers;
    if (barrier === undefined || (lift?.earliest ?? Number.POSITIVE_INFINITY) <= barrier.latest) continue;
    const { earliest, latest } = barrier;
    for (let at = 0; at < heldFrom.length; at += 1)
      if (heldFrom[at]! < earliest && provenUntil[at]! > latest) counts['survivor-lock-kept-in-grace'] += 1;
  }
}
