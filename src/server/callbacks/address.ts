import { isIP, SocketAddress } from 'node:net';
import type { NetAddress } from '../../nfs4/types.ts';
import type { DialTarget } from './dial.ts';
import type { PeerEnds } from './peer.ts';

/** A host and a port in front of which there are `.`: the two bytes of the port come last (RFC 5665 section 5.2.3). */
const UNIVERSAL = /^(.+)\.(\d{1,3})\.(\d{1,3})$/;
const IP_VERSIONS: Readonly<Record<string, number>> = { tcp: 4, tcp6: 6 };

/**
 * Where a client can be called that has asked from `ends` and wants to be called at `location` (RFC 7530 section 16.33.3). Null: nowhere.
 *
 * Whoever names an address makes us connect to it. So it must be the one that the request came from: nobody can be made
 * to hear from us who has not asked us, and no port is reached here that the client could not reach itself.
 */
export function dialTarget(location: NetAddress, ends: PeerEnds): DialTarget | null {
  const [, host = '', high, low] = UNIVERSAL.exec(location.address) ?? [];
  const port = portOf(Number(high), Number(low));
  if (port === null || isIP(host) === 0 || isIP(host) !== IP_VERSIONS[location.netId]) return null;
  if (!isSameAddress(host, ends.address)) return null;
  // As the request has it: a link-local address comes with its interface there.
  return { host: ends.address, port, localAddress: ends.local };
}

function portOf(high: number, low: number): number | null {
  if (!(high <= 255 && low <= 255)) return null;
  const port = high * 256 + low;
  return port === 0 ? null : port;
}

/** Addresses of version 6 have more than one spelling, and an interface behind a `%`, or not. */
function isSameAddress(a: string, b: string): boolean {
  return isIP(a) === isIP(b) && isIP(a) !== 0 && plainForm(a) === plainForm(b);
}

const plainForm = (address: string): string =>
  new SocketAddress({ address, family: isIP(address) === 6 ? 'ipv6' : 'ipv4' }).address;
