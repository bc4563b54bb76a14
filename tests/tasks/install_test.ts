import assert from "node:assert/strict";
import { fileURLToPath, pathToFileURL } from "node:url";
import { archiveName, archiveOf, sumLine, writeTexts } from "../../tasks/compile.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

/**
 * A directory as a release is downloaded into, with a system around it that is whatever it has to
 * be.
 */
class Download implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(system: {
    readonly name?: string;
    readonly machine?: string;
    /**
     * What `getconf GNU_LIBC_VERSION` prints; `undefined`: it fails, as where there is no glibc.
     */
    readonly getconf?: string;
    /** The first line of `ldd --version`. */
    readonly ldd?: string;
  }): Promise<Download> {
    const { name = "Linux", machine = "x86_64", getconf, ldd } = system;
    const directory = await Deno.makeTempDir();
    await Deno.mkdir(`${directory}/bin`);
    const command = (file: string, body: string) =>
      Deno.writeTextFile(`${directory}/bin/${file}`, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    await command("uname", `case "$1" in -s) echo ${name} ;; *) echo ${machine} ;; esac`);
    await command("getconf", getconf === undefined ? "exit 1" : `echo "${getconf}"`);
    await command("ldd", ldd === undefined ? "exit 1" : `echo "${ldd}"`);
    // A release's files, which its install.sh downloads by a curl that has them all at that
    // address.
    const url = "https://releases.example/v1";
    await Deno.mkdir(`${directory}/release`);
    await command(
      "curl",
      `case "$4" in ${url}/*) exec cp "${directory}/release/\${4##*/}" "$3" ;; esac; exit 1`,
    );
    await writeTexts(pathToFileURL(`${directory}/release/`), url);
    await writeTexts(pathToFileURL(`${directory}/`));
    for (const binary of ["rpc-x86_64-linux", "rpc-aarch64-linux", "rpc-aarch64-macos"]) {
      const program = new TextEncoder().encode(`a program for ${binary}`);
      const archive = `${directory}/${archiveName(binary)}`;
      await Deno.writeFile(archive, await archiveOf(binary, program));
      const line = await sumLine(pathToFileURL(archive));
      await Deno.writeTextFile(`${directory}/SHA256SUMS`, line, { append: true });
    }
    return new Download(directory);
  }

  async install(
    script = "install.sh",
    args: readonly string[] = [`${this.directory}/target`],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: [script, ...args],
      cwd: this.directory,
      env: { PATH: `${this.directory}/bin:${Deno.env.get("PATH")}`, ...env },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async installed(): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(`${this.directory}/target/rpc`);
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

const fitting = [
  { getconf: "glibc 2.27", binary: "rpc-x86_64-linux" },
  { getconf: "glibc 2.28", machine: "aarch64", binary: "rpc-aarch64-linux" },
  { getconf: "glibc 3.1", binary: "rpc-x86_64-linux" },
  { ldd: "ldd (Debian GLIBC 2.36-9+deb12u1) 2.36", binary: "rpc-x86_64-linux" },
  { name: "Darwin", machine: "arm64", binary: "rpc-aarch64-macos" },
];

for (const { binary, ...system } of fitting) {
  Deno.test({
    ...skippedIf(onWindows, `the install script installs ${binary} on ${JSON.stringify(system)}`),
    async fn() {
      await using download = await Download.create(system);
      const { code, stdout, stderr } = await download.install();
      assert.equal(code, 0, stderr);
      assert.equal(stdout, `Installed ${download.directory}/target/rpc\n`);
      assert.equal(await download.installed(), `a program for ${binary}`);
      const { mode } = await Deno.stat(`${download.directory}/target/rpc`);
      assert.equal((mode ?? 0) & 0o777, 0o755);
    },
  });
}

const tooOld = [
  { system: { getconf: "glibc 2.17" }, reason: /this system has glibc 2\.17/ },
  { system: { ldd: "ldd (GNU libc) 2.17" }, reason: /this system has glibc 2\.17/ },
  { system: { getconf: "glibc 1.99" }, reason: /this system has glibc 1\.99/ },
  { system: { ldd: "musl libc (x86_64)" }, reason: /is not glibc/ },
];

for (const { system, reason } of tooOld) {
  Deno.test({
    ...skippedIf(
      onWindows,
      `the install script says how to run it in a container on ${JSON.stringify(system)}`,
    ),
    async fn() {
      await using download = await Download.create(system);
      const { code, stderr } = await download.install();
      assert.equal(code, 1);
      assert.match(stderr, reason);
      // The command is the one that the manual explains.
      const manual = await Deno.readTextFile(new URL("../../docs/DEPLOY.md", import.meta.url));
      const command = manual.match(/docker run -d --name rpc [\s\S]*?2181\n/)?.[0] ?? "";
      assert.ok(plain(stderr).includes(plain(command)), command);
      assert.match(stderr, /--advertise 192\.168\.0\.211:6666/);
      assert.equal(await download.installed(), undefined);
    },
  });
}

Deno.test({
  ...skippedIf(
    onWindows,
    "the install script installs nothing that is missing, changed or for another machine",
  ),
  async fn() {
    await using download = await Download.create({ getconf: "glibc 2.36" });
    const archive = `${download.directory}/rpc-x86_64-linux.tar.gz`;
    await Deno.writeTextFile(archive, "something else");
    assert.match((await download.install()).stderr, /not what SHA256SUMS says/);
    await using unsummed = await Download.create({ getconf: "glibc 2.36" });
    await Deno.writeTextFile(`${unsummed.directory}/SHA256SUMS`, "");
    await Deno.writeTextFile(`${unsummed.directory}/bin/sha256sum`, "#!/bin/sh\nexit 1\n", {
      mode: 0o755,
    });
    assert.match((await unsummed.install()).stderr, /not what SHA256SUMS says/);
    assert.equal(await unsummed.installed(), undefined);
    await Deno.remove(archive);
    assert.match((await download.install()).stderr, /rpc-x86_64-linux\.tar\.gz is not there/);
    assert.equal(await download.installed(), undefined);

    await using other = await Download.create({ machine: "riscv64", getconf: "glibc 2.36" });
    const { code, stderr } = await other.install();
    assert.equal(code, 1);
    assert.match(stderr, /no binary for Linux on riscv64/);
  },
});

Deno.test({
  ...skippedIf(
    onWindows,
    "the install script of a release downloads what does not lie beside it, and checks it",
  ),
  async fn() {
    await using download = await Download.create({ getconf: "glibc 2.36" });
    const { directory } = download;
    const nothing = await download.install("release/install.sh");
    assert.match(nothing.stderr, /releases\.example\/v1\/SHA256SUMS cannot be downloaded/);
    const served = `${directory}/release/rpc-x86_64-linux.tar.gz`;
    for (const name of ["SHA256SUMS", "rpc-x86_64-linux.tar.gz"]) {
      await Deno.copyFile(`${directory}/${name}`, `${directory}/release/${name}`);
    }
    // From another place, where nothing lies beside it.
    await Deno.mkdir(`${directory}/alone`);
    await Deno.copyFile(`${directory}/release/install.sh`, `${directory}/alone/install.sh`);
    const { code, stderr } = await download.install("alone/install.sh");
    assert.equal(code, 0, stderr);
    assert.equal(await download.installed(), "a program for rpc-x86_64-linux");
    assert.deepEqual([...Deno.readDirSync(`${directory}/target`)].map(({ name }) => name), ["rpc"]);

    await Deno.writeTextFile(served, "something else");
    assert.match((await download.install("alone/install.sh")).stderr, /not what SHA256SUMS says/);
    assert.equal(await download.installed(), "a program for rpc-x86_64-linux");
  },
});

Deno.test({
  ...skippedIf(onWindows, "the install script needs one directory, and says so of anything else"),
  async fn() {
    await using download = await Download.create({ getconf: "glibc 2.36" });
    for (const args of [["--help"], ["-d", "bin"], ["a", "b"]]) {
      const { code, stdout, stderr } = await download.install("install.sh", args);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^Usage: sh install\.sh \[directory\]/);
    }
    await Deno.mkdir(`${download.directory}/target/rpc`, { recursive: true });
    const { code, stderr } = await download.install();
    assert.equal(code, 1);
    assert.match(stderr, /target\/rpc is a directory/);
    const names = [...Deno.readDirSync(`${download.directory}/target`)].map(({ name }) => name);
    assert.deepEqual(names, ["rpc"]);
    assert.deepEqual([...Deno.readDirSync(`${download.directory}/target/rpc`)], []);
  },
});

Deno.test({
  ...skippedIf(onWindows, "the install script finds what lies beside it, whatever CDPATH says"),
  async fn() {
    await using download = await Download.create({ getconf: "glibc 2.36" });
    const { directory } = download;
    await Deno.mkdir(`${directory}/beside`);
    for (const name of ["install.sh", "SHA256SUMS", "rpc-x86_64-linux.tar.gz"]) {
      await Deno.copyFile(`${directory}/${name}`, `${directory}/beside/${name}`);
    }
    const env = { CDPATH: directory };
    const { code, stderr } = await download.install("beside/install.sh", undefined, env);
    assert.equal(code, 0, stderr);
    assert.equal(await download.installed(), "a program for rpc-x86_64-linux");
  },
});

const windowsScript = new URL("../../tasks/install.ps1", import.meta.url);

Deno.test("install.ps1 never exits, which would end a console that runs its text", async () => {
  const text = await Deno.readTextFile(windowsScript);
  const code = text.split("\n").filter((line) => !/^ *#/.test(line)).join("\n");
  assert.doesNotMatch(code, /\bexit\b/i);
  assert.match(code, /\n {2}\} catch \{\n {4}throw "Cannot install rpc: \$_"\n/);
});

Deno.test({
  ...skippedIf(
    onWindows === undefined ? "there is no Windows PowerShell" : undefined,
    "install.ps1 that fails is exit code 1, as a file and as a text, and can be caught",
  ),
  async fn() {
    const path = fileURLToPath(windowsScript);
    const asText = `Get-Content -Raw -LiteralPath '${path.replaceAll("'", "''")}' | iex`;
    const run = async (...args: string[]) => {
      const all = ["-NoProfile", "-ExecutionPolicy", "Bypass", ...args];
      const { code, stdout, stderr } = await new Deno.Command("powershell", { args: all }).output();
      const decoder = new TextDecoder();
      return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    };
    for (const args of [["-File", path], ["-Command", asText]]) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /Cannot install rpc: SHA256SUMS is not there/);
    }
    const caught = await run("-Command", `try { ${asText} } catch { Write-Output "caught $_" }`);
    assert.deepEqual([caught.code, caught.stderr], [0, ""]);
    assert.match(caught.stdout, /^caught Cannot install rpc: /);
  },
});

/** A command without the breaks and indents of its lines. */
function plain(text: string): string {
  return text.replaceAll(/[\s\\]+/g, " ");
}
