/** What fits into one transaction of etcd, as it is set up by itself. */
import type { Operation } from './etcd-gateway.ts';

/** `--max-txn-ops` is 128, and a write of records raises the writer's key as well. */
const MAX_OPERATIONS = 120;
/** `--max-request-bytes` is 1.5 MiB. */
const MAX_BYTES = 768 * 1024;

/** In order, each part as long as one transaction allows. */
export function chunked(operations: readonly Operation[]): Operation[][] {
  const chunks: Operation[][] = [];
  let chunk: Operation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const size = sizeOf(operation);
    if (chunk.length === MAX_OPERATIONS || (chunk.length > 0 && bytes + size > MAX_BYTES)) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(operation);
    bytes += size;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

function sizeOf(operation: Operation): number {
  if ('put' in operation) return Buffer.byteLength(operation.put) + Buffer.byteLength(operation.value);
  return Buffer.byteLength('remove' in operation ? operation.remove.from : operation.range.from);
}
