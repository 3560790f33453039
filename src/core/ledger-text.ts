/**
 * The ledger as text, the form in which stores keep it. What is read back is not trusted: a store may
 * be corrupt, hand-edited or of another version, and a ledger that is misread is a lock that is stolen.
 */
import { asEpoch, asIncarnation, asNodeId, asView, type NodeId } from './ids.ts';
import type { Ledger, Member } from './ledger.ts';

/** Raised when the meaning of a field changes; a reader refuses what it does not know. */
export const LEDGER_FORMAT = 3;

/** 1 to 64 characters; what a node may be called. `operator` is who does repairs (history-format.md). */
export const NODE_NAME = /^(?!operator$)[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/;

export const formatLedger = (ledger: Ledger): string => JSON.stringify({ format: LEDGER_FORMAT, ...ledger });

export type ParsedLedger =
  | { readonly ok: true; readonly ledger: Ledger }
  | { readonly ok: false; readonly problem: string };

/** @returns the ledger, or one sentence that says what is wrong with the text. */
export function parseLedger(text: string): ParsedLedger {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return wrong('it is not JSON');
  }
  if (!isObject(raw)) return wrong('it is not an object');
  if (raw.format !== LEDGER_FORMAT)
    return wrong(`its format is ${String(raw.format)}, and ${LEDGER_FORMAT} is the one that is known here`);
  const { view, epoch, recoveryEpoch, beaconProvesDeath, nextBeaconIndex, incarnationFloor, members } = raw;
  if (!isCount(view, 1)) return wrong('view is not a positive whole number');
  if (!isCount(epoch, 1)) return wrong('epoch is not a positive whole number');
  if (recoveryEpoch !== null && !isCount(recoveryEpoch, 1))
    return wrong('recoveryEpoch is neither null nor a positive whole number');
  if (recoveryEpoch !== null && recoveryEpoch >= epoch) return wrong('recoveryEpoch is not older than epoch');
  if (typeof beaconProvesDeath !== 'boolean') return wrong('beaconProvesDeath is neither true nor false');
  if (!isCount(nextBeaconIndex, 0)) return wrong('nextBeaconIndex is not a whole number');
  if (!isCount(incarnationFloor, 0)) return wrong('incarnationFloor is not a whole number');
  if (!isObject(members)) return wrong('members is not an object');

  const parsed: Record<NodeId, Member> = {};
  for (const [name, value] of Object.entries(members)) {
    if (!NODE_NAME.test(name)) return wrong(`a member is called ${JSON.stringify(name)}`);
    const member = parseMember(value, view, members);
    if (typeof member === 'string') return wrong(`member ${name}: ${member}`);
    if (member.beaconIndex >= nextBeaconIndex)
      return wrong(`member ${name}: beaconIndex was never given out`);
    if (Object.values(parsed).some((other) => other.beaconIndex === member.beaconIndex))
      return wrong(`member ${name}: another has its beaconIndex`);
    parsed[asNodeId(name)] = member;
  }
  return {
    ok: true,
    ledger: {
      view: asView(view),
      epoch: asEpoch(epoch),
      recoveryEpoch: recoveryEpoch === null ? null : asEpoch(recoveryEpoch),
      beaconProvesDeath,
      nextBeaconIndex,
      incarnationFloor: asIncarnation(incarnationFloor),
      members: parsed,
    },
  };
}

function parseMember(raw: unknown, view: number, members: Record<string, unknown>): Member | string {
  if (!isObject(raw)) return 'it is not an object';
  const { beaconIndex, incarnation, recordedIncarnation, state, acknowledgedView, claims } = raw;
  const { heir, leaving, addressAt, recordedAt, movingTo } = raw;
  if (!isCount(beaconIndex, 0)) return 'beaconIndex is not a whole number';
  if (!isCount(incarnation, 0)) return 'incarnation is not a whole number';
  if (!isCount(recordedIncarnation, 0)) return 'recordedIncarnation is not a whole number';
  if (!isMemberOrNull(recordedAt, members, true)) return 'recordedAt is no name of a node';
  if (recordedAt === null && recordedIncarnation > incarnation)
    return 'recordedIncarnation is not a life that ever was';
  if (state !== 'up' && state !== 'suspect' && state !== 'down') return 'state is none of up, suspect, down';
  if (!isCount(acknowledgedView, 0) || acknowledgedView > view)
    return 'acknowledgedView is not a view that ever was';
  if (claims !== 'open' && claims !== 'closed') return 'claims is neither open nor closed';
  if (!isMemberOrNull(heir, members)) return 'heir is not a member';
  if (!isMemberOrNull(addressAt, members)) return 'addressAt is not a member';
  if (!isMemberOrNull(movingTo, members)) return 'movingTo is not a member';
  if (typeof leaving !== 'boolean') return 'leaving is neither true nor false';
  return {
    beaconIndex,
    incarnation: asIncarnation(incarnation),
    recordedIncarnation: asIncarnation(recordedIncarnation),
    recordedAt: recordedAt === null ? null : asNodeId(recordedAt),
    state,
    acknowledgedView: asView(acknowledgedView),
    claims,
    heir: heir === null ? null : asNodeId(heir),
    leaving,
    addressAt: addressAt === null ? null : asNodeId(addressAt),
    movingTo: movingTo === null ? null : asNodeId(movingTo),
  };
}

/** @param former whoever was one at the last lift may have been retired since */
const isMemberOrNull = (
  value: unknown,
  members: Record<string, unknown>,
  former = false,
): value is string | null =>
  value === null ||
  (typeof value === 'string' && (Object.hasOwn(members, value) || (former && NODE_NAME.test(value))));

const wrong = (problem: string): ParsedLedger => ({ ok: false, problem });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;
