import crypto from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { withServer } from './bodies.ts';

const pem = readFileSync(join(import.meta.dirname, '../../../fixtures/loopback.pem'), 'utf8');
const server = { key: pem, cert: pem };
const client = { host: '127.0.0.1', rejectUnauthorized: false };

/** Two clients of an encrypted echo server. */
export function tlsSockets(): Promise<unknown> {
  const order: string[] = [];
  const echo = tls.createServer(server, (socket) => {
    socket.on('data', (data) => socket.write(data)).on('end', () => socket.end());
  });
  return withServer(echo, async (port) => {
    const say = async (word: string): Promise<void> => {
      const socket = tls.connect({ port, ...client });
      socket.on('data', (data) => order.push(String(data)));
      await once(socket, 'secureConnect');
      socket.end(word);
      await once(socket, 'close');
    };
    await Promise.all([say('one'), say('two')]);
    echo.close();
    await once(echo, 'close');
    return order;
  });
}

/** Three encrypted requests at once. */
export function httpsRequests(): Promise<unknown> {
  let count = 0;
  const counting = https.createServer(server, (asked, response) => {
    asked.resume().on('end', () => response.end(`${asked.url} ${count++}`));
  });
  return withServer(counting, async (port) => {
    const get = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const asking = https.get({ port, path, agent: false, ...client }, (response) => {
          text(response).then(resolve, reject);
        });
        asking.on('error', reject);
      });
    const answers = await Promise.all(['/a', '/b', '/c'].map(get));
    counting.close();
    return answers;
  });
}

/** What a page has of cryptography: two chains at once. */
export async function webCrypto(): Promise<unknown> {
  const { subtle } = crypto.webcrypto;
  const order: string[] = [];
  const bytes = new TextEncoder().encode('text');
  const encrypting = async (): Promise<string> => {
    const key = await subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt', 'decrypt']);
    const how = { name: 'AES-GCM', iv: new Uint8Array(12) };
    const decrypted = await subtle.decrypt(how, key, await subtle.encrypt(how, key, bytes));
    order.push('encrypted');
    return new TextDecoder().decode(decrypted);
  };
  const signing = async (): Promise<boolean> => {
    const how = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const { privateKey, publicKey } = await subtle.generateKey(how, true, ['sign', 'verify']);
    const verified = await subtle.verify(how, publicKey, await subtle.sign(how, privateKey, bytes), bytes);
    order.push('signed');
    return verified;
  };
  const deriving = async (): Promise<number> => {
    const key = await subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveBits']);
    const how = { name: 'PBKDF2', salt: bytes, iterations: 10, hash: 'SHA-256' };
    const { byteLength } = await subtle.deriveBits(how, key, 64);
    order.push('derived');
    return byteLength;
  };
  const hashing = async (): Promise<string> => {
    const digest = await subtle.digest('SHA-256', bytes);
    order.push('hashed');
    return Buffer.from(digest).toString('hex');
  };
  return [await Promise.all([encrypting(), signing(), deriving(), hashing()]), order];
}
