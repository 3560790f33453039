import type { FileAttributes } from '../../nfs4/attributes.ts';
import { attributeNumber } from '../../nfs4/attributes.ts';
import { type Bitmap, bitmapHas } from '../../nfs4/bitmap.ts';
import type { Failure } from '../../nfs4/status.ts';
import { readAttributes } from '../attributes.ts';
import type { Compound } from '../compound.ts';
import type { FileNode } from '../filesystem/types.ts';
import { recallFor } from './conflicts.ts';

/** What a client with a write delegation changes by itself, and only it knows. */
const CHANGING = (['change', 'size', 'spaceUsed', 'timeMetadata', 'timeModify'] as const).map(
  attributeNumber,
);

export const asksForWhatChanges = (requested: Bitmap): boolean =>
  CHANGING.some((number) => bitmapHas(requested, number));

/**
 * Attributes of a file as they are. Where another client may have changed them by itself it has said how (holders-word.ts), or is asked to
 * give its delegation back first (RFC 8881 section 10.4.3 lets a server choose): DELAY.
 */
export function seenAttributes(
  compound: Compound,
  node: FileNode,
  requested: Bitmap,
): FileAttributes | Failure {
  const { request, server } = compound;
  const size = sizeSaid(compound, node);
  const refusal = size === null ? judgeSeen(compound, node, requested) : null;
  if (refusal !== null) return refusal;
  const values = readAttributes(server.settings, node, requested, request.minorVersion);
  return typeof values === 'number' || size === null ? values : { ...values, size };
}

/** Null: nobody has said anything, or has given the delegation back since; what is here is what is then. */
function sizeSaid({ holdersWord }: Compound, node: FileNode): bigint | null {
  if (holdersWord === null) return null;
  const { delegation, size } = holdersWord;
  const { file } = delegation;
  return file.node.key === node.key && file.delegations.has(delegation) ? size : null;
}

/** Null: they are what they seem. */
export function judgeSeen(compound: Compound, node: FileNode | null, requested: Bitmap): Failure | null {
  if (node === null || !asksForWhatChanges(requested)) return null;
  return compound.server.domains.isPseudoRoot(node) ? null : recallFor(compound, node, 'read');
}
