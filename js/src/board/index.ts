/** The board of many runs as an anywidget module. */

import type { Model } from "../session";
import { keep, placed } from "../snapshot";
import { mount } from "./board";

export default {
  initialize: ({ model }: { model: Model }): (() => void) => keep(model, mount),
  render: ({ model, el }: { model: Model; el: HTMLElement }): (() => void) => {
    placed(model);
    return mount(model, el);
  },
};
