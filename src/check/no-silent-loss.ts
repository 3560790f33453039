import type { AuditEvent } from '../history/events.ts';
import type { Claim } from './claims.ts';
import { contactsOf } from './contacts.ts';
import type { CheckContext } from './context.ts';
import { diedBetween } from './node-lives.ts';
import type { Judged } from './verdict.ts';
import { atTime, claimWords, evidence, Findings } from './words.ts';

interface Audit {
  readonly event: AuditEvent;
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/**
 * I5: a client whose lock could not be kept is told; it never goes on believing.
 *
 * Every belief is held against what the harness found when it looked into the filesystem itself: while
 * the belief lasted and the client was in touch with its server, the range must have been locked there. A
 * belief that lasts to the end of the run and that nobody looked at leaves the check unknown. A client that
 * was told counts as judged; one that is cut off cannot be told and is left out.
 */
export function noSilentLoss(context: CheckContext): Judged {
  const findings = new Findings('no-silent-loss');
  const audits = Map.groupBy(lockAudits(context), ({ event }) => event.file);
  for (const claim of context.claims) {
    if (claim.ending === 'told') findings.judged += 1;
    const looks = (audits.get(claim.file) ?? []).filter((audit) => looksAt(audit, claim));
    const judged = looks.filter(({ event }) => inTouch(context, claim, event.t));
    for (const audit of judged) {
      findings.judged += 1;
      if (audit.event.held === false && claim.ending !== 'told')
        findings.violation(() => silentLoss(context, claim, audit));
    }
    if (claim.ending !== 'run-end' || !inTouch(context, claim, context.endsAt)) continue;
    if (!judged.some(({ start, end }) => start <= claim.start && claim.end <= end)) {
      findings.doubt(() =>
        evidence(
          context.history,
          `Nobody looked for it in the filesystem: ${claimWords(claim)}, and believed in it to the end.`,
          [claim.grant.replyIndex],
        ),
      );
    }
  }
  return findings.result('No client was told of a loss, and no lock was looked for in the filesystem.');
}

function lockAudits(context: CheckContext): Audit[] {
  const audits: Audit[] = [];
  for (const [index, event] of context.milestones) {
    if (event.kind !== 'audit' || event.event !== 'lock' || event.held === undefined) continue;
    audits.push({
      event,
      index,
      start: event.span?.start ?? 0,
      end: event.span?.end ?? Number.POSITIVE_INFINITY,
    });
  }
  return audits;
}

/** Did this audit look at bytes of this claim while it was believed in? */
function looksAt({ event, start, end }: Audit, claim: Claim): boolean {
  if (event.client !== undefined && event.client !== claim.client) return false;
  if (event.owner !== undefined && event.owner !== claim.owner) return false;
  if ((event.sentAt ?? event.t) < claim.heldFrom || event.t >= claim.believedUntil) return false;
  if (event.held === true) return start < claim.end && claim.start < end;
  // Who looked for a write lock passes over a read lock. And a look at more or fewer bytes than those of
  // the claim finds no lock on some byte that may not be its own.
  if (event.mode === 'write' && claim.mode === 'read') return false;
  return start <= claim.start && claim.end <= end;
}

/**
 * Had the client heard from its server within a lease before `t`, with no death of the server since?
 * Otherwise it may not have had the chance to be told.
 */
function inTouch(context: CheckContext, claim: Claim, t: number): boolean {
  const contacts = contactsOf(context.contacts, claim.client, claim.node);
  const newest = contacts.firstAfter(t) - 1;
  const heardAt = Math.max(newest < 0 ? 0 : contacts.at(newest).sentAt, claim.grant.invokedAt);
  if (t - heardAt > context.leaseNs) return false;
  // Whoever granted it, and whoever answers at that address now: the one lost it, the other is to tell.
  const servers = [...context.servers(claim.grant), ...context.carriers.during(claim.node, heardAt, t)];
  if (servers.some((node) => diedBetween(context.lives(node), heardAt, t))) return false;
  return !recoveringAt(context, claim.client, t);
}

function recoveringAt(context: CheckContext, client: string, t: number): boolean {
  const last = context.newsOf(client).findLast((news) => news.t <= t && RECOVERY_NEWS.has(news.event));
  return last?.event === 'recovery-begin';
}

const RECOVERY_NEWS: ReadonlySet<string> = new Set(['started', 'recovery-begin', 'recovery-end']);

function silentLoss(context: CheckContext, claim: Claim, audit: Audit) {
  return evidence(
    context.history,
    `Silent loss: ${claimWords(claim)}, and believed in it, but at ${atTime(audit.event.t)} the filesystem held no such lock and nobody told it so.`,
    [claim.grant.replyIndex, audit.index, claim.endIndex],
    audit.event.t,
  );
}
