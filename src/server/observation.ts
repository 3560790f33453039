import type { Span } from '../core/byte-ranges.ts';
import type { ByteSpan, LockMode, NodeEvent } from '../history/events.ts';

/** What the protocol server tells the run's history; the composition root stamps time, node and incarnation on it. */
export type NodeEventBody = Omit<NodeEvent, 't' | 'node' | 'incarnation'>;
export type Observe = (event: NodeEventBody) => void;

/** Whose state, and on which file: the part of an event that all of them share. */
export interface Subject {
  readonly op: 'open' | 'lock';
  /** Owner ids as text. */
  readonly client: string;
  readonly owner: string;
  readonly file: string;
  /** Where the node serves more than one. */
  readonly domain?: string;
  readonly mode?: LockMode;
  readonly span?: ByteSpan;
}

export const granted = (subject: Subject, reclaim: boolean): NodeEventBody => ({
  kind: 'node',
  event: 'grant',
  ...subject,
  reclaim,
});

/** @param status the NFS4ERR_ name without the prefix */
export const refused = (subject: Subject, reclaim: boolean, status: string): NodeEventBody => ({
  kind: 'node',
  event: 'refuse',
  ...subject,
  reclaim,
  status,
});

export const released = (subject: Subject): NodeEventBody => ({ kind: 'node', event: 'release', ...subject });

/** Histories are JSON: offsets beyond 2^53 lose precision there, and nowhere else. */
export const spanForHistory = (span: Span): ByteSpan => ({
  start: Number(span.start),
  end: span.end === null ? null : Number(span.end),
});
