/**
 * `gracelab/core`: the rules by which the lock servers of a cluster agree on grace. Pure functions of
 * (ledger, command); the store that keeps the ledger and the server that obeys it are the caller's.
 */
export * from './beacon-slot.ts';
export * from './client-record.ts';
export * from './clock.ts';
export * from './fencer.ts';
export * from './ids.ts';
export * from './ledger.ts';
export * from './ledger-text.ts';
export * from './next-command.ts';
export * from './record-text.ts';
export * from './record-transitions.ts';
export * from './succession.ts';
export * from './transitions.ts';
