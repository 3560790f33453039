import { globSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

interface InstalledPackage {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

/** Every file of the project that it needs to run: sources, scenarios, and packages that are not for development only. */
export function projectFiles(root: string): string[] {
  const own = [
    path.join(root, 'package.json'),
    ...filesBelow(path.join(root, 'src')),
    ...filesBelow(path.join(root, 'scenarios')),
  ];
  return [
    ...own,
    ...packageDirectories(root).flatMap((directory) => filesBelow(directory, 'node_modules')),
  ].sort();
}

/** npm's own record of what is in node_modules says what each package is for. */
function packageDirectories(root: string): string[] {
  const record = JSON.parse(readFileSync(path.join(root, 'node_modules', '.package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, InstalledPackage>>;
  };
  return Object.entries(record.packages)
    .filter(([, installed]) => !installed.dev && !installed.devOptional)
    .map(([location]) => path.join(root, location));
}

/** @param without directories of this name are left out: packages inside packages are listed themselves */
function filesBelow(directory: string, without?: string): string[] {
  return globSync('**/*', { cwd: directory, exclude: (name) => path.basename(name) === without })
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file).isFile());
}
