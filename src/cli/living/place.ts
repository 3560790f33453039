/**
 * Where labs live that outlast their command: one directory per user, one below it per lab, with the
 * control socket, the identity of the sandbox and the logs. A lab removes its own when it goes down; what
 * a killed one has left is removed by whoever looks next.
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type SandboxIdentity, sandboxLives } from '../../runtime/namespace/sandbox.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Environment } from '../frame.ts';

/** sun_path of unix(7), less the terminating NUL. */
const LONGEST_SOCKET_PATH = 107;
/** Between `mkdir` and the identity there are milliseconds; a directory without one that is older belongs to nobody. */
const NAMELESS_MS = 10_000;
const MOST_TRIES = 10;

/** The paths of one lab. */
export interface LabPlace {
  readonly name: string;
  readonly directory: string;
  readonly socket: string;
  readonly logs: string;
}

function baseDirectory(env: Environment): string {
  const runtimeDir = env.XDG_RUNTIME_DIR;
  if (runtimeDir !== undefined && runtimeDir !== '' && isOwnDirectory(runtimeDir))
    return path.join(runtimeDir, 'gracelab');
  return path.join(tmpdir(), `gracelab-${process.getuid?.()}`);
}

function isOwnDirectory(directory: string): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  return found !== undefined && isOwn(found);
}

const isOwn = (found: Stats): boolean => found.isDirectory() && found.uid === process.getuid?.();

/**
 * In a directory like /tmp anybody could have been there first, so what is found is believed only when it is ours alone.
 * @throws {Refusal} when it is not; ENOENT when it is not there.
 */
function closeToOthers(base: string): void {
  if (!isOwn(lstatSync(base))) {
    throw new Refusal(
      EXIT.machineCannot,
      `${base} is not a directory of yours: remove it, or set XDG_RUNTIME_DIR to a directory that is.`,
    );
  }
  chmodSync(base, 0o700);
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Empty when there is no such directory, or none any more. */
function namesIn(base: string): string[] {
  try {
    closeToOthers(base);
    return readdirSync(base);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** What it stands in is there: Node's recursive mkdir never ends where nothing can be made (/proc). */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new Refusal(
      EXIT.machineCannot,
      `cannot make ${directory} (${code}): set XDG_RUNTIME_DIR to a directory of yours.`,
    );
  }
}

function placeOf(base: string, name: string): LabPlace {
  const directory = path.join(base, name);
  const socket = path.join(directory, 'control.sock');
  if (socket.length > LONGEST_SOCKET_PATH) {
    throw new Refusal(
      EXIT.machineCannot,
      `the path ${socket} is too long for a socket: set XDG_RUNTIME_DIR to a shorter one.`,
    );
  }
  return { name, directory, socket, logs: path.join(directory, 'logs') };
}

const identityFile = (place: LabPlace): string => path.join(place.directory, 'identity.json');

/** Whose process holds the place: the command that is starting the lab, then its sandbox. */
export function writeIdentity(place: LabPlace, identity: SandboxIdentity): void {
  const fresh = `${identityFile(place)}.new`;
  writeFileSync(fresh, JSON.stringify(identity));
  renameSync(fresh, identityFile(place));
}

/** Null: nobody has written one yet. */
export function readIdentity(place: LabPlace): SandboxIdentity | null {
  try {
    return JSON.parse(readFileSync(identityFile(place), 'utf8')) as SandboxIdentity;
  } catch {
    return null;
  }
}

function isStale(place: LabPlace): boolean {
  const identity = readIdentity(place);
  if (identity !== null) return !sandboxLives(identity);
  const made = statSync(place.directory, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > NAMELESS_MS;
}

/** Nothing of a lab stays on the machine but this directory, and now not even that; after the last lab the one around it goes, too. */
export function removePlace(place: LabPlace): void {
  rmSync(place.directory, { recursive: true, force: true });
  removeIfEmpty(path.dirname(place.directory));
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Another lab is in it, or somebody else has removed it.
  }
}

/** All labs of this user that are up or coming up; what dead ones have left is removed. */
export function listLabs(env: Environment): LabPlace[] {
  const base = baseDirectory(env);
  const places = namesIn(base).map((name) => placeOf(base, name));
  for (const place of places.filter(isStale)) removePlace(place);
  const present = places.filter(
    ({ directory }) => statSync(directory, { throwIfNoEntry: false }) !== undefined,
  );
  if (present.length === 0) removeIfEmpty(base);
  return present;
}

/**
 * Takes the place for a new lab; `mkdir` lets one of several win.
 * @throws {Refusal} when a lab of that name is there already.
 */
export function claimPlace(name: string, env: Environment): LabPlace {
  listLabs(env);
  const base = baseDirectory(env);
  const place = placeOf(base, name);
  for (let tries = 1; ; tries += 1) {
    try {
      makeDirectory(base);
      closeToOthers(base);
      mkdirSync(place.directory, { mode: 0o700 });
      break;
    } catch (error) {
      // Made here, and removed by the `down` of another lab because nothing was in it yet.
      if (isMissing(error) && tries < MOST_TRIES) continue;
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new Refusal(
        EXIT.wrongUsage,
        `a lab called "${name}" is up already: take it down with \`gracelab down --name ${name}\`, or give this one another --name.`,
      );
    }
  }
  mkdirSync(place.logs);
  return place;
}

/** The lab that a command is about: the named one, or the only one. @throws {Refusal} when there is no such lab, or more than one. */
export function findLab(name: string | undefined, env: Environment): LabPlace {
  const places = listLabs(env);
  const names = places.map((place) => place.name).join(', ');
  if (name !== undefined) {
    const place = places.find((candidate) => candidate.name === name);
    if (place !== undefined) return place;
    throw new Refusal(
      EXIT.wrongUsage,
      `no lab called "${name}" is up; ${names === '' ? 'there is none' : `there are ${names}`}.`,
    );
  }
  const [only, ...others] = places;
  if (only === undefined) throw new Refusal(EXIT.wrongUsage, 'no lab is up; start one with `gracelab up`.');
  if (others.length > 0)
    throw new Refusal(EXIT.wrongUsage, `several labs are up (${names}); say which with --name.`);
  return only;
}
