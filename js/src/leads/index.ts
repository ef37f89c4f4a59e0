/** The grid of leads as an anywidget module. */

import type { Model } from "../session";
import { keepSnapshot, onPlaced } from "../snapshot";
import { mount } from "./widget";

export default {
  initialize: ({ model }: { model: Model }): (() => void) => keepSnapshot(model, mount),
  render: ({ model, el }: { model: Model; el: HTMLElement }): (() => void) => {
    onPlaced(model);
    return mount(model, el);
  },
};
