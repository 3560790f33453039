import { RecordsUnreadableError, StoreUnavailableError } from '../../store/store.ts';

/** The two that a node lives with: the store does not answer, or what it answers cannot be trusted. */
export const isStoreError = (error: unknown): error is StoreUnavailableError | RecordsUnreadableError =>
  error instanceof StoreUnavailableError || error instanceof RecordsUnreadableError;
