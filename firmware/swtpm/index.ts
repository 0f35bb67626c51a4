/** Software TPMs for tests, desks and simulated devices: Debian's swtpm as a process of its own. */
export { type ManufactureFolders, makersCertificates, manufacture } from './manufacture.ts';
export { type SwtpmProcess, startSwtpm } from './swtpm-process.ts';
export { findSwtpm, type SwtpmPrograms } from './swtpm-programs.ts';
