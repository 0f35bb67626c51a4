/** A world for the benchmarks' command with workloads that give what they are told to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../../bench/command.ts';
import { environment } from '../../bench/environment.ts';
import { type AnyWorkload, type Figure, type FigureDraft, figure } from '../../bench/workload.ts';

export function plantedFigure(draft: Partial<FigureDraft> = {}): Figure {
  return figure({
    name: 'W1: planted',
    unit: 'frames/s',
    ours: [90, 100, 110],
    peers: { Streams: [10, 10, 10] },
    floor: 8,
    aim: 20,
    judged: 'Streams',
    notes: ['planted'],
    ...draft,
  });
}

/** Runs as often as its last argument says, then fails. */
export function plantedWorkload(name: string, figures: () => readonly Figure[], ran: string[] = []): AnyWorkload {
  return {
    name,
    says: `planted ${name}`,
    run({ progress }) {
      progress('running');
      ran.push(name);
      return Promise.resolve(figures());
    },
  };
}

export interface PlantedWorld extends World {
  readonly printed: string[];
  readonly written: string[];
  /** Read as the sources' state and as the committed results, by path. */
  readonly state: { sources: string };
  readonly committed: Map<string, string>;
}

export function plantedWorld(folder: string, workloads: readonly AnyWorkload[]): PlantedWorld {
  const printed: string[] = [];
  const written: string[] = [];
  const committed = new Map<string, string>();
  const state = { sources: 'one' };
  return {
    workloads,
    root: folder,
    journalPath: join(folder, 'data', 'journal.json'),
    print: (line) => printed.push(line),
    terminal: { isTerminal: false, columns: () => 80, write: (text) => written.push(text) },
    now: () => 0,
    environment: () => ({ ...environment(), memoryGigabytes: 8, freeGigabytes: 6, pageCacheGigabytes: 1 }),
    stateOfSources: () => state.sources,
    committedText: (_revision, path) => committed.get(path) ?? null,
    printed,
    written,
    state,
    committed,
  };
}

export function savedResult(folder: string, path: string): unknown {
  return JSON.parse(readFileSync(join(folder, path), 'utf8'));
}
