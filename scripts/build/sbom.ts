/** The software bill of materials, in CycloneDX 1.6 (ECMA-424), from the lock file. */

import type { LockedPackage } from "./lock.ts";
import type { Source } from "./source.ts";

/** What a bill is made of. */
export interface Materials {
  readonly source: Source;
  readonly denoVersion: string;
  /** Every package of the lock file. */
  readonly locked: readonly LockedPackage[];
  /** Those in the binaries; the others build and test them. */
  readonly embedded: readonly LockedPackage[];
}

/** The bill as JSON. The same build has the same bill, to the byte. */
export async function billOfMaterials(materials: Materials): Promise<string> {
  const { source, denoVersion, locked, embedded } = materials;
  const application = `netdiag@${source.version}`;
  const runtime = `pkg:github/denoland/deno@v${denoVersion}`;
  const body = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: source.date.toISOString(),
      component: {
        type: "application",
        "bom-ref": application,
        name: "netdiag",
        version: source.version,
        licenses: [{ license: { id: "MIT" } }],
        properties: [{ name: "netdiag:commit", value: source.commit }],
      },
    },
    components: [
      {
        type: "platform",
        "bom-ref": runtime,
        name: "deno",
        version: denoVersion,
        scope: "required",
        licenses: [{ license: { id: "MIT" } }],
        purl: runtime,
      },
      ...locked.map((one) => ({
        type: "library",
        "bom-ref": one.id,
        name: one.name,
        version: one.version,
        scope: embedded.includes(one) ? "required" : "excluded",
        hashes: [hash(one.integrity)],
        purl: packageUrl(one),
      })),
    ],
    dependencies: [
      {
        ref: application,
        dependsOn: [runtime, ...embedded.map(({ id }) => id)],
      },
      ...locked.map(({ id, dependencies }) => ({
        ref: id,
        dependsOn: dependencies,
      })),
    ],
  };
  const serialNumber = `urn:uuid:${await uuidOf(JSON.stringify(body))}`;
  return `${JSON.stringify({ serialNumber, ...body }, null, 2)}\n`;
}

/** The "@" of a scope is encoded (package-url/purl-spec). */
function packageUrl({ registry, name, version }: LockedPackage): string {
  return `pkg:${registry}/${name.replace("@", "%40")}@${version}`;
}

function hash(integrity: string): { alg: string; content: string } {
  const [, bits, base64] = /^sha(\d+)-(.*)$/.exec(integrity) ?? [];
  return base64 === undefined
    ? { alg: "SHA-256", content: integrity }
    : { alg: `SHA-${bits}`, content: Uint8Array.fromBase64(base64).toHex() };
}

/** A UUID of version 8, from a hash of a text (RFC 9562, section 5.8). */
async function uuidOf(text: string): Promise<string> {
  const bytes = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)),
  ).subarray(0, 16);
  bytes[6] = bytes[6]! & 0x0f | 0x80;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  return bytes.toHex()
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, "$1-$2-$3-$4-$5");
}
