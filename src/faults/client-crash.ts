import { outage } from './outage.ts';

/** Its server keeps what it had until the lease runs out, or until another instance of it comes (RFC 8881 section 18.35.4). */
export const clientCrash = outage(
  'client-crash',
  'a client loses power: it believes nothing any more, and no peer sees its connection end; it comes back as another instance',
  (client) => client.powerCut(),
  { targets: ['client'], endsLife: false },
);
