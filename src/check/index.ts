/**
 * `gracelab/check`: the checkers, for histories of whatever harness. Pure functions of a history; its format is that of
 * docs/history-format.md, which `parseHistory` reads and `complaintAbout` tests, event by event.
 */
export type {
  AuditEvent,
  ByteSpan,
  ClientEvent,
  FaultEvent,
  History,
  HistoryEvent,
  LedgerEvent,
  LockMode,
  NodeEvent,
  OpEvent,
  RunEvent,
} from '../history/events.ts';
export { HistoryFormatError, type LoadedHistory, parseHistory } from '../history/parse-history.ts';
export { inOrder } from '../history/recorder.ts';
export { complaintAbout } from '../history/validate-event.ts';
export { type JudgeOptions, judge } from './judge.ts';
export * from './verdict.ts';
