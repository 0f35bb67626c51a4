/**
 * Descriptions that come with the configuration, made into codecs while the engine runs. They are as fast as the
 * committed ones: the same generator writes their source, and V8 compiles it the same way. Only identifiers, numbers
 * and quoted texts of a description reach that source; the reader has checked each.
 */
import { compileFunction } from 'node:vm';
import type { FrameCodec, Reading } from './frame-codec.ts';
import { parseFrameDescription } from './frame-description.ts';
import { javascriptSource } from './generator/index.ts';
import * as runtime from './runtime.ts';

/** What the encoder of a codec takes that was compiled at run time: integers in wire units, texts, sightings. */
export type FrameValues = { readonly [field: string]: unknown };

/** Throws CONFIG_INVALID with the lines of all mistakes. `file` names the description in them. */
export function compileFrameDescription(yamlText: string, file?: string): FrameCodec<Reading, FrameValues> {
  const frame = parseFrameDescription(yamlText, file);
  const source = javascriptSource(frame, Object.keys(runtime));
  const make = compileFunction(source, ['runtime'], { filename: `frame:${frame.name}` });
  return make(runtime) as FrameCodec<Reading, FrameValues>;
}
