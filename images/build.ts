/**
 * Builds the root filesystem of an image as a tar: this machine's Node and system programs with the
 * libraries they need, and the project with the packages it runs on. No Docker daemon and no registry
 * are needed to build it; `docker import` takes it. The same inputs give the same bytes.
 *
 * Usage: node images/build.ts OUT.tar
 */
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { programsOf, sharedLibraries } from './programs.ts';
import { projectFiles } from './project-files.ts';
import { RootFilesystem } from './root-filesystem.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/** Where the project is in the image. */
const HOME = '/gracelab';

/** What programs take for granted: somewhere to mount, somewhere to write, and names for user 0. */
function addSkeleton(image: RootFilesystem): void {
  for (const directory of [
    '/dev',
    '/proc',
    '/sys',
    '/run',
    '/mnt',
    '/root',
    '/srv',
    '/opt',
    '/var/lib',
    '/dev/shm',
  ]) {
    image.directory(directory, 0o755);
  }
  image.directory('/tmp', 0o1777);
  image.text('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  image.text('/etc/group', 'root:x:0:\n');
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) image.link(`/${name}`, `usr/${name}`);
}

async function build(out: string): Promise<void> {
  const image = new RootFilesystem();
  addSkeleton(image);
  const programs = programsOf();
  const files = projectFiles(ROOT);
  const addOns = files.filter((file) => file.endsWith('.node'));
  for (const { name, file } of programs) image.file(`/usr/bin/${name}`, file, 0o755);
  for (const library of sharedLibraries([...programs.map(({ file }) => file), ...addOns])) {
    image.file(library.startsWith('/usr/') ? library : `/usr${library}`, library, 0o755);
  }
  for (const file of files) image.file(path.join(HOME, path.relative(ROOT, file)), file, 0o644);
  image.text('/usr/bin/gracelab', `#!/bin/sh\nexec /usr/bin/node ${HOME}/src/cli/main.ts "$@"\n`, 0o755);
  const output = createWriteStream(out);
  image.pack().pipe(output);
  await finished(output);
}

const [out, ...rest] = process.argv.slice(2);
if (out === undefined || rest.length > 0) {
  console.error('usage: node images/build.ts OUT.tar');
  process.exitCode = 64;
} else {
  try {
    await build(path.resolve(out));
  } catch (error) {
    console.error(`images/build.ts: ${(error as Error).message}`);
    process.exitCode = 3;
  }
}
