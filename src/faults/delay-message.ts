import { delayMs, messageFault } from './relay/message-fault.ts';

export const delayMessage = messageFault(
  {
    name: 'delay-message',
    about: 'a request or a reply arrives later; what follows it does not wait',
    options: { byMs: 'by how many milliseconds (500)' },
  },
  { byMs: delayMs(500) },
  ({ byMs }) => ({ kind: 'delay', delayMs: byMs }),
);
