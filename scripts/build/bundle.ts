/**
 * The program as a few JavaScript modules, which start faster than a module
 * for each source file. What workers run, and the files that the sources name
 * by `new URL("...", import.meta.url)`, come along.
 */

import { createRequire, isBuiltin } from "node:module";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild-wasm/esm/browser.js";
import { ROOT, type Source } from "./source.ts";

/** The part of esbuild that does the work. */
const ESBUILD = new URL(import.meta.resolve("esbuild-wasm/esbuild.wasm"));

/** Where esbuild believes its outputs to be: without a file system, it knows of the root only. */
const OUTPUTS = "/";

const MAIN = "main.ts";
/** The module whose content is what the build knows. */
const BUILD_FACTS = "commands/cli/build.ts";

/**
 * Loaded with main.ts, though the sources load them when they are needed: a
 * single ping is what most starts are for, and each module costs time.
 */
const EAGER: ReadonlySet<string> = new Set([
  "commands/ping.ts",
  "commands/ping/one.ts",
]);

/**
 * Stands for all that main.ts imports. A module that is loaded when it is
 * needed imports this first, so that esbuild puts all of it into one output,
 * not into one for each set of modules that share something.
 */
const CORE = "core";

const STATIC_IMPORT = /^import (?!type\b)[^;]*?"(\.[^"]+)";$/gm;
const DYNAMIC_IMPORT = /\bawait import\("(\.[^"]+)"\)/g;

/** A file or module beside the one that names it. */
const NEIGHBOUR = /new URL\(\s*"(\.[^"]*)",\s*import\.meta\.url,?\s*\)/g;

/** What was bundled: all that the program imports. */
export interface Bundle {
  /** The module to run. */
  readonly main: string;
  /** What it does not import, but needs: what workers run, files. */
  readonly includes: readonly string[];
  /** The packages that the program imports, such as `npm:deno-std@1.4.0`. */
  readonly packages: readonly string[];
}

/**
 * Bundles main.ts into a folder.
 *
 * @throws {Error} where a source uses `import.meta` in a way that a bundle does not keep
 */
export async function bundle(source: Source, folder: string): Promise<Bundle> {
  const imports = await readImports();
  await esbuild.initialize({
    wasmModule: await WebAssembly.compile(await Deno.readFile(ESBUILD)),
    worker: false,
  });
  const run = new Bundling(source, folder, imports);
  try {
    await run.build();
  } finally {
    await esbuild.stop();
  }
  return {
    main: `${folder}/${outputName(MAIN)}.js`,
    includes: [...run.modules, ...run.files]
      .filter((name) => name !== MAIN)
      .map((name) => `${folder}/${includedName(name)}`),
    packages: [...run.packages].sort(),
  };
}

/** The import map of deno.json. */
async function readImports(): Promise<Readonly<Record<string, string>>> {
  const { imports } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  return imports;
}

/** Every output lies in one folder, so that they find each other from wherever code ends up. */
function outputName(module: string): string {
  return module.replaceAll("/", "-").replace(/\.ts$/, "");
}

function includedName(name: string): string {
  return name.endsWith(".ts") ? `${outputName(name)}.js` : outputName(name);
}

class Bundling {
  /** Modules that something runs, relative to the root. */
  readonly modules = new Set([MAIN]);
  readonly files = new Set<string>();
  readonly packages = new Set<string>();
  readonly #source: Source;
  readonly #folder: string;
  readonly #imports: Readonly<Record<string, string>>;

  constructor(
    source: Source,
    folder: string,
    imports: Readonly<Record<string, string>>,
  ) {
    this.#source = source;
    this.#folder = folder;
    this.#imports = imports;
  }

  /** Builds until no module names another one that is not built yet. */
  async build(): Promise<void> {
    let built = 0;
    let outputs: readonly esbuild.OutputFile[] = [];
    while (built < this.modules.size) {
      built = this.modules.size;
      outputs = await this.#run();
    }
    await Deno.mkdir(this.#folder, { recursive: true });
    for (const { path, contents } of outputs) {
      const name = path.slice(OUTPUTS.length);
      await Deno.writeFile(`${this.#folder}/${name}`, contents);
    }
    for (const name of this.files) {
      const path = `${this.#folder}/${includedName(name)}`;
      await Deno.copyFile(new URL(name, ROOT), path);
    }
    // A binary keeps the times of its files.
    const { date } = this.#source;
    for await (const { name } of Deno.readDir(this.#folder)) {
      await Deno.utime(`${this.#folder}/${name}`, date, date);
    }
  }

  async #run(): Promise<readonly esbuild.OutputFile[]> {
    const { outputFiles } = await esbuild.build({
      entryPoints: [...this.modules].map((module) => ({
        in: module,
        out: outputName(module),
      })),
      outdir: OUTPUTS,
      plugins: [{ name: "deno", setup: (build) => this.#setUp(build) }],
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
      target: "esnext",
      write: false,
      logLevel: "silent",
    }).catch(({ errors }: esbuild.BuildFailure) => {
      const [{ text, location }] = errors as [esbuild.Message];
      throw new Error(
        `Cannot bundle ${location?.file ?? MAIN}: ${text}`,
      );
    });
    return outputFiles;
  }

  #setUp(build: esbuild.PluginBuild): void {
    build.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
      if (path === CORE) return { path, namespace: CORE };
      const target = this.#imports[path] ?? path;
      if (/^(npm|jsr):/.test(target)) return this.#resolvePackage(target, kind);
      if (isBuiltin(target)) {
        const module = `node:${target.replace(/^node:/, "")}`;
        return kind === "require-call"
          ? { path: module, namespace: "required" }
          : { path: module, external: true };
      }
      const isOwn = !importer.startsWith("file:") ||
        importer.startsWith(ROOT.href);
      const url = isOwn
        ? new URL(target, importer.startsWith("file:") ? importer : ROOT)
        : pathToFileURL(createRequire(importer).resolve(target));
      return {
        path: url.href,
        namespace: isOwn && kind === "dynamic-import" ? "late" : "deno",
      };
    });
    build.onLoad({ filter: /.*/, namespace: "late" }, ({ path }) => ({
      contents: `import "${CORE}"; export * from "${path}";`,
    }));
    build.onLoad({ filter: /.*/, namespace: CORE }, async () => {
      const main = await Deno.readTextFile(new URL(MAIN, ROOT));
      const contents = main.matchAll(STATIC_IMPORT)
        .map(([, path]) => `import "${new URL(path!, ROOT)}";`);
      return { contents: [...contents].join("") };
    });
    build.onLoad(
      { filter: /.*/, namespace: "package" },
      ({ path }) => this.#loadPackage(path),
    );
    // A module of Node's that a CommonJS module requires has to be imported.
    build.onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
      contents: `export * from "${path}"; export { default } from "${path}";`,
    }));
    build.onLoad({ filter: /.*/, namespace: "deno" }, async ({ path }) => {
      const contents = await Deno.readTextFile(new URL(path));
      if (!path.startsWith(ROOT.href)) {
        return { contents, loader: path.endsWith(".json") ? "json" : "js" };
      }
      return this.#load(path.slice(ROOT.href.length), contents);
    });
  }

  /** A module of a package, as the program imports it. */
  #resolvePackage(
    specifier: string,
    kind: esbuild.ImportKind,
  ): esbuild.OnResolveResult {
    this.packages.add(/^\w+:(@[^/]+\/)?[^/]+/.exec(specifier)![0]);
    return kind === "dynamic-import"
      ? { path: specifier, namespace: "package" }
      : { path: import.meta.resolve(specifier), namespace: "deno" };
  }

  /** A CommonJS module has no names that import() could give, but those that Deno finds in it. */
  async #loadPackage(specifier: string): Promise<esbuild.OnLoadResult> {
    const names = Object.keys(await import(specifier))
      .filter((name) => name !== "default" && name !== "module.exports");
    return {
      contents: `import * as all from "${import.meta.resolve(specifier)}";
        export const { ${names.join(", ")} } = all;
        export default all.default;`,
    };
  }

  #load(module: string, source: string): esbuild.OnLoadResult {
    if (module === "deno.json") {
      const { version } = this.#source;
      return { contents: JSON.stringify({ version }), loader: "json" };
    }
    if (module === BUILD_FACTS) {
      const { commit, date } = this.#source;
      const facts = { commit, date: date.toISOString().slice(0, 10) };
      return { contents: `export const BUILD = ${JSON.stringify(facts)};` };
    }
    const eager: string[] = [];
    const contents = source.replaceAll(
      NEIGHBOUR,
      (_, path: string) => this.#neighbour(new URL(path, ROOT.href + module)),
    ).replaceAll(DYNAMIC_IMPORT, (text, path: string) => {
      const { href } = new URL(path, ROOT.href + module);
      if (!EAGER.has(href.slice(ROOT.href.length))) return text;
      const name = `eager${eager.length}`;
      eager.push(`import * as ${name} from "${path}";`);
      return name;
    });
    const uses = contents.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "")
      .replaceAll(/import\.meta\.(main\b|dirname\b|url\))/g, "");
    if (uses.includes("import.meta")) {
      throw new Error(
        `${module} uses import.meta otherwise than as ` +
          `new URL("./file", import.meta.url): a binary would not have the file`,
      );
    }
    if (/^export default\b/m.test(contents)) {
      throw new Error(`${module} exports a default, which a binary would lose`);
    }
    // The folder that the module would be in, as a path and no more.
    const folder = module.replace(/\/?[^/]*$/, "");
    return {
      contents: eager.join("") + contents.replaceAll(
        "import.meta.dirname",
        `import.meta.dirname?.concat(${JSON.stringify(`/${folder}`)})`,
      ),
      loader: "ts",
    };
  }

  #neighbour(target: URL): string {
    if (!target.href.startsWith(ROOT.href)) {
      throw new Error(`${target.href} is outside of the repository`);
    }
    const name = target.href.slice(ROOT.href.length);
    if (name.endsWith(".ts")) this.modules.add(name);
    else if (name !== "") this.files.add(name);
    const path = name === "" ? "." : `./${includedName(name)}`;
    return `new URL(${JSON.stringify(path)}, import.meta.url)`;
  }
}
