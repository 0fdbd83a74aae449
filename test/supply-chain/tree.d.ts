/** One entry of package-lock.json. */
export interface LockedPackage {
  readonly version?: string;
  readonly hasInstallScript?: boolean;
}

/** What package-lock.json holds, as far as it is read here. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** A package that production installs. */
export interface TreeEntry extends LockedPackage {
  readonly name: string;
  readonly place: string;
  /** Places of those that need it; null for ourselves. */
  readonly needers: ReadonlySet<string | null>;
}

export function productionTree(lock: Lockfile): readonly TreeEntry[];
export function withInstallScripts(lock: Lockfile): readonly string[];
