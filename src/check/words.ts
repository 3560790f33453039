import {
  type ByteSpan,
  type History,
  type HistoryEvent,
  type LedgerEvent,
  OPERATOR,
} from '../history/events.ts';
import type { Claim } from './claims.ts';
import { lastWordOnGrace, momentAt, type TellingEvent } from './moment.ts';
import type { Operation } from './operations.ts';
import { type CheckName, EVIDENCE_LIMIT, type Evidence, type EvidenceEvent, type Judged } from './verdict.ts';

/** `3.204 s`: nanoseconds since the run's origin, for a person. */
export function atTime(t: number): string {
  return Number.isFinite(t) ? `${(t / 1e9).toFixed(3)} s` : 'never';
}

export function milliseconds(ns: number): string {
  return `${Math.round(ns / 1e6)} ms`;
}

export function rangeWords(start: number, end: number | null): string {
  return `[${start}, ${end === null || end === Number.POSITIVE_INFINITY ? 'end' : end})`;
}

/** Who: a client, and which of its owners. */
export function ownerWords(of: { readonly client: string; readonly owner: string }): string {
  return of.owner === '' ? of.client : `${of.client} (owner ${of.owner})`;
}

/** `alice (owner db) had a write lock on [0, 100) of ledger.db at n1, granted at 1.234 s`. */
export function claimWords(claim: Claim): string {
  const how = claim.grant.reclaim ? 'reclaimed' : 'granted';
  return `${ownerWords(claim)} had a ${claim.mode} lock on ${rangeWords(claim.start, claim.end)} of ${claim.file} at ${claim.node}, ${how} at ${atTime(claim.grant.repliedAt)}`;
}

/** `mallory (owner x) was granted a write lock on [0, 9) of f at n2 (asked at 2.1 s, answered at 2.2 s)`. */
export function grantWords(operation: Operation): string {
  const what = operation.op === 'open' ? `an open of ${operation.file}` : lockWords(operation);
  const how = operation.reclaim ? 'was granted, as a reclaim,' : 'was granted';
  return `${ownerWords(operation)} ${how} ${what} at ${operation.node} (asked at ${atTime(operation.invokedAt)}, answered at ${atTime(operation.repliedAt)})`;
}

function lockWords(operation: Operation): string {
  return `a ${operation.mode ?? 'read'} lock on ${rangeWords(operation.start, operation.end)} of ${operation.file}`;
}

/** One event as one line. */
export function eventWords(event: HistoryEvent): string {
  switch (event.kind) {
    case 'op': {
      const what = [
        event.reclaim ? `reclaim ${event.op}` : event.op,
        event.mode,
        spanWords(event.span),
        `of ${event.file}`,
      ];
      const value = event.value === undefined ? '' : ` ${JSON.stringify(event.value)}`;
      const outcome =
        event.phase === 'invoke' ? 'asks' : `${event.phase}${event.status ? ` ${event.status}` : ''}`;
      return `${ownerWords(event)} at ${event.node}: ${words(what)}${value}: ${outcome}`;
    }
    case 'client':
      return `${event.client} at ${event.node}: ${words([event.event, event.owner, event.mode, spanWords(event.span), event.file, event.status])}`;
    case 'node':
      return `${event.node} (incarnation ${event.incarnation}): ${words([event.event, ofDomain(event.domain), numbered('view', event.view), numbered('epoch', event.epoch), event.peer, event.client, event.status, event.detail])}`;
    case 'ledger':
      return ledgerWords(event);
    case 'fault':
      return `fault ${event.fault} on ${event.targets.join(', ')}: ${event.phase}`;
    case 'audit':
      return `audit of ${event.file}: ${event.event === 'lock' ? words([spanWords(event.span), event.held ? 'is locked' : 'is not locked']) : JSON.stringify(event.value)}`;
    case 'run':
      return words([`run ${event.event}`, event.text]);
  }
}

function ledgerWords({ command, node, incarnation, domain, ledger }: LedgerEvent): string {
  const by = node === OPERATOR ? 'a person' : `${node} (incarnation ${incarnation})`;
  const phase = ledger.recoveryEpoch === null ? 'no grace' : `grace for epoch ${ledger.recoveryEpoch}`;
  const heirs = Object.entries(ledger.members).flatMap(([name, { heir }]) =>
    (heir ?? null) === null ? [] : [`, ${heir} serves the clients of ${name}`],
  );
  return `${words(['ledger', ofDomain(domain)])}: ${command} by ${by}, view ${ledger.view}, ${phase}${heirs.join('')}`;
}

const ofDomain = (domain: string | undefined): string | undefined =>
  domain === undefined ? undefined : `of domain ${domain}`;
const words = (parts: readonly (string | undefined)[]): string => parts.filter((part) => part).join(' ');
const numbered = (what: string, n: number | undefined): string | undefined =>
  n === undefined ? undefined : `${what} ${n}`;
const spanWords = (span: ByteSpan | undefined): string | undefined =>
  span === undefined ? undefined : rangeWords(span.start, span.end);

/** What a node had last said of itself before `t`: the other half of most explanations. */
export function knowledgeWords(history: History, node: string, t: number): string {
  const last = lastWordOnGrace(history, node, t);
  if (last === null) return `${node} had said nothing about grace`;
  if (last.kind === 'node') return `${node} ${TOLD[last.event](last)}`;
  const { view, recoveryEpoch } = last.ledger;
  if (recoveryEpoch === null) return `no grace was known: the newest ledger (view ${view}) had none`;
  const did = last.command === 'boot' ? 'booted into the grace of' : 'acknowledged';
  return `${node} had ${did} view ${view} by ${atTime(last.t)}`;
}

const TOLD: Readonly<Record<TellingEvent['event'], (event: TellingEvent) => string>> = {
  enforcing: ({ t }) => `was enforcing grace since ${atTime(t)}`,
  lifted: ({ t }) => `had seen grace lifted at ${atTime(t)}`,
  'beacon-missing': ({ t, peer }) => `had found the beacon of ${peer ?? 'a peer'} missing at ${atTime(t)}`,
  inherited: ({ t, peer }) => `had taken over from ${peer ?? 'a peer'} at ${atTime(t)}`,
  'handed-over': ({ t, peer, detail }) =>
    `had handed the clients of ${peer ?? 'a peer'} to ${detail ?? 'another'} at ${atTime(t)}`,
  'store-unavailable': ({ t }) => `had been without its store since ${atTime(t)}`,
};

/**
 * Evidence from event indices; those below 0 stand for events that are not there.
 * @param at the moment that it turns on, if there is one: what every node knew then becomes part of the evidence
 */
export function evidence(
  history: History,
  sentence: string,
  indices: readonly number[],
  at?: number,
): Evidence {
  const events: EvidenceEvent[] = [];
  for (const index of [...new Set(indices)].sort((a, b) => a - b)) {
    const event = history[index];
    if (event !== undefined) events.push({ index, t: event.t, text: eventWords(event) });
  }
  return { sentence, events, ...(at === undefined ? {} : { moment: momentAt(history, at) }) };
}

/** Gathers what a checker finds, keeps the first few proofs, and makes its result. */
export class Findings {
  readonly #name: CheckName;
  readonly #violations: Evidence[] = [];
  readonly #doubts: Evidence[] = [];
  #violationCount = 0;
  #doubtCount = 0;
  judged = 0;

  constructor(name: CheckName) {
    this.#name = name;
  }

  /** @param prove called only while there is room for more evidence */
  violation(prove: () => Evidence): void {
    this.#violationCount += 1;
    if (this.#violations.length < EVIDENCE_LIMIT) this.#violations.push(prove());
  }

  /** Something that should have been judged and could not be: the check cannot say `valid` any more. */
  doubt(explain: () => Evidence): void {
    this.#doubtCount += 1;
    if (this.#doubts.length < EVIDENCE_LIMIT) this.#doubts.push(explain());
  }

  /** @param nothingSeen why there was nothing to judge, as a sentence */
  result(nothingSeen: string): Judged {
    const { judged } = this;
    const name = this.#name;
    if (this.#violationCount > 0)
      return {
        name,
        verdict: 'violation',
        judged,
        evidence: this.#capped(this.#violations, this.#violationCount),
      };
    if (this.#doubtCount > 0)
      return { name, verdict: 'unknown', judged, evidence: this.#capped(this.#doubts, this.#doubtCount) };
    if (judged > 0) return { name, verdict: 'valid', judged, evidence: [] };
    const evidence = [{ sentence: nothingSeen, events: [] }];
    return { name, verdict: 'unknown', judged, evidence, idle: true };
  }

  #capped(kept: readonly Evidence[], count: number): Evidence[] {
    const more = count - kept.length;
    return more === 0 ? [...kept] : [...kept, { sentence: `And ${more} more like these.`, events: [] }];
  }
}
