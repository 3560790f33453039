/** What a server is told: by the command line, and again by whoever starts it anew. */
import { z } from 'zod';
import { LIMIT_NAMES } from '../../server/limits.ts';
import { limitArguments } from './limits.ts';

const ID = z.int().min(1).max(0xffff_fffe);

export const ORDER = z.object({
  /** Absolute, as are all paths. */
  directory: z.string(),
  state: z.string(),
  /** The entry of the root under which clients find the directory; null: it is the root. */
  exportName: z.string().nullable(),
  address: z.string(),
  /** 0: any that is free. */
  port: z.int().min(0).max(65_535),
  leaseMs: z.number().positive(),
  graceMs: z.number().positive(),
  readOnly: z.boolean(),
  rootSquash: z.boolean(),
  anonymousUid: ID,
  anonymousGid: ID,
  /** Networks and addresses; none: everybody. */
  allow: z.array(z.string()),
  /** May clients that can be called back have them? */
  delegations: z.boolean().default(true),
  /** Those that are not as usual, by name (src/server/limits.ts). */
  limits: z.partialRecord(z.enum(LIMIT_NAMES), z.int().positive()).default({}),
  verbose: z.boolean(),
});

export type ServeOrder = z.output<typeof ORDER>;

/** The arguments of `gracelab serve` that come to this order. */
export function argumentsOf(order: ServeOrder): string[] {
  const { directory, state, exportName, address, port, leaseMs, graceMs } = order;
  return [
    directory,
    ...['--state', state],
    ...(exportName === null ? [] : ['--export', `/${exportName}`]),
    ...['--address', address],
    ...['--port', String(port)],
    ...['--lease', String(leaseMs / 1000)],
    ...['--grace', String(graceMs / 1000)],
    ...(order.readOnly ? ['--read-only'] : []),
    order.rootSquash ? '--root-squash' : '--no-root-squash',
    ...['--anonuid', String(order.anonymousUid)],
    ...['--anongid', String(order.anonymousGid)],
    order.delegations ? '--delegations' : '--no-delegations',
    ...order.allow.flatMap((network) => ['--allow', network]),
    ...limitArguments(order.limits),
    ...(order.verbose ? ['--verbose'] : []),
  ];
}

/** As people write an address with its port. */
export const endpointText = ({
  address,
  port,
}: {
  readonly address: string;
  readonly port: number;
}): string => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

export const exportPath = (order: Pick<ServeOrder, 'exportName'>): string => `/${order.exportName ?? ''}`;
