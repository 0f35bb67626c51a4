/** The firmware for a Cortex-M4: it links, it fits, and it holds neither a heap nor floating point. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { needs, programPath } from '../../support/needs.ts';
import { built, DEVICE, make } from './build.ts';

t.setTimeout(590_000);

const run = promisify(execFile);
/** What docs/firmware.md says, with some room for other versions of the compiler. */
const FLASH_BYTES_MAX = 14_000;
const RAM_BYTES_MAX = 8_000;

t.test('it links for a Cortex-M4 and prints what it takes', async (t) => {
  if (!needs(t, 'arm-none-eabi-gcc', 'make')) return;
  const said = await make('stm32l4');
  const [text, data, bss] = said.trim().split('\n').at(-1)!.trim().split(/\s+/).map(Number) as [number, number, number];
  t.comment(`flash ${text + data} bytes, RAM ${data + bss} bytes`);
  t.ok(text > 4_000 && text + data < FLASH_BYTES_MAX, `${text + data} bytes of flash`);
  t.ok(bss > 4_096 && data + bss < RAM_BYTES_MAX, `${data + bss} bytes of RAM`);
  const { stdout } = await run('arm-none-eabi-readelf', ['-A', built('stm32l4', 'msec-device.elf')]);
  t.match(stdout, /Tag_CPU_arch: v7E-M/);
  t.notMatch(stdout, /Tag_FP_arch/);
});

t.test('a heap or floating point in it is found', async (t) => {
  if (!needs(t, 'arm-none-eabi-gcc', 'make')) return;
  const folder = t.testdir({});
  const check = async (name: string, code: string): Promise<string> => {
    const [source, elf] = [join(folder, `${name}.c`), join(folder, `${name}.elf`)];
    writeFileSync(source, code);
    const flags = ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=soft', '--specs=nosys.specs', '-Wl,--no-warnings'];
    await run(programPath('arm-none-eabi-gcc'), [...flags, source, '-o', elf]);
    try {
      await run(join(DEVICE, 'ports', 'stm32l4', 'check.sh'), ['arm-none-eabi-', elf]);
      return '';
    } catch (error) {
      return (error as { readonly stderr: string }).stderr;
    }
  };
  t.match(await check('floating', 'volatile float a, b; int main(void) { return (int)(a * b); }'), /__aeabi_fmul/);
  t.match(await check('doubled', 'volatile double a, b; int main(void) { return a < b; }'), /__aeabi_d/);
  t.match(await check('heap', '#include <stdlib.h>\nint main(void) { return malloc(8) != 0; }'), /malloc/);
});
