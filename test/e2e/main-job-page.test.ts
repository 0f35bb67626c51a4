/** The page of the real main job: a fleet's signed frames, seen as readings within seconds. */
import t from 'tap';
import { startUp } from '../cli/run-cli.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(590_000);

t.test('readings of the simulated fleet move on the page until Ctrl-C, and then it says so', async (t) => {
  if (!needs(t, 'chromium')) return;
  const running = await startUp(['--devices', '12', '--rate', '60', '--faults', '0.2'], { cwd: t.testdir({}) });
  t.teardown(() => running.kill('SIGKILL'));
  const browser = await launchChromium();
  t.teardown(() => browser.close());
  const { page, troubles } = await openPage(browser, running.said.console);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('#readings tr').nth(5).waitFor();
  t.match(await page.locator('#readings').textContent(), /sim-\w+-\d+/);
  const actors = await page.locator('#flow .node.actor .label').allTextContents();
  t.same(actors.toSorted(), ['aggregate', 'decode', 'verify']);
  // Both bridges, and what leads from them to the readings, carry data.
  for (let i = 0; i < 5; i++) await page.locator('#flow .stream.moving').nth(i).waitFor({ state: 'attached' });
  await page.locator('#letters li').first().waitFor();
  await page.locator('#letters button').first().click();
  await page.locator('#letter .hex .cells').first().waitFor();
  await page.keyboard.press('Escape');
  t.match(await page.locator('#tasks').textContent(), /verify-0/);
  t.same(troubles, []);
  running.kill('SIGINT');
  await page.locator('#state[data-state="gone"]').waitFor();
  t.match(await page.locator('#notice').textContent(), /msec has stopped/);
  t.same(await running.ended, [0, null]);
});
