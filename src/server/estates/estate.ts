/**
 * What the clients of an address hold when it moves as planned, as the giver writes it down and the taker takes it over (docs/protocol.md,
 * "Planned moves and failback"). It is of one hand-over: this giver's, to this taker, written in this grace and no earlier than in this view.
 */
import { z } from 'zod';
import type { Epoch, NodeId, View } from '../../core/ids.ts';
import type { Mutants } from '../../core/mutants.ts';
import type { Life } from '../../core/succession.ts';
import { keyOf } from '../client-keys.ts';

const HEX = z.string().regex(/^([0-9a-f]{2})*$/);
const NUMBER = z.string().regex(/^\d{1,20}$/);
const BITS = z.int().min(0).max(3);

const RANGE = z.object({
  start: NUMBER.transform(BigInt),
  /** Half-open; null: to the end of the file and beyond. */
  end: NUMBER.transform(BigInt).nullable(),
  mode: z.enum(['read', 'write']),
});

const OPEN = z.object({
  /** Open-owner in hex, as all owners here. */
  owner: HEX,
  access: BITS.min(1),
  deny: BITS,
  locks: z.array(z.object({ owner: HEX, ranges: z.array(RANGE) })),
});

const FILE = z.object({ handle: HEX, path: z.string(), opens: z.array(OPEN).min(1) });

const CLIENT = z.object({
  ownerId: HEX,
  principal: z.string(),
  /** co_verifier: another one is another life of the client. */
  verifier: HEX,
  files: z.array(FILE),
});

const LIFE = z.object({ node: z.string(), incarnation: z.int() });

const ESTATE = z.object({
  service: z.string(),
  giver: LIFE,
  taker: LIFE,
  recoveryEpoch: z.int(),
  view: z.int(),
  clients: z.array(CLIENT),
});

export type ClientEstate = z.output<typeof CLIENT>;
export type FileEstate = z.output<typeof FILE>;

/** Which hand-over an estate is of. */
export interface HandOver {
  /** Whose service address. */
  readonly service: NodeId;
  readonly giver: Life;
  readonly taker: Life;
  readonly recoveryEpoch: Epoch;
  readonly view: View;
}

export interface Estate extends HandOver {
  readonly clients: readonly ClientEstate[];
}

/** Where estates are left for the taker: beside the beacons, where no client comes. */
export interface EstateBoard {
  /** Durable when it resolves, and all of it or nothing. In place of an earlier one of the same giver for the same address. Rejects with the system's error. */
  write(service: NodeId, giver: NodeId, text: string): Promise<void>;
  /** Null: there is none. Rejects with the system's error. */
  read(service: NodeId, giver: NodeId): Promise<string | null>;
}

export const estateText = (estate: Estate): string =>
  JSON.stringify(estate, (_, value) => (typeof value === 'bigint' ? value.toString() : value));

/** The clients of an estate; null: it is damaged, or not of this hand-over. `view`: the first in which the taker saw the move. */
export function clientsOf(text: string, of: HandOver, mutants: Mutants): readonly ClientEstate[] | null {
  const parsed = ESTATE.safeParse(json(text));
  if (!parsed.success) return null;
  const { service, giver, taker, recoveryEpoch, view, clients } = parsed.data;
  const isOf =
    service === of.service &&
    recoveryEpoch === of.recoveryEpoch &&
    isSame(giver, of.giver) &&
    isSame(taker, of.taker) &&
    view >= of.view &&
    new Set(clients.map(keyOf)).size === clients.length;
  return isOf || mutants.has('M22') ? clients : null;
}

const isSame = (a: { readonly node: string; readonly incarnation: number }, b: Life): boolean =>
  a.node === b.node && a.incarnation === b.incarnation;

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
