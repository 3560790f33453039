import { isDeepStrictEqual } from 'node:util';
import fc, { type Arbitrary } from 'fast-check';
import t, { type Test } from 'tap';
import { XdrReader } from '../../../src/xdr/reader.ts';
import { XdrError } from '../../../src/xdr/xdr-error.ts';
import { OPERATION_VALUES } from './fixtures/arbitraries.ts';
import { argsOf, type Direction, readAll, resultOf, written } from './fixtures/wire.ts';

/** Both directions of every operation, with random values. */
const DIRECTIONS: readonly { name: string; direction: Direction<unknown>; value: Arbitrary<unknown> }[] =
  OPERATION_VALUES.flatMap(({ op, args, result }) => [
    { name: `${op.name} arguments`, direction: argsOf(op), value: args },
    { name: `${op.name} result`, direction: resultOf(op), value: result },
  ]);

/** Does decoding end well, or with an XdrError? Anything else would take the server down. */
function endsWell(direction: Direction<unknown>, message: Buffer): 'decoded' | 'XdrError' {
  try {
    direction.decode(new XdrReader(message));
    return 'decoded';
  } catch (error) {
    if (error instanceof XdrError) return 'XdrError';
    throw error;
  }
}

function holds(t: Test, property: fc.IRawProperty<unknown>, numRuns: number): void {
  t.doesNotThrow(() => fc.assert(property, { numRuns }));
}

for (const { name, direction, value } of DIRECTIONS) {
  t.test(`${name}: decoding what was encoded gives the same value`, async (t) => {
    holds(
      t,
      fc.property(value, (original) => {
        const message = written((w) => direction.encode(w, original));
        const decoded = readAll(message, direction.decode);
        return message.length % 4 === 0 && isDeepStrictEqual(decoded, original);
      }),
      60,
    );
  });

  t.test(`${name}: cut short anywhere is an XdrError`, async (t) => {
    holds(
      t,
      fc.property(value, (original) => {
        const message = written((w) => direction.encode(w, original));
        for (let length = 0; length < message.length; length += 1) {
          if (endsWell(direction, message.subarray(0, length)) === 'decoded') return false;
        }
        return true;
      }),
      12,
    );
  });

  t.test(`${name}: spoilt bytes are decoded or an XdrError`, async (t) => {
    const spoilt = fc.tuple(value, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }));
    holds(
      t,
      fc.property(spoilt, ([original, flips]) => {
        const message = written((w) => direction.encode(w, original));
        for (const [at, byte] of flips) if (message.length > 0) message[at % message.length] = byte;
        endsWell(direction, message);
      }),
      60,
    );
  });
}
