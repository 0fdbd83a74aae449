// Prints a software bill of materials of what production installs (CycloneDX 1.5, JSON), from the lockfile alone: no network, and
// nothing need be installed. Usage: npm run --silent sbom > claviger.cdx.json
import { createHash } from 'node:crypto';
import { placesNeededBy, productionTree, readProjectJson } from './tree.js';

const purlOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

/** `sha512-<base64>` as CycloneDX writes it; a lockfile may lack it. */
function hashesOf(integrity = '') {
  return integrity
    .split(' ')
    .filter((one) => one.startsWith('sha512-'))
    .map((one) => ({ alg: 'SHA-512', content: Buffer.from(one.slice('sha512-'.length), 'base64').toString('hex') }));
}

/** One identifier for SPDX, anything else as an expression. */
const licenseOf = (license) => (/^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license });

function componentOf({ place, name, version, license, optional, integrity }) {
  return {
    type: 'library',
    'bom-ref': place,
    name,
    version,
    scope: optional === true ? 'optional' : 'required',
    purl: purlOf(name, version),
    ...(license === undefined ? {} : { licenses: [licenseOf(license)] }),
    hashes: hashesOf(integrity),
  };
}

/** A UUID of the content: the same lockfile gives the same document. */
function serialOf(content) {
  const hex = createHash('sha256').update(content).digest('hex');
  const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The document for a lockfile. */
export function billOfMaterials(lock) {
  const { name, version, license } = lock.packages[''];
  const tree = productionTree(lock);
  const ref = `${name}@${version}`;
  const own = tree.filter(({ needers }) => needers.has(null)).map(({ place }) => place);
  const needs = tree.map((entry) => ({ ref: entry.place, dependsOn: placesNeededBy(lock, entry).toSorted() }));
  const component = { type: 'application', 'bom-ref': ref, name, version, purl: purlOf(name, version) };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: serialOf(JSON.stringify(tree.map(({ place, version: at }) => [place, at]))),
    version: 1,
    metadata: { component: { ...component, licenses: [licenseOf(license)] } },
    components: tree.map(componentOf),
    dependencies: [{ ref, dependsOn: own }, ...needs],
  };
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${JSON.stringify(billOfMaterials(await readProjectJson('package-lock.json')), null, 2)}\n`);
}
