/**
 * Every interval of the client follows from the lease, so that a lab with a lease of one second
 * and a cluster with one of ninety behave alike. None of them is ever part of a safety argument (I9).
 */
import type { Random } from '../core/clock.ts';

/** All in milliseconds. */
export interface Timing {
  readonly leaseMs: number;
  /** How long one reply may take before the connection is given up as dead. */
  readonly rpcTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Idle time after which the lease is renewed by a lone SEQUENCE (RFC 8881 section 8.3). */
  readonly renewEveryMs: number;
  /** `renewed` events are not reported more often than this, to keep histories small. */
  readonly reportEveryMs: number;
  /** Between two attempts to connect. */
  readonly reconnect: Backoff;
  /** Between two attempts of an operation that was answered GRACE, DELAY or DENIED. */
  readonly retry: Backoff;
}

/** Waits that double from `firstMs` and stay at `limitMs`. */
export interface Backoff {
  readonly firstMs: number;
  readonly limitMs: number;
}

const SHORTEST_PATIENCE_MS = 150;
const LONGEST_RECONNECT_MS = 5_000;

/**
 * @param leaseMs the server's lease time, above 0
 */
export function timingOf(leaseMs: number): Timing {
  const patienceMs = Math.max(SHORTEST_PATIENCE_MS, leaseMs / 4);
  return {
    leaseMs,
    rpcTimeoutMs: patienceMs,
    connectTimeoutMs: patienceMs,
    renewEveryMs: leaseMs / 3,
    reportEveryMs: leaseMs / 6,
    reconnect: {
      firstMs: Math.min(leaseMs / 50, LONGEST_RECONNECT_MS),
      limitMs: Math.min(leaseMs / 10, LONGEST_RECONNECT_MS),
    },
    retry: { firstMs: Math.min(20, leaseMs / 20), limitMs: Math.max(20, leaseMs / 20) },
  };
}

/**
 * The wait before attempt number `attempt` (0 for the first repetition), in milliseconds: doubled each
 * time up to the limit, then shortened by up to half at random, so that clients of a rebooted server do
 * not all come at the same instant.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: Random): number {
  const fullMs = Math.min(backoff.limitMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return fullMs * (1 - random() / 2);
}
