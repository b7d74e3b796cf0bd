import { createCipheriv, createDecipheriv, createHash, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../base/errors.ts';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface Vault {
  /** HMAC-SHA256 of a secret under this installation's key, hex: what is stored in place of the secret. */
  fingerprint(secret: string): string;
  /** AES-256-GCM; `context` is bound to the text, so that a sealed value can't be moved to another row. */
  seal(text: string, context: string): string;
  /** Throws AppError `internal_error` when the value was not sealed here for this context. */
  open(sealed: string, context: string): string;
}

/** Opens `$TOKENWORKS_HOME/secret.key`, making it on first start. It lies outside the database, so a dump alone opens nothing. */
export function openVault(home: string): Vault {
  const key = readOrMakeSecretFile(join(home, 'secret.key'), () => randomBytes(KEY_BYTES).toString('base64'));
  const root = Buffer.from(key, 'base64');
  if (root.length !== KEY_BYTES)
    throw new AppError('internal_error', 'secret.key in the data folder is damaged: it must hold 32 bytes in base64.');
  const hmacKey = createHash('sha256').update(root).update('keys').digest();
  // HMAC (RFC 2104) out of two plain hashes: an Hmac object costs several times as much, and every call comes by here.
  const inner = pad(hmacKey, 0x36);
  const outer = pad(hmacKey, 0x5c);
  const sealKey = createHash('sha256').update(root).update('seal').digest();
  return {
    fingerprint: (secret) =>
      hash('sha256', Buffer.concat([outer, hash('sha256', Buffer.concat([inner, Buffer.from(secret)]), 'buffer')])),
    seal(text, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealKey, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64');
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, IV_BYTES)).setAAD(
          Buffer.from(context),
        );
        decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString(
          'utf8',
        );
      } catch (cause) {
        throw new AppError(
          'internal_error',
          'A stored secret can not be opened with the secret.key of this data folder.',
          { cause },
        );
      }
    },
  };
}

/** The key, filled up to SHA-256's block of 64 bytes, each byte XORed with `value`. */
function pad(key: Buffer, value: number): Buffer {
  const block = Buffer.alloc(64);
  key.copy(block);
  return block.map((byte) => byte ^ value) as Buffer;
}

/** The text of a 0600 file, written whole or not at all when it is missing (two starting processes agree on one). */
export function readOrMakeSecretFile(path: string, make: () => string): string {
  if (!existsSync(path)) {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
    writeFileSync(draft, `${make()}\n`, { mode: 0o600, flag: 'wx' });
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  return readFileSync(path, 'utf8').trim();
}

/** Compares secrets in constant time. */
export function sameSecret(a: string, b: string): boolean {
  const left = createHash('sha256').update(a).digest();
  const right = createHash('sha256').update(b).digest();
  return timingSafeEqual(left, right);
}
