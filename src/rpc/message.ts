/** Numbers of ONC RPC version 2: RFC 5531 section 9. */
export const RPC_VERSION = 2;
export const CALL = 0;
export const REPLY = 1;
export const MSG_ACCEPTED = 0;
export const MSG_DENIED = 1;

// accept_stat
export const SUCCESS = 0;
export const PROG_UNAVAIL = 1;
export const PROG_MISMATCH = 2;
export const PROC_UNAVAIL = 3;
export const GARBAGE_ARGS = 4;
export const SYSTEM_ERR = 5;

// reject_stat
export const RPC_MISMATCH = 0;
export const AUTH_ERROR = 1;

// auth_flavor
export const AUTH_NONE = 0;
export const AUTH_SYS = 1;

// auth_stat; those that a server without RPCSEC_GSS can answer
export const AUTH_BADCRED = 1;
export const AUTH_REJECTEDCRED = 2;
export const AUTH_BADVERF = 3;
export const AUTH_REJECTEDVERF = 4;
export const AUTH_TOOWEAK = 5;

/** RFC 5531 section 8.2: the body of a credential or verifier, in bytes. */
export const AUTH_BODY_MAX_BYTES = 400;
