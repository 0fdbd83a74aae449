import type { Lockfile } from './tree.js';

/** The members of a CycloneDX document that the test reads. */
export interface Bill {
  readonly serialNumber: string;
  readonly components: readonly { readonly 'bom-ref': string; readonly name: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

export function billOfMaterials(lock: Lockfile): Bill;
