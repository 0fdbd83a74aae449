import { readFile } from 'node:fs/promises';

const ROOT = new URL('../../', import.meta.url);

/** A file of this project that is JSON. */
export const readProjectJson = async (name) => JSON.parse(await readFile(new URL(name, ROOT), 'utf8'));

/** The place of a package in the tree as `require` would find it from `from`: the nearest `node_modules` upwards. */
function resolve(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[place] !== undefined) {
      return place;
    }
    if (at === '') {
      return undefined;
    }
  }
}

/** What a package cannot run without, and what it may use where it is there for this platform. */
function needsOf({ dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  return [...new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers])];
}

/**
 * What `npm install --omit=dev` installs, by place: everything that `dependencies` need, directly or not. Walked here and not asked
 * of npm: `npm sbom --omit dev` and `npm ls` leave out what development needs as well.
 */
export function productionTree(lock) {
  const { packages } = lock;
  const tree = new Map();
  const waiting = Object.keys(packages[''].dependencies ?? {}).map((name) => ({ name, from: '', needer: null }));
  for (const { name, from, needer } of waiting) {
    const place = resolve(packages, from, name);
    if (place === undefined) {
      continue;
    }
    const found = tree.get(place);
    if (found !== undefined) {
      found.needers.add(needer);
      continue;
    }
    const entry = packages[place];
    tree.set(place, { ...entry, place, name: place.split('node_modules/').at(-1), needers: new Set([needer]) });
    waiting.push(...needsOf(entry).map((needed) => ({ name: needed, from: place, needer: place })));
  }
  return [...tree.values()].toSorted((a, b) => compare(a.name, b.name) || compare(a.place, b.place));
}

const compare = (a, b) => (a < b ? -1 : Number(a > b));

/** Where each of them is installed that this one needs. */
export const placesNeededBy = (lock, { place, ...entry }) =>
  needsOf(entry)
    .map((name) => resolve(lock.packages, place, name))
    .filter((found) => found !== undefined);

/** Packages of the whole lockfile, development's too, that bring a script which npm would run at install. */
export const withInstallScripts = ({ packages }) =>
  Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([place]) => place.split('node_modules/').at(-1))
    .toSorted();
