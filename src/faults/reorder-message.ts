import { delayMs, messageFault } from './relay/message-fault.ts';

export const reorderMessage = messageFault(
  {
    name: 'reorder-message',
    about: 'a request or a reply arrives behind the next one on its connection',
    options: { patienceMs: 'how long the next one is waited for in milliseconds (500)' },
  },
  { patienceMs: delayMs(500) },
  ({ patienceMs }) => ({ kind: 'reorder', patienceMs }),
);
