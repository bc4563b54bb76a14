/** Reads PEM leniently: with Windows' line ends, several blocks in a file, and text around them. */

/** One block, its lines ended as on Unix, the last one too. */
interface PemBlock {
  /** What it holds, such as `CERTIFICATE`. */
  readonly label: string;
  readonly text: string;
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/** The complete blocks in a text, in their order. */
export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(block)].map(([whole, label = ""]) => ({
    label,
    text: `${whole.replaceAll("\r\n", "\n")}\n`,
  }));
}

/** The certificates in a text. */
export function certificatesIn(text: string): readonly string[] {
  return pemBlocks(text).filter(({ label }) => label === "CERTIFICATE").map(({ text }) => text);
}

/** The first private key in a text that needs no passphrase; `undefined`: there is none. */
export function privateKeyIn(text: string): string | undefined {
  return pemBlocks(text)
    .find(({ label }) => /^(?:[A-Z0-9]+ )?PRIVATE KEY$/.test(label) && label !== encryptedLabel)
    ?.text;
}

const encryptedLabel = "ENCRYPTED PRIVATE KEY";

/** Whether a private key in a text is locked by a passphrase, in either of the ways there are. */
export function isEncrypted(text: string): boolean {
  return text.includes(encryptedLabel) || /^Proc-Type: 4,ENCRYPTED\s*$/m.test(text);
}
