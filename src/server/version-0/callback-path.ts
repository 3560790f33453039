import { DialledPath, type DialledTerms } from '../callbacks/dialled-path.ts';
import type { ServerState } from '../server-state.ts';
import type { SessionlessClient } from './client.ts';

/** A client that does not answer within this part of a lease does not answer. */
const CALLS_PER_LEASE = 4;
/** Attempts to connect to a client that cannot be reached, while it is to be called. */
const ATTEMPTS_PER_LEASE = 10;

/**
 * Calls the client where its confirmed introduction says from now on, and tries whether that works. Where nothing is to be said to a client
 * nobody is dialled: a server that gives no delegations makes no connections.
 */
export function followIntroduction(server: ServerState, client: SessionlessClient): void {
  if (server.stopped) return;
  const { settings, callbackRoom } = server;
  const { delegations, dialBack, clock, leaseMs } = settings;
  const terms = client.introduction.callback;
  const before = client.callbackPath;
  if (before?.works && terms !== null && isSame(before.terms, terms)) return;
  if (!delegations || dialBack === null || terms === null) {
    client.takePath(null);
    return;
  }
  const path = new DialledPath({
    dial: dialBack,
    clock,
    timeoutMs: leaseMs / CALLS_PER_LEASE,
    restMs: leaseMs / ATTEMPTS_PER_LEASE,
    terms,
    room: callbackRoom,
  });
  client.takePath(path);
  path.check();
}

const isSame = (a: DialledTerms, b: DialledTerms): boolean =>
  a.program === b.program &&
  a.ident === b.ident &&
  a.credential.kind === b.credential.kind &&
  a.target.host === b.target.host &&
  a.target.port === b.target.port &&
  a.target.localAddress === b.target.localAddress;
