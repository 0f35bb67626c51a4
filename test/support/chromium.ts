/** Debian's Chromium, driven by playwright-core; nothing it does leaves the machine. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { programPath } from './needs.ts';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-sync',
  '--no-first-run',
];

/** Where other tests use the machine, too, the 30 s that are usual can be too few. */
const WAIT_MS_MAX = 120_000;

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: programPath('chromium'), args: ARGS, timeout: WAIT_MS_MAX });
}

export interface Watched {
  readonly page: Page;
  /** Errors of the page's scripts and console, and requests to other machines. */
  readonly troubles: string[];
}

export async function openPage(
  browser: Browser,
  address: string,
  options: { width?: number; colorScheme?: 'light' | 'dark' } = {},
): Promise<Watched> {
  const page = await browser.newPage({
    viewport: { width: options.width ?? 1440, height: 900 },
    colorScheme: options.colorScheme ?? 'light',
  });
  page.setDefaultTimeout(WAIT_MS_MAX);
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith('data:'))
      troubles.push(`foreign: ${request.url()}`);
  });
  await page.goto(address);
  return { page, troubles };
}
