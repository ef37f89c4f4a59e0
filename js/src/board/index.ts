/** The board of many runs as an anywidget module. */

import { keep } from "../keep";
import type { Model } from "../session";
import { mount } from "./board";

export default {
  initialize: ({ model }: { model: Model }): (() => void) => keep(model, mount),
  render: ({ model, el }: { model: Model; el: HTMLElement }): (() => void) => mount(model, el),
};
