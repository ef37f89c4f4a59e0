/** Passes the settings to all cards of the page, which are other modules and may be in a shadow root. */

import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import { NOTIFIES, ROWS } from "../page_settings";

/** Follows the plugin's settings. If they cannot be read, cards keep their defaults. */
export async function followSettings(registry: ISettingRegistry, plugin: string): Promise<void> {
  const page = document.documentElement;
  try {
    const settings = await registry.load(plugin);
    const apply = (): void => {
      page.dataset[NOTIFIES] = `${settings.composite.notify}`;
      page.style.setProperty(ROWS, `${settings.composite.previewRows}`);
    };
    settings.changed.connect(apply);
    apply();
  } catch (error) {
    console.warn("[origami] The settings could not be read.", error);
  }
}
