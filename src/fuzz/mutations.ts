/** What is done to a valid request before it is sent. */
import type { Anatomy } from './anatomy.ts';
import type { Lots } from './lots.ts';
import type { RecordedRequest } from './tape.ts';

export interface Mutable {
  message: Buffer;
  readonly anatomy: Anatomy;
}

/** @returns what was done, for people; null: it does not apply */
export type Mutation = (request: Mutable, lots: Lots, tape: readonly RecordedRequest[]) => string | null;

const WORDS = [
  0, 1, 2, 3, 4, 7, 8, 16, 127, 128, 255, 256, 1024, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe,
  0xffff_ffff,
];
const LONGS = [
  0n,
  1n,
  2n,
  (1n << 31n) - 1n,
  1n << 32n,
  (1n << 62n) - 1n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 2n,
  (1n << 64n) - 1n,
];
/** Operations of all versions, some that there are not, and ILLEGAL. */
const OPERATION_NUMBERS = [...Array.from({ length: 80 }, (_, number) => number), 127, 128, 10_044];
const MOST_REPETITIONS = 70;
const MOST_BYTES = 1 << 16;
const CREDENTIAL_AT = 24;

/** Where the head of a request, its session and its handles are intact, what is changed is understood: most often it is. */
const SHALLOW = new Set(['SEQUENCE', 'PUTFH']);
const DEEP = 0.85;

/** The place of some word. */
function wordAt({ message, anatomy }: Mutable, lots: Lots): number {
  const deep = anatomy.operations.filter(({ name, end }) => !SHALLOW.has(name) && end <= message.length);
  const { at, end } =
    deep.length > 0 && lots.happens(DEEP) ? lots.pick(deep) : { at: 0, end: message.length };
  return at + 4 * lots.below(Math.max(1, Math.floor((end - at) / 4)));
}

const flipBit: Mutation = (request, lots) => {
  const at = wordAt(request, lots) + lots.below(4);
  if (at >= request.message.length) return null;
  request.message.writeUInt8(request.message.readUInt8(at) ^ (1 << lots.below(8)), at);
  return `bit of byte ${at}`;
};

const setByte: Mutation = (request, lots) => {
  const at = wordAt(request, lots) + lots.below(4);
  if (at >= request.message.length) return null;
  request.message.writeUInt8(lots.below(256), at);
  return `byte ${at}`;
};

const setWord: Mutation = (request, lots) => {
  const at = wordAt(request, lots);
  if (at + 4 > request.message.length) return null;
  const before = request.message.readUInt32BE(at);
  const near = [(before + 1) >>> 0, (before - 1) >>> 0, lots.word()];
  const value = lots.happens(0.7) ? lots.pick(WORDS) : lots.pick(near);
  request.message.writeUInt32BE(value, at);
  return `word at ${at} is ${value}`;
};

const setLong: Mutation = (request, lots) => {
  const at = wordAt(request, lots);
  if (at + 8 > request.message.length) return null;
  const value = lots.pick(LONGS);
  request.message.writeBigUInt64BE(value, at);
  return `long at ${at} is ${value}`;
};

const cut: Mutation = (request, lots) => {
  const bytes = lots.happens(0.7) ? wordAt(request, lots) : lots.below(request.message.length);
  request.message = request.message.subarray(0, bytes);
  return `cut to ${bytes} bytes`;
};

const append: Mutation = (request, lots) => {
  const bytes = lots.happens(0.9) ? 1 + lots.below(64) : lots.below(MOST_BYTES);
  const more = lots.happens(0.5) ? Buffer.alloc(bytes) : lots.bytes(Math.min(bytes, 4096));
  request.message = Buffer.concat([request.message, more]);
  return `${more.length} bytes more`;
};

const removeWords: Mutation = (request, lots) => {
  const at = wordAt(request, lots);
  const bytes = 4 * (1 + lots.below(4));
  request.message = Buffer.concat([request.message.subarray(0, at), request.message.subarray(at + bytes)]);
  return `${bytes} bytes less at ${at}`;
};

const repeatWords: Mutation = (request, lots) => {
  const at = wordAt(request, lots);
  const piece = request.message.subarray(at, at + 4 * (1 + lots.below(8)));
  const times = 1 + lots.below(8);
  const { message } = request;
  request.message = Buffer.concat([
    message.subarray(0, at),
    ...Array(times).fill(piece),
    message.subarray(at),
  ]);
  return `${piece.length} bytes of ${at} ${times} times more`;
};

const splice: Mutation = (request, lots, tape) => {
  const other = lots.pick(tape);
  const { operations } = request.anatomy;
  if (operations.length === 0 || other.anatomy.operations.length === 0) return null;
  const head = lots.pick(operations.length > 1 && lots.happens(DEEP) ? operations.slice(1) : operations).at;
  const tail = lots.pick(other.anatomy.operations).at;
  if (head > request.message.length) return null;
  request.message = Buffer.concat([request.message.subarray(0, head), other.message.subarray(tail)]);
  return `from ${head} on what ${other.name} has from ${tail}`;
};

const otherOperation: Mutation = (request, lots) => {
  const { operations } = request.anatomy;
  if (operations.length === 0) return null;
  const { at, name } = lots.pick(
    operations.length > 1 && lots.happens(DEEP) ? operations.slice(1) : operations,
  );
  if (at + 4 > request.message.length) return null;
  const number = lots.pick(OPERATION_NUMBERS);
  request.message.writeUInt32BE(number, at);
  return `operation ${number} in place of ${name}`;
};

const operationCount: Mutation = (request, lots) => {
  const { countAt } = request.anatomy;
  if (countAt + 4 > request.message.length) return null;
  const count = lots.pick(WORDS);
  request.message.writeUInt32BE(count, countAt);
  return `${count} operations announced`;
};

/** The longest COMPOUNDs there can be, and longer ones. */
const manyOperations: Mutation = (request, lots) => {
  const { operations, countAt } = request.anatomy;
  const from = lots.pick(operations.length > 1 ? operations.slice(1) : operations);
  const last = operations.at(-1);
  if (from === undefined || last === undefined || last.end > request.message.length) return null;
  const piece = request.message.subarray(from.at, last.end);
  const times = Math.min(
    1 + lots.below(MOST_REPETITIONS),
    Math.floor(MOST_BYTES / Math.max(piece.length, 1)),
  );
  const count = operations.length + times * operations.filter(({ at }) => at >= from.at).length;
  request.message = Buffer.concat([request.message, ...Array(times).fill(piece)]);
  request.message.writeUInt32BE(count, countAt);
  return `everything from ${from.name} on ${times} times more`;
};

const minorVersion: Mutation = (request, lots) => {
  const { minorVersionAt } = request.anatomy;
  if (minorVersionAt + 4 > request.message.length) return null;
  const version = lots.pick([0, 1, 2, 3, 4, 0xffff_ffff]);
  request.message.writeUInt32BE(version, minorVersionAt);
  return `minor version ${version}`;
};

/** Message type, versions, program, procedure; flavor and length of the credential, and what is in it. */
const rpcHead: Mutation = (request, lots) => {
  const at = 4 * (1 + lots.below(CREDENTIAL_AT / 4 + 6));
  if (at + 4 > request.message.length) return null;
  const value = lots.pick([...WORDS, 6, 100_003, 0x4000_0000]);
  request.message.writeUInt32BE(value, at);
  return `word of the RPC head at ${at} is ${value}`;
};

/** Ids as they came with other requests: handles, stateids, client ids of the same places and of others. */
const foreignWords: Mutation = (request, lots, tape) => {
  const other = lots.pick(tape);
  const at = wordAt(request, lots);
  const bytes = lots.pick([4, 8, 12, 16]);
  const from = 4 * lots.below(Math.floor(other.message.length / 4));
  const piece = other.message.subarray(from, from + bytes);
  if (at + piece.length > request.message.length) return null;
  piece.copy(request.message, at);
  return `${piece.length} bytes at ${at} of ${other.name}`;
};

/** Those that go deep come often. */
const MUTATIONS: readonly Mutation[] = [
  ...[
    flipBit,
    flipBit,
    setByte,
    setWord,
    setWord,
    setWord,
    setWord,
    setLong,
    setLong,
    foreignWords,
    foreignWords,
  ],
  ...[otherOperation, otherOperation, splice, splice, manyOperations, repeatWords, removeWords],
  ...[cut, append, operationCount, minorVersion, rpcHead],
];

/** Changes a copy of the request one to three times. */
export function mutate(request: Mutable, lots: Lots, tape: readonly RecordedRequest[]): string[] {
  const done: string[] = [];
  const wanted = 1 + (lots.happens(0.4) ? 1 + lots.below(2) : 0);
  for (let attempt = 0; attempt < 10 && done.length < wanted; attempt += 1) {
    const what = lots.pick(MUTATIONS)(request, lots, tape);
    if (what !== null) done.push(what);
  }
  return done;
}
