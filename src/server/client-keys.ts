/** By what clients are told apart, and how they are called. */
import type { NodeId } from '../core/ids.ts';
import type { ClientIdentity } from './coordination.ts';

/** Of those that come by one address: two principals with the same owner id are two clients (rows 25 and 26). An owner id is hex and has no blank. */
export const keyOf = ({ ownerId, principal }: Pick<ClientIdentity, 'ownerId' | 'principal'>): string =>
  `${ownerId} ${principal}`;

/** By whose service address it comes. @param self by whose those come who do not say */
export const serviceOf = (client: ClientIdentity, self: NodeId): NodeId => client.service ?? self;

/** Of those of all addresses: {@link keyOf} behind {@link serviceOf}. */
export const serviceKeyOf = (client: ClientIdentity, self: NodeId): string =>
  `${serviceOf(client, self)} ${keyOf(client)}`;

/** Owner ids are bytes to the protocol and names to people. */
export const asText = (ownerId: string): string => Buffer.from(ownerId, 'hex').toString('utf8');
