import { messageFault } from './relay/message-fault.ts';

export const duplicateMessage = messageFault(
  { name: 'duplicate-message', about: 'a request or a reply arrives twice', options: {} },
  {},
  () => ({ kind: 'duplicate' }),
);
