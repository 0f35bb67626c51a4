/** The frame types of a configuration: the committed ones, and those whose descriptions it names. */
import { readFileSync } from 'node:fs';
import { MsecError } from '../engine/base/index.ts';
import { compileFrameDescription, type FrameTypes, frameTypes } from '../schemas/index.ts';
import type { Config } from './config/index.ts';

export function configuredFrameTypes({ frames }: Pick<Config, 'frames'>): FrameTypes {
  return frameTypes(frames.map((file) => compileFrameDescription(readDescription(file), file)));
}

/** CONFIG_INVALID where the file cannot be read. */
export function readDescription(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MsecError('CONFIG_INVALID', `The frame description ${file} cannot be read (${code}).`, {
      field: 'frames',
      cause,
    });
  }
}
