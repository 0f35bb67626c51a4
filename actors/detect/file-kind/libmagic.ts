/**
 * What a file is by its bytes, in libmagic's words: libmagic itself with its own database, as WebAssembly. It is loaded
 * when the first rule asks for it, within the call: rules are compiled and packets examined without waiting.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const PACKAGE = 'wasmagic/dist/libmagic-wrapper';

/** What the package's module has once it runs. */
interface LibmagicModule {
  readonly FS: { chdir(path: string): void; unlink(path: string): void };
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(at: number): void;
  ccall(name: string, result: 'string', types: readonly string[], values: readonly unknown[]): string;
}

interface Instance {
  readonly exports: object;
}
/** As every engine of JavaScript has it; the types of Node do not name it. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (code: object, imports: object) => Instance;
};
type Receive = (instance: Instance) => void;
type MakeModule = (module: object) => unknown;

/** What libmagic 5.45 says in other words than Suricata's (5.44). */
const OTHER_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^CSV .*text$/, 'CSV text'],
  [/^iCalendar /, 'vCalendar '],
  [/ page\(s\)/, ' pages'],
];

export class Libmagic {
  readonly #module: LibmagicModule;

  private constructor(module: LibmagicModule) {
    this.#module = module;
    module.FS.chdir('/magic');
    const mistake = module.ccall('magic_wrapper_load', 'string', ['number', 'string'], [0, 'magic.mgc']);
    if (mistake !== '') throw new Error(`libmagic: ${mistake}`);
    module.FS.unlink('/magic/magic.mgc');
  }

  /** null: the package is not there, or does not run here. */
  static load(): Libmagic | null {
    try {
      const require = createRequire(import.meta.url);
      const make = require(`${PACKAGE}.js`) as MakeModule;
      const code = new WebAssembly.Module(readFileSync(require.resolve(`${PACKAGE}.wasm`)));
      const module = {
        instantiateWasm(imports: object, receive: Receive): object {
          const instance = new WebAssembly.Instance(code, imports);
          receive(instance);
          return instance.exports;
        },
      };
      make(module);
      return new Libmagic(module as unknown as LibmagicModule);
    } catch {
      return null;
    }
  }

  /** Throws where it runs out of memory: it is of no use then. */
  kindOf(bytes: Uint8Array): string {
    const module = this.#module;
    const at = module._malloc(bytes.length);
    module.HEAPU8.set(bytes, at);
    let kind = module.ccall('magic_wrapper_detect', 'string', ['number', 'number'], [at, bytes.length]);
    module._free(at);
    for (const [words, older] of OTHER_WORDS) kind = kind.replace(words, older);
    return kind;
  }
}
