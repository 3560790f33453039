/** What the guests of these tests boot: the agent that does what it is told over the serial line, and perl for what it is told. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { NFS_MODULES } from '../../../src/cli/kernel-client/modules.ts';
import { type GuestImage, guestRefusal, packGuest } from '../../../src/runtime/vm/guest-image.ts';
import { guestKernel } from '../../../src/runtime/vm/guest-kernel.ts';
import { ROOT } from '../cli/gracelab.ts';

const CACHE = path.join(ROOT, 'node_modules/.cache/gracelab/vm');
const PROGRAMS = path.join(import.meta.dirname, 'programs');
const PERL = '/usr/bin/perl';

/**
 * Packs it. The files are in the cache: below the project's own directory, which the containers of a lab see, too.
 * @returns one that is removed after the test, or one sentence on why there is none
 */
export async function guestImage(t: Test): Promise<GuestImage | string> {
  const refusal = guestRefusal();
  if (refusal !== null) return refusal;
  if (process.geteuid?.() !== 0) return 'only as root does the server act for the users of the guest';
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(path.join(CACHE, 'guest-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const { env } = process;
  try {
    const kernel = await guestKernel(CACHE, env);
    const init = readFileSync(path.join(PROGRAMS, 'init.sh'), 'utf8');
    const scripts = readdirSync(PROGRAMS).filter((name) => name.endsWith('.pl'));
    const files = Object.fromEntries(scripts.map((name) => [`/programs/${name}`, path.join(PROGRAMS, name)]));
    return await packGuest(
      kernel,
      { init, modules: NFS_MODULES, files, programs: [PERL] },
      { directory, env },
    );
  } catch (error) {
    return `no image for the guest: ${(error as Error).message}`;
  }
}
