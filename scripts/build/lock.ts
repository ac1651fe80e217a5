/** The packages that deno.lock pins. */

import { ROOT } from "./source.ts";

/** The part of deno.lock, version 5, that names packages. */
export interface Lock {
  readonly npm?: Readonly<Record<string, LockEntry>>;
  readonly jsr?: Readonly<Record<string, LockEntry>>;
}

interface LockEntry {
  readonly integrity: string;
  /** Names; with versions where there are several. */
  readonly dependencies?: readonly string[];
}

/** One package of a lock file. */
export interface LockedPackage {
  readonly registry: "npm" | "jsr";
  readonly name: string;
  readonly version: string;
  /** As the lock file has it: `sha512-` and base64 from npm, SHA-256 in hexadecimal from JSR. */
  readonly integrity: string;
  /** Where the package is in the lock file, such as `npm:deno-std@1.4.0`. */
  readonly id: string;
  /** The ids of the packages that it needs. */
  readonly dependencies: readonly string[];
}

/** Reads deno.lock. */
export async function readLock(): Promise<Lock> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT)));
}

/** Every package of a lock file. */
export function lockedPackages(lock: Lock): LockedPackage[] {
  return (["npm", "jsr"] as const).flatMap((registry) => {
    const entries = lock[registry] ?? {};
    const ids = Object.keys(entries);
    return Object.entries(entries).map(([key, entry]) => {
      const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key)!;
      return {
        registry,
        name: name!,
        version: version!,
        integrity: entry.integrity,
        id: `${registry}:${key}`,
        dependencies: (entry.dependencies ?? []).map((text) => {
          // A package of JSR names its dependencies with the registry.
          const wanted = text.replace(/^(npm|jsr):/, "");
          const own = ids.find((id) => id === wanted) ??
            ids.find((id) =>
              id.startsWith(`${wanted.replace(/(.)@.*/, "$1")}@`)
            );
          return `${registry}:${own ?? wanted}`;
        }),
      };
    });
  });
}

/** The packages that `specifiers`, such as `npm:deno-std@1.4.0`, need, themselves included. */
export function closure(
  packages: readonly LockedPackage[],
  specifiers: readonly string[],
): LockedPackage[] {
  const found = new Set<LockedPackage>();
  const add = (id: string) => {
    const one = packages.find((candidate) => candidate.id === id) ??
      packages.find((candidate) => candidate.id.startsWith(`${id}_`));
    if (one === undefined) {
      throw new Error(`deno.lock has no package "${id}"`);
    }
    if (found.has(one)) return;
    found.add(one);
    one.dependencies.forEach(add);
  };
  specifiers.forEach(add);
  return [...found];
}
