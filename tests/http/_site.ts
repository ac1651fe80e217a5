/** nginx on loopback, with and without TLS, and every kind of certificate. */

const SAN = "subjectAltName=DNS:localhost,IP:127.0.0.1";

/** What one of its servers is for. */
export type SiteServer =
  | "plain"
  | "good"
  | "wrongName"
  | "expired"
  | "selfSigned"
  | "stranger";

/** A running nginx. Disposing it ends it and removes its files. */
export interface Site extends AsyncDisposable {
  readonly folder: string;
  readonly ports: Readonly<Record<SiteServer, number>>;
  /** The authority that signed all but two certificates, as a file in PEM. */
  readonly authority: string;
}

async function run(folder: string, ...command: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd: folder,
    stdin: "null",
  }).output();
  if (!success) {
    throw new Error(
      `${command.join(" ")}: ${new TextDecoder().decode(stderr)}`,
    );
  }
}

/** A key and a certificate signed by itself. */
async function makeRoot(
  folder: string,
  name: string,
  extension: string,
): Promise<void> {
  const request = "req -x509 -newkey rsa:2048 -nodes -days 100";
  await run(
    folder,
    ...["openssl", ...request.split(" "), "-subj", `/CN=${name}`],
    ...["-addext", extension],
    ...["-keyout", `${name}.key`, "-out", `${name}.pem`],
  );
}

/** A key and a certificate signed by an authority. */
async function makeLeaf(
  folder: string,
  name: string,
  authority: string,
  days: number,
  extension = SAN,
): Promise<void> {
  await Deno.writeTextFile(`${folder}/${name}.ext`, extension);
  await run(
    folder,
    ...["openssl", "req", "-newkey", "rsa:2048", "-nodes"],
    ...["-subj", `/CN=${name}`, "-keyout", `${name}.key`],
    ...["-out", `${name}.csr`],
  );
  await run(
    folder,
    ...["openssl", "x509", "-req", "-in", `${name}.csr`],
    ...["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`],
    ...["-CAcreateserial", "-days", String(days)],
    ...["-extfile", `${name}.ext`, "-out", `${name}.pem`],
  );
}

async function makeCertificates(folder: string): Promise<void> {
  const isAuthority = "basicConstraints=critical,CA:TRUE";
  await Promise.all([
    makeRoot(folder, "authority", isAuthority),
    makeRoot(folder, "otherAuthority", isAuthority),
    makeRoot(folder, "selfSigned", SAN),
  ]);
  await makeLeaf(folder, "good", "authority", 90);
  await makeLeaf(
    folder,
    "wrongName",
    "authority",
    90,
    "subjectAltName=DNS:other.example",
  );
  await makeLeaf(folder, "expired", "authority", -1);
  await makeLeaf(folder, "stranger", "otherAuthority", 90);
}

function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  return listeners.map((listener) => {
    listener.close();
    return (listener.addr as Deno.NetAddr).port;
  });
}

const SERVERS: readonly SiteServer[] = [
  "plain",
  "good",
  "wrongName",
  "expired",
  "selfSigned",
  "stranger",
];

function configuration(
  folder: string,
  ports: Readonly<Record<SiteServer, number>>,
): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`);
  const servers = SERVERS.map((name) => {
    const tls = name === "plain"
      ? ""
      : `ssl_certificate ${folder}/${name}.pem; ssl_certificate_key ${folder}/${name}.key;`;
    return `server {
      listen 127.0.0.1:${ports[name]}${tls === "" ? "" : " ssl"};
      ${tls}
      root ${folder}/www;
      location /slow { limit_rate 64k; }
      location /moved { return 302 /; }
    }`;
  });
  // As root, a worker would be nobody, who may not read the folder.
  const user = Deno.uid() === 0 ? "user root;" : "";
  return `${user} worker_processes 1; pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    events {}
    http {
      access_log off; sendfile on; default_type application/octet-stream;
      types { text/plain txt; text/html html; }
      gzip on; gzip_types text/plain;
      ssl_protocols TLSv1.2 TLSv1.3;
      ${temporary.join("\n")}
      ${servers.join("\n")}
    }`;
}

/** Makes the certificates and starts nginx. */
export async function openSite(): Promise<Site> {
  const folder = await Deno.makeTempDir();
  const ports = Object.fromEntries(
    freePorts(SERVERS.length).map((port, i) => [SERVERS[i], port]),
  ) as Record<SiteServer, number>;
  await makeCertificates(folder);
  await Deno.mkdir(`${folder}/www`);
  await Deno.writeTextFile(`${folder}/www/index.html`, "<p>hello</p>\n");
  await Deno.writeTextFile(`${folder}/www/digits.txt`, "0123456789");
  await Deno.writeTextFile(`${folder}/www/text.txt`, "lines\n".repeat(5000));
  await Deno.writeTextFile(`${folder}/www/slow`, "x".repeat(48 * 1024));
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    configuration(folder, ports),
  );
  // It leaves its parent only when it listens.
  const nginx = ["nginx", "-c", `${folder}/nginx.conf`, "-e", "stderr"];
  await run(folder, ...nginx);
  return {
    folder,
    ports,
    authority: `${folder}/authority.pem`,
    async [Symbol.asyncDispose]() {
      await run(folder, ...nginx, "-s", "stop");
      await Deno.remove(folder, { recursive: true });
    },
  };
}
