import { outage } from './outage.ts';

/** The same owner id with another verifier: the server must let go of what the instance before had (RFC 8881 section 18.35.5). */
export const clientRestart = outage(
  'client-restart',
  "a client's process ends without unlocking anything, and another instance of it begins, with a new verifier",
  (client) => client.kill(),
  { targets: ['client'], endsLife: false },
);
