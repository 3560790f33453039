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

/**
 * Attributes of a file as they are. Where another client may have changed them by itself it is asked to give its delegation back first (RFC 8881
 * section 10.4.3 lets a server choose that or CB_GETATTR): DELAY.
 */
export function seenAttributes(
  compound: Compound,
  node: FileNode,
  requested: Bitmap,
): FileAttributes | Failure {
  const { request, server } = compound;
  return (
    judgeSeen(compound, node, requested) ??
    readAttributes(server.settings, node, requested, request.minorVersion)
  );
}

/** Null: they are what they seem. */
export function judgeSeen(compound: Compound, node: FileNode | null, requested: Bitmap): Failure | null {
  if (node === null || !CHANGING.some((number) => bitmapHas(requested, number))) return null;
  return compound.server.domains.isPseudoRoot(node) ? null : recallFor(compound, node, 'read');
}
