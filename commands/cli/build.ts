/** Where this program is from. */

/** What a build knows of itself. */
export interface Build {
  /** The commit of git that it was made of. */
  readonly commit: string;
  /** When that was made: `2026-11-21`. */
  readonly date: string;
}

/** Undefined when it runs from source. The build replaces this module: scripts/build/bundle.ts. */
export const BUILD: Build | undefined = undefined;
