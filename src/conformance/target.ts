/** `HOST:PORT/PATH`, with brackets around an IPv6 address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Target extends Address {
  /** From the server's root to the directory to work in. */
  readonly path: readonly string[];
}

const ADDRESS = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:/[\]]+)):(?<port>\d{1,5})$/;

/** Null: not an address. */
export function parseAddress(text: string): Address | null {
  const groups = ADDRESS.exec(text)?.groups;
  const port = Number(groups?.port);
  if (groups === undefined || port < 1 || port > 65_535) return null;
  return { host: groups.v6 ?? groups.name ?? '', port };
}

export function parseTarget(text: string): Target | null {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const path = slash < 0 ? [] : text.slice(slash).split('/').filter(Boolean);
  return { ...address, path };
}

export const addressText = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
