/**
 * Values of a commit that lie in memory shared with other threads, copied into memory that is not: LMDB's library (3.5.6) asks
 * Node-API for a value's address, which knows shared memory since Node 24.9 (nodejs/node pull request 59071) and before gives
 * none, unsaid. The memory is used again for each commit, of which there is one at a time.
 */
const SHARED_SINCE = [24, 9] as const;

export function needsCopies(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return major < SHARED_SINCE[0] || (major === SHARED_SINCE[0] && minor < SHARED_SINCE[1]);
}

/** So that commits of about one size find room. */
const STEP_BYTES = 1024 * 1024;

export class UnsharedValues {
  #memory = new Uint8Array(0);
  #isUsed = false;

  /** Valid until the next call. */
  of(values: readonly (Uint8Array | null)[]): readonly (Uint8Array | null)[] {
    if (!values.some(isShared)) return values;
    const bytes = values.reduce((sum, value) => (isShared(value) ? sum + value.length : sum), 0);
    if (bytes > this.#memory.length) this.#memory = new Uint8Array(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    this.#isUsed = true;
    const memory = this.#memory;
    let at = 0;
    return values.map((value) => {
      if (!isShared(value)) return value;
      memory.set(value, at);
      at += value.length;
      return memory.subarray(at - value.length, at);
    });
  }

  /** Called between two commits or during one: what none has wanted since the last call is let go of. */
  rest(): void {
    if (!this.#isUsed) this.#memory = new Uint8Array(0);
    this.#isUsed = false;
  }
}

function isShared(value: Uint8Array | null): value is Uint8Array {
  return value !== null && value.buffer instanceof SharedArrayBuffer;
}
