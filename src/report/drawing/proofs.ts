import type { Moment } from '../../check/moment.ts';
import type { CheckResult, Evidence, EvidenceEvent } from '../../check/verdict.ts';
import type { History } from '../../history/events.ts';
import { us } from './names.ts';
import type { RequestPlaces } from './requests.ts';

/** One check with its proofs, and where on the page each piece of them is. */
export interface CheckRow {
  readonly name: string;
  readonly verdict: CheckResult['verdict'];
  readonly judged: number;
  readonly proofs: readonly Proof[];
}

export interface Proof {
  readonly sentence: string;
  readonly pins: readonly Pin[];
  readonly moment?: Moment;
}

export interface Pin {
  readonly at: number;
  readonly text: string;
  /** Nodes and clients in whose lanes it is to be seen; none: it is of the whole run. */
  readonly lanes: readonly string[];
  /** Its request, where it is one that is drawn. */
  readonly request?: number;
}

export function checkRows(
  checks: readonly CheckResult[],
  history: History,
  places: RequestPlaces,
): CheckRow[] {
  return checks.map(({ name, verdict, judged, evidence }) => ({
    name,
    verdict,
    judged,
    proofs: evidence.map((each) => proofOf(each, history, places)),
  }));
}

function proofOf({ sentence, events, moment }: Evidence, history: History, places: RequestPlaces): Proof {
  return {
    sentence,
    pins: events.map((event) => pinOf(event, history, places)),
    ...(moment === undefined ? {} : { moment }),
  };
}

function pinOf({ index, t, text }: EvidenceEvent, history: History, places: RequestPlaces): Pin {
  const request = places.get(index);
  return {
    at: us(t),
    text,
    lanes: lanesOf(history, index),
    ...(request === undefined ? {} : { request }),
  };
}

function lanesOf(history: History, index: number): readonly string[] {
  const event = history[index];
  switch (event?.kind) {
    case 'op':
    case 'client':
      return [event.client];
    case 'node':
    case 'ledger':
      return [event.node];
    case 'fault':
      return event.targets;
    case 'audit':
      return event.client === undefined ? [] : [event.client];
    default:
      return [];
  }
}
