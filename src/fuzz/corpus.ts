/** Requests that are kept in files, to be mutated again: of other clients, of other days, or because something was found with them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { anatomyOf, nameOf } from './anatomy.ts';
import type { Lots } from './lots.ts';
import type { RecordedRequest } from './tape.ts';

const PUTFH = 'PUTFH';

interface KeptRequest {
  readonly name: string;
  /** A whole RPC message, hexadecimal. */
  readonly message: string;
}

/** @throws Error one sentence, for what is no such directory */
export function readCorpus(directory: string): RecordedRequest[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return files.sort().flatMap((name) => readFile(path.join(directory, name)));
}

function readFile(file: string): RecordedRequest[] {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as readonly KeptRequest[];
    return kept.map(({ message: hex }) => {
      const message = Buffer.from(hex, 'hex');
      const anatomy = anatomyOf(message);
      return { name: nameOf(anatomy), message, anatomy };
    });
  } catch (error) {
    throw new Error(`${file} has no requests: ${(error as Error).message}`, { cause: error });
  }
}

/** One file for each version. */
export function writeCorpus(directory: string, requests: readonly RecordedRequest[]): void {
  mkdirSync(directory, { recursive: true });
  for (const version of [0, 1, 2]) {
    const kept = requests
      .filter(({ anatomy }) => anatomy.minorVersion === version)
      .map(({ name, message }): KeptRequest => ({ name, message: message.toString('hex') }));
    if (kept.length === 0) continue;
    writeFileSync(path.join(directory, `v4.${version}.json`), `${JSON.stringify(kept, null, 1)}\n`);
  }
}

/** The same request about files that there are: the handles of another day say nothing to anybody. */
export function revived(
  kept: RecordedRequest,
  living: readonly RecordedRequest[],
  lots: Lots,
): RecordedRequest {
  const handles = living.flatMap(({ message, anatomy }) =>
    anatomy.operations.filter(({ name }) => name === PUTFH).map(({ at, end }) => message.subarray(at, end)),
  );
  if (handles.length === 0) return kept;
  const { message, anatomy } = kept;
  const head = message.subarray(0, anatomy.countAt + 4);
  const operations = anatomy.operations.map(({ name, at, end }) =>
    name === PUTFH ? lots.pick(handles) : message.subarray(at, end),
  );
  const bytes = Buffer.concat([head, ...operations]);
  return { name: kept.name, message: bytes, anatomy: anatomyOf(bytes) };
}
