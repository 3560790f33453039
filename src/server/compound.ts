import type { Failure } from '../nfs4/status.ts';
import { NFS4ERR_BAD_STATEID, NFS4ERR_DELAY, NFS4ERR_OLD_STATEID } from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import type { Peer } from './callbacks/peer.ts';
import type { Caller } from './caller.ts';
import type { HoldersWord } from './delegations/holders-word.ts';
import type { LockDomain } from './domains.ts';
import type { FileNode } from './filesystem/types.ts';
import type { ServerState } from './server-state.ts';
import type { Client } from './state/clients.ts';
import type { Session } from './state/sessions.ts';
import type { Slot } from './state/slots.ts';
import type { LockingState } from './state/stateids.ts';
import { findState } from './version-0/lookup.ts';

const NOTHING = Buffer.alloc(0);

/** What a COMPOUND came with, before its first operation. */
export interface CompoundRequest {
  readonly minorVersion: number;
  readonly operationCount: number;
  /** Of the whole RPC message. */
  readonly requestBytes: number;
  /** Who sent it, when it can be called back on the same connection. */
  readonly peer: Peer | null;
}

/** What one COMPOUND carries from operation to operation (RFC 8881 section 16.2.3). */
export class Compound {
  readonly server: ServerState;
  readonly caller: Caller;
  readonly request: CompoundRequest;
  /** Current and saved filehandle. */
  current: FileNode | null = null;
  saved: FileNode | null = null;
  /** What (seqid 1, other 0) stands for; null: nothing, or a special stateid. */
  currentStateid: Stateid | null = null;
  savedStateid: Stateid | null = null;

  session: Session | null = null;
  slot: Slot | null = null;
  /** `sa_cachethis` */
  keepReply = false;
  /** Operations that follow the one at hand. */
  remaining = 0;
  /** Bytes that the reply may have, headers included. */
  replyLimit: number;
  /** Bytes that the result of the operation at hand may take. */
  replyRoom = 0;
  /** The operation at hand as it came, its number included. */
  operationBytes: Buffer = NOTHING;
  /** What holds only while the operation at hand is done. */
  #passing: (() => void) | null = null;
  /** Version 4.0: who the operation at hand is for. */
  #acting: Client | null = null;
  /** Version 4.0: who is named by what follows the operation at hand; null: nobody. */
  findSender: () => Client | null = () => null;
  /** May the operation at hand be done once more, when what stands in its way is gone? */
  patient = false;
  #departing: Promise<boolean> | null = null;
  /** Filesystems that moved away, and where to, as this COMPOUND was told. */
  readonly located = new Set<LockDomain>();
  /** What the operation at hand was told by who has a write delegation of the current file. */
  holdersWord: HoldersWord | null = null;

  constructor(server: ServerState, caller: Caller, request: CompoundRequest) {
    this.server = server;
    this.caller = caller;
    this.request = request;
    this.replyLimit = server.settings.limits.messageBytes;
  }

  /** The client whose session this is. Only for operations that are not served without SEQUENCE, or after {@link actFor}. */
  get client(): Client {
    const client = this.session?.client ?? this.#acting;
    if (client === null) throw new Error('an operation that needs a session ran without one');
    return client;
  }

  /**
   * Whose own delegations do not stand against the operation at hand. Null: in version 4.0 not every COMPOUND says who sends it; then its own delegations
   * are asked back like anybody's.
   */
  get asker(): Client | null {
    return this.session?.client ?? this.#acting ?? this.findSender();
  }

  /** Version 4.0: the client of the client id or stateid that the operation at hand came with. */
  actFor(client: Client): void {
    this.#acting = client;
    this.request.peer?.showClient();
  }

  /**
   * Row 21: a courtesy ends with the first conflict. Its record goes first, so not in this turn: DELAY, which the client is told only if that
   * takes long.
   */
  expire(client: Client): typeof NFS4ERR_DELAY {
    const departing = this.server.leases.expire(client);
    if (this.patient) this.#departing = departing;
    return NFS4ERR_DELAY;
  }

  /** The operation at hand is not answered yet: it will be done once more. */
  get isWaiting(): boolean {
    return this.#departing !== null;
  }

  /** What it waits for; null: nothing. */
  takeDeparting(): Promise<boolean> | null {
    const departing = this.#departing;
    this.#departing = null;
    return departing;
  }

  /** @param end called when the operation at hand was done, in this turn of the event loop */
  untilServed(end: () => void): void {
    const before = this.#passing;
    this.#passing = () => {
      end();
      before?.();
    };
  }

  served(): void {
    const passing = this.#passing;
    this.#passing = null;
    this.holdersWord = null;
    passing?.();
  }

  /** A new current filehandle brings no stateid with it (RFC 8881 section 16.2.3.1.2). */
  setCurrent(node: FileNode): void {
    this.current = node;
    this.currentStateid = null;
  }

  /** SECINFO consumes it (RFC 8881 section 2.6.3.1.1.8). */
  clearCurrent(): void {
    this.current = null;
    this.currentStateid = null;
  }

  /** The current stateid in the place of the one that stands for it; null: there is none. */
  meant(stateid: Stateid, exact = false): Stateid | null {
    if (!isCurrent(stateid)) return stateid;
    if (this.currentStateid === null || exact) return this.currentStateid;
    return { seqid: 0, other: this.currentStateid.other };
  }

  /**
   * What a stateid argument means when it must be of an open or a lock of this client on the current file.
   * Special stateids are not (I/O asks for those first).
   *
   * @param exact CLOSE and OPEN_DOWNGRADE use the current stateid with its seqid, everybody else without (section 8.2.3)
   */
  findState(stateid: Stateid, exact = false): LockingState | Failure {
    if (this.request.minorVersion === 0) return findState(this, stateid);
    const wanted = this.meant(stateid, exact);
    if (wanted === null) return NFS4ERR_BAD_STATEID;
    const state = this.server.locking.stateids.find(wanted.other);
    const status = judgeStateid(state, wanted.seqid, this.client);
    if (status !== null) return status;
    const found = state as LockingState;
    // Its record there is being removed: what it holds may be somebody else's in a moment (leases.ts).
    if (this.client.leaving.has(found.file.domain)) return NFS4ERR_DELAY;
    return found.file.node.key === this.current?.key ? found : NFS4ERR_BAD_STATEID;
  }
}

/**
 * Null: it names live state of this client. BAD_STATEID for what was never given out in this life, an
 * earlier life's included: with sessions there is no STALE_STATEID (row 34, RFC 8881 section 8.2.4).
 */
export function judgeStateid(state: LockingState | undefined, seqid: number, client: Client): Failure | null {
  if (state === undefined || state.client !== client) return NFS4ERR_BAD_STATEID;
  if (state.revoked !== 0) return state.revoked;
  if (seqid === 0 || seqid === state.seqid) return null;
  return seqid < state.seqid ? NFS4ERR_OLD_STATEID : NFS4ERR_BAD_STATEID;
}

/** The special stateids of RFC 8881 section 8.2.3. */
const isCurrent = (stateid: Stateid): boolean => stateid.seqid === 1 && isZero(stateid.other);
export const isAnonymous = (stateid: Stateid): boolean => stateid.seqid === 0 && isZero(stateid.other);
export const isBypass = (stateid: Stateid): boolean =>
  stateid.seqid === 0xffff_ffff && isAllOnes(stateid.other);

const isZero = (other: Buffer): boolean =>
  other.readUInt32BE(0) === 0 && other.readUInt32BE(4) === 0 && other.readUInt32BE(8) === 0;

const isAllOnes = (other: Buffer): boolean =>
  other.readUInt32BE(0) === 0xffff_ffff &&
  other.readUInt32BE(4) === 0xffff_ffff &&
  other.readUInt32BE(8) === 0xffff_ffff;
