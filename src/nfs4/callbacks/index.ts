import type { AnyOperation } from '../operation.ts';
import { cbGetAttr } from './cb-get-attr.ts';
import { cbRecall } from './cb-recall.ts';
import { cbSequence } from './cb-sequence.ts';

/** Every callback operation that we can write and read. Their numbers are not those of the forward channel. */
export const CALLBACKS: readonly AnyOperation[] = [cbGetAttr, cbRecall, cbSequence];

export function callbackByNumber(number: number): AnyOperation | undefined {
  return CALLBACKS.find((callback) => callback.number === number);
}
