import type { CallbackSecParms, ChannelAttrs } from '../../nfs4/session-types.ts';
import type { Credential } from '../../rpc/credentials.ts';
import { AUTH_NONE, AUTH_SYS } from '../../rpc/message.ts';
import type { CallbackTerms } from './back-channel.ts';

/** As whom we call a client that has not said as whom we should: version 4.0. */
export const OUR_CREDENTIAL: Credential = {
  kind: 'sys',
  sys: { stamp: 0, machineName: 'gracelab', uid: 0, gid: 0, gids: [] },
};

/** The first of the ways to be called that the client offers and we know. Null: there is none (RPCSEC_GSS alone). */
export function termsFrom(program: number, offered: readonly CallbackSecParms[]): CallbackTerms | null {
  // None at all is taken for AUTH_NONE, as other servers do.
  if (offered.length === 0) return { program, credential: { kind: 'none' } };
  for (const parms of offered) {
    if (parms.secFlavor === AUTH_NONE) return { program, credential: { kind: 'none' } };
    if (parms.secFlavor === AUTH_SYS) return { program, credential: { kind: 'sys', sys: parms.sysCred } };
  }
  return null;
}

/** Bytes of a message of the back channel: a recall with the longest handle and credential, and its reply. */
const MIN_REQUEST_BYTES = 768;
const MIN_RESPONSE_BYTES = 256;
/** CB_SEQUENCE and one more. */
const MIN_OPERATIONS = 2;

/** What the client can take is too little to be called at all. */
export const isTooSmall = ({
  maxRequestSize,
  maxResponseSize,
  maxOperations,
  maxRequests,
}: ChannelAttrs): boolean =>
  maxRequestSize < MIN_REQUEST_BYTES ||
  maxResponseSize < MIN_RESPONSE_BYTES ||
  maxOperations < MIN_OPERATIONS ||
  maxRequests < 1;
