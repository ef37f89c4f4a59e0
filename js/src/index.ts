/** The run card as an anywidget module. */

import { mount } from "./card";
import type { Model } from "./session";
import { keepSnapshot, onPlaced } from "./snapshot";

export default {
  initialize: ({ model }: { model: Model }): (() => void) => keepSnapshot(model, mount),
  /** Works with anywidget 0.9, which gives no `signal`: the clean-up ends a view. */
  render: ({ model, el }: { model: Model; el: HTMLElement }): (() => void) => {
    onPlaced(model);
    return mount(model, el);
  },
};
