/**
 * What binaries are downloaded as: `.tar.gz` keeps that a file may be run, and Windows opens
 * `.zip`.
 */

import { crc32 } from "node:zlib";

/** One file of an archive. */
export interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its permissions. */
  readonly mode: number;
}

const encoder = new TextEncoder();

/** Everything in an archive is as old as this, so that the same binaries make the same archives. */
const modifiedAt = { unixSeconds: 315_532_800, dosDate: (1 << 5) | 1 };

const tarBlock = 512;

/** A `.tar.gz`, in the form of POSIX 1988 (ustar). Names are short, and files below 8 GB. */
export async function tarGz(entries: readonly Entry[]): Promise<Uint8Array<ArrayBuffer>> {
  const parts = entries.flatMap(({ name, bytes, mode }) => [
    tarHeader(name, bytes.length, mode),
    bytes,
    new Uint8Array((tarBlock - bytes.length % tarBlock) % tarBlock),
  ]);
  return await compress([...parts, new Uint8Array(2 * tarBlock)], "gzip");
}

function tarHeader(name: string, size: number, mode: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(tarBlock);
  const text = (at: number, value: string) => header.set(encoder.encode(value), at);
  const octal = (at: number, width: number, value: number) =>
    text(at, value.toString(8).padStart(width - 1, "0"));
  text(0, name);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, modifiedAt.unixSeconds);
  text(148, " ".repeat(8));
  text(156, "0");
  text(257, "ustar\0" + "00");
  octal(148, 7, header.reduce((sum, byte) => sum + byte, 0));
  return header;
}

/** A `.zip`. Below 4 GB, and without permissions, which Windows would not read. */
export async function zip(entries: readonly Entry[]): Promise<Uint8Array<ArrayBuffer>> {
  const files: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const { name, bytes } of entries) {
    const path = encoder.encode(name);
    const data = await compress([bytes], "deflate-raw");
    const common = [
      ...[u16(20), u16(0), u16(8), u16(0), u16(modifiedAt.dosDate)],
      ...[u32(crc32(bytes)), u32(data.length), u32(bytes.length), u16(path.length), u16(0)],
    ];
    const file = concat([u32(0x04034b50), ...common, path, data]);
    directory.push(
      ...[u32(0x02014b50), u16(20), ...common, u16(0), u16(0), u16(0), u32(0), u32(offset), path],
    );
    files.push(file);
    offset += file.length;
  }
  const list = concat(directory);
  const count = u16(entries.length);
  const end = [u32(0x06054b50), u16(0), u16(0), count, count, u32(list.length), u32(offset)];
  return concat([...files, list, ...end, u16(0)]);
}

/** The only file of a `.zip`, such as Deno's site has. */
export async function unzip(archive: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  let end = archive.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error("It is no zip file");
  const entry = view.getUint32(end + 16, true);
  const size = view.getUint32(entry + 20, true);
  const file = view.getUint32(entry + 42, true);
  const data = file + 30 + view.getUint16(file + 26, true) + view.getUint16(file + 28, true);
  const packed = archive.subarray(data, data + size);
  const isStored = view.getUint16(entry + 10, true) === 0;
  const stream = new Blob([packed]).stream();
  const bytes = await new Response(
    isStored ? stream : stream.pipeThrough(new DecompressionStream("deflate-raw")),
  ).bytes();
  if (crc32(bytes) !== view.getUint32(entry + 16, true)) throw new Error("Its checksum is wrong");
  return bytes;
}

async function compress(
  parts: readonly Uint8Array<ArrayBuffer>[],
  format: CompressionFormat,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([...parts]).stream().pipeThrough(new CompressionStream(format));
  return await new Response(stream).bytes();
}

function u16(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint16Array([value]).buffer);
}

function u32(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

function concat(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
