import { inPackage } from '@app/common';
import { pathToFileURL } from 'node:url';

/** A module of the build (`npm test` makes it first), with the types of its source. */
export const fromBuild = <Module>(path: string): Promise<Module> =>
  import(pathToFileURL(inPackage('dist', path)).href) as Promise<Module>;
