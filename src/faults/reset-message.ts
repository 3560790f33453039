import { messageFault } from './relay/message-fault.ts';

export const resetMessage = messageFault(
  {
    name: 'reset-message',
    about: 'in place of a request or a reply its connection ends with a TCP reset, on both sides',
    options: {},
  },
  {},
  () => ({ kind: 'reset' }),
);
