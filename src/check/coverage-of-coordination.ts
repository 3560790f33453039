/** The interesting states of failover, fencing, membership, stores and several lock domains; names as in coverage.ts. */
import { OPERATOR } from '../history/events.ts';
import type { CheckContext } from './context.ts';
import { type Grace, type LedgerStep, memberNamed } from './graces.ts';
import { diedBetween } from './node-lives.ts';
import { isNewState, type Operation } from './operations.ts';
import { plannedMoves } from './planned-moves.ts';
import { type Outage, outagesOf } from './store-outages.ts';

export function coordinationCoverage(context: CheckContext) {
  const outages = outagesOf(context);
  return {
    migrations: plannedMoves(context).length,
    reclaimAtHeir: reclaimsAtHeir(context),
    fencedNode: fencedLives(context),
    membersChangedInGrace: context.graces.reduce((sum, { steps }) => sum + memberChanges(steps), 0),
    storeOutage: outages.length,
    refusedWithoutStore: context.operations.all.filter((each) => refusedWithout(context, outages, each))
      .length,
    resumedByItself: outages.filter((outage) => resumed(context, outage)).length,
    gaveUp: context.milestones.filter(([, event]) => event.kind === 'node' && event.event === 'gave-up')
      .length,
  };
}

/** The one who granted the lock is not the one who granted its reclaim. */
function reclaimsAtHeir(context: CheckContext): number {
  const reclaims = new Set<number>();
  for (const claim of context.claims) {
    if (claim.ending !== 'reclaimed') continue;
    const reclaim = context.operations.at[claim.endIndex];
    const before = context.server(claim.grant);
    const after = reclaim === undefined ? null : context.server(reclaim);
    if (before !== null && after !== null && before !== after) reclaims.add(claim.endIndex);
  }
  return reclaims.size;
}

/**
 * Each life once, however many nodes had it fenced. The lab says when it ends one; where its word of that comes late, the missing beacon may have
 * told the cluster before.
 */
function fencedLives(context: CheckContext): number {
  const lives = new Set<string>();
  for (const [, event] of context.milestones) {
    const ended =
      event.kind === 'fault' && event.fault === 'fence' && event.phase === 'begin' ? event.targets : [];
    const said = event.kind === 'node' && event.event === 'fenced-peer' ? event.peer : undefined;
    const told = event.kind === 'node' ? /^life (\d+)$/.exec(event.detail ?? '')?.[1] : undefined;
    for (const name of said === undefined ? ended : [said]) {
      const begun = context.steps.findLast(({ latest }) => latest <= event.t);
      const member = begun === undefined ? undefined : memberNamed(begun.event.ledger, name);
      lives.add(`${name} ${told ?? member?.incarnation ?? 0}`);
    }
  }
  for (const [at, { event }] of context.steps.entries()) {
    if (event.command !== 'confirm-death' || event.node === OPERATOR) continue;
    const before = context.steps[at - 1]?.event.ledger;
    for (const [name, { state, incarnation }] of Object.entries(event.ledger.members)) {
      if (state === 'down' && before !== undefined && memberNamed(before, name)?.state !== 'down')
        lives.add(`${name} ${incarnation}`);
    }
  }
  return lives.size;
}

function memberChanges(steps: readonly LedgerStep[]): number {
  const names = steps.map(({ event }) => Object.keys(event.ledger.members).sort().join());
  return names.filter((each, at) => at > 0 && each !== names[at - 1]).length;
}

/** Anything that a node says while it does not grant: which of them it is, is the server's choice. */
const NOT_NOW: ReadonlySet<string> = new Set(['GRACE', 'DELAY']);

function refusedWithout(context: CheckContext, outages: readonly Outage[], operation: Operation): boolean {
  if (!isNewState(operation) || operation.outcome !== 'fail' || !NOT_NOW.has(operation.status ?? ''))
    return false;
  const { invokedAt, repliedAt } = operation;
  const servers = context.servers(operation);
  const without = outages.some(
    ({ node, from, to }) => servers.includes(node) && invokedAt >= from && repliedAt <= to,
  );
  return without && !context.graces.some((grace) => mayRun(grace, invokedAt, repliedAt));
}

function resumed(context: CheckContext, { node, to }: Outage): boolean {
  return context.operations.all.some(
    (operation) =>
      isNewState(operation) &&
      operation.outcome === 'ok' &&
      operation.invokedAt >= to &&
      context.server(operation) === node &&
      !diedBetween(context.lives(node), to, operation.repliedAt),
  );
}

/**
 * C12: what grace in one lock domain does not stop. Counted are grants of which it is certain that, all the while, the
 * node was a member of another domain whose grace ran.
 */
export function grantedInOtherDomain(contexts: readonly CheckContext[]): number {
  const granted = new Set<Operation>();
  for (const context of contexts) {
    const others = contexts.filter((other) => other !== context).flatMap(({ graces }) => graces);
    if (others.length === 0) continue;
    for (const operation of context.operations.all) {
      if (operation.op !== 'lock' || !isNewState(operation) || operation.outcome !== 'ok') continue;
      const server = context.server(operation);
      if (server !== null && others.some((grace) => certainlyIn(grace, server, operation)))
        granted.add(operation);
    }
  }
  return granted.size;
}

const mayRun = ({ start, lift }: Grace, from: number, to: number): boolean =>
  start.earliest <= to && (lift === null || lift.latest >= from);

function certainlyIn(grace: Grace, node: string, { invokedAt, repliedAt }: Operation): boolean {
  const ran =
    grace.start.latest < invokedAt && repliedAt < (grace.lift?.earliest ?? Number.POSITIVE_INFINITY);
  const then = grace.steps.findLast(({ latest }) => latest < invokedAt);
  return ran && then !== undefined && memberNamed(then.event.ledger, node)?.state === 'up';
}
