/**
 * Numbers and names that must not be mixed up. A brand costs nothing at run time and makes
 * `acknowledge(view)` refuse an epoch at compile time.
 */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A server of the cluster; the name outlives reboots. 1 to 64 characters of `[a-z0-9-]`. */
export type NodeId = Branded<string, 'NodeId'>;
/** One life of a node: raised at every boot, never reused; the fencing token. 0 means "never booted". */
export type Incarnation = Branded<number, 'Incarnation'>;
/** The ledger's version of membership, incarnations and phase. */
export type View = Branded<number, 'View'>;
/** A generation of client records. */
export type Epoch = Branded<number, 'Epoch'>;

export const asNodeId = (name: string): NodeId => name as NodeId;
export const asIncarnation = (number: number): Incarnation => number as Incarnation;
export const asView = (number: number): View => number as View;
export const asEpoch = (number: number): Epoch => number as Epoch;
