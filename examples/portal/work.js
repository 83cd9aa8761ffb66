// SPDX-License-Identifier: EUPL-1.2
// A worker: tries numbers until the hash is the challenge's (ALTCHA, version 1). Answers the number, or null where there is none.

const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

self.onmessage = async ({data: {salt, challenge, maxnumber}}) => {
    const encoder = new TextEncoder();
    const together = 256; // hashes under way at once
    for (let first = 0; first <= maxnumber; first += together) {
        const numbers = Array.from({length: Math.min(together, maxnumber - first + 1)}, (_, i) => first + i);
        const hashes = await Promise.all(numbers.map((number) => crypto.subtle.digest("SHA-256", encoder.encode(salt + number))));
        const found = hashes.findIndex((hash) => hex(hash) === challenge);
        if (found >= 0) {
            self.postMessage(numbers[found]);
            return;
        }
    }
    self.postMessage(null);
};
