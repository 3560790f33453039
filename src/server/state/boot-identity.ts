import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** Bytes of `other` in a stateid (RFC 8881 section 3.3.12). */
const OTHER_BYTES = 12;
/** How much of the tag a stateid carries; the rest is its index. */
const STATEID_TAG_BYTES = 6;
const SESSION_ID_BYTES = 16;
/** Odd, so that no two indices share an id; and what it is undone by, modulo 2^32. */
const CLIENT_STRIDE = 0x9e3779b1;
const CLIENT_STRIDE_INVERSE = 0x0e8b2f51;

/**
 * One life of one server, as it shows in everything that the server hands out: client ids, session
 * ids and stateids all carry a tag of this life. What an earlier life gave out, or another node of the
 * cluster, is therefore recognised for what it is (rows 1, 2, 28 and 34) without remembering anything.
 */
export class BootIdentity {
  readonly #tag: Buffer;
  readonly #tagHigh: number;
  readonly #stateidTag: number;
  readonly #sessionKey: KeyObject;

  /**
   * @param bootVerifier differs in every life of this node; nobody is told it
   * @param serverOwner `so_major_id`, differs between nodes: two nodes that booted equally often have the same verifier
   */
  constructor(bootVerifier: Buffer, serverOwner: string) {
    this.#tag = createHash('sha256')
      .update(bootVerifier)
      .update('\0')
      .update(serverOwner)
      .digest()
      .subarray(0, 8);
    this.#tagHigh = this.#tag.readUInt32BE(0);
    this.#stateidTag = this.#tag.readUIntBE(0, STATEID_TAG_BYTES);
    const sessionKey = createHash('sha256').update('sessions\0').update(bootVerifier).digest();
    // Made ready once: that takes five times as long as its use.
    this.#sessionKey = createSecretKey(sessionKey);
  }

  /** `writeverf` of this life: a client that sees another one sends its unstable writes again (RFC 8881 section 18.32.3). */
  get writeVerifier(): Buffer {
    return this.#tag;
  }

  /**
   * Ids that follow each other lie far apart: one with a wrong bit in it is nobody's.
   * @param index 1 to 2^32-1, unique among the client ids of this life
   */
  clientId(index: number): bigint {
    return (BigInt(this.#tagHigh) << 32n) | BigInt(Math.imul(index, CLIENT_STRIDE) >>> 0);
  }

  /** @returns the index that a client id of this life was made with, or would be; -1 for any other */
  clientIndex(clientId: bigint): number {
    if (clientId >> 32n !== BigInt(this.#tagHigh)) return -1;
    return Math.imul(Number(clientId & 0xffff_ffffn), CLIENT_STRIDE_INVERSE) >>> 0;
  }

  /**
   * Whoever knows the id of a session may use it: nothing else says whose it is, and one session carries the requests of many users. So
   * nobody finds one by counting on from his own, and one with a wrong bit in it is nobody's.
   *
   * @param index 0 to 2^32-1, unique among the sessions of this life
   */
  sessionId(index: number): Buffer {
    const id = Buffer.alloc(SESSION_ID_BYTES);
    id.writeUInt32BE(index >>> 0, 12);
    createHmac('sha256', this.#sessionKey).update(this.#tag).update(id).digest().copy(id, 0, 0, 12);
    return id;
  }

  /** @returns the index that a session id says it was made with; whether it was is for the session to say (row 1) */
  sessionIndex(id: Buffer): number {
    return id.length === SESSION_ID_BYTES ? id.readUInt32BE(12) : -1;
  }

  /** @param index 1 to 2^48-1, never used twice in this life */
  stateidOther(index: number): Buffer {
    const other = Buffer.allocUnsafe(OTHER_BYTES);
    other.writeUIntBE(this.#stateidTag, 0, STATEID_TAG_BYTES);
    other.writeUIntBE(index, STATEID_TAG_BYTES, OTHER_BYTES - STATEID_TAG_BYTES);
    return other;
  }

  /** @returns the index a stateid of this life was made with, or -1 for any other (row 34) */
  stateidIndex(other: Buffer): number {
    if (other.length !== OTHER_BYTES || other.readUIntBE(0, STATEID_TAG_BYTES) !== this.#stateidTag)
      return -1;
    return other.readUIntBE(STATEID_TAG_BYTES, OTHER_BYTES - STATEID_TAG_BYTES);
  }
}
