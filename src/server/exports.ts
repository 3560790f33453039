import { BlockList, isIP } from 'node:net';
import { type Caller, NOBODY_ID } from './caller.ts';

export interface ExportPolicyOptions {
  /** Networks that may ask, `10.0.0.0/8` or `fd00::/8`, or single addresses; none: everybody may. */
  readonly allow?: readonly string[];
  /** Root of a client, user and group, is the anonymous one here. */
  readonly rootSquash?: boolean;
  /** Default: {@link NOBODY_ID}. */
  readonly anonymousUid?: number;
  readonly anonymousGid?: number;
}

/** To whom a server exports, and as whom they act there. */
export class ExportPolicy {
  readonly #allowed: BlockList | null;
  readonly #rootSquash: boolean;
  readonly #uid: number;
  readonly #gid: number;

  /** @throws RangeError for a network that {@link isNetwork} does not know */
  constructor(options: ExportPolicyOptions = {}) {
    const { allow = [], rootSquash = false, anonymousUid = NOBODY_ID, anonymousGid = NOBODY_ID } = options;
    this.#allowed = allow.length === 0 ? null : listOf(allow);
    this.#rootSquash = rootSquash;
    this.#uid = anonymousUid;
    this.#gid = anonymousGid;
  }

  /** May this address ask anything at all? */
  admits(address: string): boolean {
    if (this.#allowed === null) return true;
    const version = isIP(address);
    return version !== 0 && this.#allowed.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }

  /** As whom somebody acts on files. What records and client ids are bound to stays as it came (rows 25 and 26). */
  actingAs(caller: Caller): Caller {
    if (caller.principal === 'none')
      return { ...caller, credentials: { uid: this.#uid, gid: this.#gid, gids: [] } };
    const { uid, gid, gids } = caller.credentials;
    const isRoots = uid === 0 || gid === 0 || gids.includes(0);
    if (!this.#rootSquash || !isRoots) return caller;
    const squashed = (id: number) => (id === 0 ? this.#gid : id);
    const credentials = { uid: uid === 0 ? this.#uid : uid, gid: squashed(gid), gids: gids.map(squashed) };
    return { ...caller, credentials };
  }
}

/** An address with or without the length of its network part. */
export const isNetwork = (text: string): boolean => parse(text) !== null;

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const network = parse(text);
    if (network === null) throw new RangeError(`${text} is no network`);
    list.addSubnet(network.address, network.prefix, network.family);
  }
  return list;
}

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parse(text: string): Network | null {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return null;
  const bits = version === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  return length > bits ? null : { address, prefix: length, family: version === 6 ? 'ipv6' : 'ipv4' };
}
