/** Names of servers in fs_locations (RFC 8881 section 11.16): a host name, an address, or a universal address, which has a port. */
import { isIP } from 'node:net';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** `10.0.0.1.8.1`: two more numbers after an address are the port's bytes. */
const UNIVERSAL = /^(?<host>.+)\.(?<high>\d{1,3})\.(?<low>\d{1,3})$/;

/** @param port where a name without one is reached: that of the server that gave it. Null: it names nobody. */
export function parseServer(name: string, port: number): ServerAddress | null {
  const { host, high, low } = UNIVERSAL.exec(name)?.groups ?? {};
  if (host !== undefined && isIP(host) !== 0) {
    const [upper, lower] = [Number(high), Number(low)];
    return upper > 255 || lower > 255 || upper + lower === 0 ? null : { host, port: upper * 256 + lower };
  }
  return name === '' ? null : { host: name, port };
}
