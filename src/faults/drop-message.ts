import { messageFault } from './relay/message-fault.ts';

/** A request that was never done, or one that was done and whose client does not know: slots tell them apart (RFC 8881 section 2.10.6.2). */
export const dropMessage = messageFault(
  {
    name: 'drop-message',
    about: 'a request or a reply never arrives, while its connection lives',
    options: {},
  },
  {},
  () => ({ kind: 'drop' }),
);
